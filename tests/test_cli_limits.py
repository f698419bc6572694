"""The command line within its limits: what is known is printed, labelled, and nothing hangs or is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest

from symgrad import cli, verbs
from symgrad.cli import main
from symgrad.errors import FaultError, InputError, MemoryLimitError, TimeLimitError, UnsolvedError
from symgrad.runs.pool import Pool
from symgrad.verbs import limited as module
from symgrad.verbs.limited import limited
from symgrad.verbs.sketch import SKETCHES, STAGES

ROOT = Path(__file__).resolve().parents[1]
SLOWER = "x*tanh(x)*erf(x/3)"
"""Asked here alone: a worker that has answered once answers again in no time."""
ESTIMATED = {"exact": None, "lower": None, "upper": None, "attained": None, "proof": "estimated"}


def document(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == code
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    if code:
        assert len(printed.err.splitlines()) == 1
    return json.loads(printed.out)


def test_at_the_time_limit_what_is_known_is_printed_with_the_keys_of_the_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = document(capsys, "bound", SLOWER, "--no-cache", "--timeout", "0.001", code=3)
    whole = document(capsys, "bound", SLOWER, code=0)
    assert set(whole) <= set(late)
    assert late["complete"] is False
    assert "0.001 s" in late["why"]
    assert late["expression"] == whole["expression"]
    for end in ("inf", "sup", "lipschitz"):
        assert late[end] | ESTIMATED == late[end]
        assert "0.001 s" in late[end]["why"]
        assert float(late[end]["decimal"]) == pytest.approx(float(whole[end]["decimal"]), abs=1e-6)


@pytest.mark.parametrize("command", ["derive", "gain"])
def test_other_commands_are_cut_short_alike(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    late = document(capsys, command, "x*tanh(x)", "--no-cache", "--timeout", "0.001", code=3)
    assert set(verbs.VERBS[command].run("x*tanh(x)")) <= set(late)
    assert late["complete"] is False


@pytest.mark.parametrize("command", ["bound", "derive", "gain"])
def test_tables_of_what_is_known(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "1/(1+exp(-a*x))", "--set", "a=4", "--no-cache", "--timeout", "0.001"]) == 3
    printed = capsys.readouterr()
    assert "a = 4" in printed.out
    assert "0.001 s" in printed.err


def test_input_that_is_wrong_is_wrong_at_any_limit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bound", "foo(x)", "--timeout", "0.001"]) in (2, 3)
    assert main(["bound", "foo(x)"]) == 2
    assert "column 1" in capsys.readouterr().err


class Workers:
    """A pool that raises an error for the first requests and answers the others in this process."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.asked: list[str] = []

    def call(self, verb: str, arguments: dict[str, Any], timeout: float, memory_gib: float) -> dict[str, Any]:
        self.asked.append(arguments.get("stage", verb))
        if self.errors:
            raise self.errors.pop(0)
        return verbs.VERBS[verb].run(**arguments)


REASONS = [
    (TimeLimitError("bound: no answer within 10 s"), "limit"),
    (MemoryLimitError("bound: more than 1 GiB"), "limit"),
    (UnsolvedError("bound: not solved (planted)"), "unsolved"),
    (FaultError("bound: KeyError: 'planted'"), "fault"),
]


@pytest.mark.parametrize(("error", "reason"), REASONS, ids=[str(error) for error, _ in REASONS])
def test_each_reason_leaves_a_sketch(error: Exception, reason: str) -> None:
    workers = Workers(error)
    known = limited(lambda: cast(Pool, workers), "bound", {"activation": "tanh"}, use_cache=False)
    assert known["why"] == str(error)
    assert known["reason"] == reason
    assert float(known["sup"]["decimal"]) == 1


def test_a_sketch_that_takes_too_long_becomes_a_shorter_one() -> None:
    workers = Workers(*(TimeLimitError(f"limit {k}") for k in range(3)))
    known = limited(lambda: cast(Pool, workers), "bound", {"activation": "tanh"}, use_cache=False)
    assert workers.asked == ["bound", *STAGES]
    assert known["expression"] == "tanh(x)"
    assert known["derivative"] is None
    assert known["sup"]["decimal"] is None
    assert known["why"] == "limit 0"


def test_when_not_even_the_expression_is_known_the_limit_is_raised() -> None:
    workers = Workers(*(TimeLimitError(f"limit {k}") for k in range(4)))
    with pytest.raises(TimeLimitError, match="limit 0"):
        limited(lambda: cast(Pool, workers), "bound", {"activation": "tanh"}, use_cache=False)


def test_what_is_not_input_stays_an_input_error() -> None:
    workers = Workers(InputError("no"))
    with pytest.raises(InputError):
        limited(lambda: cast(Pool, workers), "bound", {"activation": "tanh"}, use_cache=False)


def test_an_answer_on_the_disk_needs_no_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYMGRAD_CACHE", str(tmp_path))
    kept = verbs.call("bound", {"activation": "relu"})
    assert limited(lambda: pytest.fail("a pool was made"), "bound", {"activation": "relu"}) == kept


@pytest.mark.parametrize(("error", "code"), [(REASONS[0][0], 3), (REASONS[2][0], 0), (REASONS[3][0], 1)])
def test_the_exit_code_says_why_it_is_unfinished(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_pool", lambda use_cache: Workers(error))
    assert main(["bound", "tanh", "--json", "--no-cache"]) == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["why"] == str(error)
    assert printed.err == f"symgrad: {error}; this is what is known\n"


def test_an_unfinished_answer_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYMGRAD_CACHE", str(tmp_path))
    monkeypatch.setattr(cli, "_pool", lambda use_cache: Workers(TimeLimitError("planted")))
    document(capsys, "bound", "tanh", code=3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", list(SKETCHES))
def test_symbolic_commands_have_ten_seconds_unless_told_otherwise(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    class Asked(Workers):
        def call(self, verb: str, arguments: Any, timeout: float, memory_gib: float) -> dict[str, Any]:
            given.append(timeout)
            assert memory_gib <= 1
            return super().call(verb, arguments, timeout, memory_gib)

    limited(Asked, command, {"activation": "relu"}, use_cache=False)  # type: ignore[arg-type]
    limited(Asked, command, {"activation": "relu"}, 33.0, use_cache=False)  # type: ignore[arg-type]
    assert given == [10.0, 33.0]
    assert module.SKETCH_LIMIT <= 2


def test_no_worker_outlives_the_command_that_started_it(tmp_path: Path) -> None:
    """Killed in the midst of work, the command leaves no process behind."""
    if not Path("/proc/self/task").exists():
        pytest.skip("processes are read from /proc")
    process = subprocess.Popen(
        [sys.executable, "-m", "symgrad", "verify", "--thorough", "--json", "--timeout", "600"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "SYMGRAD_CACHE": str(tmp_path)},
    )  # fmt: skip
    with process:
        try:
            children = until(lambda: [pid for pid, parent in processes().items() if parent == process.pid])
        finally:
            process.kill()
    assert until(lambda: not set(children) & set(processes()))


def processes() -> dict[int, int]:
    """Every process with its parent, zombies apart."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it has just ended
            continue
        if state != "Z":
            found[int(folder.name)] = int(parent)
    return found


def until(found: Any) -> Any:
    deadline = time.monotonic() + 30
    while not (value := found()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value
