"""A verb within its limits: the whole answer, or in time what is known, labelled as such."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symgrad.errors import FaultError, LimitError, MemoryLimitError, TimeLimitError, UnsolvedError
from symgrad.runs.cache import recall
from symgrad.runs.pool import Pool
from symgrad.verbs import VERBS, key
from symgrad.verbs.asked import Document
from symgrad.verbs.sketch import SKETCHES, STAGES

__all__ = ["limited"]

REASONS: dict[type[Exception], str] = {
    TimeLimitError: "limit",
    MemoryLimitError: "limit",
    UnsolvedError: "unsolved",
    FaultError: "fault",
}
SKETCH_LIMIT = 2.0
"""Seconds for each stage of a sketch."""


def limited(
    pool: Callable[[], Pool],
    verb: str,
    arguments: Mapping[str, Any],
    timeout: float | None = None,
    use_cache: bool = True,
) -> Document:
    """The document of the verb, from the disk where it is there: `pool` is then not even made.

    After `timeout` seconds (default: the verb's own limit), beyond the verb's memory or where symgrad itself
    fails it is a sketch with "complete" false, "why" and "reason": limit, unsolved or fault.

    Raises `InputError`; `LimitError` or `FaultError` where nothing is known in time, not even the expression.
    """
    chosen = VERBS[verb]
    stored = recall(key(verb, arguments)) if chosen.kept and use_cache else None
    if stored is not None:
        return stored
    workers = pool()
    try:
        return workers.call(verb, arguments, timeout or chosen.limit, chosen.memory_gib)
    except (LimitError, FaultError) as error:
        if verb not in SKETCHES:
            raise
        reached = error
    for stage in STAGES:
        asked = {"verb": verb, "arguments": dict(arguments), "why": str(reached), "stage": stage}
        try:
            known = workers.call("sketch", asked, SKETCH_LIMIT, chosen.memory_gib)
        except (LimitError, FaultError):  # less may still be known
            continue
        return {**known, "reason": REASONS[type(reached)]}
    raise reached
