"""An activation as the engine sees it: two array functions, and how φ continues where numbers end."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""A float32 or float64 array."""


@dataclass(frozen=True)
class Kernel:
    """φ and φ′ as in-place array functions, with the slopes of φ at 0 and at infinity.

    phi(a, out)      writes φ(a) into ``out``;
    dphi(a, h, out)  writes φ′(a) into ``out``, given ``h`` = φ(a) as well (tanh′ = 1 − h² never looks at a).

    All arrays of a call have one shape and one dtype, float32 or float64; ``out`` aliases none of the others,
    and ``a`` and ``h`` are left as they were. What becomes of a row (the last axis) does not depend on those
    beside it. Compiled ones also run on arrays of other libraries, as new arrays of the namespace ``xp``:
    phi.on(xp, a), dphi.on(xp, a, h).

    at_zero      (φ′(0−), φ′(0+)) when φ(0) = 0 and both are finite, else None;
    at_infinity  (lim φ(x)/x for x → −∞, for x → +∞) when both are finite, else None; (0, 0) for a bounded φ;
    kinks        the points where φ or φ′ jumps, in any order.

    The slopes are compared with ``phi`` before they are used (`scaled.tails`). Next to 0, ``phi`` has
    to be right to rounding of φ itself: expm1(a), not exp(a) − 1. Raises ValueError when a slope or a
    kink is not finite.
    """

    phi: Callable[[Any, Any], None]
    dphi: Callable[[Any, Any, Any], None]
    at_zero: tuple[float, float] | None
    at_infinity: tuple[float, float] | None
    kinks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("at_zero", "at_infinity"):
            slopes = getattr(self, name)
            if slopes is not None and (len(slopes) != 2 or not all(map(math.isfinite, slopes))):
                raise ValueError(f"{name} = {slopes}: give two finite slopes (left, right), or None")
        if not all(map(math.isfinite, self.kinks)):
            raise ValueError(f"kinks = {self.kinks}: every kink is a finite number")

    def value(self, a: Array) -> Array:
        """φ(a) as a new array."""
        out = np.empty_like(a)
        self.phi(a, out)
        return out

    def slope(self, a: Array) -> Array:
        """φ′(a) as a new array."""
        out = np.empty_like(a)
        self.dphi(a, self.value(a), out)
        return out
