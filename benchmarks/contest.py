"""Contenders in processes of their own, run in alternating rounds.

Each (contender, thread setting) is a child with its thread counts in the environment from the start. A few
settling rounds end the child at a setting that is clearly slower; of two that are near, the better median
counts. Results are compared before a time is quoted. Before every run the parent waits until threads that
spin after their work (OpenMP, OpenBLAS) have gone to sleep; the processor time that the children used while
it was not their turn is recorded."""

from __future__ import annotations

import json
import math
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.workload import OURS, Case, Contender, Results, Workload, lost

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 600.0
PAUSE = 0.15
"""Seconds between two runs: OpenBLAS's threads wait in a loop for a tenth of a second after their work, and
hold a core of whoever comes next."""
SETTLING = 2
CLEARLY = 1.3
"""How many times as long a thread setting takes that is not tried further."""
SHORTEST = 0.02
"""Seconds that a timed run lasts at least: shorter work is repeated."""


@dataclass
class Standing:
    """What is known of one contender on one case. ``seconds``: the median, None until its results are known
    to be equal; ``settings``: threads → median, of those not clearly slower; ``difference``: from ours;
    ``why``: why there is no time."""

    case: Case
    contender: Contender
    threads: int = 0
    seconds: float | None = None
    times: list[float] = field(default_factory=list)
    settings: dict[int, float] = field(default_factory=dict)
    memory: int | None = None
    compile_seconds: float = 0.0
    idle: float = 0.0
    difference: float | None = None
    lost: int = 0
    why: str = ""
    failed: bool = False


class ChildError(RuntimeError):
    """The process of a contender died, or did not answer in time."""


