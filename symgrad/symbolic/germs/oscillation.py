"""Oscillation towards an end: f = A cos u + B sin u + C with u → ±oo lies between C ± √(A² + B²), and comes
arbitrarily close to both, since A, B and C have germs and so the phase of (A, B) converges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

import sympy as sp
from flint import fmpq
from sympy.simplify.fu import TR8

from symgrad.symbolic.germs.behaviour import Approach, End, behaviour

__all__ = ["Oscillation", "oscillation"]

_PHASES = 8
"""Phases 2πj/8 at which a sum of harmonics is looked at."""


@dataclass(frozen=True)
class Oscillation:
    """`above` is a function that f never passes and comes close to again and again, `below` likewise; either
    is None where only the other is known.
    """

    above: Approach | None
    below: Approach | None

    @property
    def unbounded(self) -> bool:
        """Whether f is unbounded."""
        sides = (self.above, self.below)
        return any(side is not None and side.limit in (sp.oo, -sp.oo) for side in sides)


def oscillation(f: sp.Expr, x: sp.Symbol, end: End, R: int | fmpq) -> Oscillation | None:
    """How f oscillates on the neighbourhood X ≥ R; None where it is not of this form."""
    f = TR8(sp.expand(f)) if f.has(sp.sin, sp.cos) else f  # products of waves as sums
    waves = [node for node in f.atoms(sp.sin, sp.cos) if node.has(x)]
    base = _base([node.args[0] for node in waves], x)
    if base is None or f.has(sp.tan):
        return None
    try:
        if behaviour(base, x, end, R).phi_limit not in (sp.oo, -sp.oo):
            return None
        single = _single(f, waves, base)
        if single is None:
            return _unbounded(f, x, end, R, waves, base)
        a, b, c = single
        swing = sp.sqrt(a**2 + b**2)
        return Oscillation(behaviour(c + swing, x, end, R).phi, behaviour(c - swing, x, end, R).phi)
    except NotImplementedError:
        return None


def _base(arguments: list[sp.Expr], x: sp.Symbol) -> sp.Expr | None:
    """u such that every argument is a whole multiple of it."""
    if not arguments:
        return None
    ratios = [sp.cancel(argument / arguments[0]) for argument in arguments]
    if not all(ratio.is_Rational for ratio in ratios):
        return None
    return arguments[0] * abs(reduce(sp.gcd, ratios))


def _single(f: sp.Expr, waves: list[sp.Expr], base: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr] | None:
    """(A, B, C) where only cos u and sin u occur, and linearly."""
    cosine, sine = sp.Dummy("c", real=True), sp.Dummy("s", real=True)
    names: dict[sp.Expr, sp.Expr] = {}
    for node in waves:
        sign = sp.cancel(node.args[0] / base)
        if abs(sign) != 1:
            return None
        names[node] = cosine if isinstance(node, sp.cos) else sign * sine
    plain = sp.expand(f.xreplace(names))
    if not plain.is_polynomial(cosine, sine):
        return None
    poly = sp.Poly(plain, cosine, sine)
    if poly.total_degree() > 1:
        return None
    return tuple(poly.coeff_monomial(m) for m in (cosine, sine, 1))


def _unbounded(
    f: sp.Expr, x: sp.Symbol, end: End, R: int | fmpq, waves: list[sp.Expr], base: sp.Expr
) -> Oscillation | None:
    """Where f → ±oo along the points with one phase, it is unbounded."""
    found = Oscillation(None, None)
    for level in _along_phases(f, waves, base):
        limit = behaviour(level, x, end, R).phi
        if limit.limit is sp.oo:
            found = replace(found, above=limit)
        elif limit.limit is -sp.oo:
            found = replace(found, below=limit)
    return found if found.above or found.below else None


def _along_phases(f: sp.Expr, waves: list[sp.Expr], base: sp.Expr) -> Iterator[sp.Expr]:
    for j in range(_PHASES):
        phase = 2 * sp.pi * j / _PHASES
        yield f.xreplace({node: node.func(sp.cancel(node.args[0] / base) * phase) for node in waves})
