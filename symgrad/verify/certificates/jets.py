"""Taylor coefficients of an expression in ball arithmetic: the checker's own walk, apart from the prover's.

The jet of f over a ball X is the list (f, f′, f″/2!, …, f⁽ⁿ⁾/n!), each a ball that contains the coefficient
at every point of X. A function is carried through its differential equation (tanh′ = sech², …), so that no
derivative is ever formed as an expression.
"""

from __future__ import annotations

from collections.abc import Callable

import flint
import sympy as sp
from flint import arb

__all__ = ["Jet", "SwitchSign", "UndecidedError", "holds", "jet", "sign_over"]

Jet = list[arb]
SwitchSign = Callable[[sp.Expr, Jet], int]
"""The proved sign −1, 0 or 1 of a switch (the argument of |·|, a condition) given its jet."""


class UndecidedError(ArithmeticError):
    """The ball is too wide to decide which branch holds (then `switch` tells which is open), or the value
    leaves the reals on it.
    """

    def __init__(self, why: str, switch: sp.Expr | None = None) -> None:
        super().__init__(why)
        self.switch = switch


_SWITCH_LENGTH = 5
"""Coefficients that every jet has at least, so that a switch shows how it leaves a zero."""


def jet(expr: sp.Expr, x: sp.Symbol, over: arb, order: int, sign: SwitchSign | None = None) -> Jet:
    """Coefficients 0…order of `expr` at every point of the ball `over`, at the current precision.

    `sign` is asked about a switch that the balls leave open. Raises `UndecidedError` when it stays open or a
    coefficient is not finite, `NotImplementedError` for a construct without a rule.
    """
    found = _Walk(x, over, max(order + 1, _SWITCH_LENGTH), sign)(expr)[: order + 1]
    if not all(coefficient.is_finite() for coefficient in found):
        raise UndecidedError("a value is not finite")
    return found


def sign_over(switch: sp.Expr, x: sp.Symbol, over: arb, sign: SwitchSign | None = None) -> int:
    """The sign of an expression on a ball, `sign` asked where the ball alone leaves it open."""
    return _Walk(x, over, _SWITCH_LENGTH, sign).side(switch)


class _Walk:
    """One pass over the tree of an expression; sub-expressions that occur twice are evaluated once."""

    def __init__(self, x: sp.Symbol, over: arb, length: int, sign: SwitchSign | None) -> None:
        self.x, self.length, self.sign = x, length, sign
        self.known: dict[sp.Basic, Jet] = {x: self.pad([over, arb(1)])}

    def pad(self, coefficients: Jet) -> Jet:
        return (coefficients + [arb(0)] * self.length)[: self.length]

    def __call__(self, expr: sp.Basic) -> Jet:
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self.rule(expr)
        return found

    def rule(self, expr: sp.Basic) -> Jet:
        if expr in _CONSTANTS:
            return self.pad([_CONSTANTS[expr]()])
        if isinstance(expr, sp.Rational):
            return self.pad([arb(flint.fmpq(int(expr.p), int(expr.q)))])
        if isinstance(expr, sp.Add):
            return [sum(column, arb(0)) for column in zip(*map(self, expr.args), strict=True)]
        if isinstance(expr, sp.Mul):
            return _fold(_product, [self(arg) for arg in expr.args])
        if isinstance(expr, sp.exp):
            return _exp(self(expr.args[0]))
        if isinstance(expr, sp.Pow):
            return self.power(*expr.args)
        if isinstance(expr, sp.Piecewise):
            return self.piecewise(expr)
        if isinstance(expr, sp.Max | sp.Min):
            return self.extreme(expr)
        if isinstance(expr, sp.Abs | sp.sign | sp.Heaviside):
            side = self.side(expr.args[0])
            if isinstance(expr, sp.Abs):
                return [side * coefficient for coefficient in self(expr.args[0])]
            value = side if isinstance(expr, sp.sign) else (1 + arb(side)) / 2
            return self.pad([arb(value)])
        if isinstance(expr, sp.log):
            return self.logarithm(expr.args[0])
        through = _FUNCTIONS.get(expr.func)
        if through is None:
            raise NotImplementedError(f"no jet of {expr.func.__name__}")
        return through(self(expr.args[0]))

    def side(self, switch: sp.Expr) -> int:
        """The sign of a switch on the whole ball."""
        coefficients = self(switch)
        value = coefficients[0]
        if value > 0 or value < 0:
            return 1 if value > 0 else -1
        if value == 0 and not self.known[self.x][0].is_exact():
            return 0  # the switch vanishes on the whole of a ball that is more than a point
        if self.sign is None:
            raise UndecidedError(f"the sign of {switch} is open", switch)
        return self.sign(switch, coefficients)

    def power(self, base: sp.Expr, exponent: sp.Expr) -> Jet:
        if isinstance(exponent, sp.Integer):
            n = int(exponent)
            rise = _exponential_summand(base)
            if n < 0 and rise is not None:  # 1/(1 + eᵘ) = σ(−u), with no difference of large numbers
                return _integer_power(_logistic([-c for c in self(rise)]), -n)
            return _integer_power(self(base), n) if n >= 0 else _inverse(_integer_power(self(base), -n))
        if base is sp.E:
            return _exp(self(exponent))
        inside = self(base)
        if not exponent.has(self.x):
            return _real_power(inside, self(exponent)[0])
        return _exp(_product(self(exponent), _log(inside)))

    def logarithm(self, inside: sp.Expr) -> Jet:
        """log of a product of positive factors as a sum, log(1 + eᵘ) by its slope σ(u)."""
        rise = _exponential_summand(inside)
        if rise is not None:
            u = self(rise)
            return _integrated(u[0].exp().log1p(), _logistic(u), u)
        if isinstance(inside, sp.Mul) and all(self(factor)[0] > 0 for factor in inside.args):
            parts = [self.logarithm(factor) for factor in inside.args]
            return [sum(column, arb(0)) for column in zip(*parts, strict=True)]
        if isinstance(inside, sp.Pow) and isinstance(inside.exp, sp.Integer) and self(inside.base)[0] > 0:
            return [int(inside.exp) * c for c in self.logarithm(inside.base)]
        return _log(self(inside))

    def extreme(self, expr: sp.Expr) -> Jet:
        largest = isinstance(expr, sp.Max)
        best = expr.args[0]
        for other in expr.args[1:]:
            if (self.side(other - best) > 0) == largest:
                best = other
        return self(best)

    def piecewise(self, expr: sp.Piecewise) -> Jet:
        for branch, condition in expr.args:
            if holds(condition, self.side):
                return self(branch)
        raise UndecidedError("no branch holds")


