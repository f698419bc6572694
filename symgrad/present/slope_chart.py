"""The chart of an activation: φ above, φ′ below with its bounds, whatever shape they have.

Curves are broken where the document has no value; where they leave every bound the chart ends, and a rule
marks the place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import altair as alt

from symgrad.present.theme import DASHES, Theme, theme
from symgrad.present.thinning import finite

__all__ = ["activation_curve", "touches"]

Document = Mapping[str, Any]
Panel: TypeAlias = Any
"""One plane of a chart; Altair types every combination of layers as several things."""
TAIL = 0.1
"""Share of the samples above and below that may lie outside the chart of an unbounded curve."""
ROOM = 1.5
"""So many times the height of the other samples is shown beyond them."""


def activation_curve(document: Document, dark: bool = False) -> alt.VConcatChart:
    """φ above, φ′ below with its infimum and supremum as lines; ● where they are attained, ○ where
    approached.

    φ′ is broken at a kink, which both panels mark by a dotted line.
    """
    look = theme(dark)
    bounds = {word: _level(document.get(word)) for word in ("sup", "inf")}
    says = document.get("finding") or f"{document['name']} and its derivative{_range_in_words(document)}."
    above = _curve(document, "phi", look.roles["value"], look)
    below = _curve(document, "dphi", look.roles["slope"], look, bounds)
    return alt.vconcat(above, below, spacing=14).properties(description=says).configure(**look.config())


def _level(extremum: Document | None) -> float | None:
    """The height of a bound; None where it is infinite or not known."""
    if extremum is None or extremum["decimal"] is None:
        return None
    return finite(extremum["decimal"])


def _proved(extremum: Document | None) -> bool:
    """Whether it must be in view: a sample beside a pole need not."""
    return extremum is not None and extremum.get("proof") != "estimated"


def _range_in_words(document: Document) -> str:
    if any(document.get(word) is None or document[word]["decimal"] is None for word in ("inf", "sup")):
        return ""
    ends = {word: _level(document[word]) for word in ("inf", "sup")}
    low, high = ("no bound" if ends[word] is None else f"{ends[word]:.5g}" for word in ("inf", "sup"))
    return f", which lies between {low} and {high}"


def _curve(
    document: Document, key: str, colour: str, look: Theme, bounds: Mapping[str, float | None] | None = None
) -> Panel:
    """One curve with its breaks; with `bounds` also their lines and where the curve touches them."""
    values = [None if y is None else finite(y) for y in document[key]]
    proved = [word for word in bounds or {} if _proved(document.get(word))]
    levels = [level for word in proved if (level := (bounds or {})[word]) is not None]
    low, high = _window([value for value in values if value is not None], levels)
    room = (0.17 if bounds else 0.06) * ((high - low) or 2.0)
    edge = 2 * room + high - low
    rows = [
        {"x": x, "y": None if y is None else min(max(y, low - edge), high + edge)}
        for x, y in zip(document["x"], values, strict=True)
    ]
    ends = [document["x"][0], document["x"][-1]] if document["x"] else [-1, 1]
    x = alt.X(
        "x:Q",
        title="x" if bounds is not None else None,
        scale=alt.Scale(domain=ends, nice=False),
        axis=alt.Axis(grid=False),
    )
    y = alt.Y(
        "y:Q",
        title="φ′(x)" if bounds is not None else "φ(x)",
        scale=alt.Scale(domain=[low - room, high + room], nice=False),
        axis=alt.Axis(titleColor=colour, tickCount=6),
    )
    breaks = alt.Chart(_data([{"x": place} for place in document["breaks"]]))
    layers: list[Any] = [
        breaks.mark_rule(color=look.quiet, strokeDash=[1, 3]).encode(x=x),
        *(_levels(document, bounds, y, look) if bounds else []),
        alt.Chart(_data(rows)).mark_line(strokeWidth=2.8, color=colour, clip=True).encode(x=x, y=y),
        *(_touches(document, x, y, colour, look) if bounds else []),
    ]
    return alt.layer(*layers).properties(height=210 if bounds is not None else 170, width="container")


def _window(values: Sequence[float], levels: Sequence[float]) -> tuple[float, float]:
    """The heights to show: all, unless a few tower above the rest, as beside a pole; bounds always."""
    if not values:
        return (min(levels, default=-1.0), max(levels, default=1.0))
    ordered = sorted(values)
    last = len(ordered) - 1
    inner = (ordered[math.ceil(TAIL * last)], ordered[math.floor((1 - TAIL) * last)])
    span = (inner[1] - inner[0]) or 1.0
    low, high = ordered[0], ordered[-1]
    if high - low > 8 * span:
        low, high = max(low, inner[0] - ROOM * span), min(high, inner[1] + ROOM * span)
    return min([low, *levels]), max([high, *levels])


def _levels(document: Document, bounds: Mapping[str, float | None], y: alt.Y, look: Theme) -> list[Any]:
    """Dashed lines at sup and inf, each with its value; one line where they are equal."""
    layers: list[Any] = []
    colour = look.roles["bound"]
    places: dict[str, tuple[Literal["bottom", "top"], int]] = {"sup": ("bottom", -4), "inf": ("top", 4)}
    for word, (place, shift) in places.items():
        level = bounds[word]
        low, high = y["scale"]["domain"]
        if level is None or not low <= level <= high or (word == "inf" and level == bounds["sup"]):
            continue
        exact = document[word].get("exact")
        text = (exact if exact and len(exact) <= 9 else f"{level:.6g}").replace("-", "−")
        sign = "≈" if document[word].get("proof") == "estimated" else "="
        name = "inf φ′ = sup φ′" if bounds["inf"] == bounds["sup"] else f"{word} φ′"
        data = alt.Chart(_data([{"y": level, "label": f"{name} {sign} {text}"}]))
        label = data.mark_text(align="left", baseline=place, dx=6, dy=shift, fontSize=13, color=colour)
        layers += [
            data.mark_rule(color=colour, strokeDash=DASHES[1], strokeWidth=1.8).encode(y=y),
            label.encode(x=alt.value(0), y=y, text="label:N"),
        ]
    return layers


def _touches(document: Document, x: alt.X, y: alt.Y, colour: str, look: Theme) -> list[alt.Chart]:
    layers = []
    for attained, fill in ((True, colour), (False, look.ground)):
        rows = touches(document, attained)
        if rows:
            mark = alt.Chart(_data(rows)).mark_point(
                size=85, filled=True, fill=fill, stroke=colour, strokeWidth=2.2, opacity=1
            )
            tips = [alt.Tooltip("x:Q", format=".6g"), alt.Tooltip("y:Q", title="φ′", format=".6g")]
            layers.append(mark.encode(x=x, y=y, tooltip=tips))
    return layers


def touches(document: Document, attained: bool) -> list[dict[str, float]]:
    """Where in view φ′ attains inf or sup, or only approaches them."""
    found = []
    for extremum in (document.get("inf"), document.get("sup")):
        level = _level(extremum)
        if extremum is not None and level is not None and extremum["attained"] is attained:
            for point in extremum["points"]:
                found += [{"x": place, "y": level} for place in _in_view(point, document["x"])]
    return found


def _in_view(point: Document, x: Sequence[float]) -> list[float]:
    """The abscissas to mark: a point, every member of a family; nothing for ±oo or an interval, whose line
    shows by itself.
    """
    if isinstance(point["x"], str) or point["until"] is not None or not x:
        return []
    if point["period"] is None:
        return [point["x"]] if x[0] <= point["x"] <= x[-1] else []
    first, last = (math.floor((end - point["x"]) / point["period"]) for end in (x[0], x[-1]))
    family = [point["x"] + k * point["period"] for k in range(first, last + 1)]
    return [member for member in family if x[0] <= member <= x[-1]]


def _data(rows: list[dict[str, Any]]) -> Any:
    return alt.Data(values=rows)
