"""A derivation as a Typst document, and Typst as PDF: offline, the same bytes every time."""

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
from symgrad.present.breaking import Line, Part, lines
from symgrad.present.escape import typst_text
from symgrad.present.typst_math import TypstPrinter, typst
from symgrad.symbolic.derivation import Derivation, Prose
from symgrad.theory.bibliography import Reference

__all__ = ["book", "document", "pdf", "prose_typst", "typst"]

OPERATORS = {
    "==": "=",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "+": "+",
    "-": "-",
    "and": "and",
    "or": "or",
    "=>": "=>",
    "<=>": "<=>",
    "(": r"\(",
    ")": r"\)",
}

PREAMBLE = """#set document(title: "{title}", date: none)
#set page(paper: "a4", margin: 2.5cm, numbering: "1")
#set text(font: "New Computer Modern", size: 11pt, lang: "en")
#set par(justify: true)
#set math.equation(numbering: "(1)")
#show heading: set block(above: 1.4em, below: 0.8em)
#let fitted(formula) = layout(size => {{
  let wide = measure(formula).width
  let room = size.width - 3em.to-absolute()
  if wide <= room {{ formula }} else {{
    let part = room / wide * 100%
    align(center, scale(x: part, y: part, reflow: true, formula))
  }}
}})
"""
"""A formula with no place to break is made smaller until it fits."""


def prose_typst(prose: Prose) -> str:
    """Words with inline formulas."""
    return "".join(typst_text(part) if isinstance(part, str) else f"${typst(part)}$" for part in prose)


def pdf(source: str) -> bytes:
    """The document as PDF with the fonts that come with Typst: no network, no date, equal bytes for equal
    text.

    Raises `typst.TypstError` when the source does not compile.
    """
    import typst as compiler

    return bytes(compiler.compile(source.encode(), format="pdf", ignore_system_fonts=True))


def document(derivation: Derivation) -> str:
    """One derivation as a whole document."""
    return _front(derivation.title) + rendered(BLOCKS, blocks(derivation)) + "\n"


def book(title: str, derivations: Sequence[Derivation], works: Sequence[tuple[str, Reference]]) -> str:
    """Several derivations with a table of contents and one bibliography."""
    parts = [rendered(CHAPTER, blocks(derivation)) for derivation in derivations]
    listed = _items([work.written(typst_text, "_{}_") for _, work in works])
    front = f"#align(center, text(size: 1.6em)[{typst_text(title)}])\n\n#outline(depth: 1)\n\n#pagebreak()"
    body = "\n\n#pagebreak()\n\n".join(parts)
    back = f"#pagebreak()\n\n= Bibliography\n\n{listed}"
    return f"{_front(title)}{front}\n\n{body}\n\n{back}\n"


def _front(title: str) -> str:
    return PREAMBLE.format(title=title.replace("\\", "\\\\").replace('"', '\\"'))


def _heading(block: Heading) -> str:
    return f"{'=' * block.level} {typst_text(block.text)}"


def _chapter(block: Heading) -> str:
    return _heading(block) + (f" <{block.key}>" if block.key else "")


def _items(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _step(block: Step) -> str:
    rule = f"_{typst_text(block.rule)}_: " if block.rule else ""
    return (
        f"{rule}{stopped(prose_typst(block.because))}\n\n#fitted($ {_displayed(block.statement)} $)\n\n"
        f"#text(size: 0.9em)[Checked: {stopped(typst_text(block.check))}]"
    )


def _displayed(statement: sp.Basic) -> str:
    found = lines(statement)
    if len(found.rows) == 1:
        return _line(found.lead + found.rows[0])
    first, *others = map(_line, found.rows)
    lead = f"{_line(found.lead)} & " if found.lead else "& "
    follow = "& " if found.lead else "& quad "
    return " \\ ".join([lead + first, *(follow + row for row in others)])


def _line(line: Line) -> str:
    printer = TypstPrinter()
    return " ".join(
        printer.part(part.expr, part.role) if isinstance(part, Part) else OPERATORS[part] for part in line
    )


def _sources(block: Sources) -> str:
    items = [work.written(typst_text, "_{}_", where=where) for _, work, where in block.items]
    return f"== Sources\n\n{_items(items)}"


BLOCKS: dict[type[Block], Callable[[Any], str]] = {
    Heading: _heading,
    Paragraph: lambda block: stopped(prose_typst(block.prose)),
    Assumptions: lambda block: _items([prose_typst(item) for item in block.items]),
    Step: _step,
    Conclusion: _step,
    Graded: lambda block: f"*Proof: {block.grade}.* {initial(block.meaning)}.",
    Claims: lambda block: _items(
        [f"{prose_typst(prose)} ({typst_text(scope)})" for prose, scope in block.items]
    ),
    Sources: _sources,
}
CHAPTER: dict[type[Block], Callable[[Any], str]] = {**BLOCKS, Heading: _chapter}
