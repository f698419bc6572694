"""All zeros of a smooth function on an interval or the whole line, each alone in its bracket, with proof.

Near each end, finite or infinite, the germ of the function shows a sign; between, balls exclude boxes where
the function or, on boxes where it does change sign, its derivative has no zero. A zero of any multiplicity
is taken where it is an exactly known point: the germs on both sides show that it is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.germs.behaviour import BITS, End, settle
from symgrad.symbolic.germs.constants import as_sympy, is_zero
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.ranges.jets import Jet, jet

__all__ = ["Point", "as_rational", "ball_of", "isolate", "rational_beside"]

Point: TypeAlias = sp.Expr | NamedRoot
_BOXES = 20_000
"""Boxes examined before giving up."""
_SHORT, _SHORTEST = fmpq(1, 1 << 20), fmpq(1, 1 << 96)
"""Lengths at which an exact zero is looked for, and at which the search is given up."""
_REFINED = 320
"""Bits to which a zero is refined before an exact form is looked for."""
_DENOMINATOR = 10**6


def isolate(g: sp.Expr, x: sp.Symbol, lo: End, hi: End, names: Iterator[sp.Symbol]) -> tuple[Point, ...]:
    """Every zero of g on the open interval between two ends, from left to right; g is real and smooth there.

    A zero is an exact number where one is recognised and proved, else a `NamedRoot` called by the next of
    `names`. A function that is zero everywhere has no isolated zeros: (). Raises `NotImplementedError` where
    the list is not proved complete within the limit of boxes.
    """
    found: list[Point] = []
    for factor in _factors(g):
        new = _of_factor(factor, x, lo, hi, names) if factor.has(x) else []
        found += [point for point in new if not any(_same(point, other) for other in found)]
    return tuple(sorted(found, key=lambda point: float(ball_of(point, 64).mid())))


def ball_of(point: Point, bits: int) -> arb:
    """A ball of about that many bits that contains the point (±oo as infinite balls)."""
    if isinstance(point, NamedRoot):
        return point.ball(bits)
    if point.is_infinite:
        return arb.pos_inf() if point > 0 else arb.neg_inf()
    with precision(bits):
        return ball(point)


def _same(p: Point, q: Point) -> bool:
    if not ball_of(p, _REFINED).overlaps(ball_of(q, _REFINED)):
        return False
    if p == q or (not isinstance(p, NamedRoot) and not isinstance(q, NamedRoot) and is_zero(p - q)):
        return True
    raise NotImplementedError(f"whether {p} and {q} are one point is not decided")


def _factors(g: sp.Expr) -> Iterator[sp.Expr]:
    """Functions whose zeros together are those of g."""
    for factor in sp.Mul.make_args(g):
        if isinstance(factor, sp.Pow) and factor.base is not sp.E:
            if factor.exp.is_positive:
                yield from _factors(factor.base)
            elif not factor.exp.is_number:
                yield factor
        elif not isinstance(factor, sp.exp):
            yield factor


def _of_factor(g: sp.Expr, x: sp.Symbol, lo: End, hi: End, names: Iterator[sp.Symbol]) -> list[Point]:
    if g.is_polynomial(x):
        exact = _polynomial(sp.Poly(g, x))
        if exact is not None:
            return [root for root in exact if _between(lo, root, hi)]
    with precision(BITS):
        return _Search(g, x, jet(g, x), names).zeros(lo, hi)


def _polynomial(poly: sp.Poly) -> list[sp.Expr] | None:
    if poly.degree() == 1:
        return [sp.simplify(-poly.coeff_monomial(1) / poly.LC())]
    if all(c.is_Rational for c in poly.all_coeffs()):
        return list(dict.fromkeys(sp.real_roots(poly)))
    return None


def _between(lo: End, point: Point, hi: End) -> bool:
    at = ball_of(point, BITS)
    left, right = at - ball_of(lo.point, BITS), ball_of(hi.point, BITS) - at
    if left > 0 and right > 0:
        return True
    if left < 0 or right < 0:
        return False
    return not any(not end.infinite and _same(point, end.point) for end in (lo, hi))


def rational_beside(end: End, radius: fmpq) -> fmpq:
    """A rational point of the neighbourhood X ≥ radius of an end, half its width from the end."""
    if end.infinite:
        return radius if end.point is sp.oo else -radius
    width = 1 / radius
    near = ball_of(end.point, 64 + 2 * int(radius.p).bit_length())
    scale = int(8 * radius) * 8
    middle = as_rational((near.mid() * scale).floor()) / scale
    beside = middle + end.side * width / 2
    distance = end.side * (arb(beside) - near)
    if not (distance > 0 and distance < arb(width)):
        raise NotImplementedError(f"no rational point beside {end}")
    return beside


@dataclass(frozen=True)
class _Search:
    g: sp.Expr
    x: sp.Symbol
    jet: Jet
    names: Iterator[sp.Symbol]

    def free(self, end: End) -> fmpq | None:
        """A rational point such that g ≠ 0 between it and the end; None where g is 0 there."""
        sign, radius = settle(
            self.x, end, lambda at: (at(self.g, 0)[0].sign(), at.frame.radius), derivatives=0
        )
        return rational_beside(end, radius) if sign else None

    def zeros(self, lo: End, hi: End) -> list[Point]:
        left, right = self.free(lo), self.free(hi)
        if left is None or right is None:
            return []
        if not left < right:  # the neighbourhoods overlap
            return []
        exact: list[Point] = []
        brackets: list[tuple[fmpq, fmpq]] = []
        boxes = [(left, right)]
        for _ in range(_BOXES):
            if not boxes:
                return exact + [self.named(a, b) for a, b in sorted(brackets)]
            a, b = boxes.pop()
            status = self.examine(a, b)
            if status == "one":
                brackets.append((a, b))
            if status != "open":
                continue
            point = self.exact_near(a, b) if b - a < _SHORT else None
            if point is not None:
                exact.append(point)
                at = ball(point)
                brackets = [(p, q) for p, q in brackets if at < arb(p) or at > arb(q)]
                boxes = self.without(point, [*boxes, (a, b)])
            elif b - a < _SHORTEST:
                raise NotImplementedError(f"a zero near {float(arb(a).mid())} is not proved alone")
            else:
                middle = self.middle(a, b)
                boxes += [(a, middle), (middle, b)]
        raise NotImplementedError("too many intervals to search for zeros")

    def middle(self, a: fmpq, b: fmpq) -> fmpq:
        """A point near the middle where g is seen not to vanish, if one of three is."""
        for weight in (fmpq(1, 2), fmpq(3, 7), fmpq(7, 13)):
            point = a + (b - a) * weight
            if not self.jet.value(arb(point)).contains(0):
                return point
        return (a + b) / 2

    def examine(self, a: fmpq, b: fmpq) -> str:
        """ "none": no zero in [a, b]; "one": exactly one, inside, where g′ ≠ 0; "open": not settled.

        g and g′ are taken over the box by themselves and by Taylor's formula at its centre.
        """
        box = arb(a).union(arb(b))
        value, slope, bend = self.jet.coefficients(box, 2)
        if not value.contains(0):
            return "none"
        centre, step = box.mid(), box - box.mid()
        at, rate = self.jet.coefficients(centre, 1)
        if not (at + step * (rate + bend * step)).contains(0):
            return "none"
        rising = rate + 2 * bend * step
        if (slope.contains(0) or not slope.is_finite()) and (rising.contains(0) or not rising.is_finite()):
            return "open"
        ends = self.jet.value(arb(a)) * self.jet.value(arb(b))
        return "one" if ends < 0 else "none" if ends > 0 else "open"

    def refined(self, a: fmpq, b: fmpq, bits: int) -> arb:
        """The only zero in [a, b], where g changes sign, by halving and by Newton's step on whole boxes."""
        with precision(bits + 32):
            rising = self.jet.value(arb(b)) > 0
            box = arb(a).union(arb(b))
            while True:
                middle = box.mid()
                value, slope = self.jet.value(middle), self.jet.coefficients(box, 1)[1]
                if not slope.contains(0):
                    narrower = (middle - value / slope).intersection(box)
                elif value.contains(0):
                    return box
                else:
                    beyond = box.lower() if (value > 0) == rising else box.upper()
                    narrower = middle.union(beyond)
                if narrower.rad() >= box.rad() * arb("0.9"):
                    return narrower
                box = narrower

    def named(self, a: fmpq, b: fmpq) -> Point:
        """The only zero in [a, b], exact where it is recognised."""
        near = self.refined(a, b, _REFINED)
        exact = next((c for c in self.candidates(near) if self.vanishes(c)), None)
        if exact is not None:
            return exact
        symbol = next(self.names)
        if a >= 0:
            symbol = sp.Symbol(symbol.name, positive=True)
        equation = sp.Eq(self.g.subs(self.x, symbol), 0, evaluate=False)
        return NamedRoot(symbol, equation, as_sympy(a), as_sympy(b), lambda bits: self.refined(a, b, bits))

    def candidates(self, near: arb) -> Iterator[sp.Expr]:
        """Exact numbers in the ball that may be the zero."""
        with precision(_REFINED):
            for number in (*_inverted(self.g, self.x), *_recognised(near)):
                try:
                    if ball(number).overlaps(near):
                        yield number
                except NotImplementedError:
                    continue

    def exact_near(self, a: fmpq, b: fmpq) -> sp.Expr | None:
        """A recognised zero in the short interval [a, b], or so near that balls do not tell."""
        near = arb(a).union(arb(b)) + arb(0, 1) * (8 * arb(b - a))
        return next((c for c in self.candidates(near) if self.vanishes(c)), None)

    def vanishes(self, number: sp.Expr) -> bool:
        """Whether g(number) = 0, by exact arithmetic after a look at 300 digits."""
        with precision(1024):
            if not ball(self.g, {self.x: ball(number)}).contains(0):
                return False
        return is_zero(self.g.subs(self.x, number))

    def without(self, point: sp.Expr, boxes: list[tuple[fmpq, fmpq]]) -> list[tuple[fmpq, fmpq]]:
        """The boxes outside the neighbourhood of a zero in which it is alone."""
        left, right = self.free(End(point, -1)), self.free(End(point, 1))
        if left is None or right is None:
            raise NotImplementedError(f"the zero at {point} is not isolated")
        rest: list[tuple[fmpq, fmpq]] = []
        for a, b in boxes:
            if a < left:
                rest.append((a, min(b, left)))
            if b > right:
                rest.append((max(a, right), b))
        return rest


