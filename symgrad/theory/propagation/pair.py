"""Two inputs through a net: their correlation layer by layer, as the map has it for infinite width, as it is
typical of this width, and measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.errors import InputError
from symgrad.numeric import Net
from symgrad.numeric.feedforward.correlation import correlations
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.correlation import pair_expectation
from symgrad.numeric.mean_field.length_map import length_map
from symgrad.theory.activations import Activation, kernel
from symgrad.theory.finite_width.pair_statistics import predicted_fisher
from symgrad.theory.finite_width.units import median_band
from symgrad.theory.simulation import check_domain

__all__ = ["Pair", "pair", "predicted_correlations"]

Float: TypeAlias = NDArray[np.float64]

SETTLED = 1e-10
"""Change of q and of c a layer from which on both are taken as settled."""
ORDINARY = 600.0
"""|ln q| up to which q is a number."""


@dataclass(frozen=True)
class Pair:
    """Correlations of the pre-activations by layer, one pair of inputs a net: (S, L) measured and (L,)
    predicted; None, with `why`, where nothing is predicted."""

    activation: Activation
    net: Net
    measured: Float
    predicted: Float | None
    why: str

    @cached_property
    def _at_this_width(self) -> tuple[Float, Float] | str:
        """Mean and standard deviation of artanh c_l over nets, or why they are not known."""
        net = self.net
        if self.predicted is None:
            return self.why
        functions, scales = kernel(self.activation), (net.sigma_w, net.sigma_b)
        q = np.exp(length_map(functions, *scales, net.depth).ln_q)
        try:
            return predicted_fisher(functions, *scales, net.width, q, self.predicted)
        except ValueError as error:
            return str(error)

    @property
    def band(self) -> tuple[Float, Float, Float] | None:
        """Low, typical, high: where the median of these nets lies with a probability of 99 %, at this width.
        None where fluctuations are not small."""
        found = self._at_this_width
        if isinstance(found, str):
            return None
        with np.errstate(invalid="ignore"):
            low, high = median_band(*found, self.net.seeds)
        whole = np.isfinite(found[0])  # where all has become one, there is nothing to add or to take off
        low, high = (np.where(whole, part, found[0]) for part in (low, high))
        return np.tanh(low), np.tanh(found[0]), np.tanh(high)

    @property
    def why_no_band(self) -> str:
        """Why the width's effect is not known here."""
        found = self._at_this_width
        return found if isinstance(found, str) else ""


def pair(entry: Activation, net: Net, start: float) -> Pair:
    """Measures a pair of inputs whose correlation is `start` in every net, and predicts it. Raises
    `InputError` for a batch other than 1, where φ is not on the whole line or a layer leaves its range."""
    if net.batch != 1:
        raise InputError(f"batch = {net.batch}: one pair of inputs is followed through every net")
    check_domain(entry)
    functions = kernel(entry)
    try:
        measured = correlations(net, functions, start)
    except ValueError as error:
        raise InputError(str(error)) from None
    try:
        predicted = predicted_correlations(functions, net.sigma_w, net.sigma_b, net.depth, start)
        return Pair(entry, net, measured, predicted, "")
    except ValueError as error:
        return Pair(entry, net, measured, None, str(error))


def predicted_correlations(
    functions: Kernel, sigma_w: float, sigma_b: float, depth: int, start: float
) -> Float:
    """c_1 = (σ_w² c_0 + σ_b²)/q_1, c_{l+1} = (σ_w² E φ(√q_l u) φ(√q_l v) + σ_b²)/q_{l+1}, E uv = c_l, along
    the length map, infinite width. Raises ValueError where q leaves e^±600."""
    ln_q = length_map(functions, sigma_w, sigma_b, depth).ln_q
    if not (np.abs(ln_q) < ORDINARY).all():
        layer = int(np.argmax(~(np.abs(ln_q) < ORDINARY))) + 1
        raise ValueError(f"the length of the signal leaves e^±{ORDINARY:g} at layer {layer}")
    q, weight, bias = np.exp(ln_q), sigma_w**2, sigma_b**2
    found = np.empty(depth)
    found[0] = (weight * start + bias) / q[0]
    f = functions.value
    for l in range(1, depth):
        mean = pair_expectation(f, f, float(q[l - 1]), float(np.clip(found[l - 1], -1, 1)), functions.kinks)
        found[l] = min(1.0, (weight * mean + bias) / q[l])
        settled = abs(ln_q[l] - ln_q[l - 1]) < SETTLED and math.isclose(
            found[l], found[l - 1], rel_tol=0, abs_tol=SETTLED
        )
        if settled:
            found[l:] = found[l]
            break
    return found
