"""What the steps of the slope at finite width rest on: Gaussian moments, directions, least squares."""

import itertools

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.letters import T, k, t
from symgrad.theory.activations import ACTIVATIONS, kernel
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W, gaussian_mean
from symgrad.theory.through_time.slope_statistics import predicted_slope

__all__ = [
    "CORRELATION", "KEPT", "MU1", "MU2", "RATIO", "SPREAD", "WALK", "N",
    "as_computed", "chi_squared", "correlated", "directions", "drift", "least_squares", "lengths", "memory",
    "shared", "spread",
]  # fmt: skip

N = sp.Symbol("N", integer=True, positive=True)
"""The width."""
MU1, MU2 = sp.symbols("mu_1 mu_2", positive=True)
"""E φ′² and E φ′⁴."""
KEPT = sp.Symbol("psi", positive=True)
"""What is left after a step of a relative change of q, ψ = d ln q_{t+1}/d ln q_t."""
CORRELATION = sp.Symbol("c", real=True)
SPREAD = 3 * MU2 / MU1**2 - 1
"""V: N times the variance of the logarithm of one step's factor."""
WALK = 6 * (T**2 + 1) / (5 * T * (T**2 - 1))
"""Variance of the least-squares slope of a random walk of T points, in units of the variance of one step."""
RATIO = sp.Symbol("epsilon", real=True)
"""A factor over its mean, less 1."""


def chi_squared() -> str:
    """E X = N and E X² = N(N + 2) for the sum X of N squares, from E Xᵖ = 2ᵖ Γ(N/2 + p)/Γ(N/2)."""
    first, second = (sp.gammasimp(2**p * sp.gamma(N / 2 + p) / sp.gamma(N / 2)) for p in (1, 2))
    prove_equal(first, N)
    prove_equal(second / first**2, 1 + 2 / N)
    return "moments of χ² with N degrees of freedom, by the gamma function, every N"


def directions() -> str:
    """The square of a coordinate of a random direction is Beta(½, (N − 1)/2)."""
    a, b = sp.Rational(1, 2), (N - 1) / 2
    moment = sp.gamma(a + 2) * sp.gamma(a + b) / (sp.gamma(a) * sp.gamma(a + b + 2))
    prove_equal(sp.gammasimp(moment * N), 3 / (N + 2))
    return "the second moment of Beta(½, (N − 1)/2), by the gamma function, every N"


def spread() -> str:
    """V is the sum of the variance of χ²/N and of the weighted mean of φ′²/μ₁, times N."""
    prove_equal(2 + 3 * (MU2 / MU1**2 - 1), SPREAD)
    return "the two variances added, to first order in 1/N"


def drift() -> str:
    """ln(1 + ε) = ε − ε²/2 + …"""
    found = sp.limit((sp.log(1 + RATIO) - RATIO) / RATIO**2, RATIO, 0)
    prove_equal(found, -sp.Rational(1, 2))
    return "the second-order term of the logarithm as a limit; the mean of ε is 0"


def least_squares() -> str:
    """A change at step k moves all points behind it: its weight is k(T − k)/2 over Σ (t − mean)²."""
    square = sp.summation((t - (T + 1) / sp.S(2)) ** 2, (t, 1, T))
    weight = k * (T - k) / 2 / square
    prove_equal(sp.factor(sp.summation(sp.expand(weight**2), (k, 1, T - 1))), WALK)
    return "the squares of the weights summed, T a symbol"


def shared() -> str:
    """E‖Wᵀu‖²‖Wᵀv‖² = σ_w⁴(‖u‖²‖v‖² + 2⟨u, v⟩²/N)."""
    for width in (1, 2, 3):
        matrix = sp.Matrix(width, width, lambda i, j: sp.Symbol(f"w{i}{j}", real=True))
        left, right = (sp.Matrix(sp.symbols(f"{letter}1:{width + 1}", real=True)) for letter in "uv")
        sizes = [(vector.T * matrix).dot(vector.T * matrix) for vector in (left, right)]
        variances = dict.fromkeys(matrix, SIGMA_W**2 / width)
        mean = gaussian_mean(sizes[0] * sizes[1], variances)
        product = SIGMA_W**4 * (left.dot(left) * right.dot(right) + 2 * left.dot(right) ** 2 / sp.S(width))
        prove_equal(sp.expand(mean), sp.expand(product))
    return "Gaussian moments, widths 1, 2, 3; the mean of ⟨u, v⟩² over directions is 1/N"


