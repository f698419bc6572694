"""Explicit gradients against PyTorch and 50-digit differences, and the comparison against planted errors."""

from __future__ import annotations

import dataclasses
from typing import Any

import mpmath
import numpy as np
import pytest

from symgrad.numeric import Kernel, Net, gradients, measure, sample
from tests.numeric.kernels import EXACT, KERNELS, TORCH
from tests.numeric.oracles import (
    difference_gradients,
    furthest,
    random_tensors,
    scaled_tensors,
    torch_gradients,
)

AGREE = 1e-10


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("widths", [(4, 4), (7, 5, 9, 3), (1, 6, 1), (12,) * 21], ids=str)
@pytest.mark.parametrize("lead", [(), (3,)], ids=["one", "stack"])
def test_pytorch(name: str, widths: tuple[int, ...], lead: tuple[int, ...]) -> None:
    pytest.importorskip("torch")
    tensors = random_tensors(len(widths), widths, 5, lead)
    assert furthest(gradients(KERNELS[name], *tensors), torch_gradients(TORCH[name], *tensors)) < AGREE


@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("name", KERNELS)
def test_drawn_nets_against_pytorch(name: str, law: str) -> None:
    pytest.importorskip("torch")
    net = Net(depth=30, width=16, batch=4, seeds=2, sigma_w=1.2, sigma_b=0.4, weights=law, seed=3)
    draw = sample(net, range(2))
    tensors = scaled_tensors(net, draw)
    oracle = torch_gradients(TORCH[name], *tensors)
    assert furthest(gradients(KERNELS[name], *tensors), oracle) < AGREE
    found = measure(net, KERNELS[name])
    for l in range(net.depth):
        for logs, tensor in (
            (found.ln_gradient, oracle.outputs[l + 1]),
            (found.ln_weight_gradient, oracle.weights[l]),
        ):
            np.testing.assert_allclose(logs[:, l], np.log(np.linalg.norm(tensor, axis=(1, 2))), atol=AGREE)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("widths", [(2, 3, 2), (3, 2, 2, 2)], ids=str)
def test_fifty_digit_differences(name: str, widths: tuple[int, ...]) -> None:
    tensors = random_tensors(7, widths, 2)
    assert furthest(gradients(KERNELS[name], *tensors), difference_gradients(EXACT[name], *tensors)) < AGREE


def _scaled_slope(kernel: Kernel, factor: float) -> Kernel:
    def dphi(a: Any, h: Any, out: Any) -> None:
        kernel.dphi(a, h, out)
        out *= factor

    return dataclasses.replace(kernel, dphi=dphi)


def _one_factor_dropped(kernel: Kernel, layer: int) -> Kernel:
    calls = iter(range(1, 1000))

    def dphi(a: Any, h: Any, out: Any) -> None:
        kernel.dphi(a, h, out)
        if next(calls) == layer:
            out.fill(1)

    return dataclasses.replace(kernel, dphi=dphi)


@pytest.mark.parametrize(
    "planted",
    [
        lambda k: _scaled_slope(k, 1.001),
        lambda k: _scaled_slope(k, 1 + 2e-10),
        lambda k: _one_factor_dropped(k, 2),
        lambda k: dataclasses.replace(k, dphi=KERNELS["sigmoid"].dphi),
    ],
    ids=["a thousandth", "just above the tolerance", "dropped factor", "another slope"],
)
def test_planted_errors_are_caught(planted: Any) -> None:
    tensors = random_tensors(7, (3, 2, 2, 2), 2)
    oracle = difference_gradients(mpmath.tanh, *tensors)
    assert furthest(gradients(KERNELS["tanh"], *tensors), oracle) < AGREE
    assert furthest(gradients(planted(KERNELS["tanh"]), *tensors), oracle) > AGREE


def test_a_transposed_weight_is_caught() -> None:
    weights, *rest = random_tensors(5, (3, 3, 3), 2)
    oracle = difference_gradients(EXACT["gelu"], weights, *rest)
    assert furthest(gradients(KERNELS["gelu"], [weights[0], weights[1].T], *rest), oracle) > AGREE


def test_no_biases_are_zero_biases() -> None:
    weights, biases, inputs, covector = random_tensors(1, (4, 5, 3), 2)
    without = gradients(KERNELS["gelu"], weights, None, inputs, covector)
    zero = gradients(KERNELS["gelu"], weights, [0 * b for b in biases], inputs, covector)
    assert furthest(without, zero) == 0


def test_explicit_gradients_beyond_the_ordinary_range() -> None:
    """Past 2^200 the pass carries exponents, and the tensors still come back as plain numbers."""
    weights, _, inputs, covector = random_tensors(2, (3, 4, 4, 2), 2)
    scale = [2.0**300, 2.0**-250, 2.0**80]
    huge = [s * w for s, w in zip(scale, weights, strict=True)]
    for name in ("identity", "relu"):
        plain = gradients(KERNELS[name], weights, None, inputs, covector)
        found = gradients(KERNELS[name], huge, None, inputs, covector)
        product = np.prod(scale)
        for l, s in enumerate(scale):
            np.testing.assert_allclose(found.weights[l], plain.weights[l] * (product / s), rtol=1e-13)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda w, b, x, g: (w, b[:1], x, g), ["1 biases for 2 weights"]),
        (lambda w, b, x, g: ([w[1], w[0]], b, x, g), ["W_1", "expected"]),
        (lambda w, b, x, g: (w, [b[0], b[0]], x, g), ["b_2", "(2,)"]),
        (lambda w, b, x, g: (w, b, x, x), ["covector", "(5, 2)"]),
        (lambda w, b, x, g: (w, b, x.astype(np.float32), g), ["W_1", "float32"]),
        (lambda w, b, x, g: (w, b, x.astype(int), g), ["int64", "float64, float32"]),
        (lambda w, b, x, g: ([], None, x, g), ["empty"]),
    ],
)
def test_shapes_that_do_not_fit(change: Any, names: list[str]) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        gradients(KERNELS["tanh"], *change(*random_tensors(1, (3, 4, 2), 5)))
    line = str(caught.value)
    assert all(name in line for name in names)
