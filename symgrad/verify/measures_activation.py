"""Measurements on one activation: the range of φ′, and extreme values of forms in φ′."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy as sp
from flint import arb
from numpy.random import Generator

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.derivation import Claim, Grade
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import dphi
from symgrad.symbolic.ranges.extremum import Extremum, Place
from symgrad.symbolic.ranges.range import Range
from symgrad.theory.activations import Activation
from symgrad.verify.nets import joints, resolve
from symgrad.verify.oracles import number_ball, quotients
from symgrad.verify.points import BITS, line, members, sequence
from symgrad.verify.verdict import Evidence, combine, undecided, within

__all__ = ["derivative_range", "extreme_value"]

RESOLUTION = 1e-40
"""How far outside a range a ball may reach while a quotient inside it is not excluded (rounding leaves
about 1e-60)."""
WITNESS: Mapping[Grade, float] = {"exact": 1e-25, "certified": 1e-25, "estimated": 1e-6}
"""Largest relative error of an extreme value at its witness, by the grade that it claims."""
APPROACH = 1e-4
"""Largest relative gap that may be left at x = ±10⁹ to a value that is only approached."""
EXTREME = 1e-20
_NEAR = 1e-2
"""How near an oscillation must come to what it is said to come back to."""
_WINDOW = 2000
"""Points of one stretch of an oscillation."""


def derivative_range(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """φ′ lies in its range, and the range is tight.

    expects: activation (name or Activation), range (`extrema.Range`: inf, sup, lipschitz are read). Validity:
    at 2,000 points and more the difference quotient of φ (a mean of φ′ by the mean value theorem) is not
    outside; a quotient certainly outside, by however little, fails; one not decided to 1e-40 is undecided.
    Tightness: at every witness that is attained, and at every one-sided limit, the quotient is the value to
    1e-25 (1e-6 for an estimated value), relative to max(1, |value|); towards ±oo the gap is closed to that,
    or still shrinks by a tenth a decade and is below 1e-4 at 10⁹ (not yet below: undecided; no longer
    shrinking: fails). A value said not to be attained must not be met exactly. Margin: share of the tolerance
    left.
    """
    entry, found = resolve(claim.expects["activation"]), claim.expects["range"]
    if not isinstance(found, Range):
        raise TypeError(f"claim {claim.key}: expects['range'] is a {type(found).__name__}, not a Range")
    ends = [(found.sup, 1, False), (found.inf, -1, False)]
    if found.lipschitz is not None:
        ends.append((found.lipschitz, 1, True))
    cuts = joints(entry)
    witnesses = [
        float(p.mid())
        for end, _, _ in ends
        for at in end.at
        for p in members(at, entry.parameters)
        if p.is_finite()
    ]
    points = line(rng, 8000 if thorough else 2000, {*cuts, *witnesses}, cuts)
    values = quotients(entry.phi, x, points)
    parts = []
    for end, sign, absolute in ends:
        parts.append(_valid(end, sign, absolute, points, values))
        parts += [_tight(entry, found, end, place, absolute) for place in end.at]
    evidence = combine(parts)
    if evidence.outcome != "PASS":
        return evidence
    text = f"{len(points)} difference quotients inside; tightest of {len(parts)} comparisons: {evidence.text}"
    return Evidence("PASS", evidence.margin, f"{entry.name}: {text}")


def _valid(end: Extremum, sign: int, absolute: bool, points: list[float], values: list[arb]) -> Evidence:
    """No quotient beyond the end; `sign` is 1 for an upper end, `absolute` takes the quotients' sizes."""
    if end.value.number.is_infinite:
        return Evidence("PASS", 1.0, "an infinite end excludes nothing")
    bound = number_ball(end.value, BITS)
    with precision(BITS):
        scale = _scale(bound)
        values = [abs(value) for value in values] if absolute else values
        beyond = [sign * (value - bound) / scale for value in values]
        for point, value, excess in zip(points, values, beyond, strict=True):
            if excess > 0:
                text = f"at x = {point!r} the difference quotient {_text(value)} is beyond {_text(bound)}"
                return Evidence("FAIL", -float(excess.lower()) / RESOLUTION, text)
            if not end.attained and value.is_exact() and bound.is_exact() and value == bound:
                text = f"{_text(bound)} is said not to be attained, and is at x = {point!r}"
                return Evidence("FAIL", -1.0, text)
        worst = _largest(beyond)
        reach = beyond[worst].upper()
        text = f"nowhere beyond {_text(bound)}; closest at x = {points[worst]!r}"
        if not reach <= RESOLUTION:
            text = f"at x = {points[worst]!r} {_text(values[worst])} is not resolved against {_text(bound)}"
            return undecided(text)
        return within(reach if reach > 0 else arb(0), RESOLUTION, text)


