"""The folder of an experiment: `memory.toml`, `program.json` (what trains it), `trainings/NNNN.json` (curves;
`NNNN.npz` while one is under way), `progress.json`, `lock`. Every file is whole or not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from symgrad.errors import InputError
from symgrad.runs.crew import status as states
from symgrad.runs.crew.lock import LOCK
from symgrad.runs.crew.program import PROGRAM, same_program
from symgrad.runs.crew.status import PROGRESS, Status
from symgrad.runs.crew.written import check_links, clear, read_json, replace
from symgrad.runs.memory.experiment import Experiment
from symgrad.runs.memory.training import begun, curve_file

__all__ = ["CONFIG", "TRAININGS", "begin", "curves", "finished", "read", "status"]

CONFIG, TRAININGS = "memory.toml", "trainings"
ROOMS = ("numeric", "runs/memory")
"""The folders of symgrad that decide what is in a curve."""
FILES = (CONFIG, PROGRAM, TRAININGS, PROGRESS, LOCK)
LARGEST = 2**20


def begin(folder: Path, experiment: Experiment) -> None:
    """Makes the folder this experiment's, or finds that it is, and clears what was left half-written.

    The caller holds the lock. Raises `InputError` where the folder belongs to another experiment, or was
    begun by another version of the program.
    """
    check_links(folder, FILES)
    if (folder / CONFIG).exists():
        there, here = read(folder)[0].document(), experiment.document()
        if there != here:
            name = next(name for name in here if there[name] != here[name])
            differs = f"its {name} is {there[name]}, not {here[name]}"
            raise InputError(f"{folder} holds another experiment: {differs}; take another folder")
    elif (folder / TRAININGS).exists():
        raise InputError(f"{folder} has a folder {TRAININGS} and no {CONFIG}; take another folder")
    else:
        replace(folder / CONFIG, experiment.text().encode())
    (folder / TRAININGS).mkdir(exist_ok=True)
    clear(folder, folder / TRAININGS)
    same_program(folder, ROOMS, results=any((folder / TRAININGS).glob("*.json")))


def read(folder: Path) -> tuple[Experiment, dict[str, str]]:
    """The experiment of a folder, and the versions that it was begun with; raises `InputError` where there is
    none.
    """
    check_links(folder, FILES)
    path = folder / CONFIG
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: larger than {LARGEST // 2**20} MiB, no experiment is")
        return Experiment.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder} holds no experiment: there is no {CONFIG}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())[:200]})") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def curves(folder: Path, experiment: Experiment) -> list[dict[str, Any]]:
    """The curve of every training as far as it is, in the order of their numbers.

    Raises `InputError` where one cannot be read, or is that of another training.
    """
    found = []
    for number in range(experiment.points):
        path, point = curve_file(folder / TRAININGS, number), experiment.point(number)
        if path.is_symlink():
            raise InputError(f"{path} is a link: nothing outside the folder is opened")
        curve = read_json(path) if path.exists() else begun(point)
        if curve.keys() != begun(point).keys() or curve["config"] != point:
            raise InputError(f"{path} is damaged, or of another training: remove it, and it is trained again")
        found.append(curve)
    return found


def finished(folder: Path, experiment: Experiment) -> list[int]:
    """The trainings that came to their end."""
    return [number for number, curve in enumerate(curves(folder, experiment)) if curve["finished"]]


def status(folder: Path | str) -> Status:
    """How far the experiment of a folder is: its points are trainings. Raises `InputError` where there is
    none.
    """
    folder = Path(folder)

    def counted() -> tuple[int, int, int]:
        experiment, _ = read(folder)
        return experiment.points, len(finished(folder, experiment)), 0

    check_links(folder, FILES)
    return states.of(folder, counted)
