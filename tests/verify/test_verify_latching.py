"""The measurements of units that latch and of clips reject what lies just beyond their tolerance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.numeric.recurrent import through_time
from symgrad.numeric.training.clip import CLIPS, ByNorm, ByValue
from symgrad.symbolic.ranges.extremum import Value
from symgrad.theory.through_time.clipping_by_norm import TOLD
from symgrad.theory.through_time.clipping_by_value import clipping_by_value
from symgrad.theory.through_time.latching import rests
from symgrad.theory.through_time.rests import critical_input, repelling
from symgrad.verify import judge, measures_clipping, measures_latching
from tests.verify.claims import COUPLED, HELD, TWO, claim

QUARTER = TWO / 8
TINY = sp.Rational(1, 10**29)
VANISHING, EXPLODING = TOLD[:2]
VALUE: Mapping[str, Any] = clipping_by_value().claims[0].expects


def moved(value: Value, by: sp.Expr) -> Value:
    return replace(value, expr=value.expr + by)


RESTS = rests(TWO)
WRONG_RESTS: dict[str, tuple[tuple[Value, Value], ...]] = {
    "one left out": RESTS[:2],
    "one too many": (*RESTS, (Value(sp.Rational(1, 2)), Value(TWO))),
    "a state moved": (RESTS[0], RESTS[1], (moved(RESTS[2][0], TINY), RESTS[2][1])),
    "a multiplier moved": (RESTS[0], RESTS[1], (RESTS[2][0], moved(RESTS[2][1], TINY))),
    "the multiplier of 0": (RESTS[0], (RESTS[1][0], Value(sp.S.One)), RESTS[2]),
}


@pytest.mark.parametrize("kind", WRONG_RESTS)
def test_wrong_rests_fail(kind: str) -> None:
    assert judge(claim("latch", rests={TWO: WRONG_RESTS[kind]})).verdict == "FAIL"


def test_a_rest_within_the_tolerance_passes() -> None:
    near = (RESTS[0], RESTS[1], (moved(RESTS[2][0], TINY / 100), RESTS[2][1]))
    assert judge(claim("latch", rests={TWO: near})).passed


@pytest.mark.parametrize(("factor", "outcome"), [(1 + 2e-6, "FAIL"), (1 - 2e-6, "FAIL"), (1 + 2e-7, "PASS")])
def test_tolerance_of_the_critical_input(factor: float, outcome: str) -> None:
    wrong = critical_input(TWO) * sp.Rational(factor)
    assert judge(claim("latch-margin", critical={TWO: wrong})).verdict == outcome


def latch_bound(state: Value = HELD.state, factor: float = 1.0) -> str:
    rate = replace(HELD.multiplier, expr=HELD.multiplier.expr * sp.Rational(factor))
    return judge(claim("latch-bound", cases=((TWO, QUARTER, state, rate),))).verdict


@pytest.mark.parametrize("factor", [1 - 1e-6, 1 + 1e-6, 0.5, 2.0])
def test_a_rate_that_is_not_the_rate_fails(factor: float) -> None:
    assert latch_bound() == "PASS"
    assert latch_bound(factor=factor) == "FAIL"


def test_orbits_from_below_the_rest_are_not_bounded() -> None:
    lower = repelling(TWO, QUARTER)
    assert lower is not None
    assert latch_bound(state=lower.state) == "FAIL"


@pytest.mark.parametrize("measure", ["latch-bound", "contraction"])
def test_an_engine_that_finds_too_much_fails(monkeypatch: pytest.MonkeyPatch, measure: str) -> None:
    """Every gradient through T steps a thousandth larger a step."""

    def larger(cell: Any, weights: Any, inputs: Any, *rest: Any) -> Any:
        found = through_time(cell, weights, inputs, *rest)
        factor = (1.001 if measure == "latch-bound" else 4.0) ** inputs.shape[-3]
        return replace(found, initial=replace(found.initial, values=found.initial.values * factor))

    monkeypatch.setattr(measures_latching, "through_time", larger)
    nets, expects = ((COUPLED,), {}) if measure == "contraction" else ((), bound_case())
    assert judge(claim(measure, *nets, **expects)).verdict == "FAIL"


def bound_case() -> dict[str, Any]:
    return {"cases": ((TWO, QUARTER, HELD.state, HELD.multiplier),)}


@pytest.mark.parametrize("part", [2, 3], ids=["radius", "rate"])
def test_a_box_that_does_not_hold_fails(monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    """The rate of the box halved, or disturbances as large as in a box ten times as wide."""
    true = measures_latching._box

    def spoilt(matrix: Any, signs: Any) -> Any:
        box = true(matrix, signs)
        return box and (*box[:part], box[part] / 2 if part == 3 else box[part] * 10, *box[part + 1 :])

    assert judge(claim("contraction", COUPLED)).passed
    monkeypatch.setattr(measures_latching, "_box", spoilt)
    assert judge(claim("contraction", COUPLED)).verdict == "FAIL"


def test_units_that_do_not_latch_are_undecided() -> None:
    assert judge(claim("contraction", {**COUPLED, "weight": 0.5, "coupling": 0.0})).verdict == "UNDECIDED"


@pytest.mark.parametrize("net", [{"activation": "tanh", "width": 2}, {"activation": "tanh"}], ids=str)
@pytest.mark.parametrize("measure", ["contraction", "clip-norm", "clip-value"])
def test_nets_without_their_options_are_refused(measure: str, net: dict[str, Any]) -> None:
    expects = {"contraction": {}, "clip-norm": {"limit": 5}, "clip-value": VALUE}[measure]
    with pytest.raises(InputError, match="need"):
        judge(claim(measure, net, **expects))


Clip = Callable[[Any, float], None]


def spoil(monkeypatch: pytest.MonkeyPatch, kind: str, make: Callable[[float], Clip]) -> None:
    monkeypatch.setattr(measures_clipping, "CLIPS", {**CLIPS, kind: make})


def turned(limit: float) -> Clip:
    """By norm, and one entry a billionth aside."""

    def clip(gradient: Any, size: float) -> None:
        ByNorm(limit)(gradient, size)
        if size > limit:
            gradient[np.abs(gradient).argmax()] *= 1 + 1e-9

    return clip


SPOILT: dict[str, tuple[str, Any, str]] = {
    "a limit just off": ("norm", lambda limit: ByNorm(limit * (1 + 1e-11)), "exploding"),
    "a direction just off": ("norm", turned, "exploding"),
    "by value instead": ("norm", ByValue, "exploding"),
    "no clip": ("norm", lambda limit: lambda gradient, size: None, "exploding"),
    "always to the limit": (
        "norm",
        lambda limit: lambda gradient, size: np.multiply(gradient, limit / size, out=gradient),
        "vanishing",
    ),
    "by norm instead": ("value", ByNorm, "exploding"),
    "another limit": ("value", lambda limit: ByValue(limit * (1 + 1e-15)), "exploding"),
    "one side alone": (
        "value",
        lambda limit: lambda gradient, size: np.minimum(gradient, limit, out=gradient),
        "exploding",
    ),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_clip_fails(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    clip, make, name = SPOILT[kind]
    net = EXPLODING if name == "exploding" else VANISHING
    expects: Mapping[str, Any] = {"limit": 5} if clip == "norm" else VALUE
    assert judge(claim(f"clip-{clip}", net, **expects)).passed
    spoil(monkeypatch, clip, make)
    assert judge(claim(f"clip-{clip}", net, **expects)).verdict == "FAIL"


@pytest.mark.parametrize("net", [VANISHING, EXPLODING], ids=["vanishing", "exploding"])
def test_a_net_that_does_the_opposite_fails(net: dict[str, Any]) -> None:
    opposite = {**net, "explodes": not net["explodes"]}
    assert judge(claim("clip-norm", opposite, limit=5)).verdict == "FAIL"
    assert judge(claim("clip-value", opposite, **VALUE)).verdict == "FAIL"


def test_a_wrong_angle_of_the_example_fails() -> None:
    gradient, threshold, clipped, cosine = VALUE["example"]
    wrong = {**VALUE, "example": (gradient, threshold, clipped, cosine + sp.Rational(1, 10**11))}
    assert judge(claim("clip-value", VANISHING, **wrong)).verdict == "FAIL"
