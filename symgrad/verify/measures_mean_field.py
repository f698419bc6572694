"""Measurements of mean-field theory on wide nets: distances of close inputs, squared gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.derivation import Claim
from symgrad.theory.propagation.edge_of_chaos import SLOPES
from symgrad.theory.propagation.hermite import C
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W
from symgrad.verify.nets import Float, NetOptions, draw, phi_kernel, resolve
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["correlation", "separation", "settling"]

SIGMAS = 4.0
"""Standard errors of a confidence interval."""
NEAR = 1e-4
"""Distance of two close inputs in units of their length."""
ALLOWED = 0.03
"""Relative error of a factor a layer at widths from 128 on: lengths fluctuate at finite width."""
NODES = 200
"""Of Gauss–Hermite quadrature."""
SETTLING = 10_000
"""Steps of the length map at most."""
FIRST, MOST = 48, 192
"""Nets drawn at first, and at most while the answer is undecided; four times as many when thorough."""


def separation(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Squared distances of two close inputs, and squared gradients, change by a factor a layer in the mean.

    expects: factor, an expression in σ_w and D = E φ′(√q* z)². nets: `NetOptions`, 128 units or more. q* by
    iterating the length map and D by Gauss–Hermite quadrature; inputs have the length that starts at q*. The
    mean ratios over nets of the last layer to the first, ± 4 standard errors, must be within 3 % a layer of
    the factor, as whole intervals. Own passes in NumPy, φ′ by differences of φ. Margin: share left.
    """
    options = NetOptions.read(net or {})
    if options.width < 128 or options.depth < 2 or options.bias:
        raise InputError(f"claim {claim.key}: wide nets of two layers or more are meant, without a bias")
    kernel = phi_kernel(resolve(options.activation))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    q, before = 1.0, 0.0
    for _ in range(SETTLING):
        if abs(q - before) <= 1e-13 * q:
            break
        before = q
        q = options.sigma_w**2 * float(weights @ kernel.value(math.sqrt(q) * nodes) ** 2) + options.sigma_b**2
    else:
        raise InputError(f"claim {claim.key}: the length map of {options} does not settle")
    slopes = float(weights @ kernel.slope(math.sqrt(q) * nodes) ** 2)
    expected = float(claim.expects["factor"].subs({SIGMA_W: options.sigma_w, SLOPES: slopes}))
    seen: list[Float] = []
    goal = FIRST * (4 if thorough else 1)
    while True:
        while len(seen) < goal:
            seen.append(_ratios(options, q, rng))
        parts = []
        for column, name in zip(np.array(seen).T, ("distances", "gradients"), strict=True):
            half = SIGMAS * float(column.std(ddof=1)) / math.sqrt(len(column))
            found = arb(float(column.mean()), half) ** (arb(1) / (options.depth - 1))
            text = (
                f"{options}: squared {name} change by {float(found.mid()):.4f} ± {float(found.rad()):.4f} a "
                f"layer, expected {expected:.4f}"
            )
            parts.append(within(abs(found / expected - 1), ALLOWED, text))
        evidence = combine(parts)
        if evidence.outcome != "UNDECIDED" or len(seen) >= MOST * (4 if thorough else 1):
            return evidence
        goal *= 2


def _ratios(options: NetOptions, q: float, rng: Generator) -> Float:
    """Squared distance of pre-activations, last layer over first; squared gradient, first over last."""
    kernel = phi_kernel(resolve(options.activation))
    tensors = draw(options, rng, 1)
    biases = [np.zeros(options.width)] * options.depth
    if tensors.biases is not None:
        biases = [bias[0] for bias in tensors.biases]
    rows = rng.standard_normal((2, options.width))
    length = max(q - options.sigma_b**2, 0.0) / options.sigma_w**2
    h = rows[0] * math.sqrt(length * options.width) / np.linalg.norm(rows[0])
    # across the first input, so that both have its length
    across = rows[1] - rows[0] * (rows[0] @ rows[1]) / (rows[0] @ rows[0])
    other = h + NEAR * across * math.sqrt(length * options.width) / np.linalg.norm(across)
    distances, slopes = [], []
    for matrix, bias in zip(tensors.weights, biases, strict=True):
        a, b = matrix[0] @ h + bias, matrix[0] @ other + bias
        distances.append(float(np.sum((a - b) ** 2)))
        slopes.append(np.asarray(kernel.slope(a)))
        h, other = np.asarray(kernel.value(a)), np.asarray(kernel.value(b))
    g = tensors.covector[0, 0]
    start = float(g @ g)
    for matrix, slope in zip(reversed(tensors.weights[1:]), reversed(slopes[1:]), strict=True):
        g = (g * slope) @ matrix[0]
    return np.array([distances[-1] / distances[0], float(g @ g) / start])


BITS = 80
"""Of a map of correlations: beside 1 half of them are lost under a root."""
FAR = 0.03
"""Error of a mean correlation that widths from 128 on explain."""
STARTS = (-0.5, 0.0, 0.7)
"""Correlations of the two inputs."""