def _tight(entry: Activation, found: Range, end: Extremum, place: Place, absolute: bool) -> Evidence:
    """The value is met, or approached, at its place."""
    if place.again:
        return _comes_back(entry, end, place, absolute)
    if absolute and end.value.number.is_infinite and (place.point, "jump") in found.joins:
        return _jumps(entry, place)
    if place.point.is_infinite and place.until is None:
        return _approached(entry, end, place, absolute)
    if end.value.number.is_infinite:
        return _grows(entry, end, place)
    at = members(place, entry.parameters)
    measured = quotients(entry.phi, x, at, side=place.side)
    bound = number_ball(end.value, BITS)
    with precision(BITS):
        errors = [abs((abs(d) if absolute else d) - bound) / _scale(bound) for d in measured]
        worst = _largest(errors)
        text = f"at {place} the quotient is {_text(measured[worst])}, claimed {_text(bound)}"
        return within(errors[worst], WITNESS[end.proof], text)


def _approached(entry: Activation, end: Extremum, place: Place, absolute: bool) -> Evidence:
    """Towards an end of the line the gap is closed, or keeps shrinking and is small at last."""
    if end.value.number.is_infinite:
        return _grows(entry, end, place)
    bound = number_ball(end.value, BITS)
    measured = quotients(entry.phi, x, sequence(place, entry.parameters))
    with precision(BITS):
        gaps = [float((abs((abs(d) if absolute else d) - bound) / _scale(bound)).upper()) for d in measured]
    text = f"{place}: the gap to {_text(bound)} falls to {gaps[-1]:.2g}"
    closed = WITNESS[end.proof]
    if gaps[-1] > closed and gaps[-1] > 0.9 * gaps[-2]:
        return within(gaps[-1], closed, f"{place}: the gap to {_text(bound)} stays at {gaps[-1]:.2g}")
    return within(gaps[-1], APPROACH, text) if gaps[-1] <= APPROACH else undecided(text)


def _comes_back(entry: Activation, end: Extremum, place: Place, absolute: bool) -> Evidence:
    """In a stretch of 20 at 10², 10³ and 10⁴, some quotient comes within a hundredth of the value; where that
    is infinite, the best one grows.
    """
    sign = 1 if place.point is sp.oo else -1
    direction = -1 if end.value.number is -sp.oo else 1
    bests = []
    for start in (1e2, 1e3, 1e4):
        points = [sign * (start + k / 100) for k in range(_WINDOW)]
        found = [float(d.mid()) for d in quotients(entry.phi, x, points)]
        if end.value.number.is_infinite:
            bests.append(max(direction * value for value in found))
        else:
            level = float(number_ball(end.value, BITS).mid())
            bests.append(min(abs((abs(value) if absolute else value) - level) for value in found))
    if end.value.number.is_infinite:
        text = f"{place}: in stretches farther out the largest quotient grows to {bests[-1]:.3g}"
        return Evidence("PASS", 1.0, text) if bests == sorted(bests) and bests[-1] > 10 else undecided(text)
    return within(max(bests), _NEAR, f"{place}: again and again within {max(bests):.2g} of the value")


