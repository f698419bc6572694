"""Trainings that belong together, as data: what a preset trains, each in a folder of its own name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from symgrad.errors import InputError
from symgrad.runs.training.config import Config
from symgrad.theory.remedies.remedies import REMEDIES

__all__ = ["PRESETS", "Several"]

PLAIN = Config()
"""Ten sigmoid layers on the digits: what every remedy is put beside."""
SHALLOW = (2, 5)
"""Hidden layers of the nets beside it."""
WHOLE, PATIENT = 2000, 150
"""Samples of a step and epochs for Rprop, which is made for the whole training set as one batch: of small
batches signs are noise."""


@dataclass(frozen=True)
class Several:
    """Trainings by name; ``text`` says what they are to show."""

    title: str
    text: str
    runs: Mapping[str, Config]

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: config.document() for name, config in self.runs.items()}


def _headline(seed: int) -> Several:
    plain = replace(PLAIN, seed=seed)
    shallow = {f"plain-{depth}": replace(plain, depth=depth) for depth in SHALLOW}
    remedied = {name: replace(plain, remedies=(name,)) for name in REMEDIES}
    steps = {
        "momentum": replace(plain, optimizer="momentum", learning_rate=None),
        "adam": replace(plain, optimizer="adam", learning_rate=None),
        "rprop": replace(plain, optimizer="rprop", learning_rate=None, batch=WHOLE, epochs=PATIENT),
    }
    return Several(
        "Ten sigmoid layers, and every remedy",
        "Sigmoid nets of 2, 5 and 10 hidden layers on the digits, then the ten layers with each remedy.",
        {**shallow, f"plain-{plain.depth}": plain, **remedied, **steps},
    )


_PRESETS: dict[str, Callable[[int], Several]] = {"headline": _headline}
PRESETS = tuple(_PRESETS)
"""The names of presets."""


def preset(name: str, seed: int = 0) -> Several:
    """The trainings of a preset. Raises `InputError` for another name."""
    if name not in _PRESETS:
        raise InputError(f"preset = {name[:40]!r}: legal are {', '.join(PRESETS)}")
    return _PRESETS[name](seed)
