"""Layers: entries that a chain is made of. Each is its parameters' shapes, their initial values, a forward
pass and its vector-Jacobian product, both in buffers made once.

A new kind of layer is a frozen dataclass with the four methods of `Layer` and a row of `LAYERS`; the chain,
the loop, checkpoints and the contract tests know no particular one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.draws.weights import BIASES, WEIGHTS
from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.training.parameters import Shape, Views

Draw: TypeAlias = Callable[[int, Shape], NDArray[np.float64]]
"""draw(role, shape): N(0, 1) entries from the stream of that role in this layer (see `weights`)."""


@dataclass(frozen=True, slots=True)
class Pass:
    """A layer bound to its parameters, gradient and buffers.

    forward(h)  h (B, M) → the layer's output (B, N), a buffer of this layer, kept until its next forward;
    vjp(g)      g = ∂E/∂output (B, N) of the last forward → ∂E/∂h (B, M), and writes ∂E/∂parameters, summed
                over the batch. It may overwrite g; what it returns is only good until the next vjp, and
                means nothing where the layer was bound with ``first``.
    """

    forward: Callable[[Array], Array]
    vjp: Callable[[Array], Array]


class Scratch:
    """Buffers that all layers of a chain share: what one writes there is used up before the next begins."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._held: dict[tuple[str, Shape], Array] = {}

    def __call__(self, use: str, shape: Shape) -> Array:
        """The one buffer for that use in that shape."""
        return self._held.setdefault((use, shape), np.empty(shape, self.dtype))


class Layer(Protocol):
    """What a chain asks of a layer. ``inputs`` is the number of units below it."""

    def outputs(self, inputs: int) -> int:
        """The number of its units."""

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """Its parameters by name; the matrix that relative updates are told of is called "weight"."""

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """Writes the initial values."""

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """Its pass over these very arrays. ``first``: nothing below wants ∂E/∂h."""


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


LAYERS: dict[str, Callable[..., Layer]] = {"dense": Dense}
"""Name → kind of layer."""
