"""Long work as a process of its own: it outlives who started it, and what it says is kept in its folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from symgrad.errors import InputError

__all__ = ["LOG", "end", "last_words", "runs", "start"]

LOG = "log.txt"
"""File of the folder that the process's standard output and error go to."""
RUNNING: dict[Path, subprocess.Popen[bytes]] = {}
"""Those that this process has started, by folder."""


def start(arguments: Sequence[str], folder: Path, niceness: int = 0) -> int:
    """Starts `symgrad` with these arguments in a session of its own; returns its process id.

    `niceness` is how far its priority stands below the caller's, where the system knows priorities.
    """
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "symgrad", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,
        )
    if niceness and hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):  # it has just ended
            os.setpriority(os.PRIO_PROCESS, process.pid, os.nice(0) + niceness)
    RUNNING[folder] = process
    # Somebody has to ask how it ended, or the system keeps it in its table and it seems to run.
    threading.Thread(target=process.wait, daemon=True).start()
    return process.pid


def runs(folder: Path) -> bool:
    """Whether a process that this one started is at work on the folder, even if it has not written yet."""
    return folder in RUNNING and RUNNING[folder].poll() is None


def end(pid: int) -> None:
    """Asks the process to end, as Ctrl-C does: it writes where it stands first. One that is gone is well.

    Raises `InputError` where this user may not.
    """
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    except OSError as error:
        raise InputError(f"process {pid}: cannot be ended ({error.strerror})") from None


def last_words(folder: Path) -> str:
    """The last line that the process of the folder wrote; empty where there is none."""
    try:
        lines = (folder / LOG).read_text("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""
