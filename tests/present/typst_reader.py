"""Reads arithmetic in Typst mathematics and gives its value: the independent half of the printer's test.

Ignorant of the printer: juxtaposition multiplies, brackets after `^` and `_` only group, `frac`, `sqrt`,
`root`, `abs` take arguments, an operator's name with an exponent applies to the bracket after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import mpmath

TOKEN = re.compile(r'op\("\w+"\)|[A-Za-z]+(?:\.[A-Za-z]+)*|\d+(?:\.\d+)?|\\[()]|[-+^_/,()\[\]!\'&]|\\\n?|\s+')
FUNCTIONS: dict[str, Callable[..., mpmath.mpf]] = {
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tanh": mpmath.tanh,
    "arctan": mpmath.atan,
    "log": mpmath.log,
    'op("erf")': mpmath.erf,
    "phi.alt'": lambda u: 1 - mpmath.tanh(u) ** 2,
    "phi'": lambda u: 1 - mpmath.tanh(u) ** 2,
    "sigma": lambda u: 1 / (1 + mpmath.exp(-u)),
}
CALLS: dict[str, Callable[..., mpmath.mpf]] = {
    "frac": lambda p, q: p / q,
    "sqrt": mpmath.sqrt,
    "root": lambda k, u: mpmath.mpf(u) ** (mpmath.mpf(1) / k),
    "abs": abs,
}
SPACE = {"quad", "thin", "&"}


class Reader:
    def __init__(self, text: str, letters: Mapping[str, mpmath.mpf]) -> None:
        tokens = TOKEN.findall(text)
        assert "".join(tokens) == text, f"cannot read {text!r}"
        plain = [token.lstrip("\\") if token in {r"\(", r"\)"} else token for token in tokens]
        self.tokens = [t for t in plain if not t.isspace() and not t.startswith("\\") and t not in SPACE]
        self.letters = {"e": mpmath.e, "pi": mpmath.pi, **letters}
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        assert token and expected in {"", token}, f"{expected!r} expected at {self.at} in {self.tokens}"
        self.at += 1
        return token

    def sum(self) -> mpmath.mpf:
        total = -self.product() if self.peek() == "-" and self.take() else self.product()
        while self.peek() in {"+", "-"}:
            total = total + self.product() if self.take() == "+" else total - self.product()
        return total

    def product(self) -> mpmath.mpf:
        value = self.power()
        while self.peek() not in {"", "+", "-", ",", ")", "]"}:
            if self.peek() == "dot.c":
                self.take()
            value *= self.power()
        return value

    def power(self) -> mpmath.mpf:
        value = self.atom()
        while self.peek() == "^":
            self.take()
            value = mpmath.mpf(value) ** self.group()
        return value

    def group(self) -> mpmath.mpf:
        if self.peek() != "(":
            return self.atom()
        self.take("(")
        value = self.sum()
        self.take(")")
        return value

    def atom(self) -> mpmath.mpf:
        token = self.take()
        if token == "(":
            value = self.sum()
            self.take(")")
            return value
        if token in CALLS:
            self.take("(")
            arguments = [self.sum()]
            while self.peek() == ",":
                self.take()
                arguments.append(self.sum())
            self.take(")")
            return CALLS[token](*arguments)
        if self.peek() == "'":
            token += self.take()
        if token in FUNCTIONS:
            exponent = None
            if self.peek() == "^":
                self.take()
                exponent = self.group()
            self.take("(")
            value = FUNCTIONS[token](self.sum())
            self.take(")")
            return value if exponent is None else value**exponent
        return mpmath.mpf(token) if token[0].isdigit() else self.letters[token]


def value(text: str, letters: Mapping[str, mpmath.mpf]) -> mpmath.mpf:
    """The number that the text stands for."""
    reader = Reader(text, letters)
    found = reader.sum()
    assert not reader.peek(), f"unread: {reader.tokens[reader.at :]}"
    return found
