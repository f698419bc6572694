"""The certificate as it is written: its intervals abut, the checker accepts it, and the file is whole."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from symgrad.cli import main
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges.certificate import certificate
from symgrad.theory.activations import ACTIVATIONS, CORE, activation, slope_range
from symgrad.verify.certificates import check

TYPED = ("max(tanh(x), x/2)", "tanh(x)/x", "log(x)", "1/x", "x*exp(-|x|)")


@pytest.mark.parametrize("name", [*CORE, *TYPED])
def test_the_checker_accepts_it(name: str) -> None:
    _accepted(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in CORE])
def test_the_checker_accepts_the_atlas(name: str) -> None:
    _accepted(name)


def _accepted(name: str) -> None:
    entry = activation(name)
    found = certificate(entry.expression, x, dict(entry.parameters), slope_range(entry))
    document = json.loads(json.dumps(found))
    for left, right in pairwise(document["intervals"]):
        assert left["x"][1] == right["x"][0]
    assert {cut for record in document["intervals"] for cut in record["x"] if cut.startswith("cut")} == {
        f"cut {index}" for index in range(len(document["cuts"]))
    }
    verdict = check(document)
    assert verdict.accepted, verdict.why


def test_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "silu.json"
    assert main(["bound", "silu", "--certificate", str(file), "--json", "--no-cache"]) == 0
    bound = json.loads(capsys.readouterr().out)
    claim = json.loads(file.read_text(encoding="utf-8"))["claim"]["sup"]
    assert claim["decimal"] == bound["sup"]["decimal"]
    assert main(["check", str(file)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["silu.json"]


@pytest.mark.parametrize("phi", ["silu", "sin(x)+sin(sqrt(2)*x)"])
def test_what_cannot_be_written_is_one_line(phi: str, tmp_path: Path, capsys) -> None:
    """A folder that is not there; a range that is not proved."""
    place = tmp_path / ("missing/silu.json" if phi == "silu" else "wave.json")
    assert main(["bound", phi, "--certificate", str(place), "--no-cache"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())
