"""Data sets for classification: samples, and a split whose scale is read off the training part alone."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.drawn import DTYPES
from symgrad.numeric.kernel import Array
from symgrad.numeric.training.batches import stream

Samples: TypeAlias = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Inputs (n, M) and the class 0, 1, … of each, (n,)."""

HELD_OUT = 35
"""Role of the draws that hold samples out, beside those of `tasks`."""
PART = 5
"""One sample of so many is held out."""


@dataclass(frozen=True)
class Split:
    """A data set in two parts, both scaled by the training part.

    inputs, labels            (n, M) and (n,): what is trained on
    test_inputs, test_labels  what is held out
    mean, size                the mean (M,) that was taken off, the number that was divided by
    """

    inputs: Array
    labels: NDArray[np.int64]
    test_inputs: Array
    test_labels: NDArray[np.int64]
    mean: NDArray[np.float64]
    size: float


@dataclass(frozen=True)
class DataSet:
    """``inputs`` numbers a sample, one of ``classes`` to be told; ``source`` and ``licence`` in words."""

    title: str
    text: str
    source: str
    licence: str
    inputs: int
    classes: int
    read: Callable[[], Samples]

    @cached_property
    def samples(self) -> Samples:
        """All samples as they are at the source; read-only."""
        found = self.read()
        for array in found:
            array.flags.writeable = False
        return found

    def split(self, seed: int = 0, dtype: str = "float64") -> Split:
        """One fifth held out, chosen by the seed; x ↦ (x − mean)/size.

        mean is that of each input over the training samples; size is one number, the root mean square of
        all entries of x − mean there, so that (1/M) Σ x² = 1 on the average over training samples, and an
        input that hardly ever differs from its mean is not blown up. Raises ValueError for a dtype other
        than float64 and float32.
        """
        if dtype not in DTYPES:
            raise ValueError(f"dtype = {dtype!r}: legal are {', '.join(DTYPES)}")
        inputs, labels = self.samples
        order = stream(seed, HELD_OUT, 0).permutation(len(inputs))
        test, training = order[: len(inputs) // PART], order[len(inputs) // PART :]
        mean = inputs[training].mean(axis=0)
        size = float(np.sqrt(np.mean(np.square(inputs[training] - mean))))
        scaled = ((inputs - mean) / size).astype(dtype)
        return Split(scaled[training], labels[training], scaled[test], labels[test], mean, size)


def _digits() -> Samples:
    with files("symgrad").joinpath("data", "digits.csv.gz").open("rb") as packed, gzip.open(packed) as file:
        rows: NDArray[Any] = np.loadtxt(file, delimiter=",", dtype=np.int64)
    return rows[:, :-1].astype(np.float64), rows[:, -1].copy()


TURN = 104
"""Points at which the radius of a spiral would be 0."""
POINTS, DENSITY = 97, 4
"""Points of a spiral in the benchmark, and how many are set here for each step between two of them."""


def _two_spirals() -> Samples:
    i = np.arange((POINTS - 1) * DENSITY + 1) / DENSITY
    radius, angle = 6.5 * (TURN - i) / TURN, np.pi * i / 16
    one = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return np.concatenate([one, -one]), np.repeat([0, 1], len(one))


DATASETS: dict[str, DataSet] = {
    "digits": DataSet(
        "handwritten digits",
        "1,797 images of 8 × 8 pixels with 0…16 for the ink, written by 13 people; which of ten digits?",
        "Optical Recognition of Handwritten Digits, test set: E. Alpaydin and C. Kaynak 1998, UCI Machine "
        "Learning Repository, doi:10.24432/C50P49",
        "CC BY 4.0",
        inputs=64,
        classes=10,
        read=_digits,
    ),
    "two-spirals": DataSet(
        "two spirals",
        "770 points on two spirals that wind three times around each other; which of the two?",
        "generated; Lang and Witbrock 1988, Learning to tell two spirals apart, with three more points "
        "between any two",
        "none is needed",
        inputs=2,
        classes=2,
        read=_two_spirals,
    ),
}
"""Name → data set."""
