"""A straight line on the right, a saturating exponential on the left."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation

alpha, scale = sp.symbols("alpha lambda", positive=True)


def selu_constants() -> tuple[sp.Expr, sp.Expr]:
    """(α, λ) with E φ(z) = 0 and E φ(z)² = 1 for z ~ N(0, 1): the fixed point of Klambauer et al. 2017.

    With φ = λ x for x > 0 and λ α (eˣ − 1) otherwise, and A = E[(eᶻ − 1) 1_{z<0}], B = E[(eᶻ − 1)² 1_{z<0}]
    (Gaussian integrals, completed squares): the mean condition gives α = −1/(√(2π) A), the second moment λ =
    (1/2 + α² B)^(−1/2).
    """
    left_one = sp.exp(sp.Rational(1, 2)) * sp.erfc(1 / sp.sqrt(2)) / 2
    left_two = sp.exp(2) * sp.erfc(sp.sqrt(2)) / 2
    mean = left_one - sp.Rational(1, 2)
    square = left_two - 2 * left_one + sp.Rational(1, 2)
    a = -1 / (sp.sqrt(2 * sp.pi) * mean)
    return a, 1 / sp.sqrt(sp.Rational(1, 2) + a**2 * square)


_alpha, _lambda = selu_constants()

EXPONENTIAL_LINEAR = (
    Activation(
        "elu",
        r"\operatorname{ELU}",
        sp.Piecewise((x, x > 0), (alpha * (sp.exp(x) - 1), True)),
        Source("clevert2016", "eq 15"),
        {alpha: sp.Integer(1)},
    ),
    Activation(
        "selu",
        r"\operatorname{SELU}",
        sp.Piecewise((scale * x, x > 0), (scale * alpha * (sp.exp(x) - 1), True)),
        Source("klambauer2017", "eq 2"),
        {alpha: _alpha, scale: _lambda},
    ),
)
