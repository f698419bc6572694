"""Text made fit for Markdown: plain text that must stay plain, and powers of ten set as mathematics."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["escaped", "powers", "scales", "sentence", "typeset"]

SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|$~:^&])")
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SIGNS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), sign)
    for pattern, sign in (
        (r"->", "→"),
        (r"\boo\b", "∞"),
        (r"\bpi\b", "π"),
        (r"\balpha\b", "α"),
        (r"\blambda\b", "λ"),
        (r"\bsqrt\((\w+)\)", r"√\1"),
        (r"\*\*(\d+)", lambda power: power[1].translate(RAISED)),
        (r"\*", "·"),
        (r"(?<=\d)-(?=$|[;,)])", "⁻"),
        (r"(?<=\d)\+(?=$|[;,)])", "⁺"),
        (r"(?<!\w)-(?=[\w∞√])", "−"),
    )
)
POWER = re.compile(r"(?<![\w.^])(\d+(?:\.\d+)?)\^(-?\d+(?:\.\d+)?|[a-zA-Z]\b)")


def escaped(text: str) -> str:
    """Markdown that shows exactly this text."""
    return SPECIAL.sub(r"\\\1", text)


def powers(text: str) -> str:
    """The text as Markdown, with 10^-4.2 and 0.21^t as raised exponents."""
    plain, *found = POWER.split(text)
    raised = zip(found[::3], found[1::3], found[2::3], strict=True)
    return escaped(plain) + "".join(f"${base}^{{{top}}}$" + escaped(rest) for base, top, rest in raised)


def typeset(text: str) -> str:
    """Text such as "x -> -oo" or "pi + 2*pi*k" as Markdown, with a reader's signs."""
    for pattern, sign in SIGNS:
        text = pattern.sub(sign, text)
    return escaped(text)


def sentence(clause: str) -> str:
    """A clause as a sentence of its own; a Greek letter stays small."""
    first = clause[0].upper() if clause[0].isascii() else clause[0]
    return f"{first}{clause[1:]}."


def scales(text: str) -> str:
    """As `powers`, σ_w² and σ_b² set as mathematics too."""
    marked = powers(text)
    for letter in "wb":
        marked = marked.replace(rf"σ\_{letter}²", rf"$\sigma_{letter}^2$")
    return marked
