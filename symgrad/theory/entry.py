"""A derivation as the registry knows it: key, title and subject at once, the steps only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property

from symgrad.symbolic.derivation import Body, Derivation

__all__ = ["Body", "Entry", "derivation"]


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
        content = {part.name: getattr(body, part.name) for part in fields(body)}
        return Derivation(key=self.key, title=self.title, subject=self.subject, **content)


def derivation(key: str, title: str, subject: str) -> Callable[[Callable[[], Body]], Entry]:
    """Decorator: the function becomes the registry's entry of that key."""
    return lambda body: Entry(key, title, subject, body)
