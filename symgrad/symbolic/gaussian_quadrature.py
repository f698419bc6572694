"""∫ f(x)² N(x; 0, q) dx with a proved error: Arb integrates where f is analytic, germs bound what is left.

Between two cuts f is analytic on the open interval, and Arb's integrator encloses the integral rigorously
(Johansson 2018, arXiv:1802.07942). A strip beside a cut where f is not analytic up to the point, and what
lies beyond ±R, are bounded through the expansion of the integrand there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import sympy as sp
from flint import acb, arb, fmpq

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.complex_balls import Analytic, analytic
from symgrad.symbolic.gaussian_ends import InfiniteError, remainder
from symgrad.symbolic.germ_monomials import RadiusError
from symgrad.symbolic.germs import End
from symgrad.symbolic.pieces import Piece

__all__ = ["BITS", "InfiniteError", "square_mean"]

BITS = 192
GOAL = 118
"""Relative accuracy asked of an integral, in bits: thirty digits and a little."""
ENOUGH = 104
"""Relative accuracy of a result that is accepted: thirty digits."""
REACHES = (15, 24, 40, 80)
"""R in standard deviations, the next where the tails are not small enough yet."""
STRIPS = (140, 320)
"""−log₂ of the width of a strip beside a cut."""
_TINY = arb(2) ** (-3 * GOAL)


def square_mean(parts: Sequence[Piece], x: sp.Symbol, q: sp.Rational) -> arb:
    """A ball that contains E f(x)² for x ~ N(0, q), f given by its smooth pieces (numbers, no letters).

    Raises `InfiniteError` where it is infinite, `NotImplementedError` where f has a construct without
    complex balls or expansion, or where no ball of thirty digits comes out.
    """
    with precision(BITS):
        density = 1 / (2 * arb.pi() * ball(q)).sqrt()
        farthest = max((float(abs(ball(part.hi)).upper()) for part in parts[:-1]), default=0.0)
        for deviations in REACHES:
            radius = math.ceil(max(deviations * math.sqrt(q), farthest + 1))
            try:
                total = density * _whole(parts, x, q, fmpq(radius))
            except RadiusError:
                continue
            if total.is_finite() and (total.rel_accuracy_bits() >= ENOUGH or total == 0):
                return total
    raise NotImplementedError("the quadrature does not come to thirty digits")


def _whole(parts: Sequence[Piece], x: sp.Symbol, q: sp.Rational, radius: fmpq) -> arb:
    """∫ f² e^(−x²/2q) dx."""
    total = arb(0)
    for part in parts:
        if part.expr == 0:
            continue
        f = analytic(part.expr, x)
        ends = []
        for point, side in ((part.lo, 1), (part.hi, -1)):
            at, left = _end(f, part.expr, x, q, point, side, radius)
            total += left
            ends.append(at)
        if ends[0] < ends[1]:
            total += _between(f, q, *ends)
    return total


def _end(
    f: Analytic, expr: sp.Expr, x: sp.Symbol, q: sp.Rational, point: sp.Expr, side: int, radius: fmpq
) -> tuple[arb, arb]:
    """Where Arb's part of a piece ends, and a bound of the integral from there to the end of the piece."""
    if point.is_infinite:
        return -side * arb(radius), remainder(expr, x, q, End(point), radius)
    at = ball(point)
    if f(acb(at + arb(0, 2.0**-20)), True).is_finite():
        return at, arb(0)
    for bits in STRIPS:
        width = fmpq(2) ** bits
        left = remainder(expr, x, q, End(point, side), width)
        if left < _TINY:
            break
    return at + side / arb(width), left


def _between(f: Analytic, q: sp.Rational, lo: arb, hi: arb) -> arb:
    rate = -1 / (2 * ball(q))

    def integrand(z: acb, is_analytic: bool) -> acb:
        value = f(z, is_analytic)
        return value * value * (rate * z * z).exp()

    return acb.integral(integrand, acb(lo), acb(hi), rel_tol=arb(2) ** -GOAL, abs_tol=_TINY).real
