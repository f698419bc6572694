"""Derivations as files: rendered in memory, then written aside and renamed; nothing is left half-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from symgrad.errors import InputError
from symgrad.present import book, charts, latex, markdown, notebook, typst
from symgrad.present.index import bibliography, index
from symgrad.symbolic.derivation import Derivation

__all__ = ["BOOK", "FORMATS", "rendered", "stored", "written"]

BOOK = "symgrad"
"""The name of the one document that holds all chosen derivations."""

Picture = Callable[[Derivation], Mapping[str, object]]


def _chart(kind: str) -> Callable[[Derivation, Picture], bytes]:
    def draw(derivation: Derivation, picture: Picture) -> bytes:
        return charts.save(charts.picture(picture(derivation)), kind)

    return draw


FORMATS: dict[str, Callable[[Derivation, Picture], bytes]] = {
    "tex": lambda derivation, _: latex.document(derivation).encode(),
    "md": lambda derivation, _: markdown.document(derivation).encode(),
    "pdf": lambda derivation, _: typst.pdf(typst.document(derivation)),
    "ipynb": lambda derivation, _: notebook.document(derivation).encode(),
    "png": _chart("png"),
    "svg": _chart("svg"),
}
"""How one derivation becomes a file of each format; a chart draws its picture, measured afresh."""


def rendered(derivation: Derivation, kind: str, picture: Picture) -> tuple[str, bytes]:
    """File name and content of one derivation. Raises `InputError` on a format that does not exist."""
    if kind not in FORMATS:
        raise InputError(f"format {kind!r} is not known (legal: {', '.join(FORMATS)})")
    return f"{derivation.key}.{kind}", FORMATS[kind](derivation, picture)


def written(
    derivations: Sequence[Derivation], formats: Sequence[str], out: Path, as_book: bool, picture: Picture
) -> list[str]:
    """Writes the files and returns their paths; Markdown comes with an index and a bibliography.

    Raises `InputError` when the folder cannot be written; files of this call written before that are removed.
    """
    files: dict[str, bytes] = {}
    for kind in formats:
        if as_book:
            files[f"{BOOK}.{kind}"] = book.book(derivations, kind)
            continue
        files |= dict(rendered(derivation, kind, picture) for derivation in derivations)
        if kind == "md":
            files["index.md"] = index(derivations).encode()
            files["bibliography.md"] = bibliography(derivations).encode()
    return stored(files, out)


def stored(files: Mapping[str, bytes], out: Path) -> list[str]:
    """Writes contents by file name into the folder; returns the paths, raises `InputError` as `written`."""
    new: list[Path] = []
    aside: Path | None = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            path = out / name
            handle, temporary = tempfile.mkstemp(dir=out, suffix=".tmp")
            aside = Path(temporary)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            aside.chmod(0o644)
            if not path.exists():
                new.append(path)
            aside.replace(path)
    except OSError as error:
        for path in new if aside is None else (*new, aside):
            path.unlink(missing_ok=True)
        raise InputError(f"--out {out}: cannot be written ({error.strerror})") from None
    return [str(out / name) for name in files]
