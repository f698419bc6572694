"""What a sweep found: its rows as a picture over the axes that were swept, and one sentence from the numbers.

What is compared is the gradient at layer 1 with that at layer L, of recurrent nets at step 1 with that at
step T: log10 of ‖∂E/∂h_1‖ / ‖∂E/∂h_L‖, median over seeds; below −1 it vanishes, above 1 it explodes, between
them it holds, as `simulate` says it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby, product
from statistics import median, quantiles
from typing import Any

from symgrad.errors import InputError

__all__ = ["TITLES", "picture", "sentence"]

Document = dict[str, Any]
Row = Mapping[str, Any]

TITLES: Mapping[str, str] = {
    "sigma_w": "weight scale σ_w",
    "sigma_b": "bias scale σ_b",
    "depth": "layers L",
    "width": "units a layer N",
    "batch": "inputs B",
    "seeds": "nets S",
    "forget_bias": "forget bias b_f",
    "architecture": "architecture",
    "activation": "activation",
    "set": "parameters",
    "weights": "weights",
    "forget_gate": "forget gate",
    "dtype": "dtype",
    "seed": "seed",
}
"""Every option of a grid, in the order in which axes are drawn."""
NUMERIC = ("sigma_w", "sigma_b", "depth", "width", "batch", "seeds", "forget_bias")
NAMED = ("architecture", "activation", "set", "weights", "forget_gate", "dtype")
MOST_LINES = 16
"""Series beyond which lines cannot be told apart: they become rows of a map."""
MOST_CELLS = 120
"""Values of an axis that a map draws, evenly chosen; what is said counts all of them."""
FEW = 4
GERUND = {"vanishes": "vanishing", "explodes": "exploding"}


def picture(found: Row, held: Mapping[str, Any] | None = None) -> Document:
    """The natural picture of a sweep's document (`sweeps.swept`): "lines" over one numeric axis, a "map" over
    two, "dots" over none.

    Axes that find no place are held at one value each: `choices` names them, `held` chooses. Rows that differ
    in their seed alone are pooled: median, 5 % and 95 % of their medians.

    Raises `InputError` for a held value that was not swept.
    """
    axes: dict[str, list[Any]] = {key: list(found["axes"][key]) for key in TITLES if key in found["axes"]}
    numeric = [key for key in NUMERIC if key in axes]
    named = [key for key in NAMED if key in axes]
    lines = len(numeric) == 1 and _count(axes, named) <= MOST_LINES
    if len(numeric) >= 2:
        drawn, series = numeric[:2], []
    else:
        drawn, series = numeric, named
    others = [key for key in axes if key not in (*drawn, *series, "seed")]
    choices = _held({key: axes[key] for key in others}, found["rows"], held or {})
    rows = [row for row in found["rows"] if all(row[key] == value for key, value in choices.items())]
    shown: Document = {
        "kind": "dots" if not drawn else "lines" if lines else "map",
        "choices": [{"key": key, "title": TITLES[key], "values": axes[key]} for key in others],
        "held": choices,
        "series": [],
        "cells": [],
    }
    for place, key in zip("xy", drawn, strict=False):
        shown[place] = {"key": key, "title": TITLES[key], "values": sorted(axes[key])}
    if shown["kind"] == "map":
        _map(shown, rows, series, axes)
    else:
        shown["series"] = _series(shown, rows, series, axes)
        shown["called"] = "activations" if series == ["activation"] else "settings"
    shown["place"], shown["last"] = _called(found)
    shown["finding"] = sentence(shown, found)
    if shown["kind"] == "map":
        _thinned(shown)
    return shown


def _count(axes: Mapping[str, Sequence[Any]], keys: Sequence[str]) -> int:
    return len(list(product(*(axes[key] for key in keys))))


def _held(axes: Mapping[str, Sequence[Any]], rows: Sequence[Row], held: Mapping[str, Any]) -> dict[str, Any]:
    """The chosen value of each axis; the others stand in the middle, or where there is something to show."""
    for key, value in held.items():
        if value not in axes.get(key, ()):
            legal = ", ".join(map(str, axes.get(key, ())))
            raise InputError(f"{key} = {str(value)[:40]}: cannot be held (legal: {legal[:200] or 'none'})")
    middle = {key: values[(len(values) - 1) // 2] for key, values in axes.items()} | dict(held)
    fit = [row for row in rows if row["error"] is None and all(row[key] == held[key] for key in held)]
    if not fit or any(all(row[key] == value for key, value in middle.items()) for row in fit):
        return middle
    return {key: fit[0][key] for key in axes}


def _name(row: Row, keys: Sequence[str]) -> str:
    return ", ".join(str(row[key]) for key in keys)


def _series(
    shown: Document, rows: Sequence[Row], keys: Sequence[str], axes: Mapping[str, Any]
) -> list[Document]:
    """One line, or one dot, for each combination of names, in the order of the grid."""
    across = shown["x"]["key"] if "x" in shown else None
    options = {
        ", ".join(map(str, names)): dict(zip(keys, names, strict=True))
        for names in product(*(axes[key] for key in keys))
    }
    groups: dict[str, dict[Any, list[Row]]] = {name: {} for name in options}
    for row in rows:
        groups[_name(row, keys)].setdefault(row[across] if across else 0, []).append(row)
    return [
        {
            "name": name,
            "options": options[name],
            "points": [{"x": x, **_pooled(points[x])} for x in sorted(points)],
        }
        for name, points in groups.items()
        if points
    ]


def _map(shown: Document, rows: Sequence[Row], names: Sequence[str], axes: Mapping[str, Any]) -> None:
    """A cell for each pair; names stand upwards where there are too many of them for lines."""
    if "y" not in shown:
        upwards = [", ".join(map(str, one)) for one in product(*(axes[key] for key in names))]
        shown["y"] = {"key": None, "title": ", ".join(TITLES[key] for key in names), "values": upwards}
    across, up = shown["x"], shown["y"]
    cells: dict[tuple[Any, Any], list[Row]] = {}
    for row in rows:
        place = row[across["key"]], row[up["key"]] if up["key"] else _name(row, names)
        cells.setdefault(place, []).append(row)
    for (x, y), same in cells.items():
        pooled = _pooled(same)
        value = pooled["median"]
        shown["cells"].append(
            {
                "x": x,
                "y": y,
                "log10": value,
                "holds": value is not None and abs(value) <= 1,
                "mark": pooled["mark"],
                "says": pooled["why"] or _fate(value),
            }
        )


def _thinned(shown: Document) -> None:
    """Leaves of a fine map what can be seen."""
    for place in "xy":
        values = shown[place]["values"]
        shown[place]["values"] = values[:: -(-len(values) // MOST_CELLS)]
    kept = set(product(shown["x"]["values"], shown["y"]["values"]))
    shown["cells"] = [cell for cell in shown["cells"] if (cell["x"], cell["y"]) in kept]


def _pooled(rows: Sequence[Row]) -> Document:
    """One point out of the rows of its seeds: a failed one counts for nothing, an exact zero is below all."""
    good = [row for row in rows if row["error"] is None]
    nothing = dict.fromkeys(("median", "q05", "q95", "predicted", "bound"))
    count = {"rows": len(good)}
    if not good:
        return {**nothing, **count, "mark": "missing", "why": f"failed: {rows[0]['error']}"}
    if len(good) == 1:
        row = good[0]
        mark = "zero" if row["median"] is None else None
        return {
            **{key: row[key] for key in nothing},
            **count,
            "mark": mark,
            "why": "exactly zero" if mark else "",
        }
    known = sorted(row["median"] for row in good if row["median"] is not None)
    if 2 * len(known) <= len(good):
        return {**nothing, **count, "mark": "zero", "why": "exactly zero"}
    low, *_, high = quantiles(known, n=20, method="inclusive") if len(known) > 1 else known * 2
    rest = {key: _median([row[key] for row in good]) for key in ("predicted", "bound")}
    return {"median": median(known), "q05": low, "q95": high, **rest, **count, "mark": None, "why": ""}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _number(log10: float | None) -> float:
    """The logarithm of an exact zero as a number."""
    return -math.inf if log10 is None else log10


def _fate(log10: float | None) -> str:
    log10 = _number(log10)
    return "vanishes" if log10 < -1 else "explodes" if log10 > 1 else "holds"


def sentence(shown: Row, found: Row) -> str:
    """What the picture shows, in one sentence from its numbers; powers of ten as 10^-4.2."""
    says = {"lines": _of_lines, "map": _of_map, "dots": _of_dots}[shown["kind"]](shown)
    if says is None:
        return "No point of this sweep has a gradient to show."
    held = ", ".join(_at(key, value) for key, value in shown["held"].items())
    above = sum(row["violations"] or 0 for row in found["rows"])
    against = f"; {above} measured values lie above their worst-case bound: a contradiction" if above else ""
    return f"{f'{held}: {says}' if held else says[0].upper() + says[1:]}{against}."


def _called(found: Row) -> tuple[str, str]:
    """What the gradient is measured at, first and last: layers, or steps where every net is recurrent."""
    kinds = found["axes"].get("architecture") or [found.get("fixed", {}).get("architecture", "mlp")]
    return ("layer 1", "layer L") if "mlp" in kinds else ("step 1", "step T")


def _at(key: str, value: Any) -> str:
    """A value of an axis, called by the axis's letter where it is a number."""
    return f"{TITLES[key].split()[-1]} = {value:g}" if key in NUMERIC else str(value)


