"""The slope of a recurrent net's gradient at finite width, in numbers: its typical value and its spread over
seeds. The formulas are derived in `finite_width`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric import Kernel, ln_moments
from symgrad.theory.finite_width.units import DEGREES, KNOTS, LARGE, Units, of_batch

__all__ = ["TimeMoments", "predicted_ratio", "predicted_slope", "time_moments"]

Float: TypeAlias = NDArray[np.float64]

MEETINGS = 1000
"""Steps after which the correlation of two distant states is taken as settled."""


@dataclass(frozen=True)
class TimeMoments:
    """What one step of a wide net does, t = 1…T, with a = √q_t z, z ~ N(0, 1), μ_k = E φ′(a)^2k.

    ln_factor   ln σ_w² μ₁, (T,)
    spread      V = 3μ₂/μ₁² − 1, (T,): N times the variance of ln ‖∂E/∂h_{t−1}‖²/‖∂E/∂h_t‖² when q is given
    walk        the same with what a fluctuation of q adds at this step and all later ones, (T,)
    shared      change of that logarithm with ln ‖W‖_F² and with ln ‖U‖_F², (2, T)
    persistent  N times the variance of what its units leave at every step since their pre-activations at
                different steps are correlated
    """

    ln_factor: Float
    spread: Float
    walk: Float
    shared: Float
    persistent: float


def predicted_slope(
    kernel: Kernel, sigma_w: float, sigma_b: float, depth: int, width: int, batch: int
) -> tuple[float, float]:
    """(slope, sd) of the plain recurrent net with W ~ N(0, σ_w²/N), U ~ N(0, 1/N), b ~ N(0, σ_b²), x_t ~
    N(0, 1): the typical change of ln ‖∂E/∂h_t‖_F per step towards t = 1, least squares over t = 1…T, and the
    standard deviation of one seed's.

    To first order in 1/N, the part that does not average over T to second. It holds where φ′ at different
    steps is not nearly the same: T ≪ N for tanh and other odd φ, T ≪ √N for linear units, whose product is a
    power of W. Raises ValueError where there is no slope (T = 1, σ_w = 0) or no moment.
    """
    found = _found(kernel, sigma_w, sigma_b, depth, width, batch)
    places = np.arange(depth) - (depth - 1) / 2
    weights = places / np.sum(places**2)
    behind = np.cumsum(weights[::-1])[-2::-1]  # what a factor adds to the slope: the weights of all behind it
    return _weighted(found, behind, width, batch)


def predicted_ratio(
    kernel: Kernel, sigma_w: float, sigma_b: float, depth: int, width: int, batch: int
) -> tuple[float, float]:
    """(mean, sd) of ln ‖∂E/∂h_1‖_F/‖∂E/∂h_T‖_F over seeds of the same net, where `predicted_slope` holds.
    Raises ValueError as it does.
    """
    found = _found(kernel, sigma_w, sigma_b, depth, width, batch)
    return _weighted(found, np.ones(depth - 1), width, batch)


def _found(kernel: Kernel, sigma_w: float, sigma_b: float, depth: int, width: int, batch: int) -> TimeMoments:
    if depth < 2 or width < 1 or batch < 1:
        given = f"depth {depth}, width {width}, batch {batch}"
        raise ValueError(f"{given}: a slope needs depth from 2 on, width and batch from 1 on")
    return time_moments(kernel, sigma_w, sigma_b, depth)


def _weighted(found: TimeMoments, behind: Float, width: int, batch: int) -> tuple[float, float]:
    """Mean and standard deviation of half of Σ behind ln ‖∂E/∂h_{t−1}‖²/‖∂E/∂h_t‖², the factors being those
    of steps T … 2, from ∂E/∂h_T to ∂E/∂h_1."""
    backwards = slice(None, 0, -1)
    typical = np.diff(_of_batch(found.spread[backwards], width, batch)[0])
    walk = np.diff(_of_batch(found.walk[backwards], width, batch)[1])
    mean = behind @ (found.ln_factor[backwards] + typical) / 2
    shared = 2 * np.sum((found.shared[:, backwards] @ behind) ** 2) / width**2
    persistent = found.persistent * np.sum(behind) ** 2 / width  # the same at every step: it adds up
    return float(mean), math.sqrt((walk @ behind**2 + shared + persistent) / 4)


def _of_batch(parts: Float, width: int, batch: int) -> tuple[Float, Float]:
    """`of_batch` of what the first 0, 1, 2, … factors add up to."""
    return of_batch(np.concatenate([[0.0], np.cumsum(parts)]) / width, batch)


def time_moments(kernel: Kernel, sigma_w: float, sigma_b: float, depth: int) -> TimeMoments:
    """The moments along q_1 = 1 + σ_b², q_{t+1} = σ_w² E φ(√q_t z)² + 1 + σ_b². Raises ValueError as
    `predicted_slope` does."""
    if not (math.isfinite(sigma_w) and sigma_w > 0 and math.isfinite(sigma_b) and sigma_b >= 0):
        scales = f"sigma_w = {sigma_w}, sigma_b = {sigma_b}"
        raise ValueError(f"{scales}: a slope needs a finite sigma_w above 0 and a finite sigma_b from 0 on")
    ln_q, ln_factor = _length_map(kernel, sigma_w, sigma_b, depth)
    knots = np.unique(np.geomspace(1, depth, min(depth, KNOTS)).round().astype(int))
    units = Units(kernel, np.exp(ln_q[knots - 1]))
    (slope, steep), (state, tall) = units.moments(units.slopes), units.moments(units.states)
    leaning = (units.mean(units.slopes * units.leaning) / slope, units.mean(units.states * units.leaning))
    mixed = units.mean(units.slopes * units.states) / slope - state
    values = np.array([steep / slope**2, *leaning, state, tall - state**2, mixed])
    kurtosis, steer, lift, state, tall, mixed = (
        np.interp(np.arange(1, depth + 1), knots, row) for row in values
    )
    q = np.exp(ln_q)
    above = np.append(sigma_w**2 / q[1:], 0.0)  # ln q_{t+1} per change of the mean of φ(a_t)²
    later, reaction = np.zeros(depth + 1), lift * above
    for t in reversed(range(depth)):  # Σ of the logarithms from t on, per change of ln q_t
        later[t] = steer[t] + reaction[t] * later[t + 1]
    given = later[1:] * above
    walk = 3 * kurtosis - 1 + given**2 * tall + 2 * given * mixed + 2 * (later[:-1] / q) ** 2
    sources = np.stack([1 - (1 + sigma_b**2) / q, 1 / q])
    length = np.zeros((2, depth))
    for t in range(depth):  # ln q_t per change of ln ‖W‖_F² and of ln ‖U‖_F²
        length[:, t] = sources[:, t] + (reaction[t - 1] * length[:, t - 1] if t else 0.0)
    shared = steer * length + np.array([[1.0], [0.0]])
    middle = depth // 2
    unit = Units(kernel, q[middle : middle + 1])
    part = unit.slopes / unit.mean(unit.slopes)[:, None] + given[middle] * unit.states
    correlation = _correlation(unit, sigma_w, sigma_b, min(depth, MEETINGS))
    persistent = float(np.sum(unit.hermite(part)[0, 1:] ** 2 * correlation ** np.arange(1, DEGREES)))
    return TimeMoments(ln_factor, 3 * kurtosis - 1, walk, shared, persistent)


def _length_map(kernel: Kernel, sigma_w: float, sigma_b: float, depth: int) -> tuple[Float, Float]:
    """ln q_t and ln σ_w² E φ′(√q_t z)², t = 1…T."""
    ln_w, ln_given = 2 * math.log(sigma_w), math.log1p(sigma_b**2)
    ln_q, ln_factor, here = np.empty(depth), np.empty(depth), ln_given
    for t in range(depth):
        if not abs(here) < LARGE:
            raise ValueError(f"the variance of a pre-activation leaves e^±{LARGE} at step {t + 1}")
        second, slope = ln_moments(kernel, here)
        ln_q[t], ln_factor[t] = here, ln_w + slope
        here = float(np.logaddexp(ln_w + second, ln_given))
    if not np.isfinite(ln_factor).all():
        raise ValueError("E φ′² is 0 or infinite: no slope is predicted")
    return ln_q, ln_factor


def _correlation(units: Units, sigma_w: float, sigma_b: float, steps: int) -> float:
    """c of the pre-activations at distant steps, whose inputs are independent: c q = σ_w² E φ φ + σ_b²,
    from σ_b² on, after so many steps."""
    (squares,), here = units.hermite(units.value) ** 2, 0.0
    for _ in range(steps):
        meeting = float(squares @ here ** np.arange(DEGREES))
        here = min(1.0, (sigma_w**2 * meeting + sigma_b**2) / float(units.q[0]))
    return here
