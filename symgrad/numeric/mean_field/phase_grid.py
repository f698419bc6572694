"""The (σ_w², σ_b²) plane: fixed points and phases of many nets at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.fixed_points import TOUCH, check_variances, reaches
from symgrad.numeric.mean_field.moments import Moments, moments

Float: TypeAlias = NDArray[np.float64]

REASONS = (
    "",
    "lengths grow without bound from layer to layer",
    "lengths shrink to 0, where φ has no slope",
    "lengths go on changing from layer to layer and settle nowhere",
)
"""Why a net of the grid has no numbers, by code."""
_GROWS = 1
_ORBIT, _LONGEST, _NEWTON = 30, 2000, 80
"""Layers that maps which may have several fixed points are followed for before Newton's steps, and at most;
most steps of Newton's method, halvings included."""
_DONE = 4e-15
"""Rounding of ln map − ln q, relative to ln q."""
_HERMITE, _EDGE, _STEPS = 160, 13.0, (1 / 32, 1 / 128)
"""Coefficients of an activation in Hermite polynomials, and the trapezoidal rule that they are found with;
its step for a smooth φ and for one with kinks."""
_SPACING = 0.02
"""Of ln q at which coefficients are worked out; their squares are interpolated between."""


@dataclass(frozen=True)
class PhaseGrid:
    """Arrays (B, A) over sigma_b2 (B,) and sigma_w2 (A,), of the fixed point at which nets with inputs of
    mean square 1 settle; 0 where ``reason`` is not 0 and names one of `REASONS`.

    q, chi1, chi_parallel to about 1e-12 (q to that over |1 − χ_∥|); correlation c* and slope χ(c*) come from
    160 Hermite coefficients: to about 1e-3 of 1 − c* where φ has kinks or c* is above 0.95, else far better.
    A net whose lengths shrink to 0 has q = 0 and the χ₁ of that limit.
    """

    sigma_w2: Float
    sigma_b2: Float
    q: Float
    chi1: Float
    chi_parallel: Float
    correlation: Float
    slope: Float
    reason: NDArray[np.int64]


def phase_grid(kernel: Kernel, sigma_w2: Float, sigma_b2: Float, correlations: bool = True) -> PhaseGrid:
    """The grid; without ``correlations`` those of chaotic nets are left at 0. Raises ValueError where a
    variance is negative or not finite, or φ has no moments."""
    for sigmas in (sigma_w2, sigma_b2):
        for one in sigmas:
            check_variances(float(one), 0.0)
    table = moments(kernel)
    shape = (len(sigma_b2), len(sigma_w2))
    w, b = (part.ravel() for part in np.broadcast_arrays(sigma_w2[None, :], sigma_b2[:, None]))
    with np.errstate(divide="ignore"):
        ln_w, ln_b = np.log(w), np.log(b)
    u, reason = np.logaddexp(ln_w, ln_b), np.full(w.size, _GROWS)
    for grid in reaches(kernel):
        left = np.flatnonzero(reason == _GROWS)  # these may settle farther out
        if not left.size:
            break
        u[left], reason[left] = _settled(table, ln_w[left], ln_b[left], u[left], grid)
    q, chi1, chi = (np.zeros(w.size) for _ in range(3))
    inside = (reason == 0) & (u > grid[0]) & (w > 0)
    ln_m, rise = table.second(u[inside])
    q[inside] = np.exp(u[inside])
    chi1[inside] = np.exp(ln_w[inside] + table.slope(u[inside])[0])
    chi[inside] = rise * np.exp(ln_w[inside] + ln_m - u[inside])
    q[w == 0] = b[w == 0]
    shrunk = (reason == 0) & ~inside & (w > 0)
    if kernel.at_zero is None:
        reason[shrunk] = 2
    else:
        chi1[shrunk] = chi[shrunk] = w[shrunk] * (kernel.at_zero[0] ** 2 + kernel.at_zero[1] ** 2) / 2
    c, slope = np.where(reason == 0, 1.0, 0.0), np.where(chi1 <= 1, chi1, 0.0)
    chaotic = inside & (chi1 > 1)
    if not correlations:
        c[chaotic] = 0.0
    elif chaotic.any():
        known = (one[chaotic] for one in (w, b, u, q, chi1))
        c[chaotic], slope[chaotic] = _correlations(kernel, *known)

    def plane(one: NDArray[Any]) -> NDArray[Any]:
        return one.reshape(shape)

    return PhaseGrid(
        sigma_w2, sigma_b2, plane(q), plane(chi1), plane(chi), plane(c), plane(slope), plane(reason)
    )


