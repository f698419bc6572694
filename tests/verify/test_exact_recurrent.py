"""Recurrent nets in balls against PyTorch, against the unfolded feedforward net, and against themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.symbolic.balls import precision
from symgrad.symbolic.letters import x
from symgrad.verify.exact_cells import gru_cell, lstm_cell, rnn_cell
from symgrad.verify.exact_net import ExactNet, ball_norm
from symgrad.verify.exact_recurrent import ExactRecurrent
from symgrad.verify.recurrent_nets import RecurrentOptions, draw_recurrent, small_recurrent

CELLS = {"RNN": rnn_cell(sp.tanh(x), x), "LSTM": lstm_cell(), "GRU": gru_cell()}
N, M, T = 3, 2, 5


def floats(rows: Any) -> np.ndarray:
    return np.array([[float(entry.mid()) for entry in row] for row in rows])


def drawn(cell: Any, seed: int = 0) -> dict[str, np.ndarray]:
    rng, rows = np.random.default_rng(seed), cell.gates * N
    shapes = {
        "recurrent": (rows, N),
        "input": (rows, M),
        "bias": (rows,),
        "recurrent_bias": (rows,),
        "inputs": (T, M),
        "covector": (cell.parts * N,),
        "initial": (cell.parts * N,),
    }
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def exact(cell: Any, tensors: dict[str, np.ndarray]) -> ExactRecurrent:
    return ExactRecurrent(cell, **{name: array.tolist() for name, array in tensors.items()})


@pytest.mark.parametrize("name", CELLS)
def test_gradients_are_those_of_pytorch(name: str) -> None:
    """Every gradient to 1e-12; the covector is spread over h and c."""
    torch = pytest.importorskip("torch")
    cell, tensors = CELLS[name], drawn(CELLS[name])
    net = exact(cell, tensors)
    module = getattr(torch.nn, name)(M, N).double()
    names = ("recurrent", "input", "bias", "recurrent_bias")
    parameters = [module.weight_hh_l0, module.weight_ih_l0, module.bias_ih_l0, module.bias_hh_l0]
    with torch.no_grad():
        for parameter, key in zip(parameters, names, strict=True):
            parameter.copy_(torch.tensor(tensors[key]))
    start = torch.tensor(tensors["initial"]).reshape(cell.parts, 1, N).requires_grad_()
    _, last = module(torch.tensor(tensors["inputs"]), tuple(start) if cell.parts == 2 else start[0])
    reached = torch.cat(last) if cell.parts == 2 else last
    error = (reached.ravel() * torch.tensor(tensors["covector"])).sum()
    error.backward()
    assert float(net.error().mid()) == pytest.approx(error.item(), abs=1e-13)
    found = (
        net.recurrent_gradient(),
        net.input_gradient(),
        [net.bias_gradient()],
        [net.recurrent_bias_gradient()],
        [net.state_gradient(0)],
    )
    for got, true in zip(found, [*(p.grad for p in parameters), start.grad.ravel()], strict=True):
        assert np.allclose(floats(got), true.numpy(), rtol=1e-12, atol=1e-14)


def test_the_plain_net_is_a_feedforward_net_whose_layers_share_their_weights() -> None:
    """∂E/∂h_t to 40 digits, and ∂E/∂W is the sum of the layers' ∂E/∂W_l."""
    tensors = drawn(CELLS["RNN"], 3)
    net = exact(CELLS["RNN"], tensors)
    number = np.vectorize(lambda entry: sp.Rational(float(entry)), otypes=[object])
    drive = number(tensors["inputs"]) @ number(tensors["input"]).T
    given = (drive + number(tensors["bias"]) + number(tensors["recurrent_bias"])).tolist()
    weights = [tensors["recurrent"].tolist()] * T
    layers = ExactNet(
        sp.tanh(x), x, weights, given, tensors["initial"].tolist(), tensors["covector"].tolist()
    )
    for t in range(T + 1):
        ours, theirs = net.state_gradient(t), layers.hidden_gradient(t)
        with precision(net.bits):
            assert ball_norm([a - b for a, b in zip(ours, theirs, strict=True)]) < 1e-40 * ball_norm(theirs)
    shared, by_layer = net.recurrent_gradient(), [layers.weight_gradient(l) for l in range(1, T + 1)]
    with precision(net.bits):
        for i in range(N):
            for j in range(N):
                assert abs(shared[i][j] - sum(matrix[i][j] for matrix in by_layer)) < 1e-40


