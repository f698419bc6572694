"""One process at a time at work in a folder: the system drops its lock with it, however it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from symgrad.errors import InputError
from symgrad.runs.crew.written import check_links

__all__ = ["LOCK", "is_held", "locked"]

LOCK = "lock"
PATIENCE = 0.5
"""Seconds: somebody who only looks whether the lock is held, holds it for a moment."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder's lock; raises `InputError` where another process does, or the folder is none that can
    be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_links(folder, (LOCK,))
        file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror})") from None
    try:
        until = time.monotonic() + PATIENCE
        while not _taken(file):
            if time.monotonic() > until:
                raise InputError(f"{folder}: another process is at work in it")
            time.sleep(0.02)
        yield
    finally:
        os.close(file)


def is_held(folder: Path) -> bool:
    """Whether a process is at work in the folder."""
    try:
        file = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _taken(file, shared=True)
    finally:
        os.close(file)


try:
    import fcntl
except ImportError:
    import msvcrt

    def _taken(file: int, shared: bool = False) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
else:

    def _taken(file: int, shared: bool = False) -> bool:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
