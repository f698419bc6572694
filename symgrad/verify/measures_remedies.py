"""Measurements of remedies: sums over paths."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import n
from symgrad.theory.remedies.residual_paths import LENGTH
from symgrad.verify.nets import Float, NetOptions, draw, phi_kernel, resolve
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["path_sum"]

STEP = 1e-5
"""Of central differences; their error is of the order of its square and of rounding over it."""
DIFFERENCES = 1e-6
"""Largest relative error of a Jacobian by differences, Frobenius norm."""
PATHS = 10
"""Blocks at most: twice as many paths with each."""


def path_sum(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The Jacobian of residual blocks h + φ(W h + b) is the sum of the products of J = diag φ′ W over all
    choices of blocks, and there are as many of each length as `count` says.

    expects: count, an expression in n and k; chance = (blocks, shortest, longest, share of the paths). nets:
    `NetOptions`, at most 10 blocks. The Jacobian by central differences of the forward pass, to 1e-6; lengths
    of the paths by enumeration, shares by counting block by block in integers. Margin: share left.
    """
    options = NetOptions.read(net or {})
    if options.depth > PATHS:
        raise InputError(f"claim {claim.key}: at most {PATHS} blocks, not {options.depth}")
    kernel = phi_kernel(resolve(options.activation))
    parts = [_counted(claim)]
    for _ in range(4 if thorough else 1):
        tensors = draw(options, rng, 1)
        weights = [matrix[0] for matrix in tensors.weights]
        biases = [0.0] * options.depth if tensors.biases is None else [bias[0] for bias in tensors.biases]
        start, jacobians = tensors.inputs[0, 0], []

        def forward(h: Float, weights: list[Float] = weights, biases: list[Any] = biases) -> Float:
            for matrix, bias in zip(weights, biases, strict=True):
                h = h + np.asarray(kernel.value(h @ matrix.T + bias))
            return h

        h = start
        for matrix, bias in zip(weights, biases, strict=True):
            at = matrix @ h + bias
            jacobians.append(np.asarray(kernel.slope(at))[:, None] * matrix)
            h = h + np.asarray(kernel.value(at))
        shifts = STEP * np.eye(options.width)
        found = ((forward(start + shifts) - forward(start - shifts)) / (2 * STEP)).T
        total, lengths = np.zeros_like(found), [0] * (options.depth + 1)
        for chosen in itertools.product((False, True), repeat=options.depth):
            product = np.eye(options.width)
            for taken, jacobian in zip(chosen, jacobians, strict=True):
                product = jacobian @ product if taken else product
            total += product
            lengths[sum(chosen)] += 1
        error = float(np.linalg.norm(total - found) / np.linalg.norm(found))
        parts.append(within(error, DIFFERENCES, f"{options}: relative error {error:.1e} of the sum"))
        for length, number in enumerate(lengths):
            expected = claim.expects["count"].subs({n: options.depth, LENGTH: length})
            text = f"{options}: {number} paths of length {length}, expected {expected}"
            parts.append(within(0.0 if expected == number else 2.0, 1.0, text))
    return combine(parts)


def _counted(claim: Claim) -> Evidence:
    """The share of paths between two lengths: exact."""
    blocks, shortest, longest, share = claim.expects["chance"]
    counts = [1]
    for _ in range(blocks):
        counts = [past + through for past, through in zip([*counts, 0], [0, *counts], strict=True)]
    found = sum(counts[shortest : longest + 1])
    text = f"{found} of {2**blocks} paths of {blocks} blocks are {shortest} to {longest} long"
    return within(0.0 if share * 2**blocks == found else 2.0, 1.0, text)
