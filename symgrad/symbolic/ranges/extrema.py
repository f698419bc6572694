"""The range of a function over the line (or an interval), with the argument as steps.

A function that is smooth on finitely many pieces takes its extreme values at critical points or approaches
them at the ends of a piece: one-sided limits at kinks, limits at ±∞. All critical points are found with proof
(`roots`), so the comparison is a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import sympy as sp
from flint import arb

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import precision, sign_of
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.limits import limit
from symgrad.symbolic.calculus.pieces import Piece, pieces
from symgrad.symbolic.derivation import Prose, Step, prove
from symgrad.symbolic.germs.behaviour import End, behaviour
from symgrad.symbolic.notation import OneSided, ZeroSet
from symgrad.symbolic.ranges.estimate import estimate
from symgrad.symbolic.ranges.extremum import Extremum, Place, Value, Values, compare
from symgrad.symbolic.ranges.image import Span, union
from symgrad.symbolic.ranges.jets import jet
from symgrad.symbolic.ranges.range import Kink, Range
from symgrad.symbolic.zeros.roots import NamedRoot, Root, UnprovedError, Zeros, zeros

__all__ = ["exact_range", "function_range"]

_BITS = 256
Name = Callable[[sp.Basic], sp.Expr]
"""How the steps write the function's value at a point."""


@dataclass(frozen=True)
class _Candidate:
    value: Value
    place: Place
    attained: bool
    proved: bool = True
    word: str = ""


def exact_range(phi: sp.Expr, x: sp.Symbol, values: Values | None = None, name: Name | None = None) -> Range:
    """The range of φ′ over the real line in closed form; parameters stay letters, with `values` deciding
    between them.

    `name` is the function that stands for φ′ in the steps. Raises `NotImplementedError` for a φ with a jump
    or where a switch has no exact zeros; what it cannot prove is graded "estimated".
    """
    values = values or {}
    parts = pieces(phi, x, values)
    for left, right in pairwise(parts):
        jump = limit(right.expr, x, left.hi, 1) - limit(left.expr, x, left.hi, -1)
        if sign_of(jump, values) != 0:
            raise NotImplementedError(f"φ jumps at {left.hi}")
    slopes = tuple(Piece(part.lo, part.hi, sp.diff(part.expr, x)) for part in parts)
    return _range(slopes, x, values, name or sp.Function("f"))


def function_range(
    f: sp.Expr, x: sp.Symbol, lo: sp.Expr, hi: sp.Expr, name: Name | None = None, values: Values | None = None
) -> Range:
    """The range of f over the open interval (lo, hi), at the joints of its pieces where it is continuous
    there.
    """
    values = values or {}

    def order(point: sp.Expr) -> float:
        return float(point.xreplace(dict(values)))

    inside = [
        Piece(max(part.lo, lo, key=order), min(part.hi, hi, key=order), part.expr)
        for part in pieces(f, x, values)
        if order(part.lo) < order(hi) and order(part.hi) > order(lo)
    ]
    return _range(tuple(inside), x, values, name or sp.Function("f"))


def _range(parts: tuple[Piece, ...], x: sp.Symbol, values: Values, name: Name) -> Range:
    candidates: list[_Candidate] = []
    steps: list[Step] = []
    spans: list[Span] = []
    for part in parts:
        found, argument = _piece(part, x, values, name, whole=len(parts) == 1)
        candidates += found
        steps += argument
        spans.append(_span(found))
    kinks = []
    for left, right in pairwise(parts):
        before, after = limit(left.expr, x, left.hi, -1), limit(right.expr, x, left.hi, 1)
        if sign_of(before - after, values) == 0:
            joint = _Candidate(_value(after, values), Place(left.hi), True, word="smooth joint")
            candidates.append(joint)
            spans.append(_span([joint]))
            steps.append(_joint_step(left.hi, before, after, values, name))
        else:
            kinks.append(Kink(left.hi, before, after))
            steps.append(_kink_step(left.hi, before, after, values, name))
    merged = _merge(candidates)
    inf, sup = _extreme(merged, -1), _extreme(merged, 1)
    return Range(inf, sup, _largest_size(inf, sup), union(spans), tuple(kinks), parts, tuple(steps))


def _span(candidates: list[_Candidate]) -> Span:
    """The values between the extreme candidates of one piece: a continuous function takes them all."""
    inf, sup = _extreme(candidates, -1), _extreme(candidates, 1)
    return Span(inf.value, sup.value, bool(inf.attained), bool(sup.attained))


