"""The slope of a recurrent net's gradient through time at finite width: its typical value and its spread."""

import sympy as sp

from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import T, delta, k, q, t
from symgrad.symbolic.notation import Juxtaposed, Mean, Norm, Transposed, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W, Q, Z
from symgrad.theory.through_time import finite_width_proofs as proofs
from symgrad.theory.through_time.finite_width_proofs import (
    CORRELATION,
    KEPT,
    MU1,
    MU2,
    RATIO,
    SPREAD,
    WALK,
    N,
)

__all__ = ["NETS", "recurrent_slope"]

V = sp.Symbol("V", positive=True)
"""N times the variance of the logarithm of one step's factor of the squared gradient."""
_slope = sp.Symbol("s", real=True)
_matrix, _left, _right = (sp.Symbol(letter, real=True) for letter in "Wuv")
_u = sp.IndexedBase("u", real=True)

NETS = tuple(
    {
        "activation": activation,
        "depth": steps,
        "width": width,
        "sigma_w": sigma_w,
        "sigma_b": sigma_b,
        "batch": batch,
    }
    for activation, steps, width, sigma_w, sigma_b, batch in (
        ("tanh", 20, 128, 1.0, 0.0, 1),
        ("tanh", 30, 128, 1.5, 0.0, 1),
        ("tanh", 20, 128, 3.0, 0.3, 2),
        ("erf", 20, 128, 0.9, 0.1, 4),
        ("sin", 40, 128, 1.5, 0.0, 1),
        ("sigmoid", 20, 128, 3.0, 0.0, 1),
        ("relu", 20, 128, 1.0, 0.0, 1),
        ("identity", 6, 128, 0.9, 0.0, 1),
    )
)
"""Wide nets, few steps against the width; linear units few against its root."""


