"""The typical size of a direction after a random net: what its logarithm does, layer by layer."""

import math

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import h, l, n, widths
from symgrad.symbolic.notation import Juxtaposed, Mean, Norm, Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.finite_width import jacobian_proofs as proofs
from symgrad.theory.finite_width.jacobian_law import factor_moment, log_moments, nets_needed
from symgrad.theory.finite_width.jacobian_moments import DIRECTION
from symgrad.theory.finite_width.jacobian_proofs import ACTIVE, FACTOR, SQUARES, N
from symgrad.theory.through_time.finite_width_proofs import drift

__all__ = ["jacobian_logarithm", "typical_and_mean"]

SPREAD = sp.Symbol("s", positive=True)
"""The variance of the logarithm."""
TYPICAL = sp.Symbol("m", positive=True)
"""The typical value, that of the mean logarithm."""
NETS = (
    {"activation": "relu", "depth": 100, "width": 100, "sigma_w": sp.sqrt(2)},
    {"activation": "identity", "depth": 50, "width": 50, "sigma_w": 1},
)


def digamma_sum() -> str:
    """The sum over K, against the mean logarithm from moments: d/dp E Fᵖ at p → 0 of living layers."""
    for width in (3, 20, 100):
        mean, variance = log_moments("relu", width)
        exact, square = sp.S.Zero, sp.S.Zero
        for active in range(1, width + 1):
            chance = sp.binomial(width, active) / (sp.Integer(2) ** width - 1)
            middle = sp.polygamma(0, sp.Rational(active, 2)) + sp.log(sp.Rational(4, width))
            exact += chance * middle.evalf(30)
            square += chance * (middle**2 + sp.polygamma(1, sp.Rational(active, 2))).evalf(30)
        if abs(mean - exact) > 1e-12 or abs(variance - (square - exact**2)) > 1e-11:
            raise RefutedError("the computed moments of the logarithm are not the sum over K")
    return "the sum over K in 30 digits at widths 3, 20, 100 agrees with the numbers that are used"


def first_order() -> str:
    """N E ln F → −5/2 and N Var ln F → 5, and the exact sums on their way there."""
    text = f"{drift()}; {proofs.low_order()}"
    for width in (100, 1000, 10_000):
        mean, variance = log_moments("relu", width)
        if abs(width * mean + 2.5) > 6 / width or abs(width * variance - 5) > 25 / width:
            raise RefutedError("the exact sums do not approach their first order in 1/N")
    return f"{text}; the exact sums at widths 100, 1,000, 10,000"


def lognormal() -> str:
    """E e^X = e^{m + s/2} for X ~ N(m, s), by completing the square."""
    z, mean = sp.symbols("z m", real=True)
    exponent = mean + sp.sqrt(SPREAD) * z - z**2 / 2
    square = mean + SPREAD / 2 - (z - sp.sqrt(SPREAD)) ** 2 / 2
    prove_equal(sp.expand(exponent), sp.expand(square))
    return "the square completed: what is left under the integral is the density moved by √s"


def jensen() -> str:
    """ln x ≤ x − 1, with equality at 1 alone: the difference falls before 1 and rises after it."""
    at = sp.Symbol("x", positive=True)
    gap = at - 1 - sp.log(at)
    prove_equal(sp.factor(sp.diff(gap, at)), (at - 1) / at)
    prove_equal(gap.subs(at, 1), sp.S.Zero)
    return "the derivative (x − 1)/x of x − 1 − ln x changes sign at 1, where it is 0"


def needed() -> str:
    """Relative variance of ‖Ju‖⁴, from the fourth moment of a factor."""
    rising = proofs.moment(4)
    prove_equal(rising, (N + 9) * (N**2 + 21 * N + 62) / N**3)
    for width in (10, 100):
        if abs(factor_moment("relu", width, 4) / float(rising.subs(N, width)) - 1) > 1e-10:
            raise RefutedError("the computed fourth moment of a factor is not the one in N")
    count = nets_needed("relu", 100, 100, 0.1)
    if not 1e10 < count < 1.1e10:
        raise RefutedError("the number of nets is not the one quoted")
    return "E F⁴ in N by the binomial moments; at N = n = 100, ten per cent need 1.0·10¹⁰ nets"


