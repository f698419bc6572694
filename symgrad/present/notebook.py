"""A derivation as a notebook of plain SymPy and NumPy: it runs without symgrad, and tests the statements
itself.

Statements about expressions are tested at random points to 50 digits; statements about a net left general, on
a concrete net
whose derivatives come from the forward pass alone. What defines or relates letters is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import sympy as sp

from symgrad.present import net_instance, recheck
from symgrad.present.blocks import Step, blocks
from symgrad.present.given import given
from symgrad.present.markdown import BLOCKS, contents, works_cited
from symgrad.present.names import UnprintableError
from symgrad.present.notebook_checks import Tester
from symgrad.symbolic.derivation import Derivation
from symgrad.symbolic.letters import x
from symgrad.theory.bibliography import Reference

__all__ = ["book", "document"]

Cell = tuple[str, str]
"""Its kind, "markdown" or "code", and its text."""

HOW = (
    "*The cells of code test the statements without symgrad: those about expressions at random points to "
    "50 digits, those about a net left general on a concrete net, with derivatives from the forward pass "
    "alone. What defines or relates letters is only shown.*"
)


def document(derivation: Derivation) -> str:
    """One derivation. Raises `UnprintableError` when not one of its statements could be tested."""
    return _notebook(_chapter(derivation, set()), derivation.key)


def book(title: str, derivations: Sequence[Derivation], works: Sequence[tuple[str, Reference]]) -> str:
    """Several derivations with contents and one bibliography."""
    there: set[str] = set()
    cells: list[Cell] = [("markdown", contents(title, derivations))]
    for derivation in derivations:
        cells += _chapter(derivation, there)
    return _notebook([*cells, ("markdown", works_cited(works))], "book")


def _chapter(derivation: Derivation, there: set[str]) -> list[Cell]:
    """The cells of a derivation; `there` holds the helpers that an earlier chapter brought, and gains those
    of this one.
    """
    tester = Tester(given(derivation))
    body: list[Cell] = []
    front: list[Cell] = []
    tested: list[int] = []
    found = blocks(derivation)
    for block in found:
        text = BLOCKS[type(block)](block)
        if isinstance(block, Step):
            body.append(("markdown", text))
            if (lines := tester.test(block.statement)) is not None:
                tested.append(block.number)
                body.append(("code", f"{lines}\ntested.append({block.number})"))
        elif body:
            body.append(("markdown", text))
        else:
            front.append(("markdown", text))
    if not tested:
        raise UnprintableError(f"{derivation.key}: no statement can be tested without symgrad")
    setting = _setting(tester)
    helpers = [recheck, *([net_instance] if tester.uses_net else [])]
    brought: list[Cell] = [("code", _source(module)) for module in helpers if module.__name__ not in there]
    there |= {module.__name__ for module in helpers}
    last = len(derivation.steps) + 1
    rests = "the conclusion is among them" if last in tested else "the conclusion rests on them"
    closing = f"assert tested == {tested}  # statements tested here; {rests}"
    return [*front, ("markdown", HOW), *brought, ("code", setting), *body, ("code", closing)]


def _source(module: ModuleType) -> str:
    """The module's text without its docstring and without what a notebook does not need."""
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    return text.split("from __future__ import annotations\n", 1)[1].strip()


def _setting(tester: Tester) -> str:
    """Symbols, the activation, known letters: what the code of the chapter refers to."""
    given_here, lines = tester.given, ["tested = []"]
    functions: list[str] = []
    if given_here.activation is not None:
        functions += [
            f"activation = {tester.code(given_here.activation)}",
            f"slope = sp.diff(activation, {tester.code(x)})",
        ]
        functions.append(f"phi = lambda at: activation.subs({tester.code(x)}, at)")
    elif given_here.slope is not None:
        functions.append(f"slope = {tester.code(given_here.slope)}")
    if given_here.slope is not None:
        functions.append(f"dphi = lambda at: slope.subs({tester.code(x)}, at)")
    known = [
        f"known[{tester.code(symbol)}] = sp.N({tester.code(value)}, {recheck.DIGITS + 20})"
        for symbol, value in given_here.values.items()
    ]
    for symbol, root in given_here.roots.items():
        equation = tester.code(root.equation.lhs - root.equation.rhs)
        bracket = f"({sp.Rational(str(root.low))}, {sp.Rational(str(root.high))})"
        known.append(
            f"known[{tester.code(symbol)}] = sp.nsolve({equation}, {tester.code(symbol)}, {bracket}, "
            f'solver="anderson", verify=False, prec={recheck.DIGITS + 20})'
        )
    argument = sp.Symbol("argument")
    for word, kind in tester.printer.named.items():
        body = tester.code(kind.definition(argument))
        functions.append(f"{word} = lambda {tester.names(argument)}: {body}")
    tester.names.names.pop(argument, None)
    return "\n".join([*lines, tester.names.declarations(), "known = {}", *known, *functions]).replace(
        "\n\n", "\n"
    )


def _notebook(cells: Sequence[Cell], key: str) -> str:
    """nbformat 4.5 as text: fixed cell ids, no outputs."""
    pages: list[dict[str, Any]] = []
    for number, (kind, text) in enumerate(cells, 1):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"{key[:50]}-{number}", "metadata": {}}
        cell["source"] = text.splitlines(keepends=True)
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        pages.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": pages, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
