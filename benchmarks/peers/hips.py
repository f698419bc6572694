"""HIPS autograd: gradients of NumPy code."""

from __future__ import annotations

from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

from benchmarks import draws
from benchmarks.peers import gradient_logs
from benchmarks.workload import Case, Prepared

PHI = {"tanh": anp.tanh, "relu": lambda a: anp.maximum(a, 0)}


def gradient(case: Case) -> Prepared:
    """One seed after another; ∂E/∂h_l as the gradient of a zero added to h_l."""
    layers, inputs, covector = list(draws.scaled_layers(case)), draws.inputs(case), draws.covector(case)
    phi, nudges = PHI[case.activation], [np.zeros_like(inputs[0])] * case.depth

    def energy(weights: Any, nudges: Any, h: Any, g: Any) -> Any:
        for weight, nudge in zip(weights, nudges, strict=True):
            h = phi(anp.dot(h, weight.T)) + nudge
        return anp.sum(h * g)

    derivative = autograd.grad(energy, (0, 1))

    def one(seed: int) -> tuple[list[Any], list[Any]]:
        by_weight, by_output = derivative(
            [layer[seed] for layer in layers], nudges, inputs[seed], covector[seed]
        )
        return [np.linalg.norm(found) for found in by_output], [np.linalg.norm(found) for found in by_weight]

    return Prepared(lambda: [one(seed) for seed in range(case.seeds)], gradient_logs)
