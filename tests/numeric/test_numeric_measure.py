"""Measured norms, bounds, violations and slopes, and the draws they rest on."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from symgrad.numeric import Measurement, Net, excess, gradients, ln_bound, measure, sample, slope, violations
from symgrad.numeric.threads import one_blas_thread, thread_map
from tests.numeric.kernels import GAMMA, KERNELS
from tests.numeric.oracles import scaled_tensors


def above(found: Measurement, gamma: float) -> int:
    """Violations of the bound that gamma gives."""
    return violations(found.net, found.ln_gradient, ln_bound(found, gamma))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch", [1, 3, 6, 12], ids="batch {}".format)
@pytest.mark.parametrize("name", KERNELS)
def test_norms_are_those_of_the_explicit_gradients(name: str, batch: int, dtype: str) -> None:
    """Width 8: batches up to 4 take the Gram form, larger ones form ∂E/∂W."""
    net = Net(12, 8, batch, 3, 1.1, 0.2, seed=5, dtype=dtype)
    found = measure(net, KERNELS[name])
    expected = gradients(KERNELS[name], *scaled_tensors(net, sample(net, range(3))))
    close = 1e-12 if dtype == "float64" else 1e-4
    for l in range(net.depth):
        for logs, tensor in (
            (found.ln_gradient, expected.outputs[l + 1]),
            (found.ln_weight_gradient, expected.weights[l]),
        ):
            np.testing.assert_allclose(logs[:, l], np.log(np.linalg.norm(tensor, axis=(1, 2))), atol=close)


@pytest.mark.parametrize("name", KERNELS)
def test_float32_agrees_with_float64(name: str) -> None:
    nets = (Net(20, 32, 4, 3, 1.0, 0.1, seed=8, dtype=dtype) for dtype in ("float64", "float32"))
    double, single = (measure(net, KERNELS[name]) for net in nets)
    np.testing.assert_allclose(double.ln_gradient, single.ln_gradient, atol=1e-4)
    np.testing.assert_allclose(double.ln_weight_gradient, single.ln_weight_gradient, atol=1e-4)
    np.testing.assert_array_equal(double.ln_spectral_norm, single.ln_spectral_norm)


@pytest.mark.parametrize("width", [1, 2, 17, 64, 100])
def test_spectral_norms_are_exact_to_rounding(width: int) -> None:
    net = Net(3, width, 1, 2, 0.7, 0.0, seed=width)
    weights = np.stack(scaled_tensors(net, sample(net, range(2)))[0], axis=1)
    expected = np.linalg.svd(weights, compute_uv=False)[..., 0]
    found = measure(net, KERNELS["tanh"]).ln_spectral_norm
    assert found is not None
    np.testing.assert_allclose(np.exp(found), expected, rtol=4e-15 * width**0.5)


def test_orthogonal_weights_are_haar() -> None:
    net = Net(200, 5, 1, 40, 1.0, 0.0, weights="orthogonal")
    w = np.stack(sample(net, range(40)).weights, axis=1).reshape(-1, 5, 5)
    np.testing.assert_allclose(w @ w.swapaxes(1, 2), np.broadcast_to(np.eye(5), w.shape), atol=1e-14)
    # Haar: E tr W = 0 (Householder QR without the sign fix has −1.1 here), E (tr W)² = 1, E w_ij⁴ =
    # 3/(N(N+2)).
    trace = np.trace(w, axis1=1, axis2=2)
    assert abs(trace.mean()) < 5 / len(w) ** 0.5
    assert abs((trace**2).mean() - 1) < 5 * (2 / len(w)) ** 0.5
    assert (w**4).mean(axis=0) == pytest.approx(np.full((5, 5), 3 / 35), abs=0.01)
    assert np.all(measure(replace(net, sigma_w=0.5), KERNELS["tanh"]).ln_spectral_norm == np.log(0.5))


def test_draws_have_their_laws() -> None:
    net = Net(20, 50, 40, 4, 1.0, 1.0, seed=1)
    draw = sample(net, range(4))
    biases = draw.biases
    assert biases is not None
    for tensor, variance in ((draw.weights, 1 / 50), (biases, 1.0), (draw.inputs, 1.0), (draw.covector, 1.0)):
        entries = np.ravel(tensor) / variance**0.5
        assert abs(entries.mean()) < 5 / entries.size**0.5
        assert abs((entries**2).mean() - 1) < 5 * (2 / entries.size) ** 0.5
        assert abs((entries**4).mean() - 3) < 5 * (96 / entries.size) ** 0.5
    roles = [
        draw.inputs[0].ravel()[:50],
        draw.covector[0].ravel()[:50],
        biases[0][0],
        draw.weights[0][0][0] * 50**0.5,
    ]
    for i, one in enumerate(roles):
        for other in roles[:i]:
            assert not np.isclose(one, other).any()


@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
def test_draws_do_not_depend_on_what_they_should_not(law: str) -> None:
    net = Net(6, 10, 8, 5, 1.3, 0.5, weights=law, seed=21)
    base = measure(net, KERNELS["tanh"])
    fewer = measure(replace(net, seeds=2), KERNELS["tanh"])
    np.testing.assert_allclose(fewer.ln_gradient, base.ln_gradient[:2], rtol=1e-13)
    shallow, deep = sample(net, range(2)), sample(replace(net, depth=9, sigma_w=7.0, batch=16), range(2))
    assert all(np.array_equal(a, b) for a, b in zip(shallow.weights, deep.weights, strict=False))
    assert all(np.array_equal(a, b) for a, b in zip(shallow.biases or (), deep.biases or (), strict=False))
    assert np.array_equal(shallow.inputs, deep.inputs[:, :8])
    later = sample(net, range(1, 2))
    assert np.array_equal(later.weights[3], shallow.weights[3][1:])
    single = sample(replace(net, dtype="float32"), range(2))
    assert np.array_equal(single.weights[2], shallow.weights[2].astype(np.float32))
    other = sample(replace(net, seed=22), range(2))
    assert not np.isclose(other.weights[0], shallow.weights[0]).any()


def test_stacks_do_not_change_results() -> None:
    net = Net(5, 200, 120, 3, 1.0, 0.1)
    assert net.plan.stack == 1 and net.plan.segment is None
    found = measure(net, KERNELS["tanh"])
    alone = measure(replace(net, seeds=1), KERNELS["tanh"])
    assert np.array_equal(found.ln_gradient[:1], alone.ln_gradient)
    again = measure(net, KERNELS["tanh"])
    assert np.array_equal(found.ln_weight_gradient, again.ln_weight_gradient)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("name", KERNELS)
def test_the_bound_holds(name: str, law: str, dtype: str) -> None:
    for sigma_w in (0.3, 1.0, 3.0):
        net = Net(60, 6, 3, 5, sigma_w, 0.1, weights=law, dtype=dtype)
        assert above(measure(net, KERNELS[name]), GAMMA[name]) == 0


def test_too_small_a_gamma_is_a_violation_wherever_it_acts() -> None:
    """The linear orthogonal net attains its bound: a part in a thousand shows in every layer but the last."""
    net = Net(40, 8, 4, 3, 1.5, 0.0, weights="orthogonal")
    found = measure(net, KERNELS["identity"])
    np.testing.assert_allclose(excess(found.ln_gradient, ln_bound(found, 1.0)), 0, atol=1e-12)
    assert above(found, 1.0) == 0
    assert above(found, 0.999) == 39 * 3
    assert above(measure(replace(net, width=1, batch=1), KERNELS["identity"]), 0.999) == 39 * 3
    narrow = measure(Net(40, 1, 1, 3, 1.5, 0.0), KERNELS["tanh"])
    assert above(narrow, 1.0) == 0 and above(narrow, 0.2) > 0


def test_the_bound_written_out() -> None:
    net = Net(4, 5, 2, 2, 0.8, 0.0)
    found, bound = measure(net, KERNELS["tanh"]), ln_bound(measure(net, KERNELS["tanh"]), 0.9)
    assert found.ln_spectral_norm is not None
    for s in range(2):
        for l in range(1, 5):
            rest = sum(found.ln_spectral_norm[s, k - 1] + np.log(0.9) for k in range(l + 1, 5))
            assert bound[s, l - 1] == pytest.approx(found.ln_covector[s] + rest, abs=1e-13)
    assert np.isneginf(ln_bound(found, 0.0)[:, :-1]).all()
    for gamma in (np.inf, np.nan, -1.0):
        with pytest.raises(ValueError, match=r"^gamma = .*legal"):
            ln_bound(found, gamma)


def test_violations_at_their_tolerance() -> None:
    net = Net(3, 4, 1, 1, 1.0, 0.0)
    allowed = np.log1p(64 * np.finfo(np.float64).eps * 3 * 4)
    for share, count in ((0.9, 0), (1.1, 1)):
        logs = np.array([[share * allowed, 0.0, 0.0]])
        zero = np.zeros((1, 3))
        assert above(Measurement(net, logs, zero, zero, zero, zero), 1.0) == count


def test_slope() -> None:
    layers = np.arange(1, 31.0)
    lines = np.stack([c - s * layers for c, s in ((0.0, -0.5), (3.0, 0.25), (9.0, 0.1))])
    assert slope(lines) == pytest.approx(0.1, abs=1e-14)  # positive: larger towards the input
    assert slope(lines[:2]) == pytest.approx(-0.125, abs=1e-14)
    noisy = lines + np.random.default_rng(0).standard_normal(lines.shape)
    expected = np.median([-np.polyfit(layers, row, 1)[0] for row in noisy])
    assert slope(noisy) == pytest.approx(expected, abs=1e-12)
    dead = lines.copy()
    dead[0, :5] = -np.inf
    assert slope(dead) == pytest.approx(0.1)
    dead[1, 0] = -np.inf
    assert slope(dead) == -np.inf and slope(dead[1:]) == -np.inf
    assert np.isnan(slope(lines[:, :1]))


def test_the_memory_estimate_is_close() -> None:
    for net in (Net(400, 48, 16, 4, 1.0, 0.1, seed=77), Net(20, 200, 150, 3, 1.0, 0.0, seed=78)):
        measure(replace(net, depth=1), KERNELS["tanh"])
        tracemalloc.start()
        measure(net, KERNELS["tanh"])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert 0.5 * net.memory < peak < 1.1 * net.memory


def test_blas_has_its_threads_back() -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        two = threads()
        assert 2 in two
        with one_blas_thread():
            with one_blas_thread():
                assert set(threads()) == {1}
            assert set(threads()) == {1}
        assert threads() == two
        with pytest.raises(RuntimeError, match="stop"):
            thread_map(_stop, [1, 2, 3], 2)
        measure(Net(2, 3, 1, 4, 1.0, 0.0), KERNELS["tanh"])
        assert threads() == two


def _stop(item: int) -> None:
    raise RuntimeError("stop")


LEGAL = {"depth": 5, "width": 8, "batch": 2, "seeds": 2, "sigma_w": 1.0, "sigma_b": 0.0}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"depth": 0}, "depth = 0: legal are whole numbers from 1 to 100000"),
        ({"depth": -3}, "depth = -3: legal are whole numbers from 1 to 100000"),
        ({"depth": 100_001}, "depth = 100001: legal are whole numbers from 1 to 100000"),
        ({"depth": 2.5}, "depth = 2.5: legal are whole numbers from 1 to 100000"),
        ({"depth": True}, "depth = True: legal are whole numbers from 1 to 100000"),
        ({"width": 0}, "width = 0: legal are whole numbers from 1 on"),
        ({"batch": "many"}, "batch = 'many': legal are whole numbers from 1 on"),
        ({"seeds": 0}, "seeds = 0: legal are whole numbers from 1 on"),
        ({"seed": -1}, "seed = -1: legal are whole numbers from 0 on"),
        ({"sigma_w": float("nan")}, "sigma_w = nan: legal are finite numbers from 0 on"),
        ({"sigma_w": float("inf")}, "sigma_w = inf: legal are finite numbers from 0 on"),
        ({"sigma_b": -0.1}, "sigma_b = -0.1: legal are finite numbers from 0 on"),
        ({"sigma_b": None}, "sigma_b = None: legal are finite numbers from 0 on"),
        ({"weights": "uniform"}, "weights = 'uniform': legal are gaussian, orthogonal"),
        ({"dtype": "float16"}, "dtype = 'float16': legal are float64, float32"),
        ({"width": 100_000}, "GiB of memory: legal is less than 4 GiB"),
        (
            {"depth": 100_000, "width": 64, "batch": 16, "seeds": 10_000},
            "GiB of memory: legal is less than 4 GiB",
        ),
        ({"batch": 10**9}, "GiB of memory: legal is less than 4 GiB"),
        ({"seeds": 10**12}, "GiB of memory: legal is less than 4 GiB"),
        ({"width": 10**200}, "GiB of memory: legal is less than 4 GiB"),
    ],
    ids=str,
)
def test_bad_nets_are_refused_in_one_line(bad: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=rf"^[^\n]*{re.escape(says)}$"):
        Net(**{**LEGAL, **bad})  # type: ignore[arg-type]


def test_legal_nets_at_the_ends() -> None:
    assert Net(100_000, 32, 4, 1, 0.0, 0.0).depth == 100_000
    one = measure(Net(1, 1, 1, 1, 1.0, 0.0), KERNELS["tanh"])
    assert one.ln_gradient.shape == (1, 1) and above(one, 1.0) == 0
    assert Net(np.int64(3), 2, 1, 1, np.float32(1), 0).sigma_w == 1.0  # type: ignore[arg-type]


def test_the_engine_loads_neither_sympy_nor_scipy() -> None:
    code = "import sys, symgrad.numeric; print([m for m in ('sympy', 'scipy', 'mpmath') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