Gap: TypeAlias = Callable[[Float, NDArray[np.intp]], tuple[Float, Float]]
"""ln of the map of some of the nets less ln q, and its slope in ln q, at places in ln q."""


def _gap(table: Moments, ln_w: Float, ln_b: Float) -> Gap:
    def gap(u: Float, at: NDArray[np.intp]) -> tuple[Float, Float]:
        ln_m, rise = table.second(u)
        ln_m = ln_m + ln_w[at]
        total = np.logaddexp(ln_m, ln_b[at])
        with np.errstate(invalid="ignore"):
            return total - u, np.nan_to_num(rise * np.exp(ln_m - total)) - 1

    return gap


def _settled(
    table: Moments, ln_w: Float, ln_b: Float, start: Float, grid: Float
) -> tuple[Float, NDArray[np.int64]]:
    """ln q of the fixed points that orbits from ``start`` come to, the lower end of the grid for 0, and codes
    of `REASONS`."""
    low, high = float(grid[0]), float(grid[-1])
    beyond = _gap(table, ln_w, ln_b)
    every = np.arange(ln_w.size)
    u = np.clip(start, low, high)
    reason = np.zeros(ln_w.size, np.int64)
    rise = table.second(grid)[1]
    if (rise >= 0).all() and (rise <= 1 + 1e-9).all():  # σ_w² M + σ_b² meets q at most once for σ_b > 0
        still = np.abs(beyond(u, every)[0]) <= TOUCH
        shrinks = ~still & (beyond(np.full_like(u, low), every)[0] <= 0)
        grows = ~still & (beyond(np.full_like(u, high), every)[0] >= 0)
        u[shrinks], reason[grows] = low, _GROWS
        left = np.flatnonzero(~still & ~shrinks & ~grows)
        u[left] = _newton(beyond, u[left], left, np.full(left.size, low), np.full(left.size, high))
        return u, reason
    if (rise >= 0).all():
        return _risen(table, ln_w, ln_b, u, grid)
    left = every
    for step in range(_LONGEST):
        gap, steep = beyond(u[left], left)
        # Newton's step leads to a fixed point that attracts; the map itself away from one that does not
        near = (steep < 0) & (np.abs(gap) < -steep / 2) & (step >= _ORBIT)
        move = np.where(near, -gap / np.where(near, steep, -1.0), gap)
        u[left] = np.clip(u[left] + move, low, high)
        ended = (np.abs(gap) <= _DONE * (1 + np.abs(u[left]))) | (u[left] <= low) | (u[left] >= high)
        left = left[~ended]
        if not left.size:
            break
    reason[u >= high] = _GROWS
    reason[left] = 3
    # what still creeps downwards where the map rises all the way to 0 cannot turn
    rising = grid[: int(np.argmin(rise >= 0))]
    if rising.size > 1:
        creeps = left[(u[left] < rising[-1]) & (beyond(u[left], left)[0] < 0)]
        if creeps.size:
            u[creeps], reason[creeps] = _risen(table, ln_w[creeps], ln_b[creeps], u[creeps], rising)
    return u, reason


def _risen(
    table: Moments, ln_w: Float, ln_b: Float, u: Float, grid: Float
) -> tuple[Float, NDArray[np.int64]]:
    """As `_settled`, for a map that rises with q: then orbits are monotonic, and end at the first fixed point
    in their direction."""
    ln_m, last, beyond = table.second(grid)[0], len(grid) - 1, _gap(table, ln_w, ln_b)
    gap = beyond(u, np.arange(u.size))[0]
    first = np.searchsorted(grid, u)  # the first place at or above u
    crossed = np.full(u.size, -1)
    biases, which = np.unique(ln_b, return_inverse=True)
    rows = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    for row, bias in zip(rows, biases, strict=True):
        # with biases of this variance the map is above q where ln σ_w² is above what is needed
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = grid + np.log1p(-np.exp(np.minimum(bias - grid, 0))) - ln_m
        needed[grid <= bias] = -np.inf
        scale, sign = ln_w[row], gap[row]
        for up in (True, False):
            # most cross nowhere, and are passed over at once
            at = row[(sign > 0) & (scale < needed.max()) if up else (sign < 0) & (scale > needed.min())]
            over = ln_w[at][:, None] - needed
            met = over < -TOUCH if up else over > TOUCH
            met &= (np.arange(len(grid)) >= first[at][:, None]) == up
            found = met.argmax(axis=1) if up else last - met[:, ::-1].argmax(axis=1)
            crossed[at] = np.where(met.any(axis=1), found, -1)
    still = (crossed < 0) & (np.abs(gap) <= TOUCH)  # every length is kept
    reason = np.where(still | (crossed >= 0) | (gap < 0), 0, _GROWS)
    u = np.where(~still & (crossed < 0) & (gap < 0), grid[0], u)
    left = np.flatnonzero(crossed >= 0)
    start, end = u[left], grid[crossed[left]]
    # the crossing is between the place found and its neighbour on the way, or u itself
    before = grid[np.clip(crossed[left] - np.sign(gap[left]).astype(int), 0, last)]
    upwards = gap[left] > 0
    before = np.where(upwards, np.maximum(before, start), np.minimum(before, start))
    low, high = np.where(upwards, before, end), np.where(upwards, end, before)
    u[left] = _newton(beyond, before, left, low, high)
    return u, reason


