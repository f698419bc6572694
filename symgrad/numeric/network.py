"""Fully connected nets: what defines one, and its forward and backward pass for a stack of seeds at once.

Samples are rows. For l = 1…L

    h_l = φ(a_l),   a_l = W_l h_{l−1} + b_l,   E = ⟨g, h_L⟩,
    δ_l = ∂E/∂h_l ∘ φ′(a_l),   ∂E/∂h_{l−1} = δ_l W_l,   ∂E/∂W_l = δ_lᵀ H_{l−1},   ∂E/∂b_l = Σ_batch δ_l.

There is one forward and one backward pass. `gradients` collects every tensor, for weights that are given;
`measure.measure` takes norms as the pass goes by, for weights that are drawn.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric import weights as draw
from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.scaled import Rows, add_bias, align, carry, settle, split
from symgrad.numeric.threads import CORES

DTYPES = ("float64", "float32")
DEPTH = 100_000
MEMORY = 4 * 2**30
_BLOCK = 2**28
_STACK = 2**15


@dataclass(frozen=True)
class Net:
    """``seeds`` independent nets of one kind; validated on construction.

    depth L, width N (of the input too), batch B; W_l entries N(0, sigma_w²/N) or sigma_w × Haar, b_l entries
    N(0, sigma_b²), inputs and output co-vector N(0, 1); ``seed`` keys all draws.
    Raises ValueError, one line with the offender and the legal range.
    """

    depth: int = 30
    width: int = 64
    batch: int = 16
    seeds: int = 16
    sigma_w: float = 1.0
    sigma_b: float = 0.0
    weights: str = "gaussian"
    seed: int = 0
    dtype: str = "float64"

    def __post_init__(self) -> None:
        def whole(name: str, low: int, high: int | None = None) -> None:
            value = getattr(self, name)
            span = f"from {low} to {high}" if high else f"from {low} on"
            try:
                number = operator.index(value)
            except TypeError:
                number = low - 1
            if isinstance(value, bool) or number < low or (high is not None and number > high):
                raise ValueError(f"{name} = {value!r}: legal are whole numbers {span}")
            object.__setattr__(self, name, number)

        whole("depth", 1, DEPTH)
        for name in ("width", "batch", "seeds"):
            whole(name, 1)
        whole("seed", 0)
        for name in ("sigma_w", "sigma_b"):
            value = getattr(self, name)
            try:
                scale = float(value)
            except (TypeError, ValueError):
                scale = math.nan
            if not (math.isfinite(scale) and scale >= 0):
                raise ValueError(f"{name} = {value!r}: legal are finite numbers from 0 on")
            object.__setattr__(self, name, scale)
        for name, legal in (("weights", tuple(draw.SAMPLERS)), ("dtype", DTYPES)):
            if getattr(self, name) not in legal:
                raise ValueError(f"{name} = {getattr(self, name)!r}: legal are {', '.join(legal)}")
        if self.memory >= MEMORY:
            size = " × ".join(
                f"{name} {getattr(self, name)}" for name in ("depth", "width", "batch", "seeds")
            )
            need = f"{self.memory // 2**20 / 2**10:.3g}" if self.memory < 2**80 else "far too many"
            raise ValueError(f"{size} needs {need} GiB of memory: legal is less than {MEMORY // 2**30} GiB")

    @property
    def real(self) -> np.dtype[Any]:
        """The dtype as NumPy's."""
        return np.dtype(self.dtype)

    @property
    def _weight_bytes(self) -> int:
        return self.depth * self.width**2 * self.real.itemsize

    @property
    def _seed_bytes(self) -> int:
        size, n, b = self.real.itemsize, self.width, self.batch
        kept = self._weight_bytes + self.depth * (size * (n + 2 * b * n) + 96 * b + 1024)
        return kept + size * (5 * b * n + 2 * min(b * b, n * n)) + 24 * n * n

    @property
    def seeds_at_once(self) -> int:
        """Seeds in one stack: few enough for cache and memory. No result depends on it."""
        fitting = min(_BLOCK // self._seed_bytes, _STACK // (self.batch * self.width))
        return max(1, min(-(-self.seeds // CORES), fitting))

    @property
    def stacks(self) -> list[range]:
        """The replicas, stack by stack."""
        together = self.seeds_at_once
        return [range(s, min(s + together, self.seeds)) for s in range(0, self.seeds, together)]

    @property
    def stacks_at_once(self) -> int:
        """Stacks measured side by side: one a core, fewer when they are large."""
        stacks = -(-self.seeds // self.seeds_at_once)
        return max(1, min(CORES, stacks, CORES * _BLOCK // (self.seeds_at_once * self._seed_bytes)))

    @property
    def remembered(self) -> bool:
        """Whether the weights of all seeds are kept for the next net that shares them."""
        return draw.fits_memo(self.seeds * self._weight_bytes)

    @property
    def memory(self) -> int:
        """Estimated bytes at the peak of a measurement: weights, outputs and slopes of the stacks
        measured side by side, the weights that are remembered of the others, and all results."""
        present = min(self.seeds, self.seeds_at_once * self.stacks_at_once)
        others = (self.seeds - present) * self._weight_bytes if self.remembered else 0
        return present * self._seed_bytes + others + 48 * self.seeds * self.depth


@dataclass(frozen=True)
class Draw:
    """The tensors of a stack of nets at σ_w = σ_b = 1: weights L × (S, N, N), biases L × (S, N) or None when
    sigma_b = 0, inputs and covector (S, B, N), and ln ‖W_l‖₂ as (S, L)."""

    weights: list[Array]
    biases: list[Array] | None
    inputs: Array
    covector: Array
    ln_spectral_norm: NDArray[np.float64]


def sample(net: Net, replicas: range) -> Draw:
    """Draw the given replicas of a net; weights and biases are left unscaled."""
    real, shape = net.real, (net.batch, net.width)
    layers = [
        draw.layer_draw(net.weights, net.seed, replicas, layer, net.width, real, net.remembered)
        for layer in range(1, net.depth + 1)
    ]
    biases = None
    if net.sigma_b:
        roles = (net.seed, draw.BIASES, replicas)
        biases = [draw.normals(*roles, layer, (net.width,)).astype(real) for layer in range(1, net.depth + 1)]
    return Draw(
        [layer.weight for layer in layers],
        biases,
        draw.normals(net.seed, draw.INPUTS, replicas, 0, shape).astype(real),
        draw.normals(net.seed, draw.COVECTOR, replicas, 0, shape).astype(real),
        np.stack([layer.ln_norm for layer in layers], axis=-1),
    )


@dataclass(frozen=True)
class Layer:
    """One layer of a forward pass: W, the pre-activation a, the output h = φ(a), and φ′(a).

    ``pre`` is a buffer, overwritten by the next layer.
    """

    weight: Array
    pre: Rows
    out: Rows
    slope: Array


def forward(
    inputs: Array,
    weights: Iterable[Array],
    biases: Sequence[Array] | None,
    kernel: Kernel,
    sigma_w: float = 1.0,
    sigma_b: float = 1.0,
) -> Iterator[Layer]:
    """The layers of the net with weights sigma_w·W_l and biases sigma_b·b_l, first to last.

    inputs (…, B, N_0), W_l (…, N_l, N_{l−1}), b_l (…, N_l). Raises ValueError where φ leaves the range of its
    dtype, or passes the edge of the ordinary range without a line to continue on (see `scaled`).
    """
    factor, power = split(sigma_w, inputs.dtype)
    bias_factor, bias_power = split(sigma_b, inputs.dtype)
    h, a = Rows(inputs), inputs[..., :0]
    for number, weight in enumerate(weights, 1):
        what = f"layer {number}: the pre-activation"
        shape = (*inputs.shape[:-1], weight.shape[-2])
        a = np.matmul(h.values, weight.swapaxes(-1, -2), out=a if a.shape == shape else None)
        if factor != 1:
            a *= factor
        exponent = h.exponent
        if power:
            exponent = np.full((*shape[:-1], 1), power) if exponent is None else exponent + power
        if biases is not None:
            bias = biases[number - 1][..., None, :] * bias_factor
            if exponent is None and bias_power == 0:
                a += bias
            else:
                exponent = np.zeros((*shape[:-1], 1), np.int64) if exponent is None else exponent
                exponent = add_bias(a, exponent, bias, bias_power)
        pre = Rows(a, settle(a, exponent, what))
        out, slope = np.empty_like(a), np.empty_like(a)
        kernel.phi(a, out)
        kernel.dphi(a, out, slope)
        h = Rows(out, settle(out, carry(kernel, pre, what), f"layer {number}: the output"))
        yield Layer(weight, pre, h, slope)


@dataclass(frozen=True)
class Step:
    """One step of a backward pass, at ``layer`` = l from L down to 0: ∂E/∂h_l, and for l ≥ 1 δ_l and h_{l−1}.

    ``gradient`` and ``delta`` are buffers, overwritten by the next step.
    """

    layer: int
    gradient: Rows
    delta: Rows | None
    inputs: Rows


def backward(inputs: Array, layers: Sequence[Layer], covector: Array) -> Iterator[Step]:
    """The backward pass of E = ⟨covector, h_L⟩ through the layers, with the weights as they lie in them.

    inputs (…, B, N_0), covector (…, B, N_L). Raises ValueError where φ′ is infinite or NaN.
    """
    gradient, delta = Rows(covector.copy()), covector[..., :0]
    for l in range(len(layers), 0, -1):
        layer, below = layers[l - 1], layers[l - 2].out if l > 1 else Rows(inputs)
        values = gradient.values
        delta = np.multiply(values, layer.slope, out=delta if delta.shape == values.shape else None)
        exponent = settle(delta, gradient.exponent, f"layer {l}: the gradient times φ′")
        yield Step(l, gradient, Rows(delta, exponent), below)
        same = values.shape[-1] == layer.weight.shape[-1]
        gradient = Rows(np.matmul(delta, layer.weight, out=values if same else None), exponent)
    yield Step(0, gradient, None, Rows(inputs))


@dataclass(frozen=True)
class Gradients:
    """∂E/∂W_l (…, N_l, N_{l−1}), summed over the batch, ∂E/∂b_l (…, N_l), both for l = 1…L,
    and ∂E/∂h_l (…, B, N_l) for l = 0…L, h_0 the input."""

    weights: list[Array]
    biases: list[Array]
    outputs: list[Array]


@np.errstate(all="ignore")
def gradients(
    kernel: Kernel, weights: Sequence[Array], biases: Sequence[Array] | None, inputs: Array, covector: Array
) -> Gradients:
    """Every gradient of E = ⟨g, h_L⟩ for the weights given, widths as they come.

    Leading axes (…) may be none or a stack of seeds; shapes as in `forward`; all arrays of one dtype, float32
    or float64. What leaves the dtype's range is returned as ±inf or 0. Raises ValueError on shapes that do
    not fit and as `forward` and `backward` do.
    """
    check_shapes(weights, biases, inputs, covector)
    layers = list(forward(inputs, weights, biases, kernel))
    found = Gradients([], [], [])
    for step in backward(inputs, layers, covector):
        found.outputs.insert(0, step.gradient.plain())
        if step.delta is None:
            continue
        found.biases.insert(0, step.delta.plain().sum(axis=-2))
        delta, top = align(step.delta, step.inputs)
        found.weights.insert(0, np.ldexp(np.matmul(delta.values.swapaxes(-1, -2), step.inputs.values), top))
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
