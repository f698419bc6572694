"""How a bound is tried: on random nets and those that attain it, and by nets that climb towards it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from symgrad.verify.bounds.bound import RecurrentBound
from symgrad.verify.bounds.stacks import Stack
from symgrad.verify.nets import Float

__all__ = ["Tried", "attained_gap", "climb", "tried"]

TOGETHER = 25
"""Nets of one kind."""
MOVED = ("recurrent", "input", "bias", "inputs", "covector", "initial")


@dataclass(frozen=True)
class Tried:
    """How many nets and values were held against a bound, how many values were beyond it by more than
    rounding, and the largest ln measured − ln bound."""

    nets: int
    values: int
    violations: int
    tightest: float


def tried(bound: RecurrentBound, rng: Generator, nets: int) -> Tried:
    """Random nets, a stack of one kind after the other, and those that attain the bound."""
    stacks = [bound.draw(rng, TOGETHER, False) for _ in range(-(-nets // TOGETHER))]
    stacks += [attained(rng) for attained in bound.attained]
    parts = [_held(bound, stack) for stack in stacks]
    return Tried(
        sum(part.nets for part in parts),
        sum(part.values for part in parts),
        sum(part.violations for part in parts),
        max(part.tightest for part in parts),
    )


def _held(bound: RecurrentBound, stack: Stack) -> Tried:
    gap = _gap(bound, stack)
    beyond = int(np.count_nonzero(gap > np.log1p(stack.rounding)))
    return Tried(len(gap), gap.size, beyond, float(gap.max()))


def _gap(bound: RecurrentBound, stack: Stack) -> Float:
    """ln measured − ln bound of every value, (S, K); −inf where the bound is infinite or 0 is measured, +inf
    where something is measured above a bound of 0 or is no number."""
    measured, most = bound.sides(stack)
    measured, most = np.broadcast_arrays(measured, most)
    with np.errstate(invalid="ignore"):
        gap = np.where((measured == -np.inf) | (most == np.inf), -np.inf, measured - most)
    return np.where(np.isnan(gap), np.inf, gap).reshape(len(gap), -1)


def attained_gap(bound: RecurrentBound, rng: Generator) -> float:
    """The least ln measured − ln bound over every value of the nets that attain the bound."""
    return min(float(_gap(bound, attained(rng)).min()) for attained in bound.attained)


def climb(bound: RecurrentBound, rng: Generator, kinds: int = 8, tries: int = 150) -> Tried:
    """Small nets that climb: each moves its weights, inputs, biases, co-vector and first state at random, by
    more after a success and less after a failure, and keeps what raises its largest ln measured − ln bound.

    Several kinds of nets, 25 nets beside each other of each.
    """
    total = Tried(0, 0, 0, -np.inf)
    for _ in range(kinds):
        stack = _free(bound.draw(rng, TOGETHER, True))
        best, width = _height(bound, stack), np.full(TOGETHER, 0.3)
        violations = int(np.count_nonzero(best > np.log1p(stack.rounding)))
        for _ in range(tries):
            moved = _moved(stack, rng, width)
            height = _height(bound, moved)
            violations += int(np.count_nonzero(height > np.log1p(stack.rounding)))
            better = height > best
            stack = _chosen(stack, moved, better)
            best = np.where(better, height, best)
            width = np.clip(width * np.where(better, 1.5, 0.9), 1e-6, 3.0)
        total = Tried(
            total.nets + TOGETHER,
            total.values + TOGETHER * (tries + 1),
            total.violations + violations,
            max(total.tightest, float(best.max())),
        )
    return total


def _height(bound: RecurrentBound, stack: Stack) -> Float:
    return np.asarray(_gap(bound, stack).max(axis=1))


def _free(stack: Stack) -> Stack:
    """The stack with biases and first states that can be moved."""
    own = stack.tensors
    return stack.put(
        bias=np.zeros(own.recurrent.shape[:2]) if own.bias is None else own.bias,
        initial=np.zeros(own.covector.shape) if own.initial is None else own.initial,
    )


def _moved(stack: Stack, rng: Generator, width: Float) -> Stack:
    """Each entry moved with probability ½, by its net's width times its own size, or 1/10 where that is
    smaller."""
    moved = {}
    for name in MOVED:
        array = getattr(stack.tensors, name)
        by = width.reshape(-1, *(1,) * (array.ndim - 1)) * np.maximum(np.abs(array), 0.1)
        moved[name] = array + by * rng.standard_normal(array.shape) * rng.integers(0, 2, array.shape)
    return stack.put(**moved)


def _chosen(stack: Stack, moved: Stack, better: NDArray[np.bool_]) -> Stack:
    """The moved nets where they are better, the others elsewhere."""
    arrays = {}
    for name in MOVED:
        old, new = getattr(stack.tensors, name), getattr(moved.tensors, name)
        arrays[name] = np.where(better.reshape(-1, *(1,) * (old.ndim - 1)), new, old)
    return stack.put(**arrays)
