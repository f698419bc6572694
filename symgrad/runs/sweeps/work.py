"""What a worker does: text and numbers in, text and numbers out. It is imported by name and compiles what it
is given itself.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np

import symgrad
from symgrad.numeric import limit_threads
from symgrad.runs.crew.answers import reason
from symgrad.runs.sweeps.batches import SHARED
from symgrad.runs.sweeps.spec import options_given, settings
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.activations.kernels import domain
from symgrad.theory.activations.setting import entry_of
from symgrad.theory.net_result import NetResult, bands
from symgrad.theory.simulation import simulate_together, slope_above
from symgrad.theory.through_time import simulation as through_time

__all__ = ["failed", "measured", "rows", "slope", "version"]

RESULTS = (
    *(f"log10_gradient_{name}" for name in ("q05", "median", "q95")),
    "log10_bound",
    *(f"log10_front_factor_{name}" for name in ("q05", "median", "q95")),
    "violations",
    "slope_measured",
    "slope_predicted",
    "error",
)
"""What a row holds beside its options."""
_one_at_a_time = (
    threading.Lock()
)  # SymPy is not to be shared between threads, which a cluster's workers may have


def version() -> str:
    """That of symgrad where this is called."""
    return symgrad.__version__


def slope(activation: str, setting: str) -> dict[str, Any]:
    """{"above": a float not below γ = sup|φ′| or None where φ′ is unbounded, "error": None or why no net can
    have this activation}.

    Proofs take limits on processor time, which only a process's main thread hears: so γ is asked for once, in
    a process of its own, and workers are given the number.
    """
    try:
        above = slope_above(entry_of(activation, settings(setting)))
    except Exception as error:  # SymPy fails in many ways: the points get the reason
        return {"above": None, "error": reason(error)}
    return {"above": above if math.isfinite(above) else None, "error": None}


def measured(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{"rows": `rows` of these points, "seconds": time that they took}, on one thread."""
    limit_threads(1)
    begun = time.perf_counter()
    found = list(rows(points))
    return {"rows": found, "seconds": time.perf_counter() - begun}


def rows(points: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The results of each point, under its number `point`. A point is its options, its number and
    `slope_above` as `slope` found it. Neighbours that share their draws are measured together.

    Nothing that differs from run to run is in a row. A point that fails gives a row with `error`.
    """
    for _, sharing in groupby(points, key=lambda point: [point[key] for key in SHARED]):
        yield from _together(list(sharing))


def _together(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of points that share their draws. Where it fails, by halves: the fault is that of one of them."""
    try:
        results = _results(points[0]["architecture"], points)
        return [_row(point["point"], result) for point, result in zip(points, results, strict=True)]
    except Exception as error:  # whatever it is, the other points go on
        if len(points) == 1:
            return [failed(points[0]["point"], reason(error))]
    cut = len(points) // 2
    return [*_together(points[:cut]), *_together(points[cut:])]


def _results(architecture: str, points: Sequence[Mapping[str, Any]]) -> list[NetResult]:
    cases = [(_entry(point), options_given(point), _above(point["slope_above"])) for point in points]
    if architecture == "mlp":
        return simulate_together(cases)
    return [through_time.result(architecture, *case) for case in cases]


def failed(point: int, why: str) -> dict[str, Any]:
    """The row of a point that has no results, and why."""
    return {"point": point, **dict.fromkeys(RESULTS), "error": why}


def _entry(point: Mapping[str, Any]) -> Activation:
    with _one_at_a_time:
        return _compiled(point["activation"], point["set"])


@cache
def _compiled(activation: str, setting: str) -> Activation:
    """The activation; what nets need of it is compiled, and remembered by those who did."""
    entry = entry_of(activation, settings(setting))
    domain(entry)
    kernel(entry)
    return entry


def _above(slope: float | None) -> float:
    return math.inf if slope is None else slope


def _row(point: int, result: NetResult) -> dict[str, Any]:
    gradient = dict(zip(("q05", "median", "q95"), bands(result.log10_gradient), strict=True))
    front = dict(zip(("q05", "median", "q95"), bands(result.front_factors[:, None]), strict=True))
    depth = result.net.depth
    bound = np.median(result.log10_bound, axis=0) if result.bounded else np.full(depth, np.nan)
    return {
        "point": point,
        **{f"log10_gradient_{name}": _numbers(values) for name, values in gradient.items()},
        "log10_bound": _numbers(bound),
        **{f"log10_front_factor_{name}": _number(value[0]) for name, value in front.items()},
        "log10_front_factor_median": _number(result.front_factor),
        "violations": result.violations if result.bounded else 0,
        "slope_measured": _number(result.slope_measured),
        "slope_predicted": None if result.slope_predicted is None else _number(result.slope_predicted),
        "error": None,
    }


def _numbers(values: Any) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: Any) -> float | None:
    """None for a value that does not exist or is an exact zero's logarithm."""
    number = float(value)
    return number if math.isfinite(number) else None


CALLS = {"measured": measured, "slope": slope}
"""What a local worker is asked for, by name."""
