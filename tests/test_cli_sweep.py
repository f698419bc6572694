"""The command `sweep` and `symgrad.sweep`: document, table, exit codes, being stopped and going on."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import symgrad
from symgrad.cli import main
from symgrad.progress import ProgressLine, duration, said, stopped_by_signals
from symgrad.runs.sweeps import Status
from symgrad.verbs.sweeps import rows_file
from tests import long_sweep

ROOT = Path(__file__).resolve().parents[1]
SPEC = """
[fixed]
depth = 5
width = 6
batch = 3
seeds = 4

[grid]
activation = ["tanh", "log(x)"]
sigma_w = [0.5, 1.0, 2.0]
"""
PROMISED = {"points", "done", "failed", "folder"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep, three of whose six points fail: the logarithm has no values below 0."""
    place = tmp_path_factory.mktemp("sweep")
    (place / "spec.toml").write_text(SPEC)
    assert (
        main(["sweep", str(place / "spec.toml"), "--out", str(place / "out"), "--workers", "1", "--json"])
        == 0
    )
    return place / "out"


def again(folder: Path, *more: str) -> list[str]:
    return ["sweep", str(folder.parent / "spec.toml"), "--out", str(folder), "--workers", "1", *more]


def test_the_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(again(folder, "--json")) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert set(document) >= PROMISED
    assert (document["points"], document["done"], document["failed"]) == (6, 3, 3)
    assert document["folder"] == str(folder)
    assert document["axes"] == {"sigma_w": [0.5, 1.0, 2.0], "activation": ["tanh", "log(x)"]}
    assert document["fixed"]["width"] == 6
    assert document["state"] == "finished"
    assert {row["activation"] for row in document["failures"]} == {"log(x)"}
    assert all("(0, oo)" in row["error"] for row in document["failures"])


def test_the_table_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(again(folder)) == 0
    printed = capsys.readouterr().out
    assert "3 measured, 3 failed of 6 points" in printed
    assert "violations of the bound: 0 of 60 measured values" in printed
    for row in symgrad.swept(folder)["rows"]:
        assert row["error"] or f"{row['median']:.3f}" in printed


def test_a_row_is_what_simulate_measures(folder: Path) -> None:
    for row in symgrad.swept(folder)["rows"]:
        if row["error"] is None:
            net = symgrad.simulate("tanh", depth=5, width=6, batch=3, seeds=4, sigma_w=row["sigma_w"])
            assert row["median"] == pytest.approx(net["log10_front_factor"], abs=1e-12)
            bound = net["log10_bound"]
            assert row["bound"] == pytest.approx(bound[0] - bound[-1], abs=1e-12)
            assert row["predicted"] == pytest.approx(net["slope_predicted"] * 4 / 2.302585092994046)
            assert row["q05"] <= row["median"] <= row["q95"]


def test_rows_are_read_with_pandas_and_taken_away_as_files(folder: Path) -> None:
    rows = pd.read_parquet(folder / "parts").sort_values("point")
    assert list(rows["point"]) == list(range(6))
    document = symgrad.swept(folder)
    medians = rows["log10_front_factor_median"]
    assert [None if pd.isna(value) else value for value in medians] == [r["median"] for r in document["rows"]]
    whole = pd.read_parquet(io.BytesIO(rows_file(folder, "parquet")))
    assert list(whole.columns) == list(rows.columns)
    flat = pd.read_csv(io.BytesIO(rows_file(folder, "csv")))
    assert flat["log10_front_factor_median"].to_list() == pytest.approx(medians.to_list(), nan_ok=True)
    assert "log10_bound" not in flat
    assert b"log(x)" in rows_file(folder, "toml")
    with pytest.raises(symgrad.InputError, match="'exe'"):
        rows_file(folder, "exe")


def test_a_cell_is_no_formula_of_a_spreadsheet(tmp_path: Path) -> None:
    grid = {"fixed": {"depth": 2, "seeds": 1, "width": 2}, "grid": {"activation": ["-x*tanh(x)", "tanh"]}}
    symgrad.sweep(grid, tmp_path / "out", workers=1)
    assert b"'-x*tanh(x)" in rows_file(tmp_path / "out", "csv")


