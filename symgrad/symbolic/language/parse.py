"""Typed text to a SymPy expression: an operator-precedence (Pratt) parser over an allow-list.

Nothing of the text is evaluated, and no symbol is named by it: a name is looked up in tables or refused.
Every node is admitted as it is made, so that no limit can be passed by what SymPy does on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeGuard

import sympy as sp
from sympy.logic.boolalg import Boolean

from symgrad.errors import ExpressionError
from symgrad.symbolic.language import making
from symgrad.symbolic.language.allowed import Known
from symgrad.symbolic.language.cursor import TYPED, WRITTEN, Cursor, Limits
from symgrad.symbolic.language.making import Definition
from symgrad.symbolic.language.tokens import Token, shown
from symgrad.symbolic.language.vocabulary import CONSTANTS, ELEMENTARY, cases
from symgrad.symbolic.letters import PARAMETERS, x

__all__ = ["TYPED", "WRITTEN", "Definition", "Limits", "called", "parse"]

Value: TypeAlias = "sp.Expr | Boolean"
Pairs: TypeAlias = "list[tuple[sp.Expr, Boolean]]"

_COMPARISONS: Mapping[str, Callable[[sp.Expr, sp.Expr], Boolean]] = {
    "<": sp.StrictLessThan,
    "<=": sp.LessThan,
    ">": sp.StrictGreaterThan,
    ">=": sp.GreaterThan,
    "==": sp.Equality,
    "!=": sp.Unequality,
}
_OR, _AND, _NOT, _COMPARE, _SUM, _SIGN, _PRODUCT, _POWER = 1, 2, 3, 4, 10, 15, 20, 40
_BINDING = {
    **dict.fromkeys(("or",), _OR),
    **dict.fromkeys(("and", "&"), _AND),
    **dict.fromkeys(_COMPARISONS, _COMPARE),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys(("*", "/", ""), _PRODUCT),
    "^": _POWER,
}
"""How tightly an operator binds; "" is a product without a sign, "|" after a condition is or."""

_CONDITION_WORDS = frozenset({"and", "or", "not", "True"})
_CASES = ("where", "Piecewise")
_EQUALITIES = {"Eq": "==", "Ne": "!="}
_INSTEAD = {
    "ln": "log is the natural logarithm",
    "X": "the argument is x",
    **dict.fromkeys(("if", "else"), "cases are where(condition, a, b)"),
    **dict.fromkeys(("oo", "inf", "nan", "zoo", "I"), "values are real and finite"),
    **dict.fromkeys(("factorial", "Sum", "Integral", "integrate"), "no factorials, sums or integrals"),
}


def parse(text: str, functions: Mapping[str, Definition] | None = None, limits: Limits = TYPED) -> sp.Expr:
    """The expression in `letters.x` and the letters of `letters.PARAMETERS` that `text` says.

    `functions` are known by name besides the elementary ones; a text that symgrad wrote, in a certificate,
    is read with the limits `WRITTEN`. Raises `ExpressionError` (an `InputError`) with
    the column and what is legal.
    """
    return _Parser(text, functions or {}, limits).whole()


def called(text: str, functions: Mapping[str, Definition]) -> tuple[str, tuple[sp.Expr, ...]] | None:
    """The name and the parameters where `text` is one of the functions of x alone, as in `leaky_relu(x,
    1/5)`; else None. Raises `ExpressionError` as `parse` does.
    """
    parser = _Parser(text, functions, TYPED)
    if parser.next.text not in functions or [parser.ahead(i).text for i in (1, 2)] != ["(", "x"]:
        return None
    if parser.ahead(3).text not in (",", ")"):
        return None
    name, values = parser.take(), parser.arguments(parser.take())
    if not parser.ended():
        return None
    making.defined(name, Known(), functions[name.text], values)
    return name.text, tuple(values[1:])


def _is_condition(value: Value) -> TypeGuard[Boolean]:
    return isinstance(value, Boolean) and not isinstance(value, sp.Expr)  # a SymPy symbol is both


class _Parser(Cursor):
    def __init__(self, text: str, functions: Mapping[str, Definition], limits: Limits) -> None:
        super().__init__(text, limits)
        self.functions = functions
        self.bars = 0
        """Open |, since the last open bracket."""
        self.in_condition = False
        self.known = Known()
        self.spread: dict[sp.Expr, list[sp.Expr]] = {}
        """The factors of products that SymPy has multiplied out; as divisors they stay factors."""

    def whole(self) -> sp.Expr:
        if self.ended():
            raise ExpressionError(1, "nothing is written (legal: an expression in x)")
        found = self.expression()
        if not self.ended():
            raise self.unexpected()
        if x not in found.free_symbols:
            raise ExpressionError(1, "the expression does not depend on x (legal: an expression in x)")
        return found

    # the grammar

    def expression(self, binding: int = 0) -> sp.Expr:
        start = self.next
        found = self.value(binding)
        if _is_condition(found):
            raise ExpressionError(start.column, "a condition where a number is expected (legal: a number)")
        return found

    def condition(self, binding: int = 0) -> Boolean:
        before, self.in_condition = self.in_condition, True
        start = self.next
        found = self.value(binding)
        self.in_condition = before
        if not _is_condition(found):
            raise ExpressionError(start.column, "a condition is expected (legal: as in x > 0, or True)")
        return found

    def value(self, binding: int) -> Value:
        """All from here that binds tighter than `binding`."""
        found = self.prefix(binding)
        while (operator := self.operator(found)) is not None and _BINDING[operator] > binding:
            found = self.infix(operator, found)
        return found

    def operator(self, left: Value) -> str | None:
        """The operator that comes next; None where this part of the expression ends."""
        token = self.next
        if token.text == "|":
            return None if self.bars else "or" if _is_condition(left) else ""
        if token.kind == "end" or token.text in (")", ","):
            return None
        if token.text in _BINDING:
            return token.text
        if token.text == "(" or (token.kind == "name" and token.text not in ("not", "True", "if", "else")):
            return ""
        raise self.unexpected()

    def infix(self, operator: str, left: Value) -> Value:
        token = self.take() if operator else self.next
        if operator in ("and", "&", "or"):
            if not _is_condition(left):
                raise ExpressionError(token.column, f"{token.text} joins conditions (legal: as in x > 0)")
            joined = sp.Or if operator == "or" else sp.And
            return self.made(token, joined, left, self.condition(_BINDING[operator]))
        if _is_condition(left):
            raise ExpressionError(token.column, "a condition is no number (legal: where(condition, a, b))")
        if operator in _COMPARISONS:
            return self.comparison(token, left)
        if operator == "^":
            level = int(self.next.text != "(")  # a bracket there counts by itself
            self.deeper(token, level)
            exponent = self.expression(_POWER - 1)
            self.deeper(token, -level)
            return making.power(token, self.known, left, exponent)
        if _BINDING[operator] == _PRODUCT:
            return self.product(token, operator, left)
        right = self.expression(_SUM)
        return self.made(token, sp.Add, left, right if operator == "+" else -right)

    def product(self, token: Token, operator: str | None, left: sp.Expr) -> sp.Expr:
        """All factors and divisors that follow, as one product: SymPy would multiply a number into a sum."""
        factors = [left]
        while operator in ("*", "/", ""):
            factor = self.expression(_PRODUCT)
            if operator == "/":
                parts = self.spread.get(factor, [factor])
                factors += [making.inverse(token, self.known, part) for part in parts]
            else:
                factors.append(factor)
            divided, operator = operator == "/", self.operator(factor)
            if divided and operator == "":
                raise ExpressionError(
                    self.next.column, "a/b c can be read in two ways (legal: (a/b)*c or a/(b*c))"
                )
            if operator in ("*", "/"):
                token = self.take()
        found = self.made(token, sp.Mul, *factors)
        if found.is_Add:
            self.spread[found] = factors
        return found

    def comparison(self, token: Token, left: sp.Expr) -> Boolean:
        """a < b, and a < b < c as both."""
        if not self.in_condition:
            raise ExpressionError(
                token.column, f"{token.text} belongs into a condition (legal: as in where(x > 0, a, b))"
            )
        right = self.expression(_COMPARE)
        found = self.made(token, _COMPARISONS[token.text], left, right)
        if self.next.text in _COMPARISONS:
            return self.made(token, sp.And, found, self.comparison(self.take(), right))
        return found

    def prefix(self, binding: int) -> Value:
        token = self.take()
        if token.kind == "number":
            return self.made(token, sp.Rational, token.value.numerator, token.value.denominator)
        if token.kind == "name":
            return self.name(token)
        if token.text == "(":
            return self.bracketed(token, lambda: self.value(0))
        if token.text in ("-", "+"):
            self.deeper(token, 1)
            operand = self.expression(max(_SIGN, binding))
            self.deeper(token, -1)
            return operand if token.text == "+" else self.made(token, sp.Mul, sp.S.NegativeOne, operand)
        if token.text == "|":
            return self.absolute(token)
        raise self.unexpected(token)

    def bracketed(self, opening: Token, inside: Callable[[], Any]) -> Any:
        self.deeper(opening, 1)
        bars, self.bars = self.bars, 0
        found = inside()
        self.close(opening, ")")
        self.bars = bars
        self.deeper(opening, -1)
        return found

    def absolute(self, opening: Token) -> sp.Expr:
        self.deeper(opening, 1)
        self.bars += 1
        inner = self.expression()
        self.close(opening, "|")
        self.bars -= 1
        self.deeper(opening, -1)
        return making.applied(opening, self.known, ELEMENTARY["abs"], [inner])

    # names

    def name(self, token: Token) -> Value:
        name = "sigmoid" if token.text == "σ" else token.text
        if name in _CONDITION_WORDS:
            return self.word(token)
        if name in PARAMETERS and len(name) > 1 and self.next.text == "(":
            raise ExpressionError(token.column, f"{name} is a parameter (legal: {name}*(...))")
        if name == "x" or name in CONSTANTS or name in PARAMETERS:
            return x if name == "x" else CONSTANTS.get(name) or PARAMETERS[name]
        known = (*_CASES, *_EQUALITIES, *ELEMENTARY, *self.functions)
        if name not in known:
            raise self.unknown(token, known)
        if self.next.text != "(":
            raise ExpressionError(token.column, f"{name} without its argument (legal: {name}(x))")
        opening = self.take()
        if name in _CASES:
            return self.cases(token, opening)
        given = self.arguments(opening)
        if name in _EQUALITIES:
            return self.equality(token, given)
        if name in ELEMENTARY:
            return making.applied(token, self.known, ELEMENTARY[name], given)
        return making.defined(token, self.known, self.functions[name], given)

    def word(self, token: Token) -> Boolean:
        if not self.in_condition or token.text in ("and", "or"):
            raise ExpressionError(token.column, f"{token.text} does not belong here (legal: in a condition)")
        if token.text == "True":
            return sp.true
        self.deeper(token, 1)
        operand = self.condition(_NOT)
        self.deeper(token, -1)
        return self.made(token, sp.Not, operand)

    def arguments(self, opening: Token) -> list[sp.Expr]:
        """The arguments up to the closing bracket; the opening one is taken already."""

        def inside() -> list[sp.Expr]:
            found = [self.expression()]
            while self.next.text == ",":
                self.take()
                found.append(self.expression())
            return found

        return list(self.bracketed(opening, inside))

    def equality(self, token: Token, given: list[sp.Expr]) -> Boolean:
        if not self.in_condition or len(given) != 2:
            legal = f"a {_EQUALITIES[token.text]} b in a condition"
            raise ExpressionError(token.column, f"{token.text} does not belong here (legal: {legal})")
        return self.made(token, _COMPARISONS[_EQUALITIES[token.text]], *given)

    def cases(self, token: Token, opening: Token) -> sp.Expr:
        """where(condition, a, b) or Piecewise((a, condition), …, (b, True))."""
        pairs = self.bracketed(opening, self.where if token.text == "where" else self.pairs)
        if pairs[-1][1] is not sp.true:
            raise ExpressionError(token.column, "no case for the rest (legal: True in the last pair)")
        return self.made(token, cases, pairs)

    def where(self) -> Pairs:
        legal = "where(condition, a, b)"
        condition = self.condition()
        self.comma(legal)
        first = self.expression()
        self.comma(legal)
        return [(first, condition), (self.expression(), sp.true)]

    def pairs(self) -> Pairs:
        found: Pairs = []
        while True:
            if self.next.text != "(":
                raise ExpressionError(
                    self.next.column, "a pair is expected (legal: Piecewise((a, x > 0), (b, True)))"
                )
            found.append(self.bracketed(self.take(), self.pair))
            if self.next.text != ",":
                return found
            self.take()

    def pair(self) -> tuple[sp.Expr, Boolean]:
        found = self.expression()
        self.comma("(expression, condition)")
        return found, self.condition()

    def made(self, token: Token, build: Callable[..., Any], *args: object) -> Any:
        return making.made(token, self.known, build, *args)

    def unknown(self, token: Token, functions: tuple[str, ...]) -> ExpressionError:
        names = dict.fromkeys(("x", *CONSTANTS, *PARAMETERS, *functions))
        near = get_close_matches(token.text[:40], names, n=3)
        legal = f"x, pi, e, the letters {' '.join(PARAMETERS)}, functions such as exp(x)"
        hint = _INSTEAD.get(token.text) or (f"near: {', '.join(near)}" if near else f"legal: {legal}")
        return ExpressionError(token.column, f"the name {shown(token.text)} is not known ({hint})")
