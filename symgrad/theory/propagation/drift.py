"""Short pre-activations under critical weights: K ↦ K + a K^p + …, and so whether K = 0 attracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import sympy as sp

from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.germs.behaviour import End, behaviour
from symgrad.symbolic.letters import x
from symgrad.symbolic.zeros.cuts import Cuts

__all__ = ["Drift", "drift", "half_moment"]

ORDERS = 5
"""Derivatives of φ at 0, on either side, that are looked at."""


@dataclass(frozen=True)
class Drift:
    """Weights of variance `scale`/fan-in = 2/(φ′(0−)² + φ′(0+)²) and no biases make χ_∥ = χ_⊥ = 1 at K = 0;
    there K ↦ K + a K^p + o(K^p), and `side` is the sign of the change beside 0: −1 where K = 0 attracts.

    `power` p and `coefficient` a are None where φ is linear to the order looked at. For φ made of lines
    `side` then says whether |φ| is proved to be below (−1), on (0: every K stays) or above (1) the two lines
    that touch it; it is None for any other φ.
    """

    scale: sp.Expr
    coefficient: sp.Expr | None
    power: Fraction | None
    side: int | None


def drift(phi: sp.Expr, found: Cuts) -> Drift | None:
    """How K = 0 is left or approached, φ cut as `found`; None where φ(0) ≠ 0 or φ′ vanishes or is unbounded
    there, and so K = 0 is no fixed point with χ_⊥ = 1.

    With φ(x) = Σ c_i x^i on either side, E φ(√K z)² = Σ_n K^(n/2) ½E|z|^n Σ_{i+j=n} (c⁺_i c⁺_j + (−1)^n
    c⁻_i c⁻_j); n = 2 gives the scale, the next that is not 0 the drift. For a smooth φ it is n = 4 and
    a = ¾ (φ″(0)/φ′(0))² + φ‴(0)/φ′(0). Source: Roberts, Yaida & Hanin 2022, chapter 5. Raises
    `NotImplementedError` where a sign is not decided.
    """
    series = [_series(phi, found, side) for side in (-1, 1)]
    starts = [list(islice(one, 2)) for one in series]
    if any(len(start) < 2 or start[0] != 0 for start in starts):
        return None
    slopes = [start[1] for start in starts]
    total = sp.Add(*(slope**2 for slope in slopes))
    if sign_of(total) == 0:
        return None
    scale = sp.radsimp(2 / total) if total.is_algebraic else 2 / total
    for n, pair in enumerate(zip(*series, strict=False), 3):
        for start, coefficient in zip(starts, pair, strict=True):
            start.append(coefficient)
        sum_of_sides = (-1) ** n * _square(starts[0], n) + _square(starts[1], n)
        sign = sign_of(sum_of_sides)
        if sign:
            a = scale * half_moment(n) * sum_of_sides
            if not a.has(sp.exp, sp.tanh, sp.log, sp.erf, sp.cosh):  # minutes for nothing
                a = sp.simplify(a)
            return Drift(scale, a, Fraction(n, 2), sign)
    return Drift(scale, None, None, _beside_lines(slopes, found))


def half_moment(n: int) -> sp.Expr:
    """E z^n over z > 0, z ~ N(0, 1): 2^(n/2) Γ((n + 1)/2)/(2√π)."""
    return sp.Pow(2, sp.Rational(n, 2)) * sp.gamma(sp.Rational(n + 1, 2)) / (2 * sp.sqrt(sp.pi))


def _square(coefficients: list[sp.Expr], n: int) -> sp.Expr:
    """The coefficient of x^n in the square of the series."""
    return sp.Add(*(coefficients[i] * coefficients[n - i] for i in range(1, n)))


def _series(phi: sp.Expr, found: Cuts, side: int) -> Iterator[sp.Expr]:
    """φ^(k)/k! towards 0 from that side, as far as they are proved and finite."""
    if found.period is not None:
        return _limits(phi, side)
    for left, right, piece in found.pieces:
        low, high = _place(left), _place(right)
        if low < 0 < high:
            return _values(piece)
        if (low if side > 0 else high) == 0:
            return _limits(piece, side)
    return iter(())


def _place(end: End) -> float:
    """0 exactly where the end is at 0."""
    return float(end.point) if isinstance(end.point, sp.Expr) else float(end.point.ball(64).mid())


def _values(f: sp.Expr) -> Iterator[sp.Expr]:
    """What is analytic at 0."""
    for order in range(ORDERS + 1):
        yield f.subs(x, 0) / sp.factorial(order)
        f = sp.diff(f, x)


def _limits(f: sp.Expr, side: int) -> Iterator[sp.Expr]:
    """What has a germ there."""
    end = End(sp.S.Zero, side)
    try:
        first = behaviour(f, x, end)
        for order in range(ORDERS + 1):
            if order > 1:
                first = behaviour(sp.diff(f, x, order - 1), x, end)
            limit = first.limit if order else first.phi_limit
            if limit is None or not limit.is_finite:
                return
            yield limit / sp.factorial(order)
    except NotImplementedError:
        return


def _beside_lines(slopes: list[sp.Expr], found: Cuts) -> int | None:
    """Where |φ| lies beside |c_1 x|, for φ made of lines; None where it is on both sides of that, or bent.

    φ/x is monotonic along a line, so that the ends of pieces and the slopes far out decide.
    """
    if found.period is not None or any(sp.diff(piece, x, 2) != 0 for _, _, piece in found.pieces):
        return None
    signs = set()
    for side, slope in zip((-1, 1), slopes, strict=True):
        for left, right, piece in found.pieces:
            for end in (left, right):
                if not isinstance(end.point, sp.Expr) or end.point == 0 or end.point * side < 0:
                    continue
                far = sp.diff(piece, x) if end.infinite else piece.subs(x, end.point) / end.point
                signs.add(sign_of(abs(far) - abs(slope)))
    moved = signs - {0}
    return 0 if not moved else moved.pop() if len(moved) == 1 else None
