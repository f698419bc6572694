"""Measurements of the gradient over depth: worst-case bounds, decay, and the typical slope of wide nets.

Small nets are measured by differences of the forward pass in balls, wide ones by the engine with φ′ taken
from φ by differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric import gradients, length_map
from symgrad.numeric.kernel import Array
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.theory.activations import kernel
from symgrad.verify.measures_net import gamma_of, log10_norm
from symgrad.verify.nets import Float, NetOptions, Tensors, draw, phi_kernel, resolve, small_net
from symgrad.verify.oracles import number_ball, spectral_norm
from symgrad.verify.verdict import Evidence, combine, not_above, within

__all__ = ["decay_rate", "gradient_bound", "holds", "typical_slope"]

SLACK = 1e-8
"""Decades of room for the rounding of the engine and the differences in φ′."""
SEEDS = 2
"""Seeds of a wide net in a worst-case measurement; all of the net's when thorough."""
LAYERS = 6
"""Layers of a deep small net that are measured; all when thorough."""
SIGMAS = 4.0
WIDTHS = 3.0
"""Finite-width allowance of a slope in units of 1/N: the mean log-gradient of a ReLU net drifts by 5/(4N)
a layer, of a linear one by 1/(2N) (Hanin and Rolnick 2018, with E ln‖Ju‖² ≈ −½ var ln‖Ju‖²); more than
twice the larger leaves room for other activations."""
FIRST, MOST = 16, 256
"""Seeds of a wide net for its slope: at first, and the most while the answer is undecided."""


@dataclass(frozen=True)
class Profile:
    """One net: the layers measured (ascending, the last is L), log10 ‖∂E/∂h_l‖ there, and balls of log10
    ‖W_l‖₂, l = 1…L."""

    layers: list[int]
    sizes: list[arb | float]
    norms: list[arb]

    def above(self, layer: int) -> arb:
        """log10 ∏_{k>l} ‖W_k‖₂."""
        return sum(self.norms[layer:], arb(0))


def _profiles(
    options: NetOptions, rng: Generator, thorough: bool, norm: float | None = None
) -> Iterator[Profile]:
    """Nets drawn by the options, every W_l rescaled to ‖W_l‖₂ = `norm` if that is given."""
    if options.width <= 8 and options.depth <= 64:
        for _ in range(options.seeds * (4 if thorough else 1)):
            tensors = small_net(options, rng)
            if tensors is not None:
                yield _by_differences(options, *_normed(tensors, norm), thorough)
        return
    seeds = options.seeds if thorough else min(options.seeds, SEEDS)
    tensors, norms = _normed(draw(options, rng, seeds), norm)
    sizes = _sizes(options, tensors)
    for seed in range(seeds):
        yield Profile(list(range(options.depth + 1)), [float(size) for size in sizes[seed]], norms[seed])


def _normed(tensors: Tensors, norm: float | None) -> tuple[Tensors, list[list[arb]]]:
    """The tensors, rescaled, and for each seed the balls of log10 ‖W_l‖₂."""
    if norm is not None:
        tensors = tensors.scaled(
            [norm / np.mean(spectral_norm(weight), axis=0) for weight in tensors.weights]
        )
    with np.errstate(divide="ignore"):
        ends = np.log10([spectral_norm(weight) for weight in tensors.weights])  # (L, 2, S)
    return tensors, [[arb(low).union(arb(high)) for low, high in seed] for seed in np.moveaxis(ends, 2, 0)]


def _sizes(options: NetOptions, tensors: Tensors) -> Float:
    """log10 ‖∂E/∂h_l‖_F by the engine on φ alone, (S, L + 1)."""
    tested = phi_kernel(resolve(options.activation))
    found = gradients(tested, tensors.weights, tensors.biases, tensors.inputs, tensors.covector)
    return np.stack([_log10_frobenius(output) for output in found.outputs], axis=-1)


def _log10_frobenius(tensors: Array) -> Float:
    """log10 ‖·‖_F over the last two axes, −inf for zeros; scaled, so that no square underflows."""
    largest = np.max(np.abs(tensors), axis=(-2, -1), keepdims=True)
    scaled = np.divide(tensors, largest, out=np.zeros_like(tensors), where=largest > 0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(np.linalg.norm(scaled, axis=(-2, -1))) + np.log10(largest[..., 0, 0]))


def _by_differences(options: NetOptions, tensors: Tensors, norms: list[list[arb]], thorough: bool) -> Profile:
    phi, depth = resolve(options.activation).phi, options.depth
    samples = [tensors.exact(phi, 0, row) for row in range(options.batch)]
    layers = list(range(depth + 1))
    if not thorough and depth > 2 * LAYERS:
        layers = sorted({round(i * depth / LAYERS) for i in range(LAYERS + 1)})
    sizes = []
    for layer in layers:
        entries = [entry for one in samples for entry in one.hidden_gradient(layer)]
        with precision(samples[0].bits):
            sizes.append(log10_norm(entries))
    return Profile(layers, sizes, norms[0])


def _log10(number: Any) -> arb:
    with precision(256):
        return number_ball(number, 256).log() / arb(10).log()


