"""What a stack of nets does, layer by layer, as logarithms that no depth takes out of range."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from symgrad.numeric.arrays.primitives import NUMPY, Buffers, Float, Primitives, Tensor
from symgrad.numeric.arrays.scaled import Exponents, Rows, align, settle, summed
from symgrad.numeric.draws.draw import Draw, sample
from symgrad.numeric.feedforward import plan as plans
from symgrad.numeric.feedforward.block import Block, Steps
from symgrad.numeric.feedforward.blocks import Blocks
from symgrad.numeric.feedforward.measurement import Measurement
from symgrad.numeric.feedforward.net import Net
from symgrad.numeric.feedforward.passes import Keep, check_shapes
from symgrad.numeric.feedforward.plan import Plan
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.threads import thread_map

_SHARED = ("width", "batch", "seeds", "weights", "seed", "dtype")


def measure(net: Net, kernel: Kernel, norms: bool = True, plan: Plan | None = None) -> Measurement:
    """Run every seed of the net forward and backward once.

    The logs are right to the rounding of the passes in net.dtype: about L ε relative in each norm. Without
    ``norms`` the spectral norms, which can cost more than the passes, are left out. ``plan`` says how it is
    done and changes no result; by default `Net.plan`. Raises ValueError, naming the layer, where φ or φ′
    leaves its range for good (see `passes.forward`).
    """
    return measure_together([net], [kernel], norms, plan)[0]


def measure_together(
    nets: Sequence[Net], kernels: Sequence[Kernel], norms: bool = True, plan: Plan | None = None
) -> list[Measurement]:
    """[measure(net, kernel) for each], bit for bit, every layer drawn once for all of them.

    The nets may differ in depth, sigma_w and sigma_b. Raises ValueError, naming the field, when they differ
    in another, and as `measure` does when one of them cannot be measured.
    """
    for name in _SHARED:
        if len({getattr(net, name) for net in nets}) > 1:
            values = " and ".join(sorted({repr(getattr(net, name)) for net in nets})[:2])
            raise ValueError(f"{name} = {values}: nets measured together have one {name}")
    widest = replace(nets[0], depth=max(net.depth for net in nets), sigma_b=max(net.sigma_b for net in nets))
    plan = plan or widest.plan
    local = threading.local()

    def stack(replicas: range) -> list[tuple[Float | None, ...]]:
        draw, buffers = sample(widest, replicas, norms, plan), _buffers(local, NUMPY)
        return [
            _measured(net, kernel, draw, NUMPY, buffers, plan)
            for net, kernel in zip(nets, kernels, strict=True)
        ]

    parts = thread_map(stack, plan.stacks(widest.seeds), plan.threads, plan.blas)
    return [_joined(net, columns) for net, columns in zip(nets, zip(*parts, strict=True), strict=True)]


def measure_draw(
    net: Net, kernel: Kernel, draw: Draw, primitives: Primitives = NUMPY, plan: Plan | None = None
) -> Measurement:
    """The same for tensors that are given: net.seeds in each, weights for net.depth layers at least, all at
    σ_w = σ_b = 1 and of net.dtype; biases count where net.sigma_b is not 0.

    Other ``primitives`` than NumPy's take all seeds as one stack, in one thread, unless a plan says
    otherwise; the tensors may be arrays of theirs. Raises ValueError as `measure` does, and for NumPy arrays
    whose shapes do not fit.
    """
    if plan is None:
        plan = net.plan if primitives is NUMPY else replace(net.plan, stack=net.seeds, threads=1)
    if primitives is NUMPY:
        biases = draw.biases[: net.depth] if draw.biases is not None else None
        check_shapes(draw.weights[: net.depth], biases, draw.inputs, draw.covector)
        if draw.inputs.shape != (net.seeds, net.batch, net.width) or len(draw.weights) < net.depth:
            raise ValueError(
                f"inputs {draw.inputs.shape} and {len(draw.weights)} weights: expected "
                f"{(net.seeds, net.batch, net.width)} and {net.depth}"
            )
    local = threading.local()

    def stack(replicas: range) -> tuple[Float | None, ...]:
        part = draw if len(replicas) == net.seeds else draw.part(replicas)
        return _measured(net, kernel, part, primitives, _buffers(local, primitives), plan)

    return _joined(net, thread_map(stack, plan.stacks(net.seeds), plan.threads, plan.blas))


def _buffers(local: threading.local, primitives: Primitives) -> Buffers:
    """Those of the thread: stacks that follow each other in it write over the same memory."""
    buffers: Buffers | None = getattr(local, "buffers", None)
    if buffers is None:
        buffers = local.buffers = Buffers(primitives)
    return buffers


def _joined(net: Net, parts: Sequence[tuple[Float | None, ...]]) -> Measurement:
    columns = []
    for column in zip(*parts, strict=True):
        given = [part for part in column if part is not None]
        columns.append(np.concatenate(given) if given else None)
    return Measurement(net, *columns)  # type: ignore[arg-type]


_TOGETHER = 64
"""Layers whose rows are summed at once: a dozen small operations for all instead of for each block."""


class _RowSums:
    """Σ over the rows of each layer's results times 2**(order · the row's exponent), as sum · 2**power."""

    def __init__(self, primitives: Primitives, net: Net, seeds: int, order: int) -> None:
        self._primitives, self._order = primitives, order
        self._sums = np.empty((seeds, net.depth))
        self._powers = np.zeros((seeds, net.depth), np.int64)
        self._waiting: list[tuple[int, Tensor, Rows]] = []
        self._layers = 0

    def put(self, first: int, rows: Rows, results: Tensor | None = None) -> None:
        """Results of the rows of the layers from ``first`` + 1 on, (S, n, B), by default their squares."""
        light = Rows(None, rows.exponent, rows.squares)  # the values are a buffer
        self._waiting.append((first, rows.squares if results is None else results, light))
        self._layers += rows.squares.shape[-2]
        if self._layers >= _TOGETHER:
            self._sum()

    def _sum(self) -> None:
        firsts, results, rows = zip(*self._waiting, strict=True)
        found = self._primitives.host(results, -2)
        squares = self._primitives.host([row.squares for row in rows], -2)
        exponents = np.zeros(found.shape, np.int64)
        places: list[int] = []
        for first, row in zip(firsts, rows, strict=True):
            n = row.squares.shape[-2]
            if row.exponent is not None:
                exponents[:, len(places) : len(places) + n] = row.exponent[..., 0]
            places += range(first, first + n)
        self._sums[:, places], self._powers[:, places] = summed(found, squares, exponents, self._order)
        self._waiting.clear()
        self._layers = 0

    def read(self) -> tuple[Float, Exponents]:
        """(sum, power), (S, L) each."""
        if self._waiting:
            self._sum()
        return self._sums, self._powers


class _Outer:
    """‖∂E/∂W_l‖_F² of the layers, each as square · 2**power."""

    def __init__(self, net: Net, seeds: int) -> None:
        self._squares: list[Tensor] = []
        self._places: list[int] = []
        self._powers = np.zeros((seeds, net.depth), np.int64)

    def put(self, first: int, squares: Tensor, powers: Exponents | None) -> None:
        """Those of the layers from ``first`` + 1 on, (S, n)."""
        last = first + squares.shape[-1]
        self._squares.append(squares)
        self._places += range(first, last)
        if powers is not None:
            self._powers[:, first:last] = powers

    def read(self, primitives: Primitives) -> tuple[Float, Exponents]:
        """(square, power), (S, L) each."""
        squares = np.empty(self._powers.shape)
        squares[:, self._places] = primitives.host(self._squares, -1)
        return squares, self._powers


def _ln_norm(found: tuple[Float, Exponents]) -> Float:
    """½ ln of squares · 2**powers; −inf for a sum that is exactly 0."""
    squares, powers = found
    # samples that cancel to rounding can leave a Gram sum a rounding error below zero
    with np.errstate(divide="ignore"):
        return np.asarray(0.5 * (np.log(np.maximum(squares, 0.0)) + np.log(2.0) * powers))


@np.errstate(all="ignore")
def _measured(
    net: Net, kernel: Kernel, draw: Draw, primitives: Primitives, buffers: Buffers, plan: Plan
) -> tuple[Float | None, ...]:
    ops, depth = primitives, net.depth
    seeds = len(draw.inputs)
    means, squares, gradients = (_RowSums(ops, net, seeds, order) for order in (1, 2, 2))
    outers, both = _Outer(net, seeds), Blocks(kernel, net.sigma_w, net.sigma_b, ops, buffers)
    keep: Keep = "grams" if plans.grams(net) else "outputs"
    biases = None if draw.biases is None or not net.sigma_b else [ops.array(b) for b in draw.biases[:depth]]

    def onward(start: Rows, first: int, weights: Sequence[Tensor], keep: Keep) -> Iterator[Block]:
        shifts = None if biases is None else biases[first:]
        moved = (ops.array(weight) for weight in weights)
        return both.forward(start, moved, shifts, depth=len(weights), keep=keep, below=first)

    def note(block: Block) -> None:
        means.put(block.first, block.pre, ops.sums(block.pre.values))
        squares.put(block.first, block.pre)

    segments = [
        range(first, min(first + (plan.segment or depth), depth))
        for first in range(0, depth, plan.segment or depth)
    ]
    checkpoints = [settle(ops, ops.array(draw.inputs), None, "the input")]
    for segment in segments[:-1]:
        for block in onward(
            checkpoints[-1], segment.start, draw.weights[segment.start : segment.stop], "nothing"
        ):
            note(block)
        checkpoints.append(block.out.copy(ops))
    gradient = settle(ops, ops.array(draw.covector), None, "the covector", free=True)
    for segment in reversed(segments):
        blocks = []
        for block in onward(
            checkpoints.pop(), segment.start, draw.weights[segment.start : segment.stop], keep
        ):
            if segment is segments[-1]:
                note(block)
            blocks.append(block)
        for steps in both.backward(blocks, gradient):
            gradients.put(steps.first, steps.gradient)
            for part in [steps] if keep == "grams" else steps.single():
                outers.put(part.first, *_outer_squares(ops, part, buffers))
            if steps.below is not None:
                gradient = steps.below
        if segment.start:
            gradient = gradient.copy(ops)

    with np.errstate(divide="ignore"):
        ln_sigma = np.log(net.sigma_w)
    # The pass ran back through W_k / sigma_w: layer l lacks L − l factors, the last none, not even of 0.
    above = np.array([(depth - l) * ln_sigma if l < depth else 0.0 for l in range(1, depth + 1)])
    size, (sums, powers) = net.batch * net.width, means.read()
    return (
        _ln_norm(gradients.read()) + above,
        _ln_norm(outers.read(ops)) + above,
        None if draw.ln_spectral_norm is None else draw.ln_spectral_norm[:, :depth] + ln_sigma,
        np.ldexp(sums / size, powers),
        _ln_norm(squares.read()) - 0.5 * np.log(size),
    )


def _outer_squares(ops: Primitives, steps: Steps, buffers: Buffers) -> tuple[Tensor, Exponents | None]:
    """‖δᵀH‖_F² of each seed and layer as (square, power), (S, n), the square to be multiplied by 2**power.

    As Σ (δδᵀ)∘(HHᵀ) where the forward pass has kept the Gram matrices of H, else from the product itself.
    """
    delta, inputs, gram = steps.delta, steps.inputs, steps.gram
    factor, top = align(ops, delta, inputs)
    power = None if factor is None else 2 * np.asarray(top)[..., 0, 0]
    (*lead, batch, width), real = delta.values.shape, ops.dtype(delta.values)
    if gram is not None:
        both = None if factor is None else factor * factor.swapaxes(-1, -2)
        held = buffers("grams of delta", (*lead, batch, batch), real)
        return ops.inner(ops.gram(delta.values, out=held), gram, both), power
    values = delta.values if factor is None else ops.scale(delta.values, factor)
    formed = ops.product(
        ops.transposed(values), inputs.values, out=buffers("outer", (*lead, width, width), real)
    )
    return ops.inner(formed, formed), power
