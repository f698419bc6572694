"""Mean and variance of the squared singular values of a random net's Jacobian J, in numbers: what each layer
does to them at infinite width, and exactly at any width. The formulas are derived in
`jacobian_spectrum_moments`, which takes its steps from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.errors import InputError
from symgrad.numeric import Kernel, expectation, ln_moments

__all__ = [
    "LAWS",
    "SquaredSpectrum",
    "critical_scales",
    "gaussian_layer",
    "infinite_layer",
    "orthogonal_layer",
    "relative_variance",
    "squared_spectrum",
]

Float: TypeAlias = NDArray[np.float64]


def gaussian_layer(square: Any, second: Any, mu1: Any, mu2: Any, width: Any) -> tuple[Any, Any]:
    """E (tr JJᵀ/N)² and E tr(JJᵀ)²/N after one more layer D W, from ``square`` and ``second`` before it: W
    Gaussian with σ_w = 1, slopes D independent of it and of each other, E D² = mu1, E D⁴ = mu2."""
    return (
        (mu1**2 + (mu2 - mu1**2) / width) * square + 2 * mu2 * second / width**2,
        mu2 * square + (mu1**2 + (2 * mu2 - mu1**2) / width) * second,
    )


def orthogonal_layer(square: Any, second: Any, mu1: Any, mu2: Any, width: Any) -> tuple[Any, Any]:
    """The same for W uniform over the orthogonal matrices."""
    equal = (width * square + 2 * second) / (width + 2)
    return (
        (mu2 * equal + mu1**2 * (width * (width + 1) * square - 2 * second) / (width + 2)) / width,
        mu2 * equal + mu1**2 * width * (second - square) / (width + 2),
    )


def infinite_layer(mu1: Any, mu2: Any, s1: Any) -> Any:
    """What a layer adds to the relative variance E X²/(E X)² − 1 at infinite width: μ₂/μ₁² − 1 − s₁."""
    return mu2 / mu1**2 - 1 - s1


LAWS: dict[str, tuple[int, Callable[..., tuple[Any, Any]]]] = {
    "gaussian": (-1, gaussian_layer),
    "orthogonal": (0, orthogonal_layer),
}
"""Law of the weights → s₁, and one layer at finite width."""


@dataclass(frozen=True)
class SquaredSpectrum:
    """Of the squared singular values X of J: ln E X, E X²/(E X)² − 1 at infinite width and at this one; the
    variances ln q_l (L,) it was met at."""

    ln_mean: float
    relative: float
    at_width: float
    ln_q: Float


def relative_variance(mu1: Float, mu2: Float, width: int, weights: str) -> tuple[float, float]:
    """E X²/(E X)² − 1 at infinite width, and E tr(JJᵀ)²/N over E(tr JJᵀ/N)² less 1 at this one, layers as
    given by mu1, mu2 (L,). ValueError where the law is not known, or the width is 1."""
    if weights not in LAWS:
        raise ValueError(f"weights {weights!r}: the spectrum is known for {' and '.join(LAWS)} ones")
    if width < 2:
        raise ValueError(f"width {width}: a spectrum takes two units at least")
    s1, layer = LAWS[weights]
    square = second = 1.0
    total = 0.0
    for one, two in zip(mu1, mu2, strict=True):
        square, second = layer(square, second, 1.0, float(two / one**2), width)
        scale = square  # only the ratio matters, and E X leaves the range at depth
        square, second = 1.0, second / scale
        total += float(infinite_layer(one, two, s1))
    return total, second / square - 1


def squared_spectrum(
    kernel: Kernel,
    sigma_w: float,
    sigma_b: float,
    depth: int,
    width: int,
    weights: str = "gaussian",
    input_scale: float = 1.0,
) -> SquaredSpectrum:
    """Of a net whose inputs are N(0, input_scale²) an entry, along its length map.

    Raises ValueError where a moment of φ or φ′ does not exist or is 0, and as `relative_variance`.
    """
    if not (math.isfinite(sigma_w) and sigma_w > 0 and math.isfinite(sigma_b) and sigma_b >= 0):
        scales = f"sigma_w = {sigma_w}, sigma_b = {sigma_b}"
        raise ValueError(
            f"{scales}: a spectrum needs a finite sigma_w above 0 and a finite sigma_b from 0 on"
        )
    ln_q, mu1, mu2 = np.empty(depth), np.empty(depth), np.empty(depth)
    with np.errstate(divide="ignore"):
        ln_w, ln_b = 2 * math.log(sigma_w), 2 * float(np.log(sigma_b))
        here = float(np.logaddexp(ln_w + 2 * float(np.log(input_scale)), ln_b))
    for l in range(depth):
        ln_q[l] = here
        second, slope = ln_moments(kernel, here)
        mu1[l] = math.exp(slope) if slope > -math.inf else 0.0
        mu2[l] = mu2[l - 1] if l and abs(here - ln_q[l - 1]) < 1e-14 else fourth_moment(kernel, here)
        if not (math.isfinite(mu2[l]) and mu1[l] ** 2 > 0):
            raise ValueError("E φ′² is 0 or E φ′⁴ beyond what is formed: the spectrum is not predicted")
        here = float(np.logaddexp(ln_w + second, ln_b))
    infinite, finite = relative_variance(mu1, mu2, width, weights)
    return SquaredSpectrum(float(np.log(mu1).sum()) + depth * ln_w, infinite, finite, ln_q)


def fourth_moment(kernel: Kernel, ln_q: float) -> float:
    """E φ′(√q z)⁴."""
    if abs(ln_q) > 600:
        raise ValueError(f"ln q = {ln_q:.6g}: E φ′⁴ is not formed there")
    return float(expectation(lambda x: kernel.slope(x) ** 4, math.exp(ln_q), kernel.kinks))


def critical_scales(kernel: Kernel, q: float) -> tuple[float, float]:
    """σ_w and σ_b of the net with χ₁ = 1 whose length map has the fixed point q: σ_w² = 1/E φ′² and
    σ_b² = q − E φ²/E φ′². Raises `InputError` where that is negative."""
    second, slope = (math.exp(part) for part in ln_moments(kernel, math.log(q)))
    variance = q - second / slope
    if variance < -1e-12 * q:
        raise InputError(f"since with q = {q:g} sigma_b² would be {variance:.6g}")
    return slope**-0.5, math.sqrt(max(variance, 0.0))
