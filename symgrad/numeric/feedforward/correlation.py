"""What becomes of the angle between two inputs on their way through a concrete net."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.arrays.primitives import NUMPY, Buffers
from symgrad.numeric.draws.draw import sample
from symgrad.numeric.feedforward.net import Net
from symgrad.numeric.feedforward.passes import forward
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.threads import blas_threads

Float: TypeAlias = NDArray[np.float64]


@np.errstate(all="ignore")
def correlations(net: Net, kernel: Kernel, start: float) -> Float:
    """c_l = ⟨a_l, a′_l⟩/(‖a_l‖‖a′_l‖) of the pre-activations of two inputs, (S, L): the mean over net.batch
    pairs of inputs of length √N whose own correlation is ``start``, −1 to 1.

    Depth takes nothing out of range: rows carry exponents. A pair of which one row is all 0 does not count;
    where none is left the value is NaN. Raises ValueError as `passes.forward`, or where start is no
    correlation.
    """
    if not -1 <= start <= 1:
        raise ValueError(f"start = {start}: legal are correlations from −1 to 1")
    pairs = replace(net, batch=2 * net.batch)
    draw = sample(pairs, range(net.seeds), norms=False)
    first, other = draw.inputs[:, : net.batch], draw.inputs[:, net.batch :]
    first = _unit(first)
    other = _unit(other - np.vecdot(first, other)[..., None] * first)
    mixed = start * first + np.sqrt((1 - start) * (1 + start)) * other
    inputs = np.concatenate([first, mixed], axis=-2) * np.sqrt(net.width)
    biases = draw.biases if net.sigma_b else None
    found = np.empty((net.seeds, net.depth))
    with blas_threads(1):
        layers = forward(
            inputs.astype(net.real), draw.weights, biases, kernel, net.sigma_w, net.sigma_b,
            keep="nothing", primitives=NUMPY, buffers=Buffers(NUMPY),
        )  # fmt: skip
        for at, layer in enumerate(layers):
            # powers of two beside a row turn no angle
            values = np.asarray(layer.pre.values, np.float64)
            left, right = values[:, : net.batch], values[:, net.batch :]
            sizes = np.sqrt(np.vecdot(left, left) * np.vecdot(right, right))
            alive = sizes > 0
            angles = np.divide(np.vecdot(left, right), sizes, out=np.zeros_like(sizes), where=alive)
            found[:, at] = angles.sum(axis=-1) / alive.sum(axis=-1)
    return found


def _unit(given: NDArray[Any]) -> Float:
    rows = np.asarray(given, np.float64)
    return rows / np.sqrt(np.vecdot(rows, rows))[..., None]
