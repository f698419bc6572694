"""HIPS autograd: gradients of NumPy code."""

from __future__ import annotations

from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

from benchmarks import draws
from benchmarks.draws import RATE
from benchmarks.peers import gradient_logs, logs, recurrent_logs
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


def recurrence(case: Case) -> Prepared:
    """A loop over time; ∂E/∂h_t as the gradient of a zero added to h_t."""
    weight, input_weight, steps, covector = draws.recurrent(case)
    phi, given, nudges = PHI[case.activation], list(steps), [np.zeros_like(covector)] * case.depth

    def energy(weight: Any, input_weight: Any, nudges: Any) -> Any:
        h = np.zeros_like(covector)
        for x, nudge in zip(given, nudges, strict=True):
            h = phi(anp.dot(h, weight.T) + anp.dot(x, input_weight.T)) + nudge
        return anp.sum(h * covector)

    derivative = autograd.grad(energy, (0, 1, 2))

    def run() -> Any:
        by_weight, by_input_weight, by_state = derivative(weight, input_weight, nudges)
        return [np.linalg.norm(found) for found in by_state], by_weight, by_input_weight

    return Prepared(run, lambda found: recurrent_logs(*found))


def training(case: Case) -> Prepared:
    """value_and_grad over lists of weights and biases, SGD by hand."""
    start = [layer[0] for layer in draws.scaled_layers(case)]
    inputs, targets, phi = draws.inputs(case)[0], draws.targets(case), PHI[case.activation]

    def loss(weights: Any, biases: Any) -> Any:
        h = inputs
        for weight, bias in zip(weights, biases, strict=True):
            h = phi(anp.dot(h, weight.T) + bias)
        return anp.mean((h - targets) ** 2)

    with_gradient = autograd.value_and_grad(lambda both: loss(*both))

    def run() -> Any:
        parameters = ([one.copy() for one in start], [np.zeros(case.width, case.real) for _ in start])
        losses = []
        for _ in range(case.steps):
            value, found = with_gradient(parameters)
            for tensors, gradients in zip(parameters, found, strict=True):
                for tensor, gradient in zip(tensors, gradients, strict=True):
                    tensor -= case.real.type(RATE) * gradient
            losses.append(value)
        return losses

    return Prepared(run, lambda losses: {"ln_loss": logs(losses)})
