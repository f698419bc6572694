"""The set of values a piecewise function takes, from the extreme candidates of each piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

import sympy as sp

from symgrad.symbolic.ranges.extremum import Value, compare

__all__ = ["Span", "union"]


@dataclass(frozen=True)
class Span:
    """The interval of values from lo to hi; an end belongs to it when it is attained."""

    lo: Value
    hi: Value
    lo_attained: bool
    hi_attained: bool

    def as_set(self) -> sp.Set:
        """The same as a SymPy set; a parameter stays a letter where its value is not rational."""
        lo, hi = (end.number if end.number.is_Rational else end.expr for end in (self.lo, self.hi))
        if compare(self.lo, self.hi) == 0:
            return sp.FiniteSet(lo)
        return sp.Interval(lo, hi, not self.lo_attained, not self.hi_attained)


def union(spans: Sequence[Span]) -> sp.Set:
    """The union of the spans as one set, those that touch or overlap joined."""
    joined: list[Span] = []
    by_left_end: Callable[[Span], Any] = cmp_to_key(_from_left)
    for span in sorted(spans, key=by_left_end):
        if joined and _touches(joined[-1], span):
            joined.append(_join(joined.pop(), span))
        else:
            joined.append(span)
    return sp.Union(*(span.as_set() for span in joined))


def _from_left(p: Span, q: Span) -> int:
    return compare(p.lo, q.lo) or q.lo_attained - p.lo_attained


def _touches(left: Span, right: Span) -> bool:
    order = compare(left.hi, right.lo)
    return order > 0 or (order == 0 and (left.hi_attained or right.lo_attained))


def _join(left: Span, right: Span) -> Span:
    lo_attained = left.lo_attained or (right.lo_attained and compare(left.lo, right.lo) == 0)
    order = compare(left.hi, right.hi)
    hi, attained = (left.hi, left.hi_attained) if order > 0 else (right.hi, right.hi_attained)
    if order == 0:
        attained = left.hi_attained or right.hi_attained
    return Span(left.lo, hi, lo_attained, attained)
