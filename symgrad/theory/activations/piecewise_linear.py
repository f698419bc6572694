"""Straight pieces: the derivative is constant on each and jumps at the kinks."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import R, a, b, clip, op, relu, sides

PIECEWISE_LINEAR = (
    Activation("identity", op("id"), x, Source("saxe2014")),
    Activation("relu", op("ReLU"), relu, Source("nair2010")),
    Activation("leaky_relu", op("LeakyReLU"), sides(a * x, x), Source("maas2013"), {a: R(1, 100)}),
    Activation(
        "prelu",
        op("PReLU"),
        sides(a * x, x),
        Source("he2015", "eq 1, the slope it starts from"),
        {a: R(1, 4)},
    ),
    Activation("relu6", r"\operatorname{ReLU6}", clip(x, 0, 6, 0, 6), Source("krizhevsky2010")),
    Activation("bounded_relu", op("BReLU"), clip(x, 0, a, 0, a), Source("liew2016"), {a: sp.Integer(1)}),
    Activation(
        "bounded_leaky_relu",
        op("BLReLU"),
        clip(x, 0, b, a * x, a * x + (1 - a) * b),
        Source("liew2016", "slopes as in leaky ReLU"),
        {a: R(1, 100), b: sp.Integer(1)},
    ),
    Activation("shifted_relu", op("SReLU"), sp.Max(-1, x), Source("clevert2016", "compared there as SReLU")),
    Activation("displaced_relu", op("DReLU"), sp.Max(-a, x), Source("macedo2019"), {a: R(1, 20)}),
    Activation(
        "abslu",
        op("AbsLU"),
        sides(-a * x, x),
        Source("kunc2024", "section 3.6.27, AbsLU, with slope 1/2"),
        {a: R(1, 2)},
    ),
    Activation("modulus", op("modulus"), sp.Abs(x), Source("vallesperez2023")),
    Activation("hard_tanh", op("HardTanh"), clip(x, -1, 1, -1, 1), Source("collobert2004")),
    Activation(
        "hard_sigmoid", op("HardSigmoid"), clip((x + 3) / 6, -3, 3, 0, 1), Source("howard2019", "section 5.2")
    ),
    Activation(
        "sparse_sigmoid",
        op("SparseSigmoid"),
        clip((x + 1) / 2, -1, 1, 0, 1),
        Source("courbariaux2015", "the hard sigmoid of eq 3; the name is that of JAX"),
    ),
    Activation(
        "threshold",
        op("Threshold"),
        sp.Piecewise((x, x > a), (b, True)),
        Source("paszke2019", "documentation of torch.nn.Threshold, the values of its example"),
        {a: R(1, 10), b: sp.Integer(20)},
    ),
    Activation(
        "trec", op("TRec"), sp.Piecewise((x, x > a), (0, True)), Source("konda2014"), {a: sp.Integer(1)}
    ),
    Activation(
        "hard_shrink", op("HardShrink"), clip(sp.S.Zero, -a, a, x, x), Source("donoho1994"), {a: R(1, 2)}
    ),
    Activation(
        "soft_shrink",
        op("SoftShrink"),
        clip(sp.S.Zero, -a, a, x + a, x - a),
        Source("donoho1995"),
        {a: R(1, 2)},
    ),
    Activation(
        "pan",
        op("Pan"),
        clip(sp.S.Zero, -a, a, -x - a, x - a),
        Source("kunc2024", "section 3.6.26, Pan function"),
        {a: sp.Integer(1)},
    ),
    Activation(
        "triangular", op("mReLU"), sp.Max(0, 1 - sp.Abs(x)), Source("kunc2024", "section 3.6.28, mReLU")
    ),
    Activation(
        "hat",
        op("hat"),
        sp.Piecewise((0, x <= 0), (x, x <= 1), (2 - x, x <= 2), (0, True)),
        Source("hong2022"),
    ),
    Activation("binary_step", op("step"), sp.Piecewise((1, x >= 0), (0, True)), Source("mcculloch1943")),
)
