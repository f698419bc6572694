"""R: backpropagation through time of recurrent nets: plain, LSTM and GRU."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.workload import OURS, Case, Contender, Limit, Workload

EAGER = "PyTorch eager"
PRODUCTS = ("the products, step by step", "the products, over all steps at once where they can be")

BASE = Case("float64", depth=1_000, width=128, batch=32)
GATED = tuple(replace(BASE, name=f"{cell} float64", cell=cell) for cell in ("lstm", "gru"))
CASES = (BASE, replace(BASE, name="float32", dtype="float32"), *GATED)


def plain(case: Case) -> str:
    """A contender that is written for the plain cell alone."""
    return "" if case.cell == "rnn" else "written for the plain cell"


RECURRENCE = Workload(
    title="R: h_t = φ(W h_{t−1} + U x_t), and gated cells, T=1,000, N=128, B=32: ‖∂E/∂h_t‖, ∂E/∂W, ∂E/∂U",
    cases=CASES,
    quick=tuple(replace(case, depth=12, width=16, batch=4) for case in CASES),
    contenders=(
        Contender(OURS, "benchmarks.peers.ours:recurrence", threads=(0,)),
        Contender(EAGER, "benchmarks.peers.pytorch:recurrence_eager", ("torch",)),
        Contender("JAX jit, scan", "benchmarks.peers.xla:recurrence_scan", ("jax",), able=plain),
        Contender(
            "JAX jit, two scans by hand", "benchmarks.peers.xla:recurrence_two_scans", ("jax",), able=plain
        ),
        Contender("autograd", "benchmarks.peers.hips:recurrence", ("autograd",), able=plain),
        *(
            Contender(name, "benchmarks.peers.products:recurrence", options={"at_once": at_once})
            for name, at_once in zip(PRODUCTS, (False, True), strict=True)
        ),
    ),
    limits=(
        Limit(BASE.name, 0.60, (EAGER,)),
        *(Limit(case.name, 0.80, (EAGER,)) for case in GATED),
        Limit(BASE.name, 1.6, PRODUCTS),
        Limit(BASE.name, 1.4, PRODUCTS, stretch=True),
    ),
    tolerance={"float64": 1e-10, "float32": 1e-3},
)
