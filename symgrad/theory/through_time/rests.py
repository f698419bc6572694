"""Where one tanh unit with a weight on itself rests: the pre-activations that a constant drive leaves as they
are.

In this project's form the state is y_t = tanh(w y_{t−1} + d_t). It rests at y = tanh x exactly where the
pre-activation x solves x = w tanh x + d; in the form a_t = w tanh(a_{t−1}) + d_t of Bengio, Simard and
Frasconi 1994 the same x is the state. On x ≥ 0 the drive that keeps x, x − w tanh x, is convex: it falls up
to artanh √(1 − 1/w) and rises beyond, so that each side of it has at most one solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp
from flint import arb

from symgrad.errors import InputError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.letters import u, v
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.ranges.extremum import Value

__all__ = ["Rest", "attracting", "critical_input", "repelling", "turning_point"]

CLOSEST = 120
"""Bits to which a noise that is about critical is told from the critical one."""


@dataclass(frozen=True)
class Rest:
    """A rest of the unit: its pre-activation, its state and its multiplier ∂y_t/∂y_{t−1} = w(1 − y²)."""

    pre: Value
    state: Value
    multiplier: Value


def turning_point(weight: sp.Expr) -> sp.Expr:
    """√(1 − 1/w): the state at which the multiplier is 1, for w ≥ 1."""
    return sp.sqrt(1 - 1 / weight)


def critical_input(weight: sp.Expr) -> sp.Expr:
    """√(w(w − 1)) − artanh √(1 − 1/w) for w ≥ 1, else 0: the smallest constant drive against the latched
    state that unlatches it."""
    if weight.is_number and weight <= 1:
        return sp.S.Zero
    return sp.sqrt(weight * (weight - 1)) - sp.atanh(turning_point(weight))


def attracting(weight: sp.Rational, noise: sp.Rational = sp.S.Zero) -> Rest | None:
    """The larger positive rest under the constant drive −noise: the largest root of w tanh x = x + noise.

    None where the noise is at least critical, or w ≤ 1. Raises `InputError` where the noise is so close to
    critical that 120 bits do not tell.
    """
    if not _below(weight, noise):
        return None
    root = _named(weight, noise, u, lambda bits: (_turn(weight, bits).upper(), ball(weight)))
    return _rest(weight, noise, root)


def repelling(weight: sp.Rational, noise: sp.Rational = sp.S.Zero) -> Rest | None:
    """The smaller rest from 0 on under the constant drive −noise, 0 itself without noise; as `attracting`."""
    if not _below(weight, noise):
        return None
    if noise == 0:
        return Rest(Value(sp.S.Zero), Value(sp.S.Zero), Value(weight))
    root = _named(weight, noise, v, lambda bits: (_turn(weight, bits).lower(), arb(0)))
    return _rest(weight, noise, root)


def _below(weight: sp.Rational, noise: sp.Rational) -> bool:
    """Whether a unit of this weight holds a bit against the noise, with a multiplier below 1."""
    if weight <= 1:
        return False
    with precision(4 * CLOSEST):
        room = ball(critical_input(weight)) - ball(noise)
    if abs(room) < arb(2) ** -CLOSEST:
        raise InputError(f"noise {noise}: too close to the critical input of w = {weight}; take another")
    return bool(room > 0)


def _rest(weight: sp.Rational, noise: sp.Rational, root: NamedRoot) -> Rest:
    state = (root.symbol + noise) / weight
    values = (root.symbol, state, weight * (1 - state**2))
    return Rest(*(Value(value, (), (root,)) for value in values))


def _named(
    weight: sp.Rational, noise: sp.Rational, symbol: sp.Symbol, ends: Callable[[int], tuple[arb, arb]]
) -> NamedRoot:
    """The only root of w tanh x − x − noise between the turning point, where it is above 0, and an end where
    it is below; enclosed by halving."""

    def enclosed(bits: int) -> arb:
        working = 2 * bits + CLOSEST
        with precision(working):
            above, below = ends(working)
            small, slope, offset = arb(2) ** -bits, ball(weight), ball(noise)
            while abs(above - below) > small:
                middle = ((above + below) / 2).mid()
                value = slope * middle.tanh() - middle - offset
                if not (value > 0 or value < 0):  # the root, to more than the bits asked for
                    return middle + arb(0, 1) * small
                above, below = (middle, below) if value > 0 else (above, middle)
            return above.union(below)

    place, turn, digits = enclosed(64), _turn(weight, 64), 2
    while True:
        step = sp.Rational(1, 10**digits)
        lo = int((place.lower() * 10**digits).floor().unique_fmpz()) * step
        apart = not ball(lo).union(ball(lo + step)).overlaps(turn)
        if apart and place < ball(lo + step):
            equation = sp.Eq(weight * sp.tanh(symbol), symbol + noise, evaluate=False)
            return NamedRoot(symbol, equation, lo, lo + step, enclosed)
        digits += 1


def _turn(weight: sp.Rational, bits: int) -> arb:
    with precision(bits):
        return ball(sp.atanh(turning_point(weight)))
