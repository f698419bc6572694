"""φ and φ′ sampled for drawing, from the same kernels that the nets are run with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symgrad.theory.activations import Activation, kernel, slope_range

__all__ = ["Curve", "activation_curve"]


@dataclass(frozen=True)
class Curve:
    """x (P,), φ(x), φ′(x) with NaN at a kink; kinks inside the reach."""

    x: np.ndarray
    phi: np.ndarray
    dphi: np.ndarray
    kinks: tuple[float, ...]


def activation_curve(entry: Activation, reach: float, points: int) -> Curve:
    """`points` samples on [−reach, reach], with one on each side of every kink and a gap (NaN) at it."""
    functions = kernel(entry)
    kinks = tuple(float(kink.point.xreplace(dict(entry.parameters))) for kink in slope_range(entry).kinks)
    inside = tuple(kink for kink in kinks if abs(kink) < reach)
    beside = [
        side for kink in inside for side in (np.nextafter(kink, -np.inf), kink, np.nextafter(kink, np.inf))
    ]
    x = np.unique(np.concatenate([np.linspace(-reach, reach, points), beside]))
    slope = functions.slope(x)
    slope[np.isin(x, inside)] = np.nan
    return Curve(x, functions.value(x), slope, inside)
