"""A simulated recurrent net beside its theory: definitions written again in plain NumPy; options refused."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from symgrad import verbs
from symgrad.cli import main
from symgrad.errors import InputError
from symgrad.numeric import violations
from symgrad.numeric.recurrent.net import sample_recurrent
from symgrad.theory.activations import CORE, activation, gamma, kernel
from symgrad.theory.through_time.simulation import RecurrentSimulation, simulate

OPTIONS: dict[str, Any] = {
    "depth": 6,
    "width": 5,
    "batch": 3,
    "seeds": 4,
    "sigma_w": 1.3,
    "sigma_b": 0.4,
    "seed": 7,
}
GATED = [("lstm", {}), ("lstm", {"forget_bias": 1.5}), ("lstm", {"forget_gate": False}), ("gru", {})]

OTHERS: list[dict[str, Any]] = [{}, {"depth": 1}, {"depth": 60, "sigma_w": 4.0}, {"dtype": "float32"}]


def run(cell: str = "rnn", name: str = "tanh", **options: Any) -> RecurrentSimulation:
    return simulate(cell, activation(name), {**OPTIONS, **options})


@pytest.mark.parametrize("law", ["gaussian", "orthogonal", "identity"])
@pytest.mark.parametrize("name", CORE)
def test_definitions_of_the_plain_net(name: str, law: str) -> None:
    """ln‖∂E/∂h_t‖ and ln(‖g‖ (γ‖W‖₂)^{T−t}), seed by seed over the engine's draws."""
    found = run(name=name, weights=law)
    net, functions = found.net, kernel(CORE[name])
    draws, most = sample_recurrent(net, range(net.seeds)), float(gamma(CORE[name]).enclosure().decimal)
    assert draws.bias is not None and found.ln_bound is not None
    for s in range(net.seeds):
        weight, slopes = net.sigma_w * np.asarray(draws.recurrent[s]), []
        state: Any = np.zeros((3, 5))
        for given in draws.inputs[s]:
            pre = state @ weight.T + given @ draws.input[s].T + net.sigma_b * draws.bias[s]
            state = functions.value(pre)
            slopes.append(functions.slope(pre))
        gradient: Any = np.asarray(draws.covector[s])
        steepest = math.log(np.linalg.svd(weight, compute_uv=False)[0] * most)
        bound = math.log(np.linalg.norm(gradient))
        for t in reversed(range(net.depth)):
            assert found.ln_gradient[s, t] == pytest.approx(math.log(np.linalg.norm(gradient)), abs=1e-11)
            assert found.ln_bound[s, t] == pytest.approx(bound, abs=1e-11)
            gradient = (gradient * slopes[t]) @ weight
            bound += steepest
    assert found.violations == 0


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu"])
def test_the_prediction_of_the_plain_net(name: str) -> None:
    """½ mean_t ln(σ_w² E φ′²) along q_1 = 1 + σ_b², q_{t+1} = σ_w² E φ² + 1 + σ_b², by Gauss–Hermite."""
    found = run(name=name)
    nodes, weights = np.polynomial.hermite_e.hermegauss(180)
    functions, weights = kernel(CORE[name]), weights / weights.sum()
    q, factors = 1 + OPTIONS["sigma_b"] ** 2, []
    for _ in range(OPTIONS["depth"]):
        at = np.sqrt(q) * nodes
        factors.append(OPTIONS["sigma_w"] ** 2 * np.sum(weights * functions.slope(at) ** 2))
        second = np.sum(weights * functions.value(at) ** 2)
        q = OPTIONS["sigma_w"] ** 2 * second + 1 + OPTIONS["sigma_b"] ** 2
    assert found.slope_predicted == pytest.approx(0.5 * np.mean(np.log(factors)), abs=2e-4)
    assert run(name=name, weights="identity").slope_predicted is None


