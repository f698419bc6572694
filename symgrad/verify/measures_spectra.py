"""Measurements of spectra of input–output Jacobians: traces of powers, and the largest singular value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric import Kernel
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import n
from symgrad.theory.spectra.pairings import N
from symgrad.verify.nets import WEIGHTS, Float, NetOptions, phi_kernel, resolve
from symgrad.verify.verdict import Evidence, combine, undecided, within

__all__ = ["jacobian_edge", "jacobian_spectrum", "trace_moments"]

SIGMAS = 4.0
"""Standard errors of a confidence interval."""
DRAWN = 8_000_000
"""Entries of weights drawn for one kind of net; eight times as many when thorough."""
FEWEST, MOST = 8, 4096
"""Nets of a kind."""
DRAWN_SPECTRUM = 4_000_000
"""The same where a net is run, and its Jacobian with it."""
ALLOWED = 0.06
"""Relative error of a variance of squared singular values at widths from 64 on: lengths fluctuate, and slopes
and weights of one net are not quite independent."""
NODES = 200
"""Of Gauss–Hermite quadrature for the moments of φ′; an even number, so that 0, where φ may bend, is none."""
ORDERS = (1, 2, 3)
"""Powers whose traces are measured."""
WIDEST, WIDEST_EDGE = 0.25, 0.1
"""Half-width of a confidence interval, relative, beyond which nothing is said; twice that of an edge from
depth 5 on."""
TRACY_WIDOM = -1.2065335745820, 1.6077810345810
"""Mean and variance of the Tracy–Widom law of real matrices, by which a largest eigenvalue scatters in units
of its scale (Bornemann, arXiv:0904.1581)."""
BEYOND = 0.6
"""Units of that scale that are allowed for what is left out: powers of N^(−1/3) further."""


def trace_moments(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Means over linear nets of tr(J Jᵀ)ᵏ/N, k = 1, 2, 3, within ± 4 standard errors of those expected.

    expects: moment, a function (k, depth) → expression in N. nets: identity, Gaussian weights, σ_w = 1.
    Undecided where an interval is wider than a quarter of its value. Margin: share of the interval left.
    """
    options = _linear(claim, net)
    found = np.stack([_traces(matrix) for matrix in _products(options, rng, thorough)])
    parts = []
    for order, column in zip(ORDERS, found.T, strict=True):
        expected = float(claim.expects["moment"](order, options.depth).subs(N, options.width))
        mean, half = float(column.mean()), SIGMAS * float(column.std(ddof=1)) / math.sqrt(column.size)
        text = (
            f"{options}: mean trace of power {order} is {mean:.5g} ± {half:.2g} over {column.size} nets, "
            f"expected {expected:.5g}"
        )
        if not half <= WIDEST * expected:
            parts.append(undecided(f"{text}: too few nets to tell"))
        else:
            parts.append(within(abs(arb(mean) - arb(expected)), half, text))
    return combine(parts)


