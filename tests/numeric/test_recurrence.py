"""Backpropagation through time against PyTorch, 50-digit differences, closed forms, and cut otherwise."""

from __future__ import annotations

import dataclasses
import itertools
import math
import tracemalloc
from typing import Any

import mpmath
import numpy as np
import pytest

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.recurrent import TimeGradients, Weights, bptt, through_time, unfolded
from symgrad.numeric.recurrent.cells import RNN
from symgrad.numeric.recurrent.net import RecurrentNet, measure_recurrent, sample_recurrent
from symgrad.numeric.threads import blas_threads, limit_threads, one_blas_thread
from tests.numeric.kernels import EXACT, KERNELS, TORCH
from tests.numeric.oracles import exact_slope, multiprecision, relative

AGREE = 1e-10
SIZES = {
    "one step": (1, 2, 3, 2),
    "other inputs": (37, 5, 7, 4),
    "long": (80, 6, 16, 16),
    "one unit": (50, 1, 1, 1),
}
"""T, B, N, M."""


def tensors(seed: int, steps: int, batch: int, width: int, fan_in: int, lead: tuple[int, ...] = ()) -> Any:
    """W, U, b, x, g and h_0 of a net."""
    normal = np.random.default_rng(seed).standard_normal
    return (
        1.1 * normal((*lead, width, width)) / width**0.5,
        normal((*lead, width, fan_in)) / fan_in**0.5,
        0.3 * normal((*lead, width)),
        normal((*lead, steps, batch, fan_in)),
        normal((*lead, batch, width)),
        normal((*lead, batch, width)),
    )


def along(kernel: Kernel, w: Any, u: Any, b: Any, x: Any, g: Any, start: Any = None) -> TimeGradients:
    """The gradients of the plain net with these tensors."""
    return through_time(RNN(kernel), Weights(w, u, b), x, g, start)


def plain(found: TimeGradients) -> list[Any]:
    """∂E/∂W, ∂E/∂U, ∂E/∂b and ∂E/∂h_0 as they are."""
    return [part.plain() for part in (found.recurrent, found.input, found.bias, found.initial)]


def same_bits(one: TimeGradients, other: TimeGradients) -> bool:
    """Whether every number is the same."""
    logs = np.array_equal(one.ln_state, other.ln_state)
    return logs and all(map(np.array_equal, plain(one), plain(other)))


def torch_gradients(phi: Any, w: Any, u: Any, b: Any, x: Any, g: Any, start: Any) -> tuple[list[Any], Any]:
    """PyTorch's autograd through a loop over time: the four gradients, and ln ‖∂E/∂h_t‖."""
    import torch

    leaves = [torch.tensor(t, requires_grad=True) for t in (w, u, b, start)]
    weight, given, bias, h = leaves
    states = []
    for step in torch.tensor(x).unbind(-3):
        h = phi(h @ weight.mT + step @ given.mT + bias.unsqueeze(-2))
        h.retain_grad()
        states.append(h)
    (h * torch.tensor(g)).sum().backward()
    gradients = [t.grad.numpy() for t in leaves]
    gradients[2] = gradients[2][..., None, :]
    norms = [np.linalg.norm(h.grad.numpy(), axis=(-2, -1)) for h in states]
    with np.errstate(divide="ignore"):
        return gradients, np.log(np.stack(norms, axis=-1))


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    ("sizes", "lead"), [*((sizes, ()) for sizes in SIZES), ("other inputs", (3,))], ids=str
)
def test_pytorch_loop(name: str, sizes: str, lead: tuple[int, ...]) -> None:
    pytest.importorskip("torch")
    given = tensors(3, *SIZES[sizes], lead)
    found = along(KERNELS[name], *given)
    oracle, logs = torch_gradients(TORCH[name], *given)
    assert max(map(relative, plain(found), oracle)) < AGREE
    told = logs > -600  # below, squares of numbers of theirs are not numbers any more
    np.testing.assert_allclose(found.ln_state[told], logs[told], atol=AGREE)
    assert told.mean() > 0.3 or name == "relu"


