"""What defines a stack of drawn nets, of whatever architecture."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

DTYPES = ("float64", "float32")
DEPTH = 100_000
MEMORY = 4 * 2**30


@dataclass(frozen=True)
class Drawn:
    """``seeds`` independent nets of one kind; what the numbers mean says the architecture.

    Validated on construction: raises ValueError, one line with the offender and the legal range.
    """

    depth: int = 30
    width: int = 64
    batch: int = 16
    seeds: int = 16
    sigma_w: float = 1.0
    sigma_b: float = 0.0
    weights: str = "gaussian"
    seed: int = 0
    dtype: str = "float64"

    laws: ClassVar[tuple[str, ...]] = ("gaussian", "orthogonal")
    """The laws of weights that are legal."""

    def __post_init__(self) -> None:
        _validate(self)
        within_memory(self, self.memory)

    @property
    def real(self) -> np.dtype[Any]:
        """The dtype as NumPy's."""
        return np.dtype(self.dtype)

    @property
    def memory(self) -> int:
        """Estimated bytes at the peak of a measurement."""
        raise NotImplementedError


def _validate(spec: Drawn) -> None:
    """Brings the fields to their types."""

    def whole(name: str, low: int, high: int | None = None) -> None:
        value = getattr(spec, name)
        span = f"from {low} to {high}" if high else f"from {low} on"
        try:
            number = operator.index(value)
        except TypeError:
            number = low - 1
        if isinstance(value, bool) or number < low or (high is not None and number > high):
            raise ValueError(f"{name} = {value!r}: legal are whole numbers {span}")
        object.__setattr__(spec, name, number)

    whole("depth", 1, DEPTH)
    for name in ("width", "batch", "seeds"):
        whole(name, 1)
    whole("seed", 0)
    for name in ("sigma_w", "sigma_b"):
        value = getattr(spec, name)
        try:
            scale = float(value)
        except (TypeError, ValueError):
            scale = math.nan
        if not (math.isfinite(scale) and scale >= 0):
            raise ValueError(f"{name} = {value!r}: legal are finite numbers from 0 on")
        object.__setattr__(spec, name, scale)
    for name, legal in (("weights", spec.laws), ("dtype", DTYPES)):
        if getattr(spec, name) not in legal:
            raise ValueError(f"{name} = {getattr(spec, name)!r}: legal are {', '.join(legal)}")


def within_memory(spec: Drawn, needed: int) -> None:
    """Raises ValueError, one line, where the net needs more bytes than are allowed."""
    if needed >= MEMORY:
        size = " × ".join(f"{name} {getattr(spec, name)}" for name in ("depth", "width", "batch", "seeds"))
        need = f"{needed // 2**20 / 2**10:.3g}" if needed < 2**80 else "far too many"
        raise ValueError(f"{size} needs {need} GiB of memory: legal is less than {MEMORY // 2**30} GiB")
