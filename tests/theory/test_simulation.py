"""A simulated net beside its theory: definitions written again in plain NumPy; sentences that fit."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.numeric import Net, sample, violations
from symgrad.theory.activations import ACTIVATIONS, CORE, activation, gamma, kernel
from symgrad.theory.simulation import Simulation, simulate

OPTIONS: dict[str, Any] = {
    "depth": 6,
    "width": 7,
    "batch": 3,
    "seeds": 5,
    "sigma_w": 1.4,
    "sigma_b": 0.3,
    "seed": 11,
}


def run(name: str = "tanh", **options: Any) -> Simulation:
    return simulate(activation(name), {**OPTIONS, **options})


def by_hand(name: str, net: Net) -> tuple[np.ndarray, np.ndarray]:
    """ln‖∂E/∂h_l‖ and ln(‖g‖ ∏_{k>l} ‖W_k‖₂ γ), (S, L), seed by seed over the engine's draws."""
    functions, draws = kernel(CORE[name]), sample(net, range(net.seeds))
    most = float(gamma(CORE[name]).enclosure().decimal)
    gradients, bounds = (np.empty((net.seeds, net.depth)) for _ in range(2))
    for s in range(net.seeds):
        weights = [net.sigma_w * np.asarray(w[s], float) for w in draws.weights]
        value, slopes = np.asarray(draws.inputs[s], float), []
        for l, weight in enumerate(weights):
            shift = 0.0 if draws.biases is None else net.sigma_b * np.asarray(draws.biases[l][s], float)
            pre = value @ weight.T + shift
            value = functions.value(pre)
            slopes.append(functions.slope(pre))
        gradient = np.asarray(draws.covector[s], float)
        bound = math.log(np.linalg.norm(gradient))
        for l in reversed(range(net.depth)):
            gradients[s, l], bounds[s, l] = math.log(np.linalg.norm(gradient)), bound
            gradient = (gradient * slopes[l]) @ weights[l]
            bound += math.log(np.linalg.svd(weights[l], compute_uv=False)[0] * most)
    return gradients, bounds


@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("name", CORE)
def test_definitions(name: str, law: str) -> None:
    found = run(name, weights=law)
    assert isinstance(found.net, Net)
    gradients, bounds = by_hand(name, found.net)
    np.testing.assert_allclose(found.log10_gradient * math.log(10), gradients, atol=1e-11)
    np.testing.assert_allclose(found.log10_bound * math.log(10), bounds, atol=1e-11)
    rounding = math.log1p(64 * np.finfo(float).eps * found.net.depth * found.net.width)
    assert found.violations == np.count_nonzero(gradients > bounds + rounding) == 0
    layers = np.arange(1, found.net.depth + 1)
    slopes = [np.polyfit(layers, row, 1)[0] for row in gradients]
    assert found.slope_measured == pytest.approx(-np.median(slopes), abs=1e-11)
    assert found.front_factor == pytest.approx(np.median(gradients[:, 0] - gradients[:, -1]) / math.log(10))
    assert found.bound_factor == pytest.approx(np.median(bounds[:, 0] - bounds[:, -1]) / math.log(10))


@pytest.mark.parametrize("name", CORE)
def test_gamma_is_never_below_the_supremum(name: str) -> None:
    """The float that bounds are made with is at least γ, and not by more than two units in the last place."""
    found = run(name)
    upper = float(gamma(CORE[name]).enclosure().upper)
    assert upper <= found.gamma_above <= upper * (1 + 4e-16)


def test_a_bound_a_thousandth_too_small_is_violated() -> None:
    """The linear net with orthogonal weights sits on its bound: the count must see one part in a thousand."""
    found = run("identity", weights="orthogonal", depth=20)
    assert found.violations == 0
    assert found.ln_bound is not None
    tighter = found.ln_bound + math.log(0.999) * (np.arange(20)[::-1] > 0)
    assert violations(found.net, found.ln_gradient, tighter) == found.net.seeds * (found.net.depth - 1)


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "gelu"])
def test_predicted_slope_is_half_the_mean_log_factor(name: str) -> None:
    """½ mean_l ln(σ_w² E φ′(√q_l z)²) along q_l = σ_w² E φ(√q_{l−1} z)² + σ_b², by Gauss–Hermite."""
    found = run(name, depth=5)
    nodes, weights = np.polynomial.hermite_e.hermegauss(180)
    weights = weights / weights.sum()
    functions = kernel(CORE[name])
    q, factors = OPTIONS["sigma_w"] ** 2 + OPTIONS["sigma_b"] ** 2, []
    for _ in range(5):
        at = np.sqrt(q) * nodes
        factors.append(OPTIONS["sigma_w"] ** 2 * np.sum(weights * functions.slope(at) ** 2))
        q = OPTIONS["sigma_w"] ** 2 * np.sum(weights * functions.value(at) ** 2) + OPTIONS["sigma_b"] ** 2
    assert found.predicted is not None
    assert found.predicted.predicted_slope == pytest.approx(0.5 * np.mean(np.log(factors)), abs=2e-4)
    line = found.log10_predicted
    assert line is not None
    assert line[-1] == pytest.approx(np.median(found.log10_gradient[:, -1]))
    np.testing.assert_allclose(np.diff(line), -0.5 * np.log10(factors[1:]), atol=2e-4)


