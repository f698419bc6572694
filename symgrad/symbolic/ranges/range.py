"""What is known of the range of a slope: extremes, image, kinks, domain, and the argument as steps."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symgrad.symbolic.calculus.pieces import Piece
from symgrad.symbolic.derivation import Step
from symgrad.symbolic.ranges.extremum import Extremum

__all__ = ["LINE", "Kink", "Range"]

LINE = "(-oo, oo)"


@dataclass(frozen=True)
class Kink:
    """A point where the one-sided derivatives differ, and both of them."""

    point: sp.Expr
    left: sp.Expr
    right: sp.Expr


@dataclass(frozen=True)
class Range:
    """inf and sup of f over the points where it exists, the Lipschitz constant sup|f|, the image, kinks and
    the argument.

    `domain`: the points where φ is defined, as text, None if not known. `lipschitz` is None where the domain
    is smaller than the line and φ′ is bounded on it. `joins`: how φ meets itself at each cut that is not
    smooth, (point, word).
    """

    inf: Extremum
    sup: Extremum
    lipschitz: Extremum | None
    image: sp.Set
    kinks: tuple[Kink, ...]
    pieces: tuple[Piece, ...]
    steps: tuple[Step, ...]
    domain: str | None = LINE
    joins: tuple[tuple[sp.Expr, str], ...] = ()
