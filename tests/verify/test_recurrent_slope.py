"""The predicted slope of a recurrent net's gradient: a band that is as wide as it should be, and no wider."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.theory.activations import activation, kernel
from symgrad.theory.through_time.slope_statistics import predicted_slope
from symgrad.verify import judge
from symgrad.verify.measures_recurrent import _slopes
from symgrad.verify.recurrent_nets import RecurrentOptions
from tests.verify.claims import claim

NETS: tuple[dict[str, Any], ...] = (
    {"activation": "tanh", "sigma_w": 1.5},
    {"activation": "tanh", "sigma_w": 3.0, "sigma_b": 0.3, "batch": 2},
    {"activation": "erf", "sigma_w": 1.0, "batch": 4},
    {"activation": "sin", "sigma_w": 1.5, "depth": 40},
    {"activation": "sigmoid", "sigma_w": 3.0},
    {"activation": "relu", "sigma_w": 1.0},
    {"activation": "identity", "sigma_w": 0.9, "depth": 6},
    {"activation": "x/(1+x^2)", "sigma_w": 2.0},
)
"""Of width 128 and with T = 20 unless they say otherwise."""


def prediction(options: RecurrentOptions) -> tuple[float, float]:
    functions = kernel(activation(options.activation))
    scales = options.sigma_w, options.sigma_b
    return predicted_slope(functions, *scales, options.depth, options.width, options.batch)


@pytest.mark.parametrize("net", NETS, ids=str)
def test_a_prediction_passes_and_one_moved_by_three_half_widths_fails(net: dict[str, Any]) -> None:
    assert judge(claim("recurrent-slope", net)).passed
    for shift in (3, -3):
        assert judge(claim("recurrent-slope", net, shift=shift)).verdict == "FAIL"


@pytest.mark.parametrize("net", NETS[:2], ids=str)
def test_slopes_spread_as_predicted(net: dict[str, Any]) -> None:
    check_spread(net, 320, 0.15)


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS, ids=str)
def test_slopes_spread_as_predicted_over_many_seeds(net: dict[str, Any]) -> None:
    check_spread(net, 3200, 0.12)


def check_spread(net: dict[str, Any], seeds: int, tolerance: float) -> None:
    """The mean lies within a quarter of one seed's standard deviation, the deviation within the tolerance and
    four of its own standard errors."""
    options = RecurrentOptions.read(net, **({"width": 128, "depth": 20} | net))
    rng = np.random.default_rng(seeds)
    found = np.concatenate([_slopes(options, rng) for _ in range(seeds // 16)])
    slope, deviation = prediction(options)
    assert abs(found.mean() - slope) < deviation * (0.15 + 4 / math.sqrt(seeds))
    assert abs(found.std(ddof=1) / deviation - 1) < tolerance + 4 / math.sqrt(2 * seeds)


def test_linear_units_in_closed_form() -> None:
    """V = 2: the drift is −1/(2N) a step, the variance of the slope that of a random walk of variance 1/(2N)
    a step and the 2/N² that W has at all steps; least squares weigh step k of a walk by k(T − k)/2 over
    T(T² − 1)/12."""
    steps, width = 12, 50
    slope, deviation = predicted_slope(kernel(activation("identity")), 0.8, 0.0, steps, width, 1)
    assert slope == pytest.approx(math.log(0.8) - 1 / (2 * width), rel=1e-12)
    places = np.arange(1, steps)
    weights = places * (steps - places) / 2 / (steps * (steps**2 - 1) / 12)
    assert deviation**2 == pytest.approx(np.sum(weights**2) / (2 * width) + 2 / (4 * width**2), rel=1e-9)


def test_relu_in_closed_form() -> None:
    """E φ′² = E φ′⁴ = ½: V = 5, and two units whose pre-activations correlate by c are both active with
    probability ¼ + asin(c)/2π; c of the fixed point c q = σ_w² E φφ."""
    steps, width, sigma = 200, 1000, 0.5
    slope, deviation = predicted_slope(kernel(activation("relu")), sigma, 0.0, steps, width, 1)
    assert slope == pytest.approx(math.log(sigma / math.sqrt(2)) - 5 / (4 * width), rel=1e-6)
    q, c = 1 / (1 - sigma**2 / 2), 0.0
    for _ in range(200):
        c = sigma**2 * (math.sqrt(1 - c * c) + (math.pi - math.acos(c)) * c) / (2 * math.pi)
    persistent = 4 * (0.25 + math.asin(c) / (2 * math.pi)) - 1
    walk = 5 * 6 * (steps**2 + 1) / (5 * steps * (steps**2 - 1))
    expected = (walk + persistent + 2 / width) / (4 * width)
    assert q > 1 and deviation**2 == pytest.approx(expected, rel=2e-3)


def test_a_batch_of_few_seeds_averages_and_a_wide_net_has_no_spread() -> None:
    functions = kernel(activation("tanh"))
    (one, spread), (many, less) = (predicted_slope(functions, 1.5, 0.0, 10, 10_000, b) for b in (1, 16))
    limit, least = predicted_slope(functions, 1.5, 0.0, 10, 10**12, 1)
    assert limit > many > one and least < 1e-5
    assert (limit - one) / (limit - many) == pytest.approx(16, rel=0.01)
    assert spread / less == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, 0.0, 1, 8, 1), "depth 1"),
        ((0.0, 0.0, 5, 8, 1), "sigma_w = 0"),
        ((1.0, -1.0, 5, 8, 1), "sigma_b = -1"),
        ((1.0, math.nan, 5, 8, 1), "sigma_b = nan"),
        ((1e3, 0.0, 500, 8, 1), "leaves e"),
    ],
)
def test_what_has_no_slope_is_refused_in_one_line(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        predicted_slope(kernel(activation("relu")), *arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("net", [{"cell": "gru"}, {"weights": "orthogonal"}, {"depth": 2}], ids=str)
def test_nets_without_a_prediction_are_refused(net: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="plain Gaussian nets"):
        judge(claim("recurrent-slope", net))
