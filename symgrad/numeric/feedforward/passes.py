"""The forward and backward pass of fully connected nets, for a stack of seeds at once.

Samples are rows. For l = 1…L

    h_l = φ(a_l),   a_l = W_l h_{l−1} + b_l,   E = ⟨g, h_L⟩,
    δ_l = ∂E/∂h_l ∘ φ′(a_l),   ∂E/∂h_{l−1} = δ_l W_l,   ∂E/∂W_l = δ_lᵀ H_{l−1},   ∂E/∂b_l = Σ_batch δ_l.

There is one forward and one backward pass, over `primitives`. `gradients` collects every tensor, for weights
that are given; `measure.measure` takes norms as the pass goes by, for weights that are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from symgrad.numeric.arrays.primitives import NUMPY, Buffers, Primitives, Tensor
from symgrad.numeric.arrays.scaled import Exponents, Rows, add_bias, align, carried, settle, split
from symgrad.numeric.drawn import DTYPES
from symgrad.numeric.kernel import Array, Kernel

Keep: TypeAlias = Literal["outputs", "grams", "nothing"]
"""What a forward pass leaves for the backward pass: φ′(a_l) and the h_l, φ′(a_l) and the h_l h_lᵀ,
nothing."""


@dataclass(frozen=True)
class Layer:
    """One layer of a forward pass: W_l, h_{l−1} and a_l, h_l = φ(a_l), φ′(a_l) as slope · 2**slope_exponent
    and the Gram matrices (…, B, B) of h_{l−1}, where they are kept.

    ``pre`` is a buffer, overwritten by the next layer; so are the values of ``inputs`` and ``out``, by the
    next but one, unless outputs are kept.
    """

    weight: Tensor
    inputs: Rows
    pre: Rows
    out: Rows
    slope: Tensor | None
    slope_exponent: Exponents | None
    gram: Tensor | None


def forward(
    inputs: Tensor | Rows,
    weights: Iterable[Tensor],
    biases: Sequence[Tensor] | None,
    kernel: Kernel,
    sigma_w: float = 1.0,
    sigma_b: float = 1.0,
    *,
    keep: Keep = "outputs",
    primitives: Primitives = NUMPY,
    buffers: Buffers | None = None,
    below: int = 0,
) -> Iterator[Layer]:
    """The layers of the net with weights sigma_w·W_l and biases sigma_b·b_l, first to last.

    inputs (…, B, N_0), W_l (…, N_l, N_{l−1}), b_l (…, N_l). ``buffers`` are written over where they are
    given: the layers of an earlier pass with them are gone. ``below`` is the number of layers below, for
    messages. Raises ValueError where φ leaves the range of its dtype, or passes the edge of the ordinary
    range without a line to continue on (see `scaled`).
    """
    ops, buffer = primitives, buffers or Buffers(primitives)
    h = inputs if isinstance(inputs, Rows) else settle(ops, inputs, None, "the input")
    real = ops.dtype(h.values)
    factor, power = split(sigma_w, real)
    bias_factor, bias_power = split(sigma_b, real)
    for at, weight in enumerate(weights):
        what = f"layer {below + at + 1}: the pre-activation"
        lead, shape = h.values.shape[:-1], (*h.values.shape[:-1], weight.shape[-2])
        gram = None
        if keep == "grams":
            # here, where h is in cache still, and needs no place of its own any more
            gram = ops.gram(h.values, out=buffer(("gram", at), (*lead, lead[-1]), real))
        a = ops.product(h.values, ops.transposed(weight), out=buffer("pre", shape, real))
        if factor != 1:
            a = ops.scale(a, factor, out=a)
        exponent = h.exponent
        if power:
            exponent = np.full((*lead, 1), power) if exponent is None else exponent + power
        if biases is not None:
            bias = ops.scale(biases[at][..., None, :], bias_factor)
            if exponent is None and bias_power == 0:
                a = ops.add(a, bias, out=a)
            else:
                exponent = np.zeros((*lead, 1), np.int64) if exponent is None else exponent
                a, exponent = add_bias(ops, a, exponent, bias, bias_power)
        pre = settle(ops, a, exponent, what, out=a)
        out = ops.phi(
            kernel, pre.values, out=buffer(("out", at if keep == "outputs" else at % 2), shape, real)
        )
        slope = None
        if keep != "nothing":
            slope = ops.dphi(kernel, pre.values, out, out=buffer(("slope", at), shape, real))
        exponent, steep = carried(ops, kernel, pre, what)
        inputs, h = h, settle(ops, out, exponent, f"layer {below + at + 1}: the output", out=out)
        yield Layer(weight, inputs, pre, h, slope, steep, gram)


@dataclass(frozen=True)
class Step:
    """One step of a backward pass, at ``layer`` = l from L down to 0: ∂E/∂h_l, and for l ≥ 1 δ_l and h_{l−1}
    with its Gram matrices where they are kept.

    ``gradient`` and ``delta`` are buffers, overwritten by the next step.
    """

    layer: int
    gradient: Rows
    delta: Rows | None = None
    inputs: Rows | None = None
    gram: Tensor | None = None


def backward(
    layers: Sequence[Layer],
    covector: Tensor | Rows,
    *,
    primitives: Primitives = NUMPY,
    buffers: Buffers | None = None,
    below: int = 0,
) -> Iterator[Step]:
    """The backward pass of E = ⟨covector, h_L⟩ through the layers, with the weights as they lie in them.

    covector (…, B, N_L). The last step is l = 0, or the number of layers ``below`` the first of these. Raises
    ValueError where φ′ is infinite or NaN.
    """
    ops, buffer = primitives, buffers or Buffers(primitives)
    gradient = (
        covector if isinstance(covector, Rows) else settle(ops, covector, None, "the covector", free=True)
    )
    real = ops.dtype(gradient.values)
    for at in range(len(layers) - 1, -1, -1):
        layer, what = layers[at], f"layer {below + at + 1}: the gradient"
        shape = tuple(gradient.values.shape)
        delta = ops.multiply(gradient.values, layer.slope, out=buffer("delta", shape, real))
        exponent = gradient.exponent
        if layer.slope_exponent is not None:
            exponent = layer.slope_exponent if exponent is None else exponent + layer.slope_exponent
        rows = settle(ops, delta, exponent, f"{what} times φ′", out=delta, free=True)
        yield Step(below + at + 1, gradient, rows, layer.inputs, layer.gram)
        shape = (*shape[:-1], layer.weight.shape[-1])
        values = ops.product(rows.values, layer.weight, out=buffer("gradient", shape, real))
        gradient = settle(
            ops, values, rows.exponent, f"layer {below + at}: the gradient", out=values, free=True
        )
    yield Step(below, gradient)


@dataclass(frozen=True)
class Gradients:
    """∂E/∂W_l (…, N_l, N_{l−1}), summed over the batch, ∂E/∂b_l (…, N_l), both for l = 1…L,
    and ∂E/∂h_l (…, B, N_l) for l = 0…L, h_0 the input."""

    weights: list[Array]
    biases: list[Array]
    outputs: list[Array]


@np.errstate(all="ignore")
def gradients(
    kernel: Kernel,
    weights: Sequence[Array],
    biases: Sequence[Array] | None,
    inputs: Array,
    covector: Array,
    primitives: Primitives = NUMPY,
) -> Gradients:
    """Every gradient of E = ⟨g, h_L⟩ for the weights given, widths as they come.

    Leading axes (…) may be none or a stack of seeds; shapes as in `forward`; all NumPy arrays of one dtype,
    float32 or float64. What leaves the dtype's range is returned as ±inf or 0. Raises ValueError on shapes
    that do not fit and as `forward` and `backward` do.
    """
    check_shapes(weights, biases, inputs, covector)
    ops = primitives
    moved = [ops.array(weight) for weight in weights]
    shifts = None if biases is None else [ops.array(bias) for bias in biases]
    layers = list(forward(ops.array(inputs), moved, shifts, kernel, primitives=ops))
    found = Gradients([], [], [])
    for step in backward(layers, ops.array(covector), primitives=ops):
        found.outputs.insert(0, step.gradient.plain(ops))
        if step.delta is None or step.inputs is None:
            continue
        found.biases.insert(0, step.delta.plain(ops).sum(axis=-2))
        factor, top = align(ops, step.delta, step.inputs)
        delta = step.delta.values if factor is None else ops.scale(step.delta.values, factor)
        outer = ops.numpy(ops.product(ops.transposed(delta), step.inputs.values))
        found.weights.insert(0, outer if factor is None else np.ldexp(outer, top))
    return found


def check_shapes(
    weights: Sequence[Array], biases: Sequence[Array] | None, inputs: Array, covector: Array
) -> None:
    """Raise ValueError, naming the first tensor whose shape or dtype does not fit the ones before it."""
    if not weights:
        raise ValueError("weights is empty: a net has at least one layer")
    if inputs.dtype not in map(np.dtype, DTYPES):
        raise ValueError(f"inputs have dtype {inputs.dtype}: legal are {', '.join(DTYPES)}")
    if biases is not None and len(biases) != len(weights):
        raise ValueError(f"{len(biases)} biases for {len(weights)} weights: give one a layer, or None")
    lead, width = inputs.shape[:-2], inputs.shape[-1]

    def check(name: str, tensor: Array, shape: tuple[int, ...]) -> None:
        if tensor.shape != shape or tensor.dtype != inputs.dtype:
            raise ValueError(f"{name} is {tensor.dtype} {tensor.shape}: expected {inputs.dtype} {shape}")

    for number, weight in enumerate(weights, 1):
        check(f"W_{number}", weight, (*lead, weight.shape[-2], width))
        width = weight.shape[-2]
        if biases is not None:
            check(f"b_{number}", biases[number - 1], (*lead, width))
    check("the covector", covector, (*inputs.shape[:-1], width))
