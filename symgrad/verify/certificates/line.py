"""The line of a certificate: φ, its cuts, the ends of intervals, and jets of φ on one side of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import ball
from symgrad.symbolic.germs.behaviour import End as GermEnd
from symgrad.symbolic.germs.behaviour import behaviour
from symgrad.symbolic.letters import x
from symgrad.symbolic.zeros.roots import NamedRoot
from symgrad.verify.certificates.jets import Jet, SwitchSign, UndecidedError, holds, jet, sign_over
from symgrad.verify.certificates.numbers import exact_zero
from symgrad.verify.certificates.reading import MalformedError, Span
from symgrad.verify.certificates.values import value

__all__ = ["End", "Line", "Point"]

BUDGET = 10_000
"""Bisections of one interval before the check gives up."""
TAYLOR = 4
"""Terms of Taylor's formula where balls alone are too wide."""
STEP_ASIDE = arb(2) ** -64
"""From a cut into the interval, to see which branch holds there."""
OFF_CENTRE = arb(0.46875)
"""Where intervals are cut: beside the middle, so that a point singled out by symmetry is inside a ball."""
TOUCHING, SIMPLE, ORDERS = arb(0.1), 9, 4
"""Where a switch that touches 0 is looked for: on balls so short, at fractions with denominators below that,
with the first derivative that is not 0 of that order at most.
"""
BRANCHING = (sp.Piecewise, sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min)
LAST = " + period"


@dataclass(frozen=True)
class Point:
    """A cut: exact or isolated in [lo, hi], the zero or pole of `switch`."""

    index: int
    exact: sp.Expr | None
    lo: fmpq
    hi: fmpq
    switch: sp.Expr
    joins: str


@dataclass(frozen=True)
class End:
    """An end of an interval: a rational number, a cut (perhaps a period on) or ±oo, inside [lo, hi]."""

    text: str
    lo: arb
    hi: arb
    exact: sp.Expr | None = None
    cut: Point | None = None
    shifted: bool = False

    @property
    def infinite(self) -> bool:
        """Whether it is ±oo."""
        return not self.lo.is_finite()

    def vanishes(self, switch: sp.Expr) -> bool:
        """Whether the switch is proved to be 0 at this end."""
        if self.exact is not None:
            return exact_zero(switch.xreplace({x: self.exact}))
        if self.cut is None or self.shifted:
            return False
        return any((switch - sign * self.cut.switch).expand() == 0 for sign in (1, -1))


def _arguments(expr: sp.Expr) -> set[sp.Expr]:
    """What stands under a root or a logarithm wherever φ is evaluated (a branch is not, everywhere)."""
    if isinstance(expr, sp.Piecewise):
        return set()
    found = set().union(*map(_arguments, expr.args))
    if isinstance(expr, sp.log):
        found.add(expr.args[0])
    elif isinstance(expr, sp.Pow) and not expr.exp.is_integer and expr.base is not sp.E:
        found.add(expr.base)
    return found


def _switches(expr: sp.Expr) -> set[sp.Expr]:
    """What decides between branches."""
    found: set[sp.Expr] = set()
    for node in sp.preorder_traversal(expr):
        if isinstance(node, sp.Abs | sp.sign | sp.Heaviside):
            found.add(node.args[0])
        elif isinstance(node, sp.Max | sp.Min):
            found |= {p - q for p, q in combinations(node.args, 2)}
        elif isinstance(node, sp.core.relational.Relational):
            found.add(node.lhs - node.rhs)
    return {switch for switch in found if switch.has(x)}


Near = tuple[tuple[End, int], ...]
"""Ends that a ball touches, each with the side of it that the ball lies on (1: to the right)."""


