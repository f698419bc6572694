"""What the steps of the layered slope rest on: means over independent units, derivatives by the variance, and
weights that the forward pass has used."""

import itertools

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.theory.activations import ACTIVATIONS, kernel
from symgrad.theory.finite_width.jacobian_law import log_moments
from symgrad.theory.finite_width.slope_statistics import predicted_layers

__all__ = ["as_computed", "decomposed", "mean_of_units", "stein", "variance"]

variance = sp.Symbol("q", positive=True)
"""The variance of a pre-activation."""
DEGREE = 6
"""Half the degree of the monomials that a rule is checked on."""


def mean_of_units() -> str:
    """The mean of N independent values has the variance of one over N: two-point laws, N = 1, 2, 3."""
    low, high = sp.symbols("x y", real=True)
    middle, spread = (low + high) / 2, ((low - high) / 2) ** 2
    for count in (1, 2, 3):
        draws = itertools.product((low, high), repeat=count)
        total = sum((sum(draw) / sp.S(count) - middle) ** 2 for draw in draws) / 2**count
        prove_equal(sp.expand(total), sp.expand(spread / count))
    return "all outcomes of 1, 2, 3 units with two symbolic values; variances of independent terms add"


def _moment(power: int) -> sp.Expr:
    """E z^{2m} = (2m − 1)!!."""
    return sp.factorial2(2 * power - 1) if power else sp.S.One


def stein() -> str:
    """q dE f/dq = E f (z² − 1)/2 and q² d²E f/dq² = E f (z⁴ − 6z² + 3)/4 for f = x^{2m}."""
    for m in range(DEGREE + 1):
        mean = variance**m * _moment(m)
        first = variance**m * (_moment(m + 1) - _moment(m)) / 2
        second = variance**m * (_moment(m + 2) - 6 * _moment(m + 1) + 3 * _moment(m)) / 4
        prove_equal(variance * sp.diff(mean, variance), first)
        prove_equal(sp.expand(variance**2 * sp.diff(mean, variance, 2)), sp.expand(second))
    return (
        f"monomials up to degree {2 * DEGREE}, odd ones being 0 on both sides; parts of a Gaussian integral"
    )


def decomposed() -> str:
    """‖Wᵀδ‖² = ‖Vᵀδ‖² + (δᵀWh)²/‖h‖², V = W − Whhᵀ/‖h‖², and Cov(V, Wh) = 0."""
    for width in (1, 2, 3):
        matrix = sp.Matrix(width, width, lambda i, j: sp.Symbol(f"w{i}{j}", real=True))
        state, delta = (sp.Matrix(sp.symbols(f"{x}1:{width + 1}", real=True)) for x in "hd")
        size = state.dot(state)
        rest = matrix - matrix * state * state.T / size
        left, right = matrix.T * delta, rest.T * delta
        along = (delta.T * matrix * state)[0] ** 2 / size
        prove_equal(sp.cancel(left.dot(left) - right.dot(right) - along), sp.S.Zero)
        # a row of independent entries of variance 1: E V_1j (w·h) = h_j − h_j‖h‖²/‖h‖²
        row = [sp.Symbol(f"w0{j}", real=True) for j in range(width)]
        met = sum(w * e for w, e in zip(row, state, strict=True))
        for j in range(width):
            mean = sum(sp.diff(rest[0, j], w) * sp.diff(met, w) for w in row)
            prove_equal(sp.cancel(mean), sp.S.Zero)
    return "widths 1, 2, 3 with symbols; what is left of a Gaussian row is independent of what it made of h"


def as_computed() -> str:
    """The numbers that are shown, against the exact law of ReLU and of linear layers."""
    for name, sigma_w, spread in (("relu", 2**0.5, 5), ("identity", 1.0, 2)):
        for depth, width in ((3, 50), (12, 200)):
            mean, deviation = predicted_layers(kernel(ACTIVATIONS[name]), sigma_w, 0.0, depth, width)
            exact = [
                (depth - 1) * part / scale
                for part, scale in zip(log_moments(name, width), (2, 4), strict=True)
            ]
            drift = -(depth - 1) * spread / (4 * width)
            if abs(mean[0] - drift) > 2e-3 / width or abs(mean[0] - exact[0]) > 4 * depth / width**2:
                raise RefutedError("the computed drift is not that of the law")
            if abs(4 * deviation[0] ** 2 * width / (depth - 1) - spread) > 2e-2:
                raise RefutedError("the computed spread is not that of the law")
            if abs(deviation[0] ** 2 - exact[1]) > 12 * depth / width**2:
                raise RefutedError("the computed spread is not the exact one to first order")
    return "the numbers computed for ReLU and linear layers: −V/(4N) a layer, and the exact law to order 1/N²"
