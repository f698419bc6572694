"""He et al.: the variance equation for rectifiers, with any slope on the left."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import PARAMETERS, E, W, h, l, n, n_in, n_out, widths, x
from symgrad.symbolic.notation import Mean, Partial, Variance, dphi, phi
from symgrad.theory.activations import ACTIVATIONS
from symgrad.theory.entry import Body, derivation
from symgrad.theory.initialization.layer_variances import (
    BACKWARD,
    FORWARD,
    SHARE,
    V,
    handed_back,
    handed_on,
    solved,
)
from symgrad.theory.through_time.induction import by_induction

__all__ = ["VGG", "he_initialization"]

SLOPE, HALF = PARAMETERS["a"], sp.Rational(1, 2)
KEPT = (1 + SLOPE**2) / 2
"""The share of a mean square that a rectifier with that slope on the left keeps, in both directions."""
ON, BACK = (factor.subs(SHARE, KEPT) for factor in (FORWARD, BACKWARD))
HE = 2 / ((1 + SLOPE**2) * n_in)
ENDS = sp.Product(widths[l - 1] / widths[l], (l, 1, n))
FILTERS = (64, 128, 128, 256, 256, 512, 512, 512, 512)
"""Filters of the layers conv2 … conv10 of the net that the paper calls model B; all are 3 × 3."""
DEVIATION = sp.Rational(1, 100)
"""The standard deviation of its weights."""
VGG = sp.Mul(*(sp.sqrt(sp.Rational(2, 9 * filters)) / DEVIATION for filters in FILTERS))
"""By how much too small the gradient of conv2 is: √(2/n_out) over the deviation, over nine layers."""
UNEVEN = (64, 128, 96, 48, 80)
HALVED = (32, 32, 64, 64, 128, 128, 256, 256, 256, 256)
"""Half the units of model B as fully connected layers, with twice the variance: the same factors."""


@derivation(
    "he-initialization",
    "A rectifier halves mean squares, and He's variance doubles them again",
    "initialization",
)
def he_initialization() -> Body:
    """½ (1 + a²) n v = 1 with n the fan-in forwards, the fan-out backwards: they differ by N_0/N_n in all."""
    pre = sp.Symbol("a_l", real=True)
    value, slope = phi(pre), dphi(pre)
    steps = (
        prove(
            sp.Eq(phi(x) ** 2 + phi(-x) ** 2, (1 + SLOPE**2) * x**2, evaluate=False),
            ("the two sides of a rectifier, 1 and ", SLOPE, " steep; ", sp.Eq(SLOPE, 0), " is ReLU"),
            lambda: _both_sides(0, (1 + SLOPE**2) * x**2),
            rule="two sides",
        ),
        prove(
            sp.Eq(Mean(value**2), KEPT * Mean(pre**2), evaluate=False),
            (
                "weights whose law is symmetric make ",
                pre,
                " and ",
                -pre,
                " equally likely, so the mean is half that of the sum of both",
            ),
            _averaged,
            rule="symmetry",
        ),
        prove(
            sp.Eq(Mean(slope**2), KEPT, evaluate=False),
            ("the same for the slope: each side is met with probability one half",),
            lambda: _both_sides(1, 1 + SLOPE**2),
            rule="symmetry",
        ),
        prove(
            sp.Eq(
                Mean(h[l] ** 2), KEPT * widths[l - 1] * Variance(W[l]) * Mean(h[l - 1] ** 2), evaluate=False
            ),
            ("forwards through one layer: variances add, then the rectifier keeps its share",),
            handed_on,
            rule="forward recursion",
        ),
        prove(
            sp.Equivalent(sp.Eq(ON, 1, evaluate=False), sp.Eq(V, HE, evaluate=False)),
            (
                "solved for the variance ",
                V,
                " of a weight, equation 15 and for ",
                sp.Eq(SLOPE, 0),
                " equation 10",
            ),
            lambda: solved(ON, HE),
            rule="forward equation",
        ),
        prove(
            sp.Eq(
                Variance(Partial(E, h[l - 1])),
                KEPT * widths[l] * Variance(W[l]) * Variance(Partial(E, h[l])),
                evaluate=False,
            ),
            (
                (
                    "backwards: the sign of a row of weights decides on which side its unit is, and leaves "
                    "the squares of the row as they are, so both factors are independent"
                ),
            ),
            _backwards,
            rule="backward recursion",
        ),
        prove(
            sp.Equivalent(sp.Eq(BACK, 1, evaluate=False), sp.Eq(V, HE.subs(n_in, n_out), evaluate=False)),
            ("the same equation with the fan-out, equation 14",),
            lambda: solved(BACK, HE.subs(n_in, n_out)),
            rule="backward equation",
        ),
        prove(
            sp.Eq(ENDS, widths[0] / widths[n], evaluate=False),
            (
                (
                    "what the backward choice does to the signal, and inverted the forward choice to the "
                    "gradient: all widths cancel but those of the two ends, whatever "
                ),
                n,
            ),
            _ends,
            rule="telescoping product",
        ),
        prove(
            sp.Eq(sp.Mul(HALF, n_in, sp.UnevaluatedExpr(1 / n_in), evaluate=False), HALF, evaluate=False),
            ("weights of variance one over the fan-in, made for straight lines, halve mean squares here",),
            lambda: prove_equal(ON.subs({V: 1 / n_in, SLOPE: 0}), HALF),
            rule="the linear choice",
        ),
    )
    conclusion = prove(
        sp.Eq(_ratios(), VGG, evaluate=False),
        (
            (
                "the paper's example, conv2 to conv10 of a net of 3 × 3 layers with deviation 1/100: its "
                f"gradient is too small by a factor {float(VGG):.6g}, which the paper gives as 1.7·10⁴"
            ),
        ),
        _vgg,
    )
    return Body(
        summary=(
            (
                "A rectifier leaves half of a mean square, forwards and backwards; weights of variance two "
                "over the fan-in make up for it at every width."
            ),
        ),
        assumptions=(
            ("φ is ", x, " for positive ", x, " and ", SLOPE * x, " for negative; there are no biases"),
            ("weights are independent, with one variance a layer and a law that is symmetric about 0",),
            (
                (
                    "no pre-activation is exactly 0: a ReLU layer whose units are all off, of probability "
                    "one in two to the number of its units, is left out"
                ),
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("he2015", "section 2.2, eq 10, 14 and 15"), Source("simonyan2015", "table 1, net B")),
        claims=_claims(),
        picture={
            "verb": "simulate",
            "activation": "relu",
            "sigma_w": 1.4142135623730951,
            "width": 128,
            "batch": 4,
        },
    )


def _claims() -> tuple[Claim, ...]:
    """ReLU and another slope with He's variance either way, ReLU with the linear one, and the example."""
    rows = (
        ("fan-in", "relu", "He's fan-in variance keeps the mean square of the units", HE, UNEVEN),
        ("fan-out", "relu", "He's fan-out variance keeps that of the gradient", HE.subs(n_in, n_out), UNEVEN),
        ("slope", "prelu", "the same holds with the slope of PReLU", HE, UNEVEN),
        ("linear", "relu", "variance one over the fan-in halves both in a layer", 1 / n_in, (96,) * 6),
        (
            "example",
            "relu",
            "the gradient of the example falls by that factor over nine layers",
            18 * DEVIATION**2,
            HALVED,
        ),
    )
    found = []
    for name, activation, says, variance, sizes in rows:
        slope = ACTIVATIONS[activation].parameters.get(SLOPE, sp.S.Zero)
        factors = {"variance": variance, "forward": ON.subs(V, variance), "backward": BACK.subs(V, variance)}
        found.append(
            Claim(
                f"he-initialization/{name}",
                (f"{says}, to 3 % a layer",),
                "uneven-layers",
                expects={key: part.subs(SLOPE, slope) for key, part in factors.items()},
                nets=({"activation": activation, "widths": sizes},),
                scope="mean",
            )
        )
    return tuple(found)