def _joint_step(point: sp.Expr, before: sp.Expr, after: sp.Expr, values: Values, name: Name) -> Step:
    def check() -> str:
        if sign_of(before - after, values) != 0:
            raise RefutedError(f"the one-sided derivatives at {point} differ")
        return "both one-sided derivatives are equal"

    because: Prose = ("left and right derivative agree, so the derivative exists here too",)
    return prove(sp.Eq(name(point), after, evaluate=False), because, check, rule="smooth joint")


def _kink_step(point: sp.Expr, before: sp.Expr, after: sp.Expr, values: Values, name: Name) -> Step:
    def check() -> str:
        if sign_of(before - after, values) == 0:
            raise RefutedError(f"the one-sided derivatives at {point} agree")
        return "the one-sided derivatives differ"

    because: Prose = (
        "a kink: the left derivative is ",
        before,
        ", the right one ",
        after,
        ", so there is no derivative at ",
        point,
    )
    statement = sp.Ne(name(OneSided(point, -1)), name(OneSided(point, 1)), evaluate=False)
    return prove(statement, because, check, rule="kink")


def _largest_size(inf: Extremum, sup: Extremum) -> Extremum:
    """sup|f| = max(sup f, −inf f); when both are equal it is taken wherever either is."""
    order = compare(sup.value, inf.value.negated())
    if order == 0 and inf.attained == sup.attained:
        return replace(sup, at=tuple(dict.fromkeys((*sup.at, *inf.at))))
    return sup if order > 0 or (order == 0 and sup.attained) else _negated(inf)


def _negated(inf: Extremum) -> Extremum:
    return Extremum(
        inf.value.negated(), inf.attained, inf.at, inf.proof, f"|f| is largest where f is smallest: {inf.why}"
    )


def _value(expr: sp.Expr, values: Values, named: NamedRoot | None = None) -> Value:
    used = tuple((symbol, value) for symbol, value in values.items() if expr.has(symbol))
    return Value(expr, used, (named,) if named is not None and expr.has(named.symbol) else ())


def _piece(
    part: Piece, x: sp.Symbol, values: Values, name: Name, whole: bool
) -> tuple[list[_Candidate], list[Step]]:
    """The candidates of one piece and the steps that find them."""
    f = part.expr
    if not f.has(x):
        place = Place(part.lo, until=part.hi)
        because: Prose = ("the function is constant on ", sp.Interval.open(part.lo, part.hi))
        step = prove(sp.Eq(sp.Derivative(f, x), 0, evaluate=False), because, rule="constant piece")
        return [_Candidate(_value(f, values), place, True, word="constant")], [step]
    slope = sp.diff(f, x)
    try:
        critical = zeros(slope, x, part.lo, part.hi, values)
    except UnprovedError as reason:
        return [
            _Candidate(
                _value(value, values),
                Place(point),
                True,
                proved=False,
                word=f"largest found by sampling ({reason})",
            )
            for value, point in estimate(f.xreplace(dict(values)), x, part.lo, part.hi)
        ], []
    steps = [_critical_step(f, slope, x, part, critical, whole)]
    candidates = []
    for root in critical.roots:
        value = root.evaluate(f, x)
        place = Place(root.point, period=critical.period, named=root.named)
        candidates.append(_Candidate(_value(value, values, root.named), place, True, word="critical point"))
        steps.append(_value_step(f, x, root, value, name))
    if critical.period is None:
        for end, side in ((part.lo, 1), (part.hi, -1)):
            value = limit(f, x, end, side)
            infinite = end.is_infinite
            candidates.append(
                _Candidate(_value(value, values), Place(end, 0 if infinite else side), False, word="limit")
            )
            steps.append(_limit_step(f, x, end, side, value, values, name))
    return candidates, steps


def _critical_step(
    f: sp.Expr, slope: sp.Expr, x: sp.Symbol, part: Piece, critical: Zeros, whole: bool
) -> Step:
    points = sp.FiniteSet(*(root.point for root in critical.roots)) if critical.roots else sp.S.EmptySet
    statement = sp.Eq(ZeroSet(sp.Derivative(f, x), x), points, evaluate=False)
    where: Prose = () if whole else ("on ", sp.Interval.open(part.lo, part.hi), ": ")
    named: list[str | sp.Basic] = []
    for root in critical.roots:
        if root.named is not None and root.named.equation not in named:
            bounds = root.named.bracket
            named += [", where ", root.named.equation, " with ", root.named.symbol, " in ", bounds]

    def check() -> str:
        for root in critical.roots:
            _vanishes(slope, x, root)
        return f"{len(critical.roots)} zero(s) substituted back; completeness from the factors"

    return prove(statement, (*where, *critical.why, *named), check, rule="critical points")


