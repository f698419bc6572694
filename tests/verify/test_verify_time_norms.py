"""The measures of norms through time pass the truth and reject what lies just beyond their tolerance."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.numeric.recurrent import through_time, unfold
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import n
from symgrad.theory.activations import kernel
from symgrad.verify import judge, measures_counterexample, measures_time_norms, nets
from tests.verify.claims import CHAOTIC, POWERS, REPELLING, TANH, TIED, WIDE, claim, gammas

AT_REST = {"activation": "tanh", "depth": 20}
ORBIT = {"activation": "tanh", "depth": 4000}
LINEAR = {"activation": "identity", "depth": 30}


def refuted(net: dict[str, Any] = AT_REST, **changed: Any) -> Claim:
    expects = {"gamma": gammas("tanh", "identity"), **REPELLING, **changed}
    return dataclasses.replace(claim("counterexample", net, **expects), status="refuted")


def outcome(one: Claim) -> str:
    return judge(one).verdict


@pytest.mark.parametrize("width", [3, 12], ids=["exact", "engine"])
@pytest.mark.parametrize(("gap", "expected"), [(0, "PASS"), (1e-12, "PASS"), (1e-7, "FAIL")])
def test_tolerance_of_the_bound(width: int, gap: float, expected: str) -> None:
    """Linear units and orthogonal weights meet the bound at every step."""
    expects = {"gamma": {"identity": 1 - sp.Rational(gap)}}
    assert outcome(claim("time-bound", {**TIED, "width": width}, **expects)) == expected


@pytest.mark.parametrize(("norm", "expected"), [(1, "PASS"), (1 + 1e-11, "FAIL"), (1 - 1e-6, "FAIL")])
def test_a_norm_that_is_claimed_is_the_norm(norm: float, expected: str) -> None:
    expects = {"gamma": gammas("identity"), "norm": sp.Rational(norm)}
    assert outcome(claim("time-bound", TIED, **expects)) == expected


@pytest.mark.parametrize(("gamma", "expected"), [(1, "PASS"), (sp.Rational(1, 100), "FAIL")])
def test_the_bound_of_rescaled_weights(gamma: sp.Expr, expected: str) -> None:
    expects = {"gamma": {"tanh": sp.sympify(gamma)}, "ratio": sp.Rational(1, 2)}
    assert outcome(claim("time-bound", TANH, **expects)) == expected


def test_the_bound_is_measured_without_the_compiled_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    one = claim("time-bound", WIDE, gamma=gammas("tanh"))
    before = judge(one)
    assert before.passed

    def nonsense(entry: Any) -> Any:
        return dataclasses.replace(kernel(entry), dphi=lambda a, h, out: out.fill(-7.0))

    monkeypatch.setattr(nets, "kernel", nonsense)
    assert judge(one) == before


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "PASS"),
        ({"norm": REPELLING["norm"] * (1 + sp.Rational(1, 10**8))}, "FAIL"),
        ({"norm": REPELLING["norm"] * sp.Rational(11, 10) ** (n - 1)}, "FAIL"),
        ({"bias": [REPELLING["bias"][0], REPELLING["bias"][1] + sp.Rational(1, 10**25)]}, "FAIL"),
        ({"input": [sp.S.Zero, sp.Rational(1, 2) + sp.Rational(1, 10**12)]}, "FAIL"),
        ({"weights": [[8, 8], [-8, -7]]}, "FAIL"),
    ],
    ids=["true", "norm", "rate", "bias", "state", "weights"],
)
def test_a_counterexample_with_an_error_is_none(changed: dict[str, Any], expected: str) -> None:
    assert outcome(refuted(**changed)) == expected


def test_a_net_that_does_not_satisfy_the_premise_refutes_nothing() -> None:
    """2·I explodes, but its spectral radius is not below 1/γ."""
    given = {"weights": [[2, 0], [0, 2]], "bias": [0, 0], "input": [0, 0], "norm": sp.Integer(2) ** n}
    assert outcome(refuted({"activation": "identity", "depth": 10}, **given)) == "FAIL"


def test_a_net_whose_gradient_vanishes_refutes_nothing() -> None:
    given = {"weights": [[sp.S.Half, 0], [0, sp.S.Half]], "bias": [0, 0], "input": [0, 0], "norm": 2 ** (-n)}
    assert outcome(refuted({"activation": "identity", "depth": 10}, **given)) == "FAIL"


def test_the_engine_must_find_the_counterexample_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(*args: Any) -> Any:
        found = through_time(*args)
        wrong = dataclasses.replace(found.initial, values=found.initial.values * (1 + 2e-6))
        return dataclasses.replace(found, initial=wrong)

    monkeypatch.setattr(measures_time_norms, "through_time", spoilt)
    assert outcome(refuted()) == "FAIL"


def test_a_verdict_on_a_refuted_claim_says_so() -> None:
    assert judge(refuted()).evidence.startswith("refuted: ")
    with pytest.raises(InputError, match="'counterexample' refutes claims, this one is 'stands'"):
        judge(dataclasses.replace(refuted(), status="stands"))
    stands = claim("time-bound", TIED, gamma=gammas("identity"))
    with pytest.raises(InputError, match="'time-bound' confirms claims, this one is 'refuted'"):
        judge(dataclasses.replace(stands, status="refuted"))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "PASS"),
        ({"exponent": sp.Rational(50, 100)}, "FAIL"),
        ({"exponent": sp.Rational(46, 100)}, "FAIL"),
        ({"exponent": -CHAOTIC["exponent"]}, "FAIL"),
        ({"weights": [[4, 4], [-4, -2]]}, "FAIL"),
        ({"tolerance": sp.Rational(1, 10**4)}, "UNDECIDED or FAIL"),
    ],
    ids=["true", "larger", "smaller", "negative", "premise", "too fine"],
)
def test_exponents(changed: dict[str, Any], expected: str) -> None:
    found = outcome(claim("lyapunov", ORBIT, gamma=gammas("tanh"), **{**CHAOTIC, **changed}))
    assert found in expected.split(" or ")


def test_orbits_of_rounding_errors_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose gradient grows by 1/10 more a step than the true orbit's, with a claim that agrees."""

    def spoilt(*args: Any) -> Any:
        found = through_time(*args)
        steps = found.ln_state.shape[-1]
        return dataclasses.replace(found, ln_state=found.ln_state + 0.1 * np.arange(steps)[::-1])

    monkeypatch.setattr(measures_counterexample, "through_time", spoilt)
    agreeing = {**CHAOTIC, "exponent": CHAOTIC["exponent"] + sp.Rational(1, 10)}
    verdict = judge(claim("lyapunov", ORBIT, gamma=gammas("tanh"), **agreeing))
    assert verdict.verdict == "FAIL"
    assert "balls" in verdict.evidence


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "PASS"),
        ({"lower": POWERS["lower"] * (1 + sp.Rational(9, 10**10))}, "PASS"),
        ({"lower": POWERS["lower"] * (1 + sp.Rational(11, 10**10))}, "FAIL"),
        ({"upper": POWERS["upper"] * (1 - sp.Rational(11, 10**10))}, "FAIL"),
        ({"upper": POWERS["upper"] * sp.Rational(99, 100) ** (n - 1)}, "FAIL"),
        ({"peak": 2}, "FAIL"),
    ],
    ids=["true", "within", "lower", "upper", "rate", "peak"],
)
def test_tolerance_of_the_powers(changed: dict[str, Any], expected: str) -> None:
    assert outcome(claim("matrix-powers", LINEAR, **{**POWERS, **changed})) == expected


