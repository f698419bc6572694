"""Glorot and Bengio: what one variance of the weights can keep, and what their compromise leaves."""

from collections.abc import Mapping
from typing import Any

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import E, W, h, l, n, n_in, n_out, widths
from symgrad.symbolic.notation import Partial, Variance
from symgrad.theory.entry import Body, derivation
from symgrad.theory.initialization.layer_variances import (
    BACKWARD,
    COMPROMISE,
    FORWARD,
    SHARE,
    V,
    handed_back,
    handed_on,
    solved,
)
from symgrad.theory.through_time.induction import by_induction

__all__ = ["glorot_initialization"]

LIMIT, WEIGHT = sp.Symbol("r", positive=True), sp.Symbol("w", real=True)
OLD = 1 / sp.sqrt(n_in)
"""The limit of the uniform weights that were customary before."""
ON, BACK = (factor.subs(SHARE, 1) for factor in (FORWARD, BACKWARD))
LEFT, LEFT_BACK = (factor.subs(V, COMPROMISE) for factor in (ON, BACK))
SIGNAL, GRADIENT = Variance(h[l]), Variance(Partial(E, h[l]))
ALL = Variance(h[0]) * sp.Product(widths[l - 1] * Variance(W[l]), (l, 1, n))
UNEVEN = (64, 128, 96, 48, 80)


