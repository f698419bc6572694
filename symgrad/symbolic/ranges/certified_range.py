"""The certified range of φ′ as a `Range`: the cover told in steps, each with its own check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import sympy as sp
from flint import arb

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import precision
from symgrad.symbolic.calculus.pieces import Piece
from symgrad.symbolic.derivation import Prose, Step, prove
from symgrad.symbolic.germs.behaviour import Behaviour
from symgrad.symbolic.notation import OneSided
from symgrad.symbolic.ranges.certified import Extremes, extremes, point_of, whole_domain
from symgrad.symbolic.ranges.certify import Covered, Stretch, certify
from symgrad.symbolic.ranges.cover import slope
from symgrad.symbolic.ranges.elements import Bounded, Constant, Critical, Monotone, at_mark
from symgrad.symbolic.ranges.extremum import Extremum, Values, decimal
from symgrad.symbolic.ranges.jets import jet
from symgrad.symbolic.ranges.range import Kink, Range
from symgrad.symbolic.ranges.tails import Tail
from symgrad.symbolic.zeros import cuts

__all__ = ["certified_range", "range_of"]

_X = sp.Symbol("x", real=True)
Name = Callable[[sp.Basic], sp.Expr]
_BITS = 192
_POINTS = 9
"""Points of an interval at which its statement is checked once more."""


def certified_range(phi: sp.Expr, x: sp.Symbol, values: Values, name: Name) -> Range:
    """The range of φ′, parameters at their values.

    Raises `UnprovedError` or another `NotImplementedError` where the domain is not covered.
    """
    found = certify(phi.xreplace(dict(values)), x)
    return range_of(found, extremes(found), name)


def range_of(found: Covered, ends: Extremes, name: Name) -> Range:
    """The range that a cover proves."""
    points = found.layout.cuts.points
    return Range(
        inf=ends.inf,
        sup=ends.sup,
        lipschitz=ends.lipschitz,
        image=ends.image,
        kinks=tuple(_kink(cut) for cut in points if cut.joins == "kink"),
        pieces=tuple(Piece(point_of(s.segment.lo), point_of(s.segment.hi), s.slope) for s in found.stretches),
        steps=tuple(_steps(found, ends, name)),
        domain=whole_domain(found),
        joins=tuple((point_of(cut), cut.joins) for cut in points if cut.joins != "smooth"),
    )


def _kink(cut: cuts.Cut) -> Kink:
    assert cut.left is not None
    assert cut.right is not None
    return Kink(point_of(cut), _number(cut.left), _number(cut.right))


def _number(side: Behaviour) -> sp.Expr:
    if side.limit is not None and not side.limit.free_symbols:
        return side.limit
    assert side.slope.ball is not None
    return decimal(side.slope.ball)


def _steps(found: Covered, ends: Extremes, name: Name) -> Iterator[Step]:
    for cut in found.layout.cuts.points:
        yield _cut_step(cut, name)
    for stretch in found.stretches:
        for tail in stretch.tails:
            yield _tail_step(stretch, tail, found.x, name)
        yield _cover_step(stretch, found.x, name)
    for extremum, word in ((ends.inf, "smallest"), (ends.sup, "largest")):
        yield _extremum_step(extremum, word, name)


_WORDS = {
    "smooth": "both pieces meet with the same value and the same derivative",
    "kink": "a kink: the one-sided derivatives differ",
    "jump": "φ jumps there",
    "removable": "φ is not defined at the point itself, but φ and φ′ have limits: the point is filled",
    "pole": "φ is unbounded there",
    "cusp": "φ is continuous, but φ′ is unbounded there",
    "edge": "the domain of φ ends there",
}


def _cut_step(cut: cuts.Cut, name: Name) -> Step:
    point = point_of(cut)
    sides = [(side, which) for side, which in ((cut.left, -1), (cut.right, 1)) if side is not None]
    limits = [(side.limit if side.limit is not None else None, which) for side, which in sides]
    because: Prose = (_WORDS[cut.joins], ": ", cut.switch, " changes its sign or is singular there")
    statement: sp.Basic = sp.Eq(cut.switch, 0, evaluate=False)
    if len(limits) > 1 and cut.joins in ("smooth", "kink", "removable"):
        relation = sp.Ne if cut.joins == "kink" else sp.Eq
        statement = relation(name(OneSided(point, -1)), name(OneSided(point, 1)), evaluate=False)

    def check() -> str:
        slopes = [side.slope.ball for side, _ in sides]
        if len(slopes) > 1 and slopes[0] is not None and slopes[1] is not None:
            meets = bool(slopes[0].overlaps(slopes[1]))
            if meets != (cut.joins in ("smooth", "removable")) and cut.joins == "kink":
                raise RefutedError(f"the one-sided derivatives at {point} agree")
        return "both sides by series in the distance, with remainders in balls"

    return prove(statement, because, check, rule=cut.joins)


_SIDES = {
    1: "φ′ stays above its limit",
    -1: "φ′ stays below its limit",
    0: "φ′ is equal to its limit",
    None: "φ′ stays between two values that it passes elsewhere",
}


def _tail_step(stretch: Stretch, tail: Tail, x: sp.Symbol, name: Name) -> Step:
    """φ′ on a whole neighbourhood of an end."""
    infinite = tail.end.infinite
    point = tail.end.point if infinite else point_of(tail.end)
    R = sp.Integer(tail.R)
    t = sp.Symbol("t")
    if infinite:
        where: Prose = ("for ", sp.Abs(x) >= R, ", with ", sp.Eq(t, 1 / x, evaluate=False))
    else:
        where = ("for ", sp.Abs(x - point) <= 1 / R, " here, with ", sp.Eq(t, x - point, evaluate=False))
    how = _SIDES[tail.side]
    if tail.swing is not None:
        how = "φ′ oscillates; the sum of the amplitudes bounds it, and it comes close to that again and again"
    statement = _tail_statement(tail, point, x, name)

    def check() -> str:
        _inside(stretch, x, _outward(stretch, tail), tail.value)
        return f"series in t with remainders in balls, valid on all of it; {_POINTS} points checked"

    return prove(statement, (*where, ": ", how), check, rule="end")


def _outward(stretch: Stretch, tail: Tail) -> list[Fraction]:
    """Points of the neighbourhood, ever closer to the end."""
    inner = stretch.elements[0].lo if tail is stretch.left else stretch.elements[-1].hi
    assert isinstance(inner, Fraction)
    if tail.end.infinite:
        return [inner * Fraction(3, 2) ** k for k in range(1, _POINTS + 1)]
    middle = Fraction(
        str(tail.end.point if isinstance(tail.end.point, sp.Rational) else float(point_of(tail.end)))
    )
    return [middle + (inner - middle) * Fraction(2, 3) ** k for k in range(1, _POINTS + 1)]


def _tail_statement(tail: Tail, point: sp.Expr, x: sp.Symbol, name: Name) -> sp.Basic:
    if tail.swing is not None:
        sides = (("limsup", tail.swing.above), ("liminf", tail.swing.below))
        known = [
            sp.Eq(sp.Function(word)(name(x)), approach.limit, evaluate=False)
            for word, approach in sides
            if approach is not None and approach.limit is not None
        ]
        return known[0] if len(known) == 1 else sp.And(*known, evaluate=False)
    if tail.limit is None:
        return sp.Interval(*(sp.Float(bound.str(6, radius=False), 6) for bound in tail.value))
    if tail.end.infinite:
        return sp.Eq(sp.Limit(name(x), x, point), tail.limit, evaluate=False)
    return sp.Eq(name(OneSided(point, tail.end.side)), tail.limit, evaluate=False)


def _shown(point: float) -> sp.Expr:
    """A number of six digits, a whole one without a point."""
    return sp.Integer(int(point)) if point.is_integer() else sp.Float(point, 6)


def _cover_step(stretch: Stretch, x: sp.Symbol, name: Name) -> Step:
    """What the intervals between the ends are."""
    elements = stretch.elements
    lo, hi = (_shown(float(mark)) for mark in (elements[0].lo, elements[-1].hi))
    if isinstance(elements[0], Constant):
        because: Prose = ("φ is linear there",)
        statement: sp.Basic = sp.Eq(name(x), elements[0].value, evaluate=False)
    else:
        counts = Counter(_KINDS[type(element)] for element in elements)
        listed = ", ".join(f"{count} {word}" for word, count in counts.items())
        because = (f"the interval is cut into {len(elements)}: {listed}",)
        statement = sp.And(lo <= x, x <= hi, evaluate=False)

    def check() -> str:
        for element in elements:
            if isinstance(element, Bounded):
                low, high = float(element.lo), float(element.hi)
                points = [Fraction(low + (high - low) * k / (_POINTS + 1)) for k in range(1, _POINTS + 1)]
                _inside(stretch, x, points, element.value)
        return "Taylor coefficients of φ in balls over each interval; points of each checked"

    return prove(statement, because, check, rule="cover")


_KINDS = {
    Constant: "constant",
    Bounded: "where φ′ stays between two values that it takes elsewhere",
    Monotone: "without a critical point of φ′",
    Critical: "with one critical point in Taylor’s formula",
}


def _inside(stretch: Stretch, x: sp.Symbol, points: Sequence[Fraction], bounds: tuple[arb, arb]) -> None:
    compiled = jet(stretch.segment.phi, x)
    with precision(_BITS):
        for point in points:
            value = slope(compiled, at_mark(point), 0)[0]
            if value > bounds[1] or value < bounds[0]:
                raise RefutedError(f"φ′({float(point):.6g}) is outside its bounds")


def _extremum_step(extremum: Extremum, word: str, name: Name) -> Step:
    place, value = extremum.at[0], extremum.value.number
    if extremum.attained and place.until is None:
        statement: sp.Basic = sp.Eq(name(place.point), value, evaluate=False)
    elif value.is_infinite:
        statement = sp.Eq(sp.Function("sup" if value > 0 else "inf")(name(_X)), value, evaluate=False)
    else:
        relation = sp.Ge if word == "smallest" else sp.Le
        statement = relation(name(_X), value, evaluate=False)
    where = ", ".join(str(at) for at in extremum.at)
    because: Prose = (f"the {word} value, {_TAKEN[extremum.attained]} ({where}): {extremum.why}",)

    def check() -> str:
        enclosure = extremum.value.enclosure()
        if enclosure.lower == enclosure.upper:
            return "exact"
        return f"between {enclosure.lower} and {enclosure.upper}"

    return prove(statement, because, check, rule=f"{word} value")


_TAKEN = {True: "taken", False: "approached, not taken", None: "taken or approached"}
