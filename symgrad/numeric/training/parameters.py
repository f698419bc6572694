"""All parameters of a model in one contiguous vector, its tensors by name as views of it.

A step of an optimiser is then one or two vector operations, the norm of a gradient one dot product, and a
checkpoint one array.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from symgrad.numeric.kernel import Array

Shape: TypeAlias = tuple[int, ...]
Views: TypeAlias = Mapping[str, Array]
"""Name of a tensor → the part of a vector that it is, in its shape."""


@dataclass(frozen=True)
class Layout:
    """Which tensor lies where: (name, shape) in the order of the vector, without gaps.

    Raises ValueError when a name stands twice.
    """

    shapes: tuple[tuple[str, Shape], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.shapes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{twice[0]} stands twice among the parameters")

    @property
    def size(self) -> int:
        """Entries of the vector."""
        return sum(math.prod(shape) for _, shape in self.shapes)

    def views(self, vector: Array) -> dict[str, Array]:
        """The tensors of a vector, sharing its memory.

        Raises ValueError unless it is (size,) and contiguous.
        """
        if vector.shape != (self.size,) or not vector.flags.c_contiguous:
            raise ValueError(
                f"the vector of parameters has shape {vector.shape}: expected ({self.size},), contiguous"
            )
        found, start = {}, 0
        for name, shape in self.shapes:
            end = start + math.prod(shape)
            found[name] = vector[start:end].reshape(shape)
            start = end
        return found


def prefixed(prefix: object, shapes: Mapping[str, Shape]) -> Iterable[tuple[str, Shape]]:
    """The shapes under the names ``prefix.name``."""
    return ((f"{prefix}.{name}", shape) for name, shape in shapes.items())


def under(prefix: object, views: Views) -> dict[str, Array]:
    """The views whose names begin with ``prefix.``, without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): view for name, view in views.items() if name.startswith(start)}


_PIECE = 8192
"""Entries that BLAS is given at a time: OpenBLAS cuts longer dot products up among its threads, which makes
the last bits depend on their number and costs milliseconds on a busy machine."""


def squares(vector: Array) -> float:
    """Σ v², summed piece by piece of 8,192 entries, the pieces in float64."""
    whole = len(vector) // _PIECE * _PIECE
    pieces, rest = vector[:whole].reshape(-1, _PIECE), vector[whole:]
    return float(np.vecdot(pieces, pieces).sum(dtype=np.float64)) + float(np.dot(rest, rest))


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def norm(vector: Array) -> float:
    """‖v‖₂ of a vector; finite whenever its entries are and float64 holds it, ∞ or NaN where an entry is.

    A sum of squares that leaves the range of the dtype is taken again over v / max |v|.
    """
    square = squares(vector)
    if _smallest(vector.dtype) <= square < math.inf:
        return math.sqrt(square)
    peak = float(np.max(np.abs(vector), initial=0.0))
    if peak == 0 or not math.isfinite(peak):
        return peak
    return peak * math.sqrt(squares(vector / vector.dtype.type(peak)))


def relative_change(new: Array, old: Array) -> float:
    """‖new − old‖/‖old‖, Frobenius': 0 where nothing changed, ∞ from 0 to anything else."""
    change, size = norm((new - old).reshape(-1)), norm(old.reshape(-1))
    return change / size if size else math.inf if change else 0.0


def _smallest(dtype: np.dtype[Any]) -> float:
    """A sum of squares below this may have lost terms to underflow."""
    finfo = np.finfo(dtype)
    return float(finfo.tiny / finfo.eps)
