"""φφ″ folded at 0: what decides at which variances lengths and gradients can both stay.

dE φ²/dq − E φ′² = E φφ″ for x ~ N(0, q), where a jump of φ′ by d at a point c counts as φ(c) d there. In
s = 1/2q and t = x² that is a Laplace transform of g(x) = φ(x)φ″(x) + φ(−x)φ″(−x), x > 0, and by Descartes'
rule for these it has at most as many zeros as g changes sign.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, groupby, pairwise

import sympy as sp
from flint import acb, arb

from symgrad.symbolic.balls import ball, precision, sign_of
from symgrad.symbolic.complex_balls import analytic
from symgrad.symbolic.germs.behaviour import End, behaviour
from symgrad.symbolic.letters import x
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.zeros.cuts import Cuts
from symgrad.symbolic.zeros.isolation import Point, ball_of, isolate

__all__ = ["Folded", "folded"]

BITS = 192


@dataclass(frozen=True)
class Span:
    """g on an interval of x > 0."""

    left: sp.Expr
    right: sp.Expr
    g: sp.Expr

    @cached_property
    def zeros(self) -> tuple[arb, ...]:
        """Where g is 0, in balls."""
        names = (sp.Symbol(f"c_{k}", real=True) for k in count(1))
        right = End(self.right) if self.right is sp.oo else End(self.right, -1)
        return tuple(ball_of(zero, BITS) for zero in isolate(self.g, x, End(self.left, 1), right, names))

    @property
    def signs(self) -> tuple[int, ...]:
        """The sign of g between its zeros."""
        if self.g == 0:
            return ()
        with precision(BITS):
            ends = [ball(self.left), *self.zeros]
            last = ends[-1] + 2 if self.right is sp.oo else ball(self.right)
            middles = ((a + b) / 2 for a, b in pairwise([*ends, last]))
            values = [ball(self.g, {x: middle.mid()}) for middle in middles]
        if any(value.contains(0) or not value.is_finite() for value in values):
            raise NotImplementedError("the sign of φφ″ folded at 0 is not decided")
        return tuple(1 if value > 0 else -1 for value in values)

    def integral(self, radius: arb) -> arb:
        """∫ g, up to the radius."""
        right = radius if self.right is sp.oo else ball(self.right)
        return acb.integral(
            analytic(self.g, x), acb(ball(self.left)), acb(right), rel_tol=arb(2) ** -60, eval_limit=20_000
        ).real


@dataclass(frozen=True)
class Folded:
    """The proved signs of g from 0 outwards, `masses` included, without repetitions: () where g is 0.

    `signs[0]` is the sign of E φφ″ at all small variances.
    """

    signs: tuple[int, ...]
    spans: tuple[Span, ...]
    masses: sp.Expr

    @property
    def most(self) -> int:
        """As many zeros as E φφ″ can have at variances q > 0, each counted as often as it is one."""
        return max(len(self.signs) - 1, 0)

    @cached_property
    def total(self) -> int | None:
        """The sign of ∫ g + masses over x > 0, which is that of E φφ″ at all large variances; None where it
        is not decided. Arb's integrator goes up to R; beyond it g has its last sign and is at most
        sup |x² g|/x²."""
        if len(self.signs) < 2:
            return sum(self.signs)
        outermost, last = self.spans[-1], self.signs[-1]
        with precision(BITS):
            start = max(float((outermost.zeros or (ball(outermost.left),))[-1].upper()) + 1, 16.0)
            for times in (1, 8, 64):
                try:
                    tail = behaviour(x**2 * outermost.g, x, End(sp.oo), math.ceil(times * start))
                    inside = ball(self.masses)
                    inside += sum((span.integral(arb(tail.R)) for span in self.spans), arb(0))
                except NotImplementedError:
                    return None
                beyond = (abs(tail.phi.range) / arb(tail.R)).upper()
                if inside * last > 0 or (inside + last * beyond) * last < 0:
                    return last if inside * last > 0 else -last
        return None


def folded(phi: sp.Expr, found: Cuts) -> Folded:
    """The signs of φφ″ folded at 0, φ cut as `found`.

    Where φ² jumps by J at c there is J c/2q N(c; 0, q) besides: such a φ is taken where all signs agree.
    Raises `NotImplementedError` where φ is cut at points without a closed form, jumps otherwise, oscillates
    towards infinity, has no slopes beside a cut or is not defined on the whole line, and where a sign is not
    decided.
    """
    if found.period is not None:
        raise NotImplementedError("φφ″ has signs without end")
    if len(found.domain) != 1 or not all(end.infinite for end in found.domain[0]):
        raise NotImplementedError("φ is not defined on the whole line")
    spans, masses = tuple(_spans(found)), _masses(found)
    signs: list[int] = []
    for span in spans:
        signs += map(sign_of, masses.get(span.left, ()))
        signs += span.signs
    kept = tuple(sign for sign, _ in groupby(sign for sign in signs if sign))
    if len(kept) > 1 and any(cut.joins == "jump" for cut in found.points):
        raise NotImplementedError("φ jumps, and φφ″ has both signs")
    return Folded(kept, spans, sp.Add(*(at[0] for at in masses.values())))


def _spans(found: Cuts) -> Iterator[Span]:
    """g between the places where φ is cut on either side."""
    places = sorted({sp.S.Zero, *(abs(_exact(cut.point)) for cut in found.points)}, key=float)
    for left, right in pairwise([*places, sp.oo]):
        inside = float(left) + 1 if right is sp.oo else (float(left) + float(right)) / 2
        here, there = (_piece(found, side * inside) for side in (1, -1))
        bent = here * sp.diff(here, x, 2)
        mirrored = (there * sp.diff(there, x, 2)).xreplace({x: -x})
        yield Span(left, right, 2 * bent if mirrored == bent else bent + mirrored)


def _exact(point: Point) -> sp.Expr:
    if isinstance(point, NamedRoot):
        raise NotImplementedError("φ is cut at a point without a closed form")
    return point


def _piece(found: Cuts, at: float) -> sp.Expr:
    return next(
        piece
        for left, right, piece in found.pieces
        if float(_exact(left.point)) < at < float(_exact(right.point))
    )


def _masses(found: Cuts) -> dict[sp.Expr, list[sp.Expr]]:
    """|c| → what φφ′ jumps by at ±c, and where φ² jumps there, that jump times c."""
    masses: dict[sp.Expr, list[sp.Expr]] = {}
    for cut in found.points:
        if cut.joins in ("smooth", "removable"):
            continue
        if cut.joins not in ("kink", "jump") or cut.left is None or cut.right is None:
            raise NotImplementedError(f"φ has a {cut.joins} at {cut.point}")
        sides = [(side.phi_limit, side.limit) for side in (cut.left, cut.right)]
        (before, slope_before), (value, slope) = sides
        if before is None or value is None or slope_before is None or slope is None:
            raise NotImplementedError(f"φ and φ′ have no limits at {cut.point}")
        point = _exact(cut.point)
        at = masses.setdefault(abs(point), [sp.S.Zero, sp.S.Zero])
        at[0] += value * slope - before * slope_before
        if cut.joins == "jump":
            at[1] += (value**2 - before**2) * point
    return masses
