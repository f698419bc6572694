"""The command line as a process: what a shell, a pipe or a script may do to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from symgrad.cli import main

ROOT = Path(__file__).resolve().parents[1]
NET = ["simulate", "--depth", "4", "--width", "5", "--batch", "2", "--seeds", "3"]


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "symgrad", *arguments],
        capture_output=True, text=True, errors="replace", cwd=ROOT, timeout=120,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize(
    "arguments", [("bound", "tanh", "--json"), ("bound", "tanh"), ("show", "norm-bound")], ids=" ".join
)
def test_any_terminal_encoding(arguments: tuple[str, ...], encoding: str) -> None:
    """φ′ and ‖·‖ on a terminal without them: no traceback."""
    found = program(*arguments, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert found.returncode == 0, found.stderr[-300:]
    assert "Traceback" not in found.stderr


def test_a_reader_that_leaves_early() -> None:
    """`symgrad show … | head -1`: no traceback when the pipe closes."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "symgrad", "list", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read().decode()
    process.stderr.close()
    process.wait(60)
    assert "Traceback" not in complaint
    assert "BrokenPipe" not in complaint


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300", "-1", "0", "1e-400"])
def test_odd_time_limits(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused on one line, or long enough; never an overflow inside."""
    code = main(["list", "--json", f"--timeout={seconds}"])
    printed = capsys.readouterr()
    assert code in (0, 2)
    if code == 2:
        assert not printed.out
        assert printed.err.count("\n") == 1
        assert "--timeout" in printed.err
    else:
        assert json.loads(printed.out)["activations"]


def test_a_time_limit_names_itself_in_the_document() -> None:
    found = program("verify", "--thorough", "--json", "--timeout", "0.2")
    assert found.returncode == 3
    assert json.loads(found.stdout)["complete"] is False
    assert "Traceback" not in found.stderr


def test_within_the_time_limit_the_answer_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "bound", "silu", "--timeout", "60") == document(capsys, "bound", "silu")


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "--seed", "3", "float-floor", "update-rule"],
        ["--json", "verify", "float-floor", "update-rule", "--seed", "3"],
        ["verify", "--seed=3", "--", "float-floor", "update-rule"],
    ],
    ids=" ".join,
)
def test_options_before_and_after_several_arguments(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, *arguments) if "--" not in arguments else None
    if found is None:
        assert main(["--json", *arguments]) == 0
        found = json.loads(capsys.readouterr().out)
    assert {claim["key"].partition("/")[0] for claim in found["claims"]} == {"float-floor", "update-rule"}
    assert found["seed"] == 3


@pytest.mark.parametrize(
    ("arguments", "offender"),
    [
        (["simulate", "--sigma-w", "-1e3"], "sigma"),
        (["simulate", "--sigma-w", "-inf"], "sigma"),
        (["simulate", "--seed", "-1"], "seed"),
        (["simulate", "--depth", "9" * 5000], "depth"),
        (["simulate", "--depth", "5.0"], "5.0"),
        (["simulate", "--batch", "1000000000000"], "GiB"),
        (["simulate", "--seeds", "1000000000000"], "GiB"),
        (["simulate", "--depth"], "--depth"),
        (["simulate", "stray"], "stray"),
        (["bound", "tanh", "relu"], "relu"),
        (["bound", "tanh\nrelu"], "tanh"),
        (["bound", "leaky_relu", "--set", "=1"], "--set"),
        (["bound", "leaky_relu", "--set", "a=" + "9" * 10000], "--set a="),
        (["export", "--out", "x", "--format", ""], "format"),
        (["export", "--out", "x", "--format", "tex,,md"], "format"),
        (["verify", "--seed", "-5", "float-floor"], "seed"),
        (["verify", "--seed", "x"], "x"),
        (["app", "--port", "99999999"], "port"),
        (["app", "--port", "abc"], "port"),
    ],
    ids=lambda v: " ".join(v)[:60] if isinstance(v, list) else "",
)
def test_more_bad_input(
    arguments: list[str], offender: str, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    """Exit code 2; one line, not endless, with the offender and what is legal; nothing on standard output."""
    import subprocess as processes

    monkeypatch.setattr(processes, "call", lambda *a, **k: pytest.fail("the app was started"))
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.count("\n") == 1
    assert offender in printed.err
    assert len(printed.err) < 1500


@pytest.mark.parametrize(
    "option", ["depth", "width", "batch", "seeds", "sigma-w", "sigma-b", "weights", "dtype", "seed"]
)
def test_every_refusal_states_the_legal_range(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    for bad in ("nonsense", "-7", "nan"):
        assert main(["simulate", f"--{option}={bad}"]) == 2
        assert "legal" in capsys.readouterr().err


@pytest.mark.parametrize(
    "extra",
    [
        "--depth 1",
        "--sigma-w 0",
        "--sigma-w 1e308",
        "--sigma-w 1e-320",
        "--activation relu --sigma-w 0 --sigma-b 0",
        "--depth 3000",
        "--dtype float32 --depth 2000",
        "--weights orthogonal",
    ],
)
def test_extreme_nets_are_strict_json(extra: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No NaN, no warning on the way (pytest makes it an error), no violation."""

    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert main([*NET, *extra.split(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out, parse_constant=refuse)["violations"] == 0


def test_no_cache_leaves_nothing(tmp_path: Path) -> None:
    for more in ((), ("--timeout", "60")):
        found = program("bound", "relu", "--json", "--no-cache", *more, SYMGRAD_CACHE=str(tmp_path / "cache"))
        assert found.returncode == 0
        assert not (tmp_path / "cache").exists()
    assert program("bound", "relu", SYMGRAD_CACHE=str(tmp_path / "cache")).returncode == 0
    assert len(list((tmp_path / "cache").iterdir())) == 1
