"""python -m benchmarks [--rounds N] [--json FILE] [GROUP …]: timings as a table and JSON.

Workloads run beside PyTorch, JAX and autograd where these are installed; results are compared before a time
is quoted. Exit code 1 when results differ or a limit is not kept. --quick: tiny sizes in one process,
results only.

python -m benchmarks truth --help: enclosures against sampled slopes instead.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.timing import Row
from benchmarks.verdict import console, machine, where

GROUPS = {
    "symbolic": "benchmarks.symbolic",
    "engine": "benchmarks.engine",
    "app": "benchmarks.app",
    "sweep": "benchmarks.sweep",
}
"""Groups of rows; the workloads are `benchmarks.workloads.WORKLOADS`."""
NAMED = ("sweep",)
"""Groups that take minutes and run only when they are named."""


def main() -> int:
    """Runs groups and workloads; exit code 1 when results differ or a limit is not kept."""
    if sys.argv[1:2] == ["truth"]:
        from benchmarks import truth

        return truth.main(sys.argv[2:])
    from benchmarks.workloads import WORKLOADS

    legal = [*GROUPS, *WORKLOADS]
    usual = [name for name in legal if name not in NAMED]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"{', '.join(legal)} (default: {', '.join(usual)})"
    )
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (default 5)")
    parser.add_argument(
        "--case", action="append", metavar="TEXT", help="only cases whose name holds this (repeatable)"
    )
    parser.add_argument(
        "--contender",
        action="append",
        metavar="TEXT",
        help="ours and those whose name holds this (repeatable)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes in this process, results only, no time"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    unknown = set(options.groups) - set(legal)
    if unknown:
        parser.error(f"group {min(unknown)!r} is not known (legal: {', '.join(legal)})")
    results: dict[str, Any] = {}
    wrong = False
    place = machine()
    print(where(place), flush=True)
    for group in options.groups or ([*WORKLOADS] if options.quick else usual):
        found, broken = (_workload if group in WORKLOADS else _rows)(group, options)
        results[group] = found
        wrong |= broken
    if options.json:
        document = {**place, "rounds": options.rounds, "quick": options.quick, "groups": results}
        options.json.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(wrong)


def _workload(name: str, options: argparse.Namespace) -> tuple[Any, bool]:
    from benchmarks import verdict
    from benchmarks.contest import contest
    from benchmarks.quick import compare
    from benchmarks.workloads import WORKLOADS

    workload = WORKLOADS[name]

    def chosen(words: list[str] | None, text: str) -> bool:
        return not words or any(word in text for word in words)

    ours, *others = workload.contenders
    contenders = [ours, *(one for one in others if chosen(options.contender, one.name))]
    cases = [
        case
        for case in (workload.quick if options.quick else workload.cases)
        if chosen(options.case, case.name)
    ]
    console().print(f"[bold]{workload.title}[/]")
    standings = []
    for case in cases:
        if options.quick:
            here = compare(workload, case, contenders)
        else:
            here = contest(name, workload, case, contenders, options.rounds)
        verdict.show(here)
        standings += here
    found = [] if options.quick else verdict.verdicts(workload, standings)
    if found:
        verdict.show_limits(found)
    return verdict.document(standings, found), verdict.failed(standings, found)


def _rows(group: str, options: argparse.Namespace) -> tuple[Any, bool]:
    rows: list[Row] = importlib.import_module(GROUPS[group]).rows(options.rounds)
    table = Table(group, "median", "limit", "× floor", "at most", "kept", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        kept = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[row.within]
        limit, ratio, most = (
            "" if value is None else form.format(value)
            for form, value in (("{:g} s", row.limit), ("{:.2f}", row.ratio), ("{:.2f}", row.ratio_limit))
        )
        table.add_row(row.name, f"{row.seconds:.3f} s", limit, ratio, most, kept)
    console().print(table)
    return [{**asdict(row), "within": row.within} for row in rows], any(row.within is False for row in rows)


if __name__ == "__main__":
    sys.exit(main())
