"""Sweeps: a simulation over a grid, on this machine's cores or on a Dask cluster, into a folder from which it
goes on when it was stopped.

    spec = Spec.read(Path("SPEC.toml"))
    run(spec, "folder")                                  # or run(spec, "folder", scheduler="tcp://host:8786")
    table("folder")                                      # a pyarrow.Table, one row a point

Names are loaded when first used: only `run`, `measured` and the reading of a spec's activations load SymPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symgrad.runs.sweeps.batches import estimate
    from symgrad.runs.sweeps.spec import Spec
    from symgrad.runs.sweeps.state import Status, status
    from symgrad.runs.sweeps.store import read_spec as read
    from symgrad.runs.sweeps.store import table
    from symgrad.runs.sweeps.sweep import measured, run

__all__ = ["Spec", "Status", "estimate", "measured", "read", "run", "status", "table"]

PLACES = {
    "Spec": ("spec", "Spec"),
    "Status": ("state", "Status"),
    "estimate": ("batches", "estimate"),
    "measured": ("sweep", "measured"),
    "read": ("store", "read_spec"),
    "run": ("sweep", "run"),
    "status": ("state", "status"),
    "table": ("store", "table"),
}
"""Public name → its module and its name there."""


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = PLACES[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)