def jacobian_edge(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The mean over linear nets of the largest eigenvalue of J Jᵀ lies within ± (4·1.268/√S + 0.6) units of
    edge − 1.2065 units, S nets, the mean of the Tracy–Widom law.

    expects: edge in n, scale in n and N, the unit. nets: identity, Gaussian weights, σ_w = 1. Undecided where
    that is wider than a tenth of the edge, except from depth 5 on, where it is a fifth. Margin: share left.
    """
    options = _linear(claim, net)
    at = {n: options.depth, N: options.width}
    edge, scale = (float(claim.expects[name].subs(at)) for name in ("edge", "scale"))
    largest = np.array([np.linalg.norm(matrix, 2) ** 2 for matrix in _products(options, rng, thorough)])
    middle, variance = TRACY_WIDOM
    expected = edge + middle * scale
    half = (SIGMAS * math.sqrt(variance / largest.size) + BEYOND) * scale
    text = (
        f"{options}: largest squared singular value {largest.mean():.4f} over {largest.size} nets, expected "
        f"{expected:.4f} ± {half:.2g} below the edge {edge:.4f}"
    )
    if not half <= WIDEST_EDGE * (1 if options.depth < 5 else 2) * edge:
        return undecided(f"{text}: too narrow to tell")
    return within(abs(arb(float(largest.mean())) - arb(expected)), half, text)


def jacobian_spectrum(
    claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool
) -> Evidence:
    """E X²/(E X)² − 1 of the squared singular values X of ∂h_L/∂h_0, the mean of tr(J Jᵀ)²/N over nets over
    that of (tr J Jᵀ/N)², lies within ± 4 jackknife standard errors and 6 % of what is expected.

    expects: q {activation name: where the length map settles}, from which inputs start; relative, a function
    (E φ′² (L,), E φ′⁴ (L,), width, weights) → values at infinite width and at this one, the latter compared.
    nets: options, width 64 or more. φ′ from φ by differences, its moments by Gauss–Hermite quadrature.
    Undecided where the interval alone is wider than a quarter of the value. Margin: share left.
    """
    options = NetOptions.read(net or {})
    entry = resolve(options.activation)
    if options.width < 64 or options.bias:
        raise InputError(f"claim {claim.key}: wide nets are meant, 64 units or more, without a constant bias")
    q, functions = float(claim.expects["q"][entry.name]), phi_kernel(entry)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    slopes = functions.slope(math.sqrt(q) * nodes) ** 2
    mu1, mu2 = (float(weights @ power / weights.sum()) for power in (slopes, slopes**2))
    layers = np.ones(options.depth)
    _, expected = claim.expects["relative"](mu1 * layers, mu2 * layers, options.width, options.weights)
    entries = options.depth * options.width**2
    seeds = max(DRAWN_SPECTRUM // entries, FEWEST) * (8 if thorough else 1)
    rows = np.array([_traces(_jacobian(options, q, functions, rng))[:2] for _ in range(seeds)])
    squares, seconds = rows[:, 0] ** 2, rows[:, 1]
    found = seconds.sum() / squares.sum() - 1
    left_out = (seconds.sum() - seconds) / (squares.sum() - squares) - 1
    half = SIGMAS * math.sqrt((seeds - 1) / seeds * float(((left_out - left_out.mean()) ** 2).sum()))
    text = (
        f"{options}, {options.weights}: relative variance of squared singular values {found:.5g} "
        f"± {half:.2g} over {seeds} nets, expected {expected:.5g}"
    )
    if not half <= WIDEST * expected:
        return undecided(f"{text}: too few nets to tell")
    return within(abs(arb(float(found)) - arb(expected)), half + ALLOWED * expected, text)


def _jacobian(options: NetOptions, q: float, functions: Kernel, rng: Generator) -> Float:
    """∂h_L/∂h_0 at an input of the length that puts the first pre-activations at variance q."""
    state: Float = rng.standard_normal(options.width)
    length = max(q - options.sigma_b**2, 0.0) / options.sigma_w**2
    state *= math.sqrt(length / np.mean(state**2))
    product: Float = np.eye(options.width)
    for _ in range(options.depth):
        weight = options.sigma_w * WEIGHTS[options.weights](rng, 1, options.width)[0]
        pre = weight @ state + options.sigma_b * rng.standard_normal(options.width)
        state = np.asarray(functions.value(pre), np.float64)
        product = functions.slope(pre)[:, None] * (weight @ product)
    return product


def _linear(claim: Claim, net: Mapping[str, Any] | None) -> NetOptions:
    options = NetOptions.read(net or {})
    kind = (resolve(options.activation).name, options.weights, options.sigma_w)
    if kind != ("identity", "gaussian", 1.0):
        raise InputError(f"claim {claim.key}: the law is for linear nets of Gaussian weights with σ_w = 1")
    return options


def _products(options: NetOptions, rng: Generator, thorough: bool) -> Iterator[Float]:
    """W_L ⋯ W_1 of so many nets."""
    entries = options.depth * options.width**2
    seeds = min(max(DRAWN // entries, FEWEST), MOST) * (8 if thorough else 1)
    for _ in range(seeds):
        product: Float = np.eye(options.width)
        for _ in range(options.depth):
            product = WEIGHTS[options.weights](rng, 1, options.width)[0] @ product
        yield product


def _traces(matrix: Float) -> Float:
    """tr(J Jᵀ)ᵏ/N for k = 1, 2, 3."""
    square = matrix @ matrix.T
    return np.array([np.trace(square), np.sum(square**2), np.sum(square * (square @ square))]) / len(matrix)
