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

__all__ = ["Enclosed", "enclosed", "enclosed_critical"]

WIDTHS = tuple(sp.Rational(1, 10**places) for places in (28, 24, 20, 16, 12))
"""Relative half-widths of the interval about the fixed point; the next where signs stay undecided."""
NEARBY = sp.Rational(1, 10**8)
"""Relative distance of the second point of the first secant."""
SECANTS = 4
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


def enclosed(entry: Activation, sigma_w2: sp.Expr, sigma_b2: sp.Expr, near: float) -> Enclosed:
    """A proof that the length map of φ has a fixed point beside `near` > 0, and χ₁ there.

    σ_w² M(q) + σ_b² − q, with M(q) = E φ(√q z)² enclosed by Arb's quadrature, has opposite signs at the ends
    of a rational interval [a, b]; it is continuous, so it is 0 between them. N(x; 0, q) lies between
    √(a/b) N(x; 0, a) and √(b/a) N(x; 0, b) for q in [a, b], so E φ′² does between those multiples of its
    values at the ends, whatever φ. Raises `NotImplementedError` where no such interval is found.
    """
    if not 0 < near < float("inf"):
        raise NotImplementedError(f"q = {near}: a fixed point is enclosed about a positive number")
    moment = _moment(entry)

    def rise(q: sp.Rational) -> arb:
        with precision(BITS):
            return ball(sigma_w2) * moment(0, q) + ball(sigma_b2) - ball(q)

    low, high, down = _bracket(rise, near)
    q, slope = _between(low, high, moment)
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
    moment = _moment(entry)

    def rise(q: sp.Rational) -> arb:
        with precision(BITS):
            return ball(q) - moment(0, q) / moment(1, q) - ball(sigma_b2)

    low, high, _ = _bracket(rise, near)
    q, slope = _between(low, high, moment)
    why = "a sign change of q − E φ²/E φ′² − σ_b², in ball arithmetic"
    with precision(BITS):
        scale = 1 / slope
    return (
        Number(None, scale, "certified", "1/E φ′² at both ends of that interval"),
        Number(None, q, "certified", why),
    )


def _moment(entry: Activation) -> Callable[[int, sp.Rational], arb]:
    """E φ² (0) or E φ′² (1) at a variance, as a ball."""
    found = cuts(entry.phi, x)
    return lambda order, q: square_mean(Integrand(entry.phi, x, order, q, found))


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


def _between(
    low: sp.Rational, high: sp.Rational, moment: Callable[[int, sp.Rational], arb]
) -> tuple[arb, arb]:
    """A ball about the interval, and one about E φ′² on it."""
    with precision(BITS):
        stretch = ball(high / low).sqrt()
        slope = (moment(1, low) / stretch).union(moment(1, high) * stretch)
        return ball(low).union(ball(high)), slope
