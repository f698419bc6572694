"""Bounds of gated nets: single steps, gradients back through all of them, and the size of a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from symgrad.numeric.recurrent import Weights, unfold
from symgrad.theory.through_time import gated_bounds
from symgrad.verify.bounds.bound import Draw, RecurrentBound, Sides
from symgrad.verify.bounds.stacks import Stack, jacobian, ln, ln_size, ln_spectral, norms, random_stack
from symgrad.verify.nets import Float
from symgrad.verify.recurrent_nets import RecurrentOptions, draw_recurrent

__all__ = ["ROWS"]


def _gated(cell: str, one_step: bool = False, **fixed: Any) -> Draw:
    """Nets of one cell; |h_0| ≤ 1, and c_0 up to 50 where a step is taken by itself."""

    def drawn(rng: Generator, seeds: int, small: bool) -> Stack:
        options = {"cell": cell, **fixed, **({"depth": 1} if one_step else {})}
        if cell == "lstm" and "forget_gate" not in fixed:
            options["forget_bias"] = float(rng.choice([0.0, 1.0, 5.0]))
        stack = random_stack(rng, seeds, small, **options)
        if one_step:
            shape, width = stack.tensors.covector.shape, stack.options.width
            initial = rng.uniform(-1, 1, shape)
            initial[..., width:] *= 50 ** rng.random()
            stack = stack.put(initial=initial)
        return stack

    return drawn


def _largest_cell(stack: Stack) -> Float:
    """max |c_0|, (S,)."""
    initial = stack.tensors.initial
    if initial is None:
        return np.zeros(len(stack.tensors.inputs))
    return np.asarray(np.abs(initial[..., stack.options.width :]).max(axis=(-2, -1)))


def _lstm_step_bound(stack: Stack) -> Sides:
    return ln_spectral(*jacobian(stack)), gated_bounds.lstm_step(norms(stack), _largest_cell(stack))


def _lstm_gradient_bound(stack: Stack) -> Sides:
    """‖∂E/∂c_t‖_F and ‖∂E/∂h_t‖_F over ‖g‖_F, by the pair of numbers carried back."""
    stack = stack.put(covector=stack.tensors.covector * _over_h(stack))
    found, size = stack.gradients(), ln_size(stack.tensors.covector)
    assert found.ln_cell is not None
    bounds = gated_bounds.lstm_gradient(norms(stack), stack.options.depth, _largest_cell(stack))
    measured = np.concatenate([found.ln_cell, found.ln_state[:, :-1]], axis=1)
    return measured, np.concatenate([bounds[0], bounds[1][:, :-1]], axis=1) + size[:, None]


def _over_h(stack: Stack) -> Float:
    return (np.arange(stack.tensors.covector.shape[-1]) < stack.options.width).astype(float)


def _cell_bound(stack: Stack) -> Sides:
    """|c_t| ≤ max|c_0| + t, t = 1…T."""
    own = stack.tensors
    weights = Weights(own.recurrent, own.input, own.bias, None)
    states = unfold(stack.options.engine_cell, weights, own.inputs, own.initial)
    sizes = np.abs(states[:, 1:, :, stack.options.width :]).max(axis=(-2, -1))
    return ln(sizes), ln(_largest_cell(stack)[:, None] + np.arange(1, stack.options.depth + 1))


def _gru_step_bound(stack: Stack) -> Sides:
    candidate = gated_bounds.gru_candidate(stack.tensors.recurrent)
    bound = gated_bounds.gru_step(norms(stack), candidate)
    values, logs = jacobian(stack)
    return ln_spectral(values, logs), np.where(_inside(stack), bound, np.inf)


def _gru_gradient_bound(stack: Stack) -> Sides:
    """‖∂E/∂h_t‖_F ≤ ‖g‖_F B^{T−t}, t = 0…T−1."""
    candidate = gated_bounds.gru_candidate(stack.tensors.recurrent)
    step, found = gated_bounds.gru_step(norms(stack), candidate), stack.gradients()
    measured = np.concatenate([found.initial.ln_norm[:, None], found.ln_state[:, :-1]], axis=1)
    bound = np.arange(stack.options.depth, 0, -1) * step[:, None] + ln_size(stack.tensors.covector)[:, None]
    return measured, np.where(_inside(stack)[:, None], bound, np.inf)


def _inside(stack: Stack) -> NDArray[np.bool_]:
    """Whether |h_0| ≤ 1, (S,)."""
    initial = stack.tensors.initial
    states = np.zeros((len(stack.tensors.inputs), 1, 1)) if initial is None else initial
    return np.asarray(np.abs(states).max(axis=(-2, -1)) <= 1)


def _open_gates(depth: int, new: float, **options: Any) -> Callable[[Generator], Stack]:
    """One LSTM unit: i = f = o = 1 but for e⁻⁴⁰, only g has a recurrent weight, and the bias `new`."""

    def drawn(rng: Generator) -> Stack:
        chosen = RecurrentOptions(cell="lstm", width=1, depth=depth, input_scale=0.0, **options)
        tensors, gates = draw_recurrent(chosen, rng, 4), chosen.exact_cell.gates
        only = np.zeros((4, gates, 1))
        only[:, -2, 0] = rng.uniform(0.1, 5.0, 4)
        bias = np.full((4, gates), 40.0)
        bias[:, -2] = new
        covector, start = np.ones((4, 1, 2)) * [1.0, 0.0], np.zeros((4, 1, 2))
        return Stack(chosen, replace(tensors, recurrent=only, bias=bias, covector=covector, initial=start))

    return drawn


def _open_update(rng: Generator) -> Stack:
    """One step of two GRU units: the first is kept (z = 1), and is all that the second, new (z = 0), sees."""
    options = RecurrentOptions(cell="gru", width=2, depth=1, input_scale=0.0)
    tensors, weight = draw_recurrent(options, rng, 4), rng.uniform(0.1, 5.0, 4)
    recurrent = np.zeros((4, 6, 2))
    recurrent[:, 5, 0] = weight
    bias = np.broadcast_to([40.0, 40.0, 40.0, -40.0, 0.0, 0.0], (4, 6)).copy()
    covector = np.stack([np.ones(4), weight], axis=-1)[:, None]
    return Stack(options, replace(tensors, recurrent=recurrent, bias=bias, covector=covector))


_STEP = "‖∂(c_t, h_t)/∂(c_{t−1}, h_{t−1})‖₂ ≤ B_t"
_BACK = "‖∂E/∂c_t‖ and ‖∂E/∂h_t‖ at most, by a pair of numbers carried back"
_1997 = {"forget_gate": False}

ROWS = {
    "lstm-step": RecurrentBound(
        "gate-bound", _STEP, _gated("lstm", True), _lstm_step_bound, (_open_gates(1, 0.0),)
    ),
    "lstm-step-1997": RecurrentBound(
        "gate-bound", _STEP, _gated("lstm", True, **_1997), _lstm_step_bound, (_open_gates(1, 0.0, **_1997),)
    ),
    "lstm-gradient": RecurrentBound(
        "gated-gradient", _BACK, _gated("lstm"), _lstm_gradient_bound, (_open_gates(7, 0.0),)
    ),
    "lstm-gradient-1997": RecurrentBound(
        "gated-gradient",
        _BACK,
        _gated("lstm", **_1997),
        _lstm_gradient_bound,
        (_open_gates(7, 0.0, **_1997),),
    ),
    "lstm-cell": RecurrentBound(
        "gate-bound", "|c_t| ≤ t + max|c_0|", _gated("lstm"), _cell_bound, (_open_gates(40, 40.0),)
    ),
    "gru-step": RecurrentBound(
        "gate-bound", "‖∂h_t/∂h_{t−1}‖₂ ≤ B", _gated("gru", True), _gru_step_bound, (_open_update,)
    ),
    "gru-gradient": RecurrentBound(
        "gated-gradient", "‖∂E/∂h_t‖ ≤ ‖g‖ B^(T−t)", _gated("gru"), _gru_gradient_bound, (_open_update,)
    ),
}
