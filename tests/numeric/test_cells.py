"""Gated and plain cells through time against PyTorch's own, 50-digit differences of the forward pass, and
themselves cut otherwise."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from symgrad.numeric.arrays.primitives import NUMPY, Primitives
from symgrad.numeric.arrays.standard import standard_arrays
from symgrad.numeric.recurrent import Recurrence, TimeGradients, Weights, bptt, through_time, unfold
from symgrad.numeric.recurrent.cells import GRU, LSTM, RNN, Cell
from symgrad.numeric.threads import one_blas_thread
from tests.numeric.kernels import KERNELS
from tests.numeric.oracles import multiprecision, relative

AGREE = 1e-10
CELLS: dict[str, Cell] = {
    "rnn": RNN(KERNELS["tanh"]),
    "relu": RNN(KERNELS["relu"]),
    "lstm": LSTM(),
    "lstm of 1997": LSTM(forget_gate=False),
    "gru": GRU(),
}
TORCH = {"rnn": "RNN", "relu": "RNN", "lstm": "LSTM", "gru": "GRU"}
SIZES = {
    "one step": (1, 2, 3, 2),
    "other inputs": (37, 5, 7, 4),
    "long": (80, 6, 16, 16),
    "one unit": (50, 1, 1, 1),
}
"""T, B, N, M."""


def tensors(cell: Cell, steps: int, batch: int, width: int, fan_in: int, lead: tuple[int, ...] = ()) -> Any:
    """Weights, x, g and s_0 of a net."""
    normal = np.random.default_rng(3).standard_normal
    rows = cell.gates * width
    weights = Weights(
        1.1 * normal((*lead, rows, width)) / width**0.5,
        normal((*lead, rows, fan_in)) / fan_in**0.5,
        0.3 * normal((*lead, rows)),
        0.3 * normal((*lead, rows)),
    )
    state = (*lead, batch, cell.parts * width)
    return weights, normal((*lead, steps, batch, fan_in)), normal(state), normal(state)


def alone(weights: Weights, at: int) -> Weights:
    """One net of a stack."""
    parts: list[Any] = [None if array is None else array[at] for array in vars(weights).values()]
    return Weights(*parts)


def plain(found: TimeGradients) -> list[Any]:
    """∂E/∂W, ∂E/∂U, both biases' and ∂E/∂s_0 as they are."""
    parts = (found.recurrent, found.input, found.bias, found.recurrent_bias, found.initial)
    return [part.plain() for part in parts]


def torch_layer(name: str, weights: Weights, x: Any, start: Any) -> Any:
    """torch.nn's layer with these weights, its outputs, its last state and the leaf s_0."""
    import torch

    width = weights.recurrent.shape[-1]
    more = {"nonlinearity": "relu" if name == "relu" else "tanh"} if TORCH[name] == "RNN" else {}
    layer = getattr(torch.nn, TORCH[name])(x.shape[-1], width, dtype=torch.float64, **more)
    with torch.no_grad():
        values = (weights.recurrent, weights.input, weights.bias, weights.recurrent_bias)
        for kind, value in zip(("weight_hh", "weight_ih", "bias_ih", "bias_hh"), values, strict=True):
            getattr(layer, f"{kind}_l0").copy_(torch.tensor(value))
    leaf = torch.tensor(start, requires_grad=True)
    parts = tuple(part[None].contiguous() for part in leaf.split(width, dim=-1))
    outputs, last = layer(torch.tensor(x), parts if len(parts) > 1 else parts[0])
    return layer, outputs, torch.cat([part[0] for part in (last if len(parts) > 1 else (last,))], -1), leaf


