"""Charts of a sweep: how the gradient at layer 1 compares with that at layer L, over what was swept.

One numeric axis gives lines with bands, two a heat map, none a row of dots. Drawn is the power of ten, so
that 0 is a gradient that holds; what has no place on the axis is a mark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from symgrad.present.lines import powers
from symgrad.present.theme import DASHES, Theme, theme
from symgrad.present.thinning import FEW, MARKS

__all__ = ["sweep_picture"]

Document = Mapping[str, Any]
Rows = list[dict[str, Any]]

HEIGHT = 360
POWER = powers(".2~f")
SHAPES = ("circle", "square", "triangle-up", "diamond")
SIGNS = {"zero": "▼ exactly zero", "missing": "✕ failed"}
SPREAD = 20
"""Values of an axis whose largest is so many times the smallest stand on a logarithmic one."""


def sweep_picture(document: Document, dark: bool = False) -> alt.LayerChart:
    """The natural picture of a sweep's document of kind "lines", "map" or "dots" (`verbs.sweeps.picture`)."""
    look = theme(dark)
    layers = {"lines": _lines, "map": _map, "dots": _dots}[document["kind"]](document, look)
    height = max(90, 40 + 26 * len(document["series"])) if document["kind"] == "dots" else HEIGHT
    sized = alt.layer(*layers).properties(
        height=height, width="container", description=str(document["finding"])
    )
    if signs := _signs(document):
        words = alt.TitleParams(
            signs, orient="bottom", anchor="start", color=look.ink, fontWeight="normal", offset=12
        )
        sized = sized.properties(title=words)
    return sized.configure(**look.config())


def _ratio(document: Document) -> str:
    return f"gradient at {document['place']} ÷ at {document['last']}"


def _signs(document: Document) -> str:
    """What the marks mean that stand in it."""
    points = [*document["cells"], *(point for one in document["series"] for point in one["points"])]
    there = {point["mark"] for point in points}
    return "      ".join(words for kind, words in SIGNS.items() if kind in there)


