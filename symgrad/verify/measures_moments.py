"""Measurements of mean squares from layer to layer: what a gain keeps and what it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric import NUMPY
from symgrad.numeric.feedforward.passes import backward, forward
from symgrad.symbolic.derivation import Claim
from symgrad.verify.nets import Float, NetOptions, draw, phi_kernel, resolve
from symgrad.verify.oracles import number_ball
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["layer_moments"]

SIGMAS = 4.0
ALLOWED = 0.04
"""Relative error of a factor a layer that finite width may cause; sharp where four standard errors lie
inside."""
FIRST, MOST = 64, 1024
"""Nets drawn at first, and the most while the answer is undecided."""
BLOCK = 16
"""Nets drawn together: what fits in memory."""


def layer_moments(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """From layer 1, whose pre-activations are N(0, q), to the last the mean squared pre-activation grows by
    `forward` a layer, and back from h_{L−1} to h_0 the mean squared gradient by `backward` a layer.

    expects: q (number), forward and backward {activation name: number}. nets: options, depth 2 on; the
    inputs are scaled to one length, with which a_1 is exactly Gaussian of variance q whatever the width.
    The factors are (E a_L²/q)^(1/(L−1)) and (E ‖∂E/∂h_0‖²/‖∂E/∂h_{L−1}‖²)^(1/(L−1)), means over nets with
    mean ± 4 standard errors; each must be within 4 % of what is expected, as a whole interval. φ′ is taken
    from φ by differences. Margin: share of the 4 % left.
    """
    options = NetOptions.read(net or {})
    name = resolve(options.activation).name
    if options.depth < 2:
        raise InputError(f"claim {claim.key}: depth {options.depth}; factors are measured from depth 2 on")
    q = float(number_ball(claim.expects["q"], 64).mid())
    if options.sigma_b**2 >= q:
        raise InputError(
            f"claim {claim.key}: σ_b² = {options.sigma_b**2:.4g} leaves no room below q = {q:.4g}"
        )
    seen: list[Float] = []
    goal = FIRST
    while True:
        while sum(map(len, seen)) < goal:
            seen.append(_ratios(options, q, rng))
        evidence = _judged(np.concatenate(seen), claim, options, name)
        if evidence.outcome != "UNDECIDED" or goal >= MOST * (4 if thorough else 1):
            return evidence
        goal *= 4


def _judged(ratios: Float, claim: Claim, options: NetOptions, name: str) -> Evidence:
    layers = options.depth - 1
    mean = ratios.mean(axis=0)
    half = SIGMAS * ratios.std(axis=0, ddof=1) / len(ratios) ** 0.5
    parts = []
    for i, way in enumerate(("forward", "backward")):
        expected = number_ball(claim.expects[way][name], 64)
        factor = arb(mean[i], half[i]) ** (arb(1) / layers)
        middle, radius = float(factor.mid()), float(factor.rad())
        found = f"{way} factor {middle:.4f} ± {radius:.4f} a layer"
        text = f"{options}: {found}, expected {float(expected.mid()):.4f}"
        parts.append(within(abs(factor / expected - 1), ALLOWED, text))
    return combine(parts)


def _ratios(options: NetOptions, q: float, rng: Generator) -> Float:
    """a_L²/q and ‖∂E/∂h_0‖²/‖∂E/∂h_{L−1}‖² of a block of nets, (S, 2)."""
    tensors = draw(options, rng, BLOCK)
    length = np.sqrt(np.mean(tensors.inputs**2, axis=-1, keepdims=True))
    scale = ((q - options.sigma_b**2) ** 0.5) / options.sigma_w
    tensors = replace(tensors, inputs=tensors.inputs * scale / length)
    kernel = phi_kernel(resolve(options.activation))
    layers, last = [], np.empty(0)
    for layer in forward(tensors.inputs, tensors.weights, tensors.biases, kernel):
        layers.append(layer)
        last = np.mean(layer.pre.plain(NUMPY) ** 2, axis=(-2, -1))
    sizes = {
        step.layer: np.mean(step.gradient.plain(NUMPY) ** 2, axis=(-2, -1))
        for step in backward(layers, tensors.covector)
    }
    return np.stack([last / q, sizes[0] / sizes[options.depth - 1]], axis=-1)
