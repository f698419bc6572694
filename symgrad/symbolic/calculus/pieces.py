"""The smooth pieces of a function of one real variable.

Piecewise, |·|, sign, max and min are resolved: between two neighbouring breakpoints each of them is a plain
expression.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

import sympy as sp
from sympy.utilities.iterables import numbered_symbols

from symgrad.symbolic.balls import ball, precision, sign_of
from symgrad.symbolic.germs.behaviour import End
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.zeros.isolation import isolate

__all__ = ["NotRealError", "Piece", "branch_at", "breakpoints", "pieces", "switches", "switches_of"]

Values = Mapping[sp.Symbol, sp.Expr]
BRANCHING = (sp.Piecewise, sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min)


@dataclass(frozen=True)
class Piece:
    """On the open interval (lo, hi) the function is the smooth `expr`."""

    lo: sp.Expr
    hi: sp.Expr
    expr: sp.Expr

    def inside(self) -> sp.Rational:
        """A rational point of the interval."""
        return _between(self.lo, self.hi)


def pieces(expr: sp.Expr, x: sp.Symbol, values: Values | None = None) -> tuple[Piece, ...]:
    """The maximal open intervals on which `expr` is one smooth expression, from left to right.

    `values` gives the parameters' values where a sign depends on them. Raises `NotImplementedError` where a
    switch (the argument of |·|, a condition) has zeros that cannot be found exactly.
    """
    values = values or {}
    cuts = (-sp.oo, *breakpoints(expr, x, values), sp.oo)
    resolved = [
        Piece(lo, hi, branch_at(expr, x, _between(*(end.xreplace(dict(values)) for end in (lo, hi))), values))
        for lo, hi in pairwise(cuts)
    ]
    merged: list[Piece] = []
    for piece in resolved:
        if merged and merged[-1].expr == piece.expr:
            piece = Piece(merged.pop().lo, piece.hi, piece.expr)
        merged.append(piece)
    return tuple(merged)


def breakpoints(expr: sp.Expr, x: sp.Symbol, values: Values | None = None) -> tuple[sp.Expr, ...]:
    """The points where a switch of `expr` may change, sorted."""
    found: set[sp.Expr] = set()
    for switch in switches(expr):
        if switch.has(x):
            found |= set(_zeros(switch, x, values or {}))
    return tuple(sorted(found, key=lambda p: float(p.xreplace(dict(values or {})))))


def switches(expr: sp.Expr) -> set[sp.Expr]:
    """The expressions whose sign decides which branch holds."""
    return {switch for node in sp.preorder_traversal(expr) for switch in switches_of(node)}


def switches_of(node: sp.Basic) -> Iterator[sp.Expr]:
    """The switches of this one node, those of its arguments aside."""
    if isinstance(node, sp.Abs | sp.sign | sp.Heaviside):
        yield node.args[0]
    elif isinstance(node, sp.Max | sp.Min):
        yield from (p - q for p, q in combinations(node.args, 2))
    elif isinstance(node, sp.core.relational.Relational):
        yield node.lhs - node.rhs


def _zeros(switch: sp.Expr, x: sp.Symbol, values: Values, within: Piece | None = None) -> list[sp.Expr]:
    """The zeros of a switch (of one that is smooth only within a piece: those in that piece at least)."""
    if switch.has(*BRANCHING):
        inner = pieces(switch, x, values)
        edges = [part.lo for part in inner[1:]]
        return edges + [
            zero for part in inner if part.expr.has(x) for zero in _zeros(part.expr, x, values, part)
        ]
    numerator, denominator = sp.fraction(sp.together(switch))
    if denominator.has(x) and not denominator.is_nonzero:  # the sign also changes at a pole
        return _zeros(numerator, x, values, within) + _zeros(denominator, x, values, within)
    if not numerator.is_polynomial(x):
        return _transcendental_zeros(switch, x, values, within)
    poly = sp.Poly(numerator, x)
    if poly.degree() <= 0:
        return []
    if poly.degree() == 1:
        slope, offset = poly.all_coeffs()
        return [-offset / slope]
    return list(sp.real_roots(poly))


def _transcendental_zeros(
    switch: sp.Expr, x: sp.Symbol, values: Values, within: Piece | None
) -> list[sp.Expr]:
    lo, hi = (within.lo, within.hi) if within else (-sp.oo, sp.oo)
    try:
        ends = End(lo.xreplace(dict(values)), 1), End(hi.xreplace(dict(values)), -1)
        found = isolate(switch.xreplace(dict(values)), x, *ends, numbered_symbols("c"))
    except NotImplementedError as reason:
        raise NotImplementedError(f"no exact zeros of the switch {switch}: {reason}") from None
    exact = [point for point in found if not isinstance(point, NamedRoot)]
    if len(exact) < len(found):
        raise NotImplementedError(f"no exact zeros of the switch {switch}")
    return exact


def _between(lo: sp.Expr, hi: sp.Expr) -> sp.Rational:
    if lo is -sp.oo and hi is sp.oo:
        return sp.Integer(1)
    if lo is -sp.oo:
        return sp.Rational(sp.floor(hi) - 1)
    if hi is sp.oo:
        return sp.Rational(sp.ceiling(lo) + 1)
    for digits in range(1, 30):
        middle = sp.Rational(round(float((lo + hi) / 2), digits)).limit_denominator(10**digits)
        if lo < middle < hi:
            return middle
    raise NotImplementedError(f"no rational point between {lo} and {hi}")


class NotRealError(NotImplementedError):
    """The function has no real value there."""


def branch_at(node: sp.Expr, x: sp.Symbol, point: sp.Rational, values: Values | None = None) -> sp.Expr:
    """The expression with the branch of every switch that holds at `point`, the rest unchanged.

    Raises `NotRealError` where a switch is not a real number there, or no condition of a Piecewise holds.
    """
    return _branch(node, {**(values or {}), x: point})


def _branch(node: sp.Expr, at: Values) -> sp.Expr:
    if not node.has(*BRANCHING):
        return node
    if isinstance(node, sp.Piecewise):
        branch = next((branch for branch, condition in node.args if _holds(condition, at)), None)
        if branch is None:
            raise NotRealError("no condition holds")
        return _branch(branch, at)
    args = [_branch(arg, at) for arg in node.args]
    if isinstance(node, sp.Abs):
        return args[0] * _sign(args[0], at)
    if isinstance(node, sp.sign):
        return sp.Integer(_sign(args[0], at))
    if isinstance(node, sp.Heaviside):
        return sp.Rational(1 + _sign(args[0], at), 2)
    if isinstance(node, sp.Max | sp.Min):
        best = args[0]
        for other in args[1:]:
            above = _sign(other - best, at) > 0
            best = other if above == isinstance(node, sp.Max) else best
        return best
    return node.func(*args)


def _sign(switch: sp.Expr, at: Values) -> int:
    with precision(128):
        value = ball(switch, {symbol: ball(number) for symbol, number in at.items()})
    if value > 0 or value < 0:
        return 1 if value > 0 else -1
    if not value.is_finite():
        raise NotRealError(f"{switch} is not real")
    return sign_of(switch, at)


def _holds(condition: sp.Basic, at: Values) -> bool:
    if condition in (sp.true, sp.false):
        return condition is sp.true
    if isinstance(condition, sp.And | sp.Or):
        truth = [_holds(arg, at) for arg in condition.args]
        return all(truth) if isinstance(condition, sp.And) else any(truth)
    if isinstance(condition, sp.Not):
        return not _holds(condition.args[0], at)
    return bool(condition.func(_sign(condition.lhs - condition.rhs, at), 0))
