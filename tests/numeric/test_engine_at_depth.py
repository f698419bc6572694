"""The engine deep down, against the same pass written plainly in 80-bit numbers, and against itself.

The reference shares no line with the engine: no rows, no exponents, φ and φ′ written again. 80-bit numbers
reach 10^±4932; its gradient is divided by its largest entry long before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symgrad.numeric import Kernel, Measurement, Net, gradients, measure, sample
from symgrad.numeric.feedforward.measure import measure_draw, measure_together
from symgrad.numeric.feedforward.plan import Plan
from symgrad.numeric.recurrent import Weights, through_time
from symgrad.numeric.recurrent.cells import RNN
from symgrad.numeric.threads import limit_threads
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import relative

Long = np.longdouble

PHI: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "identity": (lambda a: a, np.ones_like),
    "tanh": (np.tanh, lambda a: 1 / np.cosh(a) ** 2),
    "relu": (lambda a: np.where(a > 0, a, 0), lambda a: np.where(a > 0, Long(1), Long(0))),
    "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2),
    "softplus": (
        lambda a: np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))),
        lambda a: 1 / (1 + np.exp(-a)),
    ),
}
"""φ and φ′ for 80-bit arrays."""

CASES = {
    "identity explodes": ("identity", 30.0, 0.3),
    "identity vanishes": ("identity", 0.02, 0.0),
    "tanh vanishes": ("tanh", 0.1, 0.0),
    "tanh vanishes to 10^-5000": ("tanh", 0.003, 0.5),
    "relu vanishes with biases": ("relu", 0.05, 1.0),
    "sigmoid vanishes": ("sigmoid", 0.5, 0.2),
    "softplus explodes": ("softplus", 8.0, 0.1),
}
"""case → activation, sigma_w, sigma_b: nets whose orbit forgets rounding."""


def plain_pass(name: str, net: Net, seed: int) -> tuple[Any, Any]:
    """ln ‖∂E/∂h_l‖ and ln ‖∂E/∂W_l‖_F of one seed, (L,) each."""
    draw = sample(net, range(seed, seed + 1))
    phi, slope = PHI[name]
    weights = [w[0].astype(Long) * Long(net.sigma_w) for w in draw.weights]
    states, slopes = [draw.inputs[0].astype(Long)], []
    for l, w in enumerate(weights):
        a = states[-1] @ w.T
        if draw.biases is not None:
            a = a + Long(net.sigma_b) * draw.biases[l][0].astype(Long)
        states.append(phi(a))
        slopes.append(slope(a))
    grad, outside, found = draw.covector[0].astype(Long), Long(0), []
    for l in reversed(range(net.depth)):
        delta = grad * slopes[l]
        found.append(
            (
                np.log(np.sqrt((grad * grad).sum())) + outside,
                _ln_outer(delta, states[l]) + outside,
            )
        )
        grad = delta @ weights[l]
        size = np.abs(grad).max()
        if size and not Long("1e-1000") < size < Long("1e1000"):
            grad, outside = grad / size, outside + np.log(size)
    return tuple(np.array(column[::-1], float) for column in zip(*found, strict=True))  # type: ignore[return-value]


def _ln_outer(delta: Any, state: Any) -> Any:
    """ln ‖δᵀH‖_F, the squares taken at a scale of their own."""
    formed = delta.T @ state
    size = np.abs(formed).max()
    return np.log(size) + np.log(np.sqrt(((formed / size) ** 2).sum())) if size else -np.inf


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with np.errstate(divide="ignore", over="ignore"):
        yield


@pytest.mark.skipif(np.finfo(Long).maxexp < 16000, reason="no 80-bit numbers on this machine")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("case", "depth"),
    [
        *((case, 300) for case in CASES),
        *((case, 2000) for case in list(CASES)[::3]),
        *(pytest.param(case, 2000, marks=pytest.mark.slow) for case in CASES if case not in list(CASES)[::3]),
    ],
)
def test_deep_nets_against_a_plain_pass_in_80_bits(case: str, depth: int, dtype: str) -> None:
    name, sigma_w, sigma_b = CASES[case]
    net = Net(depth, 4, 2, 2, sigma_w, sigma_b, seed=depth, dtype=dtype)
    states, weights = plain_pass(name, net, 1)
    found = measure(net, KERNELS[name], norms=False)
    close = 1e-10 if dtype == "float64" else 3e-3
    np.testing.assert_allclose(found.ln_gradient[1], states, atol=close, rtol=1e-13)
    np.testing.assert_allclose(found.ln_weight_gradient[1], weights, atol=close, rtol=1e-13)
    if depth == 2000 and "5000" in case:
        assert states[0] < -5000 * np.log(10)


PLANS = {
    "a seed at a time": Plan(1, 1),
    "all together": Plan(5, 1),
    "two side by side": Plan(2, 2),
    "checkpointed": Plan(3, 2, segment=7),
    "weights drawn again": Plan(2, 1, segment=18, redraw=True),
}


def same_bits(one: Measurement, other: Measurement) -> None:
    """Every number of two measurements is the same."""
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert field.name == "net" or (a is None and b is None) or np.array_equal(a, b), field.name


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(
    ("name", "sigma_w"), [("tanh", 1.5), ("relu", 30.0), ("gelu", 0.02), ("identity", 1e-9)]
)
def test_plans_change_no_bit(name: str, sigma_w: float, plan: str) -> None:
    net = Net(90, 9, 5, 5, sigma_w, 0.1, seed=4)
    same_bits(measure(net, KERNELS[name], plan=PLANS[plan]), measure(net, KERNELS[name]))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_company_and_threads_change_no_bit(dtype: str) -> None:
    """Nets that differ in scales, activation and depth: together, alone, on one thread, as tensors."""
    nets = [
        Net(depth, 17, 6, 4, sigma_w, sigma_b, seed=9, dtype=dtype)
        for depth, sigma_w, sigma_b in ((40, 1.0, 0.0), (90, 40.0, 0.5), (70, 0.01, 0.0), (40, 1.4, 0.3))
    ]
    kernels = [KERNELS[name] for name in ("tanh", "relu", "gelu", "tanh")]
    alone = [measure(net, kernel) for net, kernel in zip(nets, kernels, strict=True)]
    try:
        for threads in (1, 2, None):
            limit_threads(threads)
            for found, expected in zip(measure_together(nets, kernels), alone, strict=True):
                same_bits(found, expected)
    finally:
        limit_threads(None)
    for net, kernel, expected in zip(nets, kernels, alone, strict=True):
        same_bits(measure_draw(net, kernel, sample(net, range(4))), expected)


@pytest.mark.parametrize("name", ["tanh", "gelu", "relu"])
def test_one_weight_in_every_layer_is_a_recurrent_net(name: str) -> None:
    """Two engines: T layers with the same W and no inputs but h_0, against BPTT with x = 0."""
    kernel: Kernel = KERNELS[name]
    rng = np.random.default_rng(6)
    w, b = 1.2 * rng.standard_normal((3, 12, 12)) / 12**0.5, 0.2 * rng.standard_normal((3, 12))
    start, g = rng.standard_normal((3, 5, 12)), rng.standard_normal((3, 5, 12))
    steps = 60
    layers = gradients(kernel, [w] * steps, [b] * steps, start, g)
    through = through_time(
        RNN(kernel), Weights(w, np.zeros((3, 12, 1)), b), np.zeros((3, steps, 5, 1)), g, start
    )
    assert relative(through.recurrent.plain(), sum(layers.weights)) < 1e-12
    assert relative(through.bias.plain()[:, 0], sum(layers.biases)) < 1e-12
    assert relative(through.initial.plain(), layers.outputs[0]) < 1e-12
    logs = np.log([np.linalg.norm(h, axis=(1, 2)) for h in layers.outputs[1:]]).T
    np.testing.assert_allclose(through.ln_state, logs, atol=1e-11)
