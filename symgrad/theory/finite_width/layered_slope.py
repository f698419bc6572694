"""The slope of a layered net's gradient at finite width: its typical value and its spread over nets."""

import sympy as sp

from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import a, delta, h, l, n, widths
from symgrad.symbolic.notation import Juxtaposed, Mean, Norm, Transposed, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.finite_width import layered_slope_proofs as proofs
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W, Q, Z
from symgrad.theory.through_time import finite_width_proofs as shared
from symgrad.theory.through_time.finite_width_proofs import CORRELATION, MU1, MU2, RATIO, SPREAD, N

__all__ = ["NETS", "layered_slope"]

V = sp.Symbol("V", positive=True)
"""N times the variance of the logarithm of one layer's factor of the squared gradient."""
_slope = sp.Symbol("s", real=True)
_matrix, _left = sp.symbols("W V", real=True)

NETS = tuple(
    {
        "activation": activation,
        "depth": depth,
        "width": 100,
        "sigma_w": sigma_w,
        "sigma_b": sigma_b,
        "batch": batch,
        "weights": weights,
    }
    for activation, depth, sigma_w, sigma_b, batch, weights in (
        ("tanh", 30, 1.5, 0.2, 1, "gaussian"),
        ("tanh", 20, 3.0, 0.3, 4, "gaussian"),
        ("relu", 30, 2**0.5, 0.0, 1, "gaussian"),
        ("identity", 30, 1.0, 0.0, 8, "gaussian"),
        ("sigmoid", 20, 3.0, 0.3, 1, "gaussian"),
        ("selu", 20, 1.0, 0.0, 2, "gaussian"),
        ("tanh", 30, 1.5, 0.2, 1, "orthogonal"),
        ("relu", 20, 2**0.5, 0.1, 4, "orthogonal"),
    )
)
"""Wide nets, not deep against their width."""


