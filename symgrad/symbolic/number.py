"""A number with its proof: exact as an expression, certified as a ball, or only estimated."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import Enclosure, ball, decimals, enclose, precision
from symgrad.symbolic.derivation import Grade

__all__ = ["Number"]

BITS = 192


@dataclass(frozen=True)
class Number:
    """A real number or oo.

    `exact` is given when the proof is "exact"; `value` is a ball that contains the number, or for
    "estimated" a float's worth of it without proof. `why` says how it was found.
    """

    exact: sp.Expr | None
    value: arb
    proof: Grade
    why: str

    @classmethod
    def of(cls, exact: sp.Expr, why: str) -> Number:
        """An exactly given number."""
        with precision(BITS):
            return cls(exact, arb("inf") if exact is sp.oo else ball(exact), "exact", why)

    @property
    def infinite(self) -> bool:
        """Whether it is oo."""
        return self.exact is sp.oo

    def enclosure(self) -> Enclosure:
        """Decimals that enclose it; for an estimate they enclose nothing and only `decimal` counts."""
        if self.exact is not None:
            return enclose(self.exact)
        with precision(BITS):
            return decimals(self.value)

    def inverse_root(self, why: str) -> Number:
        """1/√ of it, with the same grade; 0 of oo, oo of 0."""
        if self.exact is not None:
            root = sp.S.Zero if self.infinite else sp.oo if self.exact == 0 else _root(self.exact)
            return Number.of(root, why)
        with precision(BITS):
            return Number(None, self.value.rsqrt(), self.proof, why)


def _root(moment: sp.Expr) -> sp.Expr:
    forms = [1 / sp.sqrt(moment)]
    numerator, denominator = sp.fraction(sp.together(moment))
    forms.append(sp.sqrt(denominator) / sp.sqrt(numerator))
    if moment.is_Rational:
        forms.append(sp.sqrt(1 / moment))
    return min(forms, key=sp.count_ops)
