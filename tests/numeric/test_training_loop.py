"""The training loop: against PyTorch and closed forms; resumed, cancelled, diverging; clips and batches."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from symgrad.numeric.training import (
    CLIPS,
    OPTIMISERS,
    SGD,
    ByNorm,
    ByValue,
    Chain,
    Dense,
    Layout,
    Momentum,
    Rprop,
    Shuffled,
    State,
    norm,
    relative_update,
    stream,
    train,
    whole,
)
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import relative
from tests.numeric.training_oracles import chain, samples

LIMITS = {"norm": 0.3, "value": 0.02}
"""Limits that bite on the small net of these tests."""


def start(model: Chain, optimiser: Any) -> State:
    return State.start(model.initial(1), optimiser)


def run(model: Chain, state: State, name: str, steps: int, **options: Any) -> list[Any]:
    batches = Shuffled(*samples(model, 10), size=4, seed=3)
    optimiser = OPTIMISERS[name](0.2)
    return list(train(state, model.loss_and_gradient(), batches, optimiser, steps=steps, **options))


def same(one: State, two: State) -> bool:
    vectors = [(one.parameters, two.parameters), *((v, two.memory[n]) for n, v in one.memory.items())]
    return one.step == two.step and all(np.array_equal(a, b) for a, b in vectors)


@pytest.mark.parametrize("clip", [None, *CLIPS])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_taken_up_at_any_step_it_goes_on_bit_for_bit(name: str, clip: str | None) -> None:
    model = chain()
    options: Any = {"layout": model.layout, "every": 3, "clip": clip and CLIPS[clip](LIMITS[clip])}
    whole_run = start(model, OPTIMISERS[name](0.2))
    records = run(model, whole_run, name, 10, **options)
    for moment in range(11):
        state = start(model, OPTIMISERS[name](0.2))
        before = run(model, state, name, moment, **options)
        again = State(
            state.parameters.copy(),
            {key: vector.copy() for key, vector in state.memory.items()},
            state.step,
            None if state.since is None else state.since.copy(),
        )
        assert before + run(model, again, name, 10, **options) == records
        assert same(again, whole_run)


def test_cancelled_keeps_what_was_done() -> None:
    model, optimiser = chain(), Momentum(0.2)
    state, undisturbed = start(model, optimiser), start(model, optimiser)
    done: list[Any] = []
    f, batches = model.loss_and_gradient(), whole(*samples(model, 5))
    done += train(state, f, batches, optimiser, steps=9, cancelled=lambda: state.step == 4)
    assert (state.stopped, state.step, len(done)) == ("cancelled", 4, 4)
    done += train(state, f, batches, optimiser, steps=9)
    assert (state.stopped, state.step) == (None, 9)
    assert done == list(train(undisturbed, f, batches, optimiser, steps=9)) and same(state, undisturbed)
    assert list(train(state, f, batches, optimiser, steps=9)) == []


def test_left_between_two_steps_it_gives_the_threads_back() -> None:
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    model, before = chain(), threads()
    state = start(model, SGD(0.1))
    running = train(state, model.loss_and_gradient(), whole(*samples(model, 5)), SGD(0.1), steps=9, threads=1)
    assert len(list(islice(running, 3))) == 3 and set(threads()) == {1}
    running.close()
    assert state.step == 3 and threads() == before


def test_a_loss_that_leaves_its_range_ends_the_run() -> None:
    model = Chain(4, (Dense(4, KERNELS["identity"]),) * 3)
    state = State.start(model.initial(), SGD(50.0))
    records = list(train(state, model.loss_and_gradient(), whole(*samples(model, 5)), SGD(50.0), steps=500))
    last = records[-1]
    assert 3 < last.step == state.step + 1 < 100 and not np.isfinite(last.loss)
    assert state.stopped == f"the loss is {last.loss} at step {last.step}"
    assert np.isfinite(state.parameters).all() and all(np.isfinite(record.loss) for record in records[:-1])


def test_a_gradient_that_is_not_finite_is_named() -> None:
    layout = Layout((("1.weight", (2, 2)), ("2.weight", (2,)), ("3.weight", (2,))))

    def f(parameters: Any, batch: Any, gradient: Any) -> float:
        gradient[...] = 1
        if batch == 2:
            gradient[1:5] = np.inf
        return 0.25

    for given, what in ((layout, "the gradient of 2.weight"), (None, "the gradient")):
        state = State.start(np.ones(8), SGD(0.5))
        records = list(train(state, f, lambda step: step, SGD(0.5), steps=9, layout=given))
        assert state.stopped == f"{what} is not finite at step 3, where the loss is 0.25"
        assert len(records) == 3 and state.step == 2 and np.array_equal(state.parameters, np.zeros(8))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e30])
def test_by_norm_keeps_the_direction_and_by_value_does_not(dtype: str, scale: float) -> None:
    g = (scale * np.array([3.0, -0.5, 4.0, 1e-6])).astype(dtype)
    by_norm, by_value = g.copy(), g.copy()
    ByNorm(1.0)(by_norm, norm(g))
    ByValue(1.0)(by_value, norm(g))
    if scale < 0.1:  # below the limit nothing is done
        assert np.array_equal(by_norm, g) and np.array_equal(by_value, g)
        return
    assert norm(by_norm) == pytest.approx(1, rel=1e-6)
    assert relative(by_norm / norm(by_norm), g / norm(g)) < 1e-6
    assert np.array_equal(by_value, np.clip(g, -1, 1))
    assert relative(by_value / norm(by_value), g / norm(g)) > 0.1


def test_relative_updates_are_told() -> None:
    model = Chain(4, (Dense(3, KERNELS["tanh"]), Dense(2, KERNELS["tanh"])))  # biases begin at 0
    state, paths = start(model, SGD(0.1)), []
    paths.append(state.parameters.copy())
    for record in train(
        state,
        model.loss_and_gradient(),
        whole(*samples(model, 5)),
        SGD(0.1),
        steps=7,
        layout=model.layout,
        every=3,
    ):
        paths.append(state.parameters.copy())
        if record.step % 3:
            assert record.relative_update == {}
            continue
        new, old = (model.layout.views(paths[at]) for at in (-1, -4))
        for name, value in record.relative_update.items():
            if name.endswith("bias") and record.step == 3:
                assert value == np.inf
            else:
                expected = np.linalg.norm(new[name] - old[name]) / np.linalg.norm(old[name])
                assert value == pytest.approx(expected, rel=1e-12)
    assert set(relative_update(model.layout, paths[0], paths[0]).values()) == {0.0}


def test_an_epoch_sees_every_sample_once() -> None:
    inputs, targets = np.arange(20.0).reshape(10, 2), np.arange(10)
    batches = Shuffled(inputs, targets, size=4, seed=1)
    epochs = [[batches(step) for step in range(3 * epoch, 3 * epoch + 3)] for epoch in range(3)]
    assert batches.steps == 3 and [len(x) for x, _ in epochs[0]] == [4, 4, 2]
    orders = [np.concatenate([t for _, t in epoch]) for epoch in epochs]
    assert all(np.array_equal(np.sort(order), targets) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert all(np.array_equal(x[:, 0], 2 * t) for epoch in epochs for x, t in epoch)
    # whatever was asked before, in this object or another
    again = Shuffled(inputs, targets, size=4, seed=1)(7)
    assert np.array_equal(again[1], epochs[2][1][1]) and np.array_equal(batches(0)[1], epochs[0][0][1])
    assert not np.array_equal(Shuffled(inputs, targets, size=10, seed=2)(0)[1], orders[0])
    assert stream(1, 2, 3).integers(2**60) != stream(1, 2, 4).integers(2**60)


def test_float32_follows_float64() -> None:
    model = chain()
    losses = []
    for dtype in ("float64", "float32"):
        state = State.start(model.initial(1, dtype), Momentum(0.05))
        batches = whole(*samples(model, 6, dtype))
        losses.append(
            [r.loss for r in train(state, model.loss_and_gradient(), batches, Momentum(0.05), steps=20)]
        )
        assert state.parameters.dtype == state.memory["velocity"].dtype == np.dtype(dtype)
    assert np.allclose(losses[0], losses[1], rtol=1e-5)


STATE, NOTHING = State(np.zeros(2), {}, step=5), whole(np.zeros(2), np.zeros(2))
BAD = {
    "a learning rate of 0": lambda: SGD(0.0),
    "a learning rate that is none": lambda: Momentum(float("inf")),
    "a momentum of 1": lambda: Momentum(0.1, 1.0),
    "a step of Rprop that never shrinks": lambda: Rprop(0.1, down=1.0),
    "a first step of Rprop beyond the largest": lambda: Rprop(60.0),
    "a limit of 0": lambda: ByNorm(0),
    "a limit that is none": lambda: ByValue(float("nan")),
    "no batch": lambda: Shuffled(np.zeros((3, 1)), np.zeros(3), 0),
    "no samples": lambda: Shuffled(np.zeros((0, 1)), np.zeros(0), 1),
    "targets are missing": lambda: Shuffled(np.zeros((3, 1)), np.zeros(2), 1),
    "fewer steps than done": lambda: list(
        train(STATE, chain().loss_and_gradient(), NOTHING, SGD(1), steps=4)
    ),
    "every 0": lambda: list(train(STATE, chain().loss_and_gradient(), NOTHING, SGD(1), steps=9, every=0)),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_settings_are_one_line(bad: str) -> None:
    with pytest.raises(ValueError, match=r"legal|as many") as caught:
        BAD[bad]()
    assert "\n" not in str(caught.value)
