"""A derivation as GitHub-flavoured Markdown, formulas between dollars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from symgrad.present.blocks import (
    Assumptions,
    Block,
    Claims,
    Conclusion,
    Graded,
    Heading,
    Paragraph,
    Sources,
    Step,
    blocks,
    initial,
    rendered,
    stopped,
)
from symgrad.present.escape import markdown_text
from symgrad.present.latex import aligned, latex
from symgrad.symbolic.derivation import Derivation, Prose
from symgrad.theory.bibliography import Reference

__all__ = ["BLOCKS", "book", "contents", "document", "formula_markdown", "prose_markdown", "works_cited"]

UNESCAPED = {r"\{": r"\lbrace ", r"\}": r"\rbrace ", r"\,": r"\thinspace ", r"\;": r"\thickspace "}
"""Backslashes before punctuation, which Markdown would take for itself, and the same said in letters."""


def prose_markdown(prose: Prose) -> str:
    """Words with inline formulas; no `|` outside of words, so that it may stand in a table."""
    return "".join(
        markdown_text(part) if isinstance(part, str) else f"${_safe(latex(part)).strip()}$" for part in prose
    )


def formula_markdown(statement: sp.Basic) -> str:
    """A displayed formula, broken where it is long, its dollars on lines of their own."""
    return f"$$\n{_safe(aligned(statement))}\n$$"


def _safe(formula: str) -> str:
    for mark, word in UNESCAPED.items():
        formula = formula.replace(mark, word)
    return formula


def document(derivation: Derivation) -> str:
    """One derivation as a whole page."""
    return rendered(BLOCKS, blocks(derivation)) + "\n"


def book(title: str, derivations: Sequence[Derivation], works: Sequence[tuple[str, Reference]]) -> str:
    """Several derivations with a table of contents and one bibliography."""
    parts = [rendered(CHAPTER, blocks(derivation)) for derivation in derivations]
    return "\n\n".join([contents(title, derivations), *parts, works_cited(works)]) + "\n"


def contents(title: str, derivations: Sequence[Derivation]) -> str:
    """Title and table of contents of a book."""
    lines = [f"- [{markdown_text(derivation.title)}](#{derivation.key})" for derivation in derivations]
    return "\n".join([f"# {markdown_text(title)}", "", "## Contents", "", *lines])


def works_cited(works: Sequence[tuple[str, Reference]]) -> str:
    """The bibliography of a book."""
    listed = [f"- {work.written(markdown_text, '*{}*')}" for _, work in works]
    return "\n".join(["## Bibliography", "", *listed])


def _heading(block: Heading) -> str:
    return f"{'#' * block.level} {markdown_text(block.text)}"


def _chapter(block: Heading) -> str:
    anchor = f'<a id="{block.key}"></a>\n\n' if block.key else ""
    return f"{anchor}{'#' * (block.level + 1)} {markdown_text(block.text)}"


def _items(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _step(block: Step) -> str:
    rule = f" *{markdown_text(block.rule)}*" if block.rule else ""
    because, check = stopped(prose_markdown(block.because)), stopped(markdown_text(block.check))
    formula = formula_markdown(block.statement)
    return f"**({block.number})**{rule}\n\n{formula}\n\n*Because:* {because}\n\n*Check:* {check}"


def _sources(block: Sources, level: int = 2) -> str:
    items = [work.written(markdown_text, "*{}*", where=where) for _, work, where in block.items]
    return f"{'#' * level} Sources\n\n{_items(items)}"


BLOCKS: dict[type[Block], Callable[[Any], str]] = {
    Heading: _heading,
    Paragraph: lambda block: stopped(prose_markdown(block.prose)),
    Assumptions: lambda block: _items([prose_markdown(item) for item in block.items]),
    Step: _step,
    Conclusion: _step,
    Graded: lambda block: f"**Proof: {block.grade}.** {initial(block.meaning)}.",
    Claims: lambda block: _items([f"{prose_markdown(prose)} ({scope})" for prose, scope in block.items]),
    Sources: _sources,
}
CHAPTER: dict[type[Block], Callable[[Any], str]] = {
    **BLOCKS,
    Heading: _chapter,
    Sources: lambda block: _sources(block, 3),
}
