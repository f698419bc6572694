"""The judge: one true claim for every measure, repeatable draws, clear refusals."""

import dataclasses

import pytest

from symgrad.errors import InputError
from symgrad.verify import MEASURES, judge, judge_all
from tests.verify.claims import RELU, TANH, TRUE, WIDE, claim, gammas


def test_every_measure_has_a_true_claim():
    assert {one.measure for one in TRUE} == set(MEASURES)


@pytest.mark.parametrize("one", TRUE, ids=lambda one: one.measure)
def test_the_truth_passes(one):
    for seed in (0, 1):
        verdict = judge(one, seed=seed)
        assert verdict.passed, verdict
        assert verdict.margin is not None
        assert verdict.margin >= 0
        assert (verdict.key, verdict.seed) == (one.key, seed)
        assert MEASURES[one.measure].unit in verdict.evidence


@pytest.mark.slow
@pytest.mark.parametrize("one", TRUE, ids=lambda one: one.measure)
def test_the_truth_passes_thoroughly(one):
    assert judge(one, thorough=True).passed


@pytest.mark.parametrize("one", TRUE, ids=lambda one: one.measure)
def test_a_seed_repeats_a_verdict(one):
    assert judge(one, seed=3) == judge(one, seed=3)


def test_another_seed_draws_another_net():
    one = claim("gradient-bound", TANH, gamma=gammas("tanh"))
    assert judge(one, seed=0).margin != judge(one, seed=1).margin


def test_thorough_looks_at_more():
    one = claim("gradient-bound", {**WIDE, "seeds": 6}, gamma=gammas("tanh"))
    default, thorough = judge(one).margin, judge(one, thorough=True).margin
    assert default is not None
    assert thorough is not None
    assert thorough != default


def test_one_net_that_fails_fails_the_claim():
    wrong = {**gammas("tanh"), "relu": gammas("tanh")["tanh"].expr / 100}
    verdict = judge(claim("gradient-bound", TANH, {**RELU, "bias": 1.0}, TANH, gamma=wrong))
    assert verdict.verdict == "FAIL"
    assert "relu" in verdict.evidence


def test_one_net_that_is_undecided_leaves_the_claim_undecided():
    at_the_kink = {"activation": "relu", "depth": 2, "width": 2, "sigma_w": 0.0}
    assert judge(claim("chain-product", TANH, at_the_kink)).verdict == "UNDECIDED"


def test_judging_several():
    verdicts = judge_all(TRUE[:4], seed=2)
    assert verdicts == tuple(judge(one, seed=2) for one in TRUE[:4])


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"measure": "guess"}, "guess"),
        ({"expects": {}}, "gamma"),
        ({"nets": ()}, "needs nets"),
        ({"measure": "kernel", "expects": {"activation": "tanh"}}, "takes no nets"),
    ],
)
def test_unusable_claims_are_refused(changed, word):
    one = claim("gradient-bound", TANH, gamma=gammas("tanh"))
    with pytest.raises(InputError, match=word):
        judge(dataclasses.replace(one, **changed))
