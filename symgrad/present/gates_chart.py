"""Charts of gates: how long a cell remembers, what reaches it along time, what the truncation leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from symgrad.present.lines import Line, by_step, data, finished, lines_of
from symgrad.present.theme import DASHES, theme

__all__ = ["forgetting", "gated_gradients", "half_life", "truncation"]

Document = Mapping[str, Any]
STEP = ("step", "time step t (the error comes after the last)")
PRODUCTS = {
    "constant": "gates at σ(b)",
    "measured": "gates as they are",
    "chrono": "chrono biases",
}


def gated_gradients(document: Document, dark: bool = False) -> alt.LayerChart:
    """log10 of the gradient by time step for each kind of net, same inputs and covector, medians over nets;
    the worst-case bound is that of the LSTM."""
    look = theme(dark)
    named = {one["name"]: one["log10_gradient"]["median"] for one in document["series"]}
    bound = Line("worst-case bound of the LSTM", look.quiet, DASHES[2], document["log10_bound"], far=True)
    return by_step(
        document["t"],
        [*lines_of(named, look), bound],
        look,
        across=STEP,
        up="size of the gradient ∂E/∂c, ∂E/∂h",
        says=str(document["finding"]),
    )


def forgetting(document: Document, dark: bool = False) -> alt.LayerChart:
    """log10 ∏ f from step t to the last: what is left of a cell's content, and of its gradient."""
    look = theme(dark)
    products = document["log10_product_of_f"]
    lines = lines_of({PRODUCTS[key]: products[key] for key in PRODUCTS}, look)
    says = "The product of the forget gates from each step to the last."
    return by_step(document["t"], lines, look, across=STEP, up="product of the forget gates", says=says)


def truncation(document: Document, dark: bool = False) -> alt.LayerChart:
    """log10 of the cell's whole gradient and of the part that stays in it, median and band over nets."""
    look = theme(dark)
    named = {"all paths": document["full"], "along the cell alone": document["truncated"]}
    says = "The gradient along the cell alone beside that along all paths."
    return by_step(
        document["t"], lines_of(named, look), look, across=STEP, up="size of the gradient ∂E/∂c", says=says
    )


def half_life(document: Document, dark: bool = False) -> alt.LayerChart:
    """Steps after which half is forgotten, against the forget gate's bias; the bias in force is the dot."""
    look, curve = theme(dark), document["sweep"]
    rows = [
        {"bias": bias, "steps": steps}
        for bias, steps in zip(curve["forget_bias"], curve["half_life"], strict=True)
    ]
    x = alt.X("bias:Q", title="forget bias b", axis=alt.Axis(grid=False), scale=alt.Scale(nice=False))
    y = alt.Y(
        "steps:Q",
        title="half-life in steps",
        scale=alt.Scale(type="log"),
        axis=alt.Axis(tickCount=4, format="~g"),
    )
    tips = [alt.Tooltip("bias:Q", format=".3g"), alt.Tooltip("steps:Q", title="half-life", format=".5g")]
    bias, life = float(document["config"]["forget_bias"]), float(document["half_life"]["decimal"])
    inside = rows[0]["bias"] <= bias <= rows[-1]["bias"]
    here = [{"bias": bias, "steps": life, "label": f"{life:.5g} steps"}] if inside else []
    line = alt.Chart(data(rows)).mark_line(strokeWidth=2.8, color=look.roles["measured"])
    dot = alt.Chart(data(here)).mark_point(size=120, filled=True, opacity=1, color=look.roles["bound"])
    text = alt.Chart(data(here)).mark_text(align="right", dx=-12, dy=-6, fontSize=14, color=look.ink)
    layers = [
        line.encode(x=x, y=y, tooltip=tips),
        dot.encode(x=x, y=y, tooltip=tips),
        text.encode(x=x, y=y, text="label:N"),
    ]
    says = f"With forget bias {bias:g} half of a cell's content is forgotten after {life:.5g} steps."
    return finished(alt.layer(*layers).properties(height=220, width="container"), says, look)
