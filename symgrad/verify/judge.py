"""The only judge: runs a claim's measurement over its nets and says PASS, FAIL or UNDECIDED."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from numpy.random import SFC64, Generator, SeedSequence

from symgrad.errors import InputError
from symgrad.numeric.threads import one_blas_thread
from symgrad.symbolic.derivation import Claim
from symgrad.verify.measures import MEASURES, Measure
from symgrad.verify.verdict import Evidence, Verdict, combine, undecided

__all__ = ["judge", "judge_all"]


def judge(claim: Claim, seed: int = 0, thorough: bool = False) -> Verdict:
    """The verdict on one claim; the same seed gives the same verdict. `thorough` draws more nets and points.

    A claim that is refuted passes when its counterexample is confirmed. One net that fails fails the claim;
    one that is undecided, or a construct that has no ball arithmetic, leaves it undecided. Raises
    `InputError` on a measure that does not exist, on missing entries of `expects`, on a refuted claim whose
    measure confirms claims or the other way round, and on nets it cannot use.
    """
    measure = _measure(claim)
    with one_blas_thread():
        parts = [_run(measure, claim, i, seed, thorough) for i in range(max(1, len(claim.nets)))]
    found = combine(parts)
    runs = f"{len(parts)} nets, tightest: " if len(parts) > 1 and found.outcome == "PASS" else ""
    word = "refuted: " if measure.refutes and found.outcome == "PASS" else ""
    return Verdict(
        claim.key, found.outcome, found.margin, f"{word}{runs}{found.text} (margin: {measure.unit})", seed
    )


def judge_all(claims: Iterable[Claim], seed: int = 0, thorough: bool = False) -> tuple[Verdict, ...]:
    """The verdicts on several claims, in their order; a verdict does not depend on its neighbours."""
    return tuple(judge(claim, seed, thorough) for claim in claims)


def _measure(claim: Claim) -> Measure:
    if claim.measure not in MEASURES:
        raise InputError(
            f"claim {claim.key}: measure {claim.measure!r} is not known (legal: {', '.join(MEASURES)})"
        )
    measure = MEASURES[claim.measure]
    missing = [name for name in measure.expects if name not in claim.expects]
    if missing:
        raise InputError(
            f"claim {claim.key}: measure {claim.measure!r} needs expects[{', '.join(map(repr, missing))}]"
        )
    if measure.refutes != (claim.status == "refuted"):
        word = "refutes claims" if measure.refutes else "confirms claims"
        raise InputError(f"claim {claim.key}: measure {claim.measure!r} {word}, this one is {claim.status!r}")
    if measure.nets != bool(claim.nets):
        word = "needs" if measure.nets else "takes no"
        raise InputError(f"claim {claim.key}: measure {claim.measure!r} {word} nets")
    return measure


def _run(measure: Measure, claim: Claim, number: int, seed: int, thorough: bool) -> Evidence:
    stream = SeedSequence(seed, spawn_key=(zlib.crc32(claim.key.encode()), number))
    try:
        return measure.run(
            claim, claim.nets[number] if claim.nets else None, Generator(SFC64(stream)), thorough
        )
    except NotImplementedError as reason:
        return undecided(str(reason))
