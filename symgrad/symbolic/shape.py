"""The shape of a function of x: its symmetry, proved."""

from __future__ import annotations

from typing import Literal

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.equality import UndecidedError, prove_equal

__all__ = ["Parity", "parity"]

Parity = Literal["even", "odd", "f(x) - f(-x) = x", "none", "not decided"]


def parity(f: sp.Expr, x: sp.Symbol) -> Parity:
    """Whether f(−x) is f(x), −f(x), or f(x) − x (as for a gate with gate(x) + gate(−x) = 1), wherever both
    are defined; "none" where each of the three is refuted at a point.
    """
    mirrored, undecided = f.xreplace({x: -x}), False
    for name, image in (("even", f), ("odd", -f), ("f(x) - f(-x) = x", f - x)):
        try:
            prove_equal(mirrored, image)
        except UndecidedError:
            undecided = True
        except RefutedError:
            continue
        else:
            return name
    return "not decided" if undecided else "none"
