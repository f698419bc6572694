"""A comparison says PASS only when every number in the ball passes."""

import math

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from symgrad.verify.verdict import Evidence, Verdict, combine, not_above, undecided, within


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (0.0, "PASS"),
        (0.999e-10, "PASS"),
        (1e-10, "PASS"),
        (1.001e-10, "FAIL"),
        (1e250, "FAIL"),
        (arb(0, 0.999e-10), "PASS"),
        (arb(0.5e-10, 0.6e-10), "UNDECIDED"),
        (arb(3e-10, 1e-10), "FAIL"),
        (arb("1e-2000"), "PASS"),
        (arb("1e2000"), "FAIL"),
        (math.nan, "UNDECIDED"),
        (math.inf, "UNDECIDED"),
        (arb.nan(), "UNDECIDED"),
    ],
)
def test_tolerance(error, outcome):
    assert within(error, 1e-10, "").outcome == outcome


def test_margin_is_the_share_of_the_tolerance_left():
    assert within(0.25, 1.0, "").margin == pytest.approx(0.75)
    assert within(2.0, 1.0, "").margin == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("measured", "bound", "outcome"),
    [
        (1.0, 1.0, "PASS"),
        (1.0, 0.999, "FAIL"),
        (-math.inf, -5.0, "PASS"),
        (arb(1, 0.01), 1.0, "UNDECIDED"),
        (0.0, arb(0.5, 0.6), "UNDECIDED"),
        (math.nan, 1.0, "UNDECIDED"),
        (1.0, math.inf, "UNDECIDED"),
    ],
)
def test_bound(measured, bound, outcome):
    assert not_above(measured, bound, "").outcome == outcome


def test_margin_in_decades():
    assert not_above(-3.0, -1.0, "").margin == pytest.approx(2.0)
    assert not_above(-1.0, -1.0 - 1e-9, "", slack=1e-8).margin == pytest.approx(9e-9)


@given(st.lists(st.sampled_from(["PASS", "FAIL", "UNDECIDED"]), min_size=1))
def test_combination(outcomes):
    margins = {"PASS": 0.5, "FAIL": -0.5, "UNDECIDED": None}
    found = combine(Evidence(outcome, margins[outcome], outcome) for outcome in outcomes)
    order = ["FAIL", "UNDECIDED", "PASS"]
    assert found.outcome == min(outcomes, key=order.index)


def test_the_tightest_speaks():
    parts = [Evidence("PASS", 0.5, "loose"), Evidence("PASS", 0.1, "tight")]
    assert combine(parts).text == "tight"
    assert combine([]).outcome == "UNDECIDED"


@pytest.mark.parametrize(
    ("outcome", "margin"),
    [("PASS", -1.0), ("FAIL", 0.0), ("PASS", None), ("UNDECIDED", 1.0), ("PASS", math.nan)],
)
def test_contradictory_evidence_cannot_be_made(outcome, margin):
    with pytest.raises(ValueError, match=outcome):
        Evidence(outcome, margin, "")


def test_undecided_has_not_passed():
    assert not Verdict("k", undecided("").outcome, None, "", 0).passed
    assert not Verdict("k", "FAIL", -1.0, "", 0).passed
    assert Verdict("k", "PASS", 1.0, "", 0).passed
