"""The chart of the atlas: one dot an activation, at the most by which its layer can magnify a gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from symgrad.present.atlas import short
from symgrad.present.theme import theme

__all__ = ["FARTHEST", "lipschitz_by_family"]

Row = Mapping[str, Any]
FARTHEST = 3.0
"""Right end of the axis; what lies beyond, infinity included, is drawn there as a triangle."""
AXIS = f"datum.value == {FARTHEST} ? '≥ {FARTHEST:g}' : datum.label"


def lipschitz_by_family(rows: Sequence[Row], dark: bool = False) -> alt.LayerChart | alt.FacetChart:
    """sup |φ′| of each row by family, with the line at 1 above which weights of norm 1 do not keep a gradient
    from growing.
    """
    look = theme(dark)
    families = list(dict.fromkeys(row["family"] for row in rows))
    values = [_dot(row) for row in rows]
    beyond = sum(value["beyond"] for value in values)
    above = sum(value["gamma"] > 1 for value in values)
    says = (
        f"The largest slope of each of {len(rows)} activations by family; {above} lie above 1, "
        f"{beyond} of them at {FARTHEST:g} or beyond"
    )
    dots = (
        alt.Chart(alt.Data(values=values))
        .mark_point(filled=True, size=55, opacity=0.75)
        .encode(
            x=alt.X(
                "gamma:Q",
                title="sup |φ′|",
                scale=alt.Scale(domain=[0, FARTHEST]),
                axis=alt.Axis(labelExpr=AXIS, values=[0, 0.5, 1, 1.5, 2, 2.5, FARTHEST]),
            ),
            y=alt.Y("family:N", title=None, sort=families, axis=alt.Axis(grid=True, labelLimit=160)),
            yOffset=alt.YOffset("lane:Q", scale=alt.Scale(domain=[-2.5, 2.5])),
            shape=alt.Shape(
                "beyond:N",
                scale=alt.Scale(domain=[False, True], range=["circle", "triangle-right"]),
                legend=None,
            ),
            color=alt.value(look.roles["slope"]),
            tooltip=["name:N", "family:N", alt.Tooltip("exact:N", title="sup |φ′|")],
        )
    )
    one = (
        alt.Chart(alt.Data(values=[{"one": 1}]))
        .mark_rule(color=look.roles["bound"], strokeDash=[7, 4], strokeWidth=2)
        .encode(x="one:Q")
    )
    return (
        alt.layer(dots, one)
        .properties(description=says, width="container", height=340)
        .configure(**look.config())
    )


def _dot(row: Row) -> dict[str, Any]:
    """Where the dot of a row stands; five lanes, so that equal values do not hide one another."""
    gamma = float(row["lipschitz"]["decimal"].replace("oo", "inf"))
    return {
        "name": row["name"],
        "family": row["family"],
        "gamma": min(gamma, FARTHEST),
        "beyond": gamma >= FARTHEST,
        "exact": short(row["lipschitz"]),
        "lane": sum(map(ord, row["name"])) % 5 - 2,
    }
