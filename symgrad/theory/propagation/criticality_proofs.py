"""Checks of the steps of `criticality_classes` that concern every activation, two lines, tanh, sin, the
sigmoid and softplus."""

from __future__ import annotations

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.gaussian.moments import VARIANCE
from symgrad.symbolic.letters import x
from symgrad.theory.propagation.depth_scales import CURVED
from symgrad.theory.propagation.edge_of_chaos import FACTOR, SLOPES
from symgrad.theory.propagation.length_map import SIGMA_W

__all__ = [
    "ANGLE",
    "PLACE",
    "POINT",
    "Q",
    "RADIUS",
    "RATE",
    "SIGMOID",
    "SOFTPLUS",
    "SQUARE",
    "WEIGHT",
    "both",
    "exponential",
    "lines",
    "sigmoid",
    "softplus",
    "tanh_and_sin",
]

Q = VARIANCE
SQUARE = sp.Symbol("M", positive=True)
"""E φ² for pre-activations of variance q."""
RATE = sp.Symbol("s", positive=True)
"""1/2q."""
PLACE = sp.Symbol("t", positive=True)
"""x²."""
POINT = sp.Symbol("a", positive=True)
WEIGHT = sp.Symbol("m", real=True)
ANGLE = sp.Function("theta", real=True)(x)
RADIUS = sp.Symbol("r", positive=True)
SIGMOID = 1 / (1 + sp.exp(-x))
SOFTPLUS = sp.log(1 + sp.exp(x))


def both() -> str:
    """χ_∥ = χ₁ = 1 solved for weights, the mean E φφ″ and biases."""
    along = SIGMA_W**2 * (SLOPES + CURVED)
    (found,) = sp.solve([FACTOR - 1, along - 1], [SIGMA_W, CURVED], dict=True)
    prove_equal(found[SIGMA_W] ** 2, 1 / SLOPES)
    prove_equal(found[CURVED], sp.S.Zero)
    biases = sp.Symbol("b", real=True)
    (added,) = sp.solve(found[SIGMA_W] ** 2 * SQUARE + biases - Q, biases)
    prove_equal(added, Q - SQUARE / SLOPES)
    return "solved for the variance of weights, the mean and the variance of biases"


def exponential() -> str:
    """One term of a sum of exponentials, differentiated after its factor is taken out."""
    term = sp.exp(RATE * POINT) * WEIGHT * sp.exp(-RATE * PLACE)
    return prove_equal(sp.diff(term, RATE), (POINT - PLACE) * WEIGHT * sp.exp(RATE * (POINT - PLACE)))


def sigmoid() -> str:
    """φφ″ folded at 0 has one sign for the sigmoid."""
    product = SIGMOID * sp.diff(SIGMOID, x, 2)
    prove_equal(SIGMOID.subs(x, -x), 1 - SIGMOID)
    return prove_equal(product + product.subs(x, -x), -SIGMOID * (1 - SIGMOID) * (1 - 2 * SIGMOID) ** 2)


def softplus() -> str:
    """φφ″ is positive for softplus."""
    return prove_equal(SOFTPLUS * sp.diff(SOFTPLUS, x, 2), SOFTPLUS * SIGMOID * (1 - SIGMOID))


def lines() -> str:
    """Two lines through 0, as a circle followed: what turning adds to the slopes."""
    legs = RADIUS * x * sp.cos(ANGLE), RADIUS * x * sp.sin(ANGLE)
    prove_equal(sp.expand_trig(legs[0] ** 2 + legs[1] ** 2), (RADIUS * x) ** 2)
    turning = sp.simplify(legs[0].diff(x) ** 2 + legs[1].diff(x) ** 2)
    return prove_equal(turning, RADIUS**2 + (RADIUS * x * ANGLE.diff(x)) ** 2)


def tanh_and_sin() -> str:
    """E φφ″ is below 0 for both."""
    # E sin² = (1 − e^(−2q))/2 and E cos² = (1 + e^(−2q))/2
    square, slopes = ((1 + sign * sp.exp(-2 * Q)) / 2 for sign in (-1, 1))
    prove_equal(sp.diff(square, Q) - slopes, (sp.exp(-2 * Q) - 1) / 2)
    product = sp.tanh(x) * sp.diff(sp.tanh(x), x, 2)
    return prove_equal(product, -2 * sp.tanh(x) ** 2 * (1 - sp.tanh(x) ** 2))
