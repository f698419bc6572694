"""Every derivation by its key: those written in the subject files of this folder, and one for each
activation.
"""

from __future__ import annotations

import importlib
import pkgutil

import symgrad.theory
from symgrad.errors import InputError
from symgrad.theory.activation_derivative import activation_entry
from symgrad.theory.activations import CORE
from symgrad.theory.entry import Entry

__all__ = ["DERIVATIONS", "entry"]


def _collect() -> dict[str, Entry]:
    found: list[Entry] = []
    for module in pkgutil.iter_modules(symgrad.theory.__path__, "symgrad.theory."):
        if not module.ispkg and module.name != __name__:
            found += [
                value
                for value in vars(importlib.import_module(module.name)).values()
                if isinstance(value, Entry)
            ]
    found.sort(key=lambda e: SUBJECTS.index(e.subject))
    found += [activation_entry(activation) for activation in CORE.values()]
    keys = [e.key for e in found]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key stands twice: {sorted(k for k in keys if keys.count(k) > 1)}")
    return {e.key: e for e in found}


SUBJECTS = ("learning", "depth", "conditions", "arithmetic", "propagation", "activations")
"""The order in which a reader meets the subjects."""

DERIVATIONS: dict[str, Entry] = _collect()


def entry(key: str) -> Entry:
    """The derivation of that key; raises `InputError` naming what is close to it."""
    if key not in DERIVATIONS:
        raise InputError(f"derivation {key!r} is not known (legal: {', '.join(DERIVATIONS)})")
    return DERIVATIONS[key]
