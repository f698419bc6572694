"""How far long work is, as it stands in `progress.json`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from symgrad.runs.crew.lock import is_held
from symgrad.runs.crew.written import read_json, write_json

__all__ = ["PROGRESS", "Status", "of", "spent"]

PROGRESS = "progress.json"


@dataclass(frozen=True)
class Status:
    """Of `points`, the pieces of the work, `done` are finished and `failed` recorded with a reason; `seconds`
    by the clock, over all runs on the folder; `state` is "running", "finished", "cancelled" or
    "failed", with `why`.
    """

    points: int
    done: int
    failed: int
    seconds: float
    seconds_left: float | None
    state: str
    pid: int | None
    why: str | None
    folder: str

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    def write(self) -> None:
        """Into `progress.json`. Raises OSError."""
        write_json(Path(self.folder) / PROGRESS, self.document(), force=False)


def of(folder: Path, counted: Callable[[], tuple[int, int, int]]) -> Status:
    """How far the work of a folder is. One whose process is gone without a word is "failed", and `why` says
    so; `counted` tells its points, and how many of them are recorded and have failed, from its own files.
    """
    at_work = is_held(folder)  # before its progress is read, which it may write and end
    document = read_json(folder / PROGRESS)
    known = set(document) == {field.name for field in fields(Status)}
    if known and (at_work or document["state"] != "running"):
        return Status(**{**document, "folder": str(folder)})
    points, recorded, failed = counted()
    seconds, pid, why = 0.0, None, "nothing has been measured yet"
    if known:
        seconds, pid = document["seconds"], document["pid"]
        why = f"process {pid} ended without a word: the same command goes on where it was"
    state = "running" if at_work else "failed"
    return Status(points, recorded - failed, failed, seconds, None, state, pid, why, str(folder))


def spent(folder: Path) -> float:
    """Seconds that earlier runs on a folder took, as far as they said."""
    seconds = read_json(folder / PROGRESS).get("seconds")
    return float(seconds) if isinstance(seconds, (int, float)) else 0.0
