"""The extreme among finitely many candidates, each exact or enclosed: which it is and whether attained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision, sign_of
from symgrad.symbolic.derivation import Grade
from symgrad.symbolic.ranges.extremum import Extremum, Place, Value
from symgrad.symbolic.zeros.roots import UnprovedError

__all__ = ["Candidate", "enclosed", "exactly", "extreme"]

_BITS = 256
_WIDEST = arb("1e-31")


@dataclass(frozen=True)
class Candidate:
    """A value that f takes or approaches: exact, or in balls of any precision; `attained` None if unknown."""

    place: Place
    attained: bool | None
    exact: sp.Expr | None
    ball: Callable[[int], arb]

    def negated(self) -> Candidate:
        """The same of −f."""
        exact = None if self.exact is None else -self.exact
        return Candidate(self.place, self.attained, exact, lambda bits: -self.ball(bits))


def exactly(value: sp.Expr, place: Place, attained: bool | None) -> Candidate:
    """A candidate with an exact value."""

    def within(bits: int) -> arb:
        with precision(bits):
            return ball(value)

    return Candidate(place, attained, value, within)


def enclosed(within: Callable[[int], arb], place: Place, attained: bool | None) -> Candidate:
    """A candidate known by balls alone."""
    return Candidate(place, attained, None, within)


def extreme(candidates: Sequence[Candidate], direction: int, why: str) -> Extremum:
    """The largest (direction 1) or smallest (−1) of the candidates.

    Those whose enclosures cannot be told apart are all given as places; the value is attained if all of them
    are, not if none is, and undecided (None) otherwise. `UnprovedError` when it is too wide.
    """
    mirrored = [c if direction > 0 else c.negated() for c in candidates]
    found = _largest(mirrored, why)
    return found if direction > 0 else _back(found)


def _back(found: Extremum) -> Extremum:
    return Extremum(found.value.negated(), found.attained, found.at, found.proof, found.why)


def _largest(candidates: Sequence[Candidate], why: str) -> Extremum:
    with precision(2 * _BITS):
        return _compared(candidates, why)


def _compared(candidates: Sequence[Candidate], why: str) -> Extremum:
    infinite = [c for c in candidates if c.exact is sp.oo]
    if infinite:
        return Extremum(Value(sp.oo), False, _places(infinite), "exact", why)
    finite = [c for c in candidates if c.exact is not -sp.oo]
    balls = [c.ball(_BITS) for c in finite]
    if not finite or not all(b.is_finite() for b in balls):
        raise UnprovedError("a candidate for an extreme value is not finite")
    best = balls[0].lower()
    for b in balls[1:]:
        best = best.max(b.lower())
    kept = _without_smaller([c for c, b in zip(finite, balls, strict=True) if not b.upper() < best])
    exact = kept[0].exact if all(c.exact is not None for c in kept) else None
    if exact is not None:
        chosen = [c for c in kept if c.attained] or kept
        attained = chosen[0].attained
        grade: Grade = "exact"
        value = Value(exact)
    else:
        chosen, flags, grade = kept, {c.attained for c in kept}, "certified"
        attained = flags.pop() if len(flags) == 1 else None
        value = Value.certified(lambda bits: _maximum([c.ball(bits) for c in kept]))
    width = value.ball(_BITS).rad()
    if not width <= _WIDEST * abs(value.ball(_BITS)).upper().max(arb(1)):
        raise UnprovedError("an extreme value is not enclosed to thirty digits")
    return Extremum(value, attained, _places(chosen), grade, why)


def _without_smaller(kept: list[Candidate]) -> list[Candidate]:
    """Of the exact ones only the largest, those equal to it included."""
    exact = [c.exact for c in kept if c.exact is not None]
    best = exact[0] if exact else sp.S.Zero
    for value in exact[1:]:
        if sign_of(value - best) > 0:
            best = value
    return [c for c in kept if c.exact is None or sign_of(c.exact - best) == 0]


def _maximum(balls: Sequence[arb]) -> arb:
    low, high = balls[0].lower(), balls[0].upper()
    for b in balls[1:]:
        low, high = low.max(b.lower()), high.max(b.upper())
    return low.union(high)


def _places(candidates: Sequence[Candidate]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(c.place for c in candidates))
