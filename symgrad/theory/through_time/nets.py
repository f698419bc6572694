"""Concrete recurrent nets on which claims are measured: options of the judge's nets, as data."""

from collections.abc import Mapping
from typing import Any

__all__ = ["ATTAINED", "GATED", "UNFOLDED"]

Options = Mapping[str, Any]

UNFOLDED: tuple[Options, ...] = tuple(
    {"activation": activation, "depth": steps, "width": width, "sigma_w": sigma_w, "sigma_b": sigma_b}
    for activation, steps, width, sigma_w, sigma_b in (
        ("tanh", 1, 3, 1.0, 0.1),
        ("tanh", 8, 3, 1.2, 0.1),
        ("sigmoid", 6, 4, 3.0, 0.5),
        ("relu", 8, 4, 1.4, 0.3),
        ("gelu", 8, 3, 1.3, 0.2),
        ("sin", 6, 2, 1.8, 0.1),
    )
)
"""Plain recurrent nets small enough for differences of the forward pass in fifty and more digits."""

GATED: tuple[Options, ...] = tuple(
    {"activation": "tanh", "cell": cell, "depth": steps, "width": width, "sigma_w": sigma_w, "sigma_b": 0.3}
    for cell, steps, width, sigma_w in (
        ("lstm", 6, 2, 1.5),
        ("lstm", 12, 1, 2.0),
        ("gru", 6, 2, 1.5),
        ("gru", 12, 1, 2.0),
    )
)
"""Gated nets of one and of two units, small enough for the same."""

ATTAINED: tuple[Options, ...] = tuple(
    {"activation": "sigmoid", "depth": steps, "width": width, "norm": norm}
    for width, steps, norm in ((1, 20, 3.0), (2, 12, 1.0), (3, 12, 3.5), (5, 8, 6.0))
)
"""Sizes of nets of equal weights, and ‖W‖₂ = n w_max: τ is a quarter of it, once above 1."""
