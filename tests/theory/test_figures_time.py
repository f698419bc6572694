"""Figures of unfolded nets and of Hochreiter's analysis by other ways; planted errors in the pages."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.letters import a, f_gate, gamma, h, k, n, o_gate, q, r_gate, t, tau, w_scalar
from symgrad.symbolic.notation import dphi
from symgrad.theory.registry import DERIVATIONS
from symgrad.theory.through_time import (
    backpropagation,
    error_flow,
    error_flow_bound,
    gated_unfolding,
    gru_unfolding,
    unfolding,
)
from symgrad.theory.through_time.gated_steps import J


def sigmoid(pre: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-pre))


@pytest.mark.parametrize("width", [1, 2, 3, 6])
@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.2])
def test_the_entry_of_the_net_that_attains_the_bound(width: int, ratio: float) -> None:
    """τ^q/n in every entry, and nτ^q is n² times it, by complex steps of the forward pass."""
    weight, step = 4 * ratio / width, 1e-30
    for count in (1, 5, 12):
        state = np.full((width, width), 0.5) + 1j * step * np.eye(width)
        for _ in range(count):
            state = sigmoid(weight * np.ones((width, width)) @ state - width * weight / 2)
        entries = np.imag(state) / step
        np.testing.assert_allclose(entries, ratio**count / width, rtol=1e-10)
        claimed = error_flow_bound.ATTAINED_ENTRY.subs({n: width, q: count, error_flow_bound.W_MAX: weight})
        published = error_flow_bound.PUBLISHED.subs({n: width, q: count, tau: ratio})
        assert float(claimed) == pytest.approx(entries[0, 0], rel=1e-10)
        assert float(published) / entries.max() == pytest.approx(width**2, rel=1e-10)


def test_no_net_of_a_brute_force_exceeds_the_bound() -> None:
    """All signs of all weights of two units with slopes at their largest: q steps, every entry."""
    for signs in itertools.product((-1, 1), repeat=4):
        matrix = np.reshape(signs, (2, 2)) / 4
        for count in range(1, 8):
            largest = np.abs(np.linalg.matrix_power(matrix, count)).max()
            assert largest <= 0.5**count / 2 + 1e-15


@pytest.mark.parametrize(("width", "count"), [(1, 6), (2, 5), (3, 4), (4, 3)])
def test_the_number_of_paths(width: int, count: int) -> None:
    walked = len(list(itertools.product(range(width), repeat=count - 1)))
    assert error_flow.COUNT.subs({n: width, q: count}) == walked


def test_the_condition_on_the_largest_weight_is_four_over_n() -> None:
    """τ = 1 at w_max = 4/n for the sigmoid."""
    ratio = error_flow_bound.RATIO.subs({gamma: sp.Rational(1, 4), error_flow_bound.W_MAX: 4 / n})
    assert sp.simplify(ratio) == 1


@pytest.mark.parametrize("steps", [1, 3, 6])
def test_backpropagation_through_time_against_complex_steps(steps: int) -> None:
    """Σ_t Σ_{k≤t} of a tanh unit with an error at every step, by the formula of the page."""
    rng = np.random.default_rng(steps)
    weight, bias = 1.3, rng.standard_normal(steps)
    errors, start = rng.standard_normal(steps), 0.4

    def run(value: complex) -> tuple[complex, list[float], list[float]]:
        state: complex = start
        total: complex = 0
        states, slopes = [start], []
        for drive, error in zip(bias, errors, strict=True):
            state = np.tanh(value * state + drive)
            total += error * state
            states.append(np.real(state))
            slopes.append(1 - np.real(state) ** 2)
        return total, states, slopes

    _, states, slopes = run(weight)
    known = {a[use]: sp.Symbol(f"a{use}") for use in range(1, steps + 1)}
    values = {dphi(known[a[use]]): slopes[use - 1] for use in range(1, steps + 1)} | {w_scalar: weight}
    total = 0.0
    for later in range(1, steps + 1):
        for use in range(1, later + 1):
            term = backpropagation.PATH.subs({t: later, k: use})
            term = term.doit().xreplace(known).xreplace({h[use - 1]: sp.Float(states[use - 1])})
            total += errors[later - 1] * float(term.subs(values))
    expected = np.imag(run(weight + 1e-30j)[0]) / 1e-30
    assert total == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("key", ["lstm-step", "lstm-step-1997", "gru-step"])
def test_two_units_are_shown_with_every_entry(key: str) -> None:
    shapes = {step.statement.rhs.shape for step in DERIVATIONS[key]().steps if step.rule == "two units"}
    assert shapes == {(2, 2) if key == "gru-step" else (4, 4)}


# --- planted errors ---------------------------------------------------------------------------------------


def refuse(body: Callable[[], object]) -> None:
    with pytest.raises(RefutedError):
        body()


def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short sequences: a witness against a wrong statement is sought in what is written out."""
    monkeypatch.setattr(unfolding, "DEPTHS", range(1, 4))
    monkeypatch.setattr(backpropagation, "FEW", range(1, 4))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda vector: sp.eye(len(vector)),
        lambda vector: sp.diag(*(dphi(entry) ** 2 for entry in vector)),
        lambda vector: sp.diag(*map(dphi, reversed(list(vector)))),
    ],
    ids=["dropped", "squared", "reversed"],
)
def test_a_wrong_slope_breaks_the_unfolded_net(monkeypatch: pytest.MonkeyPatch, wrong: object) -> None:
    few(monkeypatch)
    for module, entry in (
        (unfolding, unfolding.unfolded_net),
        (backpropagation, backpropagation.backpropagation_through_time),
    ):
        monkeypatch.setattr(module, "diagonal", wrong)
        refuse(entry.body)


