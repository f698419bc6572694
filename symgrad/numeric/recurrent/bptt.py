"""Backpropagation through time: the backward pass of `unfolded`, a block of steps at once, for any cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.arrays.primitives import Buffers, Float, Primitives, Tensor
from symgrad.numeric.arrays.scaled import HOLD, Exponents, Rows, add_bias, settle
from symgrad.numeric.recurrent.cells.cell import Cell, Parts, columns
from symgrad.numeric.recurrent.shared import Shared
from symgrad.numeric.recurrent.unfolded import (
    Block,
    Unfolded,
    each,
    exponents,
    merged,
    part,
    stacked,
    stored,
)
from symgrad.numeric.threads import Start, at_once

_DEAD = -(2**40)


class Sum:
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
    """What the backward pass finds: for each part of the state Σ_units (∂E/∂part_t)² as squares · 4**powers,
    (parts, …, T, B) both; ∂E/∂s_0 part by part with an exponent a row; the sums over time."""

    squares: Float
    powers: Exponents
    first: list[Rows]
    recurrent: Sum
    input: Sum
    bias: Sum
    recurrent_bias: Sum


def backward(
    ops: Primitives,
    cell: Cell,
    net: Shared,
    unfolded: Unfolded,
    covector: Tensor,
    buffers: Buffers,
    start: Start = at_once,
) -> Found:
    """Back through the blocks from covector (…, B, parts·N), ∂E/∂s_T; or (…, T, B, parts·N), what arrives at
    each s_t. The coefficients of the block below and the sums over the block above are worked out beside the
    steps of this one.

    Raises ValueError, naming the step, where φ′ is infinite or NaN.
    """
    blocks, width = unfolded.blocks, net.width
    dtype, (*lead, batch, _) = ops.dtype(covector), unfolded.last[0].shape
    steps, most = blocks[-1].last, max(block.last - block.first for block in blocks)
    squares = np.empty((cell.parts, *lead, steps, batch))
    powers = np.zeros((cell.parts, *lead, steps, batch), np.int64)

    def buffer(name: str, count: int, wide: int) -> Tensor:
        return buffers(name, (*lead, count, batch, wide * width), dtype)

    gradients = [buffer(f"gradient {k}", most + 1, 1) for k in range(cell.parts)]
    # two each: one block's steps are under way while another's are read
    coefficients = [buffer(f"factors {k}", most, cell.coefficients) for k in range(2)]
    scratch = [buffer(f"delta {k}", most, cell.deltas) for k in range(2)]
    ones = ops.array(np.ones((*lead, most * batch, 1), dtype))
    recurrent, given, bias, inner = (Sum(ops) for _ in range(4))
    always = len(covector.shape) > len(lead) + 2
    end = ops.scale(covector[..., -1, :, :], 0.0) if always else covector
    rows = [
        settle(ops, columns(end, k, k + 1, width), None, "the covector", free=True) for k in range(cell.parts)
    ]

    def factors(at: int) -> Tensor:
        block = blocks[at]
        into = part(coefficients[at % 2], 0, block.last - block.first)
        return cell.factors(ops, block.made, block.before, block.after, into)

    def add_up(block: Block, delta: Tensor, exponent: Exponents | None) -> None:
        by_drive = columns(delta, 0, cell.gates, width)
        by_product = columns(delta, cell.deltas - cell.gates, cell.deltas, width)
        one = ones[..., : (block.last - block.first) * batch, :]
        aligned, top = _aligned(ops, by_drive, exponent)
        given.add(merged(aligned), merged(block.inputs), top)
        bias.add(one, merged(aligned), top)
        alive: NDArray[Any] | bool = True
        if block.exponent is not None:
            alive = ops.numpy(ops.squares(block.before[0]))[..., None] > 0
            exponent = block.exponent + (0 if exponent is None else exponent)
        if cell.inner or block.exponent is not None:
            aligned, top = _aligned(ops, by_product, exponent, alive)
        recurrent.add(merged(aligned), merged(block.before[0]), top)
        if cell.inner:
            inner.add(one, merged(aligned), top)

    ahead, added = start(factors, len(blocks) - 1), [at_once(lambda: None)] * 2
    for at in reversed(range(len(blocks))):
        block = blocks[at]
        first, last, n = block.first, block.last, block.last - block.first
        into = [part(store, 0, n + 1) for store in gradients]
        rows = [row.copy(ops) for row in _centred(ops, rows)]  # the gradients of a block are written over
        arriving = part(covector, first, last) if always else None
        known = ahead()
        if at:
            ahead = start(factors, at - 1)
        added[at % 2]()
        delta_into = part(scratch[at % 2], 0, n)
        done = _plainly(ops, cell, net, block, rows, known, arriving, into, delta_into)
        if done is None:
            done = _carefully(ops, cell, net, block, rows, known, arriving, delta_into)
        delta, exponent, rows, sizes, power = done
        squares[..., first:last, :] = sizes
        if power is not None:
            powers[..., first:last, :] = power[..., 0]
        added[at % 2] = start(add_up, block, delta, exponent)
    for wait in added:
        wait()
    return Found(squares, powers, rows, recurrent, given, bias, inner if cell.inner else bias)


_Pass = tuple[Tensor, Exponents | None, list[Rows], Float, Exponents | None]
"""Of a block: every δ (…, n, B, deltas·N) and its exponents, ∂E/∂s_first part by part, the squares
(parts, …, n, B) of every ∂E/∂part and their exponents."""


def _below(
    ops: Primitives, cell: Cell, net: Shared, delta: Tensor, carried: Tensor, out: Tensor = None
) -> Tensor:
    """∂E/∂h_{t−1} from δ_t and what reaches it beside δ W."""
    first = (cell.deltas - cell.gates) * net.width
    found = ops.product(delta[..., first:] if first else delta, net.by_columns, out=out)
    return found if carried is None else ops.add(found, carried, out=found)


def _plainly(
    ops: Primitives,
    cell: Cell,
    net: Shared,
    block: Block,
    rows: list[Rows],
    factors: Tensor,
    arriving: Tensor,
    into: list[Tensor],
    deltas: Tensor,
) -> _Pass | None:
    """The block with one exponent a row, that of the largest part; None where one may leave the range on the
    way."""
    if net.recurrent_power:
        return None
    values, exponent = together(ops, rows)
    n = block.last - block.first
    if arriving is not None and exponent is not None:
        arriving = ops.scale(arriving, np.ldexp(1.0, -exponent[..., None, :, :]))
    slots = list(zip(*(each(store, n + 1) for store in into), strict=True))
    gradient = tuple(ops.scale(value, 1.0, out=slot) for value, slot in zip(values, slots[n], strict=True))
    passed: list[Parts] = []
    made: list[Tensor] = []
    buffers = zip(each(factors, n), each(deltas, n), each(arriving, n), slots[:-1], strict=True)
    for step_factors, into_delta, met, below in reversed(list(buffers)):
        if met is not None:
            gradient = tuple(
                ops.add(one, columns(met, k, k + 1, net.width), out=one) for k, one in enumerate(gradient)
            )
        total, delta, carried = cell.back(ops, gradient, step_factors, into_delta, below)
        gradient = (_below(ops, cell, net, delta, carried[0], below[0]), *carried[1:])
        passed.append(total)
        made.append(delta)
    passed.append(gradient)
    delta = stacked(ops, made[::-1], deltas)
    every = [
        stacked(ops, list(one), store)
        for one, store in zip(zip(*passed[::-1], strict=True), into, strict=True)
    ]
    sizes = np.stack([ops.numpy(ops.squares(one)) for one in every]).astype(np.float64, copy=False)
    dead = (sizes[..., -1:, :] == 0).all(axis=0)
    hold = HOLD[ops.dtype(delta)]
    for squares in (*sizes, ops.numpy(ops.squares(delta))):
        if not (((squares >= net.width * 4.0**-hold) & (squares <= 4.0**hold)) | dead).all():
            return None
    below_rows = [
        Rows(one[..., 0, :, :], exponent, size[..., 0, :]) for one, size in zip(every, sizes, strict=True)
    ]
    stretched = None if exponent is None else exponent[..., None, :, :]
    return delta, stretched, below_rows, sizes[..., 1:, :], stretched


def _carefully(
    ops: Primitives,
    cell: Cell,
    net: Shared,
    block: Block,
    rows: list[Rows],
    factors: Tensor,
    arriving: Tensor,
    deltas: Tensor,
) -> _Pass:
    """The block step by step, each row of each part moved wherever it leaves the range."""
    passed: list[list[Rows]] = []
    made: list[Rows] = []
    for k in reversed(range(block.last - block.first)):
        step = f"step {block.first + k + 1}"
        if arriving is not None:
            met = arriving[..., k, :, :]
            parts = (columns(met, p, p + 1, net.width) for p in range(cell.parts))
            rows = [
                _added(ops, row, one, f"{step}: the gradient") for row, one in zip(rows, parts, strict=True)
            ]
        values, exponent = together(ops, rows)
        none = tuple(None for _ in values)
        total, delta, carried = cell.back(ops, values, factors[..., k, :, :], None, none)
        # ∂E/∂h_t is total as it came, and has its own exponent; in ``total`` a far larger ∂E/∂c_t makes it 0
        others = [settle(ops, one, exponent, f"{step}: the gradient", free=True) for one in total[1:]]
        passed.insert(0, [rows[0], *others])
        made.insert(0, settle(ops, delta, exponent, f"{step}: the gradient times φ′", out=delta, free=True))
        zero = np.zeros((*values[0].shape[:-1], 1), np.int64)
        from_delta = zero if made[0].exponent is None else made[0].exponent
        below = _below(ops, cell, net, made[0].values, None)
        power: Exponents = from_delta + net.recurrent_power
        if carried[0] is not None:
            below, power = add_bias(ops, below, power, carried[0], zero if exponent is None else exponent)
        rows = [
            settle(ops, one, its, f"{step}: the gradient", out=one, free=True)
            for one, its in ((below, power), *((one, exponent) for one in carried[1:]))
        ]
    sizes: Float = np.stack(
        [[ops.numpy(row.squares).astype(np.float64, copy=False) for row in step] for step in passed], axis=-2
    )
    powers = [exponents([step[p].exponent for step in passed]) for p in range(cell.parts)]
    known = [one for one in powers if one is not None]
    power_of_all = (
        np.stack([np.zeros_like(known[0]) if one is None else one for one in powers]) if known else None
    )
    delta = stored(ops, [row.values for row in made], deltas)
    return delta, exponents([row.exponent for row in made]), rows, sizes, power_of_all


def together(ops: Primitives, rows: list[Rows]) -> tuple[Parts, Exponents | None]:
    """The parts at one exponent a row, that of the largest; what underflows is below rounding of it."""
    if len(rows) == 1 or all(row.exponent is rows[0].exponent for row in rows):
        return tuple(row.values for row in rows), rows[0].exponent
    zero = np.zeros((*rows[0].values.shape[:-1], 1), np.int64)
    each_one = [zero if row.exponent is None else row.exponent for row in rows]
    alive = [
        np.where(ops.numpy(row.squares)[..., None] > 0, one, _DEAD)
        for row, one in zip(rows, each_one, strict=True)
    ]
    top = np.max(alive, axis=0)
    top = np.where(top == _DEAD, 0, top)
    values = tuple(
        ops.scale(row.values, np.ldexp(1.0, np.minimum(one - top, 0)))
        for row, one in zip(rows, each_one, strict=True)
    )
    return values, top if top.any() else None


def _added(ops: Primitives, row: Rows, arriving: Tensor, what: str) -> Rows:
    """A row and what arrives, which has no exponent."""
    zero = np.zeros((*row.values.shape[:-1], 1), np.int64)
    before = ops.scale(row.values, 1.0)
    values, exponent = add_bias(ops, before, zero if row.exponent is None else row.exponent, arriving, zero)
    return settle(ops, values, exponent, what, out=values, free=True)


def _centred(ops: Primitives, rows: list[Rows]) -> list[Rows]:
    """The rows moved to about 1 when one is far from there, so that a block can run on without moving any.

    All rows of a net are moved by one power, that of the largest, those still far then by their own: rows of
    one exponent are added up without being scaled first. The parts of a state are moved alike.
    """
    reach = HOLD[ops.dtype(rows[0].values)] // 4
    parts, exponent = together(ops, rows)
    shared = exponent if len(rows) > 1 else rows[0].exponent
    given = [ops.numpy(row.squares) for row in rows]
    if len(rows) > 1 and parts[0] is not rows[0].values:
        given = [ops.numpy(ops.squares(one)) for one in parts]
    squares = given[0] if len(rows) == 1 else np.add.reduce(given)
    far = (squares > 0) & ~((squares >= 4.0**-reach) & (squares <= 4.0**reach))
    if not far.any():
        return [Rows(one, shared, size) for one, size in zip(parts, given, strict=True)]
    power = (np.frexp(squares)[1] // 2).astype(np.int64)
    top = np.where(squares > 0, power, _DEAD).max(axis=-1, keepdims=True)
    power = np.where(power >= top - reach, top, power)
    power = np.where((squares > 0) & far.any(axis=-1, keepdims=True), power, 0)
    factors = np.ldexp(1.0, -power[..., None])
    moved = power[..., None] + (0 if shared is None else shared)
    after = moved if moved.any() else None
    return [
        Rows(ops.scale(one, factors), after, np.ldexp(size, -2 * power))
        for one, size in zip(parts, given, strict=True)
    ]


def _aligned(
    ops: Primitives, delta: Tensor, exponent: Exponents | None, alive: NDArray[Any] | bool = True
) -> tuple[Tensor, Exponents]:
    """delta·2**exponent (…, n, B, k·N) with one exponent (…, 1, 1) for all its rows: the largest of those
    that are not 0 and ``alive``; what underflows is below rounding of the largest."""
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
