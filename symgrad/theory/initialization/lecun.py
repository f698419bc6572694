"""LeCun et al.: weights of variance one over the fan-in, and what the stretched tanh adds to them."""

import sympy as sp
from flint import arb

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import enclose
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import W, h, l, n_in, widths, x
from symgrad.symbolic.notation import Mean, Variance, dphi, phi
from symgrad.theory.activations import ACTIVATIONS, kernel
from symgrad.theory.entry import Body, derivation
from symgrad.theory.initialization.audit import reached
from symgrad.theory.initialization.gains import gains
from symgrad.theory.initialization.layer_variances import BACKWARD, FORWARD, SHARE, V, handed_on, solved
from symgrad.theory.propagation.enclosed import Enclosed, enclosed

__all__ = ["lecun_initialization", "rest"]

Z = sp.Symbol("z", real=True)
RESTING = sp.Symbol("q^*", positive=True)
HEIGHT = sp.Symbol("A", positive=True)
STRETCHED = HEIGHT * sp.tanh(2 * x / 3)
"""The recommended shape; A = 1.7159 in the paper."""
EXACT = 1 / sp.tanh(sp.Rational(2, 3))
"""The A with φ(1) = 1."""
PUBLISHED = sp.Rational(17159, 10000)
BEND = sp.Rational(3, 2) * sp.atanh(1 / sp.sqrt(3))
"""Where φ″ is largest in size."""
NAME = "lecun_tanh"
WIDTH, DEEP = 128, 12
ON = FORWARD.subs(SHARE, 1)


def rest() -> Enclosed:
    """The fixed point of the stretched tanh with weights of variance one over the fan-in, without biases."""
    return enclosed(ACTIVATIONS[NAME], sp.S.One, sp.S.Zero, reached(kernel(ACTIVATIONS[NAME]), 1.0))


