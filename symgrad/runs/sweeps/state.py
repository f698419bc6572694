"""How far a sweep is."""

from __future__ import annotations

from pathlib import Path

from symgrad.runs.crew import status as states
from symgrad.runs.crew.status import Status
from symgrad.runs.crew.written import check_links
from symgrad.runs.sweeps.store import FILES, finished_points, read_spec

__all__ = ["Status", "status"]


def status(folder: Path | str) -> Status:
    """How far the sweep of a folder is. Raises `InputError` where there is no sweep."""
    folder = Path(folder)

    def counted() -> tuple[int, int, int]:
        spec, (points, failed) = read_spec(folder), finished_points(folder)
        return spec.points, len(points), failed

    check_links(folder, FILES)
    return states.of(folder, counted)
