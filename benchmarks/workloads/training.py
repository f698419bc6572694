"""T: training with stochastic gradient descent."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.workload import OURS, Case, Contender, Limit, Workload

EAGER = "PyTorch eager"

BASE = Case("float64", depth=30, width=64, batch=64, steps=500)
CASES = (BASE, replace(BASE, name="float32", dtype="float32"))

TRAINING = Workload(
    title="T: 500 steps of SGD, 30 layers of 64 units, B=64: the loss of every step",
    cases=CASES,
    quick=tuple(replace(case, depth=4, width=8, batch=8, steps=20) for case in CASES),
    contenders=(
        Contender(OURS, "benchmarks.peers.ours:training", threads=(0,)),
        Contender(EAGER, "benchmarks.peers.pytorch:training_eager", ("torch",)),
        Contender("PyTorch by hand, foreach", "benchmarks.peers.pytorch:training_foreach", ("torch",)),
        Contender("JAX jit, a step", "benchmarks.peers.xla:training_steps", ("jax",)),
        Contender("JAX jit, scan over steps", "benchmarks.peers.xla:training_loop", ("jax",)),
        Contender("autograd", "benchmarks.peers.hips:training", ("autograd",)),
        Contender("three products a layer", "benchmarks.peers.products:training"),
    ),
    limits=tuple(Limit(case.name, 0.65, (EAGER,)) for case in CASES),
    tolerance={"float64": 1e-10, "float32": 1e-3},
)
