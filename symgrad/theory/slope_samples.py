"""Smallest and largest φ′ among samples: what can be said at once, before anything is proved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symgrad.symbolic.compile import compile_expression
from symgrad.symbolic.letters import x as variable
from symgrad.theory.activation_curve import slope_program
from symgrad.theory.activations import Activation

__all__ = ["REACH", "Sampled", "slope_samples"]

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
    slope, phi = slope_program(entry), compile_expression(entry.expression, variable, dict(entry.parameters))
    grid = np.sinh(np.linspace(-np.arcsinh(REACH), np.arcsinh(REACH), _SAMPLES))
    low, high = (_zoomed(slope, phi, grid, pick) for pick in (np.nanargmin, np.nanargmax))
    return None if low is None or high is None else (low, high)


def _zoomed(
    slope: Callable[[np.ndarray, np.ndarray], None],
    phi: Callable[[np.ndarray, np.ndarray], None],
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
