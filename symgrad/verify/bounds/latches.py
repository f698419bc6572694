"""Bounds of units that latch: along an orbit above the worst rest, and in a box that is contracted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from symgrad.verify.bounds.bound import RecurrentBound, Sides
from symgrad.verify.bounds.stacks import Stack, jacobian, ln, random_stack
from symgrad.verify.nets import Float
from symgrad.verify.recurrent_nets import RecurrentOptions, draw_recurrent

__all__ = ["ROWS"]

STRONGEST = 3.0
"""Largest weight of a unit on itself."""


def _latch(rng: Generator, seeds: int, small: bool) -> Stack:
    """One tanh unit, 1 < w ≤ 3, inputs of some size, started above the rest that the worst input leaves."""
    steps = int(rng.integers(1, 5 if small else 201))
    options = RecurrentOptions(width=1, depth=steps)
    weight = rng.uniform(1.01, STRONGEST, seeds)
    critical = np.sqrt(weight * (weight - 1)) - np.arctanh(np.sqrt(1 - 1 / weight))
    noise = critical * rng.uniform(0, 0.98, seeds)
    inputs = noise[:, None, None, None] * rng.uniform(-1, 1, (seeds, steps, 1, 1))
    drawn = draw_recurrent(options, rng, seeds)
    start = np.tanh(_rest(weight, noise)) + rng.random(seeds) ** 3
    shape = (seeds, 1, 1)
    tensors = replace(
        drawn,
        recurrent=weight.reshape(shape),
        input=np.ones(shape),
        inputs=inputs,
        covector=np.ones(shape),
        initial=start.reshape(shape),
    )
    return Stack(options, tensors)


def _rest(weight: Float, noise: Float) -> Float:
    """The larger root x of x − w tanh x = −μ, by bisection from where the left side is least; NaN if none."""
    weight = np.where(weight > 1, weight, np.nan)
    low, high = np.arccosh(np.sqrt(weight)), weight + 1.0
    low = np.where(low - weight * np.tanh(low) <= -noise, low, np.nan)
    for _ in range(70):
        middle = (low + high) / 2
        below = middle - weight * np.tanh(middle) <= -noise
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return low


def _latch_bound(stack: Stack) -> Sides:
    """|∂h_T/∂h_0| ≤ λ^T, λ = w(1 − tanh² x_a), for |z_t| ≤ μ and h_0 ≥ tanh x_a; up to w = 3, where 1 − h²
    keeps its digits."""
    own, steps = stack.tensors, stack.options.depth
    weight = own.recurrent[:, 0, 0]
    start = np.zeros(len(weight)) if own.initial is None else own.initial[:, 0, 0]
    drive = own.input[:, 0, 0, None] * own.inputs[:, :, 0, 0] + (0.0 if own.bias is None else own.bias)
    rest = _rest(np.where(weight <= STRONGEST, weight, np.nan), np.abs(drive).max(axis=1))
    bound = steps * ln(weight / np.cosh(rest) ** 2)
    return _size(stack), np.where(start >= np.tanh(rest), bound, np.inf)


def _size(stack: Stack) -> Float:
    """ln |∂h_T/∂h_0| of one unit."""
    values, logs = jacobian(stack)
    return ln(np.abs(values[:, 0, 0])) + logs


def _worst_input(rng: Generator) -> Stack:
    """The unit rests where the worst input, given always, leaves it."""
    stack = _latch(rng, 5, False)
    weight = stack.tensors.recurrent[:, 0, 0]
    noise = np.abs(stack.tensors.inputs[:, :, 0, 0]).max(axis=1)
    start = np.nextafter(np.tanh(_rest(weight, noise)), 1.0)
    inputs = np.broadcast_to(-noise[:, None, None, None], stack.tensors.inputs.shape).copy()
    return stack.put(inputs=inputs, initial=start[:, None, None])


def _contraction(rng: Generator, seeds: int, small: bool) -> Stack:
    """tanh nets with an attractor c, a box |h − c| ≤ r s that contracts, and inputs that cannot leave it."""
    stack = random_stack(rng, seeds, small, activation="tanh", weights="gaussian", sigma_b=0.0, bias=0.0)
    width, steps = stack.options.width, stack.options.depth
    scale, centre = np.exp(rng.uniform(-1, 1, (seeds, width))), rng.uniform(-0.95, 0.95, (seeds, width))
    radius = 10 ** rng.uniform(-4, 0, (seeds, 1))
    given = {"scale": scale, "centre": centre, "radius": radius}
    free = Stack(stack.options, stack.tensors, given)
    recurrent = stack.tensors.recurrent * (rng.uniform(0.2, 0.999, seeds) / _rate(free))[:, None, None]
    kick = (1 - _rate(free.put(recurrent=recurrent)))[:, None] * radius * scale
    tensors = replace(
        stack.tensors,
        recurrent=recurrent,
        bias=np.arctanh(centre) - np.matvec(recurrent, centre),
        input=np.broadcast_to(np.eye(width), (seeds, width, width)).copy(),
        inputs=kick[:, None, None] * rng.uniform(-1, 1, (seeds, steps, 1, width)),
        initial=(centre + radius * scale * rng.uniform(-1, 1, (seeds, width)))[:, None],
    )
    return Stack(stack.options, tensors, given)


def _rate(stack: Stack) -> Float:
    """λ = max_i d_i Σ_j |W_ij| s_j/s_i, d_i the largest 1 − h² of unit i in the box, (S,)."""
    scale, centre, radius = (stack.given[name] for name in ("scale", "centre", "radius"))
    nearest = np.maximum(np.abs(centre) - radius * scale, 0.0)
    sums = np.matvec(np.abs(stack.tensors.recurrent), scale) / scale
    return np.asarray(((1 - np.minimum(nearest, 1) ** 2) * sums).max(axis=1))


def _contraction_bound(stack: Stack) -> Sides:
    """max_i Σ_j |∂h_T,i/∂h_0,j| s_j/s_i ≤ λ^T, for W c + b = artanh c, |z_t| ≤ (1 − λ) r s and
    |h_0 − c| ≤ r s."""
    own, rate, scale = stack.tensors, _rate(stack), stack.given["scale"]
    centre, radius = stack.given["centre"], stack.given["radius"]
    bias = np.arctanh(centre) - np.matvec(own.recurrent, centre)
    kick = np.abs(np.matvec(own.input[:, None], own.inputs[:, :, 0])).max(axis=1)
    start = 0.0 if own.initial is None else own.initial[:, 0]
    inside = (kick <= ((1 - rate)[:, None] * radius * scale)) & (np.abs(start - centre) <= radius * scale)
    values, logs = jacobian(stack.put(bias=bias))
    measured = ln((np.matvec(np.abs(values), scale) / scale).max(axis=1)) + logs
    silent = ~((rate < 1) & inside.all(axis=1))
    return measured, np.where(silent, np.inf, stack.options.depth * ln(rate))


def _separate_units(rng: Generator) -> Stack:
    """Units that each see themselves alone, at rest at 0, in a box of no size."""
    options = RecurrentOptions(width=3, depth=9, input_scale=0.0, weights="identity", sigma_w=0.7)
    zero = np.zeros((2, 3))
    drawn = replace(draw_recurrent(options, rng, 2), bias=zero, initial=zero[:, None])
    return Stack(options, drawn, {"scale": 1 + zero, "centre": zero, "radius": zero[:, :1]})


ROWS = {
    "latch": RecurrentBound("latch-bound", "|∂h_T/∂h_0| ≤ λ^T", _latch, _latch_bound, (_worst_input,)),
    "contraction": RecurrentBound(
        "contraction",
        "‖∂h_T/∂h_0‖ ≤ λ^T in the norm of the box",
        _contraction,
        _contraction_bound,
        (_separate_units,),
    ),
}
