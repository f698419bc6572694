"""Measurements that confirm a counterexample: a spectral radius below 1/γ, and a gradient that grows.

The gradients come from differences of the forward pass in balls, or from the engine with φ′ taken from φ by
differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, arb_mat
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.recurrent import Weights, through_time
from symgrad.numeric.recurrent.cells import RNN
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import x
from symgrad.theory.activations import kernel
from symgrad.verify.exact_cells import rnn_cell
from symgrad.verify.exact_net import ball_norm
from symgrad.verify.exact_recurrent import ExactRecurrent
from symgrad.verify.measures_net import EXACT, GROWTH
from symgrad.verify.measures_time_norms import engine_jacobian, floats
from symgrad.verify.nets import Float, phi_kernel, resolve
from symgrad.verify.oracles import BallFunction, number_ball, spectral_norm
from symgrad.verify.recurrent_nets import RecurrentOptions
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["counterexample", "lyapunov"]

REPELLED = 1e-6
"""Largest relative error of the engine at a fixed point that repels: rounding grows with the gradient."""
BELOW_ONE = 1 - 1e-9
POWERS = (1, 2, 4, 8, 16, 32, 64)
ORBITS = 256
STEPS_IN_BALLS, ORBITS_IN_BALLS = 250, 2
DEVIATIONS = 4.0


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
    compiled = engine_jacobian(kernel(entry), given, last)
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


def lyapunov(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """γρ(W) < 1, and yet the gradient grows by e^exponent a step on typical orbits.

    expects: gamma {activation name: number}, weights, bias, exponent, tolerance. nets: activation and depth
    T, the steps of an orbit (five times as many when thorough). The exponent of an orbit is the engine's
    ln(‖∂E/∂h_1‖/‖∂E/∂h_T‖)/(T − 1), with φ′ by differences of φ, a random co-vector and a random start; the
    mean of 256 orbits ± 4 standard errors lies within the tolerance. That rounding does not make it: orbits
    in balls, computed to their last digit, with the derivative by differences of the forward pass, have a
    mean within 4 standard deviations of such a mean in float64. Margin: share of the tolerance left.
    """
    given, options = claim.expects, RecurrentOptions.read(net or {}, width=len(claim.expects["weights"]))
    entry, steps = resolve(options.activation), options.depth * (5 if thorough else 1)
    width, bias = options.width, floats(given["bias"])
    matrix = np.stack([floats(row) for row in given["weights"]])
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