def correlation(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Correlations of two inputs of the same length go from layer to layer as a map says, in the mean.

    expects: map, an expression in c. nets: `NetOptions`, 128 units or more, no biases. For three correlations
    at the start, and every layer after the first, the mean over nets of the cosine between pre-activations,
    ± 4 standard errors, must be within 0.03 of the map iterated from that of the first layer, as whole
    intervals. Own passes in NumPy. Margin: share left of the worst layer.
    """
    options = NetOptions.read(net or {})
    if options.width < 128 or options.depth < 2 or options.bias or options.sigma_b:
        raise InputError(f"claim {claim.key}: wide nets of two layers or more are meant, without biases")
    kernel = phi_kernel(resolve(options.activation))

    @np.vectorize
    def step(c: float) -> float:
        with precision(BITS):
            return float(ball(claim.expects["map"], {C: arb(min(max(c, -1.0), 1.0))}).mid())

    seen: list[Float] = []
    goal, most = (count * (4 if thorough else 1) for count in (FIRST, MOST))
    while True:
        seen += [_cosines(options, kernel, rng) for _ in range(goal - len(seen))]
        cosines = np.array(seen)
        expected, parts = cosines[..., 0], []
        for layer in range(1, options.depth):
            expected = step(expected)
            missing = cosines[..., layer] - expected
            for k, start in enumerate(STARTS):
                half = SIGMAS * float(missing[:, k].std(ddof=1)) / math.sqrt(len(seen))
                text = (
                    f"{options}, from correlation {start}: {cosines[:, k, layer].mean():.4f} at layer "
                    f"{layer + 1}, by the map {expected[:, k].mean():.4f}"
                )
                parts.append(within(abs(arb(float(missing[:, k].mean()), half)), FAR, text))
        evidence = combine(parts)
        if evidence.outcome != "UNDECIDED" or len(seen) >= most:
            return evidence
        goal *= 2


def _cosines(options: NetOptions, kernel: Any, rng: Generator) -> Float:
    """Between the pre-activations of two inputs, (3, L): for each start, layer by layer."""
    tensors = draw(options, rng, 1)
    rows = rng.standard_normal((2, options.width))
    first = rows[0] / np.linalg.norm(rows[0])
    across = rows[1] - first * (rows[1] @ first)
    across /= np.linalg.norm(across)
    h = np.array([first, *(start * first + math.sqrt(1 - start**2) * across for start in STARTS)])
    found = []
    for matrix in tensors.weights:
        a = h @ matrix[0].T
        lengths = np.linalg.norm(a, axis=1)
        found.append(a[1:] @ a[0] / lengths[1:] / lengths[0])
        h = np.asarray(kernel.value(a))
    return np.array(found).T


KEPT = 0.05
"""Relative error of a mean square: its fluctuations add up over the layers that remember them."""
LENGTHS = (0.01, 100.0)
"""Mean squares of inputs from which lengths must come to the same."""


def settling(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The mean square of pre-activations comes to one length from short inputs and from long ones.

    expects: length, an expression in σ_w and σ_b. nets: `NetOptions`, 128 units or more, deep enough for the
    long ones. The mean over nets of the last layer, ± 4 standard errors, must be within 5 % of it from either
    start, as whole intervals. Own passes in NumPy. Margin: share left.
    """
    options = NetOptions.read(net or {})
    if options.width < 128 or options.bias:
        raise InputError(f"claim {claim.key}: wide nets without a bias are meant")
    kernel = phi_kernel(resolve(options.activation))
    expected = float(claim.expects["length"].subs({SIGMA_W: options.sigma_w, SIGMA_B: options.sigma_b}))
    seen = np.array([_squares(options, kernel, rng) for _ in range(MOST * (4 if thorough else 1))])
    parts = []
    for column, start in zip(seen.T, LENGTHS, strict=True):
        half = SIGMAS * float(column.std(ddof=1)) / math.sqrt(len(column))
        text = (
            f"{options}, inputs of mean square {start}: {column.mean():.4f} ± {half:.4f}, "
            f"expected {expected:.4f}"
        )
        parts.append(within(abs(arb(float(column.mean()), half) / expected - 1), KEPT, text))
    return combine(parts)


def _squares(options: NetOptions, kernel: Any, rng: Generator) -> Float:
    """Mean squares at the last layer, one for each length of the inputs."""
    tensors = draw(options, rng, 1)
    direction = rng.standard_normal(options.width)
    direction /= np.linalg.norm(direction)
    h = np.sqrt(np.array(LENGTHS) * options.width)[:, None] * direction
    for k, matrix in enumerate(tensors.weights):
        a = h @ matrix[0].T + (0.0 if tensors.biases is None else tensors.biases[k][0])
        h = np.asarray(kernel.value(a))
    return np.asarray(np.mean(a**2, axis=1))
