"""What the initialisations of Glorot and of He share: variances through one layer, forwards and backwards.

A layer has `n_in` inputs and `n_out` units; its weights are independent, with mean 0 and one variance. Only
their variance enters, so that the law of the weights (Gaussian, uniform) does not matter.
"""

from __future__ import annotations

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.letters import n_in, n_out
from symgrad.theory.propagation.length_map import gaussian_mean

__all__ = ["BACKWARD", "COMPROMISE", "FORWARD", "SHARE", "V", "handed_back", "handed_on", "solved"]

V = sp.Symbol("v", positive=True)
"""The variance of one weight."""
SHARE = sp.Symbol("kappa", positive=True)
"""The share of a mean square that φ leaves: forwards E φ(a)²/E a², backwards E φ′(a)². A line leaves 1."""
FORWARD, BACKWARD = SHARE * n_in * V, SHARE * n_out * V
"""Factors a layer of the variances of signal and gradient."""
COMPROMISE = 2 / (n_in + n_out)
WIDTHS = ((1, 1), (2, 1), (1, 2), (3, 2), (2, 3))
"""(n_in, n_out) of the layers written out."""


def handed_on() -> str:
    """E a_i² = n_in v E h² for a = W h, with the squares of h left as symbols."""
    for entering, leaving in WIDTHS:
        weights = _weights(entering, leaving)
        values = sp.Matrix(sp.symbols(f"h1:{entering + 1}", real=True))
        for a in weights * values:
            found = gaussian_mean(a**2, dict.fromkeys(weights, V))
            mean_square = values.dot(values) / entering
            prove_equal(found, (n_in * V).subs(n_in, entering) * mean_square)
    return _says()


def handed_back() -> str:
    """E g_j² = n_out v E δ² for g = Wᵀ δ, with the squares of δ left as symbols."""
    for entering, leaving in WIDTHS:
        weights = _weights(entering, leaving)
        delta = sp.Matrix(sp.symbols(f"d1:{leaving + 1}", real=True))
        for g in weights.T * delta:
            found = gaussian_mean(g**2, dict.fromkeys(weights, V))
            prove_equal(found, (n_out * V).subs(n_out, leaving) * delta.dot(delta) / leaving)
    return _says()


def solved(factor: sp.Expr, root: sp.Expr) -> str:
    """The equation factor = 1 has the one solution v = root."""
    (found,) = sp.solve(sp.Eq(factor, 1), V)
    how = prove_equal(found, root)
    prove_equal(factor.subs(V, root), sp.S.One)
    return f"the equation is linear in v and solved for it: {how}"


def _weights(entering: int, leaving: int) -> sp.Matrix:
    return sp.Matrix(leaving, entering, lambda i, j: sp.Symbol(f"w{i}{j}", real=True))


def _says() -> str:
    sizes = ", ".join(f"{entering} → {leaving}" for entering, leaving in WIDTHS)
    return f"second moments of independent weights, every unit of layers {sizes}"
