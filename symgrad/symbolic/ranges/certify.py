"""The certified range of φ′ over its whole domain, for any expression: every point lies in one of finitely
many intervals on which a checked statement bounds φ′.

Neighbourhoods of ±oo and of singular points are covered by germs (`tails`), the rest by ball arithmetic
(`cover`). What may be extreme is then a short list: limits, critical points, values at cuts, constants.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import precision
from symgrad.symbolic.germs.behaviour import End
from symgrad.symbolic.ranges.cover import Known, cover, slope
from symgrad.symbolic.ranges.elements import Constant, Cut, Element, Mark, at_mark
from symgrad.symbolic.ranges.jets import Jet, jet
from symgrad.symbolic.ranges.layout import Layout, Segment, layout
from symgrad.symbolic.ranges.tails import Tail, scout, tail
from symgrad.symbolic.zeros.cuts import period_of
from symgrad.symbolic.zeros.roots import UnprovedError

__all__ = ["Covered", "Stretch", "certify"]

_SAMPLES = 61
"""Points of a segment where φ′ is evaluated before anything is covered."""
_REACH = 4.0
_SCOUT_BITS = 64
_BEST, _STEPS = 3, 5


@dataclass(frozen=True)
class Stretch:
    """One segment covered: the tail at its left end, the elements, the tail at its right end."""

    segment: Segment
    slope: sp.Expr
    left: Tail | None
    elements: tuple[Element, ...]
    right: Tail | None
    repeats: int = 0
    """Where the elements cover one period and the rest of a half-line repeats them: −1 to the left, 1 to the
    right.
    """

    @property
    def tails(self) -> tuple[Tail, ...]:
        """Those of the two that there are."""
        return tuple(end for end in (self.left, self.right) if end is not None)


@dataclass(frozen=True)
class Covered:
    """φ′ over its whole domain from left to right, over one period where φ′ is periodic. `groups`: the places
    of the stretches between which φ′ is continuous.
    """

    phi: sp.Expr
    x: sp.Symbol
    layout: Layout
    stretches: tuple[Stretch, ...]
    groups: tuple[tuple[int, ...], ...]


def certify(phi: sp.Expr, x: sp.Symbol) -> Covered:
    """φ′ covered; φ has no symbol but x.

    Raises `UnprovedError` or another `NotImplementedError` where some part is not covered.
    """
    found = layout(phi, x)
    groups = tuple(_groups(found))
    try:
        return _covered(phi, x, found, groups)
    except UnprovedError:
        if len(groups) == 1:
            raise
        # the extremes of one group may be harder than those of all, which alone are asked for
        return _covered(phi, x, found, (tuple(range(len(found.segments))),))


def _covered(phi: sp.Expr, x: sp.Symbol, found: Layout, groups: tuple[tuple[int, ...], ...]) -> Covered:
    stretches: dict[int, Stretch] = {}
    for group in groups:
        known = Known(arb.pos_inf(), arb.neg_inf())
        for index in group:
            _learn(found.segments[index], x, known)
        for index in group:
            stretches[index] = _stretch(found.segments[index], x, known)
    return Covered(phi, x, found, tuple(stretches[i] for i in range(len(stretches))), groups)


def _groups(found: Layout) -> Iterator[tuple[int, ...]]:
    """Runs of segments that meet smoothly; over a period the last run goes on in the first."""
    runs: list[list[int]] = []
    for index, segment in enumerate(found.segments):
        joint = segment.lo.index
        if runs and joint is not None and found.cuts.points[joint].joins in ("smooth", "removable"):
            runs[-1].append(index)
        else:
            runs.append([index])
    if found.cuts.period is not None and len(runs) > 1 and found.segments[0].lo.index is None:
        runs[0] += runs.pop()
    return (tuple(run) for run in runs)


def _learn(segment: Segment, x: sp.Symbol, known: Known) -> None:
    """φ′ at points of the segment and its limits at the ends, so that what is extreme is nearly known."""
    for end in segment.germ_ends:
        scout(segment.phi, x, end, known)
    compiled = jet(segment.phi, x)
    lo, hi = float(segment.lo), float(segment.hi)
    with precision(_SCOUT_BITS):
        points = _spread(lo, hi)
        values = [slope(compiled, arb(point), 0)[0] for point in points]
        for value in values:
            known.learn(value)
        finite = [
            (value.mid(), point) for value, point in zip(values, points, strict=True) if value.is_finite()
        ]
        ranked = [point for _, point in sorted(finite, key=lambda pair: float(pair[0]))]
        for point in {*ranked[:_BEST], *ranked[-_BEST:]}:
            _climb(compiled, point, lo, hi, known)


def _climb(compiled: Jet, start: float, lo: float, hi: float, known: Known) -> None:
    """Newton's steps from a good sample to the critical point of φ′ beside it."""
    point = arb(start)
    for _ in range(_STEPS):
        terms = slope(compiled, point, 2)
        step = (terms[1] / (2 * terms[2])).mid()
        if not step.is_finite() or not lo < float(point - step) < hi:
            return
        point = (point - step).mid()
    known.learn(slope(compiled, point, 0)[0])


