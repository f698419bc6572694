"""Charts of one unit that keeps a bit: its return map with the way to a fixed point, its basins of
attraction, what the gradient does meanwhile, and what the one costs the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from symgrad.present.lines import Line, by_step, data, finished, powers
from symgrad.present.theme import DASHES, Theme, theme

__all__ = ["basins", "latch_gradients", "return_map", "tradeoff"]

Document = Mapping[str, Any]
HEIGHT = 360
FRAME = alt.Scale(domain=[-1.2, 1.2], nice=False)
TICKS = (-1, -0.5, 0, 0.5, 1)
KINDS = {
    "attracts": "fixed point that attracts",
    "repels": "fixed point that repels",
    "neutral": "fixed point, neutral",
}
ENDS = {1: "ends above 0: the bit is 1", -1: "ends below 0: the bit is 0", 0: "on the border"}
SAMPLES = "orbits with random inputs"
NAMED = {"worst input": "the worst input", "border": "on the border, no input"}


def return_map(document: Document, dark: bool = False) -> alt.LayerChart:
    """The next state against this one: tanh(wh) with the band that inputs can shift it in, the diagonal on
    which nothing changes, staircases from three starts, and the fixed points.
    """
    look, chart = theme(dark), document["map"]
    x = alt.X("x:Q", title="state h now", scale=FRAME, axis=alt.Axis(values=TICKS))
    y = alt.Y("y:Q", title="state h one step later", scale=FRAME, axis=alt.Axis(values=TICKS))
    area = [
        {"x": a, "y": low, "high": high}
        for a, low, high in zip(chart["x"], chart["lowest"], chart["highest"], strict=True)
    ]
    curve = [{"x": a, "y": b} for a, b in zip(chart["x"], chart["still"], strict=True)]
    stairs = [
        {"x": a, "y": b, "order": n, "start": one["name"]}
        for one in document["cobwebs"]
        for n, (a, b) in enumerate(zip(one["x"], one["y"], strict=True))
    ]
    layers: list[Any] = [
        alt.Chart(data(area))
        .mark_area(opacity=0.2, color=look.roles["measured"])
        .encode(x=x, y=y, y2="high:Q"),
        alt.Chart(data([{"x": -1.2, "y": -1.2}, {"x": 1.2, "y": 1.2}]))
        .mark_line(color=look.quiet, strokeDash=list(DASHES[2]), strokeWidth=1.5)
        .encode(x=x, y=y),
        alt.Chart(data(curve)).mark_line(strokeWidth=2.8, color=look.roles["measured"]).encode(x=x, y=y),
        alt.Chart(data(stairs))
        .mark_line(strokeWidth=1.4, color=look.roles["bound"])
        .encode(x=x, y=y, detail="start:N", order="order:Q"),
        *_fixed_points(document, x, y, look),
    ]
    whole = alt.layer(*layers).properties(height=HEIGHT, width="container")
    return finished(whole, str(document["finding"]), look)


def _fixed_points(document: Document, x: alt.X, y: alt.Y, look: Theme) -> list[Any]:
    points = document["fixed_points"]
    kinds = [kind for kind in KINDS if any(point["kind"] == kind for point in points)]
    fills = {"attracts": look.ink, "repels": look.ground, "neutral": look.quiet}
    rows = [
        {"x": (at := float(point["at"]["decimal"])), "y": at, "kind": KINDS[point["kind"]],
         "multiplier": float(point["multiplier"]["decimal"])}
        for point in points
    ]  # fmt: skip
    fill = alt.Fill(
        "kind:N",
        scale=alt.Scale(domain=[KINDS[kind] for kind in kinds], range=[fills[kind] for kind in kinds]),
        legend=alt.Legend(title=None, orient="top", symbolStrokeColor=look.ink, symbolStrokeWidth=1.5),
    )
    tips = ["kind:N", alt.Tooltip("x:Q", title="h", format=".6g"), alt.Tooltip("multiplier:Q", format=".6g")]
    mark = alt.Chart(data(rows)).mark_point(size=110, stroke=look.ink, strokeWidth=2, opacity=1)
    return [mark.encode(x=x, y=y, fill=fill, tooltip=tips)]


def basins(document: Document, dark: bool = False) -> alt.LayerChart:
    """Where an orbit ends, by its start and by the constant input it is held under; the lines are the
    critical inputs, beyond which one of the two states is gone.
    """
    look, basin = theme(dark), document["basin"]
    across, up = _edges(basin["start"]), _edges(basin["input"])
    rows = [
        {"x": across[i], "x2": across[i + 1], "y": up[j], "y2": up[j + 1], "end": ENDS[end]}
        for j, row in enumerate(basin["end"])
        for i, end in enumerate(row)
    ]
    there = [word for word in ENDS.values() if any(row["end"] == word for row in rows)]
    colours = dict(zip(ENDS.values(), (look.roles["measured"], look.roles["bound"], look.ink), strict=True))
    colour = alt.Color(
        "end:N",
        scale=alt.Scale(domain=there, range=[colours[word] for word in there]),
        legend=alt.Legend(title=None, orient="top", symbolType="square", symbolOpacity=1),
    )
    ends = [across[0], across[-1]], [up[0], up[-1]]
    x = alt.X(
        "x:Q", title="start h₀", scale=alt.Scale(domain=ends[0], nice=False), axis=alt.Axis(values=TICKS)
    )
    y = alt.Y("y:Q", title="constant input u", scale=alt.Scale(domain=ends[1], nice=False))
    cells = alt.Chart(data(rows)).mark_rect(strokeWidth=0, opacity=0.75)
    layers: list[Any] = [cells.encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=colour, tooltip=["end:N"])]
    critical = float(document["critical_input"]["decimal"])
    lines = [{"y": sign * critical} for sign in (-1, 1) if 0 < critical < ends[1][1]]
    rule = alt.Chart(data(lines)).mark_rule(color=look.ink, strokeDash=list(DASHES[1]), strokeWidth=1.8)
    layers.append(rule.encode(y=y))
    says = "From which starts, and under which constant input, the unit ends above or below 0."
    return finished(alt.layer(*layers).properties(height=HEIGHT, width="container"), says, look)


def _edges(centres: list[float]) -> list[float]:
    """The borders of cells around evenly spaced centres."""
    half = (centres[1] - centres[0]) / 2 if len(centres) > 1 else 0.5
    return [*(centre - half for centre in centres), centres[-1] + half]


def latch_gradients(document: Document, dark: bool = False) -> alt.LayerChart:
    """log10 |∂h_t/∂h_0| against t: what is left, later and later, of the first state's influence."""
    look = theme(dark)
    t, colours = document["t"], {"worst input": look.roles["slope"], "border": look.quiet}
    lines = [Line("bound λᵗ", look.roles["bound"], DASHES[1], document["log10_bound"] or [])]
    first = True
    for one in document["orbits"]:
        if one["name"] in NAMED:
            name, dash = NAMED[one["name"]], DASHES[3]
            lines.append(Line(name, colours[one["name"]], dash, one["log10_gradient"]))
        elif first:
            first = False
            lines.append(Line(SAMPLES, look.roles["measured"], DASHES[0], one["log10_gradient"], main=True))
    others = [one for one in document["orbits"] if one["name"] not in NAMED][1:]
    rows = [
        {"t": t[i], "log10": value, "orbit": one["name"]}
        for one in others
        for i, value in enumerate(one["log10_gradient"])
        if i % max(1, len(t) // 100) == 0
    ]
    thin = alt.Chart(data(rows)).mark_line(strokeWidth=1.2, opacity=0.7, color=look.roles["measured"])
    return by_step(
        t,
        lines,
        look,
        across=("t", "steps t"),
        up="influence of the first state |∂hₜ/∂h₀|",
        says=str(document["finding"]),
        more=[thin.encode(x="t:Q", y="log10:Q", detail="orbit:N")],
    )


def tradeoff(document: Document, dark: bool = False) -> alt.LayerChart:
    """The gradient's factor a step against the input that the bit withstands, for self-weights w: the firmer
    the latch, the faster the gradient vanishes. The weight in force is the large dot.
    """
    look, curve = theme(dark), document["tradeoff"]
    rows = [
        {"w": w, "input": critical, "log10": factor}
        for w, factor, critical in zip(
            curve["w"], curve["log10_multiplier"], curve["critical_input"], strict=True
        )
    ]
    here = min(rows, key=lambda row: abs(row["w"] - document["w"]))
    x = alt.X("input:Q", title="input that the bit withstands", axis=alt.Axis(tickCount=6))
    axis = alt.Axis(labelExpr=powers(".2~f"), tickCount=6)
    y = alt.Y("log10:Q", title="factor a step at the fixed point", axis=axis)
    tips = [alt.Tooltip(f"{key}:Q", format=".4g") for key in ("w", "input", "log10")]
    line = alt.Chart(data(rows)).mark_line(strokeWidth=2.8, color=look.roles["measured"], point=False)
    dot = alt.Chart(data([here] if document["latches"] else [])).mark_point(
        size=120, filled=True, opacity=1, color=look.roles["bound"]
    )
    layers = alt.layer(line.encode(x=x, y=y, order="w:Q", tooltip=tips), dot.encode(x=x, y=y, tooltip=tips))
    says = "The larger the input that the bit withstands, the smaller the gradient's factor a step."
    return finished(layers.properties(height=220, width="container"), says, look)
