"""Trainings in folders: the same weights however often they are stopped, records that can always be read."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.numeric.training import DATASETS, SGD, Plan, Shuffled, State, train
from symgrad.runs.training import Config, Several, preset, read, records, run, trained
from symgrad.theory.activations import ACTIVATIONS, kernel
from symgrad.theory.registry import DERIVATIONS
from symgrad.theory.remedies.remedies import BESIDE, REMEDIES, chosen

SMALL = Config(depth=3, width=16, epochs=3, activation="tanh")
PAINS: dict[str, dict[str, Any]] = {
    "pretrained": {"remedies": ("pretrain-rbm",), "activation": "sigmoid"},
    "adam": {"optimizer": "adam"},
}


def _final(folder: Path) -> tuple[str, str]:
    """The recorded sum of the final weights, and that of those on the disk."""
    with np.load(folder / "checkpoint.npz") as file:
        return read(folder)[1]["weights"], hashlib.sha256(file["parameters"].tobytes()).hexdigest()


def test_a_run_is_that_of_the_plain_loop(tmp_path: Path) -> None:
    record = trained(SMALL, tmp_path / "a")
    split = DATASETS["digits"].split(0)
    model = Plan(kernel(ACTIVATIONS["tanh"]), depth=3, width=16).chain(64, 10)
    state = State.start(model.initial(0), SGD(0.1))
    first = state.parameters.copy()
    batches = Shuffled(split.inputs, split.labels, 32, 0)
    losses, ratios, before = [], [], first.copy()
    for found in train(state, model.loss_and_gradient(), batches, SGD(0.1), steps=3 * batches.steps):
        losses.append(found.loss)
        if found.step % batches.steps == 0:
            now, then = (model.layout.views(vector)["1.weight"] for vector in (state.parameters, before))
            ratios.append(np.linalg.norm(now - then) / np.linalg.norm(then))
            before = state.parameters.copy()
        if found.step == 1:
            moved = [
                math.log10(
                    np.linalg.norm(
                        model.layout.views(state.parameters)[f"{l}.weight"]
                        - model.layout.views(first)[f"{l}.weight"]
                    )
                )
                for l in (1, 2, 3)
            ]
    assert record["loss"] == pytest.approx(np.reshape(losses, (3, -1)).mean(axis=1), rel=1e-12)
    assert record["relative_update"][0] == pytest.approx(ratios, rel=1e-9)
    assert record["first_step"]["log10_update"] == pytest.approx(moved, rel=1e-9)
    outputs = model.outputs(state.parameters, split.test_inputs)
    assert record["accuracy"][-1] == (outputs.argmax(axis=1) == split.test_labels).mean()
    assert hashlib.sha256(state.parameters.tobytes()).hexdigest() == record["weights"]
    assert read(tmp_path / "a") == (SMALL, record)


KILLED = """
import sys
from pathlib import Path
from symgrad.runs.training import Config, trained
import json
trained(Config.read(json.loads(sys.argv[1])), sys.argv[2], resume=True)
"""


def _killed(config: Config, folder: Path, times: int, seconds: tuple[float, float]) -> int:
    """Starts the training and kills it so many times; how many of them met it alive."""
    moments, met = random.Random(1), 0
    for _ in range(times):
        text = json.dumps(config.document())
        process = subprocess.Popen([sys.executable, "-c", KILLED, text, str(folder)], stderr=subprocess.PIPE)
        until = time.monotonic() + 20
        while not (folder / "run.json").exists() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(moments.uniform(*seconds))
        if process.poll() is None:
            met += 1
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        there, _ = read(folder)
        assert there == config
    return met


@pytest.mark.parametrize("changes", PAINS.values(), ids=PAINS)
def test_a_killed_run_ends_at_the_same_weights(changes: dict[str, Any], tmp_path: Path) -> None:
    config = replace(SMALL, epochs=12, learning_rate=None, **changes)
    undisturbed = trained(config, tmp_path / "a")
    assert _killed(config, tmp_path / "b", 2, (0.05, 0.5)) >= 1
    assert trained(config, tmp_path / "b", resume=True)["weights"] == undisturbed["weights"]
    ours, other = (read(tmp_path / name)[1] for name in "ab")
    assert {**ours, "seconds": 0} == {**other, "seconds": 0}
    assert len({*_final(tmp_path / "a"), *_final(tmp_path / "b")}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", [None, *REMEDIES])
def test_ten_kills_change_nothing(name: str | None, tmp_path: Path) -> None:
    config = Config(depth=5, width=32, epochs=40, remedies=() if name is None else (name,))
    undisturbed = trained(config, tmp_path / "a")
    _killed(config, tmp_path / "b", 10, (0.0, 1.0))
    assert trained(config, tmp_path / "b", resume=True)["weights"] == undisturbed["weights"]


def test_what_is_cancelled_goes_on(tmp_path: Path) -> None:
    asked = iter([False] * 60 + [True])
    record = trained(SMALL, tmp_path / "a", cancelled=lambda: next(asked))
    assert record["stopped"] == "cancelled" and not record["finished"] and record["epoch"] == 1
    with pytest.raises(InputError, match="holds a training already"):
        trained(SMALL, tmp_path / "a")
    with pytest.raises(InputError, match="another training: its depth is 3, not 4"):
        trained(replace(SMALL, depth=4), tmp_path / "a", resume=True)
    heard = []
    record = trained(SMALL, tmp_path / "a", resume=True, told=lambda now: heard.append(now["epoch"]))
    assert heard == [2, 3] and record["weights"] == trained(SMALL, tmp_path / "b")["weights"]


@pytest.mark.parametrize("remedies", [(), ("pretrain-autoencoder",)])
def test_divergence_is_said_and_nothing_is_lost(remedies: tuple[str, ...], tmp_path: Path) -> None:
    config = replace(SMALL, activation="relu", learning_rate=1e9, remedies=remedies, epochs=2)
    record = trained(config, tmp_path / "a")
    assert record["finished"] and record["stopped"].startswith("diverged: ")
    assert "step" in record["stopped"]
    assert read(tmp_path / "a")[1] == json.loads(json.dumps(record, allow_nan=False))
    assert trained(config, tmp_path / "a", resume=True)["stopped"] == record["stopped"]


def test_several_trainings_are_those_alone(tmp_path: Path) -> None:
    runs = {"plain": SMALL, "relu": replace(SMALL, remedies=("relu",)), "batch": replace(SMALL, depth=2)}
    several = Several("some", "three of them", runs)
    stop = iter([False, False])
    assert run(several, tmp_path / "s", workers=1, cancelled=lambda: next(stop, True)).state == "cancelled"
    status = run(several, tmp_path / "s", workers=2)
    assert (status.state, status.done, status.points) == ("finished", 3, 3)
    found = dict(records(tmp_path / "s"))
    for name, config in runs.items():
        assert found[name]["weights"] == trained(config, tmp_path / name)["weights"]
    with pytest.raises(InputError, match="other trainings"):
        run(preset("headline"), tmp_path / "s")


def test_the_headline_has_every_remedy() -> None:
    runs = preset("headline", seed=3).runs
    assert {config.depth for config in runs.values()} == {2, 5, 10}
    assert {name for config in runs.values() for name in config.remedies} == set(REMEDIES)
    assert all(config.seed == 3 and config.memory > 0 and config.chain() for config in runs.values())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"data": "faces"}, "data = 'faces': legal are digits"),
        ({"depth": 0}, "depth = 0: legal are whole numbers from 1"),
        ({"epochs": True}, "epochs = True"),
        ({"sigma_w": math.nan}, "sigma_w = nan"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0"),
        ({"optimizer": "newton"}, "legal are sgd"),
        ({"remedies": ("wings",)}, "remedy 'wings'"),
        ({"remedies": ("relu", "relu")}, "stands twice"),
        ({"remedies": ("residual", "highway")}, "both set block"),
        ({"remedies": ("highway", "batch-norm")}, "do not go together"),
        ({"remedies": ("he",), "sigma_w": 2.0}, "a remedy sets it"),
        ({"width": 4096, "depth": 1000}, "GiB"),
        ({"optimizer": "rprop", "learning_rate": 1e9}, "learning_rate"),
        ({"activation": "log(x"}, ""),
    ],
)
def test_refusals_are_one_line_and_no_folder_is_made(
    changes: dict[str, Any], why: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        trained(replace(SMALL, **{"learning_rate": None, **changes}), tmp_path / "a")
    assert why in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("text", ["", "{}", '{"format": 1}', "[1]", '{"format": 1, "config": {"depth": 3}}'])
def test_what_is_no_record_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path)
    with pytest.raises(InputError, match="holds no training"):
        read(tmp_path / "nowhere")


def test_a_record_with_a_row_that_is_too_short_is_refused(tmp_path: Path) -> None:
    trained(replace(SMALL, epochs=1), tmp_path)
    record = json.loads((tmp_path / "run.json").read_text())
    record["moved"][1] = []
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="do not fit together"):
        read(tmp_path)


@pytest.mark.parametrize("name", REMEDIES)
def test_every_remedy_changes_the_net_or_its_training(name: str) -> None:
    remedy = REMEDIES[name]
    config = Config(remedies=(name,))
    differs = (config.plan.chain(64, 10).layers, config.clip(), config.pretraining()) != (
        config.plain().plan.chain(64, 10).layers, None, None,
    )  # fmt: skip
    assert differs or remedy.plan == {"sigma_w": 1.0}, "Glorot's scale is the plain net's"
    assert chosen((name,), "sigmoid").activation == (remedy.activation or "sigmoid")


@pytest.mark.parametrize("name", [*REMEDIES, *BESIDE])
def test_every_remedy_says_what_it_does_and_names_pages_that_exist(name: str) -> None:
    remedy = {**REMEDIES, **BESIDE}[name]
    assert all(key in DERIVATIONS for key in remedy.derivations)
    assert all((remedy.title, remedy.text, remedy.limits, remedy.cost))
    assert set(remedy.cures) <= {"vanishing", "exploding"} and not set(REMEDIES) & set(BESIDE)
