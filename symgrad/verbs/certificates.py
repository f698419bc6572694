"""Questions about certificates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of

__all__ = ["certificate", "certificates", "check", "text_of"]


def certificate(activation: str, settings: Settings | None = None) -> Document:
    """The certificate of the range of φ′, under "certificate".

    Raises `InputError` where the range is not proved, so that there is nothing to certify.
    """
    from symgrad.symbolic.letters import x
    from symgrad.symbolic.ranges import certificate as writing
    from symgrad.theory.activations import slope_range

    entry = entry_of(activation, settings)
    try:
        found = writing.certificate(entry.expression, x, dict(entry.parameters), slope_range(entry))
    except NotImplementedError as reason:
        raise InputError(
            f"{entry.name}: there is no certificate, for the range is not proved ({reason})"
        ) from None
    return {"activation": entry.name, "certificate": found}


def certificates(out: str, names: Sequence[str] = ()) -> Document:
    """Writes NAME.json into a folder for all registered activations, or for the named ones.

    Raises `InputError` for a name that is not registered, and where the folder cannot be written.
    """
    from symgrad.files import stored
    from symgrad.theory.activations import ACTIVATIONS

    unknown = sorted(set(names) - set(ACTIVATIONS))
    if unknown:
        raise InputError(f"activation {unknown[0][:40]!r} is not registered (legal: see `symgrad list`)")
    files = {
        f"{name}.json": text_of(certificate(name)["certificate"]).encode() for name in names or ACTIVATIONS
    }
    return {"files": stored(files, Path(out))}


def text_of(certificate: Mapping[str, Any]) -> str:
    """The JSON of a certificate, one line for each field, cut and interval."""
    rows = []
    for key, value in certificate.items():
        if isinstance(value, list) and value:
            inner = ",\n".join(f"  {json.dumps(entry, ensure_ascii=False)}" for entry in value)
            rows.append(f" {json.dumps(key)}: [\n{inner}\n ]")
        else:
            rows.append(f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(rows) + "\n}\n"


def check(file: str) -> Document:
    """Whether the checker accepts the certificate in a file, and why.

    Raises `InputError` where there is no such file, or no JSON in it.
    """
    from symgrad.verify import certificates

    verdict = certificates.check(certificates.load(file))
    return {"file": file, "accepted": verdict.accepted, "why": verdict.why}