def _spread(lo: float, hi: float) -> list[float]:
    """Points inside, sparse far out."""
    steps = [k / _SAMPLES for k in range(1, _SAMPLES)]
    if math.isinf(lo) and math.isinf(hi):
        return [math.sinh(_REACH * (2 * step - 1)) for step in steps]
    if math.isinf(lo):
        return [hi - math.sinh(_REACH * step) for step in steps]
    if math.isinf(hi):
        return [lo + math.sinh(_REACH * step) for step in steps]
    return [lo + (hi - lo) * step for step in steps]


def _stretch(segment: Segment, x: sp.Symbol, known: Known) -> Stretch:
    derivative = sp.diff(segment.phi, x)
    lo: Mark = segment.lo
    hi: Mark = segment.hi
    if not derivative.has(x):
        return Stretch(segment, derivative, None, (Constant(lo, hi, derivative),), None)
    try:
        return _between_ends(segment, derivative, x, known)
    except UnprovedError:
        repeated = _one_period(segment, derivative, x, known)
        if repeated is None:
            raise
        return repeated


def _one_period(segment: Segment, derivative: sp.Expr, x: sp.Symbol, known: Known) -> Stretch | None:
    """A half-line on which φ′ is periodic, covered over one period; None where it is no such half-line."""
    side = int(segment.hi.infinite) - int(segment.lo.infinite)
    end = segment.lo if side > 0 else segment.hi
    if not side or end.exact is None or (segment.open_lo if side > 0 else segment.open_hi):
        return None
    period = period_of(segment.phi, x)
    if period is None:
        return None
    marks = [end, Cut(None, end.exact + side * period)]
    lo, hi = marks if side > 0 else marks[::-1]
    return Stretch(segment, derivative, None, tuple(cover(jet(segment.phi, x), lo, hi, known)), None, side)


def _between_ends(segment: Segment, derivative: sp.Expr, x: sp.Symbol, known: Known) -> Stretch:
    lo: Mark = segment.lo
    hi: Mark = segment.hi
    width = float(hi) - float(lo)
    left = right = None
    if segment.open_lo:
        left = tail(segment.phi, x, End(segment.lo.point, 1), known, _first(segment.lo, segment.hi, width))
        lo = _inner(segment.lo, left, 1)
    if segment.open_hi:
        right = tail(segment.phi, x, End(segment.hi.point, -1), known, _first(segment.hi, segment.lo, width))
        hi = _inner(segment.hi, right, -1)
    return Stretch(segment, derivative, left, tuple(cover(jet(segment.phi, x), lo, hi, known)), right)


def _first(end: Cut, other: Cut, width: float) -> int:
    """The least R for which the neighbourhood stays clear of the segment's other end."""
    if end.infinite:
        return 1 if other.infinite else 1 + math.ceil(abs(float(other)))
    return max(4, math.ceil(3 / width))


def _inner(end: Cut, found: Tail, side: int) -> Fraction:
    """Where the neighbourhood stops: ±R, or a short decimal within 1/R of the point."""
    if end.infinite:
        return Fraction(-side * found.R)
    digits = 2 + math.ceil(math.log10(found.R))
    point = Fraction(round((float(end) + side * 0.9 / found.R) * 10**digits), 10**digits)
    if not arb(0) < side * (at_mark(point) - end.ball(64)) < arb(1) / found.R:
        raise UnprovedError(f"no short decimal beside {float(end):.6g}")
    return point
