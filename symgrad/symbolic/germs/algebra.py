"""Germs at infinity: f(X) = Σ c·m(X) for all X ≥ R, the m monomials, each c exact or a ball.

A ball as coefficient stands for a function of X with values in it, so a Taylor remainder, an oscillation and
rounding are carried alike, and every statement read off a germ (a sign, a range) holds on all of [R, ∞).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.germs.constants import ONE, ZERO, Constant, interval, known, rational
from symgrad.symbolic.germs.monomials import (
    BY_GROWTH,
    LOG,
    LOG_LOG,
    UNIT,
    Monomial,
    RadiusError,
    UndecidedError,
    exponential,
    growth,
    power,
    product,
    ratio,
    sup,
)

__all__ = [
    "DomainError",
    "Frame",
    "Germ",
    "OrderError",
    "exp",
    "log",
    "monomial",
    "number",
    "raised",
    "taylor",
]


class OrderError(UndecidedError):
    """The terms kept do not show the leading one; more terms may."""


class DomainError(NotImplementedError):
    """The function is not real there."""


@dataclass(frozen=True)
class Frame:
    """Where and how finely: X ≥ radius, and `order` terms of each Taylor series."""

    radius: fmpq
    order: int


@dataclass(frozen=True)
class Germ:
    """Σ c·m for X ≥ R, in falling order of growth; no terms is the function 0."""

    frame: Frame
    terms: tuple[tuple[Monomial, Constant], ...]

    def __add__(self, other: Germ) -> Germ:
        return collect(self.frame, self.terms + other.terms)

    def __neg__(self) -> Germ:
        return Germ(self.frame, tuple((m, -c) for m, c in self.terms))

    def __sub__(self, other: Germ) -> Germ:
        return self + -other

    def __mul__(self, other: Germ) -> Germ:
        pairs = [(product(m, n), c * d) for m, c in self.terms for n, d in other.terms]
        return collect(self.frame, pairs)

    def scaled(self, c: Constant) -> Germ:
        """c·f."""
        return (
            Germ(self.frame, tuple((m, c * d) for m, d in self.terms))
            if c.exact != 0
            else number(self.frame, ZERO)
        )

    @property
    def leading(self) -> tuple[Monomial, Constant]:
        """The fastest growing term; `OrderError` where its coefficient may be 0."""
        m, c = self.terms[0]
        if c.sign is None:
            raise OrderError("the leading coefficient may be 0")
        return m, c

    def relative(self) -> Germ:
        """s with f = c·m·(1 + s), c·m the leading term."""
        m, c = self.leading
        inverse = c.power(fmpq(-1))
        return Germ(self.frame, tuple((ratio(n, m), d * inverse) for n, d in self.terms[1:]))

    def split(self) -> tuple[Germ, Constant, Germ]:
        """The parts that tend to ±∞, the constant, the part that tends to 0."""
        above = tuple(pair for pair in self.terms if growth(pair[0]) > 0)
        below = tuple(pair for pair in self.terms if growth(pair[0]) < 0)
        middle = next((c for m, c in self.terms if m == UNIT), ZERO)
        return Germ(self.frame, above), middle, Germ(self.frame, below)

    def limit(self) -> sp.Expr:
        """The limit, exact or ±oo; `OrderError` where an inexact coefficient may hide it or there is none."""
        above, c, _ = self.split()
        if above.terms:
            return sp.oo * (above.leading[1].sign or 0)
        exact = c.sympy()
        if exact is None:
            raise OrderError("the limit is not exact")
        return exact

    def bound(self) -> arb:
        """An upper bound of |f| over X ≥ R, for terms that are all bounded; else `RadiusError`."""
        return sum((abs(c.ball) * sup(m, self.frame.radius) for m, c in self.terms), arb(0)).upper()

    def sign(self) -> int:
        """The sign −1, 0 or 1 that f has on all of X ≥ R; `UndecidedError` where it is not proved."""
        if not self.terms:
            return 0
        _, c = self.leading
        opposed = [(m, d) for m, d in self.relative().terms if d.sign != 1]
        if not Germ(self.frame, tuple(opposed)).bound() < 1:
            raise RadiusError("the leading term does not outweigh the others yet")
        assert c.sign is not None
        return c.sign

    def range(self) -> arb:
        """A ball that contains f(X) for all X ≥ R (all of the line where f is unbounded)."""
        total = arb(0)
        for m, c in self.terms:
            kind = growth(m)
            if kind > 0:
                return arb("[0 +/- inf]")
            total += c.ball if kind == 0 else c.ball * arb(0).union(sup(m, self.frame.radius))
        return total


def collect(frame: Frame, pairs: Iterable[tuple[Monomial, Constant]]) -> Germ:
    """The sum of the terms, like ones joined, sorted; beyond the room small ones join larger ones."""
    total: dict[Monomial, Constant] = {}
    for m, c in pairs:
        total[m] = total[m] + c if m in total else c
    kept = [(m, c) for m, c in total.items() if c.exact is None or c.sign != 0]
    if len(kept) > 1:
        kept.sort(key=lambda pair: BY_GROWTH(pair[0]))
    room = 2 * frame.order + 2
    while len(kept) > room:
        k = _least_missed(kept, room // 2)
        (m, c), (n, d) = kept[k : k + 2]
        smaller = arb(0).union(sup(ratio(n, m), frame.radius))
        kept[k : k + 2] = [(m, interval(c.ball + d.ball * smaller))]
    return Germ(frame, tuple(kept))


def _least_missed(kept: list[tuple[Monomial, Constant]], first: int) -> int:
    """The place of the last two neighbours, not among the `first`, with one exponential factor: between
    powers little is lost, but e^{−X} as a multiple of X^{−20} is far too large near R.
    """
    for k in range(len(kept) - 2, first - 1, -1):
        if kept[k][0].q == kept[k + 1][0].q:
            return k
    return len(kept) - 2


def number(frame: Frame, c: Constant) -> Germ:
    """The constant function c."""
    return Germ(frame, () if c.exact == 0 else ((UNIT, c),))


def monomial(frame: Frame, m: Monomial, c: Constant = ONE) -> Germ:
    """The function c·m."""
    return Germ(frame, ((m, c),))


def taylor(coefficients: Sequence[Constant], remainder: arb, s: Germ) -> Germ:
    """Σ_{j<n} a_j s^j + r s^n with r somewhere in the ball `remainder`, by Horner's rule."""
    result = number(s.frame, interval(remainder))
    for a in reversed(coefficients):
        result = result * s + number(s.frame, a)
    return result


