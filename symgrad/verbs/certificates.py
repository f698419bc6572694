"""Questions about certificates."""

from __future__ import annotations

from symgrad.verbs.asked import Document

__all__ = ["check"]


def check(file: str) -> Document:
    """Whether the checker accepts the certificate in a file, and why.

    Raises `InputError` where there is no such file, or no JSON in it.
    """
    from symgrad.verify import certificates

    verdict = certificates.check(certificates.load(file))
    return {"file": file, "accepted": verdict.accepted, "why": verdict.why}
