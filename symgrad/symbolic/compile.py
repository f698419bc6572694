"""SymPy expressions of one variable compiled to NumPy kernels with output buffers.

An expression becomes a short program of array operations over a few registers; running it allocates nothing
after the first call of a shape. No source text is made or evaluated. Before that, forms that lose digits in
floating point are replaced by equal ones that do not (1 − tanh² by 1/cosh², 1 − σ(u) by σ(−u), 1 + erf by
erfc, eᵘ − 1 by expm1 …).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special
import sympy as sp

from symgrad.symbolic.textbook import Sigma, Softplus, textbook

__all__ = ["Program", "compile_expression", "stable"]

Register = tuple[int, bool]
"""The number of a scratch array and whether it holds truth values; two are special:"""
INPUT: Register = (0, False)
OUTPUT: Register = (-1, False)


class _Expm1(sp.Function):
    nargs = 1


class _Erfc(sp.Function):
    """erfc that SymPy does not rewrite as 2 − erfc(−u), which would cancel again."""

    nargs = 1


def _stable_rules() -> tuple[tuple[sp.Expr, sp.Expr], ...]:
    u = sp.Wild("u")
    return (
        (1 - sp.tanh(u) ** 2, sp.cosh(u) ** -2),
        (1 - Sigma(u), Sigma(-u)),
        (1 + sp.erf(u), _Erfc(-u)),
        (1 - sp.erf(u), _Erfc(u)),
        (sp.exp(u) - 1, _Expm1(u)),
        (1 - sp.exp(u), -_Expm1(u)),
    )


_STABLE = _stable_rules()


def stable(expr: sp.Expr) -> sp.Expr:
    """An equal expression that keeps its digits where the textbook form would cancel."""
    expr = expr.replace(lambda node: node.is_Add, _complement)
    for before, after in _STABLE:
        expr = expr.replace(before, after)
    return expr


def _complement(total: sp.Add) -> sp.Expr:
    """c + c·erf(u) + … as c·erfc(−u) + …: the two cancel where u is very negative."""
    constant, rest = total.as_coeff_Add()
    for term in rest.args if rest.is_Add else (rest,):
        coefficient, function = term.as_coeff_Mul()
        if isinstance(function, sp.erf) and coefficient == constant != 0:
            return rest - term + constant * _Erfc(-function.args[0])
    return total


_UFUNCS: dict[type, Callable[..., Any]] = {
    sp.exp: np.exp,
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
    _Erfc: scipy.special.erfc,
    sp.Abs: np.abs,
    sp.sign: np.sign,
    sp.Max: np.maximum,
    sp.Min: np.minimum,
    sp.Add: np.add,
    sp.Mul: np.multiply,
    Sigma: scipy.special.expit,
    _Expm1: np.expm1,
    sp.StrictLessThan: np.less,
    sp.LessThan: np.less_equal,
    sp.StrictGreaterThan: np.greater,
    sp.GreaterThan: np.greater_equal,
    sp.And: np.logical_and,
    sp.Or: np.logical_or,
    sp.Not: np.logical_not,
}


@dataclass(frozen=True)
class _Operation:
    """out = run(*operands); an operand is a register or a number."""

    run: Callable[..., Any]
    operands: tuple[Register | float, ...]
    out: Register


@dataclass(frozen=True)
class Program:
    """Array operations over registers; the scratch arrays are kept between calls of one shape, for each
    thread its own.
    """

    operations: tuple[_Operation, ...]
    _local: threading.local

    def __call__(self, a: np.ndarray, out: np.ndarray) -> None:
        """Writes the expression at `a` into `out` (same shape and dtype, not the same memory)."""
        registers = self._registers(a)
        registers[INPUT], registers[OUTPUT] = a, out
        with np.errstate(all="ignore"):
            for operation in self.operations:
                values = [o if isinstance(o, float) else registers[o] for o in operation.operands]
                operation.run(*values, out=registers[operation.out])

    def _registers(self, a: np.ndarray) -> dict[Register, np.ndarray]:
        key = (a.shape, a.dtype)
        if getattr(self._local, "key", None) != key:
            used = {operation.out for operation in self.operations} - {OUTPUT}
            self._local.registers = {r: np.empty(a.shape, bool if r[1] else a.dtype) for r in used}
            self._local.key = key
        return self._local.registers


def compile_expression(
    expr: sp.Expr, x: sp.Symbol, values: Mapping[sp.Symbol, sp.Expr] | None = None
) -> Program:
    """A program for expr in x, its parameters at `values`.

    Raises `NotImplementedError` for a function without an array operation, `ValueError` for a symbol without
    a value.
    """
    numbers = {symbol: value.evalf(30) for symbol, value in (values or {}).items()}
    unknown = expr.free_symbols - {x} - set(numbers)
    if unknown:
        raise ValueError(f"no value for {', '.join(map(str, unknown))}")
    compiler = _Compiler(x)
    compiler.emit(stable(textbook(expr)).xreplace(numbers), OUTPUT)
    return Program(tuple(compiler.operations), threading.local())


class _Compiler:
    """Turns a tree into operations; a scratch register is handed back once its value has been used."""

    def __init__(self, x: sp.Symbol) -> None:
        self.x = x
        self.operations: list[_Operation] = []
        self.registers = 0
        self.free: dict[bool, list[Register]] = {False: [], True: []}

    def emit(self, node: sp.Basic, out: Register) -> None:
        """Operations that leave the value of `node` in register `out`."""
        if node.is_number or node == self.x:
            self._run(_assign, [self._operand(node)], out)
        elif isinstance(node, sp.Piecewise):
            self._piecewise(node, out)
        elif isinstance(node, sp.Pow):
            self._power(node, out)
        elif isinstance(node, Softplus):
            self._run(np.logaddexp, [0.0, self._operand(node.args[0])], out)
        elif node.func in _UFUNCS:
            self._fold(_UFUNCS[node.func], node.args, out)
        else:
            raise NotImplementedError(f"no array operation for {node.func.__name__}")

    def _operand(self, node: sp.Basic) -> Register | float:
        """A number, the input, or a scratch register that now holds the value of `node`."""
        if node == self.x:
            return INPUT
        if node.is_number:
            return float(node)
        boolean = isinstance(node, sp.logic.boolalg.Boolean)
        if self.free[boolean]:
            register = self.free[boolean].pop()
        else:
            self.registers += 1
            register = (self.registers, boolean)
        self.emit(node, register)
        return register

    def _run(self, run: Callable[..., Any], operands: Sequence[Register | float], out: Register) -> None:
        self.operations.append(_Operation(run, tuple(operands), out))
        for operand in operands:
            if not isinstance(operand, float) and operand not in (INPUT, OUTPUT, out):
                self.free[operand[1]].append(operand)

    def _fold(self, run: Callable[..., Any], args: Sequence[sp.Basic], out: Register) -> None:
        """f(a), or a ∘ b ∘ c from the left; numbers last, so that the first operation already works on
        arrays.
        """
        if run in (np.add, np.multiply):
            args = sorted(args, key=lambda arg: bool(arg.is_number))
        operands = [self._operand(arg) for arg in args]
        self._run(run, operands[:2], out)
        for operand in operands[2:]:
            self._run(run, [out, operand], out)

    def _power(self, node: sp.Pow, out: Register) -> None:
        base, exponent = node.args
        if base is sp.E:
            self._run(np.exp, [self._operand(exponent)], out)
        elif exponent.is_negative and exponent.is_number:
            self.emit(base**-exponent, out)
            self._run(np.reciprocal, [out], out)
        elif exponent == 2:
            self._run(np.square, [self._operand(base)], out)
        elif exponent == sp.Rational(1, 2):
            self._run(np.sqrt, [self._operand(base)], out)
        else:
            self._run(np.power, [self._operand(base), self._operand(exponent)], out)

    def _piecewise(self, node: sp.Piecewise, out: Register) -> None:
        """The last branch everywhere, then the earlier ones over it where their condition holds."""
        *branches, (last, condition) = node.args
        if condition is not sp.true:
            raise NotImplementedError("a Piecewise without a final branch")
        self._run(_assign, [self._operand(last)], out)
        for branch, condition in reversed(branches):
            self._run(_overwrite, [self._operand(condition), self._operand(branch)], out)


def _assign(value: Any, out: np.ndarray) -> None:
    np.copyto(out, value)


def _overwrite(mask: np.ndarray, value: Any, out: np.ndarray) -> None:
    np.copyto(out, value, where=mask)
