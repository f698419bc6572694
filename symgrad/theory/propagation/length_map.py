"""The typical net, not the worst one: how the mean squared gradient moves from layer to layer when weights
are drawn at random.
"""

import itertools

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import E, h, l, n
from symgrad.symbolic.notation import Mean, Norm, Partial, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import WIDE

Q = sp.IndexedBase("q")
Z = sp.Symbol("z", real=True)
SIGMA_W, SIGMA_B = sp.symbols("sigma_w sigma_b", positive=True)
WIDTHS = (1, 2, 3)


def gaussian_mean(expr: sp.Expr, variances: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The mean of a polynomial in independent centred Gaussians, by their moments 0, σ², 0, 3σ⁴."""
    poly = sp.Poly(sp.expand(expr), *variances)
    moments = {
        0: lambda s: sp.Integer(1),
        1: lambda s: sp.Integer(0),
        2: lambda s: s,
        3: lambda s: sp.Integer(0),
        4: lambda s: 3 * s**2,
    }
    total = sp.Integer(0)
    for powers, coefficient in poly.terms():
        total += coefficient * sp.Mul(
            *(moments[p](s) for p, s in zip(powers, variances.values(), strict=True))
        )
    return total


@derivation(
    "length-map", "The typical gradient of a wide random net changes by a fixed factor a layer", "propagation"
)
def length_map() -> Body:
    """q_l = σ_w² E φ(√q_{l−1} z)² + σ_b²; E‖∂E/∂h_{l−1}‖² = σ_w² E φ′(√q_l z)² ‖∂E/∂h_l‖² for wide nets."""

    def forward() -> str:
        for width in WIDTHS:
            weights = sp.symbols(f"w1:{width + 1}", real=True)
            values = sp.symbols(f"h1:{width + 1}", real=True)
            bias = sp.Symbol("b", real=True)
            variances = dict.fromkeys(weights, SIGMA_W**2 / width) | {bias: SIGMA_B**2}
            total = sum(w * v for w, v in zip(weights, values, strict=True)) + bias
            mean = gaussian_mean(total**2, variances)
            prove_equal(mean, SIGMA_W**2 * sum(v**2 for v in values) / width + SIGMA_B**2)
        return f"Gaussian moments, widths {WIDTHS[0]} … {WIDTHS[-1]} with the activations left as symbols"

    def backward() -> str:
        for width in WIDTHS:
            matrix = sp.Matrix(width, width, lambda i, j: sp.Symbol(f"w{i}{j}", real=True))
            delta = sp.Matrix(sp.symbols(f"d1:{width + 1}", real=True))
            back = delta.T * matrix
            variances = dict.fromkeys(matrix, SIGMA_W**2 / width)
            mean = gaussian_mean(sum(entry**2 for entry in back), variances)
            prove_equal(mean, SIGMA_W**2 * delta.dot(delta))
        return f"Gaussian moments, widths {WIDTHS[0]} … {WIDTHS[-1]}"

    def independent() -> str:
        """E[g²d²] = E g² E d² for independent g, d, by enumeration of two-point laws with symbolic values and
        probability 1/2.
        """
        g, d = sp.symbols("g1:3", real=True), sp.symbols("d1:3", real=True)
        joint = sum(p**2 * q**2 for p, q in itertools.product(g, d)) / 4
        prove_equal(joint, sum(p**2 for p in g) / 2 * sum(q**2 for q in d) / 2)
        return "the mean of a product of independent factors (two-point laws, symbolic values)"

    def logarithm() -> str:
        ratio = sp.Symbol("r", positive=True)
        if sp.simplify(sp.log(sp.sqrt(ratio)) - sp.log(ratio) / 2) != 0:
            raise RefutedError("ln √r is not ½ ln r")
        return "ln √r = ½ ln r"

    spread = Mean(phi(sp.sqrt(Q[l - 1]) * Z) ** 2)
    factor = SIGMA_W**2 * Mean(dphi(sp.sqrt(Q[l]) * Z) ** 2)
    here, before = (Mean(Norm(Partial(E, h[level])) ** 2) for level in (l, l - 1))
    steps = (
        prove(
            sp.Eq(Q[l], SIGMA_W**2 * spread + SIGMA_B**2, evaluate=False),
            (
                (
                    "the variance of a pre-activation: independent weights add their variances, and in a "
                    "wide layer the mean over units is a mean over "
                ),
                Z,
            ),
            forward,
            rule="variance of a sum",
        ),
        prove(
            sp.Eq(before, factor * here, evaluate=False),
            ("backwards through one layer: the weights again add variances",),
            backward,
            rule="variance of a sum",
        ),
        prove(
            sp.Eq(
                Mean(Norm(sp.IndexedBase("delta")[l]) ** 2),
                Mean(dphi(sp.sqrt(Q[l]) * Z) ** 2) * here,
                evaluate=False,
            ),
            (
                (
                    "the derivative and the gradient that meets it are treated as independent (the "
                    "assumption above)"
                ),
            ),
            independent,
            rule="independence",
        ),
    )
    conclusion = prove(
        sp.Eq(sp.Symbol("s"), sp.Sum(sp.log(factor), (l, 1, n)) / (2 * n), evaluate=False),
        (
            (
                "the predicted change of the logarithm of the gradient's size per layer, on its way to "
                "the front: half the mean log factor"
            ),
        ),
        logarithm,
    )
    return Body(
        summary=(
            "With random weights a wide net has a typical gradient, and the length map predicts its slope.",
        ),
        assumptions=(
            (
                "weights are independent Gaussians of variance ",
                SIGMA_W**2,
                "/fan-in, biases of variance ",
                SIGMA_B**2,
            ),
            ("the width goes to infinity, so that pre-activations are Gaussian of variance ", Q[l]),
            ("the weights used backwards are independent of those used forwards",),
            (
                "at finite width ",
                Q[l],
                " fluctuates; where the length map pulls values apart, the fluctuations grow with depth, ",
                "and the prediction needs wider nets",
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("poole2016", "eq 3"), Source("schoenholz2017", "section 4")),
        picture={"verb": "simulate", "activation": "tanh", "sigma_w": 2.0, "width": 128, "batch": 4},
        claims=(
            Claim(
                "length-map/slope",
                (
                    (
                        "the slope of the measured log-gradient over depth is the predicted one, within "
                        "the spread of finite width"
                    ),
                ),
                "slope",
                expects={},
                nets=WIDE,
                scope="typical",
                regime="infinite width",
            ),
        ),
    )
