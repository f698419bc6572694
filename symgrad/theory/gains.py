"""Gains: the scale of the weights that keeps the second moment of a wide layer, forwards or backwards."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.gaussian import Line, second_moment
from symgrad.symbolic.letters import x
from symgrad.symbolic.number import BITS, Number
from symgrad.symbolic.pieces import Piece, pieces
from symgrad.theory.activations import Activation, slope_range

__all__ = ["Gains", "gains"]


@dataclass(frozen=True)
class Gains:
    """E φ(√q z)² and E φ′(√q z)² for z ~ N(0, 1), and the gains 1/√ of each.

    With weights of variance g²/fan-in a wide layer whose pre-activations have variance q has g² E φ² as
    the next one's (biases apart), and multiplies the mean squared gradient by g² E φ′².
    """

    q: sp.Rational
    forward: Number
    backward: Number
    second_moment: Number
    derivative_second_moment: Number


def gains(entry: Activation, q: sp.Rational | int = 1) -> Gains:
    """The gains of an activation at the variance q > 0. φ′ is taken where it exists: a jump of φ adds
    nothing.

    Raises `NotImplementedError` where a moment is neither closed nor enclosed to thirty digits.
    """
    variance = sp.Rational(q)
    values = dict(entry.parameters)
    parts = pieces(entry.expression, x, values)
    slopes = tuple(Piece(part.lo, part.hi, sp.diff(part.expr, x)) for part in parts)
    with precision(BITS):
        gamma = slope_range(entry).lipschitz.value.ball(BITS).upper()
        start = abs(ball(entry.phi.subs(x, 0))).upper()
    second = second_moment(parts, x, variance, values, Line(start, gamma))
    slope = second_moment(slopes, x, variance, values, Line(gamma, arb(0)))
    return Gains(
        variance,
        second.inverse_root("1/√ of the second moment"),
        slope.inverse_root("1/√ of the derivative's second moment"),
        second,
        slope,
    )
