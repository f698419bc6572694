"""Recurrent nets unfolded in time: the gradients that backpropagation through time (BPTT) finds.

Samples are rows. For t = 1…T, the weights the same at every step,

    h_t = φ(a_t),   a_t = W h_{t−1} + U x_t + b,   E = ⟨g, h_T⟩,
    δ_t = ∂E/∂h_t ∘ φ′(a_t),   ∂E/∂h_{t−1} = δ_t W,
    ∂E/∂W = Σ_t δ_tᵀ H_{t−1},   ∂E/∂U = Σ_t δ_tᵀ X_t,   ∂E/∂b = Σ_t Σ_batch δ_t.

The passes are `unfolded` and `bptt`. Sources: Rumelhart, Hinton & Williams 1986; Werbos 1990.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symgrad.numeric.arrays.primitives import NUMPY, Float, Primitives
from symgrad.numeric.arrays.scaled import Exponents
from symgrad.numeric.drawn import DTYPES
from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.recurrent.bptt import backward
from symgrad.numeric.recurrent.unfolded import Shared, forward


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
    """What BPTT finds, for one net or a stack (…) of them.

    ln_state   ln ‖∂E/∂h_t‖_F over units and batch, t = 1…T, (…, T); −inf for an exact 0
    recurrent  ∂E/∂W, (…, N, N), summed over time and batch, as the next two
    input      ∂E/∂U, (…, N, M)
    bias       ∂E/∂b, (…, 1, N)
    initial    ∂E/∂h_0, (…, B, N), with an exponent a row
    """

    ln_state: Float
    recurrent: Scaled
    input: Scaled
    bias: Scaled
    initial: Scaled


def through_time(
    kernel: Kernel,
    recurrent: Array,
    input_weights: Array,
    bias: Array | None,
    inputs: Array,
    covector: Array,
    initial: Array | None = None,
    primitives: Primitives = NUMPY,
) -> TimeGradients:
    """The gradients of E = ⟨g, h_T⟩ of the plain recurrent net with these weights.

    W = recurrent (…, N, N), U = input_weights (…, N, M), b = bias (…, N) or None, x = inputs (…, T, B, M),
    g = covector (…, B, N), h_0 = initial (…, B, N), None for 0; leading axes none or a stack of nets; all of
    one dtype, float32 or float64. BLAS has the threads that it has when called (`threads.blas_threads`).
    Raises ValueError on shapes that do not fit, and, naming the step, where φ or φ′ leaves its range for good
    (see `scaled`).
    """
    check_shapes(recurrent, input_weights, bias, inputs, covector, initial)
    rows = None if bias is None else bias[..., None, :]
    return run(
        kernel, Shared.of(primitives, recurrent, input_weights, rows), inputs, covector, initial, primitives
    )


@np.errstate(all="ignore")
def run(
    kernel: Kernel,
    net: Shared,
    inputs: Array,
    covector: Array,
    initial: Array | None = None,
    primitives: Primitives = NUMPY,
) -> TimeGradients:
    """`through_time` for weights that may have powers of two beside them, of shapes known to fit."""
    ops = primitives
    start = np.zeros_like(covector) if initial is None else initial
    blocks = forward(ops, kernel, net, ops.array(inputs), ops.array(start))
    found = backward(ops, net, blocks, ops.array(covector))
    parts = (found.recurrent, found.input, found.bias)
    recurrent, given, bias = (Scaled(ops.numpy(part.values), part.exponent) for part in parts)
    first = found.first
    zero = np.zeros((*covector.shape[:-1], 1), np.int64)
    return TimeGradients(
        _ln_norm(found.squares, found.powers),
        recurrent,
        given,
        bias,
        Scaled(ops.numpy(first.values).copy(), zero if first.exponent is None else first.exponent),
    )


def _ln_norm(squares: Float, exponent: Exponents) -> Float:
    """½ ln Σ squares · 4**exponent over the last axis; −inf for a sum that is exactly 0."""
    if exponent.any():
        top = np.where(squares > 0, exponent, np.iinfo(np.int64).min // 4).max(axis=-1, keepdims=True)
        squares, shift = np.ldexp(squares, 2 * np.minimum(exponent - top, 0)), top[..., 0]
    else:
        shift = np.zeros(squares.shape[:-1], np.int64)
    with np.errstate(divide="ignore"):
        return 0.5 * np.log(squares.sum(axis=-1)) + np.log(2.0) * shift


def check_shapes(
    recurrent: Array,
    input_weights: Array,
    bias: Array | None,
    inputs: Array,
    covector: Array,
    initial: Array | None,
) -> None:
    """Raise ValueError, naming the first array whose shape or dtype does not fit the ones before it."""
    if inputs.dtype not in map(np.dtype, DTYPES):
        raise ValueError(f"inputs have dtype {inputs.dtype}: legal are {', '.join(DTYPES)}")
    if inputs.ndim < 3 or 0 in inputs.shape[-3:]:
        raise ValueError(f"inputs have shape {inputs.shape}: expected (…, T, B, M), each from 1 on")
    (*lead, _, batch, fan_in), width = inputs.shape, covector.shape[-1] if covector.ndim else 0
    expected = {
        "the covector": (covector, (batch, width)),
        "W": (recurrent, (width, width)),
        "U": (input_weights, (width, fan_in)),
        "b": (bias, (width,)),
        "the initial state": (initial, (batch, width)),
    }
    for name, (array, shape) in expected.items():
        if array is not None and (array.shape != (*lead, *shape) or array.dtype != inputs.dtype or not width):
            raise ValueError(
                f"{name} is {array.dtype} {array.shape}: expected {inputs.dtype} {(*lead, *shape)}"
            )
