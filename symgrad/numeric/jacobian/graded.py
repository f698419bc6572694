"""All singular values of a long product of matrices, however far apart, with an estimate of each error.

    found = singular_values([F_1, …, F_m])      # of F_m ⋯ F_1
    found.ln_values[found.error <= 1e-8]

`graded_product` keeps the product as Q D T with all of its range in D = diag 2^e, `graded_values` takes the
singular values of D T, `graded_error` follows the rounding of every step to first order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.jacobian.graded_error import errors
from symgrad.numeric.jacobian.graded_product import decompose
from symgrad.numeric.jacobian.graded_values import graded_svd

Float: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class SingularValues:
    """Of a product (n_m, n_0), K = min(n_m, n_0).

    ln_values  (K,), decreasing; −inf for an exact zero
    error      (K,) estimated error of ln_values; ∞ where nothing is known, 0 for an exact zero
    zeros      how many of the K are zero for certain. A row of a factor is alive when a path of entries ≠ 0
               leads through it from the input to the output; the rank is at most the least number of rows
               alive between two factors, and the rest are zeros. A rank that is lower still, by cancellation,
               is not claimed: such a value is a number of the size of rounding, and its error is large.
    """

    ln_values: Float
    error: Float
    zeros: int


def singular_values(
    factors: Sequence[NDArray[Any]], exponents: Sequence[int] | None = None
) -> SingularValues:
    """The singular values of F_m ⋯ F_1; F_l (n_l, n_{l−1}) times 2^exponents[l − 1], F_1 first.

    Beside the factors it takes memory for 2 m N² numbers at most. Its BLAS calls are small: one thread is
    fastest. Raises ValueError where the factors do not fit together, or an entry is infinite or NaN.
    """
    check(factors)
    shape = (factors[-1].shape[0], factors[0].shape[1])
    total = 0 if exponents is None else sum(exponents)
    scaled = []
    for factor in factors:
        plain, exponent = _ordinary(np.asarray(factor, np.float64))
        scaled.append(plain)
        total += exponent
    kept = _alive(scaled)
    count = min(shape)
    rank = min(min(factor.shape) for factor in kept)
    values, error = np.full(count, -np.inf), np.zeros(count)
    if rank:
        graded = decompose(kept)
        order = np.argsort(-graded.exponents, kind="stable")
        upper = np.asfortranarray(np.linalg.qr(graded.transposed[:, order], mode="r"))
        log2_values, vectors = graded_svd(graded.exponents[order], upper)
        estimated = errors(graded, order, upper, log2_values, vectors)
        decreasing = np.argsort(-log2_values, kind="stable")
        values[:rank] = math.log(2) * (log2_values[decreasing] + total)
        error[:rank] = estimated[decreasing]
    return SingularValues(values, error, count - rank)


def check(factors: Sequence[NDArray[Any]]) -> None:
    """Raise ValueError, naming the first factor that is no finite matrix or does not fit the one before."""
    if not factors:
        raise ValueError("factors is empty: a product has at least one factor")
    width = factors[0].shape[-1]
    for number, factor in enumerate(factors, 1):
        if factor.ndim != 2 or factor.shape[1] != width or not factor.size:
            raise ValueError(f"factor {number} is {factor.shape}: expected a matrix with {width} columns")
        if not np.isfinite(factor).all():
            raise ValueError(f"factor {number} has an infinite entry or NaN: legal are finite numbers")
        width = factor.shape[0]


def _ordinary(factor: Float) -> tuple[Float, int]:
    """F 2^−e and e, which is 0 unless products with so large or small an F might leave float64."""
    exponent = int(np.frexp(np.abs(factor).max())[1])
    return (factor, 0) if abs(exponent) < 700 else (np.ldexp(factor, -exponent), exponent)


def _alive(factors: Sequence[Float]) -> list[Float]:
    """The factors without the rows and columns that no path of entries ≠ 0 leads through, input to output."""
    if all(factor.all() for factor in factors):
        return list(factors)
    alive: list[Mask] = [np.ones(factors[0].shape[1], bool)]
    for factor in factors:
        alive.append((factor[:, alive[-1]] != 0).any(axis=1))
    for at in range(len(factors) - 1, -1, -1):
        alive[at] &= (factors[at][alive[at + 1]] != 0).any(axis=0)
    return [f[np.ix_(out, into)] for f, into, out in zip(factors, alive[:-1], alive[1:], strict=True)]
