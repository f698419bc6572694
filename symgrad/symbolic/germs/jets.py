"""The germs of an expression and of its derivatives at an end, by the chain rule from φ alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import comb

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import ball
from symgrad.symbolic.germs.algebra import DomainError, Frame, Germ, monomial, number, raised
from symgrad.symbolic.germs.constants import MINUS_ONE, ONE, ZERO, Constant, constant, interval, rational
from symgrad.symbolic.germs.functions import GERM_FUNCTIONS
from symgrad.symbolic.germs.monomials import UNIT, UndecidedError, X, power
from symgrad.symbolic.named_root import NamedRoot

__all__ = ["End", "Expansion", "GermJet"]

GermJet = tuple[Germ, ...]
"""(f, f′, f″, …), derivatives in x."""


@dataclass(frozen=True)
class End:
    """One side of a point, or an end of the line: x = p + side/X with X → ∞, or x = ±X at ±oo."""

    point: sp.Expr | NamedRoot
    side: int = 0

    @property
    def infinite(self) -> bool:
        """Whether it is −oo or oo."""
        return self.point in (sp.oo, -sp.oo)

    def __str__(self) -> str:
        point = self.point.symbol if isinstance(self.point, NamedRoot) else self.point
        return f"x -> {point}" + ("" if self.infinite else "-" if self.side < 0 else "+")


def _product(f: GermJet, g: GermJet) -> GermJet:
    """Leibniz's rule."""
    zero = number(f[0].frame, ZERO)
    return tuple(
        sum(((f[j] * g[k - j]).scaled(rational(comb(k, j))) for j in range(k + 1)), zero)
        for k in range(min(len(f), len(g)))
    )


@dataclass
class Expansion:
    """Expressions in x as germs at one end, each with `order` derivatives.

    `lenient`: a switch whose sign is not settled stands for every value it may have, and a function of an
    unsettled argument for every value it takes there.
    """

    x: sp.Symbol
    end: End
    frame: Frame
    order: int = 1
    lenient: bool = False
    memo: dict[tuple[sp.Basic, int], GermJet] = field(default_factory=dict)

    def __call__(self, node: sp.Expr, order: int | None = None) -> GermJet:
        """(f, f′, …). Raises `UndecidedError` where radius or order do not settle it, `DomainError` where f
        is not real, `NotImplementedError` for a construct without a rule.
        """
        n = self.order if order is None else order
        known = self.memo.get((node, n))
        if known is None:
            known = self.memo[node, n] = self._without_root(node, self._expand(node, n))
        return known

    def _constant(self, c: Constant, n: int) -> GermJet:
        return (number(self.frame, c), *[number(self.frame, ZERO)] * n)

    def _without_root(self, node: sp.Expr, found: GermJet) -> GermJet:
        """At a named root the constant of a multiple of its equation is 0, though only its ball is seen."""
        root = self.end.point
        c = next((c for m, c in found[0].terms if m == UNIT), ZERO)
        if not isinstance(root, NamedRoot) or c.exact is None or c.ball.overlaps(arb(0)) is False:
            return found
        defining = root.equation.lhs - root.equation.rhs
        if not vanishes_with(c.sympy(), defining, root):
            return found
        rest = tuple(pair for pair in found[0].terms if pair[0] != UNIT)
        return (Germ(self.frame, rest), *found[1:])

    def _expand(self, node: sp.Expr, n: int) -> GermJet:
        if node == self.x:
            return self._variable(n)
        if not node.has(self.x):
            return self._constant(self._number(node), n)
        if isinstance(node, sp.Add):
            parts = [self(arg, n) for arg in node.args]
            return tuple(sum((p[k] for p in parts[1:]), parts[0][k]) for k in range(n + 1))
        if isinstance(node, sp.Mul):
            first, *rest = (self(arg, n) for arg in node.args)
            for factor in rest:
                first = _product(first, factor)
            return first
        if isinstance(node, sp.Pow) and not isinstance(node, sp.exp):
            return self._power(node.args[0], node.args[1], n)
        if node.func in _SWITCHES:
            return _SWITCHES[node.func](self, node, n)
        if node.func in GERM_FUNCTIONS:
            return self._function(node.func, self(node.args[0], n))
        unfolded = node.doit() if isinstance(node, sp.Function) else node
        if unfolded == node:
            unfolded = node.rewrite(sp.exp)
        if unfolded == node or unfolded.has(sp.I):
            raise NotImplementedError(f"no expansion of {node.func.__name__}")
        return self(unfolded, n)

    def _number(self, node: sp.Expr) -> Constant:
        try:
            found = constant(node)
        except NotImplementedError:
            raise NotImplementedError(f"{node} is not a number that can be evaluated") from None
        if not found.ball.is_finite():
            raise DomainError(f"{node} is not a real number")
        return found

    def _variable(self, n: int) -> GermJet:
        slope = self._constant(ONE, n)[:n]
        point = self.end.point
        if point in (sp.oo, -sp.oo):
            return monomial(self.frame, X, ONE if point is sp.oo else MINUS_ONE), *slope
        at = Constant(point.ball(160), point.symbol) if isinstance(point, NamedRoot) else self._number(point)
        step = monomial(self.frame, power(X, fmpq(-1)), rational(self.end.side))
        return number(self.frame, at) + step, *slope

    def _power(self, base: sp.Expr, exponent: sp.Expr, n: int) -> GermJet:
        if base is sp.E:
            return self._function(sp.exp, self(exponent, n))
        if isinstance(exponent, sp.Rational):
            return self._rational_power(self(base, n), fmpq(int(exponent.p), int(exponent.q)))
        return self._function(sp.exp, _product(self(exponent, n), self._function(sp.log, self(base, n))))

    def _rational_power(self, f: GermJet, a: fmpq) -> GermJet:
        """(f^a)′ = a f^{a−1} f′."""
        value = raised(f[0], a)
        if len(f) == 1:
            return (value,)
        outer = self._rational_power(f[:-1], a - 1)
        slope = _product(outer, f[1:])
        return value, *(g.scaled(rational(a)) for g in slope)

    def _function(self, kind: type, f: GermJet) -> GermJet:
        """g(f)′ = g′(f) f′."""
        try:
            value = GERM_FUNCTIONS[kind](f[0])
        except UndecidedError:
            if not self.lenient or kind not in _EVERYWHERE:
                raise
            values = _EVERYWHERE[kind](f[0].range())
            if values.is_nan():
                raise
            value = number(self.frame, interval(values))
        if len(f) == 1:
            return (value,)
        if not any(g.terms for g in f[1:]):
            return (value, *f[1:])
        return value, *_product(_SLOPES[kind](self, f[:-1]), f[1:])

    def sign(self, node: sp.Expr) -> int | None:
        """The sign of a switch on the whole neighbourhood; None, when lenient, where it is not settled."""
        try:
            return self(node, 0)[0].sign()
        except UndecidedError:
            if not self.lenient:
                raise
            return None

    def _signed(self, switch: sp.Expr, n: int, if_open: arb) -> Constant:
        """The sign of the switch as a coefficient."""
        sign = self.sign(switch)
        return interval(if_open) if sign is None else rational(sign)

    def truth(self, condition: sp.Basic) -> bool | None:
        """Whether the condition holds on the whole neighbourhood; None where that is not settled."""
        if condition in (sp.true, sp.false):
            return condition is sp.true
        if isinstance(condition, sp.And | sp.Or):
            parts = [self.truth(arg) for arg in condition.args]
            decisive = isinstance(condition, sp.Or)
            return decisive if decisive in parts else None if None in parts else not decisive
        if isinstance(condition, sp.Not):
            part = self.truth(condition.args[0])
            return None if part is None else not part
        sign = self.sign(condition.lhs - condition.rhs)
        return None if sign is None else bool(condition.func(sp.Integer(sign), 0))


