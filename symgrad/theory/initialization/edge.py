"""Where χ₁ = 1: the scales of weights at the edge of chaos, in floats, for any activation.

With M = E φ(√q z)² and S = E φ′(√q z)² a fixed point q of the length map with χ₁ = 1 has σ_w² = 1/S and
q = M/S + σ_b²: one equation in q alone. There d q_{l+1}/d q_l is χ_∥ = σ_w² dM/dq, and χ_∥ = 1 as well where
dM/dq = S. Near 0 a φ with φ(0) = 0 and slopes a, b to either side has M = q S = q (a² + b²)/2, so q = 0 is
such a point for σ_b = 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from symgrad.numeric import Kernel, expectation
from symgrad.theory.finite_width.units import Units

__all__ = ["doubly_critical", "edge_of_chaos"]

GRID = np.linspace(-16.0, 12.0, 113)
"""ln q where signs are looked at: a root between two places that are less than 0.25 apart may be missed."""
LEVEL = 1e-9
"""Relative size up to which a function that is to have a root counts as 0 everywhere."""


def edge_of_chaos(kernel: Kernel, sigma_b2: float = 0.0) -> tuple[float, float]:
    """(σ_w², q) with χ₁ = 1 at the fixed point q, σ_b² given: the one that attracts (χ_∥ ≤ 1) where there is
    one, else the smallest. Relative error about 1e-12.

    Raises ValueError where no q from e⁻¹⁶ to e¹² is such a point, and no limit q → 0 either.
    """
    q, second, slope = _moments(kernel)
    roots = _roots(_gap(kernel, sigma_b2), q - second / slope - sigma_b2)
    if sigma_b2 == 0 and kernel.at_zero and any(kernel.at_zero):
        if (np.abs(1 - second / slope / q) < LEVEL).all():  # every q
            return 1 / float(slope[0]), 1.0
        scale = 2 / (kernel.at_zero[0] ** 2 + kernel.at_zero[1] ** 2)
        return _attracting(kernel, roots) or (scale, 0.0)
    if not roots:
        raise ValueError(f"no variance q of the pre-activations has χ₁ = 1 beside σ_b² = {sigma_b2:g}")
    return _attracting(kernel, roots) or _scale(kernel, roots[0])


def doubly_critical(kernel: Kernel) -> tuple[float, float, float]:
    """(σ_w², σ_b², q) with χ₁ = χ_∥ = 1 at a fixed point q > 0.

    Raises ValueError, in words, where there is none, or where every q is one. Source: Roberts, Yaida & Hanin
    2022, chapter 5.
    """
    q, _, slopes = _moments(kernel)
    units = Units(kernel, q)
    steep = units.mean(units.states * units.leaning) / (q * slopes) - 1
    if (np.abs(steep) < 1e-4).all():
        raise ValueError("χ₁ = 1 holds every q: the edge of chaos is this scheme")

    def gap(ln_q: float) -> float:
        at = math.exp(ln_q)
        slope = float(expectation(_squares(kernel)[1], at, kernel.kinks))
        return float(expectation(_leaning(kernel, at), at, kernel.kinks)) / (at * slope) - 1

    steep[np.abs(steep) < 1e-4] = np.nan  # a limit at either end is no root
    for root in _roots(gap, steep):
        at = math.exp(root)
        second, slope = (float(expectation(f, at, kernel.kinks)) for f in _squares(kernel))
        if at - second / slope >= 0:
            return 1 / slope, at - second / slope, at
    raise ValueError("no fixed point q > 0 has χ₁ = χ_∥ = 1")


def _moments(kernel: Kernel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """q, E φ² and E φ′² on as much of the grid as has them. Raises ValueError where even q ≤ 1 has not."""
    for last in (12.0, 6.0, 3.0, 0.0):
        q = np.exp(GRID[last >= GRID])
        try:
            second, slope = (np.asarray(expectation(f, q, kernel.kinks)) for f in _squares(kernel))
        except ValueError:
            if last == 0.0:
                raise
            continue
        if (slope > 0).all():
            return q, second, slope
        raise ValueError("E φ′² is 0")
    raise AssertionError


def _squares(kernel: Kernel) -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    return (lambda x: kernel.value(x) ** 2), (lambda x: kernel.slope(x) ** 2)


def _leaning(kernel: Kernel, q: float) -> Callable[..., np.ndarray]:
    """Its mean is q dM/dq."""
    return lambda x: kernel.value(x) ** 2 * (x * x / q - 1) / 2


def _gap(kernel: Kernel, sigma_b2: float) -> Callable[[float], float]:
    def gap(ln_q: float) -> float:
        at = math.exp(ln_q)
        second, slope = (float(expectation(f, at, kernel.kinks)) for f in _squares(kernel))
        return at - second / slope - sigma_b2

    return gap


def _roots(f: Callable[[float], float], values: np.ndarray) -> list[float]:
    """ln q between two places of the grid where f, whose values there are given, changes its sign."""
    with np.errstate(invalid="ignore"):
        changes = np.flatnonzero(values[:-1] * values[1:] < 0)
    ends = [(float(GRID[k]), float(GRID[k + 1])) for k in changes]
    return [float(brentq(f, *pair, xtol=1e-14, rtol=1e-14)) for pair in ends if f(pair[0]) * f(pair[1]) < 0]


def _scale(kernel: Kernel, ln_q: float) -> tuple[float, float]:
    at = math.exp(ln_q)
    return 1 / float(expectation(_squares(kernel)[1], at, kernel.kinks)), at


def _attracting(kernel: Kernel, roots: list[float]) -> tuple[float, float] | None:
    """The first with χ_∥ ≤ 1."""
    for root in roots:
        scale, at = _scale(kernel, root)
        if scale * float(expectation(_leaning(kernel, at), at, kernel.kinks)) / at <= 1:
            return scale, at
    return None
