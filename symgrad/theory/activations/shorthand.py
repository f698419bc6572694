"""What the entries are written in: the letters of parameters and a few functions that occur over and over."""

import sympy as sp

from symgrad.symbolic.letters import PARAMETERS, x

__all__ = [
    "R",
    "a",
    "alpha",
    "b",
    "beta",
    "c",
    "clip",
    "k",
    "lambda_",
    "normal",
    "op",
    "relu",
    "sides",
    "sigma",
    "softplus",
]

R = sp.Rational
a, b, c, k, alpha, beta, lambda_ = (PARAMETERS[name] for name in "a b c k alpha beta lambda".split())


def op(name: str) -> str:
    """The LaTeX of a function's name."""
    return rf"\operatorname{{{name}}}"


def sides(left: sp.Expr | int, right: sp.Expr | int) -> sp.Expr:
    """`left` for x ≤ 0, `right` for x > 0."""
    return sp.Piecewise((right, x > 0), (left, True))


def clip(
    value: sp.Expr, lo: sp.Expr | int, hi: sp.Expr | int, low: sp.Expr | int, high: sp.Expr | int
) -> sp.Expr:
    """`value` for lo < x < hi, `low` to the left of it and `high` to the right."""
    return sp.Piecewise((low, x <= lo), (high, x >= hi), (value, True))


relu = sides(0, x)


def sigma(argument: sp.Expr) -> sp.Expr:
    """The logistic function 1/(1 + e⁻ᵘ)."""
    return 1 / (1 + sp.exp(-argument))


def softplus(argument: sp.Expr) -> sp.Expr:
    """log(1 + eᵘ)."""
    return sp.log(1 + sp.exp(argument))


def normal(argument: sp.Expr) -> sp.Expr:
    """The distribution function of the standard normal law."""
    return (1 + sp.erf(argument / sp.sqrt(2))) / 2
