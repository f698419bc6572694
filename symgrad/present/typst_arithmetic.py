"""Numbers, sums, products, powers and functions as Typst mathematics: the lower half of our printer."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.precedence import PRECEDENCE, precedence_traditional

from symgrad.present.conventions import Conventions, functions_first, signed_sum
from symgrad.present.names import UnprintableError
from symgrad.present.typst_words import CONSTANTS, FUNCTIONS, OPERATORS, index, name
from symgrad.symbolic.notation import Juxtaposed, Transposed

__all__ = ["Arithmetic", "is_tight"]

_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


def is_tight(text: str) -> bool:
    """Whether an exponent can be put on this as it is: no space, power or fraction outside of brackets."""
    depth = 0
    for token in re.findall(r'"[^"]*"|\\.|.', text):
        depth += _DEPTH.get(token, 0)
        if depth == 0 and token in set(' ^/+-"'):
            return False
    return True


class Arithmetic(Conventions):
    """Classes with a `_typst(printer)` method print themselves."""

    printmethod = "_typst"
    _default_settings = {"order": None}

    def emptyPrinter(self, expr: Any) -> NoReturn:
        raise UnprintableError(f"no rule to write {type(expr).__name__} in Typst")

    def part(self, expr: sp.Basic, role: str) -> str:
        """The expression as a whole, as a term of a sum or as a factor of a product, with the brackets that
        needs.
        """
        if role == "term":
            return self.parenthesize(expr, PRECEDENCE["Add"], strict=False)
        return self._factor(expr, last=True) if role == "factor" else (self._print(expr))

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if isinstance(expr, Transposed):
            return f"{self._base(expr.args[0])}^top"
        if isinstance(expr, Juxtaposed):
            return " ".join(self.part(factor, "factor") for factor in expr.args)
        return str(super()._print(expr, **kwargs))

    def parenthesize(self, expr: sp.Basic, level: int, strict: bool = True) -> str:
        """In brackets if it binds weaker than `level` (or as weakly, when not strict)."""
        precedence = precedence_traditional(expr)
        text = self._print(expr)
        return f"({text})" if precedence < level or (not strict and precedence == level) else text

    def _list(self, args: Any) -> str:
        return " comma ".join((self._print(arg)) for arg in args)

    # atoms

    def _constant(self, expr: sp.Basic) -> str:
        return CONSTANTS[expr] if expr in CONSTANTS else self.emptyPrinter(expr)

    _print_NumberSymbol = _print_Infinity = _print_NegativeInfinity = _print_NaN = _constant
    _print_ImaginaryUnit = _print_ComplexInfinity = _print_BooleanAtom = _print_Set = _print_Reals = _constant

    def _print_Integer(self, expr: sp.Integer) -> str:
        return str(expr.p)

    def _print_int(self, expr: int) -> str:
        return str(expr)

    def _print_str(self, expr: str) -> str:
        return index(expr)

    def _print_Rational(self, expr: sp.Rational) -> str:
        sign = "-" if expr.p < 0 else ""
        return f"{sign}frac({abs(expr.p)}, {expr.q})"

    def _print_Float(self, expr: sp.Float) -> str:
        mantissa, _, power = sp.sstr(expr, full_prec=False).partition("e")
        return f"{mantissa} dot.c 10^({int(power)})" if power else mantissa

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return name(expr.name)

    _print_MatrixSymbol = _print_Symbol

    def _print_Dummy(self, expr: sp.Dummy) -> str:
        return name(expr.name)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return f"{self._print(expr.base)}_({self._list(expr.indices)})"

    def _print_IndexedBase(self, expr: sp.IndexedBase) -> str:
        return self._print(expr.label)

    def _print_Idx(self, expr: sp.Idx) -> str:
        return self._print(expr.label)

    def _print_MatrixElement(self, expr: Any) -> str:
        return f"{self.parenthesize(expr.parent, PRECEDENCE['Atom'])}_({self._list(expr.indices)})"

    # sums, products, powers

    def _print_Add(self, expr: sp.Add) -> str:
        return signed_sum(self._as_ordered_terms(expr), lambda term: self.part(term, "term"), "({})".format)

    def _print_Mul(self, expr: sp.Mul) -> str:
        if (
            any(arg.is_Number for arg in expr.args[1:]) or expr.args[0] == 1
        ):  # unevaluated: shown as it stands
            return self._product(expr.args)
        if expr.could_extract_minus_sign():
            return "-" + (
                self._factor(-expr, last=True)
                if isinstance(-expr, sp.Mul | sp.Pow)
                else self.part(-expr, "factor")
            )
        above, below = sp.fraction(expr, exact=True)
        if below == 1:
            return self._product(functions_first(expr) or expr.as_ordered_factors())
        return f"frac({self._print(above)}, {self._print(below)})"

    def _product(self, factors: Any) -> str:
        text = ""
        for number, factor in enumerate(factors):
            shown = self._factor(factor, first=number == 0, last=number == len(factors) - 1)
            both_numbers = re.search(r"[0-9]$", text) or (
                text.endswith(")") and factors[number - 1].is_Rational
            )
            digit = re.match(r"[0-9]|frac", shown)
            text += (" dot.c " if number and both_numbers and digit else " " if number else "") + shown
        return text

    def _factor(self, expr: sp.Basic, first: bool = False, last: bool = False) -> str:
        text = self._print(expr)
        open_ended = isinstance(expr, sp.Sum | sp.Product | sp.Integral | sp.Limit | sp.Derivative)
        negative = text.startswith("-") and not first
        weak = precedence_traditional(expr) < PRECEDENCE["Mul"] and not isinstance(expr, sp.Mul)
        if negative or weak or (open_ended and not last) or isinstance(expr, sp.Piecewise):
            return f"({text})"
        return text

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exp = expr.args
        if (
            base.is_Integer and base > 1 and exp.is_Integer and exp.is_negative
        ):  # unevaluated: 2^(-1022) as it stands
            return f"{base}^({exp})"
        if exp.is_Rational and exp.is_negative and base.is_commutative:
            positive = sp.Pow(base, -exp, evaluate=False) if exp != -1 else base
            return f"frac(1, {self._print(positive)})"
        if exp.is_Rational and exp.p == 1 and exp.q != 1:
            return f"sqrt({self._print(base)})" if exp.q == 2 else f"root({exp.q}, {self._print(base)})"
        power = f"^({self._print(exp)})"
        if type(base) in FUNCTIONS and not isinstance(base, sp.log | sp.Max | sp.Min):
            return f"{FUNCTIONS[type(base)]}{power} ({self._list(base.args)})"
        return self._base(base) + power

    def _base(self, base: sp.Basic) -> str:
        text = self._print(base)
        self_printed = hasattr(base, "_typst")
        tight = (
            is_tight(text)
            if self_printed
            else precedence_traditional(base) >= PRECEDENCE["Atom"] or base.is_Function
        )
        whole = base.is_Integer and base >= 0
        powered = isinstance(base, sp.exp | sp.Piecewise | sp.factorial) or (base.is_Number and not whole)
        powered = powered or (base.is_Symbol and "^" in text)
        return text if (tight or whole) and not powered else f"({text})"

    def _print_exp(self, expr: sp.exp) -> str:
        return f"e^({self._print(expr.args[0])})"

    def _print_UnevaluatedExpr(self, expr: Any) -> str:
        return self._print(expr.args[0])

    # functions

    def _print_Function(self, expr: sp.Function) -> str:
        if isinstance(expr, AppliedUndef):
            word = expr.func.__name__
            head = word if word in OPERATORS else name(word)
        elif type(expr) in FUNCTIONS:
            head = FUNCTIONS[type(expr)]
        else:
            return self.emptyPrinter(expr)
        return f"{head} ({self._list(expr.args)})"

    _print_MinMaxBase = _print_LambertW = _print_Function

    def _print_Abs(self, expr: sp.Abs) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _print_polygamma(self, expr: sp.polygamma) -> str:
        order, arg = expr.args
        head = "psi" if order == 0 else f"psi^(({self._print(order)}))"
        return f"{head} ({self._print(arg)})"

    def _print_floor(self, expr: sp.floor) -> str:
        return f"floor({self._print(expr.args[0])})"

    def _print_ceiling(self, expr: sp.ceiling) -> str:
        return f"ceil({self._print(expr.args[0])})"

    def _print_factorial(self, expr: sp.factorial) -> str:
        (arg,) = expr.args
        return (
            f"{self._print(arg)}!"
            if arg.is_Symbol or (arg.is_Integer and arg >= 0)
            else f"({self._print(arg)})!"
        )

    def _print_binomial(self, expr: sp.binomial) -> str:
        return f"binom({self._print(expr.args[0])}, {self._print(expr.args[1])})"

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        rows = [f"{self._print(branch)} & {self._condition(condition)}" for branch, condition in expr.args]
        return f"cases({', '.join(rows)})"

    def _condition(self, condition: sp.Basic) -> str:
        return 'quad "otherwise"' if condition == sp.true else f'quad "for" {self._print(condition)}'
