"""A product of many matrices, decomposed so that the largest entry hides none of the small singular values.

F_m ⋯ F_1 is never formed: its entries are as large as its largest singular value, and a value 10⁻¹⁶ times
smaller is lost in their rounding. The product is kept as a *graded decomposition*

    F_l ⋯ F_1 = L_l D_l T_l,    L_l unit lower trapezoidal but for the order of its rows,  D_l = diag 2^e,

whose outer factors are well-conditioned while all of the range goes into the integers e. One step:

    C = F_{l+1} L_l,   C Π = P L_{l+1} U   (LU, pivoted rows; Π sorts the columns by ‖C_j‖·2^{e_j}),
    D_{l+1} = the powers of two in diag(U) Πᵀ D_l Π,   T_{l+1} = (D_{l+1}⁻¹ U Πᵀ D_l Π) Πᵀ T_l.

Neither C nor L sees D, so that no scale of a column changes any rounding; and pivoting by rows keeps the
rounding of a row relative to that row: the rows of diag(φ′) W may be of any size. The last L_m is made
orthonormal by QR.

Sources: Loh et al., "Stable matrix-multiplication algorithms for low-temperature numerical simulations of
fermions", 1989, and Stewart, "On graded QR decompositions of products of matrices", ETNA 3 (1995) for the
decomposition; Tomás, Chang, Scalettar, Bai, IPDPS 2012, for columns that are sorted once a step instead of
pivoted; Demmel, Gu, Eisenstat, Slapničar, Veselić, Drmač, Linear Algebra Appl. 299 (1999), for any pair of
well-conditioned outer factors, LU's too, in place of orthogonal ones; Higham, "Accuracy and stability of
numerical algorithms", 2002, chapter 9, for the rounding of LU, entry by entry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from symgrad.numeric.graded_values import powers_of_two

Float: TypeAlias = NDArray[np.float64]
Exponents: TypeAlias = NDArray[np.int64]
Indices: TypeAlias = NDArray[np.intp]

ROUNDING = 2.0**-53
LOSS = 3e3
"""Factors are multiplied together as long as the largest ‖C_j‖∞ / |U_jj| is expected to stay below this."""
WASTED = 100 * LOSS
PIVOT = 4.0
"""Largest entry of D⁻¹ U D that sorted columns are left with."""
LONGEST = 16
TINY = 2.0**-400
"""Factors are not multiplied together where a column of the product would be smaller, or 1/TINY or larger."""
DRIFT = 10
"""log2 of the lengths that the rows of T may reach before they are brought back to 1."""
UNEVEN = 2.0**-6
"""Rows of C whose peaks differ by more than this have their rounding errors followed one by one."""


@dataclass(frozen=True)
class Step:
    """One step C Π = P L U, C (n, r₀), r = min(n, r₀), as the error estimate needs it.

    packed        U in the upper triangle and L, in pivot order, below, (n, r₀)
    orthogonal    whether this is the last step, by QR, of which U alone is kept
    rows, columns the permutations P and Π as index arrays
    before        exponents of Πᵀ D_l Π, (r₀,);  after: those of D_{l+1}, (r,)
    row_scale     the rounding error of entry (i, j) of C Π = P L U is of the size of
    column_scale  u √n row_scale_i column_scale_j, (n,) and (r₀,)
    lengths       Euclidean norms of the rows of T_{l+1}, (r,)
    dropped       the last r₀ − r rows of Πᵀ T_l, transposed, (n₀, r₀ − r)
    factors       what C was multiplied together from, first factor first
    """

    packed: Float
    orthogonal: bool
    rows: Indices
    columns: Indices
    before: Exponents
    after: Exponents
    row_scale: Float
    column_scale: Float
    lengths: Float
    dropped: Float
    factors: Sequence[Float]


@dataclass(frozen=True)
class Graded:
    """F_m ⋯ F_1 = Q · diag 2^exponents · T, Q orthonormal, ``transposed`` = Tᵀ (n₀, r); and the steps."""

    exponents: Exponents
    transposed: Float
    steps: list[Step]


def between(upper: Float, before: Exponents, after: Exponents) -> Float:
    """D_{l+1}⁻¹ U Πᵀ D_l Π, (r, r₀): ``upper`` with column j times 2^before_j and row i by 2^after_i."""
    top = after.max()
    if max(top - after.min(), np.abs(before - top).max()) < 400:
        scaled: Float = upper * powers_of_two(before - top)
        scaled *= powers_of_two(top - after)[:, None]
        return scaled
    return upper * powers_of_two(before - after[:, None])


def decompose(factors: Sequence[Float]) -> Graded:
    """The graded decomposition of F_m ⋯ F_1, first factor first; no factor has a row or column of zeros.

    How many factors are multiplied together before a step is measured: as many as keep ‖C_j‖∞ / |U_jj| below
    `LOSS`, going by the last step; a group that turns out to be far above is taken apart again.
    """
    width = factors[0].shape[1]
    exponents, transposed = np.zeros(width, np.int64), np.eye(width, order="F")
    steps: list[Step] = []
    at, span = 0, 1
    while at < len(factors):
        group = factors[at : at + span]
        product, scale = _multiply(steps[-1] if steps else None, group)
        if len(group) > 1 and not (scale.min() > TINY and scale.max() < 1 / TINY):
            span = 1
            continue
        step, carried = _eliminate(product, scale, exponents, transposed, group)
        loss = float((step.column_scale[: len(step.after)] / np.abs(step.packed.diagonal())).max())
        if len(group) > 1 and not loss <= WASTED:
            span = 1
            continue
        steps.append(step)
        exponents, transposed = step.after, carried
        at += len(group)
        fitting = len(group) * math.log(LOSS) / math.log(max(loss, 1.1))
        span = max(1, min(int(fitting), 2 * len(group), LONGEST))
    step, transposed = _make_orthogonal(steps[-1], transposed)
    return Graded(step.after, transposed, [*steps, step])


def _multiply(below: Step | None, group: Sequence[Float]) -> tuple[Float, Float]:
    """C = F_{l+s} ⋯ F_{l+1} L_l, and the scale of the rounding errors in each of its columns.

    The errors of a product are scattered, so the next factor enlarges them by the norm of one of its rows.
    """
    product = np.asfortranarray(group[0])
    if below is not None:
        sorted_columns, rank = product.T[below.rows].T, len(below.after)
        product = blas.dtrmm(
            1.0, below.packed[:rank, :rank], sorted_columns[:, :rank], side=1, lower=1, diag=1
        )
        if len(below.rows) > rank:
            product += sorted_columns[:, rank:] @ below.packed[rank:, :rank]
    scale = _peaks(product, 0)
    for factor in group[1:]:
        product = (product.T @ factor.T).T  # by columns
        longest = math.sqrt(float(np.einsum("ij,ij->i", factor, factor).max()))
        scale = np.maximum(_peaks(product, 0), longest * scale)
    return product, scale


def _peaks(matrix: Float, axis: int) -> Float:
    peaks: Float = np.maximum(matrix.max(axis=axis), -matrix.min(axis=axis))
    return peaks


def _eliminate(
    product: Float, scale: Float, exponents: Exponents, transposed: Float, factors: Sequence[Float]
) -> tuple[Step, Float]:
    """The step of C = ``product``, and the new Tᵀ. Columns are sorted by size; where that leaves an entry of
    D⁻¹ U D above `PIVOT`, they are ordered by QR with column pivoting instead."""
    columns = np.argsort(-(np.log2(scale) + exponents), kind="stable")
    rank = min(product.shape)
    for pivoted in (False, True):
        if pivoted:
            reach = powers_of_two(np.maximum(exponents - exponents.max(), -400))
            columns = columns[lapack.dgeqp3((product * reach).T[columns].T)[1] - 1]
        packed, swaps, _ = lapack.dgetrf(product.T[columns].T)
        dead = np.flatnonzero(packed.diagonal() == 0)  # within the rounding of C: the estimate flags it
        packed[dead, dead] = ROUNDING * scale[columns[dead]]
        before = exponents[columns]
        after = np.frexp(packed.diagonal())[1] + before[:rank]
        upper = np.triu(packed[:rank])
        scaled = between(upper, before, after)
        if _peaks(scaled, 0).max() <= PIVOT:
            break
    rows, weight = _order(swaps, len(product)), scale[columns]
    row_scale, heights = np.ones(len(product)), _peaks(product, 1)
    if len(factors) == 1 and heights.min() < UNEVEN * heights.max():
        # |L| |U| by rows: a small pivot lets rows grow that later pivots take back
        unit = np.tril(packed[:, :rank], -1)
        np.fill_diagonal(unit, 1.0)
        grown = (np.abs(upper) / weight).max(axis=1)
        row_scale = np.maximum((np.abs(product) / scale).max(axis=1)[rows], np.sqrt(unit**2 @ grown**2))
    sources = transposed.T[columns].T
    carried = blas.dtrmm(1.0, scaled[:, :rank], sources[:, :rank], side=1, trans_a=1)
    if len(columns) > rank:
        carried += sources[:, rank:] @ scaled[:, rank:].T
    lengths = np.sqrt(np.einsum("ij,ij->j", carried, carried))
    drift = np.frexp(lengths)[1].astype(np.int64)
    if np.abs(drift).max() > DRIFT:  # the fractions of diag(U) add up in T
        shrink = powers_of_two(-drift)
        carried *= shrink
        lengths, after = lengths * shrink, after + drift
    step = Step(
        packed=packed,
        orthogonal=False,
        rows=rows,
        columns=columns,
        before=before,
        after=after,
        row_scale=row_scale,
        column_scale=np.maximum(weight, _peaks(upper, 0)),
        lengths=lengths,
        dropped=sources[:, rank:],
        factors=factors,
    )
    return step, carried


def _order(swaps: NDArray[np.int32], height: int) -> Indices:
    """The permutation that LAPACK's row exchanges amount to."""
    rows = list(range(height))
    for here, there in enumerate(swaps.tolist()):
        rows[here], rows[there] = rows[there], rows[here]
    return np.array(rows)


def _make_orthogonal(last: Step, transposed: Float) -> tuple[Step, Float]:
    """L_m D_m T_m = Q · R D_m T_m: the step after which the factor on the left is orthonormal, by QR."""
    rank = len(last.after)
    unit = np.tril(last.packed[:, :rank], -1)
    np.fill_diagonal(unit, 1.0)
    columns = np.argsort(-last.after, kind="stable")
    unit = unit.T[columns].T
    packed = lapack.dgeqrf(unit, lwork=32 * rank)[0][:rank]
    before = last.after[columns]
    after = np.frexp(packed.diagonal())[1] + before
    scaled = between(np.triu(packed), before, after)
    carried = blas.dtrmm(1.0, scaled, transposed.T[columns].T, side=1, trans_a=1)
    step = Step(
        packed=packed,
        orthogonal=True,
        rows=np.arange(rank),
        columns=columns,
        before=before,
        after=after,
        row_scale=np.ones(rank),
        column_scale=np.sqrt(np.einsum("ij,ij->j", unit, unit)),
        lengths=np.sqrt(np.einsum("ij,ij->j", carried, carried)),
        dropped=transposed[:, :0],
        factors=(),
    )
    return step, carried
