"""Gated nets measured beside their theory: what the cell carries, what all paths carry, and what other cells
do on the same inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray
from scipy.special import expit, log_expit, logsumexp

from symgrad.errors import InputError
from symgrad.numeric import RecurrentNet
from symgrad.numeric.recurrent import TimeGradients, Weights, through_time, unfold
from symgrad.numeric.recurrent.net import RecurrentDraw, sample_recurrent
from symgrad.numeric.threads import one_blas_thread
from symgrad.theory.activations import CORE, kernel
from symgrad.theory.net_result import LN10
from symgrad.theory.through_time.gated_bounds import lstm_gradient

__all__ = ["Gated", "chrono_biases", "chrono_product", "gated"]

Float: TypeAlias = NDArray[np.float64]
SLACK = 64 * float(np.finfo(np.float64).eps)
"""Rounding that is no violation, a step and a unit."""
RANGES = {"steps": (3, 2000), "width": (1, 256), "batch": (1, 16), "seeds": (1, 16), "seed": (0, 2**63 - 1)}
MOST = 2**23
"""Entries of all states of a kind of net together: 64 MiB an array."""
NODES = 96


@dataclass(frozen=True)
class Gated:
    """What LSTM, GRU and RNN nets did on the same inputs, E = ⟨g, h_T⟩; log10, column t − 1 for step t.

    series     name → (its state, log10 of the gradient (S, T)); c_t for the LSTMs, else h_t
    full       log10 ‖∂E/∂c_t‖_F of the LSTM, all paths, (S, T)
    truncated  the same along the cell alone, ∂E/∂c_T ∘ ∏ f
    product    log10 of the root mean square of ∏_{s>t} f_s over units, samples and seeds, (T,)
    bound      each LSTM's own worst case, (S, T)
    difference, cosine  of truncated to full ∂E/∂c_0 as vectors, (S,)
    """

    net: RecurrentNet
    series: dict[str, tuple[str, Float]] = field(repr=False)
    truncated: Float
    product: Float
    bound: Float
    difference: Float
    cosine: Float

    @property
    def full(self) -> Float:
        """That of the LSTM."""
        return self.series["LSTM"][1]

    @property
    def violations(self) -> int:
        """How many (seed, step) pairs pass the bound by more than rounding."""
        allowed = np.log1p(SLACK * self.net.depth * self.net.width) / LN10
        return int((self.full > self.bound + allowed).sum())


def gated(
    forget_bias: float,
    steps: int = 100,
    width: int = 32,
    batch: int = 4,
    seeds: int = 4,
    sigma_w: float = 1.0,
    seed: int = 0,
) -> Gated:
    """Draws and runs the nets. Raises `InputError`, naming the offender and its legal range."""
    given = {"steps": steps, "width": width, "batch": batch, "seeds": seeds, "seed": seed}
    for name, value in given.items():
        low, high = RANGES[name]
        if not (isinstance(value, int) and low <= value <= high):
            raise InputError(f"{name} {value}: legal are whole numbers from {low} to {high}")
    if steps * width * batch * seeds > MOST:
        size = f"{steps} steps × {width} units × {batch} samples × {seeds} seeds"
        raise InputError(f"{size}: legal are at most {MOST} numbers")
    try:
        net = RecurrentNet(
            depth=steps,
            width=width,
            batch=batch,
            seeds=seeds,
            sigma_w=sigma_w,
            seed=seed,
            cell="lstm",
            forget_bias=forget_bias,
        )
    except ValueError as reason:
        raise InputError(str(reason)) from None
    with one_blas_thread():
        return _measured(net)


def chrono_biases(rng: Generator, steps: int, shape: tuple[int, ...]) -> Float:
    """b_f = log U, U uniform on [1, T − 1] (Tallec and Ollivier 2018, arXiv:1804.11188, section 2)."""
    return np.asarray(np.log(rng.uniform(1, steps - 1, shape)))


def chrono_product(steps: int) -> Float:
    """log10 √E σ(b_f)^{2(T−t)} over chrono biases, t = 1…T, by Gauss–Legendre quadrature in ln U."""
    points, weights = _rule()
    half = np.log(steps - 1) / 2
    bias = half * (points + 1)
    measure = np.log(weights * half) + bias - np.log(steps - 2)
    powers = 2 * np.arange(steps - 1, -1, -1)[:, None] * log_expit(bias)
    return np.asarray(logsumexp(powers + measure, axis=1) / (2 * LN10))


@cache
def _rule() -> tuple[Float, Float]:
    with one_blas_thread():
        points, weights = np.polynomial.legendre.leggauss(NODES)
    return points, weights


def _measured(net: RecurrentNet) -> Gated:
    drawn = sample_recurrent(net, range(net.seeds))
    weights = net.weights_of(drawn)
    found = _run(net, weights, drawn)
    others = {
        "LSTM without forget gate": replace(net, forget_gate=False, forget_bias=0.0),
        "GRU": replace(net, cell="gru", forget_bias=0.0),
        "RNN (tanh)": replace(net, cell="rnn", forget_bias=0.0),
    }
    series = {"LSTM": _logs(found), "LSTM, chrono": _logs(_run(net, _chrono(net, weights), drawn))}
    for name, other in others.items():
        beside = sample_recurrent(other, range(net.seeds), norms=False)
        series[name] = _logs(_run(other, other.weights_of(beside), beside))
    ln_f, ln_last, sign = _along(net, weights, drawn)
    ln_left = np.concatenate([np.cumsum(ln_f[:, ::-1], axis=1)[:, ::-1], np.zeros_like(ln_f[:, :1])], axis=1)
    truncated = ln_left + ln_last[:, None]
    norms = np.exp(np.asarray(drawn.ln_spectral_norm)) * net.sigma_w
    size = np.log(np.linalg.norm(drawn.covector, axis=(-2, -1)))[:, None]
    difference, cosine = _beside(found, truncated[:, 0], sign)
    return Gated(
        net,
        series,
        _ln_norm(truncated[:, 1:], (-2, -1)) / LN10,
        (logsumexp(2 * ln_left[:, 1:], axis=(0, 2, 3)) - np.log(ln_left[:, 0].size)) / (2 * LN10),
        (size + lstm_gradient(norms, net.depth)[0]) / LN10,
        difference,
        cosine,
    )


def _run(net: RecurrentNet, weights: Weights, drawn: RecurrentDraw) -> TimeGradients:
    return through_time(net.cell_of(kernel(CORE["tanh"])), weights, drawn.inputs, drawn.covector)


def _logs(found: TimeGradients) -> tuple[str, Float]:
    if found.ln_cell is None:
        return "h_t", found.ln_state / LN10
    return "c_t", found.ln_cell / LN10


def _chrono(net: RecurrentNet, weights: Weights) -> Weights:
    """The same weights with b_f = log U[1, T − 1] and b_i = −b_f."""
    n = net.width
    rng = Generator(SFC64(SeedSequence(net.seed, spawn_key=(net.depth,))))
    bias = np.zeros(weights.recurrent.shape[:-1])
    bias[:, n : 2 * n] = chrono_biases(rng, net.depth, (net.seeds, n))
    bias[:, :n] = -bias[:, n : 2 * n]
    return replace(weights, bias=bias)


def _along(net: RecurrentNet, weights: Weights, drawn: RecurrentDraw) -> tuple[Float, Float, Float]:
    """ln f_t (S, T, B, N), and of g ∘ o_T ∘ (1 − tanh² c_T) the logarithm and the sign, (S, B, N)."""
    n = net.width
    states = unfold(net.cell_of(None), weights, drawn.inputs)
    before, last = states[:, :-1, :, :n], states[:, -1, :, n:]

    def gate(place: int, steps: slice) -> Float:
        rows = slice(place * n, (place + 1) * n)
        pre = before[:, steps] @ weights.recurrent[:, None, rows].swapaxes(-1, -2)
        pre = pre + drawn.inputs[:, steps] @ weights.input[:, None, rows].swapaxes(-1, -2)
        return pre if weights.bias is None else pre + weights.bias[:, None, None, rows]

    pulled = drawn.covector[..., :n] * expit(gate(3, slice(-1, None))[:, 0]) / np.cosh(last) ** 2
    with np.errstate(divide="ignore"):
        return np.asarray(log_expit(gate(1, slice(None)))), np.log(np.abs(pulled)), np.sign(pulled)


def _ln_norm(logs: Float, axes: tuple[int, ...]) -> Float:
    return np.asarray(0.5 * logsumexp(2 * logs, axis=axes))


def _beside(found: TimeGradients, ln_truncated: Float, sign: Float) -> tuple[Float, Float]:
    """‖truncated − full‖/‖full‖ and their cosine, of ∂E/∂c_0, (S,)."""
    n, first = sign.shape[-1], found.initial
    with np.errstate(divide="ignore"):
        ln_full = np.log(np.abs(first.values[..., n:])) + first.exponent * np.log(2.0)
    sizes = [_ln_norm(logs, (-2, -1)) for logs in (ln_full, ln_truncated)]
    whole, part = (
        np.exp(logs - size[:, None, None]) * signs
        for logs, size, signs in zip(
            (ln_full, ln_truncated), sizes, (np.sign(first.values[..., n:]), sign), strict=True
        )
    )
    cosine = (whole * part).sum(axis=(-2, -1))
    ratio = np.exp(sizes[1] - sizes[0])
    return np.sqrt(np.maximum(1 - 2 * ratio * cosine + ratio**2, 0.0)), cosine
