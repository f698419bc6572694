"""Fixed points of the length map q ↦ σ_w² E φ(√q z)² + σ_b²: all of them, and where a net settles."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.moments import Moments, moments

Float: TypeAlias = NDArray[np.float64]

_LOWEST, _HIGHEST = -30.0, (1.0, 3.0, 6.0, 9.0, 12.0, 20.0)
"""ln q that is looked at: up to the last before φ has grown, or oscillates, too fast to be averaged."""
_SPACING = 0.125
"""Of the places where signs are looked at: two roots between neighbours may be missed."""
TOUCH = 3e-12
"""|ln map − ln q| that counts as 0: some rounding errors of a table of moments."""
_ORBIT = 2000
"""Layers that a map which is not increasing is followed for."""


@dataclass(frozen=True)
class FixedPoint:
    """q, χ_∥ = dq_{l+1}/dq_l there, and whether lengths beside it return to it: "both" sides, "above" or
    "below" alone (half-stable), or "none"."""

    q: float
    chi_parallel: float
    attracts: str

    @property
    def stable(self) -> bool:
        """From both sides."""
        return self.attracts == "both"


@dataclass(frozen=True)
class FixedPoints:
    """``points``, smallest first; the one at which a net with inputs of mean square 1 ``settles``, None with
    ``why`` where there is none; ``every``: every q is a fixed point, and ``settles`` is the first length."""

    points: tuple[FixedPoint, ...]
    settles: FixedPoint | None
    why: str = ""
    every: bool = False


def fixed_points(kernel: Kernel, sigma_w2: float, sigma_b2: float) -> FixedPoints:
    """All fixed points with e⁻³⁰ < q < e²⁰ (less where φ grows too fast to be averaged), and 0 where φ(0) = 0
    and σ_b = 0; q to a relative error of about 1e-12/|1 − χ_∥|.

    Raises ValueError where a variance is negative or not finite, or φ has no moments at all.
    """
    check_variances(sigma_w2, sigma_b2)
    if sigma_w2 == 0:
        point = FixedPoint(sigma_b2, 0.0, "both")
        return FixedPoints((point,), point)
    table, grid = moments(kernel), reach(kernel)
    gap, steep = _gap(table, sigma_w2, sigma_b2)
    heights = gap(grid)
    if (np.abs(heights) < TOUCH).all():
        start = FixedPoint(sigma_w2 + sigma_b2, 1.0, "none")
        return FixedPoints((), start, "every length is a fixed point", every=True)
    at_zero = None
    if sigma_b2 == 0:
        # next to 0 a map of slope 1 differs from ln q by rounding alone
        grid = grid[int(np.argmax(np.abs(heights) > 1e3 * TOUCH)) :]
        at_zero = _at_zero(kernel, sigma_w2, float(gap(grid[:1])[0]))
    points = tuple(_point(gap, steep, root) for root in roots(gap, steep, grid))
    points = (at_zero, *points) if at_zero else points
    return FixedPoints(points, *_settles(points, gap, steep, grid, math.log(sigma_w2 + sigma_b2)))


def check_variances(sigma_w2: float, sigma_b2: float) -> None:
    """Raises ValueError where one is negative or not finite."""
    for name, value in (("sigma_w2", sigma_w2), ("sigma_b2", sigma_b2)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} = {value}: legal are finite variances from 0 on")


@lru_cache(maxsize=256)
def reach(kernel: Kernel) -> Float:
    """The places in ln q at which signs are looked at. Raises ValueError where φ has no moments there."""
    *_, found = reaches(kernel)
    return found


def reaches(kernel: Kernel) -> Iterator[Float]:
    """The same place by place: up to ever larger q, for those whom the first are enough. Raises ValueError as
    `reach` does."""
    found, table = np.empty(0), moments(kernel)
    for high in _HIGHEST:
        grid = np.arange(_LOWEST, high + _SPACING / 2, _SPACING)
        try:
            table.second(grid[found.size :]), table.slope(grid[found.size :])
        except ValueError:
            if not found.size:
                raise
            return
        found = grid
        yield found


Curve: TypeAlias = Callable[[Float], Float]


def _gap(table: Moments, sigma_w2: float, sigma_b2: float) -> tuple[Curve, Curve]:
    """ln of the map less ln q, and d ln map/d ln q − 1."""
    ln_w = math.log(sigma_w2)
    ln_b = math.log(sigma_b2) if sigma_b2 else -math.inf

    def gap(u: Float) -> Float:
        return np.logaddexp(ln_w + table.second(u)[0], ln_b) - u

    def steep(u: Float) -> Float:
        ln_m, rise = table.second(u)
        return rise / (1 + np.exp(np.minimum(ln_b - ln_w - ln_m, 700.0))) - 1

    return gap, steep


def roots(gap: Curve, steep: Curve, grid: Float) -> list[float]:
    """Where the gap changes its sign between two places of the grid, or touches 0 between them."""
    heights, slopes = gap(grid), steep(grid)

    def root(f: Curve, k: int) -> float:
        return float(
            brentq(lambda u: float(f(np.array([u]))[0]), grid[k], grid[k + 1], xtol=1e-15, rtol=1e-15)
        )

    found = [root(gap, int(k)) for k in np.flatnonzero(heights[:-1] * heights[1:] < 0)]
    found += [float(grid[k]) for k in np.flatnonzero(heights == 0)]
    for k in np.flatnonzero((slopes[:-1] * slopes[1:] < 0) & (heights[:-1] * heights[1:] > 0)):
        at = root(steep, int(k))
        height = float(gap(np.array([at]))[0])
        if abs(height) < TOUCH:
            found.append(at)
        elif height * heights[k] < 0:  # two roots between the places
            for low, high in ((grid[k], at), (at, grid[k + 1])):
                found.append(float(brentq(lambda u: float(gap(np.array([u]))[0]), low, high, xtol=1e-15)))
    return sorted(found)


def _point(gap: Curve, steep: Curve, u: float) -> FixedPoint:
    chi = float(steep(np.array([u]))[0]) + 1
    if abs(chi - 1) > 1e-5:
        side = "both" if abs(chi) < 1 else "none"
    else:
        below, above = (float(gap(np.array([u + step]))[0]) for step in (-1e-2, 1e-2))
        side = {(True, True): "both", (True, False): "below", (False, True): "above"}.get(
            (below > 0, above < 0), "none"
        )
    return FixedPoint(math.exp(u), chi, side)


def _at_zero(kernel: Kernel, sigma_w2: float, lowest: float) -> FixedPoint | None:
    """q = 0, where φ(0) = 0; ``lowest`` is the gap at the smallest q looked at."""
    if kernel.at_zero is not None:
        chi = sigma_w2 * (kernel.at_zero[0] ** 2 + kernel.at_zero[1] ** 2) / 2
    elif float(kernel.value(np.zeros(1))[0]) == 0:
        chi = math.inf if lowest > 0 else 0.0
    else:
        return None
    return FixedPoint(0.0, chi, "both" if lowest < 0 else "none")


def _settles(
    points: tuple[FixedPoint, ...], gap: Curve, steep: Curve, grid: Float, start: float
) -> tuple[FixedPoint | None, str]:
    """The point that the orbit from ``start`` in ln q comes to, or why it comes to none."""
    start = min(max(start, float(grid[0])), float(grid[-1]))
    first = float(gap(np.array([start]))[0])
    if abs(first) < TOUCH:
        near = min(points, key=lambda p: abs(math.log(p.q) - start) if p.q else math.inf, default=None)
        return near, "" if near else "no fixed point within reach"
    positive = [p for p in points if p.q]
    if (steep(grid) >= -1).all():  # an increasing map: the first point on the way
        if first > 0:
            ahead = [p for p in positive if math.log(p.q) > start]
            if ahead:
                return ahead[0], ""
            return None, "lengths grow without bound from layer to layer"
        behind = [p for p in points if not p.q or math.log(p.q) < start]
        return (behind[-1], "") if behind else (None, "lengths shrink to 0, which is no fixed point")
    u = start
    for _ in range(_ORBIT):
        u += float(gap(np.array([u]))[0])
        if u >= grid[-1]:
            return None, "lengths grow without bound from layer to layer"
        if u <= grid[0]:
            return (points[0], "") if points and not points[0].q else (None, "lengths shrink to 0")
    near = min(positive, key=lambda p: abs(math.log(p.q) - u), default=None)
    if near is not None and abs(math.log(near.q) - u) <= 1e-3:
        return near, ""
    # slowly towards a point of slope 1: where the map rises all the way there, the orbit cannot turn
    up = float(gap(np.array([u]))[0]) > 0
    places = [math.log(p.q) if p.q else float(grid[0]) for p in points]
    onwards = [k for k, place in enumerate(places) if (place > u) == up]
    if onwards:
        nearest = min(onwards, key=lambda k: abs(places[k] - u))
        if (steep(np.linspace(places[nearest], u, 200)) >= -1).all():
            return points[nearest], ""
    return None, "lengths go on changing from layer to layer and settle nowhere"
