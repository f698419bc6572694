"""The worst-case product with weights of norm 1: γⁿ against n, as logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from symgrad.theory.activations import activation
from symgrad.theory.activations import gamma as gamma_of

__all__ = ["decay"]


def decay(names: Sequence[str], depth: int) -> list[dict[str, Any]]:
    """For each activation n = 0 … depth and log10 γⁿ = n log10 γ."""
    series = []
    for name in names:
        gamma = gamma_of(activation(name))
        step = math.log10(float(gamma.enclosure().decimal))
        series.append(
            {"name": name, "n": list(range(depth + 1)), "log10": [n * step for n in range(depth + 1)]}
        )
    return series
