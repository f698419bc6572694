"""Whether the texts of `at` say where an extreme value is taken: every place, and no other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import arb

from symgrad.symbolic.balls import ball, precision
from symgrad.verify.certificates.evidence import Peak, RejectedError
from symgrad.verify.certificates.jets import UndecidedError
from symgrad.verify.certificates.line import End, Line
from symgrad.verify.certificates.numbers import magnitude
from symgrad.verify.certificates.reading import MalformedError
from symgrad.verify.certificates.values import Family, Value, family, value

__all__ = ["is_end", "placed"]

NEAR = arb("1e-34")
FINE = 1024
"""Bits in which f′ is compared with 0 beside a critical point (flat ones need many)."""
_RELATION = re.compile(r"(?:(?P<lo>[^<>]+?) (?P<left><=?) )?x (?:(?P<sign><=?|>=?) (?P<hi>[^<>]+))?")


@dataclass(frozen=True)
class _Stretch:
    """The numbers between lo and hi (None: no end), ends included as `closed` says."""

    lo: Value | None
    hi: Value | None
    closed: tuple[bool, bool]


@dataclass(frozen=True)
class _Side:
    """x → ±oo (`at` None) or x → p from one side."""

    at: Value | Family | None
    side: int


_Place = Value | Family | _Side | _Stretch


def placed(line: Line, texts: Sequence[str], peaks: Sequence[Peak]) -> None:
    """Raises `RejectedError` unless every peak stands in one of the texts and every text in a peak."""
    places = [_place(text) for text in texts]
    if not places:
        raise RejectedError("at: no place is given")
    for peak in peaks:
        if not any(_matches(line, place, peak) for place in places):
            raise RejectedError(f"at: the value taken in [{peak.left.text}, {peak.right.text}] is not named")
    for text, place in zip(texts, places, strict=True):
        if not _complete(line, place, [peak for peak in peaks if _matches(line, place, peak)]):
            raise RejectedError(f"at: {text[:60]!r} is not such a place")
    if len(set(texts)) != len(texts):
        raise RejectedError("at: a place stands twice")


def _place(text: str) -> _Place:
    if text.startswith("x -> "):
        target = text.removeprefix("x -> ")
        if target in ("oo", "-oo"):
            return _Side(None, -1 if target == "oo" else 1)
        if target[-1:] not in ("+", "-"):
            raise MalformedError(f"at: {text[:60]!r} names no side")
        point = target[:-1]
        return _Side(family(point) or value(point), 1 if target[-1] == "+" else -1)
    if re.search(r"\bx\b", text):
        return _stretch(text)
    return family(text) or value(text)


def _stretch(text: str) -> _Stretch:
    match = _RELATION.fullmatch(text)
    if match is None:
        raise MalformedError(f"at: {text[:60]!r} is not a place")
    lo, left, sign, hi = match.group("lo", "left", "sign", "hi")
    upper = sign is None or sign.startswith("<")
    if lo is not None and not upper:
        raise MalformedError(f"at: {text[:60]!r} is not a place")
    ends = [lo, hi] if upper else [hi, None]
    closed = (left == "<=", sign == "<=") if upper else (sign == ">=", False)
    first, last = (None if end in (None, "oo", "-oo") else value(end) for end in ends)
    return _Stretch(first, last, closed)


def _matches(line: Line, place: _Place, peak: Peak) -> bool:
    if isinstance(place, _Side):
        if peak.kind != "side" or (peak.attained and not peak.again) or peak.side != place.side:
            return False
        return any(_same(line, at, peak.left) for at in _members(line, place.at))
    if isinstance(place, Family | Value):
        return any(_at_point(line, member, peak) for member in _members(line, place))
    after = place.lo is None or bool(peak.left.lo >= place.lo.ball.lower() - _slack(place.lo))
    before = place.hi is None or bool(peak.right.hi <= place.hi.ball.upper() + _slack(place.hi))
    if peak.kind == "side":
        on_edge = [is_end(end, peak.left) for end in (place.lo, place.hi) if end is not None]
        return after and before and peak.attained and (not any(on_edge) or any(place.closed))
    return after and before and peak.kind == "stretch"


def _at_point(line: Line, place: Value | None, peak: Peak) -> bool:
    if peak.kind == "side":
        return peak.attained and _same(line, place, peak.left)
    if peak.kind == "stretch" or place is None:
        return False
    delta = _slack(place)
    below, above = (place.ball - delta).lower(), (place.ball + delta).upper()
    return bool(peak.left.hi < below and above < peak.right.lo) and _critical(line, below, above)


def _same(line: Line, place: Value | None, end: End) -> bool:
    """Whether the place is that end; the last end of a period is the first one too."""
    if end.shifted and place is not None and line.period is not None:
        place = Value(place.ball + ball(line.period), None, place.rounding)
        return is_end(place, end)
    return is_end(place, end)


def _slack(place: Value) -> arb:
    return place.rounding + NEAR * magnitude(place.ball)


def is_end(place: Value | None, end: End) -> bool:
    """Whether the place is that end."""
    if place is None or end.infinite:
        return place is None and end.infinite
    return bool(abs(place.ball - end.lo) <= _slack(place) and abs(place.ball - end.hi) <= _slack(place))


def _critical(line: Line, below: arb, above: arb) -> bool:
    """f′ changes its sign between two points a rounding apart."""
    with precision(FINE):
        try:
            signs = [line.jet(point, 2)[2] for point in (below, above)]
        except UndecidedError:
            return False
    return bool((signs[0] < 0 and signs[1] > 0) or (signs[0] > 0 and signs[1] < 0))


def _members(line: Line, place: Value | Family | None) -> list[Value | None]:
    """A number itself; of a family one member of each class over a period, moved into the one covered."""
    if not isinstance(place, Family):
        return [place]
    if line.period is None:
        return []
    length, start = ball(line.period), line.end(line.start).lo
    share = length / abs(place.step)
    count = round(float(share.mid()))
    if not (0 < count <= 1000 and share.contains(arb(count))):
        return []
    found: list[Value | None] = []
    for j in range(count):
        at = place.start.ball + j * abs(place.step)
        turns = ((at - start) / length + NEAR).floor()
        found.append(Value(at - turns * length, None, place.start.rounding))
    return found


def _complete(line: Line, place: _Place, peaks: Sequence[Peak]) -> bool:
    """Whether the place says no more than the peaks in it."""
    if isinstance(place, Family):
        members = _members(line, place)
        return bool(members) and all(
            any(_at_point(line, member, peak) for peak in peaks) for member in members
        )
    if not isinstance(place, _Stretch):
        return bool(peaks)
    stretches = sorted((p for p in peaks if p.kind == "stretch"), key=lambda p: float(p.left.hi))
    if not stretches:
        return False
    first, last = stretches[0].left, stretches[-1].right
    whole = is_end(place.lo, first) and is_end(place.hi, last)
    gapless = all(
        p.right.text == q.left.text and (p.right.cut is None or _joined(p.right))
        for p, q in pairwise(stretches)
    )
    return whole and gapless and place.closed == (_joined(first), _joined(last))


def _joined(end: End) -> bool:
    """Whether f is continuous at an end of a stretch, which then belongs to it."""
    return end.cut is not None and end.cut.joins in ("smooth", "removable")
