"""Measurements on unfolded nets in balls: the product over time, the sums of shared weights, and the Jacobian
of a gated step, against differences of the forward pass; the engine against the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, arb_mat
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.recurrent import TimeGradients, Weights, through_time
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import (
    c,
    cand,
    f_gate,
    h,
    i_gate,
    n_gate,
    o_gate,
    r_gate,
    recalled,
    t,
    x,
    z_gate,
)
from symgrad.theory.through_time.gated_steps import J, M, weights
from symgrad.verify.exact_net import ExactNet, ball_norm
from symgrad.verify.exact_recurrent import ExactRecurrent
from symgrad.verify.measures_net import ENGINE, EXACT, log10_norm
from symgrad.verify.nets import NOTHING, Float, resolve
from symgrad.verify.oracles import number_ball, quotients
from symgrad.verify.recurrent_nets import RecurrentOptions, RecurrentTensors, small_recurrent
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["exact_slopes", "gated_step", "same", "shared_weights", "time_product", "unfolded_nets"]

GATES = {
    "lstm": (i_gate, f_gate, cand, o_gate),
    "1997": (i_gate, cand, o_gate),
    "gru": (r_gate, z_gate, n_gate),
}
"""The letters of the blocks of a cell, in their order."""


def unfolded_nets(
    options: RecurrentOptions, rng: Generator, thorough: bool
) -> Iterator[tuple[RecurrentTensors, list[ExactRecurrent]]]:
    """Drawn nets with one exact net a sample; fewer where none is differentiable where it is drawn."""
    for _ in range(options.seeds * (4 if thorough else 1)):
        tensors = small_recurrent(options, rng)
        if tensors is not None:
            yield tensors, [tensors.exact(options, 0, row) for row in range(options.batch)]


def same(found: Sequence[Any], true: Sequence[arb], tolerance: float, text: str) -> Evidence:
    """‖found − true‖ ≤ tolerance·‖true‖; float64 entries are taken as the rationals that they are."""
    difference = ball_norm([arb(entry) - other for entry, other in zip(found, true, strict=True)])
    norm = ball_norm(true)
    if norm.upper() < NOTHING:
        return within(difference / NOTHING, 1.0, f"{text}: both zero to 250 digits")
    error = difference / norm
    return within(error, tolerance, f"{text}: relative error {float(error.mid()):.2g}")


def exact_slopes(net: ExactRecurrent, activation: Any) -> list[list[arb]]:
    """φ′(a_t), t = 1…T, by difference quotients of φ."""
    return [quotients(resolve(activation).phi, x, pre) for pre in net.gates()]


def _matrix(rows: Sequence[Sequence[Any]], bits: int) -> arb_mat:
    return arb_mat([[number_ball(entry, bits) for entry in row] for row in rows])


def _engine(
    options: RecurrentOptions, tensors: RecurrentTensors, covector: Float | None = None
) -> TimeGradients:
    """What the engine finds for the first seed."""
    bias = None if tensors.bias is None else tensors.bias[0]
    given = Weights(tensors.recurrent[0], tensors.input[0], bias, None)
    ends = tensors.covector[0] if covector is None else covector
    return through_time(options.engine_cell, given, tensors.inputs[0], ends)


def time_product(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """∂E/∂h_T ∏_{s=k+1}^T D_s W, φ′ by differences of φ, is ∂E/∂h_k by differences of the forward pass to
    1e-30 for every k, and the engine's ‖∂E/∂h_k‖ and ∂E/∂h_0 are it to 1e-10.

    expects: nothing. nets: `RecurrentOptions` of the plain net, width ≤ 8, T ≤ 64. Margin: share of the
    tolerance left.
    """
    options = RecurrentOptions.read(net or {})
    _plain(claim, options)
    parts = []
    for tensors, exact in unfolded_nets(options, rng, thorough):
        found = _engine(options, tensors)
        true = [[one.state_gradient(k) for k in range(options.depth + 1)] for one in exact]
        for row, one in enumerate(exact):
            slopes = exact_slopes(one, options.activation)
            with precision(one.bits):
                back, weight = arb_mat([true[row][-1]]), _matrix(one.recurrent, one.bits)
                for k in reversed(range(options.depth)):
                    scaled = [g * d for g, d in zip(back.entries(), slopes[k], strict=True)]
                    back = arb_mat([scaled]) * weight
                    parts.append(same(back.entries(), true[row][k], EXACT, f"{options}: product to h_{k}"))
                got = found.initial.plain()[row]
                parts.append(same(got.tolist(), true[row][0], ENGINE, f"{options}: ∂E/∂h_0 of the engine"))
        with precision(exact[0].bits):
            for k in range(1, options.depth + 1):
                size = log10_norm([entry for one in true for entry in one[k]])
                parts.append(_same_size(float(found.ln_state[k - 1]), size, f"{options}: ‖∂E/∂h_{k}‖"))
    return combine(parts)


def _same_size(ln_size: float, log10_size: arb | float, text: str) -> Evidence:
    """The engine's ln ‖·‖ against log10 of the norm, to 1e-10 of the norm."""
    if log10_size == float("-inf"):
        return within(0.0 if ln_size < np.log(NOTHING) else 1.0, 0.5, f"{text}: zero to 250 digits")
    error = abs(arb(ln_size) - log10_size * arb(10).log())
    return within(error, ENGINE, f"{text} of the engine: relative error {float(error.mid()):.2g}")


