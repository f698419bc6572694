"""The measurements on an activation pass the truth and reject what lies just beyond their tolerance."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import dphi
from symgrad.symbolic.ranges.extremum import Extremum, Place, Value
from symgrad.symbolic.ranges.range import Range
from symgrad.theory.activations import CORE, Activation, kernel, slope_range
from symgrad.verify import judge, measures_kernel
from tests.verify.claims import FLOOR, claim, hochreiter, range_claim

ENDS = ("sup", "inf", "lipschitz")


def moved(name: str, end: str, by: Any, **changed: Any) -> dict[str, Extremum]:
    """An end of the range, its value moved by that much."""
    old: Extremum = getattr(slope_range(CORE[name]), end)
    value = dataclasses.replace(old.value, expr=old.value.expr + by)
    return {end: dataclasses.replace(old, value=value, **changed)}


@pytest.mark.parametrize("name", CORE)
def test_every_range_passes(name):
    assert judge(range_claim(name)).passed


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", CORE)
@pytest.mark.parametrize("part", [sp.Rational(1, 1000), -sp.Rational(1, 1000)])
def test_an_end_one_part_in_a_thousand_off_fails(name, end, part):
    value = getattr(slope_range(CORE[name]), end).value.expr
    verdict = judge(range_claim(name, **moved(name, end, part * value if value != 0 else part)))
    assert verdict.verdict == "FAIL"
    assert verdict.margin is not None
    assert verdict.margin < 0


@pytest.mark.parametrize("name", ["tanh", "gelu", "silu", "mish", "sin"])
def test_tolerance_at_the_witness(name):
    """Above the true sup nothing refutes the bound but its witness."""
    assert judge(range_claim(name, **moved(name, "sup", sp.Rational(1, 10**26)))).passed
    assert judge(range_claim(name, **moved(name, "sup", sp.Rational(3, 10**25)))).verdict == "FAIL"


@pytest.mark.parametrize("name", ["tanh", "relu", "sin"])
def test_a_bound_too_small_by_any_resolved_amount_fails(name):
    assert judge(range_claim(name, **moved(name, "sup", -sp.Rational(1, 10**39)))).verdict == "FAIL"


@pytest.mark.parametrize("by", [sp.Rational(1, 10**5), -sp.Rational(1, 10**5)])
@pytest.mark.parametrize(
    ("name", "end"), [("softplus", "sup"), ("sigmoid", "inf"), ("arctan", "inf"), ("elu", "inf")]
)
def test_a_limit_that_is_not_approached_fails(name, end, by):
    assert judge(range_claim(name, **moved(name, end, by))).verdict == "FAIL"


@pytest.mark.parametrize("at", [Place(sp.Rational(1, 100)), Place(sp.oo), Place(sp.S.Zero, period=sp.S.One)])
def test_a_wrong_place_fails(at):
    sup = dataclasses.replace(slope_range(CORE["tanh"]).sup, at=(at,))
    assert judge(range_claim("tanh", sup=sup)).verdict == "FAIL"


def test_a_wrong_side_of_a_kink_fails():
    sup = slope_range(CORE["hard_swish"]).sup
    (place,) = sup.at
    other = dataclasses.replace(sup, at=(dataclasses.replace(place, side=-place.side),))
    assert judge(range_claim("hard_swish", sup=other)).verdict == "FAIL"


def test_a_value_that_is_attained_must_be_said_so():
    sup = dataclasses.replace(slope_range(CORE["relu"]).sup, attained=False)
    assert "not to be attained" in judge(range_claim("relu", sup=sup)).evidence


def made(expr: sp.Expr) -> Activation:
    return Activation("made", "m", expr, Source("none"))


def made_range(inf: Extremum, sup: Extremum) -> Range:
    return Range(inf, sup, sup, sp.S.Reals, (), (), ())


def extremum(value: Any, attained: bool, *at: Place) -> Extremum:
    return Extremum(Value(sp.sympify(value, strict=True)), attained, at, "exact", "")


def test_a_limit_approached_too_slowly_is_undecided():
    """φ = x/ln(e + x²): φ′ falls to 0 like 1/(2 ln x), still 0.02 at 10⁹."""
    slow = made(x / sp.log(sp.E + x**2))
    found = made_range(extremum(0, False, Place(sp.oo)), extremum(1, True, Place(sp.S.Zero)))
    verdict = judge(claim("derivative-range", activation=slow, range=found))
    assert (verdict.verdict, verdict.margin, verdict.passed) == ("UNDECIDED", None, False)


def test_a_function_without_ball_arithmetic_is_undecided():
    found = made_range(extremum(-1, True, Place(sp.S.Zero)), extremum(1, True, Place(sp.S.Zero)))
    verdict = judge(claim("derivative-range", activation=made(sp.besselj(0, x)), range=found))
    assert verdict.verdict == "UNDECIDED"
    assert "besselj" in verdict.evidence


def test_an_unbounded_derivative():
    ends = (extremum(-sp.oo, False, Place(-sp.oo)), extremum(sp.oo, False, Place(sp.oo)))
    assert judge(claim("derivative-range", activation=made(x**2), range=made_range(*ends))).passed
    lies = made_range(ends[0], extremum(10**6, False, Place(sp.oo)))
    assert judge(claim("derivative-range", activation=made(x**2), range=lies)).verdict == "FAIL"
    bounded = made_range(extremum(-1, False, Place(-sp.oo)), extremum(sp.oo, False, Place(sp.oo)))
    assert not judge(claim("derivative-range", activation=made(sp.tanh(x)), range=bounded)).passed


@pytest.mark.parametrize("name", CORE)
def test_every_kernel_passes(name):
    assert judge(claim("kernel", activation=name)).passed


def spoil(monkeypatch, **parts):
    """Compiled kernels with the results of phi or dphi changed by functions of (a, result)."""

    def spoilt(entry):
        true = kernel(entry)

        def phi(a, out):
            true.phi(a, out)
            out[...] = parts["phi"](a, out)

        def slope(a, h, out):
            true.dphi(a, h, out)
            out[...] = parts["dphi"](a, out)

        changed: dict[str, Any] = {key: value for key, value in parts.items() if key.startswith("at")}
        changed |= {"phi": phi} if "phi" in parts else {}
        changed |= {"dphi": slope} if "dphi" in parts else {}
        return dataclasses.replace(true, **changed)

    monkeypatch.setattr(measures_kernel, "kernel", spoilt)


@pytest.mark.parametrize("name", CORE)
def test_a_compiled_derivative_off_by_a_thousandth_fails(monkeypatch, name):
    spoil(monkeypatch, dphi=lambda a, out: out * 1.001)
    assert judge(claim("kernel", activation=name)).verdict == "FAIL"


def ulps(count, dtype=None):
    """A change by so many ε of the array's dtype, in that dtype only if it is given."""

    def change(a, out):
        here = dtype is None or a.dtype == dtype
        return out * (1 + count * np.finfo(a.dtype).eps) if here else out

    return change


