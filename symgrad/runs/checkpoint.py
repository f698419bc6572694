"""Checkpoints: the state of a training run in one file, from which it goes on bit for bit.

The file is an .npz (arrays without pickle; zip checks their sums) with a JSON text beside the arrays. It is
written aside, forced to the disk and renamed, so that at any moment there is a whole file or none: a process
that is killed while it saves leaves the one before.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from symgrad.errors import InputError
from symgrad.numeric.training import State
from symgrad.runs.crew.written import replace

__all__ = ["load", "save"]

FORMAT = 1
ABOUT = "about"
MEMORY = "memory."


def save(path: Path, state: State, config: Mapping[str, Any]) -> None:
    """Writes the state, and the configuration (JSON values) that it belongs to.

    Between two records of `train`, and by one process at a time. Raises OSError where it cannot be written.
    """
    about = {"format": FORMAT, "config": config, "step": state.step, "stopped": state.stopped}
    arrays = {ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8), "parameters": state.parameters}
    if state.since is not None:
        arrays["since"] = state.since
    arrays |= {MEMORY + name: vector for name, vector in state.memory.items()}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    replace(path, file.getvalue())


def load(path: Path, config: Mapping[str, Any]) -> State:
    """The state that was saved under this configuration.

    Raises InputError, one line, where there is no file, where it is damaged, and where it was saved under
    another configuration: the first setting that differs, with both values.
    """
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            about = json.loads(bytes(file[ABOUT]))
            arrays = {name: file[name] for name in file.files if name != ABOUT}
        if about["format"] != FORMAT:
            raise InputError(f"{path} has format {about['format']}: this version reads {FORMAT}")
        _compare(path, about["config"], json.loads(json.dumps(config)))
        memory = {name.removeprefix(MEMORY): a for name, a in arrays.items() if name.startswith(MEMORY)}
        return State(arrays["parameters"], memory, about["step"], arrays.get("since"), about["stopped"])
    except FileNotFoundError:
        raise InputError(f"{path}: there is no checkpoint") from None
    except InputError:
        raise
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        why = " ".join(str(error).split())
        raise InputError(f"{path} is no checkpoint that can be read: {why}") from None


def _compare(path: Path, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    for name in {**there, **here}:
        values = [config.get(name, "not set") for config in (there, here)]
        if values[0] != values[1]:
            raise InputError(f"{path} is of another run: {name} is {values[0]} there and {values[1]} here")