@dataclass
class Child:
    """The process of a contender, spoken to in lines."""

    process: subprocess.Popen[str]
    errors: Path
    waiting: int = 1
    """Answers that are still to come: the first is that it has prepared."""

    def ask(self, line: str = "") -> dict[str, Any]:
        """Sends the line, if there is one, and returns the last answer. Raises ChildError."""
        assert self.process.stdin and self.process.stdout
        answer = ""
        try:
            if line:
                self.process.stdin.write(line + "\n")
                self.process.stdin.flush()
                self.waiting += 1
            while self.waiting:
                with selectors.DefaultSelector() as ready:
                    ready.register(self.process.stdout, selectors.EVENT_READ)
                    if not ready.select(PATIENCE):
                        raise ChildError(f"no answer within {PATIENCE:g} s")
                answer = self.process.stdout.readline()
                self.waiting -= 1
        except BrokenPipeError:
            answer = ""
        if not answer:
            said = self.errors.read_text("utf-8", "replace").strip().splitlines() or ["without a word"]
            raise ChildError(f"died with code {self.process.wait()}: {said[-1]}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def run(self, times: int) -> tuple[float, float]:
        """(seconds a run, processor seconds used since the last answer)."""
        time.sleep(PAUSE)
        answer = self.ask(f"run {times}")
        return answer["seconds"], answer["idle"]

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.communicate()


TOLD = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Variables that hold OpenBLAS to the kernels of one processor, so that every machine gives the same bits.
They cost a third of the time of a product, and PyTorch and JAX do not obey them: children are not told."""


def environment(threads: int) -> dict[str, str]:
    """The environment of a child: thread counts for OpenMP, OpenBLAS, MKL and XLA; 0 threads: the library's
    own choice."""
    chosen = {name: value for name, value in os.environ.items() if name not in TOLD}
    if threads:
        count = str(threads)
        chosen |= dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"), count
        )
        if threads == 1:
            chosen["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return chosen


ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
"""The C library gives back on demand what threads have freed only where all of them take from one place;
where each has its own, memory of an earlier run would be taken for the prepared state."""


@contextmanager
def child(
    name: str, contender: Contender, case: Case, threads: int, told: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Child]:
    """A child that is preparing, ``told`` being added to its environment: its first answer comes when it has
    done so. Ended at the end."""
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder, "errors.txt")
        command = [sys.executable, "-m", "benchmarks.child", name, contender.name, json.dumps(asdict(case))]
        with errors.open("wb") as file:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True, cwd=ROOT,
                env=environment(threads) | dict(told), start_new_session=True,
            )  # fmt: skip
        running = Child(process, errors)
        try:
            yield running
        finally:
            running.close()


def results(running: Child) -> Results:
    """What the last run returned."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "results.npz")
        running.ask(f"result {path}")
        with np.load(path) as found:
            return {key: found[key] for key in found}


def judge(workload: Workload, standing: Standing, ours: Results | None, theirs: Results) -> None:
    """Compares a contender's results with ours; one that differs, or has nothing to differ from, gets no
    time."""
    standing.lost = lost(theirs)
    if not theirs:
        return
    if ours is None:
        standing.why, standing.failed = "there is no result of ours to compare it with", True
        return
    if standing.lost and standing.case.faint and standing.contender.name.startswith(OURS):
        standing.why, standing.failed = "norms that are numbers came out as 0 or inf", True
        return
    standing.difference = workload.difference(ours, theirs, standing.case.faint)
    allowed = workload.tolerance[standing.case.dtype]
    if not standing.difference <= allowed:
        standing.failed = True
        standing.why = f"differs from ours by {standing.difference:.1e}, allowed {allowed:g}"


@dataclass
class Runner:
    """A contender at one thread setting: its child, how many runs make one that is long enough to time, and
    the times."""

    threads: int
    child: Child
    owner: ExitStack
    repeats: int = 1
    times: list[float] = field(default_factory=list)

    def run(self) -> float:
        """One timed run; returns the processor seconds used since the last."""
        seconds, idle = self.child.run(self.repeats)
        self.times.append(seconds)
        return idle


def contest(
    name: str, workload: Workload, case: Case, contenders: Sequence[Contender], rounds: int
) -> list[Standing]:
    """Every contender on the case, in turn; the first contender's results are what the others are compared
    with."""
    standings = [Standing(case, contender) for contender in contenders]
    with ExitStack() as stack:
        running: list[tuple[Standing, list[Runner]]] = []
        ours: Results | None = None
        for standing in standings:
            standing.why = standing.contender.absent(standing.case)
            if standing.why:
                continue
            print(f"{name}, {standing.case.name}: {standing.contender.name}", file=sys.stderr, flush=True)
            try:
                runners = _settled(name, standing, stack)
                found = results(runners[0].child)
            except ChildError as error:
                standing.why, standing.failed = str(error), True
                continue
            if standing.contender is contenders[0]:
                ours = found
            judge(workload, standing, ours, found)
            if not standing.failed:
                running.append((standing, runners))
        try:
            for number in range(rounds):
                print(f"{name}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
                running = _round(running, number)
        except KeyboardInterrupt:
            print(f"{name}: stopped; what follows is from the rounds until then", file=sys.stderr, flush=True)
        running = [pair for pair in running if all(runner.times for runner in pair[1])]
        for standing, runners in running:
            standing.settings = {runner.threads: statistics.median(runner.times) for runner in runners}
            best = min(runners, key=lambda runner: statistics.median(runner.times))
            standing.threads, standing.times = best.threads, best.times
            standing.seconds = statistics.median(best.times)
            best.owner.close()
            standing.memory = _memory(name, standing)
    return standings


def _memory(name: str, standing: Standing) -> int | None:
    """Peak bytes of a run above what the prepared contender holds, in a process of its own."""
    print(f"{name}: memory of {standing.contender.name}", file=sys.stderr, flush=True)
    try:
        with child(name, standing.contender, standing.case, standing.threads, ONE_ARENA) as fresh:
            fresh.ask()
            fresh.run(1)
            held: int | None = fresh.ask("memory")["bytes"]
            return held
    except ChildError:
        return None


def _round(running: list[tuple[Standing, list[Runner]]], number: int) -> list[tuple[Standing, list[Runner]]]:
    """Runs everyone once, each round beginning with another; returns those that are still alive."""
    turn = number % max(len(running), 1)
    for standing, runners in running[turn:] + running[:turn]:
        try:
            for runner in runners:
                standing.idle = max(standing.idle, runner.run())
        except ChildError as error:
            standing.why, standing.failed = str(error), True
    return [pair for pair in running if not pair[0].failed]


def _settled(name: str, standing: Standing, stack: ExitStack) -> list[Runner]:
    """The contender at each thread setting that may be its best, fastest first."""
    runners = []
    for threads in standing.contender.threads:
        owner = stack.enter_context(ExitStack())
        opened = owner.enter_context(child(name, standing.contender, standing.case, threads))
        runners.append(Runner(threads, opened, owner))
    for runner in runners:
        standing.compile_seconds = runner.child.ask()["compile"]
    for runner in runners:
        runner.child.run(1)  # what is made at the first run only
    for _ in range(SETTLING):
        for runner in runners:
            runner.run()
            runner.repeats = max(1, math.ceil(SHORTEST / runner.times[-1]))
    runners.sort(key=lambda runner: min(runner.times))
    for runner in runners[1:]:
        if min(runner.times) > CLEARLY * min(runners[0].times):
            runner.owner.close()
            runners.remove(runner)
    for runner in runners:
        runner.times.clear()
    return runners