@pytest.mark.parametrize(
    ("part", "count", "outcome"),
    [
        *(("phi", 14, "PASS"), ("phi", 18, "FAIL"), ("phi", -18, "FAIL")),
        *(("dphi", 7, "PASS"), ("dphi", 9, "FAIL"), ("dphi", -9, "FAIL")),
    ],
)
@pytest.mark.parametrize("dtype", [None, np.float32, np.float64])
def test_tolerance_of_a_kernel(monkeypatch, part, count, outcome, dtype):
    """The identity is compiled exactly, so the planted error is the whole one; κ is 1 for φ, 0 for φ′."""
    spoil(monkeypatch, **{part: ulps(count, dtype)})
    assert judge(claim("kernel", activation="identity")).verdict == outcome


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("tanh", {"dphi": lambda a, out: np.where(np.abs(a) > 9e3, 1.0, out)}),
        ("relu", {"dphi": lambda a, out: np.where((a > 0) & (a < 1e-9), 0.0, out)}),
        ("hard_swish", {"dphi": lambda a, out: np.where((a > 3) & (a < 3.0000001), 1.5, out)}),
        ("gelu", {"dphi": lambda a, out: np.where((a < -6) & (a > -6.3), out * (1 + 1e-9), out)}),
        ("tanh", {"dphi": lambda a, out: np.where(np.abs(a) > 9, out * (1 + 1e-8), out)}),
        ("sigmoid", {"dphi": lambda a, out: np.where(out < 1e-12, 0, out)}),
        ("silu", {"phi": lambda a, out: np.where(a < -700, np.nan, out)}),
        ("tanh", {"at_zero": (1.0, 1.0 + 1e-9)}),
        ("relu", {"at_zero": (1.0, 1.0)}),
        ("softplus", {"at_infinity": (0.0, 1.001)}),
    ],
)
def test_an_error_in_one_place_does_not_pass(monkeypatch, name, parts):
    spoil(monkeypatch, **parts)
    assert not judge(claim("kernel", activation=name)).passed


def test_hochreiters_maximum():
    verdict = judge(hochreiter())
    assert verdict.passed
    assert "0.2238716" in verdict.evidence


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"factor": sp.Rational(999, 1000)}, "FAIL"),
        ({"factor": sp.Rational(1001, 1000)}, "FAIL"),
        ({"shift": sp.Rational(1, 10**22)}, "PASS"),
        ({"shift": sp.Rational(1, 10**20)}, "FAIL"),
        ({"shift": -sp.Rational(1, 10**20)}, "FAIL"),
        ({"place": sp.Rational(1001, 1000)}, "FAIL"),
    ],
)
def test_a_wrong_maximum_fails(changed, outcome):
    assert judge(hochreiter(**changed)).verdict == outcome


def test_a_form_over_the_whole_line():
    t = sp.Symbol("t", real=True)
    form = {"activation": "tanh", "form": 3 * dphi(t) - 1, "max": sp.S(2)}
    assert judge(claim("extreme-value", **form, at=Place(sp.S.Zero))).passed
    assert judge(claim("extreme-value", **form, at=sp.Rational(1, 100))).verdict == "FAIL"
    far = claim("extreme-value", activation="tanh", form=1 - dphi(t), max=sp.S.One, at=Place(sp.oo))
    assert judge(far).verdict == "UNDECIDED"  # infinity is no point to be looked at


@pytest.mark.parametrize(
    ("format_name", "last", "first"), [("float16", 7, 13), ("float32", 63, 75), ("float64", 511, 538)]
)
def test_float_floor(format_name, last, first):
    true = {**FLOOR, "format": format_name, "last_normal": last, "first_zero": first}
    assert judge(claim("float-floor", **true)).passed
    for key in ("last_normal", "first_zero"):
        for off in (-1, 1):
            assert judge(claim("float-floor", **{**true, key: true[key] + off})).verdict == "FAIL"


def test_a_factor_that_never_reaches_zero():
    stuck = {**FLOOR, "factor": sp.Rational(3, 4), "last_normal": 304}
    assert judge(claim("float-floor", **stuck)).verdict == "FAIL"


@pytest.mark.parametrize(
    "changed", [{"format": "float8"}, {"factor": sp.Rational(1, 3)}, {"factor": sp.S(2)}]
)
def test_unusable_floats_are_refused(changed):
    with pytest.raises(InputError, match="float"):
        judge(claim("float-floor", **{**FLOOR, **changed}))
