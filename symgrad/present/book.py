"""Chosen derivations as one document with title, contents and bibliography."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symgrad.errors import InputError
from symgrad.present import latex, markdown, notebook, typst
from symgrad.symbolic.derivation import Derivation
from symgrad.theory.bibliography import BIBLIOGRAPHY, Reference

__all__ = ["TITLE", "book"]

TITLE = "Why gradients vanish or explode"

Works = Sequence[tuple[str, Reference]]

FORMATS: dict[str, Callable[[str, Sequence[Derivation], Works], bytes]] = {
    "tex": lambda *parts: latex.book(*parts).encode(),
    "md": lambda *parts: markdown.book(*parts).encode(),
    "typ": lambda *parts: typst.book(*parts).encode(),
    "pdf": lambda *parts: typst.pdf(typst.book(*parts)),
    "ipynb": lambda *parts: notebook.book(*parts).encode(),
}


def book(derivations: Sequence[Derivation], kind: str) -> bytes:
    """The derivations in the order given, every cited work once, by author.

    Raises `InputError` on a format that a book cannot have.
    """
    if kind not in FORMATS:
        raise InputError(f"a book cannot be written as {kind!r} (legal: {', '.join(FORMATS)})")
    keys = {source.key for derivation in derivations for source in derivation.sources}
    return FORMATS[kind](TITLE, derivations, [(key, BIBLIOGRAPHY[key]) for key in sorted(keys)])
