"""One tanh net of the family followed through time: the slider from normal to non-normal weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from symgrad.errors import InputError
from symgrad.symbolic.number import Number
from symgrad.theory.through_time import companion, spectral_radius
from symgrad.theory.through_time.scaling import threshold
from symgrad.theory.through_time.transient import family, hump, peak

__all__ = ["PRESETS", "Hump", "Preset", "Setting", "log10_norms", "setting"]

Float: TypeAlias = NDArray[np.float64]
Logs: TypeAlias = list[float | None]

AWAY = 0.01
"""Beyond this distance the orbit has left the fixed point."""
LARGEST_RADIUS, LARGEST_DEPARTURE = 2, 32


@dataclass(frozen=True)
class Preset:
    """A title, and the radius and departure; `rests`: the bias is that of the fixed point (0, 1/2)."""

    title: str
    radius: sp.Rational
    departure: sp.Rational
    rests: bool = True
    fixed: bool = True


PRESETS: dict[str, Preset] = {
    "slider": Preset("From normal to non-normal weights", sp.S.Half, sp.Integer(4), fixed=False),
    "fixed point": Preset("The exact counterexample", sp.S.Zero, sp.Integer(16)),
    "chaotic": Preset("The companion on typical orbits", sp.S.Zero, sp.Integer(8), rests=False),
}


@dataclass(frozen=True)
class Hump:
    """The largest ‖Wᵏ‖₂ over all k ≥ 0: the whole k, log10 of the norm, the real n* where there is one."""

    at: Number | None
    step: int
    log10: float


@dataclass(frozen=True)
class Setting:
    """The net h_t = tanh(W h_{t−1} + b) with W of the family, from a start; at rest or on an orbit."""

    preset: str
    radius: sp.Rational
    departure: sp.Rational

    @property
    def rests(self) -> bool:
        """Whether the start is a fixed point."""
        return PRESETS[self.preset].rests

    @property
    def weights(self) -> sp.Matrix:
        """W."""
        return family(self.radius, self.departure)

    @property
    def bias(self) -> sp.Matrix:
        """b: exact; the one of the fixed point (0, 1/2), or the companion's."""
        return spectral_radius.bias(self.weights) if self.rests else companion.BIAS

    @property
    def start(self) -> sp.Matrix:
        """The fixed point, or a state that nothing distinguishes."""
        return spectral_radius.STATE if self.rests else sp.Matrix([sp.Rational(1, 10), sp.Rational(1, 5)])

    @property
    def jacobian(self) -> sp.Matrix | None:
        """J = D W at the fixed point."""
        return spectral_radius.slopes() * self.weights if self.rests else None

    @property
    def norm(self) -> sp.Expr:
        """‖W‖₂ = (δ + √(δ² + 4ρ²))/2."""
        return (self.departure + sp.sqrt(self.departure**2 + 4 * self.radius**2)) / 2

    @property
    def multiplier(self) -> Number | None:
        """The spectral radius of J: what multiplies the gradient in the long run at the fixed point."""
        if self.jacobian is None:
            return None
        trace, determinant = self.jacobian.trace(), self.jacobian.det()
        inside = trace**2 / 4 - determinant
        value = trace / 2 + sp.sqrt(inside) if inside >= 0 else sp.sqrt(determinant)
        return Number.of(value, "the larger size of the two eigenvalues")

    @property
    def threshold(self) -> Number | None:
        """The departure at which the multiplier reaches 1; None for a radius from 1 on."""
        if not self.rests or self.radius >= 1:
            return None
        return Number.of(threshold(self.radius), "page diagonal-scaling")

    @property
    def hump(self) -> Hump | None:
        """The largest norm of a power of W; None where there is none, as for a radius from 1 on."""
        if self.radius >= 1:
            return None
        if self.radius == 0 or self.departure == 0:
            norm = float(self.norm)
            return Hump(None, 1, math.log10(norm)) if norm > 1 else Hump(None, 0, 0.0)
        at, step = hump(self.radius, self.departure), peak(self.radius, self.departure)
        log10 = step * math.log10(self.radius) + _stretch(step, self.radius, self.departure)
        return Hump(Number.of(at, "page transient-growth") if at.is_real else None, step, log10)

    def log10_bound(self, steps: int) -> Logs:
        """log10 (γ‖W‖₂)ᵏ, k = 0 … K, with γ = 1; None for a power of 0."""
        norm = float(self.norm)
        return [0.0, *(k * math.log10(norm) if norm else None for k in range(1, steps + 1))]

    def orbit(self, steps: int) -> tuple[Float, Logs]:
        """The float64 orbit (K + 1, 2), and log10 ‖D_k W ⋯ D_1 W‖₂ along it, k = 0 … K."""
        weights, bias, state = (np.array(m, dtype=float) for m in (self.weights, self.bias, self.start))
        logs: Logs = [0.0]
        states, product, shift = [state[:, 0]], np.eye(2), 0
        for _ in range(steps):
            state = np.tanh(weights @ state + bias)
            product = (1 - state**2) * (weights @ product)
            exponent = int(np.frexp(np.abs(product).max())[1]) if product.any() else 0
            product, shift = np.ldexp(product, -exponent), shift + exponent
            states.append(state[:, 0])
            logs.append(_log10(product, shift))
        return np.array(states), logs

    def left(self, states: Float) -> int | None:
        """The first step at which the orbit is away from the fixed point that it began at."""
        away = np.linalg.norm(states - states[0], axis=1) > AWAY
        return int(np.argmax(away)) if self.rests and away.any() else None


