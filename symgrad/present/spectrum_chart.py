"""Charts of singular values: all of them in order, net beside net, and how far their squares spread against
what is predicted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from symgrad.present.lines import by_step, data, lines_of, powers, rule_at
from symgrad.present.theme import DASHES, Theme, theme

__all__ = ["nets_of", "net_name", "sorted_values", "spread"]

Document = Mapping[str, Any]
ROW = 44
"""Pixels a net: its name, and below it what is known of it."""
KINDS = ("measured, 99 % interval", "predicted at this width", "at infinite width")
LEAST = 1e-9
"""A relative variance below this is none: all singular values are equal, to rounding."""


def nets_of(document: Document) -> Sequence[Document]:
    """The spectra that stand side by side in a document, or the one that it is."""
    found: Sequence[Document] = document.get("nets", [document])
    return found


def net_name(document: Document) -> str:
    """The activation and the law of the weights."""
    units = "linear" if document["activation"] == "identity" else document["activation"]
    return f"{units}, {'Gaussian' if document['config']['weights'] == 'gaussian' else 'orthogonal'}"


def sorted_values(document: Document, dark: bool = False) -> Any:
    """log10 of all singular values by rank: median and 5 to 95 % band over nets; 10⁰ keeps a direction as
    long as it was. A line ends where values are exactly 0. Of linear Gaussian nets the edge is marked, and
    the law of infinite width drawn."""
    look = theme(dark)
    nets = nets_of(document)
    named: dict[str, Any] = {net_name(net): net["log10_sorted"] for net in nets}
    for net in nets:
        if net["log10_law"] is not None:
            named[f"{net_name(net)}: predicted"] = net["log10_law"]
    width = nets[0]["config"]["width"]
    return by_step(
        list(range(1, width + 1)),
        lines_of(named, look),
        look,
        across=("rank", "singular values, largest first"),
        up="size, median of nets, band 5 to 95 %",
        says=str(document["finding"]),
        more=[*rule_at(0.0, "y", look), *_edges(nets, look)],
    )


def _edges(nets: Sequence[Document], look: Theme) -> list[Any]:
    """The predicted largest value, of the squares' logarithm half."""
    edges = {net["edge"]["predicted"] / 2 for net in nets if net["edge"] is not None}
    return [part for edge in sorted(edges) for part in rule_at(edge, "y", look, "edge, infinite width")]


def spread(document: Document, dark: bool = False) -> Any:
    """One row a net: log10 of the variance of the squares over their squared mean, measured with its 99 %
    interval, predicted at this width, and at infinite width."""
    look = theme(dark)
    nets = nets_of(document)
    names = [net_name(net) for net in nets]
    rows = [_row(net) for net in nets]
    title = "variance of squared singular values ÷ squared mean"
    x = alt.X("log10:Q", title=title, axis=alt.Axis(labelExpr=powers(".2~f"), tickCount=6))
    y = alt.Y("net:N", title=None, sort=names, scale=alt.Scale(domain=names), axis=None)
    colours = [look.roles["measured"], look.roles["predicted"], look.roles["slope"]]
    legend = alt.Legend(title=None, orient="top", symbolType="circle", symbolOpacity=1, columns=1)
    colour = alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range=colours), legend=legend)
    tips = [alt.Tooltip("net:N", title=" "), alt.Tooltip("kind:N", title=" ")]
    tips.append(alt.Tooltip("value:Q", title="relative variance", format=".4g"))
    labels = alt.Chart(
        data([{"net": name, "says": _label(net)} for name, net in zip(names, nets, strict=True)])
    )
    points = [point for row in rows for point in row]
    banded = alt.Chart(data([point for point in points if point.get("low") is not None]))
    found = {kind: alt.Chart(data([point for point in points if point["kind"] == kind])) for kind in KINDS}
    chart = alt.layer(
        labels.mark_text(align="left", dy=-15, fontSize=13, color=look.ink).encode(
            x=alt.value(4), y=y, text="says:N"
        ),
        banded.mark_bar(opacity=0.35, height=12).encode(
            x=alt.X("low:Q", title=title), x2="high:Q", y=y, color=colour, tooltip=tips
        ),
        *(
            found[kind]
            .mark_tick(thickness=3, size=size, opacity=1, strokeDash=list(dash))
            .encode(x=x, y=y, color=colour, tooltip=tips)
            for kind, size, dash in zip(KINDS[1:], (22, 14), (DASHES[0], DASHES[0]), strict=True)
        ),
        found[KINDS[0]]
        .mark_point(filled=True, size=60, opacity=1)
        .encode(x=x, y=y, color=colour, tooltip=tips),
    )
    says = "; ".join(map(_label, nets))
    return chart.properties(height=ROW * len(nets), width="container", description=says).configure(
        **look.config()
    )


def _label(net: Document) -> str:
    """The name, and why a row is empty where it is."""
    measured = net["relative_variance"]["measured"]
    if measured is None:
        return f"{net_name(net)}: nothing passes"
    if measured < LEAST:
        return f"{net_name(net)}: 0, all singular values are equal"
    return f"{net_name(net)}: {measured:.3g}"


def _row(net: Document) -> list[dict[str, Any]]:
    """Measured and predicted points of one net that have a logarithm."""
    found, points = net["relative_variance"], []
    for kind, key in zip(KINDS, ("measured", "at_width", "predicted"), strict=True):
        value = found[key]
        if value is not None and value >= LEAST:
            points.append({"net": net_name(net), "kind": kind, "log10": math.log10(value), "value": value})
    if points and points[0]["kind"] == KINDS[0] and found["high"] is not None and found["low"] > 0:
        points[0] |= {"low": math.log10(found["low"]), "high": math.log10(found["high"])}
    return points
