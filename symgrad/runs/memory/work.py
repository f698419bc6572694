"""What a worker does: one training, in the folder of its experiment."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symgrad.numeric import limit_threads
from symgrad.runs.crew.answers import reason
from symgrad.runs.memory.training import trained

__all__ = ["CALLS", "failed", "measured"]


def measured(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{"rows": of each training its number `point`, why it failed, `error`, and the `share` of its updates
    that it needed; "seconds"}, on one thread. A point is {"folder", "training"}."""
    limit_threads(1)
    begun, rows = time.perf_counter(), []
    for point in points:
        training = point["training"]
        try:
            step = trained(training, Path(point["folder"]))["step"]
            rows.append({"point": training["number"], "error": None, "share": step / training["updates"]})
        except Exception as error:  # whatever it is, the other trainings go on
            rows.append(failed(training["number"], reason(error)))
    return {"rows": rows, "seconds": time.perf_counter() - begun}


def failed(number: int, why: str) -> dict[str, Any]:
    """The row of a training that has no end, and why."""
    return {"point": number, "error": why, "share": 1.0}


CALLS = {"measured": measured}
"""What a local worker is asked for, by name."""
