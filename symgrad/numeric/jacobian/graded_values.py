"""Singular values of D T, D = diag 2^e with any integers e, T well-conditioned: all to high accuracy.

QR of Tᵀ gives D T = D L Q₁ᵀ with L lower triangular. D L = (D L D⁻¹) D is a well-conditioned matrix times D.
The errors of QR and of the one-sided Jacobi SVD are small *relative to every column*, and so change every
singular value by a small multiple of u κ(L), relative, whatever D is (Demmel and Veselić, SIAM J. Matrix
Anal. Appl. 13 (1992); Drmač and Veselić, SIAM J. Matrix Anal. Appl. 29 (2008), LAPACK's gejsv).

Where D does not fit into float64, QR is repeated (D L → R D → D L′, L′ lower triangular): it multiplies entry
(i, j) of L by about 4^(e_i − e_j), until the matrix falls into diagonal blocks that fit. A coupling between
blocks is dropped when it is below u/64 of every diagonal entry: L (I + Δ) with Δ of that size.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Float: TypeAlias = NDArray[np.float64]
Exponents: TypeAlias = NDArray[np.int64]

SPAN = 700
"""log2 of the largest range of D that is given to LAPACK in one block."""
_COUPLING = 2.0**-59
_ROUNDS = 60


def powers_of_two(exponents: Exponents) -> Float:
    """2^exponents as float64; 0 below the normal numbers, 2^1023 above the largest."""
    power: Float = (np.clip(exponents + 1023, 0, 2046) << 52).view(np.float64)
    return power


def graded_svd(exponents: Exponents, upper: Float) -> tuple[Float, Float]:
    """log2 of the singular values of diag(2^exponents) Lᵀᵀ, Lᵀ = ``upper`` (r, r), and the right vectors V.

    exponents (r,), decreasing. The values come block by block, in each block decreasing; NaN where the Jacobi
    iteration did not converge.
    """
    rank = len(exponents)
    vectors = np.eye(rank)
    for _ in range(_ROUNDS):
        cuts = _cuts(exponents, upper)
        if cuts is not None:
            break
        upper, turned = _again(exponents, upper)
        vectors = vectors @ turned
    else:
        return np.full(rank, np.nan), vectors
    values = np.empty(rank)
    for first, last in pairwise(cuts):
        block = slice(first, last)
        columns = upper[block, block] * powers_of_two(exponents[block] - exponents[first])
        found, left, _, scale, _, info = lapack.dgejsv(columns, joba=0, jobu=0, jobv=0, jobr=0, jobt=1)
        with np.errstate(divide="ignore"):
            values[block] = np.log2(found) + np.log2(scale[0] / scale[1]) + exponents[first]
        if info:
            values[block] = np.nan
        vectors[:, block] = vectors[:, block] @ left
    return values, vectors


def _cuts(exponents: Exponents, upper: Float) -> list[int] | None:
    """Where the blocks begin and end: one block if it fits, else at every negligible coupling; None if some
    block would still be too wide."""
    rank = len(exponents)
    cuts = [0, rank]
    if exponents[0] - exponents[-1] > SPAN:
        # the largest entry above and to the right of each place on the diagonal
        reach = np.maximum.accumulate(np.maximum.accumulate(np.abs(upper), axis=0)[:, ::-1], axis=1)[:, ::-1]
        free = np.flatnonzero(reach.diagonal(1) <= _COUPLING * np.abs(upper.diagonal()).min()) + 1
        cuts = [0, *free.tolist(), rank]
    widest = max(exponents[a] - exponents[b - 1] for a, b in pairwise(cuts))
    return cuts if widest <= SPAN else None


def _again(exponents: Exponents, upper: Float) -> tuple[Float, Float]:
    """D L = Q₂ D L′ Q₃ᵀ by QR of D L D⁻¹ and of (D⁻¹ R D)ᵀ: the new L′ᵀ, and Q₃."""
    differences = exponents[:, None] - exponents
    within = upper.T * powers_of_two(differences)
    right = np.linalg.qr(within, mode="r") * powers_of_two(-differences)
    turned, upper = np.linalg.qr(np.triu(right).T)
    return upper, turned
