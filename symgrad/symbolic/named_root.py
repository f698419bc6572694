"""Numbers without a closed form, known by the equation that they alone solve between two rationals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sympy as sp
from flint import arb

__all__ = ["NamedRoot"]


@dataclass(frozen=True)
class NamedRoot:
    """A number without a closed form: the only solution of `equation` for `symbol` in (lo, hi), with balls
    that contain it.
    """

    symbol: sp.Symbol
    equation: sp.Eq
    lo: sp.Rational
    hi: sp.Rational
    ball: Callable[[int], arb] = field(compare=False, repr=False)

    @property
    def bracket(self) -> sp.Interval:
        """(lo, hi) in decimals."""
        return sp.Interval.open(*(sp.Float(_decimal(end)) for end in (self.lo, self.hi)))

    def __str__(self) -> str:
        equation = f"{self.equation.lhs} = {self.equation.rhs}"
        return f"{equation} and {_decimal(self.lo)} < {self.symbol} < {_decimal(self.hi)}"


def _decimal(number: sp.Rational) -> str:
    digits = max(2, len(str(number.q)) - 1)
    return f"{float(number):.{digits}f}"
