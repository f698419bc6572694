"""One random expression judged: does the enclosure of φ′ contain every slope that can be sampled?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import flint
import sympy as sp
from flint import arb, fmpq

from symgrad.errors import InputError
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges.derivative_range import derivative_range
from symgrad.symbolic.ranges.extremum import Extremum, Place
from symgrad.theory.activations import activation, slope_range
from tests.slopes import BITS, Slope, abscissas, steepest

__all__ = ["Judged", "judged", "summary"]

WIDTH = arb("1e-30")
TOLERANCE = arb("1e-45")
"""Relative error allowed to a difference quotient; its own is below 1e-80 where φ‴ is not huge."""
UNBOUNDED = 1e4
"""A sampled slope above it is taken for that of an unbounded one, where nothing is proved."""


@dataclass(frozen=True)
class Judged:
    """`outcome`: refused (no function of x), outside (a slope lies outside its enclosure), wide (an enclosure
    is not tight), missed (φ′ at a place of `at` is not the value), exact, certified or estimated.
    """

    text: str
    outcome: str
    bounded: bool = False
    seconds: float = 0.0
    why: str = ""


def judged(text: str, points: int, patience: float | None = None) -> Judged:
    """The verdict from `points` even abscissas, and those far out, near cuts and near the extremes.

    `patience`: seconds for closed forms, where it is not the usual time.
    """
    start = time.perf_counter()
    try:
        entry = activation(text)
    except InputError as error:
        return Judged(text, "refused", why=str(error))
    if patience is None:
        found = slope_range(entry)
    else:
        found = derivative_range(entry.expression, x, entry.parameters, patience=patience)
    seconds = time.perf_counter() - start
    before, flint.ctx.prec = flint.ctx.prec, BITS
    try:
        slope = Slope(entry.phi)
        seen = steepest(slope, abscissas(slope.cuts(), points))
        proofs = {found.inf.proof, found.sup.proof}
        if "estimated" in proofs:
            largest = max((abs(float(value)) for _, value in seen), default=0.0)
            return Judged(text, "estimated", largest < UNBOUNDED, seconds, found.sup.why)
        ends = [_ends(extremum) for extremum in (found.inf, found.sup)]
        bounded = all(end.is_finite() for pair in ends for end in pair)
        fault = _outside(seen, ends) or _wide(ends) or _missed(slope, (found.inf, found.sup))
    finally:
        flint.ctx.prec = before
    if fault:
        outcome, why = fault
        return Judged(text, outcome, bounded, seconds, why)
    return Judged(text, "exact" if proofs == {"exact"} else "certified", bounded, seconds)


def _ends(extremum: Extremum) -> tuple[arb, arb]:
    enclosure = extremum.value.enclosure()
    infinite = {"oo": arb.pos_inf(), "-oo": arb.neg_inf()}
    lower, upper = (
        infinite[text] if text in infinite else arb(text) for text in (enclosure.lower, enclosure.upper)
    )
    return lower, upper


def _outside(seen: Sequence[tuple[fmpq, arb]], ends: list[tuple[arb, arb]]) -> tuple[str, str] | None:
    for at, value in seen:
        slack = TOLERANCE * (1 + abs(value))
        if value < ends[0][0] - slack or value > ends[1][1] + slack:
            return "outside", f"slope {value.str(20, radius=False)} at {float(arb(at))!r}"
    return None


def _wide(ends: list[tuple[arb, arb]]) -> tuple[str, str] | None:
    for lower, upper in ends:
        if lower.is_finite() and not upper - lower <= WIDTH * arb.max(arb(1), abs(lower)) * (1 + WIDTH):
            return "wide", f"[{lower.str(40)}, {upper.str(40)}]"
    return None


def _missed(slope: Slope, extremes: tuple[Extremum, Extremum]) -> tuple[str, str] | None:
    """Where an extreme is said to be attained at a point, φ′ is that there (the point has thirty digits)."""
    for extremum in extremes:
        _, upper = _ends(extremum)
        for place in extremum.at if extremum.attained and upper.is_finite() else ():
            if place.side or place.until is not None or not place.point.is_finite:
                continue
            near = sp.Rational(_number(place).evalf(60))
            value = slope(fmpq(int(near.p), int(near.q)))
            if value is not None and not abs(value - upper) < arb("1e-15") * (1 + abs(upper)):
                return "missed", f"{value.str(20)} at {place}, said to be {upper.str(20)}"
    return None


def _number(place: Place) -> sp.Expr:
    """The point, a named root at the middle of its ball."""
    if place.named is None:
        return place.point
    middle = sp.Float(place.named.ball(256).str(70, radius=False), 70)
    return place.point.xreplace({place.named.symbol: middle})


def summary(results: Sequence[Judged]) -> dict[str, object]:
    """Counts, the share of bounded expressions that are proved, and times."""
    asked = [result for result in results if result.outcome != "refused"]
    bounded = [result for result in asked if result.bounded]
    proved = [result for result in bounded if result.outcome in ("exact", "certified")]
    times = sorted(result.seconds for result in asked)
    return {
        "outcomes": {
            word: sum(result.outcome == word for result in results)
            for word in sorted({result.outcome for result in results})
        },
        "bounded": len(bounded),
        "bounded_proved": round(len(proved) / len(bounded), 4) if bounded else None,
        "median_seconds": round(times[len(times) // 2], 3) if times else None,
        "longest_seconds": round(times[-1], 3) if times else None,
    }
