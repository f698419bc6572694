"""A derivation as the registry knows it: key, title and subject at once, the steps only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from symgrad.symbolic.derivation import Claim, Derivation, Grade, Prose, Source, Step

__all__ = ["Body", "Entry", "derivation"]


@dataclass(frozen=True)
class Body:
    """What a derivation function returns: all of a `Derivation` but its key, title and subject."""

    summary: Prose
    assumptions: tuple[Prose, ...]
    steps: tuple[Step, ...]
    conclusion: Step
    sources: tuple[Source, ...]
    claims: tuple[Claim, ...]
    proof: Grade = "exact"
    picture: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One row of the registry; calling it builds the derivation (once), which runs every check."""

    key: str
    title: str
    subject: str
    body: Callable[[], Body]

    def __call__(self) -> Derivation:
        """The built derivation. Raises `RefutedError` when a step does not hold."""
        return self._built

    @cached_property
    def _built(self) -> Derivation:
        body = self.body()
        return Derivation(
            key=self.key,
            title=self.title,
            subject=self.subject,
            summary=body.summary,
            assumptions=body.assumptions,
            steps=body.steps,
            conclusion=body.conclusion,
            sources=body.sources,
            claims=body.claims,
            proof=body.proof,
            picture=body.picture,
        )


def derivation(key: str, title: str, subject: str) -> Callable[[Callable[[], Body]], Entry]:
    """Decorator: the function becomes the registry's entry of that key."""
    return lambda body: Entry(key, title, subject, body)
