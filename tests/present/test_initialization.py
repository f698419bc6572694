"""The code that is handed out runs, and does what its docstring promises."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import math
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.present.initialization import FRAMEWORKS, MODES, code, recipe
from symgrad.theory.activations import CORE, activation
from symgrad.theory.initialization.gains import gains

FAN_IN, LAYERS = 400, 20


def text_of(name: str, framework: str, mode: str, q: Any = 1) -> str:
    return code(recipe(name, gains(activation(name), q), mode), framework)


def run(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(text, "<initialisation>", "exec"), names)
    return names


@pytest.mark.parametrize("name", CORE)
def test_compiles_with_the_numbers_put_in(name: str) -> None:
    found = gains(CORE[name])
    for mode, framework in itertools.product(MODES, FRAMEWORKS):
        chosen = recipe(name, found, mode)
        text = code(chosen, framework)
        literals = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
        gain = found.keeping if mode == "forward" else found.backward
        assert float(gain.enclosure().decimal) in literals
        assert float(chosen.bias_std) in literals
        assert "{" not in text


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("name", "mode", "q"),
    [
        ("tanh", "forward", sp.S.One),
        ("tanh", "backward", sp.Rational(1, 2)),
        ("gelu", "backward", sp.S.One),
        ("relu", "forward", sp.Integer(3)),
        ("selu", "forward", sp.Rational(1, 2)),
    ],
    ids=str,
)
def test_pytorch_layers_have_the_variance_promised(torch: Any, name: str, mode: str, q: sp.Rational) -> None:
    """Twenty linear layers started at variance q: std of the weights, and the variance at layer 20."""
    torch.manual_seed(1)
    found = gains(CORE[name], q)
    phi = getattr(torch.nn.functional, name)
    layers = [torch.nn.Linear(FAN_IN, FAN_IN) for _ in range(LAYERS)]
    net = torch.nn.ModuleList(layers)
    net.apply(run(text_of(name, "pytorch", mode, q))["initialize"])
    gain = float((found.keeping if mode == "forward" else found.backward).enclosure().decimal)
    weights = torch.cat([layer.weight.flatten() for layer in layers])
    assert float(weights.detach().std()) == pytest.approx(gain / math.sqrt(FAN_IN), rel=3e-3)
    with torch.no_grad():
        h, variances = phi(torch.randn(64, FAN_IN) * math.sqrt(q)), []
        for layer in layers:
            a = layer(h)
            variances.append(float((a**2).mean()))
            h = phi(a)
    assert variances[0] == pytest.approx(float(q), rel=0.1)
    assert variances[1] == pytest.approx(float(q), rel=0.12)
    if name != "gelu":  # whose fixed point repels: the fluctuations of a finite width grow
        assert np.mean(variances[-5:]) == pytest.approx(float(q), rel=0.2)


def test_pytorch_convolutions_and_missing_biases(torch: Any) -> None:
    initialize = run(text_of("relu", "pytorch", "forward"))["initialize"]
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(16, 128, 3, bias=False)
    initialize(layer)
    assert float(layer.weight.detach().std()) == pytest.approx(math.sqrt(2 / (16 * 9)), rel=0.02)
    initialize(torch.nn.ReLU())  # nothing to do


def semi_orthogonal(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """As Keras documents it: orthonormal rows or columns, whatever is fewer."""
    rows, columns = max(shape), min(shape)
    q, _ = np.linalg.qr(rng.standard_normal((rows, columns)))
    return q if shape == (rows, columns) else q.T


def stand_in(monkeypatch: pytest.MonkeyPatch, framework: str) -> None:
    """Where the framework is not installed: its few names that the code uses, drawn by NumPy."""
    if importlib.util.find_spec(framework) is not None:
        return
    rng = np.random.default_rng(0)
    fake: Any = ModuleType(framework)
    if framework == "jax":
        numpy: Any = ModuleType("jax.numpy")
        numpy.float32 = np.float32
        fake.numpy = numpy
        fake.random = SimpleNamespace(
            normal=lambda key, shape, dtype: np.asarray(rng.standard_normal(shape), dtype),
            key=lambda seed: seed,
        )
        monkeypatch.setitem(sys.modules, "jax.numpy", numpy)
    else:
        fake.initializers = SimpleNamespace(
            RandomNormal=lambda stddev, seed: lambda shape, dtype=None: stddev * rng.standard_normal(shape),
            Orthogonal=lambda gain, seed: lambda shape, dtype=None: gain * semi_orthogonal(rng, shape),
        )
    monkeypatch.setitem(sys.modules, framework, fake)


@pytest.mark.parametrize("framework", ["jax", "keras"])
def test_jax_and_keras_draw_the_same_law(monkeypatch: pytest.MonkeyPatch, framework: str) -> None:
    stand_in(monkeypatch, framework)
    names = run(text_of("tanh", framework, "backward"))
    if framework == "jax":
        key = sys.modules["jax"].random.key(0)
        weights, biases = names["weights"](key, (FAN_IN, 300)), names["biases"](key, (100_000,))
    else:
        weights, biases = names["weights"](0)(shape=(FAN_IN, 300)), names["biases"](0)(shape=(100_000,))
    assert np.std(np.asarray(weights)) == pytest.approx(1.4674135916 / math.sqrt(FAN_IN), rel=0.01)
    assert np.std(np.asarray(biases)) == pytest.approx(math.sqrt(0.150964629), rel=0.01)


def test_a_negative_bias_variance_is_said() -> None:
    chosen = recipe("sigmoid", gains(CORE["sigmoid"]), "backward")
    assert chosen.bias_std == "0.0"
    assert "no biases hold it there" in chosen.keeps
    assert "-5.54335" in chosen.keeps


def test_what_no_gain_keeps_is_refused() -> None:
    for name, mode in (("step(x)", "backward"), ("sqrt(|x|)", "backward"), ("exp(x^2)", "forward")):
        with pytest.raises(InputError, match="no gain keeps"):
            recipe(name, gains(activation(name)), mode)
    with pytest.raises(InputError, match="sideways"):
        recipe("tanh", gains(CORE["tanh"]), "sideways")
    with pytest.raises(InputError, match="theano"):
        code(recipe("tanh", gains(CORE["tanh"])), "theano")


def test_typed_text_cannot_leave_the_docstring() -> None:
    chosen = recipe('x"""\nimport os\n', gains(CORE["tanh"]))
    for framework in FRAMEWORKS:
        tree = ast.parse(code(chosen, framework))
        names = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        assert "os" not in names
