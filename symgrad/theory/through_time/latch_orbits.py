"""One tanh unit with a weight on itself, run: orbits under inputs with their gradients, and basins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from symgrad.numeric.recurrent import Weights, through_time, unfold
from symgrad.numeric.recurrent.cells import RNN
from symgrad.theory.activations import activation, kernel

__all__ = ["Orbits", "basins", "run", "sampled", "staircase"]

Float: TypeAlias = NDArray[np.float64]
SETTLED = 2000
"""Steps after which an orbit under a constant drive has ended."""
STILL = 1e-6


@dataclass(frozen=True)
class Orbits:
    """Several orbits side by side: states (S, T + 1) and log10 |∂y_t/∂y_0| (S, T + 1), t = 0 … T."""

    states: Float
    log10_gradient: Float


def run(weight: float, start: Float, drive: Float) -> Orbits:
    """y_t = tanh(w y_{t−1} + d_t) for starts (S,) and drives (S, T), with gradients by the engine.

    One backward pass finds ∂y_T/∂y_t for every t; as all are single numbers, ∂y_t/∂y_0 is the quotient of
    ∂y_T/∂y_0 and ∂y_T/∂y_t.
    """
    count = len(start)
    cell = RNN(kernel(activation("tanh")))
    one = np.ones((count, 1, 1))
    weights, inputs = Weights(weight * one, one), drive[:, :, None, None].copy()
    first = start[:, None, None].astype(float)
    found = through_time(cell, weights, inputs, one, first)
    to_end = np.concatenate([found.initial.ln_norm[:, None], found.ln_state], axis=1)
    with np.errstate(invalid="ignore"):
        gradient = (to_end[:, :1] - to_end) / math.log(10)
    states = unfold(cell, weights, inputs, first)[:, :, 0, 0]
    return Orbits(states.astype(np.float64, copy=False), gradient)


def sampled(count: int, steps: int, noise: float, lowest: float | None, seed: int) -> tuple[Float, Float]:
    """Starts (S,) and drives (S, T) uniform in [−noise, noise]; every other start uniform in [lowest, 1],
    where the bit is kept, the others in [−1, 1].
    """
    rng = Generator(SFC64(SeedSequence(seed)))
    start = rng.uniform(-1, 1, count)
    if lowest is not None:
        start[::2] = rng.uniform(lowest, 1, count)[::2]
    return start, rng.uniform(-noise, noise, (count, steps))


def basins(weight: float, start: Float, drive: Float) -> NDArray[np.int64]:
    """The sign of the state at which the orbit from each start under each constant drive ends, (drives,
    starts); 0 where it ends at 0.
    """
    state = np.broadcast_to(start, (len(drive), len(start)))
    for _ in range(SETTLED):
        state = np.tanh(weight * state + drive[:, None])
    ended = np.where(np.abs(state) < STILL, 0, np.sign(state)).astype(np.int64)
    if weight <= 1:
        ended[drive == 0] = 0
    return ended


def staircase(weight: float, start: float, steps: int) -> tuple[list[float], list[float]]:
    """The corners of the orbit from a start drawn between the diagonal and the map without drive."""
    across, up, state = [start], [0.0], start
    for _ in range(steps):
        after = math.tanh(weight * state)
        across += [state, after]
        up += [after, after]
        state = after
    return across, up
