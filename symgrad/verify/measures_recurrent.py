"""Measurements on stacks of random recurrent nets: what is called a bound, and the slope at finite width."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.recurrent import Weights, through_time
from symgrad.numeric.recurrent.cells import RNN
from symgrad.symbolic.derivation import Claim
from symgrad.theory.activations import kernel
from symgrad.theory.through_time.slope_statistics import predicted_slope
from symgrad.verify.bounds import BOUNDS
from symgrad.verify.bounds.bound import RecurrentBound, Sides
from symgrad.verify.bounds.search import climb, tried
from symgrad.verify.bounds.stacks import Stack
from symgrad.verify.nets import Float, phi_kernel, resolve
from symgrad.verify.recurrent_nets import RecurrentOptions, draw_recurrent
from symgrad.verify.verdict import Evidence, within

__all__ = ["recurrent_bound", "recurrent_slope"]

NETS, THOROUGH_NETS = 100, 10_000
CLIMBS, THOROUGH_CLIMBS = (1, 60), (16, 300)
"""Kinds of small nets that climb, and how often each net moves."""
NINETY_NINE = 2.5758293035489004
"""Standard deviations that hold 99 % of a normal distribution between them."""
SEEDS, AGAIN = 16, 4
"""Seeds of a slope; how many times as many are drawn anew when those fall outside their band."""


def recurrent_bound(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """No value of random recurrent nets, of nets that attain the bound, and of small nets that climb towards
    it is beyond it by more than rounding, 64 ε T N.

    expects: bound, a name of `BOUNDS`; optionally factor, by which the bound is multiplied. 100 nets of
    random kinds and 25 that climb; 10,000 and 400 when thorough. Margin: decades, the smallest.
    """
    name = claim.expects["bound"]
    if name not in BOUNDS:
        raise InputError(f"claim {claim.key}: bound {name!r} is not known (legal: {', '.join(BOUNDS)})")
    bound = _scaled(BOUNDS[name], math.log(float(claim.expects.get("factor", 1))))
    random = tried(bound, rng, THOROUGH_NETS if thorough else NETS)
    kinds, tries = THOROUGH_CLIMBS if thorough else CLIMBS
    climbed = climb(bound, rng, kinds, tries)
    reached = max(random.tightest, climbed.tightest)
    violations = random.violations + climbed.violations
    text = f"{bound.statement}: {random.values} values of {random.nets} nets; {climbed.nets} small nets that "
    text += f"climb reach {math.exp(min(climbed.tightest, 700.0)):.9g} of the bound; {violations} violations"
    if violations:
        return Evidence("FAIL", -max(reached / math.log(10), math.ulp(1.0)), text)
    return Evidence("PASS", max(0.0, -reached / math.log(10)), text)


def _scaled(bound: RecurrentBound, ln_factor: float) -> RecurrentBound:
    def sides(stack: Stack) -> Sides:
        measured, most = bound.sides(stack)
        return measured, most + ln_factor

    return replace(bound, sides=sides) if ln_factor else bound


def recurrent_slope(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The mean over 16 seeds of the least-squares slope of ln ‖∂E/∂h_t‖_F over t = 1…T lies within the 99 %
    band about `predicted_slope`, ± 2.576 predicted standard deviations of that mean.

    expects: optionally shift, added to the prediction in half-widths of the band. nets: `RecurrentOptions` of
    a plain net with Gaussian weights. One band in a hundred misses: where it does, four times as many seeds
    are drawn anew and held against their own band, and that is the verdict. Thorough: four times as many of
    both. Gradients by the engine, φ′ from φ by differences. Margin: share of the half-width left.
    """
    options = RecurrentOptions.read(net or {}, width=128, depth=20)
    if options.cell != "rnn" or options.weights != "gaussian" or options.depth < 3:
        raise InputError(f"claim {claim.key}: a slope is predicted for plain Gaussian nets from T = 3 on")
    entry = resolve(options.activation)
    slope, deviation = predicted_slope(
        kernel(entry), options.sigma_w, options.sigma_b, options.depth, options.width, options.batch
    )
    first = SEEDS * (AGAIN if thorough else 1)
    half = NINETY_NINE * deviation / math.sqrt(first)
    slope += float(claim.expects.get("shift", 0)) * half
    evidence = _in_band(options, rng, slope, deviation, first)
    return evidence if evidence.outcome == "PASS" else _in_band(options, rng, slope, deviation, AGAIN * first)


def _in_band(
    options: RecurrentOptions, rng: Generator, slope: float, deviation: float, seeds: int
) -> Evidence:
    mean = float(np.mean(np.concatenate([_slopes(options, rng) for _ in range(seeds // SEEDS)])))
    half = NINETY_NINE * deviation / math.sqrt(seeds)
    text = f"{options}: slope {mean:.5f} over {seeds} seeds, predicted {slope:.5f} ± {half:.5f} (99 %)"
    return within(abs(arb(mean) - arb(slope)), half, text)


def _slopes(options: RecurrentOptions, rng: Generator) -> Float:
    """The slopes of 16 seeds, going from t = T to t = 1."""
    drawn = draw_recurrent(options, rng, SEEDS)
    cell = RNN(phi_kernel(resolve(options.activation)))
    weights = Weights(drawn.recurrent, drawn.input, drawn.bias, None)
    logs = through_time(cell, weights, drawn.inputs, drawn.covector).ln_state
    return np.asarray(np.polyfit(np.arange(options.depth)[::-1], logs.T, 1)[0])
