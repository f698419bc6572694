"""Layers of a pass side by side: what the passes of `blocks` hand on, and how a layer is taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.numeric.arrays.primitives import Tensor
from symgrad.numeric.arrays.scaled import Exponents, Rows


@dataclass(frozen=True)
class Block:
    """Layers first + 1 … last of a forward pass: W_l; h_{l−1}, a_l, φ′(a_l) as slope · 2**slope_exponent and
    the Gram matrices of h_{l−1}, where they are kept, all (…, n, B, ·); and h_last, (…, B, N).

    Exponents are (…, 1, B, 1), one a sample for all these layers. The values of ``pre`` and ``out`` are
    buffers, overwritten by the next block; so are those of ``inputs``, unless outputs are kept.
    """

    first: int
    weights: Sequence[Tensor]
    inputs: Rows
    pre: Rows
    out: Rows
    slope: Tensor | None
    slope_exponent: Exponents | None
    gram: Tensor | None

    @property
    def last(self) -> int:
        """first + n."""
        return self.first + len(self.weights)


@dataclass(frozen=True)
class Steps:
    """Steps of a backward pass through the layers first + 1 … first + n: of ∂E/∂h_l the squares alone, δ_l,
    h_{l−1} and its Gram matrices where they are kept, as in `Block`; and ∂E/∂h_first, None at the input.

    The values of ``delta`` and ``below`` are buffers, overwritten by the next steps or forward pass.
    """

    first: int
    gradient: Rows
    delta: Rows
    inputs: Rows
    gram: Tensor | None
    below: Rows | None

    def single(self) -> list[Steps]:
        """The same one by one, without ``below``."""
        return [
            Steps(
                self.first + k,
                only(self.gradient, k, k + 1),
                only(self.delta, k, k + 1),
                only(self.inputs, k, k + 1),
                part(self.gram, k, k + 1),
                None,
            )
            for k in range(self.gradient.squares.shape[-2])
        ]


def one(block: Tensor, at: int) -> Tensor:
    """(…, n, B, ·) → (…, B, ·), None where there is none."""
    return None if block is None else block[..., at, :, :]


def part(block: Tensor, first: int, last: int) -> Tensor:
    """(…, n, B, ·) → (…, last − first, B, ·), None where there is none."""
    return None if block is None else block[..., first:last, :, :]


def only(rows: Rows, first: int, last: int) -> Rows:
    """The rows of some layers of a block."""
    return Rows(part(rows.values, first, last), rows.exponent, rows.squares[..., first:last, :])


def spread(one: Tensor) -> Tensor:
    """(…, B, ·) → (…, 1, B, ·), None where there is none."""
    return None if one is None else one[..., None, :, :]


def block_of(rows: Rows) -> Rows:
    """The rows of one layer as those of a block."""
    return Rows(spread(rows.values), spread(rows.exponent), rows.squares[..., None, :])
