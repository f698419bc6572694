"""Rectifiers without a corner: the derivative grows from about 0 to about 1, or from one slope to another."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import R, a, alpha, b, beta, c, k, op, sides, softplus

_log_cosh = sp.log(sp.cosh(x))

SMOOTH_RECTIFIERS = (
    Activation("softplus", op("softplus"), softplus(x), Source("dugas2001")),
    Activation("shifted_softplus", op("ssp"), softplus(x) - sp.log(2), Source("schuett2017")),
    Activation(
        "softplusplus",
        op("Soft++"),
        softplus(k * x) + x / c - sp.log(2),
        Source("ciuparu2020", "with k = 1 and c = 2"),
        {k: sp.Integer(1), c: sp.Integer(2)},
    ),
    Activation(
        "squareplus",
        op("Squareplus"),
        (x + sp.sqrt(x**2 + b)) / 2,
        Source("barron2021", "with b = 4"),
        {b: sp.Integer(4)},
    ),
    Activation(
        "slu",
        op("SLU"),
        sides(2 * sp.log((sp.exp(x) + 1) / 2), x),
        Source("zhao2018"),
    ),
    Activation(
        "resp",
        op("ReSP"),
        sides(softplus(x), a * x + sp.log(2)),
        Source("kunc2024", "section 3.6.14, ReSP, with a = 17/10"),
        {a: R(17, 10)},
    ),
    Activation(
        "bent_identity",
        op("BentIdentity"),
        (sp.sqrt(x**2 + 1) - 1) / 2 + x,
        Source("kunc2024", "section 3.10, bent identity"),
    ),
    Activation(
        "smu",
        op("SMU"),
        ((1 + alpha) * x + (1 - alpha) * x * sp.erf(beta * (1 - alpha) * x)) / 2,
        Source("biswas2021smu", "with slope 1/100 on the left and sharpness 5/2"),
        {alpha: R(1, 100), beta: R(5, 2)},
    ),
    Activation(
        "hclsh",
        op("HcLSH"),
        sides(_log_cosh + x, sp.log(sp.cosh(x) + x * sp.cosh(x / 2))),
        Source("abdelnabi2023"),
    ),
    Activation("multiquadric", op("MQ"), sp.sqrt(1 + x**2), Source("poggio1990")),
    Activation(
        "nlrelu",
        op("NLReLU"),
        sides(0, sp.log(1 + beta * x)),
        Source("liu2019", "with factor 1"),
        {beta: sp.Integer(1)},
    ),
    Activation(
        "maxtanh",
        op("maxtanh"),
        sides(sp.tanh(x), x),
        Source("ramachandran2017", "a function its search found"),
    ),
)
