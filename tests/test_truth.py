"""Enclosures of φ′ contain the truth: random expressions against slopes sampled in hundred digits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flint import arb, fmpq

from symgrad.symbolic.language.parse import parse
from symgrad.symbolic.ranges.derivative_range import derivative_range
from tests import truth
from tests.grammar import sentences
from tests.slopes import Slope, abscissas, steepest
from tests.truth import judged

ROOT = Path(__file__).resolve().parents[1]
SEED, COUNT, PARTS, POINTS = 20261123, 200, 8, 24
PATIENCE = 0.05
"""Seconds for closed forms: little, so that most of the range is what ball arithmetic proves."""
FAULTS = {"outside", "wide", "missed"}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_slope_outside_its_enclosure(part: int) -> None:
    """And at most two bounded ones of each part unproved (95 in 100 of many: the slow test)."""
    found = [judged(text, POINTS, PATIENCE) for text in sentences(SEED, COUNT)[part::PARTS]]
    assert not [result for result in found if result.outcome in FAULTS]
    unproved = [one for one in found if one.bounded and one.outcome not in ("exact", "certified")]
    assert len(unproved) <= 2, unproved


@pytest.mark.slow
def test_resumable_run(tmp_path: Path) -> None:
    """The command of the ten thousand on a hundred, stopped half way: the file holds each of them once."""
    out = tmp_path / "truth.jsonl"
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "truth",
        "--seed",
        "5",
        "--points",
        "200",
        "--out",
        str(out),
    ]
    for count in (40, 100):
        ran = subprocess.run(
            [*command, "--count", str(count)], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "seed 5" in ran.stdout
        with out.open("a", encoding="utf-8") as file:
            file.write('{"seed": 5, "index": 3')  # as an ended process may leave it
    lines = [line for line in out.read_text("utf-8").splitlines() if line.endswith("}")]
    assert sorted(json.loads(line)["index"] for line in lines) == list(range(100))
    assert json.loads(ran.stdout.partition("\n")[2])["bounded_proved"] >= 0.95


# --- the oracle itself


@pytest.mark.parametrize(
    ("text", "at", "slope"),
    [
        ("x^3", fmpq(1, 2), "0.75"),
        ("|x|", fmpq(-1, 10**9), "-1"),
        ("tanh(x)", fmpq(0), "1"),
        ("where(x > 1, x, x^2)", fmpq(3, 2), "1"),
        ("max(x, 2x)", fmpq(-1), "1"),
        ("step(x) + 3x", fmpq(7), "3"),
        ("cbrt(x)", fmpq(-8), "0.08333333333333333333333333333333333333333333333333"),
    ],
)
def test_a_quotient_is_the_slope(text: str, at: fmpq, slope: str) -> None:
    found = Slope(parse(text))(at)
    assert found is not None
    assert abs(found - arb(slope)) < arb("1e-15")


def test_no_quotient_across_a_switch() -> None:
    assert Slope(parse("step(x)"))(fmpq(0)) is None
    assert Slope(parse("|x|"))(fmpq(0)) is None
    assert Slope(parse("log(x)"))(fmpq(-1)) is None


def test_extremes_are_closed_in_on() -> None:
    """sup of (x exp(−x²))′ is 1 at 0, inf −2 exp(−3/2) at ±√(3/2), between the points asked for."""
    slope = Slope(parse("x*exp(-x^2)"))
    values = [float(value) for _, value in steepest(slope, abscissas(slope.cuts(), 20))]
    assert max(values) == pytest.approx(1, abs=1e-12)
    assert min(values) == pytest.approx(-0.44626032029685966, abs=1e-12)


def test_an_enclosure_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were φ′ of atan claimed for 2·atan, the samples would say so."""
    right = derivative_range
    half = parse("atan(x)")
    monkeypatch.setattr(truth, "derivative_range", lambda phi, *rest, **more: right(half, *rest, **more))
    assert judged("2*atan(x)", POINTS, PATIENCE).outcome == "outside"


def test_a_sentence_depends_on_its_seed_alone() -> None:
    assert sentences(1, 30) == sentences(1, 50)[:30]
    assert sentences(1, 30) != sentences(2, 30)
