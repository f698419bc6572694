"""Activations whose derivative repeats."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation

PERIODIC = (Activation("sin", r"\sin", sp.sin(x), Source("sitzmann2020")),)
