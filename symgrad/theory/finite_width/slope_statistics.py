"""The gradient of a layered net at finite width, in numbers: its typical size at every layer and its spread
over seeds. The formulas are derived in `layered_slope`; recurrent nets have `through_time.slope_statistics`.

All of them are right to first order in 1/N, where fluctuations are small: `doubts` says where they are not.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric import Kernel
from symgrad.theory.finite_width.fluctuations import Fluctuations, fluctuations
from symgrad.theory.finite_width.units import of_batch

__all__ = ["doubts", "predicted_layers", "predicted_ratio", "predicted_slope", "predicted_weight_ratio"]

Float: TypeAlias = NDArray[np.float64]


def predicted_layers(
    kernel: Kernel,
    sigma_w: float,
    sigma_b: float,
    depth: int,
    width: int,
    batch: int = 1,
    weights: str = "gaussian",
) -> tuple[Float, Float]:
    """(mean, sd), both (L,), of ln ‖∂E/∂h_l‖_F/‖∂E/∂h_L‖_F of the net that `simulate` draws: h_l =
    φ(W_l h_{l−1} + b_l), W_l entries N(0, σ_w²/N) or σ_w × Haar, b_l entries N(0, σ_b²), inputs and
    co-vectors N(0, 1).

    To first order in 1/N: mean over nets, and the standard deviation of one net. Raises ValueError where
    σ_w = 0, a size is below 1 or a moment does not exist.
    """
    found = _found(kernel, sigma_w, sigma_b, depth, width, batch, weights)
    return _profile(found, batch)


def predicted_slope(
    kernel: Kernel,
    sigma_w: float,
    sigma_b: float,
    depth: int,
    width: int,
    batch: int = 1,
    weights: str = "gaussian",
) -> tuple[float, float]:
    """(slope, sd): the typical change of ln ‖∂E/∂h_l‖_F per layer towards the input, least squares over
    l = 1…L, and the standard deviation of one net's. Raises ValueError as `predicted_layers` does, and for
    L = 1.
    """
    found = _found(kernel, sigma_w, sigma_b, _several(depth), width, batch, weights)
    places = (depth - 1) / 2 - np.arange(depth)
    each = places / np.sum(places**2)
    mean, _ = _profile(found, batch)
    behind = np.append(0.0, np.cumsum(each)[:-1])  # the factor of layer l moves all below it
    return float(each @ mean), _spread(found, behind, behind, np.zeros(depth), batch)


def predicted_ratio(
    kernel: Kernel,
    sigma_w: float,
    sigma_b: float,
    depth: int,
    width: int,
    batch: int = 1,
    weights: str = "gaussian",
) -> tuple[float, float]:
    """(mean, sd) of ln ‖∂E/∂h_1‖_F/‖∂E/∂h_L‖_F over nets. Raises ValueError as `predicted_slope` does."""
    mean, deviation = predicted_layers(kernel, sigma_w, sigma_b, _several(depth), width, batch, weights)
    return float(mean[0]), float(deviation[0])


def predicted_weight_ratio(
    kernel: Kernel,
    sigma_w: float,
    sigma_b: float,
    depth: int,
    width: int,
    batch: int = 1,
    weights: str = "gaussian",
) -> tuple[float, float]:
    """(mean, sd) of ln ‖∂E/∂W_1‖_F/‖∂E/∂W_L‖_F over nets, ∂E/∂W_l = Σ δ_l h_{l−1}ᵀ over the batch. Raises
    ValueError as `predicted_slope` does.
    """
    found = _found(kernel, sigma_w, sigma_b, _several(depth), width, batch, weights)
    by_weights, by_slopes, by_states = np.ones(depth), np.ones(depth), np.zeros(depth)
    by_weights[0], by_slopes[-1], by_states[0], by_states[-1] = 0.0, 0.0, 1.0, -1.0
    mean = _above(found.slope_mean + found.shift[0])[0]
    mean += sum(row[0] - row[-1] for row in (found.slope_mean, found.state_mean))
    # what a mean over samples adds to the mean logarithm, at either end
    ones, none, first = np.ones(depth), np.zeros(depth), np.eye(1, depth)[0]
    for sign, parts in ((1, (by_weights, ones, first)), (-1, (none, first[::-1], first[::-1]))):
        one, two = _functional(found, *parts)
        own = np.maximum(one - two, 0.0)
        mean += sign * (of_batch(own, batch)[0] + own / 2)
    return float(mean) / 2, _spread(found, by_weights, by_slopes, by_states, batch)


def doubts(
    kernel: Kernel,
    sigma_w: float,
    sigma_b: float,
    depth: int,
    width: int,
    weights: str = "gaussian",
) -> tuple[str, ...]:
    """Why fluctuations are not small in such nets, so that the numbers of this module may miss, in plain
    clauses; empty where they are small. Raises ValueError as `predicted_layers` does.
    """
    return fluctuations(kernel, sigma_w, sigma_b, depth, width, weights, pairs=False).doubts


def _found(
    kernel: Kernel, sigma_w: float, sigma_b: float, depth: int, width: int, batch: int, weights: str
) -> Fluctuations:
    if width < 1 or batch < 1:
        raise ValueError(f"width {width}, batch {batch}: legal are whole numbers from 1 on")
    return fluctuations(kernel, sigma_w, sigma_b, depth, width, weights, pairs=batch > 1)


def _several(depth: int) -> int:
    if depth < 2:
        raise ValueError(f"depth {depth}: a slope needs two layers at least")
    return depth


def _profile(found: Fluctuations, batch: int) -> tuple[Float, Float]:
    """Mean and standard deviation of ln ‖∂E/∂h_l‖/‖∂E/∂h_L‖, (L,)."""
    one, two = _variances(found)
    own = np.maximum(one - two, 0.0)
    together, apart = of_batch(own, batch)
    # the logarithm of a mean over samples lies higher than the mean logarithm
    mean = _above(found.slope_mean + found.shift[0]) + together + own / 2
    return mean / 2, np.sqrt(two + apart) / 2


def _variances(found: Fluctuations) -> Float:
    """Variance of ln ‖∂E/∂h_l‖²/‖∂E/∂h_L‖² of a sample, and its covariance between two, (2, L)."""
    ones = np.ones(found.ln_factor.size)
    effects = found.effects(ones, np.zeros_like(ones))
    noise = found.noise(ones, ones, effects)
    reached = np.append((effects**2 * found.spread)[:, 1:], [[0.0], [0.0]], axis=1)
    return np.maximum(reached + np.stack([_above(row) for row in noise]), 0.0)


def _above(row: Float) -> Float:
    """Σ_{k>l} row_k, (L,)."""
    return np.append(np.cumsum(row[:0:-1])[::-1], 0.0)


def _functional(found: Fluctuations, by_weights: Float, by_slopes: Float, by_states: Float) -> Float:
    """Variance of Σ by_weights ln ‖Wᵀδ‖² + by_slopes ln μ̂ + by_states ln ‖h‖² of one sample, and its
    covariance between two, (2,)."""
    effects = found.effects(by_slopes, by_states)
    noise = found.noise(by_weights, by_slopes, effects)
    return np.asarray(noise.sum(axis=1) + effects[0] ** 2 * found.spread[:, 0])


def _spread(found: Fluctuations, by_weights: Float, by_slopes: Float, by_states: Float, batch: int) -> float:
    """Standard deviation of half of Σ by_weights ln ‖Wᵀδ‖² + by_slopes ln μ̂ + by_states ln ‖h‖².

    A batch averages what its samples do not share, less where their gradients differ widely in size: then few
    of them are the mean.
    """
    effects = found.effects(by_slopes, by_states)
    noise = found.noise(by_weights, by_slopes, effects)
    one, two = _variances(found)
    own = np.maximum(one - two, 0.0)
    steps, left = (row[:-1] - row[1:] for row in (own, of_batch(own, batch)[1]))
    kept = np.full(own.size, 1 / batch)  # of what layer l adds to the variance of one sample
    np.divide(left, steps, out=kept[1:], where=steps > 0)
    kept[0] = kept[1]
    kept = np.clip(kept, 0.0, 1.0)
    total = (noise[1] + (noise[0] - noise[1]) * kept).sum() + effects[0] ** 2 * found.spread[0, 0] * kept[0]
    return math.sqrt(max(float(total), 0.0)) / 2
