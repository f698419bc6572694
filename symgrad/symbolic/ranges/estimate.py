"""Extreme values by sampling, labelled estimated: what is left where no proof is found."""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.ranges.extremum import Extremum, Place, Value, Values
from symgrad.symbolic.ranges.range import Range

__all__ = ["estimate", "estimated_range"]

_SAMPLES = 2001
_FAR = 1e6
_REFINEMENTS = 120
_GOLDEN = 0.6180339887498949


def estimate(f: sp.Expr, x: sp.Symbol, lo: sp.Expr, hi: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """(value, point) of the smallest and the largest value found on (lo, hi).

    Points dense near 0 and sparse far out (x = sinh s), then golden-section search around the best; no
    guarantee.
    """
    left, right = max(float(lo), -_FAR), min(float(hi), _FAR)

    def at(point: float) -> float:
        with precision(128):
            return float(ball(f, {x: arb(point)}).mid())

    grid = [_spread(left, right, k / (_SAMPLES + 1)) for k in range(1, _SAMPLES + 1)]
    found = []
    for sign in (-1, 1):
        best = max(range(_SAMPLES), key=lambda k: sign * at(grid[k]))
        a, b = grid[max(best - 1, 0)], grid[min(best + 1, _SAMPLES - 1)]
        point = _golden(at, sign, a, b)
        found.append((sp.Float(at(point), 15), sp.Float(point, 15)))
    return found


def _spread(left: float, right: float, fraction: float) -> float:
    low, high = math.asinh(left), math.asinh(right)
    return math.sinh(low + fraction * (high - low))


def _golden(f: Callable[[float], float], sign: int, a: float, b: float) -> float:
    for _ in range(_REFINEMENTS):
        p, q = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
        a, b = (a, q) if sign * f(p) > sign * f(q) else (p, b)
    return (a + b) / 2


def estimated_range(phi: sp.Expr, x: sp.Symbol, values: Values, why: str) -> Range:
    """The range of φ′ by difference quotients of φ in 192 bits at points dense near 0, without a proof.

    Raises `NotImplementedError` where φ has no value at any of them.
    """
    body = phi.xreplace(dict(values))
    found: list[tuple[float, float]] = []
    with precision(192):
        step = arb("1e-25")
        for k in range(1, _SAMPLES + 1):
            point = _spread(-_FAR, _FAR, k / (_SAMPLES + 1))
            rise = (ball(body, {x: arb(point) + step}) - ball(body, {x: arb(point) - step})) / (2 * step)
            if rise.is_finite():
                found.append((float(rise.mid()), point))
    if not found:
        raise NotImplementedError("φ has no value at any sample")
    low, high = min(found), max(found)
    reason = f"found by sampling; {why}"

    def extremum(value: float, point: float) -> Extremum:
        return Extremum(Value(sp.Float(value, 15)), None, (Place(sp.Float(point, 15)),), "estimated", reason)

    inf, sup = extremum(*low), extremum(*high)
    steepest = max(found, key=lambda entry: abs(entry[0]))
    return Range(
        inf,
        sup,
        extremum(abs(steepest[0]), steepest[1]),
        sp.Interval(inf.value.number, sup.value.number),
        (),
        (),
        (),
        domain=None,
    )
