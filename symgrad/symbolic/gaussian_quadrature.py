"""∫ f(x)² N(x; 0, q) dx with a proved error: Arb integrates between the cuts, the tails are bounded by
hand.

Between two cuts f is analytic on the open interval; Arb's integrator encloses the integral rigorously
(Johansson 2018, arXiv:1802.07942). Beyond ±R the integrand is at most (c + γ|x|)² N(x; 0, q), whose
integral is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp
from flint import acb, arb

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.complex_balls import analytic
from symgrad.symbolic.pieces import Piece

__all__ = ["Line", "square_mean"]

BITS = 192
GOAL = 118
"""Relative accuracy asked of the integral, in bits: thirty digits and a little."""
WEIGHT = 200
"""e to the power −WEIGHT/2 is what the Gaussian is at R: far below the thirtieth digit of any moment
here."""


@dataclass(frozen=True)
class Line:
    """|f(x)| ≤ constant + slope·|x| for every real x where f exists."""

    constant: arb
    slope: arb


def square_mean(parts: Sequence[Piece], x: sp.Symbol, q: sp.Rational, line: Line) -> arb:
    """A ball that contains E f(x)² for x ~ N(0, q), f given by its smooth pieces (numbers, no letters).

    Raises `NotImplementedError` where f has a construct without complex balls, or where no ball of thirty
    digits comes out (f does not stay bounded at a cut, or oscillates too fast for the integrator).
    """
    with precision(BITS):
        variance = ball(q)
        reach = (variance * WEIGHT).sqrt().upper()
        density = 1 / (2 * arb.pi() * variance).sqrt()
        total = 2 * _tail(line, variance, reach)
        for part in parts:
            lo, hi = (_clipped(end, reach) for end in (part.lo, part.hi))
            if part.expr != 0 and lo < hi:
                total += density * _between(part.expr, x, variance, lo, hi)
        if not total.is_finite() or total.rel_accuracy_bits() < GOAL - 14:
            raise NotImplementedError("the quadrature does not come to thirty digits")
        return total


def _between(expr: sp.Expr, x: sp.Symbol, variance: arb, lo: arb, hi: arb) -> arb:
    f = analytic(expr, x)
    rate = -1 / (2 * variance)

    def integrand(z: acb, is_analytic: bool) -> acb:
        value = f(z, is_analytic)
        return value * value * (rate * z * z).exp()

    goal = arb(2) ** -GOAL
    return acb.integral(integrand, acb(lo), acb(hi), rel_tol=goal, abs_tol=arb(2) ** -(3 * GOAL)).real


def _clipped(end: sp.Expr, reach: arb) -> arb:
    if end.is_infinite:
        return reach if end is sp.oo else -reach
    point = ball(end)
    return reach if point > reach else max(point, -reach)


def _tail(line: Line, variance: arb, reach: arb) -> arb:
    """[0, B] with B ≥ ∫_R^∞ (c + γx)² N(x; 0, q) dx, by (c + γx)² ≤ 2c² + 2γ²x²."""
    share = (reach / (2 * variance).sqrt()).erfc() / 2
    square = (
        variance * share + reach * (variance / (2 * arb.pi())).sqrt() * (-(reach**2) / (2 * variance)).exp()
    )
    return arb(0).union(2 * line.constant**2 * share + 2 * line.slope**2 * square)
