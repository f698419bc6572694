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
from symgrad.verbs.advise import advise
from symgrad.verbs.asked import Document
from symgrad.verbs.atlas import atlas, atlas_row
from symgrad.verbs.certificates import certificate, certificates, check
from symgrad.verbs.clipping import clipping
from symgrad.verbs.derivations import export, file, listing, show, verify
from symgrad.verbs.finite_width import finite_width
from symgrad.verbs.gains import audit, gain, initialization
from symgrad.verbs.gates import gates
from symgrad.verbs.latching import latching
from symgrad.verbs.mean_field import critical, mean_field
from symgrad.verbs.memory import memory, train_memory
from symgrad.verbs.nets import decay, simulate
from symgrad.verbs.phase import pair, phase
from symgrad.verbs.sketch import parse, sketch
from symgrad.verbs.spectra import spectrum
from symgrad.verbs.spectral_radius import spectral_radius
from symgrad.verbs.sweeps import sweep, sweep_plan, sweep_preview, swept
from symgrad.verbs.training import compare, train, train_several, training, training_plan

__all__ = [
    "VERBS",
    "advise",
    "audit",
    "atlas",
    "atlas_row",
    "bound",
    "call",
    "certificate",
    "certificates",
    "check",
    "clipping",
    "compare",
    "critical",
    "curve",
    "derive",
    "export",
    "file",
    "finite_width",
    "gain",
    "gates",
    "initialization",
    "key",
    "latching",
    "listing",
    "load",
    "mean_field",
    "memory",
    "pair",
    "parse",
    "phase",
    "show",
    "simulate",
    "sketch",
    "spectral_radius",
    "spectrum",
    "sweep",
    "sweep_plan",
    "sweep_preview",
    "swept",
    "train",
    "train_memory",
    "train_several",
    "training",
    "training_plan",
    "verify",
]


SYMBOLIC_LIMIT = 10.0
LONG_LIMIT = 60.0


@dataclass(frozen=True)
class Verb:
    """A verb; whether its document is worth keeping on disk (symbolic work is, a simulation is not); the
    seconds and the memory that it is given in a worker process.
    """

    run: Callable[..., Document]
    kept: bool
    limit: float = LONG_LIMIT
    memory_gib: float = 5.0


def _symbolic(run: Callable[..., Document], kept: bool = True) -> Verb:
    return Verb(run, kept, SYMBOLIC_LIMIT, memory_gib=1.0)


VERBS: dict[str, Verb] = {
    "list": Verb(listing, False),
    "derive": _symbolic(derive),
    "bound": _symbolic(bound),
    "certificate": _symbolic(certificate),
    "certificates": Verb(certificates, False),
    "check": Verb(check, False),
    "parse": _symbolic(parse, kept=False),
    "atlas": Verb(atlas, False),
    "atlas-row": _symbolic(atlas_row),
    "show": Verb(show, True),
    "curve": _symbolic(curve),
    "gain": _symbolic(gain),
    "initialization": _symbolic(initialization),
    "audit": Verb(audit, False),
    "advise": Verb(advise, False),
    "phase": Verb(phase, False),
    "pair": Verb(pair, False),
    "mean-field": Verb(mean_field, True, 30.0),
    "critical": Verb(critical, True, 30.0),
    "decay": Verb(decay, True),
    "spectral-radius": _symbolic(spectral_radius, kept=False),
    "simulate": Verb(simulate, False),
    "finite-width": Verb(finite_width, False),
    "spectrum": Verb(spectrum, False),
    "gates": Verb(gates, False),
    "latching": Verb(latching, False),
    "clipping": Verb(clipping, False),
    "swept": Verb(swept, False),
    "memory": Verb(memory, False),
    "training": Verb(training, False),
    "compare": Verb(compare, False),
    "training-plan": _symbolic(training_plan, kept=False),
    "sweep-plan": Verb(sweep_plan, False),
    "sweep-preview": Verb(sweep_preview, True),
    "verify": Verb(verify, False),
    "export": Verb(export, False),
    "file": Verb(file, True),
    "sketch": _symbolic(sketch, kept=False),
}


def call(verb: str, arguments: Mapping[str, Any], use_cache: bool = True) -> Document:
    """The document of a verb; one that is kept comes from the disk when it is there."""
    if verb not in VERBS:
        raise InputError(f"{verb!r} is not a verb (legal: {', '.join(VERBS)})")
    chosen = VERBS[verb]
    if not (chosen.kept and use_cache):
        return chosen.run(**arguments)
    from symgrad.runs.cache import remember

    return remember(key(verb, arguments), lambda: chosen.run(**arguments))


def load() -> None:
    """Imports what symbolic questions need, so that the first of them finds it there."""
    import symgrad.documents
    import symgrad.theory.activation_derivative  # noqa: F401


def key(verb: str, arguments: Mapping[str, Any]) -> list[Any]:
    """What a document is kept under: the question as it was put, so that it is found again without SymPy."""
    return [verb, {name: value for name, value in arguments.items() if value not in (None, {})}]
