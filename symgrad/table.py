"""What tables in the terminal are made of."""

from __future__ import annotations

from rich.table import Table

__all__ = ["number", "table"]


def number(value: float | None) -> str:
    """Four digits."""
    return "none" if value is None else f"{value:.4g}"


def table(*columns: str) -> Table:
    """An empty table with these columns."""
    made = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made
