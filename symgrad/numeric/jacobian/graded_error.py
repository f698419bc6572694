"""How far rounding can have moved each singular value of a graded decomposition: a first-order estimate.

A step commits rounding errors E in C = F_{l+1} Q_l and in C Π = Q R. With J = A C P_l, P_l = D_l T_l, and
J's singular vectors u_k, v_k, the k-th singular value moves, to first order, by

    δ ln σ_k = z_kᵀ E y_k / σ_k,    z_k = Aᵀ u_k,  y_k = P_l v_k.

E is small by columns, and by rows where those were sorted (Higham, "Accuracy and stability of numerical
algorithms", 2002, chapter 19; Cox and Higham 1998). As rounding errors are scattered, it grows as √n u, not
n u (Higham and Mary, SIAM J. Sci. Comput. 41 (2019)), and sums over i and j as quadratic means:

    |δ ln σ_k| ≲ √n u ‖ρ∘z_k‖ ‖w∘y_k‖ / σ_k,    E_ij of the size √n u ρ_i w_j.

The rounding of T_l adds √n u ‖τ∘X_k‖, where X_k = D_l x_k / σ_k, x_k = Q_lᵀ z_k, τ the lengths of T's rows,
and so does QR where T is made orthonormal.
The errors of two steps have nothing to do with each other, and add up as a quadratic mean too, unless a
factor occurs more than once: equal layers commit equal errors, and then the sizes are added. The sum is
taken `SAFETY` times.

x and y come by recursion from the last step down, through triangular factors, where nothing cancels:
x_l = Π Rᵀ x_{l+1}, y_l = Π R⁻¹ y_{l+1}; where T was made orthonormal, K⁻ᵀ x and K y come next. They are as
graded as D: an entry of x_k that belongs to d_i ≫ d_k is smaller than the largest by d_k/d_i, and matters
further down. So they go through in blocks of `WINDOW` binary orders of D: x as X = D x/σ above and in the
block and plainly below it, y as M = D⁻¹ y in the block and below and plainly above. It is an estimate: of
first order, and for errors that are scattered. Where it is not small it says that nothing is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas

from symgrad.numeric.jacobian.graded_product import (
    ROUNDING,
    Exponents,
    Float,
    Graded,
    Indices,
    Refresh,
    Step,
    between,
)
from symgrad.numeric.jacobian.graded_values import powers_of_two

SAFETY = 2.0
WINDOW = 400


@np.errstate(all="ignore")
def errors(graded: Graded, order: Indices, upper: Float, log2_values: Float, vectors: Float) -> Float:
    """The estimated error of ln σ_k for every k, (r,); ∞ where it cannot be had.

    order sorts the exponents of D downwards; Tᵀ[:, order] = Q₁ ``upper``; V = Q₁ ``vectors``.
    """
    rank = len(order)
    exponents = graded.exponents[order]
    # X = T⁻ᵀ V and M = T V, by rows k; X = D² M Σ⁻², so that each entry is taken where it did not cancel
    x = blas.dtrsm(1.0, upper, vectors).T
    m = vectors.T @ upper
    gap = exponents - log2_values[:, None]
    x, m = np.where(gap < 0, m, x), np.where(gap < 0, m, x)
    x_gap, m_gap = np.minimum(2 * gap, 0), -np.maximum(2 * gap, 0)
    right = None
    if any(step.dropped.shape[1] for step in graded.steps):
        q = np.linalg.qr(graded.transposed[:, order])[0]
        right = vectors.T @ q.T
    found, scattered = np.empty(rank), _distinct(graded.steps)
    for first, last in _windows(log2_values):
        block, places = slice(first, last), np.arange(rank)
        x_power = np.where(places < last, 0, exponents[last - 1] - exponents)
        m_power = np.where(places < first, exponents - exponents[first], 0)
        x_block = x[block] * np.exp2(x_gap[block] + x_power)
        m_block = m[block] * np.exp2(m_gap[block] + m_power)
        back = np.argsort(order)
        start = _Rows(x_block.T[back].T, x_power[back], m_block.T[back].T, m_power[back])
        beside = None if right is None else right[block]
        moves = _moves(graded.steps, start, first, last, beside)
        found[block] = np.sqrt(np.square(moves).sum(axis=0)) if scattered else np.sum(moves, axis=0)
    total = SAFETY * found + 4 * ROUNDING * (1 + np.abs(log2_values))
    return np.where(np.isfinite(total), total, np.inf)


def _windows(log2_values: Float) -> list[tuple[int, int]]:
    windows, first = [], 0
    for at in range(1, len(log2_values) + 1):
        if at == len(log2_values) or not log2_values[first] - log2_values[at] <= WINDOW:
            windows.append((first, at))
            first = at
    return windows


@dataclass(frozen=True)
class _Rows:
    """X_kᵀ 2^x_power and M_kᵀ 2^m_power for the k of a block, each (K, r)."""

    x: Float
    x_power: Exponents
    m: Float
    m_power: Exponents


def _distinct(steps: Sequence[Step]) -> bool:
    """Whether no factor occurs twice, as first rows show, be it with other signs or times a power of two."""
    seen = [np.frexp(np.abs(factor[0]))[0].tobytes() for step in steps for factor in step.factors]
    return len(set(seen)) == len(seen)


def _moves(steps: Sequence[Step], rows: _Rows, first: int, last: int, right: Float | None) -> list[Float]:
    """How far each step moves ln σ_k for k = first … last − 1, from D T on down; right = those rows of Vᵀ."""
    lengths = steps[-1].lengths * powers_of_two(-rows.x_power)
    moves = [ROUNDING * np.sqrt(len(lengths)) * _norms(rows.x, lengths)]
    raw: Float | None = None
    for number in range(len(steps) - 1, -1, -1):
        step = steps[number]
        rank, width = len(step.after), len(step.before)
        low, high = _ends(step.after, first, last)
        low_in, high_in = _ends(step.before, first, last)
        places = np.arange(width)
        upper = step.upper
        scaled = between(upper, step.before, step.after)
        refreshed_below = number > 0 and steps[number - 1].refresh is not None
        roundings = 1
        if step.refresh is not None:
            rows, roundings = _before(step.refresh, rows, first, last), 2

        x_power = np.where(places[:rank] < last, 0, low - step.after)
        x = rows.x * powers_of_two(x_power - rows.x_power)
        terms = np.sqrt(max(len(step.basis), width) * (len(step.factors) + refreshed_below))
        of_t = roundings * _norms(x, step.lengths * powers_of_two(-x_power))
        plain = x * powers_of_two(np.where(places[:rank] < last, low - step.after, 0))
        tall_below = number > 0 and len(steps[number - 1].basis) > width
        if step.row_scale is None and raw is None and not tall_below:
            z_norm = np.sqrt(np.einsum("ij,ij->i", plain, plain))
        else:
            z = plain @ step.basis.T
            if raw is not None:  # what of z is beside the range of Q
                z += raw - (raw @ step.basis) @ step.basis.T
            z_norm = _norms(z, np.ones(1) if step.row_scale is None else step.row_scale)
        raw = None
        if tall_below:
            raw = z * np.exp2(low_in - low)
            for factor in reversed(step.factors):
                raw = raw @ factor
        above = x[:, :last]
        x_in = np.empty((len(x), width), order="F")
        if last == rank:
            x_in[:, :last] = blas.dtrmm(1.0, scaled[:, :last], above, side=1)
        else:
            x_in[:, :last] = above @ scaled[:last, :last]
        if last < width:
            x_in[:, last:] = (above * powers_of_two(low_in - step.after[:last])) @ upper[:last, last:]
            x_in[:, last:] += (x[:, last:] * np.exp2(low_in - low)) @ upper[last:, last:]
        x_power = np.where(places < last, 0, low_in - step.before)

        m_power = np.where(places[:rank] < first, step.after - high, 0)
        m = rows.m * powers_of_two(m_power - rows.m_power)
        m_in = np.empty((len(m), width), order="F")
        rest = m[:, first:]
        if right is not None and rank < width:
            m_in[:, rank:] = right @ step.dropped
            rest = rest - m_in[:, rank:] @ scaled[first:, rank:].T
        m_in[:, first:rank] = blas.dtrsm(1.0, scaled[first:, first:rank], rest, side=1, trans_a=1)
        if first:
            below = m_in[:, first:] * powers_of_two(step.before[first:] - high_in)
            rest = m[:, :first] * np.exp2(high - high_in) - below @ upper[:first, first:].T
            m_in[:, :first] = blas.dtrsm(1.0, upper[:first, :first], rest, side=1, trans_a=1)
        m_power = np.where(places < first, step.before - high_in, 0)
        sizes = powers_of_two(np.where(places < first, 0, step.before - high_in))
        of_c = z_norm * _norms(m_in, step.column_scale * sizes) * np.exp2(high_in - low)
        moves.append(ROUNDING * terms * (of_t + of_c))

        back = np.empty_like(step.columns)
        back[step.columns] = places
        rows = _Rows(x_in.T[back].T, x_power[back], m_in.T[back].T, m_power[back])
    return moves


def _before(refresh: Refresh, rows: _Rows, first: int, last: int) -> _Rows:
    """The rows that belong to Q D T, of those that belong to (Q K) D Q₁ᵀ: Lᵀ X = X′, M = L M′."""
    exponents, upper = refresh.exponents, refresh.upper
    within = between(upper, exponents, exponents)
    places = np.arange(len(exponents))
    x_power = np.where(places < last, 0, exponents[last - 1] - exponents)
    x = np.asfortranarray(rows.x * powers_of_two(x_power - rows.x_power))
    if last < len(places):
        x[:, last:] = blas.dtrsm(1.0, within[last:, last:], x[:, last:], side=1, trans_a=1)
        x[:, :last] -= (x[:, last:] * powers_of_two(-x_power[last:])) @ upper[:last, last:].T
    x[:, :last] = blas.dtrsm(1.0, upper[:last, :last], x[:, :last], side=1, trans_a=1)
    m_power = np.where(places < first, exponents - exponents[first], 0)
    m = rows.m * powers_of_two(m_power - rows.m_power)
    m_in = np.empty_like(x)
    m_in[:, first:] = blas.dtrmm(1.0, upper[first:, first:], m[:, first:], side=1)
    if first:
        m_in[:, first:] += (m[:, :first] * powers_of_two(-m_power[:first])) @ upper[:first, first:]
        m_in[:, :first] = blas.dtrmm(1.0, within[:first, :first], m[:, :first], side=1)
    back = np.argsort(refresh.order)
    return _Rows(x.T[back].T, x_power[back], m_in.T[back].T, m_power[back])


def _norms(rows: Float, weights: Float) -> Float:
    """‖weights∘row‖ of each row; the squares of tiny weights would underflow."""
    norms: Float
    if weights.min() >= 2.0**-50:
        norms = np.sqrt(
            (rows * rows) @ (weights * weights) if len(weights) > 1 else (rows * rows).sum(axis=1)
        )
    else:
        weighted = rows * weights
        peaks = np.maximum(np.abs(weighted).max(axis=1), np.finfo(float).tiny)
        norms = peaks * np.sqrt(np.square(weighted / peaks[:, None]).sum(axis=1))
    return norms


def _ends(exponents: Exponents, first: int, last: int) -> tuple[int, int]:
    """The least and the largest exponent of a block, when they stand in decreasing order."""
    decreasing = np.sort(exponents)[::-1]
    return int(decreasing[last - 1]), int(decreasing[first])
