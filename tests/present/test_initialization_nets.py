"""The code that the adviser hands out, run in real nets of the framework: gradients come out as predicted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgrad import verbs
from tests.present.test_initialization import run, stand_in

DEPTH, WIDTH, BATCH, SEEDS = 12, 48, 4, 9
CASES = [
    ("tanh", "orthogonal"),
    ("tanh", "he"),
    ("tanh", "uniform"),
    ("relu", "he"),
    ("relu", "orthogonal"),
    ("selu", "backward"),
    ("sigmoid", "glorot"),
    ("softplus", "lecun"),
    ("gelu", "double"),
    ("silu", "orthogonal-double"),
]


def advised(name: str, key: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The row and the code of a scheme."""
    document = verbs.advise(name, depth=DEPTH, width=WIDTH, batch=BATCH, seeds=1)
    return next(row for row in document["schemes"] if row["key"] == key), document["codes"][key]


def in_the_band(row: dict[str, Any], ratios: list[float]) -> None:
    """Their median, and nearly all of them; not if the prediction were off by three half-widths."""
    low, high = row["band"]
    half, median = (high - low) / 2, float(np.median(ratios))
    assert low <= median <= high
    assert sum(low <= ratio <= high for ratio in ratios) >= SEEDS - 1
    for wrong in (row["predicted_log10_ratio"] + 3 * half, row["predicted_log10_ratio"] - 3 * half):
        assert not wrong - half <= median <= wrong + half


@pytest.mark.parametrize(("name", "key"), CASES)
def test_pytorch_nets_have_the_predicted_ratio(name: str, key: str) -> None:
    torch = pytest.importorskip("torch")
    row, codes = advised(name, key)
    phi = getattr(torch.nn.functional, name, None) or getattr(torch, name)

    class Phi(torch.nn.Module):  # type: ignore[name-defined]
        def forward(self, a: Any) -> Any:
            return phi(a)

    ratios = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        layers = [part for _ in range(DEPTH) for part in (torch.nn.Linear(WIDTH, WIDTH), Phi())]
        net = torch.nn.Sequential(*layers).double()
        net.apply(run(codes["pytorch"])["initialize"])
        inputs, covector = torch.randn(2, BATCH, WIDTH, dtype=torch.float64)
        (net(inputs) * covector).sum().backward()
        first, last = net[0].weight.grad, net[-2].weight.grad
        ratios.append(float(torch.log10(first.norm() / last.norm())))
    in_the_band(row, ratios)


def test_pytorch_s_own_default_is_the_row_of_that_name() -> None:
    """nn.Linear as it comes, with uniform laws, against the Gaussian ones that were predicted."""
    torch = pytest.importorskip("torch")
    row, _ = advised("tanh", "uniform")
    ratios = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        layers = [part for _ in range(DEPTH) for part in (torch.nn.Linear(WIDTH, WIDTH), torch.nn.Tanh())]
        net = torch.nn.Sequential(*layers).double()
        inputs, covector = torch.randn(2, BATCH, WIDTH, dtype=torch.float64)
        (net(inputs) * covector).sum().backward()
        ratios.append(float(torch.log10(net[0].weight.grad.norm() / net[-2].weight.grad.norm())))
    in_the_band(row, ratios)


@pytest.mark.parametrize(("name", "key"), [("tanh", "orthogonal"), ("tanh", "backward")])
def test_jax_nets_have_the_predicted_ratio(name: str, key: str) -> None:
    jax = pytest.importorskip("jax")
    row, codes = advised(name, key)
    names = run(codes["jax"])

    def energy(weights: Any, biases: Any, h: Any, covector: Any) -> Any:
        for w, b in zip(weights, biases, strict=True):
            h = jax.numpy.tanh(h @ w + b)
        return (h * covector).sum()

    gradient = jax.jit(jax.grad(energy))
    ratios = []
    for seed in range(SEEDS):
        keys = jax.random.split(jax.random.key(seed), 2 * DEPTH + 2)
        weights = [names["weights"](k, (WIDTH, WIDTH)) for k in keys[:DEPTH]]
        biases = [names["biases"](k, (WIDTH,)) for k in keys[DEPTH:-2]]
        inputs, covector = (jax.random.normal(k, (BATCH, WIDTH)) for k in keys[-2:])
        found = gradient(weights, biases, inputs, covector)
        norms = [float(jax.numpy.linalg.norm(found[place])) for place in (0, -1)]
        ratios.append(float(np.log10(norms[0] / norms[1])))
    in_the_band(row, ratios)


@pytest.mark.parametrize("shape", [(40, 40), (20, 60), (60, 20)])
@pytest.mark.parametrize("framework", ["pytorch", "jax", "keras"])
def test_orthogonal_layers_of_any_shape_keep_the_variance(
    monkeypatch: pytest.MonkeyPatch, framework: str, shape: tuple[int, int]
) -> None:
    """Entries of variance σ_w²/fan-in, and rows or columns orthogonal, whatever is longer."""
    fan_in, fan_out = shape
    _, codes = advised("relu", "orthogonal")
    if framework == "pytorch":
        torch = pytest.importorskip("torch")
        layer = torch.nn.Linear(fan_in, fan_out)
        run(codes[framework])["initialize"](layer)
        weights = layer.weight.detach().numpy().T
        assert not layer.bias.detach().numpy().any()
    elif framework == "jax":
        jax = pytest.importorskip("jax")
        weights = np.asarray(run(codes[framework])["weights"](jax.random.key(0), shape))
    else:
        stand_in(monkeypatch, framework)
        weights = np.asarray(run(codes[framework])["weights"](0)(shape))
    assert weights.shape == shape
    assert float(np.mean(weights**2)) * fan_in == pytest.approx(2.0, rel=1e-5)
    values = np.linalg.svd(weights, compute_uv=False)
    np.testing.assert_allclose(values, values[0], rtol=1e-5)
