"""Documents as charts: the measured gradient under its bound, the updates, powers; an activation is drawn in
`slope_chart`.

Each takes a plain document and gives an Altair chart in our own theme, light or dark; nothing is computed but
where marks stand. Logarithms are drawn on a linear axis with labels 10^…, so that one zero cannot flatten it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from symgrad.errors import InputError
from symgrad.present.gain_chart import gain_by_layer
from symgrad.present.slope_chart import activation_curve
from symgrad.present.sweep_chart import sweep_picture
from symgrad.present.theme import DASHES, Theme, theme
from symgrad.present.thinning import MARKS, finite, kind, thinned

__all__ = [
    "activation_curve",
    "decay",
    "gradient_by_depth",
    "picture",
    "save",
    "sweep_picture",
    "update_by_layer",
]

Document = Mapping[str, Any]
Rows = list[dict[str, Any]]
Chart = alt.LayerChart | alt.VConcatChart
Line = tuple[str, str, list[int], Sequence[Any]]
"""Name, colour, dashes, a value for each layer."""

HEIGHT = 340
WIDTH = 640
"""Of a saved picture; on a page a chart is as wide as its place."""
LABEL = "'10^' + format(datum.value, 'd')"
"""A power of ten on a linear axis."""
MEASURED = "measured: median of seeds, band 5 to 95 %"
LAYER = "layer (1 is the front, next to the input)"


def gradient_by_depth(document: Document, dark: bool = False) -> Chart:
    """log10 ‖∂E/∂h_l‖ by layer: median and band over seeds, under the worst-case bound, beside a prediction.

    A value without a place on the axis is a mark at the edge: ▼ zero, ▲ overflow, ✕ none. Fewer than 2,000
    points are drawn at any depth. Violations of the bound are counted in red.
    """
    look, band = theme(dark), document["log10_gradient"]
    lines: list[Line] = [
        ("worst-case bound", look.roles["bound"], DASHES[1], document["log10_bound"]),
        (MEASURED, look.roles["measured"], DASHES[0], band["median"]),
        ("predicted for wide nets", look.roles["predicted"], DASHES[2], _predicted(document)),
    ]
    chart = _by_layer(document, band, lines, "size of the gradient ∂E/∂h", look)
    if not document.get("violations"):
        return chart
    title = alt.TitleParams(
        f"{document['violations']} measured values lie above the worst-case bound",
        color=look.roles["violation"],
        fontWeight="bold",
    )
    return chart.properties(title=title)


def update_by_layer(document: Document, dark: bool = False) -> Chart:
    """log10 ‖∂E/∂W_l‖ by layer: the size of each layer's update, but for the learning rate."""
    look, band = theme(dark), document["log10_weight_gradient"]
    lines: list[Line] = [(MEASURED, look.roles["measured"], DASHES[0], band["median"])]
    return _by_layer(document, band, lines, "size of the update ∂E/∂W", look)


def _predicted(document: Document) -> Sequence[Any]:
    """The prediction layer by layer where the document has it, else a line of the predicted slope."""
    if document.get("log10_predicted"):
        return document["log10_predicted"]
    slope, median = document.get("slope_predicted"), document["log10_gradient"]["median"]
    if slope is None or finite(median[-1]) is None:
        return []
    last = len(median)
    return [median[-1] + slope / math.log(10) * (last - layer) for layer in range(1, last + 1)]


def _by_layer(document: Document, band: Document, lines: Sequence[Line], title: str, look: Theme) -> Chart:
    depth = document["depth"]
    drawn = thinned(band["median"])
    shown = [line for line in lines if any(finite(value) is not None for value in line[3])]
    x = alt.X(
        "layer:Q",
        title=LAYER,
        scale=alt.Scale(domain=[depth[0], depth[-1]] if len(depth) > 1 else [0, 2], nice=False, zero=False),
        axis=_counts(depth),
    )
    y = alt.Y("log10:Q", title=title, scale=alt.Scale(zero=False), axis=_powers())
    area = [{"layer": depth[i], "low": finite(band["q05"][i]), "high": finite(band["q95"][i])} for i in drawn]
    rows = [
        {"layer": depth[i], "log10": finite(values[i]), "line": name}
        for name, _, _, values in shown
        for i in drawn
    ]
    tips = [alt.Tooltip("line:N", title="line"), alt.Tooltip("layer:Q"), alt.Tooltip("log10:Q", format=".3f")]
    few = len(drawn) <= 60  # a single layer is a point, and no line
    layers: list[Any] = [
        alt.Chart(_data(area))
        .mark_area(opacity=0.22, color=look.roles["measured"])
        .encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q"),
        alt.Chart(_data(rows))
        .mark_line(strokeWidth=2.5)
        .encode(x=x, y=y, tooltip=tips, **_styles("line", shown)),
        alt.Chart(_data([row for row in rows if row["line"] == MEASURED and few]))
        .mark_point(filled=True, size=30, opacity=1, color=look.roles["measured"])
        .encode(x=x, y=y, tooltip=tips),
        *_edge_marks([(depth[i], kind(band["median"][i])) for i in drawn], x, look),
    ]
    if document.get("violations"):
        layers.append(_above(document, drawn, x, y, look))
    return _finished(alt.layer(*layers), str(document.get("finding", "")), look)