def _both_sides(order: int, total: sp.Expr) -> str:
    """φ(x)² + φ(−x)², or the same of φ′, for the leaky ReLU of the table and for ReLU."""
    entry = ACTIVATIONS["leaky_relu"]
    (own,) = entry.parameters
    positive = sp.Symbol("x", positive=True)
    for expression, slope in ((entry.expression, own), (ACTIVATIONS["relu"].expression, sp.S.Zero)):
        sides = sp.diff(expression, x) if order else expression
        found = sum(sides.subs(x, sign * positive).doit() ** 2 for sign in (1, -1))
        how = prove_equal(sp.simplify(found), total.subs({SLOPE: slope, x: positive}))
    return f"on both sides of 0: {how}; leaky ReLU with its slope a letter, and ReLU"


def _averaged() -> str:
    """E f(a) = ½ E(f(a) + f(−a)) for a law symmetric about 0, by enumeration of one with four points."""
    points = sp.symbols("p1:3", positive=True)
    value = [p**2 for p in points] + [SLOPE**2 * p**2 for p in points]
    total = sp.Add(*value) / 4
    prove_equal(total, KEPT * sum(p**2 for p in points) / 2)
    return f"{_both_sides(0, (1 + SLOPE**2) * x**2)}; the mean over a and −a is half of it"


def _backwards() -> str:
    """E[s² w_j²] = E s² · E w_j² when a row is drawn with either sign: w ↦ −w turns s and keeps w_j²."""
    weight, one, other = sp.symbols("w s_1 s_2", real=True)
    joint = (one**2 * weight**2 + other**2 * (-weight) ** 2) / 2
    prove_equal(joint, (one**2 + other**2) / 2 * weight**2)
    return f"a row with either sign, enumerated; {handed_back()}"


def _ends() -> str:
    closed, factor = widths[0] / widths[n], ENDS.function.subs(l, n)
    return by_induction(closed, n, sp.S.Zero, sp.S.One, lambda part: factor * part)


def _ratios() -> sp.Expr:
    """The product as it stands: 100 √(2/(9 · filters)) by the widths that occur."""
    counts = {filters: FILTERS.count(filters) for filters in FILTERS}
    return sp.Mul(
        *(
            sp.UnevaluatedExpr(sp.sqrt(sp.Rational(2, 9 * filters)) / DEVIATION) ** count
            for filters, count in counts.items()
        ),
        evaluate=False,
    )


def _vgg() -> str:
    with precision(128):
        value = ball(VGG)
        if not (value > 16_500 and value < 17_500):
            raise RefutedError(f"the factor of the example is {value}, not 1.7·10⁴")
    prove_equal(_ratios().doit(), VGG)
    rounded = sp.Mul(*(sp.Rational(round(1000 * (2 / (9 * filters)) ** 0.5), 10) for filters in FILTERS))
    return f"the nine ratios multiplied; from the paper's two-digit deviations it is {float(rounded):.0f}"
