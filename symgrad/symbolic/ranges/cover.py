"""Branch and bound: a smooth slope over an interval, covered by intervals on each of which one statement
bounds it (`elements`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from flint import arb

from symgrad.symbolic.balls import precision
from symgrad.symbolic.ranges.elements import (
    PROOF_BITS,
    SEARCH_BITS,
    Bounded,
    Bounds,
    Critical,
    Cut,
    Element,
    Mark,
    Monotone,
    at_mark,
)
from symgrad.symbolic.ranges.jets import Jet
from symgrad.symbolic.ranges.taylor import Series
from symgrad.symbolic.zeros.roots import UnprovedError

__all__ = ["Known", "cover", "slope"]

SMALL = arb("1e-36")
_ORDERS = (2, 4, 6, 8)
_MOST_BOXES = 3000
_MOST_JOINED = 24
_NEWTON_STEPS = 14
_PATIENCE = 12
"""Halvings up to which a bound must leave room."""


@dataclass
class Known:
    """What the extremes are known to pass: inf ≤ `inf` and sup ≥ `sup`."""

    inf: arb
    sup: arb

    def learn(self, value: arb) -> None:
        """`value` contains a value that the function takes or approaches."""
        if value.is_finite():
            self.inf = min(self.inf, value.upper())
            self.sup = max(self.sup, value.lower())

    def hides(self, bounds: Bounds) -> bool:
        """Whether values within these bounds change neither extreme."""
        return bool(bounds[0] > self.inf and bounds[1] < self.sup)


def slope(phi: Jet, where: arb, order: int) -> Series:
    """The Taylor coefficients of f = φ′, of order 0 … `order`, from those of φ."""
    return [(j + 1) * term for j, term in enumerate(phi.coefficients(where, order + 1)[1:])]


def cover(phi: Jet, lo: Mark, hi: Mark, known: Known) -> list[Element]:
    """f = φ′ over [lo, hi], covered from left to right, neighbours of a kind joined.

    Raises `UnprovedError` when the interval would be cut into too many.
    """
    with precision(SEARCH_BITS):
        found: list[Element] = []
        stack: list[tuple[Mark, Mark, int]] = [(lo, hi, 0)]
        boxes = 0
        while stack:
            left, right, depth = stack.pop()
            boxes += 1
            if boxes > _MOST_BOXES or depth > 60:
                raise UnprovedError(f"no cover of φ′ near x = {float(left):.6g}")
            element, parts = _box(phi, left, right, depth, known)
            if element is not None:
                found.append(element)
            else:
                marks = [left, *parts, right]
                stack += [(p, q, depth + 1) for p, q in reversed(list(pairwise(marks)))]
        return _joined(found)


def _box(phi: Jet, lo: Mark, hi: Mark, depth: int, known: Known) -> tuple[Element | None, list[Fraction]]:
    """One statement that bounds f on the box, or the points to cut it at."""
    value, rise = _enclosures(phi, lo, hi)
    if value.is_finite():
        if rise > 0 or rise < 0:  # first, for beside an extremum a bound alone would have to be very sharp
            ends = (_value_at(phi, lo), _value_at(phi, hi))
            if all(end.is_finite() for end in ends):
                known.learn(ends[0])
                known.learn(ends[1])
                return Monotone(lo, hi, (rise.lower(), rise.upper()), ends), []
        room = 4 * value.rad() if depth < _PATIENCE else arb(0)  # so that coarser arithmetic proves it again
        if known.hides(((value - room).lower(), (value + room).upper())):
            return Bounded(lo, hi, (value.lower(), value.upper())), []
        for end in (lo, hi):
            if isinstance(end, Cut):
                element = _critical(phi, lo, hi, end, known, tuple(range(2, 9)))
                if element is not None:
                    return element, []
        for order in _ORDERS if depth > 4 else _ORDERS[:1]:
            centre = _newton(phi, lo, hi, order)
            if centre is None:
                continue
            element = _critical(phi, lo, hi, centre, known, (order,))
            if element is not None:
                return element, []
            if order == 2:
                around = _around(centre, lo, hi)
                if around:
                    return None, around
    return None, [_middle(lo, hi)]


def _enclosures(phi: Jet, lo: Mark, hi: Mark) -> tuple[arb, arb]:
    """f and f′ over [lo, hi]: the direct ranges met with the centred Taylor forms of order 1 and 2."""
    where = at_mark(lo).union(at_mark(hi))
    value, rise, bend = slope(phi, where, 2)
    middle = where.mid()
    centre, rate = slope(phi, middle, 1)
    reach = where - middle
    square = (abs(reach).upper() ** 2).union(arb(0))
    value = _meet(value, centre + rise * reach)
    value = _meet(value, centre + rate * reach + bend * square)
    return value, _meet(rise, rate + 2 * bend * reach)


def _meet(p: arb, q: arb) -> arb:
    if not q.is_finite():
        return p
    return p.intersection(q) if p.is_finite() else q


def _value_at(phi: Jet, mark: Mark) -> arb:
    with precision(PROOF_BITS):
        return slope(phi, at_mark(mark, PROOF_BITS), 0)[0]


def _newton(phi: Jet, lo: Mark, hi: Mark, order: int) -> Fraction | None:
    """The zero of f^(order − 1) near the middle of the box to some fifty digits, None where there is none."""
    left, right = at_mark(lo), at_mark(hi)
    width = (right - left).mid()
    point = ((left + right) / 2).mid()
    for _ in range(_NEWTON_STEPS):
        terms = slope(phi, point, order)
        step = (terms[-2] / (order * terms[-1])).mid()
        if not step.is_finite():
            return None
        point = (point - step).mid()
        if not (left - width / 4 < point < right + width / 4):
            return None
        if abs(step) < width * arb("1e-12"):
            break
    else:
        return None
    with precision(PROOF_BITS):
        for _ in range(3):
            terms = slope(phi, point, order)
            step = (terms[-2] / (order * terms[-1])).mid()
            if not step.is_finite():
                return None
            point = (point - step).mid()
        nearest = _decimal(point, float(width))
        inside = left <= at_mark(nearest) <= right
    return nearest if inside else None


def _critical(
    phi: Jet,
    lo: Mark,
    hi: Mark,
    centre: Mark,
    known: Known,
    orders: tuple[int, ...],
) -> Critical | None:
    """Taylor's statement at the centre with the lowest of the orders for which it holds."""
    with precision(PROOF_BITS):
        terms = slope(phi, at_mark(centre, PROOF_BITS), max(orders))
    wide = slope(phi, at_mark(lo).union(at_mark(hi)), max(orders))
    for order in orders:
        leading = wide[order] * math.factorial(order)
        if not (leading > 0 or leading < 0):
            continue
        small = tuple(abs(terms[j]).upper() * math.factorial(j) for j in range(1, order))
        found = Critical(lo, hi, centre, order, small, (leading.lower(), leading.upper()), terms[0])
        if not terms[0].is_finite() or not found.excess < SMALL * _scale(terms[0]):
            continue
        known.learn(terms[0])
        (low, high), (below, above) = found.span, found.directions
        if (not above or high < known.sup) and (not below or low > known.inf):
            return found
    return None