def _plain(claim: Claim, options: RecurrentOptions) -> None:
    if options.cell != "rnn":
        raise InputError(f"claim {claim.key}: cell {options.cell!r}; this measure takes the plain net, 'rnn'")


def shared_weights(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """W, U and b moved at all steps at once: ∂E/∂W is the sum of the layers' gradients of the feedforward net
    with weights W and biases U x_l + b, and ∂E/∂W, ∂E/∂U, ∂E/∂b are Σ δ_t h_{t−1}ᵀ, Σ δ_t x_tᵀ, Σ δ_t, to
    1e-30; the engine's are those to 1e-10, with an error at the last step and with one at every step.

    expects: nothing. nets: `RecurrentOptions` of the plain net, batch 1, width ≤ 8, T ≤ 64. Margin: share of
    the tolerance left.
    """
    options = RecurrentOptions.read(net or {})
    _plain(claim, options)
    if options.batch != 1:
        raise InputError(f"claim {claim.key}: batch {options.batch}; this measure takes one input (batch 1)")
    parts = []
    for tensors, (one,) in unfolded_nets(options, rng, thorough):
        moved = [_flat(one.recurrent_gradient()), _flat(one.input_gradient()), one.bias_gradient()]
        names = [f"{options}: ∂E/∂{letter}" for letter in "WUb"]
        with precision(one.bits):
            for found, true, text in zip(_summed(one, options), moved, names, strict=True):
                parts.append(same(found, true, EXACT, f"{text} as a sum over the steps"))
        layers = _feedforward(one, options)
        total = [layers.weight_gradient(layer) for layer in range(1, options.depth + 1)]
        with precision(one.bits):
            added = [sum(entries, arb(0)) for entries in zip(*map(_flat, total), strict=True)]
            parts.append(same(added, moved[0], EXACT, f"{names[0]} as the sum over the layers"))
        parts += _of_engine(_engine(options, tensors), moved, one.bits, names)
        ends = rng.standard_normal((options.depth, 1, options.width))
        errors = [
            replace(one, inputs=one.inputs[:step], covector=ends[step - 1, 0].tolist(), _at={})
            for step in range(1, options.depth + 1)
        ]
        with precision(one.bits):
            every = [
                [sum(entries, arb(0)) for entries in zip(*terms, strict=True)]
                for terms in (
                    [_flat(error.recurrent_gradient()) for error in errors],
                    [_flat(error.input_gradient()) for error in errors],
                    [error.bias_gradient() for error in errors],
                )
            ]
        names = [f"{name}, an error at every step" for name in names]
        parts += _of_engine(_engine(options, tensors, ends), every, one.bits, names)
    return combine(parts)


def _of_engine(
    found: TimeGradients, true: Sequence[Sequence[arb]], bits: int, names: Sequence[str]
) -> list[Evidence]:
    """The three sums of the engine against the true ones."""
    with precision(bits):
        return [
            same(got.plain().ravel().tolist(), entries, ENGINE, f"{text} of the engine")
            for got, entries, text in zip(
                (found.recurrent, found.input, found.bias), true, names, strict=True
            )
        ]


def _flat(rows: Sequence[Sequence[arb]]) -> list[arb]:
    return [entry for row in rows for entry in row]


def _summed(one: ExactRecurrent, options: RecurrentOptions) -> list[list[arb]]:
    """Σ δ_t h_{t−1}ᵀ, Σ δ_t x_tᵀ and Σ δ_t, δ_t = ∂E/∂h_t ∘ φ′(a_t) with both by differences."""
    slopes, states = exact_slopes(one, options.activation), one.states()
    size = options.width
    total = [arb_mat(size, size), arb_mat(size, len(one.inputs[0])), arb_mat(size, 1)]
    for step, slope in enumerate(slopes, 1):
        back = one.state_gradient(step)
        delta = arb_mat([[g * d] for g, d in zip(back, slope, strict=True)])
        given = [number_ball(entry, one.bits) for entry in one.inputs[step - 1]]
        for place, row in enumerate((states[step - 1], given, [arb(1)])):
            total[place] += delta * arb_mat([row])
    return [matrix.entries() for matrix in total]


def _feedforward(one: ExactRecurrent, options: RecurrentOptions) -> ExactNet:
    """The net of T layers, all with weights W, layer l with bias U x_l + b."""
    with precision(one.bits << 2):  # as precise as its gradients may ask for
        bits = one.bits << 2
        given = _matrix(one.input, bits)
        bias = [number_ball(entry, bits) for entry in one.bias or [0.0] * options.width]
        biases = [
            [
                row + b
                for row, b in zip((given * _matrix([[e] for e in fed], bits)).entries(), bias, strict=True)
            ]
            for fed in one.inputs
        ]
    start = [arb(0)] * options.width
    phi = resolve(options.activation).phi
    return ExactNet(phi, x, [one.recurrent] * options.depth, biases, start, one.covector)


def gated_step(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Every entry of every step's Jacobian by the formulas is that by differences of the forward pass, so is
    the product of the steps, to 1e-30; the engine's gradients are those by differences to 1e-10.

    expects: entries {letters of the new and the old state: formula in the letters of step t for units j and
    p}; an entry with respect to c counts where j = p alone, "own" is added to the diagonal. nets:
    `RecurrentOptions` of a gated cell, batch 1, width ≤ 8, T ≤ 64. Margin: share of the tolerance left.
    """
    options = RecurrentOptions.read(net or {})
    if options.cell == "rnn" or options.batch != 1:
        raise InputError(f"claim {claim.key}: this measure takes gated nets with one input (batch 1)")
    parts = []
    for tensors, (one,) in unfolded_nets(options, rng, thorough):
        product = None
        for step in range(1, options.depth + 1):
            text = f"{options}: Jacobian of step {step}"
            true = _flat(one.jacobian(step, step - 1))
            with precision(one.bits):
                found = _formulas(claim.expects["entries"], options, one, step)
                parts.append(same(found.entries(), true, EXACT, text))
                product = found if product is None else found * product
        assert product is not None
        whole, start = _flat(one.jacobian(options.depth, 0)), one.state_gradient(0)
        moved = [_flat(one.recurrent_gradient()), _flat(one.input_gradient()), one.bias_gradient()]
        engine = _engine(options, tensors)
        with precision(one.bits):
            parts.append(same(product.entries(), whole, EXACT, f"{options}: product over time"))
            got = engine.initial.plain()[0].tolist()
            parts.append(same(got, start, ENGINE, f"{options}: ∂E/∂(initial state) of the engine"))
        names = [f"{options}: ∂E/∂{letter}" for letter in "WUb"]
        parts += _of_engine(engine, moved, one.bits, names)
    return combine(parts)


def _formulas(
    entries: Mapping[str, sp.Expr], options: RecurrentOptions, one: ExactRecurrent, step: int
) -> arb_mat:
    """The Jacobian of one step by the formulas, rows and columns as the state's."""
    width, known = options.width, _values(options, one, step)
    size = width * one.cell.parts

    def value(formula: sp.Expr, i: int, j: int) -> arb:
        return ball(formula.subs({J: i + 1, M: j + 1}), known)

    def entry(row: int, column: int) -> arb:
        (new, i), (old, j) = (("hc"[place // width], place % width) for place in (row, column))
        if old == "c":
            return value(entries[new + old], i, j) if i == j else arb(0)
        own = value(entries["own"], i, j) if i == j and "own" in entries else arb(0)
        return own + value(entries[new + old], i, j)

    return arb_mat([[entry(row, column) for column in range(size)] for row in range(size)])


def _values(options: RecurrentOptions, one: ExactRecurrent, step: int) -> dict[sp.Basic, arb]:
    """What every letter of the step stands for, in balls."""
    width = options.width
    letters = GATES["1997" if options.cell == "lstm" and not options.forget_gate else options.cell]
    states, gates = one.states(), one.gates()[step - 1]
    known: dict[sp.Basic, arb] = {}
    for place, base in enumerate(letters):
        for i in range(width):
            known[base[t, i + 1]] = gates[place * width + i]
    for at, state in ((t, states[step]), (t - 1, states[step - 1])):
        for place, base in enumerate((h, c)[: one.cell.parts]):
            for i in range(width):
                known[base[at, i + 1]] = state[place * width + i]
    recurrent = _matrix(one.recurrent, one.bits)
    for place, base in enumerate(letters):
        gate = weights({cand: "g"}.get(base, str(base.label)))
        for i in range(width):
            for j in range(width):
                known[gate[i + 1, j + 1]] = recurrent[place * width + i, j]
    before = arb_mat([[entry] for entry in states[step - 1][:width]])
    for i, back in enumerate((recurrent * before).entries()[-width:], 1):
        known[recalled[t, i]] = back
    return known
