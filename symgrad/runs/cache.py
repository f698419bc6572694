"""Documents kept on disk between runs: JSON files in the user's cache folder.

A key names everything the document depends on (verb, its arguments, versions of symgrad's own
source, SymPy and python-flint), so nothing stale is ever read. A file is written aside and renamed; a damaged
or unreadable one is a miss.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["cache_folder", "fingerprint", "recall", "remember"]

Document = dict[str, Any]


def cache_folder() -> Path:
    """$SYMGRAD_CACHE, else symgrad's folder in the system's place for a user's caches."""
    chosen = os.environ.get("SYMGRAD_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "symgrad"


@cache
def fingerprint(*rooms: str) -> str:
    """A digest of the versions a document depends on: symgrad's source files and the works cited, in these
    folders or all, SymPy, python-flint, NumPy, Python.
    """
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parent.parent
    folders = [root / room for room in rooms] or [root]
    for path in sorted(
        file for folder in folders for kind in ("*.py", "*.toml") for file in folder.rglob(kind)
    ):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    for package in ("sympy", "python-flint", "numpy"):
        digest.update(version(package).encode())
    digest.update(sys.version.encode())
    return digest.hexdigest()


def remember(key: Sequence[Any], compute: Callable[[], Document]) -> Document:
    """The document of that key from the disk, else computed and stored.

    `key` holds JSON values. A folder that cannot be written costs the speed, not the answer.
    """
    stored = recall(key)
    if stored is not None:
        return stored
    document = compute()
    _write(_path(key), document)
    return document


def recall(key: Sequence[Any]) -> Document | None:
    """The document of that key from the disk, None where there is none."""
    return _read(_path(key))


def _path(key: Sequence[Any]) -> Path:
    name = hashlib.sha256(json.dumps([fingerprint(), *key], sort_keys=True).encode()).hexdigest()
    return cache_folder() / f"{name}.json"


def _read(path: Path) -> Document | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and document else None


def _write(path: Path, document: Document) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    except OSError:
        return
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file)
        Path(aside).replace(path)
    except OSError:
        Path(aside).unlink(missing_ok=True)
