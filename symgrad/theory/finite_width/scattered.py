"""Nets of one kind that scatter: the squared gradient going back from the output, net by net, beside the law
of ‖Ju‖², its mean and the worst case of the weights drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symgrad.numeric import Net, ln_bound, measure
from symgrad.theory.activations import ACTIVATIONS, kernel
from symgrad.theory.finite_width.jacobian_law import KINDS, Float, log_moments

__all__ = ["Scattered", "scattered"]


@dataclass(frozen=True)
class Scattered:
    """Of S nets, k = 1…L layers back from the output:

    logs   ln ‖∂E/∂h_{L−k}‖²/‖∂E/∂h_L‖², (S, L), −∞ behind a dead layer. With a Gaussian co-vector its law is
           that of ‖J u‖² over k layers: χ²_N times the share of K of N squares of a random direction is χ²_K
    worst  2 Σ ln γ‖W‖₂ of each net's own weights, (S, L)
    mean, variance  what the law says of the logarithm after one layer
    """

    logs: Float
    worst: Float
    mean: float
    variance: float

    @property
    def log_mean(self) -> Float:
        """ln of the mean over the nets drawn, (L,)."""
        top = np.max(self.logs, axis=0)
        return np.asarray(top + np.log(np.mean(np.exp(self.logs - top), axis=0)))

    @property
    def above(self) -> float:
        """Share of the nets whose squared gradient is above 1, the mean of the law, at the last layer."""
        return float(np.mean(self.logs[:, -1] > 0))


def scattered(activation: str, depth: int, width: int, seeds: int, seed: int) -> Scattered:
    """So many nets of L = ``depth`` layers, σ_w² as `KINDS` has it, one input each. Raises `InputError` for
    an activation whose law is not known, ValueError as `Net` does."""
    mean, variance = log_moments(activation, width)
    net = Net(depth=depth + 1, width=width, batch=1, seeds=seeds, sigma_w=KINDS[activation], seed=seed)
    measured = measure(net, kernel(ACTIVATIONS[activation]))
    bound = ln_bound(measured, 1.0)  # γ = 1 for both
    logs, worst = (2 * (row[:, -2::-1] - row[:, -1:]) for row in (measured.ln_gradient, bound))
    return Scattered(logs, worst, mean, variance)
