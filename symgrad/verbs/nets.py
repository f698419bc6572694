"""Questions about a net of n layers: measured, and its worst case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of

__all__ = ["decay", "simulate"]

MAX_POWERS = 1000


def simulate(
    activation: str = "tanh", settings: Settings | None = None, architecture: str = "mlp", **options: Any
) -> Document:
    """A concrete net, measured layer by layer or step by step, beside its own worst-case bound and the length
    map's slope.
    """
    from symgrad.documents import simulation_document
    from symgrad.numeric.architectures import ARCHITECTURES
    from symgrad.theory import simulation
    from symgrad.theory.through_time import simulation as through_time

    if architecture not in ARCHITECTURES:
        raise InputError(f"architecture {architecture!r}: legal are {', '.join(ARCHITECTURES)}")
    entry = entry_of(activation, settings)
    if architecture == "mlp":
        return simulation_document(simulation.simulate(entry, options))
    return simulation_document(through_time.simulate(architecture, entry, options))


def decay(names: Sequence[str] = ("sigmoid", "tanh"), depth: int = 30) -> Document:
    """The worst-case product with weights of norm 1: log10 γⁿ for n = 0 … depth."""
    from symgrad.theory.decay import decay as powers

    if not 1 <= depth <= MAX_POWERS:
        raise InputError(f"depth {depth}: legal is 1 to {MAX_POWERS}")
    return {"series": powers(names, depth)}
