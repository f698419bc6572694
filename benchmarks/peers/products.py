"""The floor: the matrix products of the work alone, in NumPy, on the same shapes, into buffers."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import draws
from benchmarks.peers import in_threads
from benchmarks.workload import Case, Prepared


class _Passes:
    """The products of one seed: W_l h_{l−1} into an array a layer, then δ_l W_l, and ∂E/∂W_l = δ_lᵀ h_{l−1}
    or none."""

    def __init__(self, case: Case, weights: list[Any], inputs: Any, covector: Any, each: int) -> None:
        self.weights, self.inputs, self.covector, self.each = weights, inputs, covector, each
        self.outputs = [np.empty_like(inputs[0]) for _ in range(case.depth)]
        self.gradient = np.empty_like(inputs[0])
        self.square = np.empty((case.width, case.width), case.real)

    def run(self, seed: int) -> None:
        h, g = self.inputs[seed], self.covector[seed]
        for layer, out in zip(self.weights, self.outputs, strict=True):
            np.matmul(h, layer[seed].T, out=out)
        for layer, out in zip(reversed(self.weights), reversed(self.outputs), strict=True):
            np.matmul(g, layer[seed], out=self.gradient)
            if self.each == 3:
                np.matmul(g.T, out, out=self.square)


def _prepared(case: Case, each: int, seed_a_thread: bool) -> Prepared:
    data = (list(draws.scaled_layers(case)), draws.inputs(case), draws.covector(case), each)
    if not seed_a_thread:
        passes = _Passes(case, *data)

        def every() -> None:
            for seed in range(case.seeds):
                passes.run(seed)

        return Prepared(every)
    threadpool_limits(1, user_api="blas")
    local = threading.local()

    def one(seed: int) -> None:
        if not hasattr(local, "passes"):
            local.passes = _Passes(case, *data)
        local.passes.run(seed)

    return Prepared(in_threads(one, case.seeds))


def three(case: Case) -> Prepared:
    """Three products a layer, threads inside BLAS."""
    return _prepared(case, 3, seed_a_thread=False)


def three_seed_a_thread(case: Case) -> Prepared:
    """Three products a layer, a seed a thread, BLAS at one."""
    return _prepared(case, 3, seed_a_thread=True)


def two(case: Case) -> Prepared:
    """Two products a layer (no ∂E/∂W), a seed a thread, BLAS at one: below this, no engine with these
    products goes."""
    return _prepared(case, 2, seed_a_thread=True)
