"""Layers, losses and chains: gradients against differences of the forward pass and against PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from symgrad.numeric import Net, sample
from symgrad.numeric.threads import blas_threads
from symgrad.numeric.training import (
    LAYERS,
    LOSSES,
    Activation,
    Chain,
    Dense,
    Layer,
    Layout,
    Normalization,
    Recurrent,
    Scratch,
    norm,
)
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import relative
from tests.numeric.training_oracles import (
    EXAMPLES,
    TORCH_LAYERS,
    TORCH_LOSSES,
    TorchNet,
    chain,
    differences,
    samples,
)

Unweighted = Activation | Normalization
CASES = [pytest.param(l, id=f"{name} {n}") for name, all_of in EXAMPLES.items() for n, l in enumerate(all_of)]


def test_every_layer_has_an_example() -> None:
    assert set(LAYERS) == set(EXAMPLES)
    assert {type(layer) for layers in EXAMPLES.values() for layer in layers} == {*TORCH_LAYERS, Recurrent}


def bound(layer: Layer, dtype: str, batch: int = 3, first: bool | None = None) -> Any:
    """A layer with random parameters: its pass, parameters, gradient (not a number yet), inputs and g. One
    that is always the first of its chain is bound so."""
    first = isinstance(layer, Recurrent) if first is None else first
    layout = Layout(tuple(layer.shapes(4).items()))
    rng = np.random.default_rng(3)
    vector = (0.5 * rng.standard_normal(layout.size)).astype(dtype)
    gradient = np.full_like(vector, np.nan)
    inputs = rng.standard_normal((batch, 4)).astype(dtype)
    g = rng.standard_normal((batch, layer.outputs(4))).astype(dtype)
    scratch = Scratch(np.dtype(dtype))
    run = layer.bind(layout.views(vector), layout.views(gradient), batch, scratch, first)
    return run, vector, gradient, inputs, g


@pytest.mark.parametrize("layer", CASES)
def test_vjp_equals_differences(layer: Layer) -> None:
    run, vector, gradient, inputs, g = bound(layer, "float64")
    run.forward(inputs)
    below = run.vjp(g.copy()).copy()

    def energy(_: Any) -> float:
        return float(np.sum(run.forward(inputs) * g))

    assert relative(gradient, differences(energy, vector)) < 1e-8
    assert isinstance(layer, Recurrent) or relative(below, differences(energy, inputs)) < 1e-8


@pytest.mark.parametrize("layer", [case for case in CASES if not isinstance(case.values[0], Recurrent)])
def test_vjp_equals_pytorch(layer: Layer) -> None:
    torch = pytest.importorskip("torch")
    run, vector, gradient, inputs, g = bound(layer, "float64", batch=7)
    out = run.forward(inputs)
    layout = Layout(tuple(layer.shapes(4).items()))
    tensors = {name: torch.tensor(view, requires_grad=True) for name, view in layout.views(vector).items()}
    h = torch.tensor(inputs, requires_grad=True)
    theirs = TORCH_LAYERS[type(layer)](layer, tensors, h)
    theirs.backward(torch.tensor(g))
    assert relative(out, theirs.detach().numpy()) < 1e-13
    assert relative(run.vjp(g.copy()), h.grad.numpy()) < 1e-10
    for name, view in layout.views(gradient).items():
        assert relative(view, tensors[name].grad.numpy()) < 1e-10, name


@pytest.mark.parametrize("layer", CASES)
def test_vjp_in_float32_is_that_of_float64(layer: Layer) -> None:
    found = []
    for dtype in ("float32", "float64"):
        run, _, gradient, inputs, g = bound(layer, dtype)
        out = run.forward(inputs)
        below = run.vjp(g.copy())
        assert out.dtype == below.dtype == gradient.dtype == np.dtype(dtype)
        found.append((gradient, below.copy(), out.copy()))
    assert all(relative(a, b) < 1e-6 for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("layer", CASES)
def test_passes_leave_no_trace(layer: Layer) -> None:
    run, vector, gradient, inputs, g = bound(layer, "float64")
    before = vector.copy(), inputs.copy()
    answers = []
    for scale in (1.0, 30.0, 1.0):
        out = run.forward(scale * inputs).copy()
        answers.append((out, run.vjp(g.copy()).copy(), gradient.copy()))
    assert all(np.array_equal(a, b) for a, b in zip(answers[0], answers[2], strict=True))
    assert np.array_equal(vector, before[0]) and np.array_equal(inputs, before[1])
    alone, _, first_gradient, _, _ = bound(layer, "float64", first=True)
    alone.forward(inputs)
    alone.vjp(g.copy())
    assert np.array_equal(first_gradient, gradient)


@pytest.mark.parametrize(
    "layer", [l for layers in EXAMPLES.values() for l in layers[:1] if not isinstance(l, Unweighted)]
)
def test_initial_values_depend_on_the_key_alone(layer: Layer) -> None:
    one, two = Chain(4, (layer,)), Chain(4, (layer, Dense(2, KERNELS["tanh"])))
    assert np.array_equal(one.initial(5), two.initial(5)[: one.layout.size])
    assert not np.array_equal(one.initial(5), one.initial(6))
    assert not np.array_equal(one.initial(5), one.initial(5, replica=1))
    assert np.array_equal(one.initial(5, "float32"), one.initial(5).astype("float32"))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_chain_begins_where_the_simulated_net_stands(dtype: str) -> None:
    net = Net(depth=3, width=8, seeds=2, seed=4, sigma_b=1.0, dtype=dtype)
    model = Chain(8, (Dense(8, KERNELS["tanh"], 1.0, 1.0),) * 3)
    drawn = sample(net, range(1, 2))
    views = model.layout.views(model.initial(4, dtype, replica=1))
    assert drawn.biases is not None
    for l in range(3):
        assert relative(views[f"{l + 1}.weight"], drawn.weights[l][0]) < 1e-15
        assert relative(views[f"{l + 1}.bias"], drawn.biases[l][0]) < 1e-15


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", KERNELS)
def test_gradients_equal_pytorch(name: str, loss: str) -> None:
    pytest.importorskip("torch")
    model = chain(name, loss)
    parameters = model.initial(1)
    gradient = np.full_like(parameters, np.nan)
    f = model.loss_and_gradient()
    for count in (6, 2, 6):  # a smaller batch in between
        batch = samples(model, count)
        peer = TorchNet(model, parameters)
        expected = peer.loss(*batch)
        expected.backward()
        assert f(parameters, batch, gradient) == pytest.approx(expected.item(), rel=1e-13)
        assert relative(gradient, peer.vector(gradients=True)) < 1e-13


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_equal_differences(loss: str) -> None:
    model = chain("gelu", loss)
    parameters, batch = model.initial(2), samples(model, 5)
    gradient, other = np.empty_like(parameters), np.empty_like(parameters)
    f = model.loss_and_gradient()
    f(parameters, batch, gradient)
    assert relative(gradient, differences(lambda p: f(p, batch, other), parameters)) < 1e-8
    # float32 gives the same but for rounding, through vectors that f has not seen
    single = [part.astype("float32") if part.dtype == float else part for part in batch]
    half = np.empty(model.layout.size, "float32")
    f(parameters.astype("float32"), tuple(single), half)
    assert relative(half, gradient) < 1e-6


def test_every_loss_has_its_peer() -> None:
    assert set(LOSSES) == set(TORCH_LOSSES)


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_cross_entropy_of_large_outputs(scale: float) -> None:
    outputs = scale * np.array([[1.0, -1.0, 0.5], [0.0, 2.0, -3.0]])
    gradient = np.empty_like(outputs)
    error = LOSSES["cross-entropy"](outputs, np.array([1, 1]), gradient)
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    exact = np.log(np.exp(shifted).sum(axis=1)) - shifted[[0, 1], [1, 1]]
    assert error == pytest.approx(exact.mean(), rel=1e-14)
    assert np.allclose(gradient.sum(axis=1), 0, atol=1e-15) and np.isfinite(gradient).all()


def test_outputs_are_those_of_the_layers() -> None:
    model = chain("tanh", widths=(4, 3, 2))
    parameters = model.initial(0)
    p, (x, _) = model.layout.views(parameters), samples(model, 7)
    expected = np.tanh(np.tanh(x @ p["1.weight"].T + p["1.bias"]) @ p["2.weight"].T + p["2.bias"])
    assert relative(model.outputs(parameters, x), expected) < 1e-15


@pytest.mark.parametrize("exponent", [-300, -160, 0, 153, 300])
def test_norms_of_any_size(exponent: int) -> None:
    v = np.array([3.0, -4.0, 12.0]) * 10.0**exponent
    assert norm(v) == pytest.approx(13 * 10.0**exponent, rel=1e-14)
    assert norm(np.float32(13e-20) * np.ones(4, "float32")) == pytest.approx(26e-20, rel=1e-6)


@pytest.mark.parametrize("count", [0, 1, 8191, 8192, 8193, 50_000])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_norms_of_any_length_whatever_the_threads(dtype: str, count: int) -> None:
    v = np.random.default_rng(count).standard_normal(count).astype(dtype)
    found = []
    for threads in (1, None):
        with blas_threads(threads):
            found.append(norm(v))
    assert found[0] == found[1] == pytest.approx(math.sqrt(math.fsum(v.astype(float) ** 2)), rel=1e-6)
    assert dtype == "float32" or found[0] == pytest.approx(math.sqrt(math.fsum(v**2)), rel=1e-14)


def test_norms_that_are_no_numbers() -> None:
    assert norm(np.zeros(3)) == 0
    assert norm(np.array([1.0, np.inf])) == np.inf
    assert np.isnan(norm(np.array([1.0, np.nan])))


MODEL = chain()
BAD = {
    "no units": lambda: Dense(0, KERNELS["tanh"]),
    "a scale": lambda: Dense(3, KERNELS["tanh"], sigma_w=float("nan")),
    "no layers": lambda: Chain(3, ()),
    "no inputs": lambda: Chain(0, MODEL.layers),
    "a loss": lambda: Chain(3, MODEL.layers, "hinge"),
    "a dtype": lambda: MODEL.initial(dtype="float16"),
    "a name twice": lambda: Layout((("w", (2,)), ("w", (3,)))),
    "a vector too short": lambda: MODEL.layout.views(np.zeros(3)),
    "inputs too wide": lambda: MODEL.outputs(MODEL.initial(), np.zeros((2, 9))),
    "inputs of another dtype": lambda: MODEL.outputs(MODEL.initial(), np.zeros((2, 4), "float32")),
    "no sample": lambda: MODEL.outputs(MODEL.initial(), np.zeros((0, 4))),
    "targets of another shape": lambda: LOSSES["squared-error"](np.zeros((2, 3)), np.zeros(2), np.zeros(6)),
    "targets that are no classes": lambda: LOSSES["cross-entropy"](
        np.zeros((2, 3)), np.array([0, 3]), np.zeros((2, 3))
    ),
    "targets that are no whole numbers": lambda: LOSSES["cross-entropy"](
        np.zeros((2, 3)), np.array([0.0, 1.0]), np.zeros((2, 3))
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_input_is_one_line(bad: str) -> None:
    with pytest.raises(ValueError, match=r"legal|expected|twice|at least") as caught:
        BAD[bad]()
    assert "\n" not in str(caught.value)
