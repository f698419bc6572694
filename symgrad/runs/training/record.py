"""The record of a training, `run.json`: configuration, versions, numbers an epoch; whole at any moment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from symgrad.errors import InputError
from symgrad.numeric.training import Observation
from symgrad.runs.crew.program import versions
from symgrad.runs.crew.written import check_links, number, read_json
from symgrad.runs.training.config import Config

__all__ = ["LAYERED", "RECORD", "Record", "added", "begun", "cut", "observed", "read"]

Record = dict[str, Any]
RECORD = "run.json"
FORMAT = 1
ROWS = ("loss", "accuracy", "training_accuracy")
"""An epoch each: mean loss of its batches, share of the held-out and of the training samples told right."""
LAYERED = ("relative_update", "distance", "gradient", "hidden_gradient", "moved")
"""By hidden layer, then by epoch: fields of `Observation`; the read-out's are beside them."""


def begun(config: Config) -> Record:
    """The record of a training before its first step."""
    nothing: Record = {"format": FORMAT, "config": config.document(), "made_with": versions()}
    return {
        **nothing,
        "step": 0,
        "epoch": 0,
        "finished": False,
        "stopped": None,
        "pretraining": [],
        "start": None,
        "first_step": None,
        **{name: [] for name in ROWS},
        **{name: [[] for _ in range(config.depth)] for name in LAYERED},
        "readout": {name: [] for name in LAYERED},
        "weights": None,
        "seconds": 0.0,
    }


def observed(found: Observation) -> dict[str, Any]:
    """Numbers by hidden layer, and those of the read-out."""
    rows = {name: [number(value) for value in getattr(found, name)] for name in LAYERED}
    hidden = {name: row[:-1] for name, row in rows.items()}
    return {**hidden, "readout": {name: row[-1] for name, row in rows.items()}}


def added(record: Record, numbers: dict[str, Any], found: Observation) -> None:
    """One epoch more."""
    rows = observed(found)
    for name in ROWS:
        record[name].append(number(numbers[name]))
    for name in LAYERED:
        for layer, value in zip(record[name], rows[name], strict=True):
            layer.append(value)
        record["readout"][name].append(rows["readout"][name])


def cut(record: Record, epochs: int) -> Record:
    """The record up to so many epochs."""
    kept = {name: record[name][:epochs] for name in ROWS}
    layers = {name: [row[:epochs] for row in record[name]] for name in LAYERED}
    readout = {name: row[:epochs] for name, row in record["readout"].items()}
    return {**record, **kept, **layers, "readout": readout, "epoch": epochs}


def read(folder: Path | str) -> tuple[Config, Record]:
    """The configuration and the record of a folder, as far as it is.

    Raises `InputError`, one line, where there is none, or what is there is none.
    """
    folder = Path(folder)
    check_links(folder, (RECORD,))
    path = folder / RECORD
    if not path.is_file():
        raise InputError(f"{folder} holds no training: there is no {RECORD}")
    record = read_json(path)
    try:
        if record.get("format") != FORMAT or not isinstance(record.get("config"), dict):
            raise InputError("another format")
        config = Config.read(record["config"])
        expected = begun(config)
        if record.keys() != expected.keys() or not _shaped(record, config.depth):
            raise InputError("its columns do not fit together")
    except InputError as error:
        raise InputError(f"{path} is damaged, or no record of a training: {error}") from None
    return config, record


def _shaped(record: Record, depth: int) -> bool:
    epochs = record["epoch"]
    rows = [*(record[name] for name in ROWS), *(record["readout"].get(name) for name in LAYERED)]
    layers = [record[name] for name in LAYERED]
    whole = all(isinstance(layer, list) and len(layer) == depth for layer in layers)
    return whole and all(_row(row, epochs) for row in [*rows, *(row for layer in layers for row in layer)])


def _row(row: Sequence[Any] | None, length: int) -> bool:
    return (
        isinstance(row, list)
        and len(row) == length
        and all(value is None or (isinstance(value, int | float) and math.isfinite(value)) for value in row)
    )