@pytest.mark.parametrize("name", CELLS)
def test_the_chain_rule_holds_between_any_two_steps(name: str) -> None:
    net = exact(CELLS[name], drawn(CELLS[name], 1))
    jacobian, upper, lower = floats(net.jacobian(4, 1)), net.state_gradient(4), net.state_gradient(1)
    assert np.allclose(floats([upper]) @ jacobian, floats([lower]), rtol=1e-13, atol=1e-15)


def test_the_cell_is_moved_with_its_output_or_without_what_h_carries_back() -> None:
    """∂E/∂c_t = ∂E/∂c_t|_h + ∂E/∂h_t ∘ o_t(1 − tanh² c_t); truncated, from c alone it is the product of f."""
    cell, tensors = CELLS["LSTM"], drawn(CELLS["LSTM"], 2)
    tensors["covector"][:N] = 0.0
    net = exact(cell, tensors)
    gates, states, free = floats(net.gates()), floats(net.states()), floats([net.state_gradient(2)])[0]
    slope = gates[1, 3 * N :] * (1 - np.tanh(states[2, N:]) ** 2)
    assert np.allclose(floats([net.cell_gradient(2)])[0], free[N:] + free[:N] * slope, rtol=1e-13)
    forgotten = np.prod(gates[2:, N : 2 * N], axis=0) * tensors["covector"][N:]
    assert np.allclose(floats([net.cell_gradient(2, truncated=True)])[0], forgotten, rtol=1e-13)


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu", "norm": sp.Rational(9, 10), "batch": 2},
        {"weights": "orthogonal", "sigma_w": sp.sqrt(2), "sigma_b": 0.3},
        {"cell": "lstm", "forget_bias": 1, "radius": 0.5},
        {"cell": "lstm", "forget_gate": False},
        {"cell": "gru", "weights": "identity", "bias": 0.2},
    ],
    ids=str,
)
def test_drawn_nets_are_what_their_options_say(options: dict[str, Any]) -> None:
    read = RecurrentOptions.read(options, depth=4, width=3)
    tensors = small_recurrent(read, np.random.default_rng(0))
    assert tensors is not None
    gates = read.exact_cell.gates
    assert tensors.recurrent.shape == (1, 3 * gates, 3)
    lower, upper = tensors.norms()
    assert lower.shape == (1, gates) and (lower <= upper).all()
    if read.norm is not None:
        assert np.allclose(upper, read.norm, rtol=1e-13)
    if read.weights in ("orthogonal", "identity"):
        assert np.allclose((lower, upper), read.sigma_w, rtol=1e-13)
    blocks = tensors.recurrent.reshape(gates, 3, 3)
    if read.radius is not None:
        assert np.allclose(np.abs(np.linalg.eigvals(blocks)).max(axis=1), read.radius, rtol=1e-12)
    if read.forget_bias:
        assert tensors.bias is not None and (tensors.bias[0] == np.repeat([0, 1, 0, 0], 3)).all()
    net = tensors.exact(read, 0, read.batch - 1)
    assert net.steps == 4 and len(net.states()) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "elman"}, "cell 'elman'"),
        ({"weights": "uniform"}, "weights 'uniform'"),
        ({"breadth": 3}, "option 'breadth'"),
        ({"cell": "gru", "forget_bias": 1}, "no forget gate"),
        ({"cell": "lstm", "forget_gate": False, "forget_bias": 1}, "no forget gate"),
        ({"cell": "lstm", "activation": "relu"}, "takes no activation"),
        ({"norm": 1, "radius": 1}, "not both"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        RecurrentOptions.read(options)
    assert "\n" not in str(caught.value)


def test_nets_beyond_exact_differences_are_refused() -> None:
    with pytest.raises(InputError, match="width ≤ 8"):
        small_recurrent(RecurrentOptions(width=9), np.random.default_rng(0))
    assert draw_recurrent(RecurrentOptions(width=9), np.random.default_rng(0), 2).recurrent.shape == (2, 9, 9)
