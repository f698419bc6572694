"""Where on the line an activation is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import sympy as sp
from flint import arb
from numpy.random import Generator

from symgrad.symbolic.balls import precision
from symgrad.symbolic.ranges.extremum import Place, Value
from symgrad.verify.oracles import number_ball

__all__ = ["BITS", "line", "members", "sequence"]

BITS = 448
"""Precision of exact points, above that of 50-digit difference quotients."""
_PERIODS = (-1000, -3, -2, -1, 0, 1, 2, 3, 1000)
_DECADES = np.arange(1, 10)

Values = Mapping[sp.Symbol, sp.Expr]


def line(rng: Generator, count: int, centres: Iterable[float], avoid: Sequence[float] = ()) -> list[float]:
    """At least `count` points: a fine grid and random ones around 0, ±10⁻³⁰…±10⁶, and centre ± 10⁻¹²…10⁰ for
    every centre.

    None lies within 10⁻³⁰ of a point of `avoid`.
    """
    third = count // 3
    decades = 10.0 ** np.linspace(0, 6, third // 4)
    tiny = 10.0 ** -np.arange(1.0, 31.0)
    close = 10.0 ** -np.linspace(0, 12, 40)
    near = [centre + sign * close for centre in centres for sign in (1, -1)]
    parts = [
        np.linspace(-12, 12, third | 1),
        3 * rng.standard_normal(third),
        np.clip(10 * rng.standard_cauchy(third), -1e6, 1e6),
        decades, -decades, tiny, -tiny, *near,
    ]  # fmt: skip
    points = np.unique(np.concatenate(parts))
    if avoid:
        points = points[np.abs(points[:, None] - np.asarray(avoid)).min(axis=1) > 1e-30]
    return [float(point) for point in points]


def members(place: Place, values: Values) -> list[arb]:
    """Points that belong to a place: the point itself, members of a family, points inside an interval and
    its closed ends."""
    point, until = _number(place.point, place, values), place.until
    if place.period is not None:
        period = _number(place.period, place, values)
        with precision(BITS):
            return [point + k * period for k in _PERIODS]
    return [point] if until is None else list(_interior(place, point, _number(until, place, values)))


def _interior(place: Place, left: arb, right: arb) -> Iterator[arb]:
    yield from (end for end, closed in zip((left, right), place.closed, strict=True) if closed)
    with precision(BITS):
        for power in _DECADES:
            distance = arb(10) ** int(power)
            if left.is_finite() and right.is_finite():
                yield left + (right - left) / distance
                yield right - (right - left) / distance
            elif left.is_finite() or right.is_finite():
                yield left + distance if left.is_finite() else right - distance
                yield left + 1 / distance if left.is_finite() else right - 1 / distance
            else:
                yield distance
                yield -distance


def sequence(place: Place, values: Values) -> list[arb]:
    """Nine points that approach the place: ±10¹…10⁹, or point ± 10⁻¹…10⁻⁹."""
    if place.point.is_infinite:
        return [arb(10) ** int(power) * (1 if place.point is sp.oo else -1) for power in _DECADES]
    point = _number(place.point, place, values)
    with precision(BITS):
        return [point + place.side * arb(10) ** -int(power) for power in _DECADES]


def _number(expr: sp.Expr, place: Place, values: Values) -> arb:
    if expr.is_infinite:
        return arb.pos_inf() if expr is sp.oo else arb.neg_inf()
    return number_ball(Value(expr, tuple(values.items()), (place.named,) if place.named else ()), BITS)
