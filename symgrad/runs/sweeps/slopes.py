"""γ = sup|φ′| of each activation of a sweep: proved once, in a process of its own, and kept in the folder.

The proofs take limits on processor time, which only the main thread of a process hears; and a sweep that goes
on after it was stopped is to use the very numbers that it began with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import product
from pathlib import Path
from typing import Any

from symgrad.runs.crew.answers import TICK, Workers
from symgrad.runs.crew.written import read_json, write_json
from symgrad.runs.sweeps.spec import Spec
from symgrad.runs.sweeps.store import SLOPES
from symgrad.runs.sweeps.work import slope

__all__ = ["Slopes", "bounded", "known", "missing"]

Pair = tuple[str, str]
Slopes = dict[Pair, Mapping[str, Any]]
"""Activation and setting → what `work.slope` found."""
TRIES = 2


def known(folder: Path) -> Slopes:
    """What the folder holds."""
    entries = read_json(folder / SLOPES).get("slopes", [])
    return {(entry["activation"], entry["set"]): entry for entry in entries}


def missing(spec: Spec, slopes: Slopes) -> list[Pair]:
    """The activations whose γ is not there yet."""
    return [pair for pair in product(spec.axes["activation"], spec.axes["set"]) if pair not in slopes]


def bounded(folder: Path, pairs: list[Pair], workers: Workers, slopes: Slopes) -> Iterator[None]:
    """Adds what is missing to `slopes` and to the folder; comes up for air every tick."""

    def asked(pair: Pair) -> Future[dict[str, Any]]:
        return workers.submit(slope, activation=pair[0], setting=pair[1])

    tried = dict.fromkeys(pairs, 1)
    at_work = {asked(pair): pair for pair in pairs}
    while at_work:
        for future in wait(at_work, timeout=TICK, return_when=FIRST_COMPLETED).done:
            pair = at_work.pop(future)
            try:
                slopes[pair] = {"activation": pair[0], "set": pair[1], **future.result()}
            except workers.lost:
                if tried[pair] < TRIES:
                    tried[pair] += 1
                    at_work[asked(pair)] = pair
                else:
                    why = "the process that was to bound its slope died, twice"
                    slopes[pair] = {"activation": pair[0], "set": pair[1], "above": None, "error": why}
        yield
    write_json(folder / SLOPES, {"slopes": list(slopes.values())})