def memory() -> str:
    """1 + ψ + ψ² + … = 1/(1 − ψ)."""
    prove_equal(KEPT * (1 / (1 - KEPT)) + 1, 1 / (1 - KEPT))
    return "the sum S of a geometric series is 1 + ψS, and its terms fall to 0 for ψ < 1"


def correlated() -> str:
    """E He_m(z) He_n(z′) = n! cⁿ for m = n, else 0, with z′ = c z + √(1 − c²) w."""
    z, w = sp.symbols("z w", real=True)
    rest = sp.Symbol("d", positive=True)
    polynomials = [sp.Integer(1), z]
    for n in range(2, 5):
        polynomials.append(sp.expand(z * polynomials[-1] - (n - 1) * polynomials[-2]))
    for m, n in itertools.product(range(5), repeat=2):
        other = polynomials[n].subs(z, CORRELATION * z + rest * w) if n else sp.Integer(1)
        mean = _normal_mean(sp.expand(polynomials[m] * other), z, w)
        found = sp.expand(
            sp.expand(mean).subs({rest**2: 1 - CORRELATION**2, rest**4: (1 - CORRELATION**2) ** 2})
        )
        prove_equal(found, sp.factorial(n) * CORRELATION**n if m == n else sp.S.Zero)
    return "Gaussian moments, every pair of degrees up to 4"


def _normal_mean(expr: sp.Expr, *letters: sp.Symbol) -> sp.Expr:
    """The mean of a polynomial in independent N(0, 1): the moment of degree 2m is (2m − 1)!!."""
    total = sp.S.Zero
    for powers, coefficient in sp.Poly(expr, *letters).terms():
        if all(power % 2 == 0 for power in powers):
            total += coefficient * sp.Mul(*(sp.factorial2(power - 1) if power else 1 for power in powers))
    return total


def as_computed() -> str:
    """The numbers that are shown, against the formula with linear units, where μ₁ = μ₂ = 1."""
    for steps, width in ((3, 10), (12, 50), (40, 1000)):
        found, deviation = predicted_slope(kernel(ACTIVATIONS["identity"]), 1.0, 0.0, steps, width, 1)
        spread = SPREAD.subs({MU1: 1, MU2: 1})
        variance = spread * WALK.subs(T, steps) / (4 * width) + sp.Rational(2, 4 * width**2)
        if abs(found + spread / (4 * width)) > 1e-12 or abs(deviation**2 / variance - 1) > 1e-9:
            raise RefutedError("the computed slope of linear units is not that of the formula")
    return "½ ln of the factor and −V/(4N); the numbers computed for linear units agree to nine digits"


def lengths() -> str:
    """E a² = σ_w²‖h‖²/N + 1 + σ_b²."""
    for width in (1, 2, 3):
        parts = [sp.symbols(f"{letter}1:{width + 1}", real=True) for letter in "whux"]
        weights, states, given, inputs = parts
        bias = sp.Symbol("b", real=True)
        variances = {
            **dict.fromkeys(weights, SIGMA_W**2 / width),
            **dict.fromkeys(given, sp.Rational(1, width)),
            **dict.fromkeys(inputs, sp.S.One),
            bias: SIGMA_B**2,
        }
        total = sum(w * h + v * e for w, h, v, e in zip(*parts, strict=True)) + bias
        mean = gaussian_mean(total**2, variances)
        prove_equal(mean, SIGMA_W**2 * sum(h**2 for h in states) / width + 1 + SIGMA_B**2)
    return "Gaussian moments, widths 1, 2, 3 with the states left as symbols"
