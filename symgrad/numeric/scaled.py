"""Numbers with a power of two carried beside them, so that no depth under- or overflows.

A sample (a row) of a net is kept as ``values · 2**exponent``. The exponent is 0 while the largest entry of
the row lies in the ordinary range [2^−edge, 2^edge]; beyond, the row is held at the edge and the rest goes
into its exponent. Scaling by a power of two is exact, so carrying it changes no result.

Past the edge φ is taken as what it has become there: on each side *linear* (h = 2^k φ(2^−k a), where
2^−k a is the row as held, at the edge) or *level* (h = φ at the edge). Where |φ(x) − s x| ≤ C at
infinity, or ≤ C x² at 0, the relative error of the line is C·2^−edge/|s|: 2^−200 against a rounding
error of 2^−53 in float64, 2^−40 against 2^−24 in float32. A slower approach is found by `tails`, which
compares, and refused. φ and φ′ are both evaluated at the row as held: signs survive, and squares of
2^±edge are still numbers. So on a level side φ′ is the one at the edge, which a φ′ that decays like a
power of x leaves too large. An entry 2^edge times smaller than its row's largest may be lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.kernel import Array, Kernel

Exponents: TypeAlias = NDArray[np.int64]
Tail: TypeAlias = Literal["linear", "level", "unknown"]

EDGE: dict[np.dtype[Any], int] = {np.dtype(np.float64): 200, np.dtype(np.float32): 40}
"""log2 of the end of the ordinary range. Products of four such numbers are still float64 numbers."""
_DEAD = -(2**40)


@dataclass(frozen=True)
class Rows:
    """values · 2**exponent: values (…, B, N), exponent (…, B, 1), None when every exponent is 0."""

    values: Array
    exponent: Exponents | None = None

    def plain(self) -> Array:
        """The numbers themselves, a copy; ±inf or 0 where they leave the dtype's range."""
        if self.exponent is None:
            return self.values.copy()
        plain: Array = np.ldexp(self.values, self.exponent)
        return plain


def _power_of_two(exponent: Exponents, dtype: np.dtype[Any]) -> Array:
    return np.ldexp(1.0, exponent).astype(dtype)


def split(scale: float, dtype: np.dtype[Any]) -> tuple[float, int]:
    """scale = factor · 2**exponent, with exponent 0 when the scale is ordinary (or 0)."""
    power = int(np.frexp(scale)[1]) if scale else 0
    exponent = 0 if abs(power) <= EDGE[dtype] // 2 else power
    return float(np.ldexp(scale, -exponent)), exponent


def peaks(values: Array) -> Array:
    """max |entry| of each row: (…, B, N) → (…, B, 1); NaN where the row holds one."""
    peak: Array = np.maximum(values.max(axis=-1, keepdims=True), -values.min(axis=-1, keepdims=True))
    return peak


def settle(values: Array, exponent: Exponents | None, what: str) -> Exponents | None:
    """Bring every row of values · 2**exponent to the ordinary range, or to its edge; in place.

    values (…, B, N) is multiplied by powers of two; the new exponent is returned, None when all are 0.
    An all-zero row has exponent 0. Raises ValueError, naming ``what``, when an entry is infinite or NaN.
    """
    edge = EDGE[values.dtype]
    peak = peaks(values)
    if exponent is None and peak.min() >= 2.0**-edge and peak.max() <= 2.0**edge:
        return None
    if not np.isfinite(peak).all():
        raise ValueError(f"{what} leaves the range of {values.dtype}: take fewer layers or smaller scales")
    old = np.zeros(peak.shape, np.int64) if exponent is None else exponent
    power = np.where(peak == 0, 0, np.frexp(peak)[1] + old)
    new = power - np.clip(power, -edge, edge)
    values *= _power_of_two(np.where(peak == 0, 0, old - new), values.dtype)
    return new if new.any() else None


def add_bias(values: Array, exponent: Exponents, bias: Array, bias_exponent: int) -> Exponents:
    """Add bias·2**bias_exponent to values·2**exponent in place; returns the exponent of the sum, (…, B, 1).

    values (…, B, N), exponent (…, B, 1), bias (…, 1, N). What underflows is below rounding of the
    larger term.
    """
    exponent = np.where(peaks(values) == 0, bias_exponent, exponent)
    common = np.maximum(exponent, bias_exponent)
    values *= _power_of_two(exponent - common, values.dtype)
    values += bias * _power_of_two(bias_exponent - common, values.dtype)
    return common


