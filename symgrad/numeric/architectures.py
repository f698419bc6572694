"""The architectures that can be drawn, by name: which options each knows, and its nets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from symgrad.numeric.drawn import Drawn
from symgrad.numeric.feedforward.net import Net
from symgrad.numeric.recurrent.net import CELLS, RecurrentNet

__all__ = ["ARCHITECTURES", "OPTIONS", "drawn", "options_of"]

ARCHITECTURES = ("mlp", *CELLS)
"""Layers with weights of their own, and the cells of recurrent nets, whose steps share theirs."""
OPTIONS: Mapping[str, Any] = {
    field.name: field.default for field in fields(RecurrentNet) if field.name != "cell"
}
"""Every option that some architecture knows, and its default."""


def options_of(architecture: str) -> list[str]:
    """The options that it knows; only an LSTM has a forget gate to speak of."""
    if architecture == "mlp":
        return [field.name for field in fields(Net)]
    return [name for name in OPTIONS if architecture == "lstm" or not name.startswith("forget")]


def drawn(architecture: str, options: Mapping[str, Any]) -> Drawn:
    """The nets of these options. Raises ValueError, one line with the offender and the legal range, also for
    an option that the architecture does not know.
    """
    known = options_of(architecture)
    unknown = set(options) - set(known)
    if unknown:
        raise ValueError(
            f"option {min(unknown)!r} is not known to {architecture} (legal: {', '.join(known)})"
        )
    return Net(**options) if architecture == "mlp" else RecurrentNet(cell=architecture, **options)
