"""Taylor coefficients to high order, by Arb's power series: what a kernel is audited against and mended with.

`jets` is tighter on wide balls and slower; here balls are points or narrow cells. Switches (|·|, max, a
condition) are decided on the ball; a ball across one raises.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import flint
import sympy as sp
from flint import arb, arb_series

from symgrad.symbolic.balls import ball
from symgrad.symbolic.calculus.textbook import unfold
from symgrad.symbolic.ranges.jets import jet

__all__ = ["Expansion", "UndecidedError"]


SPARE = 4
"""Terms that may be lost where 0/0 is divided out: tanh(x)/x at 0."""


SWITCHES = (sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min, sp.Piecewise)


class UndecidedError(ArithmeticError):
    """A switch of the function lies inside the ball."""


def _tanh(u: arb_series) -> arb_series:
    if u[0] < 0:
        return -_tanh(-u)
    decay = (-2 * u).exp()
    return (1 - decay) / (1 + decay)


def _asinh(u: arb_series) -> arb_series:
    return -_asinh(-u) if u[0] < 0 else (u + (u * u + 1).sqrt()).log()


def _half(sign: int) -> Callable[[arb_series], arb_series]:
    """cosh and sinh."""

    def of(u: arb_series) -> arb_series:
        up = u.exp()
        return (up + sign / up) / 2

    return of


_SERIES: dict[type, Callable[[arb_series], arb_series]] = {
    sp.exp: arb_series.exp,
    sp.log: arb_series.log,
    sp.sin: arb_series.sin,
    sp.cos: arb_series.cos,
    sp.tan: arb_series.tan,
    sp.asin: arb_series.asin,
    sp.acos: arb_series.acos,
    sp.atan: arb_series.atan,
    sp.cosh: _half(1),
    sp.sinh: _half(-1),
    sp.tanh: _tanh,
    sp.asinh: _asinh,
    sp.acosh: lambda u: (u + (u * u - 1).sqrt()).log(),
    sp.atanh: lambda u: ((1 + u) / (1 - u)).log() / 2,
    sp.erf: arb_series.erf,
    sp.erfc: arb_series.erfc,
    sp.LambertW: arb_series.lambertw,
    sp.gamma: arb_series.gamma,
}


class Expansion:
    """A function of one variable, ready to be expanded anywhere."""

    def __init__(self, function: sp.Expr, x: sp.Symbol) -> None:
        self._function, self._x = unfold(function), x
        self._memo: dict[sp.Basic, arb_series] = {}
        self._terms = 1

    def __call__(self, where: arb, terms: int) -> list[arb]:
        """f^(j)/j! for j < terms over the ball `where`, at the current precision; indeterminate where f is
        not smooth.

        Raises `UndecidedError` for a ball across a switch, `NotImplementedError` for a function without a
        series.
        """
        before, flint.ctx.cap = flint.ctx.cap, terms + SPARE
        try:
            self._terms = terms + SPARE
            self._memo = {self._x: arb_series([where, 1], self._terms)}
            found = self._of(self._function)
            return [found[k] if k < found.prec else arb.nan() for k in range(terms)]
        except (ValueError, ZeroDivisionError):  # the ball touches a pole, or looks so at this precision
            return [arb.nan()] * terms
        finally:
            flint.ctx.cap = before

    def wide(self, where: arb, terms: int) -> list[arb]:
        """The same by `jets`, which stay tight on wide balls; indeterminate for a function with a switch."""
        if self._function.has(*SWITCHES):
            return [arb.nan()] * terms
        return jet(self._function, self._x).coefficients(where, terms - 1)

    def _of(self, node: sp.Basic) -> arb_series:
        known = self._memo.get(node)
        if known is None:
            known = self._memo[node] = self._new(node)
        return known

    def _new(self, node: sp.Basic) -> arb_series:
        if node.is_number:
            return self._constant(ball(node))
        if isinstance(node, sp.Add):
            return self._fold(lambda p, q: p + q, node)
        if isinstance(node, sp.Mul):
            return self._quotient(node)
        if isinstance(node, sp.Pow):
            return self._power(*node.args)
        if isinstance(node, sp.Abs):
            inner = self._of(node.args[0])
            return inner * self._sign(inner)
        if isinstance(node, sp.sign):
            return self._constant(arb(self._sign(self._of(node.args[0]))))
        if isinstance(node, sp.Heaviside):
            return self._constant(arb((1 + self._sign(self._of(node.args[0]))) // 2))
        if isinstance(node, sp.Max | sp.Min):
            wins = 1 if isinstance(node, sp.Max) else -1
            return self._fold(lambda p, q: p if self._sign(p - q) == wins else q, node)
        if isinstance(node, sp.Piecewise):
            branch = next(branch for branch, condition in node.args if self._holds(condition))
            return self._of(branch)
        if node.func not in _SERIES:
            raise NotImplementedError(f"no series for {node.func.__name__}")
        return _SERIES[node.func](self._of(node.args[0]))

    def _quotient(self, node: sp.Mul) -> arb_series:
        """Divided at the end, so that 0/0 has a series."""
        below = [factor for factor in node.args if factor.is_Pow and factor.exp.is_negative]
        if not below or node.is_number:
            return self._fold(lambda p, q: p * q, node)
        above = [self._of(factor) for factor in node.args if factor not in below]
        under = [self._of(1 / factor) for factor in below]
        return prod(above, start=self._constant(arb(1))) / prod(under, start=self._constant(arb(1)))

    def _fold(self, operation: Callable[[arb_series, arb_series], arb_series], node: sp.Basic) -> arb_series:
        first, *rest = map(self._of, node.args)
        for term in rest:
            first = operation(first, term)
        return first

    def _constant(self, value: arb) -> arb_series:
        return arb_series([value], self._terms)

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> arb_series:
        if base is sp.E:
            return self._of(exponent).exp()
        below = self._of(base)
        if exponent.is_Integer:
            power = below ** abs(int(exponent))
        elif exponent.is_Rational and exponent.q == 2:
            power = below.sqrt() ** abs(int(exponent.p))
        else:
            return (below.log() * self._of(exponent)).exp()
        return power if exponent.is_positive else 1 / power

    def _sign(self, series: arb_series) -> int:
        """The sign on the ball; 1 for what vanishes with all its derivatives."""
        if series[0] > 0 or series[0] < 0:
            return 1 if series[0] > 0 else -1
        if all(series[k] == 0 for k in range(self._terms)):
            return 1
        raise UndecidedError

    def _holds(self, condition: sp.Basic) -> bool:
        if condition in (sp.true, sp.false):
            return condition is sp.true
        if isinstance(condition, sp.And):
            return all(map(self._holds, condition.args))
        if isinstance(condition, sp.Or):
            return any(map(self._holds, condition.args))
        if isinstance(condition, sp.Not):
            return not self._holds(condition.args[0])
        gap = self._of(condition.lhs)[0] - self._of(condition.rhs)[0]
        if not (gap > 0 or gap < 0 or gap == 0):
            raise UndecidedError
        sign = 1 if gap > 0 else -1 if gap < 0 else 0
        return sign in _SIGNS[condition.func]


_SIGNS: dict[type, tuple[int, ...]] = {
    sp.StrictLessThan: (-1,),
    sp.LessThan: (-1, 0),
    sp.StrictGreaterThan: (1,),
    sp.GreaterThan: (1, 0),
    sp.Equality: (0,),
    sp.Unequality: (-1, 1),
}
