"""Normalisation: each unit over the batch, or each sample over its units, to mean 0 and variance 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from symgrad.numeric.kernel import Array
from symgrad.numeric.training.layer import Draw, Pass, Scratch
from symgrad.numeric.training.parameters import Shape, Views

NORMS: dict[str, tuple[int, bool]] = {"batch": (0, True), "layer": (1, True), "rms": (1, False)}
"""Kind → the axis of (B, N) that statistics are taken over, and whether the mean is taken off."""


@dataclass(frozen=True)
class Normalization:
    """x ↦ scale ∘ x̂ + shift, x̂ = (x − μ)/√(v + ε): μ the mean and v the mean square deviation from it.

    kind     "batch": over the samples of the batch, for each unit; "layer": over the units, for each sample;
             "rms": as "layer" with μ = 0 and without a shift
    epsilon  ε, finite and > 0

    scale begins at 1, shift at 0. v divides by the number of entries, not by one less. The statistics are
    differentiated: ∂E/∂x = (ĝ − mean(ĝ) − x̂ mean(ĝ ∘ x̂))/√(v + ε) with ĝ = scale ∘ g and the means over the
    same axis, without mean(ĝ) for "rms".

    Batch norm keeps no running averages: where it is evaluated, its statistics are those of the rows that
    `Scratch.reference` counts off, which `Chain.outputs` is given (the training set). They depend on the
    parameters alone, so a run has nothing else to keep. A batch of one sample gives x̂ = 0 and ∂E/∂x = 0.

    Raises ValueError, one line, where a field is out of range. Sources: Ioffe & Szegedy 2015
    (arXiv:1502.03167), algorithms 1 and 2; Ba, Kiros & Hinton 2016 (arXiv:1607.06450), equation 4; Zhang &
    Sennrich 2019 (arXiv:1910.07467), equation 4. As PyTorch's `batch_norm`, `layer_norm` and `rms_norm`.
    """

    kind: str
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if self.kind not in NORMS:
            raise ValueError(f"kind = {self.kind!r}: legal are {', '.join(NORMS)}")
        if not (math.isfinite(self.epsilon) and self.epsilon > 0):
            raise ValueError(f"epsilon = {self.epsilon!r}: legal are finite numbers above 0")

    def outputs(self, inputs: int) -> int:
        """N = M."""
        return inputs

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """scale (N,) and, but for "rms", shift (N,)."""
        names = ("scale", "shift") if NORMS[self.kind][1] else ("scale",)
        return dict.fromkeys(names, (inputs,))

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """scale = 1, shift = 0."""
        parameters["scale"].fill(1)
        if "shift" in parameters:
            parameters["shift"].fill(0)

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """Both passes through x̂ and 1/√(v + ε), which the forward pass keeps."""
        axis, centred = NORMS[self.kind]
        scale, shift = parameters["scale"], parameters.get("shift")
        shape = (batch, len(scale))
        hat, out = (np.empty(shape, scratch.dtype) for _ in range(2))
        buffer, ones = scratch("delta", shape), np.ones(batch, scratch.dtype)
        counted = slice(scratch.reference if axis == 0 else None)
        inverse = np.empty((1, 1), scratch.dtype)

        def mean(x: Array) -> Array:
            return x[counted].mean(axis=axis, keepdims=True)

        def forward(h: Array) -> Array:
            nonlocal inverse
            np.subtract(h, mean(h) if centred else 0, out=hat)
            np.multiply(hat, hat, out=buffer)
            inverse = 1 / np.sqrt(mean(buffer) + self.epsilon)
            np.multiply(hat, inverse, out=hat)
            np.multiply(hat, scale, out=out)
            return out if shift is None else np.add(out, shift, out=out)

        def vjp(g: Array) -> Array:
            np.multiply(g, hat, out=buffer)
            np.dot(ones, buffer, out=gradient["scale"])
            if shift is not None:
                np.dot(ones, g, out=gradient["shift"])
            np.multiply(g, scale, out=g)
            np.multiply(g, hat, out=buffer)
            along, across = mean(buffer), mean(g) if centred else 0
            np.multiply(hat, along, out=buffer)
            np.subtract(g, buffer, out=g)
            np.subtract(g, across, out=g)
            return np.multiply(g, inverse, out=g)

        return Pass(forward, vjp)
