"""Expressions as text that the parser reads back."""

from __future__ import annotations

import sympy as sp
from sympy.printing.str import StrPrinter

from symgrad.symbolic.language.tokens import DIGITS

__all__ = ["Writer", "write"]


class Writer(StrPrinter):
    """SymPy's own text, with numbers that the language can say and a last case for all that is left.

    The names are SymPy's (`Abs`, `Max`, `E`), so that SymPy reads it too.
    """

    def _print_Integer(self, expr: sp.Integer) -> str:
        return _whole(int(expr))

    def _print_Rational(self, expr: sp.Rational) -> str:
        above, below = _whole(int(expr.p)), _whole(int(expr.q))
        return f"{above}/({below})" if "*" in below else f"{above}/{below}"

    def _print_Heaviside(self, expr: sp.Heaviside) -> str:
        return f"Heaviside({self._print(expr.args[0])})"

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        """A derivative has no value at its kinks; written, it has that of the last case there."""
        *pairs, (last, _) = expr.args
        cases = (
            f"({self._print(value)}, {self._print(holds)})" for value, holds in (*pairs, (last, sp.true))
        )
        return f"Piecewise({', '.join(cases)})"


def _whole(number: int) -> str:
    """A whole number by groups of twenty digits: 10**20*(…) + …, in brackets where it is a sum."""
    if abs(number) < 10**DIGITS:
        return str(number)
    high, low = divmod(abs(number), 10**DIGITS)
    sign = "-" if number < 0 else ""
    return f"{sign}({_whole(high)}*10**{DIGITS} + {low})"


def write(expr: sp.Basic) -> str:
    """One line that `parse` reads as the same expression."""
    return " ".join(Writer().doprint(expr).split())
