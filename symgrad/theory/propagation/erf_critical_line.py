"""The edge of chaos of erf in closed form: the exact check of everything that is computed by quadrature."""

from __future__ import annotations

import math

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import Mean, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.edge_of_chaos import CHI
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W, Z

__all__ = ["BIASES", "LENGTH", "SLOPE", "WEIGHTS", "erf_critical_line"]

Q = sp.Symbol("q", positive=True)
"""The variance of pre-activations."""
SLOPE = 4 / (sp.pi * sp.sqrt(1 + 4 * Q))
"""E φ′(√q z)²."""
RISE = SLOPE / (1 + 2 * Q)
"""d/dq of E φ(√q z)²."""
LENGTH = 2 / sp.pi * sp.asin(2 * Q / (1 + 2 * Q))
"""E φ(√q z)²."""
WEIGHTS = sp.pi / 4 * sp.sqrt(1 + 4 * Q)
"""σ_w² on the line."""
BIASES = Q - WEIGHTS * LENGTH
"""σ_b² on the line."""
VALUE, DERIVATIVE, CURVATURE = (sp.diff(sp.erf(x), x, order) for order in range(3))
DENSITY = sp.exp(-(x**2) / (2 * Q)) / sp.sqrt(2 * sp.pi * Q)
"""Of x = √q z."""

NETS = tuple(
    {
        "activation": "erf",
        "depth": 6,
        "width": 320,
        "sigma_w": math.sqrt(WEIGHTS.subs(Q, q)),
        "sigma_b": math.sqrt(BIASES.subs(Q, q)),
    }
    for q in (sp.Rational(1, 4), sp.Rational(1, 2), sp.Integer(1))
)


@derivation("erf-critical-line", "The edge of chaos of erf is a curve in closed form", "propagation")
def erf_critical_line() -> Body:
    """χ₁ = 1 on σ_w² = (π/4)√(1 + 4q), σ_b² = q − σ_w² (2/π) asin(2q/(1 + 2q)), for every q > 0."""
    root = sp.sqrt(Q) * Z
    length, slope = Mean(phi(root) ** 2), Mean(dphi(root) ** 2)
    bent = sp.Symbol("B", real=True)
    steps = (
        prove(
            sp.Eq(slope, SLOPE, evaluate=False),
            ("the square of erf's derivative is a Gaussian, and so is the density it is averaged over",),
            _slope,
            rule="Gaussian integral",
        ),
        prove(
            sp.Eq(sp.Derivative(length, Q), slope + bent, evaluate=False),
            (
                bent,
                " is the mean of the activation times its second derivative: the density changes with ",
                Q,
                " as heat spreads, and two derivatives go over to the square by parts",
            ),
            _heat,
            rule="integration by parts",
        ),
        prove(
            sp.Eq(bent, -2 * Q / (1 + 2 * Q) * slope, evaluate=False),
            (
                "erf's second derivative is ",
                -2 * x,
                " times its first, and ",
                x,
                " times the density is ",
                -Q,
                " times the density's derivative: by parts the same mean comes back",
            ),
            _bent,
            rule="Stein's identity",
        ),
        prove(
            sp.Eq(sp.Derivative(LENGTH, Q), RISE, evaluate=False),
            (
                "both together give ",
                sp.Eq(sp.Derivative(length, Q), RISE, evaluate=False),
                ", and this has that derivative as well",
            ),
            _rise,
            rule="differentiation",
        ),
        prove(
            sp.Eq(length, LENGTH, evaluate=False),
            (
                "both are 0 where ",
                Q,
                " is, and their derivatives agree",
            ),
            _length,
            rule="same derivative, same start",
        ),
        prove(
            sp.Implies(
                sp.Eq(CHI, 1, evaluate=False), sp.Eq(SIGMA_W**2, WEIGHTS, evaluate=False), evaluate=False
            ),
            (sp.Eq(CHI, SIGMA_W**2 * slope, evaluate=False), ", by the derivation of the edge of chaos"),
            _weights,
            rule="solved",
        ),
    )
    conclusion = prove(
        sp.Eq(SIGMA_B**2, BIASES, evaluate=False),
        (
            "biases make ",
            Q,
            " the fixed point of the length map: with the weights above, the whole line as ",
            Q,
            " goes through the positive numbers",
        ),
        _biases,
        rule="solved",
    )
    return Body(
        summary=(
            "For erf the edge of chaos is exact: weights of variance ",
            WEIGHTS,
            " over the fan-in where pre-activations settle at variance ",
            Q,
            ".",
        ),
        assumptions=(
            ("the activation is erf",),
            ("the width goes to infinity, so that pre-activations are Gaussian of variance ", Q),
            ("the weights used backwards are independent of those used forwards",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("williams1997"), Source("schoenholz2017")),
        picture={
            "verb": "simulate",
            "activation": "erf",
            "sigma_w": NETS[1]["sigma_w"],
            "sigma_b": NETS[1]["sigma_b"],
            "width": 128,
        },
        claims=(
            Claim(
                "erf-critical-line/factor",
                (
                    (
                        "on the line squared distances of close inputs and squared gradients neither grow "
                        "nor shrink in the mean, to 3 % a layer"
                    ),
                ),
                "separation",
                expects={"factor": sp.Integer(1)},
                nets=NETS,
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _slope() -> str:
    return prove_equal(sp.integrate(DERIVATIVE**2 * DENSITY, (x, -sp.oo, sp.oo)), SLOPE)


def _heat() -> str:
    prove_equal(sp.diff(DENSITY, Q), sp.diff(DENSITY, x, 2) / 2)
    prove_equal(sp.diff(VALUE**2, x, 2) / 2, DERIVATIVE**2 + VALUE * CURVATURE)
    for edge in (-sp.oo, sp.oo):
        for part in (sp.diff(DENSITY, x), DENSITY):
            if sp.limit(part, x, edge) != 0:
                raise RefutedError("the boundary terms do not vanish")
    return "the density's two derivatives, the product rule, boundary terms 0"


def _bent() -> str:
    prove_equal(CURVATURE, -2 * x * DERIVATIVE)
    prove_equal(x * DENSITY, -Q * sp.diff(DENSITY, x))
    mean, slope = sp.symbols("B S")
    (found,) = sp.solve(sp.Eq(mean, -2 * Q * (slope + mean)), mean)
    return prove_equal(found, -2 * Q / (1 + 2 * Q) * slope)


def _rise() -> str:
    prove_equal(SLOPE - 2 * Q / (1 + 2 * Q) * SLOPE, RISE)
    return prove_equal(sp.diff(LENGTH, Q), RISE)


def _length() -> str:
    if LENGTH.subs(Q, 0) != 0 or VALUE.subs(x, 0) != 0:
        raise RefutedError("one of the two does not start at 0")
    _rise()
    return "derivatives equal, both 0 at q = 0"


def _weights() -> str:
    return prove_equal(WEIGHTS * SLOPE, sp.S.One)


def _biases() -> str:
    return prove_equal(WEIGHTS * LENGTH + BIASES, Q)
