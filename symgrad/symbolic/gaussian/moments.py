"""E f(x)² for x ~ N(0, q): in closed form where the rules reach, else enclosed by rigorous quadrature.

Both ways are taken whenever both exist: a closed form that is not inside the quadrature's ball is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from flint import arb

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.pieces import Piece, pieces
from symgrad.symbolic.gaussian.quadrature import BITS, InfiniteError, Integrand, square_mean
from symgrad.symbolic.gaussian.terms import closed_mean
from symgrad.symbolic.number import Number
from symgrad.symbolic.zeros.cuts import Cuts

__all__ = ["VARIANCE", "closed_second_moment", "second_moment"]

VARIANCE = sp.Symbol("q", positive=True)
"""The variance of the Gaussian, as the letter of a closed form."""
SMALLEST = 64
"""Denominators up to which a moment near a simple fraction is tried to be proved equal to it."""
LARGEST = 50
"""Arguments of exponentials up to which that is tried: with larger ones it takes minutes, and is never
so."""
Values = Mapping[sp.Symbol, sp.Expr]


def closed_second_moment(
    phi: sp.Expr, order: int, x: sp.Symbol, q: sp.Rational, values: Values
) -> sp.Expr | None:
    """E φ² (`order` 0) or E φ′² (1) as an expression in `VARIANCE` and the letters of φ, or None where no
    rule gives one.

    It holds near the variance q: for φ with an exponential of x² the moment may be infinite elsewhere.
    """
    try:
        parts = pieces(phi, x, values)
        functions = [sp.diff(part.expr, x) if order else part.expr for part in parts]
        squares = [Piece(part.lo, part.hi, f**2) for part, f in zip(parts, functions, strict=True)]
        return closed_mean(squares, x, VARIANCE, {**values, VARIANCE: q})
    except NotImplementedError:
        return None


def second_moment(
    phi: sp.Expr, order: int, x: sp.Symbol, q: sp.Rational, values: Values, found: Cuts
) -> Number:
    """E φ(x)² (`order` 0) or E φ′(x)² (1) for x ~ N(0, q), q > 0 rational; letters of φ stand for `values`,
    with which `found` are its cuts. It may be oo, with proof.

    Raises `NotImplementedError` where neither way gives thirty digits, `RefutedError` if the two ways
    disagree (a fault in the rules).
    """
    numbers = dict(values)
    try:
        enclosed = square_mean(Integrand(phi.xreplace(numbers), x, order, q, found))
    except InfiniteError as infinite:
        return Number.of(sp.oo, str(infinite))
    closed = closed_second_moment(phi, order, x, q, values)
    if closed is None:
        return Number(None, enclosed, "certified", "Arb's quadrature between the cuts, tails bounded")
    exact = closed.xreplace({**numbers, VARIANCE: q})
    with precision(BITS):
        if not ball(exact).overlaps(enclosed):
            raise RefutedError(f"the closed form {closed} is not the integral at q = {q}")
        simple = _simple(exact, enclosed)
    return Number.of(simple, "closed form, inside the enclosure by Arb's quadrature")


def _simple(exact: sp.Expr, enclosed: arb) -> sp.Expr:
    """The simple fraction that the moment is proved to be, or the moment as it stands."""
    if exact.is_Rational or any(abs(node.args[0]) > LARGEST for node in exact.atoms(sp.exp, sp.erf, sp.erfc)):
        return exact
    middle = sp.Rational(str(enclosed.mid().str(50, radius=False))).limit_denominator(SMALLEST)
    if not ball(middle).overlaps(enclosed):
        return exact
    return middle if sp.simplify(exact - middle) == 0 else exact
