"""J: the singular values of ∂h_L/∂h_0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.workload import OURS, Case, Contender, Results, Workload

LARGE = np.log(1e3)
"""A product and its SVD are right to rounding of the largest value: those within a thousandth of it are
compared."""


def large_values(ours: Results, theirs: Results, faint: bool) -> float:
    """The largest |difference| of ln s over the values that are at least a thousandth of the largest."""
    left, right = ours["ln_values"], theirs["ln_values"]
    large = left >= left[0] - LARGE
    return float(np.abs(left[large] - right[large]).max())


BASE = Case("L=50", depth=50, width=256, batch=1)

JACOBIAN = Workload(
    title="J: singular values of ∂h_L/∂h_0, N=256, float64 (ours: all of them; theirs: the large ones)",
    cases=(BASE, replace(BASE, name="L=500", depth=500)),
    quick=(replace(BASE, depth=4, width=12),),
    contenders=(
        Contender(OURS, "benchmarks.peers.ours:jacobian", threads=(0,)),
        Contender("PyTorch jacrev, svdvals", "benchmarks.peers.pytorch:jacobian", ("torch",)),
        Contender("JAX jit, jacrev, svdvals", "benchmarks.peers.xla:jacobian", ("jax",)),
        Contender("NumPy, product and SVD", "benchmarks.peers.products:jacobian"),
    ),
    difference=large_values,
)