_FORMS: tuple[tuple[Callable[[arb], arb], Callable[[sp.Rational], sp.Expr]], ...] = (
    (lambda z: z, lambda q: q),
    (lambda z: z.exp(), sp.log),
    (lambda z: (2 * z).exp(), lambda q: sp.log(q) / 2),
    (lambda z: z / arb.pi(), lambda q: q * sp.pi),
    (lambda z: z * z, sp.sqrt),
    (lambda z: z * z, lambda q: -sp.sqrt(q)),
    (lambda z: z.tan(), sp.atan),
    (lambda z: z.sinh(), sp.asinh),
)
"""A real number by a rational one: what to look at, and the number itself."""


def _recognised(near: arb) -> Iterator[sp.Expr]:
    """Real numbers of a few forms by the simplest rational number."""
    for look, form in _FORMS:
        seen = look(near)
        nearest = _simplest(seen) if seen.is_finite() and abs(seen) < 10**12 else None
        if nearest is not None:
            number = form(nearest)
            if number.is_real:
                yield number


_TURNS = range(-4, 5)
_INVERSES: dict[type, Callable[[sp.Expr], tuple[sp.Expr, ...]]] = {
    sp.exp: lambda c: (sp.log(c),),
    sp.log: lambda c: (sp.exp(c),),
    sp.tanh: lambda c: (sp.log((1 + c) / (1 - c)) / 2,),
    sp.sinh: lambda c: (sp.asinh(c),),
    sp.asinh: lambda c: (sp.sinh(c),),
    sp.cosh: lambda c: (sp.acosh(c), -sp.acosh(c)),
    sp.atan: lambda c: (sp.tan(c),),
    sp.sin: lambda c: tuple(turn * sp.pi + (-1) ** turn * sp.asin(c) for turn in _TURNS),
    sp.cos: lambda c: tuple(2 * turn * sp.pi + side * sp.acos(c) for turn in _TURNS for side in (-1, 1)),
    sp.tan: lambda c: tuple(turn * sp.pi + sp.atan(c) for turn in _TURNS),
}
"""What u may be when f(u) = c; of periodic functions a few turns."""


