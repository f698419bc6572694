"""Questions about certificates."""

from __future__ import annotations

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of

__all__ = ["certificate", "check"]


def certificate(activation: str, settings: Settings | None = None) -> Document:
    """The certificate of the range of φ′, under "certificate".

    Raises `InputError` where the range is not proved, so that there is nothing to certify.
    """
    from symgrad.symbolic import certificate as writing
    from symgrad.symbolic.letters import x
    from symgrad.theory.activations import slope_range

    entry = entry_of(activation, settings)
    try:
        found = writing.certificate(entry.expression, x, dict(entry.parameters), slope_range(entry))
    except NotImplementedError as reason:
        raise InputError(
            f"{entry.name}: there is no certificate, for the range is not proved ({reason})"
        ) from None
    return {"activation": entry.name, "certificate": found}


def check(file: str) -> Document:
    """Whether the checker accepts the certificate in a file, and why.

    Raises `InputError` where there is no such file, or no JSON in it.
    """
    from symgrad.verify import certificates

    verdict = certificates.check(certificates.load(file))
    return {"file": file, "accepted": verdict.accepted, "why": verdict.why}
