"""Parabolas and straight lines: smooth shapes without an exponential, for small machines."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import R, a, clip, op, sides

_square = x**2 / 4
_sqnl = sp.Piecewise((-1, x <= -2), (1, x >= 2), (x + _square, x < 0), (x - _square, True))

PIECEWISE_QUADRATIC = (
    Activation(
        "hard_swish", op("HardSwish"), clip(x * (x + 3) / 6, -3, 3, 0, x), Source("howard2019", "section 5.2")
    ),
    Activation(
        "sparse_plus",
        op("SparsePlus"),
        clip((x + 1) ** 2 / 4, -1, 1, 0, x),
        Source("bradbury2018", "documentation of jax.nn.sparse_plus"),
    ),
    Activation("sqnl", op("SQNL"), _sqnl, Source("wuraola2018")),
    Activation("log_sqnl", op("LogSQNL"), (1 + _sqnl) / 2, Source("wuraola2021")),
    Activation("sqlu", op("SQLU"), clip(x + _square, -2, 0, -1, x), Source("wuraola2021")),
    Activation("squish", op("Squish"), clip(x + x**2 / 2, -2, 0, 0, x + x**2 / 32), Source("wuraola2021")),
    Activation("sqreu", op("SqREU"), clip(x + x**2 / 2, -2, 0, 0, x), Source("wuraola2021")),
    Activation(
        "sq_softplus",
        op("SqSoftplus"),
        clip((x + R(1, 2)) ** 2 / 2, -R(1, 2), R(1, 2), 0, x),
        Source("wuraola2021", "the continuous form"),
    ),
    Activation(
        "smooth_step",
        op("SmoothStep"),
        clip(-2 * x**3 / a**3 + 3 * x / (2 * a) + R(1, 2), -a / 2, a / 2, 0, 1),
        Source("hazimeh2020", "with width 1"),
        {a: sp.Integer(1)},
    ),
    Activation(
        "soft_modulus_q",
        op("SoftModulusQ"),
        clip(x**2 * (2 - sp.Abs(x)), -1, 1, -x, x),
        Source("vallesperez2023"),
    ),
    Activation(
        "bi_firing",
        op("BiFiring"),
        clip(x**2 / (2 * a), -a, a, -x - a / 2, x - a / 2),
        Source("kunc2024", "section 3.21, bi-firing"),
        {a: sp.Integer(1)},
    ),
    Activation("relu_squared", r"\operatorname{ReLU}^2", sides(0, x**2), Source("so2021")),
    Activation(
        "star_relu",
        op("StarReLU"),
        2 / sp.sqrt(5) * sides(0, x**2) - 1 / sp.sqrt(5),
        Source("yu2024", "constants for mean 0 and variance 1 under a standard normal input"),
    ),
)
