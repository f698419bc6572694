"""What a stack of nets does, layer by layer, as logarithms that no depth takes out of range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.network import Layer, Net, backward, forward, sample
from symgrad.numeric.scaled import Rows, align, ln_norm
from symgrad.numeric.threads import thread_map

Float: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Measurement:
    """Per seed and layer, (S, L), column l − 1 for layer l; a logarithm is −inf for an exact 0, never NaN.

    ln_gradient           ln ‖∂E/∂h_l‖_F over units and batch
    ln_weight_gradient    ln ‖∂E/∂W_l‖_F, W_l as it stands in the net, sigma_w included
    ln_spectral_norm      ln ‖W_l‖₂, of the float64 draw
    preactivation_mean    mean of a_l over units and batch; ±inf or 0 where it leaves float64
    ln_preactivation_rms  ln of the root mean square of a_l
    """

    net: Net
    ln_gradient: Float
    ln_weight_gradient: Float
    ln_spectral_norm: Float
    preactivation_mean: Float
    ln_preactivation_rms: Float

    @property
    def ln_covector(self) -> Float:
        """ln ‖g‖_F, (S,): E = ⟨g, h_L⟩, so g is the gradient of the last layer."""
        return self.ln_gradient[:, -1]


def measure(net: Net, kernel: Kernel) -> Measurement:
    """Run every seed of the net forward and backward once.

    The logs are right to the rounding of the passes in net.dtype: about L ε relative in each norm.
    Raises ValueError, naming the layer, where φ or φ′ leaves its range for good (see `network.forward`).
    """
    parts = thread_map(lambda replicas: _measure_stack(net, kernel, replicas), net.stacks, net.stacks_at_once)
    return Measurement(net, *(np.concatenate(column) for column in zip(*parts, strict=True)))


@np.errstate(all="ignore")
def _measure_stack(net: Net, kernel: Kernel, replicas: range) -> tuple[Float, ...]:
    depth, rows = net.depth, (net.depth, len(replicas), net.batch)
    tensors = sample(net, replicas)
    sums, squares, powers = np.empty(rows), np.empty(rows), np.zeros(rows, np.int64)
    layers: list[Layer] = []
    for layer in forward(tensors.inputs, tensors.weights, tensors.biases, kernel, net.sigma_w, net.sigma_b):
        at, pre = len(layers), layer.pre
        np.sum(pre.values, axis=-1, out=sums[at])
        squares[at] = np.vecdot(pre.values, pre.values)
        if pre.exponent is not None:
            powers[at] = pre.exponent[..., 0]
        layers.append(layer)

    grad_squares, grad_powers = np.empty(rows), np.zeros(rows, np.int64)
    weight_squares, weight_powers = np.empty(rows[:2]), np.zeros(rows[:2], np.int64)
    for step in backward(tensors.inputs, layers, tensors.covector):
        if step.delta is None:
            break
        at, gradient = step.layer - 1, step.gradient
        grad_squares[at] = np.vecdot(gradient.values, gradient.values)
        if gradient.exponent is not None:
            grad_powers[at] = gradient.exponent[..., 0]
        weight_squares[at], weight_powers[at] = outer_norm(step.delta, step.inputs)

    ln_sigma = np.log(net.sigma_w)
    # The pass ran back through W_k / sigma_w: layer l lacks L − l factors, the last none, not even of 0.
    above = np.array([(depth - l) * ln_sigma if l < depth else 0.0 for l in range(1, depth + 1)])
    top = powers.max(axis=-1, keepdims=True)
    mean = np.ldexp(np.ldexp(sums, powers - top).sum(axis=-1) / (net.batch * net.width), top[..., 0])
    return (
        ln_norm(grad_squares, grad_powers).T + above,
        ln_norm(weight_squares[..., None], weight_powers[..., None]).T + above,
        tensors.ln_spectral_norm + ln_sigma,
        mean.T,
        ln_norm(squares, powers).T - 0.5 * np.log(net.batch * net.width),
    )


def outer_norm(delta: Rows, inputs: Rows) -> tuple[Float, NDArray[Any]]:
    """‖δᵀH‖_F² of each seed as (square, exponent), the square to be multiplied by 4**exponent.

    delta (S, B, N), inputs (S, B, M). For B ≤ N/2 as Σ (δδᵀ)∘(HHᵀ), which forms B × B products only.
    """
    aligned, top = align(delta, inputs)
    d, h = aligned.values, inputs.values
    if 2 * d.shape[1] <= d.shape[2]:
        left, right = np.matmul(d, d.swapaxes(1, 2)), np.matmul(h, h.swapaxes(1, 2))
    else:
        left = right = np.matmul(d.swapaxes(1, 2), h)
    # float32 squares of float32 products leave their range; float64 ones do not
    left, right = (part.astype(np.float64, copy=False).reshape(len(part), -1) for part in (left, right))
    # samples that cancel to rounding can leave the Gram sum a rounding error below zero
    return np.maximum(np.vecdot(left, right), 0.0), top[:, 0, 0]


def ln_bound(measurement: Measurement, gamma: float) -> Float:
    """ln(‖g‖ ∏_{k>l} ‖W_k‖₂ γ), (S, L): the worst case over all nets with these norms when |φ′| ≤ gamma.

    Raises ValueError unless gamma is finite and ≥ 0. Source: the chain-rule product, Hochreiter 1991.
    """
    if not (np.isfinite(gamma) and gamma >= 0):
        raise ValueError(f"gamma = {gamma}: legal are finite numbers from 0 on")
    with np.errstate(divide="ignore"):
        steps = measurement.ln_spectral_norm[:, :0:-1] + np.log(gamma)
    above = np.zeros_like(measurement.ln_spectral_norm)
    above[:, :-1] = np.cumsum(steps, axis=1)[:, ::-1]
    return above + measurement.ln_covector[:, None]


def excess(measurement: Measurement, gamma: float) -> Float:
    """ln measured − ln bound, (S, L): above 0 the bound is passed; −inf where the gradient is exactly 0."""
    bound, measured = ln_bound(measurement, gamma), measurement.ln_gradient
    dead = np.isneginf(measured)
    return np.where(dead, -np.inf, np.where(dead, 0, measured) - bound)


def violations(measurement: Measurement, gamma: float) -> int:
    """How many (seed, layer) pairs have measured > bound · (1 + 64 ε L N), ε of the net's dtype."""
    net = measurement.net
    allowed = np.log1p(64 * float(np.finfo(net.real).eps) * net.depth * net.width)
    return int(np.count_nonzero(excess(measurement, gamma) > allowed))


def slope(ln_gradient: Float) -> float:
    """Change of ln ‖∂E/∂h_l‖ per layer from the output to the input: negative vanishes, positive explodes.

    ln_gradient (S, L). Least squares over l = 1…L of each seed, then the median over seeds. A seed whose
    gradient becomes exactly 0 counts with slope −inf: the answer is −inf when half of the seeds or more have
    died. NaN at depth 1, where there is no change to speak of.
    """
    seeds, depth = ln_gradient.shape
    if depth == 1:
        return float("nan")
    position = (depth - 1) / 2 - np.arange(depth)
    alive = np.isfinite(ln_gradient).all(axis=1)
    slopes = np.full(seeds, -np.inf)
    slopes[alive] = ln_gradient[alive] @ position / (position @ position)
    return float(np.median(slopes))