_CONSTANTS: dict[sp.Basic, Callable[[], arb]] = {sp.pi: arb.pi, sp.E: arb.const_e}
_RELATIONS: dict[type, Callable[[int], bool]] = {
    sp.StrictLessThan: lambda side: side < 0,
    sp.LessThan: lambda side: side <= 0,
    sp.StrictGreaterThan: lambda side: side > 0,
    sp.GreaterThan: lambda side: side >= 0,
    sp.Equality: lambda side: side == 0,
    sp.Unequality: lambda side: side != 0,
}


def holds(condition: sp.Basic, side: Callable[[sp.Expr], int]) -> bool:
    """Whether a condition holds, given the sign of each difference of its two sides."""
    if condition in (sp.true, sp.false):
        return condition is sp.true
    if isinstance(condition, sp.And):
        return all(holds(arg, side) for arg in condition.args)
    if isinstance(condition, sp.Or):
        return any(holds(arg, side) for arg in condition.args)
    if isinstance(condition, sp.Not):
        return not holds(condition.args[0], side)
    return _RELATIONS[condition.func](side(condition.lhs - condition.rhs))


def _fold(operation: Callable[[Jet, Jet], Jet], jets: list[Jet]) -> Jet:
    result = jets[0]
    for other in jets[1:]:
        result = operation(result, other)
    return result


def _one(length: int) -> Jet:
    return [arb(1)] + [arb(0)] * (length - 1)


def _product(f: Jet, g: Jet) -> Jet:
    return [sum((f[j] * g[k - j] for j in range(k + 1)), arb(0)) for k in range(len(f))]


def _convolved(u: Jet, slope: Jet, k: int) -> arb:
    """Coefficient k of ∫ slope·u′, from the coefficients below k of `slope`."""
    return sum((j * u[j] * slope[k - j] for j in range(1, k + 1)), arb(0)) / k


def _integrated(first: arb, slope: Jet, u: Jet) -> Jet:
    """w with w(u₀) = `first` and w′ = slope·u′."""
    return [first] + [_convolved(u, slope, k) for k in range(1, len(u))]


