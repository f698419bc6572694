"""The passes of `passes`, a block of layers at once: for measurements, where one small operation after
another costs more than the products.

What a layer waits for is its product and φ, on the way back ∘ φ′ and its product. All else, the squares of
the rows, φ′ and the Gram matrices, is worked out for a block of layers at once. The squares judge the block:
up to the first layer of which a row has to be moved (`scaled`) it stands; that layer is run again by
`passes`, and the next block begins behind it. So every bit is that of `passes`, wherever blocks end. Arrays
that are not written in place go through `passes` layer by layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from symgrad.numeric.arrays.primitives import Buffers, Primitives, Tensor
from symgrad.numeric.arrays.scaled import Rows, on_lines, split, staying
from symgrad.numeric.feedforward import passes
from symgrad.numeric.feedforward.block import Block, Steps, block_of, one, only, part, spread
from symgrad.numeric.feedforward.passes import Keep, Layer
from symgrad.numeric.kernel import Kernel

_LAYERS, _BYTES = 8, 2**18
"""Most layers of a block, most bytes of their h_l: what it touches stays in a core's cache, and its buffers
are few beside what is stored (float64, N=128, B=32: 88 µs a layer one by one, 72 by eight, no gain
beyond)."""


@dataclass(frozen=True)
class Blocks:
    """Both passes of nets with weights sigma_w·W_l, biases sigma_b·b_l and one width, in ``buffers``."""

    kernel: Kernel
    sigma_w: float
    sigma_b: float
    primitives: Primitives
    buffers: Buffers

    def forward(
        self,
        start: Rows,
        weights: Iterable[Tensor],
        biases: Sequence[Tensor] | None,
        *,
        depth: int,
        keep: Keep,
        below: int = 0,
    ) -> Iterator[Block]:
        """``depth`` layers from h_below = start (…, B, N) on, first to last; arguments and errors otherwise
        as for `passes.forward`."""
        room = _Room.of(self.primitives, self.buffers, start.values, depth, keep)
        h, at, source, waiting, pace = start, 0, iter(weights), list[Tensor](), _Pace(room.most)
        while waiting := waiting + list(islice(source, max(0, pace.tried - len(waiting)))):
            shifts = None if biases is None else biases[at:]
            block, trial = None, waiting[: pace.tried]
            h = room.held(h, at)
            if len(trial) > 1 and self._ordinary(h, shifts):
                block = self._plainly(h, trial, shifts, room, at, below)
                pace.stood(len(trial), 0 if block is None else len(block.weights))
            if block is None:
                block, unmoved = self._carefully(h, waiting[0], shifts, room, at, below)
                pace.moved(not unmoved)
            yield block
            n = len(block.weights)
            waiting, at, h = waiting[n:], at + n, block.out

    def _ordinary(self, h: Rows, biases: Sequence[Tensor] | None) -> bool:
        """Whether a layer changes no exponent unless a row has to be moved."""
        real = self.primitives.dtype(h.values)
        if split(self.sigma_w, real)[1] or (biases is not None and split(self.sigma_b, real)[1]):
            return False
        return h.exponent is None or (biases is None and on_lines(self.kernel, h.exponent, real))

    def _plainly(
        self,
        h: Rows,
        weights: list[Tensor],
        biases: Sequence[Tensor] | None,
        room: _Room,
        at: int,
        below: int,
    ) -> Block | None:
        """The layers that stand, None where the first does not."""
        ops, kernel, n, base = self.primitives, self.kernel, len(weights), room.base(at)
        values = h.values
        for k, weight in enumerate(weights):
            a = ops.product(values, ops.transposed(weight), out=one(room.pre, k))
            if self.sigma_w != 1:
                a = ops.scale(a, self.sigma_w, out=a)
            if biases is not None:
                a = ops.add(a, ops.scale(biases[k][..., None, :], self.sigma_b), out=a)
            values = ops.phi(kernel, a, out=one(room.out, base + k + 1))
        pre, out = part(room.pre, 0, n), part(room.out, base + 1, base + n + 1)
        squares, after, real = ops.squares(pre), ops.squares(out), ops.dtype(pre)
        stands = staying(ops, pre, squares, h.exponent, real) & staying(ops, out, after, h.exponent, real)
        n = n if stands.all() else int(stands.argmin())
        if not n:
            return None
        pre, out, inputs = part(pre, 0, n), part(out, 0, n), part(room.out, base, base + n)
        before = np.concatenate([h.squares[..., None, :], after[..., : n - 1, :]], axis=-2)
        exponent, slope, gram = spread(h.exponent), room.slope, room.gram
        return Block(
            below + at,
            weights[:n],
            Rows(inputs, exponent, before),
            Rows(pre, exponent, squares[..., :n, :]),
            Rows(one(out, n - 1), h.exponent, after[..., n - 1, :]),
            None if slope is None else ops.dphi(kernel, pre, out, out=part(slope, at, at + n)),
            None,
            None if gram is None else ops.gram(inputs, out=part(gram, at, at + n)),
        )

    def _carefully(
        self, h: Rows, weight: Tensor, biases: Sequence[Tensor] | None, room: _Room, at: int, below: int
    ) -> tuple[Block, bool]:
        """One layer as `passes` has it, and whether the next are worth being tried plainly."""
        shifts = None if biases is None else biases[:1]
        (layer,) = passes.forward(
            h, [weight], shifts, self.kernel, self.sigma_w, self.sigma_b,
            keep=room.keep, primitives=self.primitives, buffers=self.buffers, below=below + at,
        )  # fmt: skip
        unmoved = layer.pre.exponent is h.exponent and layer.out.exponent is h.exponent
        out = _stored(layer.out.values, room.out, room.base(at) + 1)
        block = Block(
            below + at,
            [weight],
            block_of(h),
            block_of(layer.pre),
            replace(layer.out, values=one(out, 0)),
            _stored(layer.slope, room.slope, at),
            spread(layer.slope_exponent),
            _stored(layer.gram, room.gram, at),
        )
        return block, unmoved

    def backward(self, blocks: Sequence[Block], covector: Rows) -> Iterator[Steps]:
        """The backward pass of E = ⟨covector, h_L⟩ through the blocks, last to first; errors as for
        `passes.backward`."""
        (*lead, batch, width), real = covector.values.shape, self.primitives.dtype(covector.values)
        most = longest(self.primitives, covector.values)
        deltas = self.buffers("pres", (*lead, most, batch, width), real)
        # where outputs are not kept, the buffer of the forward pass is free
        name = "gradients" if blocks[-1].gram is None else "outs"
        gradients = self.buffers(name, (*lead, most + 1, batch, width), real)
        gradient, pace = covector, _Pace(most)
        for block in reversed(blocks):
            high = len(block.weights)
            while high:
                steps, low = None, max(0, high - pace.tried)
                if pace.tried > 1 and block.slope_exponent is None:
                    held = one(gradients, high)
                    np.copyto(held, gradient.values)
                    gradient = replace(gradient, values=held)
                    steps = self._back_plainly(block, low, high, gradient, deltas, gradients)
                    pace.stood(high - low, 0 if steps is None else block.first + high - steps.first)
                if steps is None:
                    steps, unmoved = self._back_carefully(block, high - 1, gradient)
                    pace.moved(not unmoved)
                yield steps
                if steps.below is None:
                    return
                gradient, high = steps.below, steps.first - block.first

    def _back_plainly(
        self, block: Block, low: int, high: int, gradient: Rows, deltas: Tensor, gradients: Tensor
    ) -> Steps | None:
        """From ∂E/∂h of the block's layer ``high`` to that of its layer ``low``, or as far as the steps
        stand; None where the first does not."""
        ops, values = self.primitives, gradient.values
        for k in reversed(range(low, high)):
            delta = ops.multiply(values, one(block.slope, k), out=one(deltas, k))
            if block.first + k:
                values = ops.product(delta, block.weights[k], out=one(gradients, k))
        real, end = ops.dtype(values), max(low, 1 - block.first)
        delta, below = part(deltas, low, high), part(gradients, end, high)
        squares, after = ops.squares(delta), ops.squares(below)
        stands = staying(ops, delta, squares, gradient.exponent, real, free=True)
        stands[end - low :] &= staying(ops, below, after, gradient.exponent, real, free=True)
        n = len(stands) if stands.all() else int(stands[::-1].argmin())
        if not n:
            return None
        low, exponent = high - n, spread(gradient.exponent)
        sizes = np.concatenate([after[..., low + 1 - end :, :], gradient.squares[..., None, :]], axis=-2)
        return Steps(
            block.first + low,
            Rows(None, exponent, sizes),
            Rows(part(deltas, low, high), exponent, squares[..., len(stands) - n :, :]),
            only(block.inputs, low, high),
            part(block.gram, low, high),
            None if low < end else Rows(one(gradients, low), gradient.exponent, after[..., low - end, :]),
        )

    def _back_carefully(self, block: Block, at: int, gradient: Rows) -> tuple[Steps, bool]:
        """One step as `passes` has it, and whether the next are worth being tried plainly."""
        inputs, steep, number = only(block.inputs, at, at + 1), block.slope_exponent, block.first + at
        layer = Layer(
            block.weights[at],
            Rows(one(inputs.values, 0), one(inputs.exponent, 0), inputs.squares[..., 0, :]),
            block.pre,
            block.out,
            one(block.slope, at),
            one(steep, 0),
            one(block.gram, at),
        )
        passed = passes.backward(
            [layer], gradient, primitives=self.primitives, buffers=self.buffers, below=number
        )
        step = next(passed)
        assert step.delta is not None
        below = next(passed).gradient if number else None
        steps = Steps(
            number, block_of(gradient), block_of(step.delta), inputs, part(block.gram, at, at + 1), below
        )
        unmoved = below is not None and step.delta.exponent is below.exponent is gradient.exponent
        return steps, unmoved


class _Pace:
    """How many layers are ``tried`` at once, 1 to ``most``: all again behind a layer that had to move rows,
    since they lie where they may stay for long; where one after another has to, one, then two, then all."""

    def __init__(self, most: int) -> None:
        self.tried = self._most = self._next = most

    def stood(self, tried: int, count: int) -> None:
        """So many layers have stood of those that were tried."""
        if count == tried:
            self.tried = self._next = self._most
        else:
            self.tried, self._next = 1, self._next if count == 0 else self._most

    def moved(self, moved: bool) -> None:
        """A layer has been run by itself, and has moved rows or not."""
        self.tried, self._next = self._next if moved else min(self._most, 2), 1


@dataclass(frozen=True)
class _Room:
    """Arrays that a forward pass writes into, (…, layers, B, N or B); None where the set does not write in
    place, or nothing is kept there. h_first … h_last of a block lie from `base` on in ``out``."""

    most: int
    keep: Keep
    pre: Tensor
    out: Tensor
    slope: Tensor
    gram: Tensor

    @classmethod
    def of(cls, ops: Primitives, buffers: Buffers, start: Tensor, depth: int, keep: Keep) -> _Room:
        (*lead, batch, width), real = start.shape, ops.dtype(start)
        most = longest(ops, start)
        slots = 1 + (depth if keep == "outputs" else most)
        return cls(
            most,
            keep,
            buffers("pres", (*lead, most, batch, width), real),
            buffers("outs", (*lead, slots, batch, width), real),
            None if keep == "nothing" else buffers("slopes", (*lead, depth, batch, width), real),
            buffers("grams", (*lead, depth, batch, batch), real) if keep == "grams" else None,
        )

    def held(self, h: Rows, at: int) -> Rows:
        """h below the layer that is the at-th from the start where the layers of a block do not write."""
        if self.out is None:
            return h
        place = one(self.out, self.base(at))
        np.copyto(place, h.values)
        return replace(h, values=place)

    def base(self, at: int) -> int:
        """Where h lies below the layer that is the at-th from the start."""
        return at if self.keep == "outputs" else 0


def longest(ops: Primitives, h: Tensor) -> int:
    """Most layers of a block; 1 where arrays are not written in place."""
    if ops.empty((0,), ops.dtype(h)) is None:
        return 1
    return max(1, min(_LAYERS, _BYTES // (h.size * ops.dtype(h).itemsize)))


def _stored(one: Tensor, into: Tensor, at: int) -> Tensor:
    """(…, B, ·) as (…, 1, B, ·), copied to its place where there is one."""
    if one is None or into is None:
        return spread(one)
    place = part(into, at, at + 1)
    place[...] = one[..., None, :, :]
    return place
