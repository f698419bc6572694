"""Plans: the nets that their words describe, written out in PyTorch; what does not combine is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symgrad.numeric.training import BLOCKS, Plan
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import relative
from tests.numeric.training_oracles import TorchNet

SIGMOID = KERNELS["sigmoid"]
PLANS = [
    Plan(SIGMOID, 3, 5),
    Plan(SIGMOID, 3, 5, 1.3, 0.4, "orthogonal"),
    *(Plan(SIGMOID, 3, 5, norm=norm) for norm in ("batch", "layer", "rms")),
    *(Plan(SIGMOID, 3, 5, norm=norm, place="after") for norm in ("batch", "layer", "rms")),
    Plan(SIGMOID, 3, 5, block="residual", scale=0.5),
    Plan(SIGMOID, 3, 5, norm="batch", block="residual"),
    Plan(SIGMOID, 3, 5, norm="layer", place="after", block="residual"),
    Plan(SIGMOID, 3, 5, sigma_b=0.2, norm="layer", block="pre-norm", scale=0.7),
    Plan(SIGMOID, 3, 5, norm="rms", block="post-norm"),
    Plan(SIGMOID, 3, 5, sigma_b=0.3, block="highway", gate_bias=-1.0),
]


def written_out(plan: Plan, p: dict[str, Any], x: Any) -> Any:
    """The formulas of `Plan`, on tensors in the order in which a layer has them."""
    import torch

    def norm(a: Any, layer: list[Any]) -> Any:
        if plan.norm is None:
            return a
        axis = 0 if plan.norm == "batch" else 1
        if plan.norm != "rms":
            a = a - a.mean(axis, keepdim=True)
        a = a / (a.square().mean(axis, keepdim=True) + 1e-5).sqrt() * layer.pop(0)
        return a if plan.norm == "rms" else a + layer.pop(0)

    def dense(h: Any, layer: list[Any]) -> Any:
        a = h @ layer.pop(0).T
        return a if plan.norm == "batch" and plan.place == "before" else a + layer.pop(0)

    def inner(h: Any, layer: list[Any]) -> Any:
        if plan.place == "after":
            return norm(torch.sigmoid(dense(h, layer)), layer)
        return torch.sigmoid(norm(dense(h, layer), layer))

    layers = [[v for k, v in p.items() if k.split(".")[0] == str(l)] for l in range(1, plan.depth + 2)]
    h = inner(x, layers[0])
    for layer in layers[1:-1]:
        if plan.block == "plain":
            h = inner(h, layer)
        elif plan.block == "residual":
            h = h + plan.scale * inner(h, layer)
        elif plan.block == "pre-norm":
            h = h + plan.scale * torch.sigmoid(dense(norm(h, layer), layer))
        elif plan.block == "post-norm":
            h = norm(h + plan.scale * torch.sigmoid(dense(h, layer)), layer)
        else:
            value, t = torch.sigmoid(dense(h, layer)), torch.sigmoid(dense(h, layer))
            h = t * value + (1 - t) * h
    if plan.block == "pre-norm":
        h = norm(h, layers[-1])
    h = h @ layers[-1].pop(0).T + layers[-1].pop(0)
    assert not any(layers)  # every tensor has been used
    return h


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_is_the_net_of_its_formulas(plan: Plan) -> None:
    torch = pytest.importorskip("torch")
    model = plan.chain(4, 3)
    assert len(model.layers) == plan.depth + 1 and model.loss == "cross-entropy"
    rng = np.random.default_rng(1)
    parameters = model.initial(2) + 0.2 * rng.standard_normal(model.layout.size)
    inputs, labels = rng.standard_normal((6, 4)), rng.integers(3, size=6)
    gradient = np.empty_like(parameters)
    loss = model.loss_and_gradient()(parameters, (inputs, labels), gradient)
    peer = TorchNet(model, parameters)
    out = written_out(plan, peer.tensors, torch.tensor(inputs))
    assert relative(model.outputs(parameters, inputs), out.detach().numpy()) < 1e-12
    theirs = torch.nn.functional.cross_entropy(out, torch.tensor(labels))
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    assert relative(gradient, peer.vector(gradients=True)) < 1e-10


def test_every_block_is_planned() -> None:
    assert {plan.block for plan in PLANS} == set(BLOCKS)


def test_hidden_matrices_are_scaled_and_the_readout_is_not() -> None:
    plan = Plan(SIGMOID, 2, 200, sigma_w=3.0, sigma_b=2.0)
    views = plan.chain(100, 50).layout.views(plan.chain(100, 50).initial(0))
    for name, size in (("1.weight", 0.3), ("2.weight", 3 / math.sqrt(200)), ("3.weight", 1 / math.sqrt(200))):
        assert np.std(views[name]) == pytest.approx(size, rel=0.03)
    assert np.std(views["2.bias"]) == pytest.approx(2, rel=0.2) and not views["3.bias"].any()


GOOD = Plan(SIGMOID, 3, 5)
BAD: dict[str, dict[str, Any]] = {
    "no depth": {"depth": 0},
    "no width": {"width": 0},
    "a scale of weights": {"sigma_w": -1.0},
    "a scale of biases": {"sigma_b": math.inf},
    "a law": {"weights": "identity"},
    "a norm": {"norm": "group"},
    "a place": {"norm": "layer", "place": "beside"},
    "a place of no norm": {"place": "after"},
    "a place in a block that has its own": {"norm": "layer", "place": "after", "block": "pre-norm"},
    "a block": {"block": "dense"},
    "a block without its norm": {"block": "pre-norm"},
    "a norm in a highway": {"block": "highway", "norm": "batch"},
    "a scale of no branch": {"scale": 0.5},
    "an infinite scale": {"block": "residual", "scale": math.inf},
    "a bias of no gate": {"gate_bias": -1.0},
    "an infinite bias of a gate": {"block": "highway", "gate_bias": math.inf},
    "biases before batch norm": {"norm": "batch", "sigma_b": 0.5},
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_plans_are_one_line(bad: str) -> None:
    with pytest.raises(ValueError, match="legal") as caught:
        replace(GOOD, **BAD[bad])
    assert "\n" not in str(caught.value)
