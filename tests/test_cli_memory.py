"""The command `memory`: documents, table, exit codes; the stored run, and a piece of it trained again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from symgrad.cli import main
from symgrad.runs.memory.experiment import PRESETS
from symgrad.runs.memory.stored import compared, stored, thinned
from symgrad.runs.memory.training import trained
from symgrad.verbs import memory
from symgrad.verbs.memory import finding

TINY = ["--steps", "5", "--seeds", "1", "--updates", "60", "--width", "8", "--batch", "10", "--workers", "1"]
KEYS = {
    "stored",
    "state",
    "points",
    "done",
    "config",
    "made_with",
    "threshold",
    "threshold_reason",
    "rules",
    "tasks",
    "architectures",
    "runs",
    "cells",
    "finding",
}


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["memory", "--out", str(tmp_path / "out"), *TINY, "--task", "recall"]
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) >= KEYS and document["state"] == "finished" and not document["stored"]
    assert [run["architecture"] for run in document["runs"]] == ["rnn", "orthogonal", "lstm"]
    for run in document["runs"]:
        assert run["finished"] and len(run["accuracy"]) == len(run["update"]) == 3
        assert run["profiles"][0]["t"] == [1, 2, 3, 4, 5]
        first = run["profiles"][0]["log10_gradient"]
        assert run["log10_ratio"] == pytest.approx(first[0] - first[-1])
        assert run["predicted_fails"] is (run["predicted_log10_ratio"] < document["threshold"])
    assert document["compared"] is None
    assert {**memory(str(tmp_path / "out")), "compared": None} == document
    assert main(command) == 0
    assert "3 of 3 trainings" in capsys.readouterr().out


def test_the_time_limit_leaves_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = ["memory", "--out", str(tmp_path), "--steps", "50", "--seeds", "1", "--timeout", "1.5", "--json"]
    assert main([*long, "--workers", "1"]) == 3
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["state"] == "cancelled" and document["complete"] is False
    assert "the same command goes on where it stopped" in printed.err
    assert any(cell["solved"] is None for cell in document["cells"])


BAD = {
    "trainings without a folder": ["memory", "--seeds", "2"],
    "T = 0": ["memory", "--steps", "0"],
    "no whole number": ["memory", "--steps", "10,x"],
    "a task": ["memory", "--task", "counting"],
    "an architecture": ["memory", "--architectures", "rnn,transformer"],
    "no updates": ["memory", "--updates", "0"],
    "a rate": ["memory", "--rates", "nan"],
    "a preset": ["memory", "--preset", "huge"],
    "workers": ["memory", "--workers", "0"],
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_input_is_one_line(bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = [] if "folder" in bad else ["--out", str(tmp_path / "out")]
    assert main([*BAD[bad], *out]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and "legal" in printed.err and not printed.out
    assert not (tmp_path / "out" / "trainings").exists()


def test_the_stored_run() -> None:
    document = memory()
    assert set(document) >= KEYS and document["stored"] and document["state"] == "finished"
    assert document["config"] == PRESETS["long"].document()
    assert len(document["runs"]) == 54 and all(run["finished"] for run in document["runs"])
    for run in document["runs"]:
        assert len(run["update"]) <= 31 and run["update"][-1] == run["step"] <= 3000
        assert all(len(p["t"]) == len(p["log10_gradient"]) <= 41 for p in run["profiles"])
        assert {p["t"][-1] for p in run["profiles"]} == {run["steps"]}
        score = run["accuracy"] or run["test_loss"]
        assert run["solved"] is (score[-1] > 0.95 if run["accuracy"] else score[-1] < 0.05)
    assert [rule["of"] for rule in document["rules"]] == [18, 18]
    assert document["rules"][0]["right"] == sum(cell["agrees"] for cell in document["cells"])
    for cell in document["cells"]:
        assert cell["seeds"] == cell["finished"] == 3 and cell["solved"] is (cell["solved_seeds"] >= 2)
        assert cell["agrees"] is (cell["solved"] != cell["predicted_fails"])
        if cell["predicted_log10_ratio"] > -10:
            far = abs(cell["log10_ratio"] - cell["predicted_log10_ratio"])
            assert far < 0.3 + 0.25 * abs(cell["predicted_log10_ratio"])


def test_a_piece_of_the_stored_run_trained_again(tmp_path: Path) -> None:
    """Equal to the bits on the machine that made it; on others as near as float32 lets it be at the start."""
    _, _, curves = stored()
    for number in (0, 6):  # T = 10: RNN and LSTM
        there = curves[number]
        here = thinned(trained(there["config"], tmp_path))
        assert here["predicted"] == pytest.approx(there["predicted"], abs=2e-4)
        first = [curve["profiles"][0]["log10_gradient"] for curve in (here, there)]
        assert first[0] == pytest.approx(first[1], abs=1e-3)
        assert here["test_loss"][0] == pytest.approx(there["test_loss"][0], rel=1e-3)
        assert here["solved"] == there["solved"]
        beside = compared([trained(there["config"], tmp_path)])
        assert beside["trainings"] == beside["solved_alike"] == 1


RULES = [{"threshold": -2.5}, {"threshold": -7.0}]


def cell(predicted: float, solved: bool, name: str = "rnn") -> dict[str, Any]:
    here = {"task": "adding", "steps": 50, "architecture": name, "learning_rate": 0.01, "seeds": 3}
    fails = predicted < -2.5
    told = {"predicted_log10_ratio": predicted, "predicted_fails": fails, "agrees": solved != fails}
    return {**here, **told, "solved": solved, "solved_seeds": 3 * solved}


def test_the_finding_says_what_the_numbers_say() -> None:
    assert "No architecture" in finding([], 100, RULES)
    agree = finding([cell(-9, False), cell(-1, True, "lstm")], 100, RULES)
    assert "1 of 1 were not solved within 100 updates, 0 of their 3 seeds were: adding, T = 50 (rnn)" in agree
    assert "Where it predicted none, 1 of 1 were solved: adding, T = 50 (lstm)" in agree
    assert "disagree" not in agree and "right in 2 of 2" in agree
    refuted = finding([cell(-5, True), cell(-1, True, "lstm")], 100, RULES)
    assert "0 of 1 were not solved" in refuted and "disagree for adding, T = 50 (rnn)" in refuted
    assert "right in 1 of 2" in refuted and "(10^-7.0) in 2." in refuted


def test_thinning_keeps_both_ends() -> None:
    curve = {name: list(range(61)) for name in ("update", "loss", "test_loss", "score")}
    logs = [-k / 7 for k in range(200)]
    found = thinned({**curve, "predicted": math.pi, "profiles": [{"update": 0, "log10_gradient": logs}]})
    assert found["update"][0] == 0 and found["update"][-1] == 60 and len(found["update"]) == 31
    (profile,) = found["profiles"]
    assert profile["t"][0] == 1 and profile["t"][-1] == 200 and len(profile["t"]) == 41
    assert profile["log10_gradient"][-1] == round(-199 / 7, 4) and found["predicted"] == 3.1416
