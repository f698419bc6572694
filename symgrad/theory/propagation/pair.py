"""Two inputs through a wide net: their correlation layer by layer, predicted by the map and measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symgrad.errors import InputError
from symgrad.numeric import Net
from symgrad.numeric.feedforward.correlation import correlations
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.correlation import pair_expectation
from symgrad.numeric.mean_field.length_map import length_map
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.simulation import check_domain

__all__ = ["Pair", "pair", "predicted_correlations"]

SETTLED = 1e-10
"""Change of q and of c a layer from which on both are taken as settled."""
ORDINARY = 600.0
"""|ln q| up to which q is a number."""


@dataclass(frozen=True)
class Pair:
    """Correlations of the pre-activations by layer, (S, L) measured and (L,) predicted; None, with `why`,
    where nothing is predicted."""

    net: Net
    measured: NDArray[np.float64]
    predicted: NDArray[np.float64] | None
    why: str


def pair(entry: Activation, net: Net, start: float) -> Pair:
    """Measures pairs of inputs whose correlation is `start`, and predicts them. Raises `InputError` where φ
    is not on the whole line or a layer leaves its range."""
    check_domain(entry)
    functions = kernel(entry)
    try:
        measured = correlations(net, functions, start)
    except ValueError as error:
        raise InputError(str(error)) from None
    try:
        return Pair(net, measured, predicted_correlations(functions, net, start), "")
    except ValueError as error:
        return Pair(net, measured, None, str(error))


def predicted_correlations(functions: Kernel, net: Net, start: float) -> NDArray[np.float64]:
    """c_1 = (σ_w² c_0 + σ_b²)/q_1, c_{l+1} = (σ_w² E φ(√q_l u) φ(√q_l v) + σ_b²)/q_{l+1}, E uv = c_l, along
    the length map, infinite width. Raises ValueError where q leaves e^±600."""
    ln_q = length_map(functions, net.sigma_w, net.sigma_b, net.depth).ln_q
    if not (np.abs(ln_q) < ORDINARY).all():
        layer = int(np.argmax(~(np.abs(ln_q) < ORDINARY))) + 1
        raise ValueError(f"the length of the signal leaves e^±{ORDINARY:g} at layer {layer}")
    q, weight, bias = np.exp(ln_q), net.sigma_w**2, net.sigma_b**2
    found = np.empty(net.depth)
    found[0] = (weight * start + bias) / q[0]
    f = functions.value
    for l in range(1, net.depth):
        mean = pair_expectation(f, f, float(q[l - 1]), float(np.clip(found[l - 1], -1, 1)), functions.kinks)
        found[l] = min(1.0, (weight * mean + bias) / q[l])
        settled = abs(ln_q[l] - ln_q[l - 1]) < SETTLED and math.isclose(
            found[l], found[l - 1], rel_tol=0, abs_tol=SETTLED
        )
        if settled:
            found[l:] = found[l]
            break
    return found
