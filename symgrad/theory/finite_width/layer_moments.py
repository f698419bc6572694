"""What moments of φ and φ′ say of one layer of units at its own q: how means of φ² and φ′² over N units move
with q, and how they fluctuate, for one sample of a batch and between two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric import Kernel
from symgrad.theory.finite_width.units import DEGREES, KNOTS, Units

__all__ = ["LayerMoments", "layer_moments"]

Float: TypeAlias = NDArray[np.float64]
POWERS = np.arange(DEGREES + 1)
"""Degrees of Hermite polynomials; what lies beyond the last coefficient is taken at the first left out."""


@dataclass(frozen=True)
class LayerMoments:
    """For l = 1…L, (L,); (2, L) where a value stands for one sample and for two. s = E φ², μ = E φ′²:

    ln_slope      ln μ
    lift, curve   q d ln s/dq and q² (d²s/dq²)/s
    steer, bend   q d ln μ/dq and q² d² ln μ/dq²
    slopes        N times the variance of the mean of φ′²/μ weighted with the squares of a random direction
    states        N times that of the mean of φ²/s
    mixed         N times the covariance of the two
    lean, carried, beside  how far ⟨g_l, h_l⟩² exceeds that of independent directions: what a layer adds, what
                  it keeps, and what it adds to the mean of φ′²/μ
    agreement     (E φ′φ′/μ)² of two samples
    radius        N times what is added to the mean of φ²/s and of φ′²/μ where ‖Wh‖ is given, (2, L)
    """

    ln_slope: Float
    lift: Float
    curve: Float
    steer: Float
    bend: Float
    slopes: Float
    states: Float
    mixed: Float
    lean: Float
    carried: Float
    beside: Float
    agreement: Float
    radius: Float


def layer_moments(
    kernel: Kernel, q: Float, share: Float, width: int, orthogonal: bool, pairs: bool
) -> LayerMoments:
    """At the variances q_l (L,), of which weights bring the ``share``. Integrated at 65 layers at most and
    interpolated between them; raises ValueError where a moment is 0 on the grid. ``orthogonal`` weights
    keep ‖Wh‖ and ⟨Wh, Wh′⟩. Without ``pairs`` what concerns two samples is 0."""
    depth = q.size
    few = depth <= KNOTS
    knots = np.arange(depth) if few else np.unique(np.geomspace(1, depth, KNOTS).round().astype(int)) - 1
    units, rho = Units(kernel, q[knots]), share[knots]
    slope, state = units.mean(units.slopes), units.mean(units.states)
    if not ((slope > 0) & (state > 0)).all():
        raise ValueError(
            "no unit has a state or a slope in reach (a dead zone): the width's effect is not known"
        )
    normed, sizes = units.slopes / slope[:, None], units.states / state[:, None]
    steer, bend = units.mean(normed * units.leaning), units.mean(normed * units.bending)
    lift, curve = units.mean(sizes * units.leaning), units.mean(sizes * units.bending)
    products = {"slopes": normed**2, "states": sizes**2, "mixed": normed * sizes}
    fixed = {
        "slopes": steer**2,
        "states": lift**2,
        "mixed": steer * lift,
    }  # half the second Hermite coefficients'
    one, two = {}, dict.fromkeys(products, np.zeros_like(q[knots]))
    for name, product in products.items():
        one[name] = units.mean(product) - 1 - (2 * rho**2 * fixed[name] if orthogonal else 0.0)
    # the squares of a random direction are 1/N in the mean, and their mean square is 3/N²
    one["slopes"] += 2 * (units.mean(products["slopes"]) - 1)
    agreement = np.zeros_like(q[knots])
    if pairs:
        parts = {"slopes": units.hermite(normed), "states": units.hermite(sizes)}
        c = _correlation(units, parts["states"], state, share, knots, width)
        for name, f, g in (
            ("slopes", "slopes", "slopes"),
            ("states", "states", "states"),
            ("mixed", "slopes", "states"),
        ):
            two[name] = _correlated(parts[f] * parts[g], units.mean(products[name]), c) - 1
            two[name] -= 2 * (c - 1 + rho) ** 2 * fixed[name] if orthogonal else 0.0
        agreement = (_correlated(units.hermite(units.slope) ** 2, slope, c) / slope) ** 2
    rows: dict[str, Float] = {
        "ln_slope": np.log(slope),
        "lift": lift,
        "curve": curve,
        "steer": steer,
        "bend": bend - steer**2,
        **{name: np.stack([one[name], two[name]]) for name in products},
        "lean": 2 * rho * steer,
        "carried": rho * units.mean(units.value * units.slope * units.z) ** 2 / (state * slope),
        "beside": units.mean(products["mixed"]) - 1,
        "agreement": agreement,
        "radius": -(rho**2) * np.stack([curve, bend]) * orthogonal,
    }
    layers = np.arange(depth)
    spread: dict[str, Any] = {name: _between(layers, knots, row) for name, row in rows.items()}
    return LayerMoments(**spread)


def _correlated(terms: Float, whole: Float, c: Float) -> Float:
    """Σ f_n g_n cⁿ of the coefficients' products (Q, DEGREES), with E fg for what lies beyond, (Q,)."""
    terms = np.column_stack([terms, whole - terms.sum(axis=1)])
    return np.asarray((terms * c[:, None] ** POWERS).sum(axis=1))


def _correlation(
    units: Units, states: Float, state: Float, share: Float, knots: NDArray[np.int_], width: int
) -> Float:
    """√E c² of the pre-activations of two samples, from independent inputs on: c q = σ_w² E φφ + σ_b², and
    what a mean over N units adds to c² at every layer. At the knots, (Q,)."""
    value = units.hermite(units.value / np.sqrt(state)[:, None]) ** 2
    value = np.column_stack([value, 1 - value.sum(axis=1)])
    square = states**2
    square = np.column_stack([square, units.mean((units.states / state[:, None]) ** 2) - square.sum(axis=1)])
    place = np.searchsorted(knots, np.arange(share.size), side="right") - 1
    found, c, spread = np.empty(share.size), float(1 - share[0]), float(share[0] ** 2) / width
    for l, at in enumerate(place):
        c, spread = min(max(c, 0.0), 1.0), min(spread, 1.0)
        found[l] = min(c**2 + spread, 1.0)
        if l + 1 < share.size:
            powers = c**POWERS
            meeting, pull = float(value[at] @ powers), float(value[at, 1:] @ (POWERS[1:] * powers[:-1]))
            noise = max(float(square[at] @ powers) - meeting**2, 0.0) / width
            c, spread = (
                share[l + 1] * meeting + 1 - share[l + 1],
                share[l + 1] ** 2 * (pull**2 * spread + noise),
            )
    return np.asarray(np.sqrt(found[knots]))


def _between(layers: NDArray[np.int_], knots: NDArray[np.int_], rows: Float) -> Float:
    if rows.ndim == 1:
        return np.interp(layers, knots, rows)
    return np.stack([np.interp(layers, knots, row) for row in rows])
