"""Activations as the numeric engine takes them: compiled φ and φ′, and how φ continues at 0 and at ±∞."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import sympy as sp

from symgrad.numeric.kernel import Kernel
from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.compile import Program, compile_expression
from symgrad.symbolic.letters import x
from symgrad.symbolic.limits import limit
from symgrad.symbolic.pieces import pieces
from symgrad.theory.activations.activation import Activation

__all__ = ["kernel"]


def kernel(entry: Activation) -> Kernel:
    """φ and φ′ compiled to NumPy, the one-sided slopes at 0 and at ±∞, and the kinks; made once for each set
    of parameters.
    """
    return _kernel(entry.expression, tuple(entry.parameters.items()))


@cache
def _kernel(phi: sp.Expr, parameters: tuple[tuple[sp.Symbol, sp.Expr], ...]) -> Kernel:
    values = dict(parameters)
    parts = pieces(phi, x, values)
    ends = ((parts[0], -sp.oo), (parts[-1], sp.oo))
    return Kernel(
        phi=compile_expression(phi, x, values),
        dphi=_from_input(compile_expression(sp.diff(phi, x), x, values)),
        at_zero=_slopes_at_zero(phi, values),
        at_infinity=_finite(limit(part.expr / x, x, end).xreplace(values) for part, end in ends),
        kinks=tuple(float(part.hi.xreplace(values)) for part in parts[:-1]),
    )


def _from_input(program: Program) -> Any:
    """φ′ from the pre-activation alone: from φ(a) it would lose its digits where the unit saturates."""

    def slope(a: Any, h: Any, out: Any) -> None:
        program(a, out)

    return slope


def _slopes_at_zero(phi: sp.Expr, values: dict[sp.Symbol, sp.Expr]) -> tuple[float, float] | None:
    if phi.subs(x, 0) != 0:
        return None
    parts = pieces(phi, x, values)
    left = max((p for p in parts if sign_of(p.lo, values) < 0), key=parts.index)
    right = min((p for p in parts if sign_of(p.hi, values) > 0), key=parts.index)
    sides = ((left, -1), (right, 1))
    return _finite(
        limit(sp.diff(part.expr, x), x, sp.Integer(0), side).xreplace(values) for part, side in sides
    )


def _finite(slopes: Iterable[sp.Expr]) -> tuple[float, float] | None:
    left, right = slopes
    return (float(left), float(right)) if left.is_finite and right.is_finite else None