def test_wide_nets_follow_the_prediction() -> None:
    for name, sigma_w, sigma_b in (("tanh", 1.0, 0.0), ("tanh", 2.0, 0.3), ("erf", 1.2, 0.2)):
        found = run(name=name, depth=40, width=200, batch=4, seeds=4, sigma_w=sigma_w, sigma_b=sigma_b)
        line = found.log10_predicted
        assert line is not None
        assert found.front_factor == pytest.approx(line[0] - line[-1], rel=0.1, abs=0.1)
        assert found.slope_band is not None
        low, high = found.slope_band
        assert low <= found.slope_measured <= high and 0 < high - low < 0.04
    assert run("lstm").slope_band is run(weights="orthogonal").slope_band is run(depth=1).slope_band is None


@pytest.mark.parametrize(("cell", "options"), GATED, ids=str)
@pytest.mark.parametrize(
    "more", [{}, {"depth": 1}, {"depth": 60, "sigma_w": 4.0}, {"dtype": "float32"}], ids=str
)
def test_gated_nets_stay_below_their_bound(cell: str, options: dict[str, Any], more: dict[str, Any]) -> None:
    found = run(cell, **{**options, **more})
    assert found.bounded and found.violations == 0 and found.slope_predicted is None
    assert all(step.check and step.because for step in found.steps())
    assert found.finding().endswith(".")
    assert found.ln_bound is not None
    lower = found.ln_gradient - 0.01
    assert violations(found.net, found.ln_gradient, lower) == found.ln_gradient.size


@pytest.mark.parametrize(
    "more", [{}, {"depth": 1}, {"sigma_w": 0.0}, {"sigma_w": 1e150}, {"depth": 300}], ids=str
)
@pytest.mark.parametrize("name", ["tanh", "relu", "silu"])
def test_steps_of_every_plain_net(name: str, more: dict[str, Any]) -> None:
    found = run(name=name, **more)
    assert len(found.steps()) == 4 and found.finding()
    assert not np.isnan(found.log10_gradient).any() and not np.isnan(found.log10_bound).any()


def test_an_unbounded_derivative_has_no_worst_case() -> None:
    document = verbs.simulate("x**3", architecture="rnn", depth=4, width=3, seeds=2, sigma_w=0.2)
    assert document["verdict"] == "UNDECIDED" and document["log10_bound"] == [None] * 4
    assert "no worst-case bound" in document["finding"] and len(document["steps"]) == 2


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_document_is_the_one_of_layers(cell: str, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--depth", "5", "--width", "4", "--seeds", "2", "--batch", "2"]
    assert main(["simulate", "--architecture", cell, *sizes, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    layers = verbs.simulate(depth=5, width=4, seeds=2, batch=2)
    ours, theirs = set(found), set(layers)
    assert theirs - ours == {"log10_weight_gradient", "preactivation_log10_rms"}
    assert ours - theirs == {"log10_shared_gradient"}
    assert found["config"]["architecture"] == cell
    assert ("forget_bias" in found["config"]) == (cell == "lstm")
    again = {name: value for name, value in found["config"].items() if name != "parameters"}
    assert verbs.simulate(**again) == found


@pytest.mark.parametrize(
    ("arguments", "offender"),
    [
        (["--architecture", "transformer"], "transformer"),
        (["--architecture", "rnn", "--depth", "0"], "depth = 0"),
        (["--architecture", "lstm", "--forget-bias", "1e9"], "forget_bias = 1000000000.0"),
        (["--architecture", "lstm", "--forget-bias", "nan"], "forget_bias = nan"),
        (["--architecture", "lstm", "--no-forget-gate", "--forget-bias", "1"], "forget_bias = 1"),
        (["--architecture", "rnn", "--forget-bias", "1"], "'forget_bias'"),
        (["--architecture", "gru", "--no-forget-gate"], "'forget_gate'"),
        (["--forget-bias", "1"], "'forget_bias'"),
        (["--weights", "identity"], "'identity'"),
        (["--architecture", "gru", "--activation", "relu"], "activation relu"),
        (["--architecture", "rnn", "--activation", "log(x)"], "(0, oo)"),
        (["--architecture", "rnn", "--depth", "100000", "--width", "512"], "GiB"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refusals_are_one_line(
    arguments: list[str], offender: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) == 2
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert not printed.out and offender in line


def test_options_are_named_in_python_too() -> None:
    with pytest.raises(InputError, match=r"'colour'.*legal: depth"):
        run(colour=1)
