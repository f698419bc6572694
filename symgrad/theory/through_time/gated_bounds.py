"""Bounds on the gradients of gated nets from the norms of their weights, as logarithms of numbers.

They are proved in `lstm_jacobian` and `gru_leak`. Worst case, for every width, input and bias. Norms are the
2-norms of the N × N blocks of the recurrent weights, in their order: LSTM i, f, g, o, without forget gate
i, g, o; GRU r, z, n.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from symgrad.errors import InputError

__all__ = ["gru_candidate", "gru_gradient", "gru_step", "lstm_gradient", "lstm_step"]

Float: TypeAlias = NDArray[np.float64]


def _largest() -> float:
    """μ = max (1 + d)/cosh² d, where (1 + d) tanh d = ½, rounded upwards: f |c| sech²(f c + i g) at most."""
    place = brentq(lambda d: (1 + d) * math.tanh(d) - 0.5, 0.0, 1.0, xtol=1e-15)
    return (1 + place) / math.cosh(place) ** 2 * (1 + 4 * np.finfo(float).eps)


_MU = _largest()


def lstm_step(norms: ArrayLike, cell: ArrayLike) -> Float:
    """ln B_t with ‖∂(c_t, h_t)/∂(c_{t−1}, h_{t−1})‖₂ ≤ B_t = ‖((1, α), (1, β + κ))‖₂, (…).

    α = ¼C‖W_f‖ + ¼‖W_i‖ + ‖W_g‖, β the same with min(¼C, μ) in place of ¼C, κ = ¼‖W_o‖. norms (…, 4), or
    (…, 3) without forget gate, where α and β have no first term; cell (…) is C, which no |c_{t−1}| exceeds.
    Raises `InputError` on norms of another number of gates, and on numbers that are negative or NaN.
    """
    alpha, below = _lstm(norms, cell)
    scale = np.maximum(1.0, np.maximum(alpha, below))  # squares of large norms stay in range
    one, a, b = 1 / scale, alpha / scale, below / scale
    squares, determinant = 2 * one * one + a * a + b * b, one * (b - a)
    root = np.sqrt(np.maximum(squares * squares - 4 * determinant * determinant, 0.0))
    return np.asarray(np.log(scale) + 0.5 * np.log((squares + root) / 2))


def lstm_gradient(norms: ArrayLike, steps: int, initial: ArrayLike = 0.0) -> tuple[Float, Float]:
    """(ln ‖∂E/∂c_t‖, ln ‖∂E/∂h_t‖) at most, both over ‖g‖, t = 1…T, (…, T); E = ⟨g, h_T⟩.

    Total derivatives, Frobenius norms over units and batch. The matrices of `lstm_step`, with C = t − 1 +
    `initial` and `initial` the largest |c_0|, act on a pair of numbers in place of the product of norms:
    (x, y) ← (x + y, α_t x + (β_t + κ) y) from (0, 1) at t = T back; the bounds are x + y and y. Raises
    `InputError` as `lstm_step`, and on fewer steps than 1.
    """
    if steps < 1:
        raise InputError(f"{steps} steps: legal are whole numbers from 1 on")
    sizes = np.asarray(initial, np.float64)[..., None] + np.arange(steps)
    with np.errstate(divide="ignore"):
        ln_alpha, ln_below = map(np.log, _lstm(np.asarray(norms, np.float64)[..., None, :], sizes))
    x, y = np.full(ln_alpha.shape[:-1], -np.inf), np.zeros(ln_alpha.shape[:-1])
    cell, hidden = np.empty(ln_alpha.shape), np.empty(ln_alpha.shape)
    for t in reversed(range(steps)):
        cell[..., t], hidden[..., t] = np.logaddexp(x, y), y
        x, y = cell[..., t], np.logaddexp(ln_alpha[..., t] + x, ln_below[..., t] + y)
    return cell, hidden


def gru_step(norms: ArrayLike, candidate: ArrayLike) -> Float:
    """ln B with ‖∂h_t/∂h_{t−1}‖₂ ≤ B = √(1 + ½‖W_z‖² + K²), K = ‖W_n‖ + ¼M‖W_r‖, for |h_{t−1}| ≤ 1, (…).

    norms (…, 3); candidate (…) is M, which no |W_n h_{t−1} + b_hn| exceeds (`gru_candidate`). Raises
    `InputError` on norms of another number of gates, and on numbers that are negative or NaN.
    """
    reset, update, new = _gates(norms, (3,))
    inner = new + _sizes("the candidate", candidate) * reset / 4
    scale = np.maximum(1.0, np.maximum(inner, update))
    total = (1 / scale) ** 2 + (update / scale) ** 2 / 2 + (inner / scale) ** 2
    return np.asarray(np.log(scale) + 0.5 * np.log(total))


def gru_gradient(norms: ArrayLike, candidate: ArrayLike, steps: int) -> Float:
    """ln ‖∂E/∂h_t‖/‖g‖ at most, t = 1…T, (…, T): (T − t) ln B with the B of `gru_step`, for |h_0| ≤ 1."""
    if steps < 1:
        raise InputError(f"{steps} steps: legal are whole numbers from 1 on")
    return np.asarray(gru_step(norms, candidate)[..., None] * np.arange(steps - 1, -1, -1))


def gru_candidate(recurrent: ArrayLike, recurrent_bias: ArrayLike | None = None) -> Float:
    """max_j Σ_k |W_n,jk| + |b_hn,j|, (…): no |W_n h + b_hn| with |h| ≤ 1 exceeds it.

    recurrent (…, 3N, N) and recurrent_bias (…, 3N) as the GRU stacks them, its gate n last.
    """
    weights = np.asarray(recurrent, np.float64)
    width = weights.shape[-1]
    rows = np.abs(weights[..., 2 * width :, :]).sum(axis=-1)
    if recurrent_bias is not None:
        rows = rows + np.abs(np.asarray(recurrent_bias, np.float64)[..., 2 * width :])
    return np.asarray(rows.max(axis=-1))


def _lstm(norms: ArrayLike, cell: ArrayLike) -> tuple[Float, Float]:
    """α and β + κ."""
    *gates, new, out = _gates(norms, (3, 4))
    most, both = _sizes("the cell", cell) / 4, gates[0] / 4 + new
    forget = gates[1] if len(gates) == 2 else 0.0
    return np.asarray(most * forget + both), np.asarray(np.minimum(most, _MU) * forget + both + out / 4)


def _gates(norms: ArrayLike, legal: tuple[int, ...]) -> list[Float]:
    """The norms gate by gate."""
    found = _sizes("a norm", norms)
    if found.ndim == 0 or found.shape[-1] not in legal:
        raise InputError(f"norms of shape {found.shape}: expected (…, {' or '.join(map(str, legal))})")
    return list(np.moveaxis(found, -1, 0))


def _sizes(name: str, values: ArrayLike) -> Float:
    found = np.asarray(values, np.float64)
    if not (found >= 0).all():
        raise InputError(f"{name} is {found[~(found >= 0)].flat[0]}: legal are numbers from 0 on")
    return found
