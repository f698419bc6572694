"""What a slider costs in the engine: the forward and backward pass against its bare matrix products."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from benchmarks.timing import Row, interleaved
from symgrad.numeric import Net, measure
from symgrad.theory.activations import ACTIVATIONS, kernel

DEPTH, WIDTH, BATCH, SEEDS = 50, 64, 16, 16


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return run


def rows(rounds: int) -> list[Row]:
    """A simulation as the Depth view asks for it: another weight scale (draws kept), and new draws; beside
    three products a layer.
    """
    tanh = kernel(ACTIVATIONS["tanh"])
    scales = iter(np.linspace(0.5, 2.0, 10_000))
    seeds = iter(range(1, 10_000))
    weights = np.random.default_rng(0).normal(size=(SEEDS, WIDTH, WIDTH)) / WIDTH**0.5
    states = np.random.default_rng(1).normal(size=(SEEDS, BATCH, WIDTH))
    forward, back = np.empty_like(states), np.empty_like(weights)

    def same_draws() -> object:
        return measure(Net(DEPTH, WIDTH, BATCH, SEEDS, sigma_w=next(scales), sigma_b=0.0), tanh)

    def new_draws() -> object:
        return measure(Net(DEPTH, WIDTH, BATCH, SEEDS, sigma_w=1.0, sigma_b=0.0, seed=next(seeds)), tanh)

    def products() -> object:
        for _ in range(DEPTH):
            np.matmul(states, weights, out=forward)
            np.matmul(states, weights.swapaxes(1, 2), out=forward)
            np.matmul(states.swapaxes(1, 2), states, out=back)
        return forward

    same_draws()
    floor = "matrix products alone"
    medians = interleaved(
        {
            floor: _timed(products),
            "weight slider (draws kept)": _timed(same_draws),
            "new seed (new draws)": _timed(new_draws),
        },
        rounds,
    )
    limits = {"weight slider (draws kept)": 0.5, "new seed (new draws)": 0.5}
    return [
        Row(name, seconds, limits.get(name), seconds / medians[floor], floor)
        for name, seconds in medians.items()
    ]
