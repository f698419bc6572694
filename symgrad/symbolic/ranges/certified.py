"""The range of φ′ from its cover: which candidates are extreme, what φ′ takes, and the argument as steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import precision
from symgrad.symbolic.germs.behaviour import Behaviour, End
from symgrad.symbolic.language.write import write
from symgrad.symbolic.ranges.candidates import Candidate, enclosed, exactly, extreme
from symgrad.symbolic.ranges.certify import Covered, Stretch
from symgrad.symbolic.ranges.cover import slope
from symgrad.symbolic.ranges.critical_values import critical_candidate
from symgrad.symbolic.ranges.elements import Constant, Critical, Cut
from symgrad.symbolic.ranges.extremum import Extremum, Place, Value, decimal
from symgrad.symbolic.ranges.image import Span, union
from symgrad.symbolic.ranges.jets import jet
from symgrad.symbolic.ranges.range import LINE
from symgrad.symbolic.ranges.tails import Tail
from symgrad.symbolic.zeros import cuts

__all__ = ["Extremes", "domain_text", "extremes", "point_of", "whole_domain"]

_LONG = 40
_SMOOTH = ("smooth", "removable")


@dataclass(frozen=True)
class Extremes:
    """inf, sup, Lipschitz constant (None where a domain smaller than the line leaves it open), image."""

    inf: Extremum
    sup: Extremum
    lipschitz: Extremum | None
    image: sp.Set


def extremes(found: Covered) -> Extremes:
    """Read off the cover. Raises `UnprovedError` where a value is not enclosed to thirty digits."""
    groups = [list(_candidates(found, group)) for group in found.groups]
    everything = [candidate for group in groups for candidate in group]
    count = sum(len(stretch.elements) + len(stretch.tails) for stretch in found.stretches)
    why = (
        f"{{word}} of {len(everything)} candidates (critical points, one-sided values, limits); "
        f"{count} intervals cover the domain, each with a proved bound of φ′"
    )
    inf = extreme(everything, -1, why.format(word="the smallest"))
    sup = extreme(everything, 1, why.format(word="the largest"))
    return Extremes(inf, sup, _lipschitz(found, everything, why), _image(groups, inf, sup))


def _candidates(found: Covered, group: Sequence[int]) -> Iterator[Candidate]:
    period = found.layout.cuts.period
    for index in group:
        stretch = found.stretches[index]
        for element in stretch.elements:
            if isinstance(element, Constant):
                yield exactly(element.value, _interval(found, stretch, period), True)
            elif isinstance(element, Critical) and (element.cut is None or element.cut.index is None):
                critical = critical_candidate(stretch.segment.phi, found.x, element, period)
                yield critical
                if stretch.repeats:  # and again and again towards the end of the line
                    yield replace(critical, place=Place(stretch.repeats * sp.oo, again=True))
        for end in stretch.tails:
            if end.end.infinite and end.limit is not None:
                yield exactly(end.limit, Place(end.end.point), end.side == 0)
            if end.swing is not None:
                yield from _swings(end)
        for cut, which in ((stretch.segment.lo, 1), (stretch.segment.hi, -1)):
            if cut.index is not None and not _in_constant(found, index, cut):
                yield _at_cut(found, stretch, cut, which, period)


def _swings(end: Tail) -> Iterator[Candidate]:
    """What an oscillation comes close to; where the swing is constant, φ′ takes it again and again."""
    assert end.swing is not None
    place = Place(point_of(end.end), 0 if end.end.infinite else end.end.side, again=True)
    for approach in (end.swing.above, end.swing.below):
        if approach is not None and approach.limit is not None:
            yield exactly(approach.limit, place, approach.side == 0 and not approach.limit.is_infinite)


def _in_constant(found: Covered, index: int, cut: Cut) -> bool:
    """Whether a stretch of one value takes the cut in."""
    if isinstance(found.stretches[index].elements[0], Constant):
        return True
    assert cut.index is not None
    if found.layout.cuts.points[cut.index].joins not in _SMOOTH:
        return False
    beside = [s for s in found.stretches if cut.index in (s.segment.lo.index, s.segment.hi.index)]
    return any(isinstance(stretch.elements[0], Constant) for stretch in beside)


def _interval(found: Covered, stretch: Stretch, period: sp.Expr | None) -> Place:
    ends = (stretch.segment.lo, stretch.segment.hi)
    closed = tuple(
        cut.index is not None and found.layout.cuts.points[cut.index].joins in _SMOOTH for cut in ends
    )
    lo, hi = map(point_of, ends)
    return Place(lo, until=hi, closed=(closed[0], closed[1]), period=period)


def _at_cut(found: Covered, stretch: Stretch, cut: Cut, which: int, period: sp.Expr | None) -> Candidate:
    """φ′ towards a cut from one side; where φ′ is continuous there it is taken at the cut itself."""
    assert cut.index is not None
    at = found.layout.cuts.points[cut.index]
    smooth = at.joins in _SMOOTH
    place = _place(cut, 0 if smooth else which, period)
    side: Behaviour | None = at.right if which > 0 else at.left
    limit = None if side is None else side.limit
    if limit is not None and not limit.free_symbols and sp.count_ops(limit) <= _LONG:
        return exactly(limit, place, smooth)
    near = None if side is None else side.slope.ball
    is_open = stretch.segment.open_lo if which > 0 else stretch.segment.open_hi
    compiled = jet(stretch.segment.phi, found.x)

    def within(bits: int) -> arb:
        if is_open:
            return arb.nan() if near is None else near
        with precision(bits):
            return slope(compiled, cut.ball(bits), 0)[0]

    return enclosed(within, place, smooth)


def _place(cut: Cut | cuts.Cut, side: int, period: sp.Expr | None) -> Place:
    """The cut as a place; of a family the member next to 0 from the right."""
    point = point_of(cut)
    if period is not None and isinstance(cut.point, sp.Expr):
        point = sp.simplify(point - period * sp.floor(point / period))
    return Place(point, side, period=period)


def point_of(cut: Cut | cuts.Cut | End) -> sp.Expr:
    """The point exactly, or its decimal where it is only isolated."""
    point = cut.point
    return point if isinstance(point, sp.Expr) else decimal(point.ball(256))


def domain_text(found: cuts.Cuts) -> str:
    """ "(-oo, oo)", "(-oo, 0) U (0, oo)"; the part in one period where that repeats."""
    if found.period is not None and not any(cut.joins in ("pole", "edge") for cut in found.points):
        return LINE
    return " U ".join(f"({write(lo)}, {write(hi)})" for lo, hi in map(_ends, found.domain))


def whole_domain(found: Covered) -> str:
    """The domain of φ for a reader: "[0, oo)" for √x; intervals that repeat are a family, "(pi*k - pi/2,
    pi*k + pi/2)". An end belongs to it where φ has a value there, shown for exact ends.
    """
    line = found.layout.cuts
    if domain_text(line) == LINE:
        return LINE
    spans = [_ends(span) for span in line.domain]
    turn = sp.Integer(0)
    if line.period is not None:
        turn = line.period * sp.Symbol("k", integer=True)
        if len(spans) > 1:  # what is cut at the start of the period is one interval
            spans = [(spans[-1][0] - line.period, spans[0][1]), *spans[1:-1]]

    def interval(lo: sp.Expr, hi: sp.Expr) -> str:
        left, right = ("[" if _has_value(found, lo) else "("), ("]" if _has_value(found, hi) else ")")
        return f"{left}{write(lo + turn)}, {write(hi + turn)}{right}"

    return " U ".join(interval(lo, hi) for lo, hi in spans)


def _has_value(found: Covered, point: sp.Expr) -> bool:
    """Whether φ is a real number at an exact point; 0⁰ is not one."""
    if point.is_infinite or point.has(sp.Float):
        return False
    powers = [power for power in found.phi.atoms(sp.Pow) if power.exp.has(found.x)]
    if any(power.base.subs(found.x, point) == 0 for power in powers):
        return False
    value = found.phi.subs(found.x, point)
    return bool(value.is_real and value.is_finite)


def _ends(span: tuple[End, End]) -> tuple[sp.Expr, sp.Expr]:
    lo, hi = (point_of(end) for end in span)
    return lo, hi


def _lipschitz(found: Covered, everything: list[Candidate], why: str) -> Extremum | None:
    """sup|φ′| on the line; ∞ where φ jumps or has a pole."""
    broken = [cut for cut in found.layout.cuts.points if cut.joins in ("jump", "pole")]
    if broken:
        period = found.layout.cuts.period
        sides = [_place(cut, side, period) for cut in broken for side in (-1, 1)]
        infinite = [c.place for c in everything if c.exact is not None and c.exact.is_infinite]
        places = tuple(dict.fromkeys((*sides, *infinite)))
        how = {cut.joins for cut in broken}
        word = " and ".join(f"φ {'jumps' if kind == 'jump' else 'has a pole'}" for kind in sorted(how))
        return Extremum(Value(sp.oo), False, places, "exact", f"{word}, so no Lipschitz constant exists")
    sizes = [*everything, *(candidate.negated() for candidate in everything)]
    largest = extreme(sizes, 1, why.format(word="the largest size"))
    whole = found.layout.cuts.period is not None or (
        len(found.layout.cuts.domain) == 1 and all(end.infinite for end in found.layout.cuts.domain[0])
    )
    return largest if whole or largest.value.number is sp.oo else None


def _image(groups: list[list[Candidate]], inf: Extremum, sup: Extremum) -> sp.Set:
    """The union of the values that φ′ takes where it is continuous; their hull where that is not decided."""
    try:
        spans = []
        for group in groups:
            low, high = extreme(group, -1, ""), extreme(group, 1, "")
            spans.append(Span(low.value, high.value, bool(low.attained), bool(high.attained)))
        return union(spans) if len(spans) > 1 else _hull(inf, sup)
    except NotImplementedError:
        return _hull(inf, sup)


def _hull(inf: Extremum, sup: Extremum) -> sp.Set:
    return sp.Interval(inf.value.number, sup.value.number, not inf.attained, not sup.attained)
