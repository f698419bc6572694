"""What a gain preserves: the mean square of one direction at one variance, and why not of both."""

from functools import cache

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import decimals
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.pieces import Piece
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.gaussian.moments import VARIANCE
from symgrad.symbolic.gaussian.terms import closed_mean
from symgrad.symbolic.letters import k, n, x
from symgrad.symbolic.notation import Mean, dphi, phi
from symgrad.symbolic.number import Number
from symgrad.theory.activations import CORE
from symgrad.theory.entry import Body, derivation
from symgrad.theory.initialization.gains import MEAN_SQUARE, SLOPE_SQUARE, Gains, gains

Z = sp.Symbol("z", real=True)
SIGMA_W, SIGMA_B = sp.symbols("sigma_w sigma_b", positive=True)
AT = sp.sqrt(VARIANCE) * Z
HERMITE = sp.IndexedBase("c", real=True)
SPREAD, SLOPE = Mean(phi(AT) ** 2), Mean(dphi(AT) ** 2)
DEGREE = 6
"""Hermite polynomials up to which the two sums of squares are worked out."""
CENTRED = ("tanh", "softsign", "arctan", "erf", "sin")
"""Odd activations that are no straight lines: their mean is 0."""
MEASURED = ("tanh", "gelu", "relu")
DEPTH, WIDTH = 4, 128


@cache
def at_one(name: str) -> Gains:
    """The gains of a registered activation at q = 1."""
    return gains(CORE[name])


def growth(name: str) -> Number:
    """q S/M at q = 1: the factor of the mean squared gradient under the gain that keeps the variance."""
    found = at_one(name)
    return found.of(found.q * SLOPE_SQUARE / MEAN_SQUARE, "σ_w² S with σ_w² = q/M")


def short(number: Number) -> str:
    """Four significant digits."""
    return f"{float(decimals(number.value).decimal):.4g}"


def _bias_of(name: str) -> Number:
    found = at_one(name).bias_variance
    assert found is not None, "the moments are finite here"
    return found


@derivation("gains", "A gain keeps the variance or the gradient, seldom both", "initialization")
def gain_page() -> Body:
    """σ_w² = q/E φ² keeps q forwards, σ_w² = 1/E φ′² keeps the gradient; for E φ = 0 the first exceeds the
    second."""
    kept = sp.Eq(SIGMA_W**2, VARIANCE / SPREAD, evaluate=False)
    flat = sp.Eq(SIGMA_W**2, 1 / SLOPE, evaluate=False)
    steps = (
        prove(
            sp.Implies(kept, sp.Eq(SIGMA_W**2 * SPREAD, VARIANCE, evaluate=False), evaluate=False),
            ("forwards: without biases the next layer has the variance ", VARIANCE, " again"),
            lambda: prove_equal((VARIANCE / MEAN_SQUARE) * MEAN_SQUARE, VARIANCE),
            rule="forward gain",
        ),
        prove(
            sp.Implies(flat, sp.Eq(SIGMA_W**2 * SLOPE, 1, evaluate=False), evaluate=False),
            ("backwards: the mean squared gradient is handed on unchanged",),
            lambda: prove_equal((1 / SLOPE_SQUARE) * SLOPE_SQUARE, sp.S.One),
            rule="backward gain",
        ),
        prove(
            sp.Implies(flat, sp.Eq(SIGMA_B**2, VARIANCE - SPREAD / SLOPE, evaluate=False), evaluate=False),
            (
                "but only while the variance stays ",
                VARIANCE,
                ", and the biases must add what the weights leave out; where this is negative nothing can",
            ),
            _bias,
            rule="fixed point",
        ),
        prove(
            sp.Eq(
                sp.Sum(k * sp.factorial(k) * HERMITE[k] ** 2, (k, 1, n))
                - sp.Sum(sp.factorial(k) * HERMITE[k] ** 2, (k, 1, n)),
                sp.Sum((k - 1) * sp.factorial(k) * HERMITE[k] ** 2, (k, 1, n)),
                evaluate=False,
            ),
            (
                "in Hermite polynomials with coefficients ",
                HERMITE[k],
                " the first sum is ",
                VARIANCE * SLOPE,
                ", the second the variance of ",
                phi(AT),
                ": they differ by squares, which vanish only for a straight line",
            ),
            _hermite,
            rule="Hermite expansion",
        ),
        prove(
            sp.Le(SPREAD - Mean(phi(AT)) ** 2, VARIANCE * SLOPE, evaluate=False),
            ("the same as an inequality, the Gaussian one of Poincaré, in the limit of all ", n),
            _slack_is_not_negative,
            rule="Poincaré inequality",
        ),
        prove(
            sp.Ge(VARIANCE * SLOPE / SPREAD, 1 - Mean(phi(AT)) ** 2 / SPREAD, evaluate=False),
            ("the same divided by the second moment: the factor of the gradient under the forward gain",),
            _divided,
            rule="algebra",
        ),
    )
    factors = ", ".join(f"{name} {short(growth(name))}" for name in CENTRED)
    conclusion = prove(
        sp.Implies(
            sp.And(kept, sp.Eq(Mean(phi(AT)), 0, evaluate=False), evaluate=False),
            sp.Ge(SIGMA_W**2 * SLOPE, 1, evaluate=False),
            evaluate=False,
        ),
        (
            "with the variance kept, the gradient explodes unless φ is a straight line; factors a layer at ",
            sp.Eq(VARIANCE, 1, evaluate=False),
            f" are {factors}; GELU, whose mean is not 0, has {short(growth('gelu'))}, and ReLU exactly 1",
        ),
        _factors,
    )
    return Body(
        summary=("The gain that keeps the variance of a layer is seldom the one that keeps its gradient.",),
        assumptions=_ASSUMPTIONS,
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("poole2016", "eq 3"),
            Source("schoenholz2017", "section 3"),
            Source("he2015", "section 2.2"),
            Source("chernoff1981"),
        ),
        claims=(
            _claim(
                "forward",
                "under the forward gain the variance stays, and the gradient grows by the factor found",
            ),
            _claim(
                "backward",
                "under the backward gain, with its biases, variance and mean squared gradient stay",
            ),
        ),
        proof="certified",
        picture={"verb": "simulate", "activation": "tanh", "sigma_w": 1.5925, "width": 128, "batch": 4},
    )


