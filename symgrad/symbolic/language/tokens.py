"""A typed expression cut into tokens, each with the column it stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from symgrad.errors import ExpressionError

__all__ = ["DIGITS", "LENGTH", "Token", "shown", "tokens"]

LENGTH = 500
"""Characters of an expression."""
DIGITS = 20
"""Digits of a number written out in full."""

Kind = Literal["number", "name", "sign", "end", "stray"]


@dataclass(frozen=True)
class Token:
    """A number (exact, in `value`), a name, a sign in its plain spelling, or the end.

    Of kind "stray": a place where the text leaves the language, with the problem in `text`.
    """

    kind: Kind
    text: str
    column: int
    value: Fraction = Fraction(0)


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SPELLINGS = {"**": "^", "−": "-", "·": "*", "⋅": "*", "≤": "<=", "≥": ">="}
_PATTERN = re.compile(
    r"(?P<space>[ \t]+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*|σ)"
    r"|(?P<power>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/^(),|<>&−·⋅≤≥])"
)
_INSTEAD = {
    "×": "write *",
    "÷": "write /",
    "–": "write -",
    "√": "write sqrt(...)",
    "π": "write pi",
    "²": "a power needs something before it",
    "=": "equality in a condition is ==",
    "!": "there are no factorials",
    "[": "write round brackets",
    "]": "write round brackets",
    "{": "write round brackets",
    "}": "write round brackets",
    ";": "arguments are separated by commas",
    **dict(zip("αβγλ", ("write alpha", "write beta", "write gamma", "write lambda"), strict=True)),
}


def shown(text: str, longest: int = 40) -> str:
    """A piece of somebody's text, fit for a message: quoted, on one line, no control characters, short."""
    cut = text if len(text) <= longest else text[:longest] + "…"
    return "'" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut) + "'"


def tokens(text: str, length: int = LENGTH) -> tuple[Token, ...]:
    """The tokens of `text`; the last one is of kind "end" or "stray".

    A superscript becomes the sign ^ and a number, in the same column. Raises `ExpressionError` on more than
    `length` characters.
    """
    if len(text) > length:
        raise ExpressionError(length + 1, f"{len(text)} characters (legal: up to {length})")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            return (*found, Token("stray", _stranger(text[at]), at + 1))
        kind, piece, column = str(match.lastgroup), match.group(), at + 1
        if kind in ("number", "power"):
            value = _number(piece.translate(_SUPERSCRIPTS))
            if value is None:
                problem = f"{shown(piece, 30)} has more than {DIGITS} digits written out (legal: up to that)"
                return (*found, Token("stray", problem, column))
            if kind == "power":
                found.append(Token("sign", "^", column))
            found.append(Token("number", piece, column, value))
        elif kind == "name":
            found.append(Token("name", piece, column))
        elif kind == "sign":
            found.append(Token("sign", _SPELLINGS.get(piece, piece), column))
        at = match.end()
    return (*found, Token("end", "", len(text) + 1))


def _stranger(character: str) -> str:
    legal = "legal: x, numbers, names, + - * / ^ ( ) , |, in conditions < <= > >= == != and or not"
    return f"the character {shown(character)} is not in the language ({_INSTEAD.get(character, legal)})"


def _number(text: str) -> Fraction | None:
    """The number, exactly; None when it has too many digits."""
    mantissa, _, exponent = text.lower().lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    whole = whole.lstrip("0")
    # an exponent of four digits is already too large, and must not become a number
    shift = int(exponent or 0) if len(exponent.lstrip("+-0")) <= 3 else LENGTH
    written_out = max(0, len(whole) + shift) + max(0, len(fraction) - shift)
    if max(len(whole) + len(fraction), written_out) > DIGITS:
        return None
    value = int(whole + fraction or "0") * Fraction(10) ** (shift - len(fraction))
    return -value if text.startswith("-") else value
