"""Drawn recurrent nets of every cell: their laws, what is measured of them, their memory, their limits."""

from __future__ import annotations

import dataclasses
import itertools
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

from symgrad.numeric.recurrent import through_time
from symgrad.numeric.recurrent.net import RecurrentNet, measure_recurrent, sample_recurrent
from tests.numeric.kernels import KERNELS

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("law", ["gaussian", "orthogonal", "identity"])
def test_measured_norms_are_those_of_the_gradients(cell: str, law: str) -> None:
    net = RecurrentNet(
        20, 8, 3, 5, 1.2, 0.4, law, seed=3, cell=cell, forget_bias=1.0 if cell == "lstm" else 0.0
    )
    found = measure_recurrent(net, KERNELS["tanh"])
    drawn = sample_recurrent(net, range(5))
    given = through_time(net.cell_of(KERNELS["tanh"]), net.weights_of(drawn), drawn.inputs, drawn.covector)
    np.testing.assert_allclose(found.ln_state, given.ln_state, atol=1e-12)
    shown = given.ln_state if given.ln_cell is None else given.ln_cell
    np.testing.assert_allclose(found.ln_gradient, shown, atol=1e-12)
    assert (cell == "lstm") == (given.ln_cell is not None)
    for logs, part in (
        (found.ln_recurrent_gradient, given.recurrent),
        (found.ln_input_gradient, given.input),
        (found.ln_bias_gradient, given.bias),
    ):
        np.testing.assert_allclose(logs, np.log(np.linalg.norm(part.plain(), axis=(1, 2))), atol=1e-12)
    blocks = 1.2 * drawn.recurrent.reshape(5, GATES[cell], 8, 8)
    assert found.ln_spectral_norm is not None
    expected = np.linalg.svd(blocks, compute_uv=False)[..., 0]
    np.testing.assert_allclose(np.exp(found.ln_spectral_norm), expected, rtol=1e-13)
    if law == "identity":
        assert np.array_equal(drawn.recurrent.reshape(5, -1, 8, 8), np.broadcast_to(np.eye(8), blocks.shape))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_are_drawn_apart_with_the_laws_of_the_plain_net(cell: str) -> None:
    net = RecurrentNet(6, 20, 8, 4, 1.0, 1.0, seed=2, cell=cell)
    drawn = sample_recurrent(net, range(4))
    assert drawn.bias is not None
    for tensor, variance in ((drawn.recurrent, 1 / 20), (drawn.input, 1 / 20), (drawn.bias, 1.0)):
        blocks = tensor.reshape(4, GATES[cell], -1) / variance**0.5
        assert np.all(np.abs((blocks**2).mean(axis=(0, 2)) - 1) < 5 * (2 / blocks[:, 0].size) ** 0.5)
        for one, other in itertools.combinations(np.moveaxis(blocks, 1, 0), 2):
            assert not np.isclose(one[:, :20], other[:, :20]).any()
    plainly = sample_recurrent(dataclasses.replace(net, cell="rnn"), range(4))
    assert np.array_equal(plainly.recurrent, drawn.recurrent[:, :20])
    assert np.array_equal(plainly.inputs, drawn.inputs)
    assert np.array_equal(plainly.covector, drawn.covector[..., :20])
    assert not drawn.covector[..., 20:].any()


def test_the_forget_bias_stands_at_the_forget_gate() -> None:
    """W = 0: ∂E/∂c_t shrinks by σ(U x + forget_bias) a step, by nothing where that is 30."""
    net = RecurrentNet(50, 6, 2, 3, 0.0, 0.0, cell="lstm", forget_bias=30.0)
    found = measure_recurrent(net)
    np.testing.assert_allclose(found.ln_gradient, found.ln_gradient[:, -1:] * np.ones(50), atol=1e-9)
    shut = measure_recurrent(dataclasses.replace(net, forget_bias=-30.0))
    slope = (shut.ln_gradient[:, -1] - shut.ln_gradient[:, 0]) / 49
    assert np.all(np.abs(slope - 30) < 3)
    weights = net.weights_of(sample_recurrent(net, range(2)))
    assert weights.bias is not None and np.array_equal(weights.bias[0], np.repeat([0, 30.0, 0, 0], 6))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_extreme_scales_are_numbers(cell: str) -> None:
    """σ_w far outside the range of float32: gates see W as a number, gradients its power beside them."""
    faint = RecurrentNet(12, 5, 2, 2, 1e-60, 0.1, cell=cell, dtype="float32")
    double = measure_recurrent(dataclasses.replace(faint, dtype="float64"))
    single = measure_recurrent(faint)
    assert double.ln_state.min() < -100 or cell == "gru"
    np.testing.assert_allclose(single.ln_state, double.ln_state, atol=1e-3)
    np.testing.assert_allclose(single.ln_gradient, double.ln_gradient, atol=1e-3)
    saturated = measure_recurrent(dataclasses.replace(faint, sigma_w=1e6, dtype="float64"))
    assert not np.isnan(saturated.ln_gradient).any()


@pytest.mark.parametrize(
    "bad",
    [{"cell": "elman"}, {"cell": "lstm", "forget_bias": 1e9}, {"cell": "lstm", "forget_bias": math.nan},
     {"cell": "lstm", "forget_bias": "one"}, {"cell": "gru", "forget_bias": 1.0}, {"forget_bias": 1.0},
     {"cell": "lstm", "forget_gate": False, "forget_bias": 1.0}, {"cell": "lstm", "forget_gate": 1},
     {"cell": "lstm", "depth": 0}, {"cell": "lstm", "depth": 100_001}, {"cell": "gru", "weights": "uniform"},
     {"cell": "lstm", "depth": 100_000, "width": 64, "batch": 16}],
    ids=str,
)  # fmt: skip
def test_specifications_out_of_range(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]*legal[^\n]*$"):
        RecurrentNet(**bad)


def test_a_plain_net_needs_an_activation() -> None:
    with pytest.raises(ValueError, match=r"^kernel = None: [^\n]*$"):
        measure_recurrent(RecurrentNet(3, 2, 2, 2))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("sigma_w", [0.9, 1e-3], ids=["plainly", "with faint weights"])
def test_memory_is_what_the_specification_says(cell: str, sigma_w: float, dtype: str) -> None:
    net = RecurrentNet(300, 48, 16, 2, sigma_w, 0.1, seed=1, dtype=dtype, cell=cell)
    measure_recurrent(dataclasses.replace(net, depth=2))
    tracemalloc.start()
    measure_recurrent(net)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.4 * net.memory < peak < net.memory


def test_the_longest_sequence() -> None:
    """The depth that the command line allows at most, of a small net."""
    found = measure_recurrent(RecurrentNet(100_000, 2, 1, 1, 0.5, 0.0, cell="rnn"), KERNELS["tanh"])
    assert np.isfinite(found.ln_gradient).all() and found.ln_gradient[0, 0] < -50_000
