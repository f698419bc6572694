"""Numbers as decimal or rational text, rounded outwards where they are not exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from flint import arb

from symgrad.symbolic.balls import precision

__all__ = ["above", "below", "beyond", "exactly", "rounded", "text_of"]

_BITS = 2048
"""At which the ends of a ball are taken: with fewer bits they would be rounded."""


def text_of(number: Fraction) -> str:
    """Exactly: a decimal where there is a finite one, else p/q."""
    twos = fives = 0
    rest = number.denominator
    while rest % 2 == 0:
        rest //= 2
        twos += 1
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    if rest != 1:
        return f"{number.numerator}/{number.denominator}"
    digits = max(twos, fives)
    return _point(int(number * 10**digits), -digits)


def above(value: arb, digits: int) -> str:
    """A decimal of that many digits that no point of the ball exceeds."""
    with precision(_BITS):
        return rounded(exactly(value.upper()), digits, math.ceil)


def below(value: arb, digits: int) -> str:
    """A decimal of that many digits that exceeds no point of the ball."""
    with precision(_BITS):
        return rounded(exactly(value.lower()), digits, math.floor)


def exactly(value: arb) -> Fraction:
    """The number that a ball without radius is."""
    mantissa, exponent = value.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def rounded(number: Fraction, digits: int, rule: Callable[[Fraction], int]) -> str:
    """A decimal of that many digits, rounded as `rule` (floor or ceil) says."""
    if number == 0:
        return "0"
    size = math.floor(_log10(abs(number)))
    step = Fraction(10) ** (size + 1 - digits)
    return _point(rule(number / step), size + 1 - digits)


def beyond(low: Fraction, high: Fraction) -> Fraction:
    """A short decimal above `low`, at most half the way to `high`; `low` itself where there is no room."""
    if not low < high:
        return low
    step = Fraction(10) ** math.floor(_log10((high - low) / 2))
    return (math.floor(low / step) + 1) * step


def _log10(number: Fraction) -> float:
    """Also for numbers beyond the range of floats."""
    bits = number.numerator.bit_length() - number.denominator.bit_length()
    scaled = number / Fraction(2) ** bits
    return math.log10(scaled) + bits * math.log10(2)


def _point(mantissa: int, exponent: int) -> str:
    """mantissa·10^exponent; with an exponent where it would be long."""
    sign, body = ("-" if mantissa < 0 else ""), str(abs(mantissa))
    if mantissa == 0:
        return "0"
    if exponent < -60 or exponent > 20:
        return f"{sign}{body}e{exponent}"
    if exponent >= 0:
        return sign + body + "0" * exponent
    body = body.rjust(1 - exponent, "0")
    whole, fraction = body[:exponent], body[exponent:].rstrip("0")
    return sign + (f"{whole}.{fraction}" if fraction else whole)
