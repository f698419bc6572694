r"""Formulas as LaTeX that KaTeX and pdflatex both set: amsmath and amssymb, no macros of our own, no bare
`|`.
"""

from __future__ import annotations

import re
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.conventions import requires_partial
from sympy.printing.latex import LatexPrinter as SymPyLatexPrinter
from sympy.printing.latex import accepted_latex_functions
from sympy.printing.precedence import PRECEDENCE

from symgrad.present.conventions import Conventions, between, functions_first, signed_sum
from symgrad.present.names import GREEK, UnprintableError, read_name
from symgrad.symbolic.notation import Juxtaposed, Transposed

__all__ = ["LatexPrinter", "is_tight", "latex"]

_DEPTH = {"{": 1, "}": -1, "\\left": 1, "\\right": -1}
SIGNS = {"+", "-", "+-"}
"""Directions of limits, which SymPy keeps as symbols."""
_LONG_INDEX = 3
"""Indices of this many letters are words and stand upright: w_max, but W_ij."""


def latex(expr: sp.Basic) -> str:
    r"""The formula, without dollars: \log, e^{x}, brackets round what is differentiated, cases for Piecewise.

    Raises `UnprintableError` for an object that has no rule.
    """
    return LatexPrinter().doprint(expr)


def is_tight(text: str) -> bool:
    r"""Whether an exponent can be put on this LaTeX as it is: no space, power or fraction outside of braces
    and brackets.
    """
    depth = 0
    for token in re.findall(
        r"\\[A-Za-z]+|\\.|\s+|.", text.replace(r"\left\lVert", r"\left").replace(r"\right\rVert", r"\right")
    ):
        depth += _DEPTH.get(token, 0)
        if depth == 0 and (token.isspace() or token in {"^", r"\frac", r"\cdots", "+", "-"}):
            return False
    return True


