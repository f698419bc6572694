"""The statement of a tail, proved anew: a neighbourhood of ±oo or of a singular point, by germs of φ."""

from __future__ import annotations

from typing import Literal

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.germs import Behaviour, behaviour
from symgrad.symbolic.germs import End as GermEnd
from symgrad.symbolic.letters import x
from symgrad.verify.certificates.evidence import Evidence, Limits, Peak, beside, inside, require
from symgrad.verify.certificates.line import End, Line, exact_zero
from symgrad.verify.certificates.reading import Record, Span
from symgrad.verify.certificates.values import Value, value

__all__ = ["tail"]


def tail(line: Line, record: Record, left: End, right: End) -> Evidence:
    """The neighbourhood of an end, by the germs of φ and φ′ there."""
    fields = record.fields
    end, side, R = _germ_end(line, record, left, right)
    found = behaviour(line.phi, x, end, R)
    require(bool(found.R <= R), record, "the expansion does not reach that far")
    span: Span = fields["value"]
    require(_within(line, end, R, span, found), record, "φ′ is not proved to stay in the recorded value")
    recorded = None if fields["limit"] is None else _limit(fields["limit"])
    same = (recorded is None and found.limit is None) or (
        recorded is not None and found.limit is not None and _equal(recorded, found.limit)
    )
    require(same, record, "the limit of φ′ is not the recorded one")
    require(fields["side"] == found.side, record, "φ′ does not approach its limit from the recorded side")
    at = left if side > 0 else right
    limits = Limits(
        _number(found.phi.limit, found.phi.ball),
        _number(found.slope.limit, found.slope.ball),
        (found.phi.limit, found.slope.limit),
    )
    both = (limits, beside(line, right, -1)) if side > 0 else (beside(line, left, 1), limits)
    above, below = span.hi, span.lo
    peaks: tuple[Peak, ...] = ()
    if found.limit is not None:
        kind: Literal["side", "stretch"] = "stretch" if found.side == 0 else "side"
        lo, hi = limits.slope.lower(), limits.slope.upper()
        ends = (left, right) if kind == "stretch" else (at, at)
        towards = 0 if kind == "stretch" else side
        peaks = (Peak(lo, hi, kind, *ends, inside(left, right), towards, found.limit),)
        if found.side is not None:  # for an infinite limit the sign of φ′ itself
            lo, hi = (arb(0), arb(0)) if found.limit.is_infinite else (lo, hi)
            above = arb.min(above, hi) if found.side <= 0 else above
            below = arb.max(below, lo) if found.side >= 0 else below
    return Evidence(left, right, "tail", above, below, peaks, peaks, both)


def _within(line: Line, end: GermEnd, R: fmpq, span: Span, found: Behaviour) -> bool:
    """The range of the germ, or its side of a limit; where φ′ → ±oo, the sign of φ′ − level."""
    infinite = found.limit in (sp.oo, -sp.oo)
    below, above = span.lo, span.hi
    held = {1: not below.is_finite(), -1: not above.is_finite()}
    for sign, level in ((1, below), (-1, above)):
        if held[sign]:
            continue
        if infinite:
            apart = behaviour(line.phi - _sympy(level) * x, x, end, R)
            held[sign] = bool(apart.R <= R) and apart.limit == sign * sp.oo and apart.side == sign
        else:
            bound = found.range.lower() >= level if sign > 0 else found.range.upper() <= level
            limit = found.slope.ball
            if found.side in (0, sign) and limit is not None:
                bound = bound or (limit.lower() >= level if sign > 0 else limit.upper() <= level)
            held[sign] = bool(bound)
    return all(held.values())


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


def _equal(recorded: sp.Expr | Value, found: sp.Expr) -> bool:
    if not isinstance(recorded, Value):
        return bool(recorded == found)
    return recorded.exact is not None and not found.is_infinite and exact_zero(recorded.exact - found)


def _number(exact: sp.Expr | None, enclosure: arb | None) -> arb:
    if exact in (sp.oo, -sp.oo):
        return arb.pos_inf() if exact is sp.oo else arb.neg_inf()
    return arb.nan() if enclosure is None else enclosure
