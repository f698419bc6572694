"""Charts of the phase diagram: the plane with the edge of chaos, and two inputs through a point's nets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from symgrad.present.lines import HEIGHT, Line, data, finished, panel, styles
from symgrad.present.theme import DASHES, theme

__all__ = ["POINT", "correlation_by_layer", "plane", "with_point"]

Document = Mapping[str, Any]
Rows = list[dict[str, Any]]
POINT = "point"
"""The name of the selection."""
STEEPEST = (0.1, 1.0)
"""The colour is full from the largest |ln χ₁| of explosion on, but between these."""
OVERLAP = 0.02
"""Share of a cell that reaches under the next, so that no ground shines through between them."""
EDGE = "edge of chaos, χ₁ = 1"


def plane(document: Document, dark: bool = False) -> Any:
    """ln χ₁ in colours over (σ_w², σ_b²), the critical line, lines of equal trainable depth 6 ξ_c, grey where
    no net settles; a click on a cell chooses it (`POINT`)."""
    look = theme(dark)
    across, up = document["sigma_w2"], document["sigma_b2"]
    wide, high = across[1] - across[0], up[1] - up[0]
    x, y = _axes(document)
    known = [value for row in document["ln_chi1"] for value in row if value is not None]
    steepest = min(max(STEEPEST[0], max(known, default=0.0)), STEEPEST[1])
    colour = alt.Color(
        "ln_chi1:Q",
        title="ln χ₁ a layer: blue vanishes, red explodes",
        scale=alt.Scale(
            domain=[-steepest, 0, steepest],
            range=[look.roles["measured"], look.grid, look.roles["bound"]],
            interpolate="lab",
            clamp=True,
        ),
        legend=alt.Legend(orient="top", gradientLength=260, titleLimit=320),
    )
    tips = [
        alt.Tooltip("sigma_w2:Q", title="σ_w²", format=".4g"),
        alt.Tooltip("sigma_b2:Q", title="σ_b²", format=".4g"),
    ]
    numbers = [
        alt.Tooltip("ln_chi1:Q", title="ln χ₁", format=".4f"),
        alt.Tooltip("q:Q", title="q", format=".4g"),
        alt.Tooltip("reach:N", title="trainable depth 6 ξ_c"),
    ]
    chosen = alt.selection_point(name=POINT, fields=["sigma_w2", "sigma_b2"], on="click", clear=False)
    cells, bare = _cells(document)
    corners = {
        "left": f"datum.sigma_w2 - {wide / 2}",
        "right": f"datum.sigma_w2 + {wide * (0.5 + OVERLAP)}",
        "bottom": f"datum.sigma_b2 - {high / 2}",
        "top": f"datum.sigma_b2 + {high * (0.5 + OVERLAP)}",
    }

    def rectangles(rows: Rows, **mark: Any) -> Any:
        drawn = alt.Chart(data(rows)).transform_calculate(**corners).mark_rect(**mark)
        return drawn.encode(
            x=_axes(document, "left")[0], y=_axes(document, "bottom")[1], x2="right:Q", y2="top:Q"
        )

    layers: list[Any] = []
    if bare:
        why = alt.Tooltip("why:N", title="no fixed point")
        layers.append(rectangles(bare, color=look.quiet, opacity=0.35).encode(tooltip=[*tips, why]))
    if cells:
        shown = rectangles(cells, strokeWidth=0).encode(color=colour, tooltip=[*tips, *numbers])
        layers.append(shown.add_params(chosen))
    rows, lines = _lines(document, look)
    if rows:
        dashes = styles(lines, orient="bottom")["strokeDash"]
        drawn = alt.Chart(data(rows)).mark_line(strokeWidth=2, clip=True, color=look.ink)
        layers.append(drawn.encode(x=x, y=y, order="order:Q", detail="part:N", strokeDash=dashes))
    chart = alt.layer(*layers).properties(height=HEIGHT + 60, width="container")
    return finished(chart, document["finding"], look)


def with_point(specification: dict[str, Any], dark: bool = False) -> dict[str, Any]:
    """The plane's specification with a place for the chosen point, which is the chart's own data: a click
    changes these alone, and the plane is not drawn anew."""
    look = theme(dark)
    fields = {"x": "sigma_w2", "y": "sigma_b2"}
    encoding = {axis: {"field": field, "type": "quantitative"} for axis, field in fields.items()}
    marks = [
        {"type": "point", "filled": True, "opacity": 1, "clip": True, "size": size, "color": colour}
        for size, colour in ((170, look.ground), (80, look.ink))
    ]
    points = [{"mark": mark, "encoding": encoding} for mark in marks]
    return {**specification, "layer": [*specification["layer"], *points]}


def _axes(document: Document, field: str = "") -> tuple[alt.X, alt.Y]:
    """Both axes over the whole plane, for the middles of cells or for one of their corners."""
    ends = []
    for values in (document["sigma_w2"], document["sigma_b2"]):
        half = (values[1] - values[0]) / 2
        ends.append(alt.Scale(domain=[values[0] - half, values[-1] + half], nice=False, zero=False))
    axis = alt.Axis(tickCount=6, grid=False)
    return (
        alt.X(f"{field or 'sigma_w2'}:Q", title="variance of the weights σ_w²", scale=ends[0], axis=axis),
        alt.Y(f"{field or 'sigma_b2'}:Q", title="variance of the biases σ_b²", scale=ends[1], axis=axis),
    )


def _cells(document: Document) -> tuple[Rows, Rows]:
    """Cells with numbers, and those without."""
    with_number, without = [], []
    for row, sigma_b2 in enumerate(document["sigma_b2"]):
        for column, sigma_w2 in enumerate(document["sigma_w2"]):
            cell = {"sigma_w2": sigma_w2, "sigma_b2": sigma_b2}
            ln_chi1 = document["ln_chi1"][row][column]
            if ln_chi1 is None:
                reason = document["reasons"][document["reason"][row][column]]
                without.append({**cell, "why": reason or "φ′ is 0 almost everywhere there"})
                continue
            xi_c = document["xi_c"][row][column]
            reach = "no limit" if xi_c is None else f"{document['trainable'] * xi_c:.3g} layers"
            with_number.append({**cell, "ln_chi1": ln_chi1, "q": document["q"][row][column], "reach": reach})
    return with_number, without


def _lines(document: Document, look: Any) -> tuple[Rows, list[Line]]:
    """The critical line, in order of q, and for each depth a line on either side of it."""
    line, rows, names = document["line"], [], []
    if line["sigma_w2"]:
        names.append(Line(EDGE, look.ink, DASHES[0], [1]))
        pairs = zip(line["sigma_w2"], line["sigma_b2"], strict=True)
        rows += [
            {"sigma_w2": a, "sigma_b2": b, "line": EDGE, "part": EDGE, "order": k}
            for k, (a, b) in enumerate(pairs)
        ]
    for k, reach in enumerate(document["reach"]):
        name = f"6 ξ_c = {reach['depth']} layers"
        if reach["ordered"] or reach["chaotic"]:
            names.append(Line(name, look.ink, DASHES[1 + k % 3], [1]))
        for side in ("ordered", "chaotic"):
            rows += [
                {"sigma_w2": a, "sigma_b2": b, "line": name, "part": f"{name} {side}", "order": order}
                for order, (a, b) in enumerate(reach[side])
            ]
    return rows, names


def correlation_by_layer(document: Document, dark: bool = False) -> Any:
    """The correlation of two inputs layer by layer: measured with its quantiles, as the map has it, and as is
    typical of this width with its band."""
    look = theme(dark)
    measured = document["correlation"]
    lines = [
        Line(
            "measured, median",
            look.roles["measured"],
            DASHES[0],
            measured["median"],
            (measured["q05"], measured["q95"]),
            main=True,
        )
    ]
    if document["predicted"] is not None:
        lines.append(
            Line("predicted for wide nets", look.roles["predicted"], DASHES[2], document["predicted"])
        )
    if (band := document["band"]) is not None:
        name = f"typical at width {document['width']}, 99 % band"
        between = band["low"], band["high"]
        lines.append(Line(name, look.roles["slope"], DASHES[3], band["middle"], between))
    chart = panel(
        document["depth"],
        lines,
        look,
        across=("layer", "layer"),
        up="correlation of two inputs",
        height=260,
        powered=False,
    )
    return finished(chart, document["text"], look)
