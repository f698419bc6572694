"""Numbers of a certificate: rational ones as balls, their size, and which are 0 for certain."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import ball

__all__ = ["exact_zero", "magnitude", "real"]


def real(value: fmpq) -> arb:
    """A ball around a rational number."""
    return arb(value)


def magnitude(value: arb) -> arb:
    """max(1, |v|)."""
    return arb.max(arb(1), abs(value))


@lru_cache(maxsize=4096)
def exact_zero(expr: sp.Expr) -> bool:
    """Whether a number is proved to be 0 by exact arithmetic; False where it is not, or not known."""
    if expr.is_Rational:
        return bool(expr == 0)
    if expr.has(sp.nan, sp.oo, sp.zoo) or not expr.is_number:
        return False
    try:
        value = ball(expr)
    except NotImplementedError:
        return False
    if not value.contains(arb(0)):
        return False
    return bool(expr.is_zero) or sp.simplify(expr).is_zero is True
