"""What a stack of nets does, layer by layer, as logarithms that no depth takes out of range."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from symgrad.numeric.arrays.primitives import NUMPY, Buffers, Float, Primitives, Tensor
from symgrad.numeric.arrays.scaled import Exponents, Rows, align, settle, summed
from symgrad.numeric.draws.draw import Draw, sample
from symgrad.numeric.feedforward import plan as plans
from symgrad.numeric.feedforward.measurement import Measurement
from symgrad.numeric.feedforward.net import Net
from symgrad.numeric.feedforward.passes import Keep, Layer, Step, backward, check_shapes, forward
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
"""Layers whose rows are summed at once: a dozen small operations for all of them instead of for each."""


class _RowSums:
    """Σ over the rows of each layer's results times 2**(order · the row's exponent), as sum · 2**power."""

    def __init__(self, primitives: Primitives, net: Net, seeds: int, order: int) -> None:
        self._primitives, self._order = primitives, order
        self._sums = np.empty((net.depth, seeds))
        self._powers = np.zeros((net.depth, seeds), np.int64)
        self._waiting: list[tuple[int, Tensor, Rows]] = []

    def put(self, at: int, rows: Rows, results: Tensor | None = None) -> None:
        """Results of the rows of layer ``at`` + 1, (S, B), by default their squares."""
        light = Rows(None, rows.exponent, rows.squares)  # the values are a buffer
        self._waiting.append((at, rows.squares if results is None else results, light))
        if len(self._waiting) == _TOGETHER:
            self._sum()

    def _sum(self) -> None:
        layers, results, rows = zip(*self._waiting, strict=True)
        found = self._primitives.host(results)
        squares = self._primitives.host([row.squares for row in rows])
        exponents = np.zeros(found.shape, np.int64)
        for into, row in zip(exponents, rows, strict=True):
            if row.exponent is not None:
                into[:] = row.exponent[..., 0]
        places = list(layers)
        self._sums[places], self._powers[places] = summed(found, squares, exponents, self._order)
        self._waiting.clear()

    def read(self) -> tuple[Float, Exponents]:
        """(sum, power), (S, L) each."""
        if self._waiting:
            self._sum()
        return self._sums.T, self._powers.T


class _Outer:
    """‖∂E/∂W_l‖_F² of the layers, each as square · 2**power, first layer first."""

    def __init__(self, depth: int) -> None:
        self._squares: list[Tensor] = [None] * depth
        self._powers: list[Exponents | None] = [None] * depth

    def put(self, at: int, found: tuple[Tensor, Exponents | None]) -> None:
        self._squares[at], self._powers[at] = found

    def read(self, primitives: Primitives) -> tuple[Float, Exponents]:
        """(square, power) of each, (S, L)."""
        squares = primitives.host(self._squares)
        powers = np.zeros(squares.shape, np.int64)
        for at, power in enumerate(self._powers):
            if power is not None:
                powers[at] = power
        return squares.T, powers.T


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
    outers = _Outer(depth)
    keep: Keep = "grams" if plans.grams(net) else "outputs"
    biases = None if draw.biases is None or not net.sigma_b else [ops.array(b) for b in draw.biases[:depth]]

    def onward(start: Rows, first: int, weights: Iterable[Tensor], keep: Keep) -> Iterator[Layer]:
        shifts = None if biases is None else biases[first:]
        return forward(
            start, weights, shifts, kernel, net.sigma_w, net.sigma_b,
            keep=keep, primitives=ops, buffers=buffers, below=first,
        )  # fmt: skip

    def note(at: int, layer: Layer) -> None:
        pre = layer.pre
        means.put(at, pre, ops.sums(pre.values))
        squares.put(at, pre)

    starts = range(0, depth, plan.segment or depth)
    checkpoints = [settle(ops, ops.array(draw.inputs), None, "the input")]
    before = (ops.array(weight) for weight in islice(draw.weights, starts[-1]))
    for at, layer in enumerate(onward(checkpoints[0], 0, before, "nothing")):
        note(at, layer)
        if at + 1 in starts:
            checkpoints.append(layer.out.copy(ops))
    gradient: Tensor | Rows = ops.array(draw.covector)
    for first in reversed(starts):
        weights = [ops.array(weight) for weight in draw.weights[first : min(first + starts.step, depth)]]
        layers = []
        for at, layer in enumerate(onward(checkpoints.pop(), first, weights, keep), first):
            if first == starts[-1]:
                note(at, layer)
            layers.append(layer)
        for step in backward(layers, gradient, primitives=ops, buffers=buffers, below=first):
            gradient, at = step.gradient, step.layer - 1
            if step.delta is None:
                break
            gradients.put(at, gradient)
            outers.put(at, _outer_square(ops, step, buffers))
            if step.layer == 1:
                break

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


def _outer_square(ops: Primitives, step: Step, buffers: Buffers) -> tuple[Tensor, Exponents | None]:
    """‖δᵀH‖_F² of each seed as (square, power), the square to be multiplied by 2**power.

    As Σ (δδᵀ)∘(HHᵀ) where the forward pass has kept the Gram matrices of H, else from the product itself.
    """
    assert step.delta is not None and step.inputs is not None
    delta, inputs = step.delta, step.inputs
    factor, top = align(ops, delta, inputs)
    power = None if factor is None else 2 * np.asarray(top)[..., 0, 0]
    real, lead = ops.dtype(delta.values), tuple(delta.values.shape[:-2])
    if step.gram is not None:
        gram = ops.gram(delta.values, out=buffers("gram of delta", tuple(step.gram.shape), real))
        both = None if factor is None else factor * factor.swapaxes(-1, -2)
        return ops.inner(gram, step.gram, both), power
    values = delta.values if factor is None else ops.scale(delta.values, factor)
    shape = (*lead, delta.values.shape[-1], inputs.values.shape[-1])
    formed = ops.product(ops.transposed(values), inputs.values, out=buffers("outer", shape, real))
    return ops.inner(formed, formed), power
