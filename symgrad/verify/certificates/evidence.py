"""What an interval proves about the values of f = φ′."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import sympy as sp
from flint import arb

from symgrad.symbolic.letters import x
from symgrad.verify.certificates.line import End, Line
from symgrad.verify.certificates.numbers import exact_zero
from symgrad.verify.certificates.reading import Record

__all__ = ["Evidence", "Limits", "Peak", "RejectedError", "beside", "both", "inside", "require"]


class RejectedError(ValueError):
    """The certificate does not prove what it says; one line why."""


@dataclass(frozen=True)
class Peak:
    """A value in [lo, hi] that f attains or approaches, and where: at a point of [left, right], towards the
    end `left` = `right` from one side (1: from the right), or on the whole stretch. `inside` is a point of
    the interval; `sign` −1 says that the value is that of −f, `again` that an oscillation takes the value
    again and again.
    """

    lo: arb
    hi: arb
    kind: Literal["point", "side", "stretch"]
    left: End
    right: End
    inside: arb
    side: int = 0
    limit: sp.Expr | None = None
    centre: End | None = None
    sign: int = 1
    again: bool = False

    def negated(self) -> Peak:
        """The same of −f."""
        return replace(self, lo=-self.hi, hi=-self.lo, sign=-self.sign)

    def exact(self, line: Line) -> sp.Expr | None:
        """The value in closed form, where it is a limit, a constant, or taken at an exact point."""
        if self.limit is not None:
            return self.sign * self.limit
        end = self.left if self.kind == "side" else self.centre
        if end is None or end.exact is None:
            return None
        branch = line.branch(self.inside)
        if self.kind == "point" and not exact_zero(sp.diff(branch, x, 2).xreplace({x: end.exact})):
            return None
        return self.sign * sp.diff(branch, x).xreplace({x: end.exact})

    @property
    def attained(self) -> bool:
        """Whether f takes the value; at a cut it does where f is continuous there."""
        if self.kind != "side" or self.again:
            return True
        joined = self.left.cut is None or self.left.cut.joins in ("smooth", "removable")
        return joined and not self.left.infinite and not self.infinite

    @property
    def infinite(self) -> bool:
        """Whether the value is oo."""
        return not self.lo.is_finite()


@dataclass(frozen=True)
class Limits:
    """φ and f as an end is approached from inside the interval; where a germ was needed, both exactly too."""

    phi: arb
    slope: arb
    germ: tuple[sp.Expr | None, sp.Expr | None] | None = None


@dataclass(frozen=True)
class Evidence:
    """What an interval proves: f ≤ `above` and f ≥ `below` on the open interval, and the values known to be
    taken or approached; `limits` at its left and right end.
    """

    left: End
    right: End
    kind: str
    above: arb
    below: arb
    maxima: tuple[Peak, ...]
    minima: tuple[Peak, ...]
    limits: tuple[Limits | None, Limits | None]

    @property
    def inside(self) -> arb:
        """A point of the open interval."""
        return inside(self.left, self.right)


def inside(left: End, right: End) -> arb:
    """A point of the open interval."""
    if left.infinite and right.infinite:
        return arb(0)
    if left.infinite or right.infinite:
        return (right.lo - 1 if left.infinite else left.hi + 1).mid()
    return ((left.hi + right.lo) / 2).mid()


def require(holds: bool, record: Record, what: str) -> None:
    """Raises `RejectedError` naming the interval unless `holds`."""
    if not holds:
        raise RejectedError(f"{record.kind} interval {list(record.x)}: {what}")


def beside(line: Line, end: End, side: int) -> Limits | None:
    """φ and f at a finite end, from inside."""
    if end.infinite:
        return None
    phi, slope = line.beside(end, side, 1)
    return Limits(phi, slope)


def both(line: Line, left: End, right: End) -> tuple[Limits | None, Limits | None]:
    """The same at the left and at the right end of an interval."""
    return beside(line, left, 1), beside(line, right, -1)
