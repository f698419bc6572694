"""The variance of the squared singular values of a wide net's Jacobian: every factor adds its own."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import D, W, a, l, n
from symgrad.symbolic.notation import Juxtaposed, Mean, Transposed, Variance, dphi
from symgrad.theory.activations import CORE, kernel
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.length_map import SIGMA_W, gaussian_mean
from symgrad.theory.spectra.linear_product_edge import PSI, SQUARE, TRANSFORM
from symgrad.theory.spectra.moments import (
    critical_scales,
    gaussian_layer,
    infinite_layer,
    orthogonal_layer,
    relative_variance,
)
from symgrad.theory.spectra.pairings import N, trace_moment

__all__ = ["ADDED", "jacobian_spectrum_moments"]

MU1, MU2 = sp.symbols("mu_1 mu_2", positive=True)
"""E φ′² and E φ′⁴ over the units of a layer."""
S1 = sp.Symbol("s_1", real=True)
"""First-order coefficient of the weights' S-transform: −1 Gaussian, 0 orthogonal."""
FIRST, SECOND = sp.symbols("c_1 c_2", positive=True)
"""The first two moments of squared singular values."""
ARGUMENT = PSI / FIRST - SECOND * PSI**2 / FIRST**3
"""ζ with ψ = c₁ζ + c₂ζ² + …, to second order."""
EXPANDED = ARGUMENT * (1 + PSI) / PSI
"""The S-transform to first order."""
RELATIVE = sp.IndexedBase("r", nonnegative=True)
"""The relative variance of one factor."""
BEFORE1, BEFORE2 = sp.IndexedBase("t", positive=True), sp.IndexedBase("v", positive=True)
"""E (tr JJᵀ/N)² and E tr(JJᵀ)²/N of the first so many layers."""
ADDED = infinite_layer(MU1, MU2, S1)
SIZES = (1, 2, 3)
DEPTH, WIDTH = 5, 128
HELD = {"tanh": sp.Rational(1, 10), "relu": sp.S.One}
"""Where the nets that are measured settle, q*."""


