"""A concrete net whose derivatives come from the forward pass alone. Notebooks carry a copy of this text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

STEP = 1e-30
"""Of the complex step f(x + ih)/ih, which loses no digits however small h is."""


@dataclass(frozen=True)
class Net:
    """h_l = tanh(W_l h_{l-1} + b_l), E = <g, h_n>; W, b, a and h are lists with layer l at place l."""

    W: list[np.ndarray]
    b: list[np.ndarray]
    start: np.ndarray
    g: np.ndarray
    sigma_w: float
    sigma_b: float
    eta: float = 0.1

    @property
    def n(self) -> int:
        return len(self.W) - 1

    @property
    def gamma(self) -> float:
        """The largest slope of tanh."""
        return 1.0

    @property
    def omega(self) -> float:
        """The largest of the norms of the weights."""
        return max(norm(matrix) for matrix in self.W[1:])

    def phi(self, value: Any) -> Any:
        return np.tanh(value)

    def dphi(self, value: Any) -> Any:
        return 1 - np.tanh(value) ** 2

    def layer(self, l: int, value: np.ndarray) -> np.ndarray:
        return np.tanh(self.W[l] @ value + self.b[l])

    def onward(self, value: np.ndarray, after: int, to: int) -> np.ndarray:
        """h_to from the given output of layer `after`; columns are independent inputs."""
        for l in range(after + 1, to + 1):
            value = self.layer(l, value)
        return value

    def h(self, l: int) -> np.ndarray:
        return self.onward(self.start, 0, l)

    def a(self, l: int) -> np.ndarray:
        return self.W[l] @ self.h(l - 1) + self.b[l]

    def D(self, l: int) -> np.ndarray:
        return np.diag(self.dphi(self.a(l)).ravel())

    def q(self, l: int) -> float:
        return float(np.mean(self.a(l) ** 2))

    def jacobian(self, to: int, after: int) -> np.ndarray:
        """dh_to/dh_after, by complex steps of the forward pass."""
        moved = self.h(after) + 1j * STEP * np.eye(len(self.start))
        return np.imag(self.onward(moved, after, to)) / STEP

    def gradient(self, l: int) -> np.ndarray:
        """dE/dh_l, a row."""
        return self.g.T @ self.jacobian(self.n, l)

    def delta(self, l: int) -> np.ndarray:
        """dE/da_l, a column."""
        moved = np.tanh(self.a(l) + 1j * STEP * np.eye(len(self.start)))
        return (self.g.T @ np.imag(self.onward(moved, l, self.n)) / STEP).T

    def weight_gradient(self, l: int) -> np.ndarray:
        """dE/dW_l, entry by entry."""
        found = np.zeros_like(self.W[l])
        for entry in np.ndindex(found.shape):
            moved = self.W[l].astype(complex)
            moved[entry] += 1j * STEP
            end = self.onward(np.tanh(moved @ self.h(l - 1) + self.b[l]), l, self.n)
            found[entry] = np.imag(self.g.T @ end).item() / STEP
        return found


def small_net(width: int, depth: int = 4, seed: int = 0) -> Net:
    """Weights of norm 1/2 to 9/10."""
    rng = np.random.default_rng(seed)
    drawn = [rng.standard_normal((width, width)) for _ in range(depth + 1)]
    W = [matrix / norm(matrix) * rng.uniform(0.5, 0.9) for matrix in drawn]
    b = [rng.standard_normal((width, 1)) * 0.1 for _ in range(depth + 1)]
    start, g = rng.standard_normal((2, width, 1))
    return Net(W, b, start, g, math.nan, math.nan)


def wide_net(width: int = 500, depth: int = 4, seed: int = 0) -> Net:
    """Independent Gaussian weights of variance sigma_w^2/width."""
    rng = np.random.default_rng(seed)
    sigma_w, sigma_b = 1.5, 0.3
    W = [rng.standard_normal((width, width)) * sigma_w / math.sqrt(width) for _ in range(depth + 1)]
    b = [rng.standard_normal((width, 1)) * sigma_b for _ in range(depth + 1)]
    start, g = rng.standard_normal((2, width, 1))
    return Net(W, b, start, g, sigma_w, sigma_b)


def norm(matrix: Any) -> float:
    """The largest singular value."""
    return float(np.linalg.norm(np.atleast_2d(matrix), 2))


def norm_f(matrix: Any) -> float:
    """The root of the sum of squares."""
    return float(np.linalg.norm(matrix))


def product(factor: Callable[[int], Any], lo: int, hi: int) -> Any:
    return math.prod(factor(l) for l in range(lo, hi + 1))


def chain(factor: Callable[[int], np.ndarray], lo: int, hi: int) -> np.ndarray:
    """F_hi ... F_lo."""
    found = factor(lo)
    for l in range(lo + 1, hi + 1):
        found = factor(l) @ found
    return found


def gaussian_mean(f: Callable[[np.ndarray], np.ndarray]) -> float:
    """E f(z) for a standard Gaussian z, by quadrature with 80 points."""
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    return float(f(points) @ weights / math.sqrt(2 * math.pi))


def equal(left: Any, right: Any, tolerance: float) -> bool:
    return bool(np.allclose(left, right, rtol=tolerance, atol=1e-12))


def at_most(left: Any, right: Any, tolerance: float) -> bool:
    return bool(np.all(left <= right * (1 + tolerance) + 1e-12))
