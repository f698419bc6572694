"""Layer-wise pre-training: its gradients, what it does to a stack, taken up again bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from symgrad.numeric.training import DATASETS, PRETRAINING, Chain, Dense, Plan, Pretraining, State, pretrain
from symgrad.numeric.training.parameters import Layout
from symgrad.numeric.training.pretraining import BERNOULLI, GAUSSIAN, autoencoder, contrastive_divergence
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import relative
from tests.numeric.training_oracles import differences

SIGMOID = KERNELS["sigmoid"]
LAYOUT = Layout((("weight", (5, 4)), ("bias", (5,)), ("visible", (4,))))
RNG = np.random.default_rng(5)
VISIBLE = {"real": (GAUSSIAN, RNG.standard_normal((6, 4))), "probabilities": (BERNOULLI, RNG.random((6, 4)))}


@pytest.mark.parametrize("visible", VISIBLE)
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "gelu"])
def test_the_autoencoder_descends_its_error(visible: str, name: str) -> None:
    units, x = VISIBLE[visible]
    f = autoencoder(Dense(5, KERNELS[name]), units, LAYOUT)
    parameters = 0.7 * RNG.standard_normal(LAYOUT.size)
    gradient, other = np.empty_like(parameters), np.empty_like(parameters)
    batch: Any = (x, None)
    error = f(parameters, batch, gradient)
    assert relative(gradient, differences(lambda p: f(p, batch, other), parameters)) < 1e-8
    # the error itself, written out
    p = LAYOUT.views(parameters)
    v = KERNELS[name].value(x @ p["weight"].T + p["bias"]) @ p["weight"] + p["visible"]
    y = expit(v)
    lost = (v - x) ** 2 / 2 if visible == "real" else -(x * np.log(y) + (1 - x) * np.log(1 - y))
    assert error == pytest.approx(lost.sum() / 6, rel=1e-12)


def test_contrastive_divergence_is_the_rule_of_its_source() -> None:
    """Sample by sample and entry by entry: Δw_ij ∝ ⟨v_i h_j⟩_data − ⟨v_i h_j⟩_reconstruction."""
    _, x = VISIBLE["probabilities"]
    f = contrastive_divergence(Dense(5, SIGMOID), BERNOULLI, LAYOUT)
    parameters, u = RNG.standard_normal(LAYOUT.size), RNG.random((6, 5))
    gradient, p = np.empty_like(parameters), LAYOUT.views(parameters)
    f(parameters, (x, u), gradient)
    found, w = LAYOUT.views(gradient), p["weight"]
    for j in range(5):
        for i in range(4):
            data = rebuilt = 0.0
            for n in range(6):
                on = [u[n, k] < expit(w[k] @ x[n] + p["bias"][k]) for k in range(5)]
                y = [expit(sum(w[k, m] for k in range(5) if on[k]) + p["visible"][m]) for m in range(4)]
                data += expit(w[j] @ x[n] + p["bias"][j]) * x[n, i]
                rebuilt += expit(w[j] @ y + p["bias"][j]) * y[i]
            assert found["weight"][j, i] == pytest.approx((rebuilt - data) / 6, rel=1e-10, abs=1e-14)


def small(depth: int = 3) -> tuple[Chain, Any]:
    return Plan(SIGMOID, depth, 12).chain(64, 10), DATASETS["digits"].split(0).inputs[:200]


@pytest.mark.parametrize("kind", PRETRAINING)
def test_every_layer_learns_and_the_readout_does_not(kind: str) -> None:
    model, inputs = small()
    state, how = State(model.initial(1), {}), Pretraining(kind, epochs=8)
    records = list(pretrain(state, model, inputs, how, seed=1))
    assert [record.layer for record in records] == [1, 2, 3] and (state.step, state.stopped) == (3, None)
    assert all(len(record.losses) == 8 and record.losses[-1] < record.losses[0] for record in records)
    new, old = model.layout.views(state.parameters), model.layout.views(model.initial(1))
    for name, tensor in new.items():
        assert np.array_equal(tensor, old[name]) == name.startswith("4."), name
    labels = np.zeros(len(inputs), int)
    # what decays from layer to layer in the net as drawn, how much samples differ, does not any more
    spreads = [
        trace.outputs[2].std(axis=0).mean() / trace.outputs[0].std(axis=0).mean()
        for trace in (
            model.trace(vector, (inputs, labels)) for vector in (model.initial(1), state.parameters)
        )
    ]
    assert spreads[1] > 5 * spreads[0]


@pytest.mark.parametrize("kind", PRETRAINING)
def test_taken_up_after_any_layer_it_ends_at_the_same_bits(kind: str) -> None:
    model, inputs = small()
    how, whole = Pretraining(kind, epochs=2), State(model.initial(1), {})
    records = list(pretrain(whole, model, inputs, how, seed=4))
    for done in range(4):
        state, calls = State(model.initial(1), {}), 0

        def stop(done: int = done) -> bool:
            nonlocal calls
            calls += 1
            return calls > done * 14 + 5  # in the middle of a layer: 7 steps an epoch, 2 epochs

        before = list(pretrain(state, model, inputs, how, seed=4, cancelled=stop))
        assert state.step == done == len(before)
        assert (state.stopped is None) == (done == 3) and "cancelled" in (state.stopped or "cancelled")
        again = State(state.parameters.copy(), {}, state.step)
        assert before + list(pretrain(again, model, inputs, how, seed=4)) == records
        assert np.array_equal(again.parameters, whole.parameters)
    other = State(model.initial(1), {})
    list(pretrain(other, model, inputs, how, seed=5))
    assert not np.array_equal(other.parameters, whole.parameters)


def test_a_layer_that_diverges_is_named_and_left_as_it_was() -> None:
    model, inputs = small()
    state = State(model.initial(1), {})
    assert list(pretrain(state, model, inputs, Pretraining("autoencoder", learning_rate=1e3))) == []
    assert state.stopped is not None and state.stopped.startswith("hidden layer 1 in pre-training: the ")
    assert np.array_equal(state.parameters, model.initial(1)) and state.step == 0


def test_float32_is_kept() -> None:
    model, inputs = small(1)
    for kind in PRETRAINING:
        state = State(model.initial(1, "float32"), {})
        list(pretrain(state, model, inputs.astype("float32"), Pretraining(kind, epochs=1)))
        assert state.parameters.dtype == np.float32 and state.step == 1


def begin(plan: Plan, kind: str = "rbm") -> Any:
    model = plan.chain(64, 10)
    return next(pretrain(State(model.initial(), {}), model, small()[1], Pretraining(kind)))


BAD = {
    "a kind": lambda: Pretraining("pca"),
    "no epoch": lambda: Pretraining("rbm", epochs=0),
    "no batch": lambda: Pretraining("rbm", batch=0),
    "a learning rate": lambda: Pretraining("rbm", learning_rate=0.0),
    "an rbm of other units": lambda: begin(Plan(KERNELS["tanh"], 2, 5)),
    "a block": lambda: begin(Plan(SIGMOID, 2, 5, block="residual")),
    "a norm": lambda: begin(Plan(SIGMOID, 2, 5, norm="batch"), "autoencoder"),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_pretraining_is_one_line(bad: str) -> None:
    with pytest.raises(ValueError, match="legal") as caught:
        BAD[bad]()
    assert "\n" not in str(caught.value)
