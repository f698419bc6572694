"""What a chain asks of a layer: its parameters' shapes, their initial values, a forward pass and its
vector-Jacobian product, both in buffers made once.

A new kind of layer is a frozen dataclass with the four methods of `Layer` and a row of `layers.LAYERS`; the
chain, the loop, checkpoints and the contract tests know no particular one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.kernel import Array
from symgrad.numeric.training.parameters import Shape, Views

Draw: TypeAlias = Callable[[int, Shape], NDArray[np.float64]]
"""draw(role, shape): N(0, 1) entries from the streams of that role in this layer (see `weights`), new ones at
every call; the first call of a role gives the draws of the simulated net."""


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
    """Buffers that all layers of a chain share: what one writes there is used up before the next begins.

    ``reference`` is the number of rows, the first ones, that statistics over the batch are taken from; None:
    all of them, as in training, the only case in which a vector-Jacobian product is asked for.
    """

    def __init__(self, dtype: np.dtype[Any], reference: int | None = None) -> None:
        self.dtype, self.reference = dtype, reference
        self._held: dict[tuple[str, Shape], Array] = {}

    def __call__(self, use: str, shape: Shape) -> Array:
        """The one buffer for that use in that shape."""
        return self._held.setdefault((use, shape), np.empty(shape, self.dtype))


class Layer(Protocol):
    """What a chain asks of a layer. ``inputs`` is the number of units below it."""

    def outputs(self, inputs: int) -> int:
        """The number of its units."""

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """Its parameters by name; a matrix that relative updates are told of is called "weight"."""

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """Writes the initial values."""

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """Its pass over these very arrays. ``first``: nothing below wants ∂E/∂h."""
