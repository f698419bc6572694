"""∫ f(x)² N(x; 0, q) dx with a proved error: Arb integrates where f is analytic, germs bound what is left.

Between two cuts f is analytic on the open interval, and Arb's integrator encloses the integral rigorously
(Johansson 2018, arXiv:1802.07942). A strip beside a cut where f is not analytic up to the point, and what
lies beyond ±R, are bounded through the expansion of the integrand there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import flint
import sympy as sp
from flint import acb, arb, fmpq

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.complex_balls import Analytic, analytic
from symgrad.symbolic.gaussian.ends import InfiniteError, remainder
from symgrad.symbolic.germs.behaviour import End
from symgrad.symbolic.germs.monomials import RadiusError
from symgrad.symbolic.zeros.cuts import Cuts
from symgrad.symbolic.zeros.isolation import ball_of
from symgrad.symbolic.zeros.roots import NamedRoot

__all__ = ["BITS", "InfiniteError", "Integrand", "square_mean"]

BITS = 192
GOAL = 118
"""Relative accuracy asked of an integral, in bits: thirty digits and a little."""
ENOUGH = 104
"""Relative accuracy of a result that is accepted: thirty digits."""
ATTEMPTS = ((BITS, 13, 140), (BITS, 24, 140), (448, 40, 140), (640, 80, 330))
"""Bits of precision, R in standard deviations and −log₂ of the width of a strip; the next where the last
did not give thirty digits."""
SINGULAR = ((448, 13, 140), (640, 24, 330), (640, 80, 330))
"""The same where φ has a singular point."""
EVALUATIONS = 150_000
"""The most that one arc may cost."""
MOST = 400
"""Arcs of a periodic function that are integrated one by one."""
_TINY = arb(2) ** (-3 * GOAL)
_BESIDE = arb(0, 2.0**-20)


@dataclass(frozen=True)
class Integrand:
    """φ (`order` 0) or φ′ (1), squared, under the Gaussian of variance q; `found` is where φ is cut."""

    phi: sp.Expr
    x: sp.Symbol
    order: int
    q: sp.Rational
    found: Cuts

    @property
    def singular(self) -> bool:
        """Whether φ has a singular point, beside which digits cancel."""
        return any(cut.kind == "singular" for cut in self.found.points)


def square_mean(g: Integrand) -> arb:
    """A ball that contains E f(x)² for x ~ N(0, q).

    Raises `InfiniteError` where it is infinite, `NotImplementedError` where f has a construct without
    complex balls or expansion, or where no ball of thirty digits comes out.
    """
    farthest = max((float(abs(cut.ball(64)).upper()) for cut in g.found.points), default=0.0)
    for bits, deviations, strip in SINGULAR if g.singular else ATTEMPTS:
        radius = math.ceil(max(deviations * math.sqrt(g.q), farthest + 1, deviations / 3))
        with precision(bits):
            try:
                total = _whole(g, radius, strip) / (2 * arb.pi() * ball(g.q)).sqrt()
            except RadiusError:
                continue
            if total.is_finite() and (total.rel_accuracy_bits() >= ENOUGH or total == 0):
                return total
    raise NotImplementedError("the quadrature does not come to thirty digits")


def _whole(g: Integrand, radius: int, strip: int) -> arb:
    """∫ f² e^(−x²/2q) dx. What may be infinite comes first, then what costs time."""
    arcs = []
    outside = arb(0)
    for left, right, expr in _arcs(g, radius):
        f = analytic(sp.diff(expr, g.x) if g.order else expr, g.x)
        lo, before = _end(g, f, left, radius, strip)
        hi, after = _end(g, f, right, radius, strip)
        outside += before + after
        arcs.append((f, lo, hi))
    for end in (End(-sp.oo), End(sp.oo)):
        outside += remainder(g.phi, g.order, g.x, g.q, end, fmpq(radius))
    inside = sum((_between(f, g.q, lo, hi) for f, lo, hi in arcs if lo < hi), arb(0))
    lost = 0 if not g.singular else ENOUGH // 2
    if not inside.is_finite() or (inside.rel_accuracy_bits() < ENOUGH - lost and inside.rad() != 0):
        raise NotImplementedError("the integrand oscillates too fast for the quadrature")
    return outside + inside


def _arcs(g: Integrand, radius: int) -> Iterator[tuple[End, End, sp.Expr]]:
    """The pieces of φ between its cuts; those of one period again and again."""
    period = g.found.period
    if period is None:
        yield from g.found.pieces
    elif not g.found.points:
        yield End(-sp.oo), End(sp.oo), g.phi
    else:
        first, last = _exact(g.found.pieces[0][0]), _exact(g.found.pieces[-1][1])
        lowest = math.floor((-radius - float(last)) / float(period))
        highest = math.ceil((radius - float(first)) / float(period))
        if (highest - lowest + 1) * len(g.found.pieces) > MOST:
            raise NotImplementedError(f"more than {MOST} cuts within reach")
        rise = g.phi.subs(g.x, last) - g.phi.subs(g.x, first)
        for k in range(lowest, highest + 1):
            for left, right, expr in g.found.pieces:
                moved = expr.subs(g.x, g.x - k * period) + k * rise
                yield _moved(left, k * period), _moved(right, k * period), moved


def _exact(end: End) -> sp.Expr:
    if isinstance(end.point, NamedRoot):
        raise NotImplementedError("a cut without a closed form that repeats")
    return end.point


def _moved(end: End, by: sp.Expr) -> End:
    return End(_exact(end) + by, end.side)


def _end(g: Integrand, f: Analytic, end: End, radius: int, strip: int) -> tuple[arb, arb]:
    """Where Arb's part of an arc ends, and a bound of the integral from there to the end of the arc."""
    if end.infinite:
        return arb(radius if end.point is sp.oo else -radius), arb(0)
    at = ball_of(end.point, flint.ctx.prec)
    if abs(at) > radius:
        return arb(radius if at > 0 else -radius), arb(0)
    if f(acb(at + _BESIDE), True).is_finite():
        return at, arb(0)
    left = remainder(g.phi, g.order, g.x, g.q, end, fmpq(2) ** strip)
    return at + end.side * arb(2) ** -strip, left


def _between(f: Analytic, q: sp.Rational, lo: arb, hi: arb) -> arb:
    rate = -1 / (2 * ball(q))

    def integrand(z: acb, is_analytic: bool) -> acb:
        value = f(z, is_analytic)
        return value * value * (rate * z * z).exp()

    goal = arb(2) ** -GOAL
    return acb.integral(integrand, acb(lo), acb(hi), rel_tol=goal, abs_tol=_TINY, eval_limit=EVALUATIONS).real
