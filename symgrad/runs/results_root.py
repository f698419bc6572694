"""Where folders of results lie: under one root, by plain names; nothing outside it is opened.

The root is $SYMGRAD_RUNS, else `runs/` beside the app (git-ignored).
"""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from pathlib import Path

from symgrad.errors import InputError

__all__ = ["folder_of", "folders", "name_of", "new_folder", "results_root"]

LONGEST = 60
MOST_OF_A_NAME = 1000
PLAIN = re.compile(r"[A-Za-z0-9][\w.-]{0,59}", re.ASCII)
"""Also what was called so on the command line; neither a path nor hidden."""


def results_root() -> Path:
    """The folder that all folders of results lie in; it need not exist yet."""
    chosen = os.environ.get("SYMGRAD_RUNS")
    return Path(chosen).expanduser().resolve() if chosen else Path(__file__).resolve().parents[2] / "runs"


def name_of(text: str) -> str:
    """A plain name out of any text: letters a to z, digits and single hyphens, at most 60, never empty."""
    latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", latin.lower())[:LONGEST].strip("-")
    return name or "results"


def folder_of(name: str) -> Path:
    """The folder of that name under the root.

    Raises `InputError` where the name is not plain, where there is no such folder, and where it is a link
    that leads out of the root.
    """
    root = results_root()
    folder = root / name if PLAIN.fullmatch(name) else None
    if folder is None or not folder.is_dir():
        raise InputError(f"folder {name[:LONGEST]!r} is not there (legal: a name under {root})")
    if folder.resolve().parent != root.resolve():
        raise InputError(f"folder {name!r} leads out of {root}; it is not opened")
    return folder


def new_folder(text: str) -> Path:
    """A new, empty folder called after the text; a number is added where the name is taken.

    Raises `InputError` where the root cannot be written.
    """
    root, name = results_root(), name_of(text)
    try:
        root.mkdir(parents=True, exist_ok=True)
        for number in range(1, MOST_OF_A_NAME):
            ending = "" if number == 1 else f"-{number}"
            folder = root / f"{name[: LONGEST - len(ending)].rstrip('-')}{ending}"
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                return folder
    except OSError as error:
        raise InputError(f"{root}: cannot be written ({error.strerror})") from None
    raise InputError(f"{name}: {MOST_OF_A_NAME - 1} folders have this name (legal: another name)")


def folders(holding: str) -> list[Path]:
    """The folders under the root that hold a file of that name, the one that was made last in front."""
    root = results_root()
    try:
        found = [path for path in root.iterdir() if PLAIN.fullmatch(path.name) and (path / holding).is_file()]
        own = [path for path in found if path.resolve().parent == root.resolve()]
        return sorted(own, key=lambda path: (-(path / holding).stat().st_mtime, path.name))
    except OSError:
        return []