def torch_gradients(name: str, weights: Weights, x: Any, g: Any, start: Any, every: bool) -> list[Any]:
    """torch.nn's layer and its gradients of ⟨g, s_T⟩, or of Σ_t ⟨g_t, h_t⟩."""
    import torch

    layer, outputs, last, leaf = torch_layer(name, weights, x, start)
    end = (
        (outputs * torch.tensor(g[..., : outputs.shape[-1]])).sum()
        if every
        else (last * torch.tensor(g)).sum()
    )
    end.backward()
    found = [layer.weight_hh_l0, layer.weight_ih_l0, layer.bias_ih_l0, layer.bias_hh_l0, leaf]
    return [t.grad.numpy() if t.ndim > 1 else t.grad.numpy()[None] for t in found]


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize(
    ("sizes", "lead"), [*((sizes, ()) for sizes in SIZES), ("other inputs", (3,))], ids=str
)
@pytest.mark.parametrize("every", [False, True], ids=["the last state", "every state"])
def test_torch_layers(name: str, sizes: str, lead: tuple[int, ...], every: bool) -> None:
    pytest.importorskip("torch")
    cell = CELLS[name]
    weights, x, g, start = tensors(cell, *SIZES[sizes], lead)
    if every:
        g = np.random.default_rng(4).standard_normal((*x.shape[:-1], g.shape[-1]))
        g[..., SIZES[sizes][2] :] = 0  # torch's layers give h_t at every step, c_T at the last alone
    found = plain(through_time(cell, weights, x, g, start))
    for at in range(lead[0]) if lead else [None]:
        one = weights if at is None else alone(weights, at)
        given = (x, g, start) if at is None else (x[at], g[at], start[at])
        oracle = torch_gradients(name, one, *given, every)
        mine = found if at is None else [part[at] for part in found]
        if sizes == "one unit" and name == "relu":  # dies: both are exactly 0
            np.testing.assert_allclose(np.ravel(mine[0]), np.ravel(oracle[0]), rtol=AGREE)
        else:
            assert max(map(relative, mine, oracle)) < AGREE


@pytest.mark.parametrize("name", TORCH)
def test_torch_states(name: str) -> None:
    pytest.importorskip("torch")
    cell = CELLS[name]
    weights, x, _, start = tensors(cell, *SIZES["other inputs"])
    states = unfold(cell, weights, x, start)
    _, outputs, last, _ = torch_layer(name, weights, x, start)
    assert relative(states[1:, :, :7], outputs.detach().numpy()) < 1e-14
    assert relative(states[-1], last.detach().numpy()) < 1e-14
    assert np.array_equal(states[0], start)


def exact_step(cell: Cell, sigmoid: Any, tanh: Any, pre: Any, by_state: Any, state: Any) -> Any:
    """s_t from U x_t + b and W h_{t−1} + b_h, by the formulas of the papers; arrays of whatever numbers."""
    n = state.shape[-1] // cell.parts
    h = state[..., :n]
    if isinstance(cell, RNN):
        return tanh(pre + by_state)
    if isinstance(cell, GRU):
        r, z = (sigmoid(pre[..., k : k + n] + by_state[..., k : k + n]) for k in (0, n))
        new = tanh(pre[..., 2 * n :] + r * by_state[..., 2 * n :])
        return (1 - z) * new + z * h
    blocks = [(pre + by_state)[..., k * n : (k + 1) * n] for k in range(cell.gates)]
    c = state[..., n:]
    if cell.gates == 4:
        c = sigmoid(blocks[1]) * c
    c = c + sigmoid(blocks[0]) * tanh(blocks[-2])
    return np.concatenate([sigmoid(blocks[-1]) * tanh(c), c], axis=-1)


MP_TANH = np.vectorize(mpmath.tanh, otypes=[object])
MP_SIGMOID = np.vectorize(lambda a: 1 / (1 + mpmath.exp(-a)), otypes=[object])


def exact_energy(cell: Cell, w: Any, u: Any, b: Any, b_h: Any, x: Any, g: Any, state: Any) -> Any:
    """E in the working precision of mpmath; tensors as object arrays."""
    n = w.shape[-1]
    for step in x:
        state = exact_step(cell, MP_SIGMOID, MP_TANH, step @ u.T + b, state[..., :n] @ w.T + b_h, state)
    return (state * g).sum()


@pytest.mark.parametrize("name", [name for name in CELLS if name != "relu"])
def test_fifty_digit_differences(name: str) -> None:
    cell = CELLS[name]
    weights, x, g, start = tensors(cell, 3, 2, 2, 1)
    found = plain(through_time(cell, weights, x, g, start))
    with mpmath.workdps(50):
        exact = [multiprecision(t) for t in (*vars(weights).values(), x, g, start)]
        step = mpmath.mpf(10) ** -17
        for tensor, answer in zip((*exact[:4], exact[6]), found, strict=True):
            slopes = np.empty(tensor.shape)
            for at in np.ndindex(tensor.shape):
                kept, ends = tensor[at], []
                for sign in (1, -1):
                    tensor[at] = kept + sign * step
                    ends.append(exact_energy(cell, *exact))
                tensor[at] = kept
                slopes[at] = (ends[0] - ends[1]) / (2 * step)
            assert relative(answer.reshape(slopes.shape), slopes) < AGREE


