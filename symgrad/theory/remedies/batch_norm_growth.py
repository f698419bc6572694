"""Batch norm at the start of training: no activation makes gradients vanish, and ReLU makes them explode."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import E, h, k, l, n, x
from symgrad.symbolic.notation import Mean, Norm, Partial, Variance, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.arc_cosine_kernel import FIRST, ZEROTH, Q
from symgrad.theory.propagation.hermite import C, Z, pair_mean
from symgrad.theory.propagation.length_map import SIGMA_W

__all__ = ["BATCH", "CORRELATION", "FACTOR", "MEAN", "RELU", "SLOPES", "SQUARES", "batch_norm_growth"]

BATCH = sp.Symbol("B", integer=True, positive=True)
SLOPES, SQUARES = sp.symbols("D M", positive=True)
"""E φ′(z)² and E φ(z)², z ~ N(0, q), q = 1 where nothing else is said."""
MEAN = sp.Symbol("m", real=True)
"""E φ(z)."""
FACTOR = SLOPES / (SQUARES - MEAN**2)
"""Of the mean squared gradient, a layer."""
RELU = sp.pi / (sp.pi - 1)
V, P = sp.symbols("v p", real=True)
"""Variance of a pre-activation, and covariance of those of two inputs."""
CORRELATION = -1 / (BATCH - 1)
"""Between two of a batch, once its mean is taken off."""
A = sp.IndexedBase("A", real=True)
DEGREE = 4
"""Of the polynomials with letters for coefficients that stand for activations."""
SIZES = (2, 3)
DEEP = 50

NETS = (
    {"activation": "relu", "block": "batch-norm", "depth": DEEP, "width": 128, "batch": 128, "before": 5},
)
OTHERS = tuple(
    {
        "activation": name,
        "block": "batch-norm",
        "depth": 6,
        "width": 384,
        "batch": 384,
        "before": 2,
        "sigma_w": sigma_w,
        "nets": 6,
    }
    for name, sigma_w in (("sigmoid", 1.0), ("tanh", 2.0))
)


@derivation(
    "batch-norm-growth",
    "Batch norm never lets the gradient vanish at the start, and with ReLU it explodes by π/(π − 1) a layer",
    "remedies",
)
def batch_norm_growth() -> Body:
    """h_l = φ(norm(W_l h_{l−1})): squared gradients × E φ′²/Var φ ≥ 1 a layer, π/(π − 1) for ReLU."""
    z, y = Z[0], sp.IndexedBase("y")
    variance = Mean(phi(z) ** 2) - Mean(phi(z)) ** 2
    growth = Mean(Norm(Partial(E, h[l - 1])) ** 2) / Mean(Norm(Partial(E, h[l])) ** 2)
    terms = (k, 1, sp.oo)
    steps = (
        prove(
            sp.Eq(
                (P - (V + (BATCH - 1) * P) / BATCH) / (V - (V + (BATCH - 1) * P) / BATCH),
                CORRELATION,
                evaluate=False,
            ),
            (
                "pre-activations of the variance ",
                V,
                " and the covariance ",
                P,
                ", alike for any two inputs: from both goes ",
                (V + (BATCH - 1) * P) / BATCH,
                (
                    " when the mean of the batch is taken off. However close the inputs were, any two are "
                    "almost uncorrelated afterwards"
                ),
            ),
            None,
            rule="variance of a difference",
        ),
        prove(
            sp.Eq(Variance(y[l + 1]), SIGMA_W**2 * variance, evaluate=False),
            (
                (
                    "a large batch: the next pre-activations vary over it by the variance of an "
                    "activation at a standard Gaussian, for what all inputs share is taken off"
                ),
            ),
            _varies,
            rule="variance of a sum",
        ),
        prove(
            sp.Eq(
                sp.Symbol("J"),
                (sp.Symbol("I") - sp.Symbol("P_1") - sp.Symbol("P_x")) / sp.sqrt(Variance(y[l])),
                evaluate=False,
            ),
            (
                (
                    "the Jacobian of the norm over a batch: two directions, that of equal entries and that "
                    "of the normalised entries themselves, are taken off, and the others are divided by "
                    "the standard deviation. Two directions of a large batch are nothing"
                ),
            ),
            _projection,
            rule="quotient rule",
        ),
        prove(
            sp.Eq(growth, Mean(dphi(z) ** 2) / variance, evaluate=False),
            (
                "backwards through activation, norm and weights: ",
                SIGMA_W**2,
                " from the weights cancels, so that no scale of the weights helps or hurts",
            ),
            _factor,
            rule="substitution",
        ),
        prove(
            sp.And(
                sp.Eq(variance, sp.Sum(A[k] ** 2 * sp.factorial(k), terms), evaluate=False),
                sp.Eq(Mean(dphi(z) ** 2), sp.Sum(k * A[k] ** 2 * sp.factorial(k), terms), evaluate=False),
                evaluate=False,
            ),
            (
                "both in the Hermite polynomials of ",
                z,
                (
                    ": no term of the second is smaller, and all are equal for linear activations alone "
                    "(the Gaussian Poincaré inequality)"
                ),
            ),
            _poincare,
            rule="Hermite polynomials",
        ),
        prove(
            sp.Implies(
                sp.Eq(phi(x), sp.Max(0, x), evaluate=False),
                sp.Eq(growth, RELU, evaluate=False),
            ),
            ("for ReLU half of the units are active, and the variance is that of half a Gaussian",),
            _relu,
            rule="Gaussian integrals",
        ),
        prove(
            sp.Lt(RELU / 2, 1, evaluate=False),
            (
                (
                    "small correlations between inputs, of whatever pattern, shrink by this factor a layer "
                    "with ReLU (to first order), so that batches come to the state assumed here"
                ),
            ),
            _attracts,
            rule="slope of the map of correlations",
        ),
    )
    conclusion = prove(
        sp.Ge(growth, 1, evaluate=False),
        (
            (
                "batch norm cures vanishing for every activation. It does not cure exploding: "
                "with ReLU the squared gradient of 50 layers grows by "
            ),
            RELU**DEEP,
            ", about 2·10⁸, at the start of training; with a sigmoid the factor is 1.034",
        ),
        _never_vanishes,
        rule="term by term",
    )
    return Body(
        summary=(
            "With batch norm the mean squared gradient grows a layer by ",
            Mean(dphi(z) ** 2) / variance,
            ", which is never below 1, and is ",
            RELU,
            " for ReLU.",
        ),
        assumptions=(
            (
                sp.Eq(h[l], phi(sp.Symbol("norm") * y[l]), evaluate=False),
                ": batch norm before each activation, its scale 1 and its shift 0, at the start of training",
            ),
            ("weights are independent Gaussians of variance ", SIGMA_W**2, "/fan-in"),
            (
                "the width goes to infinity, then the batch ",
                BATCH,
                "; small batches grow faster (ReLU about 1.6 at 16)",
            ),
            ("away from the ends of the net, where any two inputs of a batch are alike in correlation",),
            ("the weights used backwards are independent of those used forwards",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("yang2019"), Source("ioffe2015", "algorithm 1")),
        picture={"verb": "simulate", "activation": "relu", "sigma_w": 2**0.5, "depth": DEEP, "width": 128},
        claims=(
            Claim(
                "batch-norm-growth/relu",
                (
                    (
                        "through 50 layers of ReLU with batch norm, batches of 128, the mean square of a "
                        "direction grows by "
                    ),
                    RELU,
                    " a layer, to 2 %",
                ),
                "block-growth",
                expects={"growth": RELU**n},
                nets=NETS,
                scope="mean",
                regime="infinite width",
            ),
            Claim(
                "batch-norm-growth/others",
                (
                    "for other activations, and weights of any scale, it grows by ",
                    FACTOR,
                    " with ",
                    sp.Eq(SLOPES, Mean(dphi(z) ** 2), evaluate=False),
                    ", ",
                    sp.Eq(SQUARES, Mean(phi(z) ** 2), evaluate=False),
                    " and ",
                    sp.Eq(MEAN, Mean(phi(z)), evaluate=False),
                ),
                "block-growth",
                expects={"growth": FACTOR**n},
                nets=OTHERS,
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _varies() -> str:
    """v − p of the next layer, with independent activations of two inputs: v = σ_w² M, p = σ_w² m²."""
    over_batch = V - (V + (BATCH - 1) * P) / BATCH
    prove_equal(sp.limit(over_batch, BATCH, sp.oo), V - P)
    prove_equal(
        (V - P).subs({V: SIGMA_W**2 * SQUARES, P: SIGMA_W**2 * MEAN**2}), SIGMA_W**2 * (SQUARES - MEAN**2)
    )
    if sp.limit(CORRELATION, BATCH, sp.oo) != 0:
        raise RefutedError("two of a large batch stay correlated")
    return "limit of a large batch; uncorrelated Gaussians are independent, so that the mean product is m²"


def _normalized(values: sp.Matrix) -> sp.Matrix:
    """(y − mean)/standard deviation, over the batch."""
    size = sp.Integer(len(values))
    centred = values - sp.ones(len(values), 1) * (sum(values) / size)
    return centred / sp.sqrt(centred.dot(centred) / size)


def _projection() -> str:
    """At points with a rational standard deviation, all entries as letters' derivatives."""
    for size, point in zip(SIZES, ((1, -3), (-1, 0, 1)), strict=True):
        values = sp.Matrix(sp.symbols(f"y1:{size + 1}", real=True))
        found = _normalized(values)
        at = dict(zip(values, point, strict=True))
        normal = found.subs(at)
        centred = sp.Matrix(point) - sp.ones(size, 1) * sp.Rational(sum(point), size)
        deviation = sp.sqrt(centred.dot(centred) / size)
        projection = sp.eye(size) - sp.ones(size, size) / size - normal * normal.T / size
        prove_equal(found.jacobian(values).subs(at), projection / deviation)
        prove_equal(projection * projection, projection)
        if sp.simplify(projection.trace()) != size - 2:
            raise RefutedError("other than two directions are taken off")
    return (
        f"differentiated for batches of {SIZES}, compared at a point; it projects on all but two directions"
    )


