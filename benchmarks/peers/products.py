"""The floor: the matrix products of the work alone, in NumPy, on the same shapes, into buffers."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import draws
from benchmarks.peers import in_threads, logs
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


def recurrence(case: Case, at_once: bool) -> Prepared:
    """W h and U x there, δ W, δᵀh and δᵀx back, step by step; ``at_once``: what does not wait for the step
    before (U x, δᵀh and δᵀx) as one product over all steps."""
    weight, input_weight, steps, covector = draws.recurrent(case)
    shape = (*steps.shape[:-1], len(weight))
    states, drives = np.empty(shape, case.real), np.empty(shape, case.real)
    gradient, square, delta = np.empty_like(covector), np.empty_like(weight), np.ones(shape[1:], case.real)
    flat, n = len(steps) * case.batch, case.width
    given, driven = steps.reshape(flat, n), drives.reshape(flat, -1)
    passed = states.reshape(flat, -1)[:, :n]

    def run() -> None:
        if at_once:
            np.matmul(given, input_weight.T, out=driven)
        h = covector
        for x, state, drive in zip(steps, states, drives, strict=True):
            if not at_once:
                np.matmul(x, input_weight.T, out=drive)
            h = np.matmul(h, weight.T, out=state)[:, :n]
        for x, state in zip(steps, states, strict=True):
            np.matmul(delta, weight, out=gradient)
            if not at_once:
                np.matmul(delta.T, state[:, :n], out=square)
                np.matmul(delta.T, x, out=square)
        if at_once:
            np.matmul(driven.T, passed, out=square)
            np.matmul(driven.T, given, out=square)

    return Prepared(run)


def training(case: Case) -> Prepared:
    """Three products a layer and step, one less in the first layer."""
    weights = [layer[0] for layer in draws.scaled_layers(case)]
    inputs, delta = draws.inputs(case)[0], draws.covector(case)[0]
    outputs = [np.empty_like(inputs) for _ in weights]
    gradient, square = np.empty_like(inputs), np.empty_like(weights[0])

    def run() -> None:
        for _ in range(case.steps):
            h = inputs
            for weight, out in zip(weights, outputs, strict=True):
                h = np.dot(h, weight.T, out=out)
            for l in range(case.depth - 1, -1, -1):
                np.dot(delta.T, outputs[l - 1] if l else inputs, out=square)
                if l:
                    np.dot(delta, weights[l], out=gradient)

    return Prepared(run)


def jacobian(case: Case) -> Prepared:
    """The product of the factors diag(φ′(a_l)) W_l for tanh, then the SVD: plain, in NumPy."""
    weights, inputs = [layer[0] for layer in draws.scaled_layers(case)], draws.inputs(case)[0, 0]

    def run() -> Any:
        h, product = inputs, np.eye(case.width, dtype=case.real)
        for weight in weights:
            h = np.tanh(weight @ h)
            product = (1 - h * h)[:, None] * (weight @ product)
        return np.linalg.svd(product, compute_uv=False)

    return Prepared(run, lambda found: {"ln_values": logs(found)})
