"""The statement of a tail, proved anew: a neighbourhood of ±oo or of a singular point, by germs of φ."""

from __future__ import annotations

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.germs.behaviour import Approach, Behaviour, behaviour
from symgrad.symbolic.germs.behaviour import End as GermEnd
from symgrad.symbolic.germs.oscillation import oscillation
from symgrad.symbolic.letters import x
from symgrad.verify.certificates.evidence import Evidence, Limits, Peak, beside, inside, require
from symgrad.verify.certificates.line import BRANCHING, End, Line
from symgrad.verify.certificates.numbers import exact_zero
from symgrad.verify.certificates.reading import Record, Span
from symgrad.verify.certificates.values import Value, value

__all__ = ["tail"]


def tail(line: Line, record: Record, left: End, right: End) -> Evidence:
    """The neighbourhood of an end, by the germs of φ and φ′ there."""
    fields = record.fields
    end, side, R = _germ_end(line, record, left, right)
    phi = line.phi
    found = behaviour(phi, x, end, R)
    if found.R > R or found.limit is None:  # one branch is expanded more easily, where it is proved to hold
        phi = line.branch(inside(left, right)) if line.settled(end, R) else phi
        found = behaviour(phi, x, end, R)
    require(bool(found.R <= R), record, "the expansion does not reach that far")
    recorded = None if fields["limit"] is None else _limit(fields["limit"])
    require(_equal(recorded, found.limit), record, "the limit of φ′ is not the recorded one")
    require(fields["side"] == found.side, record, "φ′ does not approach its limit from the recorded side")
    top = bottom = found.slope
    if found.limit is None and not phi.has(*BRANCHING):
        swing = oscillation(sp.diff(phi, x), x, end, R)
        top = top if swing is None or swing.above is None else swing.above
        bottom = bottom if swing is None or swing.below is None else swing.below
    span: Span = fields["value"]
    within = _within(phi, end, R, span, (found, bottom, top))
    require(within, record, "φ′ is not proved to stay in the recorded value")
    at = left if side > 0 else right
    limits = Limits(
        _number(found.phi.limit, found.phi.ball),
        _number(found.slope.limit, found.slope.ball),
        (found.phi.limit, found.slope.limit),
    )
    both = (limits, beside(line, right, -1)) if side > 0 else (beside(line, left, 1), limits)
    above, below = _cut_off(span, bottom, top)
    maxima, minima = (
        _peaks(approach, approach is not found.slope, at, side, (left, right)) for approach in (top, bottom)
    )
    return Evidence(left, right, "tail", above, below, maxima, minima, both)


def _cut_off(span: Span, bottom: Approach, top: Approach) -> tuple[arb, arb]:
    """Upper and lower bound: a limit that φ′ stays on one side of (0, where it has an infinite limit)."""
    above, below = span.hi, span.lo
    if top.limit is not None and top.side is not None and top.side <= 0:
        above = arb.min(above, arb(0) if top.limit.is_infinite else _number(top.limit, top.ball).upper())
    if bottom.limit is not None and bottom.side is not None and bottom.side >= 0:
        below = arb.max(
            below, arb(0) if bottom.limit.is_infinite else _number(bottom.limit, bottom.ball).lower()
        )
    return above, below


def _peaks(approach: Approach, swinging: bool, at: End, side: int, ends: tuple[End, End]) -> tuple[Peak, ...]:
    """The limit as a value that φ′ comes close to. Where it is constant φ′ is that number on the whole tail;
    where φ′ swings up to a constant, it takes that again and again.
    """
    if approach.limit is None:
        return ()
    near = _number(approach.limit, approach.ball)
    value, middle = (near.lower(), near.upper()), inside(*ends)
    if approach.side == 0 and not swinging:
        return (Peak(*value, "stretch", *ends, middle, limit=approach.limit),)
    again = swinging and approach.side == 0
    return (Peak(*value, "side", at, at, middle, side, approach.limit, again=again),)


def _within(
    phi: sp.Expr, end: GermEnd, R: fmpq, span: Span, known: tuple[Behaviour, Approach, Approach]
) -> bool:
    """The range of a germ, or its side of a limit; where φ′ → ±oo, the sign of φ′ − level."""
    found, bottom, top = known
    for sign, level, approach in ((1, span.lo, bottom), (-1, span.hi, top)):
        if not level.is_finite():
            continue
        if found.limit in (sp.oo, -sp.oo):
            apart = behaviour(phi - _sympy(level) * x, x, end, R)
            held = bool(apart.R <= R) and apart.limit == sign * sp.oo and apart.side == sign
        else:
            ranges = [found.range, approach.range]
            if approach.side in (0, sign) and approach.ball is not None:
                ranges.append(approach.ball)
            held = any(r.lower() >= level if sign > 0 else r.upper() <= level for r in ranges)
        if not held:
            return False
    return True


def _sympy(value: arb) -> sp.Rational:
    exact = _rational(value)
    return sp.Rational(int(exact.p), int(exact.q))


def _germ_end(line: Line, record: Record, left: End, right: End) -> tuple[GermEnd, int, fmpq]:
    """The end that a tail speaks of, on which side of it the tail lies, and the least X = 1/t on it."""
    named = record.fields["end"]
    require(left.infinite != right.infinite or not isinstance(named, str), record, "its x and end differ")
    if isinstance(named, str):
        at, other, side = (left, right, 1) if named == "-oo" else (right, left, -1)
        require(at.text == named, record, "its x and end differ")
        reach = other.hi if side > 0 else other.lo
        R = _rational(abs(reach).lower())
        require(bool((reach < 0) if side > 0 else (reach > 0)), record, "the tail reaches past 0")
        _substitution(record, arb(1) / abs(reach), "t = 1/x")
        return GermEnd(sp.oo if side < 0 else -sp.oo), side, R
    index, side = named
    at, other = (left, right) if side > 0 else (right, left)
    require(
        at.cut is not None and at.cut.index == index and not other.infinite, record, "its x and end differ"
    )
    assert at.cut is not None
    distance = abs(other.hi - at.lo if side > 0 else at.hi - other.lo).upper()
    _substitution(record, distance, None)
    point = at.exact if at.exact is not None else line.root(at.cut)
    return GermEnd(point, side), side, 1 / _rational(distance)


def _substitution(record: Record, reach: arb, text: str | None) -> None:
    """t runs from 0 to the farthest point of the tail."""
    t: Span = record.fields["t"]
    require(
        bool(t.lo == 0) and bool(abs(t.hi - reach) <= reach * arb("1e-12")),
        record,
        "t does not cover the tail",
    )
    written = record.fields["substitution"]
    require(
        written.startswith("t = 1/") and (text is None or text in written), record, "unknown substitution"
    )


def _rational(value: arb) -> fmpq:
    mantissa, exponent = value.mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _limit(text: str) -> sp.Expr | Value:
    return {"oo": sp.oo, "-oo": -sp.oo}.get(text) or value(text)


def _equal(recorded: sp.Expr | Value | None, found: sp.Expr | None) -> bool:
    if recorded is None or found is None:
        return recorded is found
    if not isinstance(recorded, Value):
        return bool(recorded == found)
    return recorded.exact is not None and not found.is_infinite and exact_zero(recorded.exact - found)


def _number(exact: sp.Expr | None, enclosure: arb | None) -> arb:
    if exact in (sp.oo, -sp.oo):
        return arb.pos_inf() if exact is sp.oo else arb.neg_inf()
    return arb.nan() if enclosure is None else enclosure
