"""Measurements of what is called a bound for gated nets: single steps, random and adversarial, and gradients.

The Jacobian of a step comes from the step alone, by complex steps f(x + ih)/ih with h = 10⁻³⁰.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from flint import arb
from numpy.random import Generator
from numpy.typing import NDArray

from symgrad.errors import InputError
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.theory.through_time.gated_bounds import gru_candidate
from symgrad.verify.measures_gates import gated_gradients
from symgrad.verify.measures_net import log10_norm
from symgrad.verify.nets import Float
from symgrad.verify.oracles import spectral_norm
from symgrad.verify.recurrent_nets import (
    RecurrentOptions,
    RecurrentTensors,
    draw_recurrent,
    small_recurrent,
)
from symgrad.verify.verdict import Evidence, combine, not_above

__all__ = ["Steps", "gate_bound", "gated_gradient", "random_steps", "stretch", "worst_steps"]

SLACK = 1e-9
"""Decades of room for rounding."""
TINY = 1e-30
RANDOM, CLIMBERS, TRIES = 500, 64, 40
"""Random steps of each kind; steps that climb beside each other, and how often they try. Ten times as many
random steps and tries when thorough."""
GATES = {"lstm": 4, "lstm without forget gate": 3, "gru": 3}
LN10 = math.log(10)
Sizes: TypeAlias = Sequence[Sequence[arb | float]]
"""log10 ‖∂E/∂h_t‖, and of an LSTM log10 ‖∂E/∂c_t‖, t = 1…T."""


@dataclass(frozen=True)
class Steps:
    """Single steps of one kind of cell, S beside each other, N units each: W (S, gates, N, N), what the gates
    are given beside it (S, gates, N), h (S, N) in [−1, 1], c (S, N) and the bound C on |c| (S,)."""

    kind: str
    weights: Float
    drives: Float
    output: Float
    cell: Float
    most: Float

    def __call__(self, output: NDArray[Any], cell: NDArray[Any]) -> NDArray[Any]:
        """The state after the step, (…, S, 2N) or for the GRU (…, S, N), for states before it (…, S, N)."""
        given = np.einsum("sgij,...sj->...sgi", self.weights, output)
        if self.kind == "gru":
            r, z = (_sigmoid(given[..., g, :] + self.drives[:, g]) for g in (0, 1))
            n = np.tanh(self.drives[:, 2] + r * given[..., 2, :])
            return np.asarray((1 - z) * n + z * output)
        pre = given + self.drives
        i, *forget, g, o = (pre[..., gate, :] for gate in range(pre.shape[-2]))
        kept = _sigmoid(forget[0]) * cell if forget else cell
        new = kept + _sigmoid(i) * np.tanh(g)
        return np.concatenate([new, _sigmoid(o) * np.tanh(new)], axis=-1)

    def jacobians(self) -> Float:
        """∂(c_t, h_t)/∂(c_{t−1}, h_{t−1}), (S, 2N, 2N), or ∂h_t/∂h_{t−1}, (S, N, N)."""
        moves = 1j * TINY * np.eye(self.output.shape[-1])[:, None, :]
        columns = [self(self.output + moves, self.cell + 0 * moves)]
        if self.kind != "gru":
            columns.insert(0, self(self.output + 0 * moves, self.cell + moves))
        return np.asarray(np.moveaxis(np.concatenate(columns).imag / TINY, 0, -1))

    def only(self, chosen: NDArray[np.intp]) -> Steps:
        """Those of these numbers."""
        arrays = (self.weights, self.drives, self.output, self.cell, self.most)
        return Steps(self.kind, *(array[chosen] for array in arrays))

    def bounds(self, step: Callable[..., Float]) -> Float:
        """ln of the bound of every step, from enclosed norms."""
        norms = spectral_norm(self.weights)[1]
        if self.kind == "gru":
            size = self.weights.shape[-1]
            return step(norms, gru_candidate(self.weights.reshape(-1, 3 * size, size)))
        return step(norms, self.most)


def _sigmoid(a: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((1 + np.tanh(a / 2)) / 2)


def random_steps(kind: str, rng: Generator, count: int, units: int) -> Steps:
    """Weights, drives and states over several orders of magnitude; among them cells at ±C."""
    gates = GATES[kind]
    weights = rng.standard_normal((count, gates, units, units))
    weights *= 10 ** rng.uniform(-1.5, 1.5, (count, gates, 1, 1))
    drives = rng.standard_normal((count, gates, units)) * 10 ** rng.uniform(-1, 1.2, (count, gates, 1))
    most = 10 ** rng.uniform(-1, 3, count) * (rng.random(count) < 0.9)
    cell = most[:, None] * np.clip(2 * rng.uniform(-1, 1, (count, units)), -1, 1)
    return Steps(kind, weights, drives, rng.uniform(-1, 1, (count, units)), cell, most)


def stretch(steps: Steps, step: Callable[..., Float]) -> Float:
    """log10 of measured ‖J‖₂ over its bound, (S,): above 0 the bound is broken."""
    with np.errstate(divide="ignore"):
        measured = np.log(np.linalg.norm(steps.jacobians(), 2, axis=(-2, -1)))
    return np.asarray((measured - steps.bounds(step)) / LN10)


def worst_steps(steps: Steps, step: Callable[..., Float], rng: Generator, tries: int) -> Steps:
    """The steps, each moved towards its bound: random changes of everything, kept where they get nearer."""
    reached, scale = stretch(steps, step), np.full(steps.most.shape, 0.5)
    for _ in range(tries):
        moved = _moved(steps, scale, rng)
        found = stretch(moved, step)
        better = found > reached
        steps = _chosen(better, moved, steps)
        reached, scale = np.where(better, found, reached), np.where(better, 1.2 * scale, 0.9 * scale)
    return steps


def _moved(steps: Steps, scale: Float, rng: Generator) -> Steps:
    def noise(array: Float) -> Float:
        size = scale.reshape(-1, *[1] * (array.ndim - 1))
        return np.asarray(size * rng.standard_normal(array.shape))

    gain = np.exp(scale[:, None, None, None] * rng.standard_normal((*steps.weights.shape[:2], 1, 1)))
    most = steps.most[:, None]
    return replace(
        steps,
        weights=gain * (steps.weights + 0.3 * np.abs(steps.weights).max() ** 0.5 * noise(steps.weights)),
        drives=np.clip(steps.drives + 3 * noise(steps.drives), -40, 40),
        output=np.clip(steps.output + noise(steps.output), -1, 1),
        cell=np.clip(steps.cell + most * noise(steps.cell), -most, most),
    )


def _chosen(better: NDArray[np.bool_], moved: Steps, steps: Steps) -> Steps:
    def pick(new: Float, old: Float) -> Float:
        return np.where(better.reshape(-1, *[1] * (old.ndim - 1)), new, old)

    return replace(
        steps,
        weights=pick(moved.weights, steps.weights),
        drives=pick(moved.drives, steps.drives),
        output=pick(moved.output, steps.output),
        cell=pick(moved.cell, steps.cell),
    )


def attained(kind: str) -> Steps:
    """Two units whose gates stand open or shut: steps that reach their bound but for e⁻⁴⁰.

    LSTM: i = o = 1 (and f = 1), c = 0, g = 0, W_g alone not 0. GRU: z = 0 in the one unit, 1 in the other,
    r = 1, n = 0, W_n alone not 0 and from the second unit to the first.
    """
    weights, drives = np.zeros((1, GATES[kind], 2, 2)), np.full((1, GATES[kind], 2), 40.0)
    if kind == "gru":
        weights[0, 2] = [[0.0, 3.0], [0.0, 0.0]]
        drives[0, 1], drives[0, 2] = (-40.0, 40.0), 0.0
    else:
        candidate = GATES[kind] - 2
        weights[0, candidate], drives[0, candidate] = 3.0 * np.eye(2), 0.0
    zero = np.zeros((1, 2))
    return Steps(kind, weights, drives, zero, zero, np.zeros(1))


def gate_bound(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """‖Jacobian of one step‖₂ ≤ exp(step(norms, size)) for random steps, steps moved towards their bound, and
    the steps that attain it, of 1 to 4 units; an LSTM with and without forget gate.

    expects: cell ("lstm" or "gru"), step (as in `theory.through_time.gated_bounds`). Margin: decades below
    the bound, the smallest; the evidence says how much of the bound was reached by each.
    """
    kinds = [kind for kind in GATES if kind.startswith(claim.expects["cell"])]
    if not kinds:
        raise InputError(f"claim {claim.key}: cell {claim.expects['cell']!r} is not known (legal: lstm, gru)")
    step, parts = claim.expects["step"], []
    for kind in kinds:
        reached = _reached(kind, step, rng, 10 if thorough else 1)
        shares = ", ".join(f"{name} {100 * 10**excess:.4g} %" for name, excess in reached.items())
        parts.append(not_above(max(reached.values()), 0.0, f"{kind}, of the bound: {shares}", SLACK))
    return combine(parts)


def _reached(kind: str, step: Callable[..., Float], rng: Generator, more: int) -> dict[str, float]:
    """The largest log10 of measured over bound among steps of each sort."""
    found: dict[str, list[float]] = {"random": [], "adversarial": []}
    for units in (1, 2, 4):
        steps = random_steps(kind, rng, RANDOM * more, units)
        excess = stretch(steps, step)
        nearest = np.argsort(excess)[-CLIMBERS:]
        climbed = stretch(worst_steps(steps.only(nearest), step, rng, TRIES * more), step)
        found["random"].append(float(excess.max()))
        found["adversarial"].append(float(climbed.max()))
    return {name: max(sizes) for name, sizes in found.items()} | {
        "attaining": float(stretch(attained(kind), step).max())
    }


def gated_gradient(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """‖∂E/∂h_t‖ and for the LSTM the whole ‖∂E/∂c_t‖ stay under the bound of the net's own norms, every step.

    expects: gradient (as `theory.through_time.gated_bounds`). nets: options; up to width 8 and depth 64 by
    differences in balls, beyond by the engine. Margin: log10(bound/measured) in decades, the smallest.
    """
    options = RecurrentOptions.read(net or {})
    if options.cell == "rnn":
        raise InputError(f"claim {claim.key}: cell 'rnn' has no gates (legal: lstm, gru)")
    small = options.width <= 8 and options.depth <= 64
    parts = []
    for _ in range(options.seeds * (4 if thorough else 1)):
        tensors = small_recurrent(options, rng) if small else draw_recurrent(options, rng, 1)
        if tensors is None:
            continue
        sizes: Sizes = _by_differences(options, tensors) if small else _by_engine(options, tensors)
        bounds = _bounds(claim, options, tensors)
        for name, measured, allowed in zip(("∂E/∂h", "∂E/∂c"), sizes, bounds, strict=False):
            pairs = list(zip(measured, allowed, strict=True))
            for t, (size, bound) in enumerate(pairs[:-1], 1):  # at t = T it is g itself
                parts.append(not_above(size, float(bound), f"{options}: {name}_{t}", SLACK))
    return combine(parts)


def _bounds(claim: Claim, options: RecurrentOptions, tensors: RecurrentTensors) -> tuple[Float, ...]:
    """log10 of the bounds on ∂E/∂h_t and ∂E/∂c_t, (T,) each."""
    norms = tensors.norms()[1][0]
    size = np.log(np.linalg.norm(tensors.covector[0]))
    gradient = claim.expects["gradient"]
    if options.cell == "gru":
        candidate = gru_candidate(tensors.recurrent[0])
        return ((size + gradient(norms, candidate, options.depth)) / LN10,)
    cell, hidden = gradient(norms, options.depth)
    return (size + hidden) / LN10, (size + cell) / LN10


def _by_engine(options: RecurrentOptions, tensors: RecurrentTensors) -> Sizes:
    found = gated_gradients(options, tensors, tensors.covector)
    logs = [found.ln_state, *([] if found.ln_cell is None else [found.ln_cell])]
    return [[float(value) / LN10 for value in log[0]] for log in logs]


def _by_differences(options: RecurrentOptions, tensors: RecurrentTensors) -> Sizes:
    nets = [tensors.exact(options, 0, row) for row in range(options.batch)]
    width, steps = options.width, range(1, options.depth + 1)
    with precision(nets[0].bits):
        states = [log10_norm([e for n in nets for e in n.state_gradient(t)[:width]]) for t in steps]
        if options.cell == "gru":
            return [states]
        return [states, [log10_norm([e for n in nets for e in n.cell_gradient(t)]) for t in steps]]
