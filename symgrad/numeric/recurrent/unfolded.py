"""A recurrent net unfolded in time: its forward pass, a block of steps at once; formulas in `gradients`.

What does not wait for the step before is done for a whole block: U x_t + b here, the coefficients of the way
back and the sums over time in `bptt`, as products over (steps · B) rows. Two arrays are stored, the states
and what a step leaves for the way back. What does wait is one step of the cell and its vector–Jacobian
product (`cells`).

A block is first run plainly and then judged by the squares of its rows. Where one leaves the ordinary range
it is run again step by step, with a power of two carried beside each row (`scaled`). Both give the same
bits, so nothing depends on which nets are stacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symgrad.numeric.arrays.primitives import Buffers, Primitives, Tensor
from symgrad.numeric.arrays.scaled import EDGE, Exponents, Rows, settle
from symgrad.numeric.recurrent.cells.cell import Cell, Parts, columns
from symgrad.numeric.recurrent.shared import Shared
from symgrad.numeric.threads import Start, at_once

_STEPS, _ENTRIES = 32, 2**17
"""Most steps of a block, most steps times entries of a state: gradients that change by 2^5 a step stay
in float64's range for a block, and what its passes touch in a core's cache (benchmarks). Seeds do not
count, so that the sums over time are split alike however nets are stacked."""


@dataclass(frozen=True)
class Block:
    """Steps first + 1 … last of a forward pass, all (…, n, B, ·): the parts of the states before and after
    each step, the exponents (…, n, B, 1) of those before or None, the inputs, and what the steps have
    left."""

    first: int
    last: int
    before: Parts
    after: Parts
    exponent: Exponents | None
    inputs: Tensor
    made: Tensor


@dataclass(frozen=True)
class Unfolded:
    """The blocks of a forward pass, first to last, and its last state with its exponents."""

    blocks: list[Block]
    last: Parts
    exponent: Exponents | None


def forward(
    ops: Primitives,
    cell: Cell,
    net: Shared,
    inputs: Tensor,
    first_state: Tensor,
    buffers: Buffers,
    start: Start = at_once,
) -> Unfolded:
    """The pass through inputs (…, T, B, M) from s_0 = first_state (…, B, parts·N); U x_t + b of the next
    block is worked out beside the steps of this one.

    Raises ValueError, naming the step, where a state leaves the range of its dtype, or passes the edge of the
    ordinary range without a line to continue on.
    """
    dtype, (*lead, steps, batch, _), width = ops.dtype(inputs), inputs.shape, net.width
    together = block_length(steps, batch, width)
    held = [buffers(f"state {k}", (*lead, steps + 1, batch, width), dtype) for k in range(cell.parts)]
    made = buffers("made", (*lead, steps, batch, cell.made * width), dtype)
    spare = buffers("spare", (*lead, batch, (cell.gates + 1) * width), dtype)
    at = [
        settle(ops, columns(first_state, k, k + 1, width), None, "the initial state")
        for k in range(cell.parts)
    ]
    if len(at) > 1 and any(row.exponent is not None for row in at):
        raise ValueError(
            f"the initial state leaves the ordinary range, 2^±{EDGE[dtype]}: take smaller entries"
        )
    for store, row in zip(held, at, strict=True):
        if store is not None:
            store[..., 0, :, :] = row.values
    state, exponent = tuple(row.values for row in at), at[0].exponent
    blocks = []

    def drive_of(first: int) -> Tensor:
        given = inputs[..., first : first + together, :, :]
        return _drive(ops, cell, net, given, part(made, first, first + given.shape[-3]))

    ahead = start(drive_of, 0)
    for first in range(0, steps, together):
        last = min(first + together, steps)
        given, kept, drive = inputs[..., first:last, :, :], part(made, first, last), ahead()
        if last < steps:
            ahead = start(drive_of, last)
        into = [part(store, first + 1, last + 1) for store in held]
        done = None
        if exponent is None and not (cell.unbounded and (net.recurrent_power or net.bias_power)):
            done = _plainly(ops, cell, net, state, drive, first, kept, into, spare)
            if done is None:  # the steps have written over the drive
                drive = _drive(ops, cell, net, given, None)
        if done is None:
            at_first = Rows(state[0], exponent, None)
            done = _carefully(ops, cell, net, at_first, drive, first, kept, into)
        passed, exponents_passed, left = done
        before = tuple(
            stacked(ops, list(states[:-1]), part(store, first, last))
            for states, store in zip(zip(*passed, strict=True), held, strict=True)
        )
        after = tuple(
            stacked(ops, list(states[1:]), store)
            for states, store in zip(zip(*passed, strict=True), into, strict=True)
        )
        blocks.append(Block(first, last, before, after, exponents(exponents_passed[:-1]), given, left))
        state, exponent = passed[-1], exponents_passed[-1]
    return Unfolded(blocks, state, exponent)


def block_length(steps: int, batch: int, width: int) -> int:
    """Steps of a block."""
    return min(steps, _STEPS, max(1, _ENTRIES // (batch * width)))


def _drive(ops: Primitives, cell: Cell, net: Shared, inputs: Tensor, made: Tensor) -> Tensor:
    """U x_t + b of a block, without b where it has a power of its own, in the first columns of what is
    kept."""
    into = None if made is None else merged(columns(made, 0, cell.gates, net.width))
    found = ops.product(merged(inputs), ops.transposed(net.input), out=into)
    found = found.reshape(*inputs.shape[:-1], found.shape[-1])
    if net.bias is None or net.bias_power:
        return found
    return ops.add(found, net.bias[..., None, :, :], out=found)


_Pass = tuple[list[Parts], list[Exponents | None], Tensor]
"""Of a block: s_first … s_last, their exponents, and what its steps have left, (…, n, B, ·)."""


def _plainly(
    ops: Primitives,
    cell: Cell,
    net: Shared,
    state: Parts,
    drive: Tensor,
    first: int,
    made: Tensor | None,
    out: Sequence[Tensor | None],
    spare: Tensor | None,
) -> _Pass | None:
    """The block without exponents; None where a row leaves the ordinary range.

    Raises ValueError for a bounded cell: such a row is not a number, or too large to be squared.
    """
    left, states, steps = [], [state], drive.shape[-3]
    into = zip(*(each(store, steps) for store in out), strict=True)
    for given, kept, slots in zip(each(drive, steps), each(made, steps), into, strict=True):
        one, state = cell.step(ops, net, states[-1], given, kept, slots, spare)
        left.append(one)
        states.append(state)
    found = stacked(ops, left, made)
    dtype = ops.dtype(found)
    edge = EDGE[dtype]
    reached = [
        stacked(ops, list(part), store)
        for part, store in zip(zip(*states[1:], strict=True), out, strict=True)
    ]
    if cell.unbounded:
        for values in (found, *reached):
            if not ops.within(ops.squares(values), net.width * 4.0**-edge, 4.0**edge):
                return None
        return states, [None] * len(states), found
    for values in reached:
        if not ops.within(ops.squares(values), 0.0, 4.0**edge):
            within = (ops.numpy(ops.squares(values)) <= 4.0**edge).all(axis=-1)
            step = first + 1 + int(np.argmin(within.reshape(-1, steps).all(axis=0)))
            why = "take smaller inputs, weights or initial states"
            raise ValueError(f"step {step}: the state leaves the range of {dtype}: {why}")
    return states, [None] * len(states), found


def _carefully(
    ops: Primitives,
    cell: Cell,
    net: Shared,
    state: Rows,
    drive: Tensor,
    first: int,
    made: Tensor | None,
    out: Sequence[Tensor | None],
) -> _Pass:
    """The block step by step, each row with its exponent."""
    rows, left = [state], []
    for k, given in enumerate(each(drive, drive.shape[-3])):
        kept, state = cell.scaled(ops, net, state, given, f"step {first + k + 1}")
        left.append(kept)
        rows.append(state)
    stored(ops, [row.values for row in rows[1:]], out[0])
    return [(row.values,) for row in rows], [row.exponent for row in rows], stored(ops, left, made)


def exponents(found: Sequence[Exponents | None]) -> Exponents | None:
    """Those of n rows, (…, B, 1) each or None, as (…, n, B, 1); None when all are 0."""
    known = [one for one in found if one is not None]
    if not known:
        return None
    zero = np.zeros_like(known[0])
    return np.stack([zero if one is None else one for one in found], axis=-3)


def merged(block: Tensor) -> Tensor:
    """The rows of all steps below each other, (…, n, B, N) → (…, n·B, N)."""
    *lead, n, batch, width = block.shape
    return block.reshape(*lead, n * batch, width)


def part(store: Tensor, first: int, last: int) -> Tensor:
    """Steps first … last − 1 of an array to write into, None where there is none."""
    return None if store is None else store[..., first:last, :, :]


def each(block: Tensor, steps: int) -> list[Tensor]:
    """The steps of a block (…, n, B, N) one by one; None for each where there is no array."""
    if block is None:
        return [None] * steps
    return list(block) if block.ndim == 3 else [block[..., k, :, :] for k in range(steps)]


def stacked(ops: Primitives, parts: Sequence[Tensor], written: Tensor) -> Tensor:
    """The parts (…, B, N) as (…, n, B, N): the array they were written into where the set writes in place."""
    return ops.stacked(parts) if written is None else written


def stored(ops: Primitives, parts: Sequence[Tensor], into: Tensor) -> Tensor:
    """The parts as (…, n, B, N), copied into that array where the set writes in place."""
    if into is None:
        return ops.stacked(parts)
    for k, part in enumerate(parts):
        into[..., k, :, :] = part
    return into
