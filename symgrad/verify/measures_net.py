"""Measurements on small nets in balls: what the engine's backward pass gives, what the product formula
gives, what a step does."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric import Gradients, gradients
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import x
from symgrad.theory.activations import kernel
from symgrad.verify.exact_net import ExactNet, ball_norm
from symgrad.verify.nets import NOTHING, NetOptions, Tensors, lives, resolve, small_net
from symgrad.verify.oracles import Number, number_ball, quotients
from symgrad.verify.verdict import Evidence, combine, within

__all__ = [
    "chain_product",
    "explodes",
    "gamma_of",
    "log10_norm",
    "scalar_chain",
    "update_rule",
    "weight_gradient",
]

ENGINE = 1e-10
"""Largest relative error of a gradient of the engine, Frobenius norm per tensor."""
EXACT = 1e-30
"""Largest relative disagreement of two formulas that are both evaluated in balls."""
GROWTH = 1e-9
STEPS = (10, 20, 30, 40)
DESCENT = 1e-6
_LARGE = 5000
"""Columns × layers up to which all weight gradients of a net are formed; beyond, three layers are."""


def _small(options: NetOptions) -> None:
    if options.width > 8 or options.depth > 64:
        size = f"width {options.width}, depth {options.depth}"
        raise InputError(f"{size}: exact differences take width ≤ 8 and depth ≤ 64")


def _exact_nets(
    options: NetOptions, rng: Generator, thorough: bool
) -> Iterable[tuple[Tensors, list[ExactNet]]]:
    """Differentiable nets with a gradient that is not zero, each with one exact net a sample; fewer where
    they cannot be drawn."""
    _small(options)
    phi = resolve(options.activation).phi
    for _ in range(options.seeds * (4 if thorough else 1)):
        tensors = small_net(options, rng)
        if tensors is not None and lives(options, tensors):
            yield tensors, [tensors.exact(phi, 0, row) for row in range(options.batch)]


def gamma_of(claim: Claim, options: NetOptions) -> Number:
    """The claimed γ of the net's activation; raises `InputError` when the claim gives none."""
    name = resolve(options.activation).name
    given: Mapping[str, Number] = claim.expects["gamma"]
    if name not in given:
        raise InputError(f"claim {claim.key}: expects['gamma'] has no {name}")
    return given[name]


def log10_norm(entries: Sequence[arb]) -> arb | float:
    """log10 of the norm, −inf for a norm enclosed below 10⁻²⁵⁰; indeterminate when only an enclosure of
    zero is known."""
    norm = ball_norm(entries)
    if norm.upper() < NOTHING:
        return float("-inf")
    return norm.log() / arb(10).log()


def _compare(got: np.ndarray, true: Sequence[arb], tolerance: float, text: str) -> Evidence:
    """‖got − true‖ ≤ tolerance·‖true‖, float64 entries against balls."""
    difference = ball_norm([arb(float(entry)) - t for entry, t in zip(got.ravel(), true, strict=True)])
    norm = ball_norm(true)
    if norm.upper() < NOTHING:
        return within(difference / NOTHING, 1.0, f"{text}: both zero to 250 digits")
    error = difference / norm
    return within(error, tolerance, f"{text}: relative error {float(error.mid()):.2g}")


