"""Zeros of exponential polynomials F(x) = Σ r_ij xⁱ e^{jcx}, isolated with proof over the whole real line.

Beyond ±R one term outweighs the sum of all others (each quotient decreases from R on, so one evaluation at R
proves it); inside, balls exclude intervals where F has no zero and keep those where F changes sign and F′
does not vanish, which hold exactly one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import precision

__all__ = ["ExponentialPolynomial", "IsolatedZero", "as_arb"]

_BITS = 128
_SMALLEST = sp.Rational(1, 2**40)
_BOXES = 50_000
"""Intervals examined before giving up: at large |x| exponentials keep only narrow ones tight."""


@dataclass(frozen=True)
class ExponentialPolynomial:
    """F by its terms {(i, j): r_ij}, rational, and the rate c > 0 or < 0, rational."""

    terms: Mapping[tuple[int, int], sp.Rational]
    c: sp.Rational

    def __call__(self, at: arb) -> arb:
        """F in balls, by Horner's rule in neither variable: few terms, and each power is a tight ball."""
        t = (at * as_arb(self.c)).exp()
        return sum((as_arb(r) * at**i * t**j for (i, j), r in self.terms.items()), arb(0))

    def derivative(self) -> ExponentialPolynomial:
        """F′: xⁱtʲ becomes i xⁱ⁻¹tʲ + jc xⁱtʲ."""
        terms: dict[tuple[int, int], sp.Rational] = {}
        for (i, j), r in self.terms.items():
            if i:
                terms[i - 1, j] = terms.get((i - 1, j), sp.Integer(0)) + i * r
            terms[i, j] = terms.get((i, j), sp.Integer(0)) + j * self.c * r
        return ExponentialPolynomial({key: r for key, r in terms.items() if r}, self.c)

    def reflected(self) -> ExponentialPolynomial:
        """x ↦ F(−x)."""
        return ExponentialPolynomial({(i, j): r * (-1) ** i for (i, j), r in self.terms.items()}, -self.c)

    def tail(self) -> sp.Integer:
        """R > 0 with no zero of F on [R, ∞); raises `NotImplementedError` when none is found up to 2³⁰."""
        growth = {(i, j): (j * self.c, i) for i, j in self.terms}
        leading = max(self.terms, key=growth.__getitem__)
        rate, power = growth[leading]
        others = [
            (growth[key][1] - power, growth[key][0] - rate, abs(r))
            for key, r in self.terms.items()
            if key != leading
        ]
        radius = sp.Integer(1)
        while radius < 2**30:
            decreasing = all(p <= 0 or p <= -s * radius for p, s, _ in others)
            with precision(_BITS):
                at = as_arb(radius)
                rest = sum((as_arb(r) * at**p * (at * as_arb(s)).exp() for p, s, r in others), arb(0))
                if decreasing and rest < as_arb(abs(self.terms[leading])):
                    return radius
            radius *= 2
        raise NotImplementedError("no bound on the zeros found")

    def isolate(self) -> tuple[IsolatedZero, ...]:
        """Every zero of F, each alone in its interval, from left to right; all zeros must be simple.

        Raises `NotImplementedError` at a zero that is not simple (where no interval separates F from 0).
        """
        lo, hi = -self.reflected().tail(), self.tail()
        slope = self.derivative()
        found: list[IsolatedZero] = []
        open_intervals = [(lo, sp.Rational(0)), (sp.Rational(0), hi)]
        boxes = 0
        with precision(_BITS):
            if self(arb(0)).contains(0):
                raise NotImplementedError("a zero at 0 that is not a factor x")
            while open_intervals:
                left, right = open_intervals.pop()
                boxes += 1
                if boxes > _BOXES:
                    raise NotImplementedError("too many intervals to search for zeros")
                box = as_arb(left).union(as_arb(right))
                if not self(box).contains(0):
                    continue
                if not slope(box).contains(0):
                    ends = self(as_arb(left)) * self(as_arb(right))
                    if ends < 0:
                        found.append(IsolatedZero(self, left, right))
                    elif not ends > 0:
                        raise NotImplementedError(f"a zero too near to {float(left)} or {float(right)}")
                    continue
                if right - left < _SMALLEST:
                    raise NotImplementedError(f"a zero near {float(left)} is not proved simple")
                middle = (left + right) / 2
                if self(as_arb(middle)).contains(0):
                    middle = (4 * left + 3 * right) / 7
                open_intervals += [(left, middle), (middle, right)]
        return tuple(sorted(found, key=lambda zero: zero.lo))


@dataclass(frozen=True)
class IsolatedZero:
    """The only zero of F in [lo, hi], where F changes sign and F′ ≠ 0."""

    f: ExponentialPolynomial
    lo: sp.Rational
    hi: sp.Rational

    def edges(self) -> tuple[arb, arb]:
        """The ends of the interval as balls."""
        return as_arb(self.lo), as_arb(self.hi)

    def ball(self, bits: int) -> arb:
        """A ball of about `bits` bits that contains the zero: interval Newton steps, each of which keeps it
        inside.
        """
        slope = self.f.derivative()
        with precision(bits + 32):
            box = as_arb(self.lo).union(as_arb(self.hi))
            for _ in range(200):
                middle = box.mid()
                step = middle - self.f(middle) / slope(box)
                narrower = step.intersection(box)
                if narrower.rad() >= box.rad() * arb("0.9"):
                    return narrower
                box = narrower
        return box


def as_arb(number: sp.Expr) -> arb:
    """A rational number as an exact ball (exact up to the working precision)."""
    rational = sp.Rational(number)
    return arb(fmpq(int(rational.p), int(rational.q)))
