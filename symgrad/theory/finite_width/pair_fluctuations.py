"""The correlation of two inputs at finite width: its typical value and its spread over nets."""

import sympy as sp

from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import l
from symgrad.symbolic.notation import Mean, Variance, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.finite_width import layered_slope_proofs as shared
from symgrad.theory.finite_width import pair_fluctuations_proofs as proofs
from symgrad.theory.finite_width.pair_fluctuations_proofs import ALONG, ROOT, TURN, U, W
from symgrad.theory.propagation.hermite import C
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W, Q
from symgrad.theory.through_time.finite_width_proofs import N

__all__ = ["NETS", "START", "pair_fluctuations"]

START = sp.Rational(1, 2)
"""The correlation of the two inputs."""
_fisher = sp.Symbol("x", real=True)
_noise = sp.IndexedBase("S", positive=True)
"""N times the variance that the units of layer l add to artanh c."""
_slope = sp.IndexedBase("J", real=True)
_measured = sp.Symbol("chat", real=True)
_product = sp.IndexedBase("q", real=True)

NETS = tuple(
    {
        "activation": activation,
        "depth": depth,
        "width": 96,
        "sigma_w": sigma_w,
        "sigma_b": sigma_b,
    }
    for activation, depth, sigma_w, sigma_b in (
        ("tanh", 12, 1.0, 0.3),
        ("tanh", 12, 2.5, 0.2),
        ("relu", 10, 2**0.5, 0.0),
        ("erf", 15, 1.2, 0.1),
        ("sigmoid", 6, 3.0, 0.3),
        ("identity", 12, 1.0, 0.0),
    )
)
"""Wide nets, not deep against their width: ordered, chaotic, critical ones."""


@derivation(
    "pair-fluctuations",
    "How far the correlation of two inputs strays from the correlation map in a net of finite width",
    "finite width",
)
def pair_fluctuations() -> Body:
    """Var artanh ĉ_l = V_l + 1/N, V_{l+1} = J_l² V_l + S_l/N and what lengths add; ĉ over N units."""
    one, two = U, C * U + ROOT * W
    square = phi(sp.sqrt(Q[l]) * one) * phi(sp.sqrt(Q[l]) * two)
    f = sp.Function("f")(sp.sqrt(Q[l]) * one, sp.sqrt(Q[l]) * two)
    spread = sp.IndexedBase("V", positive=True)
    steps = (
        prove(
            sp.Eq(
                Variance(_product[l + 1]),
                SIGMA_W**4 * (Mean(square**2) - Mean(square) ** 2) / N,
                evaluate=False,
            ),
            (
                (
                    "given what a layer was handed, its units are independent pairs of Gaussians: the mean "
                    "product of the next pre-activations, "
                ),
                _product[l + 1],
                ", has the map's value in the mean, and this variance about it; so have both mean squares",
            ),
            shared.mean_of_units,
            rule="independent units",
        ),
        prove(
            sp.Eq((1 - C**2) * sp.Derivative(Mean(f), C), Mean(f * TURN), evaluate=False),
            (
                "what a fluctuation of the correlation does to any mean, ",
                U,
                " and ",
                W,
                (
                    " being independent standard Gaussians: the density is differentiated and not the "
                    "activation, which may have kinks"
                ),
            ),
            proofs.by_turn,
            rule="score of a Gaussian density",
        ),
        prove(
            sp.Eq(Q[l] * sp.Derivative(Mean(f), Q[l]), Mean(f * ALONG), evaluate=False),
            ("and what a fluctuation of both lengths does; second derivatives follow in the same way",),
            proofs.by_length,
            rule="score of a Gaussian density",
        ),
        prove(
            sp.Eq(
                (1 + C**2) - 2 * (C / 2) * (4 * C) + (C / 2) ** 2 * (4 + 4 * C**2),
                (1 - C**2) ** 2,
                evaluate=False,
            ),
            (
                "N times the variance of a correlation over N units, from those of ",
                sp.Symbol("z_1") * sp.Symbol("z_2"),
                ", ",
                sp.Symbol("z_1") ** 2,
                " and ",
                sp.Symbol("z_2") ** 2,
                "; ",
                sp.Eq(sp.Derivative(sp.atanh(C), C), 1 / (1 - C**2), evaluate=False),
                ", so that ",
                sp.atanh(C),
                " has the variance ",
                1 / N,
                " whatever the correlation is (Fisher's transformation)",
            ),
            proofs.of_a_sample,
            rule="delta method",
        ),
        prove(
            sp.Eq(Mean(sp.atanh(_measured)) - sp.atanh(C), C / (2 * N), evaluate=False),
            (
                (
                    "its mean over nets, to first order in 1/N; layers before bend the mean in the same way, "
                    "by half of second derivatives times covariances"
                ),
            ),
            proofs.bias_of_a_sample,
            rule="second-order delta method",
        ),
    )
    conclusion = prove(
        sp.Eq(spread[l + 1], _slope[l] ** 2 * spread[l] + _noise[l] / N, evaluate=False),
        (
            "the variance over nets of ",
            sp.atanh(C),
            ", with ",
            _slope[l],
            " the slope of the map in it and ",
            _noise[l],
            " what one layer's units add; measured over the N units of a layer it is ",
            spread[l] + 1 / N,
            (
                ". Fluctuations of the lengths act on it as a second unknown, by two by two matrices in "
                "the place of the numbers; the difference of the two lengths acts on the mean alone"
            ),
        ),
        proofs.as_computed,
        rule="recursion",
    )
    return Body(
        summary=(
            "In a net of width ",
            N,
            " the inverse hyperbolic tangent of a correlation scatters by ",
            1 / sp.sqrt(N),
            " and more with every layer about the map's.",
        ),
        assumptions=(
            (
                "weights are Gaussian of variance ",
                SIGMA_W**2 / N,
                " and biases of variance ",
                SIGMA_B**2,
                ", fresh at every layer; all widths are ",
                N,
            ),
            (
                "both inputs have the length ",
                sp.sqrt(N),
                " and a correlation that is given",
            ),
            (
                (
                    "fluctuations are small: terms of second order in the inverse width are left out. No "
                    "band is drawn where curvature in the length shifts the number by half of its "
                    "spread, or where its variance exceeds 1"
                ),
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("poole2016", "eq 5"), Source("schoenholz2017", "section 3"), Source("fisher1921")),
        picture={"verb": "pair", "activation": "tanh", "sigma_w": 1.5, "sigma_b": 0.2, "depth": 30},
        claims=(
            Claim(
                "pair-fluctuations/band",
                (
                    "the mean over 64 nets of ",
                    sp.atanh(_measured),
                    (
                        " at the last layer lies inside the 99 % band of the predicted spread: typical "
                        "value, first order in the inverse width"
                    ),
                ),
                "pair-spread",
                expects={"start": START},
                nets=NETS,
                scope="typical",
                regime="infinite width",
            ),
        ),
    )
