"""Coefficients of germs: real numbers known exactly, or only inside a ball.

An exact coefficient is a rational (fast) or a SymPy number; an inexact one stands for any function whose
values stay in the ball, such as a Taylor remainder or an oscillation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import flint
import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import ball as evaluate

__all__ = ["ONE", "ZERO", "Constant", "Exact", "as_sympy", "constant", "interval", "known", "rational"]

Exact: TypeAlias = fmpq | sp.Expr


@dataclass(frozen=True, slots=True)
class Constant:
    """A coefficient: a ball that contains it and, where it is a number known exactly, that number."""

    ball: arb
    exact: Exact | None = None

    def __add__(self, other: Constant) -> Constant:
        p, q = self.exact, other.exact
        if isinstance(p, fmpq) and isinstance(q, fmpq):
            return rational(p + q)
        total = None if p is None or q is None else _tidy(as_sympy(p) + as_sympy(q))
        return rational(total) if isinstance(total, fmpq) else Constant(self.ball + other.ball, total)

    def __mul__(self, other: Constant) -> Constant:
        p, q = self.exact, other.exact
        if isinstance(p, fmpq) and isinstance(q, fmpq):
            return rational(p * q)
        if p == 0 or q == 0:
            return ZERO
        product = None if p is None or q is None else _tidy(as_sympy(p) * as_sympy(q))
        return rational(product) if isinstance(product, fmpq) else Constant(self.ball * other.ball, product)

    def __neg__(self) -> Constant:
        return self * MINUS_ONE

    def squared(self) -> Constant:
        """self², whose ball is not negative."""
        return Constant((self * self).ball.nonnegative_part(), (self * self).exact)

    def power(self, a: fmpq) -> Constant:
        """self^a of a number that is not 0, positive unless a is an integer."""
        p = self.exact
        if isinstance(p, fmpq) and a.q == 1:
            return rational(p ** int(a.p))
        value = _power(self.ball, a)
        exact = None if p is None else _tidy(as_sympy(p) ** as_sympy(a))
        return rational(exact) if isinstance(exact, fmpq) else Constant(value, exact)

    def apply(self, function: Callable[[sp.Expr], sp.Expr], in_balls: Callable[[arb], arb]) -> Constant:
        """f(self) from f on SymPy numbers and f on balls."""
        exact = None if self.exact is None else _tidy(function(as_sympy(self.exact)))
        return rational(exact) if isinstance(exact, fmpq) else Constant(in_balls(self.ball), exact)

    def exp(self) -> Constant:
        """e^self."""
        return self.apply(sp.exp, arb.exp)

    def log(self) -> Constant:
        """log self of a positive number."""
        return self.apply(sp.log, arb.log)

    @property
    def sign(self) -> int | None:
        """−1, 0 or 1 where the ball or the exact number proves it, else None."""
        if self.ball > 0 or self.ball < 0:
            return 1 if self.ball > 0 else -1
        if isinstance(self.exact, fmpq):
            return 0
        return 0 if self.exact is not None and is_zero(self.exact) else None

    def inexact(self) -> Constant:
        """The same ball, of which no exact number is claimed."""
        return Constant(self.ball)

    def sympy(self) -> sp.Expr | None:
        """The exact number as SymPy writes it, or None."""
        return None if self.exact is None else as_sympy(self.exact)


def rational(number: fmpq | int) -> Constant:
    """An exact rational coefficient."""
    number = fmpq(number)
    return Constant(arb(number), number)


def known(exact: Exact) -> Constant:
    """The coefficient of an exact number of either type."""
    return rational(exact) if isinstance(exact, fmpq) else constant(exact)


def interval(ball: arb) -> Constant:
    """A coefficient with values in the ball and nothing more known."""
    return Constant(ball)


def constant(number: sp.Expr) -> Constant:
    """The coefficient of an exactly given real SymPy number, its ball at the current precision."""
    return _constant(number, flint.ctx.prec)


@lru_cache(maxsize=4096)
def _constant(number: sp.Expr, bits: int) -> Constant:
    """``bits`` says under which precision it is kept: a ball of fewer bits would weaken a later proof."""
    exact = _tidy(number)
    return rational(exact) if isinstance(exact, fmpq) else Constant(evaluate(exact), exact)


def as_sympy(number: Exact) -> sp.Expr:
    """The number in SymPy's types."""
    return sp.Rational(int(number.p), int(number.q)) if isinstance(number, fmpq) else number


def _tidy(number: sp.Expr) -> Exact:
    if isinstance(number, sp.Float):
        number = sp.Rational(number)
    return fmpq(int(number.p), int(number.q)) if isinstance(number, sp.Rational) else number


def _power(base: arb, a: fmpq) -> arb:
    if a.q == 1:
        return base ** int(a.p)
    return base.sqrt() ** int(a.p) if a.q == 2 else base ** arb(a)


@lru_cache(maxsize=4096)
def is_zero(number: sp.Expr) -> bool:
    """Whether SymPy's exact arithmetic proves that the number is 0."""
    if number.is_zero or sp.expand(number).is_zero:
        return True
    numerator, _ = sp.fraction(sp.together(number.rewrite(sp.exp)))
    return bool(sp.expand(numerator).is_zero or sp.simplify(number).is_zero)


ZERO, ONE, MINUS_ONE = rational(0), rational(1), rational(-1)
