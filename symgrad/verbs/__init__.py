"""What symgrad can be asked, in plain arguments, answered in plain documents.

The command line, the app and the worker process all speak this one language; SymPy objects never leave the
process that made them. Each verb raises `InputError`, one plain line, on input that cannot be used. Imports
are inside the verbs, so that one that needs no SymPy does not load it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from symgrad.errors import InputError
from symgrad.verbs.activations import bound, curve, derive
from symgrad.verbs.asked import Document, canonical
from symgrad.verbs.derivations import export, file, listing, show, verify
from symgrad.verbs.nets import decay, simulate

__all__ = [
    "VERBS",
    "bound",
    "call",
    "curve",
    "derive",
    "export",
    "file",
    "listing",
    "show",
    "simulate",
    "verify",
]


@dataclass(frozen=True)
class Verb:
    """A verb and whether its document is worth keeping on disk: symbolic work is, a simulation is not."""

    run: Callable[..., Document]
    kept: bool


VERBS: dict[str, Verb] = {
    "list": Verb(listing, False),
    "derive": Verb(derive, True),
    "bound": Verb(bound, True),
    "show": Verb(show, True),
    "curve": Verb(curve, True),
    "decay": Verb(decay, True),
    "simulate": Verb(simulate, False),
    "verify": Verb(verify, False),
    "export": Verb(export, False),
    "file": Verb(file, True),
}


def call(verb: str, arguments: Mapping[str, Any], use_cache: bool = True) -> Document:
    """The document of a verb; one that is kept comes from the disk when it is there."""
    if verb not in VERBS:
        raise InputError(f"{verb!r} is not a verb (legal: {', '.join(VERBS)})")
    chosen = VERBS[verb]
    if not (chosen.kept and use_cache):
        return chosen.run(**arguments)
    from symgrad.runs.cache import remember

    return remember([verb, canonical(arguments)], lambda: chosen.run(**arguments))