def _stretch(power: int, radius: sp.Rational, departure: sp.Rational) -> float:
    """log10 exp(asinh(nδ/2ρ))."""
    return math.asinh(float(power * departure / (2 * radius))) / math.log(10)


def _log10(matrix: Float, exponent: int) -> float | None:
    norm = float(np.linalg.norm(matrix, 2))
    return math.log10(norm) + exponent * math.log10(2) if norm else None


def log10_norms(matrix: sp.Matrix, steps: int) -> Logs:
    """log10 ‖Mᵏ‖₂, k = 0 … K, of a 2 × 2 matrix of rationals, its powers exact; None for an exact 0."""
    return list(_exact(matrix, steps))


def _exact(matrix: sp.Matrix, steps: int) -> Iterator[float | None]:
    below = int(sp.ilcm(*(entry.q for entry in matrix)))
    (a, b), (c, d) = ([int(entry * below) for entry in row] for row in matrix.tolist())
    p, q, r, s = 1, 0, 0, 1
    for k in range(steps + 1):
        bits = max(abs(entry).bit_length() for entry in (p, q, r, s))
        shift = max(0, bits - 900)
        log10 = _log10(np.array([[p >> shift, q >> shift], [r >> shift, s >> shift]], float), shift)
        yield None if log10 is None else log10 - k * math.log10(below)
        p, q, r, s = a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s


def setting(preset: str, radius: sp.Rational | None, departure: sp.Rational | None) -> Setting:
    """The net asked for; raises `InputError` on an unknown preset, a number out of range, and a number where
    the preset fixes both.
    """
    if preset not in PRESETS:
        raise InputError(f"preset {preset!r} is not known (legal: {', '.join(PRESETS)})")
    chosen = PRESETS[preset]
    numbers = []
    for name, given, own, largest in (
        ("radius", radius, chosen.radius, LARGEST_RADIUS),
        ("departure", departure, chosen.departure, LARGEST_DEPARTURE),
    ):
        if given is not None and chosen.fixed and given != own:
            raise InputError(f"{name} {given}: preset {preset!r} has {own} (legal: leave it out)")
        number = own if given is None else given
        if not 0 <= number <= largest:
            raise InputError(f"{name} {number}: legal are numbers from 0 to {largest}")
        numbers.append(number)
    return Setting(preset, *numbers)
