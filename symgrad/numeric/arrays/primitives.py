"""The handful of array operations that the forward and backward passes are written in, and NumPy's set.

A set is for one kind of array. Arrays are (…, B, N): samples are rows, leading axes a stack of nets. An
operation returns its result; ``out`` is a buffer of the result's shape and dtype that it may write into and
return. NumPy's set does so, and ends with no temporary; a set whose arrays cannot be written to ignores it
and returns a new array. ``out`` is none of the inputs, but where an operation says that it may be. Callers
change nothing in place themselves, so that both kinds of set run the same passes.

Exponents and whatever else decides the course of a pass are NumPy arrays on the host; values may lie on a
device. `extremes`, `numpy` and `within` wait for the device, `host` fetches a list of results at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.kernel import Array, Kernel

Tensor: TypeAlias = Any
"""An array of whatever set is at work."""
Float: TypeAlias = NDArray[np.float64]


class Primitives(Protocol):
    """What a pass needs of arrays. The results of all sets agree to rounding, not to the bit."""

    def array(self, values: Array) -> Tensor:
        """The set's array of these values, of the same dtype; NumPy's own is not copied."""

    def numpy(self, x: Tensor) -> Array:
        """The values on the host."""

    def host(self, results: Sequence[Tensor], axis: int) -> Float:
        """Small results one after another along an axis, in float64 on the host."""

    def dtype(self, x: Tensor) -> np.dtype[Any]:
        """float32 or float64, as NumPy's."""

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tensor | None:
        """A buffer to be given as ``out``, contents arbitrary; None where the set does not write in place."""

    def transposed(self, x: Tensor) -> Tensor:
        """The last two axes exchanged, without a copy."""

    def product(self, x: Tensor, y: Tensor, out: Tensor | None = None) -> Tensor:
        """The matrix products x y."""

    def gram(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """The products of the rows with each other, x xᵀ: (…, B, N) → (…, B, B)."""

    def multiply(self, x: Tensor, y: Tensor, out: Tensor | None = None) -> Tensor:
        """x ∘ y, shapes broadcast; ``out`` may be x."""

    def add(self, x: Tensor, y: Tensor, out: Tensor | None = None) -> Tensor:
        """x + y, shapes broadcast; ``out`` may be x."""

    def scale(self, x: Tensor, factor: float | Float, out: Tensor | None = None) -> Tensor:
        """x times a number, or an array on the host that broadcasts to x, rounded to the dtype of x first;
        ``out`` may be x."""

    def stacked(self, parts: Sequence[Tensor]) -> Tensor:
        """Arrays of one shape side by side: n × (…, B, N) → (…, n, B, N)."""

    def joined(self, parts: Sequence[Tensor]) -> Tensor:
        """Arrays one after another along the last axis."""

    def sums(self, x: Tensor) -> Tensor:
        """Σ of each row: (…, B, N) → (…, B)."""

    def squares(self, x: Tensor) -> Tensor:
        """Σ x² of each row, in the dtype of x: (…, B, N) → (…, B)."""

    def inner(self, x: Tensor, y: Tensor, factor: Float | None = None) -> Tensor:
        """Σ x ∘ factor ∘ y over the last two axes, in float64: (…, N, M) → (…); the factor is on the host."""

    def within(self, x: Tensor, low: float, high: float) -> bool:
        """Whether every entry lies in [low, high]; False where one is NaN."""

    def extremes(self, x: Tensor) -> tuple[Array, Array]:
        """Least and largest entry of each row, on the host: (…, B, N) → (…, B, 1); NaN where the row holds
        one."""

    def phi(self, kernel: Kernel, a: Tensor, out: Tensor | None = None) -> Tensor:
        """φ(a)."""

    def dphi(self, kernel: Kernel, a: Tensor, h: Tensor, out: Tensor | None = None) -> Tensor:
        """φ′(a), given h = φ(a)."""


class _NumPy:
    """NumPy arrays, every operation in place; see `Primitives`."""

    def array(self, values: Array) -> Array:
        return values

    def numpy(self, x: Array) -> Array:
        return x

    def host(self, results: Sequence[Array], axis: int) -> Float:
        return np.concatenate(results, axis).astype(np.float64, copy=False)

    def dtype(self, x: Array) -> np.dtype[Any]:
        return x.dtype

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        return np.empty(shape, dtype)

    def transposed(self, x: Array) -> Array:
        return x.swapaxes(-1, -2)

    def product(self, x: Array, y: Array, out: Array | None = None) -> Array:
        return np.matmul(x, y, out=out)

    def gram(self, x: Array, out: Array | None = None) -> Array:
        # matmul sees that both factors are one array and calls syrk: two thirds of the time of a product
        return np.matmul(x, x.swapaxes(-1, -2), out=out)

    def multiply(self, x: Array, y: Array, out: Array | None = None) -> Array:
        return np.multiply(x, y, out=out)

    def add(self, x: Array, y: Array, out: Array | None = None) -> Array:
        return np.add(x, y, out=out)

    def scale(self, x: Array, factor: float | Float, out: Array | None = None) -> Array:
        return np.multiply(x, np.asarray(factor, x.dtype), out=out)

    def stacked(self, parts: Sequence[Array]) -> Array:
        return np.stack(parts, axis=-3)

    def joined(self, parts: Sequence[Array]) -> Array:
        return np.concatenate(parts, axis=-1)

    def sums(self, x: Array) -> Array:
        return np.add.reduce(x, axis=-1)

    def squares(self, x: Array) -> Array:
        return np.vecdot(x, x)

    def inner(self, x: Array, y: Array, factor: Float | None = None) -> Float:
        # float32 squares of float32 products leave their range; float64 ones do not
        left = x.astype(np.float64, copy=False)
        right = left if y is x else y.astype(np.float64, copy=False)
        if factor is not None:
            left = left * factor
        lead = left.shape[:-2]
        return np.vecdot(left.reshape(*lead, -1), right.reshape(*lead, -1))

    def within(self, x: Array, low: float, high: float) -> bool:
        # argmin stops at a NaN, and takes half the time of a reduction that has so few entries
        return bool(low <= x.item(x.argmin()) and x.item(x.argmax()) <= high)

    def extremes(self, x: Array) -> tuple[Array, Array]:
        return np.minimum.reduce(x, axis=-1, keepdims=True), np.maximum.reduce(x, axis=-1, keepdims=True)

    def phi(self, kernel: Kernel, a: Array, out: Array | None = None) -> Array:
        out = np.empty_like(a) if out is None else out
        kernel.phi(a, out)
        return out

    def dphi(self, kernel: Kernel, a: Array, h: Array, out: Array | None = None) -> Array:
        out = np.empty_like(a) if out is None else out
        kernel.dphi(a, h, out)
        return out


NUMPY: Primitives = _NumPy()
"""NumPy's set, the one that is used unless another is asked for."""


class Buffers:
    """Arrays by name, made once and written over: what is given as ``out``."""

    def __init__(self, primitives: Primitives) -> None:
        self._primitives = primitives
        self._held: dict[Any, Tensor] = {}

    def __call__(self, name: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tensor | None:
        """The array of this name, made anew when its shape or dtype has changed."""
        held = self._held.get(name)
        if held is None or held.shape != shape or held.dtype != dtype:
            held = self._held[name] = self._primitives.empty(shape, dtype)
        return held

    @property
    def size(self) -> int:
        """Bytes held, of arrays that can be written into."""
        return sum(held.nbytes for held in self._held.values() if held is not None)