@pytest.mark.parametrize("phi", ["tanh", "relu"])
def test_torch_rnn(phi: str) -> None:
    torch = pytest.importorskip("torch")
    w, u, b, x, g, start = tensors(5, 60, 4, 12, 7)
    rnn = torch.nn.RNN(7, 12, nonlinearity=phi, dtype=torch.float64)
    with torch.no_grad():
        for name, value in (
            ("weight_hh_l0", w),
            ("weight_ih_l0", u),
            ("bias_ih_l0", b),
            ("bias_hh_l0", 0 * b),
        ):
            getattr(rnn, name).copy_(torch.tensor(value))
    states, _ = rnn(torch.tensor(x), torch.tensor(start)[None])
    (states[-1] * torch.tensor(g)).sum().backward()
    found = plain(along(KERNELS[phi], w, u, b, x, g, start))
    oracle = [rnn.weight_hh_l0.grad, rnn.weight_ih_l0.grad, rnn.bias_ih_l0.grad[None]]
    assert max(relative(a, b) for a, b in zip(found, oracle, strict=False)) < AGREE


def exact_energy(phi: Any, w: Any, u: Any, b: Any, x: Any, g: Any, h: Any) -> Any:
    """E in the working precision of mpmath; tensors as object arrays."""
    for step in x:
        h = np.vectorize(phi, otypes=[object])(h @ w.T + step @ u.T + b)
    return (h * g).sum()


@pytest.mark.parametrize("name", KERNELS)
def test_fifty_digit_differences(name: str) -> None:
    given = tensors(7, 4, 2, 3, 2)
    found = plain(along(KERNELS[name], *given))
    with mpmath.workdps(50):
        exact, step = [multiprecision(t) for t in given], mpmath.mpf(10) ** -17
        for tensor, answer in zip((exact[0], exact[1], exact[2], exact[5]), found, strict=True):
            slopes = np.empty(tensor.shape)
            for at in np.ndindex(tensor.shape):
                kept, ends = tensor[at], []
                for sign in (1, -1):
                    tensor[at] = kept + sign * step
                    ends.append(exact_energy(EXACT[name], *exact))
                tensor[at] = kept
                slopes[at] = (ends[0] - ends[1]) / (2 * step)
            assert relative(answer.reshape(slopes.shape), slopes) < AGREE


def test_a_linear_net_in_closed_form() -> None:
    """h_T = Σ_t W^(T−t) U x_t: ∂E/∂h_t = g W^(T−t), and ∂E/∂U = Σ_t (g W^(T−t))ᵀ x_t."""
    w, u, _, x, g, _ = tensors(2, 12, 3, 5, 4)
    found = along(KERNELS["identity"], w, u, None, x, g)
    rows = [g @ np.linalg.matrix_power(w, 12 - t) for t in range(1, 13)]
    np.testing.assert_allclose(found.ln_state, np.log([np.linalg.norm(r) for r in rows]), atol=1e-12)
    assert relative(found.input.plain(), sum(r.T @ step for r, step in zip(rows, x, strict=True))) < 1e-13
    assert relative(found.initial.plain(), rows[0] @ w) < 1e-13


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [0.25, 3.5], ids=["contracting", "expanding"])
def test_five_thousand_linear_steps_have_exact_logs(scale: float, dtype: str) -> None:
    """W = s Q with Q of a permutation and signs: ‖∂E/∂h_t‖ = s^(T−t) ‖g‖, and the sums are geometric.

    With h_0 alone, x = 0: ∂E/∂W = Σ_t s^(T−1) (…) has norm T s^(T−1) |h_0| |g| for one unit.
    """
    steps, n = 5000, 6
    rng = np.random.default_rng(4)
    w = (scale * np.eye(n)[rng.permutation(n)] * rng.choice([-1, 1], n)).astype(dtype)
    x, g = np.zeros((steps, 2, n), dtype), rng.standard_normal((2, n)).astype(dtype)
    start = rng.standard_normal((2, n)).astype(dtype)
    found = along(KERNELS["identity"], w, np.eye(n, dtype=dtype), None, x, g, start)
    close = 1e-9 if dtype == "float64" else 1e-4
    expected = np.log(np.linalg.norm(g.astype(float))) + np.arange(steps - 1, -1, -1) * math.log(scale)
    np.testing.assert_allclose(found.ln_state, expected, atol=close, rtol=1e-14)
    assert found.initial.ln_norm == pytest.approx(expected[0] + math.log(scale), abs=close)
    one, unit = np.array([[scale]], dtype), np.array([[1.0]], dtype)
    h, end = np.array([[0.7]], dtype), np.array([[1.3]], dtype)
    steps = 1500
    line = along(KERNELS["identity"], one, unit, None, np.zeros((steps, 1, 1), dtype), end, h)
    product = math.log(h[0, 0]) + math.log(end[0, 0])
    assert line.recurrent.ln_norm == pytest.approx(
        math.log(steps) + (steps - 1) * math.log(scale) + product, abs=close
    )
    assert np.isneginf(line.input.ln_norm)  # the inputs are 0


