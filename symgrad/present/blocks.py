"""A derivation as a sequence of blocks: what is on the page, in order, before anybody decides how it looks.

Every renderer is a table from the type of a block to a function; none walks a `Derivation` itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from symgrad.symbolic.derivation import Claim, Derivation, Grade, Prose
from symgrad.symbolic.derivation import Step as Proved
from symgrad.theory.bibliography import BIBLIOGRAPHY, Reference

__all__ = [
    "Assumptions",
    "Block",
    "Claims",
    "Conclusion",
    "Graded",
    "Heading",
    "Paragraph",
    "Sources",
    "Step",
    "blocks",
    "initial",
    "rendered",
    "stopped",
]


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is that of the derivation, whose key is then the anchor."""

    text: str
    level: int
    key: str = ""


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    prose: Prose


@dataclass(frozen=True)
class Assumptions:
    """What is assumed, item by item."""

    items: tuple[Prose, ...]


@dataclass(frozen=True)
class Step:
    """A numbered statement, the rule it follows by, why, and how the machine checked it."""

    number: int
    statement: sp.Basic
    because: Prose
    check: str
    rule: str


@dataclass(frozen=True)
class Conclusion(Step):
    """The last statement."""


@dataclass(frozen=True)
class Graded:
    """How far the statement is proved, in a word and a sentence."""

    grade: Grade
    meaning: str


@dataclass(frozen=True)
class Claims:
    """What an experiment can refute: a statement and what it speaks of."""

    items: tuple[tuple[Prose, str], ...]


@dataclass(frozen=True)
class Sources:
    """Works cited, each with its key and the place in it; the renderer gives them their heading."""

    items: tuple[tuple[str, Reference, str], ...]


Block = Heading | Paragraph | Assumptions | Step | Graded | Claims | Sources

GRADES: dict[Grade, str] = {
    "exact": "every step is proved by algebra or calculus",
    "certified": "the numbers are enclosed by ball arithmetic over the whole real line",
    "estimated": "at least one number was found by searching and is not proved",
}


def blocks(derivation: Derivation) -> tuple[Block, ...]:
    """Title, summary, assumptions, steps, conclusion, grade, claims, sources; what is empty is left out.

    Raises `KeyError` when a source is not in the bibliography.
    """
    found: list[Block] = [
        Heading(derivation.title, 1, derivation.key),
        Paragraph(derivation.summary),
    ]
    if derivation.assumptions:
        found += [Heading("Assumptions", 2), Assumptions(derivation.assumptions)]
    if derivation.steps:
        found += [Heading("Derivation", 2), *(_step(Step, *line) for line in enumerate(derivation.steps, 1))]
    found += [
        Heading("Conclusion", 2),
        _step(Conclusion, len(derivation.steps) + 1, derivation.conclusion),
        Graded(derivation.proof, GRADES[derivation.proof]),
    ]
    if derivation.claims:
        claims = tuple((claim.statement, _spoken_of(claim)) for claim in derivation.claims)
        found += [Heading("What a measurement can refute", 2), Claims(claims)]
    if derivation.sources:
        cited = tuple((source.key, BIBLIOGRAPHY[source.key], source.where) for source in derivation.sources)
        found.append(Sources(cited))
    return tuple(found)


def _spoken_of(claim: Claim) -> str:
    """What a claim speaks of, and whether it is one that a counterexample refutes."""
    said = f"{claim.scope}, {claim.regime}"
    return said if claim.status == "stands" else f"{said}; {claim.status}, the counterexample is measured"


def _step(kind: type[Step], number: int, step: Proved) -> Step:
    return kind(number, step.statement, step.because, step.check, step.rule)


def rendered(table: Mapping[type, Callable[[Any], str]], found: tuple[Block, ...]) -> str:
    """Each block by the function of its type, with an empty line between. Raises `KeyError` on a type without
    one.
    """
    return "\n\n".join(table[type(block)](block) for block in found)


def stopped(text: str) -> str:
    """A sentence with its full stop, once."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def initial(text: str) -> str:
    """The first letter as a capital, the others as they are."""
    return text[:1].upper() + text[1:]
