"""Measurements of nets of finite width: how a direction's size scatters, and the slope of the gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric import NUMPY, Kernel
from symgrad.numeric.feedforward.passes import backward, forward
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import l, widths
from symgrad.theory.activations import kernel
from symgrad.theory.finite_width.slope_statistics import predicted_slope
from symgrad.verify.nets import WEIGHTS, Float, NetOptions, draw, phi_kernel, resolve
from symgrad.verify.verdict import Evidence, combine, undecided, within

__all__ = ["jacobian_logarithm", "jacobian_moments", "layered_slope"]

SIGMAS = 4.0
"""Standard errors of a confidence interval: one in fifteen thousand misses."""
NINETY_NINE = 2.5758293035489004
"""Standard deviations that hold 99 % of a normal distribution between them."""
DRAWN = 30_000_000
"""Entries of weights drawn for one kind of net; eight times as many when thorough."""
FEWEST, MOST = 100, 4096
"""Nets of a kind; eight times as many when thorough."""
TOGETHER = 2_000_000
"""Entries drawn at once."""
DIRECTIONS = 8
"""Inputs of a net, each with a direction of its own."""
WIDEST = 0.5
"""Half-width of a confidence interval, relative, beyond which nothing is said."""
SEEDS, AGAIN = 16, 4
"""Seeds of a slope; how many times as many are drawn anew when those fall outside their band."""


def jacobian_moments(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The means over nets of ‖Ju‖² and ‖Ju‖⁴, J = ∂h_L/∂h_0, lie within ± 4 standard errors of 1 and of the
    product expected, at inputs N(0, 1) and unit directions u drawn for each.

    expects: fourth {activation name: Product over layers, in N_l}. nets: equal widths, Gaussian weights. φ′
    is taken from φ by differences. Undecided where an interval is wider than half its value; margin: share of
    it left.
    """
    options = _options(claim, net)
    expected = _fourth(claim, options)
    sizes = np.exp(_sizes(options, rng, thorough))
    return combine(
        _held(f"{options}: mean of ‖Ju‖^{2 * power}", (sizes**power).mean(axis=1), value, value)
        for power, value in ((1, 1.0), (2, expected))
    )


def jacobian_logarithm(
    claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool
) -> Evidence:
    """Mean and variance over nets of ln‖Ju‖², and the share of it that is above 0, within ± 4 standard errors
    of what the law says.

    expects: moments, a function (activation name, width) → mean and variance of one layer's term. nets as for
    `jacobian_moments`. The share is that of the normal law of these moments, allowed a further 0.03.
    Undecided where the interval of the variance is wider than half of it, or that of the mean than half a
    standard deviation. Margin: share of the interval left.
    """
    options = _options(claim, net)
    name = resolve(options.activation).name
    mean, variance = (options.depth * part for part in claim.expects["moments"](name, options.width))
    logs = _sizes(options, rng, thorough)
    above = 0.5 * math.erfc(-mean / math.sqrt(2 * variance))
    squares = ((logs - mean) ** 2).mean(axis=1)
    return combine(
        (
            _held(f"{options}: mean of ln‖Ju‖²", logs.mean(axis=1), mean, math.sqrt(variance)),
            _held(f"{options}: variance of ln‖Ju‖²", squares, variance, variance),
            _held(f"{options}: share above the mean", (logs > 0).mean(axis=1), above, 1.0, 0.03),
        )
    )


def _options(claim: Claim, net: Mapping[str, Any] | None) -> NetOptions:
    options = NetOptions.read(net or {})
    if options.weights != "gaussian" or options.sigma_b:
        raise InputError(f"claim {claim.key}: the law is for Gaussian weights without biases")
    return options


def _fourth(claim: Claim, options: NetOptions) -> float:
    product = claim.expects["fourth"][resolve(options.activation).name]
    if not isinstance(product, sp.Product):
        raise InputError(f"claim {claim.key}: the fourth moment is a product over layers")
    return float(product.function.subs(widths[l], options.width)) ** options.depth


def _held(text: str, found: Float, expected: float, unit: float, more: float = 0.0) -> Evidence:
    """The mean over nets against what is expected; ``more`` is allowed beyond its standard errors."""
    mean, half = float(found.mean()), SIGMAS * float(found.std(ddof=1)) / math.sqrt(found.size) + more
    said = f"{text} {mean:.5g} ± {half:.2g} over {found.size} nets, expected {expected:.5g}"
    if not half <= WIDEST * unit:
        return undecided(f"{said}: too few nets to tell")
    return within(abs(arb(mean) - arb(expected)), half, said)


