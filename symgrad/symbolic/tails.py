"""Ends of the domain: one statement for a whole neighbourhood of ±oo or of a singular point.

A germ gives φ′ for all X ≥ R at once. R is raised until neither extreme can lie out there: φ′ is between two
values that it takes elsewhere, or stays on one side of its limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import precision
from symgrad.symbolic.cover import Known
from symgrad.symbolic.elements import PROOF_BITS, Bounds
from symgrad.symbolic.germs import Behaviour, End, behaviour
from symgrad.symbolic.roots import UnprovedError

__all__ = ["Tail", "scout", "tail"]

_FARTHEST = 1 << 22


@dataclass(frozen=True)
class Tail:
    """φ′ on |x| ≥ R, or on 0 < |x − p| ≤ 1/R to one side of p, lies in `value` (ends may be infinite).

    `limit` is that of φ′, `side` the proved sign of φ′ − limit there, `phi_limit` the limit of φ.
    """

    end: End
    R: int
    value: Bounds
    limit: sp.Expr | None
    side: int | None
    phi_limit: sp.Expr | None


def _learn(known: Known, found: Behaviour) -> None:
    """A limit is a value that φ′ approaches."""
    if found.limit is sp.oo:
        known.sup = arb.pos_inf()
    elif found.limit is -sp.oo:
        known.inf = arb.neg_inf()
    elif found.slope.ball is not None:
        known.learn(found.slope.ball)


def scout(phi: sp.Expr, x: sp.Symbol, end: End, known: Known) -> None:
    """Learns the limit of φ′ at the end."""
    _learn(known, behaviour(phi, x, end))


def tail(phi: sp.Expr, x: sp.Symbol, end: End, known: Known, first: int) -> Tail:
    """The neighbourhood with the least R ≥ `first` (doubled twice at a time) that hides no extreme.

    Raises `UnprovedError` when there is none, `NotImplementedError` where φ has no germ at the end.
    """
    R = first
    while R <= _FARTHEST:
        found = behaviour(phi, x, end, R)
        _learn(known, found)
        R = max(R, int(found.R.ceil()))
        bounds = _bounds(phi, x, found, known)
        if _hides(bounds, found, known):
            return Tail(end, R, bounds, found.limit, found.side, found.phi_limit)
        R *= 4
    raise UnprovedError(f"φ′ may take its extreme values arbitrarily close to {end}")


def _bounds(phi: sp.Expr, x: sp.Symbol, found: Behaviour, known: Known) -> Bounds:
    """The range of φ′, cut off at a limit that it stays on one side of."""
    with precision(PROOF_BITS):
        return _cut_off(phi, x, found, known)


def _cut_off(phi: sp.Expr, x: sp.Symbol, found: Behaviour, known: Known) -> Bounds:
    if found.limit in (sp.oo, -sp.oo):
        return _half_line(phi, x, found, known)
    low, high = found.range.lower(), found.range.upper()
    ball = found.slope.ball
    if found.side is not None and ball is not None:
        if found.side >= 0:
            low = ball.lower().max(low) if low.is_finite() else ball.lower()
        if found.side <= 0:
            high = ball.upper().min(high) if high.is_finite() else ball.upper()
    return low, high


def _half_line(phi: sp.Expr, x: sp.Symbol, found: Behaviour, known: Known) -> Bounds:
    """φ′ → ±oo: beyond a level that φ′ takes elsewhere, shown by the sign of φ′ − level there."""
    up = found.limit is sp.oo
    level = known.inf if up else known.sup
    if not level.is_finite():
        return arb.neg_inf(), arb.pos_inf()
    beyond = math.ceil(float(level)) + 1 if up else math.floor(float(level)) - 1
    apart = behaviour(phi - beyond * x, x, found.end, int(found.R.ceil()))
    if apart.R > found.R or apart.side != (1 if up else -1):
        return arb.neg_inf(), arb.pos_inf()
    return (arb(beyond), arb.pos_inf()) if up else (arb.neg_inf(), arb(beyond))


def _hides(bounds: Bounds, found: Behaviour, known: Known) -> bool:
    above = bounds[1] < known.sup or (found.side is not None and found.side <= 0) or found.limit is sp.oo
    below = bounds[0] > known.inf or (found.side is not None and found.side >= 0) or found.limit is -sp.oo
    return bool(above and below)
