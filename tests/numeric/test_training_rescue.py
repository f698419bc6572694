"""The ten-layer sigmoid net on the digits: at chance, clipped or not, and what makes it learn."""

from __future__ import annotations

from typing import Any

import pytest

from symgrad.numeric.training import (
    DATASETS,
    SGD,
    ByNorm,
    Plan,
    Pretraining,
    Shuffled,
    State,
    pretrain,
    train,
)
from tests.numeric.kernels import KERNELS

SIGMOID = KERNELS["sigmoid"]
RUNS: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "two layers": ({"depth": 2}, {}, True),
    "five layers": ({"depth": 5}, {}, False),
    "ten layers": ({}, {}, False),
    "clipped": ({}, {"clip": ByNorm(1.0)}, False),
    "He's scale, sigmoid kept": ({"sigma_w": 2**0.5}, {}, False),
    "orthogonal, sigmoid kept": ({"weights": "orthogonal"}, {}, False),
    "RMS norm": ({"norm": "rms", "place": "after"}, {}, False),
    "layer norm before φ": ({"norm": "layer"}, {}, False),
    "layer norm after φ": ({"norm": "layer", "place": "after"}, {}, True),
    "batch norm": ({"norm": "batch"}, {}, True),
    "ReLU": ({"kernel": KERNELS["relu"]}, {}, True),
    "residual": ({"block": "residual"}, {}, True),
    "highway": ({"block": "highway"}, {}, True),
    "auto-encoders first": ({}, {"pretraining": Pretraining("autoencoder")}, True),
    "Boltzmann machines first": ({}, {"pretraining": Pretraining("rbm")}, True),
}
"""Name → what it changes in the plan and in the training, and whether it learns."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", RUNS)
def test_what_rescues_ten_sigmoid_layers(name: str, seed: int) -> None:
    changes, how, learns = RUNS[name]
    split = DATASETS["digits"].split(seed)
    model = Plan(**{"kernel": SIGMOID, **changes}).chain(64, 10)
    state = State(model.initial(seed), {})
    if "pretraining" in how:
        assert len(list(pretrain(state, model, split.inputs, how["pretraining"], seed=seed))) == 10
    state = State.start(state.parameters, SGD(0.1))
    batches = Shuffled(split.inputs, split.labels, 32, seed)
    steps, clip = 30 * batches.steps, how.get("clip")
    list(train(state, model.loss_and_gradient(), batches, SGD(0.1), steps=steps, clip=clip))
    assert state.stopped is None
    outputs = model.outputs(state.parameters, split.test_inputs, split.inputs)
    accuracy = (outputs.argmax(axis=1) == split.test_labels).mean()
    assert accuracy > 0.9 if learns else accuracy < 0.2
