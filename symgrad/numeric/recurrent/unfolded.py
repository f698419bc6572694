"""A recurrent net unfolded in time: its forward pass, a block of steps at once; formulas in `gradients`.

What does not wait for the step before is done for a whole block: U x_t and φ′ here, the sums over time in
`bptt`, as products over (steps · B) rows. Two arrays are stored, the states and the slopes. What does wait is
one step of the cell (`_step`) and its vector–Jacobian product (`bptt._step_back`): another cell is another
such pair.

A block is first run plainly and then judged by the squares of its rows. Where one leaves the ordinary range
it is run again step by step, with a power of two carried beside each row (`scaled`). Both give the same
bits, so nothing depends on which nets are stacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symgrad.numeric.arrays.primitives import Primitives, Tensor
from symgrad.numeric.arrays.scaled import EDGE, Exponents, Rows, add_bias, carry, settle
from symgrad.numeric.kernel import Array, Kernel

_STEPS, _ENTRIES = 32, 2**17
"""Most steps of a block, most steps times entries of a state: gradients that change by 2^5 a step stay
in float64's range for a block, and what its passes touch in a core's cache (benchmarks). Seeds do not
count, so that the sums over time are split alike however nets are stacked."""


@dataclass(frozen=True)
class Shared:
    """What all steps share: W·2**recurrent_power (…, N, N), U (…, N, M), b·2**bias_power (…, 1, N) or None;
    and W laid out by columns, see `of`."""

    recurrent: Tensor
    input: Tensor
    bias: Tensor | None
    recurrent_power: int = 0
    bias_power: int = 0
    by_columns: Tensor = None

    @classmethod
    def of(
        cls,
        ops: Primitives,
        recurrent: Array,
        input_weights: Array,
        bias: Array | None,
        recurrent_power: int = 0,
        bias_power: int = 0,
    ) -> Shared:
        """From arrays on the host; W is laid out by columns as well, for δ W: BLAS takes few rows times a
        transposed matrix in four fifths of the time."""
        columns = np.ascontiguousarray(recurrent.swapaxes(-1, -2))
        return cls(
            ops.array(recurrent),
            ops.array(input_weights),
            None if bias is None else ops.array(bias),
            recurrent_power,
            bias_power,
            ops.transposed(ops.array(columns)),
        )


@dataclass(frozen=True)
class Block:
    """Steps first + 1 … last of a forward pass: the states h_first … h_{last−1} that W was applied to, their
    exponents (…, n, B, 1) or None, the inputs and the slopes φ′(a) of the steps, all (…, n, B, ·)."""

    first: int
    last: int
    states: Tensor
    exponent: Exponents | None
    inputs: Tensor
    slopes: Tensor


def forward(ops: Primitives, kernel: Kernel, net: Shared, inputs: Tensor, start: Tensor) -> list[Block]:
    """The blocks of the pass through inputs (…, T, B, M) from h_0 = start (…, B, N), first to last.

    Raises ValueError, naming the step, where φ leaves the range of its dtype, or passes the edge of the
    ordinary range without a line to continue on.
    """
    dtype, (*lead, steps, batch, _), width = ops.dtype(inputs), inputs.shape, start.shape[-1]
    together = min(steps, _STEPS, max(1, _ENTRIES // (batch * width)))
    held = ops.empty((*lead, steps + 1, batch, width), dtype)
    slopes = ops.empty((*lead, steps, batch, width), dtype)
    scratch = ops.empty((*lead, together, batch, width), dtype)
    state = settle(ops, start, None, "the initial state")
    if held is not None:
        held[..., 0, :, :] = state.values
    blocks = []
    for first in range(0, steps, together):
        last = min(first + together, steps)
        given, pre = inputs[..., first:last, :, :], part(scratch, 0, last - first)
        into = part(held, first + 1, last + 1), part(slopes, first, last)
        done = None
        if state.exponent is None and not (net.recurrent_power or net.bias_power):
            done = _plainly(ops, kernel, net, state, _drive(ops, net, given, pre), pre, *into)
        if done is None:
            done = _carefully(ops, kernel, net, state, _drive(ops, net, given, pre), first, *into)
        rows, slope = done
        states = stacked(ops, [row.values for row in rows[:-1]], part(held, first, last))
        blocks.append(Block(first, last, states, exponents(rows[:-1]), given, slope))
        state = rows[-1]
    return blocks


def _drive(ops: Primitives, net: Shared, inputs: Tensor, out: Tensor | None) -> Tensor:
    """U x_t + b of a block, without b where it has a power of its own."""
    into = None if out is None else merged(out)
    found = ops.product(merged(inputs), ops.transposed(net.input), out=into)
    found = found.reshape(*inputs.shape[:-1], found.shape[-1])
    if net.bias is None or net.bias_power:
        return found
    return ops.add(found, net.bias[..., None, :, :], out=found)


_Pass = tuple[list[Rows], Tensor]
"""Of a block: h_first … h_last, and the slopes (…, n, B, N) of its steps."""


def _step(
    ops: Primitives, kernel: Kernel, weight: Tensor, state: Tensor, drive: Tensor, out: Tensor | None
) -> tuple[Tensor, Tensor]:
    """a_t and h_t from h_{t−1} and the drive U x_t + b, which may be written over."""
    pre = ops.add(drive, ops.product(state, weight, out=out), out=drive)
    return pre, ops.phi(kernel, pre, out=out)


def _plainly(
    ops: Primitives,
    kernel: Kernel,
    net: Shared,
    state: Rows,
    drive: Tensor,
    pre: Tensor | None,
    out: Tensor | None,
    slopes: Tensor | None,
) -> _Pass | None:
    """The block without exponents; None where a row leaves the ordinary range."""
    weight, pres, states = ops.transposed(net.recurrent), [], [state.values]
    steps = drive.shape[-3]
    for given, into in zip(each(drive, steps), each(out, steps), strict=True):
        a, h = _step(ops, kernel, weight, states[-1], given, into)
        pres.append(a)
        states.append(h)
    pre, reached = stacked(ops, pres, pre), stacked(ops, states[1:], out)
    edge, width = EDGE[ops.dtype(pre)], pre.shape[-1]
    for values in (pre, reached):
        if not ops.within(ops.squares(values), width * 4.0**-edge, 4.0**edge):
            return None
    return [Rows(h, None, None) for h in states], ops.dphi(kernel, pre, reached, out=slopes)


def _carefully(
    ops: Primitives,
    kernel: Kernel,
    net: Shared,
    state: Rows,
    drive: Tensor,
    first: int,
    out: Tensor | None,
    slopes: Tensor | None,
) -> _Pass:
    """The block step by step, each row with its exponent."""
    rows, found = [state], []
    for k, given in enumerate(each(drive, drive.shape[-3])):
        what = f"step {first + k + 1}: the"
        values = ops.product(state.values, ops.transposed(net.recurrent))
        exponent = np.zeros((*values.shape[:-1], 1), np.int64) if state.exponent is None else state.exponent
        values, exponent = add_bias(ops, values, exponent + net.recurrent_power, given, 0)
        if net.bias is not None and net.bias_power:
            values, exponent = add_bias(ops, values, exponent, net.bias, net.bias_power)
        pre = settle(ops, values, exponent, f"{what} pre-activation", out=values)
        h = ops.phi(kernel, pre.values)
        found.append(ops.dphi(kernel, pre.values, h))
        state = settle(ops, h, carry(ops, kernel, pre, f"{what} pre-activation"), f"{what} state", out=h)
        rows.append(state)
    stored(ops, [row.values for row in rows[1:]], out)
    return rows, stored(ops, found, slopes)


def exponents(rows: Sequence[Rows]) -> Exponents | None:
    """Those of n rows (…, B, N), as (…, n, B, 1); None when all are 0."""
    if all(row.exponent is None for row in rows):
        return None
    zero = np.zeros((*rows[0].values.shape[:-1], 1), np.int64)
    return np.stack([zero if row.exponent is None else row.exponent for row in rows], axis=-3)


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
