"""Six activations written by hand: what the engine's tests are run on. Theory compiles its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from scipy.special import erf, expit

from symgrad.numeric import Kernel


def _identity(a: Any, out: Any) -> None:
    out[...] = a


def _one(a: Any, h: Any, out: Any) -> None:
    out.fill(1)


def _tanh_slope(a: Any, h: Any, out: Any) -> None:
    np.multiply(h, h, out=out)
    np.subtract(1, out, out=out)


def _relu(a: Any, out: Any) -> None:
    np.maximum(a, 0, out=out)


def _relu_slope(a: Any, h: Any, out: Any) -> None:
    np.greater(a, 0, out=out, casting="unsafe")


def _sigmoid(a: Any, out: Any) -> None:
    expit(a, out=out)


def _sigmoid_slope(a: Any, h: Any, out: Any) -> None:
    expit(-a, out=out)
    np.multiply(out, h, out=out)


def _gelu(a: Any, out: Any) -> None:
    np.multiply(a, math.sqrt(0.5), out=out)
    erf(out, out=out)
    out += 1
    out *= a
    out *= 0.5


def _gelu_slope(a: Any, h: Any, out: Any) -> None:
    out[...] = 0.5 * (1 + erf(a * math.sqrt(0.5))) + a * np.exp(-0.5 * a * a) / math.sqrt(2 * math.pi)


def _softplus(a: Any, out: Any) -> None:
    np.logaddexp(0, a, out=out)


def _softplus_slope(a: Any, h: Any, out: Any) -> None:
    expit(a, out=out)


KERNELS: dict[str, Kernel] = {
    "identity": Kernel(_identity, _one, (1, 1), (1, 1)),
    "tanh": Kernel(np.tanh, _tanh_slope, (1, 1), (0, 0)),
    "relu": Kernel(_relu, _relu_slope, (0, 1), (0, 1), (0.0,)),
    "sigmoid": Kernel(_sigmoid, _sigmoid_slope, None, (0, 0)),
    "gelu": Kernel(_gelu, _gelu_slope, (0.5, 0.5), (0, 1)),
    "softplus": Kernel(_softplus, _softplus_slope, None, (0, 1)),
}
"""name → kernel; np.tanh's second positional argument is its output."""

GAMMA: dict[str, float] = {
    "identity": 1.0,
    "tanh": 1.0,
    "relu": 1.0,
    "sigmoid": 0.25,
    "gelu": 0.5 * (1 + math.erf(1)) + math.exp(-1) / math.sqrt(math.pi),
    "softplus": 1.0,
}
"""sup |φ′| of each."""

EXACT: dict[str, Callable[[Any], Any]] = {
    "identity": lambda x: x,
    "tanh": mpmath.tanh,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "gelu": lambda x: x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2,
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
}
"""φ in multiple precision."""

TORCH: dict[str, Callable[[Any], Any]] = {
    "identity": lambda a: a,
    "tanh": lambda a: a.tanh(),
    "relu": lambda a: a.relu(),
    "sigmoid": lambda a: a.sigmoid(),
    "gelu": lambda a: a * (1 + (a / math.sqrt(2)).erf()) / 2,
    "softplus": lambda a: (0 * a).logaddexp(a),
}
"""φ in PyTorch, whose autograd is an independent oracle."""
