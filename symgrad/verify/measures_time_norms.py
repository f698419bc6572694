"""Measurements of products through time: the norm bound, a counterexample, growth on typical orbits, and
powers of one matrix.

The gradients come from differences of the forward pass in balls, or from the engine with φ′ taken from φ by
differences; matrix powers from exact rational arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, arb_mat
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.recurrent import Weights, through_time, unfold
from symgrad.numeric.recurrent.cells import RNN
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import x
from symgrad.theory.activations import kernel
from symgrad.verify.exact_cells import rnn_cell
from symgrad.verify.exact_net import ball_norm
from symgrad.verify.exact_recurrent import ExactRecurrent
from symgrad.verify.measures_depth import SLACK
from symgrad.verify.measures_net import EXACT, GROWTH, log10_norm
from symgrad.verify.nets import Float, phi_kernel, resolve
from symgrad.verify.oracles import BallFunction, number_ball, spectral_norm
from symgrad.verify.recurrent_nets import RecurrentOptions, RecurrentTensors, draw_recurrent, small_recurrent
from symgrad.verify.verdict import Evidence, combine, not_above, within

__all__ = ["counterexample", "lyapunov", "matrix_powers", "time_bound"]

ENGINE = 1e-10
"""Largest relative error of a matrix power of the engine."""
REPELLED = 1e-6
"""Largest relative error of the engine at a fixed point that repels: rounding grows with the gradient."""
BELOW_ONE = 1 - 1e-9
POWERS = (1, 2, 4, 8, 16, 32, 64)
ORBITS = 256
STEPS_IN_BALLS, ORBITS_IN_BALLS = 250, 2
DEVIATIONS = 4.0


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


def counterexample(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """A net at rest whose weights have a spectral radius below 1/γ and whose gradient grows: it refutes that
    such a spectral radius makes the gradient vanish.

    expects: gamma {activation name: number}, weights (rows of exact numbers), bias, input (the state at
    rest), norm (‖∂h_n/∂h_0‖₂ as an expression) in the letter `power`. nets: activation and depth T ≤ 64. ρ(W)
    is enclosed by norms and traces of powers of W in balls; the state must be at rest to 1e-30; the norm by
    differences in balls must be the one claimed for n = 1…T, to 1e-9, grow from n = 1 to T, and the engine's
    at T must agree to 1e-6. Margin: share of the tolerance left.
    """
    given, options = claim.expects, RecurrentOptions.read(net or {}, width=len(claim.expects["weights"]))
    entry, last = resolve(options.activation), options.depth
    exact = _at_rest(given, entry.phi, last)
    parts = [_premise(claim, entry.name, exact)]
    with precision(exact.bits):
        start, end = exact.states()[0], exact.states()[-1]
        moved = ball_norm([after - before for after, before in zip(end, start, strict=True)])
        parts.append(within(moved, EXACT, f"{options}: the state moves by {float(moved.upper()):.2g}"))
    measured = []
    for n in range(1, last + 1):
        measured.append(_largest(exact.jacobian(n, 0)))
        parts.append(_ratio(measured[-1], given, n, GROWTH, f"{options}: ‖∂h_{n}/∂h_0‖"))
    grown = math.log10(measured[-1]) if measured[-1] > 0 else -math.inf
    first = math.log10(measured[0]) if measured[0] > 0 else math.inf
    parts.append(within(max(0.0, first - grown), 1e-9, f"{options}: the norm grows from {measured[0]:.6g}"))
    compiled = _engine_jacobian(kernel(entry), given, last)
    parts.append(
        _ratio(_largest(compiled), given, last, REPELLED, f"{options}: the engine's ‖∂h_{last}/∂h_0‖")
    )
    return combine(parts)


def _at_rest(given: Mapping[str, Any], phi: sp.Expr, steps: int) -> ExactRecurrent:
    """The net without inputs, from the state given."""
    width = len(given["weights"])
    return ExactRecurrent(
        rnn_cell(phi, x),
        given["weights"],
        [[0]] * width,
        given["bias"],
        None,
        [[0]] * steps,
        [1] * width,
        given["input"],
    )


def _premise(claim: Claim, name: str, exact: ExactRecurrent) -> Evidence:
    """γρ(W) < 1, with (|tr Wᵏ|/N)^{1/k} ≤ ρ(W) ≤ ‖Wᵏ‖_F^{1/k} for k = 1, 2, 4 … 64."""
    if name not in claim.expects["gamma"]:
        raise InputError(f"claim {claim.key}: expects['gamma'] has no {name}")
    with precision(exact.bits):
        gamma = number_ball(claim.expects["gamma"][name], exact.bits)
        power = arb_mat([[number_ball(w, exact.bits) for w in row] for row in exact.recurrent])
        lower, upper = [arb(0)], []
        for k in POWERS:
            trace = sum((power[i, i] for i in range(exact.width)), arb(0))
            lower.append((abs(trace) / exact.width).abs_lower().root(k).lower())
            upper.append(ball_norm(power.entries()).upper().root(k).upper())
            power = power * power
        low, high = max(lower), min(upper)
        radius = low.union(high)
        text = f"spectral radius between {float(low):.6g} and {float(high):.6g}, "
        text += f"1/γ = {float((1 / gamma).mid()):.6g}"
        return within(gamma * radius, BELOW_ONE, text)


def _largest(matrix: Sequence[Sequence[Any]] | Float) -> float:
    """The largest singular value of a matrix of narrow balls or floats."""
    entries = [[float(e.mid()) if isinstance(e, arb) else float(e) for e in row] for row in matrix]
    return float(np.mean(spectral_norm(np.array(entries))))


def _ratio(measured: float, given: Mapping[str, Any], n: int, tolerance: float, text: str) -> Evidence:
    claimed = number_ball(given["norm"].subs(given["power"], n), 128)
    described = f"{text} = {measured:.9g}, claimed {float(claimed.mid()):.9g}"
    return within(abs(arb(measured) / claimed - 1), tolerance, described)


def _floats(numbers: Sequence[Any]) -> Float:
    return np.array([float(number_ball(number, 128).mid()) for number in numbers])


def _engine_jacobian(compiled: Kernel, given: Mapping[str, Any], steps: int) -> Float:
    """∂h_T/∂h_0 by the engine's backward pass: a sample for every row."""
    width = len(given["weights"])
    weights = Weights(
        np.stack([_floats(row) for row in given["weights"]]),
        np.zeros((width, 1)),
        _floats(given["bias"]) if "bias" in given else None,
        None,
    )
    start = np.tile(_floats(given.get("input", [0] * width)), (width, 1))
    found = through_time(RNN(compiled), weights, np.zeros((steps, width, 1)), np.eye(width), start)
    return np.asarray(found.initial.plain())


