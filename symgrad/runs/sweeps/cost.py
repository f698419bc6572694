"""What points cost, roughly: enough to make tasks of a useful size and to say how long a sweep will take.

A running sweep compares its estimates with what its workers needed and corrects them by one factor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["START", "draw_seconds", "point_seconds"]

Float = NDArray[np.float64]
START = 2.0
"""Seconds for a worker to load and to compile its first activation."""


def draw_seconds(seeds: Float, depth: Float, width: Float) -> Float:
    """The draws of a net and their spectral norms, on one core: a call a layer, N² draws and what is N² of a
    tridiagonal reduction's memory traffic, N³ operations.
    """
    return seeds * depth * (25e-6 + 30e-9 * width**2 + 30e-12 * width**3)


def point_seconds(seeds: Float, depth: Float, width: Float, batch: Float) -> Float:
    """Both passes over weights that are there already, and the length map until it has settled."""
    entries = batch * width
    layer = 10e-6 + 10e-9 * entries + 0.1e-9 * entries * width
    return seeds * depth * layer + 0.4e-3 * np.minimum(depth, 100)
