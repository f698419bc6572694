"""Measurements of products through time: the norm bound, and powers of one matrix.

The gradients come from differences of the forward pass in balls, or from the engine with φ′ taken from φ by
differences; matrix powers from exact rational arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.recurrent import Weights, through_time, unfold
from symgrad.numeric.recurrent.cells import RNN
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.theory.activations import kernel
from symgrad.verify.measures_depth import SLACK
from symgrad.verify.measures_net import GROWTH, log10_norm
from symgrad.verify.nets import Float, phi_kernel, resolve
from symgrad.verify.oracles import number_ball, spectral_norm
from symgrad.verify.recurrent_nets import RecurrentOptions, RecurrentTensors, draw_recurrent, small_recurrent
from symgrad.verify.verdict import Evidence, combine, not_above, within

__all__ = ["engine_jacobian", "floats", "matrix_powers", "time_bound"]

ENGINE = 1e-10
"""Largest relative error of a matrix power of the engine."""


def time_bound(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """‖∂E/∂h_t‖_F ≤ ‖g‖_F (γ‖W‖₂)^{T−t} at every step of drawn recurrent nets, ‖W‖₂ enclosed.

    expects: gamma {activation name: number}; optionally norm, a claimed ‖W‖₂ that the enclosure must contain
    to 1e-12 and that then stands in the bound; or ratio, a power of 2: with P = diag(1, ratio, ratio² …) the
    bound is ‖g‖κ(P)(γ‖PWP⁻¹‖₂)^{T−t}. nets: `RecurrentOptions`; up to width 8 and T = 64 measured in
    balls. Margin: log10(bound/measured) in decades, the smallest.
    """
    options = RecurrentOptions.read(net or {})
    name, given = resolve(options.activation).name, claim.expects["gamma"]
    if name not in given:
        raise InputError(f"claim {claim.key}: expects['gamma'] has no {name}")
    with precision(256):
        slope = number_ball(given[name], 256).log() / arb(10).log()
    ratio = float(claim.expects.get("ratio", 1))
    constant = abs(arb(ratio).log()) * (options.width - 1) / arb(10).log()
    parts: list[Evidence] = []
    for matrix, sizes in _profiles(options, rng, thorough):
        low, high = map(float, spectral_norm(_rescaled(matrix, ratio)))
        norm = arb(low).union(arb(high))
        if "norm" in claim.expects:
            claimed = number_ball(claim.expects["norm"], 256)
            parts.append(within(abs(norm - claimed).lower(), 1e-12, f"{options}: ‖W‖ = {high:.15g}"))
            norm = claimed
        step = slope + norm.log() / arb(10).log()
        last = len(sizes) - 1
        for t, size in enumerate(sizes[:-1]):
            bound = arb(sizes[-1]) + constant + (last - t) * step
            parts.append(not_above(size, bound, f"{options}: ∂E/∂h_{t}", SLACK))
    return combine(parts)


def _rescaled(matrix: Float, ratio: float) -> Float:
    """P W P⁻¹ with P = diag(ratioⁱ); exact for a power of 2."""
    place = np.arange(len(matrix))
    return np.asarray(matrix * ratio ** (place[:, None] - place))


def _profiles(
    options: RecurrentOptions, rng: Generator, thorough: bool
) -> Iterator[tuple[Float, list[arb | float]]]:
    """Of each net: W, and log10 ‖∂E/∂h_t‖_F, t = 0…T."""
    if options.width <= 8 and options.depth <= 64:
        for _ in range(options.seeds * (4 if thorough else 1)):
            tensors = small_recurrent(options, rng)
            if tensors is not None:
                yield tensors.recurrent[0], _exact_sizes(options, tensors)
        return
    seeds = options.seeds * (4 if thorough else 1)
    tensors = draw_recurrent(options, rng, seeds)
    weights = Weights(tensors.recurrent, tensors.input, tensors.bias, None)
    cell = RNN(phi_kernel(resolve(options.activation)))
    found = through_time(cell, weights, tensors.inputs, tensors.covector)
    logs = np.concatenate([found.initial.ln_norm[..., None], found.ln_state], axis=-1) / math.log(10)
    for seed in range(seeds):
        yield tensors.recurrent[seed], [float(size) for size in logs[seed]]


def _exact_sizes(options: RecurrentOptions, tensors: RecurrentTensors) -> list[arb | float]:
    samples = [tensors.exact(options, 0, row) for row in range(options.batch)]
    sizes = []
    for t in range(options.depth + 1):
        entries = [entry for one in samples for entry in one.state_gradient(t)]
        with precision(samples[0].bits):
            sizes.append(log10_norm(entries))
    return sizes


def floats(numbers: Sequence[Any]) -> Float:
    """Exact numbers or balls as float64, to the nearest."""
    return np.array([float(number_ball(number, 128).mid()) for number in numbers])


def engine_jacobian(compiled: Kernel, given: Mapping[str, Any], steps: int) -> Float:
    """∂h_T/∂h_0 by the engine's backward pass: a sample for every row."""
    width = len(given["weights"])
    weights = Weights(
        np.stack([floats(row) for row in given["weights"]]),
        np.zeros((width, 1)),
        floats(given["bias"]) if "bias" in given else None,
        None,
    )
    start = np.tile(floats(given.get("input", [0] * width)), (width, 1))
    found = through_time(RNN(compiled), weights, np.zeros((steps, width, 1)), np.eye(width), start)
    return np.asarray(found.initial.plain())


