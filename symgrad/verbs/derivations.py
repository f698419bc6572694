"""Questions about derivations: what there is, one of them, its verdicts, its files."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.verbs.asked import Document

if TYPE_CHECKING:
    from symgrad.symbolic.derivation import Derivation

__all__ = ["export", "file", "listing", "show", "verify"]


def listing() -> Document:
    """The names of activations, derivations and architectures."""
    from symgrad.numeric.architectures import ARCHITECTURES
    from symgrad.theory.activations import ACTIVATIONS, CORE, FAMILIES
    from symgrad.theory.registry import DERIVATIONS

    return {
        "activations": list(ACTIVATIONS),
        "core": list(CORE),
        "families": {family: [entry.name for entry in entries] for family, entries in FAMILIES.items()},
        "derivations": [{"key": e.key, "title": e.title, "subject": e.subject} for e in DERIVATIONS.values()],
        "architectures": list(ARCHITECTURES),
    }


def show(key: str) -> Document:
    """One derivation: assumptions, checked steps, conclusion, sources, its LaTeX document."""
    from symgrad.documents import derivation_document
    from symgrad.present import latex
    from symgrad.theory.registry import entry

    derivation = entry(key)()
    return {**derivation_document(derivation), "latex": latex.document(derivation)}


def verify(keys: Sequence[str] = (), seed: int = 0, thorough: bool = False) -> Document:
    """Every claim of the derivations named (default: of all), judged on concrete nets."""
    from symgrad.theory.registry import DERIVATIONS, entry
    from symgrad.verify import judge

    if seed < 0:
        raise InputError(f"seed {seed}: legal are whole numbers from 0 on")
    chosen = [entry(key) for key in keys] or list(DERIVATIONS.values())
    claims = [claim for derivation in chosen for claim in derivation().claims]
    verdicts = [judge(claim, seed=seed, thorough=thorough) for claim in claims]
    counts = {word: sum(v.verdict == word for v in verdicts) for word in ("PASS", "FAIL", "UNDECIDED")}
    return {
        "passed": counts["PASS"],
        "failed": counts["FAIL"],
        "undecided": counts["UNDECIDED"],
        "seed": seed,
        "claims": [
            {"key": v.key, "verdict": v.verdict, "margin": v.margin, "evidence": v.evidence, "seed": v.seed}
            for v in verdicts
        ],
    }


def export(
    keys: Sequence[str] = (),
    formats: Sequence[str] = ("tex", "md"),
    out: str = "derivations",
    book: bool = False,
) -> Document:
    """Writes the derivations named (default: all) as files; nothing is left half-written."""
    from symgrad.files import written
    from symgrad.theory.registry import DERIVATIONS, entry

    chosen = [entry(key) for key in keys] or list(DERIVATIONS.values())
    return {"files": written([e() for e in chosen], formats, Path(out), book, _picture)}


def file(key: str, kind: str) -> Document:
    """One derivation as a file of that format, base64 in "content" (for a download)."""
    from symgrad.files import rendered
    from symgrad.theory.registry import entry

    name, content = rendered(entry(key)(), kind, _picture)
    return {"name": name, "content": base64.b64encode(content).decode("ascii")}


def _picture(derivation: Derivation) -> Document:
    """The document that a derivation's chart is drawn from."""
    from symgrad.verbs import VERBS  # the table is made after this module

    arguments = dict(derivation.picture)
    verb = arguments.pop("verb")
    return {"verb": verb, **VERBS[verb].run(**arguments)}