def _known(series: Row) -> list[Row]:
    """The points that say how the gradient fares: those with a size, and exact zeros."""
    return [point for point in series["points"] if point["median"] is not None or point["mark"] == "zero"]


def _of_lines(shown: Row) -> str | None:
    series = [one for one in shown["series"] if _known(one)]
    if not series:
        return None
    axis = shown["x"]
    span = f"as {axis['title'].split()[-1]} goes from {axis['values'][0]:g} to {axis['values'][-1]:g}"
    courses: dict[str, list[tuple[float, str]]] = {}
    for one in series:
        course, value, where = _course(one)
        courses.setdefault(course, []).append(
            (value, f"{where} ({one['name']})" if len(shown["series"]) > 1 else where)
        )
    parts = [f"{course} {_some(where)}" for course, where in courses.items()]
    return f"{span}, the gradient that reaches {shown['place']} {'; it '.join(parts)}"


def _some(places: Sequence[tuple[float, str]]) -> str:
    """All of a few; of many the two ends."""
    if len(places) <= FEW:
        return ", ".join(text for _, text in places)
    return f"{min(places)[1]} … {max(places)[1]}"


def _course(one: Row) -> tuple[str, float, str]:
    """What a line does, and where, as a number and in words; it turns where it is nearest to 10^0."""
    points = _known(one)
    first, last = points[0]["median"], points[-1]["median"]
    fates = [
        (fate, next(same)["x"]) for fate, same in groupby(points, key=lambda point: _fate(point["median"]))
    ]
    names, starts = [fate for fate, _ in fates], [start for _, start in fates]
    if len(fates) == 1:
        return f"{names[0]} throughout:", _number(first), f"{_power(first)} to {_power(last)}"
    if {names[0], names[-1]} == {"vanishes", "explodes"} and len(fates) <= 3:
        near = min(points, key=lambda point: abs(_number(point["median"])))
        return f"turns from {GERUND[names[0]]} to {GERUND[names[-1]]} near", near["x"], f"{near['x']:g}"
    if len(fates) == 2:
        return f"{names[0]} first and {names[1]} from", starts[1], f"{starts[1]:g} on"
    return "goes from", _number(first), f"{_power(first)} to {_power(last)}"


