"""Classifiers trained on real data: one training in a folder, or several side by side in folders of one."""

from symgrad.runs.training.config import Config
from symgrad.runs.training.presets import PRESETS, Several, preset
from symgrad.runs.training.record import RECORD, read
from symgrad.runs.training.run import SEVERAL, begun_in, records, run, status
from symgrad.runs.training.trained import trained

__all__ = [
    "PRESETS",
    "RECORD",
    "SEVERAL",
    "Config",
    "Several",
    "begun_in",
    "preset",
    "read",
    "records",
    "run",
    "status",
    "trained",
]
