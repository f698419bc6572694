"""One training into its folder: from the start or from its checkpoint, bit for bit.

`run.json` is the record, `start.npz` the weights that the net's own training begins with, `checkpoint.npz`
the state after the last epoch that is recorded (at the end: the final weights), `pretraining.npz` the layers
done while layers are trained first. The record is written before the checkpoint that belongs to it, so that
it is never behind; what it has beyond the checkpoint is cut off and found again.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from symgrad.errors import InputError
from symgrad.numeric.kernel import Array
from symgrad.numeric.training import (
    CANCELLED,
    Chain,
    Optimiser,
    Shuffled,
    Split,
    State,
    layer_matrices,
    norm,
    observe,
    pretrain,
    train,
)
from symgrad.runs import checkpoint
from symgrad.runs.crew.lock import LOCK, locked
from symgrad.runs.crew.written import check_links, clear, number, write_json
from symgrad.runs.training.config import Config
from symgrad.runs.training.record import RECORD, Record, added, begun, cut, observed, read

__all__ = ["trained"]

START, KEPT, LAYERS = "start.npz", "checkpoint.npz", "pretraining.npz"
PROBE = 256
"""Training samples that gradients and representations are looked at with."""
LN10 = math.log(10)


def trained(
    config: Config,
    folder: Path | str,
    *,
    resume: bool = False,
    told: Callable[[Record], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Record:
    """Trains, or with ``resume`` goes on where the folder's training stands; its record at the end.

    ``told`` gets the record after every epoch, ``cancelled`` is asked before every step: what is recorded
    then stays, and the training can go on. Divergence is no error: it ends the training, and the record says
    what was not finite, in which layer and at which step. Raises `InputError`, one line, where the folder
    holds a training and resume is false, holds another one, is in work, or cannot be written.
    """
    folder = Path(folder)
    config.plan, config.optimiser()
    with locked(folder):
        check_links(folder, (RECORD, START, KEPT, LAYERS, LOCK))
        clear(folder)
        try:
            record = _taken_up(config, folder) if resume else _new(config, folder)
            if not record["finished"]:
                _Run(config, folder, record, told, cancelled or (lambda: False)).go()
        except OSError as error:
            raise InputError(f"{folder} cannot be written ({error.strerror or error})") from None
    return record


def _new(config: Config, folder: Path) -> Record:
    if (folder / RECORD).exists():
        raise InputError(
            f"{folder} holds a training already: go on with it (--resume), or take another folder"
        )
    record = begun(config)
    write_json(folder / RECORD, record)
    return record


def _taken_up(config: Config, folder: Path) -> Record:
    if not (folder / RECORD).exists():
        return _new(config, folder)
    there, record = read(folder)
    for name, value in there.document().items():
        if value != (here := config.document()[name]):
            raise InputError(f"{folder} holds another training: its {name} is {value}, not {here}")
    return record


class _Run:
    """A training under way."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        record: Record,
        told: Callable[[Record], object] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self.config, self.folder, self.record = config, folder, record
        self.told, self.cancelled = told, cancelled
        self.split: Split = config.source.split(config.seed)
        self.model: Chain = config.chain()
        self.optimiser: Optimiser = config.optimiser()
        self.begun, self.before = time.monotonic(), record["seconds"]

    def go(self) -> None:
        """To the end, to a cancel, or to where a number is not finite."""
        self.record["stopped"] = None
        start = self._start()
        if start is None:
            self._write()
            return
        kept = self.folder / KEPT
        if kept.exists():
            state = checkpoint.load(kept, self.config.document())
        else:
            state = State.start(start.copy(), self.optimiser)
        batches = Shuffled(self.split.inputs, self.split.labels, self.config.batch, self.config.seed)
        self.record.update(cut(self.record, state.step // batches.steps))
        if self.record["start"] is None:
            self._look_first(start)
        probe = self.split.inputs[:PROBE], self.split.labels[:PROBE]
        loss_and_gradient, clip = self.model.loss_and_gradient(), self.config.clip()
        for epoch in range(self.record["epoch"] + 1, self.config.epochs + 1):
            before, losses = state.parameters.copy(), list[float]()
            steps = epoch * batches.steps
            for found in train(
                state,
                loss_and_gradient,
                batches,
                self.optimiser,
                steps=steps,
                clip=clip,
                cancelled=self.cancelled,
                layout=self.model.layout,
                every=batches.steps,
            ):
                losses.append(found.loss)
                if found.step == 1 and state.stopped is None:
                    self._first_step(start, state.parameters)
            if state.stopped is not None:
                self.record["stopped"] = _said(state.stopped)
                self.record["finished"] = state.stopped != CANCELLED
                break
            numbers = {"loss": math.fsum(losses) / len(losses), **self._accuracies(state.parameters)}
            added(self.record, numbers, observe(self.model, start, before, state.parameters, probe))
            self.record |= {"epoch": epoch, "step": state.step}
            self._write()
            checkpoint.save(kept, state, self.config.document())
            if self.told is not None:
                self.told(self.record)
        if self.record["epoch"] == self.config.epochs:  # said only once the checkpoint is there
            self.record |= {"finished": True, "weights": _digest(state.parameters)}
        self._write()

    def _start(self) -> Array | None:
        """The weights that the net's own training begins with; None where it did not come so far."""
        path, document = self.folder / START, self.config.document()
        if path.exists():
            return checkpoint.load(path, document).parameters
        layers, pretraining = self.folder / LAYERS, self.config.pretraining()
        if layers.exists():
            state = checkpoint.load(layers, document)
        else:
            state = State(self.model.initial(self.config.seed), {})
        self.record["pretraining"] = self.record["pretraining"][: state.step]
        if pretraining is not None:
            for done in pretrain(
                state,
                self.model,
                self.split.inputs,
                pretraining,
                seed=self.config.seed,
                cancelled=self.cancelled,
            ):
                losses = [number(loss) for loss in done.losses]
                self.record["pretraining"].append({"layer": done.layer, "losses": losses})
                self._write()
                checkpoint.save(layers, state, document)
                if self.told is not None:
                    self.told(self.record)
            if state.stopped is not None:
                self.record["stopped"] = _said(state.stopped)
                self.record["finished"] = not state.stopped.endswith(CANCELLED)
                return None
        checkpoint.save(path, State(state.parameters, {}), document)
        layers.unlink(missing_ok=True)
        return state.parameters

    def _look_first(self, start: Array) -> None:
        """What the net is like before its first step."""
        probe = self.split.inputs[:PROBE], self.split.labels[:PROBE]
        found = observe(self.model, start, start, start, probe)
        rows = observed(found)
        named = {name: rows[name] for name in ("gradient", "hidden_gradient")}
        self.record["start"] = {"loss": number(found.loss), **self._accuracies(start), **named}

    def _first_step(self, start: Array, after: Array) -> None:
        """log10 ‖ΔW_l‖ of the first step, by hidden layer."""
        new, old = self.model.layout.views(after), self.model.layout.views(start)
        found = list[float | None]()
        for names in layer_matrices(self.model)[:-1]:
            size = math.hypot(*(norm((new[name] - old[name]).reshape(-1)) for name in names))
            found.append(math.log(size) / LN10 if size else None)
        self.record["first_step"] = {"log10_update": found}

    def _accuracies(self, parameters: Array) -> dict[str, Any]:
        parts = {
            "accuracy": (self.split.test_inputs, self.split.test_labels),
            "training_accuracy": (self.split.inputs, self.split.labels),
        }
        found = {}
        for name, (inputs, labels) in parts.items():
            outputs = self.model.outputs(parameters, inputs, self.split.inputs)
            right = np.isfinite(outputs).all(axis=1) & (outputs.argmax(axis=1) == labels)
            found[name] = float(right.mean())
        return found

    def _write(self) -> None:
        self.record["seconds"] = round(self.before + time.monotonic() - self.begun, 3)
        write_json(self.folder / RECORD, self.record)


def _said(stopped: str) -> str:
    """Why a training ended early, as it is recorded."""
    return stopped if stopped.endswith(CANCELLED) else f"diverged: {stopped}"


def _digest(parameters: Array) -> str:
    """Of the final weights, bit for bit."""
    return hashlib.sha256(parameters.tobytes()).hexdigest()
