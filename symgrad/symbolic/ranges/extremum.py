"""An extreme value, where it is taken, and how well that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import Enclosure, ball, decimals, enclose, precision, sign_of
from symgrad.symbolic.derivation import Grade
from symgrad.symbolic.zeros.roots import NamedRoot

__all__ = ["Extremum", "Place", "Value", "agree", "compare", "decimal"]

Values = Mapping[sp.Symbol, sp.Expr]
_BITS = 256
"""Precision of a certified number where it is printed."""


@dataclass(frozen=True)
class Value:
    """A real number or ±oo: an expression in parameters and named roots, with what they stand for.

    A number without a closed form is its decimal, with `within`: balls of any precision that contain it.
    """

    expr: sp.Expr
    values: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    named: tuple[NamedRoot, ...] = ()
    within: Callable[[int], arb] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def certified(cls, within: Callable[[int], arb]) -> Value:
        """The number in the balls `within`."""
        with precision(2 * _BITS):
            return cls(decimal(within(_BITS)), within=within)

    @property
    def number(self) -> sp.Expr:
        """The expression with every parameter at its value (named roots stay)."""
        return self.expr.xreplace(dict(self.values))

    def ball(self, bits: int) -> arb:
        """A ball that contains the number."""
        if self.within is not None:
            with precision(2 * bits):
                return self.within(bits)
        with precision(bits):
            return ball(self.number, {root.symbol: root.ball(bits) for root in self.named})

    def enclosure(self) -> Enclosure:
        """Decimals that enclose the number."""
        if self.within is not None:
            return decimals(self.ball(_BITS))
        at: dict[sp.Basic, Callable[[int], arb]] = {root.symbol: root.ball for root in self.named}
        return enclose(self.number, at)

    def text(self, symbolic: bool = False) -> str:
        """Plain text with the equation of every named root; `symbolic` keeps the letters of parameters."""
        body = str(self.expr if symbolic else self.number)
        return ", where ".join([body, *(str(root) for root in self.named)])

    def negated(self) -> Value:
        """Its negative."""
        within = self.within
        mirrored = None if within is None else lambda bits: -within(bits)
        return Value(-self.expr, self.values, self.named, mirrored)


def decimal(number: arb) -> sp.Float:
    """The middle of a ball to thirty digits."""
    return sp.Float(number.mid().str(40, radius=False), 30)


def compare(p: Value, q: Value) -> int:
    """The proved sign of p − q. Raises `NotImplementedError` when it is not decided."""
    same = all(a == b for a in p.named for b in q.named if a.symbol == b.symbol)
    balls_only = p.within is not None or q.within is not None  # then equal decimals prove nothing
    if p is q or (same and not balls_only and p.number == q.number):
        return 0
    closed = not (p.named or q.named or balls_only)
    if p.number.is_infinite or q.number.is_infinite or closed:
        return sign_of(p.number - q.number)
    for bits in (64, 128, 256, 512):
        difference = p.ball(bits) - q.ball(bits)
        if difference > 0 or difference < 0:
            return 1 if difference > 0 else -1
    if same and not balls_only and sp.cancel(p.number - q.number) == 0:
        return 0
    raise NotImplementedError(f"the order of {p.number} and {q.number} is not decided")


def agree(p: Value, q: Value, bits: int = _BITS) -> bool:
    """Whether two proved values may be one number: equal infinities, or balls that overlap."""
    if p.number.is_infinite or q.number.is_infinite:
        return bool(p.number == q.number)
    with precision(2 * bits):
        return bool(p.ball(bits).overlaps(q.ball(bits)))


@dataclass(frozen=True)
class Place:
    """Where a value is taken: a point, a side of a point, an end of the line, an interval, or a family point
    + k·period.

    `again`: taken, or come close to, again and again on the way to an end of the line. `side` is −1 or 1 when
    the point is only approached from that side; `until` is the right end of an
    interval, whose ends belong to it as `closed` says.
    """

    point: sp.Expr
    side: int = 0
    until: sp.Expr | None = None
    closed: tuple[bool, bool] = (False, False)
    period: sp.Expr | None = None
    named: NamedRoot | None = None
    again: bool = False

    def __str__(self) -> str:
        if self.until is not None:
            return self._interval()
        if self.period is not None:
            family = str(self.point + self.period * sp.Symbol("k", integer=True))
            return f"x -> ({family}){'-' if self.side < 0 else '+'}" if self.side else family
        if self.point in (sp.oo, -sp.oo):
            return f"x -> {self.point}"
        if self.side:
            return f"x -> {self.point}{'-' if self.side < 0 else '+'}"
        return f"{self.point}, where {self.named}" if self.named else str(self.point)

    def valued(self, values: Values) -> Place:
        """The same with the parameters at their values."""
        ends = {name: getattr(self, name) for name in ("point", "until", "period")}
        return replace(self, **{name: end and end.xreplace(dict(values)) for name, end in ends.items()})

    def _interval(self) -> str:
        left, right = ("<=" if closed else "<" for closed in self.closed)
        if self.until is sp.oo and self.point is not sp.S.NegativeInfinity:
            return f"x >{left[1:]} {self.point}"
        if self.point is sp.S.NegativeInfinity and self.until is not sp.oo:
            return f"x {right} {self.until}"
        return f"{self.point} {left} x {right} {self.until}"


@dataclass(frozen=True)
class Extremum:
    """A largest or smallest value over the line, with its proof grade.

    attained: at each of `at`; otherwise it is only approached there. For `proof == "estimated"` the value is
    a decimal without proof.
    """

    value: Value
    attained: bool | None
    at: tuple[Place, ...]
    proof: Grade
    why: str