@derivation(
    "recurrent-slope", "How fast the typical gradient moves through time, and how much nets differ", "time"
)
def recurrent_slope() -> Body:
    """s = mean ½ ln σ_w²μ₁ − V/(4N), V = 3μ₂/μ₁² − 1, with a variance over nets of about V·WALK/(4N) and a
    part that no number of steps averages out, since all steps share their weights.
    """
    back, moments = Transposed(_matrix), (Mean(dphi(sp.sqrt(Q[t]) * Z) ** (2 * p)) for p in (1, 2))
    size = Norm(Juxtaposed(back, delta))
    lean = sp.Sum(_u[k] ** 4, (k, 1, N))
    first, second = moments
    two = Mean(Norm(Juxtaposed(back, _left)) ** 2 * Norm(Juxtaposed(back, _right)) ** 2)
    alone = Mean(Norm(Juxtaposed(back, _left)) ** 2) * Mean(Norm(Juxtaposed(back, _right)) ** 2)
    other = sp.Symbol("y", real=True)
    steps = (
        prove(
            sp.Eq(Q[t + 1], SIGMA_W**2 * Mean(phi(sp.sqrt(Q[t]) * Z) ** 2) + 1 + SIGMA_B**2, evaluate=False),
            (
                "the length map through time: the inputs of every step add 1 to the variance; ",
                sp.Eq(Q[1], 1 + SIGMA_B**2),
            ),
            proofs.lengths,
            rule="variance of a sum",
        ),
        prove(
            sp.Eq(Mean(size**4), (1 + 2 / N) * Mean(size**2) ** 2, evaluate=False),
            ("one step back through Gaussian weights: a sum of N squares of independent Gaussians",),
            proofs.chi_squared,
            rule="chi-squared",
        ),
        prove(
            sp.Eq(Mean(lean), 3 / (N + 2), evaluate=False),
            (
                "the mean of ",
                dphi(sp.Symbol("a", real=True)) ** 2,
                " is weighted with the squares of a random direction ",
                _left,
            ),
            proofs.directions,
            rule="random direction",
        ),
        prove(
            sp.Eq(2 + 3 * (MU2 / MU1**2 - 1), SPREAD, evaluate=False),
            (
                V,
                ": N times the relative variance of one step's factor of the squared gradient, with ",
                sp.Eq(MU1, first, evaluate=False),
                " and ",
                sp.Eq(MU2, second, evaluate=False),
            ),
            proofs.spread,
            rule="independence",
        ),
        prove(
            sp.Eq(
                sp.Limit((sp.log(1 + RATIO) - RATIO) / RATIO**2, RATIO, 0), -sp.Rational(1, 2), evaluate=False
            ),
            (
                "so the typical logarithm lies half the relative variance ",
                V / N,
                " below the logarithm of the mean",
            ),
            proofs.drift,
            rule="series",
        ),
        prove(
            sp.Eq(
                sp.Sum((k * (T - k) / 2) ** 2, (k, 1, T - 1)) / (T * (T**2 - 1) / 12) ** 2,
                WALK,
                evaluate=False,
            ),
            (
                (
                    "the logarithm walks at random; this is the variance of its least-squares slope, in "
                    "units of that of one step"
                ),
            ),
            proofs.least_squares,
            rule="least squares",
        ),
        prove(
            sp.Eq(
                two - alone, 2 * SIGMA_W**4 * Juxtaposed(Transposed(_left), _right) ** 2 / N, evaluate=False
            ),
            (
                "the same weights at two steps, ",
                _left,
                " and ",
                _right,
                (
                    " what they meet: in the mean over directions the factors share a relative variance of "
                    "2/N², which no number of steps averages out"
                ),
            ),
            proofs.shared,
            rule="Gaussian moments",
        ),
        prove(
            sp.Eq(sp.Sum(KEPT**k, (k, 0, sp.oo)), 1 / (1 - KEPT), evaluate=False),
            ("a fluctuation of ", Q[t], " acts on all later steps, each keeping the share ", KEPT, " of it"),
            proofs.memory,
            rule="geometric series",
        ),
        prove(
            sp.Eq(Mean((Z**2 - 1) * (other**2 - 1)), 2 * CORRELATION**2, evaluate=False),
            (
                "units whose pre-activations at distant steps correlate by ",
                CORRELATION,
                " keep a part of what they add; it is summed over Hermite polynomials",
            ),
            proofs.correlated,
            rule="Hermite expansion",
        ),
    )
    conclusion = prove(
        sp.Eq(
            _slope,
            sp.Sum(sp.log(SIGMA_W**2 * MU1), (t, 2, T)) / (2 * (T - 1)) - V / (4 * N),
            evaluate=False,
        ),
        (
            "the typical change of the logarithm of the gradient per step towards the first, where ",
            MU1,
            " is that of step ",
            t,
            "; over nets its variance is ",
            V * WALK / (4 * N),
            " and what the last three steps above add",
        ),
        proofs.as_computed,
    )
    return Body(
        summary=(
            "Mean field predicts the slope of the gradient through time, and the width how much nets differ.",
        ),
        assumptions=(
            (
                "recurrent weights are Gaussian of variance ",
                SIGMA_W**2 / N,
                ", input weights of variance ",
                1 / N,
                ", biases of variance ",
                SIGMA_B**2,
                ", inputs independent and of variance 1",
            ),
            ("the gradient that meets a step is independent of its derivatives, its direction random",),
            (
                (
                    "few steps against the width, for linear units few against its square root: a long "
                    "product of one matrix follows its largest eigenvalue instead"
                ),
            ),
            (
                "terms of order ",
                1 / N,
                " that come from fluctuations of ",
                q,
                " in the mean are left out",
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("poole2016", "eq 3"),
            Source("schoenholz2017", "section 4"),
            Source("hanin2018"),
        ),
        picture={
            "verb": "simulate",
            "architecture": "rnn",
            "activation": "tanh",
            "sigma_w": 1.5,
            "width": 128,
            "depth": 20,
        },
        claims=(
            Claim(
                "recurrent-slope/band",
                (
                    (
                        "the mean slope of sixteen nets lies inside the 99 % band of the predicted spread: "
                        "typical value, first order in the inverse width"
                    ),
                ),
                "recurrent-slope",
                nets=NETS,
                scope="typical",
                regime="infinite width",
            ),
        ),
    )