@derivation(
    "layered-slope",
    "How fast the typical gradient moves through layers, and how much nets differ",
    "finite width",
)
def layered_slope() -> Body:
    """s = mean ½ ln σ_w²μ₁ − V/(4N) + what fluctuations of q add; over nets a walk, V/(4N) a layer."""
    first, second = (Mean(dphi(sp.sqrt(Q[l]) * Z) ** (2 * p)) for p in (1, 2))
    square = phi(sp.sqrt(Q[l]) * Z) ** 2
    lean = Mean(dphi(sp.sqrt(Q[l]) * Z) ** 2 * (Z**2 - 1)) / 2
    back = Norm(Juxtaposed(Transposed(_matrix), delta))
    other = sp.Symbol("y", real=True)
    direction = sp.IndexedBase("u", real=True)
    index = sp.Symbol("k", integer=True, positive=True)
    steps = (
        prove(
            sp.Eq(
                Mean((Q[l + 1] - Mean(Q[l + 1])) ** 2),
                SIGMA_W**4 * (Mean(square**2) - Mean(square) ** 2) / N,
                evaluate=False,
            ),
            (
                "given ",
                Q[l],
                (
                    ", the units of a layer are independent, at any width: the next variance has the length "
                    "map's value in the mean, and this variance about it"
                ),
            ),
            proofs.mean_of_units,
            rule="independent units",
        ),
        prove(
            sp.Eq(Q[l] * sp.Derivative(first, Q[l]), lean, evaluate=False),
            (
                "what a fluctuation of ",
                Q[l],
                (
                    " does to a mean over units; the second derivative has the fourth Hermite polynomial, "
                    "and shifts the mean logarithm by half of itself times the variance"
                ),
            ),
            proofs.stein,
            rule="integration by parts",
        ),
        prove(
            sp.Eq(Mean(back**4), (1 + 2 / N) * Mean(back**2) ** 2, evaluate=False),
            ("back through Gaussian weights: a sum of N squares; orthogonal weights keep the size exactly",),
            shared.chi_squared,
            rule="chi-squared",
        ),
        prove(
            sp.Eq(Mean(sp.Sum(direction[index] ** 4, (index, 1, N))), 3 / (N + 2), evaluate=False),
            (
                "the mean of ",
                dphi(sp.Symbol("a", real=True)) ** 2,
                " is weighted with the squares of a random direction",
            ),
            shared.directions,
            rule="random direction",
        ),
        prove(
            sp.Eq(2 + 3 * (MU2 / MU1**2 - 1), SPREAD, evaluate=False),
            (
                V,
                ": N times the relative variance of one layer's factor, with ",
                sp.Eq(MU1, first, evaluate=False),
                " and ",
                sp.Eq(MU2, second, evaluate=False),
                "; for ReLU 5, for linear units 2; orthogonal weights take 2 away, and what fixed lengths do",
            ),
            shared.spread,
            rule="independence",
        ),
        prove(
            sp.Eq(
                sp.Limit((sp.log(1 + RATIO) - RATIO) / RATIO**2, RATIO, 0), -sp.Rational(1, 2), evaluate=False
            ),
            ("so the typical logarithm lies half of ", V / N, " below the logarithm of the mean"),
            shared.drift,
            rule="series",
        ),
        prove(
            sp.Eq(
                back**2,
                Norm(Juxtaposed(Transposed(_left), delta)) ** 2
                + Juxtaposed(Transposed(delta), a[l]) ** 2 / Norm(h[l - 1]) ** 2,
                evaluate=False,
            ),
            (
                "the weights used backwards are those used forwards: one of N directions, along ",
                h[l - 1],
                ", is known from ",
                sp.Eq(a[l], Juxtaposed(_matrix, h[l - 1]), evaluate=False),
                " (biases apart), the others are fresh; its share of the gradient goes from layer to layer",
            ),
            proofs.decomposed,
            rule="Gaussian conditioning",
        ),
        prove(
            sp.Eq(Mean((Z**2 - 1) * (other**2 - 1)), 2 * CORRELATION**2, evaluate=False),
            (
                (
                    "samples of a batch share the weights: what they share of a layer's fluctuation is "
                    "summed over Hermite polynomials in the correlation "
                ),
                CORRELATION,
                " of their pre-activations, which the correlation map gives",
            ),
            shared.correlated,
            rule="Hermite expansion",
        ),
    )
    conclusion = prove(
        sp.Eq(
            _slope, sp.Sum(sp.log(SIGMA_W**2 * MU1), (l, 2, n)) / (2 * (n - 1)) - V / (4 * N), evaluate=False
        ),
        (
            (
                "the typical change of the logarithm of the gradient's size per layer towards the input, up "
                "to what fluctuations of q and the known direction add in the same order; over nets the "
                "logarithm walks with variance "
            ),
            V / (4 * N),
            " a layer, again with what q adds",
        ),
        proofs.as_computed,
    )
    return Body(
        summary=("Mean field predicts the slope of the gradient, and the width how much nets differ.",),
        assumptions=(
            (
                "weights are fresh at every layer, Gaussian of variance ",
                SIGMA_W**2 / N,
                " or orthogonal; biases have variance ",
                SIGMA_B**2,
                ", widths ",
                sp.Eq(widths[l], N, evaluate=False),
                " are equal",
            ),
            (
                (
                    "fluctuations are small: terms of second order in the inverse width are left out. They "
                    "are not small where a layer's factor scatters by half of itself or more, where "
                    "fluctuations of q shift the logarithm by a tenth through curvature, or where a tenth "
                    "of a squared gradient points along the signal; such nets are named, with the reason"
                ),
            ),
            ("squared gradients of the samples of a batch are lognormal, and their directions independent",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("poole2016", "eq 3"), Source("schoenholz2017", "section 4"), Source("hanin2018")),
        picture={"verb": "simulate", "activation": "tanh", "sigma_w": 1.5, "width": 128, "depth": 30},
        claims=(
            Claim(
                "layered-slope/band",
                (
                    (
                        "the mean slope of sixteen nets lies inside the 99 % band of the predicted spread: "
                        "typical value, first order in the inverse width"
                    ),
                ),
                "layered-slope",
                nets=NETS,
                scope="typical",
                regime="infinite width",
            ),
        ),
    )
