"""Rectifiers without a corner (hard-swish: with two small ones): most overshoot the slope 1 somewhere."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation

SMOOTH_RECTIFIERS = (
    Activation("softplus", r"\operatorname{softplus}", sp.log(1 + sp.exp(x)), Source("dugas2001")),
    Activation(
        "gelu",
        r"\operatorname{GELU}",
        x * (1 + sp.erf(x / sp.sqrt(2))) / 2,
        Source("hendrycks2016", "section 2"),
    ),
    Activation("silu", r"\operatorname{SiLU}", x / (1 + sp.exp(-x)), Source("elfwing2018", "eq 4")),
    Activation(
        "mish", r"\operatorname{Mish}", x * sp.tanh(sp.log(1 + sp.exp(x))), Source("misra2020", "eq 1")
    ),
    Activation(
        "hard_swish",
        r"\operatorname{HardSwish}",
        sp.Piecewise((0, x <= -3), (x, x >= 3), (x * (x + 3) / 6, True)),
        Source("howard2019", "section 5.2"),
    ),
)
