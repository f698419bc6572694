"""What the printers agree on, whatever they write: the order of a sum's terms, and a < x < b."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan
from sympy.printing.printer import Printer

__all__ = ["Conventions", "between", "functions_first", "signed_sum"]


class Conventions(Printer):
    """Mixed into every printer."""

    def _as_ordered_terms(self, expr: sp.Add, order: Any = None) -> list[sp.Expr]:
        """SymPy's order, but a sum begins with a term without a minus where it has one: 1 − x, not −x + 1."""
        terms: list[sp.Expr] = list(super()._as_ordered_terms(expr, order))
        first = next((i for i, term in enumerate(terms) if not term.could_extract_minus_sign()), 0)
        return [terms[first], *terms[:first], *terms[first + 1 :]]


def signed_sum(
    terms: Sequence[sp.Expr], part: Callable[[sp.Expr], str], brackets: Callable[[str], str]
) -> str:
    """a + b − c: the sign of a term joins it, and two signs never meet."""
    text = ""
    for number, term in enumerate(terms):
        negative = number > 0 and term.could_extract_minus_sign()
        shown = part(-term if negative else term)
        joint = "" if number == 0 else " - " if negative else " + "
        text += joint + (brackets(shown) if number and shown.startswith("-") else shown)
    return text


def functions_first(product: sp.Mul) -> list[sp.Expr] | None:
    """The factors of a product of functions and sums, sums last: σ(x)(1 − σ(x)); None for any other."""
    functions = [factor for factor in product.args if factor.is_Function]
    sums = [factor for factor in product.args if factor.is_Add]
    plain = functions and sums and len(functions) + len(sums) == len(product.args)
    return [*functions, *sums] if plain else None


def between(condition: sp.Basic) -> tuple[sp.Basic, bool, sp.Basic, bool, sp.Basic] | None:
    """(a, strict, x, strict, b) when the condition is a < x ∧ x < b in whatever writing, else None."""
    if not (isinstance(condition, sp.And) and len(condition.args) == 2):
        return None
    below = above = None
    for part in condition.args:
        if not isinstance(part, GreaterThan | LessThan | StrictGreaterThan | StrictLessThan):
            return None
        strict = isinstance(part, StrictGreaterThan | StrictLessThan)
        low, high = (part.lts, part.gts)
        if low.is_number and not high.is_number:
            below = (low, strict, high)
        elif high.is_number and not low.is_number:
            above = (low, strict, high)
    if below is None or above is None or below[2] != above[0]:
        return None
    return below[0], below[1], below[2], above[1], above[2]