def vanishes_with(expr: sp.Expr, defining: sp.Expr, root: NamedRoot) -> bool:
    """Whether an expression in the symbol of a root is a multiple of its equation, finite at the root."""
    plain = (expr / defining).rewrite([sp.tanh, sp.sinh, sp.cosh, sp.sech], sp.exp).rewrite(sp.erfc, sp.erf)
    quotient = sp.cancel(sp.together(plain))
    if not quotient.has(root.symbol):
        return bool(quotient.is_finite)
    denominator = sp.fraction(sp.together(quotient))[1]
    at = {root.symbol: root.ball(128)}
    try:
        return ball(quotient, at).is_finite() and not ball(denominator, at).contains(0)
    except NotImplementedError:
        return False


def _abs(at: Expansion, node: sp.Expr, n: int) -> GermJet:
    sign = at._signed(node.args[0], n, arb(0, 1))
    return tuple(g.scaled(sign) for g in at(node.args[0], n))


def _sign(at: Expansion, node: sp.Expr, n: int) -> GermJet:
    return at._constant(at._signed(node.args[0], n, arb(0, 1)), n)


def _heaviside(at: Expansion, node: sp.Expr, n: int) -> GermJet:
    sign = at._signed(node.args[0], n, arb(0, 1))
    return at._constant((sign + ONE) * rational(fmpq(1, 2)), n)


def _extreme(at: Expansion, node: sp.Expr, n: int) -> GermJet:
    """max(f, g) = g + θ(f − g), θ = 1 where f > g and 0 elsewhere; min with the signs changed."""
    first, *rest = node.args
    best, best_jet = first, at(first, n)
    for other in rest:
        sign = at.sign(other - best)
        wins = sign is not None and (sign > 0) == isinstance(node, sp.Max)
        if sign is None:
            best_jet = _mixed(best_jet, at(other, n))
            best = node.func(best, other, evaluate=False)
        elif wins:
            best, best_jet = other, at(other, n)
    return best_jet


