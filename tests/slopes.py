"""φ′ by difference quotients of φ in hundred-digit numbers: an oracle that has no derivative, no interval and
no limit in it, only values of φ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import flint
import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.letters import x

__all__ = ["Slope", "abscissas", "steepest"]

BITS = 420
STEP = arb(2) ** -140
"""Difference quotients at 2⁻¹⁴⁰: error φ‴/6·2⁻²⁸⁰, about 1e-85."""
Evaluate = Callable[[arb], arb]

FUNCTIONS: dict[type, Callable[[arb], arb]] = {
    sp.exp: arb.exp,
    sp.log: arb.log,
    sp.sin: arb.sin,
    sp.cos: arb.cos,
    sp.tan: arb.tan,
    sp.sinh: arb.sinh,
    sp.cosh: arb.cosh,
    sp.tanh: arb.tanh,
    sp.asinh: arb.asinh,
    sp.atan: arb.atan,
    sp.erf: arb.erf,
    sp.erfc: arb.erfc,
    sp.Abs: abs,
    sp.sign: lambda u: arb(int(u > 0) - int(u < 0)),
    sp.Heaviside: lambda u: arb(int(u > 0)),
}


class Slope:
    """φ′ at a point, None where φ is not real or the quotient means nothing."""

    def __init__(self, phi: sp.Expr) -> None:
        self.phi = _function(phi)
        self.switches = [_function(switch) for switch in _switches(phi)]

    def __call__(self, at: fmpq) -> arb | None:
        with _precision():
            centre = arb(at)
            left, right = self.phi(centre - STEP), self.phi(centre + STEP)
            found = (right - left) / (2 * STEP)
            if not found.is_finite() or any(self._switched(switch, centre) for switch in self.switches):
                return None
            return found if found.rad() < arb("1e-45") * (1 + abs(found)) else None

    def cuts(self) -> list[fmpq]:
        """Where a switch turns, to 2⁻¹⁰⁰, found between the points of an even grid."""
        grid = [fmpq(k, 64) * 12 + fmpq(1, 9973) for k in range(-64, 65)]
        found = []
        with _precision():
            for switch in self.switches:
                signs = [_sign(switch(arb(at))) for at in grid]
                for at, before, after in zip(grid, signs, signs[1:], strict=False):
                    if before * after < 0:
                        found.append(_turn(switch, at, at + fmpq(12, 64), before))
        return found

    @staticmethod
    def _switched(switch: Evaluate, at: arb) -> bool:
        """Whether a switch may turn between the two points of the quotient."""
        before, after = switch(at - STEP), switch(at + STEP)
        return not ((before > 0 and after > 0) or (before < 0 and after < 0) or before == after == 0)


def abscissas(cuts: Iterable[fmpq], count: int) -> list[fmpq]:
    """Points of the line: even near 0, sparse far out (to 1e6), dense on both sides of each cut."""
    even = [fmpq(2 * k - count, count) * 8 + fmpq(1, 9973) for k in range(count)]
    far = [sign * fmpq(13, 10) ** k for k in range(-20, 55) for sign in (-1, 1)]
    near = [
        cut + sign * fmpq(1, 10**k) * fmpq(7, 5) for cut in cuts for k in range(1, 13) for sign in (-1, 1)
    ]
    return sorted(set(even + far + near))


def steepest(slope: Slope, points: Sequence[fmpq], rounds: int = 40) -> list[tuple[fmpq, arb]]:
    """φ′ at all points, and at those found by closing in on the largest and the smallest of them."""
    seen = [(at, value) for at in points if (value := slope(at)) is not None]
    found = list(seen)
    for sign in (1, -1) if seen else ():
        at, best = max(seen, key=lambda pair: float(sign * pair[1].mid()))
        place = points.index(at)
        reach = points[min(place + 1, len(points) - 1)] - points[max(place - 1, 0)]
        for _ in range(rounds):
            reach /= 2
            for trial in (at - reach, at + reach):
                value = slope(trial)
                if value is not None:
                    found.append((trial, value))
                    if sign * value > sign * best:
                        at, best = trial, value
    return found


def _sign(value: arb) -> int:
    return int(value > 0) - int(value < 0)


def _turn(switch: Evaluate, left: fmpq, right: fmpq, before: int) -> fmpq:
    for _ in range(100):
        middle = (left + right) / 2
        if _sign(switch(arb(middle))) == before:
            left = middle
        else:
            right = middle
    return left


@contextmanager
def _precision() -> Iterator[None]:
    before, flint.ctx.prec = flint.ctx.prec, BITS
    try:
        yield
    finally:
        flint.ctx.prec = before


def _function(expr: sp.Basic) -> Evaluate:
    """The expression as a function of arb numbers, by a walk of its own."""
    if expr == x:
        return lambda at: at
    if isinstance(expr, sp.Rational):
        exact = fmpq(int(expr.p), int(expr.q))
        return lambda at: arb(exact)
    if expr in (sp.pi, sp.E):
        return (lambda at: arb.pi()) if expr is sp.pi else lambda at: arb.const_e()
    if isinstance(expr, sp.Piecewise):
        branches = [(_function(branch), _holds(condition)) for branch, condition in expr.args]
        return lambda at: next((f(at) for f, holds in branches if holds(at)), arb.nan())
    parts = [_function(arg) for arg in expr.args]
    if isinstance(expr, sp.Add):
        return lambda at: sum((part(at) for part in parts), arb(0))
    if isinstance(expr, sp.Mul):
        return lambda at: _product(part(at) for part in parts)
    if isinstance(expr, sp.Max | sp.Min):
        best = arb.max if isinstance(expr, sp.Max) else arb.min
        return lambda at: _fold(best, [part(at) for part in parts])
    if isinstance(expr, sp.Pow):
        if isinstance(expr.exp, sp.Integer):
            n = int(expr.exp)
            return lambda at: parts[0](at) ** n
        return lambda at: parts[0](at) ** parts[1](at)
    rule = FUNCTIONS[expr.func]
    return lambda at: rule(parts[0](at))


def _product(values: Iterable[arb]) -> arb:
    result = arb(1)
    for value in values:
        result *= value
    return result


def _fold(operation: Callable[[arb, arb], arb], values: list[arb]) -> arb:
    result = values[0]
    for value in values[1:]:
        result = operation(result, value)
    return result


def _holds(condition: sp.Basic) -> Callable[[arb], bool]:
    if condition in (sp.true, sp.false):
        return lambda at: condition is sp.true
    if isinstance(condition, sp.And | sp.Or | sp.Not):
        parts = [_holds(arg) for arg in condition.args]
        if isinstance(condition, sp.Not):
            return lambda at: not parts[0](at)
        together = all if isinstance(condition, sp.And) else any
        return lambda at: together(part(at) for part in parts)
    gap = _function(condition.lhs - condition.rhs)
    test = {
        sp.StrictLessThan: lambda v: v < 0,
        sp.LessThan: lambda v: v <= 0,
        sp.StrictGreaterThan: lambda v: v > 0,
        sp.GreaterThan: lambda v: v >= 0,
        sp.Equality: lambda v: v == 0,
        sp.Unequality: lambda v: v != 0,
    }[condition.func]
    return lambda at: bool(test(gap(at)))


def _switches(phi: sp.Expr) -> list[sp.Expr]:
    """What changes its sign where φ may have a corner or a jump."""
    found: set[sp.Expr] = set()
    for node in sp.preorder_traversal(phi):
        if isinstance(node, sp.Abs | sp.sign | sp.Heaviside):
            found.add(node.args[0])
        elif isinstance(node, sp.Max | sp.Min):
            found |= {p - q for i, p in enumerate(node.args) for q in node.args[i + 1 :]}
        elif isinstance(node, sp.core.relational.Relational):
            found.add(node.lhs - node.rhs)
        elif isinstance(node, sp.Pow) and node.exp.is_Rational and not node.exp.is_positive:
            found.add(node.base)
        elif isinstance(node, sp.tan):
            found.add(sp.cos(node.args[0]))
    return [switch for switch in found if switch.has(x)]
