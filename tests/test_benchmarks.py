"""The benchmark command: all contenders' results agree, what differs gets no time, and a limit that is not
kept is told."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.child import extra_memory
from benchmarks.contest import Standing, contest, judge
from benchmarks.verdict import document, failed, verdicts
from benchmarks.workload import OURS, Case, Contender, Limit, Prepared, Workload, log_difference
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parents[1]
CASE = Case("tiny", depth=2, width=4, batch=2)


def test_quick(tmp_path: Path) -> None:
    """Every contender of every workload at tiny sizes agrees with ours, is a floor, or says why it did not
    run."""
    out = tmp_path / "quick.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(out)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    groups = json.loads(out.read_text("utf-8"))["groups"]
    assert set(groups) == set(WORKLOADS)
    for name, workload in WORKLOADS.items():
        found = groups[name]["contenders"]
        assert len(found) == len(workload.quick) * len(workload.contenders)
        for one in found:
            # what returns nothing, and is there for its time alone
            floor = "products" in one["contender"] or one["contender"].endswith(", tanh")
            assert one["why"] or floor or one["difference"] <= 1e-3 or name == "axis", one
            if one["why"].endswith("is not installed"):
                assert importlib.util.find_spec(one["why"].split()[0]) is None and not os.environ.get("CI")


def _twice(first: float, second: float, **limit: Any) -> tuple[Workload, list[Standing]]:
    """A workload of two contenders with these times, and a limit of 0.5 between them."""
    contenders = (Contender(OURS, ""), Contender("peer", ""))
    found = Limit(CASE.name, 0.5, ("peer",), **limit)
    standings = [
        Standing(CASE, contender, seconds=taken, memory=10)
        for contender, taken in zip(contenders, (first, second), strict=True)
    ]
    return Workload("", (CASE,), (), contenders, (found,)), standings


@pytest.mark.parametrize(
    ("times", "limit", "kept", "exit_code"),
    [
        ((0.5, 1.0), {}, True, False),
        ((0.51, 1.0), {}, False, True),
        ((0.51, 1.0), {"stretch": True}, False, False),
        ((0.5, None), {}, None, False),
        ((0.5, 1.0), {"measure": "memory"}, False, True),
        ((0.5, 1.0), {"measure": "memory", "expected": lambda case: 20.0}, True, False),
    ],
)
def test_limits(times: Any, limit: Any, kept: bool | None, exit_code: bool) -> None:
    """A limit holds up to its value, a stretch fails nothing, and what was not measured does not hold."""
    workload, standings = _twice(*times, **limit)
    found = verdicts(workload, standings)
    assert [one.kept for one in found] == [kept]
    assert failed(standings, found) is exit_code
    assert document(standings, found)["limits"][0]["kept"] is kept


@pytest.mark.parametrize("wrong", [2e-10, float("nan"), float("-inf")])
def test_what_differs_gets_no_time(wrong: float) -> None:
    """Beyond 1e-10 in float64, NaN, or 0 where we have a number."""
    workload, (ours, peer) = _twice(1.0, 1.0)
    peer.seconds = None
    right = np.array([1.0, -np.inf])
    judge(workload, ours, {"ln": right}, {"ln": right + 5e-11})
    judge(workload, peer, {"ln": right}, {"ln": right + np.array([wrong, 0.0])})
    assert [ours.failed, peer.failed] == [False, True]
    assert "differs from ours" in peer.why and failed([ours, peer], [])


def test_faint_norms_are_left_out() -> None:
    """Where a peer returns 0 or what is left of underflow, only the rest is compared; it has to agree."""
    ours, theirs = {"ln": np.array([-1.0, -40.0, -90.0])}, {"ln": np.array([-1.0, -40.2, -np.inf])}
    assert log_difference(ours, theirs, faint=True) == 0
    assert log_difference(ours, theirs, faint=False) == np.inf
    assert log_difference(ours, {"ln": theirs["ln"] + 1}, faint=True) == 1


def test_lost_norms_fail_ours_alone() -> None:
    """A faint case is there to show what peers return as 0; ours has to give numbers."""
    workload, standings = _twice(1.0, 1.0)
    for standing in standings:
        standing.case = replace(CASE, faint=True)
        judge(workload, standing, {"ln": np.array([-1.0, -900.0])}, {"ln": np.array([-1.0, -np.inf])})
    assert [(one.lost, one.failed) for one in standings] == [(1, True), (1, False)]


def test_missing_package_is_listed() -> None:
    """A peer that is not installed is in the table with its reason; so is a size that it is not asked for."""
    absent = Contender("absent", "", ("no_such_package",))
    assert absent.absent(CASE) == "no_such_package is not installed"
    (standing,) = contest("gradient", WORKLOADS["gradient"], CASE, [absent], 1)
    assert standing.why == "no_such_package is not installed" and standing.seconds is None
    assert replace(absent, needs=(), able=lambda case: f"not at L={case.depth}").absent(CASE) == "not at L=2"


def test_processes() -> None:
    """A contender in processes of its own is timed at its best setting; one that dies is failed with its last
    words."""
    workload = WORKLOADS["gradient"]
    floor = next(one for one in workload.contenders if one.name == "two products a layer, a seed a thread")
    unknown = Contender("no such contender", "", threads=(0,))
    timed, died = contest("gradient", workload, CASE, [floor, unknown], 2)
    assert timed.seconds and timed.threads in (1, 2) and len(timed.times) == 2
    assert timed.seconds == timed.settings[timed.threads] == min(timed.settings.values())
    assert died.failed and died.seconds is None and "died with code 1: StopIteration" in died.why


def test_extra_memory() -> None:
    """The peak of a run above what was there, also where the run frees it and where earlier runs had it."""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("the kernel's high-water mark cannot be reset here")
    size = 48 * 2**20

    def run() -> int:
        return int(np.ones(size // 8)[-1]) + int(np.ones(size // 16)[-1])

    for _ in range(2):
        found = extra_memory(run)
        assert found is not None and abs(found - size) < 0.1 * size


def test_a_run_is_read() -> None:
    """What is timed and what is compared are two steps: a floor has nothing to compare."""
    assert Prepared(lambda: 1).read(1) == {}
