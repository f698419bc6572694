"""How φ and φ′ behave towards an end: limit, sign of the approach, and an enclosure on a whole neighbourhood.

x = ±X at ±oo and p ± 1/X at a point p, so every end is X → ∞ and one statement about a germ for all X ≥ R
covers a neighbourhood: |x| ≥ R, or 0 < |x − p| ≤ 1/R.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import precision
from symgrad.symbolic.germs.algebra import Frame, Germ, OrderError
from symgrad.symbolic.germs.jets import End, Expansion
from symgrad.symbolic.germs.monomials import RadiusError, UndecidedError

__all__ = ["Approach", "Behaviour", "End", "behaviour", "settle"]

T = TypeVar("T")

BITS = 128
_FIRST, _LAST = 4, 1 << 80


@dataclass(frozen=True)
class Approach:
    """A function towards an end: its limit (exact, and as a ball where it is finite; both None where there is
    none or none is proved), a ball that contains all its values on the neighbourhood,
    and the proved sign of function − limit there (of the function itself where the limit is infinite).
    """

    limit: sp.Expr | None
    ball: arb | None
    range: arb
    side: int | None


@dataclass(frozen=True)
class Behaviour:
    """φ and φ′ on the neighbourhood X ≥ R of an end."""

    end: End
    R: fmpq
    slope: Approach
    phi: Approach

    @property
    def limit(self) -> sp.Expr | None:
        """lim φ′."""
        return self.slope.limit

    @property
    def range(self) -> arb:
        """An enclosure of φ′."""
        return self.slope.range

    @property
    def side(self) -> int | None:
        """The sign of φ′ − lim φ′."""
        return self.slope.side

    @property
    def phi_limit(self) -> sp.Expr | None:
        """lim φ."""
        return self.phi.limit


def behaviour(phi: sp.Expr, x: sp.Symbol, end: End, R: int | fmpq = _FIRST) -> Behaviour:
    """φ and φ′ towards `end`, on a neighbourhood X ≥ R' with the least R' ≥ R that the proof finds.

    Raises `NotImplementedError` where no expansion is found; `DomainError`, one of its kind, where φ is not
    real near the end.
    """

    def read(expand: Expansion) -> Behaviour:
        value, slope = expand(phi)
        found = Behaviour(
            end, expand.frame.radius, _approach(slope, expand.lenient), _approach(value, lenient=True)
        )
        if not expand.lenient and None in (found.limit, found.side, found.phi_limit):
            raise OrderError("not all is known yet")
        return found

    return settle(x, end, read, R)


def settle(
    x: sp.Symbol, end: End, read: Callable[[Expansion], T], R: int | fmpq = _FIRST, derivatives: int = 1
) -> T:
    """What `read` makes of an expansion, with more terms or farther out while it is undecided, at last with
    unsettled switches taken for all that they may be.
    """
    with precision(BITS):
        for orders, lenient in (((3, 6, 12), False), ((3, 6), True)):
            for order in orders:
                radius = fmpq(R)
                while radius <= _LAST:
                    try:
                        return read(Expansion(x, end, Frame(radius, order), derivatives, lenient))
                    except RadiusError:
                        radius *= 2 if radius < 64 else 8 if radius < 1 << 20 else 256
                    except UndecidedError:
                        break
                else:
                    break  # more terms do not help where the first ones fall too slowly
    raise UndecidedError(f"the behaviour as {end} is not decided")


def _approach(f: Germ, lenient: bool) -> Approach:
    _, c, rest = f.split()
    values = f.range()
    if values.is_nan():
        raise RadiusError("the coefficients say nothing on so wide a neighbourhood")
    try:
        limit = f.limit()
    except OrderError:  # an oscillation, or a limit without an exact form
        return Approach(None, None, values, None)
    if limit.is_infinite:
        return Approach(limit, None, values, _side(f, lenient))
    return Approach(limit, c.ball, values, _side(rest, lenient))


def _side(f: Germ, lenient: bool) -> int | None:
    try:
        return f.sign()
    except RadiusError:
        if not lenient:
            raise
    except OrderError:
        pass
    return None
