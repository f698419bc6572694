"""A fixed point of the length map with a proof: a sign change between two rationals, and χ₁ between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.gaussian.quadrature import InfiniteError, Integrand, square_mean
from symgrad.symbolic.letters import x
from symgrad.symbolic.number import BITS, Number
from symgrad.symbolic.zeros.cuts import cuts
from symgrad.theory.activations import Activation

__all__ = ["DoublyCritical", "Enclosed", "enclosed", "enclosed_critical", "enclosed_doubly_critical"]

WIDTHS = tuple(sp.Rational(1, 10**places) for places in (28, 24, 20, 16, 12))
"""Relative half-widths of the interval about the fixed point; the next where signs stay undecided."""
NEARBY = sp.Rational(1, 10**8)
"""Relative distance of the second point of the first secant."""
SECANTS = 8
PLACES = 10**40


@dataclass(frozen=True)
class Enclosed:
    """A fixed point q of q ↦ σ_w² E φ(√q z)² + σ_b² and χ₁ = σ_w² E φ′(√q z)² there, both certified.

    `attracts` says whether the map leads up at the lower end of the interval and down at its upper end. A map
    that increases then leads to q from both sides, as that of every φ does whose |φ| increases away from 0.
    """

    q: Number
    chi1: Number
    attracts: bool


@dataclass(frozen=True)
class DoublyCritical:
    """A fixed point q with χ₁ = χ_∥ = 1, and σ_w² = 1/E φ′² and σ_b² = q − E φ²/E φ′² there, certified.

    `bends` is the proved sign of d²E φ²/dq²: with 1 lengths below q return to it and those above leave, with
    −1 the other way round, so that q is half-stable; 0 where neither is proved.
    """

    q: Number
    sigma_w2: Number
    sigma_b2: Number
    bends: int


def enclosed(entry: Activation, sigma_w2: sp.Expr, sigma_b2: sp.Expr, near: float) -> Enclosed:
    """A proof that the length map of φ has a fixed point beside `near` > 0, and χ₁ there.

    σ_w² M(q) + σ_b² − q, with M(q) = E φ(√q z)² enclosed by Arb's quadrature, has opposite signs at the ends
    of a rational interval [a, b]; it is continuous, so it is 0 between them. N(x; 0, q) lies between
    √(a/b) N(x; 0, a) and √(b/a) N(x; 0, b) for q in [a, b], so E φ′² does between those multiples of its
    values at the ends, whatever φ. Raises `NotImplementedError` where no such interval is found.
    """
    if not 0 < near < float("inf"):
        raise NotImplementedError(f"q = {near}: a fixed point is enclosed about a positive number")
    square, slope_square = (_square(entry.phi, order) for order in (0, 1))

    def rise(q: sp.Rational) -> arb:
        with precision(BITS):
            return ball(sigma_w2) * square(q) + ball(sigma_b2) - ball(q)

    low, high, down = _bracket(rise, near)
    q, slope = _between(low, high, slope_square)
    with precision(BITS):
        chi1 = ball(sigma_w2) * slope
    why = "a sign change of the length map less q, in ball arithmetic"
    return Enclosed(
        Number(None, q, "certified", why),
        Number(None, chi1, "certified", "E φ′² at both ends of that interval"),
        down,
    )


def enclosed_critical(entry: Activation, sigma_b2: sp.Expr, near: float) -> tuple[Number, Number]:
    """(σ_w², q) with a proof that beside `near` > 0 there is a q = σ_w² E φ² + σ_b² with σ_w² = 1/E φ′², so
    that χ₁ = 1: a sign change of q − E φ²/E φ′² − σ_b². Raises `NotImplementedError` as `enclosed` does."""
    if not 0 < near < float("inf"):
        raise NotImplementedError(f"q = {near}: a fixed point is enclosed about a positive number")
    square, slope_square = (_square(entry.phi, order) for order in (0, 1))

    def rise(q: sp.Rational) -> arb:
        with precision(BITS):
            return ball(q) - square(q) / slope_square(q) - ball(sigma_b2)

    low, high, _ = _bracket(rise, near)
    q, slope = _between(low, high, slope_square)
    why = "a sign change of q − E φ²/E φ′² − σ_b², in ball arithmetic"
    with precision(BITS):
        scale = 1 / slope
    return (
        Number(None, scale, "certified", "1/E φ′² at both ends of that interval"),
        Number(None, q, "certified", why),
    )


def enclosed_doubly_critical(entry: Activation, near: float) -> DoublyCritical:
    """A proof that beside `near` > 0 there is a q with dE φ²/dq = E φ′², where weights of variance 1/E φ′²
    make χ₁ = χ_∥ = 1: a sign change between two rationals.

    With N(x; 0, q) as the weight, dE φ²/dq = (E x²φ² − q E φ²)/2q², and d²E φ²/dq² = (E x⁴φ² − 6q E x²φ² +
    3q² E φ²)/4q⁴: means of squares again. σ_b² may come out negative: then no biases give it. Raises
    `NotImplementedError` as `enclosed` does.
    """
    if not 0 < near < float("inf"):
        raise NotImplementedError(f"q = {near}: a fixed point is enclosed about a positive number")
    square, slope_square = (_square(entry.phi, order) for order in (0, 1))
    second, fourth = (_square(x**power * entry.phi, 0) for power in (1, 2))

    def rise(q: sp.Rational) -> arb:
        with precision(BITS):
            at = ball(q)
            return (second(q) - at * square(q)) / (2 * at * at) - slope_square(q)

    low, high, _ = _bracket(rise, near)
    q, slope, mean, second_mean, fourth_mean = _between(low, high, slope_square, square, second, fourth)
    with precision(BITS):
        bend = fourth_mean - 6 * q * second_mean + 3 * q * q * mean
        scale, biases = 1 / slope, q - mean / slope
    why = "a sign change of dE φ²/dq − E φ′², in ball arithmetic"
    between = "between the ends of that interval"
    return DoublyCritical(
        Number(None, q, "certified", why),
        Number(None, scale, "certified", f"1/E φ′² {between}"),
        Number(None, biases, "certified", f"q − E φ²/E φ′² {between}"),
        1 if bend > 0 else -1 if bend < 0 else 0,
    )


def _square(f: sp.Expr, order: int) -> Callable[[sp.Rational], arb]:
    """E f² (0) or E f′² (1) at a variance, as a ball."""
    found = cuts(f, x)
    return lambda q: square_mean(Integrand(f, x, order, q, found))


def _bracket(rise: Callable[[sp.Rational], arb], near: float) -> tuple[sp.Rational, sp.Rational, bool]:
    """Rationals about a zero beside `near`, and whether the function falls from the one to the other."""
    try:
        centre = _secant(rise, sp.Rational(near))
        for width in WIDTHS:
            low, high = (centre * (1 + sign * width) for sign in (-1, 1))
            before, after = rise(low), rise(high)
            if (before > 0 and after < 0) or (before < 0 and after > 0):
                return low, high, bool(before > 0)
    except InfiniteError as reason:
        raise NotImplementedError(str(reason)) from None
    raise NotImplementedError(f"no change of sign is found about q = {near:.6g}")


def _secant(rise: Callable[[sp.Rational], arb], start: sp.Rational) -> sp.Rational:
    """A rational close to the zero: nothing is proved of it."""
    before, here = _rounded(start * (1 + NEARBY)), _rounded(start)
    with precision(BITS):
        value = rise(before).mid()
        for _ in range(SECANTS):
            latest = rise(here).mid()
            change = latest - value
            if change == 0 or latest == 0:
                break
            step = latest * ball(here - before) / change
            before, value = here, latest
            here = _rounded(here - sp.Rational(str(step.mid().str(50, radius=False))))
            if not here > 0:
                raise NotImplementedError(f"no fixed point is found about q = {float(start):.6g}")
            if abs(here - before) < before / 10**30:
                break
    return here


def _rounded(q: sp.Rational) -> sp.Rational:
    return sp.Rational(sp.floor(q * PLACES), PLACES)


def _between(low: sp.Rational, high: sp.Rational, *means: Callable[[sp.Rational], arb]) -> tuple[arb, ...]:
    """A ball about the interval, and one about each mean of a square on it."""
    with precision(BITS):
        stretch = ball(high / low).sqrt()
        balls = ((mean(low) / stretch).union(mean(high) * stretch) for mean in means)
        return ball(low).union(ball(high)), *balls
