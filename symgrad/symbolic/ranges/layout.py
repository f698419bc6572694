"""The segments of the domain on which φ is one smooth expression, and which of their ends need a germ."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symgrad.symbolic.balls import precision
from symgrad.symbolic.germs.behaviour import End
from symgrad.symbolic.ranges.elements import Cut
from symgrad.symbolic.ranges.jets import jet
from symgrad.symbolic.zeros import cuts

__all__ = ["Layout", "Segment", "layout"]

_BITS = 128


@dataclass(frozen=True)
class Segment:
    """φ between two neighbouring cuts; at an open end it is not analytic (or the end is infinite)."""

    lo: Cut
    hi: Cut
    phi: sp.Expr
    open_lo: bool
    open_hi: bool

    @property
    def germ_ends(self) -> tuple[End, ...]:
        """The ends where φ′ is known by a germ alone."""
        left = (End(self.lo.point, 1),) if self.open_lo else ()
        right = (End(self.hi.point, -1),) if self.open_hi else ()
        return left + right


@dataclass(frozen=True)
class Layout:
    """The cuts of φ and the segments between them in its domain, over one period if there is one."""

    cuts: cuts.Cuts
    segments: tuple[Segment, ...]


def layout(phi: sp.Expr, x: sp.Symbol) -> Layout:
    """Raises `NotImplementedError` where the cuts are not found with proof."""
    found = cuts.cuts(phi, x)
    places = {id(cut.point): index for index, cut in enumerate(found.points)}

    def mark(end: End) -> Cut:
        return Cut(places.get(id(end.point)), end.point)

    segments = []
    for left, right, branch in found.pieces:
        lo, hi = mark(left), mark(right)
        segments.append(Segment(lo, hi, branch, _is_open(branch, x, lo), _is_open(branch, x, hi)))
    return Layout(found, tuple(segments))


def _is_open(branch: sp.Expr, x: sp.Symbol, end: Cut) -> bool:
    """Whether the expression is not seen to be analytic at the end."""
    if end.infinite:
        return True
    with precision(_BITS):
        return not all(term.is_finite() for term in jet(branch, x).coefficients(end.ball(_BITS), 3))
