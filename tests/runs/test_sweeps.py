"""Sweeps into a folder: rows are what `simulate` says; whatever is killed, nothing is lost or differs."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from symgrad import verbs
from symgrad.errors import FaultError, InputError
from symgrad.runs import sweeps
from symgrad.runs.crew import answers as answering
from symgrad.runs.crew import local, lock, program, written
from symgrad.runs.crew.answers import Batch, answers
from symgrad.runs.sweeps import store, work
from symgrad.runs.sweeps.spec import Spec, options_given, settings
from symgrad.runs.worker import WorkerDiedError

SMALL = {"depth": 4, "width": 6, "batch": 3, "seeds": 3}
MIXED = Spec.from_mapping(
    {
        "fixed": {"width": 6, "batch": 3, "seeds": 3, "sigma_b": 0.1},
        "grid": {
            "activation": ["tanh", "sqrt(x)", "relu", "x^3", "elu"],
            "depth": [1, 4],
            "sigma_w": [0.0, 0.5, 1.5],
            "seed": [0, 7],
            "dtype": ["float64", "float32"],
        },
    }
)
LONGER = Spec.from_mapping(
    {
        "fixed": {"depth": 60, "width": 48, "batch": 8, "seeds": 10},
        "grid": {"sigma_w": [0.8, 1.0, 1.2], "seed": list(range(9)), "activation": ["tanh", "relu"]},
    }
)
"""Some seconds for one worker."""


def asked(row: dict[str, Any]) -> dict[str, Any]:
    """The document of `simulate` for the options of a row."""
    options = options_given(row)
    return verbs.simulate(row["activation"], settings(row["set"]), **options)


def test_rows_are_what_simulate_says() -> None:
    """Every value of every row, and the reason of every failure."""
    spec = Spec.from_mapping(
        {
            "fixed": {"depth": 5, "width": 6, "batch": 3, "seeds": 4, "set": "a=1/5"},
            "grid": {
                "activation": ["leaky_relu", "x + a*tanh(x)", "exp(a*x^2)"],
                "sigma_w": [0.0, 0.5, 1.5, 1e200],
                "weights": ["gaussian", "orthogonal"],
            },
        }
    )
    table = sweeps.measured(spec)
    assert table["point"].to_pylist() == list(range(spec.points))
    failures = 0
    for row in table.to_pylist():
        assert {key: row[key] for key in spec.axes} == spec.point(row["point"])
        if row["error"] is not None:
            failures += 1
            with pytest.raises(InputError) as refused:
                asked(row)
            assert " ".join(str(refused.value).split()) == row["error"]
            assert row["log10_gradient_median"] is None
            continue
        document = asked(row)
        for name in ("median", "q05", "q95"):
            assert row[f"log10_gradient_{name}"] == document["log10_gradient"][name]
        for name in ("log10_bound", "violations", "slope_measured", "slope_predicted"):
            assert row[name] == document[name], name
        assert row["log10_front_factor_median"] == document["log10_front_factor"]
    assert 0 < failures < spec.points


def test_a_folder_holds_the_same_and_failing_points_their_reasons(tmp_path: Path) -> None:
    heard: list[sweeps.Status] = []
    status = sweeps.run(MIXED, tmp_path / "out", workers=2, progress=heard.append)
    table = sweeps.table(tmp_path / "out")
    assert table.equals(sweeps.measured(MIXED))
    failed = [row for row in table.to_pylist() if row["error"] is not None]
    assert {row["activation"] for row in failed} >= {"sqrt(x)"}
    assert "is defined on" in failed[0]["error"]
    assert (status.state, status.done, status.failed) == ("finished", MIXED.points - len(failed), len(failed))
    assert heard[-1] == status == sweeps.status(tmp_path / "out")
    assert [s.done for s in heard] == sorted(s.done for s in heard)
    assert sweeps.read(tmp_path / "out") == MIXED
    before = parts(tmp_path / "out")
    again = sweeps.run(MIXED, tmp_path / "out", workers=1)
    assert again.state == "finished" and parts(tmp_path / "out") == before, "there is nothing to do"


def test_batches_do_not_matter() -> None:
    """Point by point, all together, in any order: the same bits."""
    spec = Spec.from_mapping(
        {
            "fixed": {"width": 6, "batch": 3, "seeds": 3},
            "grid": {"activation": ["tanh", "gelu"], "depth": [3, 9], "sigma_w": [0.7, 1.3]},
        }
    )
    points = [{"point": n, **spec.point(n), "slope_above": 1.2} for n in range(spec.points)]
    alone = [row for point in points for row in work.rows([point])]
    assert list(work.rows(points)) == alone
    mixed = random.Random(0).sample(points, len(points))
    assert sorted(work.rows(mixed), key=lambda row: int(row["point"])) == alone


def test_one_bad_point_fails_alone() -> None:
    """A net over the memory limit, an activation no kernel is made of, one that leaves the range."""
    others: list[dict[str, Any]] = [
        {},
        {"depth": 100_000, "width": 5_000},
        {"sigma_w": 1.1},
        {"activation": "exp(x^2)", "sigma_w": 9.0},
        {},
    ]
    points = [
        {"point": n, **MIXED.point(0), **SMALL, "slope_above": None, **other}
        for n, other in enumerate(others)
    ]
    found = list(work.rows(points))
    assert [row["point"] for row in found] == list(range(5))
    assert [row["error"] is None for row in found] == [True, False, True, False, True]
    assert "legal is less than 4 GiB" in str(found[1]["error"])


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / store.PARTS).iterdir()}


PROGRAM = """
import sys
from pathlib import Path
from symgrad.runs import sweeps
print(sweeps.run(sweeps.Spec.read(Path(sys.argv[1])), sys.argv[2], workers=int(sys.argv[3])).state)
"""


def killed_at_random(folder: Path, spec: Spec, kills: int, seed: int) -> None:
    """Runs the sweep and kills its client so many times, each at a random moment; then to the end."""
    chance = random.Random(seed)
    file = folder.parent / "spec.toml"
    file.write_text(spec.text(), "utf-8")
    command = [sys.executable, "-c", PROGRAM, str(file), str(folder), "1"]
    held: dict[str, bytes] = {}
    for _ in range(kills):
        client = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not (folder / store.PARTS).exists() or len(parts(folder)) <= len(held):
            assert client.poll() is None and time.monotonic() < until
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        client.send_signal(signal.SIGKILL)
        client.wait()
        now = {name: content for name, content in parts(folder).items() if name.endswith(".parquet")}
        assert held.items() <= now.items(), "a file that is there is not touched again"
        held = now
        status = sweeps.status(folder)
        assert status.state == "failed" and "ended without a word" in str(status.why)
        (folder / f"{store.SPEC}{written.ASIDE}").write_text("half a")
        (folder / store.PARTS / f"0000003.parquet{written.ASIDE}").write_bytes(b"PAR1")
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "finished\n"
    now = parts(folder)
    assert held.items() <= now.items() and all(name.endswith(".parquet") for name in now)


def test_killed_and_gone_on(tmp_path: Path) -> None:
    killed_at_random(tmp_path / "out", LONGER, 2, seed=1)
    assert sweeps.table(tmp_path / "out").equals(sweeps.measured(LONGER))


@pytest.mark.slow
def test_killed_ten_times(tmp_path: Path) -> None:
    spec = Spec.from_mapping(
        {"fixed": LONGER.fixed, "grid": {**LONGER.grid, "seed": range(60), "sigma_w": [0.6, 0.8, 1.0, 1.2]}}
    )
    killed_at_random(tmp_path / "out", spec, 10, seed=2)
    assert sweeps.table(tmp_path / "out").equals(sweeps.measured(spec))


def test_killed_workers_are_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []
    start = local._start

    def noted(work: str) -> subprocess.Popen[str]:
        started.append(start(work))
        return started[-1]

    monkeypatch.setattr(local, "_start", noted)
    left = [2]

    def kill_one(status: sweeps.Status) -> None:
        alive = [process for process in started if process.poll() is None]
        if status.done and left[0] and alive:
            left[0] -= 1
            random.Random(left[0]).choice(alive).kill()

    status = sweeps.run(LONGER, tmp_path / "out", workers=2, progress=kill_one)
    assert (status.state, status.failed, left) == ("finished", 0, [0])
    assert len(started) > 2
    assert all(process.poll() is not None for process in started), "none is left behind"
    assert sweeps.table(tmp_path / "out").equals(sweeps.measured(LONGER))


class Pretended:
    """Workers in this process: some points kill whatever they are given to."""

    lost: tuple[type[Exception], ...] = (WorkerDiedError,)
    memory: int | None = 100

    def __init__(self, slots: int, deadly: Callable[[list[int], int], bool]) -> None:
        self.slots, self._deadly = slots, deadly
        self.given: list[list[int]] = []
        self.waiting: list[tuple[Future[dict[str, Any]], list[int]]] = []

    def submit(self, function: Callable[..., dict[str, Any]], **arguments: Any) -> Future[dict[str, Any]]:
        future: Future[dict[str, Any]] = Future()
        points = [point["point"] for point in arguments["points"]]
        self.given.append(points)
        if self._deadly(points, len(self.given)):
            future.set_exception(WorkerDiedError("dead"))
        else:
            future.set_result(
                {"rows": [work.failed(p, "") | {"error": None} for p in points], "seconds": 0.1}
            )
        return future

    def close(self) -> None:
        pass


def points_of(batch: Batch) -> list[dict[str, Any]]:
    return [{"point": number} for number in batch.points]


def answered(workers: Pretended, batches: list[Batch]) -> dict[int, str | None]:
    found = [
        (row["point"], row["error"])
        for answer in answers(workers, batches, points_of, work.measured, work.failed)
        if answer is not None
        for row in answer.rows
    ]
    assert len(dict(found)) == len(found), "no point is answered twice"
    return dict(found)


def test_a_deadly_point_fails_alone_and_costs_few_workers() -> None:
    batches = [Batch(tuple(range(first, first + 16)), 1.0, 10) for first in range(0, 64, 16)]
    workers = Pretended(3, lambda points, _: 21 in points)
    found = answered(workers, batches)
    assert sorted(found) == list(range(64))
    assert {point: why for point, why in found.items() if why} == {21: answering.DIED}
    deaths = [points for points in workers.given if 21 in points]
    assert len(deaths) == 2 + 4
    assert workers.given[-1] == [21], "tried a last time when nothing else is at work"


def test_points_that_only_die_in_company_are_measured() -> None:
    """As where two large nets are too much for the memory: the third request and the fourth die, no other."""
    batches = [Batch((point,), 1.0, 10) for point in range(6)]
    found = answered(Pretended(2, lambda _, request: request in (3, 4)), batches)
    assert found == dict.fromkeys(range(6))


def test_memory_is_shared_out() -> None:
    """Two batches whose sum is above the machine's memory are never at work together; one alone always is."""
    most = []

    class Watched(Pretended):
        def submit(self, function: Callable[..., dict[str, Any]], **arguments: Any) -> Future[dict[str, Any]]:
            if len(at_work) == 2:
                at_work.clear()
            at_work.extend(point["point"] for point in arguments["points"])
            most.append(list(at_work))
            return super().submit(function, **arguments)

    at_work: list[int] = []
    batches = [Batch((0,), 9.0, 70), Batch((1,), 8.0, 60), Batch((2,), 7.0, 500), Batch((3,), 1.0, 20)]
    found = answered(Watched(2, lambda *_: False), batches)
    assert found == dict.fromkeys(range(4))
    assert most[:2] == [[0], [0, 3]], "70 and 60 are too much for 100, 70 and 20 are not"


