"""Recurrent nets unfolded in time: the gradients that backpropagation through time (BPTT) finds.

Samples are rows. For t = 1…T, the weights the same at every step, s_t = step(s_{t−1}, W h_{t−1}, U x_t + b)
and E = ⟨g, s_T⟩. With δ_t = ∂E/∂(U x_t + b), and with respect to the product W h_{t−1} the same but in a GRU,

    ∂E/∂h_{t−1} = δ_t W + what reaches h_{t−1} beside W,
    ∂E/∂W = Σ_t δ_tᵀ H_{t−1},   ∂E/∂U = Σ_t δ_tᵀ X_t,   ∂E/∂b = Σ_t Σ_batch δ_t.

The step and δ are the cell's (`cells`); the passes are `unfolded` and `bptt`, the same for every cell.
Sources: Rumelhart, Hinton & Williams 1986; Werbos 1990.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np

from symgrad.numeric.arrays.primitives import NUMPY, Buffers, Float, Primitives
from symgrad.numeric.arrays.scaled import Exponents, Rows
from symgrad.numeric.kernel import Array
from symgrad.numeric.recurrent.bptt import Sum, backward, together
from symgrad.numeric.recurrent.cells.cell import Cell
from symgrad.numeric.recurrent.shared import Shared, Weights, check_shapes, reordered
from symgrad.numeric.recurrent.unfolded import Unfolded, forward
from symgrad.numeric.threads import second_thread

WORTH = 2**20
"""Steps times samples times units from which a second thread is worth being started."""
KEPT = 2**27
"""Bytes of buffers up to which a thread keeps them from one `through_time` to the next: nets of one size come
in rows, and where the system is busy, asking it for their memory anew can double the time."""
_thread = threading.local()


@dataclass(frozen=True)
class Scaled:
    """values · 2**exponent on the host: values (…, n, m), exponent (…, n or 1, 1)."""

    values: Array
    exponent: Exponents

    def plain(self) -> Array:
        """The numbers themselves; ±inf or 0 where they leave the dtype's range."""
        plain: Array = np.ldexp(self.values, self.exponent)
        return plain

    @property
    def ln_norm(self) -> Float:
        """ln of the Frobenius norm over the last two axes, (…); −inf for an exact 0."""
        squares = np.vecdot(self.values, self.values, dtype=np.float64)
        return _ln_norm(squares, np.broadcast_to(self.exponent[..., 0], squares.shape))


@dataclass(frozen=True)
class TimeGradients:
    """What BPTT finds, for one net or a stack (…) of them; a Scaled is summed over time and batch.

    ln_state        ln ‖∂E/∂h_t‖_F over units and batch, t = 1…T, (…, T); −inf for an exact 0
    ln_cell         the same of ∂E/∂c_t, h_t being a function of c_t; None for a cell whose state is h alone
    recurrent       ∂E/∂W, (…, gates·N, N)
    input           ∂E/∂U, (…, gates·N, M)
    bias            ∂E/∂b, (…, 1, gates·N)
    recurrent_bias  the same of the bias beside W; another one only in the rows of n of a GRU
    initial         ∂E/∂s_0, (…, B, parts·N), with an exponent a row; not summed over the batch
    """

    ln_state: Float
    ln_cell: Float | None
    recurrent: Scaled
    input: Scaled
    bias: Scaled
    recurrent_bias: Scaled
    initial: Scaled


def through_time(
    cell: Cell,
    weights: Weights,
    inputs: Array,
    covector: Array,
    initial: Array | None = None,
    primitives: Primitives = NUMPY,
) -> TimeGradients:
    """The gradients of E = ⟨g, s_T⟩ of the recurrent net with these weights, s = h, or (h, c) for an LSTM.

    x = inputs (…, T, B, M), g = covector (…, B, parts·N), or (…, T, B, parts·N) for E = Σ_t ⟨g_t, s_t⟩, s_0 =
    initial (…, B, parts·N), None for 0; leading axes none or a stack of nets; all of one dtype, float32 or
    float64. Steps wait for each other; the products that do not are worked out beside them in a
    `second_thread` where sizes are worth one, which changes no bit. Raises ValueError on shapes that do not
    fit and weights that are not finite, and, naming the step, where φ or φ′ leaves its range for good (see
    `scaled`).
    """
    check_shapes(cell, weights, inputs, covector, initial)
    kept = getattr(_thread, "buffers", {})
    buffers = kept.pop(primitives, None) or Buffers(primitives)
    passes = Recurrence(cell, primitives, buffers)
    passes.run(Shared.of(primitives, cell, weights), inputs, initial)
    found = passes.backward(covector)
    _thread.buffers = {primitives: buffers} if buffers.size <= KEPT else {}
    return found


def unfold(
    cell: Cell, weights: Weights, inputs: Array, initial: Array | None = None, primitives: Primitives = NUMPY
) -> Array:
    """The states s_0 … s_T, (…, T + 1, B, parts·N); arguments and errors as for `through_time`."""
    return Recurrence(cell, primitives).forward(weights, inputs, initial)