@dataclass(frozen=True)
class Line:
    """φ with its cuts, and the text of the end at which the intervals start; everything is evaluated at the
    precision in force.
    """

    phi: sp.Expr
    cuts: tuple[Point, ...]
    period: sp.Expr | None
    start: str

    def end(self, text: str) -> End:
        """The end that a text names."""
        if text in ("oo", "-oo"):
            place = arb.pos_inf() if text == "oo" else arb.neg_inf()
            return End(text, place, place)
        shifted = text.endswith(LAST)
        if shifted and self.period is None:
            raise MalformedError(f"end {text[:40]!r}: there is no period")
        start = self._start(text.removesuffix(LAST))
        if not shifted or self.period is None:
            return start
        step = ball(self.period)
        exact = None if start.exact is None else start.exact + self.period
        return End(text, (start.lo + step).lower(), (start.hi + step).upper(), exact, start.cut, True)

    def _start(self, text: str) -> End:
        if text.startswith("cut "):
            index = text.removeprefix("cut ")
            if not index.isdecimal() or len(index) > 4 or int(index) >= len(self.cuts):
                raise MalformedError(f"end {text[:40]!r}: there is no such cut")
            point = self.cuts[int(index)]
            return End(text, arb(point.lo).lower(), arb(point.hi).upper(), point.exact, point)
        given = value(text)
        return End(text, given.ball.lower(), given.ball.upper(), given.exact)

    def jet(self, over: arb, order: int, near: Near = ()) -> Jet:
        """The jet of φ over a ball that touches the ends `near`."""
        return jet(self.phi, x, over, order, _switch_sign(near, over))

    def within(self, span: Span, order: int, over: arb, near: Near) -> bool:
        """Whether φ^(order) is proved to lie in `span` on a ball: directly, or by Taylor's formula there."""
        terms = self.jet(over, order + TAYLOR, near)
        if span.contains(terms[order] * factorial(order)):
            return True
        middle = over.mid()
        centre, reach = self.jet(middle, order + TAYLOR - 1), over - middle
        value = comb(order + TAYLOR, order) * terms[order + TAYLOR]
        for k in reversed(range(TAYLOR)):
            value = comb(order + k, order) * centre[order + k] + value * reach
        return span.contains(value * factorial(order))

    def beside(self, end: End, side: int, order: int) -> Jet:
        """The jet of φ at an end, as the limit from one side."""
        return self.jet(end.lo.union(end.hi), order, ((end, side),))

    def holds(self, left: End, right: End, test: Callable[[arb, Near], bool]) -> bool:
        """Whether `test` holds on balls that cover [left, right]; those where it does not are halved."""
        stack: list[tuple[arb, arb, End | None, End | None]] = [(left.lo, right.hi, left, right)]
        for _ in range(BUDGET):
            if not stack:
                return True
            a, b, before, after = stack.pop()
            near = tuple((end, side) for end, side in ((before, 1), (after, -1)) if end is not None)
            touched = None
            try:
                if test(a.union(b), near):
                    continue
            except UndecidedError as error:
                touched = self._touched(error.switch, a, b)
            if touched is not None:
                stack.append((touched.lo, b, touched, after))
                stack.append((a, touched.hi, before, touched))
                continue
            middle = (a + (b - a) * OFF_CENTRE).mid()
            if not a < middle < b or self._inside(middle, (left, right)):
                return False
            stack += [(middle, b, None, after), (a, middle, before, None)]
        return False

    def undefined(self, left: End, right: End) -> bool:
        """Whether φ is not real on the whole open interval: a root or a logarithm of a negative number."""
        return any(self._negative(argument, left, right) for argument in _arguments(self.phi))

    def _negative(self, argument: sp.Expr, left: End, right: End) -> bool:
        ends = [left, right]
        for i, end in enumerate(ends):
            if not end.infinite:
                continue
            try:
                found = behaviour(argument, x, GermEnd(sp.oo if i else -sp.oo))
            except NotImplementedError:
                return False
            reach = arb(found.R) * (1 if i else -1)
            approached = found.phi_limit in (0, -sp.oo) and found.phi.side == -1
            if not (approached or found.phi.range < 0):
                return False
            ends[i] = End("", reach, reach)
        if not ends[0].hi < ends[1].lo:
            return True

        def test(over: arb, near: Near) -> bool:
            return sign_over(argument, x, over, _switch_sign(near, over)) < 0

        return self.holds(ends[0], ends[1], test)

    def settled(self, end: GermEnd, R: fmpq) -> bool:
        """Whether every switch of φ keeps its sign on the neighbourhood X ≥ R of an end."""
        return all(self._keeps_sign(switch, end, R) for switch in _switches(self.phi))

    def _keeps_sign(self, switch: sp.Expr, end: GermEnd, R: fmpq) -> bool:
        """By the germ as far as it reaches, by balls from there on inwards."""
        for factor in (1, 4, 16):
            found = behaviour(switch, x, end, R * factor)
            side = found.phi.side if found.phi_limit in (0, sp.oo, -sp.oo) else None
            if side is not None or found.phi.range > 0 or found.phi.range < 0:
                break
        else:
            return False
        if found.R <= R:
            return True
        if not end.infinite:
            return False
        near, far = arb(R), arb(found.R)
        ends = (near, far) if end.point is sp.oo else (-far, -near)
        left, right = (End("", place.lower(), place.upper()) for place in ends)
        return self.holds(left, right, lambda over, _: sign_over(switch, x, over) != 0)

    def root(self, cut: Point) -> NamedRoot:
        """A cut without a closed form, as the germs take it."""
        letter = sp.Dummy("p", real=True)
        equation = sp.Eq(cut.switch.xreplace({x: letter}), 0, evaluate=False)
        lo, hi = (sp.Rational(int(end.p), int(end.q)) for end in (cut.lo, cut.hi))
        return NamedRoot(letter, equation, lo, hi, lambda bits: arb(cut.lo).union(arb(cut.hi)))

    def _touched(self, switch: sp.Expr | None, a: arb, b: arb) -> End | None:
        """A simple rational point of (a, b) where the switch touches 0, and φ is the same on both sides."""
        if switch is None or switch.has(*BRANCHING) or b - a > TOUCHING:
            return None
        middle = ((a + b) / 2).mid()
        for denominator in range(1, SIMPLE):
            nearest = fmpq((middle * denominator + arb(0.5)).floor().mid().unique_fmpz() or 0, denominator)
            if not a < arb(nearest) < b:
                continue
            end = End("", arb(nearest), arb(nearest), sp.Rational(int(nearest.p), int(nearest.q)))
            terms = jet(switch, x, end.lo, ORDERS)
            for order in range(1, ORDERS + 1):
                if terms[order] > 0 or terms[order] < 0:
                    sides = [self.branch((end.lo + side * STEP_ASIDE).mid()) for side in (-1, 1)]
                    same = order % 2 == 0 or sides[0] == sides[1]
                    zero = end.vanishes(switch) and (order == 1 or _flat(switch, end, order))
                    return end if same and zero else None
        return None

    @staticmethod
    def _inside(point: arb, ends: Iterable[End]) -> bool:
        """Whether halving has come down to the enclosure of a cut itself."""
        return any(end.lo <= point <= end.hi for end in ends)

    def branch(self, inside: arb) -> sp.Expr:
        """The smooth expression that φ is near a point where no switch vanishes."""
        return _resolved(self.phi, inside)


