"""Formulas and prose as plain text: for terminals and JSON."""

from __future__ import annotations

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from symgrad.present.conventions import functions_first
from symgrad.symbolic.derivation import Prose
from symgrad.symbolic.language.write import Writer

__all__ = ["plain", "prose_plain", "written"]


class _FunctionsFirst(StrPrinter):
    def _print_Mul(self, expr: sp.Mul) -> str:
        factors = functions_first(expr)
        if factors is None:
            return str(super()._print_Mul(expr))
        return "*".join(self.parenthesize(factor, PRECEDENCE["Mul"]) for factor in factors)


class _WrittenPrinter(_FunctionsFirst, Writer):
    """The text that the parser reads back, factors in the order of the formulas."""


class _PlainPrinter(_FunctionsFirst):
    """SymPy's text, with equations, sets and limits as a person writes them."""

    def _print_Relational(self, expr: sp.core.relational.Relational) -> str:
        sign = {"==": "=", "!=": "!="}.get(expr.rel_op, expr.rel_op)
        return f"{self._print(expr.lhs)} {sign} {self._print(expr.rhs)}"

    def _print_MatrixBase(self, expr: sp.MatrixBase) -> str:
        rows = (", ".join(map(self._print, row)) for row in expr.tolist())
        return f"[{', '.join(f'[{row}]' for row in rows)}]"

    _print_ImmutableDenseMatrix = _print_MutableDenseMatrix = _print_MatrixBase

    def _print_Implies(self, expr: sp.Implies) -> str:
        return f"{self._print(expr.args[0])}  =>  {self._print(expr.args[1])}"

    def _print_Interval(self, expr: sp.Interval) -> str:
        left, right = "(" if expr.left_open else "[", ")" if expr.right_open else "]"
        return f"{left}{self._print(expr.start)}, {self._print(expr.end)}{right}"

    def _print_Union(self, expr: sp.Union) -> str:
        return " u ".join(map(self._print, expr.args))

    def _print_Limit(self, expr: sp.Limit) -> str:
        body, variable, point, _ = expr.args
        return f"lim {self._print(body)} as {self._print(variable)} -> {self._print(point)}"

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        return f"d/d{self._print(expr.variables[0])}[{self._print(expr.expr)}]"

    def _print_Reals(self, expr: sp.Set) -> str:
        return "R"

    def _print_EmptySet(self, expr: sp.Set) -> str:
        return "{}"


def plain(expr: sp.Basic) -> str:
    """One line of text."""
    return " ".join(_PlainPrinter().doprint(expr).split())


def written(expr: sp.Expr) -> str:
    """One line that `symbolic.parse` reads as the same expression."""
    return " ".join(_WrittenPrinter().doprint(expr).split())


def prose_plain(prose: Prose) -> str:
    """Prose with its formulas as text."""
    return "".join(part if isinstance(part, str) else plain(part) for part in prose)