def _vanishes(slope: sp.Expr, x: sp.Symbol, root: Root) -> None:
    if root.named is None:
        prove_equal(slope.subs(x, root.point), sp.Integer(0))
        return
    value = Value(slope.subs(x, root.point), (), (root.named,)).ball(256)
    if not (value.contains(0) and value.rad() < 1e-40):
        raise RefutedError(f"the derivative does not vanish at {root.point}")


def _value_step(f: sp.Expr, x: sp.Symbol, root: Root, value: sp.Expr, name: Name) -> Step:
    def check() -> str:
        if root.named is None:
            return prove_equal(f.subs(x, root.point), value)
        direct = Value(f.subs(x, root.point), (), (root.named,)).ball(256)
        if not direct.overlaps(Value(value, (), (root.named,)).ball(256)):
            raise RefutedError(f"the value at {root.point} is not {value}")
        return "its equation removes the exponential; both forms agree in balls of 70 digits"

    because: Prose = ("the value at this critical point",)
    return prove(sp.Eq(name(root.point), value, evaluate=False), because, check, rule="critical value")


def _limit_step(
    f: sp.Expr, x: sp.Symbol, end: sp.Expr, side: int, value: sp.Expr, values: Values, name: Name
) -> Step:
    if end.is_infinite:
        statement = sp.Eq(sp.Limit(name(x), x, end), value, evaluate=False)
        because: Prose = ("the limit at this end of the line",)
    else:
        statement = sp.Eq(name(OneSided(end, side)), value, evaluate=False)
        because = ("the one-sided limit at the end of the piece",)

    def check() -> str:
        return _proved_limit(f.xreplace(dict(values)), x, end, side, value.xreplace(dict(values)))

    return prove(statement, because, check, rule="limit")


def _proved_limit(f: sp.Expr, x: sp.Symbol, end: sp.Expr, side: int, value: sp.Expr) -> str:
    """f → value, by continuity where f is analytic at the end, else by its germ.

    Raises `RefutedError` where the limit is another one, `UnprovedError` where it is not decided.
    """
    at = Value(end)
    if not end.is_infinite:
        with precision(_BITS):
            there = jet(f, x).value(at.ball(_BITS))
        if there.is_finite():
            _is_value(f, there, value, end)
            return "f is analytic at the end: the value there, in 256-bit balls"
    try:
        found = behaviour(f, x, End(end, 0 if end.is_infinite else side)).phi
    except NotImplementedError as reason:
        raise UnprovedError(f"the limit of {f} at {end} is not proved: {reason}") from None
    if found.limit is None:
        raise UnprovedError(f"the limit of {f} at {end} is not proved")
    if found.limit.is_infinite or value.is_infinite:
        if found.limit != value:
            raise RefutedError(f"{f} does not approach {value}")
    elif sign_of(found.limit - value) != 0:
        raise RefutedError(f"{f} does not approach {value}")
    return "its series towards the end, with remainders in balls, has this limit"


def _is_value(f: sp.Expr, there: arb, value: sp.Expr, end: sp.Expr) -> None:
    if value.is_infinite or not there.overlaps(Value(value).ball(_BITS)):
        raise RefutedError(f"{f} does not approach {value} at {end}")


def _merge(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """A constant piece takes in a smooth joint of the same value at its end."""
    merged = list(candidates)
    for piece in [c for c in merged if c.place.until is not None]:
        for joint in [c for c in merged if c.word == "smooth joint"]:
            place = merged[merged.index(piece)].place
            ends = (place.point == joint.place.point, place.until == joint.place.point)
            if any(ends) and compare(piece.value, joint.value) == 0:
                closed = (place.closed[0] or ends[0], place.closed[1] or ends[1])
                grown = _Candidate(
                    piece.value, Place(place.point, until=place.until, closed=closed), True, word="constant"
                )
                merged[merged.index(piece)] = grown
                merged.remove(joint)
                piece = grown
    return merged


def _extreme(candidates: list[_Candidate], direction: int) -> Extremum:
    best = candidates[0]
    for other in candidates[1:]:
        if compare(other.value, best.value) * direction > 0:
            best = other
    equal = [c for c in candidates if compare(c.value, best.value) == 0]
    attained = [c for c in equal if c.attained]
    chosen = attained or equal
    proved = all(c.proved for c in candidates)
    places = tuple(dict.fromkeys(c.place for c in chosen))
    word = "largest" if direction > 0 else "smallest"
    how = "attained" if attained else "approached but not attained"
    why = f"the {word} of {len(candidates)} candidates (critical points, ends of pieces, limits), {how}"
    if not proved:
        why = next(c.word for c in candidates if not c.proved)
    return Extremum(best.value, bool(attained), places, "exact" if proved else "estimated", why)
