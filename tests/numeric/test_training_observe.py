"""Observations of a training against PyTorch and plain NumPy norms, for every kind of block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgrad.numeric.training import Activation, Chain, Dense, Plan, layer_matrices, observe
from tests.numeric.kernels import KERNELS
from tests.numeric.training_oracles import TORCH_LAYERS, TorchNet

SIGMOID = KERNELS["sigmoid"]
PLANS = {
    "plain": Plan(SIGMOID, 3, 6),
    "batch-norm": Plan(SIGMOID, 3, 6, norm="batch"),
    "pre-norm": Plan(SIGMOID, 3, 6, norm="layer", block="pre-norm"),
    "highway": Plan(SIGMOID, 3, 6, block="highway"),
}


def example(plan: Plan) -> tuple[Chain, list[Any], Any]:
    """A chain, three vectors (initial, before, now) and a probe."""
    model, rng = plan.chain(4, 3), np.random.default_rng(8)
    initial = model.initial(1)
    before, now = (initial + 0.3 * rng.standard_normal(model.layout.size) for _ in range(2))
    return model, [initial, before, now], (rng.standard_normal((7, 4)), rng.integers(3, size=7))


@pytest.mark.parametrize("name", PLANS)
def test_every_number_is_the_one_it_is_called(name: str) -> None:
    torch = pytest.importorskip("torch")
    model, (initial, before, now), probe = example(PLANS[name])
    seen = observe(model, initial, before, now, probe)
    outputs = []
    for vector in (initial, now):
        peer, h, hidden = TorchNet(model, vector), torch.tensor(probe[0]), []
        for number, layer in enumerate(model.layers, 1):
            tensors = {k[2:]: v for k, v in peer.tensors.items() if k.startswith(f"{number}.")}
            h = TORCH_LAYERS[type(layer)](layer, tensors, h)
            h.retain_grad()
            hidden.append(h)
        loss = torch.nn.functional.cross_entropy(h, torch.tensor(probe[1]))
        loss.backward()
        outputs.append([h.detach().numpy() for h in hidden])
    assert seen.loss == pytest.approx(loss.item(), rel=1e-12)
    views = [model.layout.views(vector) for vector in (initial, before, now)]
    for l, names in enumerate(layer_matrices(model)):
        assert len(names) == (2 if name == "highway" and 0 < l < 3 else 1)
        old, mid, new = (np.concatenate([view[n].ravel() for n in names]) for view in views)
        grad = np.concatenate([peer.tensors[n].grad.numpy().ravel() for n in names])
        start = np.linalg.norm(outputs[0][l])
        expected = {
            "relative_update": np.linalg.norm(new - mid) / np.linalg.norm(mid),
            "distance": np.linalg.norm(new - old) / np.linalg.norm(old),
            "gradient": np.linalg.norm(grad),
            "hidden_gradient": np.linalg.norm(hidden[l].grad.numpy()),
            "moved": np.linalg.norm(outputs[1][l] - outputs[0][l]) / start,
        }
        for field, value in expected.items():
            assert getattr(seen, field)[l] == pytest.approx(value, rel=1e-9), field


def test_nothing_moved_is_nought_and_a_layer_without_a_matrix_has_none() -> None:
    model = Chain(4, (Dense(3, SIGMOID), Activation(SIGMOID)), "cross-entropy")
    parameters, probe = model.initial(1), (np.ones((2, 4)), np.array([0, 2]))
    seen = observe(model, parameters, parameters, parameters, probe)
    assert seen.relative_update == seen.distance == seen.moved == (0.0, 0.0)
    assert layer_matrices(model) == (("1.weight",), ()) and seen.gradient[1] == 0 < seen.gradient[0]
    changed = observe(model, np.zeros_like(parameters), parameters, parameters, probe)
    assert changed.distance == (np.inf, 0.0)