@pytest.mark.parametrize("seed", range(3))
def test_many_deadly_points(seed: int) -> None:
    chance = random.Random(seed)
    deadly = set(chance.sample(range(100), 7))
    batches = [Batch(tuple(range(first, first + 10)), 1.0, 10) for first in range(0, 100, 10)]
    found = answered(Pretended(4, lambda points, _: not deadly.isdisjoint(points)), batches)
    assert {point for point, why in found.items() if why} == deadly and len(found) == 100


def test_cancelled_and_gone_on(tmp_path: Path) -> None:
    """Within a second, the workers with it; what was measured is kept."""
    spec = Spec.from_mapping({"fixed": LONGER.fixed, "grid": {**LONGER.grid, "seed": range(3)}})
    heard: list[sweeps.Status] = []
    status = sweeps.run(
        spec, tmp_path, workers=1, progress=heard.append, cancelled=lambda: any(s.done for s in heard)
    )
    assert status.state == "cancelled" and 0 < status.done < spec.points
    assert sweeps.table(tmp_path).num_rows == status.done
    assert sweeps.run(spec, tmp_path, workers=1, cancelled=lambda: True).state == "cancelled"
    held = parts(tmp_path)
    status = sweeps.run(spec, tmp_path, workers=2)
    assert status.state == "finished" and held.items() <= parts(tmp_path).items()
    assert sweeps.table(tmp_path).equals(sweeps.measured(spec))


