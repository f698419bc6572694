"""Measurement of two inputs: how their correlation scatters over nets of finite width."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.mean_field.length_map import length_map
from symgrad.symbolic.derivation import Claim
from symgrad.theory.activations import kernel
from symgrad.theory.finite_width.pair_statistics import predicted_fisher
from symgrad.theory.propagation.pair import predicted_correlations
from symgrad.verify.measures_finite_width import AGAIN, NINETY_NINE
from symgrad.verify.nets import WEIGHTS, Float, NetOptions, phi_kernel, resolve
from symgrad.verify.verdict import Evidence, combine, undecided, within

__all__ = ["pair_spread"]

NETS = 64
"""Nets of a kind; four times as many when thorough, and when those fall outside their band."""
SPREAD = 0.35
"""Largest relative error of a standard deviation over so many nets: more than three of its own."""


def pair_spread(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The mean over 64 nets of artanh of the correlation of two inputs at the last layer lies within the 99 %
    band about `predicted_fisher`, and the standard deviation within 35 % of the predicted one.

    expects: start, the correlation of the inputs; optionally shift, added to the prediction in half-widths,
    and scale, multiplied with the deviation. nets: Gaussian weights. One band in a hundred misses: where it
    does, four times as many nets are drawn anew and held against their own, and that is the verdict. Margin:
    share of the interval left.
    """
    options = NetOptions.read(net or {})
    if options.weights != "gaussian" or options.bias:
        raise InputError(f"claim {claim.key}: the law is for Gaussian weights without a constant bias")
    start, functions = float(claim.expects["start"]), kernel(resolve(options.activation))
    scales = options.sigma_w, options.sigma_b
    q = np.exp(length_map(functions, *scales, options.depth).ln_q)
    correlations = predicted_correlations(functions, *scales, options.depth, start)
    try:
        mean, deviation = (
            float(part[-1]) for part in predicted_fisher(functions, *scales, options.width, q, correlations)
        )
    except ValueError as error:
        return undecided(f"{options}: {error}")
    first = NETS * (AGAIN if thorough else 1)
    deviation *= float(claim.expects.get("scale", 1))
    mean += float(claim.expects.get("shift", 0)) * NINETY_NINE * deviation / math.sqrt(first)
    evidence = _held(options, rng, start, mean, deviation, first)
    if evidence.outcome == "PASS":
        return evidence
    return _held(options, rng, start, mean, deviation, AGAIN * first)


def _held(
    options: NetOptions, rng: Generator, start: float, mean: float, deviation: float, nets: int
) -> Evidence:
    found = np.concatenate([_correlations(options, rng, start) for _ in range(nets // NETS)])
    half = NINETY_NINE * deviation / math.sqrt(nets)
    middle, spread = float(found.mean()), float(found.std(ddof=1))
    said = f"{options}: artanh of the correlation"
    return combine(
        (
            within(
                abs(arb(middle) - arb(mean)),
                half,
                f"{said} {middle:.5f} over {nets} nets, predicted {mean:.5f} ± {half:.5f} (99 %)",
            ),
            within(
                abs(arb(spread / deviation) - 1),
                SPREAD,
                f"{said} scatters by {spread:.5f} over {nets} nets, predicted {deviation:.5f}",
            ),
        )
    )


def _correlations(options: NetOptions, rng: Generator, start: float) -> Float:
    """artanh of ⟨a, a′⟩/(‖a‖‖a′‖) at the last layer, (64,): weights drawn as they are met."""
    functions, width = phi_kernel(resolve(options.activation)), options.width
    one, other = rng.standard_normal((2, NETS, width))
    one /= np.linalg.norm(one, axis=-1, keepdims=True)
    other -= np.vecdot(one, other)[:, None] * one
    other /= np.linalg.norm(other, axis=-1, keepdims=True)
    inputs = np.stack([one, start * one + math.sqrt(1 - start**2) * other], axis=1) * math.sqrt(width)
    states = inputs
    for layer in range(options.depth):
        weights = options.sigma_w * WEIGHTS["gaussian"](rng, NETS, width)
        pre = states @ np.swapaxes(weights, 1, 2)
        pre += options.sigma_b * rng.standard_normal((NETS, 1, width))
        if layer + 1 < options.depth:
            states = np.asarray(functions.value(pre), np.float64)
    products = pre @ np.swapaxes(pre, 1, 2)
    return np.arctanh(products[:, 0, 1] / np.sqrt(products[:, 0, 0] * products[:, 1, 1]))
