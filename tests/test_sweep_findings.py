"""What a sweep is said and drawn to have found, from rows whose answer is known beforehand."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from PIL import Image

from symgrad.errors import InputError
from symgrad.present import charts
from symgrad.verbs.sweep_findings import FEW, MOST_CELLS, MOST_LINES, picture
from tests.present.test_present_charts import rows as rows_of

Document = dict[str, Any]
SCALES = [0.5, 1.0, 1.5, 2.0]


def swept(axes: Mapping[str, list[Any]], log10: Callable[[Document], float | str | None]) -> Document:
    """A sweep's document in which every point has the ratio that `log10` says; None is an exact zero, a text
    the reason why it failed.
    """
    rows = []
    for number, values in enumerate(itertools.product(*axes.values())):
        point = dict(zip(axes, values, strict=True))
        value = log10(point)
        failed = isinstance(value, str)
        known = value is not None and not failed
        rows.append(
            {
                "point": number,
                **point,
                "median": value if known else None,
                "q05": value - 0.5 if isinstance(value, float) else None,
                "q95": value + 0.5 if isinstance(value, float) else None,
                "predicted": value if known else None,
                "bound": 40.0 if known else None,
                "violations": None if failed else 0,
                "error": value if failed else None,
            }
        )
    return {"axes": dict(axes), "rows": rows}


def by_scale(point: Document) -> float:
    """Holds at σ_w = 1.5 for tanh, at 1 for relu."""
    turn = {"tanh": 1.5, "relu": 1.0}[point.get("activation", "tanh")]
    return 10.0 * (point["sigma_w"] - turn)


KINDS = [
    ({"sigma_w": SCALES}, "lines"),
    ({"sigma_w": SCALES, "activation": ["tanh", "relu"]}, "lines"),
    ({"sigma_w": SCALES, "depth": [10, 20]}, "map"),
    ({"depth": [10, 20, 30], "width": [8, 16], "sigma_w": SCALES}, "map"),
    ({"activation": ["tanh", "relu"]}, "dots"),
    ({"weights": ["gaussian", "orthogonal"], "dtype": ["float32", "float64"]}, "dots"),
    ({"sigma_w": SCALES, "activation": [f"f{k}" for k in range(MOST_LINES)]}, "lines"),
    ({"sigma_w": SCALES, "activation": [f"f{k}" for k in range(MOST_LINES + 1)]}, "map"),
    ({"seed": [0, 1, 2]}, "dots"),
    ({}, "dots"),
]


@pytest.mark.parametrize(("axes", "kind"), KINDS, ids=lambda v: v if isinstance(v, str) else "-".join(v))
@pytest.mark.parametrize("dark", [False, True])
def test_every_set_of_axes_has_its_picture(axes: dict[str, list[Any]], kind: str, dark: bool) -> None:
    values = itertools.cycle([-12.0, 0.2, None, "too wide", 7.0])
    found = picture(swept(axes, lambda _: next(values)))
    assert found["kind"] == kind
    chart = charts.sweep_picture(found, dark)
    assert chart.to_dict()["description"] == found["finding"]
    assert min(Image.open(io.BytesIO(charts.save(chart, "png"))).size) > 150


def test_where_the_gradient_turns_is_said_for_each_line() -> None:
    found = picture(swept({"sigma_w": SCALES, "activation": ["tanh", "relu"]}, by_scale))
    assert found["finding"] == (
        "As σ_w goes from 0.5 to 2, the gradient that reaches layer 1 turns from vanishing to exploding near "
        "1.5 (tanh), 1 (relu)."
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (lambda scale: -20.0 + scale, "vanishes throughout: 10^-19.5 to 10^-18.0."),
        (lambda scale: 5.0 * scale, "explodes throughout: 10^2.5 to 10^10.0."),
        (lambda scale: 0.1 * scale, "holds throughout: 10^0.1 to 10^0.2."),
        (lambda scale: 0.0 if scale > 1 else -9.0, "vanishes first and holds from 1.5 on."),
        (lambda scale: -4.0 * (scale - 1.5), "turns from exploding to vanishing near 1.5."),
        (lambda scale: None if scale < 1 else 0.0, "vanishes first and holds from 1 on."),
        (lambda scale: 9.0 * math.cos(math.pi * scale / 0.5), "goes from 10^-9.0 to 10^9.0."),
    ],
)
def test_the_course_of_a_line(value: Callable[[float], float | None], said: str) -> None:
    found = picture(swept({"sigma_w": SCALES}, lambda point: value(point["sigma_w"])))
    assert found["finding"] == f"As σ_w goes from 0.5 to 2, the gradient that reaches layer 1 {said}"


def test_a_map_counts_fates_and_names_the_ends() -> None:
    axes: dict[str, list[Any]] = {"sigma_w": SCALES, "depth": [10, 100]}
    found = picture(swept(axes, lambda point: point["depth"] / 10 * (point["sigma_w"] - 1.0)))
    assert found["finding"] == (
        "The gradient that reaches layer 1 vanishes at 1 of 8 points, holds at 5, explodes at 2: from "
        "10^-5.0 of its size at layer L (σ_w = 0.5, L = 100) to 10^10.0 (σ_w = 2, L = 100)."
    )
    assert sum(cell["holds"] for cell in found["cells"]) == 5


def test_dots_name_the_best_and_the_worst() -> None:
    sizes = {"tanh": -0.2, "relu": -4.0, "sigmoid": -18.0}
    found = picture(swept({"activation": list(sizes)}, lambda point: sizes[point["activation"]]))
    assert found["finding"] == (
        "Of 3 activations tanh keeps the gradient best and sigmoid worst: 10^-0.2 and 10^-18.0 of its size "
        "at layer L reach layer 1."
    )


def test_nothing_to_show_is_said() -> None:
    found = picture(swept({"sigma_w": SCALES}, lambda _: "too wide"))
    assert found["finding"] == "No point of this sweep has a gradient to show."
    assert charts.save(charts.sweep_picture(found), "svg")
    nothing_yet = picture({"axes": {"sigma_w": SCALES}, "rows": []})
    assert charts.save(charts.sweep_picture(nothing_yet), "svg")


def test_a_violation_is_part_of_the_sentence() -> None:
    document = swept({"sigma_w": SCALES}, by_scale)
    document["rows"][1]["violations"] = 3
    assert (
        "3 measured values lie above their worst-case bound: a contradiction" in picture(document)["finding"]
    )


def test_an_axis_without_a_place_is_held_at_a_value_to_choose() -> None:
    axes: dict[str, list[Any]] = {"sigma_w": SCALES, "depth": [10, 20], "width": [8, 16, 32]}
    document = swept(axes, lambda point: float(point["width"]))
    middle = picture(document)
    assert middle["held"] == {"width": 16}
    assert {cell["log10"] for cell in middle["cells"]} == {16.0}
    assert {cell["log10"] for cell in picture(document, {"width": 32})["cells"]} == {32.0}
    assert picture(document, {"width": 32})["finding"].startswith("N = 32: the gradient")
    for wrong in ({"width": 9}, {"batch": 1}):
        with pytest.raises(InputError, match="cannot be held"):
            picture(document, wrong)


def test_an_axis_is_held_where_there_is_something_to_show() -> None:
    axes: dict[str, list[Any]] = {"sigma_w": SCALES, "depth": [10, 20], "width": [8, 16, 32]}
    found = picture(swept(axes, lambda point: 1.0 if point["width"] == 32 else "too wide"))
    assert found["held"] == {"width": 32}


def test_seeds_of_the_grid_are_pooled() -> None:
    axes: dict[str, list[Any]] = {"sigma_w": SCALES, "seed": list(range(21))}
    (line,) = picture(swept(axes, lambda point: float(point["seed"])))["series"]
    for point in line["points"]:
        assert (point["q05"], point["median"], point["q95"]) == pytest.approx((1.0, 10.0, 19.0))
    mostly_zero = picture(swept(axes, lambda point: 1.0 if point["seed"] < 3 else None))
    assert {point["mark"] for point in mostly_zero["series"][0]["points"]} == {"zero"}


def test_what_is_drawn_are_the_rows() -> None:
    document = swept({"sigma_w": SCALES, "activation": ["tanh", "relu"]}, by_scale)
    drawn = {
        (row["series"], row["x"], row["log10"])
        for row in rows_of(charts.sweep_picture(picture(document)))
        if row.get("kind") == "median"
    }
    assert drawn == {(row["activation"], row["sigma_w"], row["median"]) for row in document["rows"]}
    kinds = {row.get("kind") for row in rows_of(charts.sweep_picture(picture(document)))}
    assert {"median", "bound", "predicted"} <= kinds
    many = swept({"sigma_w": SCALES, "activation": [f"f{k}" for k in range(FEW + 1)]}, lambda _: 1.0)
    assert "bound" not in {row.get("kind") for row in rows_of(charts.sweep_picture(picture(many)))}


def test_failures_and_zeros_are_marks() -> None:
    document = swept(
        {"sigma_w": SCALES}, lambda point: {0.5: None, 1.0: "too wide"}.get(point["sigma_w"], 2.0)
    )
    specification = charts.sweep_picture(picture(document)).to_dict()
    assert specification["title"]["text"].split() == ["▼", "exactly", "zero", "✕", "failed"]
    marked = {
        row["x"]: row["mark"] for row in rows_of(charts.sweep_picture(picture(document))) if row.get("mark")
    }
    assert marked == {0.5: "zero", 1.0: "missing"}


def test_a_fine_grid_is_thinned_to_what_can_be_seen() -> None:
    axes: dict[str, list[Any]] = {"sigma_w": [k / 1000 for k in range(1000)], "depth": [10, 20]}
    found = picture(swept(axes, lambda point: point["sigma_w"]))
    assert len(found["x"]["values"]) <= MOST_CELLS
    assert len(found["cells"]) == 2 * len(found["x"]["values"])
    assert "of 2,000 points" in found["finding"]