_ASSUMPTIONS: tuple[Prose, ...] = (
    (
        "the recursions of the page length-map: from layer to layer ",
        VARIANCE,
        " becomes ",
        SIGMA_W**2 * SPREAD + SIGMA_B**2,
        ", and the mean squared gradient is multiplied by ",
        SIGMA_W**2 * SLOPE,
    ),
    ("the width is infinite, and ", Z, " is a standard Gaussian"),
    ("φ has no jump, and ", SLOPE, " is finite"),
)


def _bias() -> str:
    sigma = sp.Symbol("b")
    solved = sp.solve(sp.Eq(VARIANCE, MEAN_SQUARE / SLOPE_SQUARE + sigma), sigma)
    prove_equal(solved[0], VARIANCE - MEAN_SQUARE / SLOPE_SQUARE)
    return f"the fixed point solved for σ_b²; tanh at q = 1: {short(_bias_of('tanh'))}"


def _hermite() -> str:
    """Both sums from the integrals, for φ a general polynomial."""
    letters = [HERMITE[i] for i in range(DEGREE + 1)]
    plain = dict(zip(letters, sp.symbols(f"c0:{DEGREE + 1}", real=True), strict=True))
    hermite = [sp.expand(2 ** sp.Rational(-i, 2) * sp.hermite(i, x / sp.sqrt(2))) for i in range(DEGREE + 1)]
    f = sum(c * h for c, h in zip(plain.values(), hermite, strict=True))

    def mean(g: sp.Expr) -> sp.Expr:
        return closed_mean((Piece(-sp.oo, sp.oo, sp.expand(g)),), x, sp.S.One, {})

    def total(term: sp.Expr) -> sp.Expr:
        return sp.Sum(term * HERMITE[k] ** 2, (k, 1, DEGREE)).doit().xreplace(plain)

    prove_equal(mean(sp.diff(f, x) ** 2), total(k * sp.factorial(k)))
    prove_equal(mean(f**2) - mean(f) ** 2, total(sp.factorial(k)))
    prove_equal(total(k * sp.factorial(k)) - total(sp.factorial(k)), total((k - 1) * sp.factorial(k)))
    return f"all three sums, from the Gaussian integrals of a general polynomial of degree {DEGREE}"


def _slack_is_not_negative() -> str:
    if not all((i - 1) * sp.factorial(i) >= 0 for i in range(1, DEGREE + 1)):
        raise RefutedError("a coefficient of the sum of squares is negative")
    for name in CENTRED:
        if not growth(name).value > 1:
            raise RefutedError(f"the inequality fails for {name}")
    return f"squares with factors (k − 1) k! ≥ 0; {len(CENTRED)} activations, enclosed, keep it strictly"


def _divided() -> str:
    mean = sp.Symbol("mu", real=True)
    left, right = VARIANCE * SLOPE_SQUARE, MEAN_SQUARE - mean**2
    return prove_equal(
        (left - right) / MEAN_SQUARE, VARIANCE * SLOPE_SQUARE / MEAN_SQUARE - (1 - mean**2 / MEAN_SQUARE)
    )


def _factors() -> str:
    for name in CENTRED:
        if not growth(name).value > 1:
            raise RefutedError(f"the gradient of {name} does not grow under its forward gain")
    for name in ("identity", "relu", "leaky_relu"):
        if growth(name).exact != 1:
            raise RefutedError(f"{name} is not kept in both directions")
    return f"{len(CENTRED)} odd activations, moments enclosed to thirty digits; the straight ones exactly 1"


def _claim(way: str, says: str) -> Claim:
    found = {name: at_one(name) for name in MEASURED}
    forward = way == "forward"
    return Claim(
        f"gains/{way}",
        (f"{says}, to 4 % a layer at width {WIDTH}",),
        "layer-moments",
        expects={
            "q": sp.S.One,
            "forward": dict.fromkeys(MEASURED, sp.S.One),
            "backward": {name: growth(name).value if forward else sp.S.One for name in MEASURED},
        },
        nets=tuple(
            {
                "activation": name,
                "depth": DEPTH,
                "width": WIDTH,
                "sigma_w": float((g.keeping if forward else g.backward).value),
                "sigma_b": 0.0 if forward else float(_bias_of(name).value) ** 0.5,
            }
            for name, g in found.items()
        ),
        scope="mean",
        regime="infinite width",
    )
