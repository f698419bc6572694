"""Runs an experiment into its folder, from the start or from where it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from symgrad.errors import FaultError, InputError
from symgrad.runs.crew.answers import Batch, answers
from symgrad.runs.crew.local import Local, machine_cores
from symgrad.runs.crew.lock import locked
from symgrad.runs.crew.progress import Progress
from symgrad.runs.crew.status import Status
from symgrad.runs.memory import store, work
from symgrad.runs.memory.experiment import Experiment

__all__ = ["run"]

WORK = "symgrad.runs.memory.work"
MOST_WORKERS = 256


def run(
    experiment: Experiment,
    folder: Path | str,
    workers: int | None = None,
    progress: Callable[[Status], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Status:
    """Does the trainings that the folder does not hold yet, on `workers` processes (one a core).

    `progress` gets a `Status` after each training and at least once a second; `cancelled` is asked ten times
    a second: when it says True the workers are ended, and the trainings that were under way go on from their
    checkpoints the next time. No number depends on how often it was stopped, nor on the workers.

    Raises `InputError`, one line, where the folder belongs to another experiment, is in work or cannot be
    written; `FaultError` where a training fails.
    """
    folder = Path(folder)
    if workers is not None and (isinstance(workers, bool) or workers not in range(1, MOST_WORKERS + 1)):
        raise InputError(f"workers = {workers!r}: legal are whole numbers from 1 to {MOST_WORKERS}")
    with locked(folder):
        try:
            store.begin(folder, experiment)
            done = set(store.finished(folder, experiment))
            teller = Progress(folder, experiment.points, len(done), 0, progress)
            stop = cancelled or (lambda: False)
            return teller.told(lambda: _worked(experiment, folder, done, workers, teller, stop))
        except OSError as error:
            raise InputError(f"{folder} cannot be written ({error.strerror or error})") from None


def _worked(
    experiment: Experiment,
    folder: Path,
    done: set[int],
    workers: int | None,
    teller: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Whether it came to the end."""
    waiting = [
        Batch((number,), experiment.seconds(number), experiment.memory)
        for number in range(experiment.points)
        if number not in done
    ]
    if not waiting:
        return True
    waiting.sort(key=lambda batch: -batch.seconds)  # the longest first: all workers end at about one time
    teller.expect(waiting)
    crew = Local(min(workers or machine_cores(), len(waiting)), WORK)
    try:
        teller.say("running", crew.slots)

        def points(batch: Batch) -> list[dict[str, Any]]:
            place = str((folder / store.TRAININGS).resolve())
            return [{"folder": place, "training": experiment.point(number)} for number in batch.points]

        with closing(answers(crew, waiting, points, work.measured, work.failed)) as stream:
            for found in stream:
                if stop():
                    return False
                if found is not None:
                    # the time left is that of trainings which need all their updates: solved ones take less
                    needed = sum(row["share"] for row in found.rows) or 1.0
                    teller.count(replace(found, seconds=found.seconds / needed))
                    for row in found.rows:
                        if row["error"] is not None:
                            raise FaultError(f"training {row['point']}: {row['error']}")
                    teller.say("running", crew.slots)
                teller.tick(crew.slots)
        return True
    finally:
        crew.close()
