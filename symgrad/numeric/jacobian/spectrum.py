"""The singular values of the input–output Jacobian of a net, ∂h_L/∂h_0 = D_L W_L ⋯ D_1 W_1, as logarithms."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.drawn import within_memory
from symgrad.numeric.draws.draw import sample
from symgrad.numeric.feedforward.net import Net
from symgrad.numeric.feedforward.passes import forward
from symgrad.numeric.jacobian.graded import SingularValues, singular_values
from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.threads import cores, thread_map

Float: TypeAlias = NDArray[np.float64]

TRUSTED = 1e-8
MEMORY = 2 * 2**30
"""Bytes that the seeds worked on side by side may take."""


@dataclass(frozen=True)
class Spectrum:
    """Of the first sample of every seed, D_l = diag φ′(a_l), W_l with sigma_w included:

    ln_values  (S, N), decreasing; −inf for an exact zero
    error      (S, N), the estimated error of ln_values by rounding after the forward pass; ∞ where nothing is
               known, 0 for an exact zero
    zeros      (S,) how many values are zero for certain: units whose φ′ is 0 (ReLU off) leave a layer with
               fewer live ones than N. A φ′ that underflowed to 0 counts as 0.
    """

    net: Net
    ln_values: Float
    error: Float
    zeros: NDArray[np.int64]

    @property
    def trusted(self) -> NDArray[np.bool_]:
        """Where the estimated error is at most 1e-8, (S, N)."""
        return self.error <= TRUSTED


def jacobian_spectrum(net: Net, kernel: Kernel, input_scale: float = 1.0) -> Spectrum:
    """All singular values of ∂h_L/∂h_0 at the first sample of every seed, N(0, input_scale²) an entry; the
    net's batch is not used.

    φ′ is taken as the forward pass in net.dtype gives it; from there on everything is float64. Seeds run side
    by side on `cores()` threads, where memory allows. See `graded` for method and error. Raises ValueError as
    `forward` does, where input_scale is negative or not finite, and where one seed alone would need more
    memory than is allowed.
    """
    if not (math.isfinite(input_scale) and input_scale >= 0):
        raise ValueError(f"input_scale = {input_scale}: legal are finite scales from 0 on")
    single = replace(net, batch=1)
    needed = 32 * net.depth * net.width**2
    within_memory(net, needed)
    together = max(1, min(cores(), MEMORY // needed))
    found = thread_map(lambda seed: _seed(single, kernel, seed, input_scale), range(net.seeds), together)
    return Spectrum(
        net,
        np.stack([one.ln_values for one in found]),
        np.stack([one.error for one in found]),
        np.array([one.zeros for one in found]),
    )


@np.errstate(all="ignore")
def _seed(net: Net, kernel: Kernel, seed: int, input_scale: float) -> SingularValues:
    draw = sample(net, range(seed, seed + 1), norms=False)
    factors, exponents = [], []
    inputs = draw.inputs if input_scale == 1 else draw.inputs * draw.inputs.dtype.type(input_scale)
    for layer in forward(inputs, draw.weights, draw.biases, kernel, net.sigma_w, net.sigma_b):
        assert layer.slope is not None  # outputs are kept
        factor, exponent = layer_factor(layer.slope[0, 0], layer.weight[0])
        factors.append(factor)
        exponents.append(exponent)
    if net.sigma_w == 0:
        return SingularValues(np.full(net.width, -np.inf), np.zeros(net.width), net.width)
    found = singular_values(factors, exponents)
    shift = net.depth * math.log(net.sigma_w)
    return SingularValues(found.ln_values + shift, found.error + 2**-50 * abs(shift), found.zeros)


def layer_factor(slope: Any, weight: Array) -> tuple[Float, int]:
    """diag(slope)·W = F·2^exponent in float64, F (N_l, N_{l−1}) by columns, without a loss where a slope is
    next to the least float."""
    slopes = np.asarray(slope, np.float64)
    sizes = np.abs(slopes[slopes != 0])
    exponent = -600 if sizes.size and sizes.min() < 2.0**-500 and sizes.max() < 2.0**300 else 0
    return np.multiply(weight.T, np.ldexp(slopes, -exponent), order="C", dtype=np.float64).T, exponent
