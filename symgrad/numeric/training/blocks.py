"""Layers made of layers: one behind the other, around an identity skip, and behind a gate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.recurrent.cells.activations import SIGMOID
from symgrad.numeric.training.dense import Dense
from symgrad.numeric.training.layer import Draw, Layer, Pass, Scratch
from symgrad.numeric.training.parameters import Shape, Views, prefixed, under

GATE = "gate"
"""What stands before the names of a highway layer's second matrix and bias."""


@dataclass(frozen=True)
class Stack:
    """h ↦ layer_K(… layer_1(h)) as one layer; parameters are named "k.name", k = 1…K.

    Raises ValueError where there is no layer.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("layers is empty: legal are one layer or more")

    def widths(self, inputs: int) -> list[int]:
        """Units below layer 1, of layer 1, …, of layer K."""
        found = [inputs]
        for layer in self.layers:
            found.append(layer.outputs(found[-1]))
        return found

    def outputs(self, inputs: int) -> int:
        """The units of the last."""
        return self.widths(inputs)[-1]

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """Those of all layers, each under its number."""
        shapes: dict[str, Shape] = {}
        for number, (layer, width) in enumerate(zip(self.layers, self.widths(inputs), strict=False), 1):
            shapes |= prefixed(number, layer.shapes(width))
        return shapes

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """Layer by layer."""
        for number, layer in enumerate(self.layers, 1):
            layer.initialise(under(number, parameters), draw)

    def passes(
        self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool
    ) -> list[Pass]:
        """Every layer bound, in order."""
        return [
            layer.bind(
                under(number, parameters), under(number, gradient), batch, scratch, first and number == 1
            )
            for number, layer in enumerate(self.layers, 1)
        ]

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """Forward in order, backward in the opposite order."""
        passes = self.passes(parameters, gradient, batch, scratch, first)

        def forward(h: Array) -> Array:
            for here in passes:
                h = here.forward(h)
            return h

        def vjp(g: Array) -> Array:
            for here in reversed(passes):
                g = here.vjp(g)
            return g

        return Pass(forward, vjp)


def _same_width(layer: Layer, inputs: int, what: str) -> int:
    if layer.outputs(inputs) != inputs:
        raise ValueError(
            f"{what} has {layer.outputs(inputs)} units over {inputs}: legal are as many as below it"
        )
    return inputs


@dataclass(frozen=True)
class Residual:
    """h ↦ h + scale · branch(h), the branch one layer behind the other, as wide at its end as below it.

    The Jacobian is I + scale·J of the branch; parameters are named "k.name" as in `Stack`. Raises ValueError,
    one line, where the branch is empty or changes the width or scale is not finite. Source: He et al. 2016
    (arXiv:1603.05027), equation 1 with the identity as both skip and output.
    """

    branch: tuple[Layer, ...]
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.branch:
            raise ValueError("branch is empty: legal are one layer or more")
        if not math.isfinite(self.scale):
            raise ValueError(f"scale = {self.scale!r}: legal are finite numbers")

    @cached_property
    def _stack(self) -> Stack:
        return Stack(self.branch)

    def outputs(self, inputs: int) -> int:
        """N = M."""
        return _same_width(self._stack, inputs, "the branch of a residual layer")

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """Those of the branch."""
        return self._stack.shapes(inputs)

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """The branch's."""
        self._stack.initialise(parameters, draw)

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """∂E/∂h = g + the branch's vector-Jacobian product with scale·g."""
        inner, scale = self._stack.bind(parameters, gradient, batch, scratch, first), self.scale
        out = kept = np.empty((batch, 0), scratch.dtype)

        def forward(h: Array) -> Array:
            nonlocal out, kept
            if out.shape != h.shape:
                out, kept = np.empty_like(h), np.empty_like(h)
            np.multiply(inner.forward(h), scale, out=out)
            return np.add(out, h, out=out)

        def vjp(g: Array) -> Array:
            np.copyto(kept, g)
            np.multiply(g, scale, out=g)
            below = inner.vjp(g)
            return kept if first else np.add(kept, below, out=kept)

        return Pass(forward, vjp)


@dataclass(frozen=True)
class Highway:
    """h ↦ t ∘ φ(h Wᵀ + b) + (1 − t) ∘ h with the gate t = σ(h W_tᵀ + b_t), as many units as below it.

    kernel, sigma_w, sigma_b and weights as in `Dense`; W_t is drawn as W, apart from it, b_t begins at
    gate_bias: below 0 most of h is carried on. Parameters: weight, bias, gate.weight, gate.bias.

    Raises ValueError, one line, as `Dense` does, where gate_bias is not finite and where the width changes.
    Source: Srivastava, Greff & Schmidhuber 2015 (arXiv:1505.00387), equation 3; b_t = −1…−10 there.
    """

    units: int
    kernel: Kernel
    sigma_w: float = 1.0
    sigma_b: float = 0.0
    weights: str = "gaussian"
    gate_bias: float = -2.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.gate_bias):
            raise ValueError(f"gate_bias = {self.gate_bias!r}: legal are finite numbers")
        assert self._transform and self._gate  # their fields are checked

    @cached_property
    def _transform(self) -> Dense:
        return Dense(self.units, self.kernel, self.sigma_w, self.sigma_b, self.weights)

    @cached_property
    def _gate(self) -> Dense:
        return Dense(self.units, SIGMOID, self.sigma_w, 0.0, self.weights)

    def outputs(self, inputs: int) -> int:
        """N = M."""
        return _same_width(self._transform, inputs, "a highway layer")

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """W and W_t (N, N), b and b_t (N,)."""
        return self._transform.shapes(inputs) | dict(prefixed(GATE, self._gate.shapes(inputs)))

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """W and b, then W_t, and b_t = gate_bias."""
        self._transform.initialise(parameters, draw)
        gate = under(GATE, parameters)
        self._gate.initialise(gate, draw)
        gate["bias"].fill(self.gate_bias)

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """∂E/∂h = g ∘ (1 − t) + the product of φ(…) with g ∘ t + the product of t with g ∘ (φ(…) − h)."""
        transform = self._transform.bind(parameters, gradient, batch, scratch, first)
        gate = self._gate.bind(under(GATE, parameters), under(GATE, gradient), batch, scratch, first)
        shape = batch, self.units
        out, difference, below, on_transform, on_gate = (np.empty(shape, scratch.dtype) for _ in range(5))
        t = out

        def forward(h: Array) -> Array:
            nonlocal t
            np.subtract(transform.forward(h), h, out=difference)
            t = gate.forward(h)
            np.multiply(t, difference, out=out)
            return np.add(out, h, out=out)

        def vjp(g: Array) -> Array:
            np.multiply(g, t, out=on_transform)
            np.multiply(g, difference, out=on_gate)
            np.subtract(g, on_transform, out=below)
            for inner, covector in ((transform, on_transform), (gate, on_gate)):
                found = inner.vjp(covector)
                if not first:
                    np.add(below, found, out=below)
            return below

        return Pass(forward, vjp)
