"""Every derivation by its key: those written in the subject files of this folder and its rooms, and one for
each of the first activations; those of the rest of the atlas are made when they are asked for.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

import symgrad.theory
from symgrad.errors import InputError
from symgrad.theory.activation_derivative import activation_entry, activation_key
from symgrad.theory.activations import ACTIVATIONS, CORE
from symgrad.theory.entry import Entry

__all__ = ["DERIVATIONS", "entry"]


def _collect() -> dict[str, Entry]:
    found: list[Entry] = []
    for name in sorted(_modules(symgrad.theory), key=_place):
        members = vars(importlib.import_module(name)).values()
        entries = (member for member in members if isinstance(member, Entry))
        found += [entry for entry in entries if entry.body.__module__ == name]
    found.sort(key=lambda e: SUBJECTS.index(e.subject))
    found += [activation_entry(activation) for activation in CORE.values()]
    keys = [e.key for e in found]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key stands twice: {sorted(k for k in keys if keys.count(k) > 1)}")
    return {e.key: e for e in found}


def _modules(package: ModuleType) -> list[str]:
    walked = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [module.name for module in walked if module.name != __name__]


def _place(name: str) -> tuple[str, int]:
    """A module's place: its folder, and there where the folder's own order has it."""
    folder, _, last = name.rpartition(".")
    order = getattr(importlib.import_module(folder), "READING", ())
    return folder, order.index(last) if last in order else len(order)


SUBJECTS = (
    *("learning", "depth", "conditions", "arithmetic"),
    *("initialization", "propagation", "finite width", "spectra"),
    *("time", "gates", "remedies", "activations"),
)
"""The order in which a reader meets the subjects."""

DERIVATIONS: dict[str, Entry] = _collect()


def entry(key: str) -> Entry:
    """The derivation of that key: one of `DERIVATIONS`, or that of any registered activation, made when it
    is asked for. Raises `InputError` naming the legal ones.
    """
    return DERIVATIONS.get(key) or _of_activation(key)


@cache
def _of_activation(key: str) -> Entry:
    named = {activation_key(name): activation for name, activation in ACTIVATIONS.items()}
    if key not in named:
        legal = f"{', '.join(DERIVATIONS)}, and activation-NAME for every name of `symgrad list`"
        raise InputError(f"derivation {key!r} is not known (legal: {legal})")
    return activation_entry(named[key])