def _jumps(entry: Activation, place: Place) -> Evidence:
    """The quotient across the jump grows without bound as its step shrinks."""
    at = members(replace(place, side=0), entry.parameters)[0]
    with precision(BITS):
        steps = [arb(10) ** -k for k in (4, 8, 12)]
        sides = [(ball(entry.phi, {x: at - h}), ball(entry.phi, {x: at + h})) for h in steps]
        sizes = [float((abs(q - p) / (2 * h)).lower()) for (p, q), h in zip(sides, steps, strict=True)]
    text = f"{place}: the quotient across the jump grows to {sizes[-1]:.3g}"
    return Evidence("PASS", 1.0, text) if sizes == sorted(sizes) and sizes[-1] > 1e6 else undecided(text)


def _grows(entry: Activation, end: Extremum, place: Place) -> Evidence:
    """An infinite value: the quotients grow along the sequence, a decade a step, and do not settle: beyond
    1000, or by steps that do not die away (a logarithm's stay the same).
    """
    sign = 1 if end.value.number is sp.oo else -1
    measured = [sign * d.mid() for d in quotients(entry.phi, x, sequence(place, entry.parameters))]
    text = f"{place}: the quotients grow to {(sign * measured[-1]).str(3, radius=False)}"
    before, last = measured[-2] - measured[-3], measured[-1] - measured[-2]
    if before > 0 and last > 0 and (measured[-1] > 1000 or last > before * arb("0.9")):
        return Evidence("PASS", 1.0, text)
    return undecided(text)


def extreme_value(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The largest value of a form in φ′, and where it is taken.

    expects: activation; form (an expression in one symbol with `notation.dphi(…)` for φ′); max (Value or
    number, not 0); at (Place, Value or number); optionally variable (default: the form's only symbol). A
    positive symbol ranges over x > 0. At 2,000 points and more the form, with φ′ by differences of φ, is not
    above max, at `at` it is max, both to 1e-20 relative. Margin: share of the tolerance left.
    """
    entry, form = resolve(claim.expects["activation"]), claim.expects["form"]
    variable = claim.expects.get("variable") or next(iter(form.free_symbols))
    top, place = number_ball(claim.expects["max"], BITS), claim.expects["at"]
    witness = members(place, entry.parameters)[0] if isinstance(place, Place) else number_ball(place, BITS)
    if not witness.is_finite():
        return undecided(f"{form} is not taken at a point but at {place}")
    cuts = joints(entry)
    points = line(rng, 8000 if thorough else 2000, {*cuts, float(witness.mid())}, cuts)
    exact = [arb(point) for point in points if point > 0 or not variable.is_positive]
    values = _form(entry, form, variable, [witness, *exact])
    with precision(BITS):
        excess = [(value - top) / abs(top) for value in values[1:]]
        worst = _largest(excess)
        text = f"{form} at {variable} = {float(exact[worst])!r} is {_text(values[1 + worst])}, the largest of"
        above = within(excess[worst].max(arb(0)), EXTREME, f"{text} {len(exact)}, claimed {_text(top)}")
        text = f"{form} at {variable} = {_text(witness)} is {_text(values[0])}, claimed {_text(top)}"
        return combine([above, within(abs(values[0] - top) / abs(top), EXTREME, text)])


def _form(entry: Activation, form: sp.Expr, variable: sp.Symbol, points: list[arb]) -> list[arb]:
    """The form at every point, with φ′ by difference quotients of φ."""
    slopes = {}
    for node in form.atoms(dphi):
        with precision(BITS):
            arguments = [ball(node.args[0], {variable: point}) for point in points]
        slopes[node] = quotients(entry.phi, x, arguments)
    with precision(BITS):
        return [
            ball(form, {variable: point, **{node: found[i] for node, found in slopes.items()}})
            for i, point in enumerate(points)
        ]


def _scale(bound: arb) -> arb:
    return abs(bound).max(arb(1))


def _largest(errors: list[arb]) -> int:
    tops = [float(error.upper()) for error in errors]
    return max(range(len(tops)), key=lambda i: math.inf if math.isnan(tops[i]) else tops[i])


def _text(value: arb) -> str:
    return str(value.str(12, radius=False))
