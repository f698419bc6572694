"""Which layers of a deep net are drawn, and what a value that has no place on the axis becomes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["FEW", "LAYERS", "MARKS", "finite", "kind", "thinned"]

LAYERS = 250
"""Layers drawn of each line; with band, bound and marks a chart stays below 2,000 points."""
FEW = 4
"""Series up to which bounds and predictions are drawn beside what was measured."""
CROSS = "M-1,-.7L-.7,-1L0,-.3L.7,-1L1,-.7L.3,0L1,.7L.7,1L0,.3L-.7,1L-1,.7L-.3,0Z"
"""An outline of ✕, which Vega has no name for."""
MARKS: Mapping[str, tuple[str, str]] = {
    "zero": ("triangle-down", "exactly zero, or too small for a number"),
    "overflow": ("triangle-up", "too large for a number"),
    "missing": (CROSS, "not a number"),
}
"""Shape and meaning of a mark at the edge of the plot."""
_INFINITE = {"oo": math.inf, "-oo": -math.inf, "inf": math.inf, "-inf": -math.inf}


def number(value: Any) -> float:
    """A value of a document: null is an exact zero's logarithm; infinities may be "oo" and "-oo"."""
    if value is None:
        return -math.inf
    return _INFINITE[value] if value in _INFINITE else float(value)


def finite(value: Any) -> float | None:
    """The number if it has a place on the axis."""
    found = number(value)
    return found if math.isfinite(found) else None


def kind(value: Any) -> str | None:
    """Which of `MARKS` stands for the value; None for a finite one."""
    found = number(value)
    if math.isfinite(found):
        return None
    return "missing" if math.isnan(found) else "overflow" if found > 0 else "zero"


def thinned(values: Sequence[Any], most: int = LAYERS) -> list[int]:
    """Places to draw: evenly spaced with both ends, and the place where a run of marks begins, as far as room
    is.
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    starts = [
        i for i in range(count) if (mark := kind(values[i])) and (i == 0 or kind(values[i - 1]) != mark)
    ]
    starts = starts[: most // 5]
    even = most - len(starts)
    return sorted({round(k * (count - 1) / (even - 1)) for k in range(even)} | set(starts))
