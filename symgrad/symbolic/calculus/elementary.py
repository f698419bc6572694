"""Elementary functions written by exp, log, √ and erf."""

from __future__ import annotations

import sympy as sp

__all__ = ["BRANCHING", "ODD", "REWRITE"]

ODD = (sp.erf, sp.atan, sp.asin)
BRANCHING = (sp.Piecewise, sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside, sp.DiracDelta)
"""Functions that must be resolved before the normal form is taken."""


def _hyperbolic(sign: int, u: sp.Expr) -> sp.Expr:
    return (sp.exp(u) + sign * sp.exp(-u)) / 2


def _circular(sign: int, u: sp.Expr) -> sp.Expr:
    turn = sp.exp(sp.I * u, evaluate=False)
    return (turn + sign / turn) / (2 if sign > 0 else 2 * sp.I)


REWRITE = {
    sp.sinh: lambda u: _hyperbolic(-1, u),
    sp.cosh: lambda u: _hyperbolic(1, u),
    sp.tanh: lambda u: 1 - 2 / (sp.exp(2 * u) + 1),
    sp.coth: lambda u: 1 + 2 / (sp.exp(2 * u) - 1),
    sp.sech: lambda u: 1 / _hyperbolic(1, u),
    sp.csch: lambda u: 1 / _hyperbolic(-1, u),
    sp.sin: lambda u: _circular(-1, u),
    sp.cos: lambda u: _circular(1, u),
    sp.tan: lambda u: _circular(-1, u) / _circular(1, u),
    sp.cot: lambda u: _circular(1, u) / _circular(-1, u),
    sp.sec: lambda u: 1 / _circular(1, u),
    sp.csc: lambda u: 1 / _circular(-1, u),
    sp.asinh: lambda u: sp.log(u + sp.sqrt(1 + u**2)),
    sp.atanh: lambda u: (sp.log(1 + u) - sp.log(1 - u)) / 2,
    sp.erfc: lambda u: 1 - sp.erf(u),
}
"""Functions written by exp, log, √ and erf: valid for every real argument where the function is real."""
