"""Where a function of one variable is cut: its domain, its switches and singular points, its period.

Between neighbouring cuts the function is one smooth expression, real everywhere or nowhere. Every guard (the
argument of |·| or log, a denominator, a condition, …) is resolved between the cuts of its own parts and its
zeros are isolated there, so the list is complete; how the function joins at a cut is read off its germs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import count
from typing import Literal

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import ball, precision, sign_of
from symgrad.symbolic.calculus.pieces import NotRealError, branch_at, switches_of
from symgrad.symbolic.germs.behaviour import Approach, Behaviour, End, behaviour
from symgrad.symbolic.germs.constants import as_sympy, is_zero
from symgrad.symbolic.germs.jets import vanishes_with
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.zeros.isolation import Point, as_rational, ball_of, isolate

__all__ = ["Cut", "Cuts", "cuts", "period_of"]

Join = Literal["smooth", "kink", "jump", "removable", "pole", "cusp", "edge"]
Kind = Literal["switch", "singular"]
Span = tuple[End, End]


@dataclass(frozen=True)
class Cut:
    """A point where the expression of φ changes or is singular: `switch` is 0 there.

    `left` and `right` are φ and φ′ on the two sides, None where φ is not real. `joins`: "edge" of the domain,
    "pole" (φ unbounded), "jump", "cusp" (φ′ unbounded), "kink" (φ′ jumps), "smooth", or "removable" (smooth,
    but φ is undefined at the point).
    """

    point: Point
    kind: Kind
    switch: sp.Expr
    joins: Join
    left: Behaviour | None
    right: Behaviour | None

    def ball(self, bits: int) -> arb:
        """A ball of about that many bits that contains the point."""
        return ball_of(self.point, bits)


@dataclass(frozen=True)
class Cuts:
    """Domain as open intervals, cuts from left to right, and the expression of φ on each interval between.

    `pieces`: (from, to, expression) over the domain, cut at every point. With a `period` T (of φ, or of φ up
    to a linear term) everything is said of (start, start + T), where start is no cut.
    """

    domain: tuple[Span, ...]
    points: tuple[Cut, ...]
    pieces: tuple[tuple[End, End, sp.Expr], ...]
    period: sp.Expr | None = None


def cuts(phi: sp.Expr, x: sp.Symbol) -> Cuts:
    """The cuts of φ.

    Raises `NotImplementedError` where they are not found with proof (infinitely many without a period, or an
    oscillation at a singular point) and where φ is real nowhere.
    """
    period = period_of(phi, x)
    start = sp.S.Zero if period is None else _start(phi, x)
    lo, hi = (End(-sp.oo), End(sp.oo)) if period is None else (End(start, 1), End(start + period, -1))
    found = _all_points(phi, x, lo, hi)
    spans = list(_spans([guarded.point for guarded in found], lo, hi))
    branches = [_branch(phi, x, span) for span in spans]
    points: list[Cut] = []
    pieces: list[tuple[End, End, sp.Expr]] = []
    domain: list[Span] = []
    for k, (span, branch) in enumerate(zip(spans, branches, strict=True)):
        cut = _cut(phi, x, found[k - 1], branches[k - 1], branch) if k else None
        if cut is not None:
            points.append(cut)
        if branch is None:
            continue
        left = pieces.pop()[0] if k and cut is None else span[0]
        pieces.append((left, span[1], branch))
        if k and (cut is None or _is_filled(phi, x, cut)):
            domain[-1] = (domain[-1][0], span[1])
        else:
            domain.append(span)
    if not pieces:
        raise NotImplementedError("the function is real nowhere")
    return Cuts(tuple(domain), tuple(points), tuple(pieces), period)


def _is_filled(phi: sp.Expr, x: sp.Symbol, cut: Cut) -> bool:
    """Whether the domain goes on through the cut: φ is defined there, or by continuity."""
    return cut.joins in ("smooth", "removable", "kink", "cusp") or (
        cut.joins == "jump" and _is_defined(phi, x, cut.point)
    )


@dataclass(frozen=True)
class _Guarded:
    point: Point
    kind: Kind
    guard: sp.Expr


def _spans(points: list[Point], lo: End, hi: End) -> Iterator[Span]:
    """The open intervals between neighbouring points."""
    lefts = [lo, *(End(point, 1) for point in points)]
    rights = [*(End(point, -1) for point in points), hi]
    return zip(lefts, rights, strict=True)


def _all_points(phi: sp.Expr, x: sp.Symbol, lo: End, hi: End) -> list[_Guarded]:
    """The zeros of all guards, inner ones first, each on the intervals between the points found before."""
    names = (sp.Symbol(f"c_{k}", real=True) for k in count(1))
    found: list[_Guarded] = []
    guards = [pair for node in sp.postorder_traversal(phi) for pair in _guards(node) if pair[1].has(x)]
    for kind, guard in dict.fromkeys(guards):
        new: list[_Guarded] = []
        for span in _spans([other.point for other in found], lo, hi):
            branch = _branch(guard, x, span)
            if branch is not None and branch.has(x):
                new += [_Guarded(point, kind, guard) for point in isolate(branch, x, *span, names)]
        found = sorted(found + new, key=lambda one: float(ball_of(one.point, 64).mid()))
    return found


def _guards(node: sp.Basic) -> Iterator[tuple[Kind, sp.Expr]]:
    """The functions whose zeros may cut this node, its arguments being smooth."""
    for switch in switches_of(node):
        yield "switch", switch
    if isinstance(node, sp.Pow) and not (node.exp.is_Integer and node.exp > 0):
        yield "singular", node.base
    for kind, guard in _SINGULAR.items():
        if isinstance(node, kind):
            yield "singular", guard(node.args[0])


_SINGULAR = {
    sp.log: lambda u: u,
    sp.tan: sp.cos,
    sp.sec: sp.cos,
    sp.cot: sp.sin,
    sp.csc: sp.sin,
    sp.coth: lambda u: u,
    sp.csch: lambda u: u,
    sp.asin: lambda u: 1 - u**2,
    sp.acos: lambda u: 1 - u**2,
    sp.atanh: lambda u: 1 - u**2,
    sp.acosh: lambda u: u - 1,
}
"""Functions that are not analytic on the whole line, and what vanishes where they are singular."""


def _sample(span: Span) -> sp.Rational:
    """A rational point strictly between two ends."""
    left, right = (end.point for end in span)
    low, high = left is sp.S.NegativeInfinity, right is sp.S.Infinity
    if low and high:
        return sp.Rational(1, 7)
    bits = 64
    while bits < 1 << 12:
        with precision(bits):
            p, q = ball_of(left, bits), ball_of(right, bits)
            middle = q - 1 if low else p + 1 if high else (p + q) / 2
            scale = 7
            while scale < 1 << bits:
                number = fmpq((as_rational(middle) * scale).floor(), scale)
                if p < arb(number) < q:
                    return as_sympy(number)
                scale *= 8
        bits *= 2
    raise NotImplementedError(f"no rational point between {span[0]} and {span[1]}")


def _branch(f: sp.Expr, x: sp.Symbol, span: Span) -> sp.Expr | None:
    """The smooth expression that f is between two neighbouring cuts, None where it is not real."""
    at = _sample(span)
    try:
        branch = branch_at(f, x, at)
    except NotRealError:
        return None
    if branch.has(sp.zoo, sp.nan, sp.oo):
        return None
    with precision(128):
        values = {x: ball(at)}
        bases = (node.base for node in branch.atoms(sp.Pow) if node.exp.has(x) and node.base.has(x))
        real = ball(branch, values).is_finite() and all(ball(base, values) > 0 for base in bases)
    return branch if real else None


def _is_regular(branch: sp.Expr | None, x: sp.Symbol, point: Point) -> bool:
    """Whether the expression is analytic at the point: no guard of it vanishes there."""
    assert branch is not None
    with precision(256):
        at = {x: ball_of(point, 256)}
        guards = (g for node in sp.preorder_traversal(branch) for _, g in _guards(node) if g.has(x))
        return all(not ball(guard, at).contains(0) for guard in guards)


def _cut(
    phi: sp.Expr, x: sp.Symbol, at: _Guarded, before: sp.Expr | None, after: sp.Expr | None
) -> Cut | None:
    """The cut at a zero of a guard; None where φ is not real on either side, or goes on as one expression
    analytic there.
    """
    if before == after and (before is None or _is_regular(before, x, at.point)):
        return None
    left = None if before is None else behaviour(before, x, End(at.point, -1))
    right = None if after is None else behaviour(after, x, End(at.point, 1))
    return Cut(at.point, at.kind, at.guard, _join(phi, x, at.point, left, right), left, right)


def _join(phi: sp.Expr, x: sp.Symbol, point: Point, left: Behaviour | None, right: Behaviour | None) -> Join:
    if left is None or right is None:
        return "edge"
    approaches = left.phi, right.phi, left.slope, right.slope
    if any(approach.limit is None for approach in approaches):
        raise NotImplementedError(f"the function oscillates towards {point}")
    if left.phi.ball is None or right.phi.ball is None:
        return "pole"
    if not _is_continuous(phi, x, point) and not _equal(left.phi, right.phi, point):
        return "jump"
    if left.slope.ball is None or right.slope.ball is None:
        return "cusp"
    if not _equal(left.slope, right.slope, point):
        return "kink"
    return "smooth" if _is_defined(phi, x, point) else "removable"


def _is_continuous(phi: sp.Expr, x: sp.Symbol, point: Point) -> bool:
    """Whether only continuous switches (|·|, max, min) of φ turn at the point, whatever their arguments."""
    continuous = (sp.Abs, sp.Max, sp.Min)
    guards = {
        guard
        for node in sp.preorder_traversal(phi)
        if not isinstance(node, continuous)
        for _, guard in _guards(node)
        if guard.has(x)
    }
    with precision(256):
        at = {x: ball_of(point, 256)}
        return all(not ball(guard, at).contains(0) for guard in guards)


def _equal(p: Approach, q: Approach, point: Point) -> bool:
    """Whether two finite limits at the point are equal, with proof."""
    assert p.ball is not None and q.ball is not None and p.limit is not None and q.limit is not None
    difference = p.limit - q.limit
    if difference == 0:
        return True
    if not p.ball.overlaps(q.ball):
        return False
    if isinstance(point, NamedRoot):
        if vanishes_with(difference, point.equation.lhs - point.equation.rhs, point):
            return True
        with precision(512):
            if not ball(difference, {point.symbol: point.ball(512)}).contains(0):
                return False
        raise NotImplementedError(f"whether {p.limit} and {q.limit} are equal is not decided")
    return sign_of(difference) == 0


def _is_defined(phi: sp.Expr, x: sp.Symbol, point: Point) -> bool:
    if isinstance(point, NamedRoot):
        with precision(128):
            return bool(ball(phi, {x: point.ball(128)}).is_finite())
    try:
        value = phi.subs(x, point)
    except (TypeError, ValueError):  # a maximum of what is undefined
        return False
    return bool(value.is_finite) and not value.has(sp.nan, sp.zoo)


_TURNING = (sp.sin, sp.cos, sp.tan, sp.sec, sp.csc, sp.cot)


def period_of(phi: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """A period of φ, or of φ less a linear term, when x stands in sin, cos, tan of linear functions only
    whose rates have a common divisor; a half or a third of it where that is proved to do.
    """
    turning = sp.Add(*(term for term in sp.Add.make_args(sp.expand_mul(phi)) if not _is_linear(term, x)))
    nodes = [node for node in turning.atoms(*_TURNING) if node.has(x) and not sp.diff(node.args[0], x).has(x)]
    if not nodes or turning.xreplace({node: sp.Dummy() for node in nodes}).has(x):
        return None
    rates = [sp.diff(node.args[0], x) for node in nodes]
    quotients = [sp.nsimplify(rate / rates[0]) if rate != rates[0] else sp.S.One for rate in rates]
    if not all(q.is_Rational for q in quotients):
        return None
    period = 2 * sp.pi / abs(rates[0] * reduce(sp.gcd, quotients))
    for part in (2, 3):
        while _repeats(turning, x, period / part):
            period /= part
    return period


def _is_linear(term: sp.Expr, x: sp.Symbol) -> bool:
    return bool(term.is_polynomial(x) and sp.degree(term, x) <= 1) if term.has(x) else False


def _repeats(f: sp.Expr, x: sp.Symbol, period: sp.Expr) -> bool:
    here, there = sp.Rational(3, 7), sp.Rational(3, 7) + period
    with precision(128):
        if not (ball(f, {x: ball(there)}) - ball(f, {x: ball(here)})).contains(0):
            return False
    return is_zero(f.subs(x, x + period) - f)


def _start(phi: sp.Expr, x: sp.Symbol) -> sp.Rational:
    """A rational number where no guard of φ vanishes."""
    guards = {guard for node in sp.preorder_traversal(phi) for _, guard in _guards(node) if guard.has(x)}
    with precision(128):
        for number in (sp.Integer(0), *(sp.Rational(k, 7) for k in range(1, 50))):
            values = [ball(guard, {x: ball(number)}) for guard in guards]
            if not any(value.contains(0) for value in values):
                return number
    raise NotImplementedError("no rational point that is not a cut was found")
