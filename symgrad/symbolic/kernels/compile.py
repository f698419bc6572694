"""SymPy expressions of one variable compiled to NumPy kernels with output buffers.

An expression becomes a short program of array operations over a few registers; running it allocates nothing
after the first call of a shape. No source text is made or evaluated. Equal sub-expressions are computed once.
A branch of a Piecewise is computed on the argument clipped to where the branch holds: eˣ on the right of
ELU's kink is never formed.

`compile_expression` takes the expression as it stands; which form keeps its digits is chosen in `accurate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.special
import sympy as sp

from symgrad.symbolic.calculus.textbook import Named, unfold
from symgrad.symbolic.kernels.program import Line, Program, Value, X, allocated, assign, select

__all__ = ["Erfc", "Expm1", "Log1p", "Program", "compile_expression"]


class Expm1(Named):
    """eᵘ − 1, which the operation does not get by subtracting."""

    is_positive = None  # type: ignore[assignment]
    word = "expm1"

    @classmethod
    def definition(cls, u: sp.Expr) -> sp.Expr:
        return sp.exp(u) - 1


class Log1p(Named):
    """log(1 + u), which the operation does not get by adding."""

    is_positive = None  # type: ignore[assignment]
    word = "log1p"

    @classmethod
    def definition(cls, u: sp.Expr) -> sp.Expr:
        return sp.log(1 + u)


class Erfc(Named):
    """erfc that SymPy does not rewrite as 2 − erfc(−u), which would cancel again."""

    word = "erfc"

    @classmethod
    def definition(cls, u: sp.Expr) -> sp.Expr:
        return sp.erfc(u)


_STEPS = 4
"""The highest power that is divided by one factor at a time."""
_UFUNCS: dict[type, Callable[..., Any]] = {
    sp.log: np.log,
    sp.sin: np.sin,
    sp.cos: np.cos,
    sp.tan: np.tan,
    sp.asin: np.arcsin,
    sp.acos: np.arccos,
    sp.atan: np.arctan,
    sp.sinh: np.sinh,
    sp.cosh: np.cosh,
    sp.tanh: np.tanh,
    sp.asinh: np.arcsinh,
    sp.acosh: np.arccosh,
    sp.atanh: np.arctanh,
    sp.erf: scipy.special.erf,
    sp.erfc: scipy.special.erfc,
    Erfc: scipy.special.erfc,
    Expm1: np.expm1,
    Log1p: np.log1p,
    sp.Abs: np.abs,
    sp.sign: np.sign,
    sp.Max: np.maximum,
    sp.Min: np.minimum,
    sp.Add: np.add,
    sp.Mul: np.multiply,
    sp.StrictLessThan: np.less,
    sp.LessThan: np.less_equal,
    sp.StrictGreaterThan: np.greater,
    sp.GreaterThan: np.greater_equal,
    sp.Equality: np.equal,
    sp.Unequality: np.not_equal,
    sp.And: np.logical_and,
    sp.Or: np.logical_or,
    sp.Not: np.logical_not,
}

_LARGER: dict[type, Callable[..., Any]] = {
    sp.StrictGreaterThan: np.maximum,
    sp.GreaterThan: np.maximum,
    sp.StrictLessThan: np.minimum,
    sp.LessThan: np.minimum,
}
"""u where u > v, else v."""


def compile_expression(
    expr: sp.Expr, x: sp.Symbol, values: Mapping[sp.Symbol, sp.Expr] | None = None, stepwise: bool = False
) -> Program:
    """A program for expr in x, its parameters at `values`. `stepwise` divides by a power one factor at a
    time: slower, and p/q² does not overflow where q² does.

    Raises `NotImplementedError` for a function without an array operation, `ValueError` for a symbol without
    a value.
    """
    numbers = dict(values or {})
    unknown = expr.free_symbols - {x} - set(numbers)
    if unknown:
        raise ValueError(f"no value for {', '.join(map(str, unknown))}")
    return _Lines(x, stepwise).program(expr.xreplace(numbers))


class _Lines:
    """A tree as lines, each of which gives one value a name; equal parts share a line."""

    def __init__(self, x: sp.Symbol, stepwise: bool) -> None:
        self.x = x
        self.stepwise = stepwise
        self.lines: list[Line] = []
        self.known: dict[tuple[Any, ...], Value] = {}
        self.source: Value = X
        """What x stands for: the input, or the input clipped."""
        self.exponents: set[sp.Expr] = set()

    def program(self, tree: sp.Expr) -> Program:
        self.exponents = {node.exp for node in tree.atoms(sp.exp)}
        result = self._value(tree)
        if isinstance(result, float) or result == X:
            result = self._line(assign, result)
        return allocated(self.lines, result)

    def _line(self, run: Callable[..., Any], *operands: Value, boolean: bool = False) -> Value:
        # a number is not the line that it numbers: -1.0 == -1, which stands for x
        key = (run, *((type(operand), operand) for operand in operands))
        if key not in self.known:
            self.lines.append(Line(run, operands, boolean))
            self.known[key] = len(self.lines) - 1
        return self.known[key]

    def _value(self, node: sp.Basic) -> Value:
        if node == self.x:
            return self.source
        if isinstance(node, sp.logic.boolalg.BooleanAtom):
            return self._line(assign, float(bool(node)), boolean=True)
        if node.is_number:
            return _float(node)
        key = (self.source, node)
        if key not in self.known:
            self.known[key] = self._new(node)
        return self.known[key]

    def _new(self, node: sp.Basic) -> Value:
        if isinstance(node, sp.Piecewise):
            return self._piecewise(node)
        if isinstance(node, sp.exp):
            return self._exponential(node.exp)
        if isinstance(node, sp.Pow):
            return self._power(*node.args)
        if node.func in _UFUNCS:
            return self._fold(
                _UFUNCS[node.func], node.args, boolean=isinstance(node, sp.logic.boolalg.Boolean)
            )
        if isinstance(node, Named):
            return self._value(unfold(node))
        if isinstance(node, sp.Heaviside):
            return self._value((1 + sp.sign(node.args[0])) / 2)
        raise NotImplementedError(f"no array operation for {node.func.__name__}")

    def _fold(self, run: Callable[..., Any], args: Sequence[sp.Basic], boolean: bool = False) -> Value:
        """f(a), or a ∘ b ∘ c from the left; numbers last, quotients as such."""
        if run is np.multiply:
            return self._product(args)
        if run is np.add and len(args) == 2:
            for minuend, other in (args, args[::-1]):
                if other.is_Mul and other.args[0] == -1:
                    return self._line(np.subtract, self._value(minuend), self._value(-other))
        operands = [self._value(arg) for arg in args]
        if run is np.add:
            operands.sort(key=lambda operand: isinstance(operand, float))
        found = self._line(run, *operands[:2], boolean=boolean)
        for operand in operands[2:]:
            found = self._line(run, found, operand, boolean=boolean)
        return found

    def _product(self, args: Sequence[sp.Basic]) -> Value:
        number = _float(sp.Mul(*(arg for arg in args if arg.is_number)))
        factors = [arg for arg in args if not arg.is_number]
        below = [factor for factor in factors if factor.is_Pow and factor.exp.is_negative]
        above = [self._value(factor) for factor in factors if factor not in below]
        if number != 1 or not above:
            above.append(number)
        found = above[0]
        for value in above[1:]:
            found = self._line(np.multiply, found, value)
        for factor in below:
            base, power = (1 / factor).as_base_exp()
            whole = self.stepwise and power.is_Integer and power <= _STEPS
            for _ in range(int(power) if whole else 1):
                found = self._line(np.divide, found, self._value(base if whole else 1 / factor))
        return found

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> Value:
        if exponent.is_number and exponent.is_negative:
            return self._line(np.divide, 1.0, self._value(base**-exponent))
        below = self._value(base)
        if exponent.is_Integer and int(exponent) <= 64:
            return self._whole(below, int(exponent))
        if exponent.is_Rational and exponent.q == 2:
            root = self._line(np.sqrt, below)
            return root if exponent.p == 1 else self._whole(root, int(exponent.p))
        if exponent.is_Rational and exponent.q == 3 and base.is_nonnegative:
            return self._whole(self._line(np.cbrt, below), int(exponent.p))
        return self._line(np.power, below, self._value(exponent))

    def _exponential(self, exponent: sp.Expr) -> Value:
        """e^{nu} as a power of e^u where that is there too."""
        for n in range(2, 9):
            if exponent / n in self.exponents:
                return self._whole(self._value(sp.exp(exponent / n)), n)
        return self._line(np.exp, self._value(exponent))

    def _whole(self, base: Value, n: int) -> Value:
        """baseⁿ by repeated squaring."""
        if n == 1:
            return base
        half = self._line(np.square, self._whole(base, n // 2))
        return half if n % 2 == 0 else self._line(np.multiply, half, base)

    def _piecewise(self, node: sp.Piecewise) -> Value:
        """The last branch everywhere, then the earlier ones over it where their condition holds."""
        *branches, (last, condition) = node.args
        if condition is not sp.true:
            raise NotImplementedError("a Piecewise without a final branch")
        before = sp.Or(*(condition for _, condition in branches))
        found = self._branch(last, sp.Not(before))
        for branch, condition in reversed(branches):
            found = self._chosen(found, condition, self._branch(branch, condition))
        return found

    def _chosen(self, other: Value, condition: sp.Basic, value: Value) -> Value:
        """value where the condition holds, else other: one pass instead of three where it compares just the
        two, or where they are 1 and 0.
        """
        larger = _LARGER.get(type(condition))
        if larger is not None:
            sides = [self._value(side) for side in condition.args]
            # 0.0 is not the line 0
            if [(type(side), side) for side in sides] == [(type(side), side) for side in (value, other)]:
                return self._line(larger, value, other)
        mask = self._value(condition)
        if isinstance(value, float) and isinstance(other, float) and (value, other) == (1.0, 0.0):
            return self._line(assign, mask)
        return self._line(select, other, mask, value)

    def _branch(self, branch: sp.Expr, condition: sp.Basic) -> Value:
        """The value of a branch, computed on the argument clipped to the interval where its condition can
        hold."""
        if branch.is_polynomial(self.x) or _bounded(branch):
            return self._value(branch)
        source = self.source
        low, high = _hull(condition, self.x)
        if low > -np.inf:
            self.source = self._line(np.maximum, self.source, low)
        if high < np.inf:
            self.source = self._line(np.minimum, self.source, high)
        try:
            return self._value(branch)
        finally:
            self.source = source


def _float(node: sp.Basic) -> float:
    return float(node.evalf(30))


def _bounded(branch: sp.Expr) -> bool:
    """Whether nothing in a branch can overflow or leave its domain: its exponents are like −|x|."""
    risky = (node for node in branch.atoms(sp.Function, sp.Pow) if not isinstance(node, sp.Abs))
    return all(isinstance(node, sp.exp) and node.exp.is_nonpositive for node in risky)


def _hull(condition: sp.Basic, x: sp.Symbol) -> tuple[float, float]:
    """The ends of an interval outside of which a condition fails: (−∞, ∞) where that is not plain to see."""
    if isinstance(condition, sp.And | sp.Or):
        lows, highs = zip(*(_hull(part, x) for part in condition.args), strict=True)
        return (max(lows), min(highs)) if isinstance(condition, sp.And) else (min(lows), max(highs))
    if isinstance(condition, sp.core.relational._Inequality):
        gap = condition.gts - condition.lts
        slope = gap.coeff(x)
        if slope in (1, -1) and (gap - slope * x).is_number:
            end = _float(-slope * (gap - slope * x))
            return (end, np.inf) if slope == 1 else (-np.inf, end)
    return -np.inf, np.inf
