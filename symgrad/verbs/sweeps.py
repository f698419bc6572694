"""Sweeps: a simulation over a grid, run into a folder; what it holds, and what a grid would cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document
from symgrad.verbs.sweep_bands import banded
from symgrad.verbs.sweep_findings import TITLES, picture

if TYPE_CHECKING:
    from symgrad.runs.sweeps import Spec, Status

__all__ = ["MOST_ROWS", "rows_file", "sweep", "sweep_plan", "sweep_preview", "swept"]

MOST_ROWS = 2_000
"""Rows, and failures, that a document holds; the Parquet files hold all."""
RESULTS = {
    "median": "log10_front_factor_median",
    "q05": "log10_front_factor_q05",
    "q95": "log10_front_factor_q95",
    "violations": "violations",
    "error": "error",
}


def sweep(
    spec: str | Path | Mapping[str, Any] | Spec,
    folder: str | Path,
    scheduler: str | None = None,
    workers: int | None = None,
    progress: Callable[[Status], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Document:
    """Measures every point of a grid into a folder, and goes on where an earlier call on it was stopped.

    `spec` is the path of a TOML file, or its two tables as a mapping {"fixed": {…}, "grid": {…}} whose keys
    are the options of `simulate`. `scheduler` is the address of a Dask scheduler ("tcp://…"); without it
    `workers` local processes work (default: one for each core). `progress` is called with the status after
    each batch, `cancelled` asked often: once it says True the workers are ended and the status says so.

    The document: `points`, `done` (measured), `failed` (recorded with a reason), `folder`, `state`,
    `seconds`, and what `swept` says but for the picture. Every row: `pandas.read_parquet(f"{folder}/parts")`.

    Raises `InputError` on a spec, a folder or a scheduler that cannot be used.
    """
    from symgrad.runs import sweeps

    status = sweeps.run(_spec(spec), Path(folder), scheduler, workers, progress, cancelled)
    found = swept(folder)
    del found["picture"]
    return {**found, "state": status.state}


def swept(folder: str | Path, held: Mapping[str, Any] | None = None, upto: int | None = None) -> Document:
    """What lies in the folder of a sweep now: status, `axes` (option → values, those with more than one),
    `fixed`, `rows` and `failures` (at most 2,000 each), `measured_values` and how many `violations` of their
    worst-case bounds are among them, `picture` (`sweep_findings.picture`) and its `finding`.

    `held` fixes axes that find no place in the picture; `upto` changes nothing, but lets a caller that
    remembers answers ask again once more points are there. Raises `InputError` where there is no sweep.
    """
    from symgrad.runs import sweeps

    place = Path(folder)
    spec = sweeps.read(place)
    return {**sweeps.status(place).document(), "folder": str(place)} | _found(spec, sweeps.table(place), held)


def sweep_preview(text: str, held: Mapping[str, Any] | None = None) -> Document:
    """The sweep that a TOML text describes, measured at once without a folder; keys as of `swept`."""
    from symgrad.runs import sweeps

    spec = sweeps.Spec.parse(text)
    found = _found(spec, sweeps.measured(spec), held)
    return {"points": spec.points, "done": spec.points - found["failed"], **found}


def sweep_plan(text: str) -> Document:
    """What a TOML text asks for before it is run: `points`, `seconds` it should take here, `axes`, `fixed`,
    and `text`, the spec as it will be kept. Raises `InputError` naming what cannot be used.
    """
    from symgrad.runs import sweeps

    spec = sweeps.Spec.parse(text)
    return {
        "points": spec.points,
        "seconds": float(sweeps.estimate(spec)),
        "axes": _axes(spec),
        "fixed": _fixed(spec),
        "text": spec.text(),
    }


def rows_file(folder: str | Path, kind: str) -> bytes:
    """All rows of a folder as one file: "parquet" with every column, "csv" with those that hold one value,
    "toml" the spec alone. Raises `InputError` on another kind, and where there is no sweep.
    """
    from symgrad.runs import sweeps

    place = Path(folder)
    if kind == "toml":
        return sweeps.read(place).text().encode()
    if kind == "parquet":
        import pyarrow.parquet

        held = io.BytesIO()
        pyarrow.parquet.write_table(sweeps.table(place), held)
        return held.getvalue()
    if kind != "csv":
        raise InputError(f"kind {kind!r} is not known (legal: csv, parquet, toml)")
    table = sweeps.table(place)
    single = [field.name for field in table.schema if not str(field.type).startswith("list")]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(single)
    writer.writerows(map(_cell, row.values()) for row in table.select(single).to_pylist())
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a leading quote."""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


def _spec(given: str | Path | Mapping[str, Any] | Spec) -> Spec:
    from symgrad.runs.sweeps import Spec

    if isinstance(given, Spec):
        return given
    return Spec.from_mapping(given) if isinstance(given, Mapping) else Spec.read(Path(given))


def _axes(spec: Spec) -> dict[str, list[Any]]:
    return {key: list(spec.grid[key]) for key in TITLES if len(spec.grid.get(key, ())) > 1}


def _fixed(spec: Spec) -> dict[str, Any]:
    """All that is held fixed, defaults included."""
    swept = _axes(spec)
    return {key: value for key, value in spec.point(0).items() if key not in swept}


def _found(spec: Spec, table: Any, held: Mapping[str, Any] | None) -> Document:
    import pyarrow.compute as pc

    axes = _axes(spec)
    rows = _rows(table, list(axes))
    failures = [row for row in rows if row["error"] is not None]
    found: Document = {"axes": axes, "fixed": _fixed(spec), "failed": len(failures), "rows": rows}
    good = pc.is_null(table["error"])
    values = pc.multiply(table["seeds"], table["depth"]).filter(good)
    found["measured_values"] = int(pc.sum(values).as_py() or 0)
    found["violations"] = int(pc.sum(table["violations"]).as_py() or 0)
    found["bounded"] = any(row["bound"] is not None for row in rows)
    drawn = picture(found, held)
    banded(drawn, found["fixed"])
    return {
        **found,
        "rows": rows[:MOST_ROWS],
        "failures": [{key: row[key] for key in ("point", *axes, "error")} for row in failures[:MOST_ROWS]],
        "picture": drawn,
        "finding": drawn["finding"],
    }


def _rows(table: Any, axes: list[str]) -> list[Document]:
    """What a picture and a table need of each point: its place, the gradient at layer 1 over that at layer L
    (log10, over seeds), what the bound allows and the length map predicts for it, violations, error.
    """
    import numpy as np

    columns = {key: table[key].to_pylist() for key in ("point", *axes)}
    columns |= {key: table[column].to_pylist() for key, column in RESULTS.items()}
    columns["bound"] = _first_over_last(table["log10_bound"].combine_chunks())
    columns["predicted"] = [
        None if slope is None else slope * (depth - 1) / float(np.log(10))
        for slope, depth in zip(table["slope_predicted"].to_pylist(), table["depth"].to_pylist(), strict=True)
    ]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _first_over_last(lists: Any) -> list[float | None]:
    """Of each list of logarithms the first less the last; None where there is none. Only the ends are made
    Python numbers: a million rows may hold a hundred layers each.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    last = pc.subtract(pc.cumulative_sum(lengths), 1)
    first = pc.add(pc.subtract(last, lengths), 1)
    some, nothing = pc.greater(lengths, 0), pa.scalar(None, pa.int32())
    ends = [pc.take(pc.list_flatten(lists), pc.if_else(some, place, nothing)) for place in (first, last)]
    return list(pc.subtract(*ends).to_pylist())
