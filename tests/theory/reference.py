"""φ and its slopes in mpmath, from the expression tree alone: no symbolic derivative, no ball."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import mpmath
import sympy as sp
from mpmath import mp, mpf

from symgrad.symbolic.letters import x
from symgrad.theory.activations import Activation

DIGITS = 50
"""Digits to which a slope is wanted; a central difference is taken at twice as many and a half."""

_FUNCTIONS: dict[type, Callable[..., Any]] = {
    sp.exp: mpmath.exp,
    sp.log: mpmath.log,
    sp.sin: mpmath.sin,
    sp.cos: mpmath.cos,
    sp.tan: mpmath.tan,
    sp.asin: mpmath.asin,
    sp.acos: mpmath.acos,
    sp.atan: mpmath.atan,
    sp.sinh: mpmath.sinh,
    sp.cosh: mpmath.cosh,
    sp.tanh: mpmath.tanh,
    sp.asinh: mpmath.asinh,
    sp.acosh: mpmath.acosh,
    sp.atanh: mpmath.atanh,
    sp.erf: mpmath.erf,
    sp.erfc: mpmath.erfc,
    sp.Abs: abs,
    sp.sign: mpmath.sign,
    sp.Max: max,
    sp.Min: min,
    sp.Add: lambda *terms: mpmath.fsum(terms),
    sp.Mul: lambda *factors: reduce(lambda p, q: p * q, factors),
    sp.Pow: mpmath.power,
    sp.StrictLessThan: lambda p, q: p < q,
    sp.LessThan: lambda p, q: p <= q,
    sp.StrictGreaterThan: lambda p, q: p > q,
    sp.GreaterThan: lambda p, q: p >= q,
    sp.Equality: lambda p, q: p == q,
    sp.Unequality: lambda p, q: p != q,
    sp.And: lambda *parts: all(parts),
    sp.Or: lambda *parts: any(parts),
    sp.Not: lambda part: not part,
}


def evaluate(expr: sp.Basic, values: Mapping[sp.Basic, Any]) -> Any:
    """The value of a tree at the working precision of mpmath."""
    if expr in values:
        return values[expr]
    if isinstance(expr, sp.Rational):
        return mpf(int(expr.p)) / int(expr.q)
    constants = {sp.pi: mp.pi, sp.E: mp.e, sp.true: True, sp.false: False}
    if expr in constants:
        return +constants[expr] if not isinstance(constants[expr], bool) else constants[expr]
    if isinstance(expr, sp.Piecewise):
        return next(evaluate(e, values) for e, condition in expr.args if evaluate(condition, values))
    return _FUNCTIONS[expr.func](*(evaluate(arg, values) for arg in expr.args))


def number(expr: sp.Basic) -> mpf:
    """A constant expression at the working precision."""
    return evaluate(expr, {})


def phi(entry: Activation) -> Callable[[Any], mpf]:
    """φ with its parameters at their values."""
    parameters = {symbol: number(value) for symbol, value in entry.parameters.items()}
    return lambda at: evaluate(entry.expression, {**parameters, x: mpf(at)})


def slope(f: Callable[[Any], mpf], at: Any, side: int = 0) -> mpf:
    """f′(at) by a central difference (error of order h² = 1e-100), or a one-sided one of the same order."""
    with mp.workdps(3 * DIGITS + 20):
        at, h = mpf(at), mpf(10) ** -DIGITS
        if side == 0:
            return (f(at + h) - f(at - h)) / (2 * h)
        h *= side
        return (-3 * f(at) + 4 * f(at + h) - f(at + 2 * h)) / (2 * h)
