"""The recurrent layer against PyTorch, its initial values against their laws, and the tasks it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgrad.numeric.recurrent.cells import GRU, LSTM, RNN
from symgrad.numeric.training import (
    TASKS,
    Adam,
    ByNorm,
    Chain,
    Dense,
    Recurrent,
    State,
    TaskBatches,
    train,
)
from symgrad.numeric.training.parameters import under
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import relative
from tests.numeric.training_oracles import TORCH_LOSSES

CELLS: dict[str, Any] = {"RNN": RNN(KERNELS["tanh"]), "LSTM": LSTM(), "GRU": GRU()}
STEPS, UNITS = 7, 6


def model(cell: str, task: str, **options: Any) -> Chain:
    asked = TASKS[task]
    layers = (Recurrent(UNITS, CELLS[cell], STEPS, **options), Dense(asked.outputs, KERNELS["identity"]))
    return Chain(STEPS * asked.channels, layers, asked.loss)


class TorchRecurrent:
    """The same chain out of torch.nn, its tensors beginning as copies of the parameters."""

    def __init__(self, chain: Chain, cell: str, parameters: Any) -> None:
        import torch

        self.torch, self.loss_name = torch, TORCH_LOSSES[chain.loss]
        views = {key: torch.tensor(view) for key, view in chain.layout.views(parameters).items()}
        channels = chain.inputs // STEPS
        self.cell = getattr(torch.nn, cell)(channels, UNITS, dtype=torch.float64)
        self.out = torch.nn.Linear(UNITS, chain.widths[-1], dtype=torch.float64)
        with torch.no_grad():
            self.cell.weight_hh_l0[:], self.cell.weight_ih_l0[:] = views["1.weight"], views["1.input"]
            self.cell.bias_ih_l0[:], self.cell.bias_hh_l0[:] = views["1.bias"], 0
            self.out.weight[:], self.out.bias[:] = views["2.weight"], views["2.bias"]
        self.tensors = {
            "1.weight": self.cell.weight_hh_l0,
            "1.input": self.cell.weight_ih_l0,
            "1.bias": self.cell.bias_ih_l0,
            "2.weight": self.out.weight,
            "2.bias": self.out.bias,
        }

    def loss(self, rows: Any, targets: Any) -> Any:
        states, _ = self.cell(self.torch.tensor(rows).reshape(len(rows), STEPS, -1).transpose(0, 1))
        found = self.out(states[-1])
        return getattr(self.torch.nn.functional, self.loss_name)(found, self.torch.tensor(targets))

    def vector(self, gradients: bool = False) -> Any:
        parts = [t.grad if gradients else t.detach() for t in self.tensors.values()]
        return np.concatenate([part.numpy().reshape(-1) for part in parts])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("cell", CELLS)
def test_training_equals_pytorch(cell: str, task: str) -> None:
    """Ten updates of Adam with clipping: losses, gradients, parameters."""
    torch = pytest.importorskip("torch")
    chain, batches, optimiser = model(cell, task), TaskBatches(task, STEPS, 4), Adam(0.02)
    state = State.start(chain.initial(1), optimiser)
    peer = TorchRecurrent(chain, cell, state.parameters)
    theirs = torch.optim.Adam(peer.tensors.values(), lr=0.02)
    f, gradient = chain.loss_and_gradient(), np.empty_like(state.parameters)
    peer.loss(*batches(0)).backward()
    f(state.parameters, batches(0), gradient)
    assert relative(gradient, peer.vector(gradients=True)) < 1e-10
    for record in train(state, f, batches, optimiser, steps=10, clip=ByNorm(0.5)):
        theirs.zero_grad()
        expected = peer.loss(*batches(record.step - 1))
        expected.backward()
        assert record.loss == pytest.approx(expected.item(), rel=1e-9)
        for tensor in peer.tensors.values():
            tensor.grad *= min(1.0, 0.5 / record.gradient_norm)
        assert record.gradient_norm > 0.5 or record.step > 1, "the clip has something to do"
        theirs.step()
    assert relative(state.parameters, peer.vector()) < 1e-9


def test_gradients_through_time_are_those_of_the_layer() -> None:
    chain = model("LSTM", "adding", forget_bias=1.0)
    parameters, (rows, _) = chain.initial(3), TaskBatches("adding", STEPS, 4)(0)
    layer = chain.layers[0]
    assert isinstance(layer, Recurrent)
    found = layer.gradients(under(1, chain.layout.views(parameters)), rows, np.ones((4, UNITS)))
    assert found.ln_cell is not None and found.ln_cell.shape == found.ln_state.shape == (STEPS,)
    assert found.ln_state[-1] == pytest.approx(0.5 * np.log(4 * UNITS), rel=1e-14)


def test_chrono_biases_are_spread_over_the_sequence() -> None:
    chain = Chain(100, (Recurrent(400, LSTM(), 50, forget_bias="chrono"),))
    bias = chain.layout.views(chain.initial(0))["1.bias"].reshape(4, 400)
    life = np.exp(bias[1])
    assert np.array_equal(bias[0], -bias[1]) and not bias[2:].any()
    assert 1 <= life.min() < 2 and 48 < life.max() <= 49
    assert abs(life.mean() - 25) < 4 * 48 / np.sqrt(12 * 400)


@pytest.mark.parametrize("gates", [1, 4])
def test_orthogonal_gates(gates: int) -> None:
    cell = CELLS["RNN" if gates == 1 else "LSTM"]
    chain = Chain(6, (Recurrent(5, cell, 3, weights="orthogonal", sigma_w=2.0),))
    for block in chain.layout.views(chain.initial(0))["1.weight"].reshape(gates, 5, 5):
        assert relative(block @ block.T, 4 * np.eye(5)) < 1e-14


def test_adding_asks_for_the_sum_of_the_marked_numbers() -> None:
    rows, targets = TaskBatches("adding", 11, 2000)(5)
    numbers, marks = np.moveaxis(rows.reshape(2000, 11, 2), 2, 0)
    assert (marks[:, :5].sum(1) == 1).all() and (marks[:, 5:].sum(1) == 1).all()
    assert np.allclose((numbers * marks).sum(1), targets[:, 0], rtol=1e-15)
    assert marks.any(axis=0).all() and numbers.min() >= 0 and numbers.max() < 1
    task, spread = TASKS["adding"], np.square(targets - 1)
    assert task.score(np.ones_like(targets), targets) == pytest.approx(spread.mean(), rel=1e-12)
    assert abs(spread.mean() - task.baseline) < 4 * spread.std() / np.sqrt(2000)


def test_recall_shows_its_symbol_first_and_asks_last() -> None:
    task = TASKS["recall"]
    rows, targets = TaskBatches("recall", 9, 2000)(0)
    inputs = rows.reshape(2000, 9, task.channels)
    assert np.array_equal(inputs[:, 0, :-1], np.eye(task.outputs)[targets])
    assert np.array_equal(inputs[:, :, -1], np.tile(np.eye(9)[8], (2000, 1)))
    later = inputs[:, 1:, :-1]
    assert later.std() == pytest.approx(0.5, rel=0.02)
    agree = np.corrcoef(later[:, :, 0].mean(1), targets == 0)[0, 1]
    assert abs(agree) < 4 / np.sqrt(2000), "the noise knows nothing of the symbol"
    assert task.score(np.eye(8)[targets], targets) == 1 and not task.solved(0.95) and task.solved(0.951)


@pytest.mark.parametrize("task", TASKS)
def test_batches_are_functions_of_their_key(task: str) -> None:
    def batch(step: int = 3, **key: Any) -> Any:
        return TaskBatches(task, **{"steps": 6, "size": 5, "seed": 1, **key})(step)

    assert all(np.array_equal(a, b) for a, b in zip(batch(), batch(), strict=True))
    tested = TaskBatches(task, 6, 5, 1).tested(5)
    for other in (batch(4), batch(seed=2), tested):
        assert not np.array_equal(batch()[0], other[0])
    assert np.array_equal(batch(dtype="float32")[0], batch()[0].astype("float32"))


LSTM_CELL, RNN_CELL = CELLS["LSTM"], CELLS["RNN"]
BAD = {
    "no units": lambda: Recurrent(0, RNN_CELL, 5),
    "no steps": lambda: Recurrent(3, RNN_CELL, 0),
    "a law": lambda: Recurrent(3, RNN_CELL, 5, weights="uniform"),
    "a scale": lambda: Recurrent(3, RNN_CELL, 5, sigma_w=float("nan")),
    "a huge forget bias": lambda: Recurrent(3, LSTM_CELL, 5, forget_bias=1e9),
    "a forget bias that is no number": lambda: Recurrent(3, LSTM_CELL, 5, forget_bias=float("nan")),
    "a word": lambda: Recurrent(3, LSTM_CELL, 5, forget_bias="large"),
    "a forget bias without a gate": lambda: Recurrent(3, RNN_CELL, 5, forget_bias=1.0),
    "chrono for two steps": lambda: Recurrent(3, LSTM_CELL, 2, forget_bias="chrono"),
    "inputs that are no steps": lambda: Chain(7, (Recurrent(3, RNN_CELL, 5),)).layout,
    "a second recurrent layer": lambda: Chain(6, (Recurrent(4, RNN_CELL, 2),) * 2).outputs(
        np.zeros(Chain(6, (Recurrent(4, RNN_CELL, 2),) * 2).layout.size), np.zeros((1, 6))
    ),
    "a task": lambda: TaskBatches("counting", 5, 5),
    "one step": lambda: TaskBatches("adding", 1, 5),
    "no sequences": lambda: TaskBatches("adding", 5, 0),
    "a dtype": lambda: TaskBatches("adding", 5, 5, dtype="float16"),
    "a rate of Adam": lambda: Adam(0.0),
    "a beta of Adam": lambda: Adam(0.1, beta2=1.0),
    "NaN weights": lambda: model("LSTM", "adding").outputs(
        np.full(model("LSTM", "adding").layout.size, np.nan), np.zeros((2, 2 * STEPS))
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_input_is_one_line(bad: str) -> None:
    with pytest.raises(ValueError, match=r"legal|finite|NaN") as caught:
        BAD[bad]()
    assert "\n" not in str(caught.value)
