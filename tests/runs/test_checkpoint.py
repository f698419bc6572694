"""Checkpoints: found again bit for bit, never torn, never of another run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.numeric.training import OPTIMISERS, Shuffled, State, train
from symgrad.runs import checkpoint
from tests.numeric.training_oracles import chain, samples

ROOT = Path(__file__).resolve().parents[2]
CONFIG = {"learning_rate": 0.1, "layers": (4, 5), "optimiser": "sgd"}


def some_state() -> State:
    rng = np.random.default_rng(1)
    return State(
        rng.standard_normal(50), {"velocity": rng.standard_normal(50)}, 7, rng.standard_normal(50), "why"
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_saved_at_any_step_a_run_goes_on_bit_for_bit(name: str, dtype: str, tmp_path: Path) -> None:
    model, optimiser = chain(), OPTIMISERS[name](0.2)
    batches, config = Shuffled(*samples(model, 10, dtype), size=4), {"optimiser": name, "dtype": dtype}

    def go_on(state: State) -> Any:
        f = model.loss_and_gradient()
        return train(state, f, batches, optimiser, steps=8, layout=model.layout, every=3)

    undisturbed, files = (
        State.start(model.initial(1, dtype), optimiser),
        [tmp_path / f"{k}.npz" for k in range(9)],
    )
    checkpoint.save(files[0], undisturbed, config)
    records = []
    for record in go_on(undisturbed):
        records.append(record)
        checkpoint.save(files[record.step], undisturbed, config)
    for step, file in enumerate(files):
        state = checkpoint.load(file, config)
        assert state.step == step and list(go_on(state)) == records[step:]
        assert state.parameters.dtype == np.dtype(dtype) and state.memory.keys() == undisturbed.memory.keys()
        assert np.array_equal(state.parameters, undisturbed.parameters)
        assert all(np.array_equal(v, undisturbed.memory[key]) for key, v in state.memory.items())


def test_the_state_comes_back_whole(tmp_path: Path) -> None:
    file, state = tmp_path / "run.npz", some_state()
    for _ in range(2):  # the second time over the first
        checkpoint.save(file, state, CONFIG)
    found = checkpoint.load(file, CONFIG)
    assert found.since is not None and state.since is not None
    assert np.array_equal(found.parameters, state.parameters) and np.array_equal(found.since, state.since)
    assert np.array_equal(found.memory["velocity"], state.memory["velocity"])
    assert (found.step, found.stopped) == (7, "why")
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"learning_rate": 0.2}, "learning_rate is 0.1 there and 0.2 here"),
        ({"layers": (4, 6)}, r"layers is \[4, 5\] there and \[4, 6\] here"),
        ({"clip": 1}, "clip is not set there and 1 here"),
    ],
)
def test_another_configuration_is_refused(other: Any, what: str, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run.npz", some_state(), CONFIG)
    with pytest.raises(InputError, match=what) as caught:
        checkpoint.load(tmp_path / "run.npz", {**CONFIG, **other})
    assert "\n" not in str(caught.value)


def test_damage_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    checkpoint.save(file, some_state(), CONFIG)
    sound = file.read_bytes()
    flipped = [bytearray(sound) for _ in range(60)]
    for number, copy in enumerate(flipped):
        copy[number * len(sound) // 60] ^= 0xFF
    cut = [sound[: number * len(sound) // 20] for number in range(20)]
    refused = 0
    for damaged in [*cut, *flipped, b"\x93NUMPY", b"{}", b"no checkpoint\n" * 99]:
        file.write_bytes(bytes(damaged))
        try:
            found = checkpoint.load(file, CONFIG)
        except InputError as error:
            refused += "\n" not in str(error)
        else:  # a byte that means nothing to the reader
            assert np.array_equal(found.parameters, some_state().parameters) and found.step == 7
    assert refused > 60
    np.save(tmp_path / "array.npy", np.zeros(3))
    for path in (tmp_path / "array.npy", tmp_path / "nothing.npz", tmp_path):
        with pytest.raises(InputError):
            checkpoint.load(path, CONFIG)


def test_a_save_that_fails_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, state = tmp_path / "run.npz", some_state()
    checkpoint.save(file, state, CONFIG)

    def full(into: Any, **_: Any) -> None:
        into.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    state.step = 8
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(file, state, CONFIG)
    assert checkpoint.load(file, CONFIG).step == 7


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from symgrad.numeric.training import Momentum, Shuffled, State, train
from symgrad.runs import checkpoint
from tests.numeric.training_oracles import chain, samples

model, optimiser, file, steps = chain(widths=(4, 150, 150, 3)), Momentum(0.01), Path(sys.argv[1]), 80
batches, config = Shuffled(*samples(model, 10), size=4), {}

def work(save):
    state = checkpoint.load(file, config) if file.exists() else State.start(model.initial(), optimiser)
    for record in train(state, model.loss_and_gradient(), batches, optimiser, steps=steps, threads=1):
        if save:
            checkpoint.save(file, state, config)
    return state

expected = work(False)
random.seed(1)
seen = kills = 0
for _ in range(12):
    child = os.fork()
    if not child:
        work(True)
        os._exit(0)
    time.sleep(random.uniform(0.0, 0.03))
    os.kill(child, signal.SIGKILL)
    kills += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) < 0
    if file.exists():
        step = checkpoint.load(file, config).step
        assert step >= seen, (step, seen)
        seen = step
work(True)
found = checkpoint.load(file, config)
assert found.step == expected.step == steps
assert (found.parameters == expected.parameters).all()
assert (found.memory["velocity"] == expected.memory["velocity"]).all()
print(kills)
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork on this system")
def test_killed_at_any_moment_it_ends_where_an_undisturbed_run_does(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "run.npz")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 3
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".new")] == ["run.npz"]
