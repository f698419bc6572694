"""The chart of the adviser: for every initialisation the predicted ratio of the first layer's gradient to the
last layer's with the band of finite width, and the nets measured beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from symgrad.present.lines import data, powers
from symgrad.present.theme import DASHES, theme

__all__ = ["ratio_by_scheme"]

Document = Mapping[str, Any]
ROW = 44
"""Pixels a scheme: its name, and below it what is known of it."""
TITLE = "gradient at layer 1 ÷ at layer L"
KINDS = ("predicted, 99 % band", "measured nets, median")
CHOSEN = "★ "


def ratio_by_scheme(document: Document, dark: bool = False) -> alt.LayerChart:
    """One row a scheme that exists, the recommended one marked ★: a bar from end to end of the band with the
    prediction across it, the nets as dots, and their median as a diamond; 10⁰ is the gradient that arrives as
    it started."""
    look = theme(dark)
    rows = [row for row in document["schemes"] if row["predicted_log10_ratio"] is not None]
    names = [_name(row, document) for row in rows]
    x = alt.X("log10:Q", title=TITLE, scale=alt.Scale(zero=True), axis=alt.Axis(labelExpr=powers(".2~f")))
    y = alt.Y("scheme:N", title=None, sort=names, scale=alt.Scale(domain=names), axis=None)
    scale = alt.Scale(domain=list(KINDS), range=[look.roles["predicted"], look.roles["measured"]])
    legend = alt.Legend(title=None, orient="top", symbolType="circle", symbolOpacity=1)
    colour = alt.Color("kind:N", scale=scale, legend=legend)
    zero = alt.Chart(data([{"log10": 0}])).mark_rule(color=look.quiet, strokeDash=list(DASHES[2]))
    labels = alt.Chart(data([{"scheme": name} for name in names]))
    named = labels.mark_text(align="left", dy=-15, fontSize=13, color=look.ink)
    return (
        alt.layer(
            zero.encode(x=x),
            named.encode(x=alt.value(4), y=y, text="scheme:N"),
            *_predicted(rows, names, x, y, colour),
            *_measured(rows, names, x, y, colour),
        )
        .properties(height=ROW * max(1, len(rows)), width="container", description=str(document["finding"]))
        .configure(**look.config())
    )


def _name(row: Document, document: Document) -> str:
    return f"{CHOSEN if row['name'] == document['recommended'] else ''}{row['name']}"


def _predicted(rows: list[Document], names: list[str], x: alt.X, y: alt.Y, colour: alt.Color) -> list[Any]:
    found = [
        {
            "scheme": name,
            "kind": KINDS[0],
            "log10": row["predicted_log10_ratio"],
            "low": None if row["band"] is None else row["band"][0],
            "high": None if row["band"] is None else row["band"][1],
        }
        for name, row in zip(names, rows, strict=True)
    ]
    tips = [
        alt.Tooltip("scheme:N", title=" "),
        alt.Tooltip("log10:Q", title="log10, predicted", format=".3f"),
    ]
    tips += [alt.Tooltip(f"{end}:Q", title=f"log10, {end} end", format=".3f") for end in ("low", "high")]
    banded = alt.Chart(data([row for row in found if row["low"] is not None]))
    bars = banded.mark_bar(opacity=0.3, height=14)
    ticks = alt.Chart(data(found)).mark_tick(thickness=3, size=18, opacity=1)
    return [
        bars.encode(x=alt.X("low:Q", title=TITLE), x2="high:Q", y=y, color=colour, tooltip=tips),
        ticks.encode(x=x, y=y, color=colour, tooltip=tips),
    ]


def _measured(rows: list[Document], names: list[str], x: alt.X, y: alt.Y, colour: alt.Color) -> list[Any]:
    nets, medians = [], []
    for name, row in zip(names, rows, strict=True):
        shared = {"scheme": name, "kind": KINDS[1]}
        nets += [{**shared, "log10": value} for value in row["measured"] if value is not None]
        if row["measured_log10_ratio"] is not None:
            medians.append({**shared, "log10": row["measured_log10_ratio"]})
    tips = [alt.Tooltip("scheme:N", title=" "), alt.Tooltip("log10:Q", title="log10, measured", format=".3f")]
    dots = alt.Chart(data(nets)).mark_point(filled=True, size=14, opacity=0.55)
    middle = alt.Chart(data(medians)).mark_point(filled=True, shape="diamond", size=90, opacity=1)
    return [mark.encode(x=x, y=y, color=colour, tooltip=tips) for mark in (dots, middle)]