class LatexPrinter(Conventions, SymPyLatexPrinter):
    """SymPy's printer with our conventions; classes with a `_latex` method print themselves."""

    def _print_Add(self, expr: sp.Add, order: Any = None) -> str:
        terms = self._as_ordered_terms(expr, order)
        return signed_sum(terms, lambda term: self.part(term, "term"), self._add_parens)

    def _print_Mul(self, expr: sp.Mul) -> str:
        factors = functions_first(expr)
        if factors is None:
            return str(super()._print_Mul(expr))
        return " ".join(self.parenthesize(factor, PRECEDENCE["Mul"]) for factor in factors)

    def __init__(self) -> None:
        super().__init__({"inv_trig_style": "full", "mat_delim": "["})

    def doprint(self, expr: Any) -> str:
        return (
            str(super().doprint(expr))
            .replace(r"\middle|", r"\,\middle\vert\,")
            .replace("|", r"\vert ")
            .strip()
        )

    def emptyPrinter(self, expr: Any) -> str:
        raise UnprintableError(f"no rule to write {type(expr).__name__} in LaTeX")

    _print_Basic = emptyPrinter

    def part(self, expr: sp.Basic, role: str) -> str:
        """The expression as a whole, as a term of a sum or as a factor of a product, with the brackets that
        needs.
        """
        text = self._print(expr)
        if (role == "term" and self._needs_add_brackets(expr)) or (
            role == "factor" and self._needs_mul_brackets(expr, last=True)
        ):
            return self._add_parens(text)
        return text

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if isinstance(expr, Transposed):
            return self.superscripted(expr.args[0], r"\top")
        if isinstance(expr, Juxtaposed):
            return " ".join(self.part(factor, "factor") for factor in expr.args)
        return str(super()._print(expr, **kwargs))

    def superscripted(self, base: sp.Basic, power: str) -> str:
        """A class that prints itself with an exponent, in brackets unless it is tight."""
        text = self._print(base)
        return f"{text if is_tight(text) else self._add_parens(text)}^{{{power}}}"

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return expr.name if expr.name in SIGNS else self._deal_with_super_sub(expr.name)

    def _deal_with_super_sub(self, string: str, style: str = "plain") -> str:
        name = read_name(string)
        text = _letter(name.base, 2) + "'" * name.primes
        if name.above:
            text += "^{" + " ".join(map(_index, name.above)) + "}"
        if name.below:
            text += "_{" + ", ".join(map(_index, name.below)) + "}"
        return text

    def _hprint_Function(self, func: str) -> str:
        if func in accepted_latex_functions:
            return f"\\{func}"
        return self._deal_with_super_sub(func).replace(
            r"\mathrm", r"\operatorname", len(read_name(func).base) > 1
        )

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exp = expr.args
        if (
            base.is_Integer and base > 1 and exp.is_Integer and exp.is_negative
        ):  # unevaluated: 2^{-1022} as it stands
            return f"{base}^{{{exp}}}"
        root = exp.is_Rational and abs(exp.p) == 1 and exp.q != 1
        if (
            not hasattr(base, "_latex")
            or isinstance(base, AppliedUndef)
            or root
            or (exp.is_Rational and exp.is_negative)
        ):
            return str(super()._print_Pow(expr))
        return self.superscripted(base, self._print(exp))

    def _print_Abs(self, expr: sp.Abs, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\left\lvert {self._print(expr.args[0])} \right\rvert{power}"

    def _print_Determinant(self, expr: Any, exp: str | None = None) -> str:
        return self._print_Abs(expr, exp)

    def _print_polygamma(self, expr: sp.polygamma, exp: str | None = None) -> str:
        """ψ, and ψ with its order above it from the first derivative on."""
        order, arg = expr.args
        head = r"\psi" if order == 0 else rf"\psi^{{({self._print(order)})}}"
        body = rf"{head}\left({self._print(arg)}\right)"
        return rf"\left[{body}\right]^{{{exp}}}" if exp else body

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        sign = r"\partial " if requires_partial(expr.expr) else "d"
        order = sum(count for _, count in expr.variable_count)
        below = " ".join(
            sign + self._print(variable) + ("" if count == 1 else f"^{{{self._print(count)}}}")
            for variable, count in reversed(expr.variable_count)
        )
        above = sign.strip() + ("" if order == 1 else f"^{{{self._print(order)}}}")
        body = self._print(expr.expr)
        if not (expr.expr.is_Atom or expr.expr.is_Function or isinstance(expr.expr, sp.Indexed)):
            body = rf"\left[{body}\right]"
        return rf"\frac{{{above}}}{{{below}}} {body}"

    def _print_Implies(self, expr: sp.Implies, altchar: str = r"\Rightarrow") -> str:
        premise, conclusion = (self._side(arg) for arg in expr.args)
        return rf"{premise} \;{altchar}\; {conclusion}"

    def _side(self, expr: sp.Basic) -> str:
        text = self._print(expr)
        return (
            text
            if isinstance(expr, sp.core.relational.Relational) or expr.is_Atom
            else self._add_parens(text)
        )

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        rows = [rf"{self._print(branch)} & {self._condition(condition)}" for branch, condition in expr.args]
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def _condition(self, condition: sp.Basic) -> str:
        return r"\text{otherwise}" if condition == sp.true else rf"\text{{for }} {self._print(condition)}"

    def _print_And(self, expr: sp.And) -> str:
        if (found := between(expr)) is None:
            return str(super()._print_And(expr))
        low, left, middle, right, high = found
        signs = ("<" if strict else r"\leq" for strict in (left, right))
        return f"{self._print(low)} {next(signs)} {self._print(middle)} {next(signs)} {self._print(high)}"


def _letter(name: str, words_from: int) -> str:
    if name in GREEK:
        return GREEK[name][0]
    return rf"\mathrm{{{name}}}" if len(name) >= words_from and name.isalpha() else name.replace("*", r"\ast")


def _index(name: str) -> str:
    return _letter(name, _LONG_INDEX)
