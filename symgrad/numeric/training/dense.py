"""Layers that act on units: φ(h Wᵀ + b) and φ alone (see `layer`)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.draws.weights import BIASES, WEIGHTS, orthogonal
from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.training.layer import Draw, Pass, Scratch
from symgrad.numeric.training.parameters import Shape, Views


def _gaussian(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    return draws / math.sqrt(draws.shape[1])


def _orthogonal(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    units, inputs = draws.shape
    if units < inputs:
        return orthogonal(draws.T[None])[0].T
    return orthogonal(draws[None])[0] * math.sqrt(units / inputs)


def _same(a: Array, out: Array) -> None:
    np.copyto(out, a)


def _one(a: Array, h: Array, out: Array) -> None:
    out.fill(1)


LINEAR = Kernel(_same, _one, (1.0, 1.0), (1.0, 1.0))
"""φ(x) = x, of a read-out."""

LAWS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "gaussian": _gaussian,
    "orthogonal": _orthogonal,
}
"""Law of W → from N(0, 1) draws (N, M) to matrices whose entries have mean square 1/M."""


@dataclass(frozen=True)
class Dense:
    """h ↦ φ(h Wᵀ + b), rows are samples; W entries N(0, sigma_w²/fan_in), b entries N(0, sigma_b²).

    weights  "gaussian", or "orthogonal": orthonormal columns (N ≥ M) or rows (N ≤ M) by Haar's measure, times
             √max(N/M, 1), so that entries have the same mean square
    bias     False: there is no b

    The draws are those of `Net` with the same seed. Raises ValueError unless units is a whole number from 1
    on, the law one of the two, the scales finite and ≥ 0, and sigma_b 0 where there is no b.
    """

    units: int
    kernel: Kernel
    sigma_w: float = 1.0
    sigma_b: float = 0.0
    weights: str = "gaussian"
    bias: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.units, bool) or operator.index(self.units) < 1:
            raise ValueError(f"units = {self.units!r}: legal are whole numbers from 1 on")
        for name in ("sigma_w", "sigma_b"):
            scale = getattr(self, name)
            if not (math.isfinite(scale) and scale >= 0):
                raise ValueError(f"{name} = {scale!r}: legal are finite numbers from 0 on")
        if self.weights not in LAWS:
            raise ValueError(f"weights = {self.weights!r}: legal are {', '.join(LAWS)}")
        if self.sigma_b and not self.bias:
            raise ValueError(f"sigma_b = {self.sigma_b!r}: legal is 0 for a layer without biases")

    def outputs(self, inputs: int) -> int:
        """N."""
        return self.units

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """W (N, M), b (N,)."""
        shapes: dict[str, Shape] = {"weight": (self.units, inputs)}
        if self.bias:
            shapes["bias"] = (self.units,)
        return shapes

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """W = sigma_w G/√fan_in or sigma_w times the orthogonal factor of G, b = sigma_b times a draw."""
        weight = parameters["weight"]
        weight[...] = self.sigma_w * LAWS[self.weights](draw(WEIGHTS, weight.shape))
        if self.bias:
            bias = parameters["bias"]
            bias[...] = self.sigma_b * draw(BIASES, bias.shape) if self.sigma_b else 0

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """δ = g ∘ φ′(a), ∂E/∂W = δᵀh, ∂E/∂b = Σ_batch δ, ∂E/∂h = δ W."""
        weight, bias = parameters["weight"], parameters.get("bias")
        weight_gradient, bias_gradient = gradient["weight"], gradient.get("bias")
        units, inputs = weight.shape
        a, out = (np.empty((batch, units), scratch.dtype) for _ in range(2))
        delta, below = scratch("delta", (batch, units)), scratch("gradient", (batch, inputs))
        transposed, delta_transposed, ones = weight.T, delta.T, np.ones(batch, scratch.dtype)
        phi, dphi = self.kernel.phi, self.kernel.dphi
        h = out[:, :0]

        # np.matmul does more beside the product: a tenth of the time at 64 × 64 in float32
        def forward(inputs: Array) -> Array:
            nonlocal h
            h = inputs
            np.dot(h, transposed, out=a)
            if bias is not None:
                np.add(a, bias, out=a)
            phi(a, out)
            return out

        def vjp(g: Array) -> Array:
            dphi(a, out, delta)
            np.multiply(delta, g, out=delta)
            if bias_gradient is not None:
                np.dot(ones, delta, out=bias_gradient)
            np.dot(delta_transposed, h, out=weight_gradient)
            return g if first else np.dot(delta, weight, out=below)

        return Pass(forward, vjp)


@dataclass(frozen=True)
class Activation:
    """h ↦ φ(h), for φ that does not stand right behind a matrix. Without parameters."""

    kernel: Kernel

    def outputs(self, inputs: int) -> int:
        """N = M."""
        return inputs

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """None."""
        return {}

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """Nothing to do."""

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """∂E/∂h = g ∘ φ′(h)."""
        phi, dphi = self.kernel.phi, self.kernel.dphi
        h = out = np.empty((batch, 0), scratch.dtype)

        def forward(inputs: Array) -> Array:
            nonlocal h, out
            h = inputs
            if out.shape != h.shape:
                out = np.empty_like(h)
            phi(h, out)
            return out

        def vjp(g: Array) -> Array:
            slope = scratch("delta", g.shape)
            dphi(h, out, slope)
            return np.multiply(slope, g, out=g)

        return Pass(forward, vjp)
