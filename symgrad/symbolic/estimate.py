"""Extreme values by sampling, labelled estimated: what is left where no proof is found."""

from __future__ import annotations

import math
from collections.abc import Callable

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision

__all__ = ["estimate"]

_SAMPLES = 2001
_REFINEMENTS = 120
_GOLDEN = 0.6180339887498949


def estimate(f: sp.Expr, x: sp.Symbol, lo: sp.Expr, hi: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """(value, point) of the smallest and the largest value found on (lo, hi).

    Points dense near 0 and sparse far out (x = sinh s), then golden-section search around the best; no
    guarantee.
    """
    left, right = max(float(lo), -1e6), min(float(hi), 1e6)

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
