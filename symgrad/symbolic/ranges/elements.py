"""The intervals of a cover: their ends, and on each the statement that bounds f there.

    constant  f is one number
    bounded   f lies between two values
    monotone  f′ has no zero, so the extreme values are at the ends
    critical  Taylor's formula at c, where f^(j) is (nearly) zero for 0 < j < k and f^(k) has no zero on the
              interval: f(x) = f(c) + Σ f^(j)(c)(x − c)^j/j! + f^(k)(ξ)(x − c)^k/k!

The last needs no Newton operator and covers flat extrema (k = 4 for 1/(1 + x⁴)) in the same words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.zeros.roots import NamedRoot

__all__ = [
    "PROOF_BITS",
    "SEARCH_BITS",
    "Bounded",
    "Bounds",
    "Constant",
    "Critical",
    "Cut",
    "Element",
    "Mark",
    "Monotone",
    "at_mark",
]

SEARCH_BITS = 96
PROOF_BITS = 256
"""Precision in which a critical point and the value there are recorded."""

Bounds = tuple[arb, arb]
"""Lower and upper bound, each an exact number."""


@dataclass(frozen=True)
class Cut:
    """A point where φ changes its formula or is singular, exact or isolated; or an end of the line.

    `index` is its place among the cuts, None for an end of the line or of a period.
    """

    index: int | None
    point: sp.Expr | NamedRoot

    @property
    def exact(self) -> sp.Expr | None:
        """The point in closed form, None where it is only isolated."""
        return None if isinstance(self.point, NamedRoot) else self.point

    @property
    def infinite(self) -> bool:
        """Whether it is an end of the line."""
        return self.point in (sp.oo, -sp.oo)

    def ball(self, bits: int) -> arb:
        """A ball that contains it."""
        if isinstance(self.point, NamedRoot):
            return self.point.ball(bits)
        if self.infinite:
            return arb.pos_inf() if self.point is sp.oo else arb.neg_inf()
        with precision(bits):
            return ball(self.point)

    def __float__(self) -> float:
        return float(self.ball(64).mid())


Mark = Fraction | Cut
"""An end of an interval."""


@dataclass(frozen=True)
class Constant:
    """f = value on the interval."""

    lo: Mark
    hi: Mark
    value: sp.Expr


@dataclass(frozen=True)
class Bounded:
    """f lies in `value` on the interval."""

    lo: Mark
    hi: Mark
    value: Bounds


@dataclass(frozen=True)
class Monotone:
    """f′ lies in `slope`, which excludes 0; `ends` are the values at both ends."""

    lo: Mark
    hi: Mark
    slope: Bounds
    ends: tuple[arb, arb]


@dataclass(frozen=True)
class Critical:
    """f(c) lies in `value`, |f^(j)(c)| ≤ small[j − 1] for 0 < j < order, and f^(order) in `leading` ∌ 0."""

    lo: Mark
    hi: Mark
    centre: Mark
    order: int
    small: tuple[arb, ...]
    leading: Bounds
    value: arb

    @property
    def cut(self) -> Cut | None:
        """The centre where it is an end of the interval."""
        return self.centre if isinstance(self.centre, Cut) else None

    @property
    def directions(self) -> tuple[bool, bool]:
        """Whether the term of order k leads below, and above, f(c) on the interval."""
        rising = bool(self.leading[0] > 0)
        if self.order % 2 == 0:
            return not rising, rising
        if self.cut is None:
            return True, True
        right_of_cut = self.cut == self.lo
        return rising != right_of_cut, rising == right_of_cut

    @property
    def excess(self) -> arb:
        """By how much a value on the flat side may pass f(c): Σ |f^(j)(c)| δ^j/j!."""
        delta = _reach(self.centre, self.lo, self.hi)
        return sum((s * delta**j / math.factorial(j) for j, s in enumerate(self.small, 1)), arb(0)).upper()

    @property
    def span(self) -> Bounds:
        """Bounds of f on the interval."""
        swing = _outer(self.leading) * _reach(self.centre, self.lo, self.hi) ** self.order
        swing /= math.factorial(self.order)
        below, above = self.directions
        down = swing if below else arb(0)
        up = swing if above else arb(0)
        return (self.value - down - self.excess).lower(), (self.value + up + self.excess).upper()


Element = Constant | Bounded | Monotone | Critical


def at_mark(mark: Mark, bits: int = SEARCH_BITS) -> arb:
    """A ball that contains the end, at the current precision for a rational one."""
    return mark.ball(bits) if isinstance(mark, Cut) else arb(fmpq(mark.numerator, mark.denominator))


def _outer(bounds: Bounds) -> arb:
    return abs(bounds[0]).max(abs(bounds[1]))


def _reach(centre: Mark, lo: Mark, hi: Mark) -> arb:
    middle = at_mark(centre)
    return abs(at_mark(lo) - middle).max(abs(at_mark(hi) - middle)).upper()
