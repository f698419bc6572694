"""Charts of finite width: mean, typical value and worst case by layer, and how nets scatter at the last."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import altair as alt

from symgrad.present.lines import HEIGHT, Line, counts, data, finished, powers, styles
from symgrad.present.theme import DASHES, theme
from symgrad.present.thinning import finite

__all__ = ["mean_and_typical", "scatter"]

Document = Mapping[str, Any]
EXPONENTS = (-100, -30, -10, -5, -3, -2, -1, 0, 1, 2, 3, 5, 10, 30, 100, 300)
"""Where the axis may have a label."""


def mean_and_typical(document: Document, dark: bool = False) -> Any:
    """log10 of the squared gradient by layers back from the output: the mean of the law, which is 1, the mean
    over the nets drawn, the typical net measured with its band and by the law, the worst case.

    The axis is linear in the exponent up to 10^±1 and compressed beyond, so that 10⁴⁰ does not flatten 10⁻¹.
    """
    look = theme(dark)
    law, measured = document["log10_law"], document["log10_measured"]
    lines = [
        Line("worst case", look.roles["bound"], DASHES[1], document["log10_worst"]),
        Line("mean, 1", look.ink, DASHES[0], [0.0] * len(document["layers"])),
        Line("mean of those drawn", look.quiet, DASHES[2], document["log10_measured_mean"]),
        Line(
            "median",
            look.roles["measured"],
            DASHES[0],
            measured["median"],
            (measured["q05"], measured["q95"]),
        ),
        Line(
            "median by the law",
            look.roles["predicted"],
            DASHES[3],
            law["median"],
            (law["q05"], law["q95"]),
        ),
    ]
    places = document["layers"]
    axis = alt.Axis(labelExpr=powers(), values=list(EXPONENTS))
    y = alt.Y(
        "log10:Q",
        title="squared gradient, bands 5 to 95 %",
        scale=alt.Scale(type="symlog", constant=1),
        axis=axis,
    )
    x = alt.X("layers:Q", title="layers back from the output", axis=counts(places))
    areas, rows = [], []
    for line in lines:
        pairs = zip(places, line.values, strict=True)
        rows += [{"layers": place, "log10": finite(value), "line": line.name} for place, value in pairs]
        if line.band:
            low, high = line.band
            band = [
                {"layers": place, "low": finite(below), "high": finite(above)}
                for place, below, above in zip(places, low, high, strict=True)
            ]
            mark = alt.Chart(data(band)).mark_area(opacity=0.16, color=line.colour)
            areas.append(mark.encode(x=x, y=alt.Y("low:Q", scale=y["scale"], axis=axis), y2="high:Q"))
    tips = [alt.Tooltip("line:N"), alt.Tooltip("layers:Q"), alt.Tooltip("log10:Q", format=".3f")]
    curves = alt.Chart(data(rows)).mark_line(strokeWidth=2.5)
    chart = alt.layer(*areas, curves.encode(x=x, y=y, tooltip=tips, **styles(lines)))
    return finished(chart.properties(height=HEIGHT, width="container"), str(document["finding"]), look)


def scatter(document: Document, dark: bool = False) -> Any:
    """Shares of nets by the logarithm of their squared gradient after all layers: bars of the nets drawn, the
    exact law, and the normal law of its mean and variance."""
    look, found = theme(dark), document["histogram"]
    edges = found["edges"]
    bars = [
        {"low": low, "high": high, "share": share}
        for (low, high), share in zip(pairwise(edges), found["measured"], strict=True)
    ]
    x = alt.X("low:Q", title="ln of the squared gradient after all layers", axis=alt.Axis(grid=False))
    y = alt.Y("share:Q", title="share of nets", axis=alt.Axis(format="%"))
    tips = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("low", "high", "share")]
    drawn = alt.Chart(data(bars)).mark_bar(color=look.roles["measured"], opacity=0.45)
    lines = [
        Line("exact law", look.roles["predicted"], DASHES[0], found["law"]),
        Line("normal law", look.roles["slope"], DASHES[1], found["normal"]),
    ]
    rows = [
        {"low": (low + high) / 2, "share": share, "line": line.name}
        for line in lines
        for (low, high), share in zip(pairwise(edges), line.values, strict=True)
    ]
    curves = alt.Chart(data(rows)).mark_line(strokeWidth=2.5).encode(x=x, y=y, **styles(lines))
    mean = (
        alt.Chart(data([{"low": 0.0}]))
        .mark_rule(color=look.ink, strokeDash=list(DASHES[2]))
        .encode(x="low:Q")
    )
    chart = alt.layer(drawn.encode(x=x, x2="high:Q", y=y, y2=alt.datum(0), tooltip=tips), curves, mean)
    says = (
        f"{document['config']['seeds']} nets: the logarithm has mean {document['mean']:.2f} and variance "
        f"{document['variance']:.2f} by the law; the mean of the squared gradient is at 0, marked."
    )
    return finished(chart.properties(height=240, width="container"), says, look)
