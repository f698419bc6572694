"""The two activations that gates are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from symgrad.numeric.kernel import Kernel


class _Sigmoid:
    """1/(1 + e^−a): e^−a overflows to ∞ where σ is 0 to all digits, and no digit is lost on the way there."""

    def __call__(self, a: Any, out: Any) -> None:
        np.negative(a, out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=out)
        np.reciprocal(out, out=out)

    @staticmethod
    def on(xp: Any, a: Any) -> Any:
        """σ of another library's array."""
        return 1 / (1 + xp.exp(-a))


class _SigmoidSlope:
    """h(1 − h)."""

    def __call__(self, a: Any, h: Any, out: Any) -> None:
        np.subtract(1, h, out=out)
        np.multiply(out, h, out=out)

    @staticmethod
    def on(xp: Any, a: Any, h: Any) -> Any:
        """The same of another library's array."""
        return (1 - h) * h


class _Tanh:
    """tanh a."""

    def __call__(self, a: Any, out: Any) -> None:
        np.tanh(a, out=out)

    @staticmethod
    def on(xp: Any, a: Any) -> Any:
        """tanh of another library's array."""
        return xp.tanh(a)


class _TanhSlope:
    """1 − h²."""

    def __call__(self, a: Any, h: Any, out: Any) -> None:
        np.multiply(h, h, out=out)
        np.subtract(1, out, out=out)

    @staticmethod
    def on(xp: Any, a: Any, h: Any) -> Any:
        """The same of another library's array."""
        return 1 - h * h


SIGMOID = Kernel(_Sigmoid(), _SigmoidSlope(), None, (0.0, 0.0))
"""σ, the activation of a gate. φ′ is taken from the output: ``a`` may be anything. ``out`` may be an input of
φ."""
TANH = Kernel(_Tanh(), _TanhSlope(), (1.0, 1.0), (0.0, 0.0))
"""tanh, the activation of what is written; as `SIGMOID`."""
