"""A worker process of a local sweep: `python -m symgrad.runs.sweeps.serve`. It ends when its client does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symgrad.runs.serving import serve_parent

__all__ = ["main"]


def _ready() -> None:
    import symgrad.runs.sweeps.work  # noqa: F401


def _call(function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    from symgrad.runs.sweeps import work

    functions: dict[str, Callable[..., dict[str, Any]]] = {"measured": work.measured, "slope": work.slope}
    return functions[function](**arguments)


def main() -> None:
    """Answers requests on standard input until that closes."""
    serve_parent(_call, _ready)


if __name__ == "__main__":
    main()