@pytest.mark.parametrize(("error", "expected"), [(0.9e-10, "PASS"), (1.1e-10, "FAIL")])
@pytest.mark.parametrize("passes", ["forward", "backward"])
def test_powers_of_the_engine(
    monkeypatch: pytest.MonkeyPatch, passes: str, error: float, expected: str
) -> None:
    """The norm of the difference against the largest singular value: for one singular value, 1 × 1."""

    def backward(*args: Any) -> Any:
        found = through_time(*args)
        wrong = dataclasses.replace(found.initial, values=found.initial.values * (1 + error))
        return dataclasses.replace(found, initial=wrong)

    if passes == "forward":
        monkeypatch.setattr(measures_time_norms, "unfold", lambda *args: unfold(*args) * (1 + error))
    else:
        monkeypatch.setattr(measures_time_norms, "through_time", backward)
    given = {**POWERS, "weights": ((sp.Rational(9, 10),),)}
    assert outcome(claim("matrix-powers", LINEAR, **given)) == expected


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (claim("time-bound", TIED, gamma=gammas("tanh")), "identity"),
        (claim("time-bound", {**TIED, "colour": 1}, gamma=gammas("identity")), "colour"),
        (refuted(gamma=gammas("relu")), "tanh"),
        (claim("matrix-powers", AT_REST, **POWERS), "activation identity"),
    ],
    ids=["gamma", "option", "premise", "linear"],
)
def test_unusable_claims_are_refused(one: Claim, word: str) -> None:
    with pytest.raises(InputError, match=word):
        judge(one)
