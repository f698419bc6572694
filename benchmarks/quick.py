"""The contenders' results compared at tiny sizes, in this process: no time is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.contest import Standing, judge
from benchmarks.workload import Case, Contender, Results, Workload


def compare(workload: Workload, case: Case, contenders: Sequence[Contender]) -> list[Standing]:
    """Every contender once; the first contender's results are what the others are compared with."""
    standings = []
    ours: Results | None = None
    for contender in contenders:
        standing = Standing(case, contender)
        standings.append(standing)
        standing.why = contender.absent(case)
        if standing.why:
            continue
        try:
            prepared = contender.prepared(case)
            found = {name: np.asarray(one) for name, one in prepared.read(prepared.run()).items()}
        except Exception as error:  # told in the table, as that of a child is
            standing.why, standing.failed = f"{type(error).__name__}: {error}", True
            continue
        ours = ours or found
        judge(workload, standing, ours, found)
    return standings
