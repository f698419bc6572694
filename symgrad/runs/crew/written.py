"""Files that are whole or not there: written aside, forced to the disk, renamed. No link is followed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from symgrad.errors import InputError

__all__ = ["ASIDE", "check_links", "clear", "number", "read_json", "replace", "write_json"]

ASIDE = ".new"


def replace(path: Path, content: bytes, force: bool = True) -> None:
    """Writes a file aside, forces it to the disk if need be, and renames it. Raises OSError."""
    aside = path.with_name(path.name + ASIDE)
    with open(aside, "wb") as file:
        file.write(content)
        if force:
            file.flush()
            os.fsync(file.fileno())
    aside.replace(path)
    if force and hasattr(os, "O_DIRECTORY"):  # the new name is on the disk once its folder is
        folder = os.open(path.parent, os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_json(path: Path, document: Mapping[str, Any], force: bool = True) -> None:
    """Writes a document as `replace` does."""
    replace(path, json.dumps(document, ensure_ascii=False, indent=1).encode(), force)


def read_json(path: Path) -> dict[str, Any]:
    """A document; an empty one where there is none that can be read."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def clear(*folders: Path) -> None:
    """Removes what a process that was killed left half-written."""
    for folder in folders:
        for left in folder.glob(f"*{ASIDE}"):
            left.unlink()


def check_links(folder: Path, names: Iterable[str]) -> None:
    """Raises `InputError` where one of these files of a folder is a link."""
    for name in names:
        if (folder / name).is_symlink():
            raise InputError(f"{folder / name} is a link: nothing outside the folder is opened")


def number(value: float) -> float | None:
    """As JSON has it, which knows no infinities and nothing that is not a number."""
    return value if not isinstance(value, float) or math.isfinite(value) else None
