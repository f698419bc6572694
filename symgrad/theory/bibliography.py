"""The works cited; a derivation names the key and where in the work the statement stands."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

__all__ = ["BIBLIOGRAPHY", "Reference"]


@dataclass(frozen=True)
class Reference:
    """One work: authors, title, where it appeared, year, and an identifier (DOI or arXiv) when it has one."""

    authors: str
    title: str
    venue: str
    year: int
    identifier: str = ""

    def written(
        self, text: Callable[[str], str] = str, title: str = "{}", identifier: str = " {}.", where: str = ""
    ) -> str:
        """Authors (year). Title. Venue. Identifier. Where in it: the parts through `text`, which escapes for
        a target; `title` and `identifier` are formats, the latter left out where the work has none.
        """
        named = f"{text(self.authors)} ({self.year}). {title.format(text(self.title))}. {text(self.venue)}."
        known = identifier.format(text(self.identifier)) if self.identifier else ""
        place = text(where[:1].upper() + where[1:])
        return named + known + (f" {place}." if where else "")


def _read() -> dict[str, Reference]:
    text = resources.files("symgrad").joinpath("data/works.toml").read_text(encoding="utf-8")
    return {key: Reference(**work) for key, work in tomllib.loads(text).items()}


BIBLIOGRAPHY: dict[str, Reference] = _read()
"""The works by key, from data/works.toml."""
