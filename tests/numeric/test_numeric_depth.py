"""Nothing under- or overflows: deep, exploding and vanishing nets against independent answers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from symgrad.numeric import Kernel, Measurement, Net, length_map, measure, measure_draw, sample, slope
from tests.numeric.kernels import EXACT, KERNELS
from tests.numeric.oracles import exact_logs, renormalised_logs

BEYOND = {
    "identity explodes": ("identity", 300, 30.0, 0.0),
    "identity explodes with biases": ("identity", 300, 30.0, 2.0),
    "identity sinks to its biases": ("identity", 25, 1e-30, 1e-300),
    "identity, extreme weights": ("identity", 40, 1e200, 1e-200),
    "identity rises from tiny weights": ("identity", 40, 1e-200, 1.0),
    "tanh vanishes": ("tanh", 300, 0.02, 0.0),
    "tanh vanishes with biases": ("tanh", 300, 0.02, 0.5),
    "relu explodes": ("relu", 100, 1e4, 0.0),
    "relu vanishes": ("relu", 100, 1e-5, 0.0),
    "gelu explodes": ("gelu", 300, 30.0, 1.0),
    "gelu vanishes": ("gelu", 300, 0.05, 0.0),
    "softplus explodes": ("softplus", 300, 30.0, 0.1),
    "sigmoid vanishes": ("sigmoid", 300, 0.05, 0.3),
    "sigmoid under tiny weights": ("sigmoid", 30, 1e-100, 0.0),
}
"""case → activation, depth, sigma_w, sigma_b: gradients from 10^−8,000 to 10^8,000."""


@pytest.mark.parametrize("case", BEYOND)
def test_beyond_the_float_range_against_multiple_precision(case: str) -> None:
    name, depth, sigma_w, sigma_b = BEYOND[case]
    width = 12 if name == "relu" else 4  # a narrow ReLU net dies, and φ′(0) is a convention
    net = Net(depth, width, 2, 2, sigma_w, sigma_b, seed=11)
    oracle = exact_logs(EXACT[name], net, sample(net, range(2)), 1)
    _compare(measure(net, KERNELS[name]), oracle, 1e-9)
    _compare(measure(replace(net, dtype="float32"), KERNELS[name]), oracle, 2e-2)


def _compare(found: Measurement, oracle: dict[str, Any], close: float) -> None:
    for what, expected in oracle.items():
        measured = getattr(found, what)[1]
        if what == "preactivation_mean":
            # the mean of numbers of both signs is known to the rounding of their root mean square
            scale = np.exp(np.minimum(found.ln_preactivation_rms[1], 709))
            with np.errstate(invalid="ignore"):
                error = np.where(
                    measured == expected, 0, np.abs(measured - expected) / np.maximum(scale, 1e-300)
                )
            assert np.nanmax(error) < close, what
        else:
            np.testing.assert_allclose(measured, expected, atol=close, rtol=1e-13, err_msg=what)


DEEP = {
    "identity explodes": ("identity", 3.0, 0.0),
    "relu explodes": ("relu", 3.0, 0.0),
    "relu holds": ("relu", math.sqrt(2), 0.0),
    "tanh vanishes": ("tanh", 0.3, 0.0),
    "tanh vanishes with biases": ("tanh", 0.3, 0.2),
    "tanh explodes": ("tanh", 3.0, 0.1),
    "sigmoid vanishes": ("sigmoid", 1.0, 0.0),
}


@pytest.mark.parametrize("case", DEEP)
def test_depth_five_thousand_against_a_plain_loop(case: str) -> None:
    name, sigma_w, sigma_b = DEEP[case]
    kernel, net = KERNELS[name], Net(5000, 24, 2, 2, sigma_w, sigma_b, seed=2)
    found = measure(net, kernel).ln_gradient
    assert np.isfinite(found).all()
    if name == "tanh" and sigma_w > 1:
        return  # chaotic: rounding decides the orbit, so two correct programs differ from about layer 100 on
    homogeneous = name in ("identity", "relu")
    oracle = renormalised_logs(kernel, homogeneous, net, sample(net, range(2)))
    np.testing.assert_allclose(found, oracle, rtol=1e-11, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "sigma_w"), [("identity", 3.0), ("relu", 3.0), ("gelu", 3.0), ("tanh", 0.3), ("sigmoid", 1.0)]
)
def test_depth_continues_the_shallow_line(name: str, sigma_w: float) -> None:
    shallow, deep = (Net(depth, 32, 2, 2, sigma_w, 0.0, seed=4) for depth in (200, 5000))
    near, far = measure(shallow, KERNELS[name]), measure(deep, KERNELS[name])
    for what in ("preactivation_mean", "ln_preactivation_rms", "ln_spectral_norm"):
        assert np.array_equal(getattr(near, what), getattr(far, what)[:, :200]), what
    assert np.isfinite(far.ln_weight_gradient).all()
    assert slope(far.ln_gradient) == pytest.approx(slope(near.ln_gradient), abs=0.03)
    assert slope(far.ln_gradient) == pytest.approx(
        length_map(KERNELS[name], sigma_w, 0.0, 5000).predicted_slope, abs=0.06
    )
    straight = np.polynomial.polynomial.polyfit(np.arange(5000), far.ln_gradient.T, 1)
    residual = far.ln_gradient.T - np.polynomial.polynomial.polyvander(np.arange(5000), 1) @ straight
    assert np.abs(residual).max() < 0.2 * 5000**0.5


@settings(max_examples=25, deadline=None)
@given(
    st.floats(1e-300, 1e300), st.sampled_from(["identity", "relu"]), st.sampled_from(["float64", "float32"])
)
def test_sigma_only_shifts_a_homogeneous_net(sigma: float, name: str, dtype: str) -> None:
    """φ(cx) = cφ(x) for c > 0: ln ‖∂E/∂h_l‖ gains (L − l) ln σ, ln ‖∂E/∂W_l‖ gains (L − 1) ln σ."""
    depth = 40
    one, other = (
        measure(Net(depth, 6, 3, 2, s, 0.0, seed=9, dtype=dtype), KERNELS[name]) for s in (1.0, sigma)
    )
    close = 1e-9 if dtype == "float64" else 1e-3
    steps = np.arange(depth - 1, -1, -1) * math.log(sigma)
    np.testing.assert_allclose(other.ln_gradient, one.ln_gradient + steps, atol=close, rtol=1e-13)
    np.testing.assert_allclose(
        other.ln_weight_gradient,
        one.ln_weight_gradient + (depth - 1) * math.log(sigma),
        atol=close,
        rtol=1e-13,
    )
    forward = one.ln_preactivation_rms + np.arange(1, depth + 1) * math.log(sigma)
    np.testing.assert_allclose(other.ln_preactivation_rms, forward, atol=close, rtol=1e-13)


def test_dead_and_zero_nets_give_minus_infinity_not_nan() -> None:
    dead = measure(Net(300, 1, 2, 8, 1.0, 0.0), KERNELS["relu"])
    assert np.isneginf(dead.ln_gradient[:, 0]).any() and np.isfinite(dead.ln_covector).all()
    still = measure(Net(4, 3, 2, 2, 0.0, 0.0), KERNELS["tanh"])
    assert np.isneginf(still.ln_gradient[:, :-1]).all() and np.isfinite(still.ln_gradient[:, -1]).all()
    for found in (dead, still):
        for what in vars(found).values():
            assert what is found.net or not np.isnan(what).any()


def test_a_dead_sample_does_not_hide_a_living_one() -> None:
    """One sample dies and has exponent 0; the other lives at 2^−1,700: ∂E/∂W is the living one's."""
    net = Net(40, 6, 3, 2, 2e-13, 0.0, seed=9)
    living, shifted = measure(net, KERNELS["relu"]), measure(replace(net, sigma_w=1.0), KERNELS["relu"])
    found, expected = (np.isfinite(m.ln_weight_gradient) for m in (living, shifted))
    assert np.array_equal(found, expected) and expected[0, 13]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_dead_samples_under_extreme_weights_start_again_from_their_biases(dtype: str) -> None:
    net = Net(12, 1, 2, 8, 1e100, 1.0, seed=3, dtype=dtype)
    found, draw = measure(net, KERNELS["relu"]), sample(net, range(8))
    for seed in range(8):
        oracle = exact_logs(EXACT["relu"], net, draw, seed)
        for what in ("ln_preactivation_rms", "ln_weight_gradient"):
            np.testing.assert_allclose(getattr(found, what)[seed], oracle[what], atol=1e-5, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_outputs_below_the_root_of_the_smallest_number(dtype: str) -> None:
    """σ(−400) = 10^−174: its square is 0 in float64, ∂E/∂W is not; in float32 the same at σ(−80) = 10^−35."""
    net = Net(2, 1, 1, 400, 300.0 if dtype == "float64" else 60.0, 0.0, seed=1, dtype=dtype)
    draw = sample(net, range(400))
    low = net.sigma_w * draw.weights[0][:, 0, 0] * draw.inputs[:, 0, 0]
    seed = int(np.argmin(np.where(low > (-700 if dtype == "float64" else -85), low, 0)))
    oracle = exact_logs(EXACT["sigmoid"], net, draw, seed)
    assert oracle["ln_weight_gradient"][1] < (-380 if dtype == "float64" else -60)
    measured = measure(net, KERNELS["sigmoid"]).ln_weight_gradient[seed]
    np.testing.assert_allclose(
        measured, oracle["ln_weight_gradient"], rtol=1e-12 if dtype == "float64" else 1e-5
    )


def test_biases_that_are_zero_add_nothing_at_any_scale() -> None:
    """2^−1,300 + 0 is 2^−1,300, in each seed for itself."""
    net = Net(400, 4, 2, 2, 0.1, 0.0)
    without, draw = measure(net, KERNELS["identity"]), sample(net, range(2))
    none = replace(draw, biases=[np.zeros((2, 4))] * 400)
    found = measure_draw(replace(net, sigma_b=1.0), KERNELS["identity"], none)
    one = replace(draw, biases=[np.array([[0.0] * 4, [1.0] * 4])] * 400)
    beside = measure_draw(replace(net, sigma_b=1.0), KERNELS["identity"], one)
    for what in ("ln_preactivation_rms", "ln_weight_gradient", "preactivation_mean"):
        assert np.array_equal(getattr(found, what), getattr(without, what)), what
        assert np.array_equal(getattr(beside, what)[0], getattr(without, what)[0]), what
    assert beside.ln_preactivation_rms[1].min() > -10 > -900 > without.ln_preactivation_rms.min()


def _square(a: Any, out: Any) -> None:
    np.multiply(a, a, out=out)


def _square_slope(a: Any, h: Any, out: Any) -> None:
    np.multiply(2, a, out=out)


def _square_and_root(a: Any, out: Any) -> None:
    np.multiply(a, a, out=out)
    out += np.abs(a) ** 2.5


def _error_function(a: Any, out: Any) -> None:
    np.multiply(a, erf(a), out=out)


def _error_function_slope(a: Any, h: Any, out: Any) -> None:
    out[...] = erf(a) + 2 * a * np.exp(-a * a) / math.sqrt(math.pi)


POWERS = {
    "x erf x vanishes": (
        Kernel(_error_function, _error_function_slope, (0, 0), (-1, 1)),
        lambda x: x * mpmath.erf(x),
        Net(13, 4, 2, 2, 1.0, 0.0, seed=3),
    ),
    "x² vanishes": (
        Kernel(_square, _square_slope, (0, 0), None),
        lambda x: x * x,
        Net(10, 4, 2, 2, 0.3, seed=3),
    ),
    "x² explodes": (
        Kernel(_square, _square_slope, (0, 0), None),
        lambda x: x * x,
        Net(10, 4, 2, 2, 3.0, 0.2, seed=3),
    ),
}
"""Past the edge φ ~ c|x|² there: its exponent doubles with every layer, that of φ′ is the exponent itself."""


@pytest.mark.parametrize("case", POWERS)
def test_a_power_is_followed_past_the_edge(case: str) -> None:
    kernel, phi, net = POWERS[case]
    oracle = exact_logs(phi, net, sample(net, range(2)), 1)
    assert abs(oracle["ln_preactivation_rms"][-1]) > 240 * math.log(2)
    _compare(measure(net, kernel), oracle, 1e-9)
    _compare(measure(replace(net, dtype="float32"), kernel), oracle, 1e-2)
    layers = (net, replace(net, seeds=1), replace(net, depth=5))
    assert all(np.isfinite(measure(one, kernel).ln_gradient).all() for one in layers)


def _exp(a: Any, out: Any) -> None:
    np.exp(a, out=out)


@pytest.mark.parametrize(
    ("kernel", "sigma_w"),
    [
        (Kernel(_square, _square_slope, (0, 0), None), 3.0),
        (Kernel(_square, _square_slope, (0, 0), None), 0.1),
        (Kernel(_square_and_root, _square_slope, (0, 0), None), 0.1),
        (Kernel(_exp, lambda a, h, out: np.copyto(out, h), None, None), 3.0),
        (Kernel(KERNELS["relu"].phi, KERNELS["relu"].dphi, (0, 1), (0, 1.01)), 30.0),
        (Kernel(KERNELS["identity"].phi, KERNELS["identity"].dphi, None, (1, 1)), 0.03),
        (Kernel(np.sin, lambda a, h, out: np.copyto(out, np.cos(a)), (1, 1), (0, 0)), 1e100),
    ],
    ids=[
        "square up",
        "square down",
        "square and root",
        "exp",
        "wrong slope",
        "undeclared slope",
        "sin of huge numbers",
    ],
)
def test_leaving_the_range_without_a_line_to_follow_is_refused(kernel: Kernel, sigma_w: float) -> None:
    with pytest.raises(ValueError, match=r"^layer \d+: [^\n]*fewer layers or [^\n]*scales$"):
        measure(Net(500, 16, 2, 2, sigma_w, 0.0), kernel)
    assert np.isfinite(measure(Net(2, 4, 2, 2, 1.0, 0.0), kernel).ln_gradient).all()


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_saturation_far_beyond_the_edge(name: str) -> None:
    """σ_w = 10^100: φ is level out there, so the next layer starts again from ±1 or {0, 1}."""
    found = measure(Net(5, 8, 2, 2, 1e100, 0.0), KERNELS[name])
    assert found.ln_preactivation_rms == pytest.approx(100 * math.log(10), abs=3)
    assert not np.isnan(found.ln_gradient).any()
