"""Smallest and largest φ′ among samples: what can be said at once, before anything is proved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symgrad.symbolic.kernels.compile import compile_expression
from symgrad.symbolic.letters import x as variable
from symgrad.theory.activation_curve import slope_program
from symgrad.theory.activations import Activation

__all__ = ["REACH", "Sampled", "mean_squares", "slope_samples"]

Program = Callable[[np.ndarray, np.ndarray], None]
REACH = 1e6
_SAMPLES = 8001
_ZOOMS = 6


@dataclass(frozen=True)
class Sampled:
    """A value of φ′ and where it was found; no sample is smaller (or none larger)."""

    value: float
    at: float


def slope_samples(entry: Activation) -> tuple[Sampled, Sampled] | None:
    """The smallest and the largest of some thousand φ′(x), |x| ≤ REACH, dense near 0 (x = sinh s), then ever
    closer around either; None where φ′ is nowhere a finite number.

    Raises `NotImplementedError` when φ′ has a function that has no kernel.
    """
    phi, slope = _programs(entry)
    grid = np.sinh(np.linspace(-np.arcsinh(REACH), np.arcsinh(REACH), _SAMPLES))
    low, high = (_zoomed(slope, phi, grid, pick) for pick in (np.nanargmin, np.nanargmax))
    return None if low is None or high is None else (low, high)


def mean_squares(entry: Activation, q: float) -> tuple[float, float] | None:
    """E φ(√q z)² and E φ′(√q z)², z ~ N(0, 1), as sums over 24,000 evenly spaced z; None where one of them is
    no positive number.

    Raises `NotImplementedError` when φ or φ′ has a function that has no kernel.
    """
    z = (np.arange(-12_000, 12_000) + 0.5) / 1000
    density = np.exp(-(z**2) / 2)
    found = []
    for program in _programs(entry):
        values = np.empty_like(z)
        program(np.sqrt(q) * z, values)
        with np.errstate(all="ignore"):
            found.append(float(np.sum(density * values**2) / np.sum(density)))
    return (found[0], found[1]) if all(np.isfinite(m) and m > 0 for m in found) else None


def _programs(entry: Activation) -> tuple[Program, Program]:
    """φ and φ′."""
    return compile_expression(entry.expression, variable, dict(entry.parameters)), slope_program(entry)


def _zoomed(
    slope: Program,
    phi: Program,
    points: np.ndarray,
    pick: Callable[[np.ndarray], np.intp],
) -> Sampled | None:
    best: Sampled | None = None
    for _ in range(_ZOOMS):
        values, there = np.empty_like(points), np.empty_like(points)
        slope(points, values)
        phi(points, there)
        values[~np.isfinite(values) | ~np.isfinite(there)] = np.nan
        if np.isnan(values).all():
            break
        index = int(pick(values))
        best = Sampled(float(values[index]), float(points[index]))
        left, right = points[max(index - 1, 0)], points[min(index + 1, len(points) - 1)]
        points = np.linspace(left, right, 201)
    return best
