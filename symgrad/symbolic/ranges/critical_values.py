"""The value at a critical point of a cover: exact where the point has a proved closed form, else in balls."""

from __future__ import annotations

import math
from fractions import Fraction

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import precision, sign_of
from symgrad.symbolic.ranges.candidates import Candidate
from symgrad.symbolic.ranges.cover import slope
from symgrad.symbolic.ranges.elements import PROOF_BITS, Critical, at_mark
from symgrad.symbolic.ranges.extremum import Place, decimal
from symgrad.symbolic.ranges.jets import Jet, jet
from symgrad.symbolic.zeros.closed_forms import proposals

__all__ = ["critical_candidate"]

_LONG = 40


def critical_candidate(
    phi: sp.Expr, x: sp.Symbol, found: Critical, period: sp.Expr | None = None
) -> Candidate:
    """f = φ′ at the critical point of the element, where it is taken."""
    rising = bool(found.leading[0] > 0)
    compiled = jet(phi, x)

    def within(bits: int) -> arb:
        """f(c) with Taylor's allowance on the flat side."""
        value, excess = (found.value, found.excess) if bits <= PROOF_BITS else _finer(compiled, found, bits)
        with precision(2 * bits):
            return value.union(value - excess if rising else value + excess)

    exact = _exact_point(phi, x, found)
    if exact is None:
        with precision(PROOF_BITS):
            point: sp.Expr = decimal(at_mark(found.centre, PROOF_BITS))
        return Candidate(Place(point, period=period), True, None, within)
    value = sp.diff(phi, x).subs(x, exact)
    closed = value.is_finite and sp.count_ops(value) <= _LONG
    if period is not None:
        exact = sp.simplify(exact - period * sp.floor(exact / period))
    return Candidate(Place(exact, period=period), True, value if closed else None, within)


def _finer(compiled: Jet, found: Critical, bits: int) -> tuple[arb, arb]:
    """f and Taylor's allowance at a centre improved to the precision asked for."""
    with precision(2 * bits):
        centre = at_mark(found.centre, 2 * bits)
        for _ in range(math.ceil(math.log2(bits / 128)) if found.cut is None else 0):
            terms = slope(compiled, centre, found.order)
            centre = (centre - terms[-2] / (found.order * terms[-1])).mid()
        terms = slope(compiled, centre, found.order)
        reach = abs(at_mark(found.hi, bits) - at_mark(found.lo, bits)).upper()
        reach += abs(at_mark(found.centre, bits) - centre).upper()
        excess = sum((abs(terms[j]) * reach**j for j in range(1, found.order)), arb(0)).upper()
        return terms[0], excess


def _exact_point(phi: sp.Expr, x: sp.Symbol, found: Critical) -> sp.Expr | None:
    """p with f^(j)(p) = 0 for 0 < j < k: then f(p) is the interval's extreme value, at p alone."""
    exact = found.cut.exact if found.cut is not None else None
    for point in proposals(found.centre) if isinstance(found.centre, Fraction) else (exact,):
        if point is None:
            return None
        try:
            if all(sign_of(sp.diff(phi, x, j + 1).subs(x, point)) == 0 for j in range(1, found.order)):
                return point
        except (NotImplementedError, ValueError, TypeError):
            continue
    return None
