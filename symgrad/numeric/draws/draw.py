"""The tensors of a stack of nets, drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.draws import weights as draw
from symgrad.numeric.feedforward import plan as plans
from symgrad.numeric.feedforward.net import Net
from symgrad.numeric.feedforward.plan import Plan
from symgrad.numeric.kernel import Array


@dataclass(frozen=True)
class Draw:
    """The tensors of a stack of nets at σ_w = σ_b = 1: weights L × (S, N, N), biases L × (S, N) or None for
    no biases, inputs and covector (S, B, N), and ln ‖W_l‖₂ as (S, L), or None where it is not asked for.

    The weights are a list, or `Redrawn`.
    """

    weights: Sequence[Array]
    biases: Sequence[Array] | None
    inputs: Array
    covector: Array
    ln_spectral_norm: NDArray[np.float64] | None = None

    def part(self, replicas: range) -> Draw:
        """Some of the S nets, without a copy; the weights are a list."""
        here = slice(replicas.start, replicas.stop)
        return Draw(
            [weight[here] for weight in self.weights],
            self.biases and [bias[here] for bias in self.biases],
            self.inputs[here],
            self.covector[here],
            None if self.ln_spectral_norm is None else self.ln_spectral_norm[here],
        )


class Redrawn(Sequence[Array]):
    """The weights of a net, each drawn whenever it is asked for, none kept."""

    def __init__(self, net: Net, replicas: range) -> None:
        self._net, self._replicas = net, replicas

    def __len__(self) -> int:
        return self._net.depth

    @overload
    def __getitem__(self, which: int) -> Array: ...
    @overload
    def __getitem__(self, which: slice) -> list[Array]: ...
    def __getitem__(self, which: int | slice) -> Array | list[Array]:
        if isinstance(which, slice):
            return [self[layer] for layer in range(*which.indices(len(self)))]
        return _layer(self._net, self._replicas, range(len(self))[which] + 1, False, False).weight


def _layer(net: Net, replicas: range, layer: int, remember: bool, norms: bool) -> draw.LayerDraw:
    return draw.layer_draw(net.weights, net.seed, replicas, layer, net.width, net.real, remember, norms)


def sample(net: Net, replicas: range, norms: bool = True, plan: Plan | None = None) -> Draw:
    """Draw the given replicas of a net; weights and biases are left unscaled.

    Without ``norms`` no spectral norm is computed: at width 256 they take longer than the passes. By a plan
    that redraws no weight is kept: those of a net with norms are drawn once more for them.
    """
    plan = plan or net.plan
    shape, remember = (net.batch, net.width), plans.remembered(net, plan)
    found: Iterator[draw.LayerDraw] = (
        _layer(net, replicas, layer, remember, norms) for layer in range(1, net.depth + 1)
    )
    weights: Sequence[Array] = Redrawn(net, replicas)
    ln_norms: list[NDArray[np.float64] | None] = []
    if plan.redraw:
        ln_norms = [layer.ln_norm for layer in found] if norms else []
    else:
        kept = list(found)
        weights, ln_norms = [layer.weight for layer in kept], [layer.ln_norm for layer in kept]
    biases = None
    if net.sigma_b:
        roles = (net.seed, draw.BIASES, replicas)
        biases = [
            draw.normals(*roles, layer, (net.width,)).astype(net.real) for layer in range(1, net.depth + 1)
        ]
    return Draw(
        weights,
        biases,
        draw.normals(net.seed, draw.INPUTS, replicas, 0, shape).astype(net.real),
        draw.normals(net.seed, draw.COVECTOR, replicas, 0, shape).astype(net.real),
        np.stack([ln for ln in ln_norms if ln is not None], axis=-1) if norms else None,
    )
