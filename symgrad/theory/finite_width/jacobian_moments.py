"""A direction after a random ReLU net: its squared size is 1 in the mean, and its fourth power grows with
depth over width."""

import sympy as sp

from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import h, l, n, widths
from symgrad.symbolic.notation import Juxtaposed, Mean, Norm, Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.finite_width import jacobian_proofs as proofs
from symgrad.theory.finite_width.jacobian_proofs import ACTIVE, SQUARES, TURN

__all__ = ["FOURTH", "LINEAR_FOURTH", "jacobian_moments"]

DIRECTION = sp.Symbol("u", real=True)
FOURTH = sp.Product(1 + 5 / widths[l], (l, 1, n))
"""E ‖Ju‖⁴ of ReLU layers."""
LINEAR_FOURTH = sp.Product(1 + 2 / widths[l], (l, 1, n))
"""That of linear layers."""

NETS = (
    {"activation": "relu", "depth": 10, "width": 100, "sigma_w": sp.sqrt(2)},
    {"activation": "identity", "depth": 10, "width": 100, "sigma_w": 1},
    {"activation": "relu", "depth": 3, "width": 8, "sigma_w": sp.sqrt(2)},
    {"activation": "identity", "depth": 3, "width": 8, "sigma_w": 1},
)


@derivation(
    "jacobian-moments",
    "A random ReLU net keeps squared sizes in the mean; their square grows by 1 + 5/N a layer",
    "finite width",
)
def jacobian_moments() -> Body:
    """E‖Ju‖² = 1 and E‖Ju‖⁴ = Π(1 + 5/N_l) for unit u, every width and depth; linear Π(1 + 2/N_l)."""
    jacobian = Juxtaposed(Partial(h[n], h[0]), DIRECTION)
    here, before = (Norm(Juxtaposed(Partial(h[level], h[0]), DIRECTION)) for level in (l, l - 1))
    factor = 2 * SQUARES / widths[l]
    steps = (
        prove(
            sp.Eq(Mean(TURN**ACTIVE), ((1 + TURN) / 2) ** widths[l], evaluate=False),
            (
                "the number ",
                ACTIVE,
                (
                    " of active units of a layer: to turn the sign of a unit's row is to turn its "
                    "pre-activation and to leave the square of what the row makes of any direction; so a "
                    "unit is active with probability one half, independently of all squares and other units"
                ),
            ),
            proofs.signs,
            rule="symmetry",
        ),
        prove(
            sp.Eq(here**2, factor * before**2, evaluate=False),
            (
                "an active unit adds the square of a Gaussian of variance ",
                2 * before**2 / widths[l],
                ", whatever the direction: ",
                SQUARES,
                " is a sum of ",
                ACTIVE,
                " squares of independent standard Gaussians",
            ),
            proofs.rows,
            rule="sum of Gaussians",
        ),
        prove(
            sp.Eq(Mean(SQUARES**2), Mean(ACTIVE * (ACTIVE + 2)), evaluate=False),
            ("the second moment of a sum of that many squares; the first is ", Mean(ACTIVE)),
            proofs.chi_squared,
            rule="chi-squared",
        ),
        prove(
            sp.Eq(Mean(ACTIVE**2), widths[l] * (widths[l] + 1) / 4, evaluate=False),
            ("the binomial law; and ", sp.Eq(Mean(ACTIVE), widths[l] / 2, evaluate=False)),
            proofs.binomial,
            rule="binomial moments",
        ),
        prove(
            sp.Eq(Mean(factor**2), 1 + 5 / widths[l], evaluate=False),
            ("put together; and ", sp.Eq(Mean(factor), 1, evaluate=False), ", so the mean square is kept"),
            proofs.fourth,
            rule="numbers put in",
        ),
        prove(
            sp.Eq(Mean((SQUARES / widths[l]) ** 2), 1 + 2 / widths[l], evaluate=False),
            ("linear units with weights of variance ", 1 / widths[l], ": all of them are active"),
            proofs.linear,
            rule="chi-squared",
        ),
        prove(
            sp.Eq(sp.Product(widths[l] / widths[l - 1], (l, 1, n)), widths[n] / widths[0], evaluate=False),
            (
                "with weights of variance ",
                2 / widths[l - 1],
                (
                    ", the fan-in, every layer has this factor more: the mean is multiplied by the product, "
                    "the fourth moment by its square; it is 1 for equal widths"
                ),
            ),
            proofs.fan_in,
            rule="telescoping product",
        ),
    )
    conclusion = prove(
        sp.Eq(Mean(Norm(jacobian) ** 4), FOURTH, evaluate=False),
        (
            "layers are independent, so that their factors multiply; the mean of ",
            Norm(jacobian) ** 2,
            " stays 1, and for linear units the fourth moment is ",
            LINEAR_FOURTH,
        ),
        lambda: f"{proofs.independent()}; {proofs.small_nets()}",
    )
    return Body(
        summary=(
            "How far gradients of random nets scatter is a matter of depth over width: exactly, always.",
        ),
        assumptions=(
            ("every layer is ReLU, the last one too, and ", DIRECTION, " is a direction of length 1"),
            (
                "weights are independent Gaussians of variance ",
                2 / widths[l],
                ", where ",
                widths[l],
                " is the width of the layer that they lead to; equal widths make it the usual one",
            ),
            ("no pre-activation is exactly 0; biases are zero or symmetric about it",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("hanin2018"), Source("haninrolnick2018")),
        picture={"verb": "finite-width", "activation": "relu", "depth": 10, "width": 100},
        claims=(
            Claim(
                "jacobian-moments/fourth",
                (
                    (
                        "the mean of the square and of the fourth power of a direction's size, over nets of "
                        "width 100 and depth 10 and of width 8 and depth 3, are the predicted ones within "
                        "their confidence intervals"
                    ),
                ),
                "jacobian-moments",
                {"fourth": {"relu": FOURTH, "identity": LINEAR_FOURTH}},
                NETS,
                scope="mean",
                regime="every width",
            ),
        ),
    )
