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
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from symgrad.numeric.draws.spectral import spectral_norms
from symgrad.numeric.kernel import Array

Float: TypeAlias = NDArray[np.float64]

WEIGHTS, BIASES, INPUTS, COVECTOR = range(4)
"""Roles: the first word of a draw's key."""


def normals(seed: int, role: int, replicas: range, layer: int, shape: tuple[int, ...]) -> Float:
    """Independent N(0, 1) entries, (len(replicas), *shape)."""
    out = np.empty((len(replicas), *shape))
    # The words that SeedSequence(seed, spawn_key=…) would put together, in less than half its time.
    words = [seed >> shift & 0xFFFFFFFF for shift in range(0, max(seed.bit_length(), 128), 32)]
    key = np.array([*words, role, 0, layer], np.uint32)
    for into, replica in zip(out, replicas, strict=True):
        key[-2] = replica
        Generator(SFC64(SeedSequence(key))).standard_normal(out=into)
    return out


def gaussian(draws: Float) -> Float:
    """Entries N(0, 1/fan_in): (S, N, M) → (S, N, M)."""
    draws /= np.sqrt(draws.shape[2])
    return draws


def orthogonal(draws: Float) -> Float:
    """Haar-distributed orthogonal matrices: (S, N, N) → (S, N, N).

    Q of QR = G with diag R made positive. Source: Mezzadri, Notices of the AMS 54 (2007), section 5.
    """
    q, r = np.linalg.qr(draws)
    q *= np.copysign(1.0, np.diagonal(r, axis1=1, axis2=2))[:, None, :]
    return q


def identity(draws: Float) -> Float:
    """The identity, (S, N, N), whatever was drawn. Source: Le, Jaitly & Hinton 2015 (arXiv:1504.00941)."""
    draws[...] = np.eye(draws.shape[2])
    return draws


class Sampler(NamedTuple):
    """A law of weights: from N(0, 1) draws (S, N, N) to matrices at σ_w = 1, and from these to ‖W‖₂, (S,)."""

    matrices: Callable[[Float], Float]
    norms: Callable[[Float], Float]


SAMPLERS: dict[str, Sampler] = {
    "gaussian": Sampler(gaussian, spectral_norms),
    "orthogonal": Sampler(orthogonal, lambda w: np.ones(len(w))),
    "identity": Sampler(identity, lambda w: np.ones(len(w))),
}
"""Law of the weights → how they are drawn, and how long their longest axis is."""


@dataclass(frozen=True)
class LayerDraw:
    """The matrices of one layer at σ_w = 1, (S, N, N), and ln ‖W‖₂ of each as drawn in float64, (S,), or None
    where nobody has asked for it; read-only."""

    weight: Array
    ln_norm: Float | None

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays."""
        return self.weight.nbytes + (0 if self.ln_norm is None else self.ln_norm.nbytes)


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
            before = self._held.pop(key, None)
            self._bytes += draw.nbytes - (0 if before is None else before.nbytes)
            self._held[key] = draw
            while self._bytes > self.budget:
                self._bytes -= self._held.popitem(last=False)[1].nbytes


_memo = _Memo(256 * 2**20)


def layer_draw(
    law: str,
    seed: int,
    replicas: range,
    layer: int,
    width: int,
    dtype: np.dtype[Any],
    remember: bool,
    norms: bool = True,
) -> LayerDraw:
    """The weights of one layer for these replicas, the same bits in whatever order layers are asked for.

    ``remember`` keeps them for the next net like it; ``norms`` asks for ``ln_norm``, which takes two to four
    times as long as the draw.
    """
    key = (law, seed, replicas, layer, width, dtype)
    draw = _memo.get(key)
    if draw is not None and (draw.ln_norm is not None or not norms):
        return draw
    sampler = SAMPLERS[law]
    drawn: Any
    if draw is not None and dtype == np.float64:
        drawn = draw.weight
    else:  # a norm is that of the float64 draw, which is not kept beside its float32 rounding
        drawn = sampler.matrices(normals(seed, WEIGHTS, replicas, layer, (width, width)))
    ln_norm = None
    if norms:
        ln_norm = np.log(sampler.norms(drawn))
        ln_norm.flags.writeable = False
    weight = drawn.astype(dtype, copy=False) if draw is None else draw.weight
    weight.flags.writeable = False
    draw = LayerDraw(weight, ln_norm)
    if remember:
        _memo.put(key, draw)
    return draw


def fits_memo(nbytes: int) -> bool:
    """Whether a net's weights fit into half of the memo, so that they are still there the next time."""
    return nbytes <= _memo.budget // 2
