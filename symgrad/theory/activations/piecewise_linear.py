"""Straight pieces: the derivative is constant on each and jumps at the kink."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation

slope = sp.Symbol("a", positive=True)

PIECEWISE_LINEAR = (
    Activation("identity", r"\operatorname{id}", x, Source("saxe2014")),
    Activation("relu", r"\operatorname{ReLU}", sp.Piecewise((x, x > 0), (0, True)), Source("nair2010")),
    Activation(
        "leaky_relu",
        r"\operatorname{LeakyReLU}",
        sp.Piecewise((x, x > 0), (slope * x, True)),
        Source("maas2013"),
        {slope: sp.Rational(1, 100)},
    ),
)
