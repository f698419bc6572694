"""Bumps and small waves: they die out on both sides, as in radial basis and wavelet nets."""

import sympy as sp

from symgrad.symbolic.derivation import Source
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation
from symgrad.theory.activations.shorthand import alpha, c, op, sides

_bell = sp.exp(-(x**2) / 2)

BUMPS = (
    Activation("gaussian", op("gaussian"), sp.exp(-(x**2)), Source("broomhead1988")),
    Activation(
        "gaussian_derivative", r"\psi_1", x * _bell, Source("alexandridis2013", "the Gaussian derivative")
    ),
    Activation("mexican_hat", r"\psi_2", (1 - x**2) * _bell, Source("alexandridis2013", "the Mexican hat")),
    Activation("morlet", r"\psi_5", sp.cos(5 * x) * _bell, Source("alexandridis2013", "the Morlet wavelet")),
    Activation("inverse_multiquadric", op("IMQ"), 1 / sp.sqrt(1 + x**2), Source("poggio1990")),
    Activation("thin_plate_spline", op("TPS"), x**2 * sp.log(sp.Abs(x)), Source("poggio1990")),
    Activation(
        "ada",
        op("ADA"),
        sides(0, x * sp.exp(c - alpha * x)),
        Source("georgescu2023", "with the factor x, as in the authors' code; both constants 1"),
        {alpha: sp.Integer(1), c: sp.Integer(1)},
    ),
    Activation(
        "lada",
        op("LADA"),
        sides(x / 100, x * sp.exp(c - alpha * x)),
        Source(
            "georgescu2023",
            "with the factor x, as in the authors' code; both constants 1, slope 1/100 on the left",
        ),
        {alpha: sp.Integer(1), c: sp.Integer(1)},
    ),
    Activation(
        "wave",
        op("Wave"),
        (1 - x**2) * sp.exp(-alpha * x**2),
        Source("kunc2024", "section 3.41, Wave, with factor 1"),
        {alpha: sp.Integer(1)},
    ),
)