def gradient_bound(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """‖∂E/∂h_l‖ ≤ ‖g‖ ∏_{k>l} ‖W_k‖₂ γ at every layer measured, with enclosed spectral norms.

    expects: gamma {activation name: number}. nets: options. Margin: log10(bound/measured) in decades, the
    smallest.
    """
    options = NetOptions.read(net or {})
    step = _log10(gamma_of(claim, options))
    parts = []
    for profile in _profiles(options, rng, thorough):
        for layer, size in zip(profile.layers[:-1], profile.sizes[:-1], strict=True):
            bound = arb(profile.sizes[-1]) + profile.above(layer) + (options.depth - layer) * step
            parts.append(not_above(size, bound, f"{options}: ∂E/∂h_{layer}", SLACK))
    return combine(parts)


def decay_rate(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """With ‖W_l‖₂ = norm in every layer and γ·norm < 1, ln ‖∂E/∂h‖ falls by at least −ln(γ·norm) a layer
    between any two layers.

    expects: gamma {activation name: number}, norm (number; the weights drawn are rescaled to it). nets:
    options. Neighbouring layers are compared: the others follow. Margin: decades, the smallest between two
    layers measured.
    """
    options = NetOptions.read(net or {})
    norm = claim.expects["norm"]
    rate = _log10(gamma_of(claim, options)) + _log10(norm)
    if not rate < 0:
        raise InputError(f"claim {claim.key}: γ·norm is not below 1 for {options}")
    parts = []
    for profile in _profiles(options, rng, thorough, float(norm)):
        pairs = zip(profile.layers, profile.layers[1:], profile.sizes, profile.sizes[1:], strict=False)
        for low, high, size, above in pairs:
            if above != float("-inf"):
                text = f"{options}, ‖W‖ = {float(norm):.4g}: from layer {high} to {low}"
                parts.append(not_above(size, arb(above) + (high - low) * rate, text, SLACK))
    return combine(parts)


def holds(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """γ‖W_l‖₂ > 1 in every layer, and yet no ‖∂E/∂h_l‖ exceeds ‖g‖: a norm above 1/γ does not suffice to
    explode.

    expects: gamma {activation name: number}. nets: options (`bias` saturates or switches off). Margin:
    decades, the smallest.
    """
    options = NetOptions.read(net or {})
    step = _log10(gamma_of(claim, options))
    parts = []
    for profile in _profiles(options, rng, thorough):
        parts += [
            not_above(0.0, norm + step, f"{options}: γ‖W_{l}‖ against 1")
            for l, norm in enumerate(profile.norms, 1)
        ]
        for layer, size in zip(profile.layers[:-1], profile.sizes[:-1], strict=True):
            parts.append(not_above(size, profile.sizes[-1], f"{options}: ‖∂E/∂h_{layer}‖ against ‖g‖", SLACK))
    return combine(parts)


def typical_slope(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The slope of ln ‖∂E/∂h_l‖ over depth, mean over seeds, is the length map's, within what finite width
    allows.

    expects: optionally sigmas (default 4) and widths (default 3). nets: options. Like is compared with like:
    the least-squares slope over l = 1…L, output to input, of the measured profile of each seed and of the
    predicted profile ½ Σ_{k>l} ln χ_k. The confidence interval is mean ± sigmas·s/√S over S seeds; it passes
    when it lies within widths/N of the prediction, fails when it lies outside, and is undecided between: 16
    seeds are drawn, then up to 256 while undecided (1024 when thorough). Margin: share of the allowance left.
    """
    options = NetOptions.read(net or {})
    if options.depth < 3:
        raise InputError(f"claim {claim.key}: depth {options.depth}; a slope is measured from depth 3 on")
    sigmas = float(claim.expects.get("sigmas", SIGMAS))
    allowed = float(claim.expects.get("widths", WIDTHS)) / options.width
    predicted = _predicted(options)
    slopes: list[float] = []
    goal = FIRST
    while True:
        while len(slopes) < goal:
            sizes = _sizes(options, draw(options, rng, FIRST))[:, 1:] * np.log(10)
            slopes += [_slope(size) for size in sizes]
        mean, half = float(np.mean(slopes)), sigmas * float(np.std(slopes, ddof=1)) / len(slopes) ** 0.5
        text = f"slope {mean:.5f} ± {half:.5f}, predicted {predicted:.5f} with ± {allowed:.5f} allowed"
        evidence = within(abs(arb(mean - predicted, half)), allowed, f"{options}: {text}")
        if evidence.outcome != "UNDECIDED" or goal >= MOST * (4 if thorough else 1):
            return evidence
        goal *= 4


def _predicted(options: NetOptions) -> float:
    """The slope of ½ Σ_{k>l} ln χ_k over l = 1…L."""
    factors = length_map(
        kernel(resolve(options.activation)), options.sigma_w, options.sigma_b, options.depth
    ).ln_factor
    return _slope(np.append(0.5 * np.cumsum(factors[:0:-1])[::-1], 0.0))


def _slope(profile: Float) -> float:
    """Least-squares slope of a profile over l = 1…L against L − l; NaN where a gradient is zero or leaves
    float64."""
    if not np.isfinite(profile).all():
        return float("nan")
    return float(np.polyfit(np.arange(len(profile))[::-1], profile, 1)[0])
