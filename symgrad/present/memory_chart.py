"""Charts of tasks that need memory: learning curves, and the gradient along time that they stand under."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from symgrad.present.lines import Line, data, finished, panel, rule_at, styles
from symgrad.present.theme import DASHES, Theme, theme

__all__ = ["gradient_while_learning", "learning_and_gradient", "learning_curves"]

Document = Mapping[str, Any]
DECADES = [10.0**k for k in range(-6, 4)]
STEP = ("step", "time step t (the question comes after the last)")


def learning_curves(document: Document, dark: bool = False) -> Any:
    """The error on test data, or the accuracy, against the updates made: a line a seed, with the level at
    which the task counts as solved and the one that needs no memory. `document["runs"]` are of one task and
    one length.
    """
    look = theme(dark)
    return finished(_learning(document, look), str(document["finding"]), look)


def learning_and_gradient(document: Document, dark: bool = False) -> alt.VConcatChart:
    """The gradient along time at initialisation, and under it the learning curves, for the last task and its
    longest sequences where the document holds several."""
    look = theme(dark)
    runs = document["runs"]
    task, steps = runs[-1]["task"], max(run["steps"] for run in runs if run["task"] == runs[-1]["task"])
    held = {**document, "runs": [run for run in runs if (run["task"], run["steps"]) == (task, steps)]}
    parts = alt.vconcat(_gradient(held, look), _learning(held, look), spacing=18)
    return finished(parts, str(document["finding"]), look)


def _learning(document: Document, look: Theme) -> Any:
    runs = document["runs"]
    (task,) = (task for task in document["tasks"] if task["name"] == runs[0]["task"])
    key = "accuracy" if task["metric"] == "accuracy" else "test_loss"
    titles = _titles(document)
    rows = [
        {"update": update, "value": value, "line": titles[run["architecture"]], "seed": run["seed"]}
        for run in runs
        for update, value in zip(run["update"], run[key] or [], strict=False)
        if value is not None
    ]
    lines = _architectures(document, look)
    x = alt.X("update:Q", title="updates", axis=alt.Axis(grid=False, format=",d"))
    y = alt.Y(
        "value:Q",
        title="accuracy on test data" if key == "accuracy" else "mean squared error on test data",
        axis=alt.Axis(format="~g") if key == "accuracy" else alt.Axis(format="~g", values=DECADES),
        scale=alt.Scale(domain=[0, 1]) if key == "accuracy" else alt.Scale(type="log"),
    )
    tips = ["line:N", "seed:N", alt.Tooltip("update:Q", format=",d"), alt.Tooltip("value:Q", format=".4g")]
    curves = alt.Chart(data(rows)).mark_line(strokeWidth=2.2, opacity=0.9)
    below = task["solved_when"] == "below"
    levels = [
        *rule_at(task["solved_at"], "y", look, f"solved {task['solved_when']} {task['solved_at']:g}", below),
        *rule_at(task["baseline"], "y", look, f"without memory {task['baseline']:.3g}", not below),
    ]
    chart = alt.layer(*levels, curves.encode(x=x, y=y, detail="seed:N", tooltip=tips, **styles(lines)))
    return chart.properties(height=240, width="container")


def _titles(document: Document) -> dict[str, str]:
    return {one["name"]: one["title"] for one in document["architectures"]}


def _architectures(document: Document, look: Theme) -> list[Line]:
    """A colour and dashes for each architecture that a run is of, the same in every picture."""
    there = {run["architecture"] for run in document["runs"]}
    return [
        Line(one["title"], look.series[k % 4], DASHES[k % 4], [])
        for k, one in enumerate(document["architectures"])
        if one["name"] in there
    ]


def _gradient(document: Document, look: Theme) -> Any:
    """log10 of the gradient along time before any update: the median over seeds of each architecture."""
    lines, places = [], []
    titles = _titles(document)
    for plain in _architectures(document, look):
        profiles = [
            run["profiles"][0]
            for run in document["runs"]
            if titles[run["architecture"]] == plain.name and run["profiles"]
        ]
        if profiles:
            places = profiles[0]["t"]
            middle = _median([profile["log10_gradient"] for profile in profiles])
            lines.append(Line(plain.name, plain.colour, plain.dash, middle))
    up = "gradient at initialisation"
    return panel(places or [0, 1], lines, look, across=STEP, up=up, height=240)


def _median(curves: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Place by place; a null, an exact zero, counts as the smallest."""
    found = []
    for values in zip(*curves, strict=True):
        ordered = sorted(float("-inf") if value is None else value for value in values)
        middle = statistics.median_low(ordered)
        found.append(None if middle == float("-inf") else middle)
    return found


def gradient_while_learning(document: Document, dark: bool = False) -> Any:
    """log10 of the gradient along time of one run, at initialisation and after more and more updates.
    `document["runs"]` is that run alone.
    """
    look = theme(dark)
    (run,) = document["runs"]
    profiles = run["profiles"]
    chosen = sorted({round(k * (len(profiles) - 1) / 3) for k in range(4)}) if profiles else []
    lines = [
        Line(
            "at initialisation" if profiles[k]["update"] == 0 else f"after {profiles[k]['update']:,} updates",
            look.series[n % 4],
            DASHES[n % 4],
            profiles[k]["log10_gradient"],
        )
        for n, k in enumerate(chosen)
    ]
    places = profiles[0]["t"] if profiles else [0, 1]
    chart = panel(places, lines, look, across=STEP, up="size of the gradient", height=240)
    says = f"The gradient along time of the {_titles(document)[run['architecture']]}, while it learns."
    return finished(chart, says, look)
