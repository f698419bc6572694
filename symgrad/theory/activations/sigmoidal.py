"""Bounded, increasing activations: their derivative has one bump and dies out on both sides."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation

SIGMOIDAL = (
    Activation("sigmoid", r"\sigma", 1 / (1 + sp.exp(-x)), Source("rumelhart1986", "eq 2")),
    Activation("tanh", r"\tanh", sp.tanh(x), Source("lecun1998", "section 4.4")),
    Activation(
        "softsign", r"\operatorname{softsign}", x / (1 + sp.Abs(x)), Source("glorot2010", "section 2")
    ),
    Activation("arctan", r"\arctan", sp.atan(x), Source("lecun1998", "section 4.4")),
    Activation("erf", r"\operatorname{erf}", sp.erf(x), Source("williams1997")),
)
