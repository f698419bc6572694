"""What the steps of two inputs at finite width rest on: derivatives of Gaussian means by the correlation and
by the length, and the law of a correlation over a sample."""

import itertools
import math

import numpy as np
import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.theory.activations import ACTIVATIONS, kernel
from symgrad.theory.finite_width.pair_statistics import predicted_fisher
from symgrad.theory.propagation.arc_cosine_kernel import MAP
from symgrad.theory.propagation.hermite import C, Z, pair_mean

__all__ = [
    "ALONG",
    "ROOT",
    "TURN",
    "U",
    "W",
    "as_computed",
    "bias_of_a_sample",
    "by_length",
    "by_turn",
    "of_a_sample",
]

U, W = sp.symbols("u w", real=True)
"""Independent standard Gaussians: the two pre-activations are √q u and √q (c u + √(1 − c²) w)."""
ROOT = sp.sqrt(1 - C**2)
TURN = ROOT * U * W - C * (W**2 - 1)
"""∂p/p by artanh c of the joint density p."""
ALONG = (U**2 + W**2) / 2 - 1
"""And by ln q of both."""
DEGREE = 4
"""Of the monomials that a rule is checked on."""
SQUARES = (Z[0] ** 2, Z[0] * Z[1], Z[1] ** 2)


def _monomials() -> list[sp.Expr]:
    powers = itertools.product(range(DEGREE + 1), repeat=2)
    return [Z[0] ** i * Z[1] ** j for i, j in powers if i + j in range(2, DEGREE + 1, 2)]


def _in_pair(score: sp.Expr) -> sp.Expr:
    """A score in z_1 = u and z_2 = c u + √(1 − c²) w."""
    return sp.cancel(sp.expand(score.subs({W: (Z[1] - C * Z[0]) / ROOT, U: Z[0]})))


def by_turn() -> str:
    """(1 − c²) d/dc E f = E f TURN, and the second derivative by artanh c."""
    score = _in_pair(TURN)
    # d/dx of the score at fixed arguments, x = artanh c, and ∂²p/p
    again = sp.cancel(score**2 + (1 - C**2) * sp.diff(score, C))
    for f in _monomials():
        slope = (1 - C**2) * sp.diff(pair_mean(f), C)
        prove_equal(sp.cancel(_mean(f, score)), sp.expand(slope))
        prove_equal(sp.cancel(_mean(f, again)), sp.expand((1 - C**2) * sp.diff(slope, C)))
    return f"monomials of two Gaussians up to degree {DEGREE}, odd ones being 0 on both sides; twice"


def by_length() -> str:
    """d/d ln q E f(√q z_1, √q z_2) = E f ALONG: monomials are multiplied by half of their degree."""
    score = _in_pair(ALONG)
    for f in _monomials():
        degree = sp.Poly(f, *Z).total_degree()
        prove_equal(sp.cancel(_mean(f, score)), sp.expand(sp.Rational(degree, 2) * pair_mean(f)))
    return f"monomials of two Gaussians up to degree {DEGREE}"


def _mean(f: sp.Expr, score: sp.Expr) -> sp.Expr:
    """E f·score, the score a polynomial in z_1, z_2 over one in c."""
    top, below = sp.fraction(sp.together(score))
    return pair_mean(sp.expand(f * top)) / below


def _covariance() -> sp.Matrix:
    """Of z_1², z_1 z_2 and z_2²."""
    means = [pair_mean(f) for f in SQUARES]
    return sp.Matrix(3, 3, lambda i, j: sp.expand(pair_mean(SQUARES[i] * SQUARES[j]) - means[i] * means[j]))


def _derivatives(function: sp.Expr) -> tuple[sp.Matrix, sp.Matrix]:
    """Of a function of K_11, K_12, K_22, at 1, c, 1."""
    letters = list(function.free_symbols)
    letters.sort(key=str)
    at = dict(zip(letters, (1, C, 1), strict=True))
    gradient = sp.Matrix([sp.diff(function, letter) for letter in letters]).subs(at)
    return gradient.applyfunc(sp.cancel), sp.hessian(function, letters).subs(at).applyfunc(sp.cancel)


