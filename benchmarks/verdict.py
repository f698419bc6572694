"""Whether the limits hold, and the tables and the document that say so."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.contest import Standing, environment
from benchmarks.workload import MEASURES, Limit, Workload


@dataclass(frozen=True)
class Verdict:
    """A limit, the ratio found (None when one side was not measured), and what it was taken to."""

    limit: Limit
    ratio: float | None
    against: str

    @property
    def kept(self) -> bool | None:
        """Whether it holds; None when it could not be told."""
        return None if self.ratio is None else self.ratio <= self.limit.at_most


def verdicts(workload: Workload, standings: Sequence[Standing]) -> list[Verdict]:
    """The limits whose case was run."""
    cases = {standing.case.name: standing.case for standing in standings}
    return [_verdict(limit, standings) for limit in workload.limits if limit.case in cases]


def _verdict(limit: Limit, standings: Sequence[Standing]) -> Verdict:
    def found(names: tuple[str, ...]) -> dict[str, float]:
        values = {
            one.contender.name: MEASURES[limit.measure](one)
            for one in standings
            if one.case.name == limit.case and one.contender.name in names and one.seconds is not None
        }
        return {name: value for name, value in values.items() if value is not None}

    ours = found((limit.ours,)).get(limit.ours)
    if limit.expected:
        case = next(one.case for one in standings if one.case.name == limit.case)
        theirs = {f"{limit.expected.__name__.replace('_', ' ')}": limit.expected(case)}
    else:
        theirs = found(limit.against)
    if ours is None or not theirs:
        return Verdict(limit, None, f"{limit.against[0]}, …" if limit.against[1:] else "".join(limit.against))
    best = min(theirs, key=theirs.__getitem__)
    return Verdict(limit, ours / theirs[best] if theirs[best] else float("inf"), best)


def console() -> Console:
    """Standard output, wide enough for a table even where it is a file."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def show(standings: Sequence[Standing]) -> None:
    """The table of one case; ours is the first."""
    table = Table(standings[0].case.name, box=None, padding=(0, 2, 0, 0))
    for title in ("threads", "median", "ours ÷ it", "extra MB", "difference"):
        table.add_column(title, justify="right")
    table.add_column("")
    for standing in standings:
        table.add_row(standing.contender.name, *_cells(standing, standings[0]))
    console().print(table, end="\n\n")


def _cells(standing: Standing, ours: Standing) -> list[str]:
    def shown(value: float | None, form: str) -> str:
        return "" if value is None else form.format(value)

    remarks = [standing.why] if standing.why else []
    if standing.compile_seconds >= 0.05:
        remarks.append(f"compiled in {standing.compile_seconds:.1f} s")
    if standing.lost:
        remarks.append(f"{standing.lost} results are 0 or inf")
    taken = standing.seconds
    return [
        "" if taken is None else str(standing.threads or "own"),
        shown(taken and 1e3 * taken, "{:.2f} ms"),
        shown(taken and ours.seconds and ours.seconds / taken, "{:.2f}"),
        shown(None if standing.memory is None else standing.memory / 1e6, "{:.1f}"),
        shown(standing.difference, "{:.0e}"),
        "; ".join(remarks),
    ]


def show_limits(found: Sequence[Verdict]) -> None:
    """The table of limits."""
    table = Table("limit", "of", "case", "ratio", "at most", "kept", box=None, padding=(0, 2, 0, 0))
    for verdict in found:
        limit = verdict.limit
        kept = {None: "not measured", True: "[green]yes[/]", False: "[red]no[/]"}[verdict.kept]
        table.add_row(
            f"{limit.ours} ÷ {verdict.against}", limit.measure, limit.case,
            "" if verdict.ratio is None else f"{verdict.ratio:.2f}", f"{limit.at_most:.2f}",
            kept + (" (stretch)" if limit.stretch else ""),
        )  # fmt: skip
    console().print(table, end="\n\n")


def failed(standings: Sequence[Standing], found: Sequence[Verdict]) -> bool:
    """Whether a contender failed or differs, or a limit that is no stretch is not kept."""
    broken = any(verdict.kept is False and not verdict.limit.stretch for verdict in found)
    return broken or any(standing.failed for standing in standings)


def document(standings: Sequence[Standing], found: Sequence[Verdict]) -> dict[str, Any]:
    """Everything that was measured, for JSON."""
    return {
        "contenders": [
            {
                "case": one.case.name,
                "contender": one.contender.name,
                "threads": one.threads,
                "seconds": one.seconds,
                "times": one.times,
                "settings": {str(threads): taken for threads, taken in one.settings.items()},
                "memory": one.memory,
                "compile_seconds": one.compile_seconds,
                "idle_processor_seconds": one.idle,
                "difference": one.difference,
                "lost": one.lost,
                "why": one.why,
                "failed": one.failed,
            }
            for one in standings
        ],
        "limits": [
            {
                "case": one.limit.case,
                "of": one.limit.measure,
                "ours": one.limit.ours,
                "against": one.against,
                "ratio": one.ratio,
                "at_most": one.limit.at_most,
                "stretch": one.limit.stretch,
                "kept": one.kept,
            }
            for one in found
        ],
    }


_KERNELS = """
import numpy, threadpoolctl
print(*{one["architecture"] for one in threadpoolctl.threadpool_info() if one["internal_api"] == "openblas"})
"""


def machine() -> dict[str, Any]:
    """Where this was measured. ``openblas``: the processor whose kernels OpenBLAS, NumPy's library for
    products, takes in a child; None for another library."""
    command = [sys.executable, "-c", _KERNELS]
    kernels = subprocess.run(command, env=environment(0), capture_output=True, text=True, check=True).stdout
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "openblas": kernels.strip() or None,
    }


def where(known: dict[str, Any]) -> str:
    """The same in a line."""
    return f"{known['cores']} cores, {known['machine']}; OpenBLAS's kernels: {known['openblas']}"