def _lines(document: Document, look: Theme) -> list[Any]:
    axis, series = document["x"], document["series"]
    names = [one["name"] for one in series]
    scale = _numeric(axis["values"])
    ticks: dict[str, Any] = {"values": axis["values"]} if len(axis["values"]) <= 12 else {}
    x = alt.X("x:Q", title=axis["title"], scale=scale, axis=alt.Axis(grid=False, format="~g", **ticks))
    y = alt.Y("log10:Q", title=_ratio(document), scale=_in_view(series), axis=alt.Axis(labelExpr=POWER))
    colour = _coloured(names, look)
    layers: list[Any] = [_level(look)]
    if len(series) <= FEW:
        band = [
            {"x": point["x"], "low": point["q05"], "high": point["q95"], "series": one["name"]}
            for one in series
            for point in one["points"]
        ]
        low = alt.Y("low:Q", title=_ratio(document))
        layers.append(_of(band).mark_area(opacity=0.2).encode(x=x, y=low, y2="high:Q", color=colour))
        typical = [
            {"x": point["x"], "low": point["band_low"], "high": point["band_high"], "series": one["name"]}
            for one in series
            for point in one["points"]
            if point.get("band") is not None
        ]
        if typical:
            layers.append(
                _of(typical).mark_area(opacity=0.35, clip=True).encode(x=x, y=low, y2="high:Q", color=colour)
            )
        for kind, dash, width in (
            ("bound", DASHES[2], 1.5),
            ("predicted", DASHES[1], 1.5),
            ("band", DASHES[3], 1.5),
        ):
            rows = _values(series, kind)
            if any(row["log10"] is not None for row in rows):
                mark = _of(rows).mark_line(strokeDash=dash, strokeWidth=width, clip=True)
                layers.append(mark.encode(x=x, y=y, color=colour, tooltip=_tips(axis)))
    measured = _values(series, "median")
    layers.append(_of(measured).mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour))
    marks = _of(measured).mark_point(filled=True, size=45, opacity=1)
    if len(series) > FEW:
        scale = alt.Scale(domain=names, range=[SHAPES[k // FEW % len(SHAPES)] for k in range(len(names))])
        marks = marks.encode(shape=alt.Shape("series:N", scale=scale, legend=_legend(names)))
    layers.append(marks.encode(x=x, y=y, color=colour, tooltip=_tips(axis)))
    rows = [{**point, "series": one["name"]} for one in series for point in one["points"]]
    edge = alt.value(HEIGHT - 8)
    return [
        *layers,
        *(mark.encode(x=x, y=edge, tooltip=["series:N", "why:N"]) for mark in _unplaced(rows, look)),
    ]


def _in_view(series: Sequence[Document]) -> alt.Scale:
    """From the lowest to the highest that was measured, with 0 and the lowest of the bound."""
    points = [point for one in series for point in one["points"]]
    measured = [point[key] for point in points for key in ("q05", "median", "q95")]
    bounds = [point["bound"] for point in points if point["bound"] is not None]
    shown = [0.0, *(value for value in measured if value is not None)]
    shown += [min(bounds)] if bounds and len(series) <= FEW else []
    room = 0.06 * (max(shown) - min(shown)) or 1.0
    return alt.Scale(domain=[min(shown) - room, max(shown) + room], nice=False, zero=False)


def _map(document: Document, look: Theme) -> list[Any]:
    across, up = document["x"], document["y"]
    cells = document["cells"]
    known = [cell["log10"] for cell in cells if cell["log10"] is not None]
    least, most = min([-1.0, *known]), max([1.0, *known])
    whole = alt.Scale(domain=across["values"]), alt.Scale(domain=list(reversed(up["values"])))
    x = alt.X("x:O", title=across["title"], scale=whole[0], axis=_places(across["values"], 0))
    y = alt.Y("y:O", title=up["title"], scale=whole[1], axis=_places(up["values"], None))
    colour = alt.Color(
        "log10:Q",
        title=_ratio(document),
        scale=alt.Scale(
            domain=[least, 0, most],
            range=[look.roles["measured"], look.grid, look.roles["bound"]],
            interpolate="lab",
        ),
        legend=alt.Legend(orient="top", labelExpr=POWER, gradientLength=260, titleLimit=320),
    )
    tips = [
        alt.Tooltip("x:O", title=across["title"]),
        alt.Tooltip("y:O", title=up["title"]),
        alt.Tooltip("log10:Q", title="log10 of the ratio", format=".3f"),
        alt.Tooltip("says:N", title=" "),
    ]
    layers: list[Any] = [
        _of([cell for cell in cells if cell["log10"] is not None])
        .mark_rect(stroke=look.ground, strokeWidth=1 if len(cells) < 900 else 0)
        .encode(x=x, y=y, color=colour, tooltip=tips)
    ]
    holding = [cell for cell in cells if cell["holds"]]
    if holding and len(cells) < 2000:
        dot = _of(holding).mark_point(filled=True, size=16, opacity=1, color=look.ink)
        layers.append(dot.encode(x=x, y=y, tooltip=tips))
    return [*layers, *(mark.encode(x=x, y=y, tooltip=tips) for mark in _unplaced(cells, look))]


def _dots(document: Document, look: Theme) -> list[Any]:
    series = sorted(document["series"], key=lambda one: one["points"][0]["median"] or 0.0, reverse=True)
    names = [one["name"] for one in series]
    y = alt.Y("series:N", title=None, sort=names, axis=alt.Axis(labelLimit=180, grid=True))
    x = alt.X("log10:Q", title=_ratio(document), scale=alt.Scale(zero=False), axis=alt.Axis(labelExpr=POWER))
    rows = [
        {**point, "series": one["name"], "log10": point["median"]}
        for one in series
        for point in one["points"]
    ]
    colour = look.roles["measured"]
    zero = _of([{"log10": 0}]).mark_rule(color=look.quiet, strokeDash=DASHES[2]).encode(x="log10:Q")
    span = _of(rows).mark_rule(color=colour, strokeWidth=4, opacity=0.35)
    dots = _of([row for row in rows if row["log10"] is not None])
    tips = [alt.Tooltip("series:N", title=" "), alt.Tooltip("log10:Q", format=".3f")]
    layers = [
        zero,
        span.encode(y=y, x=alt.X("q05:Q", title=_ratio(document)), x2="q95:Q"),
        dots.mark_point(filled=True, size=70, opacity=1, color=colour).encode(x=x, y=y, tooltip=tips),
    ]
    return [*layers, *(mark.encode(y=y, x=alt.value(8), tooltip=tips[:1]) for mark in _unplaced(rows, look))]


def _unplaced(rows: Sequence[Document], look: Theme) -> list[alt.Chart]:
    """A shape for each kind of row that has no logarithm to draw."""
    return [
        _of([dict(row) for row in rows if row["mark"] == kind]).mark_point(
            shape=shape, filled=True, size=55, opacity=1, color=look.ink
        )
        for kind, (shape, _) in MARKS.items()
        if any(row["mark"] == kind for row in rows)
    ]


def _values(series: Sequence[Document], kind: str) -> Rows:
    return [
        {"x": point["x"], "log10": point.get(kind), "series": one["name"], "kind": kind}
        for one in series
        for point in one["points"]
    ]


def _level(look: Theme) -> alt.Chart:
    """The line along which the gradient holds."""
    return _of([{"log10": 0}]).mark_rule(color=look.quiet, strokeWidth=1).encode(y="log10:Q")


def _numeric(values: Sequence[float]) -> alt.Scale:
    """Logarithmic for values that are spread like powers."""
    low, high = min(values), max(values)
    wide = low > 0 and high / low >= SPREAD
    domain = [low, high] if high > low else [low - 1, high + 1]
    return alt.Scale(type="log" if wide else "linear", domain=domain, nice=False, zero=False)


def _places(values: Sequence[Any], angle: int | None) -> alt.Axis:
    """Labels of the cells, at most twelve."""
    step = math.ceil(len(values) / 12)
    shown = list(values[::step])
    plain: dict[str, Any] = {} if angle is None else {"labelAngle": angle}
    numeric = all(isinstance(value, int | float) for value in values)
    return alt.Axis(values=shown, labelExpr="format(datum.value, '.4~g')" if numeric else "datum.value",
                    labelLimit=150, grid=False, **plain)  # fmt: skip


def _coloured(names: Sequence[str], look: Theme) -> alt.Color:
    colours = [look.series[k % 4] for k in range(len(names))]
    return alt.Color("series:N", scale=alt.Scale(domain=list(names), range=colours), legend=_legend(names))


def _legend(names: Sequence[str]) -> alt.Legend | None:
    return alt.Legend(title=None, orient="top", symbolSize=90, symbolOpacity=1) if len(names) > 1 else None


def _tips(axis: Document) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("series:N", title=" "),
        alt.Tooltip("kind:N", title="line"),
        alt.Tooltip("x:Q", title=axis["title"], format="~g"),
        alt.Tooltip("log10:Q", title="log10 of the ratio", format=".3f"),
    ]


def _of(rows: Rows) -> alt.Chart:
    return alt.Chart(alt.Data(values=rows))
