r"""A derivation as a LaTeX document: amsmath, amssymb, booktabs, geometry, hyperref, and nothing that needs
another font.
"""

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
from symgrad.present.breaking import LINE, Line, Part, lines
from symgrad.present.escape import latex_text
from symgrad.present.latex_math import LatexPrinter, latex
from symgrad.symbolic.derivation import Derivation, Prose
from symgrad.theory.bibliography import Reference

__all__ = ["aligned", "book", "document", "latex", "prose_latex"]

OPERATORS = {
    "==": "=",
    "!=": r"\neq",
    "<": "<",
    "<=": r"\leq",
    ">": ">",
    ">=": r"\geq",
    "+": "+",
    "-": "-",
    "and": r"\wedge",
    "or": r"\vee",
    "=>": r"\Rightarrow",
    "<=>": r"\Leftrightarrow",
    "(": r"\bigl(",
    ")": r"\bigr)",
}
SIZES = ((1.0, ""), (0.91, r"\small"), (0.82, r"\footnotesize"), (0.73, r"\scriptsize"), (0.55, r"\tiny"))
"""What is left of the width in each size of type: for a formula that has no place to break."""

PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,booktabs}
\usepackage[margin=2.5cm]{geometry}
\usepackage[hidelinks,bookmarks=false]{hyperref}
\setlength{\emergencystretch}{3em}
\allowdisplaybreaks
"""


def prose_latex(prose: Prose) -> str:
    """Words with inline formulas."""
    return "".join(latex_text(part) if isinstance(part, str) else f"${latex(part)}$" for part in prose)


def aligned(statement: sp.Basic, limit: float = LINE) -> str:
    r"""The formula for display, without dollars: as it is when it fits into `limit` em, else `aligned` lines.

    For KaTeX as for pdflatex; a line that cannot be broken is left too wide.
    """
    found = lines(statement, limit)
    if len(found.rows) == 1:
        return _line(found.lead + found.rows[0])
    first, *others = map(_line, found.rows)
    lead = f"{_line(found.lead)} & " if found.lead else "& "
    follow = " & " if found.lead else r" & \quad "
    return (
        r"\begin{aligned} "
        + r" \\ ".join([lead + first, *(follow + row for row in others)])
        + r" \end{aligned}"
    )


def _line(line: Line) -> str:
    printer = LatexPrinter()
    return " ".join(
        printer.part(part.expr, part.role) if isinstance(part, Part) else OPERATORS[part] for part in line
    )


def document(derivation: Derivation) -> str:
    """One derivation as a whole document."""
    found = blocks(derivation)
    heading = found[0]
    assert isinstance(heading, Heading)
    title = rf"\title{{{latex_text(heading.text)}}}" + "\n\\author{}\n\\date{}\n"
    body = rendered(BLOCKS, found[1:])
    return f"{PREAMBLE}{title}\\begin{{document}}\n\\maketitle\n\n{body}\n\n\\end{{document}}\n"


def book(title: str, derivations: Sequence[Derivation], works: Sequence[tuple[str, Reference]]) -> str:
    """Several derivations with contents and one bibliography; equations are numbered by section."""
    parts = [rendered(CHAPTER, blocks(derivation)) for derivation in derivations]
    front = rf"\title{{{latex_text(title)}}}" + "\n\\author{}\n\\date{}\n\\numberwithin{equation}{section}\n"
    listed = _bibliography([(key, work, "") for key, work in works])
    pages = "\n\n\\clearpage\n\n".join(["\\maketitle\n\\tableofcontents", *parts, listed])
    return f"{PREAMBLE}{front}\\begin{{document}}\n{pages}\n\n\\end{{document}}\n"


def _heading(block: Heading) -> str:
    return rf"\section*{{{latex_text(block.text)}}}"


def _chapter(block: Heading) -> str:
    if block.level == 1:
        return rf"\section{{{latex_text(block.text)}}}\label{{{block.key}}}"
    return rf"\subsection*{{{latex_text(block.text)}}}"


def _items(items: Sequence[str]) -> str:
    return "\\begin{itemize}\n" + "\n".join(rf"\item {item}" for item in items) + "\n\\end{itemize}"


def _step(block: Step) -> str:
    rule = rf"\emph{{{latex_text(block.rule)}}}: " if block.rule else ""
    because, check = stopped(prose_latex(block.because)), stopped(latex_text(block.check))
    formula = _displayed(block.statement)
    return f"\\noindent {rule}{because}\n{formula}\n{{\\small Checked: {check}}}\\par\\medskip"


def _displayed(statement: sp.Basic) -> str:
    width = lines(statement).width
    size = next((size for scale, size in SIZES if width * scale <= LINE), SIZES[-1][1])
    body = f"\\begin{{equation}}\n{aligned(statement)}\n\\end{{equation}}"
    return f"{{{size}\n{body}}}%" if size else body


def _graded(block: Graded) -> str:
    return rf"\noindent\textbf{{Proof: {block.grade}.}} {latex_text(initial(block.meaning))}."


def _claims(block: Claims) -> str:
    return _items([f"{prose_latex(prose)} ({latex_text(scope)})" for prose, scope in block.items])


def _cited(block: Sources) -> str:
    """In a book: the places, with the works in its bibliography."""
    return (
        "Sources: "
        + "; ".join(
            rf"\cite{{{key}}}" + (f", {latex_text(where)}" if where else "") for key, _, where in block.items
        )
        + "."
    )


def _bibliography(items: Sequence[tuple[str, Reference, str]]) -> str:
    entries = []
    for key, work, where in items:
        text = work.written(latex_text, identifier=rf" \url{{{{{work.identifier}}}}}.", where=where)
        entries.append(rf"\bibitem{{{key}}} {text}")
    return "\\begin{thebibliography}{99}\n" + "\n".join(entries) + "\n\\end{thebibliography}"


BLOCKS: dict[type[Block], Callable[[Any], str]] = {
    Heading: _heading,
    Paragraph: lambda block: stopped(prose_latex(block.prose)),
    Assumptions: lambda block: _items([prose_latex(item) for item in block.items]),
    Step: _step,
    Conclusion: _step,
    Graded: _graded,
    Claims: _claims,
    Sources: lambda block: _bibliography(block.items),
}
CHAPTER: dict[type[Block], Callable[[Any], str]] = {**BLOCKS, Heading: _chapter, Sources: _cited}
