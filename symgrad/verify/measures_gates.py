"""Measurements of gated nets: what the cell carries, what the outputs carry, how long a gate remembers.

The formulas of a derivation, in its own letters, are evaluated at the gates and states of a net in balls and
compared with differences of that net's forward pass; the engine is compared with both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, arb_mat
from numpy.random import Generator
from scipy.special import expit

from symgrad.errors import InputError
from symgrad.numeric.recurrent import TimeGradients, Weights, through_time
from symgrad.numeric.recurrent.cells import GRU, LSTM
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.derivation import Claim
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
    r_gate,
    recalled,
    t,
    w_f,
    w_g,
    w_i,
    w_n,
    w_o,
    w_r,
    w_z,
    z_gate,
)
from symgrad.verify.exact_cells import lstm_cell
from symgrad.verify.exact_net import ball_norm
from symgrad.verify.exact_recurrent import ExactRecurrent
from symgrad.verify.nets import Float
from symgrad.verify.recurrent_nets import RecurrentOptions, RecurrentTensors, small_recurrent
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["carousel", "chrono", "forgetting", "gated_gradients", "truncation"]

EXACT = 1e-30
"""Largest relative disagreement of a formula and of differences, both in balls."""
ENGINE = 1e-10
DRAWN = 4000
"""Biases drawn for their law; four times as many when thorough."""
CHANCE = 1e-6
"""The chance that true biases are rejected, by the inequality of Dvoretzky, Kiefer, Wolfowitz and Massart."""
SIGMAS = 5.0

GATES = {
    ("lstm", True): ((i_gate, w_i), (f_gate, w_f), (cand, w_g), (o_gate, w_o)),
    ("lstm", False): ((i_gate, w_i), (cand, w_g), (o_gate, w_o)),
    ("gru", True): ((r_gate, w_r), (z_gate, w_z), (n_gate, w_n)),
}
"""The letters of the gates and of their weights, in the order of the rows."""


class _Letters:
    """A net in balls, with the letters of the derivations standing for its gates and states."""

    def __init__(self, options: RecurrentOptions, net: ExactRecurrent) -> None:
        self.net, self.width, self.gates = net, net.width, GATES[options.cell, options.forget_gate]
        self._states, self._gates = net.states(), net.gates()
        self._blocks = [
            arb_mat([list(map(arb, row)) for row in net.recurrent[g * self.width : (g + 1) * self.width]])
            for g in range(len(self.gates))
        ]

    def values(self, unit: int, step: int, at: sp.Expr) -> dict[sp.Basic, arb]:
        """What the letters at index `at` stand for in one unit at one step."""
        found: dict[sp.Basic, arb] = {f_gate[at]: arb(1)}
        for place, (letter, _) in enumerate(self.gates):
            found[letter[at]] = self._gates[step - 1][place * self.width + unit]
        for letter, offset in ((h, 0), (c, self.width)):
            if offset < len(self._states[0]):
                found[letter[at]] = self._states[step][offset + unit]
                found[letter[at - 1]] = self._states[step - 1][offset + unit]
        before = arb_mat([[entry] for entry in self._states[step - 1][: self.width]])
        found[recalled[at]] = (self._blocks[-1] * before).entries()[unit]
        return found

    def product(self, along: sp.Expr, first: int, last: int) -> list[arb]:
        """A product over the steps after `first` up to `last`, unit by unit."""
        written = along.subs({k: first, t: last}).doit()
        steps = range(first + 1, last + 1)
        return [
            ball(written, dict(pair for j in steps for pair in self.values(unit, j, sp.Integer(j)).items()))
            for unit in range(self.width)
        ]

    def matrix(self, formula: sp.Expr, step: int) -> arb_mat:
        """Σ over gates of (the coefficient of its weight, on a diagonal) times its matrix."""
        expanded, total = sp.expand(formula), arb_mat(self.width, self.width)
        for (_, weight), block in zip(self.gates, self._blocks, strict=True):
            total += self.diagonal(expanded.coeff(weight), step) * block
        return total

    def diagonal(self, formula: sp.Expr, step: int) -> arb_mat:
        """A formula of one unit at step t, on a diagonal."""
        return _diagonal([ball(formula, self.values(unit, step, t)) for unit in range(self.width)])


def _diagonal(entries: list[arb]) -> arb_mat:
    size = len(entries)
    return arb_mat([[entries[i] if i == j else arb(0) for j in range(size)] for i in range(size)])


def _drawn(
    claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool
) -> Iterable[tuple[RecurrentOptions, RecurrentTensors, ExactRecurrent]]:
    options = RecurrentOptions.read(net or {})
    if (options.cell, options.forget_gate) not in GATES:
        raise InputError(f"claim {claim.key}: cell {options.cell!r} has no gates (legal: lstm, gru)")
    for _ in range(options.seeds * (4 if thorough else 1)):
        tensors = small_recurrent(options, rng)
        if tensors is not None:
            for row in range(options.batch):
                yield options, tensors, tensors.exact(options, 0, row)


def gated_gradients(options: RecurrentOptions, tensors: RecurrentTensors, covector: Float) -> TimeGradients:
    """What the engine finds for nets drawn by the judge, E = ⟨covector, s_T⟩."""
    cell = GRU() if options.cell == "gru" else LSTM(options.forget_gate)
    weights = Weights(tensors.recurrent, tensors.input, tensors.bias, None)
    return through_time(cell, weights, tensors.inputs, covector)


def carousel(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """∂c_T/∂c_k with every W h held, as differences of the cell give it, is the product `along` in the gates.

    expects: along, in k, t and the letters of the gates. nets: LSTM options, width ≤ 8, depth ≤ 64. Every k
    and unit, to 1e-30 of its norm. Margin: share of the tolerance left.
    """
    parts = []
    for options, _, one in _drawn(claim, net, rng, thorough):
        if options.cell != "lstm":
            raise InputError(f"claim {claim.key}: cell {options.cell!r} has no cell state (legal: lstm)")
        width, last = one.width, one.steps
        held = replace(one, covector=[0] * width + [1] * width, _at={})
        with precision(one.bits):
            letters = _Letters(options, one)
            for first in range(1, last):
                expected = letters.product(claim.expects["along"], first, last)
                found = held.cell_gradient(first, truncated=True)
                text = f"{options}: ∂c_{last}/∂c_{first} with the gates held"
                parts.append(_agree(found, expected, text))
    return combine(parts)


def truncation(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The whole ∂c_T/∂c_k (GRU: ∂h_T/∂h_k) is `along` plus what goes by the outputs, Σ_s ∏ A_s ∂h_{s−1}/∂c_k,
    the latter by differences; and the engine's gradient of ⟨g, c_T⟩ (⟨g, h_T⟩) is that matrix applied to g.

    expects: along, entry (A_t), for the LSTM output (P_t), in the letters of the derivation. nets: options,
    width ≤ 8, depth ≤ 64. Two steps k of every net, to 1e-30, the engine to 1e-10. Margin: share of the
    tolerance left.
    """
    parts = []
    for options, tensors, one in _drawn(claim, net, rng, thorough):
        with precision(one.bits):
            parts += _decomposed(claim, options, tensors, one)
    return combine(parts)


