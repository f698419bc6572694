"""Normalisation, residual and highway layers: evaluation, initial values, limiting cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symgrad.numeric.training import Chain, Dense, Highway, Layer, Normalization, Residual, Stack
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import relative

TANH, IDENTITY = KERNELS["tanh"], KERNELS["identity"]
RNG = np.random.default_rng(11)


def test_batch_norm_is_evaluated_with_the_statistics_of_the_reference() -> None:
    """Two layers deep, written out: what the reference has at each place, whatever else is evaluated."""
    torch = pytest.importorskip("torch")
    model = Chain(4, (Dense(5, TANH), Normalization("batch"), Dense(3, TANH), Normalization("batch")))
    parameters = model.initial(2) + 0.1 * RNG.standard_normal(model.layout.size)
    p = {name: torch.tensor(view) for name, view in model.layout.views(parameters).items()}
    inputs, reference = RNG.standard_normal((6, 4)), 1 + RNG.standard_normal((40, 4))
    h, r = torch.tensor(inputs), torch.tensor(reference)
    for l in (1, 3):
        h, r = (torch.tanh(x @ p[f"{l}.weight"].T + p[f"{l}.bias"]) for x in (h, r))
        mean, variance = r.mean(0), r.var(0, correction=0)
        h, r = (
            torch.nn.functional.batch_norm(x, mean, variance, p[f"{l + 1}.scale"], p[f"{l + 1}.shift"])
            for x in (h, r)
        )
    assert relative(model.outputs(parameters, inputs, reference), h.numpy()) < 1e-12
    one = model.outputs(parameters, inputs[:1], reference)
    assert relative(one, h.numpy()[:1]) < 1e-12
    assert relative(model.outputs(parameters, reference), r.numpy()) < 1e-12
    assert relative(model.outputs(parameters, inputs), h.numpy()) > 0.1


@pytest.mark.parametrize("kind", ["layer", "rms"])
def test_other_norms_look_at_one_sample(kind: str) -> None:
    model = Chain(4, (Dense(5, TANH, sigma_w=3.0), Normalization(kind)))
    parameters, inputs = model.initial(2), RNG.standard_normal((6, 4))
    found = model.outputs(parameters, inputs, 1 + RNG.standard_normal((7, 4)))
    assert np.allclose(found, model.outputs(parameters, inputs), atol=1e-14)
    assert np.allclose(np.square(found).mean(axis=1), 1, atol=1e-3)
    assert (np.abs(found.mean(axis=1)) < 1e-12).all() == (kind == "layer")


def test_a_batch_of_one_teaches_batch_norm_nothing() -> None:
    model = Chain(4, (Dense(5, TANH), Normalization("batch"), Dense(2, IDENTITY)))
    trace = model.trace(model.initial(), (np.ones((1, 4)), np.ones((1, 2))))
    assert np.array_equal(trace.outputs[1], np.zeros((1, 5)))
    assert not model.layout.views(trace.gradient)["1.weight"].any()


def test_a_block_is_drawn_as_the_plain_layer() -> None:
    plain = Dense(4, TANH, 1.3, 0.2)
    blocks: list[Layer] = [
        Residual((Normalization("layer"), Dense(4, TANH, 1.3, 0.2))),
        Highway(4, TANH, 1.3, 0.2),
        Stack((Dense(4, TANH, 1.3, 0.2), Normalization("batch"))),
    ]
    expected = Chain(4, (plain, plain)).layout.views(Chain(4, (plain, plain)).initial(3))
    for block in blocks:
        model = Chain(4, (plain, block))
        views = model.layout.views(model.initial(3))
        assert any(np.array_equal(view, expected["2.weight"]) for view in views.values())
        assert any(np.array_equal(view, expected["2.bias"]) for view in views.values())
    gate = Chain(4, (blocks[1],))
    assert (gate.layout.views(gate.initial(3))["1.gate.bias"] == -2).all()
    two = Chain(4, (Residual((Dense(4, TANH), Dense(4, TANH))),))
    inner = two.layout.views(two.initial(3))
    assert abs(np.corrcoef(inner["1.1.weight"].ravel(), inner["1.2.weight"].ravel())[0, 1]) < 0.9


@pytest.mark.parametrize("units", [3, 7, 20])
def test_orthogonal_weights_of_any_shape(units: int) -> None:
    model = Chain(7, (Dense(units, TANH, sigma_w=0.5, weights="orthogonal"),))
    w = 2 * model.layout.views(model.initial(1))["1.weight"]
    gram = w @ w.T if units <= 7 else w.T @ w * 7 / units
    assert np.allclose(gram, np.eye(len(gram)), atol=1e-14)
    assert np.mean(np.square(w)) == pytest.approx(1 / 7)


def test_a_closed_gate_carries_and_an_open_one_does_not() -> None:
    inputs = RNG.standard_normal((5, 4))
    closed, opened = (Chain(4, (Highway(4, TANH, gate_bias=b),)) for b in (-800.0, 800.0))
    plain = Chain(4, (Dense(4, TANH),))
    assert np.array_equal(closed.outputs(closed.initial(1), inputs), inputs)
    assert np.allclose(opened.outputs(opened.initial(1), inputs), plain.outputs(plain.initial(1), inputs))


def test_a_trace_holds_every_layer() -> None:
    model = Chain(4, (Dense(6, TANH), Residual((Dense(6, TANH),)), Dense(2, IDENTITY)))
    parameters, batch = model.initial(1), (RNG.standard_normal((5, 4)), RNG.standard_normal((5, 2)))
    trace, gradient = model.trace(parameters, batch), np.empty_like(parameters)
    assert trace.loss == model.loss_and_gradient()(parameters, batch, gradient)
    assert np.array_equal(trace.gradient, gradient)
    assert np.array_equal(trace.outputs[-1], model.outputs(parameters, batch[0]))
    assert np.allclose(trace.gradients[-1], 2 * (trace.outputs[-1] - batch[1]) / 10, rtol=1e-14)
    above = model.layout.views(parameters)["3.weight"]
    assert np.allclose(trace.gradients[1], trace.gradients[2] @ above, rtol=1e-13)
    assert [g.shape for g in trace.gradients] == [h.shape for h in trace.outputs]


NARROW = Chain(4, (Residual((Dense(3, TANH),)),))
BAD = {
    "a kind of norm": lambda: Normalization("group"),
    "an epsilon of 0": lambda: Normalization("batch", 0.0),
    "no layer": lambda: Stack(()),
    "no branch": lambda: Residual(()),
    "a scale": lambda: Residual((Dense(3, TANH),), math.inf),
    "a branch of another width": lambda: NARROW.layout,
    "a gate of another width": lambda: Chain(4, (Highway(3, TANH),)).widths,
    "a bias of the gate": lambda: Highway(3, TANH, gate_bias=math.nan),
    "a law": lambda: Dense(3, TANH, weights="identity"),
    "a law of a gate": lambda: Highway(3, TANH, weights="identity"),
    "biases that are not there": lambda: Dense(3, TANH, sigma_b=0.1, bias=False),
    "a reference too wide": lambda: NARROW.outputs(np.zeros(15), np.zeros((2, 4)), np.zeros((2, 5))),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_layers_are_one_line(bad: str) -> None:
    with pytest.raises(ValueError, match=r"legal|expected") as caught:
        BAD[bad]()
    assert "\n" not in str(caught.value)