def _newton(
    beyond: Gap,
    u: Float,
    at: NDArray[np.intp],
    below: Float,
    above: Float,
) -> Float:
    """The root between below, where the gap is positive, and above: Newton's steps, or halves of what is
    left."""
    u, below, above = u.copy(), below.copy(), above.copy()
    left = np.arange(u.size)
    for _ in range(_NEWTON):
        here = u[left]
        gap, steep = beyond(here, at[left])
        below[left] = np.where(gap > 0, here, below[left])
        above[left] = np.where(gap > 0, above[left], here)
        with np.errstate(divide="ignore", invalid="ignore"):
            there = here - gap / steep
        outside = ~((there >= below[left]) & (there <= above[left]))
        u[left] = there = np.where(outside, (below[left] + above[left]) / 2, there)
        left = left[np.abs(gap) > _DONE * (1 + np.abs(here))]
        if not left.size:
            break
    return u


def _correlations(kernel: Kernel, w: Float, b: Float, u: Float, q: Float, chi1: Float) -> tuple[Float, Float]:
    """c* and χ(c*) of chaotic nets: c = (σ_w² Σ a_n² cⁿ + σ_b²)/q, a_n = E φ(√q z) He_n(z)/√n! (Mehler).

    What is missing to the sum at c = 1 and to its derivative χ₁ there is one more power. The sum is convex,
    so Newton's steps from 0 do not pass the root.
    """
    knots = np.arange(u.min(), u.max() + 2 * _SPACING, _SPACING)
    squares = _hermite(kernel, np.exp(knots)) ** 2
    place = (u - knots[0]) / _SPACING
    floor = np.minimum(place.astype(np.intp), len(knots) - 2)
    part = place - floor
    weights = (squares[floor].T * (1 - part) + squares[floor + 1].T * part) * (w / q)
    whole = (q - b) / q
    weights *= np.minimum(1.0, whole / np.maximum(weights.sum(axis=0), 1e-300))
    rest = whole - weights.sum(axis=0)
    steep = chi1 - np.arange(_HERMITE) @ weights
    power = np.maximum(steep / np.maximum(rest, 1e-15), _HERMITE)
    c, slope = np.zeros(u.size), np.zeros(u.size)
    for _ in range(_NEWTON):
        value, slope = weights[-1].copy(), np.zeros(u.size)
        for row in weights[-2::-1]:
            slope = slope * c + value
            value = value * c + row
        tail = rest * c ** (power - 1)
        value, slope = value + tail * c, slope + tail * power
        step = (value + b / q - c) / np.maximum(1 - slope, 1e-12)
        c = np.clip(c + step, 0.0, 1.0)
        if (np.abs(step) < 1e-12).all():
            break
    return c, slope


def _hermite(kernel: Kernel, q: Float) -> Float:
    """a_n, n < 160, (Q, 160)."""
    step = _STEPS[bool(kernel.kinks)]
    z = np.arange(-_EDGE + step / 2, _EDGE, step)
    rows = np.empty((_HERMITE, z.size))
    rows[0] = step * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    rows[1] = z * rows[0]
    for n in range(2, _HERMITE):
        rows[n] = (z * rows[n - 1] - math.sqrt(n - 1) * rows[n - 2]) / math.sqrt(n)
    return np.asarray(kernel.value(np.sqrt(q)[:, None] * z) @ rows.T)
