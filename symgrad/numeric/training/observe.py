"""What a training looks like from inside: each layer's steps, gradients, distance and representation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symgrad.numeric.kernel import Array
from symgrad.numeric.training.chain import Batch, Chain
from symgrad.numeric.training.parameters import norm, relative_change


@dataclass(frozen=True, slots=True)
class Observation:
    """Numbers of each layer of a chain, in order, the read-out last; W_l are all matrices of layer l as one.

    relative_update  ‖W_l − W_l(before)‖/‖W_l(before)‖
    distance         ‖W_l − W_l(initial)‖/‖W_l(initial)‖
    gradient         ‖∂E/∂W_l‖ over the probe
    hidden_gradient  ‖∂E/∂H_l‖ over the probe
    moved            ‖H_l − H_l(initial)‖/‖H_l(initial)‖, H_l (B, N_l) what the layer makes of the probe
    loss             E over the probe

    All norms are Frobenius'. A quotient is 0 where nothing changed and ∞ from 0 to anything else; a layer
    without a matrix has 0. Batch norm takes its statistics from the probe.
    """

    relative_update: tuple[float, ...]
    distance: tuple[float, ...]
    gradient: tuple[float, ...]
    hidden_gradient: tuple[float, ...]
    moved: tuple[float, ...]
    loss: float


def layer_matrices(chain: Chain) -> tuple[tuple[str, ...], ...]:
    """The names of each layer's matrices in the chain's layout: those whose last word is "weight"."""
    names = [name.split(".") for name, _ in chain.layout.shapes]
    numbers = [str(number) for number in range(1, len(chain.layers) + 1)]
    return tuple(
        tuple(".".join(name) for name in names if name[0] == number and name[-1] == "weight")
        for number in numbers
    )


def observe(chain: Chain, initial: Array, before: Array, parameters: Array, probe: Batch) -> Observation:
    """One look at ``parameters`` beside those ``before`` and the ``initial`` ones, over a fixed probe.

    A pure function: two passes over the probe forward, one backward. Raises ValueError as `Chain.trace` does.
    """
    now, then = chain.trace(parameters, probe), chain.trace(initial, probe)
    new, old, first = (_matrices(chain, vector) for vector in (parameters, before, initial))
    return Observation(
        tuple(map(relative_change, new, old)),
        tuple(map(relative_change, new, first)),
        tuple(map(norm, _matrices(chain, now.gradient))),
        tuple(norm(g.reshape(-1)) for g in now.gradients),
        tuple(map(relative_change, now.outputs, then.outputs)),
        now.loss,
    )


def _matrices(chain: Chain, vector: Array) -> list[Array]:
    views, none = chain.layout.views(vector), np.zeros(0, vector.dtype)
    return [
        np.concatenate([none, *(views[name].reshape(-1) for name in names)])
        for names in layer_matrices(chain)
    ]
