"""Batches: which samples a step sees, as a pure function of the number of the step.

So the position of the generator is the number of steps done: a run that resumes draws what it would have
drawn, and there is nothing else to keep.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from symgrad.numeric.kernel import Array

Batches: TypeAlias = Callable[[int], Any]
"""batches(step) → what `loss_and_gradient` is given; step counts from 0; the same step, the same batch."""

ORDER = 32
"""Role of the draws of an epoch's order; a role of its own beside those of `weights`."""


def stream(seed: int, role: int, number: int) -> Generator:
    """The generator of one step, epoch or the like: SFC64 keyed as in `weights`, by (seed, role, number)."""
    return Generator(SFC64(SeedSequence(seed, spawn_key=(role, number))))


def whole(inputs: Array, targets: NDArray[Any]) -> Batches:
    """Every step sees all samples."""
    batch = (inputs, targets)
    return lambda step: batch


@dataclass(frozen=True, eq=False)
class Shuffled:
    """Mini-batches of ``size`` samples, each sample once an epoch, in an order drawn from (seed, epoch); the
    last batch of an epoch is what is left.

    Raises ValueError when size is no whole number from 1 on or the numbers of inputs and targets differ.
    """

    inputs: Array
    targets: NDArray[Any]
    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or operator.index(self.size) < 1:
            raise ValueError(f"size = {self.size!r}: legal are whole numbers from 1 on")
        if len(self.inputs) != len(self.targets) or not len(self.inputs):
            counts = f"{len(self.inputs)} inputs and {len(self.targets)} targets"
            raise ValueError(f"{counts}: give as many of each, one or more")

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return -(-len(self.inputs) // self.size)

    def __call__(self, step: int) -> tuple[Array, NDArray[Any]]:
        """The batch of that step."""
        epoch, position = divmod(step, self.steps)
        order = _order(self.seed, epoch, len(self.inputs))
        chosen = order[position * self.size : (position + 1) * self.size]
        return self.inputs[chosen], self.targets[chosen]


@lru_cache(maxsize=16)
def _order(seed: int, epoch: int, count: int) -> NDArray[np.intp]:
    order = stream(seed, ORDER, epoch).permutation(count)
    order.flags.writeable = False
    return order