@derivation(
    "jacobian-logarithm",
    "The logarithm of a direction's size is a sum over layers, and drifts down by 5/(2N) each",
    "finite width",
)
def jacobian_logarithm() -> Body:
    """ln‖Ju‖² = Σ ln F_l: mean E_K ψ(K/2) + ln(4/N) a layer, about −5/(2N); variance about 5/N."""
    size = Norm(Juxtaposed(Partial(h[n], h[0]), DIRECTION))
    digamma = sp.digamma(ACTIVE / 2)
    index = sp.Symbol("k", integer=True, nonnegative=True)
    trigamma = sp.Sum(1 / (ACTIVE / 2 + index) ** 2, (index, 0, sp.oo))
    steps = (
        prove(
            sp.Eq(Mean(sp.log(SQUARES)), Mean(digamma) + sp.log(2), evaluate=False),
            ("the mean logarithm of a sum of ", ACTIVE, " squares, meant over ", ACTIVE, " as well"),
            proofs.logarithm,
            rule="gamma function",
        ),
        prove(
            sp.Eq(Mean((sp.log(SQUARES) - digamma - sp.log(2)) ** 2), Mean(trigamma), evaluate=False),
            ("its variance about that, for a given ", ACTIVE),
            proofs.variance_of_logarithm,
            rule="gamma function",
        ),
        prove(
            sp.Eq(
                Mean(sp.log(FACTOR)),
                sp.Sum(
                    sp.binomial(N, ACTIVE) * (sp.digamma(ACTIVE / 2) + sp.log(4 / N)) / (2**N - 1),
                    (ACTIVE, 1, N),
                ),
                evaluate=False,
            ),
            (
                "a layer's factor ",
                sp.Eq(FACTOR, 2 * SQUARES / N, evaluate=False),
                ", given that the layer is not dead: all its units are off with probability ",
                sp.Integer(2) ** -N,
                ", and then nothing passes",
            ),
            digamma_sum,
            rule="total probability",
        ),
        prove(
            sp.Eq(
                sp.Sum(sp.binomial(N, ACTIVE) * 4 * ACTIVE * (ACTIVE + 2) / (N**2 * 2**N), (ACTIVE, 0, N))
                - 1,
                5 / N,
                evaluate=False,
            ),
            ("the variance of ", FACTOR, ", whose mean is 1"),
            proofs.fourth,
            rule="total probability",
        ),
        prove(
            sp.Eq(sp.Limit(N * Mean(sp.log(FACTOR)), N, sp.oo), -sp.Rational(5, 2), evaluate=False),
            (
                "the mean of ",
                FACTOR,
                " is 1 and its variance ",
                5 / N,
                ": half of that is what the mean logarithm lies below 0, to leading order",
            ),
            first_order,
            rule="numbers put in",
        ),
    )
    conclusion = prove(
        sp.Eq(sp.log(size**2), sp.Sum(sp.log(2 * SQUARES / widths[l]), (l, 1, n)), evaluate=False),
        (
            "a sum of independent terms: its mean is about ",
            -sp.Rational(5, 2) * sp.Sum(1 / widths[l], (l, 1, n)),
            ", its variance about ",
            5 * sp.Sum(1 / widths[l], (l, 1, n)),
            "; for linear units ",
            -sp.Sum(1 / widths[l], (l, 1, n)),
            " and ",
            2 * sp.Sum(1 / widths[l], (l, 1, n)),
        ),
        _adds_up,
    )
    return Body(
        summary=("The typical net, not the mean: in logarithms every layer takes a little away, always.",),
        assumptions=(
            ("the layers and weights of the page on moments: ReLU, Gaussian, variance ", 2 / widths[l]),
            ("no layer is dead; with widths from 30 on that fails once in a thousand million layers",),
            ("the two figures with 5 and with 2 are first order in the inverse width; the sum is exact",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("haninrolnick2018"), Source("hanin2018")),
        picture={"verb": "finite-width", "activation": "relu", "depth": 100, "width": 100},
        claims=(
            Claim(
                "jacobian-logarithm/law",
                (
                    (
                        "mean and variance of the logarithm of a direction's squared size, over ReLU nets "
                        "of width 100 and depth 100 and linear ones of width 50 and depth 50, are the "
                        "predicted ones within their confidence intervals"
                    ),
                ),
                "jacobian-logarithm",
                {"moments": log_moments},
                NETS,
                scope="typical",
                regime="every width",
            ),
        ),
    )


def _adds_up() -> str:
    first, second = sp.symbols("f g", positive=True)
    prove_equal(sp.expand_log(sp.log(first * second)), sp.log(first) + sp.log(second))
    return "the logarithm of a product is the sum of the logarithms, and variances of independent terms add"


@derivation("typical-and-mean", "The mean stays 1 while the typical value shrinks", "finite width")
def typical_and_mean() -> Body:
    """The mean is e^{s/2} times the typical value; a few nets carry it, so many are needed to see it."""
    number = sp.Symbol("x", positive=True)
    steps = (
        prove(
            sp.Le(sp.log(number), number - 1, evaluate=False),
            (
                (
                    "so the mean logarithm of anything that is 1 in the mean lies below 0, unless it is "
                    "always 1: the mean stays and the typical value shrinks, layer by layer"
                ),
            ),
            jensen,
            rule="concavity",
        ),
        prove(
            sp.Eq(
                Mean(sp.exp(sp.log(TYPICAL) + sp.sqrt(SPREAD) * sp.Symbol("z", real=True))),
                TYPICAL * sp.exp(SPREAD / 2),
                evaluate=False,
            ),
            (
                "a sum of many independent terms is nearly Gaussian: with variance ",
                SPREAD,
                " of the logarithm the mean is this much above the typical value ",
                TYPICAL,
                ", which is the median",
            ),
            lognormal,
            rule="lognormal law",
        ),
        prove(
            sp.Eq(Mean(FACTOR**4), (N + 9) * (N**2 + 21 * N + 62) / N**3, evaluate=False),
            (
                "what it takes to see the fourth power's mean: one net's relative variance is ",
                sp.Product(Mean(FACTOR**4) / Mean(FACTOR**2) ** 2, (l, 1, n)) - 1,
                (
                    ", and at width 100 and depth 100 ten per cent need ten thousand million nets; there the "
                    "logarithm is measured instead"
                ),
            ),
            needed,
            rule="binomial moments",
        ),
    )
    conclusion = prove(
        sp.Eq(TYPICAL, sp.exp(-SPREAD / 2), evaluate=False),
        (
            "with a mean of 1: the typical squared size falls as the variance ",
            SPREAD,
            " of its logarithm grows, ReLU about ",
            5 / widths[l],
            (
                " a layer; the mean is held up by ever fewer, ever larger nets, and the worst case lies "
                "above all of them"
            ),
        ),
        _solved,
    )
    return Body(
        summary=("Why the mean, the typical value and the worst case of one gradient are three numbers.",),
        assumptions=(
            ("the mean is 1, as with ReLU and weights of variance ", 2 / widths[l]),
            ("the logarithm is Gaussian: the limit of many layers; mean and law are exact before it",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("hanin2018"), Source("haninrolnick2018")),
        picture={"verb": "finite-width", "activation": "relu", "depth": 50, "width": 50},
        claims=(
            Claim(
                "typical-and-mean/above",
                (
                    (
                        "the share of nets whose squared size is above its mean, and the typical value, are "
                        "those of the law, at width 50 and depth 50"
                    ),
                ),
                "jacobian-logarithm",
                {"moments": log_moments},
                ({"activation": "relu", "depth": 50, "width": 50, "sigma_w": sp.sqrt(2)},),
                scope="typical",
                regime="every width",
            ),
        ),
    )


def _solved() -> str:
    prove_equal(sp.simplify(sp.exp(-SPREAD / 2) * sp.exp(SPREAD / 2)), sp.S.One)
    mean, variance = log_moments("relu", 100)
    if not math.isclose(-mean, variance / 2, rel_tol=0.05):
        raise RefutedError("the drift is not half the variance")
    return (
        "the lognormal mean set to 1; the exact drift and half the exact variance at width 100 differ by 2 %"
    )
