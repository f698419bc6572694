"""What a worker does: one training, in its folder."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from symgrad.numeric import limit_threads
from symgrad.runs.crew.answers import reason
from symgrad.runs.training.config import Config
from symgrad.runs.training.trained import trained

__all__ = ["CALLS", "failed", "measured"]


def measured(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{"rows": of each training its number `point` and why it failed, `error`; "seconds"}, on one thread. A
    point is {"point", "folder", "config"}."""
    limit_threads(1)
    begun, rows = time.perf_counter(), []
    for point in points:
        try:
            trained(Config.read(point["config"]), point["folder"], resume=True)
            rows.append({"point": point["point"], "error": None})
        except Exception as error:  # whatever it is, the other trainings go on
            rows.append(failed(point["point"], reason(error)))
    return {"rows": rows, "seconds": time.perf_counter() - begun}


def failed(number: int, why: str) -> dict[str, Any]:
    """The row of a training that has no end, and why."""
    return {"point": number, "error": why}


CALLS = {"measured": measured}
"""What a local worker is asked for, by name."""
