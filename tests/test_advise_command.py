"""`symgrad advise`: the keys, the table, and the refusals that scripts rely on."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from symgrad.cli import main
from symgrad.theory.initialization.schemes import SCHEMES

SMALL = ["--depth", "6", "--width", "16", "--batch", "2", "--seeds", "3"]
KEYS = {
    "name",
    "sigma_w2",
    "sigma_b2",
    "predicted_log10_ratio",
    "band",
    "measured_log10_ratio",
    "why",
}


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["advise", *arguments, *SMALL, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "tanh")
    assert [row["name"] for row in found["schemes"]] == [scheme.name for scheme in SCHEMES]
    for row in found["schemes"]:
        assert set(row) >= KEYS
        if row["key"].endswith("double"):
            assert "no fixed point q > 0" in row["why"]
            continue
        assert row["band"][0] <= row["predicted_log10_ratio"] <= row["band"][1]
        assert len(row["measured"]) == 3
    assert found["recommended"] in {row["name"] for row in found["schemes"]}
    assert set(found["code"]) == {"pytorch", "jax", "keras"}
    for text in found["code"].values():
        ast.parse(text)
    best = next(row for row in found["schemes"] if row["name"] == found["recommended"])
    assert found["code"] == found["codes"][best["key"]]


def test_what_does_not_exist_is_null_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "gelu")
    row = next(row for row in found["schemes"] if row["key"] == "table")
    assert all(row[key] is None for key in KEYS - {"name", "why"})
    assert "no entry" in row["why"]
    assert found["codes"]["table"] == {"pytorch": None, "jax": None, "keras": None}


def test_the_biases_at_the_edge(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "tanh", "--sigma-b2", "0.05")
    row = next(row for row in found["schemes"] if row["key"] == "critical")
    assert row["sigma_w2"] == pytest.approx(1.76095464, rel=1e-8)
    assert row["sigma_b2"] == 0.05


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nonsense"], "nonsense"),
        (["log(x)"], "defined on"),
        (["tanh", "--depth", "0"], "depth"),
        (["tanh", "--depth", "2001"], "2000"),
        (["tanh", "--depth", "ten"], "ten"),
        (["tanh", "--width", "0"], "width"),
        (["tanh", "--batch", "-1"], "batch"),
        (["tanh", "--seeds", "0"], "seeds"),
        (["tanh", "--seed", "-1"], "seed"),
        (["tanh", "--sigma-b2", "-1"], "sigma_b2"),
        (["tanh", "--sigma-b2", "nan"], "sigma_b2"),
        (["tanh", "--width", "1000000"], "GiB"),
        ([], "ACTIVATION"),
    ],
)
def test_refusals_are_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], word: str) -> None:
    assert main(["advise", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1
    assert word in told.err


def test_the_table_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "220")
    assert main(["advise", "gelu", *SMALL]) == 0
    told = capsys.readouterr().out
    for word in (
        "99 % band",
        "no entry for this activation",
        "from torch import nn",
        *(s.name for s in SCHEMES),
    ):
        assert word in told
