"""The measures of gated nets pass the truth and reject planted errors; steps against PyTorch's cells."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.numeric.recurrent import through_time
from symgrad.symbolic.letters import (
    T,
    b_forget,
    c,
    cand,
    f_gate,
    h,
    i_gate,
    k,
    n_gate,
    o_gate,
    s,
    t,
    w_g,
    w_r,
    z_gate,
)
from symgrad.theory.through_time import carousel, chrono, forget_gate, gated_bounds, gru_leak, truncation
from symgrad.verify import judge, measures_gate_bounds, measures_gates
from symgrad.verify.exact_recurrent import ExactRecurrent
from symgrad.verify.measures_gate_bounds import GATES, attained, random_steps, stretch, worst_steps
from tests.verify.claims import GATED_NET, claim

GRU_NET: dict[str, Any] = {"cell": "gru", "depth": 5, "width": 2, "sigma_w": 1.5, "sigma_b": 0.3}
PLAIN_NET: dict[str, Any] = {"cell": "lstm", "forget_gate": False, "depth": 4, "width": 2, "sigma_w": 1.5}
LSTM_PARTS = {"along": carousel.KEPT, "entry": truncation.ENTRY, "output": truncation.OUTPUT}
GRU_PARTS = {"along": gru_leak.KEPT, "entry": gru_leak.REST}
NEARLY = 1 + sp.Rational(1, 10**29)


def verdict(measure: str, *nets: dict[str, Any], **expects: Any) -> str:
    return judge(claim(measure, *nets, **expects)).verdict


@pytest.mark.parametrize("net", [GATED_NET, PLAIN_NET], ids=["lstm", "1997"])
def test_the_carousel_of_both_cells(net):
    assert verdict("carousel", net, along=carousel.KEPT) == "PASS"
    assert verdict("carousel", net, along=NEARLY * carousel.KEPT) == "FAIL"


@pytest.mark.parametrize(
    "wrong",
    [
        sp.Product(f_gate[s], (s, k + 2, t)),
        sp.Product(f_gate[s] ** 2, (s, k + 1, t)),
        sp.Product(1 - f_gate[s], (s, k + 1, t)),
        sp.Product(i_gate[s], (s, k + 1, t)),
    ],
    ids=str,
)
def test_a_wrong_product_fails(wrong):
    assert verdict("carousel", GATED_NET, along=wrong) == "FAIL"


def test_the_whole_gradient_is_not_the_product():
    """Without what goes through the outputs the decomposition fails: the measure sees it."""
    assert verdict("truncation", GATED_NET, **{**LSTM_PARTS, "entry": sp.S.Zero}) == "FAIL"
    assert verdict("truncation", GRU_NET, **{**GRU_PARTS, "entry": sp.S.Zero}) == "FAIL"


@pytest.mark.parametrize(
    ("net", "parts"),
    [
        (GATED_NET, {**LSTM_PARTS, "entry": truncation.ENTRY.subs(w_g, w_g * NEARLY)}),
        (GATED_NET, {**LSTM_PARTS, "entry": truncation.ENTRY.subs(c[t - 1], c[t])}),
        (GATED_NET, {**LSTM_PARTS, "entry": truncation.ENTRY.subs(cand[t], -cand[t])}),
        (GATED_NET, {**LSTM_PARTS, "output": o_gate[t]}),
        (PLAIN_NET, {**LSTM_PARTS, "along": sp.Rational(999, 1000) ** (t - k)}),
        (GRU_NET, {**GRU_PARTS, "along": sp.Product(1 - z_gate[s], (s, k + 1, t))}),
        (GRU_NET, {**GRU_PARTS, "entry": gru_leak.REST.subs(w_r, 0)}),
        (GRU_NET, {**GRU_PARTS, "entry": gru_leak.REST.subs(h[t - 1], n_gate[t])}),
    ],
)
def test_a_wrong_part_of_the_decomposition_fails(net, parts):
    right = GRU_PARTS if net is GRU_NET else LSTM_PARTS
    assert verdict("truncation", net, **right) == "PASS"
    assert verdict("truncation", net, **parts) == "FAIL"


@pytest.mark.parametrize(("error", "outcome"), [(0.99e-10, "PASS"), (1.01e-10, "FAIL")])
@pytest.mark.parametrize("net", [GATED_NET, GRU_NET], ids=["lstm", "gru"])
def test_tolerance_on_the_engine(monkeypatch, net, error, outcome):
    true = through_time

    def spoilt(*args):
        found = true(*args)
        cell = None if found.ln_cell is None else found.ln_cell + error
        return dataclasses.replace(found, ln_state=found.ln_state + error, ln_cell=cell)

    monkeypatch.setattr(measures_gates, "through_time", spoilt)
    parts = GRU_PARTS if net is GRU_NET else LSTM_PARTS
    assert verdict("truncation", net, **parts) == outcome


def test_differences_that_forget_to_hold_the_gates_fail(monkeypatch):
    true = ExactRecurrent.cell_gradient
    monkeypatch.setattr(ExactRecurrent, "cell_gradient", lambda net, at, truncated=False: true(net, at))
    assert verdict("carousel", GATED_NET, along=carousel.KEPT) == "FAIL"


@pytest.mark.parametrize(
    "wrong",
    [NEARLY * forget_gate.HALF_LIFE, sp.exp(b_forget) * sp.log(2), forget_gate.TIME, sp.log(2) * b_forget],
    ids=str,
)
def test_a_wrong_half_life_fails(wrong):
    assert verdict("forgetting", half_life=wrong, biases=(sp.Integer(2),)) == "FAIL"


def test_a_wrong_engine_fails_the_half_life(monkeypatch):
    true = measures_gates._engine_gates
    monkeypatch.setattr(measures_gates, "_engine_gates", lambda *args: true(*args) * (1 - 1e-7))
    half_life = forget_gate.HALF_LIFE
    assert verdict("forgetting", half_life=half_life, biases=(sp.Integer(1),)) == "FAIL"


@pytest.mark.parametrize(
    ("mean", "chance"),
    [
        (chrono.MEAN_TIME * sp.Rational(11, 10), chrono.CHANCE),
        (chrono.MEAN_TIME, chrono.CHANCE**2),
        (chrono.MEAN_TIME, (chrono.PLACE - 1) / (T - 1)),
        (chrono.MEAN_TIME, sp.log(chrono.PLACE - 1) / sp.log(T - 1)),
    ],
    ids=str,
)
def test_a_wrong_law_of_chrono_times_fails(mean, chance):
    assert verdict("chrono", steps=(12,), mean=mean, chance=chance) == "FAIL"


def lowered(step: Callable[..., Any], gap: float) -> Callable[..., Any]:
    return lambda *args: step(*args) - gap * np.log(10)


@pytest.mark.parametrize(("cell", "name"), [("lstm", "lstm_step"), ("gru", "gru_step")])
def test_tolerance_of_the_step_bounds(cell, name):
    """Both are attained in the limit, so that a bound lower by little fails."""
    step = getattr(gated_bounds, name)
    assert verdict("gate-bound", cell=cell, step=lowered(step, 0.9e-9)) == "PASS"
    assert verdict("gate-bound", cell=cell, step=lowered(step, 1e-8)) == "FAIL"


WRONG: dict[str, tuple[str, Callable[..., Any]]] = {
    "β without μ's part of the forget gate": (
        "lstm",
        lambda n, size: (
            gated_bounds.lstm_step(n * (1, 0, 1, 1), size)
            if n.shape[-1] == 4
            else gated_bounds.lstm_step(n, size)
        ),
    ),
    "the cell at most 1": ("lstm", lambda n, size: gated_bounds.lstm_step(n, np.minimum(size, 1.0))),
    "no output gate, half the candidate": ("lstm", lambda n, size: gated_bounds.lstm_step(n / 2, size)),
    "no update gate": ("gru", lambda n, size: gated_bounds.gru_step(n * (1, 0, 1), size)),
    "no reset gate": ("gru", lambda n, size: gated_bounds.gru_step(n * (0, 1, 1), size)),
    "the leak alone": ("gru", lambda n, size: np.zeros(n.shape[:-1])),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_step_bound_fails(name):
    cell, step = WRONG[name]
    assert verdict("gate-bound", cell=cell, step=step) == "FAIL"


def test_a_wrong_gradient_bound_fails():
    def front_lowered(*args):
        return tuple(one - 40 for one in gated_bounds.lstm_gradient(*args))

    assert verdict("gated-gradient", GATED_NET, gradient=front_lowered) == "FAIL"
    low = lambda norms, candidate, steps: gated_bounds.gru_gradient(norms / 9, candidate / 9, steps) - 3  # noqa: E731
    assert verdict("gated-gradient", GRU_NET, gradient=low) == "FAIL"


@pytest.mark.parametrize("kind", GATES)
def test_the_step_is_that_of_torch_and_so_is_its_jacobian(kind):
    """The judge's own step against torch.nn's cells, values and Jacobians."""
    torch = pytest.importorskip("torch")
    steps = random_steps(kind, np.random.default_rng(3), 4, 3)
    for one in range(4):
        picked = steps.only(np.array([one]))
        weights, drives = (torch.tensor(array[0]) for array in (picked.weights, picked.drives))
        made = torch.nn.GRUCell(3, 3) if kind == "gru" else torch.nn.LSTMCell(3, 3)
        made = made.double()
        if kind == "lstm without forget gate":
            # a forget gate of weights 0 at a drive of 700 is 1 in float64
            weights = torch.cat([weights[:1], torch.zeros_like(weights[:1]), weights[1:]])
            drives = torch.cat([drives[:1], torch.full_like(drives[:1], 700.0), drives[1:]])
        with torch.no_grad():
            made.weight_hh.copy_(weights.flatten(0, 1))
            made.bias_hh.zero_()
            made.bias_ih.copy_(drives.flatten())
        zero = torch.zeros(3, dtype=torch.float64)

        def forward(state, made=made, zero=zero):
            if kind == "gru":
                return made(zero, state)
            output, cell = made(zero, (state[3:], state[:3]))
            return torch.cat([cell, output])

        start = picked.output if kind == "gru" else np.concatenate([picked.cell, picked.output], axis=1)
        state = torch.tensor(start[0])
        np.testing.assert_allclose(
            picked(picked.output, picked.cell)[0], forward(state).detach().numpy(), rtol=1e-12, atol=1e-13
        )
        expected = torch.autograd.functional.jacobian(forward, state).numpy()
        np.testing.assert_allclose(
            picked.jacobians()[0], expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max()
        )


@pytest.mark.parametrize("kind", GATES)
def test_steps_climb_towards_their_bound_and_never_pass_it(kind):
    rng = np.random.default_rng(0)
    step = gated_bounds.gru_step if kind == "gru" else gated_bounds.lstm_step
    assert -1e-12 < stretch(attained(kind), step)[0] < 1e-12
    steps = random_steps(kind, rng, 32, 2)
    before, after = stretch(steps, step), stretch(worst_steps(steps, step, rng, 25), step)
    assert (after >= before).all()
    assert after.mean() > before.mean() + 0.05
    assert after.max() < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("units", [1, 2, 3, 5])
def test_ten_thousand_steps_and_those_made_worst(kind, units):
    rng = np.random.default_rng(units)
    step = gated_bounds.gru_step if kind == "gru" else gated_bounds.lstm_step
    steps = random_steps(kind, rng, 10_000, units)
    assert stretch(steps, step).max() < 1e-9
    climbed = stretch(worst_steps(steps.only(np.arange(256)), step, rng, 600), step)
    assert climbed.max() < 1e-9
    assert climbed.max() > np.log10(0.75)


@pytest.mark.parametrize(
    ("measure", "net", "expects"),
    [
        ("carousel", {"cell": "gru"}, {"along": carousel.KEPT}),
        ("truncation", {"cell": "rnn"}, LSTM_PARTS),
        ("gated-gradient", {"cell": "rnn"}, {"gradient": gated_bounds.lstm_gradient}),
        ("gate-bound", None, {"cell": "rnn", "step": gated_bounds.lstm_step}),
    ],
)
def test_cells_that_have_no_gates_are_refused(measure, net, expects):
    with pytest.raises(InputError, match="legal: lstm"):
        judge(claim(measure, *([] if net is None else [net]), **expects))


def test_bounds_are_measured_without_a_backward_pass(monkeypatch):
    """Steps and small nets come from the forward pass alone: they stand when the engine answers nonsense."""
    monkeypatch.setattr(measures_gates, "through_time", lambda *args: None)
    monkeypatch.setattr(measures_gate_bounds, "gated_gradients", lambda *args: None)
    assert verdict("gated-gradient", GATED_NET, gradient=gated_bounds.lstm_gradient) == "PASS"
    assert verdict("gate-bound", cell="gru", step=gated_bounds.gru_step) == "PASS"
