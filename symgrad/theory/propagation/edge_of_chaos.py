"""Order and chaos: whether close inputs of a wide random net merge or part, and what gradients do."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import k
from symgrad.symbolic.notation import Mean, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.hermite import C, Z, pair_mean
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W, length_map

__all__ = ["CHI", "FACTOR", "SLOPES", "edge_of_chaos"]

Q = sp.Symbol("q^*", positive=True)
"""The variance at which pre-activations stay."""
A = sp.IndexedBase("A", real=True)
"""Coefficients of z ↦ φ(√q* z) in the Hermite polynomials He_k."""
CHI = sp.Symbol("chi_1", positive=True)
SLOPES = sp.Symbol("D", positive=True)
"""E φ′(√q* z)²."""
FACTOR = SIGMA_W**2 * SLOPES
"""χ₁."""
MAP = sp.Function("F", real=True)(C)
"""The correlation a layer later."""
TERM = sp.factorial(k) * A[k] ** 2 * C**k
"""E φ(√q* z_1) φ(√q* z_2) is the sum of these over the orders."""
BELOW = (k * A[k]) ** 2 * sp.factorial(k - 1) * C ** (k - 1)
"""The same for d/dz of both factors, whose coefficients are k A_k."""
DEGREE = 4
"""Of the polynomials with letters for coefficients on which the sums are compared with Gaussian moments."""
POWERS = 6
"""Orders up to which Hermite polynomials are multiplied out."""

NETS = tuple(
    {"activation": name, "depth": 6, "width": 256, "sigma_w": sigma_w, "sigma_b": sigma_b}
    for name, sigma_w, sigma_b in (
        ("tanh", 1.0, 0.3),
        ("tanh", 1.327, 0.22360679775),
        ("tanh", 2.0, 0.3),
        ("erf", 1.2, 0.2),
        ("sin", 1.5, 0.4),
    )
)


@derivation(
    "edge-of-chaos",
    "Where two close inputs neither merge nor part, the mean squared gradient neither shrinks nor grows",
    "propagation",
)
def edge_of_chaos() -> Body:
    """χ₁ = σ_w² E φ′(√q* z)² is the slope of the correlation map at c = 1 and the factor of gradients."""
    root = sp.sqrt(Q)
    values = Mean(phi(root * Z[0]) * phi(root * Z[1]))
    slopes = Mean(dphi(root * Z[0]) * dphi(root * Z[1]))
    square = Mean(dphi(root * Z[0]) ** 2)
    terms = (k, 1, sp.oo)
    weight = SIGMA_W**2 / Q * A[k] ** 2 * sp.factorial(k)
    steps = (
        prove(
            sp.Implies(
                sp.Eq(Q, SIGMA_W**2 * Mean(phi(root * Z[0]) ** 2) + SIGMA_B**2, evaluate=False),
                sp.Eq(MAP.subs(C, 1), 1, evaluate=False),
            ),
            (
                "the correlation map is ",
                sp.Eq(MAP, (SIGMA_W**2 * values + SIGMA_B**2) / Q, evaluate=False),
                ": weights and biases add their variances. Two equal inputs stay equal",
            ),
            _fixed,
            rule="substitution",
        ),
        prove(
            sp.Eq(values, A[0] ** 2 + sp.Sum(A[k] ** 2 * sp.factorial(k) * C**k, terms), evaluate=False),
            (
                "both activations in Hermite polynomials, with coefficients ",
                A[k],
                (
                    ": two polynomials of different order are uncorrelated, and two of the same order have "
                    "the mean product "
                ),
                sp.factorial(k) * C**k,
            ),
            _mehler,
            rule="Mehler's formula",
        ),
        prove(
            sp.Eq(sp.Derivative(TERM, C), BELOW, evaluate=False),
            (
                (
                    "the derivative of a Hermite polynomial is the one of the order below times the order, "
                    "so this is one term of the mean of both activations' derivatives, times "
                ),
                Q,
            ),
            _term,
            rule="term by term",
        ),
        prove(
            sp.Eq(sp.Derivative(values, C), Q * slopes, evaluate=False),
            (
                (
                    "so the series of both sides agree term by term, for every activation whose square and "
                    "whose derivative's square have a mean"
                ),
            ),
            _price,
            rule="Price's theorem",
        ),
        prove(
            sp.Implies(
                sp.Eq(C, 1, evaluate=False),
                sp.Eq(sp.Derivative(MAP, C), SIGMA_W**2 * square, evaluate=False),
            ),
            (
                "the slope of the map where both Gaussians are one; it is called ",
                CHI,
                ", and by the series it is ",
                sp.Eq(CHI, sp.Sum(k * weight, terms), evaluate=False),
            ),
            _slope,
            rule="chain rule",
        ),
        prove(
            sp.Implies(
                sp.And(C >= -1, C <= 1),
                sp.Le(1 - MAP, CHI * (1 - C), evaluate=False),
            ),
            (
                sp.Eq(1 - MAP, sp.Sum(weight * (1 - C**k), terms), evaluate=False),
                " and no ",
                1 - C**k,
                " is above ",
                k * (1 - C),
                ": with ",
                CHI < 1,
                " any two inputs merge, at least by that factor a layer",
            ),
            _attracts,
            rule="geometric sum, term by term",
        ),
        prove(
            sp.Eq(sp.Limit((1 - MAP) / (1 - C), C, 1, dir="-"), CHI, evaluate=False),
            (
                "close to 1 that factor is reached, since every term of the sum grows to its limit: with ",
                CHI > 1,
                " close inputs part",
            ),
            _repels,
            rule="monotone convergence",
        ),
    )
    conclusion = prove(
        sp.Eq(CHI, SIGMA_W**2 * square, evaluate=False),
        (
            (
                "the same number is the factor of the mean squared gradient a layer, once lengths have "
                "settled: it shrinks where inputs merge and grows where they part; between both lies "
            ),
            sp.Eq(CHI, 1, evaluate=False),
            ", the edge of chaos",
        ),
        _gradient,
        rule="comparison with the length map's derivation",
    )
    return Body(
        summary=(
            "One number decides whether inputs merge or part and whether gradients shrink or grow: ",
            sp.Eq(CHI, SIGMA_W**2 * square, evaluate=False),
            ".",
        ),
        assumptions=(
            ("weights and biases are independent Gaussians, and the width goes to infinity",),
            ("the length map has settled: both inputs have pre-activations of variance ", Q),
            ("the weights used backwards are independent of those used forwards",),
            ("the squares of the activation and of its derivative have a mean there",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("poole2016"), Source("schoenholz2017")),
        picture={"verb": "simulate", "activation": "tanh", "sigma_w": 1.327, "sigma_b": 0.2236, "width": 128},
        claims=(
            Claim(
                "edge-of-chaos/factor",
                (
                    (
                        "squared distances of two close inputs forwards, and squared gradients backwards, "
                        "both change by "
                    ),
                    CHI,
                    " a layer in the mean, to 3 %",
                ),
                "separation",
                expects={"factor": FACTOR},
                nets=NETS,
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _fixed() -> str:
    square = sp.Symbol("M", positive=True)
    return prove_equal((SIGMA_W**2 * square + (Q - SIGMA_W**2 * square)) / Q, sp.S.One)


def _he(order: int, z: sp.Symbol) -> sp.Expr:
    """He_k by the recursion He_{k+1} = z He_k − He_k′."""
    found = sp.S.One
    for _ in range(order):
        found = sp.expand(z * found - sp.diff(found, z))
    return found


def _mehler() -> str:
    for i in range(POWERS):
        for j in range(i + 1):
            mean = pair_mean(_he(i, Z[0]) * _he(j, Z[1]))
            prove_equal(mean, sp.factorial(i) * C**i if i == j else sp.S.Zero)
    return f"Gaussian moments of products of two Hermite polynomials, all orders below {POWERS}, c a letter"


def _term() -> str:
    for order in range(1, POWERS):
        prove_equal(sp.diff(_he(order, Z[0]), Z[0]), order * _he(order - 1, Z[0]))
    if sp.gammasimp((sp.diff(TERM, C) / BELOW).rewrite(sp.gamma)) != 1:
        raise RefutedError("the derivative of a term is not the term of the derivatives")
    return f"gamma functions, the order a letter; derivatives of Hermite polynomials of orders below {POWERS}"


def _price() -> str:
    letters = sp.symbols(f"p0:{DEGREE + 1}", real=True)
    first, second = (sum(letter * (sp.sqrt(Q) * z) ** i for i, letter in enumerate(letters)) for z in Z)
    slopes = sp.diff(first, Z[0]) * sp.diff(second, Z[1])
    # each slope by z is √q* times the one by the argument, and both together are q* times E φ′φ′
    prove_equal(sp.expand(sp.diff(pair_mean(first * second), C)), pair_mean(slopes))
    return f"polynomials of degree {DEGREE} with letters for coefficients, by Gaussian moments"


def _slope() -> str:
    slopes = sp.Symbol("M", positive=True)
    prove_equal(SIGMA_W**2 / Q * (Q * slopes), FACTOR.subs(SLOPES, slopes))
    term = SIGMA_W**2 / Q * A[k] ** 2 * sp.factorial(k)
    return prove_equal(sp.diff(term * C**k, C).subs(C, 1), k * term)


def _attracts() -> str:
    """D_k = k (1 − c) − (1 − c^k) starts at D_1 = 0 and rises by (1 − c)(1 − c^k) ≥ 0 for |c| ≤ 1."""

    def room(order: sp.Expr) -> sp.Expr:
        return order * (1 - C) - (1 - C**order)

    prove_equal(room(sp.S.One), sp.S.Zero)
    prove_equal(sp.expand(room(k + 1) - room(k)), sp.expand((1 - C) * (1 - C**k)))
    return (
        "induction over the order: the difference rises by (1 − c)(1 − cᵏ), which |c| ≤ 1 keeps from below 0"
    )


def _repels() -> str:
    prove_equal(sp.limit((1 - C**k) / (1 - C), C, 1, "-"), k)
    return "the limit of (1 − cᵏ)/(1 − c) is k, for every k; it is reached from below"


def _gradient() -> str:
    """The factor under the logarithm of the length map's conclusion, at the settled length."""
    sum_ = next(iter(length_map().conclusion.statement.rhs.atoms(sp.Sum)))
    inside = sp.exp(sum_.function)
    (mean,) = inside.atoms(Mean)
    return prove_equal(inside.subs(mean, SLOPES), FACTOR)