@pytest.mark.parametrize(
    ("spec", "more", "offender"),
    [
        (None, [], "spec.toml"),
        ("[grid\n", [], "line"),
        ("[grid]\nsigma = [1.0]\n", [], "sigma"),
        ("[grid]\nsigma_w = [-1.0]\n", [], "sigma_w"),
        ("[grid]\nactivation = ['nope']\n", [], "nope"),
        ("[grid]\nsigma_w = [1.0]\n", ["--workers", "0"], "workers"),
        ("[grid]\nsigma_w = [1.0]\n", ["--workers", "two"], "two"),
        ("[grid]\nsigma_w = [1.0]\n", ["--timeout", "0"], "--timeout"),
    ],
)
def test_bad_input_is_one_line(
    spec: str | None, more: list[str], offender: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if spec is not None:
        (tmp_path / "spec.toml").write_text(spec)
    assert main(["sweep", str(tmp_path / "spec.toml"), "--out", str(tmp_path / "out"), *more]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    (line,) = printed.err.splitlines()
    assert line.startswith("symgrad: ")
    assert offender in line


def test_the_folder_of_another_sweep_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder.parent / "other.toml"
    other.write_text("[grid]\nsigma_w = [1.0, 2.0]\n")
    capsys.readouterr()
    assert main(["sweep", str(other), "--out", str(folder)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_time_limit_stops_it_and_the_same_command_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spec.toml").write_text(SPEC)
    command = [
        "sweep",
        str(tmp_path / "spec.toml"),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "1",
        "--json",
    ]
    assert main([*command, "--timeout", "0.01"]) == 3
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["complete"], document["reason"], document["state"]) == (False, "limit", "cancelled")
    assert printed.err.splitlines() == [f"symgrad: {document['why']}"]
    assert document["why"].endswith("the same command goes on where it stopped")
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "finished"


def test_ctrl_c_ends_it_with_one_line_more(tmp_path: Path) -> None:
    (tmp_path / "spec.toml").write_text(long_sweep.TEXT)
    process = subprocess.Popen(
        [sys.executable, "-m", "symgrad", "sweep", "spec.toml", "--out", "out", "--workers", "1", "--json"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    progress = tmp_path / "out" / "progress.json"
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if progress.exists() and json.loads(progress.read_text())["done"]:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    *progress_lines, line = err.splitlines()
    assert all("points, about" in one for one in progress_lines)
    assert line.startswith("symgrad: interrupted after ")
    assert line.endswith("the same command goes on where it stopped")
    assert json.loads(out)["state"] == "cancelled"
    assert 0 < json.loads(out)["done"] < long_sweep.POINTS


def test_the_app_is_told_where_results_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[dict[str, str]] = []

    def started(command: list[str], cwd: Path, env: dict[str, str]) -> int:
        given.append(env)
        return 0

    monkeypatch.setattr(subprocess, "call", started)
    monkeypatch.chdir(tmp_path)
    assert main(["app", "--headless", "--runs", "results"]) == main(["app", "--headless"]) == 0
    assert given[0]["SYMGRAD_RUNS"] == str(tmp_path / "results")
    assert given[1].get("SYMGRAD_RUNS") == os.environ.get("SYMGRAD_RUNS")


def status(**changes: Any) -> Status:
    given = {"points": 1200, "done": 30, "failed": 0, "seconds": 1.0, "seconds_left": 200.0,
             "state": "running", "pid": 1, "why": None, "folder": "x"}  # fmt: skip
    return Status(**{**given, **changes})


def test_progress_is_said_with_the_time_left() -> None:
    assert said(status()) == "30 of 1,200 points, about 3 min 20 s left"
    assert said(status(failed=2, seconds_left=None)) == "32 of 1,200 points, 2 failed"
    assert [duration(s) for s in (0.2, 59.6, 3600, 90_000, 200_000)] == [
        "0 s", "1 min 0 s", "1 h 0 min", "1 day 1 h", "2 days 7 h",
    ]  # fmt: skip


def test_a_terminal_has_one_line_and_a_log_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, log = io.StringIO(), io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    with ProgressLine(terminal) as line:
        line.show(status(seconds_left=2000.0))
        line.show(status(done=1200, seconds_left=None))
    assert "\n" not in terminal.getvalue()
    assert terminal.getvalue().split("\r")[-1].strip() == ""
    with ProgressLine(log) as line:
        line.show(status())
        line._last -= 11
        line.show(status())
    assert log.getvalue() == "symgrad: 30 of 1,200 points, about 3 min 20 s left\n"


def test_the_first_signal_is_a_question_and_the_next_one_is_not() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stopped_by_signals() as stopped:
        assert not stopped()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopped()
        assert signal.getsignal(signal.SIGTERM) == before
    answers: list[bool] = []

    def elsewhere() -> None:
        with stopped_by_signals() as stopped:
            answers.append(stopped())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert answers == [False]
