"""Concrete nets on which claims are measured: options of `simulate`, as data."""

from collections.abc import Mapping
from typing import Any

__all__ = ["SMALL", "WIDE"]

Options = Mapping[str, Any]

SMALL: tuple[Options, ...] = tuple(
    {
        "activation": activation,
        "depth": depth,
        "width": width,
        "batch": 1,
        "sigma_w": sigma_w,
        "sigma_b": sigma_b,
    }
    for activation, depth, width, sigma_w, sigma_b in (
        ("sigmoid", 6, 4, 2.0, 0.5),
        ("tanh", 10, 4, 1.0, 0.1),
        ("tanh", 30, 3, 0.8, 0.0),
        ("relu", 8, 6, 1.5, 0.3),
        ("gelu", 8, 5, 1.4, 0.2),
        ("silu", 6, 4, 1.6, 0.2),
        ("sin", 6, 4, 2.0, 0.1),
    )
)
"""Nets small enough for differences of the forward pass in fifty and more digits."""

WIDE: tuple[Options, ...] = tuple(
    {
        "activation": activation,
        "depth": depth,
        "width": 128,
        "batch": 4,
        "seeds": 8,
        "sigma_w": sigma_w,
        "sigma_b": sigma_b,
    }
    for activation, depth, sigma_w, sigma_b in (
        ("tanh", 30, 1.0, 0.0),
        ("sigmoid", 30, 1.0, 0.0),
        ("tanh", 30, 2.0, 0.3),
        ("relu", 30, 2**0.5, 0.0),
        ("gelu", 20, 1.4, 0.4),
        ("erf", 20, 0.9, 0.1),
    )
)
"""Nets wide enough for the law of large widths to show."""
