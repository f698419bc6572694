"""The command line: one document, the promised keys, exit codes, one plain line for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symgrad.cli import main
from symgrad.numeric import Net, RecurrentNet, sample
from symgrad.options import SIMULATION_OPTIONS
from symgrad.theory.activations import ACTIVATIONS, CORE
from symgrad.theory.registry import DERIVATIONS

ROOT = Path(__file__).resolve().parents[1]
EXTREMUM = {"exact", "decimal", "lower", "upper", "attained", "at", "proof", "why"}
SMALL = ["simulate", "--depth", "5", "--width", "6", "--batch", "3", "--seeds", "4"]
KEYS: list[tuple[list[str], set[str]]] = [
    (["list"], {"activations", "derivations", "architectures"}),
    (["derive", "silu"], {"expression", "derivative", "steps", "latex"}),
    (["bound", "tanh"], {"expression", "derivative", "domain", "inf", "sup", "lipschitz"}),
    (["atlas"], {"rows"}),
    (["show", "norm-bound"], {"key", "title", "assumptions", "steps", "conclusion", "sources", "latex"}),
    (
        SMALL,
        {"depth", "log10_gradient", "log10_bound", "violations", "slope_measured", "slope_predicted"},
    ),
    (["verify", "float-floor"], {"passed", "failed", "undecided", "seed", "claims"}),
]


def answered(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The document of a command that succeeds: nothing else on standard output, and strict JSON."""
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    document = json.loads(printed.out, parse_constant=refuse)
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(("arguments", "keys"), KEYS, ids=lambda v: v[0] if isinstance(v, list) else "")
def test_promised_keys(arguments: list[str], keys: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert keys <= set(answered(arguments, capsys))


@pytest.mark.parametrize("arguments", [arguments for arguments, _ in KEYS], ids=lambda v: v[0])
def test_tables_for_people(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) > 3
    assert not printed.err


@pytest.mark.parametrize("name", CORE)
def test_bound_of_every_activation(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = answered(["bound", name], capsys)
    for key in ("inf", "sup", "lipschitz"):
        e = document[key]
        assert set(e) >= EXTREMUM
        lower, value, upper = (Decimal(e[part]) for part in ("lower", "decimal", "upper"))
        size = max(Decimal(1), abs(value))
        assert upper - lower <= Decimal("1e-30") * size
        assert abs(value - lower) <= Decimal("1e-29") * size
        assert e["proof"] == "exact"
        assert e["at"]
    ends = [Decimal(document[key]["decimal"]).copy_abs() for key in ("inf", "sup")]
    assert max(ends) == Decimal(document["lipschitz"]["decimal"])


@pytest.mark.parametrize("name", CORE)
def test_steps_of_every_activation_are_a_chain(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = answered(["derive", name], capsys)
    steps = document["steps"]
    assert all(step["rule"] and step["check"] for step in steps)
    assert [step["before"] for step in steps[1:]] == [step["after"] for step in steps[:-1]]


@pytest.mark.parametrize("key", DERIVATIONS)
def test_show_every_derivation(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = answered(["show", key], capsys)
    assert all({"statement", "because", "check"} <= set(step) for step in document["steps"])
    assert document["latex"].startswith("\\documentclass")


def test_options_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "bound", "relu"]) == 0
    before = capsys.readouterr().out
    assert main(["bound", "--json", "--no-cache", "--", "relu"]) == 0
    assert capsys.readouterr().out == before


def test_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(["bound", "leaky_relu", "--set", "a=1/5"], capsys)["inf"]["exact"] == "1/5"
    assert answered(["bound", "leaky_relu", "--set", "a=0.2", "--symbolic"], capsys)["inf"]["exact"] == "a"
    assert answered(["bound", "elu", "--set", "alpha=2"], capsys)["sup"]["exact"] == "2"


BAD = [
    (["bound", "nope"], "nope"),
    (["bound"], "ACTIVATION"),
    (["bound", "tanh", "--bogus"], "--bogus"),
    (["nonsense"], "nonsense"),
    ([], "COMMAND"),
    (["show", "nope"], "nope"),
    (["verify", "nope"], "nope"),
    (["bound", "leaky_relu", "--set", "a"], "--set a"),
    (["bound", "leaky_relu", "--set", "b=1"], "b"),
    (["bound", "leaky_relu", "--set", "a=0"], "a=0"),
    (["bound", "leaky_relu", "--set", "a=1e400000000"], "a=1e4"),
    (["bound", "leaky_relu", "--set", "a=__import__('os')"], "__import__"),
    (["bound", "tanh", "--timeout", "0"], "--timeout"),
    (["simulate", "--depth", "-3"], "depth"),
    (["simulate", "--depth", "0"], "depth"),
    (["simulate", "--depth", "100001"], "depth"),
    (["simulate", "--depth", "ten"], "ten"),
    (["simulate", "--width", "0"], "width"),
    (["simulate", "--batch", "0"], "batch"),
    (["simulate", "--sigma-w", "nan"], "sigma_w"),
    (["simulate", "--sigma-w", "inf"], "sigma_w"),
    (["simulate", "--sigma-b", "-1"], "sigma_b"),
    (["simulate", "--weights", "uniform"], "uniform"),
    (["simulate", "--dtype", "float16"], "float16"),
    (["simulate", "--depth", "100000", "--width", "4096"], "GiB"),
    (["simulate", "--activation", "nope"], "nope"),
    (["simulate", "--architecture", "transformer"], "transformer"),
    (["export", "--format", "docx", "--out", "x"], "docx"),
    (["export"], "--out"),
]


@pytest.mark.parametrize(
    ("arguments", "offender"), BAD, ids=lambda v: " ".join(v) if isinstance(v, list) else ""
)
def test_bad_input_is_one_line(
    arguments: list[str], offender: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert not printed.out
    (line,) = printed.err.splitlines()
    assert line.startswith("symgrad: ")
    assert offender in line
    assert "usage" not in line


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["export", "float-floor", "--format", "md", "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_time_limit_still_gives_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--thorough", "--json", "--timeout", "0.01"]) == 3
    printed = capsys.readouterr()
    assert json.loads(printed.out)["complete"] is False
    assert "0.01 s" in printed.err


def test_as_a_process() -> None:
    command = [sys.executable, "-m", "symgrad", "list", "--json"]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert json.loads(found.stdout)["activations"] == list(ACTIVATIONS)
    assert not found.stderr


def test_the_help_names_the_defaults() -> None:
    defaults = {option.name: option.default for kind in (RecurrentNet, Net) for option in fields(kind)}
    for name, _, words in SIMULATION_OPTIONS:
        default = defaults[name.replace("-", "_")]
        assert words.endswith(
            f"(default {default:g})" if isinstance(default, float) else f"(default {default})"
        )


def test_simulate_means_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    """The definitions of docs/cli.md, written again in plain NumPy on the engine's own draws."""
    depth, width, batch, seeds, scale, shift = 5, 6, 3, 4, 1.3, 0.2
    options = ["--activation", "tanh", "--sigma-w", str(scale), "--sigma-b", str(shift)]
    document = answered([*SMALL, *options], capsys)
    draws = sample(Net(depth, width, batch, seeds, scale, shift), range(seeds))
    assert draws.biases is not None
    gradients, bounds, slopes = [], [], []
    for s in range(seeds):
        weights = [scale * np.asarray(w[s]) for w in draws.weights]
        biases = [shift * np.asarray(b[s]) for b in draws.biases]
        values, kept = np.asarray(draws.inputs[s]), []
        for w, b in zip(weights, biases, strict=True):
            values = np.tanh(values @ w.T + b)
            kept.append(values)
        back = np.asarray(draws.covector[s])
        norms, bound = [np.linalg.norm(back)], [np.linalg.norm(back)]
        for layer in reversed(range(1, depth)):
            back = (back * (1 - kept[layer] ** 2)) @ weights[layer]
            norms.insert(0, np.linalg.norm(back))
            bound.insert(0, bound[0] * np.linalg.norm(weights[layer], 2))
        gradients.append(np.log10(norms))
        bounds.append(np.log10(bound))
        slopes.append(-np.polyfit(np.arange(1, depth + 1), np.log(norms), 1)[0])
    assert document["log10_gradient"]["median"] == pytest.approx(np.median(gradients, axis=0), abs=1e-12)
    assert document["log10_gradient"]["q05"] == pytest.approx(np.quantile(gradients, 0.05, axis=0), abs=1e-12)
    assert document["log10_bound"] == pytest.approx(np.median(bounds, axis=0), abs=1e-12)
    assert document["slope_measured"] == pytest.approx(np.median(slopes), abs=1e-12)
    assert document["violations"] == 0
    assert document["depth"] == list(range(1, depth + 1))
