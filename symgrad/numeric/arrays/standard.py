"""The second set of primitives: plain Python array API and erf, for PyTorch tensors on any device.

    ops = standard_arrays("torch")                         # on a GPU where there is one
    measure_draw(net, kernel, sample(net, range(net.seeds)), primitives=ops)

Nothing is written in place. Values stay on the device; what comes to the host is a bit where the course of a
pass hangs on it, and the sums of all layers at the end. Source: https://data-apis.org/array-api/2024.12/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from symgrad.numeric.arrays.primitives import Float, Tensor
from symgrad.numeric.kernel import Array, Kernel

NAMESPACES = ("torch", "cupy", "numpy")
"""What `array_api_compat` gives the array API's names to; PyTorch and NumPy are tested."""


def standard_arrays(namespace: str = "torch", device: Any = None) -> StandardArrays:
    """The set for arrays of a library on a device ("cpu", "cuda", "cuda:1" for PyTorch); by default a GPU
    where PyTorch sees one, else what the library takes.

    Kernels must be compiled ones (`symgrad.theory.activations.kernel`), which run on any namespace; where the
    library lacks an operation of theirs, the pass raises NotImplementedError with its name. Raises ValueError
    for a namespace, or a device, that there is none of.
    """
    if namespace not in NAMESPACES:
        raise ValueError(f"namespace = {namespace!r}: legal are {', '.join(NAMESPACES)}")
    try:
        import_module(namespace)
        xp = import_module(f"array_api_compat.{namespace}")
    except ModuleNotFoundError as missing:
        raise ValueError(f"namespace = {namespace!r}: {missing.name} is not installed") from None
    if namespace == "torch" and device is None:
        device = "cuda" if xp.cuda.is_available() else "cpu"
    try:
        xp.empty((1,), device=device)
    except (RuntimeError, ValueError, AssertionError) as refused:
        why = str(refused).split("\n")[0]
        raise ValueError(f"device = {device!r}: {namespace} does not take it: {why}") from None
    return StandardArrays(xp, device)


@dataclass(frozen=True)
class StandardArrays:
    """Arrays of the namespace ``xp`` on a device; see `primitives.Primitives`. ``out`` is never written."""

    xp: Any
    device: Any

    def array(self, values: Tensor) -> Tensor:
        """Arrays of the namespace pass as they are; NumPy's are copied, since they may be read-only."""
        if not isinstance(values, np.ndarray):
            return values
        return self.xp.asarray(np.ascontiguousarray(values), device=self.device, copy=True)

    def numpy(self, x: Tensor) -> Array:
        from array_api_compat import to_device

        return np.asarray(to_device(x, "cpu"))

    def host(self, results: Sequence[Tensor], axis: int) -> Float:
        return self.numpy(self.xp.concat(list(results), axis=axis)).astype(np.float64, copy=False)

    def dtype(self, x: Tensor) -> np.dtype[Any]:
        return np.dtype(np.float32 if x.dtype == self.xp.float32 else np.float64)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        return None

    def transposed(self, x: Tensor) -> Tensor:
        return self.xp.matrix_transpose(x)

    def product(self, x: Tensor, y: Tensor, out: Tensor | None = None) -> Tensor:
        return self.xp.matmul(x, y)

    def gram(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        return self.xp.matmul(x, self.xp.matrix_transpose(x))

    def multiply(self, x: Tensor, y: Tensor, out: Tensor | None = None) -> Tensor:
        return x * y

    def add(self, x: Tensor, y: Tensor, out: Tensor | None = None) -> Tensor:
        return x + y

    def scale(self, x: Tensor, factor: float | Float, out: Tensor | None = None) -> Tensor:
        return x * self.array(np.asarray(factor, self.dtype(x)))

    def stacked(self, parts: Sequence[Tensor]) -> Tensor:
        return self.xp.stack(list(parts), axis=-3)

    def joined(self, parts: Sequence[Tensor]) -> Tensor:
        return self.xp.concat(list(parts), axis=-1)

    def sums(self, x: Tensor) -> Tensor:
        return self.xp.sum(x, axis=-1)

    def squares(self, x: Tensor) -> Tensor:
        return self.xp.sum(x * x, axis=-1)

    def inner(self, x: Tensor, y: Tensor, factor: Float | None = None) -> Tensor:
        # float32 squares of float32 products leave their range; float64 ones do not
        x, y = (self.xp.astype(part, self.xp.float64, copy=False) for part in (x, y))
        if factor is not None:
            x = x * self.array(factor)
        return self.xp.sum(x * y, axis=(-2, -1))

    def within(self, x: Tensor, low: float, high: float) -> bool:
        return bool(self.xp.all(self.xp.logical_and(x >= low, x <= high)))

    def extremes(self, x: Tensor) -> tuple[Array, Array]:
        xp = self.xp
        both = xp.stack([xp.min(x, axis=-1, keepdims=True), xp.max(x, axis=-1, keepdims=True)])
        low, high = self.numpy(both)
        return low, high

    def phi(self, kernel: Kernel, a: Tensor, out: Tensor | None = None) -> Tensor:
        return _anywhere(kernel.phi)(self.xp, a)

    def dphi(self, kernel: Kernel, a: Tensor, h: Tensor, out: Tensor | None = None) -> Tensor:
        return _anywhere(kernel.dphi)(self.xp, a, h)


def _anywhere(function: Any) -> Any:
    if not hasattr(function, "on"):
        raise ValueError(f"{function!r} is written for NumPy alone: take a compiled kernel")
    return function.on
