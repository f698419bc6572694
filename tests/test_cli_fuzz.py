"""Strings that nobody meant, through the command line and its worker: an answer or one line, in time."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symgrad import cli
from symgrad.cli import main
from symgrad.runs.serving import resident_bytes
from tests.symbolic.fuzzing import strings

ROOT = Path(__file__).resolve().parents[1]
SEED = 20_261_123
LIMIT = 0.5
SLACK = 90.0
"""Seconds for a process to be replaced and three stages of a sketch, on a small and busy machine."""


def legible(text: str) -> bool:
    """Whether a shell can hand it over: no NUL, and text."""
    return "\0" not in text and text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") == text


def tried(text: str, capsys: pytest.CaptureFixture[str]) -> int:
    """Asks for its bound; every outcome but an answer, a part of one, or one plain line is an error."""
    begun = time.monotonic()
    code = main(["bound", "--json", "--no-cache", f"--timeout={LIMIT}", "--", text])
    printed = capsys.readouterr()
    assert time.monotonic() - begun < LIMIT + SLACK, text
    assert "Traceback" not in printed.err, text
    assert code in (0, 2, 3), (text, printed.err)
    if code == 2:
        assert printed.out == "", text
        assert len(printed.err.rstrip("\n").splitlines()) == 1, (text, printed.err)
        assert printed.err.startswith("symgrad: "), text
    else:
        document = json.loads(printed.out)
        assert document.get("complete", True) or document["reason"] in ("limit", "unsolved"), text
        assert (code == 3) is (document.get("reason") == "limit"), text
    return code


def worker_bytes() -> int:
    """Memory in use by the largest worker of the command line."""
    workers = [worker._process for worker in cli._pool(False)._workers]
    return max((resident_bytes(str(process.pid)) for process in workers if process is not None), default=0)


def test_fuzzed_strings(capsys: pytest.CaptureFixture[str]) -> None:
    codes = [tried(text, capsys) for text in itertools.islice(filter(legible, strings(SEED)), 40)]
    assert 2 in codes
    assert worker_bytes() < 2**30


@pytest.mark.slow
def test_a_thousand_fuzzed_strings(capsys: pytest.CaptureFixture[str]) -> None:
    largest, codes = 0, {0: 0, 2: 0, 3: 0}
    for text in itertools.islice(filter(legible, strings(SEED + 1)), 1000):
        codes[tried(text, capsys)] += 1
        largest = max(largest, worker_bytes())
    print(f"answered {codes[0]}, refused {codes[2]}, cut short {codes[3]}; at most {largest / 2**20:.0f} MiB")
    assert all(codes.values())
    assert largest < 2**30


@pytest.mark.parametrize("text", ["x*foo(x)", "__import__('os').system('true')", "x**x**x**x", "((((", "-x"])
def test_as_a_process(text: str) -> None:
    command = [sys.executable, "-m", "symgrad", "bound", "--json", "--no-cache", "--timeout=2", "--", text]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert found.returncode in (0, 2, 3)
    assert "Traceback" not in found.stderr
    if found.returncode == 2:
        assert found.stderr.count("\n") == 1


def nasty() -> list[tuple[str, str]]:
    """Texts and their labels; those that a test has to build are left to the parser's own tests."""
    lines = (ROOT / "tests" / "nasty_expressions.txt").read_text("utf-8").splitlines()
    cases = [line.rpartition("\t")[::2] for line in lines if not line.startswith("#")]
    return [(text, label) for text, label in cases if not text.startswith(("json:", "py:"))]


def test_nasty_expressions_behave_as_labelled(capsys: pytest.CaptureFixture[str]) -> None:
    """All that are to be refused, and every fifth of the others, through the command line."""
    refused = [text for text, label in nasty() if label == "reject"]
    answered = [text for text, label in nasty() if label != "reject"][::5]
    assert len(refused) > 40
    assert len(answered) > 5
    assert {text: tried(text, capsys) for text in refused} == dict.fromkeys(refused, 2)
    assert 2 not in {text: tried(text, capsys) for text in answered}.values()
