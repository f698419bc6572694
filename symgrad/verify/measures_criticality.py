"""Measurements of criticality on wide nets: what a layer does to lengths, and to small differences across."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.symbolic.derivation import Claim
from symgrad.verify.nets import Float, NetOptions, draw, phi_kernel, resolve
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["both_factors"]

SIGMAS = 4.0
"""Standard errors of a confidence interval."""
NEAR = 1e-4
"""Distance of two close inputs in units of their length."""
ALLOWED = 0.03
"""Relative error of a factor a layer at widths from 128 on: lengths fluctuate at finite width."""
INPUTS = 8
"""Of one net: their means over the net's units differ, so that fewer nets do."""
FIRST, MOST = 32, 256
"""Nets drawn at first, and at most while the answer is undecided; four times as many when thorough."""


def both_factors(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The mean square of pre-activations, and the squared distance of two close inputs of one length, change
    by a factor a layer in the mean.

    expects: lengths, activation → the variance q at which pre-activations start; along, across: the factors
    of small changes of q and of squared distances. nets: `NetOptions`, 128 units or more. The mean ratios
    over nets of the last layer to the first, ± 4 standard errors, must be within 3 % a layer of the factors
    and, for the mean square itself, of 1, as whole intervals. Own passes in NumPy from φ alone. Margin: share
    left.
    """
    options = NetOptions.read(net or {})
    if options.width < 128 or options.depth < 2 or options.bias:
        raise InputError(f"claim {claim.key}: wide nets of two layers or more are meant, without a bias")
    q = float(claim.expects["lengths"][resolve(options.activation).name])
    expected = [1.0, float(claim.expects["along"]), float(claim.expects["across"])]
    seen: list[Float] = []
    goal = FIRST * (4 if thorough else 1)
    while True:
        while len(seen) < goal:
            seen.append(_ratios(options, q, rng))
        parts = []
        names = ("lengths", "changes of lengths", "distances")
        for column, name, factor in zip(np.array(seen).T, names, expected, strict=True):
            half = SIGMAS * float(column.std(ddof=1)) / math.sqrt(len(column))
            found = arb(float(column.mean()), half) ** (arb(1) / (options.depth - 1))
            text = (
                f"{options}: squared {name} change by {float(found.mid()):.4f} ± {float(found.rad()):.4f} a "
                f"layer, expected {factor:.4f}"
            )
            parts.append(within(abs(found / factor - 1), ALLOWED, text))
        evidence = combine(parts)
        if evidence.outcome != "UNDECIDED" or len(seen) >= MOST * (4 if thorough else 1):
            return evidence
        goal *= 2


def _ratios(options: NetOptions, q: float, rng: Generator) -> Float:
    """Last layer over first: mean square, its change with the input's length, squared distance."""
    phi = phi_kernel(resolve(options.activation)).value
    tensors = draw(options, rng, 1)
    biases = [np.zeros(options.width)] * options.depth
    if tensors.biases is not None:
        biases = [bias[0] for bias in tensors.biases]
    length = math.sqrt(max(q - options.sigma_b**2, 0.0)) / options.sigma_w * math.sqrt(options.width)
    starts, others = (rng.standard_normal((INPUTS, options.width)) for _ in range(2))
    starts *= length / np.linalg.norm(starts, axis=1, keepdims=True)
    # across the first input, so that both have its length
    others -= starts * (np.sum(others * starts, axis=1, keepdims=True) / length**2)
    others *= length / np.linalg.norm(others, axis=1, keepdims=True)
    h = np.stack([starts, (1 + NEAR) * starts, (1 - NEAR) * starts, starts + NEAR * others])
    seen = []
    for matrix, bias in zip(tensors.weights, biases, strict=True):
        a = h @ matrix[0].T + bias
        squares = np.mean(a**2, axis=2)
        seen.append([squares[0], squares[1] - squares[2], np.mean((a[3] - a[0]) ** 2, axis=1)])
        h = np.asarray(phi(a))
    return np.mean(np.array(seen[-1]) / np.array(seen[0]), axis=1)
