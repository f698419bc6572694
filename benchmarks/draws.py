"""The numbers that all contenders are given: keyed NumPy draws, the same in every process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from benchmarks.workload import Case

Array = NDArray[Any]

_WEIGHTS, _INPUTS, _COVECTOR, _TARGETS, _INPUT_WEIGHTS = range(5)
_DRIVE = 0.1

RATE = 0.05
"""Learning rate: training is stable there, so that rounding does not decide where it goes."""


def normals(role: int, layer: int, shape: tuple[int, ...]) -> Array:
    """Independent N(0, 1) in float64, from a stream keyed by role and layer."""
    return Generator(SFC64(SeedSequence([role, layer]))).standard_normal(shape)


def layers(case: Case) -> Iterator[Array]:
    """W_l / sigma_w for l = 1…L, each (S, N, N) with entries N(0, 1/N)."""
    for l in range(1, case.depth + 1):
        yield layer(case, l)


def layer(case: Case, l: int) -> Array:
    """W_l / sigma_w, (S, N, N), entries N(0, 1/N)."""
    drawn = normals(_WEIGHTS, l, (case.seeds, case.width, case.width))
    drawn /= np.sqrt(case.width)
    return drawn.astype(case.real, copy=False)


def scaled_layers(case: Case) -> Iterator[Array]:
    """W_l for l = 1…L, each (S, N, N): what a peer is given."""
    for drawn in layers(case):
        yield drawn if case.sigma_w == 1 else np.multiply(drawn, case.real.type(case.sigma_w))


def inputs(case: Case) -> Array:
    """h_0, (S, B, N), entries N(0, 1)."""
    return normals(_INPUTS, 0, (case.seeds, case.batch, case.width)).astype(case.real)


def covector(case: Case) -> Array:
    """g of E = ⟨g, h_L⟩, (S, B, N), entries N(0, 1)."""
    return normals(_COVECTOR, 0, (case.seeds, case.batch, case.width)).astype(case.real)


def targets(case: Case) -> Array:
    """What a net is trained towards, (B, N): outputs within the range of tanh."""
    drawn = normals(_TARGETS, 0, (case.batch, case.width))
    return np.tanh(drawn, out=drawn).astype(case.real)


GATES = {"rnn": 1, "lstm": 4, "gru": 3}
"""Cell → gates, whose weights stand below each other: i, f, g, o and r, z, n, as in PyTorch."""


def recurrent(case: Case) -> tuple[Array, Array, Array, Array]:
    """W (gates·N, N), U (gates·N, N), x (T, B, N) and g (B, N) of a recurrent net, T the depth. U has a tenth
    of the scale of W: strong inputs would make the gradients vanish within float32's range."""
    n = case.width
    shape = (GATES[case.cell] * n, n)
    weight = normals(_WEIGHTS, 1, shape) * (case.sigma_w / np.sqrt(n))
    input_weight = normals(_INPUT_WEIGHTS, 1, shape) * (_DRIVE / np.sqrt(n))
    steps = normals(_INPUTS, 1, (case.depth, case.batch, n))
    end = normals(_COVECTOR, 0, (case.batch, n))
    real = case.real
    return weight.astype(real), input_weight.astype(real), steps.astype(real), end.astype(real)
