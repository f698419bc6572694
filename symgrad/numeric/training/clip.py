"""Clipping: what is done to a gradient that is too large, before the optimiser sees it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from symgrad.numeric.kernel import Array

Clip: TypeAlias = Callable[[Array, float], None]
"""clip(gradient, norm): changes the gradient in place; ``norm`` is its ‖g‖₂, which the loop has anyway."""


def _check(limit: float) -> None:
    if not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"limit = {limit!r}: legal are finite numbers above 0")


@dataclass(frozen=True)
class ByNorm:
    """g ← g · min(1, limit/‖g‖₂): the direction is kept. Raises ValueError unless limit is finite and > 0.

    Source: Pascanu, Mikolov and Bengio 2013 (arXiv:1211.5063), algorithm 1.
    """

    limit: float

    def __post_init__(self) -> None:
        _check(self.limit)

    def __call__(self, gradient: Array, norm: float) -> None:
        """Shortens the gradient in place."""
        if norm > self.limit:
            gradient *= self.limit / norm


@dataclass(frozen=True)
class ByValue:
    """Every entry to [−limit, limit]: the direction is not kept.

    Raises ValueError unless limit is finite and > 0.
    """

    limit: float

    def __post_init__(self) -> None:
        _check(self.limit)

    def __call__(self, gradient: Array, norm: float) -> None:
        """Cuts every entry in place."""
        np.clip(gradient, -self.limit, self.limit, out=gradient)


CLIPS: dict[str, Callable[[float], Clip]] = {"norm": ByNorm, "value": ByValue}
"""Name → entry, made with a limit."""