def test_typical_nets_follow_the_prediction() -> None:
    """The predicted line from the output to the front against the median net, at three kinds of nets."""
    for name, sigma_w, sigma_b in (("tanh", 1.0, 0.0), ("tanh", 1.5**0.5, 0.05**0.5), ("relu", 1.2, 0.1)):
        found = run(name, depth=40, width=200, batch=4, seeds=8, sigma_w=sigma_w, sigma_b=sigma_b)
        line = found.log10_predicted
        assert line is not None
        assert found.front_factor == pytest.approx(line[0] - line[-1], rel=0.1, abs=0.1)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"name": "sigmoid", "depth": 30}, "vanishes"),
        ({"name": "relu", "depth": 30, "width": 64, "sigma_w": 2**0.5}, "holds"),
        ({"name": "tanh", "depth": 40, "width": 64, "sigma_w": 3.0}, "explodes"),
        ({"name": "relu", "depth": 30, "width": 4, "sigma_w": 0.0, "sigma_b": 0.0}, "exactly zero"),
        ({"name": "tanh", "depth": 1}, "no product"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_finding_says_what_the_numbers_say(options: dict[str, Any], word: str) -> None:
    found = run(**options)
    sentence = found.finding()
    assert word in sentence
    assert sentence.endswith(".")
    for number in re.findall(r"10\^(\d+\.\d+)", sentence):
        assert any(
            float(number) == pytest.approx(abs(value), abs=0.051)
            for value in (found.front_factor, found.bound_factor)
        )


NETS: list[dict[str, Any]] = [
    {},
    {"depth": 1},
    {"depth": 2},
    {"sigma_w": 0.0},
    {"sigma_w": 0.0, "sigma_b": 0.0},
    {"sigma_w": 1e150, "sigma_b": 0.0},
    {"sigma_w": 1e-150},
    {"dtype": "float32"},
    {"width": 1, "batch": 1, "seeds": 1},
    {"depth": 1000, "width": 2},
]


@pytest.mark.parametrize("options", NETS, ids=str)
@pytest.mark.parametrize("name", ["tanh", "relu", "selu", "silu"])
def test_steps_of_every_net(name: str, options: dict[str, Any]) -> None:
    """Whatever the net, the numbers put in are checked, nothing warns, and no bound is broken."""
    found = run(name, **options)
    steps = found.steps()
    assert len(steps) == 5
    assert all(step.check and step.because for step in steps)
    assert found.finding()
    assert found.violations == 0
    assert not np.isnan(found.log10_gradient).any()
    assert not np.isnan(found.log10_bound).any()


def test_enormous_scales_do_not_warn() -> None:
    found = run("relu", sigma_w=1e308, sigma_b=0.0, depth=50)
    assert found.steps()
    assert found.front_factor > 1000


def test_defaults_are_those_of_the_command_line() -> None:
    found = simulate(activation("tanh"), {})
    assert found.net == Net()


@pytest.mark.parametrize(
    ("options", "offender"),
    [
        ({"depth": 0}, "depth = 0"),
        ({"depth": 2.5}, "depth = 2.5"),
        ({"depth": True}, "depth = True"),
        ({"width": -1}, "width = -1"),
        ({"sigma_w": math.nan}, "sigma_w = nan"),
        ({"sigma_b": -math.inf}, "sigma_b = -inf"),
        ({"sigma_w": "wide"}, "sigma_w = 'wide'"),
        ({"weights": "uniform"}, "weights = 'uniform'"),
        ({"dtype": "float16"}, "dtype = 'float16'"),
        ({"seed": -1}, "seed = -1"),
        ({"width": 10**9}, "width 1000000000"),
        ({"colour": 1}, "'colour'"),
    ],
    ids=str,
)
def test_refusals_name_the_offender_and_the_range(options: dict[str, Any], offender: str) -> None:
    with pytest.raises(InputError) as refusal:
        run(**options)
    message = str(refusal.value)
    assert offender in message
    assert "legal" in message
    assert "\n" not in message


def test_the_same_seed_gives_the_same_numbers_and_another_does_not() -> None:
    one, two, other = run(), run(), run(seed=12)
    np.testing.assert_array_equal(one.log10_gradient, two.log10_gradient)
    assert (one.log10_gradient != other.log10_gradient).all()


@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
def test_nets_are_inside_the_band_of_their_width(weights: str) -> None:
    """The band is about what is typical at this width, not about the length map's slope."""
    options = {"depth": 30, "width": 64, "sigma_b": 0.2, "sigma_w": 1.5, "weights": weights}
    found = simulate(CORE["tanh"], options)
    assert found.slope_band is not None and found.gradient_band is not None and not found.why_no_band
    low, high = found.slope_band
    assert low <= found.slope_measured <= high and 0 < high - low < 0.03
    below, middle, above = found.gradient_band
    assert middle[-1] == pytest.approx(np.median(found.log10_gradient[:, -1]))
    assert (below < above).all() and below[-1] == pytest.approx(above[-1])
    assert below[0] <= np.median(found.log10_gradient[:, 0]) <= above[0]


def test_orthogonal_linear_nets_do_not_scatter_and_are_inside_their_band() -> None:
    found = simulate(CORE["identity"], {"depth": 12, "width": 16, "sigma_w": 0.9, "weights": "orthogonal"})
    assert found.slope_band is not None
    low, high = found.slope_band
    assert low <= found.slope_measured <= high and high - low < 1e-8


def test_where_fluctuations_are_not_small_there_is_no_band_but_a_reason() -> None:
    found = simulate(
        ACTIVATIONS["gcu"], {"depth": 11, "width": 197, "sigma_w": 1.54, "sigma_b": 0.1, "seeds": 2}
    )
    assert (
        found.slope_band is None and found.gradient_band is None and "fluctuations of q" in found.why_no_band
    )
    one = simulate(CORE["tanh"], {"depth": 1, "width": 64, "seeds": 2})
    assert one.slope_band is None and "two layers" in one.why_no_band