def _one_plus(s: Germ) -> arb:
    """A positive ball that contains 1 + θs for all 0 ≤ θ ≤ 1: where Lagrange's remainder is taken."""
    around = arb(1) + arb(0).union(s.range())
    if not (around > arb("0.25") and around < 3):
        raise RadiusError("the leading term does not outweigh the others yet")
    return around


def raised(f: Germ, a: fmpq) -> Germ:
    """f^a = (c m)^a (1 + s)^a with (1 + s)^a = Σ binom(a, j) s^j; f > 0 unless a is an integer."""
    if a == 0:
        return number(f.frame, ONE)
    if not f.terms:
        if a > 0:
            return f
        raise DomainError("division by the function 0")
    if a.q == 1 and 0 <= a <= 4:
        return _natural_power(f, int(a.p))
    m, c = f.leading
    if a.q != 1 and f.sign() < 0:
        raise DomainError("a fractional power of a negative function")
    s = f.relative()
    around = _one_plus(s)
    binomials = [ONE]
    for j in range(f.frame.order):
        binomials.append(binomials[-1] * rational((a - j) / (j + 1)))
    remainder = binomials.pop().ball * around ** arb(a - f.frame.order)
    return (taylor(binomials, remainder, s) * monomial(f.frame, power(m, a))).scaled(c.power(a))


def _natural_power(f: Germ, n: int) -> Germ:
    result = number(f.frame, ONE)
    for _ in range(n):
        result = result * f
    if n % 2 == 0 and n and result.terms[0][1].exact is None:  # c^n of the leading term alone is not negative
        (m, c), *rest = result.terms
        result = Germ(f.frame, ((m, interval(c.ball.nonnegative_part())), *rest))
    return result


def exp(f: Germ) -> Germ:
    """e^f: the unbounded terms enter the monomial, the constant the coefficient, the rest a Taylor series."""
    above, c, s = f.split()
    if any(d.exact is None for _, d in above.terms):
        return _crude_exp(f)
    size = s.bound()
    factorials = [ONE]
    for j in range(1, f.frame.order + 1):
        factorials.append(factorials[-1] * rational(fmpq(1, j)))
    remainder = factorials.pop().ball * arb(0, 1) * size.exp()
    head = monomial(f.frame, exponential(list(above.terms)), c.exp())
    return taylor(factorials, remainder, s) * head


def _crude_exp(f: Germ) -> Germ:
    """0 < e^f ≤ e^g for the half g of a falling leading term, where smaller unbounded terms are not exact."""
    m, c = f.leading
    if c.sign != -1 or c.exact is None:
        raise OrderError("the exponent of an exponential is not known to a constant")
    half = monomial(f.frame, m, c * rational(fmpq(1, 2)))
    if (f - half).sign() > 0:
        raise OrderError("the exponent of an exponential is not known to a constant")
    return monomial(f.frame, exponential(list(half.terms)), interval(arb(0).union(arb(1))))


def log(f: Germ) -> Germ:
    """log f = log c + log m + log(1 + s)."""
    if not f.terms or f.sign() < 0:
        raise DomainError("the logarithm of a function that is not positive")
    (m, c), s = f.leading, f.relative()
    if m.r != 0:
        raise NotImplementedError("log log log")
    n, around = f.frame.order, _one_plus(s)
    series = [ZERO, *(rational(fmpq((-1) ** (j + 1), j)) for j in range(1, n))]
    remainder = around ** (-n) * arb(fmpq((-1) ** (n + 1), n))
    head = [(LOG, rational(m.p))] if m.p != 0 else []
    head += [(LOG_LOG, rational(m.s))] if m.s != 0 else []
    head += [(k, known(d)) for k, d in m.q]
    return collect(f.frame, [*head, (UNIT, c.log())]) + taylor(series, remainder, s)
