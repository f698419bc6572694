"""A place in a row of tokens: what comes next, how deep it lies, and what is said when it does not belong."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.errors import ExpressionError
from symgrad.symbolic.language.tokens import LENGTH, Token, shown, tokens

__all__ = ["TYPED", "WRITTEN", "Cursor", "Limits"]


@dataclass(frozen=True)
class Limits:
    """Characters of a text, and brackets, signs and exponents inside each other."""

    length: int
    nesting: int


TYPED = Limits(LENGTH, 24)
"""For what somebody types."""
WRITTEN = Limits(50_000, 80)
"""For what symgrad wrote with every function written out; its operations are limited all the same."""


class Cursor:
    """Reads the tokens of a text from left to right; `InputError`s name the column."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._tokens = tokens(text, limits.length)
        self._nesting = limits.nesting
        self._at = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        """The token that has not been taken yet; raises where the text leaves the language."""
        return self.ahead(0)

    def ended(self) -> bool:
        """Whether everything has been taken."""
        return self.next.kind == "end"

    def ahead(self, count: int) -> Token:
        """The token that many places after the next one, at most the end."""
        token = self._tokens[min(self._at + count, len(self._tokens) - 1)]
        if token.kind == "stray":
            raise ExpressionError(token.column, token.text)
        return token

    def take(self) -> Token:
        """The next token; the end may be taken again and again."""
        token = self.next
        self._at += token.kind != "end"
        return token

    def deeper(self, token: Token, step: int) -> None:
        """Enters (1) or leaves (−1) a level of nesting."""
        self._depth += step
        if self._depth > self._nesting:
            raise ExpressionError(token.column, f"nesting deeper than {self._nesting} (legal: up to that)")

    def close(self, opening: Token, sign: str) -> None:
        """Takes the sign that ends what `opening` began."""
        if self.ended():
            raise ExpressionError(opening.column, f"{shown(opening.text)} is not closed by {shown(sign)}")
        if self.next.text != sign:
            raise self.unexpected()
        self.take()

    def comma(self, legal: str) -> None:
        """Takes a comma."""
        if self.next.text != ",":
            raise ExpressionError(self.next.column, f"a comma is expected (legal: {legal})")
        self.take()

    def unexpected(self, token: Token | None = None) -> ExpressionError:
        """The refusal of a token, by default of the next one."""
        token = token or self.next
        if token.kind == "end":
            problem = "the expression ends too early (legal: a number, x, a function or a bracket)"
        elif token.text == ")":
            problem = "a closing bracket without an opening one"
        elif token.text == ",":
            problem = "a comma that separates no arguments (legal: as in max(0, x))"
        elif token.kind == "number":
            problem = "a number after a factor (legal: write * between them)"
        else:
            problem = (
                f"{shown(token.text)} does not belong here (legal: a number, x, a function or a bracket)"
            )
        return ExpressionError(token.column, problem)
