"""The trainings that are shipped: what the preset "headline" found, rounded, in one file of the package.

symgrad train --preset headline --out FOLDER                                     # reproduces it
python -m symgrad.runs.training.stored FOLDER > symgrad/data/trainings.json.gz   # writes it anew
"""

from __future__ import annotations

import gzip
import json
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from symgrad.runs.training.record import Record
from symgrad.runs.training.run import records

__all__ = ["rounded", "stored"]

STORED = "data/trainings.json.gz"
DIGITS = 4


@cache
def _read() -> dict[str, Record]:
    packed = (resources.files("symgrad") / STORED).read_bytes()
    found: dict[str, Record] = json.loads(gzip.decompress(packed))
    return found


def stored() -> list[tuple[str, Record]]:
    """Name and record of each shipped training; numbers to four digits."""
    return list(_read().items())


def rounded(value: Any) -> Any:
    """Numbers to four digits, wherever they stand."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


if __name__ == "__main__":
    text = json.dumps({name: rounded(record) for name, record in records(Path(sys.argv[1]))})
    sys.stdout.buffer.write(gzip.compress(text.encode(), 9, mtime=0))
