"""Correlations of two inputs in an infinitely wide net: c_{l+1} = (σ_w² E φ(√q u) φ(√q v) + σ_b²)/q for
standard Gaussians with E uv = c_l."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.quadrature import expectation

Float: TypeAlias = NDArray[np.float64]

_STEPS = (0.5, 0.25, 0.125, 0.0625)
_CLOSE = 1e-13
_RADII = (9.0, 14.0, 22.0, 38.0)
"""Standard deviations that are integrated over: the first beyond which nothing is left to rounding."""
_NODES = 12
_SCALES = 2.0 ** np.arange(-3, 7)
_BESIDE = np.array([0.0, 0.3, 1.0, 2.5, 6.0])
"""Widths of the transition at a kink seen through the other variable, where panels end."""


def pair_expectation(
    f: Callable[[Any], Any], g: Callable[[Any], Any], q: float, c: float, kinks: tuple[float, ...] = ()
) -> float:
    """E f(√q u) g(√q v) for standard Gaussians u, v with E uv = c, |c| ≤ 1.

    Without kinks the trapezoidal rule in both variables, its step halved until nothing changes beyond
    1e-13 E|fg|; with ``kinks``, where f or g or their derivatives jump, Gauss–Legendre on panels that end
    there, and closely around where one is seen through the other variable; relative error about 1e-12.
    Raises ValueError where f or g is not finite, or c or q is out of range.
    """
    if not (abs(c) <= 1 and math.isfinite(q) and q >= 0):
        raise ValueError(f"c = {c}, q = {q}: legal are |c| ≤ 1 and finite q from 0 on")
    if abs(c) == 1:
        return float(expectation(lambda x: f(x) * g(c * x), q, (*kinks, *(c * kink for kink in kinks))))
    radius = _radius(f, g, math.sqrt(q))
    if not kinks:
        found = _by_trapezoids(f, g, math.sqrt(q), c, radius)
        if found is not None:
            return found
    return _by_panels(f, g, math.sqrt(q), c, kinks, radius)


@np.errstate(all="ignore")
def _radius(f: Callable[[Any], Any], g: Callable[[Any], Any], root: float) -> float:
    """Beyond how many standard deviations the integrand is nothing to rounding."""
    for radius in _RADII[:-1]:
        z = np.array([-1.0, 1.0]) * radius
        left = (
            np.exp(-(z**2) / 2 + np.log(radius)) * np.maximum(np.abs(f(root * z)), np.abs(g(root * z))) ** 2
        )
        middle = np.array([-1.0, 1.0])
        size = (np.abs(f(root * middle)) * np.abs(g(root * middle))).max()
        if left.max() <= 1e-16 * size:
            return radius
    return _RADII[-1]


@np.errstate(all="ignore")
def _by_trapezoids(
    f: Callable[[Any], Any], g: Callable[[Any], Any], root: float, c: float, radius: float
) -> float | None:
    previous, s = math.nan, math.sqrt((1 - c) * (1 + c))
    for step in _STEPS:
        z = np.arange(-math.ceil(radius / step), math.ceil(radius / step) + 1) * step
        density = step * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
        outer = density * f(root * z)
        inner = g(root * (c * z[:, None] + s * z))
        found, size = outer @ inner @ density, np.abs(outer) @ np.abs(inner) @ density
        if not math.isfinite(found):
            raise ValueError(f"f(√q u) g(√q v) is not finite for |z| ≤ {radius:g} at q = {root**2:.6g}")
        if abs(found - previous) <= _CLOSE * size:
            return float(found)
        previous = found
    return None


@lru_cache(maxsize=1)
def _legendre() -> tuple[Float, Float]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


@np.errstate(all="ignore")
def _by_panels(
    f: Callable[[Any], Any],
    g: Callable[[Any], Any],
    root: float,
    c: float,
    kinks: tuple[float, ...],
    radius: float,
) -> float:
    s = math.sqrt((1 - c) * (1 + c))
    units = np.arange(-radius, radius + 0.5)
    breaks = np.concatenate([-_SCALES, [0.0], _SCALES, np.array(kinks, float)]) / max(root, 1e-300)
    seen = np.array(kinks, float) / max(root, 1e-300) / c if c else np.empty(0)
    beside = np.concatenate([_BESIDE, -_BESIDE]) * s / max(abs(c), 1e-300)
    ends = np.concatenate([units, breaks, (seen[:, None] + beside).ravel()])
    u, weight = _nodes(np.unique(np.clip(ends, -radius, radius))[None, :])
    u, weight = u[0], weight[0]
    # v = c u + s w: panels in w end where √q v is a kink, or at the scale of f
    inner_ends = np.concatenate(
        [np.broadcast_to(units, (len(u), len(units))), (breaks - c * u[:, None]) / s], axis=1
    )
    w, weights = _nodes(np.sort(np.clip(inner_ends, -radius, radius), axis=1))
    values = g(root * (c * u[:, None] + s * w))
    values[weights == 0] = 0
    found = float((weight * f(root * u)) @ np.vecdot(weights, values))
    if not math.isfinite(found):
        raise ValueError(f"f(√q u) g(√q v) is not finite for |z| ≤ {radius:g} at q = {root**2:.6g}")
    return found


def _nodes(ends: Float) -> tuple[Float, Float]:
    """Nodes and Gaussian weights on panels: (n, P + 1) → (n, P · nodes) each."""
    nodes, weights = _legendre()
    half = np.diff(ends)[..., None] / 2
    z = (ends[:, :-1, None] + half * (1 + nodes)).reshape(len(ends), -1)
    length = (half * weights).reshape(z.shape)
    return z, length * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class CorrelationMap:
    """c ↦ (σ_w² E φ(√q u) φ(√q v) + σ_b²)/q at a fixed point q > 0 of the length map; `slope` is its
    derivative σ_w² E φ′(√q u) φ′(√q v), by Price's theorem; c = 1 is always fixed.

    Source: Poole et al. 2016 (arXiv:1606.05340); Schoenholz et al. 2017 (arXiv:1611.01232).
    """

    kernel: Kernel
    sigma_w2: float
    sigma_b2: float
    q: float

    def __call__(self, c: float) -> float:
        """The correlation one layer on."""
        f = self.kernel.value
        mean = pair_expectation(f, f, self.q, c, self.kernel.kinks)
        return (self.sigma_w2 * mean + self.sigma_b2) / self.q

    def slope(self, c: float) -> float:
        """Its derivative."""
        return self.sigma_w2 * pair_expectation(
            self.kernel.slope, self.kernel.slope, self.q, c, self.kernel.kinks
        )

    def orbit(self, c: float, depth: int) -> list[float]:
        """c_1 … c_L from c_1 = c on."""
        found = [c]
        while len(found) < depth:
            found.append(min(1.0, self(found[-1])))
        return found

    def fixed_point(self) -> float:
        """The c* that correlations from [0, 1) tend to: 1 where its slope there is at most 1, else the one
        below, which is alone since the map is convex on [0, 1] (its Hermite coefficients are squares)."""
        if self.slope(1.0) <= 1 or self(0.0) >= 1:
            return 1.0
        if (lowest := self(0.0)) <= 1e-14:
            return 0.0
        for places in range(1, 13):
            high = 1 - 10.0**-places
            if self(high) < high:
                low = 1 - 10.0 ** (1 - places) if places > 1 else 0.0
                return float(brentq(lambda c: self(c) - c, min(low, lowest), high, xtol=1e-15, rtol=1e-14))
        return 1.0
