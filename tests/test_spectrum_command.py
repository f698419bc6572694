"""`symgrad spectrum`: the keys, the table, the numbers beside their oracles, and the refusals."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from symgrad.cli import main
from symgrad.numeric import Net, sample

SMALL = ["--depth", "4", "--width", "12", "--seeds", "3"]


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["spectrum", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_all_values_are_those_of_the_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    """A linear net's Jacobian is the product of its weights; NumPy's singular values of that product."""
    found = asked(capsys, "identity", *SMALL, "--seed", "5")
    net = Net(4, 12, 1, 3, seed=5)
    drawn = sample(net, range(3), norms=False)
    products = [np.linalg.multi_dot([w[s] for w in reversed(drawn.weights)]) for s in range(3)]
    wanted = np.log10(np.linalg.svd(np.array(products), compute_uv=False))
    assert np.abs(np.array(found["log10_values"]) - wanted).max() < 1e-9
    squares = 10 ** (2 * wanted)
    assert found["log10_mean"]["measured"] == pytest.approx(np.log10(squares.mean()))
    relative = (squares**2).mean() / (squares.mean(axis=1) ** 2).mean() - 1
    assert found["relative_variance"]["measured"] == pytest.approx(relative)
    assert 10 ** found["edge"]["predicted"] == pytest.approx(5**5 / 4**4)


def test_isometry_and_its_absence(capsys: pytest.CaptureFixture[str]) -> None:
    wide = ["--width", "96", "--depth", "8", "--seeds", "6"]
    tanh = asked(capsys, "tanh", "--q", "0.02", "--weights", "orthogonal", *wide)
    relu = asked(capsys, "relu", "--weights", "orthogonal", *wide)
    assert tanh["near_share"] == 1
    assert "dynamical isometry" in tanh["finding"]
    assert relu["zero_share"] >= 0.5
    assert relu["relative_variance"]["predicted"] == pytest.approx(8)
    for found in (tanh, relu):
        row = found["relative_variance"]
        assert row["low"] <= row["at_width"] <= row["high"]
        assert found["log10_mean"]["predicted"] == 0
        assert found["log10_mean"]["low"] <= 0 <= found["log10_mean"]["high"]


def test_scales_that_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "tanh", *SMALL, "--sigma-w", "1.5", "--sigma-b", "0.2", "--input-scale", "0.5")
    config = found["config"]
    assert (config["sigma_w"], config["sigma_b"], config["input_scale"]) == (1.5, 0.2, 0.5)
    critical = asked(capsys, "tanh", *SMALL, "--sigma-b", "0.22360679774997896")
    assert critical["config"]["sigma_w"] ** 2 == pytest.approx(1.76095464, rel=1e-8)


def test_nothing_passes(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "tanh", *SMALL, "--sigma-w", "0")
    assert found["zero_share"] == 1
    assert found["log10_mean"]["measured"] is found["relative_variance"]["measured"] is None
    assert "sigma_w" in found["why"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nonsense"], "nonsense"),
        (["log(x)"], "defined on"),
        (["tanh", "--depth", "0"], "--depth 0"),
        (["tanh", "--depth", "ten"], "ten"),
        (["tanh", "--width", "1"], "--width 1"),
        (["tanh", "--width", "513"], "512"),
        (["tanh", "--seeds", "1"], "--seeds 1"),
        (["tanh", "--width", "512", "--depth", "500", "--seeds", "200"], "too much work"),
        (["tanh", "--seed", "-1"], "seed"),
        (["tanh", "--sigma-w", "nan"], "--sigma-w"),
        (["tanh", "--sigma-b", "-1"], "--sigma-b"),
        (["tanh", "--q", "0"], "--q 0"),
        (["tanh", "--q", "1", "--sigma-w", "1"], "--q"),
        (["softplus", "--q", "0.01"], "sigma_b²"),
        (["softplus"], "--sigma-w"),
        (["tanh", "--weights", "uniform"], "gaussian, orthogonal"),
        ([], "ACTIVATION"),
    ],
)
def test_refusals_are_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], word: str) -> None:
    assert main(["spectrum", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1
    assert word in told.err


def test_the_table_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["spectrum", "identity", *SMALL]) == 0
    told = capsys.readouterr().out
    for word in ("99 % interval", "variance ÷ squared mean", "largest square", "the edge at 12.21"):
        assert word in told