RANGES = {
    "identity explodes": ("identity", 300, 30.0, 0.0),
    "identity vanishes": ("identity", 300, 0.01, 0.0),
    "identity, extreme weights": ("identity", 30, 1e200, 1e-200),
    "identity under huge biases": ("identity", 20, 1e-200, 1e250),
    "tanh vanishes": ("tanh", 300, 0.02, 0.5),
    "relu explodes": ("relu", 120, 1e4, 0.0),
    "relu vanishes": ("relu", 120, 1e-5, 0.1),
    "gelu explodes": ("gelu", 100, 30.0, 1.0),
    "sigmoid vanishes": ("sigmoid", 200, 0.05, 0.3),
}
"""case → activation, T, sigma_w, sigma_b."""


def exact_logs(name: str, net: RecurrentNet, seed: int) -> tuple[list[float], list[float]]:
    """One seed in 40 digits without bounds on the exponent: ln ‖∂E/∂h_t‖, and of ∂E/∂W, ∂E/∂U, ∂E/∂b."""
    drawn = sample_recurrent(net, range(seed, seed + 1))
    with mpmath.workdps(40):
        w, u = (multiprecision(t[0]) for t in (drawn.recurrent, drawn.input))
        w = w * mpmath.mpf(net.sigma_w)
        b = 0 if drawn.bias is None else multiprecision(drawn.bias[0]) * mpmath.mpf(net.sigma_b)
        x, grad = multiprecision(drawn.inputs[0]), multiprecision(drawn.covector[0])
        slope = np.vectorize(lambda a: exact_slope(EXACT[name], a), [object])
        states, slopes = [0 * grad], []
        for step in x:
            a = states[-1] @ w.T + step @ u.T + b
            states.append(np.vectorize(EXACT[name], otypes=[object])(a))
            slopes.append(slope(a))
        logs, sums = [], [0 * w, 0 * u, 0 * w[0]]
        for t in reversed(range(net.depth)):
            logs.append(grad)
            delta = grad * slopes[t]
            for k, term in enumerate((delta.T @ states[t], delta.T @ x[t], delta.sum(axis=0))):
                sums[k] = sums[k] + term
            grad = delta @ w
        ln = [[float(mpmath.log((r * r).sum()) / 2) for r in part] for part in (logs[::-1], sums)]
        return ln[0], ln[1]


