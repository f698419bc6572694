"""Trainings on tasks that ask for memory: the learning curves, under the gradients that predicted them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from symgrad.verbs.asked import Document

if TYPE_CHECKING:
    from symgrad.runs.crew.status import Status
    from symgrad.runs.memory import Experiment

__all__ = ["experiment_of", "finding", "memory", "train_memory"]

Curve = Mapping[str, Any]
BITS = {"float32": 24, "float64": 53}
"""Bits of a number: what is below 2^−bits beside 1 is lost to rounding."""
OF_THE_SEEDS = 2 / 3
"""A task is solved by an architecture when at least so many of its seeds solve it."""


def train_memory(
    experiment: Experiment,
    folder: str | Path,
    workers: int | None = None,
    progress: Callable[[Status], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Document:
    """Does the trainings of an experiment in a folder, and goes on where an earlier call was stopped.

    The document is that of `memory`; where the trainings are those of the stored run it has `compared` too.
    Raises `InputError` as `runs.memory.run` does.
    """
    from symgrad.runs import memory as trainings
    from symgrad.runs.memory.stored import compared

    trainings.run(experiment, folder, workers, progress, cancelled)
    found = trainings.curves(Path(folder), experiment)
    beside = compared([curve for curve in found if curve["finished"]])
    return {**memory(folder), "compared": beside if beside["trainings"] else None}


def experiment_of(preset: str = "short", **changes: Any) -> Experiment:
    """The experiment of a preset, with fields of `runs.memory.Experiment` changed; `task` is short for
    `tasks`. Raises `InputError` for what is out of range.
    """
    from symgrad.errors import InputError
    from symgrad.runs.memory import PRESETS

    if preset not in PRESETS:
        raise InputError(f"preset = {preset!r}: legal are {', '.join(PRESETS)}")
    if "task" in changes:
        changes["tasks"] = changes.pop("task")
    return replace(PRESETS[preset], **changes)


def memory(folder: str | Path | None = None) -> Document:
    """What the trainings in a folder have found so far; without one, the run that is shipped.

    `runs`: of each training its learning curve, the gradient profiles log10 ‖∂E/∂h_t‖ (LSTM: c_t) along it,
    the predicted and the measured ratio of the first to the last at initialisation. `cells`: the seeds of a
    task, length and architecture together; `solved` when at least two thirds of them are. `finding` says
    where the derivation predicted the failure, and what happened. Raises `InputError` where there is no
    experiment.
    """
    from symgrad.runs import memory as trainings
    from symgrad.runs.memory.stored import stored

    if folder is None:
        experiment, about, curves = stored()
        done = len(curves)
        state = {"points": done, "done": done, "failed": 0, "seconds": about["seconds"], "seconds_left": None}
        state |= {"state": "finished", "pid": None, "why": None, "folder": None}
        made_with = about["made_with"]
    else:
        place = Path(folder)
        experiment, made_with = trainings.read(place)
        state = trainings.status(place).document()
        curves = trainings.curves(place, experiment)
    rules = _rules(experiment)
    threshold = rules[0]["threshold"]
    runs = [_run(curve, threshold) for curve in curves]
    cells = _cells(runs, threshold)
    return {
        "stored": folder is None,
        **state,
        "config": experiment.document(),
        "made_with": made_with,
        "threshold": threshold,
        "threshold_reason": rules[0]["text"],
        "rules": [{**rule, **_right(cells, rule["threshold"])} for rule in rules],
        "tasks": _tasks(experiment),
        "architectures": _architectures(experiment),
        "runs": runs,
        "cells": cells,
        "finding": finding(cells, experiment.updates, rules),
    }


def _rules(experiment: Experiment) -> list[Document]:
    """Two thresholds for log10 of ‖∂E/∂s_1‖/‖∂E/∂s_T‖ at initialisation; the first predicts."""
    sequences, bits = experiment.batch * experiment.updates, BITS[experiment.dtype]
    noise, rounding = -0.5 * math.log10(sequences), -bits * math.log10(2)
    return [
        {
            "name": "sampling noise",
            "threshold": noise,
            "text": (
                f"A training sees {experiment.updates:,} updates of {experiment.batch} sequences. The mean "
                f"gradient of all {sequences:,} keeps sampling noise of 1/√{sequences:,} = 10^{noise:.2f} of "
                "that of one sequence. A training is predicted to fail where the derivation puts the "
                "gradient at the first step below that, measured by the gradient at the last step, at "
                "initialisation. This is a rule of thumb for typical nets, set before any training, and no "
                "bound: weights move, and not far below the threshold the seed decides. In the search for "
                "learning rates, on another seed, 8 of 16 plain recurrent nets solved their task at T = 50 "
                "against it; with float64 in place of float32, 4 of the 12 of the preset did."
            ),
        },
        {
            "name": "rounding",
            "threshold": rounding,
            "text": (
                f"Numbers are {experiment.dtype}: what is below 2^-{bits} = 10^{rounding:.2f} beside another "
                "number is lost when the two are added, so that the sum over time holds nothing of what was "
                "shown first. Considered after the search for learning rates, as the milder rule, and for a "
                "time put in the first one's place, which was taken up again when the stored run was there."
            ),
        },
    ]


def _right(cells: Sequence[Document], threshold: float) -> Document:
    """How many outcomes a threshold foretold, of those that are known."""
    known = [cell for cell in cells if cell["agrees"] is not None]
    right = sum((cell["predicted_log10_ratio"] < threshold) != cell["solved"] for cell in known)
    return {"right": right, "of": len(known)}


def _tasks(experiment: Experiment) -> list[Document]:
    from symgrad.numeric.training import TASKS

    keys = ("title", "text", "metric", "baseline", "solved_at")
    chosen = ((name, TASKS[name]) for name in experiment.tasks)
    return [
        {
            "name": name,
            **{key: getattr(task, key) for key in keys},
            "solved_when": "above" if task.metric == "accuracy" else "below",
        }
        for name, task in chosen
    ]


def _architectures(experiment: Experiment) -> list[Document]:
    from symgrad.runs.memory import ARCHITECTURES

    keys = ("title", "text", "state", "learning_rate")
    return [
        {"name": name, **{key: getattr(ARCHITECTURES[name], key) for key in keys}}
        for name in experiment.architectures
    ]


def _run(curve: Curve, threshold: float) -> Document:
    """A training, in the words of the document."""
    from symgrad.numeric.training import TASKS

    config = curve["config"]
    keys = ("number", "task", "steps", "architecture", "seed", "learning_rate")
    profiles = []
    for profile in curve["profiles"]:
        logs = profile["log10_gradient"]
        steps = profile.get("t", list(range(1, len(logs) + 1)))
        profiles.append({"update": profile["update"], "t": steps, "log10_gradient": logs})
    first, last = (profiles[0]["log10_gradient"][k] if profiles else None for k in (0, -1))
    predicted = curve["predicted"]
    return {
        **{key: config[key] for key in keys},
        **{key: curve[key] for key in ("update", "loss", "test_loss")},
        "accuracy": curve["score"] if TASKS[config["task"]].metric == "accuracy" else None,
        **{key: curve[key] for key in ("step", "finished", "solved")},
        "error": curve["why"],
        "profiles": profiles,
        "log10_ratio": None if first is None or last is None else first - last,
        "predicted_log10_ratio": predicted,
        "predicted_fails": None if predicted is None else predicted < threshold,
    }


def _cells(runs: Sequence[Document], threshold: float) -> list[Document]:
    """The seeds of each task, length, architecture and learning rate together."""
    keys = ("task", "steps", "architecture", "learning_rate")
    groups: dict[tuple[Any, ...], list[Document]] = {}
    for run in runs:
        groups.setdefault(tuple(run[key] for key in keys), []).append(run)
    return [{**dict(zip(keys, key, strict=True)), **_cell(group, threshold)} for key, group in groups.items()]


def _cell(group: Sequence[Document], threshold: float) -> Document:
    solved = sum(bool(run["solved"]) for run in group)
    finished = sum(run["finished"] for run in group)
    needed = math.ceil(OF_THE_SEEDS * len(group) - 1e-9)
    open_still = solved < needed <= solved + len(group) - finished
    answer = None if open_still else solved >= needed
    ratio, predicted = (_median(group, key) for key in ("log10_ratio", "predicted_log10_ratio"))
    fails = None if predicted is None else predicted < threshold
    return {
        "seeds": len(group),
        "finished": finished,
        "solved_seeds": solved,
        "solved": answer,
        "log10_ratio": ratio,
        "predicted_log10_ratio": predicted,
        "predicted_fails": fails,
        "agrees": None if answer is None or fails is None else answer != fails,
    }


def _median(group: Sequence[Document], key: str) -> float | None:
    values = [run[key] for run in group if run[key] is not None]
    return median(values) if values else None


def finding(cells: Sequence[Document], updates: int, rules: Sequence[Document]) -> str:
    """Where the derivation predicted the failure, and what happened, from the numbers alone."""
    known = [cell for cell in cells if cell["agrees"] is not None]
    if not known:
        return "No architecture has finished its seeds yet."
    first, second = rules
    failing, learning = ([c for c in known if c["predicted_fails"] is fails] for fails in (True, False))
    text = ""
    if failing:
        failed = [cell for cell in failing if not cell["solved"]]
        seeds = f"{sum(c['solved_seeds'] for c in failing)} of their {sum(c['seeds'] for c in failing)} seeds"
        text += (
            f"Where the derivation predicted the failure (typical gradient at the first step below "
            f"10^{first['threshold']:.1f} of that at the last, at initialisation), {len(failed)} of "
            f"{len(failing)} were not solved within {updates:,} updates, {seeds} were: {_named(failing)}. "
        )
    if learning:
        solved = [cell for cell in learning if cell["solved"]]
        text += f"Where it predicted none, {len(solved)} of {len(learning)} were solved: {_named(learning)}. "
    wrong = [cell for cell in known if not cell["agrees"]]
    text += f"Prediction and outcome disagree for {_named(wrong)}. " if wrong else ""
    other = _right(known, second["threshold"])
    return text + (
        f"The rule is right in {len(known) - len(wrong)} of {len(known)}; one that counts only what is lost "
        f"to rounding (10^{second['threshold']:.1f}) in {other['right']}."
    )


def _named(cells: Sequence[Document]) -> str:
    """Tasks and lengths with the architectures of each: "adding, T = 200 (rnn, orthogonal)"."""
    rates = {(cell["architecture"], cell["learning_rate"]) for cell in cells}
    several = len(rates) > len({name for name, _ in rates})
    groups: dict[str, list[str]] = {}
    for cell in cells:
        rate = f" at {cell['learning_rate']:g}" if several else ""
        groups.setdefault(f"{cell['task']}, T = {cell['steps']}", []).append(cell["architecture"] + rate)
    return "; ".join(f"{place} ({', '.join(names)})" for place, names in groups.items())
