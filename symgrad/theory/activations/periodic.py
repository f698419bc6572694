"""Activations that oscillate: their derivative changes sign again and again."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import R, a, b, clip, op, relu, sides

_sinc = sp.sin(x) / x

PERIODIC = (
    Activation("sin", r"\sin", sp.sin(x), Source("sitzmann2020")),
    Activation(
        "snake",
        op("Snake"),
        x + sp.sin(a * x) ** 2 / a,
        Source("ziyin2020", "with a = 1"),
        {a: sp.Integer(1)},
    ),
    Activation("gcu", op("GCU"), x * sp.cos(x), Source("noel2021gcu")),
    Activation("asu", op("ASU"), x * sp.sin(x), Source("rahman2023")),
    Activation(
        "ssu",
        op("SSU"),
        sp.pi * sp.sin(x - sp.pi) / (x - sp.pi),
        Source("noel2021", "shifted sinc unit, sinc z = sin z / z"),
    ),
    Activation(
        "dsu",
        op("DSU"),
        sp.pi / 2 * (sp.sin(x - sp.pi) / (x - sp.pi) - sp.sin(x + sp.pi) / (x + sp.pi)),
        Source("noel2021", "decaying sine unit, sinc z = sin z / z"),
    ),
    Activation("sinc", op("sinc"), _sinc, Source("efe2008", "sinc z = sin z / z")),
    Activation(
        "sinc_plus",
        op("sinc_{+}"),
        _sinc + x,
        Source("ramachandran2017", "a function its search found, sinc z = sin z / z"),
    ),
    Activation(
        "cosid", op("cosid"), sp.cos(x) - x, Source("ramachandran2017", "a function its search found")
    ),
    Activation(
        "minsin",
        op("minsin"),
        sp.Min(x, sp.sin(x)),
        Source("ramachandran2017", "a function its search found"),
    ),
    Activation(
        "vlu",
        op("VLU"),
        relu + a * sp.sin(b * x),
        Source("kunc2024", "section 3.6.9, VLU, with both constants 1"),
        {a: sp.Integer(1), b: sp.Integer(1)},
    ),
    Activation(
        "sine_relu",
        op("SineReLU"),
        sides(a * (sp.sin(x) - sp.cos(x)), x),
        Source("kunc2024", "section 3.6.7, SineReLU, with a = 1/400"),
        {a: R(1, 400)},
    ),
    Activation(
        "cosine_squasher",
        op("CosineSquasher"),
        clip((1 + sp.sin(x)) / 2, -sp.pi / 2, sp.pi / 2, 0, 1),
        Source("gallant1988"),
    ),
)
