"""The Fuss–Catalan numbers as polynomials in the number of matrices, and the equation of their series."""

from __future__ import annotations

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal

__all__ = ["TERMS", "ZETA", "fuss_catalan", "solves"]

ZETA = sp.Symbol("zeta", positive=True)
"""The argument of the series."""
TERMS = 6
"""Terms of a series that are compared."""


def solves(matrices: sp.Expr) -> None:
    """Prove that ψ = Σ E Xᵏ ζᵏ solves ψ = ζ (1 + ψ)^(n+1) in the first terms, for that n, a letter too."""
    series = sp.Add(*(fuss_catalan(order, matrices) * ZETA**order for order in range(1, TERMS + 1)))
    power, total = sp.S.One, sp.S.One
    for order in range(1, TERMS + 1):  # (1 + ψ)^(n+1) by the binomial series
        power = _cut(power * series)
        total += sp.expand_func(sp.ff(matrices + 1, order)) / sp.factorial(order) * power
    rest = sp.Poly(_cut(sp.expand(ZETA * total)) - series, ZETA)
    for coefficient in rest.all_coeffs():
        prove_equal(sp.expand(coefficient), sp.S.Zero)


def _cut(expr: sp.Expr) -> sp.Expr:
    """Without the terms past ζ^TERMS."""
    terms = sp.Poly(sp.expand(expr), ZETA).terms()
    return sp.Add(*(coefficient * ZETA**power for (power,), coefficient in terms if power <= TERMS))


def fuss_catalan(order: int, matrices: sp.Expr) -> sp.Expr:
    """The Fuss–Catalan number of one order as a polynomial in the number of matrices."""
    top = (matrices + 1) * order
    return sp.expand(sp.Mul(*(top - j for j in range(order - 1))) / sp.factorial(order))
