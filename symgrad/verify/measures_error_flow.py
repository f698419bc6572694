"""Measurements of Hochreiter's error flow: the sum over paths, its bound, and the net that attains it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, arb_mat
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.recurrent import Weights, through_time
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import gamma, n, q, w_scalar, x
from symgrad.symbolic.notation import dphi
from symgrad.theory.through_time.error_flow_bound import W_MAX
from symgrad.verify.exact_recurrent import ExactRecurrent
from symgrad.verify.measures_depth import SLACK
from symgrad.verify.measures_net import ENGINE, EXACT
from symgrad.verify.measures_time_unfolding import exact_slopes, same, unfolded_nets
from symgrad.verify.nets import resolve
from symgrad.verify.oracles import number_ball
from symgrad.verify.recurrent_nets import RecurrentOptions
from symgrad.verify.verdict import Evidence, combine, not_above

__all__ = ["error_flow", "error_flow_attained", "error_flow_bound"]

PATHS = 1100
"""Paths that are walked one by one between two units, at most; fewer steps back where there are more."""


def error_flow(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """∂δ_v(T−q)/∂δ_u(T) = ∂a_u(T)/∂a_v(T−q), by differences of the forward pass, is the sum over all paths
    between the two units, walked one by one, to 1e-30, for every pair and q = 1…T−1.

    expects: factor, what a step of a path contributes, in φ′(x) and w. nets: `RecurrentOptions` of the plain
    net, width ≤ 8, T ≤ 64. Margin: share of the tolerance left.
    """
    options, factor = RecurrentOptions.read(net or {}), claim.expects["factor"]
    parts = []
    for _, (one, *_) in unfolded_nets(options, rng, thorough):
        slopes = exact_slopes(one, options.activation)
        last = options.depth
        for back in range(1, last):
            if options.width ** (back - 1) > PATHS:
                break
            jacobian = one.jacobian(last - 1, last - back)
            with precision(one.bits):
                matrix = [[number_ball(entry, one.bits) for entry in row] for row in one.recurrent]
                moved = arb_mat(matrix) * arb_mat(jacobian)
                steps = [_factors(factor, slopes[last - m - 1], matrix) for m in range(1, back + 1)]
                pairs = list(itertools.product(range(options.width), repeat=2))
                flow = [moved[u, v] * slopes[last - back - 1][v] for u, v in pairs]
                walked = [_walked(steps, u, v, options.width) for u, v in pairs]
                text = f"{options}: {options.width ** (back - 1)} paths over {back} steps"
                parts.append(same(walked, flow, EXACT, text))
    return combine(parts)


def _factors(formula: sp.Expr, slopes: list[arb], matrix: list[list[arb]]) -> list[list[arb]]:
    """[from][to]: what the step of a path from one unit back to another contributes."""
    return [
        [ball(formula, {dphi(x): slope, w_scalar: weight}) for slope, weight in zip(slopes, row, strict=True)]
        for row in matrix
    ]


def _walked(steps: list[list[list[arb]]], start: int, end: int, width: int) -> arb:
    """The sum over the paths of the products of their factors."""
    total = arb(0)
    for between in itertools.product(range(width), repeat=len(steps) - 1):
        product = arb(1)
        for step, (here, there) in zip(steps, itertools.pairwise((start, *between, end)), strict=True):
            product *= step[here][there]
        total += product
    return total


def error_flow_bound(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """No entry of ∂h_T/∂h_{T−q}, q = 1…T, by differences of the forward pass, exceeds the bound in n units,
    γ and w_max = max |W_ij|.

    expects: gamma {activation name: number}, bound in the letters n, q, γ, w_max. nets: `RecurrentOptions` of
    the plain net, width ≤ 8, T ≤ 64. Margin: log10(bound/measured) in decades, the smallest.
    """
    options = RecurrentOptions.read(net or {})
    parts = []
    for _, exact in unfolded_nets(options, rng, thorough):
        largest = max(abs(entry) for row in exact[0].recurrent for entry in row)
        for one in exact:
            for back in range(1, options.depth + 1):
                jacobian = one.jacobian(options.depth, options.depth - back)
                with precision(one.bits):
                    entries = [
                        abs(entry).log() / arb(10).log() for row in jacobian for entry in row if entry != 0
                    ]
                    bound = _bound(claim, options, back, number_ball(largest, one.bits), one.bits)
                    text = f"{options}: entries over {back} steps"
                    parts += [not_above(entry, bound, text, SLACK) for entry in entries]
    return combine(parts)


def _bound(claim: Claim, options: RecurrentOptions, back: int, largest: arb, bits: int) -> arb:
    """log10 of the claimed bound."""
    name, given = resolve(options.activation).name, claim.expects["gamma"]
    if name not in given:
        raise InputError(f"claim {claim.key}: expects['gamma'] has no {name}")
    slope = number_ball(given[name], bits)
    formula = claim.expects["bound"].subs({q: back, n: options.width})
    return ball(formula, {gamma: slope, W_MAX: largest}).log() / arb(10).log()


def error_flow_attained(
    claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool
) -> Evidence:
    """In the net of equal weights w_max, resting at ½, every entry of ∂h_T/∂h_{T−q}, q = 1…T, is the claimed
    one to 1e-30, and in the engine ∂h_T/∂h_0 to 1e-10; the published bound is `looseness` times it.

    expects: entry, published, looseness and bias, in the letters n, q, w_max. nets: activation, depth T,
    width n and norm = n w_max. Margin: share of the tolerance left.
    """
    options, expected = RecurrentOptions.read(net or {}), claim.expects
    width, steps = options.width, options.depth
    weight = sp.Rational(options.norm) / width

    def number(name: str, back: int) -> sp.Expr:
        return sp.sympify(expected[name], strict=True).subs({n: width, q: back, W_MAX: weight})

    bias = number("bias", 1)
    one = ExactRecurrent(
        options.exact_cell,
        [[weight] * width] * width,
        [[0]] * width,
        [bias] * width,
        None,
        [[0]] * steps,
        [1] * width,
        [sp.Rational(1, 2)] * width,
    )
    parts = []
    for back in range(1, steps + 1):
        text = f"{options}: every entry over {back} steps"
        jacobian = one.jacobian(steps, steps - back)
        with precision(one.bits):
            entry, published, loose = (
                number_ball(number(name, back), one.bits) for name in ("entry", "published", "looseness")
            )
            entries = [value for row in jacobian for value in row]
            parts.append(same(entries, [entry] * width**2, EXACT, text))
            parts.append(same([published / entries[0]], [loose], EXACT, f"{text}: published over measured"))
    found = _of_engine(options, float(weight), float(bias))
    with precision(one.bits):
        entry = number_ball(number("entry", steps), one.bits)
        parts.append(same(found, [entry] * width**2, ENGINE, f"{options}: ∂h_T/∂h_0 of the engine"))
    return combine(parts)


def _of_engine(options: RecurrentOptions, weight: float, bias: float) -> list[float]:
    """∂h_T/∂h_0 of the engine, row by row: sample i has the co-vector e_i."""
    width = options.width
    given = Weights(np.full((width, width), weight), np.zeros((width, 1)), np.full(width, bias), None)
    inputs = np.zeros((options.depth, width, 1))
    found = through_time(options.engine_cell, given, inputs, np.eye(width), np.full((width, width), 0.5))
    entries: list[float] = found.initial.plain().ravel().tolist()
    return entries
