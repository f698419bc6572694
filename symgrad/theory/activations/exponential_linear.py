"""A straight line on the right, a saturating exponential on the left."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import R, a, alpha, b, beta, op, sides
from symgrad.theory.activations.shorthand import lambda_ as scale


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
        op("ELU"),
        sides(alpha * (sp.exp(x) - 1), x),
        Source("clevert2016"),
        {alpha: sp.Integer(1)},
    ),
    Activation(
        "selu",
        op("SELU"),
        sides(scale * alpha * (sp.exp(x) - 1), scale * x),
        Source("klambauer2017", "eq 2"),
        {alpha: _alpha, scale: _lambda},
    ),
    Activation(
        "celu",
        op("CELU"),
        sides(alpha * (sp.exp(x / alpha) - 1), x),
        Source("barron2017"),
        {alpha: sp.Integer(1)},
    ),
    Activation(
        "pelu",
        op("PELU"),
        sides(a * (sp.exp(x / b) - 1), a * x / b),
        Source("trottier2017", "with both constants 1"),
        {a: sp.Integer(1), b: sp.Integer(1)},
    ),
    Activation(
        "mpelu",
        op("MPELU"),
        sides(alpha * (sp.exp(beta * x) - 1), x),
        Source("li2018mpelu", "with the factor 1/4 and the rate 1"),
        {alpha: R(1, 4), beta: sp.Integer(1)},
    ),
    Activation(
        "serlu",
        op("SERLU"),
        sides(scale * alpha * x * sp.exp(x), scale * x),
        Source("zhang2018", "constants to six digits, for mean 0 and variance 1"),
        {scale: R(107862, 100000), alpha: R(290427, 100000)},
    ),
    Activation("reu", op("REU"), sides(x * sp.exp(x), x), Source("ying2019")),
    Activation(
        "isrlu",
        op("ISRLU"),
        sides(x / sp.sqrt(1 + alpha * x**2), x),
        Source("carlile2017", "with alpha = 1"),
        {alpha: sp.Integer(1)},
    ),
    Activation("polylu", op("PolyLU"), sides(1 / (1 - x) - 1, x), Source("feng2023")),
    Activation("polu", op("PoLU"), sides((1 - x) ** (-2) - 1, x), Source("li2018polu", "with the power 2")),
    Activation(
        "xielu",
        op("xIELU"),
        sides(alpha * (sp.exp(x) - 1) - alpha * x + beta * x, alpha * x**2 + beta * x),
        Source("huang2024", "the values it starts from"),
        {alpha: R(4, 5), beta: R(1, 2)},
    ),
    Activation(
        "sara",
        op("SaRa"),
        sides(x / (1 + a * sp.exp(-b * x)), x),
        Source("kunc2024", "section 3.6.53, SaRa, the form thought intended, with a = 1/2 and b = 7/10"),
        {a: R(1, 2), b: R(7, 10)},
    ),
    Activation(
        "sign_relu",
        op("SignReLU"),
        sides(alpha * x / (1 + sp.Abs(x)), x),
        Source("kunc2024", "section 3.6.32, SignReLU, with factor 1"),
        {alpha: sp.Integer(1)},
    ),
    Activation(
        "exponential",
        r"\exp",
        sp.exp(x),
        Source("chollet2015", "documentation of keras.activations.exponential"),
    ),
)