def _decomposed(
    claim: Claim, options: RecurrentOptions, tensors: RecurrentTensors, one: ExactRecurrent
) -> list[Evidence]:
    letters, width, last = _Letters(options, one), one.width, one.steps
    lstm = options.cell == "lstm"
    pulled = np.zeros((1, options.batch, (1 + lstm) * width))
    pulled[..., -width:] = tensors.covector[..., :width]
    engine = gated_gradients(options, tensors, pulled)
    parts = []
    for first in sorted({1, last // 2}):
        opened = letters.diagonal(claim.expects["output"], first) if lstm else None

        def through(jacobian: list[list[arb]], rows: slice, opened: arb_mat | None = opened) -> arb_mat:
            """∂(rows of s)/∂c_k in whole: h_k moves with c_k."""
            own = arb_mat([row[-width:] for row in jacobian[rows]])
            return own if opened is None else own + arb_mat([row[:width] for row in jacobian[rows]]) * opened

        cell, output = slice(-width, None), slice(width)
        whole = through(one.jacobian(last, first), cell)
        total = _diagonal(letters.product(claim.expects["along"], first, last))
        kept = total
        for s in range(first + 1, last + 1):
            onward = _diagonal(letters.product(claim.expects["along"], s, last))
            outputs = through(one.jacobian(s - 1, first), output)
            total += onward * letters.matrix(claim.expects["entry"], s) * outputs
        left = ball_norm((whole - kept).entries()) / ball_norm(whole.entries())
        text = (
            f"{options}: from step {last} to {first}, of which the product leaves out {float(left.mid()):.2g}"
        )
        parts.append(_agree(whole.entries(), total.entries(), text))
        if options.batch == 1:
            gradient = arb_mat([list(map(arb, pulled[0, 0, -width:].tolist()))]) * whole
            sizes = engine.ln_state if engine.ln_cell is None else engine.ln_cell
            found = float(sizes[0, first - 1])
            error = abs((arb(found) - ball_norm(gradient.entries()).log()).expm1())
            parts.append(within(error, ENGINE, f"{text}: the engine's norm, error {float(error.mid()):.2g}"))
    return parts


def _agree(found: list[arb], expected: list[arb], text: str) -> Evidence:
    error = ball_norm([p - q for p, q in zip(found, expected, strict=True)]) / ball_norm(expected)
    return within(error, EXACT, f"{text}: relative error {float(error.mid()):.2g}")


def forgetting(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """An LSTM with weights of 0 and forget bias b: over n steps differences of its cell give σ(b)ⁿ, so the
    half-life −n ln 2/ln(…), to 1e-30; the engine's gradient over 200 steps gives it to 1e-10.

    expects: half_life, in b_f, and biases. Margin: share of the tolerance left.
    """
    parts = []
    for bias in claim.expects["biases"]:
        claimed = claim.expects["half_life"].subs(b_forget, bias)
        steps = 12
        one = ExactRecurrent(
            lstm_cell(),
            [[0]] * 4,
            [[0]] * 4,
            [0, bias, 0, 0],
            None,
            [[0]] * steps,
            [0, 1],
            [0, sp.Rational(1, 3)],
        )
        with precision(one.bits):
            (left,) = one.cell_gradient(1)
            measured = -(steps - 1) * arb(2).log() / left.log()
            error = abs(measured / ball(claimed) - 1)
        text = f"forget bias {bias}: half-life {float(measured.mid()):.6g} steps"
        parts.append(within(error, EXACT, f"{text} by differences"))
        gradient = _engine_gates(np.full(8, float(bias)), 200, rng)
        found = -200 * math.log(2) / np.log(gradient)
        off = float(np.abs(found / float(sp.N(claimed)) - 1).max())
        parts.append(within(off, ENGINE, f"{text} by the engine"))
    return combine(parts)


def _engine_gates(biases: Float, steps: int, rng: Generator) -> Float:
    """∂c_T/∂c_0 unit by unit of an LSTM with recurrent weights of 0 and these forget biases, T = steps."""
    width = biases.size
    gates = rng.standard_normal((4, width))
    gates[1] = biases
    weights = Weights(np.zeros((4 * width, width)), np.zeros((4 * width, 1)), gates.reshape(-1), None)
    covector = np.concatenate([np.zeros(width), np.ones(width)])[None]
    found = through_time(LSTM(), weights, np.zeros((steps, 1, 1)), covector)
    return np.asarray(found.initial.plain()[0, width:])


def chrono(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Characteristic times 1/(1 − σ(b_f)) of biases b_f = log U[1, T − 1]: their distribution lies within
    √(ln(2/10⁻⁶)/2n) of the one claimed, their mean within five standard errors; the engine's LSTM keeps f^T
    of a gradient over T steps and, over a cell's own time, between 1/4 and 1/e. Margin: share of the
    tolerance left. expects: steps (several T), mean in T, chance in T and one more letter.
    """
    parts = []
    count = DRAWN * (4 if thorough else 1)
    for steps in claim.expects["steps"]:
        biases = np.log(rng.uniform(1, steps - 1, count))
        times = 1 / expit(-biases)  # 1 − σ(b) is σ(−b)
        (place,) = claim.expects["chance"].free_symbols - {T}
        claimed = claim.expects["chance"].subs(T, steps)
        at = np.linspace(2, steps, 65)
        law = np.array([float(claimed.subs(place, sp.Float(point))) for point in at])
        seen = np.searchsorted(np.sort(times), at, side="right") / count
        allowed = math.sqrt(math.log(2 / CHANCE) / (2 * count))
        distance = float(np.abs(seen - law).max())
        parts.append(within(distance, allowed, f"T = {steps}: the law of the times is {distance:.3g} off"))
        error = abs(times.mean() - float(claim.expects["mean"].subs(T, steps)))
        allowed = SIGMAS * times.std() / math.sqrt(count)
        parts.append(within(error, allowed, f"T = {steps}: the mean time is {times.mean():.4g} steps"))
        some = biases[:32]
        kept = _engine_gates(some, steps, rng)
        error = float(np.abs(kept / expit(some) ** steps - 1).max())
        parts.append(within(error, ENGINE, f"T = {steps}: the engine's gradients, error {error:.2g}"))
        over = kept ** (times[:32] / steps)
        outside = float(np.maximum(0.25 - over, over - math.exp(-1)).max())
        parts.append(
            within(max(outside, 0.0), 1e-12, f"T = {steps}: over its own time a cell keeps 1/4 to 1/e")
        )
    return combine(parts)