def _integer_power(f: Jet, n: int) -> Jet:
    """fⁿ for n ≥ 0, tight at the value also for a ball around 0."""
    if n == 0:
        return _one(len(f))
    half = _integer_power(f, n // 2)
    result = _product(half, half)
    if n % 2:
        result = _product(result, f)
    value = f[0]
    if value.contains(arb(0)):
        ends = [arb(0), value.lower() ** n, value.upper() ** n]
        tight = ends[0].union(ends[1]).union(ends[2])
    else:
        tight = value**n
    return [tight, *result[1:]]


def _inverse(f: Jet) -> Jet:
    if f[0].contains(arb(0)):
        raise UndecidedError("a denominator may vanish")
    result = [1 / f[0]]
    for k in range(1, len(f)):
        result.append(-sum((f[j] * result[k - j] for j in range(1, k + 1)), arb(0)) / f[0])
    return result


def _real_power(f: Jet, r: arb) -> Jet:
    """f^r of a positive f, from w′ f = r w f′."""
    if not f[0] > 0:
        raise UndecidedError("the base of a power may not be positive")
    result = [f[0] ** r]
    for k in range(1, len(f)):
        total = sum(((r * j - (k - j)) * f[j] * result[k - j] for j in range(1, k + 1)), arb(0))
        result.append(total / (k * f[0]))
    return result


def _exp(u: Jet) -> Jet:
    result = [u[0].exp()]
    for k in range(1, len(u)):
        result.append(_convolved(u, result, k))
    return result


def _log(u: Jet) -> Jet:
    if not u[0] > 0:
        raise UndecidedError("the argument of a logarithm may not be positive")
    return _integrated(u[0].log(), _inverse(u), u)


def _pair(first: tuple[arb, arb], sign: int, u: Jet) -> tuple[Jet, Jet]:
    """s and c with s′ = c·u′ and c′ = sign·s·u′."""
    s, c = [first[0]], [first[1]]
    for k in range(1, len(u)):
        following = _convolved(u, c, k), sign * _convolved(u, s, k)
        s.append(following[0])
        c.append(following[1])
    return s, c


def _exponential_summand(expr: sp.Expr) -> sp.Expr | None:
    """u where the expression is 1 + eᵘ."""
    if not (isinstance(expr, sp.Add) and len(expr.args) == 2 and expr.args[0] == 1):
        return None
    other = expr.args[1]
    return other.args[0] if isinstance(other, sp.exp) else None


def _logistic(u: Jet) -> Jet:
    """s with s′ = s·r·u′ and r = σ(−u), r′ = −s·r·u′."""
    s, r = [1 / (1 + (-u[0]).exp())], [1 / (1 + u[0].exp())]
    for k in range(1, len(u)):
        both = _product([*s, arb(0)], [*r, arb(0)])
        step = _convolved(u, both, k)
        s.append(step)
        r.append(-step)
    return s


def _tangent(value: arb, slope: arb, sign: int, u: Jet) -> Jet:
    """t with t′ = s·u′ and s′ = 2·sign·t·s·u′: tan (sign 1) or tanh (sign −1), no 1 − tanh² formed."""
    t, s = [value], [slope]
    for k in range(1, len(u)):
        both = _product([*t, arb(0)], [*s, arb(0)])
        following = _convolved(u, s, k), 2 * sign * _convolved(u, both, k)
        t.append(following[0])
        s.append(following[1])
    return t


def _one_plus_square(u: Jet) -> Jet:
    square = _integer_power(u, 2)
    return [1 + square[0], *square[1:]]


def _erf(u: Jet) -> Jet:
    bell = _exp([-c for c in _integer_power(u, 2)])
    return _integrated(u[0].erf(), [2 * c / arb.pi().sqrt() for c in bell], u)


def _erfc(u: Jet) -> Jet:
    return [u[0].erfc(), *(-c for c in _erf(u)[1:])]


_FUNCTIONS: dict[type, Callable[[Jet], Jet]] = {
    sp.sin: lambda u: _pair((u[0].sin(), u[0].cos()), -1, u)[0],
    sp.cos: lambda u: _pair((u[0].sin(), u[0].cos()), -1, u)[1],
    sp.tan: lambda u: _tangent(u[0].tan(), u[0].sec() ** 2, 1, u),
    sp.sinh: lambda u: _pair((u[0].sinh(), u[0].cosh()), 1, u)[0],
    sp.cosh: lambda u: _pair((u[0].sinh(), u[0].cosh()), 1, u)[1],
    sp.tanh: lambda u: _tangent(u[0].tanh(), u[0].sech() ** 2, -1, u),
    sp.asinh: lambda u: _integrated(u[0].asinh(), _real_power(_one_plus_square(u), arb(-0.5)), u),
    sp.atan: lambda u: _integrated(u[0].atan(), _inverse(_one_plus_square(u)), u),
    sp.erf: _erf,
    sp.erfc: _erfc,
}
