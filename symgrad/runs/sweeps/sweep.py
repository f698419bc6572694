"""Runs a sweep into its folder: locally or on a cluster, from the start or from where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.runs.crew.answers import Answer, Batch, Workers, answers
from symgrad.runs.crew.local import Local, machine_cores
from symgrad.runs.crew.lock import locked
from symgrad.runs.crew.progress import Progress
from symgrad.runs.crew.status import Status
from symgrad.runs.sweeps import slopes, store, work
from symgrad.runs.sweeps.batches import batches
from symgrad.runs.sweeps.cluster import Cluster
from symgrad.runs.sweeps.spec import Spec

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["measured", "run"]

MOST_WORKERS = 256
WORK = "symgrad.runs.sweeps.work"
"""What a local worker serves."""
TOGETHER = 1000
"""Points that need no measuring in one file."""


def run(
    spec: Spec,
    folder: Path | str,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Callable[[Status], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Status:
    """Measures what the folder does not hold yet, and writes each batch as it comes.

    On `workers` local processes (one a core), or on the Dask cluster of the address `scheduler`. `progress`
    gets a `Status` after each batch and at least once a second; `cancelled` is asked ten times a second: when
    it says True the workers are ended and the state is "cancelled". Points that fail are recorded with the
    reason. No row depends on how the work was split or on how often it was stopped.

    Raises `InputError`, one line, where the folder belongs to another spec, is in work or cannot be used, and
    where there is no such cluster; `FaultError` where the workers fail.
    """
    folder = Path(folder)
    if scheduler is not None and workers is not None:
        raise InputError(f"workers = {workers}: a cluster has its own; legal is one of scheduler and workers")
    if workers is not None and (isinstance(workers, bool) or workers not in range(1, MOST_WORKERS + 1)):
        raise InputError(f"workers = {workers!r}: legal are whole numbers from 1 to {MOST_WORKERS}")
    with locked(folder):
        try:
            store.begin(folder, spec)
            points, failed = store.finished_points(folder)
            teller = Progress(folder, spec.points, len(points) - failed, failed, progress)
            stop = cancelled or (lambda: False)
            return teller.told(lambda: _worked(spec, folder, set(points), scheduler, workers, teller, stop))
        except OSError as error:
            raise InputError(f"{folder} cannot be written ({error.strerror or error})") from None


def _worked(
    spec: Spec,
    folder: Path,
    done: set[int],
    scheduler: str | None,
    workers: int | None,
    teller: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Whether it came to the end."""
    if len(done) == spec.points:
        return True
    teller.say("running")
    with ExitStack() as stack:
        local = workers or machine_cores()
        crew: Workers = Local(local, WORK) if scheduler is None else Cluster(scheduler)
        stack.callback(crew.close)
        known = slopes.known(folder)
        missing = slopes.missing(spec, known)
        if missing:
            provers = crew
            if scheduler is not None:
                provers = Local(min(len(missing), local), WORK)
                stack.callback(provers.close)
            for _ in slopes.bounded(folder, missing, provers, known):
                teller.tick(0)
                if stop():
                    return False
        for answer in _hopeless(spec, known, done):
            store.write_part(folder, spec, answer.rows)
            teller.count(answer)
            done |= set(answer.batch.points)
        waiting = batches(spec, done, max(1, crew.slots))
        teller.expect(waiting)
        stream = answers(crew, waiting, lambda b: _points(spec, b, known), work.measured, work.failed)
        for found in stack.enter_context(closing(stream)):
            if stop():
                return False
            if found is not None:
                store.write_part(folder, spec, found.rows)
                teller.count(found)
                teller.say("running", crew.slots)
            teller.tick(crew.slots, None if crew.slots else f"no worker is connected to {scheduler}: waiting")
    return True


def _points(spec: Spec, batch: Batch, known: slopes.Slopes) -> list[dict[str, Any]]:
    """What a worker is given of each point: text and numbers."""
    found = []
    for number in batch.points:
        options = spec.point(number)
        slope = known[options["activation"], options["set"]]["above"]
        found.append({"point": number, **options, "slope_above": slope})
    return found


def _hopeless(spec: Spec, known: slopes.Slopes, done: set[int]) -> Iterator[Answer]:
    """The rows of points whose activation no net can have, for the reason that was found with its γ."""
    if all(slope["error"] is None for slope in known.values()):
        return
    rows = []
    for number in range(spec.points):
        options = spec.point(number)
        why = known[options["activation"], options["set"]]["error"]
        if why is not None and number not in done:
            rows.append(work.failed(number, why))
    for first in range(0, len(rows), TOGETHER):
        part = rows[first : first + TOGETHER]
        yield Answer(Batch(tuple(row["point"] for row in part), 0.0, 0), part, 0.0)


def measured(spec: Spec) -> pa.Table:
    """The rows of a small sweep, measured in this process, without workers and without a folder."""
    known: slopes.Slopes = {pair: work.slope(*pair) for pair in slopes.missing(spec, {})}
    rows = [row for answer in _hopeless(spec, known, set()) for row in answer.rows]
    for batch in batches(spec, [row["point"] for row in rows], 1):
        rows += work.rows(_points(spec, batch, known))
    return store.tabulated(spec, rows)