@lru_cache(maxsize=64)
def tails(kernel: Kernel, dtype: np.dtype[Any]) -> dict[int, tuple[Tail, Tail]]:
    """How φ continues past the edge: {+1: (left, right) at infinity, −1: (left, right) at 0}.

    "linear": the kernel's slope s ≠ 0 there, and φ(t) = s t to 8 rounding errors at the edge t;
    "level": φ(t²) = φ(t) to 8 rounding errors (a limit at infinity, φ(0) ≠ 0, or a side that is exactly 0);
    "unknown": neither (x², exp on the right, sin at infinity, exp(x) − 1 that cancels next to 0).
    """
    rounding = 8 * float(np.finfo(dtype).eps)

    def tail(point: float, slope: float) -> Tail:
        at, beyond = kernel.value(np.array([point, np.copysign(point * point, point)], dtype))
        if slope and abs(at - slope * point) <= rounding * abs(slope * point):
            return "linear"
        return "level" if not slope and abs(beyond - at) <= rounding * abs(at) else "unknown"

    def pair(power: int, slopes: tuple[float, float] | None) -> tuple[Tail, Tail]:
        left, right = slopes or (0.0, 0.0)
        return tail(-(2.0**power), left), tail(2.0**power, right)

    with np.errstate(all="ignore"):
        edge = EDGE[dtype]
        return {1: pair(edge, kernel.at_infinity), -1: pair(-edge, kernel.at_zero)}


def carry(kernel: Kernel, rows: Rows, what: str) -> Exponents | None:
    """The exponents of φ(rows), given that φ is evaluated at rows.values.

    A row past the edge keeps its exponent where it has an entry on a linear side, and returns to 0 where φ is
    level. Raises ValueError, naming ``what``, when a row is past the edge on a side where φ is neither.
    """
    if rows.exponent is None:
        return None
    kept = np.zeros(rows.exponent.shape, bool)
    for end, sides in tails(kernel, rows.values.dtype).items():
        for sign, tail in zip((-1, 1), sides, strict=True):
            here = (rows.exponent * end > 0) & (rows.values * sign > 0).any(axis=-1, keepdims=True)
            if tail == "linear":
                kept |= here
            elif tail == "unknown" and here.any():
                passed = f"{what} passes 2^{EDGE[rows.values.dtype] * end}"
                remedy = "take fewer layers or other scales"
                raise ValueError(f"{passed}, where φ continues neither linearly nor level: {remedy}")
    exponent = np.where(kept, rows.exponent, 0)
    return exponent if exponent.any() else None


def align(delta: Rows, inputs: Rows) -> tuple[Rows, NDArray[Any]]:
    """Rows whose products delta_bᵀ inputs_b can be added up: delta·2**(t − top), and top (…, 1, 1).

    t is the sum of both exponents of a row, top its maximum over the rows where neither factor is 0 (a dead
    sample must not set the scale); what underflows is below rounding of the sum. The sum is to be multiplied
    by 2**top.
    """
    powers = [rows.exponent for rows in (delta, inputs) if rows.exponent is not None]
    if not powers:
        return delta, np.zeros((*delta.values.shape[:-2], 1, 1), np.int64)
    alive = (peaks(delta.values) > 0) & (peaks(inputs.values) > 0)
    total = np.where(alive, sum(powers[1:], powers[0]), _DEAD)
    top = total.max(axis=-2, keepdims=True)
    return Rows(delta.values * _power_of_two(total - top, delta.values.dtype)), top


def ln_norm(squares: NDArray[Any], exponent: NDArray[Any]) -> NDArray[np.float64]:
    """½ ln Σ squares · 4**exponent over the last axis; −inf for a sum that is exactly 0."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.asarray(squares, np.float64)) + 2 * np.log(2.0) * exponent
    return np.asarray(0.5 * np.logaddexp.reduce(logs, axis=-1))
