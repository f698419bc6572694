"""Backpropagation through time: the backward pass of `unfolded`, a block of steps at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.arrays.primitives import Float, Primitives, Tensor
from symgrad.numeric.arrays.scaled import HOLD, Exponents, Rows, settle
from symgrad.numeric.recurrent.unfolded import Block, Shared, each, exponents, merged, part, stacked, stored

_DEAD = -(2**40)


class _Sum:
    """Σ of terms values · 2**exponent, (…, n, m) and (…, 1, 1), kept at the largest exponent met."""

    def __init__(self, ops: Primitives) -> None:
        self._ops = ops
        self._spare: Tensor = None
        self.values: Tensor = None
        self.exponent: Exponents = np.zeros((1, 1), np.int64)

    def add(self, left: Tensor, right: Tensor, exponent: Exponents) -> None:
        """Add leftᵀ right · 2**exponent; what underflows is below rounding of the larger term."""
        ops = self._ops
        term = ops.product(ops.transposed(left), right, out=self._spare)
        if self.values is None:
            self.values, self.exponent = term, exponent
            return
        if not np.array_equal(exponent, self.exponent):
            top = np.maximum(exponent, self.exponent)
            term = ops.scale(term, np.ldexp(1.0, exponent - top), out=term)
            self.values = ops.scale(self.values, np.ldexp(1.0, self.exponent - top), out=self.values)
            self.exponent = top
        self.values = ops.add(self.values, term, out=self.values)
        self._spare = term


@dataclass(frozen=True)
class Found:
    """What the backward pass finds: Σ_units (∂E/∂h_t)² as squares · 4**powers, (…, T, B) both; ∂E/∂h_0 with
    an exponent a row; the three sums over time."""

    squares: Float
    powers: Exponents
    first: Rows
    recurrent: _Sum
    input: _Sum
    bias: _Sum


def backward(ops: Primitives, net: Shared, blocks: Sequence[Block], covector: Tensor) -> Found:
    """Back through the blocks from ∂E/∂h_T = covector (…, B, N).

    Raises ValueError, naming the step, where φ′ is infinite or NaN.
    """
    dtype, (*lead, batch, width) = ops.dtype(covector), covector.shape
    steps = blocks[-1].last
    squares, powers = np.empty((*lead, steps, batch)), np.zeros((*lead, steps, batch), np.int64)
    most = max(block.last - block.first for block in blocks)
    gradients = ops.empty((*lead, most + 1, batch, width), dtype)
    scratch = ops.empty((*lead, most, batch, width), dtype)
    ones = ops.array(np.ones((*lead, most * batch, 1), dtype))
    recurrent, given, bias = _Sum(ops), _Sum(ops), _Sum(ops)
    rows = settle(ops, covector, None, "the covector", free=True)
    for block in reversed(blocks):
        first, last, n = block.first, block.last, block.last - block.first
        into, rows = part(gradients, 0, n + 1), _centred(ops, rows)
        if into is not None:
            into[..., n, :, :] = rows.values
            rows = Rows(into[..., n, :, :], rows.exponent, rows.squares)
        done = _plainly(ops, net, block, rows, into, part(scratch, 0, n))
        delta, exponent, rows, size, power = done or _carefully(ops, net, block, rows, part(scratch, 0, n))
        squares[..., first:last, :] = size
        if power is not None:
            powers[..., first:last, :] = power[..., 0]
        aligned, top = _aligned(ops, delta, exponent)
        given.add(merged(aligned), merged(block.inputs), top)
        bias.add(ones[..., : n * batch, :], merged(aligned), top)
        if block.exponent is not None:
            alive = ops.numpy(ops.squares(block.states))[..., None] > 0
            aligned, top = _aligned(ops, delta, block.exponent + (0 if exponent is None else exponent), alive)
        recurrent.add(merged(aligned), merged(block.states), top)
    return Found(squares, powers, rows, recurrent, given, bias)


_Pass = tuple[Tensor, Exponents | None, Rows, Float, Exponents | None]
"""Of a block: every δ (…, n, B, N) and its exponents, ∂E/∂h_first, the squares (…, n, B) of every ∂E/∂h and
their exponents."""


def _step_back(
    ops: Primitives, weight: Tensor, gradient: Tensor, slope: Tensor, delta: Tensor, out: Tensor
) -> tuple[Tensor, Tensor]:
    """δ_t and ∂E/∂h_{t−1} from ∂E/∂h_t and φ′(a_t): the vector–Jacobian product of `_step`."""
    delta = ops.multiply(gradient, slope, out=delta)
    return delta, ops.product(delta, weight, out=out)


def _plainly(
    ops: Primitives, net: Shared, block: Block, rows: Rows, into: Tensor, deltas: Tensor
) -> _Pass | None:
    """The block with the exponents that its rows came with; None where one may leave the range on the way."""
    if net.recurrent_power:
        return None
    gradient, found, made = rows.values, [rows.values], []
    steps = block.last - block.first
    buffers = zip(each(block.slopes, steps), each(deltas, steps), each(into, steps + 1)[:-1], strict=True)
    for slope, delta, out in reversed(list(buffers)):
        delta, gradient = _step_back(ops, net.by_columns, gradient, slope, delta, out)
        found.append(gradient)
        made.append(delta)
    delta, passed = stacked(ops, made[::-1], deltas), stacked(ops, found[::-1], into)
    sizes = ops.numpy(ops.squares(passed)).astype(np.float64, copy=False)
    dead, hold, width = sizes[..., -1:, :] == 0, HOLD[ops.dtype(gradient)], gradient.shape[-1]
    for squares in (sizes, ops.numpy(ops.squares(delta))):
        if not (((squares >= width * 4.0**-hold) & (squares <= 4.0**hold)) | dead).all():
            return None
    exponent = None if rows.exponent is None else rows.exponent[..., None, :, :]
    first = Rows(passed[..., 0, :, :], rows.exponent, sizes[..., 0, :])
    return delta, exponent, first, sizes[..., 1:, :], exponent


def _carefully(ops: Primitives, net: Shared, block: Block, rows: Rows, deltas: Tensor) -> _Pass:
    """The block step by step, each row moved wherever it leaves the range."""
    passed: list[Rows] = []
    made: list[Rows] = []
    for k in reversed(range(block.last - block.first)):
        step, passed = f"step {block.first + k + 1}", [rows, *passed]
        values = ops.multiply(rows.values, block.slopes[..., k, :, :])
        made.insert(
            0, settle(ops, values, rows.exponent, f"{step}: the gradient times φ′", out=values, free=True)
        )
        exponent = made[0].exponent
        if net.recurrent_power:
            zero = np.zeros((*values.shape[:-1], 1), np.int64)
            exponent = net.recurrent_power + (zero if exponent is None else exponent)
        values = ops.product(made[0].values, net.by_columns)
        rows = settle(ops, values, exponent, f"{step}: the gradient", out=values, free=True)
    sizes = np.stack([ops.numpy(row.squares) for row in passed], axis=-2).astype(np.float64, copy=False)
    delta = stored(ops, [row.values for row in made], deltas)
    return delta, exponents(made), rows, sizes, exponents(passed)


def _centred(ops: Primitives, rows: Rows) -> Rows:
    """The rows moved to about 1 when one is far from there, so that a block can run on without moving any.

    All rows of a net are moved by one power, that of the largest, those still far then by their own: rows of
    one exponent are added up without being scaled first.
    """
    reach = HOLD[ops.dtype(rows.values)] // 4
    squares = ops.numpy(rows.squares)
    far = (squares > 0) & ~((squares >= 4.0**-reach) & (squares <= 4.0**reach))
    if not far.any():
        return rows
    power = (np.frexp(squares)[1] // 2).astype(np.int64)
    top = np.where(squares > 0, power, _DEAD).max(axis=-1, keepdims=True)
    power = np.where(power >= top - reach, top, power)
    power = np.where((squares > 0) & far.any(axis=-1, keepdims=True), power, 0)
    values = ops.scale(rows.values, np.ldexp(1.0, -power[..., None]))
    exponent = power[..., None] + (0 if rows.exponent is None else rows.exponent)
    return Rows(values, exponent if exponent.any() else None, np.ldexp(squares, -2 * power))


def _aligned(
    ops: Primitives, delta: Tensor, exponent: Exponents | None, alive: NDArray[Any] | bool = True
) -> tuple[Tensor, Exponents]:
    """delta·2**exponent (…, n, B, N) with one exponent (…, 1, 1) for all its rows: the largest of those that
    are not 0 and ``alive``; what underflows is below rounding of the largest."""
    if exponent is None:
        return delta, np.zeros((1, 1), np.int64)
    one = exponent[..., :1, :1, :]
    if alive is True and (exponent == one).all():
        return delta, one[..., 0]
    alive = (ops.numpy(ops.squares(delta))[..., None] > 0) & alive
    total = np.where(alive, exponent, _DEAD)
    top = total.max(axis=(-3, -2), keepdims=True)
    factors = np.ldexp(1.0, total - top)
    return ops.scale(delta, factors) if (factors != 1).any() else delta, top[..., 0]
