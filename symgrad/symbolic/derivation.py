"""A derivation is an executable object: building it runs the check of every step.

A `Derivation` holds assumptions, checked steps, a conclusion, sources, and the claims that an experiment can
refute. Page, LaTeX, Typst, Markdown, notebook, command line and test are rendered from this one object;
nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal

__all__ = ["Body", "Check", "Claim", "Derivation", "Grade", "Prose", "Source", "Step", "prove"]

Grade = Literal["exact", "certified", "estimated"]
"""exact: proved by algebra or calculus steps; certified: a rigorous enclosure; estimated: a number without a
proof.
"""

Prose = tuple[str | sp.Basic, ...]
"""Words with formulas between them: text parts as written, SymPy parts set as inline mathematics."""

Check = Callable[[], str]
"""Runs the check and returns what was done, as a short clause; raises `RefutedError` if it does not hold."""


@dataclass(frozen=True)
class Source:
    """A place in the literature: a key of the bibliography and where in that work."""

    key: str
    where: str = ""


@dataclass(frozen=True)
class Step:
    """One statement, why it follows, and how the machine checked it."""

    statement: sp.Basic
    because: Prose
    check: str
    rule: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.because, tuple):
            raise TypeError(f"prose is a tuple of text and formulas, not {self.because!r}")


@dataclass(frozen=True)
class Claim:
    """What an experiment can refute.

    `measure` names an entry of the judge's table of measurements, `expects` holds what that measurement is
    compared with (SymPy objects, numbers or names), `nets` the concrete nets (options of `simulate`, or
    points of the line for an activation), `scope` whether worst case, mean or typical value is meant,
    `regime` for which widths. A widespread claim that the derivation shows to be false has the `status`
    "refuted": the statement is the false one, its measure confirms a counterexample, and it passes when the
    counterexample stands.
    """

    key: str
    statement: Prose
    measure: str
    expects: Mapping[str, Any] = field(default_factory=dict)
    nets: tuple[Mapping[str, Any], ...] = ()
    scope: Literal["worst case", "mean", "typical"] = "worst case"
    regime: Literal["every width", "infinite width"] = "every width"
    status: Literal["stands", "refuted"] = "stands"


@dataclass(frozen=True, kw_only=True)
class Body:
    """The content of a derivation. `picture` is what to draw beside it: a verb and its arguments."""

    summary: Prose
    assumptions: tuple[Prose, ...]
    steps: tuple[Step, ...]
    conclusion: Step
    sources: tuple[Source, ...]
    claims: tuple[Claim, ...]
    proof: Grade = "exact"
    picture: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Derivation(Body):
    """A body with its permanent key (address, file name, label and test id), its title and its subject."""

    key: str
    title: str
    subject: str


def prove(statement: sp.Basic, because: Prose, check: Check | None = None, rule: str = "") -> Step:
    """A checked step. Without `check` the statement must be an equation, and both sides are proved equal by
    algebra.

    Raises `RefutedError` when the check does not hold, so that no derivation with a wrong step can exist.
    """
    if check is None:
        if not isinstance(statement, sp.Equality):
            raise RefutedError(f"no check given for {statement}")
        lhs, rhs = statement.lhs, statement.rhs

        def check() -> str:
            return prove_equal(lhs, rhs)

    return Step(statement, because, check(), rule)
