"""The edge of chaos: scales with χ₁ = 1 at a fixed point of the length map.

A fixed point q with χ₁ = σ_w² E φ′² = 1 has σ_w² = 1/E φ′² and σ_b² = q − E φ²/E φ′²: the line is
parametrised by q, and a given σ_b² is one equation in q.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.fixed_points import Curve, Float, check_variances, reach, roots
from symgrad.numeric.mean_field.moments import moments

_SAME = 3e-12
_ROUNDING = 1e-10
"""σ_b²/q up to which it is none."""


@dataclass(frozen=True)
class CriticalPoint:
    """σ_w² and the fixed point q with χ₁ = 1, and χ_∥ there: nets settle at it where |χ_∥| < 1."""

    sigma_w2: float
    q: float
    chi_parallel: float


@dataclass(frozen=True)
class Critical:
    """Every critical net with the given σ_b², smallest q first; or ``why`` there is none. ``every``: each q
    is a fixed point at this σ_w²."""

    solutions: tuple[CriticalPoint, ...]
    why: str = ""
    every: bool = False


def critical(kernel: Kernel, sigma_b2: float) -> Critical:
    """All points, q > 0 to a relative error of about 1e-12; q = 0 stands for the limit in which φ is its
    two slopes at 0, where σ_b = 0. Raises ValueError as `fixed_points` does."""
    check_variances(0.0, sigma_b2)
    table, grid = moments(kernel), reach(kernel)
    left = (kernel.at_zero or (0.0, 0.0))[0] ** 2 + (kernel.at_zero or (0.0, 0.0))[1] ** 2

    def share(u: Float) -> Float:
        """E φ²/(q E φ′²): 1 less the share of q that biases must bring."""
        return np.exp(table.second(u)[0] - table.slope(u)[0] - u)

    if (np.abs(share(grid) - 1) < _SAME).all():
        if sigma_b2:
            return Critical((), "at χ₁ = 1 every length is kept without biases, and with them it grows")
        return Critical((CriticalPoint(2 / left, 1.0, 1.0),), "every length is a fixed point", every=True)
    found = [] if sigma_b2 or not left else [CriticalPoint(2 / left, 0.0, 1.0)]
    places = _roots(share, sigma_b2, grid)
    for place in places:
        u = np.array([place])
        (ln_m, rise), ln_s = table.second(u), table.slope(u)[0]
        chi = float((rise * np.exp(ln_m - ln_s - u))[0])
        found.append(CriticalPoint(math.exp(-float(ln_s[0])), math.exp(place), chi))
    if found:
        return Critical(tuple(found))
    most = float((np.exp(grid) * (1 - share(grid))).max())
    needs = "negative at every q" if most < 0 else f"at most {most:.6g}"
    return Critical((), f"a fixed point with χ₁ = 1 needs σ_b² = q − E φ²/E φ′², which is {needs}")


def _roots(share: Curve, sigma_b2: float, grid: Float) -> list[float]:
    """ln q with q (1 − share) = σ_b²."""

    def gap(u: Float) -> Float:
        return 1 - share(u) - sigma_b2 * np.exp(-u)

    def steep(u: Float) -> Float:
        step = 1e-5
        low, high = np.maximum(u - step, grid[0]), np.minimum(u + step, grid[-1])
        return (gap(high) - gap(low)) / (high - low)

    if sigma_b2:
        return roots(gap, steep, grid)
    # towards 0 the share is 1 for every φ with φ(0) = 0: differences of rounding change no sign there
    heights = gap(grid)
    clear = grid[np.abs(heights) > 1e-9]
    return roots(gap, steep, clear) if clear.size > 1 else []


def critical_line(kernel: Kernel, most_sigma_b2: float) -> tuple[Float, Float, Float]:
    """The line as (q, σ_w², σ_b²), each (n,), for the q looked at with 0 ≤ σ_b² ≤ ``most_sigma_b2``, in
    order of q. Raises ValueError as `fixed_points` does."""
    table, grid = moments(kernel), reach(kernel)
    fine = np.linspace(grid[0], grid[-1], 4 * len(grid))
    q, slope = np.exp(fine), np.exp(table.slope(fine)[0])
    sigma_b2 = q - np.exp(table.second(fine)[0]) / slope
    # where every length is kept, what is left of σ_b² is rounding
    inside = (sigma_b2 > _ROUNDING * q) & (sigma_b2 <= most_sigma_b2)
    return q[inside], 1 / slope[inside], sigma_b2[inside]
