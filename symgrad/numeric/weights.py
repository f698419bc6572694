"""Random draws: weights, biases, inputs and output co-vectors, each from a stream of its own.

The stream of a draw is SFC64 seeded by SeedSequence(seed, spawn_key=(role, replica, layer)). So a layer's
draw depends neither on the depth nor on the other layers, replica s not on how many replicas there are, and a
smaller batch is the beginning of a larger one. Weights are drawn at σ_w = 1 and scaled later: nets that
differ in σ_w or in activation share their draws (common random numbers). Every draw is made in float64;
float32 nets get it rounded.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from symgrad.numeric.kernel import Array

WEIGHTS, BIASES, INPUTS, COVECTOR = range(4)
"""Roles: the first word of a draw's key."""


def normals(seed: int, role: int, replicas: range, layer: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Independent N(0, 1) entries, (len(replicas), *shape)."""
    out = np.empty((len(replicas), *shape))
    for into, replica in zip(out, replicas, strict=True):
        key = SeedSequence(seed, spawn_key=(role, replica, layer))
        Generator(SFC64(key)).standard_normal(out=into)
    return out


def gaussian(draws: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Entries N(0, 1/fan_in), and ln of each matrix's largest singular value: (S, N, M) → (S, N, M), (S,).

    The norm is the square root of the top eigenvalue of W Wᵀ (tridiagonal reduction, LAPACK syevd): relative
    error a small multiple of N ε, where power iteration would answer from below.
    """
    draws /= np.sqrt(draws.shape[2])
    top = np.linalg.eigvalsh(np.matmul(draws, draws.swapaxes(1, 2)))[:, -1]
    return draws, 0.5 * np.log(top)


def orthogonal(draws: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Haar-distributed orthogonal matrices, and ln of their norms, 0: (S, N, N) → (S, N, N), (S,).

    Q of QR = G with diag R made positive. Source: Mezzadri, Notices of the AMS 54 (2007), section 5.
    """
    q, r = np.linalg.qr(draws)
    q *= np.copysign(1.0, np.diagonal(r, axis1=1, axis2=2))[:, None, :]
    return q, np.zeros(len(draws))


SAMPLERS: dict[str, Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]] = {
    "gaussian": gaussian,
    "orthogonal": orthogonal,
}
"""Law of the weights → from N(0, 1) draws (S, N, N) to matrices at σ_w = 1 and ln of their spectral norms."""


@dataclass(frozen=True)
class LayerDraw:
    """The matrices of one layer at σ_w = 1, (S, N, N), and ln ‖W‖₂ of each in float64, (S,); read-only."""

    weight: Array
    ln_norm: NDArray[np.float64]


class _Memo:
    """The most recently used draws, at most ``budget`` bytes of them."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._held: OrderedDict[tuple[Any, ...], LayerDraw] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[Any, ...]) -> LayerDraw | None:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: tuple[Any, ...], draw: LayerDraw) -> None:
        with self._lock:
            if key not in self._held:
                self._held[key] = draw
                self._bytes += draw.weight.nbytes
            while self._bytes > self.budget:
                self._bytes -= self._held.popitem(last=False)[1].weight.nbytes


_memo = _Memo(256 * 2**20)


def layer_draw(
    law: str, seed: int, replicas: range, layer: int, width: int, dtype: np.dtype[Any], remember: bool
) -> LayerDraw:
    """The weights of one layer for these replicas; ``remember`` keeps them for the next net like it."""
    key = (law, seed, replicas, layer, width, dtype)
    draw = _memo.get(key)
    if draw is None:
        weight, norm = SAMPLERS[law](normals(seed, WEIGHTS, replicas, layer, (width, width)))
        draw = LayerDraw(weight.astype(dtype, copy=False), norm)
        draw.weight.flags.writeable = draw.ln_norm.flags.writeable = False
        if remember:
            _memo.put(key, draw)
    return draw


def fits_memo(nbytes: int) -> bool:
    """Whether a net's weights fit into half of the memo, so that they are still there the next time."""
    return nbytes <= _memo.budget // 2
