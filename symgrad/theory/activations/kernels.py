"""Activations as the numeric engine takes them: φ and φ′ on arrays, and how φ continues at 0 and at ±∞."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import sympy as sp

from symgrad.numeric.kernel import Kernel
from symgrad.symbolic.germs.behaviour import End, behaviour
from symgrad.symbolic.kernels.accurate import accurate
from symgrad.symbolic.kernels.from_output import slope
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges.certified import domain_text
from symgrad.symbolic.zeros.cuts import Cuts, cuts
from symgrad.theory.activations.activation import Activation

__all__ = ["domain", "kernel"]

SPREAD = 64
"""Kinks that repeat are listed up to this distance from 0."""


def kernel(entry: Activation) -> Kernel:
    """φ and φ′ compiled to NumPy, the one-sided slopes at 0 and at ±∞, and the kinks; made once for each set
    of parameters. Raises `NotImplementedError` for a function without an array operation.
    """
    return _kernel(entry.phi)


def domain(entry: Activation) -> str | None:
    """The points where φ is defined, as text; None where that is not proved."""
    found = _cuts(entry.phi)
    return None if found is None else domain_text(found)


@cache
def _cuts(phi: sp.Expr) -> Cuts | None:
    try:
        return cuts(phi, x)
    except NotImplementedError:
        return None


@cache
def _kernel(phi: sp.Expr) -> Kernel:
    value = accurate(phi, x)
    return Kernel(
        phi=value,
        dphi=slope(phi, x, value, accurate(phi, x, 1)),
        at_zero=_slopes_at_zero(phi),
        at_infinity=_finite(_limit(phi / x, End(end)) for end in (-sp.oo, sp.oo)),
        kinks=tuple(sorted(_kinks(phi))),
    )


def _kinks(phi: sp.Expr) -> Iterator[float]:
    """Every point where the expression of φ changes; of a periodic one those near 0."""
    found = _cuts(phi)
    if found is None:
        return
    with_ball = [float(cut.ball(64).mid()) for cut in found.points]
    if found.period is None:
        yield from with_ball
        return
    period = float(found.period)
    for point in with_ball:
        for k in range(math.ceil((-SPREAD - point) / period), math.floor((SPREAD - point) / period) + 1):
            yield point + k * period


def slopes_at_zero(phi: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """φ′(0−) and φ′(0+), proved, where φ(0±) = 0 and both are finite; else None."""
    sides = [End(sp.S.Zero, side) for side in (-1, 1)]
    if [_limit(phi, side) for side in sides] != [0, 0]:
        return None
    left, right = (_limit(phi, side, of_slope=True) for side in sides)
    if left is None or right is None or not (left.is_finite and right.is_finite):
        return None
    return left, right


def _slopes_at_zero(phi: sp.Expr) -> tuple[float, float] | None:
    found = slopes_at_zero(phi)
    return None if found is None else (float(found[0]), float(found[1]))


def _limit(f: sp.Expr, end: End, of_slope: bool = False) -> sp.Expr | None:
    """The proved limit of f, or of f′, towards an end."""
    try:
        found = behaviour(f, x, end)
    except NotImplementedError:
        return None
    return found.limit if of_slope else found.phi_limit


def _finite(slopes: Iterator[sp.Expr | None]) -> tuple[float, float] | None:
    left, right = slopes
    if left is None or right is None or not (left.is_finite and right.is_finite):
        return None
    return float(left), float(right)
