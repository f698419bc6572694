"""Jets: all derivatives of a smooth expression over a ball, to any order.

The Taylor coefficients of an expression are computed from those of its parts (Moore 1966); over a ball each
of them contains the coefficient at every point of that ball.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import flint
import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball
from symgrad.symbolic.ranges.taylor import (
    RULES,
    Rule,
    Series,
    convolve,
    exponential,
    logistic,
    rational_power,
    softplus,
    whole_power,
)

__all__ = ["Jet", "jet"]


def _product(p: Series, q: Series) -> Series:
    return [convolve(p, q, k) for k in range(len(p))]


def _compose(rule: Rule, inner: Series) -> Series:
    """The coefficients of g(f) from those of g at f's first and of f."""
    n = len(inner)
    outer = rule(inner[0], n)
    if n == 1:
        return outer
    if n == 2:
        return [outer[0], outer[1] * inner[1]]
    rest = [arb(0), *inner[1:]]
    result = [outer[-1], *[arb(0)] * (n - 1)]
    for term in reversed(outer[:-1]):
        result = _product(result, rest)
        result[0] = term
    return result


@dataclass(frozen=True)
class Jet:
    """A smooth expression in one variable, ready to be evaluated: operations in the order of evaluation."""

    operations: tuple[tuple[str, object, tuple[int, ...]], ...]

    def coefficients(self, where: arb, order: int) -> Series:
        """f^(j)/j! for j = 0 … order over the ball `where`, at the current precision; indeterminate balls
        where f is not smooth.
        """
        n = order + 1
        found: list[Series] = []
        for kind, payload, args in self.operations:
            found.append(_STEPS[kind](payload, [found[i] for i in args], where, n))
        return found[-1]

    def value(self, where: arb) -> arb:
        """f over the ball."""
        return self.coefficients(where, 0)[0]


def _constant(payload: object, args: list[Series], where: arb, n: int) -> Series:
    return [_number(payload, flint.ctx.prec), *[arb(0)] * (n - 1)]


@cache
def _number(expr: sp.Expr, bits: int) -> arb:
    return ball(expr)


def _variable(payload: object, args: list[Series], where: arb, n: int) -> Series:
    return [where, arb(1), *[arb(0)] * (n - 2)][:n]


def _sum(payload: object, args: list[Series], where: arb, n: int) -> Series:
    return [sum((term[k] for term in args), arb(0)) for k in range(n)]


def _times(payload: object, args: list[Series], where: arb, n: int) -> Series:
    result = args[0]
    for factor in args[1:]:
        result = _product(result, factor)
    return result


def _scale(payload: object, args: list[Series], where: arb, n: int) -> Series:
    if payload is sp.S.NegativeOne:  # exactly, where a product would widen the ball
        return [-term for term in args[0]]
    factor = _number(payload, flint.ctx.prec)
    return [factor * term for term in args[0]]


def _apply(payload: Rule, args: list[Series], where: arb, n: int) -> Series:
    return _compose(payload, args[0])


def _logistic_power(payload: tuple[sp.Expr, int], args: list[Series], where: arb, n: int) -> Series:
    """a s^p for the logistic function s of the argument."""
    factor, power = payload
    inner = _compose(logistic, args[0])
    raised = inner if power == 1 else _compose(whole_power(power), inner)
    return [_number(factor, flint.ctx.prec) * term for term in raised]


_STEPS: Mapping[str, Callable[..., Series]] = {
    "number": _constant,
    "x": _variable,
    "sum": _sum,
    "product": _times,
    "scale": _scale,
    "apply": _apply,
    "scaled": _logistic_power,
}


@cache
def jet(expr: sp.Expr, x: sp.Symbol) -> Jet:
    """The expression made ready. Raises `NotImplementedError` for a function without a rule here (|·|, max
    and Piecewise are resolved by the caller, piece by piece).
    """
    operations: list[tuple[str, object, tuple[int, ...]]] = []
    place: dict[sp.Expr, int] = {}

    def visit(node: sp.Expr) -> int:
        if node in place:
            return place[node]
        indices: list[int]
        if not node.has(x):
            step: tuple[str, object, list[int]] = ("number", node, [])
        elif node == x:
            step = ("x", None, [])
        elif isinstance(node, sp.Add):
            step = ("sum", None, [visit(arg) for arg in node.args])
        elif isinstance(node, sp.Mul):
            number, rest = node.as_independent(x)
            indices = [visit(arg) for arg in sp.Mul.make_args(rest)]
            if number == 1:
                step = ("product", None, indices)
            elif len(indices) == 1:
                step = ("scale", number, indices)
            else:
                operations.append(("product", None, tuple(indices)))
                step = ("scale", number, [len(operations) - 1])
        elif isinstance(node, sp.Pow):
            step = _power_step(node, x, visit)
        elif isinstance(node, sp.log) and (logs := _positive_logs(node.args[0], x)):
            step = ("sum", None, [visit(term) for term in logs])
        elif isinstance(node, _Softplus):
            step = ("apply", softplus, [visit(node.args[0])])
        elif node.func in RULES:
            step = ("apply", RULES[node.func], [visit(node.args[0])])
        else:
            unfolded = node.doit() if isinstance(node, sp.Function) else node
            if unfolded == node:
                raise NotImplementedError(f"no Taylor coefficients for {node.func.__name__}")
            place[node] = visit(unfolded)
            return place[node]
        kind, payload, indices = step
        operations.append((kind, payload, tuple(indices)))
        place[node] = len(operations) - 1
        return place[node]

    visit(sp.sympify(expr, strict=True))
    return Jet(tuple(operations))


def _power_step(node: sp.Pow, x: sp.Symbol, visit: Callable[[sp.Expr], int]) -> tuple[str, object, list[int]]:
    base, exponent = node.args
    if base is sp.E:
        return "apply", exponential, [visit(exponent)]
    parts = _logistic_parts(base, x)
    if parts is not None and isinstance(exponent, sp.Integer) and exponent < 0:
        a, u = parts
        return "scaled", (a**exponent, int(-exponent)), [visit(-u)]
    if isinstance(exponent, sp.Integer):
        return "apply", whole_power(int(exponent)), [visit(base)]
    if isinstance(exponent, sp.Rational):
        return "apply", rational_power(exponent), [visit(base)]
    return "apply", exponential, [visit(exponent * sp.log(base))]


class _Softplus(sp.Function):
    """log(1 + e^u), told apart from its parts so that it stays tight."""


def _logistic_parts(node: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """(a, u) with node = a(1 + e^u), a > 0 a number."""
    if not (isinstance(node, sp.Add) and len(node.args) == 2):
        return None
    a, term = node.as_independent(x)
    b, wave = term.as_independent(x)
    if not (isinstance(wave, sp.exp) and a.is_positive and b.is_positive):
        return None
    return a, wave.args[0] + sp.log(b / a)


def _positive_logs(node: sp.Expr, x: sp.Symbol) -> list[sp.Expr]:
    """The logarithms of the factors where each is a(1 + e^u) to a power, else nothing."""
    found: list[sp.Expr] = []
    for factor in sp.Mul.make_args(node):
        base, exponent = factor.as_base_exp()
        parts = _logistic_parts(base, x)
        if parts is None or exponent.has(x):
            return []
        found += [exponent * sp.log(parts[0]), exponent * _Softplus(parts[1])]
    return found
