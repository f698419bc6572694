"""The engine's own choice of stacks and threads against each fixed choice."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.workload import OURS, Case, Contender, Limit, Workload

FIXED = tuple(
    Contender(
        f"stacks of {stack}, {threads} side by side, BLAS at {blas}",
        "benchmarks.peers.ours:planned",
        threads=(0,),
        options={"stack": stack, "threads": threads, "blas": blas},
    )
    for threads, blas in ((1, 1), (1, 2), (2, 1), (2, 2))
    for stack in (1, 4, 8, 16)
    if not (threads == 2 and stack == 16)  # a single stack, as with one thread
)

WIDE = Case("N=256, B=64, float64", depth=50, width=256, batch=64, seeds=16)
SMALL = Case("N=64, B=16, float64", depth=50, width=64, batch=16, seeds=16)
CASES = (
    WIDE,
    replace(WIDE, name="N=256, B=64, float32", dtype="float32"),
    SMALL,
    replace(WIDE, name="N=256, B=64, one seed", seeds=1),
)

THREADS = Workload(
    title="Threads: the automatic choice against fixed ones, L=50",
    cases=CASES,
    quick=(replace(SMALL, depth=3, width=8, batch=4, seeds=5),),
    contenders=(Contender(OURS, "benchmarks.peers.ours:gradient", threads=(0,)), *FIXED),
    limits=tuple(Limit(case.name, 1.10, tuple(one.name for one in FIXED)) for case in CASES),
    tolerance={"float64": 0.0, "float32": 0.0},
)
