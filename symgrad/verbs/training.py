"""Classifiers trained on real data: one training, or several that are ranked; their records read again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.verbs.asked import Document

if TYPE_CHECKING:
    from symgrad.runs.crew.status import Status
    from symgrad.runs.training import Config

__all__ = ["columns_of", "compare", "train", "train_several", "training", "training_plan"]

LEARNT = 0.9
"""Share of held-out samples told right from which a net counts as rescued."""
CHANCE = 2.0
"""A net is at chance below so many times the share that guessing tells right."""


def train(
    out: str | Path,
    resume: bool = False,
    progress: Callable[[Status], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
    **options: Any,
) -> Document:
    """Trains into a folder, `options` being fields of `runs.training.Config`; with `resume` goes on there.

    The document is that of `training`. Raises `InputError` as `runs.training.trained` does.
    """
    from symgrad.runs.crew.status import Status
    from symgrad.runs.training import Config, trained

    config, begun = Config(**options), time.monotonic()

    def told(record: Document) -> None:
        done, spent = record["epoch"], time.monotonic() - begun
        if progress is not None:
            left = spent / done * (config.epochs - done) if done else None
            progress(Status(config.epochs, done, 0, spent, left, "running", None, None, str(out)))

    trained(config, out, resume=resume, told=told, cancelled=cancelled)
    return training(out)


def train_several(
    preset: str | None,
    out: str | Path,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[Status], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Document:
    """Does the trainings of a preset in a folder, or with None those that it holds, and goes on where an
    earlier call was stopped.

    The document is that of `compare`. Raises `InputError` as `runs.training.run` does.
    """
    from symgrad.runs import training as runs

    several = runs.begun_in(out) if preset is None else runs.preset(preset, seed)
    runs.run(several, out, workers, progress, cancelled)
    return compare([out])


def training_plan(preset: str | None = None, **options: Any) -> Document:
    """What a preset trains, or with `options` (fields of `runs.training.Config`) a net without and with its
    remedies, before anything is trained.

    `text` goes into the folder, `count` trainings take about `seconds` on one core. Raises `InputError` for
    what cannot be trained.
    """
    import json
    from dataclasses import replace

    from symgrad.runs import training as runs

    if preset is not None:
        several = runs.preset(preset, **options)
    else:
        config = runs.Config(**{**options, "remedies": tuple(options.get("remedies", ()))})
        title = f"{config.depth} hidden layers of {config.width} units on the {config.data}."
        configs = {"plain": replace(config, remedies=())}
        if config.remedies:
            configs["remedied"] = config
        several = runs.Several("A net, and its remedies", title, configs)
    for config in several.runs.values():
        config.plan, config.optimiser()
    return {
        "title": several.title,
        "says": several.text,
        "text": json.dumps(several.document()),
        "count": len(several.runs),
        "seconds": sum(config.seconds for config in several.runs.values()),
    }


def training(folder: str | Path) -> Document:
    """One training as far as it is: its record, the first update predicted and measured, and what it found.

    `state` is finished, cancelled or diverged, or under way; `done` epochs of `points`. Raises `InputError`
    where the folder holds none.
    """
    from symgrad.runs.training import read

    config, record = read(folder)
    first = _first(config, record)
    return {
        **record,
        "state": _state(record),
        "points": config.epochs,
        "done": config.epochs if record["finished"] else record["epoch"],
        "failed": 0,
        "why": record["stopped"],
        "folder": str(folder),
        "first_update": first,
        "chance": 1 / config.source.classes,
        "finding": _finding(config, record, first),
    }


def compare(folders: Sequence[str | Path] = (), curves: bool = False) -> Document:
    """Trainings side by side, those that tell most held-out samples right in front; a folder of several
    counts as all of its trainings, and no folder as the run that is shipped.

    `runs`: [{`name`, `folder`, `config`, `final`: {`epoch`, `loss`, `accuracy`, `training_accuracy`,
    `stopped`, `weights`}, `first_update`, `rescued`}], with ``curves`` each its numbers by epoch. Raises
    `InputError` for a folder that holds none.
    """
    from symgrad.runs import training as runs
    from symgrad.runs.training.stored import stored

    found, pending = list[Document](), None
    if not folders:
        found = [_row(name, None, record, curves) for name, record in stored()]
    for folder in map(Path, folders):
        if (folder / runs.SEVERAL).is_file():
            rows = [(name, folder / name, record) for name, record in runs.records(folder)]
            pending = runs.status(folder).document()
        else:
            rows = [(folder.resolve().name, folder, runs.read(folder)[1])]
        found += [_row(name, place, record, curves) for name, place, record in rows]
    found.sort(key=lambda row: (-(row["final"]["accuracy"] or 0), row["final"]["loss"] or math.inf))
    done = sum(row["state"] in ("finished", "diverged") for row in found)
    document: Document = {"runs": found, "points": len(found), "done": done, "failed": 0}
    if pending is not None and len(folders) == 1:
        document |= {name: pending[name] for name in ("state", "why", "seconds", "seconds_left", "pid")}
    else:
        document |= {"state": "finished", "why": None}
    return {**document, "folder": str(folders[0]) if folders else None, "finding": _ranked(found)}


def columns_of(document: Document) -> dict[str, list[Any]]:
    """The numbers of one training by epoch and hidden layer, or the ranking of several, as columns."""
    if "runs" in document:
        runs = document["runs"]
        columns: dict[str, list[Any]] = {"name": [run["name"] for run in runs]}
        for name in ("data", "depth", "width", "activation", "optimizer", "learning_rate", "epochs", "seed"):
            columns[name] = [run["config"][name] for run in runs]
        columns["remedies"] = [" ".join(run["config"]["remedies"]) for run in runs]
        for name in ("epoch", "loss", "accuracy", "training_accuracy", "stopped"):
            columns[name] = [run["final"][name] for run in runs]
        for name in ("measured_log10_ratio", "predicted_log10_ratio"):
            columns[f"first_update_{name}"] = [run["first_update"][name] for run in runs]
        return columns
    from symgrad.runs.training.record import LAYERED

    depth, epochs = document["config"]["depth"], range(document["epoch"])
    places = [(epoch, layer) for epoch in epochs for layer in range(depth)]
    columns = {"epoch": [epoch + 1 for epoch, _ in places], "layer": [layer + 1 for _, layer in places]}
    for name in ("loss", "accuracy", "training_accuracy"):
        columns[name] = [document[name][epoch] for epoch, _ in places]
    for name in LAYERED:
        columns[name] = [document[name][layer][epoch] for epoch, layer in places]
    return columns


CURVES = ("loss", "accuracy", "relative_update", "distance", "gradient", "moved")


def _row(name: str, folder: Path | None, record: Document, curves: bool) -> Document:
    from symgrad.runs.training import Config

    config = Config.read(record["config"])
    last = {
        key: record[key][-1] if record[key] else None for key in ("loss", "accuracy", "training_accuracy")
    }
    final = {**last, "epoch": record["epoch"], "stopped": record["stopped"], "weights": record["weights"]}
    return {
        "name": name,
        "folder": None if folder is None else str(folder),
        "config": record["config"],
        "state": _state(record),
        "final": final,
        "first_update": _first(config, record),
        "rescued": bool(record["finished"] and (last["accuracy"] or 0) >= LEARNT),
        "chance": 1 / config.source.classes,
        **({"curves": {key: record[key] for key in CURVES}} if curves else {}),
    }


def _state(record: Document) -> str:
    stopped = record["stopped"] or ""
    if stopped.startswith("diverged"):
        return "diverged"
    if record["finished"]:
        return "finished"
    return "cancelled" if stopped else "under way"


PROPORTIONAL = ("sgd", "momentum")
"""Optimisers whose first step is a multiple of the gradient."""


def _first(config: Config, record: Document) -> Document:
    """log10 ‖ΔW_1‖/‖ΔW_L‖ of the first step: predicted where a derivation speaks of this net, measured."""
    from symgrad.theory.remedies.first_update import FirstUpdate, first_update

    plan = config.plan
    if config.optimizer not in PROPORTIONAL:
        found = FirstUpdate(
            None, None, f"the first step of {config.optimizer} is no multiple of the gradient"
        )
    elif config.pretraining() is not None:
        found = FirstUpdate(None, None, "pre-trained weights are not random")
    elif plan.block != "plain" or plan.norm is not None:
        found = FirstUpdate(None, None, "what is derived here speaks of plain nets")
    else:
        found = first_update(plan.kernel, plan.sigma_w, config.depth, config.width, plan.weights)
    updates = (record["first_step"] or {"log10_update": [None]})["log10_update"]
    ends = updates[0], updates[-1]
    measured = None if None in ends else ends[0] - ends[1]
    return {
        "predicted_log10_ratio": found.log10_ratio,
        "band": None if found.band is None else list(found.band),
        "why_unpredicted": found.why or None,
        "measured_log10_ratio": measured,
    }


def _finding(config: Config, record: Document, first: Document) -> str:
    """What happened, in a sentence made of its numbers."""
    net = f"{config.depth} hidden {config.choice.activation} layers"
    if record["stopped"] and record["stopped"].startswith("diverged"):
        return f"{net}: {record['stopped']}. What was recorded before is kept."
    if not record["accuracy"]:
        return f"{net}: no epoch is done yet."
    right = record["accuracy"][-1]
    chance = 1 / config.source.classes
    learnt = "stay at chance" if right < CHANCE * chance else f"tell {right:.1%} of held-out samples right"
    text = f"{net} {learnt} after {record['epoch']} epochs"
    ratio = first["measured_log10_ratio"]
    if ratio is None or config.depth == 1:
        return f"{text}."
    text += f"; at the first step the front layer moves 10^{ratio:.1f} times as far as the last hidden one"
    if first["predicted_log10_ratio"] is not None:
        text += f" (predicted 10^{first['predicted_log10_ratio']:.1f})"
    return f"{text}."


def _ranked(rows: Sequence[Document]) -> str:
    """What became of the plain net that most others are a remedy of; else which is best."""
    ended = [row for row in rows if row["final"]["accuracy"] is not None]
    if not ended:
        return "No training has an epoch yet."
    best = ended[0]
    rescued = sum(row["rescued"] for row in rows)
    pairs = [(row, [other for other in ended if _remedied(row, other)]) for row in ended]
    plain, remedied = max(pairs, key=lambda pair: len(pair[1]))
    if not remedied:
        right = f"{best['final']['accuracy']:.1%} of held-out samples right"
        return f"Best of {len(rows)}: {best['name']} with {right}; {rescued} reach {LEARNT:.0%}."
    good, bad = ([row["name"] for row in remedied if row["rescued"] is was] for was in (True, False))
    helped = (
        f"{len(good)} of {len(remedied)} remedies bring it to {LEARNT:.0%} or more"
        if good
        else "no remedy helps"
    )
    text = f"{plain['name']} tells {plain['final']['accuracy']:.0%} of held-out samples right; {helped}"
    text += f", {good[0]} to {remedied[0]['final']['accuracy']:.1%}" if good else ""
    return f"{text}; not enough are {', '.join(sorted(bad))}." if bad else f"{text}."


def _remedied(plain: Document, row: Document) -> bool:
    """Whether they are alike but for remedies, which the first does without."""
    ours, other = plain["config"], row["config"]
    return not ours["remedies"] and bool(other["remedies"]) and {**other, "remedies": []} == ours