def chain_product(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The engine's ∂E/∂h_l, l = 0…L, equals differences of the forward pass to 1e-10 of its norm, every layer
    and sample.

    expects: nothing. nets: options, width ≤ 8, depth ≤ 64. Margin: share of the tolerance left.
    """
    options = NetOptions.read(net or {})
    parts = []
    for tensors, exact in _exact_nets(options, rng, thorough):
        found = _engine(options, tensors)
        for row, one in enumerate(exact):
            for layer in range(options.depth + 1):
                got, true = found.outputs[layer][0, row], one.hidden_gradient(layer)
                with precision(one.bits):
                    parts.append(_compare(got, true, ENGINE, f"{options}: ∂E/∂h_{layer}"))
    return combine(parts)


def _engine(options: NetOptions, tensors: Tensors) -> Gradients:
    compiled = kernel(resolve(options.activation))
    return gradients(compiled, tensors.weights, tensors.biases, tensors.inputs, tensors.covector)


def weight_gradient(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """∂E/∂W_l by differences over the entries of W_l is δ_l h_{l−1}ᵀ, δ_l = ∂E/∂h_l ∘ φ′(a_l), to 1e-30, and
    the engine's to 1e-10; its norm is at most γ‖∂E/∂h_l‖‖h_{l−1}‖, to 1e-30.

    expects: gamma {activation name: number}. nets: options, width ≤ 8, depth ≤ 64, batch 1. All layers of a
    net that is not too large, else the first, middle and last. Margin: share of the tolerance left.
    """
    options = NetOptions.read(net or {})
    _single(claim, options)
    gamma = number_ball(gamma_of(claim, options), 256)
    parts = []
    for tensors, (one,) in _exact_nets(options, rng, thorough):
        found, (pre, out) = _engine(options, tensors), one.layers()
        for layer in _layers(options, thorough):
            entries = [entry for row in one.weight_gradient(layer) for entry in row]
            upper = one.hidden_gradient(layer)
            slopes = quotients(one.phi, x, pre[layer - 1])
            with precision(one.bits):
                product = [g * s * h for g, s in zip(upper, slopes, strict=True) for h in out[layer - 1]]
                size, text = ball_norm(entries), f"{options}: ∂E/∂W_{layer}"
                parts.append(_compare(found.weights[layer - 1][0], entries, ENGINE, f"{text} of the engine"))
                if size.upper() < NOTHING:
                    continue
                error = ball_norm([a - b for a, b in zip(entries, product, strict=True)]) / size
                described = f"{text} against δhᵀ: relative error {float(error.mid()):.2g}"
                parts.append(within(error, EXACT, described))
                ratio = size / (gamma * ball_norm(upper) * ball_norm(out[layer - 1]))
                described = f"{text}: norm {float(ratio.mid()):.6f} of its bound"
                parts.append(within((ratio - 1).max(arb(0)), EXACT, described))
    return combine(parts)


def _single(claim: Claim, options: NetOptions) -> None:
    if options.batch != 1:
        raise InputError(f"claim {claim.key}: batch {options.batch}; this measure takes one input (batch 1)")


def _layers(options: NetOptions, thorough: bool) -> list[int]:
    columns = 2 * options.width**2 * options.depth**2
    if thorough or columns * options.width / 2 <= _LARGE:
        return list(range(1, options.depth + 1))
    return sorted({1, (options.depth + 1) // 2, options.depth})


def scalar_chain(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """One unit a layer: ∏ w_l φ′(a_l), φ′ by differences of φ, equals the difference quotient of the composed
    chain to 1e-30.

    expects: nothing. nets: activation and depth n ≤ 64 (sigma_w, sigma_b default to 1, 1/2). Margin: share of
    the tolerance left.
    """
    options = NetOptions.read(net or {}, width=1, sigma_w=1.0, sigma_b=0.5, seeds=4)
    parts = []
    for _, (one,) in _exact_nets(options, rng, thorough):
        pre, _ = one.layers()
        slopes = quotients(one.phi, x, [a for (a,) in pre])
        (direct,) = one.hidden_gradient(0)
        with precision(one.bits):
            product = number_ball(one.covector[0], one.bits)
            for matrix, slope in zip(one.weights, slopes, strict=True):
                product *= number_ball(matrix[0][0], one.bits) * slope
            if direct.abs_upper() < NOTHING:
                parts.append(within(abs(product) / NOTHING, 1.0, f"{options}: both zero to 250 digits"))
                continue
            error = abs(product - direct) / abs(direct)
            text = f"{options}: the product differs by {float(error.mid()):.2g} of the gradient"
            parts.append(within(error, EXACT, text))
    return combine(parts)


def update_rule(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """A step ΔW = −ηG along the gradient by differences lowers E by η‖G‖² up to O(η²).

    (E(W) − E(W − ηG))/(η‖G‖²) is within 1e-6 of 1 at the last of η = 2⁻¹⁰, 2⁻²⁰, 2⁻³⁰, 2⁻⁴⁰, and its distance
    to 1 falls at least by 2⁻⁹ (halving η halves it) at every step but the first. expects: nothing. nets:
    options, width ≤ 8, depth ≤ 64, batch 1. Margin: share of the tolerance left.
    """
    options = NetOptions.read(net or {})
    _single(claim, options)
    parts = []
    for _, (one,) in _exact_nets(options, rng, thorough):
        gradient = [one.weight_gradient(layer) for layer in range(1, options.depth + 1)]
        with precision(one.bits):
            square = ball_norm([entry for matrix in gradient for row in matrix for entry in row]) ** 2
        distances = [_distance(one, gradient, square, power) for power in STEPS]
        last = distances[-1]
        text = f"{options}: the error falls by η‖G‖²(1 ± {float(last.upper()):.2g}) at η = 2^−{STEPS[-1]}"
        parts.append(within(last, DESCENT, text))
        with precision(one.bits):
            text = f"{options}: the second-order term shrinks with η"
            pairs = itertools.pairwise(distances[1:])
            parts += [within(after / before, 2.0**-9, text) for before, after in pairs if before > EXACT]
    return combine(parts)


def _distance(net: ExactNet, gradient: list[list[list[arb]]], square: arb, power: int) -> arb:
    """|(E(W) − E(W − ηG))/(η‖G‖²) − 1| at η = 2^−power."""
    with precision(net.bits):
        eta = arb(2) ** -power
        moved = [
            [[number_ball(w, net.bits) - eta * g for w, g in zip(row, changes, strict=True)]
             for row, changes in zip(matrix, change, strict=True)]
            for matrix, change in zip(net.weights, gradient, strict=True)
        ]  # fmt: skip
        return abs((net.error() - replace(net, weights=moved, _at={}).error()) / (eta * square) - 1)


def explodes(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """A given net multiplies its gradient by `growth` in every layer, to 1e-9 relative (a growth below 1
    shrinks it).

    expects: growth; weights (the matrix of every layer, rows of exact numbers); input (h_0); optionally bias
    (of every layer) and covector (∂E/∂h_L, default all ones). nets: activation and depth ≤ 64. Margin: share
    of the tolerance left.
    """
    given, options = claim.expects, NetOptions.read(net or {}, width=len(claim.expects["weights"]))
    _small(options)
    weights, phi = given["weights"], resolve(options.activation).phi
    biases = [given["bias"]] * options.depth if "bias" in given else None
    covector = given.get("covector", (1,) * options.width)
    one = ExactNet(phi, x, [weights] * options.depth, biases, given["input"], covector)
    with precision(one.bits):
        growth = number_ball(given["growth"], one.bits)
        norms = [ball_norm(one.hidden_gradient(layer)) for layer in range(options.depth + 1)]
        parts = []
        for layer, (below, above) in enumerate(itertools.pairwise(norms)):
            factor = below / above
            text = f"{options.activation}, depth {options.depth}: from layer {layer + 1} to {layer} a factor "
            text += f"{float(factor.mid()):.9g}, claimed {float(growth.mid()):.9g}"
            parts.append(within(abs(factor / growth - 1), GROWTH, text))
    return combine(parts)
