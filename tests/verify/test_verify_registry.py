"""Every claim of every derivation stands before the judge."""

import pytest

from symgrad.theory.registry import DERIVATIONS
from symgrad.verify import judge


@pytest.mark.parametrize("key", DERIVATIONS)
def test_every_claim_passes(key):
    derivation = DERIVATIONS[key]()
    assert derivation.claims, f"{key} claims nothing that an experiment could refute"
    for claim in derivation.claims:
        verdict = judge(claim)
        assert verdict.passed, verdict


@pytest.mark.slow
@pytest.mark.parametrize("key", DERIVATIONS)
def test_every_claim_passes_thoroughly(key):
    for claim in DERIVATIONS[key]().claims:
        verdict = judge(claim, seed=1, thorough=True)
        assert verdict.passed, verdict


def test_keys_of_claims_are_unique():
    keys = [claim.key for entry in DERIVATIONS.values() for claim in entry().claims]
    assert len(set(keys)) == len(keys)
