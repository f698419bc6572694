"""python -m benchmarks [--rounds N] [--json FILE] [GROUP …]: timings as a table and JSON.

python -m benchmarks truth --help: enclosures against sampled slopes instead.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.timing import Row

GROUPS = {"symbolic": "benchmarks.symbolic", "engine": "benchmarks.engine", "app": "benchmarks.app"}


def main() -> int:
    """Runs the groups; exit code 1 when a limit is not kept."""
    if sys.argv[1:2] == ["truth"]:
        from benchmarks import truth

        return truth.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"group {min(unknown)!r} is not known (legal: {', '.join(GROUPS)})")
    results: dict[str, list[Row]] = {}
    for group in options.groups or GROUPS:
        results[group] = importlib.import_module(GROUPS[group]).rows(options.rounds)
        _print(group, results[group])
    if options.json:
        rows = {
            group: [{**asdict(row), "within": row.within} for row in found]
            for group, found in results.items()
        }
        document = {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "rounds": options.rounds,
            "rows": rows,
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return int(any(row.within is False for found in results.values() for row in found))


def _print(group: str, rows: list[Row]) -> None:
    table = Table(group, "median", "limit", "× floor", "kept", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        kept = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[row.within]
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(
            row.name, f"{row.seconds:.3f} s", "" if row.limit is None else f"{row.limit:g} s", ratio, kept
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