@derivation(
    "jacobian-spectrum-moments",
    "The spread of the squared singular values grows with depth, by what slopes and weights add a layer",
    "spectra",
)
def jacobian_spectrum_moments() -> Body:
    """σ² = (σ_w² μ₁)^2n n (μ₂/μ₁² − 1 − s₁): the relative variances of free factors add up."""
    gaussian, orthogonal = (
        law(BEFORE1[l - 1], BEFORE2[l - 1], MU1, MU2, N) for law in (gaussian_layer, orthogonal_layer)
    )
    steps = (
        prove(
            sp.Eq(
                FIRST * EXPANDED,
                1 - (SECOND / FIRST**2 - 1) * PSI - SECOND * PSI**2 / FIRST**2,
                evaluate=False,
            ),
            (
                "the S-transform from the inverse of the moment series, with ",
                sp.Eq(FIRST, Mean(SQUARE), evaluate=False),
                " and ",
                sp.Eq(SECOND, Mean(SQUARE**2), evaluate=False),
                " and up to higher order ",
                sp.Eq(TRANSFORM(PSI), EXPANDED, evaluate=False),
                (": its constant is one over the mean, its slope the variance relative to the squared mean"),
            ),
            _first_order,
            rule="S-transform",
        ),
        prove(
            sp.Eq(
                sp.Limit((1 - sp.Product(1 - RELATIVE[l] * PSI, (l, 1, n))) / PSI, PSI, 0),
                sp.Sum(RELATIVE[l], (l, 1, n)),
                evaluate=False,
            ),
            (
                "S-transforms of free factors multiply, so means multiply and relative variances ",
                RELATIVE[l],
                " add",
            ),
            _adds,
            rule="freeness",
        ),
        prove(
            sp.Eq(
                Mean(SQUARE**2) / Mean(SQUARE) ** 2 - 1,
                sp.Limit(trace_moment(2, 1) - 1, N, sp.oo),
                evaluate=False,
            ),
            (
                "the factor ",
                Juxtaposed(W[l], Transposed(W[l])),
                " of Gaussian weights adds 1, which is ",
                sp.Eq(S1, -1, evaluate=False),
                "; that of orthogonal ones is the identity and adds 0",
            ),
            _weights,
            rule="Gaussian pairings",
        ),
        prove(
            sp.Eq(Mean(dphi(a[l]) ** 4) / Mean(dphi(a[l]) ** 2) ** 2 - 1, ADDED.subs(S1, 0), evaluate=False),
            (
                "the factor ",
                D[l] ** 2,
                " of slopes has the mean ",
                sp.Eq(MU1, Mean(dphi(a[l]) ** 2), evaluate=False),
                " and the mean square ",
                sp.Eq(MU2, Mean(dphi(a[l]) ** 4), evaluate=False),
            ),
            lambda: prove_equal((MU2 - MU1**2) / MU1**2, ADDED.subs(S1, 0)),
            rule="moments of the slopes",
        ),
        prove(
            sp.Eq(BEFORE2[l], gaussian[1], evaluate=False),
            (
                "the same without free probability, at any width, for Gaussian weights of variance ",
                1 / N,
                ": one more layer acts on the mean trace of the square, ",
                BEFORE2[l],
                ", and on the mean square of the trace, ",
                sp.Eq(BEFORE1[l], gaussian[0], evaluate=False),
            ),
            _gaussian,
            rule="Gaussian weights",
        ),
        prove(
            sp.Eq(BEFORE2[l], orthogonal[1], evaluate=False),
            (
                "and for orthogonal ones, uniform over all; there ",
                sp.Eq(BEFORE1[l], orthogonal[0], evaluate=False),
            ),
            _orthogonal,
            rule="invariance",
        ),
        prove(
            sp.Eq(
                sp.Limit(BEFORE2[l] / BEFORE1[l] - 1, N, sp.oo),
                BEFORE2[l - 1] / BEFORE1[l - 1] - 1 + ADDED,
                evaluate=False,
            ),
            ("at infinite width both add to the relative variance what the transforms say",),
            lambda: f"{_limit(gaussian, -1)}; {_limit(orthogonal, 0)}",
            rule="infinite width",
        ),
    )
    conclusion = prove(
        sp.Eq(Variance(SQUARE), (SIGMA_W**2 * MU1) ** (2 * n) * n * ADDED, evaluate=False),
        (
            "of ",
            n,
            " layers at one length of pre-activations; with ",
            sp.Eq(SIGMA_W**2 * MU1, 1, evaluate=False),
            (
                " the mean stays 1 and the variance grows in proportion to depth. Where lengths differ from "
                "layer to layer, each adds its own"
            ),
        ),
        _together,
    )
    return Body(
        summary=(
            (
                "Keeping the mean square of the gradient is not keeping its directions alike: every layer "
                "spreads the singular values, by the spread of its slopes and of its weights."
            ),
        ),
        assumptions=(
            (
                "weights are square and independent, Gaussian of variance ",
                SIGMA_W**2 / N,
                " or uniform orthogonal times ",
                SIGMA_W,
            ),
            (
                (
                    "slopes are independent of the weights and of each other; in a wide net they are a "
                    "function of pre-activations that are nearly so, and the width goes to infinity at a "
                    "fixed depth"
                ),
            ),
            (
                (
                    "that the factors are free in that limit is Voiculescu's theorem; the two steps at any "
                    "width do without it"
                ),
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("pennington2018"),
            Source("pennington2017"),
            Source("voiculescu1987"),
        ),
        picture={"verb": "spectrum", "activation": "tanh", "weights": "gaussian", "q": 0.1},
        claims=(
            Claim(
                "jacobian-spectrum-moments/variance",
                (
                    (
                        "the variance of the squared singular values relative to their squared mean, over "
                        "critical tanh and ReLU nets of width 128 and depth 5 with Gaussian and with "
                        "orthogonal weights, is the predicted one within its confidence interval and 6 %"
                    ),
                ),
                "jacobian-spectrum",
                {"q": HELD, "relative": relative_variance},
                _nets(),
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _nets() -> tuple[dict[str, object], ...]:
    """Critical nets that settle at the q of `HELD`."""
    found: list[dict[str, object]] = []
    for name, q in HELD.items():
        sigma_w, sigma_b = critical_scales(kernel(CORE[name]), float(q))
        options = {"activation": name, "depth": DEPTH, "width": WIDTH, "sigma_w": sigma_w, "sigma_b": sigma_b}
        found += [{**options, "weights": weights} for weights in ("gaussian", "orthogonal")]
    return tuple(found)


def _first_order() -> str:
    """ψ = c₁ζ + c₂ζ² + … inverted to second order, ζ = ψ/c₁ − c₂ψ²/c₁³, and S = ζ(1 + ψ)/ψ."""
    rest = sp.Poly(sp.expand(FIRST * ARGUMENT + SECOND * ARGUMENT**2 - PSI), PSI)
    prove_equal(sp.Add(*(rest.coeff_monomial(PSI**power) ** 2 for power in range(3))), sp.S.Zero)
    spread = SECOND / FIRST**2
    how = prove_equal(FIRST * EXPANDED, 1 - (spread - 1) * PSI - spread * PSI**2)
    return f"the series inverted to second order with letters for its coefficients: {how}"


def _adds() -> str:
    """By induction: a factor more adds its own coefficient."""
    total, more = sp.symbols("R r", nonnegative=True)
    product = (1 - total * PSI) * (1 - more * PSI)
    prove_equal(sp.limit(sp.expand((1 - product) / PSI), PSI, 0), total + more)
    return "the coefficient of a product of two; induction over the factors"


def _weights() -> str:
    """E X = 1 and E X² = 2 + 1/N for W Wᵀ, and 1, 1 for the identity."""
    prove_equal(trace_moment(1, 1), sp.S.One)
    prove_equal(trace_moment(2, 1) - 1, 1 + 1 / N)
    prove_equal(sp.limit(trace_moment(2, 1) - 1, N, sp.oo), infinite_layer(sp.S.One, sp.S.One, -1))
    prove_equal(sp.S.Zero, infinite_layer(sp.S.One, sp.S.One, 0))
    return "all pairings, exact at every width: 1 + 1/N"


def _met(total: sp.Expr, slopes: tuple[sp.Symbol, ...]) -> sp.Expr:
    """The mean over independent slopes with E D² = μ₁ and E D⁴ = μ₂, ``slopes`` the D²."""
    means = {0: sp.S.One, 1: MU1, 2: MU2}
    terms = sp.Poly(sp.expand(total), *slopes).terms()
    return sp.Add(*(coefficient * sp.Mul(*(means[p] for p in powers)) for powers, coefficient in terms))


def _gaussian() -> str:
    """Whole matrices of letters, P diagonal since W may be rotated: X = W P Wᵀ, means of traces of D X D."""
    for size in SIZES:
        weights = sp.Matrix(size, size, lambda i, j: sp.Symbol(f"w{i}{j}", real=True))
        values, slopes = (sp.symbols(f"{letter}1:{size + 1}", positive=True) for letter in "pe")
        carried = weights * sp.diag(*values) * weights.T
        pairs = [(i, j) for i in range(size) for j in range(size)]
        square = sp.Add(*(slopes[i] * carried[i, i] for i in range(size))) ** 2
        second = sp.Add(*(slopes[i] * slopes[j] * carried[i, j] ** 2 for i, j in pairs))
        variances = dict.fromkeys(weights, sp.Rational(1, size))
        before = (sum(values) ** 2 / sp.Integer(size) ** 2, sum(p**2 for p in values) / sp.Integer(size))
        said = gaussian_layer(*before, MU1, MU2, sp.Integer(size))
        for trace, per, expected in ((square, size**2, said[0]), (second, size, said[1])):
            found = _met(gaussian_mean(trace, variances), slopes)
            prove_equal(sp.expand(found / per), sp.expand(expected))
    return (
        f"matrices of letters, widths {SIZES[0]} … {SIZES[-1]}; an entry of W P Wᵀ is a sum of N independent "
        "terms, whose variances add at every width"
    )


def _orthogonal() -> str:
    """E X_ij X_kl = a δ_ij δ_kl + b (δ_ik δ_jl + δ_il δ_jk) is all that rotations leave; its two traces fix
    a and b."""
    trace, square = sp.symbols("T Q", positive=True)
    along, beside = sp.symbols("a b", real=True)
    (found,) = sp.solve(
        (N**2 * along + 2 * N * beside - trace**2, N * along + (N**2 + N) * beside - square),
        (along, beside),
        dict=True,
    )
    equal = MU2 * (found[along] + 2 * found[beside])
    apart = (N - 1) * MU1**2
    said = orthogonal_layer(trace**2 / N**2, square / N, MU1, MU2, N)
    prove_equal(said[0], (equal + apart * found[along]) / N)
    prove_equal(said[1], equal + apart * found[beside])
    angle, one, two = sp.symbols("t p q", real=True)
    turn = sp.Matrix([[sp.cos(angle), -sp.sin(angle)], [sp.sin(angle), sp.cos(angle)]])
    carried = turn * sp.diag(one, two) * turn.T
    mean = sp.integrate(sp.expand(carried[0, 1] ** 2), (angle, 0, 2 * sp.pi)) / (2 * sp.pi)
    at = {N: 2, trace: one + two, square: one**2 + two**2}
    prove_equal(sp.expand(mean), sp.expand(found[beside].subs(at)))
    return "the two traces solved for every width; the integral over all rotations of the plane"


def _limit(law: tuple[sp.Expr, sp.Expr], s1: int) -> str:
    square, second = sp.symbols("t v", positive=True)
    named = {BEFORE1[l - 1]: square, BEFORE2[l - 1]: second}
    ratio = sp.cancel(sp.together((law[1] / law[0]).subs(named)))
    found = sp.limit(ratio, N, sp.oo) - 1
    how = prove_equal(found, second / square - 1 + ADDED.subs(S1, s1))
    if found.has(sp.oo):
        raise RefutedError("the ratio has no limit")
    return f"s₁ = {s1}: the limit of a rational function of the width, {how}"


def _together() -> str:
    """Mean and relative variance of n equal factors, and the variance as their product."""
    mean = sp.Product(SIGMA_W**2 * MU1, (l, 1, n)).doit()
    relative = sp.summation(ADDED, (l, 1, n))
    prove_equal(relative, n * ADDED)
    return prove_equal(sp.powsimp(mean**2), sp.powsimp((SIGMA_W**2 * MU1) ** (2 * n)))
