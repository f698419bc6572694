"""What NumPy's operations are called in the Python array API, so that a program runs on other arrays too.

A namespace is any object with the array API's functions, and beyond the standard erf and erfc where an
activation needs them: `array_api_compat.torch` is one. Source: https://data-apis.org/array-api/2024.12/.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

__all__ = ["NAMES", "function"]

NAMES: dict[Callable[..., Any], str] = {
    np.abs: "abs",
    np.add: "add",
    np.arccos: "acos",
    np.arccosh: "acosh",
    np.arcsin: "asin",
    np.arcsinh: "asinh",
    np.arctan: "atan",
    np.arctanh: "atanh",
    np.cbrt: "cbrt",
    np.cos: "cos",
    np.cosh: "cosh",
    np.divide: "divide",
    np.equal: "equal",
    np.exp: "exp",
    np.expm1: "expm1",
    np.greater: "greater",
    np.greater_equal: "greater_equal",
    np.less: "less",
    np.less_equal: "less_equal",
    np.log: "log",
    np.log1p: "log1p",
    np.logical_and: "logical_and",
    np.logical_not: "logical_not",
    np.logical_or: "logical_or",
    np.maximum: "maximum",
    np.minimum: "minimum",
    np.multiply: "multiply",
    np.not_equal: "not_equal",
    np.power: "pow",
    np.sign: "sign",
    np.sin: "sin",
    np.sinh: "sinh",
    np.sqrt: "sqrt",
    np.square: "square",
    np.subtract: "subtract",
    np.tan: "tan",
    np.tanh: "tanh",
    scipy.special.erf: "erf",
    scipy.special.erfc: "erfc",
}
"""Operation of a program → its name in a namespace; cbrt, erf and erfc are not in the standard."""


def function(xp: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    """The namespace's function for an operation; `NotImplementedError` with its name if there is none."""
    name = NAMES[run]
    if not hasattr(xp, name):
        raise NotImplementedError(f"{getattr(xp, '__name__', xp)} has no {name}, which this function needs")
    return getattr(xp, name)
