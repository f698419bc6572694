"""Which activations let weights and biases keep both lengths and gradients, and at which lengths."""

from __future__ import annotations

import math
from functools import cache

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.gaussian.moments import closed_second_moment
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import Mean, phi
from symgrad.theory.activations import CORE
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.criticality_proofs import (
    ANGLE,
    PLACE,
    POINT,
    RADIUS,
    RATE,
    SIGMOID,
    SOFTPLUS,
    SQUARE,
    WEIGHT,
    Q,
    both,
    exponential,
    lines,
    sigmoid,
    softplus,
    tanh_and_sin,
)
from symgrad.theory.propagation.depth_scales import CURVED
from symgrad.theory.propagation.drift import half_moment
from symgrad.theory.propagation.edge_of_chaos import CHI, FACTOR, SLOPES
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W
from symgrad.theory.propagation.length_map_fixed_point import CHI_Q

__all__ = ["GELU_BIASES", "GELU_LENGTH", "GELU_WEIGHTS", "criticality_classes"]

FIRST, SECOND, THIRD = sp.symbols("c_1 c_2 c_3", real=True, nonzero=True)
"""φ′(0), φ″(0)/2 and φ‴(0)/6."""
SHORT = 3 * (SECOND / FIRST) ** 2 + 6 * THIRD / FIRST
"""What short lengths change by, over their square."""
GELU_LENGTH = (3 + sp.sqrt(17)) / 2
GELU_CURVED = Q * (2 + 3 * Q - Q**2) / (2 * sp.pi * (Q + 1) ** 2 * (2 * Q + 1) ** sp.Rational(3, 2))


@cache
def _gelu(order: int) -> sp.Expr:
    """E φ² (0) or E φ′² (1) of GELU in closed form, by the rules that the atlas holds against quadrature."""
    found = closed_second_moment(CORE["gelu"].phi, order, x, sp.S.One, {})
    if found is None:
        raise RefutedError("no closed form of GELU's moments")
    return found


GELU_WEIGHTS = 1 / _gelu(1).subs(Q, GELU_LENGTH)
GELU_BIASES = GELU_LENGTH - GELU_WEIGHTS * _gelu(0).subs(Q, GELU_LENGTH)
LENGTHS = {"gelu": GELU_LENGTH, "relu": sp.Integer(2), "leaky_relu": sp.Rational(1, 2)}
FACTORS = {"lengths": LENGTHS, "along": sp.S.One, "across": sp.S.One}
NETS = (
    {
        "activation": "gelu",
        "depth": 5,
        "width": 256,
        "sigma_w": math.sqrt(GELU_WEIGHTS),
        "sigma_b": math.sqrt(GELU_BIASES),
    },
    {"activation": "relu", "depth": 5, "width": 256, "sigma_w": math.sqrt(2)},
    {"activation": "leaky_relu", "depth": 5, "width": 256, "sigma_w": math.sqrt(20000 / 10001)},
)


