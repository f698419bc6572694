"""The view Training: the shipped run, a kept folder, a net of one's own, refusals, and what diverged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symgrad import verbs
from symgrad.app.training import WORK
from symgrad.app.words import powers
from symgrad.present import training_chart
from symgrad.runs.training import Config, Several, preset, run
from symgrad.runs.training.stored import rounded, stored
from tests.app.pages import OpenView, said, sound

SMALL = Config(depth=3, width=16, epochs=2)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two trainings, one of which diverges."""
    monkeypatch.setenv("SYMGRAD_RUNS", str(tmp_path))
    runs = {
        "plain": SMALL,
        "remedied": Config(**{**SMALL.document(), "remedies": ("relu",), "learning_rate": 1e9}),
    }
    run(Several("two", "two", runs), tmp_path / "two", workers=1)
    return tmp_path / "two"


def test_a_kept_folder_is_opened_and_divergence_is_said(open_view: OpenView, kept: Path) -> None:
    app = open_view("training", folder="two")
    sound(app)
    document = verbs.compare([kept], curves=True)
    assert powers(document["finding"]) in said(app)
    table = app.dataframe[0]
    assert any("diverged" in state for state in table.value["state"])
    assert WORK.status(kept).state == "finished"
    assert WORK.command(kept) == ["train", "--resume", "--out", str(kept)]


def test_a_net_of_ones_own_is_refused_before_it_is_started(open_view: OpenView) -> None:
    app = open_view("training", what="A net of my own", activation="log(x", depth=3)
    assert not app.exception and not app.error
    assert any("log(x" in code.value for code in app.code)
    app = open_view("training", what="A net of my own", activation="tanh(x)*x", depth=3)
    sound(app)
    assert app.button(key="start")


@pytest.mark.parametrize("measure", training_chart.MEASURES)
@pytest.mark.parametrize("dark", [False, True])
def test_charts_hold_the_numbers(measure: str, dark: bool) -> None:
    document = verbs.compare(curves=True)
    for name in ("plain-10", "rprop"):
        runs = [row for row in document["runs"] if row["name"] == name]
        chart = training_chart.by_layer_and_epoch({"runs": runs, "measure": measure}, dark)
        text = json.dumps(chart.to_dict(), allow_nan=False)
        assert name in text
        rows = chart.to_dict()["data"]["values"]
        assert {row["layer"] for row in rows} == set(range(1, 11)) and len(rows) <= 400
        layers = runs[0]["curves"][measure]
        assert all(
            10 ** row["log10"] == pytest.approx(layers[row["layer"] - 1][row["epoch"] - 1]) for row in rows
        )


def test_the_shipped_run_is_the_headline() -> None:
    found = dict(stored())
    assert {name: record["config"] for name, record in found.items()} == preset("headline").document()
    assert all(record["finished"] for record in found.values())


@pytest.mark.parametrize("name", ["plain-2", "plain-5"])
def test_the_shipped_run_is_what_the_program_trains(name: str, tmp_path: Path) -> None:
    from symgrad.runs.training import trained

    ours = rounded(trained(preset("headline").runs[name], tmp_path / name))
    there = dict(stored())[name]
    for column in ("loss", "accuracy"):
        assert ours[column] == pytest.approx(there[column], rel=2e-3, abs=6e-3)
    for layer, other in zip(ours["relative_update"], there["relative_update"], strict=True):
        assert layer == pytest.approx(other, rel=2e-2)
