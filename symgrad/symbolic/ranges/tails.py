"""Ends of the domain: one statement for a whole neighbourhood of ±oo or of a singular point.

A germ gives φ′ for all X ≥ R at once. R is raised until neither extreme can lie out there: φ′ is between two
values that it takes elsewhere, or stays on one side of its limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import precision
from symgrad.symbolic.germs.behaviour import Approach, Behaviour, End, behaviour
from symgrad.symbolic.germs.monomials import UndecidedError
from symgrad.symbolic.germs.oscillation import Oscillation, oscillation
from symgrad.symbolic.ranges.cover import Known
from symgrad.symbolic.ranges.elements import PROOF_BITS, Bounds
from symgrad.symbolic.zeros.roots import UnprovedError

__all__ = ["Tail", "scout", "tail"]

_FIRST, _NEAR = 4, 16
_FARTHEST = 1 << 22


@dataclass(frozen=True)
class Tail:
    """φ′ on |x| ≥ R, or on 0 < |x − p| ≤ 1/R to one side of p, lies in `value` (ends may be infinite).

    `limit` is that of φ′, `side` the proved sign of φ′ − limit there. Where φ′ has no limit it may oscillate
    between `swing`, what it comes close to above and below.
    """

    end: End
    R: int
    value: Bounds
    limit: sp.Expr | None
    side: int | None
    swing: Oscillation | None = None


@dataclass(frozen=True)
class _Reach:
    """What bounds φ′ from above and from below on a neighbourhood, with limits that it comes close to."""

    found: Behaviour
    above: Approach | None
    below: Approach | None
    swing: Oscillation | None


def _without_swing(reach: _Reach) -> _Reach:
    return replace(reach, above=None, below=None, swing=None)


def _reach(phi: sp.Expr, x: sp.Symbol, end: End, R: int) -> _Reach:
    found = behaviour(phi, x, end, R)
    if found.limit is not None:
        return _Reach(found, found.slope, found.slope, None)
    swing = oscillation(sp.diff(phi, x), x, end, found.R)
    if swing is None:
        return _Reach(found, None, None, None)
    return _Reach(found, swing.above, swing.below, swing)


def scout(phi: sp.Expr, x: sp.Symbol, end: End, known: Known) -> None:
    """Learns what φ′ comes close to towards the end."""
    _learn(known, _reach(phi, x, end, _FIRST))


def _learn(known: Known, reach: _Reach) -> None:
    for approach in (reach.above, reach.below):
        if approach is None:
            continue
        if approach.limit is sp.oo:
            known.sup = arb.pos_inf()
        elif approach.limit is -sp.oo:
            known.inf = arb.neg_inf()
        elif approach.limit is not None and approach.ball is not None:
            known.learn(approach.ball)


def tail(phi: sp.Expr, x: sp.Symbol, end: End, known: Known, first: int) -> Tail:
    """The neighbourhood with the least R ≥ `first` that hides no extreme.

    Raises `UnprovedError` when there is none, `NotImplementedError` where φ has no germ at the end.
    """
    R = first
    while R <= _FARTHEST:
        try:
            reach = _reach(phi, x, end, R)
        except UndecidedError:  # too near for its series
            if R >= _NEAR:
                raise
            R *= 2
            continue
        _learn(known, reach)
        R = max(R, int(reach.found.R.ceil()))
        plain = reach if reach.swing is None or reach.swing.unbounded else _without_swing(reach)
        with precision(PROOF_BITS):
            for what in (plain, reach):  # the swing only where the germ alone will not do
                bounds = _bounds(phi, x, what, known)
                if _hides(bounds, what, known):
                    found = what.found
                    return Tail(end, R, bounds, found.limit, found.side, what.swing)
        R *= 2 if R < _NEAR else 4
    raise UnprovedError(f"φ′ may take its extreme values arbitrarily close to {end}")


def _bounds(phi: sp.Expr, x: sp.Symbol, reach: _Reach, known: Known) -> Bounds:
    """The range of φ′, cut off at a limit that it stays on one side of."""
    found = reach.found
    if found.limit in (sp.oo, -sp.oo):
        return _half_line(phi, x, found, known)
    low, high = found.range.lower(), found.range.upper()
    if reach.above is not None and reach.above.limit is not sp.oo:
        top = reach.above.range.upper()
        high = high.min(top) if high.is_finite() else top
        if reach.above.side in (0, -1) and reach.above.ball is not None:
            high = high.min(reach.above.ball.upper()) if high.is_finite() else reach.above.ball.upper()
    if reach.below is not None and reach.below.limit is not -sp.oo:
        bottom = reach.below.range.lower()
        low = low.max(bottom) if low.is_finite() else bottom
        if reach.below.side in (0, 1) and reach.below.ball is not None:
            low = low.max(reach.below.ball.lower()) if low.is_finite() else reach.below.ball.lower()
    return low, high


def _half_line(phi: sp.Expr, x: sp.Symbol, found: Behaviour, known: Known) -> Bounds:
    """φ′ → ±oo: beyond a level that φ′ takes elsewhere, shown by the sign of φ′ − level there."""
    up = found.limit is sp.oo
    level = known.inf if up else known.sup
    if not level.is_finite():
        return arb.neg_inf(), arb.pos_inf()
    beyond = math.ceil(float(level)) + 1 if up else math.floor(float(level)) - 1
    apart = behaviour(phi - beyond * x, x, found.end, found.R)
    if apart.R > found.R or apart.side != (1 if up else -1):
        return arb.neg_inf(), arb.pos_inf()
    return (arb(beyond), arb.pos_inf()) if up else (arb.neg_inf(), arb(beyond))


def _hides(bounds: Bounds, reach: _Reach, known: Known) -> bool:
    above = _stays(reach.above, 1) or bounds[1] < known.sup or known.sup == arb.pos_inf()
    below = _stays(reach.below, -1) or bounds[0] > known.inf or known.inf == arb.neg_inf()
    return bool(above and below)


def _stays(approach: Approach | None, direction: int) -> bool:
    """Whether nothing lies beyond the limit in that direction."""
    if approach is None or approach.limit is None:
        return False
    if approach.limit.is_infinite:  # its side is then the sign of φ′ itself
        return bool(approach.limit == direction * sp.oo)
    return approach.side in (0, -direction)
