"""Moments of φ(a)² and φ′(a)² over the units of a wide layer, a = √q z, z ~ N(0, 1), and what becomes of the
logarithm of a mean over samples: what the statistics of slopes are computed with, over layers and over time.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric import Kernel

__all__ = ["DEGREES", "KNOTS", "LARGE", "Units", "median_band", "median_spread", "of_batch"]

Float: TypeAlias = NDArray[np.float64]

KNOTS = 65
"""Layers or steps at which moments are integrated; between them they are interpolated."""
GRID, FINE = 6000, 1e-6
"""Points of the grid of z, an even number so that 0, where φ may have a removable point, is not one of them;
and where it begins to be as fine as it gets."""
DEGREES = 48
"""Hermite coefficients that a correlation is summed over."""
ROUNDING = 1e-9
"""Relative half-width that a band has anyway."""
MOST = 40.0
"""The largest variance of a logarithm that is tabled."""
LARGE = 300.0
"""Logarithms beyond which a number is not formed."""


class Units:
    """φ(√q z)² and φ′(√q z)² of units with pre-activation variances q (Q,), on a grid of z (Z,) that is as
    fine at 10⁻⁶ as at 1."""

    def __init__(self, kernel: Kernel, q: Float) -> None:
        self.z = _grid()
        density = np.exp(-(self.z**2) / 2) * np.hypot(1.0, self.z / FINE)  # dz/du = FINE cosh u
        self.density = density / np.sum(density)
        self.q, a = q, np.sqrt(q)[:, None] * self.z
        self.value: Float = np.asarray(kernel.value(a), np.float64)
        self.slope: Float = np.asarray(kernel.slope(a), np.float64)
        self.states, self.slopes = self.value**2, self.slope**2
        self.leaning = (self.z**2 - 1) / 2
        """q d/dq E f(√q z) = E f (z² − 1)/2."""
        self.bending = (self.z**4 - 6 * self.z**2 + 3) / 4
        """q² d²/dq² E f(√q z) = E f (z⁴ − 6z² + 3)/4."""

    def mean(self, f: Float) -> Float:
        """E f, (Q, Z) → (Q,)."""
        return np.asarray(f @ self.density)

    def moments(self, f: Float) -> tuple[Float, Float]:
        """E f and E f²."""
        return self.mean(f), self.mean(f * f)

    def hermite(self, f: Float) -> Float:
        """f_n = E f(z) He_n(z)/√n!, n < DEGREES, (Q, Z) → (Q, DEGREES): E f(z)f(z′) = Σ f_n² cⁿ if
        E zz′ = c."""
        return np.asarray((f * self.density) @ _polynomials())


@lru_cache(maxsize=1)
def _polynomials() -> Float:
    """He_n(z)/√n! on the grid, (Z, DEGREES)."""
    z = _grid()
    rows = [np.ones_like(z), z]
    for n in range(2, DEGREES):
        rows.append((z * rows[-1] - math.sqrt(n - 1) * rows[-2]) / math.sqrt(n))
    return np.stack(rows, axis=1)


def _grid() -> Float:
    return np.asarray(FINE * np.sinh(np.linspace(-1, 1, GRID) * math.asinh(9 / FINE)))


def of_batch(own: Float, batch: int) -> tuple[Float, Float]:
    """Mean and variance of ln Σ_s e^{X_s}/B for independent X_s ~ N(−v/2, v), the logarithm of a mean of B
    squared gradients that are lognormal and 1 in the mean; v = ``own``, any shape.

    From the law of Y = ln(e/S), e exponential of mean 1: P(Y > ln t) = E e^{−tS} = (E e^{−t e^X/B})^B, so
    that the mean of ln S is −γ − E Y and its variance Var Y − π²/6. Past v = 40 the table goes on as a line.
    """
    if batch == 1:
        return -own / 2, np.asarray(own, np.float64)
    knots, mean, variance = _table(batch)
    past = np.maximum(own - knots[-1], 0.0)
    ends = [(row[-1] - row[-2]) / (knots[-1] - knots[-2]) for row in (mean, variance)]
    inside = np.minimum(own, knots[-1])
    return (
        np.interp(inside, knots, mean) + ends[0] * past,
        np.interp(inside, knots, variance) + ends[1] * past,
    )


@lru_cache(maxsize=16)
def _table(batch: int) -> tuple[Float, Float, Float]:
    """v, and mean and variance of the logarithm of the mean of B."""
    knots = np.concatenate([[0.0], np.geomspace(0.02, MOST, 40)])
    z, step = np.linspace(-9.0, 9.0, 361, retstep=True)
    density = np.exp(-(z**2) / 2) * step / math.sqrt(2 * math.pi)
    found = np.zeros((2, knots.size))
    for k, v in enumerate(knots[1:], 1):
        ends = 40.0 + v / 2 + 9 * math.sqrt(v)
        y = np.linspace(-ends, 10.0 + ends, math.ceil(2 * ends / 0.1))
        size = np.exp(np.minimum(y[:, None] + math.sqrt(v) * z - v / 2 - math.log(batch), LARGE))
        above = (np.exp(-size) @ density) ** batch  # P(Y > y)
        law, middle = -np.diff(above), (y[1:] + y[:-1]) / 2
        law, width = law / law.sum(), y[1] - y[0]
        mean = law @ middle
        found[:, k] = -np.euler_gamma - mean, law @ (middle - mean) ** 2 - width**2 / 12 - math.pi**2 / 6
    return knots, found[0], found[1]


def median_band(typical: Any, spread: Any, seeds: int) -> tuple[Any, Any]:
    """Where the median of S values lies with a probability of 99 %, if one is Gaussian with this mean and
    standard deviation, arrays or numbers; not narrower than rounding, where nothing scatters."""
    half = NormalDist().inv_cdf(0.995) * median_spread(seeds) * spread + ROUNDING * (1 + abs(typical))
    return typical - half, typical + half


def median_spread(seeds: int) -> float:
    """Standard deviation of the median of normal numbers over that of one of them, to first order in 1/S
    from three numbers on; of one or two it is the mean.
    """
    return 1 / math.sqrt(seeds) if seeds < 3 else math.sqrt(math.pi / 2 / seeds)