def test_folders_that_are_refused(tmp_path: Path) -> None:
    spec = Spec.from_mapping({"fixed": SMALL})
    folder = tmp_path / "out"
    sweeps.run(spec, folder, workers=1)
    other = Spec.from_mapping({"fixed": SMALL, "grid": {"seed": [1, 2]}})
    with pytest.raises(InputError, match=r"holds another sweep: its seed is \[0\], not \[1, 2\]"):
        sweeps.run(other, folder)
    with lock.locked(folder), pytest.raises(InputError, match="another process is at work"):
        sweeps.run(spec, folder)
    (part,) = (folder / store.PARTS).iterdir()
    content = part.read_bytes()
    for damaged in (content[:-9], b"", content[: len(content) // 2], b"PAR1" + content[::-1]):
        part.write_bytes(damaged)
        for call in (lambda: sweeps.run(spec, folder), lambda: sweeps.table(folder)):
            with pytest.raises(InputError, match="remove it, and its points are measured again") as refused:
                call()
            assert "\n" not in str(refused.value)
    part.unlink()
    assert sweeps.run(spec, folder, workers=1).done == 1
    assert part.read_bytes() == content, "the same points in the same file are the same bytes"
    (folder / program.PROGRAM).write_text('{"symgrad": "0.0"}')
    with pytest.raises(InputError, match=r"begun by another symgrad \(version 0\.0; this is"):
        sweeps.run(spec, folder)
    (folder / program.PROGRAM).unlink()
    with pytest.raises(InputError, match="version unknown"):
        sweeps.run(spec, folder)
    with pytest.raises(InputError, match="holds no sweep"):
        sweeps.status(tmp_path)
    (tmp_path / "else" / store.PARTS).mkdir(parents=True)
    with pytest.raises(InputError, match="it is not a sweep's"):
        sweeps.run(spec, tmp_path / "else")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        sweeps.run(spec, tmp_path / "file")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / store.PARTS).symlink_to(folder / store.PARTS)
    with pytest.raises(InputError, match="is a link"):
        sweeps.run(spec, tmp_path / "links")
    for workers in (0, True, 10_000):
        with pytest.raises(InputError, match="legal are whole numbers from 1 to"):
            sweeps.run(spec, tmp_path / "new", workers=workers)


def test_a_folder_with_nothing_but_a_spec(tmp_path: Path) -> None:
    """As the app makes it: it has a status, and is begun by a run on its own file."""
    spec = Spec.from_mapping({"fixed": SMALL})
    (tmp_path / store.SPEC).write_text(spec.text(), "utf-8")
    status = sweeps.status(tmp_path)
    assert (status.points, status.done, status.state) == (1, 0, "failed")
    assert sweeps.table(tmp_path).num_rows == 0
    assert sweeps.run(Spec.read(tmp_path / store.SPEC), tmp_path, workers=1).state == "finished"


def test_workers_that_do_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FaultError, match="did not start"):
        sweeps.run(Spec.from_mapping({"fixed": SMALL}), tmp_path, workers=1)
    status = sweeps.status(tmp_path)
    assert status.state == "failed" and "did not start" in str(status.why)


