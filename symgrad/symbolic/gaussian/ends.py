"""What is left of ∫ f(x)² e^(−x²/2q) dx towards an end: a bound of it, or the proof that it is infinite.

The integrand is expanded as a germ Σ c·m(X), X → ∞, valid for all X ≥ R. If X²m(X) falls from R on, then ∫
m dX ≤ R·m(R); at a finite point, where dx = dX/X², if m(X)·X^(ε−1) falls from R on, ∫ m dX/X² ≤ m(R)/(εR).
If the leading term is positive and not integrable, neither is the integrand.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.germs.algebra import Frame, Germ
from symgrad.symbolic.germs.jets import End, Expansion
from symgrad.symbolic.germs.monomials import (
    Monomial,
    RadiusError,
    UndecidedError,
    X,
    growth,
    is_monotone,
    product,
    value,
)

__all__ = ["InfiniteError", "remainder"]

ORDERS = (3, 6, 12)
EXPONENTS = (fmpq(1), fmpq(1, 2), fmpq(1, 4), fmpq(1, 16))
"""Trial values of ε."""


class InfiniteError(ArithmeticError):
    """The integral is infinite, with proof."""


def remainder(phi: sp.Expr, order: int, x: sp.Symbol, q: sp.Rational, end: End, radius: fmpq) -> arb:
    """A ball [0, B] with B ≥ ∫ f² e^(−x²/2q) dx over X ≥ R, for f = φ (`order` 0) or φ′ (1), at the working
    precision.

    Raises `InfiniteError` where the integral is infinite however large R is, `UndecidedError` where the
    expansion does not settle it.
    """
    reason: UndecidedError = UndecidedError(f"no expansion of the integrand as {end}")
    for germ in _expansions(phi, order, x, q, end, radius):
        try:
            if not germ.terms:
                return arb(0)
            if germ.sign() > 0 and _diverges(germ.leading[0], end):
                raise InfiniteError(f"the integral diverges as {end}")
        except UndecidedError as undecided:
            reason = undecided
        try:
            return arb(0).union(sum((abs(c.ball) * _bound(m, end, radius) for m, c in germ.terms), arb(0)))
        except UndecidedError as undecided:
            reason = undecided
    raise reason


def _expansions(
    phi: sp.Expr, order: int, x: sp.Symbol, q: sp.Rational, end: End, radius: fmpq
) -> Iterator[Germ]:
    for lenient in (False, True):
        for terms in ORDERS:
            expand = Expansion(x, end, Frame(radius, terms), order, lenient)
            try:
                f, weight = expand(phi)[order], expand(sp.exp(-(x**2) / (2 * q)), 0)[0]
            except UndecidedError:
                continue
            yield f * f * weight


def _diverges(m: Monomial, end: End) -> bool:
    """Whether ∫ m dX, or ∫ m dX/X² at a finite point, is infinite: m ≥ 1/X, or m ≥ X, far out."""
    return growth(product(m, Monomial(fmpq(1 if end.infinite else -1), fmpq(0)))) >= 0


def _bound(m: Monomial, end: End, radius: fmpq) -> arb:
    if end.infinite:
        falling = product(m, product(X, X))
        if growth(falling) < 0 and is_monotone(falling, radius):
            return arb(radius) * value(m, radius)
        raise RadiusError("the integrand is not proved to fall from here on")
    for exponent in EXPONENTS:
        falling = product(m, Monomial(exponent - 1, fmpq(0)))
        if growth(falling) <= 0 and is_monotone(falling, radius):
            return value(m, radius) / (arb(radius) * arb(exponent))
    raise RadiusError("the integrand is not proved to be integrable")
