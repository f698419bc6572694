"""A sweep of about a minute on one worker: two workers, and a Dask cluster of two processes on this machine.

Whole commands are timed, so that starting up counts; the rows that they write are compared.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.timing import Row, interleaved, process

SPEC = """\
[fixed]
depth = 50
width = 256
batch = 64
seeds = 16
[grid]
activation = ["tanh", "relu"]
sigma_w = [0.8, 1.0, 1.2, 1.4]
seed = [0, 1, 2, 3, 4]
"""
SHORTEST = 60.0
"""Seconds that the sweep lasts at least on one worker."""
ONE, TWO, CLUSTER = "one worker", "two workers", "Dask cluster, two processes"


def rows(rounds: int) -> list[Row]:
    """Wall time on one worker, on two (at most 1/1.8 of it), and on the cluster. Raises RuntimeError where
    the rows differ, or where it was over sooner than SHORTEST on one worker."""
    with tempfile.TemporaryDirectory() as text, _cluster() as address:
        base = Path(text)
        spec = base / "spec.toml"
        spec.write_text(SPEC, encoding="utf-8")
        folders: dict[str, list[Path]] = {ONE: [], TWO: [], CLUSTER: []}

        def sweep(name: str, *how: str) -> Callable[[], float]:
            def run() -> float:
                folders[name].append(base / f"{len(folders[name])} {name}")
                command = ["sweep", str(spec), "--out", str(folders[name][-1]), "--no-cache", *how]
                return process([sys.executable, "-m", "symgrad", *command])()

            return run

        contenders = {
            ONE: sweep(ONE, "--workers", "1"),
            TWO: sweep(TWO, "--workers", "2"),
            CLUSTER: sweep(CLUSTER, "--scheduler", address),
        }
        medians = interleaved(contenders, min(rounds, 3))
        _compare([folder for made in folders.values() for folder in made])
    if medians[ONE] < SHORTEST:
        raise RuntimeError(f"the sweep took {medians[ONE]:.1f} s on one worker: make it last {SHORTEST:g} s")
    limits = {ONE: None, TWO: 1 / 1.8, CLUSTER: None}
    return [
        Row(name, seconds, None, seconds / medians[ONE], ONE, limits[name])
        for name, seconds in medians.items()
    ]


def _compare(folders: list[Path]) -> None:
    from symgrad.runs import sweeps

    first = sweeps.table(folders[0])
    for folder in folders[1:]:
        if not sweeps.table(folder).equals(first):
            raise RuntimeError(f"{folder.name}: its rows are not those of {folders[0].name}")


@contextmanager
def _cluster() -> Iterator[str]:
    """The address of a scheduler with two workers of one thread each, processes on this machine."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address