@pytest.mark.parametrize("case", RANGES)
def test_beyond_the_float_range_against_multiple_precision(case: str) -> None:
    name, depth, sigma_w, sigma_b = RANGES[case]
    net = RecurrentNet(depth, 12 if name == "relu" else 4, 2, 2, sigma_w, sigma_b, seed=3)
    states, sums = exact_logs(name, net, 1)
    for dtype, close in (("float64", 1e-9), ("float32", 2e-2)):
        found = measure_recurrent(dataclasses.replace(net, dtype=dtype), KERNELS[name])
        np.testing.assert_allclose(found.ln_gradient[1], states, atol=close, rtol=1e-13)
        measured = (found.ln_recurrent_gradient[1], found.ln_input_gradient[1], found.ln_bias_gradient[1])
        np.testing.assert_allclose(measured, sums, atol=close, rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_ten_thousand_steps_are_numbers(dtype: str) -> None:
    net = RecurrentNet(10_000, 6, 2, 2, 0.5, 0.1, seed=1, dtype=dtype)
    found = measure_recurrent(net, KERNELS["tanh"])
    assert np.isfinite(found.ln_gradient).all() and (found.ln_gradient[:, 0] < -10_000).all()
    net = dataclasses.replace(net, depth=3_000, sigma_w=4.0)
    expanding = measure_recurrent(net, KERNELS["identity"])
    assert np.isfinite(expanding.ln_gradient).all() and (expanding.ln_gradient[:, 0] > 2_000).all()
    # the last factor is the top singular direction's: every step adds ln ρ(W), in the mean over many
    rho = np.abs(np.linalg.eigvals(4.0 * sample_recurrent(net, range(1)).recurrent[0].astype(float))).max()
    slope = (expanding.ln_gradient[0, 0] - expanding.ln_gradient[0, 1999]) / 1999
    assert slope == pytest.approx(math.log(rho), abs=2e-3)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_both_ways_through_a_block_give_the_same_bits(
    name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [t.astype(dtype) for t in tensors(6, 40, 3, 8, 5, (2,))]
    plainly = along(KERNELS[name], *given)
    monkeypatch.setattr(unfolded, "_plainly", lambda *a, **k: None)
    monkeypatch.setattr(bptt, "_plainly", lambda *a, **k: None)
    assert same_bits(along(KERNELS[name], *given), plainly)


@pytest.mark.parametrize("name", ["tanh", "gelu", "relu", "identity"])
def test_stacks_change_no_bit(name: str) -> None:
    """In the stack lie a net at rest, one that vanishes and one that explodes: each is what it is alone."""
    w, *rest = tensors(8, 300, 4, 40, 40, (3,))
    w *= np.array([1.0, 0.01, 1.0 if name in ("tanh", "gelu") else 8.0])[:, None, None]
    with one_blas_thread():
        stacked = along(KERNELS[name], w, *rest)
        apart = [along(KERNELS[name], w[seed], *(t[seed] for t in rest)) for seed in range(3)]
    for seed, alone in enumerate(apart):
        assert np.array_equal(alone.ln_state, stacked.ln_state[seed])
        for one, all_of_them in zip(plain(alone), plain(stacked), strict=True):
            assert np.array_equal(one, all_of_them[seed])


def test_threads_of_the_products_change_rounding_alone() -> None:
    given = tensors(8, 40, 33, 130, 96)
    found = []
    for threads in (1, 2):
        with blas_threads(threads):
            found.append(along(KERNELS["tanh"], *given))
    np.testing.assert_allclose(found[0].ln_state, found[1].ln_state, atol=1e-12)
    assert max(map(relative, *map(plain, found))) < 1e-13


@pytest.mark.parametrize("law", ["gaussian", "orthogonal"])
def test_measured_norms_are_those_of_the_gradients(law: str) -> None:
    net = RecurrentNet(20, 8, 3, 5, 1.2, 0.4, law, seed=3)
    found = measure_recurrent(net, KERNELS["tanh"])
    drawn = sample_recurrent(net, range(5))
    assert drawn.bias is not None
    given = along(
        KERNELS["tanh"], 1.2 * drawn.recurrent, drawn.input, 0.4 * drawn.bias, drawn.inputs, drawn.covector
    )
    np.testing.assert_allclose(found.ln_gradient, given.ln_state, atol=1e-12)
    for logs, part in (
        (found.ln_recurrent_gradient, given.recurrent),
        (found.ln_input_gradient, given.input),
        (found.ln_bias_gradient, given.bias),
    ):
        np.testing.assert_allclose(logs, np.log(np.linalg.norm(part.plain(), axis=(1, 2))), atol=1e-12)
    assert found.ln_spectral_norm is not None
    expected = np.linalg.svd(1.2 * drawn.recurrent, compute_uv=False)[:, :1]
    np.testing.assert_allclose(np.exp(found.ln_spectral_norm), expected, rtol=1e-13)
    assert measure_recurrent(net, KERNELS["tanh"], norms=False).ln_spectral_norm is None


def test_draws_have_their_laws_and_are_beginnings_of_longer_ones() -> None:
    net = RecurrentNet(30, 20, 8, 4, 1.0, 1.0, seed=2)
    drawn = sample_recurrent(net, range(4))
    assert drawn.bias is not None
    unit = (drawn.bias, drawn.inputs, drawn.covector)
    for tensor, variance in ((drawn.recurrent, 1 / 20), (drawn.input, 1 / 20), *((t, 1.0) for t in unit)):
        entries = np.ravel(tensor) / variance**0.5
        assert abs(entries.mean()) < 5 / entries.size**0.5
        assert abs((entries**2).mean() - 1) < 5 * (2 / entries.size) ** 0.5
    flat = [
        t.ravel()[:20] for t in (drawn.recurrent * 20**0.5, drawn.input * 20**0.5, drawn.bias, drawn.inputs)
    ]
    assert not any(np.isclose(a, b).any() for a, b in itertools.combinations(flat, 2))
    longer = sample_recurrent(dataclasses.replace(net, depth=50, batch=9, sigma_w=3.0), range(1, 3))
    assert np.array_equal(longer.inputs[:, :30, :8], drawn.inputs[1:3])
    assert np.array_equal(longer.recurrent, drawn.recurrent[1:3])
    assert not np.isclose(drawn.inputs[:, 0], drawn.inputs[:, 1]).any()


def test_the_number_of_threads_and_seeds_changes_no_result() -> None:
    net = RecurrentNet(25, 16, 4, 7, 1.1, 0.2, seed=4)
    found = measure_recurrent(net, KERNELS["gelu"])
    try:
        limit_threads(1)
        alone = measure_recurrent(net, KERNELS["gelu"])
    finally:
        limit_threads(None)
    fewer = measure_recurrent(dataclasses.replace(net, seeds=2), KERNELS["gelu"])
    for name, column in vars(found).items():
        if name != "net":
            assert np.array_equal(column, getattr(alone, name)), name
            assert np.array_equal(column[:2], getattr(fewer, name)), name


def test_dead_units_give_minus_infinity_not_nan() -> None:
    still = measure_recurrent(RecurrentNet(5, 3, 2, 2, 0.0, 0.0), KERNELS["tanh"])
    assert np.isneginf(still.ln_gradient[:, :-1]).all() and np.isfinite(still.ln_gradient[:, -1]).all()
    assert (
        np.isfinite(still.ln_recurrent_gradient).all()
        and still.ln_spectral_norm is not None
        and np.isneginf(still.ln_spectral_norm).all()
    )
    dead = measure_recurrent(RecurrentNet(400, 1, 2, 8, 1.0, 0.0), KERNELS["relu"])
    for name, column in vars(dead).items():
        assert name == "net" or not np.isnan(column).any()
    assert np.isneginf(dead.ln_gradient[:, 0]).any()


def test_a_planted_error_is_caught() -> None:
    def dphi(a: Any, h: Any, out: Any) -> None:
        KERNELS["tanh"].dphi(a, h, out)
        out *= 1 + 2e-10

    given = tensors(3, 37, 5, 7, 4)
    right = plain(along(KERNELS["tanh"], *given))
    wrong = plain(along(dataclasses.replace(KERNELS["tanh"], dphi=dphi), *given))
    assert min(map(relative, wrong, right)) > AGREE


def test_leaving_the_range_is_refused_by_name() -> None:
    square = Kernel(
        lambda a, out: np.multiply(a, a, out=out), lambda a, h, out: np.multiply(2, a, out=out), (0, 0), None
    )
    with pytest.raises(ValueError, match=r"^step \d+: [^\n]*fewer layers or [^\n]*scales$"):
        measure_recurrent(RecurrentNet(300, 8, 2, 2, 3.0, 0.0), square)
    w, u, b, x, g, start = tensors(3, 9, 2, 3, 2)
    for broken in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"^step 1: the pre-activation leaves the range[^\n]*$"):
            along(KERNELS["tanh"], w, u, b, x + broken, g, start)


BAD: dict[str, Any] = {
    "the weights do not fit": (lambda w, u, b, x, g, h: (w[:2], u, b, x, g, h), r"^W is float64 \(2, 3\)"),
    "a weight is no number": (lambda w, u, b, x, g, h: (w * np.nan, u, b, x, g, h), r"^W holds a NaN or"),
    "an input weight is infinite": (lambda w, u, b, x, g, h: (w, u / 0.0, b, x, g, h), r"^U holds a NaN or"),
    "a bias is no number": (lambda w, u, b, x, g, h: (w, u, b + np.nan, x, g, h), r"^b holds a NaN or"),
    "nor the input weights": (lambda w, u, b, x, g, h: (w, u.T, b, x, g, h), r"^U is float64 \(2, 3\)"),
    "nor the biases": (lambda w, u, b, x, g, h: (w, u, b[1:], x, g, h), r"^b is float64 \(2,\)"),
    "no steps": (lambda w, u, b, x, g, h: (w, u, b, x[:0], g, h), r"^inputs have shape \(0, 2, 2\)"),
    "a step alone": (lambda w, u, b, x, g, h: (w, u, b, x[0], g, h), r"^inputs have shape \(2, 2\)"),
    "integers": (lambda w, u, b, x, g, h: (w, u, b, x.astype(int), g, h), r"^inputs have dtype int64: legal"),
    "two dtypes": (lambda w, u, b, x, g, h: (w, u, b, x, g.astype("f4"), h), r"^the covector is float32"),
    "another initial state": (lambda w, u, b, x, g, h: (w, u, b, x, g, h[:1]), r"^the initial state is"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_arrays_that_do_not_fit(case: str) -> None:
    change, line = BAD[case]
    with np.errstate(divide="ignore"), pytest.raises(ValueError, match=line):
        along(KERNELS["tanh"], *change(*tensors(1, 4, 2, 3, 2)))


@pytest.mark.parametrize(
    "bad",
    [{"depth": 0}, {"depth": 100_001}, {"width": 0}, {"batch": 1.5}, {"sigma_w": math.nan}, {"sigma_b": -1.0},
     {"weights": "uniform"}, {"dtype": "float16"}, {"depth": 100_000, "width": 128, "batch": 64}],
    ids=str,
)  # fmt: skip
def test_specifications_out_of_range(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]*legal[^\n]*$"):
        RecurrentNet(**bad)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("sigma_w", [0.9, 1e-3], ids=["plainly", "carefully"])
def test_memory_is_what_the_specification_says(sigma_w: float, dtype: str) -> None:
    net = RecurrentNet(400, 48, 16, 4, sigma_w, 0.1, seed=1, dtype=dtype)
    measure_recurrent(dataclasses.replace(net, depth=2), KERNELS["tanh"])
    tracemalloc.start()
    measure_recurrent(net, KERNELS["tanh"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.4 * net.memory < peak < net.memory