def _sizes(options: NetOptions, rng: Generator, thorough: bool) -> Float:
    """ln‖Ju‖² of every net and direction, (S, B), −∞ behind a layer that is dead for that input."""
    entries = options.width**2 * options.depth
    seeds = min(max(DRAWN // entries, FEWEST), MOST) * (8 if thorough else 1)
    block = max(1, min(seeds, TOGETHER // options.width**2))
    functions = phi_kernel(resolve(options.activation))
    return np.concatenate([_carried(options, functions, rng, block) for _ in range(-(-seeds // block))])


def _carried(options: NetOptions, functions: Kernel, rng: Generator, seeds: int) -> Float:
    """A state and a direction carried forward through weights that are drawn as they are met."""
    shape = (seeds, DIRECTIONS, options.width)
    state, direction = rng.standard_normal(shape), rng.standard_normal(shape)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    logs = np.zeros(shape[:2])
    for _ in range(options.depth):
        weight = options.sigma_w * WEIGHTS[options.weights](rng, seeds, options.width)
        both = np.concatenate([state, direction], axis=1) @ np.swapaxes(weight, 1, 2)
        pre, moved = both[:, :DIRECTIONS], both[:, DIRECTIONS:]
        state = np.asarray(functions.value(pre), np.float64)
        direction = functions.slope(pre) * moved
        size = np.linalg.norm(direction, axis=-1, keepdims=True)
        with np.errstate(divide="ignore"):
            logs += 2 * np.log(size[..., 0])
        direction /= np.where(size > 0, size, 1.0)
    return logs


def layered_slope(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The mean over 16 seeds of the least-squares slope of ln ‖∂E/∂h_l‖_F over l = 1…L lies within the 99 %
    band about `predicted_slope`, ± 2.576 predicted standard deviations of that mean.

    expects: optionally shift, added to the prediction in half-widths of the band. nets: options, depth 3 on.
    One band in a hundred misses: where it does, four times as many seeds are drawn anew and held against
    their own band, and that is the verdict. Thorough: four times as many of both. φ′ from φ by differences.
    Margin: share of the half-width left.
    """
    options = NetOptions.read(net or {})
    if options.depth < 3 or options.bias:
        raise InputError(f"claim {claim.key}: a slope is predicted from depth 3 on, without a constant bias")
    slope, deviation = predicted_slope(
        kernel(resolve(options.activation)),
        *(options.sigma_w, options.sigma_b, options.depth, options.width, options.batch, options.weights),
    )
    first = SEEDS * (AGAIN if thorough else 1)
    slope += float(claim.expects.get("shift", 0)) * NINETY_NINE * deviation / math.sqrt(first)
    evidence = _in_band(options, rng, slope, deviation, first)
    return evidence if evidence.outcome == "PASS" else _in_band(options, rng, slope, deviation, AGAIN * first)


def _in_band(options: NetOptions, rng: Generator, slope: float, deviation: float, seeds: int) -> Evidence:
    mean = float(np.mean(np.concatenate([slopes(options, rng) for _ in range(seeds // SEEDS)])))
    half = NINETY_NINE * deviation / math.sqrt(seeds)
    text = f"{options}: slope {mean:.5f} over {seeds} seeds, predicted {slope:.5f} ± {half:.5f} (99 %)"
    return within(abs(arb(mean) - arb(slope)), half, text)


def slopes(options: NetOptions, rng: Generator, seeds: int = SEEDS) -> Float:
    """The slopes of so many nets, going from layer L to layer 1."""
    tensors = draw(options, rng, seeds)
    passed = list(
        forward(tensors.inputs, tensors.weights, tensors.biases, phi_kernel(resolve(options.activation)))
    )
    logs = np.empty((options.depth, seeds))
    logs[-1] = np.log(np.sum(tensors.covector**2, axis=(1, 2))) / 2
    for step in backward(passed, tensors.covector):
        if step.layer:
            logs[step.layer - 1] = np.log(np.sum(step.gradient.plain(NUMPY) ** 2, axis=(1, 2))) / 2
    return np.asarray(np.polyfit(np.arange(options.depth)[::-1], logs, 1)[0])
