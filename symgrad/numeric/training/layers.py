"""Layers: entries that a chain is made of (see `layer`)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symgrad.numeric.draws.weights import BIASES, WEIGHTS
from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.training.layer import Draw, Layer, Pass, Scratch
from symgrad.numeric.training.parameters import Shape, Views
from symgrad.numeric.training.recurrent import Recurrent


@dataclass(frozen=True)
class Dense:
    """h ↦ φ(h Wᵀ + b), rows are samples; W entries N(0, sigma_w²/fan_in), b entries N(0, sigma_b²).

    The draws are those of `Net` with the same seed. Raises ValueError unless units is a whole number from 1
    on and the scales are finite and ≥ 0.
    """

    units: int
    kernel: Kernel
    sigma_w: float = 1.0
    sigma_b: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.units, bool) or operator.index(self.units) < 1:
            raise ValueError(f"units = {self.units!r}: legal are whole numbers from 1 on")
        for name in ("sigma_w", "sigma_b"):
            scale = getattr(self, name)
            if not (math.isfinite(scale) and scale >= 0):
                raise ValueError(f"{name} = {scale!r}: legal are finite numbers from 0 on")

    def outputs(self, inputs: int) -> int:
        """N."""
        return self.units

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """W (N, M), b (N,)."""
        return {"weight": (self.units, inputs), "bias": (self.units,)}

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """W = sigma_w G/√fan_in, b = sigma_b times a draw."""
        weight, bias = parameters["weight"], parameters["bias"]
        weight[...] = self.sigma_w * (draw(WEIGHTS, weight.shape) / math.sqrt(weight.shape[1]))
        bias[...] = self.sigma_b * draw(BIASES, bias.shape) if self.sigma_b else 0

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """δ = g ∘ φ′(a), ∂E/∂W = δᵀh, ∂E/∂b = Σ_batch δ, ∂E/∂h = δ W."""
        weight, bias = parameters["weight"], parameters["bias"]
        weight_gradient, bias_gradient = gradient["weight"], gradient["bias"]
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
            np.add(a, bias, out=a)
            phi(a, out)
            return out

        def vjp(g: Array) -> Array:
            dphi(a, out, delta)
            np.multiply(delta, g, out=delta)
            np.dot(ones, delta, out=bias_gradient)
            np.dot(delta_transposed, h, out=weight_gradient)
            return g if first else np.dot(delta, weight, out=below)

        return Pass(forward, vjp)


LAYERS: dict[str, Callable[..., Layer]] = {"dense": Dense, "recurrent": Recurrent}
"""Name → kind of layer."""
