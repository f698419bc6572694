"""Numbers as a table of columns in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["columns_csv"]

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet would work out."""


def columns_csv(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Columns of one length, each under its name; what is null is an empty cell, and a text that a
    spreadsheet would take for a formula gets a quote in front."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows([_safe(value) for value in row] for row in zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
