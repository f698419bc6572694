"""One training: resumed from its checkpoint, its learning curve and the gradients along it in a JSON file.

The curve is written before the checkpoint that belongs to it, so it is never behind. A training that goes on
cuts off what the curve has beyond the checkpoint and finds the same numbers again, bit for bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from symgrad.numeric.kernel import Array
from symgrad.numeric.training import (
    LOSSES,
    TASKS,
    Adam,
    ByNorm,
    Chain,
    State,
    Task,
    TaskBatches,
    train,
)
from symgrad.runs import checkpoint
from symgrad.runs.crew.written import number, read_json, write_json
from symgrad.runs.memory.architectures import chain, predicted, recurrent

__all__ = ["begun", "curve_file", "profile", "trained"]

Curve = dict[str, Any]
EVERY = 50
"""Updates between two looks at the test sequences."""
TESTED = 500
"""Test sequences: the standard error of an accuracy of 0.95 is 0.01."""
CLIP = 1.0
"""The largest norm of a gradient that the optimiser sees (Pascanu, Mikolov & Bengio 2013)."""
PROFILED = (0, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
"""Updates before which gradients are measured; the end of a training is another."""
ROWS = ("update", "loss", "test_loss", "score")
"""Columns of a curve: updates done, the mean training loss since the row before, test loss and metric."""
KEPT_EVERY = 5.0
"""Seconds between two checkpoints: what a killed training loses."""


def curve_file(folder: Path, number: int) -> Path:
    """Where a training's curve lies in its folder."""
    return folder / f"{number:04d}.json"


def begun(point: Mapping[str, Any]) -> Curve:
    """The curve of a training before its first update."""
    curve: Curve = {"config": dict(point), "predicted": None}
    return {
        **curve,
        **{name: [] for name in ROWS},
        "profiles": [],
        "step": 0,
        "finished": False,
        "solved": None,
        "why": None,
    }


def trained(point: Mapping[str, Any], folder: Path) -> Curve:
    """Trains until the task is solved, the updates are done or a number is not finite; its curve.

    Adam on batches drawn anew at every update, gradients clipped by norm. A checkpoint lies beside the curve
    while it is under way. Raises OSError where the folder cannot be written, `InputError` where a checkpoint
    is damaged.
    """
    task, curves = TASKS[point["task"]], curve_file(folder, point["number"])
    kept = curves.with_suffix(".npz")
    model = chain(point["architecture"], point["task"], point["steps"], point["width"])
    batches = TaskBatches(point["task"], point["steps"], point["batch"], point["seed"], point["dtype"])
    optimiser, loss_and_gradient = Adam(point["learning_rate"]), model.loss_and_gradient()
    if kept.exists():
        state = checkpoint.load(kept, point)
        curve = _cut(read_json(curves), state.step)
    else:
        state, curve = State.start(model.initial(point["seed"], point["dtype"]), optimiser), begun(point)
    test = batches.tested(TESTED)

    def look(loss: float) -> bool:
        """Adds a row to the curve; whether the task is solved."""
        test_loss, score = tested(model, task, state.parameters, test, point["batch"])
        row = {"update": state.step, "loss": loss, "test_loss": test_loss, "score": score}
        for name, value in row.items():
            curve[name].append(number(value))
        if state.step in PROFILED:
            measure()
        return task.solved(score)

    def measure() -> None:
        if not curve["profiles"] or curve["profiles"][-1]["update"] != state.step:
            found = profile(model, state.parameters, *(part[: point["batch"]] for part in test))
            curve["profiles"].append({"update": state.step, "log10_gradient": _numbers(found)})

    def save() -> None:
        curve["step"] = state.step
        write_json(curves, curve)
        checkpoint.save(kept, state, point)

    solved, losses, saved, why = False, list[float](), time.monotonic(), None
    if not curve["update"]:
        curve["predicted"] = predicted(model, state.parameters, point["architecture"], test[0])
        first = loss_and_gradient(state.parameters, batches(0), np.empty_like(state.parameters))
        solved = look(first)
        if not solved:
            save()
    steps, clip = point["updates"], ByNorm(CLIP)
    try:
        records = train(state, loss_and_gradient, batches, optimiser, steps=steps, clip=clip)
        for record in () if solved else records:
            losses.append(record.loss)
            if state.stopped is not None or not (record.step % EVERY == 0 or record.step == steps):
                continue
            solved = look(math.fsum(losses) / len(losses))
            losses.clear()
            if solved:
                break
            if time.monotonic() - saved > KEPT_EVERY:
                save()
                saved = time.monotonic()
        why = state.stopped
    except ValueError as error:  # the first pass has been made: now the net has left the range of its dtype
        why = f"after {state.step} updates {error}"
    if why is None:
        measure()
    curve |= {"step": state.step, "finished": True, "solved": solved, "why": why}
    write_json(curves, curve)
    kept.unlink(missing_ok=True)
    return curve


def tested(
    model: Chain, task: Task, parameters: Array, test: tuple[Array, Any], size: int
) -> tuple[float, float]:
    """Loss and metric of the task over the test sequences, so many at a time."""
    inputs, targets = test
    parts = [model.outputs(parameters, inputs[k : k + size]) for k in range(0, len(inputs), size)]
    outputs = np.concatenate(parts)
    return LOSSES[model.loss](outputs, targets, np.empty_like(outputs)), task.score(outputs, targets)


@np.errstate(all="ignore")
def profile(model: Chain, parameters: Array, inputs: Array, targets: Any) -> Any:
    """log10 ‖∂E/∂s_t‖, t = 1…T, of the task's loss E over these sequences; s is c where the cell has one,
    else h; −∞ for an exact 0."""
    outputs = model.outputs(parameters, inputs)
    top = np.empty_like(outputs)
    LOSSES[model.loss](outputs, targets, top)
    layer, tensors = recurrent(model, parameters)
    found = layer.gradients(tensors, inputs, top @ model.layout.views(parameters)["2.weight"])
    return (found.ln_state if found.ln_cell is None else found.ln_cell) / math.log(10)


def _cut(curve: Curve, step: int) -> Curve:
    """The curve up to a checkpoint."""
    rows = sum(update <= step for update in curve["update"])
    curve |= {name: curve[name][:rows] for name in ROWS}
    profiles = [profile for profile in curve["profiles"] if profile["update"] <= step]
    return {**curve, "profiles": profiles, "step": step}


def _numbers(values: Any) -> list[float | None]:
    return [number(float(value)) for value in values]
