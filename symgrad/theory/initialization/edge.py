"""Where χ₁ = 1: which of the critical scales an initialisation takes, and where χ_∥ = 1 holds as well.

With M = E φ(√q z)² and S = E φ′(√q z)² a fixed point q of the length map with χ₁ = 1 has σ_w² = 1/S and
σ_b² = q − M/S. There χ_∥ = σ_w² dM/dq says whether lengths beside q return to it; χ_∥ = 1 where dM/dq = S.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.optimize import brentq

from symgrad.numeric import Kernel, ln_moments
from symgrad.numeric.mean_field.critical import critical
from symgrad.numeric.mean_field.fixed_points import reach
from symgrad.numeric.mean_field.moments import Moments, moments

__all__ = ["doubly_critical", "edge_of_chaos", "equal_factors"]

LEVEL = 1e-6
"""|χ_∥/χ₁ − 1| up to which the two count as the same: towards q = 0 they are, for every φ with φ(0) = 0."""


def edge_of_chaos(kernel: Kernel, sigma_b2: float = 0.0) -> tuple[float, float]:
    """(σ_w², q) with χ₁ = 1 at the fixed point q, σ_b² given: the first q > 0 that attracts (|χ_∥| ≤ 1), else
    the smallest, which may be 0. Raises ValueError, in words, where there is none.
    """
    _passed_on(kernel)
    found = critical(kernel, sigma_b2)
    if not found.solutions:
        raise ValueError(found.why)
    attracting = (point for point in found.solutions if point.q > 0 and abs(point.chi_parallel) <= 1)
    point = next(attracting, found.solutions[0])
    return point.sigma_w2, point.q


def doubly_critical(kernel: Kernel) -> tuple[float, float, float]:
    """(σ_w², σ_b², q) with χ₁ = χ_∥ = 1 at a fixed point q > 0, relative error about 1e-11.

    Raises ValueError, in words, where there is none, or where every q is one. Source: Roberts, Yaida & Hanin
    2022, chapter 5.
    """
    for point in equal_factors(kernel):
        if point[1] >= 0:
            return point
    raise ValueError("no fixed point q > 0 has χ₁ = χ_∥ = 1")


def equal_factors(kernel: Kernel) -> Iterator[tuple[float, float, float]]:
    """(σ_w², σ_b², q) with χ₁ = χ_∥ = 1 at every q > 0 beside which one of the two passes the other, from
    below; σ_b² < 0 means that no biases make q a fixed point. Raises ValueError as `doubly_critical` does.
    """
    _passed_on(kernel)
    table, grid = moments(kernel), reach(kernel)
    heights = _excess(table, grid)
    clear = grid[np.abs(heights) > LEVEL]
    if not clear.size:
        raise ValueError("χ₁ = χ_∥ at every q: the edge of chaos is this scheme")
    heights = heights[np.abs(heights) > LEVEL]
    for k in np.flatnonzero(heights[:-1] * heights[1:] < 0):
        ends = float(clear[k]), float(clear[k + 1])
        root = float(brentq(lambda u: float(_excess(table, np.array([u]))[0]), *ends, xtol=1e-15, rtol=1e-15))
        second, slope = (math.exp(part(np.array([root]))[0][0]) for part in (table.second, table.slope))
        yield 1 / slope, math.exp(root) - second / slope, math.exp(root)


def _passed_on(kernel: Kernel) -> None:
    """Raises ValueError where no gradient passes, as through a step."""
    if not math.isfinite(ln_moments(kernel, 0.0)[1]):
        raise ValueError("φ′ is 0 almost everywhere, so no gradient passes at any scale of the weights")


def _excess(table: Moments, ln_q: np.ndarray) -> np.ndarray:
    """χ_∥/χ₁ − 1 = (dM/dq)/S − 1."""
    (second, rise), (slope, _) = table.second(ln_q), table.slope(ln_q)
    return np.asarray(rise * np.exp(second - slope - ln_q) - 1)
