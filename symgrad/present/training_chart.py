"""Charts of trainings: how well several learn, how far their layers have moved, one of them by layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from symgrad.present.lines import Line, data, finished, panel, powers, rule_at, styles
from symgrad.present.theme import DASHES, Theme, theme

__all__ = ["MEASURES", "by_layer_and_epoch", "learning", "moved_by_layer"]

Document = Mapping[str, Any]
Runs = Sequence[Mapping[str, Any]]
MEASURES = {
    "relative_update": "‖ΔW‖/‖W‖ over an epoch",
    "distance": "‖W − W(start)‖/‖W(start)‖",
    "gradient": "‖∂E/∂W‖",
    "moved": "‖H − H(start)‖/‖H(start)‖",
}
"""Name → what is drawn by layer and epoch, as a logarithm."""
LAYER = ("layer", "hidden layer (1 is the front, next to the input)")
CELLS = 40
"""Epochs that a map shows at most; of more, some are left out."""


def learning(document: Document, dark: bool = False) -> Any:
    """The share of held-out samples told right by epoch, a line a training, and what guessing comes to."""
    look = theme(dark)
    runs = document["runs"]
    lines = [Line(line.name, line.colour, line.dash, []) for line in _lines(runs, look)]
    rows = [
        {"epoch": epoch, "accuracy": value, "line": run["name"]}
        for run in runs
        for epoch, value in enumerate(run["curves"]["accuracy"], 1)
        if value is not None
    ]
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(grid=False, tickMinStep=1, format="d"))
    y = alt.Y(
        "accuracy:Q", title="held-out samples told right", axis=alt.Axis(format="%"),
        scale=alt.Scale(domain=[0, 1]),
    )  # fmt: skip
    tips = ["line:N", "epoch:Q", alt.Tooltip("accuracy:Q", format=".1%")]
    curves = alt.Chart(data(rows)).mark_line(strokeWidth=2.5).encode(x=x, y=y, tooltip=tips, **styles(lines))
    levels = rule_at(runs[0]["chance"], "y", look, f"guessing {runs[0]['chance']:.0%}")
    chart = alt.layer(*levels, curves).properties(height=280, width="container")
    return finished(chart, str(document["finding"]), look)


def moved_by_layer(document: Document, dark: bool = False) -> Any:
    """log10 ‖W − W(start)‖/‖W(start)‖ of each hidden layer at the end, a line a training."""
    look = theme(dark)
    runs = document["runs"]
    lines = [
        Line(
            line.name,
            line.colour,
            line.dash,
            [_log10(layer[-1]) if layer else None for layer in run["curves"]["distance"]],
        )
        for line, run in zip(_lines(runs, look), runs, strict=True)
    ]
    deepest = max(len(line.values) for line in lines)
    whole = [
        Line(line.name, line.colour, line.dash, [*line.values, *[None] * (deepest - len(line.values))])
        for line in lines
    ]
    chart = panel(
        list(range(1, deepest + 1)), whole, look, across=LAYER, up="moved since the start", height=280
    )
    ends = "; ".join(_ends(run) for run in runs)
    return finished(chart, f"How far each layer has moved, of itself, by the end: {ends}.", look)


def _ends(run: Mapping[str, Any]) -> str:
    layers = [layer[-1] if layer else None for layer in run["curves"]["distance"]]
    first, last = (("none" if value is None else f"{value:.2g}") for value in (layers[0], layers[-1]))
    return f"{run['name']}, front {first}, last hidden {last}"


def by_layer_and_epoch(document: Document, dark: bool = False) -> Any:
    """A map over epochs and layers of log10 of the document's `measure`, for its only run."""
    look, measure = theme(dark), document["measure"]
    (run,) = document["runs"]
    layers = run["curves"][measure]
    epochs = len(layers[0])
    step = max(1, -(-epochs // CELLS))
    rows = [
        {"epoch": epoch + 1, "layer": number, "log10": value}
        for number, layer in enumerate(layers, 1)
        for epoch in range(0, epochs, step)
        if (value := _log10(layer[epoch])) is not None
    ]
    x = alt.X("epoch:O", title="epoch", axis=alt.Axis(labelAngle=0, labelOverlap=True, grid=False))
    y = alt.Y("layer:O", title="hidden layer, the front below", sort="descending")
    colour = alt.Color(
        "log10:Q",
        title=MEASURES[measure],
        scale=alt.Scale(scheme="viridis"),
        legend=alt.Legend(
            orient="top", gradientLength=220, titleLimit=320, labelExpr=powers(), tickMinStep=1, format="d"
        ),
    )
    tips = ["layer:O", "epoch:O", alt.Tooltip("log10:Q", title="log10", format=".2f")]
    chart = alt.Chart(data(rows)).mark_rect().encode(x=x, y=y, color=colour, tooltip=tips)
    says = f"{run['name']}: {MEASURES[measure]} of each hidden layer, epoch by epoch; {_ends(run)}."
    return finished(chart.properties(height=280, width="container"), says, look)


def _lines(runs: Runs, look: Theme) -> list[Line]:
    """A colour and dashes for each training, by its place."""
    colours = (*look.series, look.ink)
    return [Line(run["name"], colours[k % 5], DASHES[(k // 5 + k) % 4], []) for k, run in enumerate(runs)]


def _log10(value: float | None) -> float | None:
    return math.log10(value) if value else None
