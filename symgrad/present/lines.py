"""Lines on a linear axis of powers of ten, with one legend for colour and dashes, and marks at the edge for
what has no logarithm: what charts of sizes are put together from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from symgrad.present.theme import DASHES, Theme
from symgrad.present.thinning import LAYERS, MARKS, finite, kind, thinned

__all__ = [
    "HEIGHT",
    "Line",
    "by_step",
    "counts",
    "data",
    "finished",
    "lines_of",
    "panel",
    "powers",
    "rule_at",
    "styles",
]

Rows = list[dict[str, Any]]
HEIGHT = 340
RAISED = dict(zip("0123456789−-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻·", strict=True))
ROOM = 0.5
"""So many times the height of the others is shown beyond them of a line that is far."""
FEW = 60
"""Places up to which every one is a point on its line."""


@dataclass(frozen=True)
class Line:
    """A value for each place; `band` holds (5 %, 95 %) quantiles. The `main` line has points where there are
    few places, and marks at the edge where it has no logarithm; a `far` one, such as a loose bound, may leave
    the picture where it would flatten the others.
    """

    name: str
    colour: str
    dash: Sequence[int]
    values: Sequence[Any]
    band: tuple[Sequence[Any], Sequence[Any]] | None = None
    main: bool = False
    far: bool = False

    @property
    def drawn(self) -> bool:
        """Whether any of it has a place on the axis."""
        return any(finite(value) is not None for value in self.values)


def lines_of(named: Mapping[str, Any], look: Theme) -> list[Line]:
    """Lines of one kind, each with a colour and dashes of its own; a value is a list, or its quantiles."""
    colours = (*look.series, look.ink)
    found = []
    for k, (name, values) in enumerate(named.items()):
        band = (values["q05"], values["q95"]) if isinstance(values, Mapping) else None
        middle = values["median"] if isinstance(values, Mapping) else values
        found.append(Line(name, colours[k % 5], DASHES[k % 4], middle, band))
    return found


def by_step(
    places: Sequence[int],
    lines: Sequence[Line],
    look: Theme,
    *,
    across: tuple[str, str],
    up: str,
    says: str,
    more: Sequence[Any] = (),
) -> alt.LayerChart:
    """log10 sizes over layers or steps, as a chart of its own; `says` is what a screen reader says."""
    return finished(panel(places, lines, look, across=across, up=up, more=more), says, look)


def panel(
    places: Sequence[int],
    lines: Sequence[Line],
    look: Theme,
    *,
    across: tuple[str, str],
    up: str,
    height: int = HEIGHT,
    more: Sequence[Any] = (),
    powered: bool = True,
) -> Any:
    """Sizes over layers or steps: fewer than 2,000 points at any depth. `across` is the field's name and the
    axis's title, `up` the title of the other, `more` are layers put on top; `powered` are logarithms.
    """
    field, title = across
    x = alt.X(f"{field}:Q", title=title, scale=_ends(places), axis=counts(places))
    axis = alt.Axis(labelExpr=powers(), tickMinStep=1) if powered else alt.Axis(tickCount=6)
    shown = [line for line in lines if line.drawn]
    y = alt.Y("log10:Q", title=up, scale=_in_view(shown), axis=axis)
    most = max(20, 3 * LAYERS // max(3, len(shown)))
    rows: Rows = []
    points: Rows = []
    layers: list[Any] = []
    for line in shown:
        at = thinned(line.values, most)
        own = [{field: places[i], "log10": finite(line.values[i]), "line": line.name} for i in at]
        rows += own
        points += own if line.main and len(at) <= FEW else []
        if line.band:
            low, high = line.band
            area = [{field: places[i], "low": finite(low[i]), "high": finite(high[i])} for i in at]
            mark = alt.Chart(data(area)).mark_area(opacity=0.22, color=line.colour)
            layers.append(mark.encode(x=x, y=alt.Y("low:Q", title=up), y2="high:Q"))
    value = alt.Tooltip("log10:Q", title="log10" if powered else up, format=".3f")
    tips = [alt.Tooltip("line:N", title="line"), alt.Tooltip(f"{field}:Q"), value]
    layers.append(
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2.5, clip=True)
        .encode(x=x, y=y, tooltip=tips, **styles(shown))
    )
    main = next((line for line in lines if line.main), None)
    if main:
        dots = alt.Chart(data(points)).mark_point(filled=True, size=30, opacity=1, color=main.colour)
        layers.append(dots.encode(x=x, y=y, tooltip=tips))
        marked = [(places[i], kind(main.values[i])) for i in thinned(main.values)]
        layers += _edge_marks(marked, x, field, main.colour, height)
    return alt.layer(*layers, *more).properties(height=height, width="container")


def _in_view(lines: Sequence[Line]) -> alt.Scale:
    """All heights; with lines that are far from the others, those of the others and half as much again."""
    near, far = ([y for line in lines if line.far is far for v in line.values if (y := finite(v)) is not None]
                 for far in (False, True))  # fmt: skip
    if not near or not far or max(near) == min(near):
        return alt.Scale(zero=False)
    low, high = min(near), max(near)
    room = ROOM * (high - low)
    if max(far) <= high + room and min(far) >= low - room:
        return alt.Scale(zero=False)
    ends = [max(low - room, min(low, *far)), min(high + room, max(high, *far))]
    return alt.Scale(zero=False, nice=False, domain=ends)


def _ends(places: Sequence[int]) -> alt.Scale:
    """From the first place to the last; a single layer is a point in the middle."""
    alone = [places[0] - 1, places[0] + 1]
    return alt.Scale(domain=[places[0], places[-1]] if len(places) > 1 else alone, nice=False, zero=False)


def powers(digits: str = "d") -> str:
    """Vega's expression for the label of a power of ten: 10⁻⁴ at −4. `digits` is the exponent's format."""
    text = f"format(datum.value, '{digits}')"
    for plain, raised in RAISED.items():
        text = f"replace({text}, regexp('[{plain}]', 'g'), '{raised}')"
    return f"'10' + {text}"


def counts(places: Sequence[int]) -> alt.Axis:
    """Whole numbers; every one where there are few."""
    if len(places) <= 12:
        return alt.Axis(values=list(places), format="d", grid=False)
    return alt.Axis(tickMinStep=1, format=",d", grid=False)


def styles(
    lines: Sequence[Line], field: str = "line", orient: Literal["top", "bottom"] = "top"
) -> dict[str, Any]:
    """Colour and dashes with one legend for both."""
    names = [line.name for line in lines]
    columns = 3 if len(names) < 4 else 2 if max(map(len, names)) < 30 else 1  # a phone cuts what is wider
    legend = alt.Legend(title=None, orient=orient, symbolType="stroke", symbolSize=400, columns=columns)
    colours, dashes = [line.colour for line in lines], [list(line.dash) for line in lines]
    return {
        "color": alt.Color(f"{field}:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
        "strokeDash": alt.StrokeDash(
            f"{field}:N", scale=alt.Scale(domain=names, range=dashes), legend=legend
        ),
    }


def _edge_marks(
    found: Sequence[tuple[int, str | None]], x: alt.X, field: str, colour: str, height: int
) -> list[alt.Chart]:
    """Marks along the edges for what a logarithmic axis cannot hold, explained in the legend."""
    there = [name for name in MARKS if any(mark == name for _, mark in found)]
    scale = alt.Scale(domain=[MARKS[name][1] for name in there], range=[MARKS[name][0] for name in there])
    legend = alt.Legend(title=None, orient="bottom", direction="vertical", symbolFillColor=colour)
    layers = []
    for names, edge in ((("zero", "missing"), height - 8), (("overflow",), 8)):
        rows = [{field: place, "mark": MARKS[mark][1]} for place, mark in found if mark and mark in names]
        if rows:
            marks = alt.Chart(data(rows)).mark_point(size=45, filled=True, opacity=1, color=colour)
            shape = alt.Shape("mark:N", scale=scale, legend=legend)
            layers.append(marks.encode(x=x, y=alt.value(edge), shape=shape, tooltip=[f"{field}:Q", "mark:N"]))
    return layers


def rule_at(value: float, axis: str, look: Theme, label: str = "", below: bool = False) -> list[Any]:
    """A thin line across the plot at a value of the "x" or "y" axis, with its name above it, or below."""
    row = alt.Chart(data([{"at": value, "label": label}]))
    place = {axis: alt.Y("at:Q") if axis == "y" else alt.X("at:Q")}
    layers = [row.mark_rule(color=look.quiet, strokeDash=list(DASHES[2])).encode(**place)]
    if label:
        across, up = (
            (alt.value({"expr": "width / 3"}), place["y"]) if axis == "y" else (place["x"], alt.value(12))
        )
        text = row.mark_text(
            align="left", dx=5, dy=0 if axis == "x" else 9 if below else -8, fontSize=13, color=look.quiet
        )
        layers.append(text.encode(x=across, y=up, text="label:N"))
    return layers


def data(rows: Rows) -> Any:
    """Rows as Altair takes them, without a look at their types."""
    return alt.Data(values=rows)


def finished(chart: Any, says: str, look: Theme) -> Any:
    """With its description (what a screen reader says) and the theme."""
    return chart.properties(description=says).configure(**look.config())
