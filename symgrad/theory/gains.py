"""Gains: the scale of the weights that keeps the second moment of a wide layer, forwards or backwards."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symgrad.symbolic.gaussian import second_moment
from symgrad.symbolic.letters import x
from symgrad.symbolic.number import Number, combined
from symgrad.symbolic.pieces import Piece, pieces
from symgrad.theory.activations import Activation

__all__ = ["MEAN_SQUARE", "SLOPE_SQUARE", "Gains", "gains"]

MEAN_SQUARE, SLOPE_SQUARE = sp.symbols("M S", nonnegative=True)
"""E φ(√q z)² and E φ′(√q z)² for z ~ N(0, 1), as letters."""


@dataclass(frozen=True)
class Gains:
    """What an activation does to mean squares in a wide layer with pre-activations of variance q.

    `second_moment` M = E φ(√q z)² and `derivative_second_moment` S = E φ′(√q z)² for z ~ N(0, 1). With
    weights of variance g²/fan-in the next pre-activations have variance g²M, biases apart, and the mean
    squared gradient is multiplied by g²S: `forward` 1/√M and `backward` 1/√S make these 1. `keeping`
    √(q/M) hands on q itself; `bias_variance` q − M/S is what biases must add for the backward gain to keep
    q (negative: nothing can).
    """

    q: sp.Rational
    second_moment: Number
    derivative_second_moment: Number

    @property
    def forward(self) -> Number:
        """1/√M."""
        return self._of(1 / sp.sqrt(MEAN_SQUARE), "1/√ of the second moment")

    @property
    def backward(self) -> Number:
        """1/√S."""
        return self._of(1 / sp.sqrt(SLOPE_SQUARE), "1/√ of the second moment of the derivative")

    @property
    def keeping(self) -> Number:
        """√(q/M)."""
        return self._of(sp.sqrt(self.q) / sp.sqrt(MEAN_SQUARE), "√(q/second moment)")

    @property
    def bias_variance(self) -> Number:
        """q − M/S."""
        return self._of(
            self.q - MEAN_SQUARE / SLOPE_SQUARE, "q less the backward gain squared times the second moment"
        )

    def factors(self, variance: sp.Expr) -> tuple[Number, Number]:
        """σ_w² M and σ_w² S: what weights of that variance times fan-in do forwards and backwards."""
        why = "σ_w² times the moment"
        return self._of(variance * MEAN_SQUARE, why), self._of(variance * SLOPE_SQUARE, why)

    def _of(self, form: sp.Expr, why: str) -> Number:
        moments = {MEAN_SQUARE: self.second_moment, SLOPE_SQUARE: self.derivative_second_moment}
        return combined(form, {m: n for m, n in moments.items() if form.has(m)}, why)


def gains(entry: Activation, q: sp.Rational | int = 1) -> Gains:
    """The gains of an activation at the variance q > 0. φ′ is taken where it exists: a jump of φ adds
    nothing.

    Raises `NotImplementedError` where a moment is neither closed nor enclosed to thirty digits.
    """
    variance, values = sp.Rational(q), dict(entry.parameters)
    parts = pieces(entry.expression, x, values)
    slopes = tuple(Piece(part.lo, part.hi, sp.diff(part.expr, x)) for part in parts)
    second = second_moment(parts, x, variance, values)
    slope = second_moment(slopes, x, variance, values)
    return Gains(variance, second, slope)