@derivation(
    "glorot-initialization", "Glorot's variance is a compromise between signal and gradient", "initialization"
)
def glorot_initialization() -> Body:
    """n_in v = 1 forwards, n_out v = 1 backwards; v = 2/(n_in + n_out) leaves 2 n_in/(n_in + n_out)."""
    before = (SIGNAL.subs(l, l - 1), GRADIENT.subs(l, l - 1))
    steps = (
        prove(
            sp.Eq(SIGNAL, widths[l - 1] * Variance(W[l]) * before[0], evaluate=False),
            ("forwards through one layer: independent weights of mean 0 add variances",),
            handed_on,
            rule="forward recursion",
        ),
        prove(
            sp.Eq(Variance(h[n]), ALL, evaluate=False),
            ("through ", n, " layers, equation 5 of the paper"),
            _through_all,
            rule="product over layers",
        ),
        prove(
            sp.Eq(before[1], widths[l] * Variance(W[l]) * GRADIENT, evaluate=False),
            ("backwards the transposed weights sum over the units above, equation 6 layer by layer",),
            handed_back,
            rule="backward recursion",
        ),
        prove(
            sp.Equivalent(sp.Eq(ON, 1, evaluate=False), sp.Eq(V, 1 / n_in, evaluate=False)),
            ("the signal is kept, with ", V, " the variance of one weight"),
            lambda: solved(ON, 1 / n_in),
            rule="forward equation",
        ),
        prove(
            sp.Equivalent(sp.Eq(BACK, 1, evaluate=False), sp.Eq(V, 1 / n_out, evaluate=False)),
            ("the gradient is kept; both at once only where ", sp.Eq(n_in, n_out)),
            lambda: solved(BACK, 1 / n_out),
            rule="backward equation",
        ),
        prove(
            sp.Equivalent(sp.Eq((ON + BACK) / 2, 1, evaluate=False), sp.Eq(V, COMPROMISE, evaluate=False)),
            ("the compromise, equation 12: the two factors are 1 on average",),
            lambda: solved((ON + BACK) / 2, COMPROMISE),
            rule="compromise",
        ),
        prove(
            sp.Eq(1 - LEFT * LEFT_BACK, ((n_in - n_out) / (n_in + n_out)) ** 2, evaluate=False),
            (
                (
                    "the product of both factors falls short of 1 by a square: where the width changes, one "
                    "way loses more than the other gains"
                ),
            ),
            lambda: prove_equal(1 - LEFT * LEFT_BACK, ((n_in - n_out) / (n_in + n_out)) ** 2),
            rule="algebra",
        ),
        prove(
            sp.Eq(
                sp.Integral(WEIGHT**2 / (2 * LIMIT), (WEIGHT, -LIMIT, LIMIT)), LIMIT**2 / 3, evaluate=False
            ),
            (
                "uniform weights between ",
                -LIMIT,
                " and ",
                LIMIT,
                ": the compromise has ",
                sp.Eq(LIMIT, sp.sqrt(6 / (n_in + n_out)), evaluate=False),
                ", equation 16",
            ),
            _uniform,
            rule="uniform weights",
        ),
        prove(
            sp.Eq(n_in * sp.UnevaluatedExpr(OLD) ** 2 / 3, sp.Rational(1, 3), evaluate=False),
            (
                "the older choice ",
                sp.Eq(LIMIT, OLD, evaluate=False),
                " leaves a third of the variance in every layer, equation 15",
            ),
            lambda: prove_equal(ON.subs(V, LIMIT**2 / 3).subs(LIMIT, OLD), sp.Rational(1, 3)),
            rule="the older weights",
        ),
    )
    conclusion = prove(
        sp.And(
            *(
                sp.Eq(new, factor.subs({n_in: widths[l - 1], n_out: widths[l]}) * old, evaluate=False)
                for new, factor, old in ((SIGNAL, LEFT, before[0]), (before[1], LEFT_BACK, GRADIENT))
            ),
            evaluate=False,
        ),
        (
            (
                "what the compromise leaves of signal and gradient in one layer: 1 only where the width "
                "stays; mean values, at every width in a linear net"
            ),
        ),
        _left,
    )
    return Body(
        summary=(
            (
                "One variance of the weights keeps the signal, another one the gradient; Glorot's choice "
                "lies between them, and pays wherever the width changes."
            ),
        ),
        assumptions=(
            (
                "the linear regime: ",
                sp.Eq(h[l], W[l] * h[l - 1], evaluate=False),
                ", as for tanh near 0, without biases",
            ),
            ("weights are independent of each other and of what they meet, of mean 0 and one variance",),
            (
                widths[l],
                " units in layer ",
                l,
                "; ",
                n_in,
                " and ",
                n_out,
                " are those before and after a layer",
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("glorot2010", "eq 5, 6, 12, 15 and 16"),),
        claims=tuple(
            _claim(name, says, variance, nets)
            for name, says, variance, nets in (
                (
                    "compromise",
                    "layers of changing width change mean squares by what the compromise leaves, to 3 %",
                    COMPROMISE,
                    (
                        {"activation": "identity", "widths": UNEVEN, "weights": "uniform"},
                        {"activation": "identity", "widths": UNEVEN[::-1]},
                    ),
                ),
                (
                    "third",
                    "with the older uniform weights a third of both mean squares is left in a layer, to 3 %",
                    1 / (3 * n_in),
                    ({"activation": "identity", "widths": (64,) * 7, "weights": "uniform"},),
                ),
            )
        ),
        picture={"verb": "simulate", "activation": "tanh", "sigma_w": 1.0, "width": 128, "batch": 4},
    )


def _claim(name: str, says: str, variance: sp.Expr, nets: tuple[Mapping[str, Any], ...]) -> Claim:
    return Claim(
        f"glorot-initialization/{name}",
        (says,),
        "uneven-layers",
        expects={"variance": variance, "forward": ON.subs(V, variance), "backward": BACK.subs(V, variance)},
        nets=nets,
        scope="mean",
    )


def _through_all() -> str:
    """Var h_n = N_{n−1} Var W_n Var h_{n−1}, from Var h_0 on."""
    step = widths[n - 1] * Variance(W[n])
    return by_induction(ALL, n, sp.S.Zero, Variance(h[0]), lambda part: step * part)


def _uniform() -> str:
    found = sp.integrate(WEIGHT**2 / (2 * LIMIT), (WEIGHT, -LIMIT, LIMIT))
    how = prove_equal(found, LIMIT**2 / 3)
    (limit,) = sp.solve(sp.Eq(found, COMPROMISE), LIMIT)
    prove_equal(limit**2, 6 / (n_in + n_out))
    return f"{how}: the integral; set equal to {COMPROMISE} and solved for the limit"


def _left() -> str:
    prove_equal(LEFT, 2 * n_in / (n_in + n_out))
    prove_equal(LEFT_BACK, 2 * n_out / (n_in + n_out))
    return prove_equal(LEFT.subs(n_out, n_in), sp.S.One) + ": 1 for equal widths"