def _inverted(g: sp.Expr, x: sp.Symbol) -> list[sp.Expr]:
    """Solutions of g = 0 where x stands in one place only, from the outermost operation inwards."""
    found, open_equations = [], [(g, sp.Integer(0))]
    while open_equations:
        f, c = open_equations.pop()
        if f == x:
            found.append(c)
        inner = [arg for arg in f.args if arg.has(x)]
        if len(inner) != 1:
            continue
        u = inner[0]
        if isinstance(f, sp.Add):
            open_equations.append((u, c - (f - u)))
        elif isinstance(f, sp.Mul):
            open_equations.append((u, c / (f / u)))
        elif isinstance(f, sp.Pow) and isinstance(f.exp, sp.Rational):
            root = c ** (1 / f.exp)
            open_equations += [(u, root), (u, -root)]
        elif f.func in _INVERSES:
            open_equations += [(u, value) for value in _INVERSES[f.func](c)]
    return [number for number in found if number.is_real]


def _simplest(z: arb) -> sp.Rational | None:
    """The simplest rational number in a ball, when its denominator is small."""
    lower, upper = (as_rational(end) for end in (z.lower(), z.upper()))
    simplest = _stern_brocot(lower, upper)
    return as_sympy(simplest) if simplest.q <= _DENOMINATOR else None


def as_rational(end: arb) -> fmpq:
    """The midpoint of a ball, exactly."""
    mantissa, exponent = end.mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _stern_brocot(lo: fmpq, hi: fmpq) -> fmpq:
    """The rational number of least denominator in [lo, hi]."""
    if lo <= 0 <= hi:
        return fmpq(0)
    if hi < 0:
        return -_stern_brocot(-hi, -lo)
    whole = -((-lo).floor())
    if fmpq(whole) <= hi:
        return fmpq(whole)
    below = fmpq(lo.floor())
    return below + 1 / _stern_brocot(1 / (hi - below), 1 / (lo - below))
