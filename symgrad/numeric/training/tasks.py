"""Tasks for recurrent nets in which what came first decides what is asked last.

A batch is a function of (task, T, size, seed, step), so that a run resumes bit for bit; what a net is tested
on is drawn from a stream of its own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from symgrad.numeric.drawn import DTYPES
from symgrad.numeric.kernel import Array
from symgrad.numeric.training.batches import stream

Sequences: TypeAlias = tuple[NDArray[np.float64], NDArray[Any]]
"""Inputs (B, T, M) and the target of each sequence."""

TRAINED, TESTED = 33, 34
"""Roles of the draws that a net is trained and tested on, beside that of `batches`."""
SYMBOLS = 8
NOISE = 0.5
"""Standard deviation of what stands on the channels of the symbols while nothing is shown."""


@dataclass(frozen=True)
class Task:
    """A task: M ``channels`` a step, ``outputs`` of the net, the loss of `LOSSES`, and how it is drawn.

    metric     "mse" or "accuracy", what decides whether it is solved: below or above ``solved_at``
    baseline   what the best answer that never looks at the inputs reaches in it
    shortest   the least T
    """

    title: str
    text: str
    channels: int
    outputs: int
    loss: str
    metric: str
    baseline: float
    solved_at: float
    shortest: int
    draw: Callable[[Generator, int, int], Sequences]

    def score(self, outputs: Array, targets: NDArray[Any]) -> float:
        """The metric over a batch, targets as `draw` gives them."""
        if self.metric == "accuracy":
            return float(np.mean(outputs.argmax(axis=1) == targets))
        return float(np.mean(np.square(outputs.astype(np.float64) - targets)))

    def solved(self, score: float) -> bool:
        """Whether a test score is on the right side of ``solved_at``."""
        return score > self.solved_at if self.metric == "accuracy" else score < self.solved_at


def _adding(generator: Generator, size: int, steps: int) -> Sequences:
    half, rows = steps // 2, np.arange(size)
    inputs = np.zeros((size, steps, 2))
    inputs[:, :, 0] = generator.random((size, steps))
    first, second = generator.integers(0, half, size), generator.integers(half, steps, size)
    for marked in (first, second):
        inputs[rows, marked, 1] = 1
    return inputs, (inputs[rows, first, 0] + inputs[rows, second, 0])[:, None]


def _recall(generator: Generator, size: int, steps: int) -> Sequences:
    shown = generator.integers(0, SYMBOLS, size)
    inputs = np.zeros((size, steps, SYMBOLS + 1))
    inputs[:, 1:, :SYMBOLS] = NOISE * generator.standard_normal((size, steps - 1, SYMBOLS))
    inputs[np.arange(size), 0, shown] = 1
    inputs[:, -1, SYMBOLS] = 1
    return inputs, shown


TASKS: dict[str, Task] = {
    "adding": Task(
        "adding problem",
        "Two channels: numbers from U[0, 1], and two marks, one in each half of the sequence. Asked at the "
        "end: the sum of the two marked numbers. Always answering 1 has the mean squared error 1/6.",
        channels=2,
        outputs=1,
        loss="squared-error",
        metric="mse",
        baseline=1 / 6,
        solved_at=0.05,
        shortest=2,
        draw=_adding,
    ),
    "recall": Task(
        "delayed recall",
        f"One of {SYMBOLS} symbols is shown at the first step, then Gaussian noise of standard deviation "
        f"{NOISE:g} on the same channels; at the last step a mark asks which symbol it was. Guessing is "
        f"right in 1 case of {SYMBOLS}.",
        channels=SYMBOLS + 1,
        outputs=SYMBOLS,
        loss="cross-entropy",
        metric="accuracy",
        baseline=1 / SYMBOLS,
        solved_at=0.95,
        shortest=2,
        draw=_recall,
    ),
}
"""Name → task. Adding: Hochreiter & Schmidhuber 1997, section 5.4, in the form of Le, Jaitly & Hinton 2015;
recall: a latch as in Bengio, Simard & Frasconi 1994, with more than two symbols."""


@dataclass(frozen=True)
class TaskBatches:
    """Batches of a task: ``size`` sequences of T = ``steps``, drawn from (seed, step) in float64.

    Raises ValueError, one line, where a task is unknown or a number out of range.
    """

    task: str
    steps: int
    size: int
    seed: int = 0
    dtype: str = "float64"

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task = {self.task!r}: legal are {', '.join(TASKS)}")
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype = {self.dtype!r}: legal are {', '.join(DTYPES)}")
        for name, least in (("steps", TASKS[self.task].shortest), ("size", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or operator.index(value) < least:
                raise ValueError(f"{name} = {value!r}: legal are whole numbers from {least} on")

    def __call__(self, step: int) -> tuple[Array, NDArray[Any]]:
        """Inputs (size, T·M) and targets of that step, as the task's loss takes them."""
        return self._batch(stream(self.seed, TRAINED, step), self.size)

    def tested(self, size: int) -> tuple[Array, NDArray[Any]]:
        """Sequences that are never trained on."""
        return self._batch(stream(self.seed, TESTED, 0), size)

    def _batch(self, generator: Generator, size: int) -> tuple[Array, NDArray[Any]]:
        inputs, targets = TASKS[self.task].draw(generator, size, self.steps)
        rows = inputs.reshape(size, -1).astype(self.dtype)
        return rows, targets if targets.dtype.kind == "i" else targets.astype(self.dtype)
