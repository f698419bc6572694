"""The measurements on unfolded nets pass the truth and reject planted errors."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.numeric.recurrent import through_time
from symgrad.symbolic.letters import f_gate, n, o_gate, t, w_scalar, x, z_gate
from symgrad.symbolic.notation import dphi
from symgrad.theory.through_time import error_flow, error_flow_bound
from symgrad.theory.through_time.gated_steps import J
from symgrad.theory.through_time.gru_unfolding import GRU_ENTRY
from symgrad.verify import judge, measures_error_flow, measures_time_unfolding
from symgrad.verify.exact_recurrent import ExactRecurrent
from tests.verify.claims import EQUAL, EQUAL_EXPECTS, GATED_NET, STEP_ENTRIES, TANH, claim, gammas

IDENTITY: dict[str, Any] = {"activation": "identity", "depth": 4, "width": 1}
ENGINE = {
    "time-product": (TANH, {}),
    "shared-weights": (TANH, {}),
    "gated-step": (GATED_NET, {"entries": STEP_ENTRIES}),
    "error-flow-attained": (EQUAL, EQUAL_EXPECTS),
}


def scaled(part: Any, factor: float) -> Any:
    return dataclasses.replace(part, values=part.values * factor)


@pytest.mark.parametrize("measure", ENGINE)
@pytest.mark.parametrize(("error", "outcome"), [(0.98e-10, "PASS"), (1.02e-10, "FAIL"), (-1.02e-10, "FAIL")])
def test_tolerance_on_the_engine(
    monkeypatch: pytest.MonkeyPatch, measure: str, error: float, outcome: str
) -> None:
    def spoilt(*given: Any) -> Any:
        found = through_time(*given)
        parts = ("recurrent", "input", "bias", "initial")
        return dataclasses.replace(found, **{name: scaled(getattr(found, name), 1 + error) for name in parts})

    for module in (measures_time_unfolding, measures_error_flow):
        monkeypatch.setattr(module, "through_time", spoilt)
    net, expects = ENGINE[measure]
    assert judge(claim(measure, net, **expects)).verdict == outcome


@pytest.mark.parametrize("part", ["recurrent", "input", "bias"])
def test_every_sum_of_the_engine_counts(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def spoilt(*given: Any) -> Any:
        found = through_time(*given)
        return dataclasses.replace(found, **{part: scaled(getattr(found, part), 1.001)})

    monkeypatch.setattr(measures_time_unfolding, "through_time", spoilt)
    assert judge(claim("shared-weights", TANH)).verdict == "FAIL"


@pytest.mark.parametrize("step", [1, TANH["depth"]])
def test_every_step_of_the_engine_counts(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    def spoilt(*given: Any) -> Any:
        found = through_time(*given)
        logs = found.ln_state.copy()
        logs[step - 1] += 1e-9
        return dataclasses.replace(found, ln_state=logs)

    monkeypatch.setattr(measures_time_unfolding, "through_time", spoilt)
    assert judge(claim("time-product", TANH)).verdict == "FAIL"


def test_the_weights_must_move_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of the last step's copy alone, in place of the shared weights'."""
    true = ExactRecurrent.recurrent_gradient

    def last(net: ExactRecurrent) -> Any:
        start = [float(value.mid()) for value in net.states()[-2]]
        return true(dataclasses.replace(net, inputs=net.inputs[-1:], initial=start, _at={}))

    monkeypatch.setattr(ExactRecurrent, "recurrent_gradient", last)
    assert judge(claim("shared-weights", TANH)).verdict == "FAIL"


def test_a_slope_of_another_step_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    true = measures_time_unfolding.exact_slopes
    shifted = lambda *given: true(*given)[::-1]  # noqa: E731
    for module in (measures_time_unfolding, measures_error_flow):
        monkeypatch.setattr(module, "exact_slopes", shifted)
    assert judge(claim("time-product", TANH)).verdict == "FAIL"
    assert judge(claim("error-flow", TANH, factor=error_flow.FACTOR)).verdict == "FAIL"


@pytest.mark.parametrize("place", STEP_ENTRIES)
@pytest.mark.parametrize("factor", [sp.Integer(0), 1 + sp.Rational(1, 10**12), sp.Integer(-1)], ids=str)
def test_a_wrong_entry_of_a_gated_step_fails(place: str, factor: sp.Expr) -> None:
    wrong = {**STEP_ENTRIES, place: factor * STEP_ENTRIES[place]}
    assert judge(claim("gated-step", GATED_NET, entries=wrong)).verdict == "FAIL"


def test_a_forget_gate_that_is_not_there_fails() -> None:
    old = {**GATED_NET, "forget_gate": False, "forget_bias": 0.0}
    closed = {place: entry.subs(f_gate[t, J], 1) for place, entry in STEP_ENTRIES.items()}
    assert judge(claim("gated-step", old, entries=closed)).passed
    assert judge(claim("gated-step", GATED_NET, entries=closed)).verdict == "FAIL"
    wrong = {**closed, "hc": closed["hc"] / o_gate[t, J]}
    assert judge(claim("gated-step", old, entries=wrong)).verdict == "FAIL"


def test_a_gru_without_what_it_keeps_fails() -> None:
    net = {"cell": "gru", "depth": 4, "width": 2, "sigma_w": 1.5}
    assert judge(claim("gated-step", net, entries={"hh": GRU_ENTRY, "own": z_gate[t, J]})).passed
    assert judge(claim("gated-step", net, entries={"hh": GRU_ENTRY})).verdict == "FAIL"


@pytest.mark.parametrize(
    "factor", [w_scalar, dphi(x), 2 * w_scalar * dphi(x), w_scalar * dphi(x) ** 2], ids=str
)
def test_a_wrong_factor_of_a_path_fails(factor: sp.Expr) -> None:
    assert judge(claim("error-flow", TANH, factor=factor)).verdict == "FAIL"


@pytest.mark.parametrize(("gap", "outcome"), [("0", "PASS"), ("1e-7", "FAIL"), ("1e-3", "FAIL")])
def test_tolerance_of_the_bound(gap: str, outcome: str) -> None:
    """One linear unit meets the bound with equality."""
    bound = error_flow_bound.BOUND * (1 - sp.Rational(gap))
    made = claim("error-flow-bound", IDENTITY, gamma=gammas("identity"), bound=bound)
    assert judge(made).verdict == outcome


@pytest.mark.parametrize("name", EQUAL_EXPECTS)
def test_a_wrong_figure_of_the_attaining_net_fails(name: str) -> None:
    wrong = {**EQUAL_EXPECTS, name: EQUAL_EXPECTS[name] * (1 + sp.Rational(1, 10**9))}
    assert judge(claim("error-flow-attained", EQUAL, **wrong)).verdict == "FAIL"


def test_a_looseness_of_n_fails() -> None:
    assert judge(claim("error-flow-attained", EQUAL, **{**EQUAL_EXPECTS, "looseness": n})).verdict == "FAIL"


@pytest.mark.parametrize(
    ("measure", "net", "expects"),
    [
        ("time-product", GATED_NET, {}),
        ("shared-weights", GATED_NET, {}),
        ("shared-weights", {**TANH, "batch": 2}, {}),
        ("gated-step", TANH, {"entries": STEP_ENTRIES}),
        ("error-flow-bound", TANH, {"gamma": {}, "bound": error_flow_bound.BOUND}),
    ],
)
def test_nets_that_a_measure_cannot_use(measure: str, net: dict[str, Any], expects: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"test/{measure}"):
        judge(claim(measure, net, **expects))
