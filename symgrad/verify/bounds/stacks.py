"""Stacks of random recurrent nets of many kinds, and what the engine measures on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from symgrad.numeric.recurrent import TimeGradients, Weights, through_time
from symgrad.theory.activations import gamma
from symgrad.verify.nets import Float, resolve
from symgrad.verify.recurrent_nets import LAWS, RecurrentOptions, RecurrentTensors, draw_recurrent

__all__ = ["PHIS", "Stack", "jacobian", "ln", "ln_gamma", "ln_size", "ln_spectral", "norms", "random_stack"]

PHIS = (
    "tanh", "sigmoid", "relu", "gelu", "silu", "sin", "erf", "identity", "softsign", "hard_swish",
    "x/(1+x^2)", "tanh(2*x) - x/4", "max(x, x/3)",
)  # fmt: skip
"""Activations of the plain nets that a bound meets, some of them typed."""
LONGEST, WIDEST = 200, 32


@dataclass(frozen=True)
class Stack:
    """S nets of one kind; `given` holds what a bound knows of each besides, arrays (S, …)."""

    options: RecurrentOptions
    tensors: RecurrentTensors
    given: Mapping[str, Float] = field(default_factory=dict)

    @property
    def rounding(self) -> float:
        """64 ε T N: by how much, relatively, a value may exceed a bound and be rounding (docs/cli.md)."""
        return 64 * float(np.finfo(float).eps) * self.options.depth * self.options.width

    def put(self, **arrays: Any) -> Stack:
        """The stack with tensors replaced."""
        return replace(self, tensors=replace(self.tensors, **arrays))

    def gradients(self, covector: Float | None = None) -> TimeGradients:
        """What the engine finds, for the stack's own co-vectors or for others, (S, B, parts·N)."""
        own = self.tensors
        weights = Weights(own.recurrent, own.input, own.bias, None)
        given = own.covector if covector is None else covector
        return through_time(self.options.engine_cell, weights, own.inputs, given, own.initial)


def ln(values: Any) -> Float:
    """ln, −inf for 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values))


def ln_size(matrix: Float) -> Float:
    """ln ‖·‖_F of each matrix."""
    return ln(np.linalg.norm(matrix, axis=(-2, -1)))


def ln_spectral(matrix: Float, logs: Float | float = 0.0) -> Float:
    """ln ‖·‖₂ of each matrix times exp(logs)."""
    return np.asarray(ln(np.linalg.norm(matrix, 2, axis=(-2, -1))) + logs)


def norms(stack: Stack) -> Float:
    """‖W‖₂ of each gate from above, (S, gates)."""
    return stack.tensors.norms()[1]


def jacobian(stack: Stack) -> tuple[Float, Float]:
    """∂s_T/∂s_0 of the only sample as values·exp(logs), (S, parts·N, parts·N) and (S,)."""
    size, own = stack.tensors.covector.shape[-1], stack.tensors

    def repeated(array: Float) -> Float:
        return np.broadcast_to(array, (*array.shape[:-2], size, array.shape[-1])).copy()

    initial = None if own.initial is None else repeated(own.initial)
    covectors = np.broadcast_to(np.eye(size), (len(own.inputs), size, size)).copy()
    many = stack.put(inputs=repeated(own.inputs), initial=initial)
    found = many.gradients(covectors).initial
    top = found.exponent.max(axis=(-2, -1))
    values = np.ldexp(found.values, found.exponent - top[:, None, None])
    return values, top * np.log(2.0)


def ln_gamma(stack: Stack) -> float:
    """ln of a float not below γ."""
    upper = gamma(resolve(stack.options.activation)).enclosure().upper
    return float(np.log(np.nextafter(float(upper), np.inf)))


def random_stack(rng: Generator, seeds: int, small: bool, **fixed: Any) -> Stack:
    """Nets of a kind drawn at random: activation, law of the weights, T 1…200, N 1…32 (both to 3 when small),
    σ_w over two and a half decades, biases or none, inputs or none; options given are kept."""
    depth = int(rng.integers(1, 4)) if small else round(float(LONGEST ** rng.random()))
    width = int(rng.integers(1, 4)) if small else int(rng.integers(1, WIDEST + 1))
    chosen: dict[str, Any] = {
        "activation": PHIS[int(rng.integers(len(PHIS)))] if fixed.get("cell", "rnn") == "rnn" else "tanh",
        "depth": depth,
        "width": width,
        "sigma_w": 10 ** rng.uniform(-1.5, 1.0),
        "weights": tuple(LAWS)[int(rng.integers(len(LAWS)))],
        "sigma_b": rng.choice([0.0, 0.1, 1.0]),
        "bias": rng.choice([0.0, 0.0, 1.0, -3.0]),
        "input_scale": rng.choice([0.0, 0.1, 1.0, 5.0]),
    }
    options = RecurrentOptions.read({**chosen, **fixed})
    stack = Stack(options, draw_recurrent(options, rng, seeds))
    if rng.random() < 0.5:
        stack = stack.put(initial=rng.uniform(-1, 1, stack.tensors.covector.shape))
    return stack