def _factor() -> str:
    backwards = SIGMA_W**2 * SLOPES / (SIGMA_W**2 * (SQUARES - MEAN**2))
    return prove_equal(backwards, FACTOR)


def _hermite(z: sp.Symbol) -> list[sp.Expr]:
    """He_0 … He_4, by He_{k+1} = z He_k − He_k′."""
    found = [sp.S.One]
    for _ in range(DEGREE):
        found.append(sp.expand(z * found[-1] - sp.diff(found[-1], z)))
    return found


def _poincare() -> str:
    total = sum(A[order] * he for order, he in enumerate(_hermite(Z[0])))
    square, slopes = (pair_mean(sp.expand(f**2)) for f in (total, sp.diff(total, Z[0])))
    weights = [A[order] ** 2 * sp.factorial(order) for order in range(DEGREE + 1)]
    prove_equal(pair_mean(sp.expand(total)), A[0])
    prove_equal(square - A[0] ** 2, sum(weights[1:]))
    prove_equal(slopes, sum(order * weight for order, weight in enumerate(weights)))
    return f"Gaussian moments of all polynomials of degree {DEGREE}, letters for coefficients"


def _relu() -> str:
    density = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    mean, square, slopes = (sp.integrate(f * density, (x, 0, sp.oo)) for f in (x, x**2, sp.S.One))
    prove_equal(FACTOR.subs({SLOPES: slopes, SQUARES: square, MEAN: mean}), RELU)
    prove_equal(FIRST.subs(C, 0) / Q, mean**2)
    return "integrals over the active half; the mean product of two inputs is the arc-cosine kernel at c = 0"


def _attracts() -> str:
    slope = ZEROTH.subs(C, 0) / ((FIRST.subs(C, 1) - FIRST.subs(C, 0)) / Q)
    prove_equal(slope, RELU / 2)
    if sign_of(1 - RELU / 2) != 1:
        raise RefutedError("small correlations do not shrink")
    return "the arc-cosine kernels at c = 0 and 1: π/(2(π − 1)) = 0.7335"


def _never_vanishes() -> str:
    excess = (k - 1) * sp.factorial(k) * A[k] ** 2
    prove_equal(k * A[k] ** 2 * sp.factorial(k) - A[k] ** 2 * sp.factorial(k), excess)
    if not (k - 1).is_nonnegative or sign_of(RELU - 1) != 1:
        raise RefutedError("a term of the slopes is smaller than that of the variance")
    return "each term of E φ′² is k ≥ 1 times that of Var φ"
