"""Means over a pair of correlated Gaussians: exact for polynomials, and Mehler's sums for all the others."""

from __future__ import annotations

import sympy as sp

__all__ = ["C", "Z", "pair_mean"]

C = sp.Symbol("c", real=True)
"""The correlation of two Gaussians."""
Z = sp.symbols("z_1 z_2", real=True)
"""Two standard Gaussians of correlation c."""


def pair_mean(expr: sp.Expr, correlation: sp.Expr = C) -> sp.Expr:
    """The mean of a polynomial in z_1 and z_2: z_2 = c z_1 + √(1 − c²) w with w independent of z_1, and even
    moments 1, 1, 3, 15, … of both."""
    w = sp.Dummy("w", real=True)
    rest = sp.Dummy("r", real=True)
    expanded = sp.Poly(sp.expand(expr.subs(Z[1], correlation * Z[0] + rest * w)), Z[0], w)
    total = sum(
        (
            coefficient * sp.factorial2(i - 1) * sp.factorial2(j - 1)
            for (i, j), coefficient in expanded.terms()
            if i % 2 == j % 2 == 0
        ),
        sp.S.Zero,
    )
    # only even powers of w are left, so that every root is a square
    even = sp.Poly(sp.expand(total), rest)
    return sp.expand(
        sum((part * (1 - correlation**2) ** (power // 2) for (power,), part in even.terms()), sp.S.Zero)
    )