class Recurrence:
    """Forward and backward pass of a net in buffers that are made once, and again when shapes change: for
    training, where the memory of every step would else be asked of the system anew. One object is for one
    thread."""

    def __init__(self, cell: Cell, primitives: Primitives = NUMPY, buffers: Buffers | None = None) -> None:
        self.cell = cell
        self._ops = primitives
        self._buffers = Buffers(primitives) if buffers is None else buffers
        self._last: tuple[Shared, Unfolded] | None = None

    def forward(self, weights: Weights, inputs: Array, initial: Array | None = None) -> Array:
        """s_0 … s_T as plain numbers, see `unfold`; the inputs are to stay as they are until `backward`."""
        check_shapes(self.cell, weights, inputs, None, initial)
        ops = self._ops
        unfolded = self.run(Shared.of(ops, self.cell, weights), inputs, initial)
        return states(ops, unfolded)

    @np.errstate(all="ignore")
    def run(self, net: Shared, inputs: Array, initial: Array | None = None) -> Unfolded:
        """`forward` for weights that may have powers of two beside them, of shapes known to fit."""
        ops, (*lead, _, batch, _) = self._ops, inputs.shape
        shape = (*lead, batch, self.cell.parts * net.width)
        start = np.zeros(shape, inputs.dtype) if initial is None else initial
        with second_thread(self._worth(inputs.shape, net.width)) as begin:
            unfolded = forward(ops, self.cell, net, ops.array(inputs), ops.array(start), self._buffers, begin)
        self._last = net, unfolded
        return unfolded

    def _worth(self, shape: tuple[int, ...], width: int) -> bool:
        """Whether a second thread is, for inputs of that shape (…, T, B, M)."""
        return self._ops is NUMPY and math.prod(shape[:-1]) * width >= WORTH

    @np.errstate(all="ignore")
    def backward(self, covector: Array) -> TimeGradients:
        """The gradients along the last forward pass, see `through_time`. Raises ValueError where there was
        none, or the covector does not fit it."""
        if self._last is None:
            raise ValueError("there is no forward pass to go back along: call forward first")
        (net, unfolded), ops, cell = self._last, self._ops, self.cell
        block = unfolded.blocks[-1]
        *lead, batch, width = unfolded.last[0].shape
        legal = [(*lead, batch, cell.parts * width), (*lead, block.last, batch, cell.parts * width)]
        dtype = ops.dtype(block.made)
        if covector.shape not in legal or covector.dtype != dtype:
            expected = f"{dtype} {legal[0]} or {legal[1]}"
            raise ValueError(f"the covector is {covector.dtype} {covector.shape}: expected {expected}")
        with second_thread(self._worth((*lead, block.last, batch, 1), width)) as begin:
            found = backward(ops, cell, net, unfolded, ops.array(covector), self._buffers, begin)

        def summed(total: Sum, rows: int, order: tuple[int, ...]) -> Scaled:
            """A sum over time on the host, its gates (axis ``rows``) in the order of the weights."""
            values = np.array(ops.numpy(total.values))
            inverse = tuple(order.index(gate) for gate in range(len(order)))
            turned = values if rows == -2 else values.swapaxes(-1, -2)
            turned = reordered(turned, inverse)
            return Scaled(turned if rows == -2 else turned.swapaxes(-1, -2), total.exponent)

        given = tuple(range(cell.gates))
        bias = summed(found.bias, -1, cell.order)
        logs = [_ln_norm(*one) for one in zip(found.squares, found.powers, strict=True)]
        return TimeGradients(
            logs[0],
            logs[1] if cell.parts > 1 else None,
            summed(found.recurrent, -2, given),
            summed(found.input, -2, cell.order),
            bias,
            summed(found.recurrent_bias, -1, given) if cell.inner else bias,
            _initial(ops, found.first),
        )


def states(ops: Primitives, unfolded: Unfolded) -> Array:
    """s_0 … s_T on the host, (…, T + 1, B, parts·N); ±inf or 0 where they leave the dtype's range."""
    blocks, parts = unfolded.blocks, []
    for k, end in enumerate(unfolded.last):
        before = [ops.numpy(block.before[k]) for block in blocks]
        parts.append(np.concatenate([*before, ops.numpy(end)[..., None, :, :]], axis=-3))
    joined = np.concatenate(parts, axis=-1)
    exponents = [block.exponent for block in blocks]
    if all(one is None for one in (*exponents, unfolded.exponent)):
        return joined
    zero = np.zeros((*joined.shape[:-3], 1, joined.shape[-2], 1), np.int64)
    every = [
        np.broadcast_to(
            zero if one is None else one, (*zero.shape[:-3], block.last - block.first, *zero.shape[-2:])
        )
        for block, one in zip(blocks, exponents, strict=True)
    ]
    last = zero if unfolded.exponent is None else unfolded.exponent[..., None, :, :]
    plain: Array = np.ldexp(joined, np.concatenate([*every, last], axis=-3))
    return plain


def _initial(ops: Primitives, rows: list[Rows]) -> Scaled:
    """The parts of ∂E/∂s_0 side by side."""
    values, exponent = together(ops, rows)
    zero = np.zeros((*values[0].shape[:-1], 1), np.int64)
    joined = np.concatenate([ops.numpy(one) for one in values], axis=-1)
    return Scaled(joined, zero if exponent is None else exponent)


def _ln_norm(squares: Float, exponent: Exponents) -> Float:
    """½ ln Σ squares · 4**exponent over the last axis; −inf for a sum that is exactly 0."""
    if exponent.any():
        top = np.where(squares > 0, exponent, np.iinfo(np.int64).min // 4).max(axis=-1, keepdims=True)
        squares, shift = np.ldexp(squares, 2 * np.minimum(exponent - top, 0)), top[..., 0]
    else:
        shift = np.zeros(squares.shape[:-1], np.int64)
    with np.errstate(divide="ignore"):
        return 0.5 * np.log(squares.sum(axis=-1)) + np.log(2.0) * shift
