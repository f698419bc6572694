"""The passes on PyTorch tensors against the same passes in NumPy; what the second set refuses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from symgrad.numeric import Net, gradients, sample
from symgrad.numeric.arrays.primitives import NUMPY
from symgrad.numeric.arrays.standard import StandardArrays, standard_arrays
from symgrad.numeric.draws.draw import Draw
from symgrad.numeric.feedforward.measure import measure_draw
from symgrad.numeric.feedforward.measurement import Measurement
from symgrad.numeric.feedforward.plan import Plan
from symgrad.numeric.recurrent import Weights, through_time
from symgrad.numeric.recurrent.cells import RNN
from symgrad.theory.activations import ACTIVATIONS, kernel
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import furthest, random_tensors

torch = pytest.importorskip("torch")
pytest.importorskip("array_api_compat")

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
NAMES = ("tanh", "relu", "gelu", "sigmoid", "elu", "softplus", "identity", "tanh_shrink")
LOGS = ("ln_gradient", "ln_weight_gradient", "ln_preactivation_rms")


def furthest_log(one: Measurement, other: Measurement) -> float:
    """The largest difference of two logarithms, 0 for two that are −inf."""
    gaps = [0.0]
    for name in LOGS:
        left, right = getattr(one, name), getattr(other, name)
        different = left != right
        gaps.append(np.abs(left[different] - right[different]).max(initial=0.0))
    return float(max(gaps))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NAMES)
def test_tensors_measure_as_numpy_does(name: str, device: str, dtype: str) -> None:
    """Batch 4 takes Gram matrices, batch 12 forms ∂E/∂W; with σ_w = 2 tanh′ comes from the output in some
    rows and from the input in others."""
    ops = standard_arrays("torch", device)
    for net in (Net(20, 16, 4, 3, 1.1, 0.2, dtype=dtype), Net(6, 16, 12, 2, 2.0, 0.0, dtype=dtype)):
        draw = sample(net, range(net.seeds))
        here, there = (measure_draw(net, kernel(ACTIVATIONS[name]), draw, on) for on in (NUMPY, ops))
        assert furthest_log(here, there) < (1e-12 if dtype == "float64" else 5e-5)
        close = 1e-12 if dtype == "float64" else 1e-5
        np.testing.assert_allclose(there.preactivation_mean, here.preactivation_mean, rtol=close, atol=close)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["tanh", "relu", "identity"])
def test_exponents_are_carried(name: str, dtype: str) -> None:
    """80 layers that shrink by about 10⁴ each: far beyond either dtype; also with a plan that recomputes."""
    net = Net(80, 12, 3, 2, 1e-4, 0.0, dtype=dtype)
    draw, ops = sample(net, range(2)), standard_arrays("torch", "cpu")
    here = measure_draw(net, kernel(ACTIVATIONS[name]), draw)
    assert here.ln_gradient.min() < -720
    for plan in (None, Plan(2, 1, segment=9)):
        there = measure_draw(net, kernel(ACTIVATIONS[name]), draw, ops, plan)
        assert furthest_log(here, there) < (1e-10 if dtype == "float64" else 1e-3)


def test_explicit_gradients() -> None:
    weights, biases, inputs, covector = random_tensors(3, (7, 5, 9, 3), 5, (2,))
    ops, gelu = standard_arrays("torch", "cpu"), kernel(ACTIVATIONS["gelu"])
    here, there = (gradients(gelu, weights, biases, inputs, covector, primitives=on) for on in (NUMPY, ops))
    assert furthest(there, here) < 1e-12


@pytest.mark.parametrize("name", ["identity", "tanh"])
def test_nothing_is_written(name: str) -> None:
    """PyTorch counts what is done to a tensor in place; every exponent is carried here, every bias added."""
    net = Net(60, 8, 3, 2, 0.05, 1e-30)
    draw, ops = sample(net, range(2)), standard_arrays("torch", "cpu")
    assert draw.biases is not None
    moved: Any = Draw(
        [ops.array(weight) for weight in draw.weights],
        [ops.array(bias) for bias in draw.biases],
        ops.array(draw.inputs),
        ops.array(draw.covector),
    )
    found = measure_draw(net, kernel(ACTIVATIONS[name]), moved, ops)
    assert furthest_log(found, measure_draw(net, kernel(ACTIVATIONS[name]), draw)) < 1e-10
    for tensor in (*moved.weights, *(moved.biases or ()), moved.inputs, moved.covector):
        assert tensor._version == 0


def test_numpy_by_the_standard_alone() -> None:
    net = Net(8, 12, 3, 2, 1.1, 0.3)
    draw, ops = sample(net, range(2)), standard_arrays("numpy")
    found = measure_draw(net, kernel(ACTIVATIONS["tanh"]), draw, ops)
    assert furthest_log(found, measure_draw(net, kernel(ACTIVATIONS["tanh"]), draw)) < 1e-13
    with pytest.raises(NotImplementedError, match=r"^array_api_compat\.numpy has no erfc\b[^\n]*$"):
        measure_draw(net, kernel(ACTIVATIONS["gelu"]), draw, ops)


def test_refusals() -> None:
    for bad, says in (
        (("tensorflow", None), "namespace = 'tensorflow': legal are torch, cupy, numpy"),
        (("cupy", None), "namespace = 'cupy': cupy is not installed"),
        (("torch", "nowhere"), "device = 'nowhere': torch does not take it"),
    ):
        with pytest.raises(ValueError, match=rf"^{re.escape(says)}[^\n]*$"):
            standard_arrays(*bad)
    net = Net(2, 4, 2, 1)
    with pytest.raises(ValueError, match="for NumPy alone"):
        measure_draw(net, KERNELS["tanh"], sample(net, range(1)), standard_arrays("torch", "cpu"))
    wild = replace(net, sigma_w=1e80)
    with pytest.raises(ValueError, match=r"^layer \d+: the pre-activation passes") as here:
        measure_draw(wild, kernel(ACTIVATIONS["sin"]), sample(wild, range(1)))
    with pytest.raises(ValueError, match=r"^layer \d+: the pre-activation passes") as there:
        measure_draw(
            wild, kernel(ACTIVATIONS["sin"]), sample(wild, range(1)), standard_arrays("torch", "cpu")
        )
    assert str(here.value) == str(there.value)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_through_time_on_tensors(dtype: str) -> None:
    """A recurrence of 200 steps that shrinks beyond either dtype."""
    rng, tanh = np.random.default_rng(0), kernel(ACTIVATIONS["tanh"])
    w, u, b, x, g = (
        scale * rng.standard_normal((2, *shape)).astype(dtype)
        for scale, shape in ((0.005, (8, 8)), (1.0, (8, 5)), (0.1, (8,)), (0.1, (200, 3, 5)), (1.0, (3, 8)))
    )
    here, there = (
        through_time(RNN(tanh), Weights(w, u, b), x, g, primitives=on)
        for on in (NUMPY, standard_arrays("torch", "cpu"))
    )
    assert here.ln_state.min() < -750
    np.testing.assert_allclose(there.ln_state, here.ln_state, atol=1e-11 if dtype == "float64" else 1e-4)
    for name in ("recurrent", "input", "bias", "initial"):
        left, right = getattr(here, name), getattr(there, name)
        moved = np.ldexp(right.values, right.exponent - left.exponent)
        largest = np.abs(left.values).max()
        # some four roundings a step add up over 200 steps
        np.testing.assert_allclose(moved, left.values, atol=largest * 800 * np.finfo(dtype).eps / 2)


class Counting(StandardArrays):
    """Counts what waits for the device."""

    waits = 0

    def within(self, x: Any, low: float, high: float) -> bool:
        Counting.waits += 1
        return super().within(x, low, high)

    def numpy(self, x: Any) -> Any:
        Counting.waits += 1
        return super().numpy(x)


def test_a_layer_waits_for_the_device_a_few_times() -> None:
    """Four times where no exponent is carried: a_l, h_l, δ_l and ∂E/∂h_l are looked at once each. And some
    more at the end, whatever the depth."""
    counted = []
    for depth in (10, 30):
        net, ops = Net(depth, 16, 4, 3, 1.0, 0.1), standard_arrays("torch", "cpu")
        Counting.waits = 0
        measure_draw(net, kernel(ACTIVATIONS["tanh"]), sample(net, range(3)), Counting(ops.xp, ops.device))
        counted.append(Counting.waits)
    assert counted[1] - counted[0] <= 4 * 20
    assert counted[0] <= 4 * 10 + 8
