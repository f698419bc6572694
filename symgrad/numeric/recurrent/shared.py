"""What all steps of a recurrent net share: its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from symgrad.numeric.arrays.primitives import Primitives, Tensor
from symgrad.numeric.drawn import DTYPES
from symgrad.numeric.kernel import Array

if TYPE_CHECKING:
    from symgrad.numeric.recurrent.cells.cell import Cell


@dataclass(frozen=True)
class Weights:
    """The weights of a recurrent net or of a stack (…) of them, the gates' rows below each other.

    recurrent       W (…, gates·N, N)
    input           U (…, gates·N, M)
    bias            b (…, gates·N), or None for 0
    recurrent_bias  the bias beside W (…, gates·N), or None for 0: one with b, but for the rows of n of a GRU
    """

    recurrent: Array
    input: Array
    bias: Array | None = None
    recurrent_bias: Array | None = None


def check_shapes(
    cell: Cell, weights: Weights, inputs: Array, covector: Array | None = None, initial: Array | None = None
) -> None:
    """Raise ValueError, naming the first array whose shape or dtype does not fit the ones before it, or the
    first weight that is not finite. N is the number of columns of W."""
    if inputs.dtype not in map(np.dtype, DTYPES):
        raise ValueError(f"inputs have dtype {inputs.dtype}: legal are {', '.join(DTYPES)}")
    if inputs.ndim < 3 or 0 in inputs.shape[-3:]:
        raise ValueError(f"inputs have shape {inputs.shape}: expected (…, T, B, M), each from 1 on")
    *lead, steps, batch, fan_in = inputs.shape
    gates, parts = cell.gates, cell.parts
    width = weights.recurrent.shape[-1] if weights.recurrent.ndim else 0
    state = (*lead, batch, parts * width)
    every = (*lead, steps, batch, parts * width)
    expected: dict[str, tuple[Array | None, tuple[int, ...]]] = {
        "W": (weights.recurrent, (*lead, gates * width, width)),
        "U": (weights.input, (*lead, gates * width, fan_in)),
        "b": (weights.bias, (*lead, gates * width)),
        "the bias beside W": (weights.recurrent_bias, (*lead, gates * width)),
        "the covector": (covector, every if covector is not None and covector.ndim > len(state) else state),
        "the initial state": (initial, state),
    }
    for name, (array, shape) in expected.items():
        if array is not None and (array.shape != shape or array.dtype != inputs.dtype or not width):
            raise ValueError(f"{name} is {array.dtype} {array.shape}: expected {inputs.dtype} {shape}")
    for name in ("W", "U", "b", "the bias beside W"):
        array = expected[name][0]
        if array is not None and not np.isfinite(array).all():
            raise ValueError(f"{name} holds a NaN or an infinite entry: legal are finite numbers")


@dataclass(frozen=True)
class Shared:
    """`Weights` as the passes want them: W·2**recurrent_power (…, gates·N, N), also as ``transposed`` for W h
    and laid out ``by_columns`` for δ W; U and b·2**bias_power (…, 1, gates·N) with the gates in the order of
    the drive; and the bias of the last gate that stays with W h, (…, 1, N), or None."""

    recurrent: Tensor
    transposed: Tensor
    by_columns: Tensor
    input: Tensor
    bias: Tensor | None
    inner: Tensor | None
    width: int
    recurrent_power: int = 0
    bias_power: int = 0

    @classmethod
    def of(
        cls,
        ops: Primitives,
        cell: Cell,
        weights: Weights,
        recurrent_power: int = 0,
        bias_power: int = 0,
    ) -> Shared:
        """From arrays on the host. BLAS takes few rows times a transposed matrix in four fifths of the time,
        hence the second layout of W. A cell that is not ``unbounded`` has its W as a plain number on the way
        forward."""
        width = weights.recurrent.shape[-1]
        bias, beside, kept = weights.bias, weights.recurrent_bias, None
        if beside is not None:
            if cell.inner:
                kept = beside[..., None, -width:]
                beside = beside.copy()
                beside[..., -width:] = 0
            bias = beside if bias is None else bias + beside
        rows = None if bias is None else reordered(bias[..., None], cell.order)[..., 0]
        columns = np.ascontiguousarray(weights.recurrent.swapaxes(-1, -2))
        recurrent = ops.array(weights.recurrent)
        there = (
            recurrent if cell.unbounded or not recurrent_power else ops.scale(recurrent, 2.0**recurrent_power)
        )
        return cls(
            recurrent,
            ops.transposed(there),
            ops.transposed(ops.array(columns)),
            ops.array(reordered(weights.input, cell.order)),
            None if rows is None else ops.array(rows[..., None, :]),
            None if kept is None else ops.array(kept),
            width,
            recurrent_power,
            bias_power,
        )


def reordered(rows: Array, order: tuple[int, ...]) -> Array:
    """Blocks of rows (…, gates·N, M) in another order: block k of the result is block order[k]."""
    if order == tuple(range(len(order))):
        return rows
    *lead, total, fan_in = rows.shape
    blocks = rows.reshape(*lead, len(order), total // len(order), fan_in)
    return blocks[..., list(order), :, :].reshape(rows.shape)
