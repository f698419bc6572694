"""The commands `train` and `compare`: documents, tables, files, exit codes, refusals."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from symgrad import verbs
from symgrad.cli import main
from symgrad.options import REMEDY_NAMES
from symgrad.present.columns import columns_csv
from symgrad.runs.training import Config, read
from symgrad.theory.remedies.remedies import REMEDIES
from symgrad.verbs.training import columns_of

SHORT = ["--depth", "3", "--width", "16", "--epochs", "2"]


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_what_scripts_rely_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "a")
    code, text, _ = asked(capsys, "train", *SHORT, "--remedy", "relu,he", "--out", out, "--json")
    document = json.loads(text)
    assert code == 0 and document["state"] == "finished"
    assert len(document["loss"]) == len(document["accuracy"]) == 2
    assert [len(row) for row in document["relative_update"]] == [2, 2, 2]
    assert document["config"]["remedies"] == ["relu", "he"]
    assert verbs.call("training", {"folder": out}) == document
    code, text, _ = asked(capsys, "train", *SHORT, "--remedy", "relu,he", "--out", out, "--resume", "--json")
    assert code == 0 and json.loads(text) == document
    code, text, _ = asked(capsys, "compare", out, "--json")
    (run,) = json.loads(text)["runs"]
    _, record = read(out)
    assert run["config"] == record["config"] and run["final"]["loss"] == record["loss"][-1]
    updates = record["first_step"]["log10_update"]
    assert run["first_update"]["measured_log10_ratio"] == pytest.approx(updates[0] - updates[-1])


def test_tables_and_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, file = tmp_path / "a", tmp_path / "n.csv"
    code, text, _ = asked(capsys, "train", *SHORT, "--out", str(out), "--csv", str(file))
    assert code == 0 and "chance" in text and "10^" in text
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    _, record = read(out)
    assert [(row["epoch"], row["layer"]) for row in rows] == [(e, l) for e in "12" for l in "123"]
    assert [float(row["moved"]) for row in rows[3:]] == [layer[1] for layer in record["moved"]]
    code, text, _ = asked(capsys, "compare", str(out), "--csv", str(file))
    assert code == 0 and "Best of 1" in text
    (row,) = csv.DictReader(io.StringIO(file.read_text()))
    assert row["name"] == "a" and float(row["accuracy"]) == record["accuracy"][-1]


def test_a_limit_stops_it_and_it_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "a"), "--json"]
    long = ["train", "--epochs", "40", "--depth", "20", *out]
    code, text, said = asked(capsys, *long, "--timeout", "1.5")
    assert code == 3 and json.loads(text)["complete"] is False and "goes on" in said
    code, _, said = asked(capsys, *long)
    assert code == 2 and "--resume" in said


@pytest.mark.parametrize(
    ("activation", "remedies", "depth"),
    [("sigmoid", (), 6), ("tanh", (), 5), ("relu", ("he",), 5)],
)
def test_the_first_update_lies_where_it_is_predicted(
    activation: str, remedies: tuple[str, ...], depth: int, tmp_path: Path
) -> None:
    inside = 0
    for seed in range(4):
        options: dict[str, Any] = {"activation": activation, "depth": depth, "epochs": 1, "seed": seed}
        document = verbs.train(tmp_path / str(seed), remedies=remedies, **options)
        first = document["first_update"]
        low, high = first["band"]
        assert low < first["predicted_log10_ratio"] < high < low + 1.2
        inside += low <= first["measured_log10_ratio"] <= high
    assert inside >= 3


def test_rotations_have_a_typical_update_and_no_band(tmp_path: Path) -> None:
    found = verbs.train(tmp_path, depth=4, epochs=1, remedies=("orthogonal",))["first_update"]
    assert found["band"] is None and "rotations" in found["why_unpredicted"]
    assert found["predicted_log10_ratio"] == pytest.approx(found["measured_log10_ratio"], abs=0.3)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"optimizer": "adam"}, "adam"),
        ({"remedies": ("residual",)}, "plain nets"),
        ({"remedies": ("pretrain-rbm",)}, "random"),
    ],
)
def test_where_nothing_is_predicted_the_reason_is_said(
    options: dict[str, Any], why: str, tmp_path: Path
) -> None:
    first = verbs.train(tmp_path / "a", depth=2, width=8, epochs=1, **options)["first_update"]
    assert first["predicted_log10_ratio"] is None and why in first["why_unpredicted"]
    assert first["measured_log10_ratio"] is not None


def test_divergence_is_what_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "a")
    command = ["train", *SHORT, "--remedy", "relu", "--learning-rate", "1e9", "--out", out]
    code, text, _ = asked(capsys, *command, "--json")
    document = json.loads(text)
    assert code == 0 and document["state"] == "diverged" and "step" in document["why"]
    assert document["why"] in document["finding"]
    code, text, _ = asked(capsys, "compare", out)
    assert code == 0 and "diverged" in text


BAD = {
    "no folder": ["train", *SHORT],
    "a remedy": ["train", "--remedy", "wings", "--out", "x"],
    "two blocks": ["train", "--remedy", "residual,highway", "--out", "x"],
    "an optimiser": ["train", "--optimizer", "newton", "--out", "x"],
    "no whole number": ["train", "--depth", "3.5", "--out", "x"],
    "a preset": ["train", "--preset", "huge", "--out", "x"],
    "a preset is set": ["train", "--preset", "headline", "--depth", "3", "--out", "x"],
    "workers of one": ["train", "--workers", "2", "--out", "x"],
    "a typed name": ["train", "--activation", "__import__('os')", "--out", "x"],
    "nothing to compare": ["compare", "no-such-folder"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_refusals_are_one_line(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, said = asked(capsys, *arguments)
    assert code == 2 and not out and said.count("\n") == 1 and not any(tmp_path.iterdir())


def test_several_go_on_without_being_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from symgrad.runs.crew.written import write_json
    from symgrad.runs.training import Several

    config = Config(depth=2, width=8, epochs=1)
    several = Several("two", "two of them", {"plain": config, "again": config})
    write_json(tmp_path / "runs.json", several.document())
    code, text, _ = asked(capsys, "train", "--resume", "--out", str(tmp_path), "--workers", "1", "--json")
    document = json.loads(text)
    assert code == 0 and document["state"] == "finished" and document["done"] == 2
    assert len({run["final"]["weights"] for run in document["runs"]}) == 1


def test_names_of_remedies_are_those_of_the_table() -> None:
    assert tuple(REMEDIES) == REMEDY_NAMES


def test_a_text_that_a_spreadsheet_would_work_out_is_quoted() -> None:
    text = columns_csv({"name": ["=1+1", "a"], "value": [-1.5, None]}).decode()
    assert text.splitlines() == ["name,value", "'=1+1,-1.5", "a,"]


def test_what_is_under_way_can_be_read(tmp_path: Path) -> None:
    from symgrad.runs.training import trained

    asked_so_often = iter([False] * 10 + [True])
    trained(Config(depth=2, width=8), tmp_path, cancelled=lambda: next(asked_so_often))
    document = verbs.training(tmp_path)
    assert document["state"] == "cancelled" and document["done"] == 0 and "no epoch" in document["finding"]
    assert not any(columns_of(document).values())
    ranking = verbs.compare([tmp_path])
    assert ranking["runs"][0]["final"]["accuracy"] is None and math.isfinite(ranking["points"])
