"""Oracles that use φ alone: difference quotients of φ in balls and in float64, and enclosed spectral norms.

None of them sees a compiled φ′ or a symbolic derivative, so an error in either cannot hide behind itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import flint
import numpy as np
import sympy as sp
from flint import arb
from numpy.typing import NDArray

from symgrad.numeric.kernel import Array, Kernel
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.ranges.extremum import Value

__all__ = [
    "BallFunction",
    "Number",
    "derivative",
    "difference_kernel",
    "number_ball",
    "quotients",
    "spectral_norm",
]

Number: TypeAlias = arb | float | sp.Expr | Value
"""Whatever a claim may give where a real number is meant."""

_STEP = 2.0**-10


def number_ball(number: Number, bits: int) -> arb:
    """A ball that contains the number; a float, and a SymPy Float, is taken as the rational that it is."""
    if isinstance(number, arb):
        return number
    if isinstance(number, Value):
        return _rational(number).ball(bits)
    with precision(bits):
        if isinstance(number, sp.Expr):
            return ball(_without_floats(number))
        return arb(number)


def _rational(value: Value) -> Value:
    return replace(value, expr=_without_floats(value.expr))


def _without_floats(expr: sp.Expr) -> sp.Expr:
    return expr.xreplace({f: sp.Rational(f) for f in expr.atoms(sp.Float)})


@dataclass
class BallFunction:
    """φ as a function of a ball, at the precision in force; the constants in φ are evaluated once a
    precision."""

    expr: sp.Expr
    x: sp.Symbol
    _constants: dict[int, dict[sp.Basic, arb]] = field(default_factory=dict, repr=False)

    def __call__(self, point: arb) -> arb:
        bits = flint.ctx.prec
        if bits not in self._constants:
            expr = _without_floats(self.expr)
            irrational = [e for e in sp.preorder_traversal(expr) if isinstance(e, sp.Expr) and e.is_number]
            self._constants[bits] = {e: ball(e) for e in irrational if not e.is_Rational}
            self.expr = expr
        return ball(self.expr, {**self._constants[bits], self.x: point})


def _scales(digits: int) -> tuple[int, int]:
    """(s, bits): the step is 2^−s ≤ 10^−digits, and rounding at `bits` of precision leaves as many digits
    again."""
    step = math.ceil(digits * math.log2(10))
    return step, 2 * step + 64


def quotients(
    phi: sp.Expr, x: sp.Symbol, points: Iterable[Number], digits: int = 50, side: int = 0
) -> list[arb]:
    """(φ(p + t) − φ(p − t))/2t at every point, in balls, with t = 10^−digits (rounded to a power of 2).

    `side` ±1 takes (φ(p ± t) − φ(p))/±t instead: the one-sided version, for a kink. Each ball contains its
    quotient exactly, and by the mean value theorem every such quotient lies in [inf φ′, sup φ′] when φ is
    continuous: a quotient outside refutes the range.
    """
    step, bits = _scales(digits)
    f = BallFunction(phi, x)
    found = []
    with precision(bits):
        t = arb(2) ** -step
        for point in points:
            p = number_ball(point, bits)
            found.append((f(p + side * t) - f(p)) / (side * t) if side else (f(p + t) - f(p - t)) / (2 * t))
    return found


def derivative(phi: sp.Expr, x: sp.Symbol, point: Number, digits: int = 50, side: int = 0) -> arb:
    """φ′(point), or the one-sided derivative: the difference quotient D_t widened by |D_2t − D_t|.

    The widening is three times the leading error t²φ‴/6 of the central quotient and twice the leading error
    tφ″/2 of the one-sided one. A central quotient at a kink is the mean of both sides: give a side there.
    """
    step, bits = _scales(digits)
    f = BallFunction(phi, x)
    with precision(bits):
        p = number_ball(point, bits)

        def quotient(t: arb) -> arb:
            return (f(p + side * t) - f(p)) / (side * t) if side else (f(p + t) - f(p - t)) / (2 * t)

        t = arb(2) ** -step
        fine, coarse = quotient(t), quotient(2 * t)
        return fine + arb(0, abs(coarse - fine).upper())


def difference_kernel(kernel: Kernel, joints: Sequence[float] | None = None) -> Kernel:
    """The kernel with φ′ taken from φ by differences: with it the engine runs on φ alone.

    Five-point differences in float64, step t = 2⁻¹⁰ up to |a| = 2¹⁰, 2⁻²⁰|a| beyond: error at most about
    t⁴|φ⁽⁵⁾|/5 + 1.5 ε|φ|/t, which is 2e-11 for the activations here at |a| ≤ 30. `joints` are points where
    φ is not smooth (default: the kernel's kinks): a stencil that would reach over one is laid to the side of
    the point, at a joint to the right.
    """
    cuts = np.array(sorted(kernel.kinks if joints is None else joints))

    def dphi(a: Array, h: Array, out: Array) -> None:
        point = a.astype(np.float64)
        t = _STEP * np.exp2(np.floor(np.log2(np.maximum(1.0, _STEP * np.abs(point)))))
        np.copyto(out, _weighted(kernel, point, t, (-2, -1, 1, 2), (1, -8, 8, -1)), casting="same_kind")
        if cuts.size:
            gap = point[..., None] - cuts
            nearest = np.take_along_axis(gap, np.abs(gap).argmin(axis=-1)[..., None], axis=-1)[..., 0]
            near = np.abs(nearest) < 2 * t
            if near.any():
                away = np.where(nearest[near] < 0, -t[near], t[near])
                out[near] = _weighted(kernel, point[near], away, (0, 1, 2, 3, 4), (-25, 48, -36, 16, -3))

    return replace(kernel, dphi=dphi)


def _weighted(
    kernel: Kernel, point: NDArray[np.float64], t: Any, places: Sequence[int], weights: Sequence[int]
) -> NDArray[np.float64]:
    """Σ weight·φ(point + place·t) / 12t."""
    total = np.zeros_like(point)
    for place, weight in zip(places, weights, strict=True):
        total += weight * kernel.value(point + place * t)
    return np.asarray(total / (12 * t))


def spectral_norm(matrix: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(lower, upper) with lower ≤ ‖W‖₂ ≤ upper for each float64 matrix of a stack (…, N, M).

    From a float64 SVD W ≈ U S Vᵀ: lower = ‖Wv₁‖/‖v₁‖, upper = σ₁‖U‖‖V‖ + ‖W − U S Vᵀ‖_F with ‖U‖² ≤ 1 + ‖UᵀU
    − I‖_F, each corrected by the rounding of its own product, ‖fl(AB) − AB‖_F ≤ nε‖A‖_F‖B‖_F/(1 − nε)
    (Higham, Accuracy and stability, §3.5).
    """
    largest = np.max(np.abs(matrix), axis=(-2, -1), keepdims=True)
    power = np.where(
        largest > 0, np.frexp(largest)[1], 0
    )  # a power of two scales exactly: no square underflows
    w = np.ldexp(np.asarray(matrix, np.float64), -power)
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    n = max(w.shape[-2:]) + 8
    rounding = n * np.finfo(float).eps / (1 - n * np.finfo(float).eps)
    whole = _frobenius(w) * (1 + rounding)

    def defect(q: NDArray[np.float64]) -> NDArray[np.float64]:
        """An upper bound of ‖QᵀQ − I‖_F."""
        gram = np.matmul(q.swapaxes(-1, -2), q) - np.eye(q.shape[-1])
        return np.asarray(_frobenius(gram) * (1 + rounding) + rounding * _frobenius(q) ** 2)

    u_defect, v_defect = defect(u), defect(vt.swapaxes(-1, -2))
    residual = _frobenius(w - np.matmul(u * s[..., None, :], vt)) * (1 + rounding)
    residual = residual + 3 * rounding * whole * _frobenius(vt)
    upper = s[..., 0] * np.sqrt((1 + u_defect) * (1 + v_defect)) + residual
    image = np.matmul(w, vt[..., 0, :, None])[..., 0]
    lower = np.sqrt(np.vecdot(image, image)) * (1 - rounding) - 2 * rounding * whole
    lower = np.maximum(lower / np.sqrt(1 + v_defect) * (1 - rounding), 0.0)
    scale = power[..., 0, 0]
    return np.ldexp(lower, scale), np.ldexp(upper * (1 + rounding), scale)


def _frobenius(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.sum(matrix * matrix, axis=(-2, -1))))
