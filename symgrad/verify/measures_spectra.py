"""Measurements of spectra of input–output Jacobians: traces of powers, and the largest singular value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import n
from symgrad.theory.spectra.pairings import N
from symgrad.verify.nets import WEIGHTS, Float, NetOptions, resolve
from symgrad.verify.verdict import Evidence, combine, undecided, within

__all__ = ["jacobian_edge", "trace_moments"]

SIGMAS = 4.0
"""Standard errors of a confidence interval."""
DRAWN = 12_000_000
"""Entries of weights drawn for one kind of net; eight times as many when thorough."""
FEWEST, MOST = 8, 4096
"""Nets of a kind."""
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
