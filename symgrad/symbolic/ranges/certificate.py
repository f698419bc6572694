"""A certificate of the range of φ′: φ, the claim, and the intervals that prove it, as JSON.

Every number is a decimal or rational text. The ends of intervals are numbers, "oo", "cut 3" (place in the
list of cuts), or one of these " + period". What is evaluated on an interval is recorded with some room where
room costs nothing, so that another program with slightly wider balls proves the same statement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.decimals import above, below, beyond, exactly, rounded, text_of
from symgrad.symbolic.language.write import write
from symgrad.symbolic.ranges.certified import Extremes, domain_text, extremes
from symgrad.symbolic.ranges.certify import Covered, Stretch, certify
from symgrad.symbolic.ranges.elements import (
    PROOF_BITS,
    Bounded,
    Bounds,
    Constant,
    Cut,
    Element,
    Mark,
    Monotone,
    at_mark,
)
from symgrad.symbolic.ranges.extremum import Extremum, Values
from symgrad.symbolic.ranges.range import Range
from symgrad.symbolic.ranges.tails import Tail
from symgrad.symbolic.zeros.roots import UnprovedError

__all__ = ["certificate", "certificate_of"]

Document = dict[str, Any]
FORMAT = "symgrad certificate 1"
_TIGHT = 50
"""Digits of a value at a critical point or at an end."""
_LOOSE = 6
"""Digits of a bound that is not tight."""
_PLACE = 70
"""Digits of a cut."""
_PAD = arb(0, "1e-45")


def certificate(
    phi: sp.Expr, x: sp.Symbol, values: Values | None = None, found: Range | None = None
) -> Document:
    """The certificate of the range of φ′ with the parameters at their values. Where `found` gives an extreme
    value in closed form, that is claimed; the intervals prove it to thirty digits.

    Raises `UnprovedError` or another `NotImplementedError` where the domain is not covered.
    """
    values = dict(values or {})
    covered = certify(phi.xreplace(values), x)
    claim = extremes(covered)
    if found is not None and found.inf.proof == found.sup.proof == "exact" and claim.lipschitz is not None:
        inf, sup, lipschitz = (
            replace(extremum, at=tuple(place.valued(values) for place in extremum.at))
            for extremum in (found.inf, found.sup, found.lipschitz or claim.lipschitz)
        )
        claim = replace(claim, inf=inf, sup=sup, lipschitz=lipschitz)
    return certificate_of(covered, claim)


def certificate_of(found: Covered, claim: Extremes) -> Document:
    """The certificate as a JSON document. Raises `UnprovedError` where φ′ repeats on half of the line, which
    the format cannot say.
    """
    if any(stretch.repeats for stretch in found.stretches):
        raise UnprovedError("φ′ repeats on half of the line: a certificate cannot say that")
    period = found.layout.cuts.period
    return {
        "format": FORMAT,
        "phi": write(found.phi),
        "precision": PROOF_BITS,
        "claim": {
            "inf": claim_document(claim.inf),
            "sup": claim_document(claim.sup),
            "lipschitz": None if claim.lipschitz is None else claim_document(claim.lipschitz),
        },
        "domain": domain_text(found.layout.cuts),
        "period": None if period is None else write(period),
        "cuts": [_cut(cut) for cut in found.layout.cuts.points],
        "intervals": list(_intervals(found, claim)),
    }


def claim_document(extremum: Extremum) -> Document:
    """E of the command line, what a certificate keeps of it."""
    enclosure = extremum.value.enclosure()
    exact = extremum.proof == "exact"
    return {
        "exact": extremum.value.text() if exact else None,
        "decimal": enclosure.decimal,
        "lower": enclosure.lower,
        "upper": enclosure.upper,
        "attained": extremum.attained,
        "at": [str(place) for place in extremum.at],
        "proof": extremum.proof,
    }


def _cut(cut: Any) -> Document:
    at = cut.ball(PROOF_BITS)
    exact = None if not isinstance(cut.point, sp.Expr) else write(cut.point)
    if exact is not None and cut.point.is_Rational and _is_dyadic(cut.point):
        enclosure = [exact, exact]
    else:
        enclosure = [below(at, _PLACE), above(at, _PLACE)]
    return {"at": exact, "enclosure": enclosure, "switch": write(cut.switch), "joins": cut.joins}


def _intervals(found: Covered, claim: Extremes) -> Iterator[Document]:
    texts = _Ends(found)
    last: str | None = "-oo" if found.layout.cuts.period is None else None
    for stretch in found.stretches:
        start = texts.of(stretch.segment.lo)
        if last is not None and start != last:
            yield {"kind": "outside", "x": [last, start]}
        yield from _stretch(stretch, texts, claim)
        last = texts.of(stretch.segment.hi)
    if found.layout.cuts.period is None and last != "oo":
        yield {"kind": "outside", "x": [last, "oo"]}


class _Ends:
    """How the ends of intervals are written."""

    def __init__(self, found: Covered) -> None:
        self.start = found.stretches[0].segment.lo
        self.stop = found.stretches[-1].segment.hi
        self.period = found.layout.cuts.period

    def of(self, mark: Mark) -> str:
        if isinstance(mark, Fraction):
            return text_of(mark)
        if mark.index is not None:
            return f"cut {mark.index}"
        if mark.infinite:
            return str(mark.point)
        if self.period is not None and mark == self.stop:
            return f"{self.of(self.start)} + period"
        return write(mark.exact)


def _stretch(stretch: Stretch, texts: _Ends, claim: Extremes) -> Iterator[Document]:
    segment = stretch.segment
    if stretch.left is not None:
        inner = stretch.elements[0].lo
        yield _tail(stretch.left, segment.lo, [texts.of(segment.lo), texts.of(inner)], inner, claim)
    for element in stretch.elements:
        yield _element(element, texts, claim)
    if stretch.right is not None:
        inner = stretch.elements[-1].hi
        yield _tail(stretch.right, segment.hi, [texts.of(inner), texts.of(segment.hi)], inner, claim)


def _tail(tail: Tail, at: Cut, x: list[str], inner: Mark, claim: Extremes) -> Document:
    assert isinstance(inner, Fraction)
    if at.infinite:
        reach = text_of(1 / abs(inner)) if inner else "oo"
        substitution = "t = 1/x" if at.point is sp.oo else "t = 1/x, its size"
    else:
        with precision(PROOF_BITS):
            reach = above(abs(at.ball(PROOF_BITS) - at_mark(inner)), 20)
        point = f"cut {at.index}" if at.exact is None else write(at.exact)
        substitution = f"t = 1/X with x = {point} {'+' if tail.end.side > 0 else '-'} 1/X"
    return {
        "kind": "tail",
        "end": str(at.point) if at.infinite else [at.index, tail.end.side],
        "substitution": substitution,
        "t": ["0", reach],
        "x": x,
        "value": _tail_value(tail, claim),
        "limit": None if tail.limit is None else write(tail.limit),
        "side": tail.side,
    }


def _tail_value(tail: Tail, claim: Extremes) -> list[str]:
    """With room towards the extreme values, but for a limit that φ′ does not pass."""
    low, high = tail.value
    wide = _roomy(tail.value, claim)
    if not low.is_finite():
        wide[0] = "-oo"
    elif tail.side in (0, 1):
        wide[0] = below(low, _TIGHT)
    if not high.is_finite():
        wide[1] = "oo"
    elif tail.side in (0, -1):
        wide[1] = above(high, _TIGHT)
    return wide


def _element(element: Element, texts: _Ends, claim: Extremes) -> Document:
    x = [texts.of(element.lo), texts.of(element.hi)]
    if isinstance(element, Constant):
        return {"kind": "constant", "x": x, "value": _constant(element.value)}
    if isinstance(element, Bounded):
        return {"kind": "bounded", "x": x, "value": _roomy(element.value, claim)}
    if isinstance(element, Monotone):
        ends = [_padded(end) for end in element.ends]
        return {"kind": "monotone", "x": x, "slope": _wide(element.slope, Fraction(2)), "ends": ends}
    return {
        "kind": "taylor",
        "x": x,
        "centre": texts.of(element.centre),
        "order": element.order,
        "small": [above(2 * size + _PAD.upper(), _LOOSE) for size in element.small],
        "leading": _wide(element.leading, Fraction(1001, 1000)),
        "value": _padded(element.value),
    }


def _constant(value: sp.Expr) -> list[str]:
    if value.is_Rational and _is_dyadic(value):
        return [text_of(Fraction(int(value.p), int(value.q)))] * 2
    with precision(PROOF_BITS):
        return _padded(ball(value))


def _is_dyadic(number: sp.Rational) -> bool:
    """Whether it is a number of ball arithmetic."""
    return int(number.q) & (int(number.q) - 1) == 0


def _padded(value: arb) -> list[str]:
    """A little wider than the ball: the other program's ball at a cut is that of the cut's decimals."""
    with precision(PROOF_BITS):
        value = value + _PAD * abs(value).upper().max(arb(1))
        return [below(value, _TIGHT), above(value, _TIGHT)]


def _wide(bounds: Bounds, factor: Fraction) -> list[str]:
    """Bounds that exclude 0, moved apart by the factor."""
    low, high = exactly(bounds[0]), exactly(bounds[1])
    low, high = (low / factor, high * factor) if low > 0 else (low * factor, high / factor)
    return [rounded(low, _LOOSE, math.floor), rounded(high, _LOOSE, math.ceil)]


def _roomy(bounds: Bounds, claim: Extremes) -> list[str]:
    """Short decimals between the bounds and the extreme values."""
    inf, sup = claim.inf.value, claim.sup.value
    low, high = (exactly(bound) if bound.is_finite() else Fraction(0) for bound in bounds)
    least = low - abs(low) - 1 if inf.number.is_infinite else exactly(inf.ball(PROOF_BITS).upper())
    most = high + abs(high) + 1 if sup.number.is_infinite else exactly(sup.ball(PROOF_BITS).lower())
    return [text_of(-beyond(-low, -least)), text_of(beyond(high, most))]
