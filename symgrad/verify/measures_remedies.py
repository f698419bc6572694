"""Measurements of remedies: sums over paths, steps that are counted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import n
from symgrad.theory.remedies.more_compute import RATIO
from symgrad.theory.remedies.residual_paths import LENGTH
from symgrad.verify.nets import Float, NetOptions, draw, phi_kernel, resolve
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["path_sum", "steps_needed"]

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


LEARNING_RATE = 0.125
"""A power of two: sums of steps are exact."""
CHAINS = {"weight": 7, "output": 4}
"""Longest chain whose steps are counted; for each layer four times or sixteen times as many at 1/4."""


def steps_needed(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """Gradient descent on E = −y, y = w_1 ρ^n, from w_1 = 0, step by step until w_1, or y, has moved by 1.

    expects: factor ρ, a power of 1/2; weight and output, how many times as many steps n factors behind the
    front weight cost, expressions in n and ρ. Chains with n = 1 … 6 factors, 3 for the output (one more when
    thorough); the counts must agree exactly. Margin: 1 when they do.
    """
    factor = claim.expects["factor"]
    if sp.log(factor, 2) not in [sp.Integer(-k) for k in range(1, 5)]:
        raise InputError(f"claim {claim.key}: factor {factor} is none of 1/2, 1/4, 1/8, 1/16")
    parts = []
    for what, longest in CHAINS.items():
        alone = _counted_steps(float(factor), 0, what)
        for behind in range(1, longest + (1 if thorough else 0)):
            found = _counted_steps(float(factor), behind, what)
            expected = claim.expects[what].subs({n: behind, RATIO: factor})
            text = f"{behind} factors behind: {found} steps to move the {what}, {alone} without"
            parts.append(within(0.0 if found == expected * alone else 2.0, 1.0, text))
    return combine(parts)


def _counted_steps(factor: float, behind: int, what: str) -> int:
    """Forward and backward through the chain at every step."""
    front, count = 0.0, 0
    while True:
        output = front
        for _ in range(behind):
            output *= factor
        if (front if what == "weight" else output) >= 1:
            return count
        gradient = -1.0
        for _ in range(behind):
            gradient *= factor
        front -= LEARNING_RATE * gradient
        count += 1
