"""φ and φ′ sampled for drawing: broken where they jump, have a pole or do not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy as sp

from symgrad.symbolic.kernels.compile import compile_expression
from symgrad.symbolic.letters import x as variable
from symgrad.theory.activations import Activation

__all__ = ["Curve", "activation_curve", "slope_program"]

Function = Callable[[np.ndarray], np.ndarray]

_FINEST = 1e-9
"""Width to which a step is followed; below it φ′ of something like tanh(x)/x is rounding noise."""
_JUMP = 0.3
"""A step that keeps this share of its height down to the finest width is drawn as a jump: |x|^(1/10), the
steepest continuous curve of the list, keeps less."""
_SPLIT = 0.4871
"""Where an interval is cut: not in the middle, so that no pole at a round number is met."""


@dataclass(frozen=True)
class Curve:
    """x (P,), φ(x), φ′(x), NaN where there is no value and in the midst of a jump; the places of the jumps of
    φ′, kinks of φ among them.
    """

    x: np.ndarray
    phi: np.ndarray
    dphi: np.ndarray
    breaks: tuple[float, ...]

    @classmethod
    def empty(cls) -> Curve:
        """Nothing to draw."""
        none = np.empty(0)
        return cls(none, none, none, ())


def activation_curve(entry: Activation, reach: float, points: int) -> Curve:
    """`points` samples on [−reach, reach], more at both sides of every jump and at the ends of the domain.

    Raises `NotImplementedError` when φ or φ′ has a function that has no array operation.
    """
    values = dict(entry.parameters)
    phi = _finite(compile_expression(entry.expression, variable, values))
    slope = _finite(slope_program(entry))

    def dphi(x: np.ndarray) -> np.ndarray:  # the formula of φ′ may go on where φ ends, as 1/x beside log(x)
        return np.where(np.isnan(phi(x)), np.nan, slope(x))

    grid = np.linspace(-reach, reach, points)
    of_phi, of_dphi = (_jumps(f, grid, reach) for f in (phi, dphi))
    edges = [_edges(f, grid, reach) for f in (phi, dphi)]
    x = np.unique(np.concatenate([grid, *of_phi, *of_dphi, *edges]))
    heights, slopes = phi(x), dphi(x)
    kept = ~(_alone(heights) | _alone(slopes))
    x, heights, slopes = x[kept], heights[kept], slopes[kept]
    middles = [_between(left, right) for left, right in (of_phi, of_dphi)]
    x, heights, slopes = (part[~np.isin(x, np.concatenate(middles))] for part in (x, heights, slopes))
    middles[1] = np.setdiff1d(middles[1], middles[0])
    x = np.concatenate([x, *middles])
    heights = np.concatenate([heights, np.full(len(middles[0]), np.nan), phi(middles[1])])
    slopes = np.concatenate([slopes, np.full(len(middles[0]) + len(middles[1]), np.nan)])
    order = np.argsort(x, kind="stable")
    return Curve(x[order], heights[order], slopes[order], tuple(np.unique(np.concatenate(middles)).tolist()))


def slope_program(entry: Activation) -> Callable[[np.ndarray, np.ndarray], None]:
    """φ′ where it exists, compiled: of max and sign only what stands beside the step."""
    slope = entry.expression.diff(variable).replace(sp.DiracDelta, lambda *_: sp.Integer(0))
    slope = slope.replace(sp.Heaviside, lambda u, *_: sp.Piecewise((0, u < 0), (1, True)))
    return compile_expression(slope, variable, dict(entry.parameters))


def _between(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A number in each interval, a round one where there is."""
    middle = (left + right) / 2
    rounded = np.round(middle, 7) + 0.0
    return np.where((left <= rounded) & (rounded <= right), rounded, middle)


def _finite(program: Callable[[np.ndarray, np.ndarray], None]) -> Function:
    """The program's values, NaN for every other thing."""

    def function(x: np.ndarray) -> np.ndarray:
        out = np.empty_like(x)
        program(x, out)
        return np.where(np.isfinite(out), out, np.nan)

    return function


def _jumps(f: Function, grid: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Both sides of every jump: each step between neighbours is cut again and again, keeping the larger
    part.
    """
    x = grid[~np.isnan(f(grid))]
    left, right = x[:-1].copy(), x[1:].copy()
    low, high = f(left), f(right)
    first = np.abs(high - low)
    span = np.ptp(np.clip(f(x), *np.nanquantile(f(x), (0.02, 0.98)))) if len(x) else 0.0
    while np.any(right - left > _FINEST * reach):
        middle = left + _SPLIT * (right - left)
        value = f(middle)
        gap = np.isnan(value)  # the domain ends between them: `_edges` draws that
        first[gap] = 0.0
        value[gap] = low[gap]
        leftmost = np.abs(value - low) >= np.abs(high - value)
        right, high = np.where(leftmost, middle, right), np.where(leftmost, value, high)
        left, low = np.where(leftmost, left, middle), np.where(leftmost, low, value)
    jump = (first > 1e-3 * span) & (np.abs(high - low) > _JUMP * first)
    return left[jump], right[jump]


def _edges(f: Function, grid: np.ndarray, reach: float) -> np.ndarray:
    """The outermost points where f has a value, beside neighbours of which only one has."""
    there = ~np.isnan(f(grid))
    turns = np.flatnonzero(there[:-1] != there[1:])
    inside = np.where(there[turns], grid[turns], grid[turns + 1])
    outside = np.where(there[turns], grid[turns + 1], grid[turns])
    while np.any(np.abs(outside - inside) > _FINEST * reach):
        middle = inside + _SPLIT * (outside - inside)
        holds = ~np.isnan(f(middle))
        inside, outside = np.where(holds, middle, inside), np.where(holds, outside, middle)
    return inside


def _alone(values: np.ndarray) -> np.ndarray:
    """Single missing values between two that exist: a removable point, or a pole, whose jump is drawn."""
    missing = np.isnan(values)
    alone = np.zeros_like(missing)
    alone[1:-1] = missing[1:-1] & ~missing[:-2] & ~missing[2:]
    return alone
