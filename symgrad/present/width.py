r"""How wide a formula is when it is set: an estimate from its LaTeX text, in em, rather too wide than too
narrow.

A reader of the LaTeX that our own printer writes, not of LaTeX: letters have the widths of Computer Modern,
fractions are as wide
as their wider half, scripts are set at 7/10. The tests compare it with what pdflatex measures.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from symgrad.present.names import GREEK

__all__ = ["width"]

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_SCRIPT = 0.75
_LETTERS = {
    "i": 0.35,
    "j": 0.42,
    "l": 0.32,
    "f": 0.6,
    "t": 0.37,
    "r": 0.46,
    "m": 0.88,
    "w": 0.72,
    "M": 1.08,
    "W": 1.05,
}
_CHARACTERS = {
    **dict.fromkeys("()[]", 0.46),
    **dict.fromkeys(",.:;!", 0.45),
    **dict.fromkeys("=<>", 1.34),
    **dict.fromkeys("+-", 1.23),
    "'": 0.3,
    "*": 0.5,
    "/": 0.5,
}
_RELATIONS = dict.fromkeys(
    (
        r"\leq \geq \neq \in \to \Rightarrow \Leftrightarrow \subseteq \wedge \vee "
        r"\cup \cap \times \setminus \sim"
    ).split(),
    1.56,
)
_COMMANDS = {
    **_RELATIONS,
    **dict.fromkeys(r"\, \thinspace".split(), 0.17),
    **dict.fromkeys(r"\: \; \medspace \thickspace \cdot".split(), 0.75),
    **dict.fromkeys(
        r"\emptyset \lceil \rceil \lfloor \rfloor \top \lvert \rvert \vert \lbrace \rbrace \{ \}".split(), 0.5
    ),
    **dict.fromkeys(r"\lVert \rVert".split(), 0.56),
    **dict.fromkeys(r"\limits \displaystyle \middle \left \right \bigl \bigr".split(), 0.0),
    r"\quad": 1.0,
    r"\cdots": 1.5,
    r"\infty": 1.0,
    r"\partial": 0.58,
    r"\int": 0.9,
}
_LARGE = {r"\sum": 1.45, r"\prod": 1.3, r"\lim": 1.6, r"\max": 2.0, r"\min": 1.9, r"\sup": 1.7, r"\inf": 1.5}
_WORDS = {r"\operatorname", r"\mathrm", r"\text", r"\mathbb", r"\mathbf"}
_TALL = 0.3
"""What a delimiter gains when it grows with its content."""


def width(latex: str) -> float:
    """The width in em."""
    return _Reader(_TOKEN.findall(latex)).row(lambda token: False)


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def row(self, ends: Callable[[str], bool]) -> float:
        """Everything up to the token that ends it, which is consumed."""
        total = 0.0
        while self.peek():
            if ends(self.peek()):
                self.next()
                return total
            total += self.atom()
        return total

    def atom(self) -> float:
        """One symbol or group with its scripts."""
        token = self.peek()
        if token in _LARGE:
            self.next()
            return max(_LARGE[token], self.scripts()) + 0.17
        body = self.nucleus()
        return body + self.scripts()

    def scripts(self) -> float:
        """Sub- and superscript stand above each other: the wider counts."""
        widest = 0.0
        while self.peek() in {"^", "_", r"\limits", "'"}:
            token = self.next()
            if token in {"^", "_"}:
                widest = max(widest, _SCRIPT * self.nucleus())
        return widest

    def nucleus(self) -> float:
        token = (self.peek(), self.next())[0]
        if token == "{":
            return self.row("}".__eq__)
        if token == r"\frac":
            return max(self.nucleus(), self.nucleus()) + 0.3
        if token == r"\binom":
            return max(self.nucleus(), self.nucleus()) + 1.5
        if token == r"\sqrt":
            if self.peek() == "[":
                self.next()
                self.row("]".__eq__)
            return self.nucleus() + 0.95
        if token in {r"\left", r"\right"}:
            return self.nucleus() + _TALL
        if token in _WORDS:
            return 0.17 + self.word()
        if token == r"\begin":
            return self.table()
        if token == r"\substack":
            return self.stack()
        if token.startswith("\\"):
            letter = token[1:] in GREEK or not token[1:].isalpha()
            return _COMMANDS.get(token, 0.66 if letter else 0.34 + 0.53 * (len(token) - 1))
        if token.isdigit():
            return 0.5
        return _CHARACTERS.get(token, _LETTERS.get(token, 0.8 if token.isupper() else 0.56))

    def word(self) -> float:
        self.peek()
        self.next()
        text = ""
        while (token := self.next()) != "}":
            text += token
        return 0.53 * len(text)

    def stack(self) -> float:
        """Lines below each other: the widest counts."""
        self.peek()
        self.next()
        widest, total = 0.0, 0.0
        while self.peek():
            if self.peek() in {r"\\", "}"}:
                widest, total = max(widest, total), 0.0
                if self.next() == "}":
                    break
            else:
                total += self.atom()
        return widest

    def table(self) -> float:
        """Columns as wide as their widest entry, with space between."""
        self.word()
        if self.peek() == "{":
            self.word()
        columns: list[float] = []
        column, total = 0, 0.0
        while self.peek():
            token = self.peek()
            if token in {"&", r"\\", r"\end"}:
                self.next()
                columns += [0.0] * (column + 1 - len(columns))
                columns[column] = max(columns[column], total)
                column, total = (column + 1, 0.0) if token == "&" else (0, 0.0)
                if token == r"\end":
                    self.word()
                    break
            else:
                total += self.atom()
        return sum(columns) + 1.0 * len(columns) + 1.0
