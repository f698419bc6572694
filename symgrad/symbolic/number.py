"""A number with its proof: exact as an expression, certified as a ball, or only estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import Enclosure, ball, decimals, enclose, precision
from symgrad.symbolic.derivation import Grade

__all__ = ["BITS", "Number", "combined"]

BITS = 192
GRADES: tuple[Grade, ...] = ("exact", "certified", "estimated")


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


def combined(form: sp.Expr, numbers: Mapping[sp.Symbol, Number], why: str) -> Number:
    """The number that `form` is with its letters standing for `numbers`; its grade is the weakest among
    them.

    0 to a negative power is oo, for numbers that are not negative.
    """
    proof = max((n.proof for n in numbers.values()), key=GRADES.index)
    if all(n.exact is not None for n in numbers.values()):
        exact = form.xreplace({letter: n.exact for letter, n in numbers.items()}).replace(sp.zoo, sp.oo)
        return replace(Number.of(_shortest(exact), why), proof=proof)
    with precision(BITS):
        value = ball(form, {letter: n.value for letter, n in numbers.items()})
    return Number(None, value, proof, why)


def _shortest(number: sp.Expr) -> sp.Expr:
    """The shortest of a few ways to write it."""
    if number.is_Rational or number.is_infinite:
        return number
    together = sp.together(number)
    forms = [number, together, sp.powdenest(together)]
    if number.is_algebraic:  # with e^(−10⁶) inside, clearing roots from a denominator takes minutes
        forms.append(sp.radsimp(number))
    return min(forms, key=sp.count_ops)