def _switch_sign(near: Near, over: arb) -> SwitchSign:
    """Decides a switch on a ball that touches a point where it vanishes: by its first derivative there that
    does not, which has one sign on the whole ball.
    """

    def sign(switch: sp.Expr, coefficients: Jet) -> int:
        if all(coefficient == 0 for coefficient in coefficients):
            asides = ((over.mid() + side * STEP_ASIDE).mid() for _, side in near)
            if near and all(_resolved(switch, aside) == 0 for aside in asides):
                return 0
        for order in range(1, len(coefficients)):
            slope = coefficients[order]
            if not (slope > 0 or slope < 0):
                continue
            for end, side in near:
                beside = (over.mid() + side * STEP_ASIDE).mid()
                if end.vanishes(switch) and (order == 1 or _flat(_resolved(switch, beside), end, order)):
                    return int((1 if slope > 0 else -1) * side**order)
            break
        raise UndecidedError(f"the sign of {switch} is open", switch)

    return sign


def _flat(switch: sp.Expr, end: End, order: int) -> bool:
    """Whether the derivatives below `order` of a smooth switch that vanishes at the end vanish there too."""
    if end.exact is None:
        return False
    return all(exact_zero(sp.diff(switch, x, j).xreplace({x: end.exact})) for j in range(1, order))


def _resolved(expr: sp.Expr, at: arb) -> sp.Expr:
    """The branch of every switch that holds at the point, the rest unchanged."""
    if not expr.has(*BRANCHING):
        return expr

    def side(switch: sp.Expr) -> int:
        value = jet(switch, x, at, 0)[0]
        if value > 0 or value < 0:
            return 1 if value > 0 else -1
        if _resolved(switch, at) == 0:
            return 0
        raise UndecidedError(f"the sign of {switch} is open at {at}")

    if isinstance(expr, sp.Piecewise):
        for branch, condition in expr.args:
            if holds(condition, side):
                return _resolved(branch, at)
        raise UndecidedError("no branch holds")
    if isinstance(expr, sp.Max | sp.Min):
        best = expr.args[0]
        for other in expr.args[1:]:
            if (side(other - best) > 0) == isinstance(expr, sp.Max):
                best = other
        return _resolved(best, at)
    if isinstance(expr, sp.Abs):
        return side(expr.args[0]) * _resolved(expr.args[0], at)
    if isinstance(expr, sp.sign):
        return sp.Integer(side(expr.args[0]))
    if isinstance(expr, sp.Heaviside):
        return sp.Rational(1 + side(expr.args[0]), 2)
    return expr.func(*(_resolved(arg, at) for arg in expr.args))
