"""Short closed forms for an isolated number, proposed by its digits and proved by the caller."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp
from flint import arb, fmpq

from symgrad.symbolic.balls import precision

__all__ = ["proposals"]

_BITS = 256
_CLOSE = arb("1e-40")
_LARGEST = {"number": 1000, "multiple of π": 24, "square": 100, "exponential": 100}


def proposals(number: Fraction) -> Iterator[sp.Expr]:
    """r, rπ, ±√r and log r, r a fraction with a small denominator, equal to the number to forty digits."""
    with precision(_BITS):
        at = arb(fmpq(number.numerator, number.denominator))
        for r in _near(at, _LARGEST["number"]):
            yield r
            return
        for r in _near(at / arb.pi(), _LARGEST["multiple of π"]):
            yield r * sp.pi
        for r in _near(at * at, _LARGEST["square"]):
            yield sp.sign(number) * sp.sqrt(r)
        if abs(at) < 20:
            for r in _near(at.exp(), _LARGEST["exponential"]):
                yield sp.log(r)


def _near(value: arb, largest: int) -> Iterator[sp.Rational]:
    fraction = Fraction(value.mid().str(60, radius=False)).limit_denominator(largest)
    if abs(value - arb(fmpq(fraction.numerator, fraction.denominator))) < _CLOSE:
        yield sp.Rational(fraction.numerator, fraction.denominator)
