"""Every claim of every derivation stands before the judge."""

import pytest

from symgrad.theory.registry import DERIVATIONS
from symgrad.verify import judge
from symgrad.verify.bounds import BOUNDS
from symgrad.verify.measures import DECADES, MEASURES

BOUNDED = {bound.measure for bound in BOUNDS.values()} | {"recurrent-bound"}
"""Measures of bounds that `test_recurrent_bounds` tries on random nets and on nets that climb."""


@pytest.mark.parametrize("key", DERIVATIONS)
def test_every_claim_passes(key):
    derivation = DERIVATIONS[key]()
    assert derivation.claims, f"{key} claims nothing that an experiment could refute"
    for claim in derivation.claims:
        verdict = judge(claim)
        assert verdict.passed, verdict
        if derivation.subject in ("time", "gates") and MEASURES[claim.measure].unit == DECADES:
            assert claim.measure in BOUNDED, f"{claim.key}: its bound is not in the table of bounds"


@pytest.mark.slow
@pytest.mark.parametrize("key", DERIVATIONS)
def test_every_claim_passes_thoroughly(key):
    for claim in DERIVATIONS[key]().claims:
        verdict = judge(claim, seed=1, thorough=True)
        assert verdict.passed, verdict


def test_keys_of_claims_are_unique():
    keys = [claim.key for entry in DERIVATIONS.values() for claim in entry().claims]
    assert len(set(keys)) == len(keys)