def _kernel() -> sp.Expr:
    one, product, two = sp.symbols("K_11 K_12 K_22", positive=True)
    return product / sp.sqrt(one * two)


def of_a_sample() -> str:
    """N Var ĉ = (1 − c²)²."""
    gradient, _ = _derivatives(_kernel())
    variance = (gradient.T * _covariance() * gradient)[0]
    prove_equal(sp.expand(variance), sp.expand((1 - C**2) ** 2))
    return "gradient of K_12/√(K_11 K_22) between moments of two Gaussians up to the fourth"


def bias_of_a_sample() -> str:
    """N (E artanh ĉ − artanh c) = c/2, and N Var artanh ĉ = 1."""
    gradient, hessian = _derivatives(sp.atanh(_kernel()))
    moments = _covariance()
    prove_equal(sp.cancel((gradient.T * moments * gradient)[0]), sp.S.One)
    prove_equal(sp.cancel((hessian * moments).trace() / 2), C / 2)
    return "second derivatives of artanh K_12/√(K_11 K_22) times the same moments"


def as_computed() -> str:
    """The numbers that are shown, against linear layers and against the arc-cosine kernel."""
    width, depth, start = 400, 6, 0.5
    linear = kernel(ACTIVATIONS["identity"])
    mean, deviation = predicted_fisher(linear, 1.0, 0.0, width, np.ones(depth), np.full(depth, start))
    layers = np.arange(1, depth + 1)
    if not np.allclose(width * deviation**2, layers, rtol=1e-3, atol=0):
        raise RefutedError("a linear layer adds other than 1/N to the variance")
    if not np.allclose(width * (mean - math.atanh(start)), layers * start / 2, rtol=1e-2, atol=0):
        raise RefutedError("a linear layer shifts the mean by other than c/2N")
    correlations = [start]
    for _ in layers[1:]:
        correlations.append(float(MAP.subs(C, correlations[-1])))
    found = np.array(correlations)
    rectified = kernel(ACTIVATIONS["relu"])
    _, deviation = predicted_fisher(rectified, math.sqrt(2), 0.0, width, np.ones(depth), found)
    slopes = [float(sp.diff(MAP, C).subs(C, c)) for c in correlations[:-1]]
    slopes = [m * (1 - c**2) / (1 - d**2) for m, c, d in zip(slopes, found, found[1:], strict=False)]
    own = width * deviation**2 - 1
    noise = own[1:] - np.array(slopes) ** 2 * own[:-1]
    expected = [_rectified(c, d) for c, d in itertools.pairwise(found)]
    if not np.allclose(noise, expected, rtol=1e-2, atol=0):
        raise RefutedError("a layer of ReLU adds another variance than that of its units")
    return (
        "linear layers: 1/N and c/2N each; ReLU: slope of the arc-cosine map, and its units' fourth moments"
    )


def _rectified(c: float, after: float) -> float:
    """N times the variance that units max(0, a), max(0, a′) add to artanh of the next correlation: moments of
    the fourth degree over the quarter plane, in the angle between the two."""
    angle = math.acos(c)
    t = np.linspace(angle - math.pi / 2, math.pi / 2, 20001)
    one, two = np.cos(t), np.cos(t - angle)
    # a = r cos t with E r⁴ = 8, r² of mean 2; He's weights double every mean
    product = 4 * 8 / (2 * math.pi) * np.trapezoid((one * two) ** 2, t)
    mixed = 4 * 8 / (2 * math.pi) * np.trapezoid(one**3 * two + one * two**3, t)
    fourth, both = 4 * 1.5, product
    variance = product - 2 * after / 2 * mixed + (after / 2) ** 2 * (2 * fourth + 2 * both)
    return float(variance / (1 - after**2) ** 2)
