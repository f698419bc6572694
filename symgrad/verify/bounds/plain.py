"""Bounds of the plain net: the product of norms, and the entries of the error flow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from symgrad.verify.bounds.bound import RecurrentBound, Sides
from symgrad.verify.bounds.stacks import (
    Stack,
    jacobian,
    ln,
    ln_gamma,
    ln_size,
    ln_spectral,
    norms,
    random_stack,
)
from symgrad.verify.recurrent_nets import RecurrentOptions, draw_recurrent

__all__ = ["ROWS"]


def _plain(rng: Generator, seeds: int, small: bool) -> Stack:
    return random_stack(rng, seeds, small, batch=int(rng.integers(1, 4)))


def _one_sample(rng: Generator, seeds: int, small: bool) -> Stack:
    return random_stack(rng, seeds, small)


def _norm_bound(stack: Stack) -> Sides:
    """‖∂E/∂h_t‖_F ≤ ‖g‖_F (γ‖W‖₂)^{T−t}, t = 0…T−1."""
    found = stack.gradients()
    initial = found.initial.ln_norm
    measured = np.concatenate([initial[:, None], found.ln_state[:, :-1]], axis=1)
    steps = np.arange(stack.options.depth, 0, -1)
    return measured, ln_size(stack.tensors.covector)[:, None] + steps * (ln_gamma(stack) + ln(norms(stack)))


def _orthogonal_identity(rng: Generator) -> Stack:
    """Linear units and orthogonal weights: every gradient keeps its size."""
    options = RecurrentOptions(activation="identity", weights="orthogonal", depth=50, width=8, sigma_b=0.3)
    return Stack(options, draw_recurrent(options, rng, 5))


def _steepest_gelu(rng: Generator) -> Stack:
    """Every pre-activation at √2, where GELU is steepest, and orthogonal weights."""
    options = RecurrentOptions(activation="gelu", weights="orthogonal", depth=6, width=4, input_scale=0.0)
    drawn, top = draw_recurrent(options, rng, 5), np.sqrt(2.0)
    phi = np.asarray(options.engine_cell.kernel.value(np.full((5, 1, 4), top)))  # type: ignore[attr-defined]
    bias = top - np.matmul(drawn.recurrent, phi.swapaxes(1, 2))[..., 0]
    return Stack(options, replace(drawn, bias=bias, initial=phi))


def _entry_bound(stack: Stack) -> Sides:
    """|[∂h_T/∂h_0]_ij| ≤ τ^T/n, τ = n γ max|W_ij|."""
    values, logs = jacobian(stack)
    width, steps = stack.options.width, stack.options.depth
    largest = ln(np.abs(stack.tensors.recurrent).max(axis=(-2, -1)))
    bound = steps * (np.log(width) + ln_gamma(stack) + largest) - np.log(width)
    return ln(np.abs(values).max(axis=(-2, -1))) + logs, bound


def _equal_weights(rng: Generator) -> Stack:
    """Sigmoid units at 0 whose weights are all the same: all n^{q−1} paths are alike."""
    options = RecurrentOptions(activation="sigmoid", depth=20, width=5, input_scale=0.0)
    drawn, weight = draw_recurrent(options, rng, 4), rng.uniform(0.1, 8.0, (4, 1))
    recurrent = np.broadcast_to(weight[..., None], (4, 5, 5)).copy()
    bias = np.broadcast_to(-2.5 * weight, (4, 5)).copy()
    return Stack(options, replace(drawn, recurrent=recurrent, bias=bias, initial=np.full((4, 1, 5), 0.5)))


def _linear(rng: Generator, seeds: int, small: bool) -> Stack:
    return random_stack(rng, seeds, small, activation="identity", weights="gaussian", input_scale=0.0)


def _powers_bound(stack: Stack) -> Sides:
    """‖W^T‖₂ ≤ κ(V) ρ^T for W = V Λ V⁻¹; the eigenvalues are those of a matrix that differs from W by
    rounding, which κ(V) magnifies."""
    matrix, size = stack.tensors.recurrent, norms(stack)[:, 0]
    values, vectors = np.linalg.eig(matrix)
    condition = np.linalg.cond(vectors)
    radius = np.abs(values).max(axis=1) + condition * stack.rounding / stack.options.depth * size
    steepness, logs = jacobian(stack)
    return ln_spectral(steepness, logs), ln(condition) + stack.options.depth * ln(radius)


def _symmetric(rng: Generator) -> Stack:
    """Symmetric weights: κ(V) = 1."""
    options = RecurrentOptions(activation="identity", depth=30, width=6, input_scale=0.0)
    drawn = draw_recurrent(options, rng, 4)
    return Stack(options, replace(drawn, recurrent=drawn.recurrent + drawn.recurrent.swapaxes(1, 2)))


ROWS = {
    "norms": RecurrentBound(
        "time-bound",
        "‖∂E/∂h_t‖ ≤ ‖g‖(γ‖W‖₂)^(T−t)",
        _plain,
        _norm_bound,
        (_orthogonal_identity, _steepest_gelu),
    ),
    "entries": RecurrentBound(
        "error-flow-bound",
        "|∂h_T,i/∂h_0,j| ≤ τ^T/n, τ = nγ max|W|",
        _one_sample,
        _entry_bound,
        (_equal_weights,),
    ),
    "powers": RecurrentBound(
        "matrix-powers", "‖W^n‖₂ ≤ κ(V) ρ^n, W = V Λ V⁻¹", _linear, _powers_bound, (_symmetric,)
    ),
}
