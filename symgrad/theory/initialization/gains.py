"""Gains: the scale of the weights that keeps the second moment of a wide layer, forwards or backwards."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from flint import arb

from symgrad.errors import InputError
from symgrad.numeric import expectation
from symgrad.symbolic.gaussian.moments import second_moment
from symgrad.symbolic.letters import x
from symgrad.symbolic.number import Number, combined
from symgrad.symbolic.zeros.cuts import cuts
from symgrad.theory.activations import Activation, kernel

__all__ = ["MEAN_SQUARE", "SLOPE_SQUARE", "Gains", "gain_sentence", "gains"]

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
    jumps: bool = False

    @property
    def moments(self) -> dict[sp.Symbol, Number]:
        """M and S by their letters."""
        return {MEAN_SQUARE: self.second_moment, SLOPE_SQUARE: self.derivative_second_moment}

    @property
    def forward(self) -> Number:
        """1/√M."""
        return self.of(1 / sp.sqrt(MEAN_SQUARE), "1/√ of the second moment")

    @property
    def backward(self) -> Number:
        """1/√S."""
        return self.of(1 / sp.sqrt(SLOPE_SQUARE), "1/√ of the second moment of the derivative")

    @property
    def keeping(self) -> Number:
        """√(q/M)."""
        return self.of(sp.sqrt(self.q) / sp.sqrt(MEAN_SQUARE), "√(q/second moment)")

    @property
    def bias_variance(self) -> Number | None:
        """q − M/S; None where a moment is infinite or S is 0."""
        if self.second_moment.infinite or self.derivative_second_moment.infinite:
            return None
        if self.derivative_second_moment.exact == 0:
            return None
        why = "q less the backward gain squared times the second moment"
        return self.of(self.q - MEAN_SQUARE / SLOPE_SQUARE, why)

    def factors(self, variance: sp.Expr) -> tuple[Number, Number]:
        """σ_w² M and σ_w² S: what weights of that variance times fan-in do forwards and backwards."""
        why = "σ_w² times the moment"
        return self.of(variance * MEAN_SQUARE, why), self.of(variance * SLOPE_SQUARE, why)

    def of(self, form: sp.Expr, why: str) -> Number:
        """A number made of M and S."""
        return combined(form, {m: n for m, n in self.moments.items() if form.has(m)}, why)


def gains(entry: Activation, q: sp.Rational | int = 1) -> Gains:
    """The gains of an activation at the variance q > 0. φ′ is taken where it exists: a jump of φ adds
    nothing.

    A moment that is neither closed nor enclosed to thirty digits is estimated, with the reason. Raises
    `InputError` where φ is not real on the whole line, `NotImplementedError` where even an estimate fails.
    """
    variance, values = sp.Rational(q), dict(entry.parameters)
    try:
        found = cuts(entry.phi, x)
    except NotImplementedError as reason:
        moments = [_estimated(entry, variance, order, str(reason)) for order in (0, 1)]
        return Gains(variance, moments[0], moments[1])
    if any(cut.left is None or cut.right is None for cut in found.points):
        raise InputError(f"{entry.name}: φ is not real on the whole line, where a Gaussian has its values")
    moments = []
    for order in (0, 1):
        try:
            moments.append(second_moment(entry.expression, order, x, variance, values, found))
        except NotImplementedError as reason:
            moments.append(_estimated(entry, variance, order, str(reason)))
    return Gains(variance, moments[0], moments[1], any(cut.joins == "jump" for cut in found.points))


def _estimated(entry: Activation, q: sp.Rational, order: int, reason: str) -> Number:
    """The moment by quadrature in floats, without a proof."""
    try:
        functions = kernel(entry)
        f = functions.slope if order else functions.value
        found = float(expectation(lambda a: f(a) ** 2, float(q), functions.kinks))
    except (ValueError, NotImplementedError):
        raise NotImplementedError(reason) from None
    return Number(None, arb(found), "estimated", f"quadrature in double precision, no proof: {reason}")


def gain_sentence(entry: Activation, found: Gains) -> str:
    """What the two gains do, in one sentence made from the numbers."""
    forward, backward = (_short(number) for number in (found.forward, found.backward))
    opening = f"{entry.name} at q = {found.q}: forward gain {forward}, backward gain {backward}"
    if found.jumps:
        opening += " (φ jumps; φ′ is taken where it exists)"
    if found.second_moment.infinite:
        return f"{opening}. No gain keeps the variance: E φ² is infinite."
    if found.derivative_second_moment.infinite:
        return f"{opening}. No gain keeps the mean squared gradient: E φ′² is infinite."
    if 0 in (found.second_moment.exact, found.derivative_second_moment.exact):
        return f"{opening}. A mean square that is 0 is kept by no gain."
    factor = float(found.of(found.q * SLOPE_SQUARE / MEAN_SQUARE, "").value.mid())
    if abs(factor - 1) < 1e-9:
        return f"{opening}. One gain keeps both mean squares."
    return f"{opening}. Keeping the variance multiplies the mean squared gradient by {factor:.4g} a layer."


def _short(number: Number) -> str:
    """Seven digits, or oo."""
    return "oo" if number.infinite else f"{float(number.value.mid()):.7g}"
