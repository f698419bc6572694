"""Which program fills a folder: another one does not go on with it, and versions are kept."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from symgrad import __version__
from symgrad.errors import InputError
from symgrad.runs.cache import fingerprint
from symgrad.runs.crew.written import read_json, write_json

__all__ = ["PROGRAM", "same_program", "versions"]

PROGRAM = "program.json"


def same_program(folder: Path, rooms: Sequence[str], results: bool) -> None:
    """Writes down what fills the folder; where results are there already, looks that it is the same.

    `rooms` are the folders of symgrad that decide what is in a result. Raises `InputError` where another
    version, or other sources, began it: which results are whose could not be told.
    """
    program, begun = {"symgrad": __version__, "digest": fingerprint(*rooms)}, read_json(folder / PROGRAM)
    if not results:
        write_json(folder / PROGRAM, program)
    elif begun != program:
        version = begun.get("symgrad", "unknown")
        other = f"version {version}" + ", other sources" * (version == __version__)
        raise InputError(
            f"{folder} was begun by another symgrad ({other}; this is {__version__}): results of two "
            "programs could not be told apart; take another folder"
        )


def versions() -> dict[str, str]:
    """What the bits of a training depend on beside its configuration."""
    return {"symgrad": __version__, "numpy": np.__version__, "python": platform.python_version()}
