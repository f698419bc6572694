"""Powers, roots, logarithms and what is made of them: the derivative of most has no bound."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import R, a, op, sides

POWERS = (
    Activation("square", op("square"), x**2, Source("livni2014")),
    Activation("cube", op("cube"), x**3, Source("chen2014")),
    Activation("ncu", op("NCU"), x - x**3, Source("noel2021", "non-monotonic cubic unit")),
    Activation("squ", op("SQU"), x**2 + x, Source("noel2021", "shifted quadratic unit")),
    Activation(
        "rational",
        op("Rational"),
        (R(11915, 10000) * x**3 + R(15957, 10000) * x**2 + x / 2 + R(218, 10000))
        / (R(2383, 1000) * x**2 + 1),
        Source("boulle2020", "the coefficients it starts from"),
    ),
    Activation(
        "signed_sqrt", op("SQRT"), sp.sign(x) * sp.sqrt(sp.Abs(x)), Source("kunc2024", "section 3.9, SQRT")
    ),
    Activation("symlog", op("symlog"), sp.sign(x) * sp.log(1 + sp.Abs(x)), Source("hafner2023")),
    Activation("symexp", op("symexp"), sp.sign(x) * (sp.exp(sp.Abs(x)) - 1), Source("hafner2023")),
    Activation("m_arcsinh", op("m-arcsinh"), sp.asinh(x) * sp.sqrt(sp.Abs(x)) / 12, Source("parisi2020")),
    Activation("hyper_sinh", op("HyperSinh"), sides(x**3 / 4, sp.sinh(x) / 3), Source("parisi2021")),
    Activation(
        "comb_hsine",
        op("CombHSine"),
        sp.sinh(a * x) + sp.asinh(a * x),
        Source("kunc2024", "section 3.25, Comb-H-sine, with factor 1"),
        {a: sp.Integer(1)},
    ),
    Activation(
        "arcsinh_squared",
        op("arcsinh2"),
        x * sp.asinh(x) ** 2,
        Source("ramachandran2017", "a function its search found"),
    ),
    Activation(
        "arctid", op("arctid"), sp.atan(x) ** 2 - x, Source("ramachandran2017", "a function its search found")
    ),
    Activation(
        "e_tanh",
        op("E-Tanh"),
        a * sp.exp(x) * sp.tanh(x),
        Source("kunc2024", "section 3.40, E-Tanh, with factor 1"),
        {a: sp.Integer(1)},
    ),
)
