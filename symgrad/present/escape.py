"""Words from a derivation as words in a target: nothing in them is taken for a command."""

from __future__ import annotations

import re
import unicodedata

from symgrad.present.names import GREEK, UnprintableError

__all__ = ["latex_text", "markdown_text", "typst_text"]

_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$\\vert$",
    '"': "''",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "–": "--",
    "—": "---",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "…": r"\dots{}",
    "§": r"\S{}",
    "\N{NO-BREAK SPACE}": "~",
}
_MATHEMATICS = {
    "‖": r"\Vert ",
    "−": "-",
    "±": r"\pm ",
    "×": r"\times ",
    "·": r"\cdot ",
    "⋯": r"\cdots ",
    "′": "'",
    "∂": r"\partial ",
    "∞": r"\infty ",
    "∏": r"\prod ",
    "∑": r"\sum ",
    "√": r"\surd ",
    "≤": r"\leq ",
    "≥": r"\geq ",
    "≠": r"\neq ",
    "≈": r"\approx ",
    "∈": r"\in ",
    "→": r"\to ",
    "⇒": r"\Rightarrow ",
    "½": r"\tfrac12 ",
    "¼": r"\tfrac14 ",
    "¾": r"\tfrac34 ",
    "ℝ": r"\mathbb{R}",
    "φ": r"\varphi ",
    "ϕ": r"\phi ",
    "ε": r"\varepsilon ",
    "⟨": r"\langle ",
    "⟩": r"\rangle ",
    "ᵀ": r"^{\top}",
    "⌊": r"\lfloor ",
    "⌋": r"\rfloor ",
    "↦": r"\mapsto ",
    "∘": r"\circ ",
    "ℚ": r"\mathbb{Q}",
}
_LATIN = re.compile(r"[\x20-\x7e\xc0-\xff]")
_SCRIPTS = {"<super>": "^", "<sub>": "_"}
_ACCENTS = {
    "0301": r"\'",
    "0306": r"\u",
    "0307": r"\.",
    "030B": r"\H",
    "030C": r"\v",
    "0304": r"\=",
    "0327": r"\c",
}
"""Combining marks of letters that are not in Latin-1."""
_MARKS = re.compile(r"([\\`*_{}\[\]<>$|~#])")


def latex_text(text: str) -> str:
    """For pdflatex with no packages but amsmath and amssymb: signs and Greek letters become mathematics.

    Raises `UnprintableError` on a character that LaTeX could not set.
    """
    shown = "".join(map(_tex, text))
    # neighbouring signs are one formula: ‖W‖₂ and not four
    return re.sub(r"(?<!\\)\$\$", "", shown).replace("}^{", "").replace("}_{", "")


def _tex(character: str) -> str:
    if character in _TEX:
        return _TEX[character]
    if character in _MATHEMATICS:
        return f"${_MATHEMATICS[character]}$"
    if _LATIN.fullmatch(character) or character == "\n":
        return character
    kind, _, plain = unicodedata.decomposition(character).partition(" ")
    if plain in _ACCENTS and chr(int(kind, 16)).isascii():
        return f"{_ACCENTS[plain]}{{{chr(int(kind, 16))}}}"
    if kind in _SCRIPTS:
        return f"${_SCRIPTS[kind]}{{{_script(chr(int(plain, 16)))}}}$"
    return f"${_greek(character)} $"


def _script(character: str) -> str:
    return character if character.isascii() else _MATHEMATICS.get(character) or _greek(character)


def _greek(character: str) -> str:
    words = unicodedata.name(character, "").split()
    if words[:1] == ["GREEK"] and words[2:3] == ["LETTER"]:
        name = words[3].lower() if words[1] == "SMALL" else words[3].capitalize()
        if name in GREEK:
            return GREEK[name][0]
    raise UnprintableError(f"the character {character!r} cannot be set by LaTeX here")


def markdown_text(text: str) -> str:
    """GitHub's Markdown and Streamlit's, also inside a table."""
    return _MARKS.sub(r"\\\1", text)


def typst_text(text: str) -> str:
    """Typst markup. A leading sign cannot open a list or a heading, for escapes are words."""
    return re.sub(r"([\\`*_{}\[\]<>$#~@/'\"=+-])", r"\\\1", text)
