"""Trainings of recurrent nets on tasks that ask for memory, in a folder from which they go on when stopped.

run(PRESETS["short"], "folder")
read(Path("folder")), curves(Path("folder"), experiment)
"""

from symgrad.runs.memory.architectures import ARCHITECTURES
from symgrad.runs.memory.experiment import PRESETS, Experiment
from symgrad.runs.memory.run import run
from symgrad.runs.memory.store import CONFIG, TRAININGS, curves, read, status

__all__ = [
    "ARCHITECTURES",
    "CONFIG",
    "PRESETS",
    "TRAININGS",
    "Experiment",
    "curves",
    "read",
    "run",
    "status",
]
