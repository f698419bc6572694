"""The chart of the audit: variance and gradient layer by layer, for nets that differ in their gain
alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import altair as alt

from symgrad.present.lines import powers
from symgrad.present.theme import DASHES, Theme, theme
from symgrad.present.thinning import finite

__all__ = ["gain_by_layer"]

Document = Mapping[str, Any]
Panel: TypeAlias = Any
PANELS = (
    ("log10_variance", "variance of the pre-activations"),
    ("log10_gradient", "mean squared gradient"),
)
LABEL = powers(".2~f")


def gain_by_layer(document: Document, dark: bool = False) -> alt.VConcatChart:
    """log10 of mean squares against the layer, one line a gain; medians over seeds. A line ends where a
    mean square is exactly 0."""
    look = theme(dark)
    panels = [_panel(document, key, title, look) for key, title in PANELS]
    says = str(document["finding"])
    return alt.vconcat(*panels, spacing=14).properties(description=says).configure(**look.config())


def _panel(document: Document, key: str, title: str, look: Theme) -> Panel:
    series = document["series"]
    names = [one["name"] for one in series]
    rows = [
        {"layer": layer, "log10": finite(value), "gain": one["name"]}
        for one in series
        for layer, value in zip(one["depth"], one[key], strict=True)
    ]
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=400)
    field, count = "gain:N", len(names)
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("layer:Q", title="layer", axis=alt.Axis(tickMinStep=1, format="d", grid=False)),
            y=alt.Y("log10:Q", title=title, axis=alt.Axis(labelExpr=LABEL)),
            color=alt.Color(field, scale=alt.Scale(domain=names, range=look.series[:count]), legend=legend),
            strokeDash=alt.StrokeDash(
                field, scale=alt.Scale(domain=names, range=list(DASHES[:count])), legend=legend
            ),
            tooltip=[field, "layer:Q", alt.Tooltip("log10:Q", format=".3f")],
        )
        .properties(height=190, width="container")
    )