@derivation(
    "criticality-classes",
    "At which lengths weights and biases can keep both lengths and gradients",
    "propagation",
)
def criticality_classes() -> Body:
    """χ_∥ = χ₁ = 1 where E φφ″ = 0: at every length, at none, in the limit 0, or at one, as for GELU."""
    steps = (
        prove(
            sp.Implies(
                sp.And(sp.Eq(CHI_Q, 1, evaluate=False), sp.Eq(CHI, 1, evaluate=False)),
                sp.And(
                    sp.Eq(SIGMA_W**2, 1 / SLOPES, evaluate=False),
                    sp.Eq(CURVED, 0, evaluate=False),
                    sp.Eq(SIGMA_B**2, Q - SQUARE / SLOPES, evaluate=False),
                ),
            ),
            (
                "small changes of lengths grow by ",
                CHI_Q,
                ", gradients by ",
                sp.Eq(CHI, FACTOR, evaluate=False),
                ", and the first is the second plus ",
                SIGMA_W**2 * CURVED,
                ", where ",
                CURVED,
                (
                    " is the mean of the activation times its second derivative. Both are 1 only where that "
                    "mean is 0; the fixed point then says what biases must add, and that is not below 0. "
                    "Here "
                ),
                sp.Eq(SQUARE, Mean(phi(x) ** 2), evaluate=False),
            ),
            both,
            rule="linear equations",
        ),
        prove(
            sp.Eq(
                sp.Derivative(sp.exp(RATE * POINT) * WEIGHT * sp.exp(-RATE * PLACE), RATE),
                (POINT - PLACE) * WEIGHT * sp.exp(RATE * (POINT - PLACE)),
                evaluate=False,
            ),
            (
                "with ",
                sp.Eq(RATE, 1 / (2 * Q), evaluate=False),
                " and ",
                sp.Eq(PLACE, x**2, evaluate=False),
                (
                    " the mean is a sum of exponentials, whose weights are the activation times its second "
                    "derivative, at both signs of the argument together. Multiplied by an exponential and "
                    "differentiated, each weight gets a factor that changes sign at "
                ),
                POINT,
                (
                    ": placed where the weights change sign, one change is lost, and by Rolle's theorem at "
                    "most one zero. So the mean has at most as many zeros as the weights change sign "
                    "(Descartes' rule)"
                ),
            ),
            exponential,
            rule="Rolle's theorem, once for each change of sign",
        ),
        prove(
            sp.Eq(
                SIGMOID * sp.diff(SIGMOID, x, 2) + (SIGMOID * sp.diff(SIGMOID, x, 2)).subs(x, -x),
                -SIGMOID * (1 - SIGMOID) * (1 - 2 * SIGMOID) ** 2,
                evaluate=False,
            ),
            (
                (
                    "of the sigmoid both signs of the argument together are nowhere above 0: lengths always "
                    "change less than gradients, and no weights make both factors 1"
                ),
            ),
            sigmoid,
            rule="derivatives of the sigmoid",
        ),
        prove(
            sp.Eq(SOFTPLUS * sp.diff(SOFTPLUS, x, 2), SOFTPLUS * SIGMOID * (1 - SIGMOID), evaluate=False),
            ("of softplus the product is above 0 everywhere: lengths always change more",),
            softplus,
            rule="derivatives of softplus",
        ),
        prove(
            sp.Eq(
                (RADIUS * x * sp.cos(ANGLE)).diff(x) ** 2 + (RADIUS * x * sp.sin(ANGLE)).diff(x) ** 2,
                RADIUS**2 + (RADIUS * x * sp.Derivative(ANGLE, x)) ** 2,
                evaluate=False,
            ),
            (
                (
                    "every length can stay only if the squares at both signs of the argument sum to those of "
                    "a circle of radius "
                ),
                RADIUS * x,
                (
                    ", and gradients then ask for the squared slopes to sum to the constant: the angle does "
                    "not turn, so that the activation is two lines that meet at 0, as ReLU is"
                ),
            ),
            lines,
            rule="polar coordinates",
        ),
        prove(
            sp.Eq(
                Mean((FIRST * x + SECOND * x**2 + THIRD * x**3) ** 2) / FIRST**2,
                Q + SHORT * Q**2 + 15 * (THIRD / FIRST) ** 2 * Q**3,
                evaluate=False,
            ),
            (
                (
                    "where the activation is 0 at 0 and its slope is not, both factors tend to 1 as lengths "
                    "shrink, with no biases and weights of variance "
                ),
                1 / FIRST**2,
                "; the sign of ",
                SHORT,
                (
                    " says whether lengths shrink: below 0 for tanh (−2) and sin (−1), above 0 for GELU and "
                    "SiLU"
                ),
            ),
            _short,
            rule="Gaussian moments",
        ),
        prove(
            sp.Eq(
                sp.tanh(x) * sp.diff(sp.tanh(x), x, 2),
                -2 * sp.tanh(x) ** 2 * (1 - sp.tanh(x) ** 2),
                evaluate=False,
            ),
            (
                "for tanh, and for sin with the mean ",
                (sp.exp(-2 * Q) - 1) / 2,
                ", no other length does it",
            ),
            tanh_and_sin,
            rule="derivatives of tanh",
        ),
        prove(
            sp.Eq(CURVED, GELU_CURVED, evaluate=False),
            ("for GELU the mean has a closed form, with one zero above 0",),
            _gelu_mean,
            rule="derivative of the closed form of the mean square less the mean squared slope",
        ),
        prove(
            sp.Implies(
                sp.Eq(Q, GELU_LENGTH, evaluate=False),
                sp.Lt(sp.Derivative(Mean(phi(x) ** 2), (Q, 2)), 0, evaluate=False),
            ),
            (
                (
                    "there the length map touches the diagonal from below: lengths above return and those "
                    "below leave, so the point is half-stable"
                ),
            ),
            _bend,
            rule="second derivative",
        ),
    )
    conclusion = prove(
        sp.Implies(
            sp.And(
                sp.Eq(CHI_Q, 1, evaluate=False), sp.Eq(CHI, 1, evaluate=False), sp.Gt(Q, 0, evaluate=False)
            ),
            sp.Eq(Q, GELU_LENGTH, evaluate=False),
        ),
        (
            (
                "so GELU keeps both at one length alone; weights of variance 1.98305826 over the fan-in and "
                "biases of variance 0.17292239 do it"
            ),
        ),
        _point,
        rule="quadratic equation",
    )
    return Body(
        summary=(
            (
                "Four classes: ReLU and its kin keep lengths and gradients at every length, tanh and sin in "
                "the limit of short ones, GELU and SiLU at one that lengths return to from one side, sigmoid "
                "and softplus at none. GELU's is "
            ),
            sp.Eq(Q, GELU_LENGTH, evaluate=False),
            ".",
        ),
        assumptions=(
            ("weights and biases are independent Gaussians, and the width goes to infinity",),
            ("pre-activations ", x, " are Gaussian of variance ", Q),
            ("the weights used backwards are independent of those used forwards",),
            (
                (
                    "the squares of the activation and of its slope have a mean; a jump of the slope counts "
                    "in the second derivative as a point of that weight"
                ),
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("roberts2022", "chapter 5"),),
        picture={
            "verb": "simulate",
            "activation": "gelu",
            "sigma_w": 1.40821,
            "sigma_b": 0.41584,
            "width": 128,
        },
        claims=(
            Claim(
                "criticality-classes/both",
                (
                    (
                        "with these weights and biases mean squares of pre-activations, small changes of "
                        "them and squared distances across all stay, in the mean, to 3 % a layer"
                    ),
                ),
                "both-factors",
                expects=FACTORS,
                nets=NETS,
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _short() -> str:
    square = sp.Poly(sp.expand((FIRST * x + SECOND * x**2 + THIRD * x**3) ** 2), x)
    mean = sum(c * 2 * half_moment(n) * Q ** sp.Rational(n, 2) for (n,), c in square.terms() if n % 2 == 0)
    prove_equal(sp.expand(mean / FIRST**2), sp.expand(Q + SHORT * Q**2 + 15 * (THIRD / FIRST) ** 2 * Q**3))
    known = {
        sp.tanh(x): sp.Integer(-2),
        sp.sin(x): sp.Integer(-1),
        CORE["gelu"].phi: 6 / sp.pi,
        x * SIGMOID: sp.Rational(3, 4),
    }
    for f, expected in known.items():
        letters = (FIRST, SECOND, THIRD)
        at = {c: sp.diff(f, x, n).subs(x, 0) / sp.factorial(n) for n, c in enumerate(letters, 1)}
        prove_equal(SHORT.subs(at), expected)
    return "Gaussian moments 1, 3, 15 with letters for coefficients; the four signs from derivatives at 0"


def _gelu_mean() -> str:
    return prove_equal(sp.simplify(sp.diff(_gelu(0), Q) - _gelu(1)), GELU_CURVED)


def _bend() -> str:
    if sign_of(sp.diff(_gelu(0), Q, 2).subs(Q, GELU_LENGTH)) != -1:
        raise RefutedError("the second derivative is not below 0")
    return "the closed form's second derivative there, in ball arithmetic"


def _point() -> str:
    numerator = sp.numer(sp.together(GELU_CURVED / Q))
    (root,) = (root for root in sp.roots(sp.Poly(numerator, Q)) if sign_of(root) > 0)
    prove_equal(root, GELU_LENGTH)
    for number, decimal in ((GELU_WEIGHTS, "1.98305826"), (GELU_BIASES, "0.17292239")):
        if f"{sp.N(number, 20):.8f}" != decimal:
            raise RefutedError(f"{number} is not {decimal}")
    return "the only root of the quadratic above 0, and both variances in twenty digits"