def _mixed(f: GermJet, g: GermJet) -> GermJet:
    """f or g at each point, which of them not being known."""
    weight = interval(arb(0).union(arb(1)))
    return tuple(a + (b - a).scaled(weight) for a, b in zip(f, g, strict=True))


def _piecewise(at: Expansion, node: sp.Expr, n: int) -> GermJet:
    possible: list[GermJet] = []
    for branch, condition in node.args:
        holds = at.truth(condition)
        if holds is not False:
            possible.append(at(branch, n))
        if holds is True:
            break
    else:
        raise DomainError("no branch holds")
    result = possible[0]
    for other in possible[1:]:
        result = _mixed(result, other)
    return result


_SWITCHES: dict[type, Callable[[Expansion, sp.Expr, int], GermJet]] = {
    sp.Abs: _abs,
    sp.sign: _sign,
    sp.Heaviside: _heaviside,
    sp.Max: _extreme,
    sp.Min: _extreme,
    sp.Piecewise: _piecewise,
}


def _one_plus(at: Expansion, f: GermJet, sign: int) -> GermJet:
    """1 ± f²."""
    square = at._rational_power(f, fmpq(2))
    one = at._constant(ONE, len(f) - 1)
    return tuple(p + q.scaled(rational(sign)) for p, q in zip(one, square, strict=True))


def _gaussian(at: Expansion, f: GermJet, factor: sp.Expr) -> GermJet:
    minus_square = tuple(g.scaled(MINUS_ONE) for g in _product(f, f))
    return tuple(g.scaled(constant(factor)) for g in at._function(sp.exp, minus_square))


def _square(f: GermJet) -> GermJet:
    return _product(f, f)


_SLOPES: dict[type, Callable[[Expansion, GermJet], GermJet]] = {
    sp.exp: lambda at, f: at._function(sp.exp, f),
    sp.log: lambda at, f: at._rational_power(f, fmpq(-1)),
    sp.sin: lambda at, f: at._function(sp.cos, f),
    sp.cos: lambda at, f: tuple(-g for g in at._function(sp.sin, f)),
    sp.tan: lambda at, f: at._rational_power(_square(at._function(sp.cos, f)), fmpq(-1)),
    sp.sinh: lambda at, f: at._function(sp.cosh, f),
    sp.cosh: lambda at, f: at._function(sp.sinh, f),
    sp.tanh: lambda at, f: _square(at._function(sp.sech, f)),
    sp.sech: lambda at, f: tuple(-g for g in _product(at._function(sp.sech, f), at._function(sp.tanh, f))),
    sp.asinh: lambda at, f: at._rational_power(_one_plus(at, f, 1), fmpq(-1, 2)),
    sp.acosh: lambda at, f: at._rational_power(tuple(-g for g in _one_plus(at, f, -1)), fmpq(-1, 2)),
    sp.atanh: lambda at, f: at._rational_power(_one_plus(at, f, -1), fmpq(-1)),
    sp.asin: lambda at, f: at._rational_power(_one_plus(at, f, -1), fmpq(-1, 2)),
    sp.acos: lambda at, f: tuple(-g for g in at._rational_power(_one_plus(at, f, -1), fmpq(-1, 2))),
    sp.atan: lambda at, f: at._rational_power(_one_plus(at, f, 1), fmpq(-1)),
    sp.erf: lambda at, f: _gaussian(at, f, 2 / sp.sqrt(sp.pi)),
    sp.erfc: lambda at, f: _gaussian(at, f, -2 / sp.sqrt(sp.pi)),
}
"""g′ by g, as jets of one derivative less."""

_MONOTONE: dict[type, Callable[[arb], arb]] = {
    sp.tanh: arb.tanh,
    sp.atan: arb.atan,
    sp.erf: lambda b: b.erf() if b.is_finite() else b.sgn(),  # Arb leaves ±∞ undefined
    sp.erfc: lambda b: b.erfc() if b.is_finite() else 1 - b.sgn(),
    sp.exp: arb.exp,
    sp.sinh: arb.sinh,
    sp.asinh: arb.asinh,
}


def _between_ends(f: Callable[[arb], arb]) -> Callable[[arb], arb]:
    return lambda b: f(b.lower()).union(f(b.upper()))


_EVERYWHERE: dict[type, Callable[[arb], arb]] = {
    sp.sin: arb.sin,
    sp.cos: arb.cos,
    sp.sech: lambda b: arb(0).union(arb(1)),
    sp.cosh: lambda b: arb(1).union(b.abs_upper().cosh()),
    **{kind: _between_ends(f) for kind, f in _MONOTONE.items()},
}
"""Functions defined on the whole line, in balls."""