def _scale(value: arb) -> arb:
    return abs(value).upper().max(arb(1))


def _decimal(point: arb, width: float) -> Fraction:
    """The decimal next to the point with fifty digits below the width."""
    with precision(2 * PROOF_BITS):
        digits = 52 - min(0, math.floor(math.log10(width or 1e-300)))
        scaled = (point * arb(10) ** digits + arb("0.5")).floor().unique_fmpz()
    if scaled is None:
        raise UnprovedError("a point is not known to fifty digits")
    return Fraction(int(scaled), 10**digits)


def _around(centre: Fraction, lo: Mark, hi: Mark) -> list[Fraction]:
    """Cuts to both sides of a critical point, so that it lies well inside the next box."""
    left, right, middle = float(lo), float(hi), float(centre)
    width = (right - left) / 8
    cuts = [_short(middle + side * width, width) for side in (-0.9371, 1.0529)]
    return [cut for cut in cuts if left + width / 4 < cut < right - width / 4]


def _middle(lo: Mark, hi: Mark) -> Fraction:
    """Beside the middle, so that a point singled out by symmetry is not an end; geometric on long boxes."""
    left, right = float(lo), float(hi)
    if left > 0 and right > 8 * left:
        point = math.sqrt(left * right)
    elif right < 0 and left < 8 * right:
        point = -math.sqrt(left * right)
    else:
        point = left + 0.5137 * (right - left)
    return _short(point, right - left)


def _short(point: float, width: float) -> Fraction:
    """A decimal near the point, with three digits of the width."""
    digits = 3 - math.floor(math.log10(width))
    return Fraction(round(Fraction(point) * Fraction(10) ** digits)) / Fraction(10) ** digits


def _joined(found: list[Element]) -> list[Element]:
    """Neighbours of a kind as one, a limited number of them so that another program need not cut up much."""
    joined: list[Element] = []
    count = 0
    for element in found:
        last = joined[-1] if joined else None
        count += 1
        if count > _MOST_JOINED:
            last = None
        if isinstance(last, Bounded) and isinstance(element, Bounded):
            joined[-1] = replace(last, hi=element.hi, value=_both(last.value, element.value))
        elif (
            isinstance(last, Monotone)
            and isinstance(element, Monotone)
            and (last.slope[0] > 0) == (element.slope[0] > 0)
        ):
            ends = (last.ends[0], element.ends[1])
            joined[-1] = replace(last, hi=element.hi, slope=_both(last.slope, element.slope), ends=ends)
        else:
            joined.append(element)
            count = 1
    return joined


def _both(p: Bounds, q: Bounds) -> Bounds:
    return p[0].min(q[0]), p[1].max(q[1])