def test_the_machine_says_its_memory() -> None:
    memory = local.machine_memory()
    assert memory is not None and 2**28 < memory < 2**50
    assert 1 <= local.machine_cores() <= (os.cpu_count() or 1)


def test_recurrent_nets_are_swept_too(tmp_path: Path) -> None:
    """Every row is what `simulate` says; an option that its architecture does not know is said at a point."""
    spec = Spec.from_mapping(
        {
            "fixed": {"depth": 5, "width": 4, "batch": 2, "seeds": 2},
            "grid": {
                "architecture": ["mlp", "rnn", "lstm", "gru"],
                "forget_bias": [0, 2],
                "sigma_w": [0.5, 2.0],
            },
        }
    )
    assert sweeps.run(spec, tmp_path, workers=1).failed == 6
    for row in sweeps.table(tmp_path).to_pylist():
        if row["forget_bias"] and row["architecture"] != "lstm":
            assert "'forget_bias' is not known" in row["error"]
            continue
        options = {key: row[key] for key in options_given(spec.point(row["point"]))}
        document = verbs.simulate(architecture=row["architecture"], **options)
        assert row["log10_gradient_median"] == document["log10_gradient"]["median"]
        assert row["log10_bound"] == document["log10_bound"]
        assert row["slope_predicted"] == document["slope_predicted"]
    found = verbs.swept(tmp_path)
    assert found["violations"] == 0 and "layer 1" in found["finding"]
    only = Spec.from_mapping(
        {"fixed": {"architecture": "lstm", "depth": 5, "width": 4}, "grid": {"forget_bias": [0, 2]}}
    )
    assert "step 1" in verbs.sweep_preview(only.text())["finding"]
