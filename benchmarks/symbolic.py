"""How fast the first answer comes: whole processes, nothing cached."""

from __future__ import annotations

import sys

from benchmarks.timing import Row, interleaved, process

ALL_SIXTEEN = """
from symgrad import verbs
for name in verbs.listing()["activations"]:
    verbs.derive(name)
    verbs.bound(name)
"""

CONTENDERS: dict[str, tuple[list[str], float | None]] = {
    "import sympy (the floor)": (["-c", "import flint, sympy"], None),
    "import symgrad": (["-c", "import symgrad"], 0.3),
    "import symgrad.numeric": (["-c", "import sys, symgrad.numeric; sys.exit('sympy' in sys.modules)"], None),
    "symgrad bound tanh --json": (["-m", "symgrad", "bound", "tanh", "--json", "--no-cache"], 2.0),
    "all sixteen, steps and ranges": (["-c", ALL_SIXTEEN], 20.0),
}
FLOOR = "import sympy (the floor)"


def rows(rounds: int) -> list[Row]:
    """Wall time of each process, and its ratio to importing SymPy alone."""
    runs = {name: process([sys.executable, *arguments]) for name, (arguments, _) in CONTENDERS.items()}
    medians = interleaved(runs, rounds)
    return [
        Row(name, medians[name], limit, medians[name] / medians[FLOOR], FLOOR)
        for name, (_, limit) in CONTENDERS.items()
    ]
