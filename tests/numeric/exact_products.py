"""Singular values of a product of matrices in ball arithmetic, and factors that are hard on a method."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def exact_product(factors: Sequence[Float], bits: int) -> Any:
    """F_m ⋯ F_1 to about that many bits of its largest entry (an `arb_mat` whose balls are dropped)."""
    flint.ctx.prec = bits + 16 * len(factors)  # a layer's balls grow by less than 16 bits
    product = None
    for factor in factors:
        matrix = flint.arb_mat(
            factor.shape[0], factor.shape[1], [flint.arb(float(x)) for x in factor.ravel()]
        )
        product = matrix if product is None else matrix * product
    assert product is not None
    return flint.arb_mat(product.nrows(), product.ncols(), [x.mid() for x in product.entries()])


def exact_ln_values(factors: Sequence[Float], span: float) -> Float:
    """ln of all singular values, decreasing, right where they lie within e^span of the largest.

    Eigenvalues of J Jᵀ by the QR algorithm in twice the digits of the span and 30 more.
    """
    before, bits = flint.ctx.prec, int(span / math.log(2)) + 100
    try:
        product = exact_product(factors, bits)
        flint.ctx.prec = 2 * bits
        gram = product * product.transpose()
        if product.nrows() > product.ncols():
            gram = product.transpose() * product
        values = [x.real.mid() for x in flint.acb_mat(gram).eig(algorithm="approx")]
        logs = [float(x.log().mid()) / 2 if x > 0 else -math.inf for x in values]
    finally:
        flint.ctx.prec = before
    return np.array(sorted(logs, reverse=True))


Make = Callable[[np.random.Generator, int], Float]


def _gaussian(rng: np.random.Generator, n: int) -> Float:
    return rng.standard_normal((n, n)) / math.sqrt(n)


def _orthogonal(rng: np.random.Generator, n: int) -> Float:
    return np.linalg.qr(_gaussian(rng, n))[0]


def _triangular(rng: np.random.Generator, n: int) -> Float:
    return np.triu(_gaussian(rng, n))


def _nearly_singular(rng: np.random.Generator, n: int) -> Float:
    u, s, v = np.linalg.svd(_gaussian(rng, n))
    s[-1] = 1e-12
    return (u * s) @ v


def _non_normal(rng: np.random.Generator, n: int) -> Float:
    return _gaussian(rng, n) * 2.0 ** np.arange(n)


def _tiny_slopes(rng: np.random.Generator, n: int) -> Float:
    return 10.0 ** -rng.uniform(0, 200, (n, 1)) * _gaussian(rng, n)


def _saturated(rng: np.random.Generator, n: int) -> Float:
    return np.cosh(3 * rng.standard_normal((n, 1))) ** -2 * _gaussian(rng, n)


def _relu(rng: np.random.Generator, n: int) -> Float:
    return (rng.random((n, 1)) < 0.7) * _gaussian(rng, n)


KINDS: dict[str, Make] = {
    "gaussian": _gaussian,
    "orthogonal": _orthogonal,
    "triangular": _triangular,
    "nearly singular": _nearly_singular,
    "non-normal": _non_normal,
    "slopes of 1e-200": _tiny_slopes,
    "saturated tanh": _saturated,
    "ReLU": _relu,
}
"""kind → one factor."""


def factors_of(kind: str, width: int, depth: int, equal: bool, seed: int = 0) -> list[Float]:
    """``depth`` factors of a kind, all the same where ``equal``."""
    rng = np.random.default_rng(seed)
    if equal:
        return [KINDS[kind](rng, width)] * depth
    return [KINDS[kind](rng, width) for _ in range(depth)]
