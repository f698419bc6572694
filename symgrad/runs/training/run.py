"""Several trainings into one folder, side by side, from the start or from where they were."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from symgrad.errors import FaultError, InputError
from symgrad.runs.crew import status as states
from symgrad.runs.crew.answers import Batch, answers
from symgrad.runs.crew.local import Local, machine_cores
from symgrad.runs.crew.lock import LOCK, locked
from symgrad.runs.crew.program import PROGRAM, same_program
from symgrad.runs.crew.progress import Progress
from symgrad.runs.crew.status import PROGRESS, Status
from symgrad.runs.crew.written import check_links, clear, read_json, write_json
from symgrad.runs.training import work
from symgrad.runs.training.config import Config
from symgrad.runs.training.presets import Several
from symgrad.runs.training.record import RECORD, Record, begun, read

__all__ = ["SEVERAL", "begun_in", "records", "run", "status"]

SEVERAL = "runs.json"
ROOMS = ("numeric", "runs/training", "theory/remedies")
"""The folders of symgrad that decide what is in a record."""
WORK = "symgrad.runs.training.work"
MOST_WORKERS = 256


def run(
    several: Several,
    folder: Path | str,
    workers: int | None = None,
    progress: Callable[[Status], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Status:
    """Does the trainings that are not at their end, on `workers` processes (one a core), each in the folder
    of its name; called again it goes on.

    `progress` gets a `Status` after each training and at least once a second; `cancelled` is asked ten times
    a second: when it says True the workers are ended, and trainings under way go on from their checkpoints
    the next time. Raises `InputError`, one line, where the folder holds other trainings, is in work or
    cannot be written; `FaultError` where a training fails.
    """
    folder = Path(folder)
    if workers is not None and (isinstance(workers, bool) or workers not in range(1, MOST_WORKERS + 1)):
        raise InputError(f"workers = {workers!r}: legal are whole numbers from 1 to {MOST_WORKERS}")
    with locked(folder):
        try:
            _begin(several, folder)
            done = {name for name, record in records(folder) if record["finished"]}
            teller = Progress(folder, len(several.runs), len(done), 0, progress)
            stop = cancelled or (lambda: False)
            return teller.told(lambda: _worked(several, folder, done, workers, teller, stop))
        except OSError as error:
            raise InputError(f"{folder} cannot be written ({error.strerror or error})") from None


def begun_in(folder: Path | str) -> Several:
    """The trainings of a folder, to go on with. Raises `InputError` as `records` does."""
    configs = {name: Config.read(record["config"]) for name, record in records(folder)}
    return Several("as begun", "trainings that were begun here", configs)


def records(folder: Path | str) -> list[tuple[str, Record]]:
    """Name and record of each training as far as it is, in the order in which they were named.

    Raises `InputError` where the folder holds no several trainings, or one cannot be read.
    """
    folder = Path(folder)
    check_links(folder, (SEVERAL,))
    if not (folder / SEVERAL).is_file():
        raise InputError(f"{folder} holds no trainings: there is no {SEVERAL}")
    found = []
    for name, document in read_json(folder / SEVERAL).items():
        config, place = Config.read(document), folder / name
        there, record = read(place) if (place / RECORD).exists() else (config, begun(config))
        if there != config:
            raise InputError(f"{place} holds another training than {SEVERAL} says")
        found.append((name, record))
    if not found:
        raise InputError(f"{folder / SEVERAL} is damaged")
    return found


def status(folder: Path | str) -> Status:
    """How far the trainings of a folder are. Raises `InputError` where there are none."""
    folder = Path(folder)

    def counted() -> tuple[int, int, int]:
        found = records(folder)
        return len(found), sum(record["finished"] for _, record in found), 0

    check_links(folder, (PROGRESS, LOCK))
    return states.of(folder, counted)


def _begin(several: Several, folder: Path) -> None:
    check_links(folder, (SEVERAL, PROGRAM, PROGRESS, LOCK))
    if (folder / RECORD).exists():
        raise InputError(f"{folder} holds a single training; take another folder")
    if not (folder / SEVERAL).exists():
        write_json(folder / SEVERAL, several.document())
    elif read_json(folder / SEVERAL) != several.document():
        raise InputError(f"{folder} holds other trainings; take another folder")
    clear(folder)
    same_program(folder, ROOMS, results=any(folder.glob(f"*/{RECORD}")))


def _worked(
    several: Several,
    folder: Path,
    done: set[str],
    workers: int | None,
    teller: Progress,
    stop: Callable[[], bool],
) -> bool:
    """Whether it came to the end."""
    numbered = list(several.runs.items())
    waiting = [
        Batch((number,), config.seconds, config.memory)
        for number, (name, config) in enumerate(numbered)
        if name not in done
    ]
    if not waiting:
        return True
    waiting.sort(key=lambda batch: -batch.seconds)  # the longest first: all workers end at about one time
    teller.expect(waiting)
    crew = Local(min(workers or machine_cores(), len(waiting)), WORK)

    def points(batch: Batch) -> list[dict[str, Any]]:
        chosen = [(number, *numbered[number]) for number in batch.points]
        return [
            {"point": number, "folder": str((folder / name).resolve()), "config": config.document()}
            for number, name, config in chosen
        ]

    try:
        teller.say("running", crew.slots)
        with closing(answers(crew, waiting, points, work.measured, work.failed)) as stream:
            for found in stream:
                if stop():
                    return False
                if found is not None:
                    teller.count(found)
                    for row in found.rows:
                        if row["error"] is not None:
                            raise FaultError(f"training {numbered[row['point']][0]}: {row['error']}")
                    teller.say("running", crew.slots)
                teller.tick(crew.slots)
        return True
    finally:
        crew.close()
