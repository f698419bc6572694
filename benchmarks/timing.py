"""Honest timings: contenders in turn, medians, and the ratio to a floor measured in the same run."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Row", "interleaved", "process"]


@dataclass(frozen=True)
class Row:
    """One measured thing: median seconds, its limit, how many times the floor it takes, and the limit of
    that."""

    name: str
    seconds: float
    limit: float | None
    ratio: float | None
    floor: str
    ratio_limit: float | None = None

    @property
    def within(self) -> bool | None:
        """Whether the limits hold (None without one)."""
        pairs = ((self.seconds, self.limit), (self.ratio, self.ratio_limit))
        held = [value <= limit for value, limit in pairs if value is not None and limit is not None]
        return all(held) if held else None


def interleaved(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Median seconds of each contender; they run in turn, so that a slow spell of the machine hits all of
    them.
    """
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            found[name].append(run())
    return {name: statistics.median(times) for name, times in found.items()}


def process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Callable[[], float]:
    """Runs a command as a whole process: its wall time; raises `CalledProcessError` when it fails."""

    def run() -> float:
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        return time.perf_counter() - start

    return run
