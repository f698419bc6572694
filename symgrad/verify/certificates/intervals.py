"""The statement of each interval, proved anew: what it says about the values of f = φ′ there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import sympy as sp
from flint import arb

from symgrad.symbolic.germs.behaviour import End as GermEnd
from symgrad.symbolic.germs.behaviour import behaviour
from symgrad.symbolic.letters import x
from symgrad.verify.certificates.evidence import Evidence, Peak, RejectedError, both, inside, require
from symgrad.verify.certificates.line import End, Line, Near
from symgrad.verify.certificates.reading import Record, Span
from symgrad.verify.certificates.tails import tail

__all__ = ["proved"]


def proved(line: Line, record: Record) -> Evidence:
    """The evidence of one interval; raises `RejectedError` where its statement is not proved."""
    left, right = (line.end(text) for text in record.x)
    if not left.hi < right.lo:
        raise RejectedError(f"interval {record.x}: the ends stand in the wrong order")
    return _KINDS[record.kind](line, record, left, right)


def _constant(line: Line, record: Record, left: End, right: End) -> Evidence:
    """f is one number: φ″ vanishes on balls up to where the germ at infinity takes over."""
    span: Span = record.fields["value"]
    start, stop = _settled(line, record, left, right), _settled(line, record, right, left)

    slope = sp.diff(line.branch(inside(left, right)), x)
    require(slope.is_number and span.has(slope), record, "φ′ is not that constant")

    def test(over: arb, near: Near) -> bool:
        return bool(line.jet(over, 2, near)[2] == 0)

    if start.hi < stop.lo:
        require(line.holds(start, stop, test), record, "φ′ is not proved to be constant")
    peaks = (Peak(span.lo, span.hi, "stretch", left, right, inside(left, right), limit=slope),)
    return Evidence(left, right, "constant", span.hi, span.lo, peaks, peaks, both(line, left, right))


def _settled(line: Line, record: Record, end: End, other: End) -> End:
    """The end itself, or for an infinite one the point beyond which the germ proves φ′ to be the constant."""
    if not end.infinite:
        return end
    found = behaviour(line.phi, x, GermEnd(sp.oo if end.lo > 0 else -sp.oo), 1)
    constant = found.side == 0 and found.limit is not None and record.fields["value"].has(found.limit)
    require(constant, record, "φ′ is not proved to be that constant to the end of the line")
    reach = arb(found.R) if end.lo > 0 else -arb(found.R)
    if not other.infinite:  # the germ speaks from beyond the other end on
        reach = arb.max(reach, other.hi + 1) if end.lo > 0 else arb.min(reach, other.lo - 1)
    return End("", reach.mid(), reach.mid())


def _bounded(line: Line, record: Record, left: End, right: End) -> Evidence:
    span: Span = record.fields["value"]
    held = line.holds(left, right, lambda over, near: line.within(span, 1, over, near))
    require(held, record, "φ′ is not proved to stay in the recorded value")
    return Evidence(left, right, "bounded", span.hi, span.lo, (), (), both(line, left, right))


def _monotone(line: Line, record: Record, left: End, right: End) -> Evidence:
    """f′ = φ″ has no zero, so f runs between its values at the ends."""
    rate: Span = record.fields["slope"]
    rising = bool(rate.lo > 0)
    require(rising or bool(rate.hi < 0), record, "the slope may be 0")
    held = line.holds(left, right, lambda over, near: line.within(rate, 2, over, near))
    require(held, record, "φ″ is not proved to stay in the recorded slope")
    limits = both(line, left, right)
    first, last = record.fields["ends"]
    for span, limit in zip((first, last), limits, strict=True):
        require(limit is not None and span.contains(limit.slope), record, "φ′ at an end is not as recorded")
    values = [limit.slope for limit in limits if limit is not None]  # tighter than recorded
    at_left, at_right = (
        Peak(value.lower(), value.upper(), "side", end, end, inside(left, right), side)
        for value, end, side in zip(values, (left, right), (1, -1), strict=True)
    )
    top, low = (at_right, at_left) if rising else (at_left, at_right)
    return Evidence(left, right, "monotone", top.hi, low.lo, (top,), (low,), limits)


def _taylor(line: Line, record: Record, left: End, right: End) -> Evidence:
    """f(x) = f(c) + Σ f⁽ʲ⁾(c)(x − c)ʲ/j! + f⁽ᵏ⁾(ξ)(x − c)ᵏ/k!, the middle terms bounded by `small`."""
    fields = record.fields
    order, leading, span, small = fields["order"], fields["leading"], fields["value"], fields["small"]
    require(len(small) == order - 1, record, "there is not one small bound for each order below the last")
    up = bool(leading.lo > 0)
    require(up or bool(leading.hi < 0), record, "the leading derivative may be 0")
    centre = line.end(fields["centre"])
    side = 1 if centre.text == left.text else -1 if centre.text == right.text else 0
    inside = left.hi < centre.lo and centre.hi < right.lo
    require(bool(side or inside), record, "the centre is not in the interval")
    terms = line.jet(centre.lo.union(centre.hi), order, ((centre, side),) if side else ())
    require(span.contains(terms[1]), record, "φ′ at the centre is not as recorded")
    for j, bound in enumerate(small, 1):
        size = abs(terms[j + 1]).upper() * math.factorial(j + 1)
        require(bool(size <= bound.lower()), record, f"derivative {j} at the centre is above its bound")

    held = line.holds(left, right, lambda over, near: line.within(leading, order + 1, over, near))
    require(held, record, "the leading derivative is not as recorded")
    reach = arb.max(right.hi - centre.lo, centre.hi - left.lo)
    excess = sum((s * reach**j / math.factorial(j) for j, s in enumerate(small, 1)), arb(0)).upper()
    swing = (arb.max(abs(leading.lo), abs(leading.hi)) * reach**order / math.factorial(order)).upper()
    turn = (1 if up else -1) * (side**order if side else 1)  # the sign of the last term, where it has one
    definite = bool(side) or order % 2 == 0
    above = (span.hi + excess + (arb(0) if definite and turn < 0 else swing)).upper()
    below = (span.lo - excess - (arb(0) if definite and turn > 0 else swing)).lower()
    peak = (_vertex(centre, side, span, excess, left, right),)
    maxima, minima = (peak, ()) if definite and turn < 0 else ((), peak) if definite else ((), ())
    return Evidence(left, right, "taylor", above, below, maxima, minima, both(line, left, right))


def _vertex(centre: End, side: int, span: Span, excess: arb, left: End, right: End) -> Peak:
    lo, hi = (span.lo - excess).lower(), (span.hi + excess).upper()
    if side:
        return Peak(lo, hi, "side", centre, centre, inside(left, right), side)
    return Peak(lo, hi, "point", left, right, inside(left, right), centre=centre)


def _outside(line: Line, record: Record, left: End, right: End) -> Evidence:
    """φ leaves the reals: the argument of a root or a logarithm is negative on the whole interval."""
    require(line.undefined(left, right), record, "φ is not proved to be undefined there")
    nothing = (arb.neg_inf(), arb.pos_inf())
    return Evidence(left, right, "outside", *nothing, (), (), (None, None))


_KINDS: Mapping[str, Callable[[Line, Record, End, End], Evidence]] = {
    "tail": tail,
    "constant": _constant,
    "bounded": _bounded,
    "monotone": _monotone,
    "taylor": _taylor,
    "outside": _outside,
}