@pytest.mark.parametrize(
    "path",
    [
        backpropagation.PATH / h[k - 1],
        backpropagation.PATH * w_scalar,
        backpropagation.PATH.subs(t, t + 1),
    ],
    ids=["state dropped", "one weight too many", "one step too many"],
)
def test_a_wrong_path_breaks_backpropagation(monkeypatch: pytest.MonkeyPatch, path: sp.Expr) -> None:
    few(monkeypatch)
    monkeypatch.setattr(backpropagation, "PATH", path)
    refuse(backpropagation.backpropagation_through_time.body)


def test_a_factor_on_the_wrong_side_breaks_the_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = error_flow.ON_PATH.subs(error_flow.M, error_flow.M + 1)
    monkeypatch.setattr(error_flow, "ON_PATH", wrong)
    refuse(error_flow.error_flow_paths.body)


@pytest.mark.parametrize("name", ["ENTRY", "OUTPUT", "PAST_OUTPUT"])
@pytest.mark.parametrize("factor", [2, o_gate[t], f_gate[t]], ids=str)
def test_a_wrong_entry_breaks_the_lstm(monkeypatch: pytest.MonkeyPatch, name: str, factor: sp.Expr) -> None:
    monkeypatch.setattr(gated_unfolding, name, factor * getattr(gated_unfolding, name))
    refuse(gated_unfolding.lstm_step.body)


@pytest.mark.parametrize("name", ["GRU_ENTRY", "GRU_NEW"])
def test_a_wrong_entry_breaks_the_gru(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(gru_unfolding, name, getattr(gru_unfolding, name) * r_gate[t, J])
    refuse(gru_unfolding.gru_step.body)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("BOUND", error_flow_bound.BOUND * n),
        ("ATTAINED_ENTRY", error_flow_bound.ATTAINED_ENTRY * n),
        ("ATTAINED_ENTRY", error_flow_bound.ATTAINED_ENTRY * n**2),
        ("ATTAINING_BIAS", -error_flow_bound.W_MAX / 2),
        ("PUBLISHED", tau**q),
        ("COUNT", n**q),
    ],
)
def test_a_wrong_figure_breaks_the_bound(monkeypatch: pytest.MonkeyPatch, name: str, wrong: sp.Expr) -> None:
    monkeypatch.setattr(error_flow_bound, name, wrong)
    refuse(error_flow_bound.error_flow_bound.body)
