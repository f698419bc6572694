"""A chain of layers and a loss, as one function of one vector of parameters."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.drawn import DTYPES
from symgrad.numeric.draws.weights import normals
from symgrad.numeric.kernel import Array
from symgrad.numeric.training.blocks import Stack
from symgrad.numeric.training.layer import Draw, Layer, Pass, Scratch
from symgrad.numeric.training.losses import LOSSES
from symgrad.numeric.training.parameters import Layout, Shape, under

Batch: TypeAlias = tuple[Array, NDArray[Any]]
"""Inputs (B, M), and targets as the loss wants them."""

LossAndGradient: TypeAlias = Callable[[Array, Any, Array], float]
"""f(parameters, batch, gradient) → E; writes ∂E/∂parameters into ``gradient``, a vector like them."""


@dataclass(frozen=True)
class Trace:
    """The loss E, H_l and ∂E/∂H_l (B, N_l) for l = 1…L, and ∂E/∂parameters as one vector."""

    loss: float
    outputs: tuple[Array, ...]
    gradients: tuple[Array, ...]
    gradient: Array


@dataclass(frozen=True)
class Chain:
    """Layer after layer, then a loss of `LOSSES`; ``inputs`` is the number of units that the first one sees.

    Parameters are named "l.name", l = 1…L. Raises ValueError for a chain without layers, an unknown loss or
    inputs that are no whole number from 1 on.
    """

    inputs: int
    layers: tuple[Layer, ...]
    loss: str = "squared-error"

    def __post_init__(self) -> None:
        if isinstance(self.inputs, bool) or operator.index(self.inputs) < 1:
            raise ValueError(f"inputs = {self.inputs!r}: legal are whole numbers from 1 on")
        if not self.layers:
            raise ValueError("layers is empty: a chain has at least one layer")
        if self.loss not in LOSSES:
            raise ValueError(f"loss = {self.loss!r}: legal are {', '.join(LOSSES)}")

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Units below layer 1, of layer 1, …, of layer L."""
        return tuple(Stack(self.layers).widths(self.inputs))

    @cached_property
    def layout(self) -> Layout:
        """Where each tensor lies in the vector of parameters."""
        return Layout(tuple(Stack(self.layers).shapes(self.inputs).items()))

    def initial(self, seed: int = 0, dtype: str = "float64", replica: int = 0) -> Array:
        """Initial parameters, drawn from the streams of `weights` for (seed, replica, layer).

        Raises ValueError for a dtype other than float64 and float32.
        """
        if dtype not in DTYPES:
            raise ValueError(f"dtype = {dtype!r}: legal are {', '.join(DTYPES)}")
        vector = np.zeros(self.layout.size, dtype)
        views = self.layout.views(vector)
        for number, layer in enumerate(self.layers, 1):
            layer.initialise(under(number, views), _draw(seed, replica, number))
        return vector

    @np.errstate(all="ignore")
    def outputs(self, parameters: Array, inputs: Array, reference: Array | None = None) -> Array:
        """H_L (B, N_L) for inputs (B, M), a new array.

        Batch norm takes its means and variances from the rows of ``reference`` (R, M), the training set;
        None: from ``inputs`` themselves, as in training. Other layers do not look at it.
        """
        h, first = self._checked(parameters, inputs), 0
        if reference is not None:
            first = len(self._checked(parameters, reference))
            h = np.concatenate([reference, inputs])
        for bound in self._bind(parameters, np.empty_like(parameters), len(h), first or None):
            h = bound.forward(h)
        return h[first:].copy()

    @np.errstate(all="ignore")
    def trace(self, parameters: Array, batch: Batch) -> Trace:
        """All that one forward and one backward pass come by.

        Raises ValueError for inputs that do not fit and where the loss does.
        """
        inputs, targets = batch
        h, outputs, gradients = self._checked(parameters, inputs), list[Array](), list[Array]()
        gradient = np.empty_like(parameters)
        passes = self._bind(parameters, gradient, len(inputs))
        for here in passes:
            h = here.forward(h)
            outputs.append(h)
        g = np.empty_like(h)
        error = LOSSES[self.loss](h, targets, g)
        for here in reversed(passes):
            gradients.insert(0, g.copy())
            g = here.vjp(g)
        return Trace(error, tuple(outputs), tuple(gradients), gradient)

    def loss_and_gradient(self) -> LossAndGradient:
        """f(parameters, (inputs, targets), gradient) → E, with ∂E/∂parameters written into ``gradient``.

        Buffers and views are made when f first sees these two vectors, and for each size of batch, and used
        again as long as it is called with the same ones; one f is for one thread. f raises ValueError for
        inputs that do not fit and where the loss does.
        """
        loss = LOSSES[self.loss]
        seen: tuple[Array, Array] | None = None
        bound: dict[int, tuple[list[Pass], Array]] = {}

        def run(parameters: Array, batch: Batch, gradient: Array) -> float:
            nonlocal seen
            inputs, targets = batch
            h = self._checked(parameters, inputs)
            if seen is None or seen[0] is not parameters or seen[1] is not gradient:
                bound.clear()
                seen = (parameters, gradient)
            if len(inputs) not in bound:
                top = np.empty((len(inputs), self.widths[-1]), parameters.dtype)
                bound[len(inputs)] = self._bind(parameters, gradient, len(inputs)), top
            passes, top = bound[len(inputs)]
            for here in passes:
                h = here.forward(h)
            error = loss(h, targets, top)
            g = top
            for here in reversed(passes):
                g = here.vjp(g)
            return error

        return run

    def _bind(
        self, parameters: Array, gradient: Array, batch: int, reference: int | None = None
    ) -> list[Pass]:
        views, gradients = self.layout.views(parameters), self.layout.views(gradient)
        return Stack(self.layers).passes(views, gradients, batch, Scratch(parameters.dtype, reference), True)

    def _checked(self, parameters: Array, inputs: Array) -> Array:
        if (
            inputs.ndim != 2
            or inputs.shape[1] != self.inputs
            or inputs.dtype != parameters.dtype
            or not len(inputs)
        ):
            expected = f"{parameters.dtype} (batch, {self.inputs})"
            raise ValueError(f"the inputs are {inputs.dtype} {inputs.shape}: expected {expected}")
        return inputs


ROLES = 64
"""More than there are roles: the second draw of a role in a layer has the number role + 64, and so on."""


def _draw(seed: int, replica: int, layer: int) -> Draw:
    asked = Counter[int]()

    def draw(role: int, shape: Shape) -> NDArray[np.float64]:
        number = role + ROLES * asked[role]
        asked[role] += 1
        return normals(seed, number, range(replica, replica + 1), layer, shape)[0]

    return draw
