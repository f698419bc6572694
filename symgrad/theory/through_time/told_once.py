"""A recurrent net that is told something at its first step alone and asked at its last: what its input
weights learn of it vanishes or explodes with the time between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence

from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.recurrent import Recurrence, Weights
from symgrad.numeric.recurrent.cells import RNN

__all__ = ["ToldOnce"]


@dataclass(frozen=True)
class ToldOnce:
    """h_t = φ(σ_w W h_{t−1} + U x_t), x_1 ~ N(0, 1) an entry and x_t = 0 afterwards, E = ⟨g, h_T⟩ with
    g ~ N(0, 1/N); W and U have entries N(0, 1/N), all drawn from the seed alone. Another σ_w is the same net
    with one number changed.
    """

    width: int
    sigma_w: float
    seed: int = 0

    def gradients(self, kernel: Kernel, lengths: Sequence[int]) -> Iterator[Array]:
        """∂E/∂U for each T as a vector of N²: as only x_1 is not 0, it is δ_1 x_1ᵀ, what came through all T
        steps. (∂E/∂W also has terms of the last steps, which do not vanish.)
        """
        rng, n = Generator(SFC64(SeedSequence(self.seed))), self.width
        recurrent, given = (rng.standard_normal((n, n)) / np.sqrt(n) for _ in range(2))
        first, covector = rng.standard_normal((1, n)), rng.standard_normal((1, n)) / np.sqrt(n)
        weights, passes = Weights(self.sigma_w * recurrent, given), Recurrence(RNN(kernel))
        for steps in lengths:
            inputs = np.zeros((steps, 1, n))
            inputs[0] = first
            passes.forward(weights, inputs)
            yield passes.backward(covector).input.plain().ravel()
