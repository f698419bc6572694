"""The folder of a sweep: `sweep.toml` (the spec), `program.json` (what measures it), `slopes.json`,
`parts/*.parquet` (one file a batch, named after its first point), `progress.json`, `lock`.

Every file is written aside, forced to the disk and renamed: at any moment it is whole or not there. One
process writes at a time, the one that holds the lock. Nothing outside the folder is opened, no link followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.runs.crew.lock import LOCK
from symgrad.runs.crew.program import PROGRAM, same_program
from symgrad.runs.crew.status import PROGRESS
from symgrad.runs.crew.written import check_links, clear, replace
from symgrad.runs.sweeps.spec import DEFAULTS, Spec

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["begin", "finished_points", "read_spec", "table", "tabulated", "write_part"]

SPEC, SLOPES, PARTS = "sweep.toml", "slopes.json", "parts"
ROOMS = ("numeric", "symbolic", "theory", "runs/sweeps")
"""The folders of symgrad that decide what is in a row."""
FILES = (SPEC, PROGRAM, SLOPES, PROGRESS, LOCK, PARTS)


def begin(folder: Path, spec: Spec) -> None:
    """Makes the folder this sweep's, or finds that it is, and clears what a killed process left half-written.

    The caller holds the lock. Raises `InputError` where the folder belongs to another spec, or was begun by
    another version of the program: which rows are whose could not be told.
    """
    check_links(folder, FILES)
    if (folder / SPEC).exists():
        there = read_spec(folder)
        if there != spec:
            raise InputError(f"{folder} holds another sweep: {_difference(there, spec)}; take another folder")
    elif (folder / PARTS).exists():
        raise InputError(f"{folder} has a folder {PARTS} and no {SPEC}: it is not a sweep's; take another")
    else:
        replace(folder / SPEC, spec.text().encode())
    (folder / PARTS).mkdir(exist_ok=True)
    clear(folder, folder / PARTS)
    same_program(folder, ROOMS, results=any(_parts(folder)))


def read_spec(folder: Path | str) -> Spec:
    """The spec of a folder, whose activations were read when it began; raises `InputError` where there is
    none.
    """
    folder = Path(folder)
    check_links(folder, FILES)
    if not (folder / SPEC).is_file():
        raise InputError(f"{folder} holds no sweep: there is no {SPEC}")
    return Spec.read(folder / SPEC, activations=False)


def _difference(there: Spec, here: Spec) -> str:
    """The first option that differs."""
    key = next(key for key in DEFAULTS if there.axes[key] != here.axes[key])
    first, second = (json.dumps(spec.axes[key], ensure_ascii=False) for spec in (there, here))
    return f"its {key} is {first[:80]}, not {second[:80]}"


def schema() -> pa.Schema:
    """The columns of a part: number and options of a point, its results, why it failed."""
    import pyarrow as pa

    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}
    quantiles = ("median", "q05", "q95")
    logs = pa.list_(pa.float64())
    return pa.schema(
        [
            ("point", pa.int64()),
            *((key, kinds[type(default)]) for key, default in DEFAULTS.items()),
            *((f"log10_gradient_{name}", logs) for name in quantiles),
            ("log10_bound", logs),
            *((f"log10_front_factor_{name}", pa.float64()) for name in quantiles),
            ("violations", pa.int64()),
            ("slope_measured", pa.float64()),
            ("slope_predicted", pa.float64()),
            ("error", pa.string()),
        ]
    )


def tabulated(spec: Spec, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows of results under the numbers of their points, with the points' options, sorted by number."""
    import pyarrow as pa

    ordered = sorted(rows, key=lambda row: int(row["point"]))
    return pa.Table.from_pylist([{**spec.point(row["point"]), **row} for row in ordered], schema())


def write_part(folder: Path, spec: Spec, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the rows of a batch as one file. Raises OSError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.BufferOutputStream()
    pq.write_table(tabulated(spec, rows), content)
    first = min(row["point"] for row in rows)
    replace(folder / PARTS / f"{first:07d}.parquet", content.getvalue().to_pybytes())


def finished_points(folder: Path) -> tuple[list[int], int]:
    """The points that are recorded, and how many of them failed. Raises `InputError` on a damaged file."""
    points: list[int] = []
    failed = 0
    for path in _parts(folder):
        part = _read(path, ["point", "error"])
        points += part["point"].to_pylist()
        failed += len(part) - part["error"].null_count
    if len(set(points)) != len(points):
        raise InputError(f"{folder / PARTS}: a point stands in two files; take another folder")
    return points, failed


def table(folder: Path | str) -> pa.Table:
    """Every row there is, sorted by point. Raises `InputError` where there is no sweep or a damaged file."""
    import pyarrow as pa

    read_spec(folder)
    parts = [_read(path) for path in _parts(Path(folder))]
    return pa.concat_tables([schema().empty_table(), *parts]).sort_by("point").combine_chunks()


def _parts(folder: Path) -> list[Path]:
    return sorted((folder / PARTS).glob("*.parquet"))


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.is_symlink():
        raise InputError(f"{path} is a link: nothing outside the folder is opened")
    try:
        found = pq.ParquetFile(path).read(columns)
        if not found.schema.equals(
            schema() if columns is None else pa.schema([schema().field(c) for c in columns])
        ):
            raise InputError(
                f"{path} has other columns than a sweep's: remove it, and its points are measured again"
            )
    except (OSError, pa.ArrowException) as error:
        why = str(error).strip().split("\n")[0][:200]
        raise InputError(
            f"{path} cannot be read ({why}): remove it, and its points are measured again"
        ) from None
    return found
