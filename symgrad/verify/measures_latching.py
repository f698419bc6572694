"""Measurements of units that latch: where they rest, how large an input they stand, and their gradients.

All from tanh alone: orbits, differences of the map in balls, and the engine with φ′ taken by differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from flint import arb
from numpy.random import Generator
from numpy.typing import NDArray

from symgrad.errors import InputError
from symgrad.numeric.recurrent import TimeGradients, Weights, through_time, unfold
from symgrad.numeric.recurrent.cells import RNN
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges.extremum import Value
from symgrad.theory.activations import activation
from symgrad.verify.nets import phi_kernel
from symgrad.verify.oracles import BallFunction, derivative, number_ball
from symgrad.verify.verdict import Evidence, combine, not_above, undecided, within

__all__ = ["contraction", "latch", "latch_bound", "latch_margin"]

Float: TypeAlias = NDArray[np.float64]

EXACT = 1e-30
"""Largest difference between numbers that are both enclosed in balls."""
MARGIN = 1e-6
"""Largest relative difference of the critical input from the one found by halving."""
SLACK = 1e-6
"""Decades of room for the differences that stand for φ′: 2e-11 each, relative to slopes from 1e-3 on, 60
steps."""
STEPS, LONG = 60, 20_000
DRAWS = 10
CELLS = 401
"""Cells of the grid on which changes of sign are counted; odd, so that 0 lies inside of one."""


def latch(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Each unit y ↦ tanh(wy) rests at the given states and at no other, with these multipliers, and its
    orbits end at the one of their sign that attracts.

    The states solve y = tanh(wy) and the multipliers are differences of the map, both to 1e-30 in balls; y −
    tanh(wy) changes its sign once around each and nowhere else on a grid over [−1, 1]; random orbits reach
    the attracting rest of their sign to 1e-9. expects: rests {w: ((state, multiplier), …)}. Margin: share of
    the tolerance left.
    """
    parts = []
    for weight, rests in claim.expects["rests"].items():
        step = sp.tanh(weight * x)
        for state, multiplier in rests:
            with precision(256):
                at = number_ball(state, 256)
                moved = BallFunction(step, x)(at)
                text = f"w = {weight}: the rest {float(at.mid()):.6f}"
                parts.append(within(abs(moved - at), EXACT, text))
            slope = derivative(step, x, state)
            with precision(256):
                error = abs(slope - number_ball(multiplier, 256))
                parts.append(within(error, EXACT, f"{text}, multiplier {float(slope.mid()):.6f}"))
        parts += [_no_others(weight, rests), _ends(weight, rests, rng)]
    return combine(parts)


def _no_others(weight: sp.Expr, rests: Sequence[tuple[Value, Value]]) -> Evidence:
    """The cells of the grid where y − tanh(wy) changes its sign are those that contain a rest."""
    edges = [2 * k / CELLS - 1 for k in range(CELLS + 1)]
    with precision(128):
        step = BallFunction(sp.tanh(weight * x), x)
        signs = [arb(edge) - step(arb(edge)) > 0 for edge in edges]
    changes = [k for k, (left, right) in enumerate(pairwise(signs)) if left != right]
    states = sorted(float(number_ball(state, 64).mid()) for state, _ in rests)
    given = [math.floor((state + 1) * CELLS / 2) for state in states]
    off = 0 if changes == given else 1 + abs(len(changes) - len(given))
    return within(2.0 * off, 1.0, f"w = {weight}: {len(changes)} rests on a grid, {len(given)} claimed")


def _ends(weight: sp.Expr, rests: Sequence[tuple[Value, Value]], rng: Generator) -> Evidence:
    """Random orbits against the rest of their sign that attracts, 9 where none is claimed; nothing where no
    multiplier is below 1."""
    attracting = {
        np.sign(value): value
        for value, multiplier in ((float(s.ball(64).mid()), float(m.ball(64).mid())) for s, m in rests)
        if multiplier < 1
    }
    if not attracting:
        return within(0.0, 1.0, f"w = {weight}: no rest attracts exponentially")
    state = rng.uniform(-2, 2, 64)
    wanted = np.array([attracting.get(sign, attracting.get(0.0, 9.0)) for sign in np.sign(state)])
    for _ in range(1000):
        state = np.tanh(float(weight) * state)
    error = float(np.abs(state - wanted).max())
    return within(error, 1e-9, f"w = {weight}: orbits end within {error:.1e} of the rest of their sign")


