"""Charts: what is drawn comes from the document, marks stand for what has no place, deep nets stay light."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from symgrad.errors import InputError
from symgrad.present import charts
from symgrad.present.slope_chart import touches
from symgrad.present.theme import DARK, LIGHT, Theme
from symgrad.present.thinning import LAYERS, kind, thinned

Document = dict[str, Any]


def simulated(depth: int = 30, **changes: Any) -> Document:
    median = [-0.6 * (depth - layer) for layer in range(1, depth + 1)]
    band = {"median": median, "q05": [m - 0.2 for m in median], "q95": [m + 0.2 for m in median]}
    return {
        "depth": list(range(1, depth + 1)),
        "log10_gradient": band,
        "log10_weight_gradient": band,
        "log10_bound": [m / 2 + 1 for m in median],
        "violations": 0,
        "slope_measured": -0.6 * math.log(10),
        "slope_predicted": -0.61 * math.log(10),
        "finding": "The gradient shrinks 10^17 times.",
        **changes,
    }


def curve(**changes: Any) -> Document:
    x = [k / 10 for k in range(-40, 41)]
    at = {"side": 0, "until": None, "period": None}
    return {
        "name": "hard",
        "x": x,
        "phi": [max(v, 0.0) for v in x],
        "dphi": [None if v == 0 else float(v > 0) for v in x],
        "inf": {"decimal": "0", "exact": "0", "attained": False, "points": [{"x": 0.0, **at}]},
        "sup": {"decimal": "1.00000000000", "exact": "1", "attained": True, "points": [{"x": 1.0, **at}]},
        "breaks": [0.0],
        **changes,
    }


SERIES = {
    "series": [{"name": name, "n": [0, 1, 2], "log10": [0, -k, -2 * k]} for k, name in enumerate("abcde")]
}
DRAWN = [
    (charts.gradient_by_depth, simulated()),
    (charts.gradient_by_depth, simulated(1)),
    (charts.gradient_by_depth, simulated(log10_bound=[None] * 30, slope_predicted=None)),
    (charts.update_by_layer, simulated()),
    (charts.activation_curve, curve()),
    (charts.decay, SERIES),
]


def rows(chart: Any) -> Iterator[dict[str, Any]]:
    """All rows of data in the specification."""
    pending = [chart.to_dict()]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield from part.get("data", {}).get("values", ())
            pending += part.values()
        elif isinstance(part, list):
            pending += part


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_seen(look: Theme) -> None:
    assert contrast(look.ink, look.ground) >= 7
    assert contrast(look.quiet, look.ground) >= 4.5
    assert all(contrast(colour, look.ground) >= 3 for colour in look.roles.values())


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("draw", "document"), DRAWN, ids=range(len(DRAWN)))
def test_pictures(draw: Any, document: Document, dark: bool) -> None:
    chart = draw(document, dark=dark)
    assert chart.to_dict()["description"]
    picture = Image.open(io.BytesIO(charts.save(chart, "png")))
    assert min(picture.size) > 400
    ground = (DARK if dark else LIGHT).ground
    assert picture.convert("RGB").getpixel((2, 2)) == tuple(int(ground[k : k + 2], 16) for k in (1, 3, 5))
    assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20
    assert charts.save(chart, "svg").startswith(b"<svg")


def test_the_finding_is_the_description() -> None:
    assert (
        charts.gradient_by_depth(simulated()).to_dict()["description"] == "The gradient shrinks 10^17 times."
    )


def test_the_bound_is_always_drawn_and_only_when_there_is_one() -> None:
    names = {row.get("line") for row in rows(charts.gradient_by_depth(simulated()))}
    assert "worst-case bound" in names
    without = {row.get("line") for row in rows(charts.gradient_by_depth(simulated(log10_bound=[None] * 30)))}
    assert "worst-case bound" not in without


def test_the_predicted_slope_is_a_line_through_the_last_layer() -> None:
    drawn = {
        row["layer"]: row["log10"]
        for row in rows(charts.gradient_by_depth(simulated()))
        if row.get("line") == "predicted for wide nets"
    }
    assert drawn[30] == pytest.approx(0)
    assert drawn[1] == pytest.approx(-0.61 * 29)


def test_violations_are_red_and_counted() -> None:
    bound = [-3.0] * 30
    specification = charts.gradient_by_depth(simulated(log10_bound=bound, violations=5)).to_dict()
    assert specification["title"]["text"].startswith("5 measured values lie above")
    assert specification["title"]["color"] == LIGHT.roles["violation"]
    (red,) = [
        layer
        for layer in specification["layer"]
        if layer["mark"].get("color") == LIGHT.roles["violation"] and layer["mark"]["type"] == "point"
    ]
    assert {row["layer"] for row in red["data"]["values"]} == {26, 27, 28, 29, 30}
    assert "title" not in charts.gradient_by_depth(simulated()).to_dict()


def test_what_has_no_place_is_a_mark_at_the_edge() -> None:
    document = simulated()
    median = document["log10_gradient"]["median"]
    median[:3], median[10], median[-1] = ["-oo", -math.inf, None], math.nan, "oo"
    found = [(row["layer"], row["mark"]) for row in rows(charts.gradient_by_depth(document)) if "mark" in row]
    words = dict(found)
    assert set(words) == {1, 2, 3, 11, 30}
    assert "zero" in words[1] == words[3] and "too large" in words[30] and words[11] == "not a number"
    json.dumps(charts.gradient_by_depth(document).to_dict(), allow_nan=False)


@pytest.mark.parametrize("marks", [0, 40_000])
def test_a_deep_net_is_light(marks: int) -> None:
    document = simulated(100_000)
    median = document["log10_gradient"]["median"]
    median[:marks:2] = [None] * len(median[:marks:2])
    drawn = list(rows(charts.gradient_by_depth(document)))
    assert len(drawn) < 2000
    assert {1, 100_000} <= {row["layer"] for row in drawn}


def test_thinning_keeps_the_ends_and_finds_a_lonely_mark() -> None:
    values: list[float | None] = [0.0] * 100_000
    values[77_777] = None
    kept = thinned(values)
    assert kept[0] == 0 and kept[-1] == 99_999 and 77_777 in kept
    assert len(kept) <= LAYERS
    assert [kind(v) for v in (0.0, None, "oo", "-oo", math.nan)] == [
        None,
        "zero",
        "overflow",
        "zero",
        "missing",
    ]


def test_the_activation_shows_its_range_kinks_and_touches() -> None:
    drawn = list(rows(charts.activation_curve(curve())))
    assert {row["label"] for row in drawn if "label" in row} == {"sup φ′ = 1", "inf φ′ = 0"}
    unbounded = curve(sup={"decimal": "oo", "exact": None, "attained": False, "points": []})
    assert {row["label"] for row in rows(charts.activation_curve(unbounded)) if "label" in row} == {
        "inf φ′ = 0"
    }
    panels = charts.activation_curve(curve()).to_dict()["vconcat"]
    points = [layer["mark"] for layer in panels[1]["layer"] if layer["mark"]["type"] == "point"]
    assert [mark["fill"] for mark in points] == [LIGHT.roles["slope"], LIGHT.ground]
    assert panels[0]["layer"][0]["data"]["values"] == [{"x": 0.0}]


def test_a_chart_has_no_other_format() -> None:
    with pytest.raises(InputError, match=r"'gif' .*legal: png, svg"):
        charts.save(charts.decay(SERIES), "gif")


def test_a_picture_is_chosen_by_its_verb() -> None:
    assert charts.picture({"verb": "decay", **SERIES}).to_dict() == charts.decay(SERIES).to_dict()


def test_a_family_of_extrema_is_marked_wherever_it_is_in_view() -> None:
    family = {"x": 0.5, "side": 0, "until": None, "period": 3.0}
    far = {"x": "oo", "side": 0, "until": None, "period": None}
    document = curve(sup={"decimal": "1", "exact": "1", "attained": True, "points": [family, far]})
    assert [mark["x"] for mark in touches(document, True)] == [-2.5, 0.5, 3.5]


def test_beside_a_pole_the_rest_of_the_curve_is_still_seen() -> None:
    x = [k / 10 + 0.001 for k in range(-40, 41)]
    endless = {"decimal": "-oo", "exact": "-oo", "attained": False, "points": []}
    document = curve(x=x, phi=[1 / v for v in x], dphi=[-1 / v**2 for v in x], inf=endless, breaks=[0.0])
    for panel in charts.activation_curve(document).to_dict()["vconcat"]:
        (line,) = [layer for layer in panel["layer"] if layer["mark"]["type"] == "line"]
        low, high = line["encoding"]["y"]["scale"]["domain"]
        assert high - low < 30
        assert line["mark"]["clip"]
        assert all(abs(row["y"]) < 1000 for row in line["data"]["values"])


def test_nothing_known_of_the_slope_is_still_a_chart() -> None:
    unknown: dict[str, Any] = {"decimal": None, "exact": None, "attained": None, "points": []}
    assert charts.save(charts.activation_curve(curve(inf=unknown, sup=None)), "svg")
    nothing = curve(x=[], phi=[], dphi=[], breaks=[], inf=unknown, sup=unknown)
    assert charts.save(charts.activation_curve(nothing), "svg")