@derivation(
    "lecun-initialization", "Fan-in scaling keeps unit variance where units are linear", "initialization"
)
def lecun_initialization() -> Body:
    """n_in v = 1; φ = A tanh(2x/3) has φ(±1) = ±1 and slope above 1 at 0, so its variance settles at 0.38."""
    found, settled = gains(ACTIVATIONS[NAME]), rest()
    factors = found.factors(sp.S.One)
    at = sp.sqrt(RESTING) * Z
    steps = (
        prove(
            sp.Eq(Variance(h[l]), widths[l - 1] * Variance(W[l]) * Variance(h[l - 1]), evaluate=False),
            ("a linear unit adds the variances of what feeds it",),
            handed_on,
            rule="forward recursion",
        ),
        prove(
            sp.Equivalent(sp.Eq(ON, 1, evaluate=False), sp.Eq(V, 1 / n_in, evaluate=False)),
            ("unit variance is handed on: the standard deviation is one over the root of the fan-in",),
            lambda: solved(ON, 1 / n_in),
            rule="forward equation",
        ),
        prove(
            sp.Equivalent(
                sp.Eq(STRETCHED.subs(x, 1), 1, evaluate=False), sp.Eq(HEIGHT, EXACT, evaluate=False)
            ),
            (
                "the recommended ",
                sp.Eq(phi(x), STRETCHED, evaluate=False),
                f" takes 1 to 1 for this height, {enclose(EXACT).decimal[:12]}, which is published as 1.7159",
            ),
            _height,
            rule="normalisation",
        ),
        prove(
            sp.Implies(
                sp.Eq(x, BEND, evaluate=False),
                sp.Eq(sp.Derivative(STRETCHED, (x, 3)), 0, evaluate=False),
                evaluate=False,
            ),
            (
                "the bend of φ is strongest here, at ",
                BEND,
                f" = {float(BEND):.6f}: the paper's “at 1” holds to about one part in eighty",
            ),
            _bend,
            rule="largest second derivative",
        ),
        prove(
            sp.Gt(2 * PUBLISHED / 3, 1, evaluate=False),
            ("the slope at 0: small signals grow, where plain tanh lets every signal shrink towards 0",),
            _lifts,
            rule="slope at 0",
        ),
        prove(
            sp.And(
                sp.Lt(Mean(phi(Z) ** 2), 1, evaluate=False),
                sp.Lt(Mean(dphi(Z) ** 2), 1, evaluate=False),
                evaluate=False,
            ),
            (
                (
                    "beyond its linear part it saturates: of variance 1 a wide layer leaves "
                    f"{float(factors[0].value):.6g}, of the squared gradient {float(factors[1].value):.6g}"
                ),
            ),
            lambda: _below_one([factor.value for factor in factors]),
            rule="at variance 1",
        ),
    )
    conclusion = prove(
        sp.And(
            sp.Eq(Mean(phi(at) ** 2), RESTING, evaluate=False),
            sp.Gt(Mean(dphi(at) ** 2), 1, evaluate=False),
            evaluate=False,
        ),
        (
            "so a deep net settles at the variance ",
            RESTING,
            (
                f" = {float(settled.q.value):.6g}, where the squared gradient grows by the factor "
                f"{float(settled.chi1.value):.6g} a layer; plain tanh would settle at 0"
            ),
        ),
        lambda: _settles(settled),
    )
    return Body(
        summary=(
            (
                "Weights of variance one over the fan-in keep unit variance through linear units; with them "
                "the stretched tanh keeps signals alive, at less than half that variance."
            ),
        ),
        assumptions=(
            ("weights are independent, with mean 0; inputs have mean 0 and variance 1; there are no biases",),
            (
                "through φ the width is infinite, so that pre-activations are Gaussian; ",
                Z,
                " is a standard one",
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("lecun1998", "sections 4.4 and 4.6"), Source("poole2016", "eq 3")),
        claims=(
            Claim(
                "lecun-initialization/linear",
                ("linear layers of any width keep the mean square, to 3 %",),
                "uneven-layers",
                expects={
                    "variance": 1 / n_in,
                    "forward": sp.S.One,
                    "backward": BACKWARD.subs({SHARE: 1, V: 1 / n_in}),
                },
                nets=({"activation": "identity", "widths": (64, 128, 96, 48, 80), "weights": "uniform"},),
                scope="mean",
            ),
            _claim(
                "unit",
                "a layer of variance 1 keeps the shares found",
                sp.S.One,
                factors[0].value,
                factors[1].value,
                2,
            ),
            _claim(
                "settled", "a deep net stays where it settles", settled.q.value, 1, settled.chi1.value, DEEP
            ),
        ),
        proof="certified",
        picture={"verb": "simulate", "activation": NAME, "sigma_w": 1.0, "width": 128, "batch": 4},
    )


def _claim(name: str, says: str, q: object, forward: object, backward: object, depth: int) -> Claim:
    return Claim(
        f"lecun-initialization/{name}",
        (f"{says}, to 4 % a layer at width {WIDTH}",),
        "layer-moments",
        expects={"q": q, "forward": {NAME: forward}, "backward": {NAME: backward}},
        nets=({"activation": NAME, "depth": depth, "width": WIDTH, "sigma_w": 1.0},),
        scope="mean",
        regime="infinite width",
    )


def _height() -> str:
    (found,) = sp.solve(sp.Eq(STRETCHED.subs(x, 1), 1), HEIGHT)
    how = prove_equal(found, EXACT)
    if round(sp.Rational(enclose(EXACT).decimal) * 10**4) != 10**4 * PUBLISHED:
        raise RefutedError("the published height is not that of φ(1) = 1 to four decimals")
    prove_equal(ACTIVATIONS[NAME].phi, STRETCHED.subs(HEIGHT, PUBLISHED))
    return f"solved for the height: {how}; rounded to four decimals it is the published one"


def _bend() -> str:
    """φ‴ = −2A (8/27) (1 − t²)(1 − 3t²) with t = tanh(2x/3): it changes sign at t² = 1/3."""
    t = sp.tanh(2 * x / 3)
    third = sp.diff(STRETCHED, x, 3)
    prove_equal(third, -2 * HEIGHT * sp.Rational(8, 27) * (1 - t**2) * (1 - 3 * t**2))
    return prove_equal(t.subs(x, BEND) ** 2, sp.Rational(1, 3)) + ": the third derivative changes sign there"


def _lifts() -> str:
    entry = ACTIVATIONS[NAME]
    how = prove_equal(sp.diff(entry.phi, x).subs(x, 0), 2 * PUBLISHED / 3)
    prove_equal(sp.diff(sp.tanh(x), x), 1 - sp.tanh(x) ** 2)
    return f"{how}; tanh has slope at most 1, and less away from 0, so |tanh x| < |x|"


def _below_one(values: list[arb]) -> str:
    if not all(value < 1 for value in values):
        raise RefutedError("a factor at variance 1 is not below 1")
    return "Gaussian moments, enclosed"


def _settles(settled: Enclosed) -> str:
    if not (settled.attracts and settled.chi1.value > 1):
        raise RefutedError("the fixed point does not attract, or its gradient does not grow")
    return "a sign change between two rationals, and the mean of the squared slope at both, in balls"