def _of_map(shown: Row) -> str | None:
    cells = [cell for cell in shown["cells"] if cell["mark"] in (None, "zero")]
    if not cells:
        return None
    fates = [_fate(cell["log10"]) for cell in cells]
    counted = [(fates.count(fate), fate) for fate in ("vanishes", "holds", "explodes")]
    told = [f"{fate} at {number:,}" for number, fate in counted if number]
    told[0] += f" of {len(cells):,} points"
    least, most = (pick(cells, key=lambda cell: _number(cell["log10"])) for pick in (min, max))
    return (
        f"the gradient that reaches {shown['place']} {', '.join(told)}: from {_power(least['log10'])} of its "
        f"size at {shown['last']} ({_place(shown, least)}) to {_power(most['log10'])} ({_place(shown, most)})"
    )


def _place(shown: Row, cell: Row) -> str:
    return ", ".join(_at(axis["key"], cell[place]) for place, axis in (("x", shown["x"]), ("y", shown["y"])))


def _of_dots(shown: Row) -> str | None:
    dots = [(one["name"], points[0]["median"]) for one in shown["series"] if (points := _known(one))]
    if not dots:
        return None
    if len(dots) == 1:
        whose = f" of {dots[0][0]}" if dots[0][0] else ""
        value = dots[0][1]
        size = f"at {shown['place']} it is {_power(value)} of its size at {shown['last']}"
        return f"the gradient{whose} {_fate(value)}: {size}"
    dots.sort(key=lambda dot: abs(_number(dot[1])))
    (best, least), (worst, most) = dots[0], dots[-1]
    return (
        f"of {len(dots)} {shown['called']} {best} keeps the gradient best and {worst} worst: "
        f"{_power(least)} and {_power(most)} of its size at {shown['last']} reach {shown['place']}"
    )


def _power(log10: float | None) -> str:
    return "exactly 0" if log10 is None else f"10^{log10:.1f}"