def matrix_powers(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """lower(n) ≤ ‖Wⁿ‖₂ ≤ upper(n) for n = 1…T to 1e-9, by exact rational powers; the engine's linear net has
    these powers as its states and gradients, to 1e-10 of the norm.

    expects: weights (rows of rational numbers), lower and upper (expressions in the letter `power`, the same
    where the norm is known); optionally peak, the n of the largest norm. nets: activation identity and depth
    T. Margin: share of the tolerance left.
    """
    given, options = claim.expects, RecurrentOptions.read(net or {}, width=len(claim.expects["weights"]))
    if resolve(options.activation).name != "identity":
        raise InputError(f"claim {claim.key}: matrix powers are those of a linear net (activation identity)")
    width, last, linear = options.width, options.depth, kernel(resolve(options.activation))
    matrix = [[Fraction(str(entry)) for entry in row] for row in given["weights"]]
    weights = Weights(np.array(matrix, float), np.zeros((width, 1)), None, None)
    states = unfold(RNN(linear), weights, np.zeros((last, width, 1)), np.eye(width))
    back = engine_jacobian(linear, given, last)
    power, parts, sizes = [[Fraction(int(i == j)) for j in range(width)] for i in range(width)], [], []
    for n in range(1, last + 1):
        power = [
            [sum(a * b for a, b in zip(row, c, strict=True)) for c in zip(*matrix, strict=True)]
            for row in power
        ]
        exact = np.array(power, float)
        low, high = spectral_norm(exact)
        parts += [_power_of_engine(found, exact, float(low), f"{options}: W^{n}")
                  for found in ([states[n].T, back] if n == last else [states[n].T])]  # fmt: skip
        with precision(128):
            norm = arb(float(low)).union(arb(float(high)))
            least, most = (number_ball(given[end].subs(given["power"], n), 128) for end in ("lower", "upper"))
            text = f"{options}: ‖W^{n}‖ = {float(norm.mid()):.9g}, claimed "
            text += f"{float(least.mid()):.9g} to {float(most.mid()):.9g}"
            parts.append(within((least / norm).max(norm / most) - 1, GROWTH, text))
        sizes.append(float(high))
    if "peak" in given:
        found_at = 1 + int(np.argmax(sizes))
        text = f"{options}: the norm is largest at n = {found_at}, claimed {given['peak']}"
        parts.append(within(abs(found_at - int(given["peak"])), 0.5, text))
    return combine(parts)


def _power_of_engine(found: Float, exact: Float, norm: float, text: str) -> Evidence:
    error = float(np.linalg.norm(found - exact)) / norm if norm > 0 else float(np.linalg.norm(found))
    return within(error, ENGINE, f"{text} of the engine: relative error {error:.2g}")