def lyapunov(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """γρ(W) < 1, and yet the gradient grows by e^exponent a step on typical orbits.

    expects: gamma {activation name: number}, weights, bias, exponent, tolerance. nets: activation and depth
    T, the steps of an orbit (five times as many when thorough). The exponent of an orbit is the engine's
    ln(‖∂E/∂h_1‖/‖∂E/∂h_T‖)/(T − 1), with φ′ by differences of φ, a random co-vector and a random start; the
    mean of 256 orbits ± 4 standard errors lies within the tolerance. That rounding does not make it: orbits in
    balls, computed to their last digit, with the derivative by differences of the forward pass, have a mean
    within 4 standard deviations of such a mean in float64. Margin: share of the tolerance left.
    """
    given, options = claim.expects, RecurrentOptions.read(net or {}, width=len(claim.expects["weights"]))
    entry, steps = resolve(options.activation), options.depth * (5 if thorough else 1)
    width, bias = options.width, _floats(given["bias"])
    matrix = np.stack([_floats(row) for row in given["weights"]])
    parts = [_premise(claim, entry.name, _at_rest({**given, "input": [0] * width}, entry.phi, 1))]
    weights = Weights(
        np.tile(matrix, (ORBITS, 1, 1)), np.zeros((ORBITS, width, 1)), np.tile(bias, (ORBITS, 1)), None
    )
    start, covector = rng.uniform(-1, 1, (ORBITS, 1, width)), rng.standard_normal((ORBITS, 1, width))

    def rates(count: int) -> Float:
        inputs = np.zeros((ORBITS, count, 1, 1))
        found = through_time(RNN(phi_kernel(entry)), weights, inputs, covector, start).ln_state
        return np.asarray((found[:, 0] - found[:, -1]) / (count - 1))

    long, short = rates(steps), rates(STEPS_IN_BALLS)
    mean, error = float(long.mean()), float(long.std(ddof=1)) / ORBITS**0.5
    claimed = number_ball(given["exponent"], 128)
    text = f"{options}: exponent {mean:.5f} ± {DEVIATIONS * error:.5f}, claimed {float(claimed.mid()):.5f}"
    parts.append(within(abs(arb(mean, DEVIATIONS * error) - claimed), float(given["tolerance"]), text))
    exact = [_rate_in_balls(entry.phi, given, rng) for _ in range(ORBITS_IN_BALLS * (4 if thorough else 1))]
    allowed = DEVIATIONS * float(short.std(ddof=1)) / len(exact) ** 0.5
    with precision(128):
        off = abs(sum(exact, arb(0)) / len(exact) - arb(float(short.mean())))
        text = f"{options}: orbits in balls have {float(off.mid()):.5f} another mean, {allowed:.5f} allowed"
        parts.append(within(off, allowed, text))
    return combine(parts)


def _rate_in_balls(phi: sp.Expr, given: Mapping[str, Any], rng: Generator) -> arb:
    """(1/n) ln(‖h_n(s + εd) − h_n(s − εd)‖/2ε‖d‖) of the true orbit: balls so narrow at first that they are
    narrow still after n steps, each of which may widen them by the norm of W."""
    steps, width = STEPS_IN_BALLS, len(given["weights"])
    grows = 1 + math.ceil(math.log2(1 + sum(abs(float(w)) for row in given["weights"] for w in row)))
    start, direction = rng.uniform(-1, 1, width).tolist(), rng.standard_normal(width).tolist()
    with precision((2 * grows + 2) * steps + 256):
        one, small = BallFunction(phi, x), arb(2) ** -((grows + 1) * steps + 64)
        matrix = arb_mat([[number_ball(w, 64) for w in row] for row in given["weights"]])
        bias = [number_ball(b, 64) for b in given["bias"]]
        columns = [
            [arb(value) + sign * small * arb(d) for sign in (1, -1)]
            for value, d in zip(start, direction, strict=True)
        ]
        for _ in range(steps):
            rows = (matrix * arb_mat(columns)).tolist()
            columns = [[one(a + b) for a in row] for row, b in zip(rows, bias, strict=True)]
        apart = ball_norm([up - down for up, down in columns]) / (2 * small)
        return (apart / ball_norm([arb(d) for d in direction])).log() / steps


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
    back = _engine_jacobian(linear, given, last)
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
