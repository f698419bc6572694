"""The recurrent nets that are compared: how each begins, its learning rate, what the derivations predict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.mean_field.length_map import length_map
from symgrad.numeric.recurrent.cells import LSTM, RNN
from symgrad.numeric.recurrent.cells.activations import SIGMOID, TANH
from symgrad.numeric.training import TASKS, Chain, Dense, Recurrent
from symgrad.numeric.training.parameters import Views, under

__all__ = ["ARCHITECTURES", "Architecture", "chain", "predicted", "recurrent"]


def _same(a: Any, out: Any) -> None:
    np.copyto(out, a)


def _one(a: Any, h: Any, out: Any) -> None:
    out.fill(1)


LINEAR = Kernel(_same, _one, (1.0, 1.0), (1.0, 1.0))
"""The readout y = V h_T + b."""


def _plain_ratio(layer: Recurrent, parameters: Views, drive: float) -> float:
    """log10 of ‖∂E/∂h_1‖/‖∂E/∂h_T‖: the mean factor σ_w² E φ′(√q_t z)² of the squared gradient from each step
    t to the one before, along the length map; infinite width, Gaussian and orthogonal weights alike.
    """
    factors = length_map(TANH, layer.sigma_w, 0.0, layer.steps, drive).ln_factor[1:]
    return 0.5 * float(factors.sum()) / math.log(10)


def _carousel_ratio(layer: Recurrent, parameters: Views, drive: float) -> float:
    """log10 of ‖∂E/∂c_1‖/‖∂E/∂c_T‖ along the cells alone: ∏ f = σ(b_f)^{T−1} for each unit, root mean square
    over the units; what the gates read (W h + U x) is left out.
    """
    bias = parameters["bias"][layer.units : 2 * layer.units].astype(np.float64)
    logs = 2 * (layer.steps - 1) * np.log(SIGMOID.value(bias))
    return float(0.5 * (np.logaddexp.reduce(logs) - math.log(layer.units))) / math.log(10)


@dataclass(frozen=True)
class Architecture:
    """A recurrent net of the comparison.

    layer          units, T → the layer as it begins
    ratio          layer, its initial parameters, mean square of U x_t's entries → the predicted log10 ratio
    learning_rate  of Adam; see `ARCHITECTURES`
    cost           seconds of a step of an update at 64 units and 50 sequences, roughly
    """

    title: str
    text: str
    state: str
    layer: Callable[[int, int], Recurrent]
    ratio: Callable[[Recurrent, Views, float], float]
    learning_rate: float
    cost: float


ARCHITECTURES: Mapping[str, Architecture] = {
    "rnn": Architecture(
        "RNN, Gaussian weights",
        "h_t = tanh(W h_{t−1} + U x_t + b), entries of W from N(0, 1/N)",
        "h",
        lambda units, steps: Recurrent(units, RNN(TANH), steps),
        _plain_ratio,
        learning_rate=0.003,
        cost=40e-6,
    ),
    "orthogonal": Architecture(
        "RNN, orthogonal weights",
        "h_t = tanh(W h_{t−1} + U x_t + b), W drawn from the orthogonal matrices",
        "h",
        lambda units, steps: Recurrent(units, RNN(TANH), steps, weights="orthogonal"),
        _plain_ratio,
        learning_rate=0.01,
        cost=40e-6,
    ),
    "lstm": Architecture(
        "LSTM, chrono initialisation",
        "LSTM with forget gate, b_f = ln u and b_i = −b_f with u from U[1, T − 1] for each unit",
        "c",
        lambda units, steps: Recurrent(units, LSTM(), steps, forget_bias="chrono"),
        _carousel_ratio,
        learning_rate=0.01,
        cost=200e-6,
    ),
}
"""Name → architecture.

The learning rates are those of 0.0003, 0.001, 0.003, 0.01 that solved most of both tasks at T = 10 and 50,
and of these the one that needed the fewest updates (3,000 where a task was not solved): for each architecture
the same 16 trainings, on a seed that is not used again, by

    symgrad memory --task adding,recall --steps 10,50 --seeds 1 --seed 100 \\
        --rates 0.0003,0.001,0.003,0.01 --out FOLDER

    solved of 4, updates    0.0003      0.001       0.003       0.01
    rnn                     3, 4,650    3, 4,000    4, 2,250    2, 6,200
    orthogonal              3, 4,950    3, 4,150    3, 4,550    3, 3,700
    lstm                    3, 5,300    4, 2,500    4, 1,050    4, 500
"""


def chain(architecture: str, task: str, steps: int, units: int) -> Chain:
    """The recurrent layer and a linear readout of its last state."""
    asked = TASKS[task]
    layer = ARCHITECTURES[architecture].layer(units, steps)
    return Chain(steps * asked.channels, (layer, Dense(asked.outputs, LINEAR)), asked.loss)


def predicted(model: Chain, parameters: Array, architecture: str, inputs: Array) -> float:
    """log10 of ‖∂E/∂s_1‖/‖∂E/∂s_T‖ that the derivations predict (typical value) for inputs (B, T·M)."""
    drive = float(np.mean(np.square(inputs, dtype=np.float64)))
    return ARCHITECTURES[architecture].ratio(*recurrent(model, parameters), drive)


def recurrent(model: Chain, parameters: Array) -> tuple[Recurrent, Views]:
    """The recurrent layer of a chain, and its tensors."""
    layer = model.layers[0]
    assert isinstance(layer, Recurrent)
    return layer, under(1, model.layout.views(parameters))