EXTREMES = {
    "shut gates": ("lstm", 20, -50.0, 1e-22),
    "an open forget gate": ("lstm", 20, 30.0, 1.0),
    "faint recurrent weights": ("lstm", 6, 0.0, 1e-200),
    "faint recurrent weights of 1997": ("lstm of 1997", 6, 0.0, 1e-200),
    "faint recurrent weights of a GRU": ("gru", 6, 0.0, 1e-200),
    "a shut update gate": ("gru", 20, -50.0, 1e-22),
}
"""case → cell, T, what is added to the second block of biases, a factor of W."""


@pytest.mark.parametrize("case", EXTREMES)
def test_beyond_the_float_range_against_multiple_precision(case: str) -> None:
    """ln ‖∂E/∂h_t‖ and ln ‖∂E/∂c_t‖ from differences of the forward pass from s_t on, in 1,100 digits."""
    name, steps, bias, factor = EXTREMES[case]
    cell, width = CELLS[name], 2
    weights, x, g, _ = tensors(cell, steps, 1, width, 1)
    weights.bias[width : 2 * width] += bias
    weights.recurrent[...] *= factor
    g[..., width:] = 0
    found = through_time(cell, weights, x, g)
    with mpmath.workdps(1100):
        w, u, b, b_h = (multiprecision(t) for t in vars(weights).values())
        states, delta = [multiprecision(np.zeros_like(g))], mpmath.mpf(10) ** -500
        xs, end = multiprecision(x), multiprecision(g)
        for step in xs:
            by_state = states[-1][..., :width] @ w.T + b_h
            states.append(exact_step(cell, MP_SIGMOID, MP_TANH, step @ u.T + b, by_state, states[-1]))
        for t in (1, steps // 2, steps - 1):
            state = states[t]
            base = (states[-1] * end).sum()

            def slope(moved: Any, t: int = t, base: Any = base) -> Any:
                return (exact_energy(cell, w, u, b, b_h, xs[t:], end, moved) - base) / delta

            by_h, by_c = [], []
            for unit in range(width):
                moved = state.copy()
                moved[0, unit] += delta
                by_h.append(slope(moved))
                if cell.parts == 2:  # h_t moves with c_t: by o tanh(c_t) of its own step
                    moved, old = state.copy(), state[0, width + unit]
                    moved[0, width + unit] += delta
                    moved[0, unit] *= mpmath.tanh(old + delta) / mpmath.tanh(old)
                    by_c.append(slope(moved))
            for logs, slopes in ((found.ln_state, by_h), (found.ln_cell, by_c)):
                if slopes:
                    expected = float(mpmath.log(mpmath.sqrt(sum(s * s for s in slopes))))
                    assert logs is not None and logs[t - 1] == pytest.approx(expected, rel=1e-13, abs=1e-9)
    assert found.ln_state[0] < -800 or bias >= 0


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_both_ways_through_a_block_give_the_same_bits(
    name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, x, g, start = tensors(CELLS[name], 40, 3, 8, 5, (2,))
    weights = Weights(*(t.astype(dtype) for t in vars(weights).values()))
    arriving = np.random.default_rng(4).standard_normal((2, 40, 3, g.shape[-1])).astype(dtype)
    for covector in (g.astype(dtype), arriving):
        given = (CELLS[name], weights, x.astype(dtype), covector, start.astype(dtype))
        plainly = through_time(*given)
        with monkeypatch.context() as patched:
            patched.setattr(bptt, "_plainly", lambda *a, **k: None)
            carefully = through_time(*given)
        assert np.array_equal(plainly.ln_state, carefully.ln_state)
        assert all(map(np.array_equal, plain(plainly), plain(carefully)))


@pytest.mark.parametrize("name", CELLS)
def test_stacks_change_no_bit(name: str) -> None:
    """In the stack lie a net at rest, one that shuts and one whose W is large: each is what it is alone."""
    cell = CELLS[name]
    weights, x, g, start = tensors(cell, 300, 4, 10, 6, (3,))
    weights.recurrent[...] *= np.array([1.0, 1e-3, 4.0])[:, None, None]
    weights.bias[1, 10:20] -= 20.0 if cell.gates > 1 else 0.0
    with one_blas_thread():
        stacked = through_time(cell, weights, x, g, start)
        apart = [through_time(cell, alone(weights, s), x[s], g[s], start[s]) for s in range(3)]
    for seed, one in enumerate(apart):
        assert np.array_equal(one.ln_state, stacked.ln_state[seed])
        assert all(np.array_equal(a, b[seed]) for a, b in zip(plain(one), plain(stacked), strict=True))


@pytest.mark.parametrize("name", ["lstm", "lstm of 1997", "gru"])
def test_single_precision_is_double_precision_rounded(name: str) -> None:
    weights, x, g, start = tensors(CELLS[name], 60, 4, 12, 5)
    double = through_time(CELLS[name], weights, x, g, start)
    weights = Weights(*(t.astype("f4") for t in vars(weights).values()))
    single = through_time(CELLS[name], weights, x.astype("f4"), g.astype("f4"), start.astype("f4"))
    assert all(part.dtype == np.float32 for part in plain(single))
    assert max(map(relative, plain(single), plain(double))) < 2e-5
    np.testing.assert_allclose(single.ln_state, double.ln_state, atol=1e-4)


@pytest.mark.parametrize("name", ["lstm", "lstm of 1997", "gru"])
def test_on_tensors(name: str) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    cell, ops = CELLS[name], standard_arrays("torch", "cpu")
    weights, x, g, start = tensors(cell, 40, 3, 8, 5, (2,))
    here = through_time(cell, weights, x, g, start)
    there = through_time(cell, weights, x, g, start, ops)
    np.testing.assert_allclose(there.ln_state, here.ln_state, atol=1e-12)
    assert max(map(relative, plain(there), plain(here))) < 1e-13
    states = unfold(cell, weights, x, start)
    assert relative(unfold(cell, weights, x, start, ops), states) < 1e-14


class Counting:
    """NumPy's set, counting its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        self.calls += 1
        return getattr(NUMPY, name)


@pytest.mark.parametrize("name", [name for name in CELLS if name != "relu"])  # its states may leave the range
def test_work_is_linear_in_time(name: str) -> None:
    """Every 320 steps ask for as many operations as the 320 before them."""
    counted = []
    for steps in (320, 640, 3200):
        ops: Any = Counting()
        weights, x, g, start = tensors(CELLS[name], steps, 2, 3, 2)
        weights.recurrent[...] *= 0.9
        through_time(CELLS[name], weights, x, g, start, primitives=ops)
        counted.append(ops.calls)
    assert counted[2] - counted[0] == pytest.approx(9 * (counted[1] - counted[0]), rel=0.02)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_ten_thousand_steps_are_numbers(name: str) -> None:
    weights, x, g, _ = tensors(CELLS[name], 10_000, 2, 5, 3)
    found = through_time(CELLS[name], weights, x, g)
    assert np.isfinite(found.ln_state).all() and found.ln_state[0] < -1000
    sums = (found.recurrent, found.input, found.bias, found.initial)
    assert all(np.isfinite(part.ln_norm) for part in sums)
    assert found.ln_cell is None or np.isfinite(found.ln_cell).all()


def test_buffers_are_used_again_and_answers_stay() -> None:
    for cell in CELLS.values():
        weights, x, g, start = tensors(cell, 40, 3, 4, 2)
        passes = Recurrence(cell)
        states = passes.forward(weights, x, start)
        first = passes.backward(g)
        kept = [states.copy(), *map(np.copy, plain(first))]
        longer = tensors(cell, 70, 2, 4, 2)
        for given in ((weights, 2 * x, g, start), longer, (weights, x, g, start)):
            again = passes.forward(given[0], given[1], given[3])
            once_more = passes.backward(given[2])
        assert all(map(np.array_equal, kept, [states, *plain(first)]))
        assert all(map(np.array_equal, kept, [again, *plain(once_more)]))


def test_no_recurrent_weights_no_way_back() -> None:
    """W = 0: of an LSTM h_t reaches nothing, and ∂E/∂c_t is ∂E/∂c_T times the forget gates."""
    weights, x, g, start = tensors(LSTM(), 50, 2, 3, 2)
    weights = Weights(0 * weights.recurrent, weights.input, weights.bias)
    assert weights.bias is not None
    found = through_time(LSTM(), weights, x, g, start)
    assert found.ln_cell is not None and np.isneginf(found.ln_state[:-1]).all()
    pre = x @ weights.input[3:6].T + weights.bias[3:6]
    f = 1 / (1 + np.exp(-pre))
    states = unfold(LSTM(), weights, x, start)
    o = 1 / (1 + np.exp(-(x[-1] @ weights.input[9:].T + weights.bias[9:])))
    end = g[:, 3:] + g[:, :3] * o * (1 - np.tanh(states[-1, :, 3:]) ** 2)
    rows = [end * np.prod(f[t:], axis=0) for t in range(1, 51)]
    np.testing.assert_allclose(found.ln_cell, np.log([np.linalg.norm(r) for r in rows]), atol=1e-12)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_a_planted_error_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    cell = CELLS[name]
    given = tensors(cell, *SIZES["other inputs"])
    right = type(cell).factors

    def wrong(self: Any, ops: Primitives, *arrays: Any) -> Any:
        return ops.scale(right(self, ops, *arrays), 1 + 2e-9)

    monkeypatch.setattr(type(cell), "factors", wrong)
    weights, x, g, start = given
    found = plain(through_time(cell, *given))
    assert max(map(relative, found, torch_gradients(name, weights, x, g, start, False))) > AGREE


BAD: dict[str, Any] = {
    "W of one gate": (
        lambda w, x, g, s: (Weights(w.recurrent[:3], w.input), x, g, s), r"^W is float64 \(3, 3\)"
    ),
    "U of three gates": (
        lambda w, x, g, s: (Weights(w.recurrent, w.input[:9]), x, g, s), r"^U is float64 \(9, 2\)"
    ),
    "a bias too long": (
        lambda w, x, g, s: (Weights(w.recurrent, w.input, np.ones(13)), x, g, s), r"^b is float64 \(13,\)"
    ),
    "the other bias": (
        lambda w, x, g, s: (Weights(w.recurrent, w.input, None, np.ones(3)), x, g, s),
        r"^the bias beside W is float64 \(3,\)",
    ),
    "h_0 without c_0": (lambda w, x, g, s: (w, x, g, s[:, :3]), r"^the initial state is float64 \(2, 3\)"),
    "g of h alone": (lambda w, x, g, s: (w, x, g[:, :3], s), r"^the covector is float64 \(2, 3\)"),
    "no steps": (lambda w, x, g, s: (w, x[:0], g, s), r"^inputs have shape \(0, 2, 2\)"),
    "no numbers": (
        lambda w, x, g, s: (Weights(w.recurrent * np.nan, w.input), x, g, s),
        r"^W holds a NaN or an infinite entry",
    ),
    "a NaN comes in": (
        lambda w, x, g, s: (w, np.where(np.arange(5)[:, None, None] == 3, np.nan, x), g, s),
        r"^step 4: the state leaves the range of float64: take smaller [^\n]*$",
    ),
    "an enormous c_0": (lambda w, x, g, s: (w, x, g, s * 1e200), r"^the initial state leaves the ordinary"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_arrays_that_do_not_fit(case: str) -> None:
    change, line = BAD[case]
    with pytest.raises(ValueError, match=line):
        through_time(LSTM(), *change(*tensors(LSTM(), 5, 2, 3, 2)))


def test_a_covector_needs_its_forward_pass() -> None:
    passes = Recurrence(GRU())
    with pytest.raises(ValueError, match=r"^there is no forward pass[^\n]*$"):
        passes.backward(np.zeros((2, 3)))
    weights, x, g, _ = tensors(GRU(), 5, 2, 3, 2)
    passes.forward(weights, x)
    with pytest.raises(ValueError, match=r"^the covector is float64 \(1, 3\): expected [^\n]*$"):
        passes.backward(g[:1])
    assert math.isfinite(passes.backward(g).ln_state[0])
