"""Formulas as Typst mathematics. Every construct has a rule or is an error; nothing is passed on as it is."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.conventions import requires_partial
from sympy.printing.precedence import PRECEDENCE

from symgrad.present.conventions import between
from symgrad.present.typst_arithmetic import Arithmetic
from symgrad.present.typst_words import RELATIONS

__all__ = ["TypstPrinter", "typst"]


def typst(expr: sp.Basic) -> str:
    """The formula, without dollars. Raises `UnprintableError` for an object that has no rule."""
    return str(TypstPrinter().doprint(expr))


class TypstPrinter(Arithmetic):
    """SymPy objects to Typst: what stands above arithmetic is calculus, statements, sets and matrices."""

    # calculus

    def _print_Sum(self, expr: sp.Sum | sp.Product, sign: str = "sum") -> str:
        signs = ""
        for counter, *ends in reversed(expr.limits):
            below, above = f"{self._print(counter)} = {self._print(ends[0])}", self._print(ends[-1])
            signs += f"{sign}_({below})^({above}) " if ends else f"{sign}_({self._print(counter)}) "
        return signs + self.parenthesize(expr.function, PRECEDENCE["Mul"])

    def _print_Product(self, expr: sp.Product) -> str:
        return self._print_Sum(expr, "product")

    def _print_Integral(self, expr: sp.Integral) -> str:
        signs, ends = "", ""
        for variable, *limits in expr.limits:
            bounds = f"_({self._print(limits[0])})^({self._print(limits[1])})" if len(limits) == 2 else ""
            signs, ends = f"integral{bounds} " + signs, ends + f" thin d {self._print(variable)}"
        return signs + self.parenthesize(expr.function, PRECEDENCE["Mul"]) + ends

    def _print_Limit(self, expr: sp.Limit) -> str:
        body, variable, point, direction = expr.args
        side = "" if point.is_infinite or str(direction) == "+-" else f"^({direction})"
        target = (
            f"({self._print(point)}){side}" if side and not point.is_Atom else f"{self._print(point)}{side}"
        )
        inner = self.parenthesize(body, PRECEDENCE["Mul"], strict=False)
        return f"lim_({self._print(variable)} -> {target}) {inner}"

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        sign = "partial" if requires_partial(expr.expr) else "d"
        order = sum(count for _, count in expr.variable_count)
        below = " ".join(
            f"{sign} {self._print(variable)}" + ("" if count == 1 else f"^({self._print(count)})")
            for variable, count in reversed(expr.variable_count)
        )
        above = sign if order == 1 else f"{sign}^({self._print(order)})"
        body = self._print(expr.expr)
        bare = expr.expr.is_Atom or expr.expr.is_Function or isinstance(expr.expr, sp.Indexed)
        return f"frac({above}, {below}) " + (str(body) if bare else f"[{body}]")

    # statements

    def _print_Relational(self, expr: Any) -> str:
        return f"{self._print(expr.lhs)} {RELATIONS[expr.rel_op]} {self._print(expr.rhs)}"

    def _joined(self, args: Any, sign: str) -> str:
        return f" {sign} ".join(self._side(arg) for arg in args)

    def _side(self, expr: sp.Basic) -> str:
        text = self._print(expr)
        return text if isinstance(expr, sp.core.relational.Relational) or expr.is_Atom else f"({text})"

    def _print_And(self, expr: sp.And) -> str:
        if (found := between(expr)) is not None:
            low, left, middle, right, high = found
            signs = ("<" if strict else "<=" for strict in (left, right))
            return f"{self._print(low)} {next(signs)} {self._print(middle)} {next(signs)} {self._print(high)}"
        return self._joined(sorted(expr.args, key=sp.default_sort_key), "and")

    def _print_Or(self, expr: sp.Or) -> str:
        return self._joined(sorted(expr.args, key=sp.default_sort_key), "or")

    def _print_Not(self, expr: sp.Not) -> str:
        return f"not ({self._print(expr.args[0])})"

    def _print_Implies(self, expr: sp.Implies) -> str:
        return self._joined(expr.args, "=>")

    def _print_Equivalent(self, expr: sp.Equivalent) -> str:
        return self._joined(sorted(expr.args, key=sp.default_sort_key), "<=>")

    # sets and tuples

    def _print_Interval(self, expr: sp.Interval) -> str:
        left, right = "(" if expr.left_open else "[", ")" if expr.right_open else "]"
        return f"lr(\\{left} {self._list((expr.start, expr.end))} \\{right})"

    def _print_FiniteSet(self, expr: sp.FiniteSet) -> str:
        return f"{{ {self._list(sorted(expr.args, key=sp.default_sort_key))} }}"

    def _print_Union(self, expr: sp.Union) -> str:
        return " union ".join(map(self._print, expr.args))

    def _print_Intersection(self, expr: sp.Intersection) -> str:
        return " sect ".join(
            f"({self._print(arg)})" if arg.is_Union else (self._print(arg)) for arg in expr.args
        )

    def _print_Complement(self, expr: sp.Complement) -> str:
        return " without ".join(
            f"({self._print(arg)})" if arg.is_Union else (self._print(arg)) for arg in expr.args
        )

    def _print_Contains(self, expr: sp.Contains) -> str:
        return f"{self._print(expr.args[0])} in {self._print(expr.args[1])}"

    def _print_ConditionSet(self, expr: sp.ConditionSet) -> str:
        variable, condition, base = expr.args
        return f"{{ {self._print(variable)} in {self._print(base)} : {self._print(condition)} }}"

    def _print_Tuple(self, expr: sp.Tuple) -> str:
        return f"({self._list(expr)})"

    # matrices

    def _print_MatrixBase(self, expr: sp.MatrixBase) -> str:
        rows = "; ".join(
            ", ".join((self._print(expr[i, j])) for j in range(expr.cols)) for i in range(expr.rows)
        )
        return f'mat(delim: "[", {rows})'

    def _print_MatMul(self, expr: sp.MatMul) -> str:
        return self._product(expr.args)

    def _print_MatAdd(self, expr: sp.MatAdd) -> str:
        return " + ".join(self.part(term, "term") for term in expr.args)

    def _print_MatPow(self, expr: sp.MatPow) -> str:
        return f"{self._base(expr.base)}^({self._print(expr.exp)})"

    def _print_Transpose(self, expr: sp.Transpose) -> str:
        return f"{self._base(expr.arg)}^top"

    def _print_Inverse(self, expr: sp.Inverse) -> str:
        return f"{self._base(expr.arg)}^(-1)"

    def _print_Identity(self, expr: sp.Identity) -> str:
        return "I"

    def _print_Determinant(self, expr: sp.Determinant) -> str:
        return f"abs({self._print(expr.arg)})"
