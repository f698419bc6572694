"""The correlation of two inputs at finite width, in numbers: its typical value at every layer and its spread
over nets, to first order in 1/N. The formulas are derived in `pair_fluctuations`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric import Kernel

__all__ = ["CLOSED", "predicted_fisher"]

Float: TypeAlias = NDArray[np.float64]

REACH, POINTS = 8.0, 160
"""Standard deviations that are summed over, and points along each of two variables."""
CLOSED = 1e-10
"""1 − |c| below which two inputs have become one to rounding: nothing is left to scatter."""
RESOLVED = 0.02
"""Error of artanh c and of ln q up to which the grid is taken to see the units."""
BENT = 0.5
"""What first order may leave out: shift by curvature in q, in standard deviations of artanh c."""
SCATTER = 1.0
"""Variance of artanh c from which on an expansion about the wide net's is none."""


def predicted_fisher(
    kernel: Kernel, sigma_w: float, sigma_b: float, width: int, q: Float, c: Float
) -> tuple[Float, Float]:
    """(mean, sd), both (L,), of artanh ĉ_l over nets, ĉ_l = ⟨a_l, a′_l⟩/(‖a_l‖‖a′_l‖) the correlation over
    the N units of a layer, for one pair of inputs of length √N: ``q`` and ``c``, both (L,), are the length
    and the correlation map's, W entries N(0, σ_w²/N), b entries N(0, σ_b²).

    To first order in 1/N. From the layer on where 1 − |c| < 10⁻¹⁰ the mean is ±∞ and the deviation 0. Raises
    ValueError, saying why, where fluctuations are not small or the grid does not see the units.
    """
    mean, deviation = np.copysign(np.full(c.shape, np.inf), c), np.zeros(c.shape)
    shift, spread, apart = np.zeros(2), np.zeros((2, 2)), 0.0
    bent = 0.0
    for l in range(c.size):
        if 1 - abs(c[l]) < CLOSED:
            break
        here = math.atanh(c[l])
        # a layer's N units are a sample: artanh of its correlation has variance 1/N and mean + c/2N
        mean[l] = here + shift[1] + c[l] / (2 * width)
        deviation[l] = math.sqrt(spread[1, 1] + 1 / width)
        if bent > BENT * deviation[l] or spread[1, 1] > SCATTER:
            raise ValueError(f"fluctuations are not small from layer {l + 1} on: the net is too narrow")
        if l + 1 == c.size or 1 - abs(c[l + 1]) < CLOSED:
            break
        step = _step(kernel, sigma_w, sigma_b, float(q[l]), float(c[l]))
        if not abs(step.after - math.atanh(c[l + 1])) + abs(math.log(step.q / q[l + 1])) < RESOLVED:
            raise ValueError("φ varies too fast at such lengths for the width's effect to be worked out")
        curved = step.bend * np.array([spread[0, 0], 2 * spread[0, 1], spread[1, 1], apart]) / 2
        spread = step.slope @ spread @ step.slope.T + step.noise / width
        apart = step.slope_apart**2 * apart + step.noise_apart / width
        shift = step.slope @ shift + curved.sum(axis=1) + _logarithms(step.after, spread, apart)
        bent += abs(curved[1, 0])
    return mean, deviation


@dataclass(frozen=True)
class _Step:
    """One layer on, in x₁ = ½ ln q₁₁q₂₂, x₂ = artanh c and y = ½ ln q₁₁/q₂₂, 0 in the mean; primes are the
    next layer's, to first order in the three means over units that make them.

    q, after     the map's q′ and artanh c′
    slope        ∂(x₁′, x₂′)/∂(x₁, x₂), (2, 2); y does not mix with them
    slope_apart  ∂y′/∂y
    noise        N times the covariance of what one layer's units add to x₁′ and x₂′, (2, 2)
    noise_apart  and to y′
    bend         second derivatives of x₁′ and x₂′ by x₁x₁, x₁x₂, x₂x₂, yy, (2, 4)
    """

    q: float
    after: float
    slope: Float
    slope_apart: float
    noise: Float
    noise_apart: float
    bend: Float


@np.errstate(over="ignore", invalid="ignore")
def _step(kernel: Kernel, sigma_w: float, sigma_b: float, q: float, c: float) -> _Step:
    u, w, density = _grid()
    s = math.sqrt((1 - c) * (1 + c))
    v = c * u + s * w
    one, two = (np.asarray(kernel.value(math.sqrt(q) * z), np.float64) for z in (u, v))
    squares, gap = (one**2 + two**2) / 2, (one - two) ** 2 / 2
    after = sigma_w**2 * float(squares @ density) + sigma_b**2
    unit = sigma_w**2 / after
    off = unit * float(gap @ density)  # 1 − c′, from differences: they keep their digits where c is near 1
    closed = off * (2 - off)  # 1 − c′²
    added = np.stack([unit * squares, unit * (off * squares - gap) / closed])
    added_apart = unit * (one**2 - two**2) / 2
    mean, mean_apart = added @ density, added_apart @ density
    scores, second, apart, second_apart = _scores(u, v, w, c, s)
    return _Step(
        q=after,
        after=math.atanh(1 - off) if off < 1 else -math.atanh(off - 1),
        slope=(added * density) @ scores.T,
        slope_apart=float((added_apart * density) @ apart),
        noise=(added * density) @ added.T - np.outer(mean, mean),
        noise_apart=float((added_apart**2) @ density - mean_apart**2),
        bend=(added * density) @ np.vstack([second, second_apart]).T,
    )


def _scores(u: Float, v: Float, w: Float, c: float, s: float) -> tuple[Float, Float, Float, Float]:
    """∂p/p by x₁ and x₂, (2, P), and ∂²p/p by x₁x₁, x₁x₂, x₂x₂, (3, P), then both by y, (P,), of the density
    p of (√q u, √q v): a mean's derivative is the mean of the function times these, whatever φ is."""
    length = (u**2 + w**2) / 2 - 1
    turn = s * u * w - c * (w**2 - 1)
    apart = (u**2 - v**2) / (2 * s**2)
    turned = s**2 + 2 * c * u * v - u**2 - v**2 + 2 * c * (turn - c)
    second = np.stack([length**2 - (u**2 + w**2) / 2, length * turn + c - turn, turn**2 + turned])
    return np.stack([length, turn]), second, apart, apart**2 - (u**2 + v**2) / (2 * s**2)


def _logarithms(after: float, spread: Float, apart: float) -> Float:
    """What the means of x₁′ and x₂′ gain since they are no linear functions of the means over units."""
    c = math.tanh(after)
    ahead = c * apart / (2 * (1 - c) * (1 + c)) - spread[0, 1] + c * spread[1, 1]
    return np.array([-(spread[0, 0] + apart) / 2, ahead])


@lru_cache(maxsize=1)
def _grid() -> tuple[Float, Float, Float]:
    """Two independent standard Gaussians at the middles of squares, and their weights, each (P,)."""
    z = ((np.arange(POINTS) + 0.5) / POINTS * 2 - 1) * REACH
    weight = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    return np.repeat(z, POINTS), np.tile(z, POINTS), np.repeat(weight, POINTS) * np.tile(weight, POINTS)
