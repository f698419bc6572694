"""Losses: what a model's outputs are compared by, a number for the whole batch and its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.kernel import Array
from symgrad.numeric.training.parameters import squares

Loss: TypeAlias = Callable[[Array, NDArray[Any], Array], float]
"""loss(outputs, targets, gradient) → E; writes ∂E/∂outputs into ``gradient``, an array like ``outputs``."""


def squared_error(outputs: Array, targets: NDArray[Any], gradient: Array) -> float:
    """The mean of (y − t)² over batch and units; outputs and targets (B, N).

    Raises ValueError when the shapes differ. PyTorch's `MSELoss` is the same function.
    """
    if targets.shape != outputs.shape:
        raise ValueError(
            f"the targets have shape {targets.shape}: expected {outputs.shape}, that of the outputs"
        )
    np.subtract(outputs, targets, out=gradient)
    error = squares(gradient.reshape(-1)) / gradient.size
    gradient *= 2 / gradient.size
    return error


def cross_entropy(outputs: Array, targets: NDArray[Any], gradient: Array) -> float:
    """The mean over the batch of −ln softmax(y)_t; outputs (B, classes), targets (B,) whole class numbers.

    ∂E/∂y = (softmax(y) − e_t)/B. No output is too large: the greatest of each row is taken off first. Raises
    ValueError for targets that are not class numbers from 0 on. PyTorch's `CrossEntropyLoss` is the same.
    """
    samples, classes = outputs.shape
    whole = np.issubdtype(targets.dtype, np.integer) and targets.shape == (samples,)
    if not whole or not (targets.min() >= 0 and targets.max() < classes):
        expected = f"{samples} whole numbers below {classes}"
        raise ValueError(f"the targets are {targets.dtype} {targets.shape}: expected {expected}")
    rows = np.arange(samples)
    np.subtract(outputs, outputs.max(axis=1, keepdims=True), out=gradient)
    chosen = gradient[rows, targets]
    np.exp(gradient, out=gradient)
    totals = gradient.sum(axis=1)
    gradient /= totals[:, None]
    gradient[rows, targets] -= 1
    gradient /= samples
    return float(np.mean(np.log(totals) - chosen))


LOSSES: dict[str, Loss] = {"squared-error": squared_error, "cross-entropy": cross_entropy}
"""Name → loss."""