def latch_margin(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The smallest constant drive against a latched unit that turns its sign, found by halving over orbits of
    20,000 steps, is the critical input to 1e-6; below it no sequence of inputs does.

    expects: critical {w: number}. Sequences: 64 of 300 steps at 0.999 of the critical input (256 of 2,000
    when thorough), each step at an end or uniform. Margin: share of the tolerance left.
    """
    parts = []
    for weight, critical in claim.expects["critical"].items():
        w, claimed = float(weight), float(number_ball(critical, 128).mid())
        low, high = 0.0, w
        while high - low > 1e-8 * w:
            middle = (low + high) / 2
            low, high = (middle, high) if _keeps(w, -middle) else (low, middle)
        text = f"w = {weight}: critical input {low:.8f} by halving, {claimed:.8f} claimed"
        parts.append(within(abs(low - claimed) / claimed, MARGIN, text))
        bound, count = 0.999 * claimed, (256, 2000) if thorough else (64, 300)
        state, lowest = np.ones(count[0]), 1.0
        for _ in range(count[1]):
            ends = rng.choice((-bound, bound), count[0], p=(0.8, 0.2))
            given = np.where(rng.random(count[0]) < 0.8, ends, rng.uniform(-bound, bound, count[0]))
            state = np.tanh(w * state + given)
            lowest = min(lowest, float(state.min()))
        text = f"w = {weight}: lowest state {lowest:.4f} under inputs up to 0.999 of the critical one"
        parts.append(within(0.0 if lowest > 0 else 2.0, 1.0, text))
    return combine(parts)


def _keeps(weight: float, drive: float) -> bool:
    """Whether the orbit from 1 under a constant drive is above 0 after 20,000 steps."""
    state = 1.0
    for _ in range(LONG):
        before, state = state, math.tanh(weight * state + drive)
        if state <= 0 or state == before:
            break
    return state > 0


def latch_bound(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """|∂y_T/∂y_t| ≤ λ^{T−t} on orbits that start at or above the rest under the drive −μ, for any inputs up
    to μ; the orbit that starts there under −μ has the bound itself.

    T = 60, five numbers of steps, by the engine; 128 orbits, 2,048 when thorough. expects: cases ((w, μ,
    state of the rest, λ), …). Margin: decades below the bound, 1e-6 of them allowed for rounding.
    """
    parts, count = [], 2048 if thorough else 128
    for weight, noise, state, rate in claim.expects["cases"]:
        with precision(128):
            lowest = float(number_ball(state, 128).mid())
            per_step = float((number_ball(rate, 128).log() / arb(10).log()).mid())
        start = rng.uniform(lowest, 1.0, (count, 1, 1))
        inputs = float(noise) * rng.choice((-1.0, 1.0, 0.5, -0.9), (count, STEPS, 1, 1))
        start[0], inputs[0] = lowest, -float(noise)
        found = _engine(np.full((count, 1, 1), float(weight)), inputs, np.ones((count, 1, 1)), start)
        logs = np.concatenate([found.initial.ln_norm[:, None], found.ln_state], axis=1) / math.log(10)
        for left in (1, 2, 5, 20, STEPS):
            bound, reached = left * per_step, logs[:, STEPS - left]
            text = f"w = {weight}, inputs up to {noise}, {left} steps"
            parts.append(not_above(float(reached.max()), bound, text, SLACK))
            parts.append(not_above(bound, float(reached[0]), f"{text}: attained by the worst input", SLACK))
    return combine(parts)


def contraction(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """A drawn net of units that latch, in the norm max |v_i|/s_i: on the box of radius r around its attractor
    every step contracts by λ < 1; disturbances up to (1 − λ)r never leave the box, and ‖∂h_T/∂h_0‖ ≤ λ^T.

    W = weight·1 + coupling·G off the diagonal, G of standard normal entries; s is the Perron vector of |DW|
    at the attractor, λ the largest row sum of D|W| in that norm with every φ′ at its largest on the box.
    T = 1, 5, 60; 16 orbits, 128 when thorough. A draw without such a box is drawn again, ten times.
    nets: activation "tanh", width, weight, coupling. Margin: decades below the bound, 1e-6 of them allowed
    for rounding.
    """
    options = dict(net or {})
    missing = {"activation", "width", "weight", "coupling"} - set(options)
    if missing:
        raise InputError(f"claim {claim.key}: its nets need {', '.join(sorted(missing))}")
    n, parts = int(options["width"]), []
    for _ in range(4 if thorough else 1):
        for _ in range(DRAWS):
            noise = options["coupling"] * rng.standard_normal((n, n))
            matrix = options["weight"] * np.eye(n) + noise * (1 - np.eye(n))
            box = _box(matrix, rng.choice((-1.0, 1.0), n))
            if box is not None:
                parts += _inside(f"{n} units", matrix, box, rng, 128 if thorough else 16)
                break
        else:
            parts.append(undecided(f"{options}: no box on which one of {DRAWS} drawn nets contracts"))
    return combine(parts)


_Box: TypeAlias = tuple[Float, Float, float, float]
"""The attractor c, the weights s of the norm, the radius r, the rate λ."""


def _box(matrix: Float, signs: Float) -> _Box | None:
    """The largest of a few boxes around the attractor of these signs on which every step contracts."""
    centre = signs
    for _ in range(4000):
        centre = np.tanh(matrix @ centre)
    if np.abs(np.tanh(matrix @ centre) - centre).max() > 1e-12 or (np.sign(centre) != signs).any():
        return None
    values, vectors = np.linalg.eig((1 - centre**2)[:, None] * np.abs(matrix))
    scale = np.abs(np.real(vectors[:, int(np.argmax(np.real(values)))])) + 1e-6
    scale /= scale.max()
    for radius in (0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02):
        least = np.maximum(np.abs(centre) - radius * scale, 0.0)
        rate = float(((1 - least**2)[:, None] * np.abs(matrix) @ scale / scale).max())
        if rate < 0.95:
            return centre, scale, radius, rate
    return None


def _inside(text: str, matrix: Float, box: _Box, rng: Generator, count: int) -> list[Evidence]:
    centre, scale, radius, rate = box
    n, room = len(centre), (1 - rate) * radius
    start = np.repeat((centre + radius * scale * rng.uniform(-1, 1, (count, 1, n))), n, axis=1)
    moved = room * scale * rng.choice((-1.0, 1.0, 0.3), (count, STEPS, 1, n))
    inputs, weights = np.repeat(moved, n, axis=2), np.broadcast_to(matrix, (count, n, n)).copy()
    states = unfold(_cell(), _weights(weights), inputs, start)
    furthest = float((np.abs(states - centre) / scale).max())
    apart = f"{text}: distance from the attractor"
    parts = [not_above(math.log10(furthest), math.log10(radius), apart, SLACK)]
    covector = np.broadcast_to(np.eye(n), (count, n, n)).copy()
    for steps in (1, 5, STEPS):
        found = _engine(weights, inputs[:, :steps], covector, start)
        rows = np.abs(found.initial.values) @ scale / scale
        with np.errstate(divide="ignore"):
            logs = np.log10(rows) + found.initial.exponent[..., 0] * math.log10(2)
        parts.append(not_above(float(logs.max()), steps * math.log10(rate), f"{text}: {steps} steps", SLACK))
    return parts


def _engine(matrix: Float, inputs: Float, covector: Float, start: Float) -> TimeGradients:
    """The gradients of tanh units whose drives are the inputs themselves, φ′ by differences of φ."""
    return through_time(_cell(), _weights(matrix), inputs, covector, start)


def _cell() -> RNN:
    return RNN(phi_kernel(activation("tanh")))


def _weights(matrix: Float) -> Weights:
    return Weights(matrix, np.broadcast_to(np.eye(matrix.shape[-1]), matrix.shape).copy())