def _above(document: Document, drawn: Sequence[int], x: alt.X, y: alt.Y, look: Theme) -> alt.Chart:
    """Red points where the median passes the bound."""
    median, bound = document["log10_gradient"]["median"], document["log10_bound"]
    rows = [
        {"layer": document["depth"][i], "log10": value}
        for i in drawn
        if (value := finite(median[i])) is not None
        and (limit := finite(bound[i])) is not None
        and value > limit
    ]
    mark = alt.Chart(_data(rows)).mark_point(filled=True, size=55, opacity=1, color=look.roles["violation"])
    return mark.encode(x=x, y=y)


def _edge_marks(found: Sequence[tuple[int, str | None]], x: alt.X, look: Theme) -> list[alt.Chart]:
    """Marks along the edges for what a logarithmic axis cannot hold, explained in the legend."""
    there = [name for name in MARKS if any(mark == name for _, mark in found)]
    scale = alt.Scale(domain=[MARKS[name][1] for name in there], range=[MARKS[name][0] for name in there])
    colour = look.roles["measured"]
    legend = alt.Legend(
        title=None,
        orient="bottom",
        direction="vertical",
        symbolFillColor=colour,
    )
    layers = []
    for names, place in ((("zero", "missing"), HEIGHT - 8), (("overflow",), 8)):
        rows = [{"layer": layer, "mark": MARKS[mark][1]} for layer, mark in found if mark and mark in names]
        if rows:
            marks = alt.Chart(_data(rows)).mark_point(size=45, filled=True, opacity=1, color=colour)
            shape = alt.Shape("mark:N", scale=scale, legend=legend)
            layers.append(marks.encode(x=x, y=alt.value(place), shape=shape, tooltip=["layer:Q", "mark:N"]))
    return layers


def decay(document: Document, dark: bool = False) -> Chart:
    """log10 γⁿ against n for several activations: the worst-case product when every weight has norm 1."""
    look = theme(dark)
    series = document["series"]
    lines: list[Line] = [
        (one["name"], look.series[k % 4], DASHES[k % 4], one["log10"]) for k, one in enumerate(series)
    ]
    rows = [
        {"n": one["n"][i], "log10": finite(one["log10"][i]), "activation": one["name"]}
        for one in series
        for i in thinned(one["log10"], 400)
    ]
    chart = (
        alt.Chart(_data(rows))
        .mark_line(strokeWidth=2.8)
        .encode(
            x=alt.X("n:Q", title="layers n", axis=alt.Axis(tickMinStep=1, format=",d", grid=False)),
            y=alt.Y("log10:Q", title="worst-case product γⁿ", axis=_powers()),
            tooltip=["activation:N", "n:Q", alt.Tooltip("log10:Q", format=".3f")],
            **_styles("activation", lines),
        )
    )
    ends = "; ".join(f"{one['name']} 10^{one['log10'][-1]:.1f}" for one in series)
    says = document.get("finding") or f"The worst-case product after {series[0]['n'][-1]} layers: {ends}."
    return _finished(alt.layer(chart), str(says), look)


PICTURES: dict[str, Callable[..., Chart]] = {
    "curve": activation_curve,
    "simulate": gradient_by_depth,
    "decay": decay,
    "audit": gain_by_layer,
}


def picture(document: Document, dark: bool = False) -> Chart:
    """The chart of a document that names the verb it came from."""
    return PICTURES[document["verb"]](document, dark)


def save(chart: Chart, format: str) -> bytes:  # noqa: A002
    """The chart as "png" or "svg", without a browser or a network. Raises `InputError` on another format."""
    import vl_convert

    specification = _sized(chart.to_dict())
    if format == "svg":
        return _numbered(vl_convert.vegalite_to_svg(specification)).encode()
    if format == "png":
        return bytes(vl_convert.vegalite_to_png(specification, scale=2))
    raise InputError(f"chart format {format!r} is not known (legal: png, svg)")


def _numbered(svg: str) -> str:
    """Clip paths numbered from 1: Vega goes on counting from chart to chart."""
    names = dict.fromkeys(re.findall(r'id="(clip\d+)"', svg))
    new = {name: f"clip{number}" for number, name in enumerate(names, 1)}
    return re.sub(r"\bclip\d+\b", lambda found: new.get(found[0], found[0]), svg)


def _sized(specification: Any) -> Any:
    """A width of its own where the page would give one."""
    if isinstance(specification, dict):
        return {
            key: WIDTH if key == "width" and value == "container" else _sized(value)
            for key, value in specification.items()
        }
    return [_sized(part) for part in specification] if isinstance(specification, list) else specification


def _styles(field: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Colour and dashes with one legend for both."""
    names = [name for name, *_ in lines]
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=400)
    return {
        "color": alt.Color(
            f"{field}:N", scale=alt.Scale(domain=names, range=[line[1] for line in lines]), legend=legend
        ),
        "strokeDash": alt.StrokeDash(
            f"{field}:N", scale=alt.Scale(domain=names, range=[line[2] for line in lines]), legend=legend
        ),
    }


def _counts(depth: Sequence[int]) -> alt.Axis:
    """Whole numbers; every layer of a shallow net."""
    if len(depth) <= 12:
        return alt.Axis(values=list(depth), format="d", grid=False)
    return alt.Axis(tickMinStep=1, format=",d", grid=False)


def _powers() -> alt.Axis:
    return alt.Axis(labelExpr=LABEL, tickMinStep=1)


def _data(rows: Rows) -> Any:
    return alt.Data(values=rows)


def _finished(chart: Any, says: str, look: Theme) -> alt.LayerChart:
    """Size, description (what a screen reader says) and theme."""
    sized = chart.properties(height=HEIGHT, width="container", description=says)
    return sized.configure(**look.config())
