"""`symgrad gain`: the keys, the numbers and the refusals that scripts rely on."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from symgrad.cli import main

KEYS = ("forward", "backward", "second_moment", "derivative_second_moment")


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["gain", *arguments, "--json", "--no-cache"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    found = ask(capsys, "tanh")
    assert found["q"] == "1"
    for key in KEYS:
        number = found[key]
        assert set(number) >= {"exact", "decimal", "lower", "upper", "proof"}
        assert number["exact"] is None
        assert number["proof"] == "certified"
        lower, decimal, upper = (Fraction(number[end]) for end in ("lower", "decimal", "upper"))
        assert 0 <= upper - lower <= Fraction(1, 10**30) * max(Fraction(1), upper)
        assert abs(decimal - lower) <= Fraction(1, 10**29)
        assert len(number["decimal"].replace(".", "").lstrip("0")) == 30
    assert found["forward"]["decimal"].startswith("1.592537")
    assert found["backward"]["decimal"].startswith("1.467413")


def test_exact_forms_at_another_variance(capsys: pytest.CaptureFixture[str]) -> None:
    found = ask(capsys, "relu", "--q", "0.5")
    assert found["q"] == "1/2"
    assert found["second_moment"]["exact"] == "1/4"
    assert found["forward"]["exact"] == "2"
    assert found["keeping"]["exact"] == "sqrt(2)"
    assert found["bias_variance"]["exact"] == "0"


def test_parameters_and_typed_activations(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "leaky_relu", "--set", "a=1")["forward"]["exact"] == "1"
    assert ask(capsys, "max(0, x)")["forward"]["exact"] == "sqrt(2)"
    infinite = ask(capsys, "sqrt(|x|)")
    assert infinite["derivative_second_moment"]["exact"] == "oo"
    assert infinite["derivative_second_moment"]["decimal"] == "oo"
    assert infinite["backward"]["exact"] == "0"
    assert infinite["bias_variance"] is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["tanh", "--q", "0"], "legal are"),
        (["tanh", "--q", "-1"], "--q"),
        (["tanh", "--q", "1e400"], "--q"),
        (["tanh", "--q", "10000000"], "legal are"),
        (["log(x)"], "not real on the whole line"),
        (["nonsense"], "nonsense"),
    ],
)
def test_refusals_are_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], word: str) -> None:
    assert main(["gain", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1
    assert word in told.err


def test_the_table_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("gelu", "sqrt(|x|)"):
        assert main(["gain", name]) == 0
        told = capsys.readouterr().out
        assert "forward gain" in told
        assert "E φ′(√q z)²" in told
