"""Numbers with a power of two carried beside them, so that no depth under- or overflows.

A sample (a row) of a net is kept as ``values · 2**exponent``. The exponent is 0 while the norm of the row
lies in the ordinary range [2^−edge, 2^edge); a row that leaves it is held at the edge and the rest goes into
its exponent. From there on it may drift, outwards to 2^±hold and inwards by a few powers, before it
is held at the edge again: most layers of a deep net change no exponent. Scaling by a power of two is exact,
so carrying it changes no result. The rows of a net that have left are moved together; no other net decides.

Past the edge φ is taken as what it has become there: on each side a *power*, h = 2^(pk) φ(2^−k a), where
2^−k a is the row as held; *linear* for p = 1, *level* for p = 0. Where |φ(x) − s x| ≤ C at
infinity, or ≤ C x² at 0, the relative error of the line is C·2^−152/|s| against a rounding
error of 2^−53 in float64, C·2^−32/|s| against 2^−24 in float32. A slower approach is found by `tails`, which
compares, and refused. φ and φ′ are both evaluated at the row as held: signs survive, and squares are
still numbers. So on a level side φ′ is the one at the edge, which a φ′ that decays like a
power of x leaves too large. An entry 2^edge times smaller than its row's largest may be lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.arrays.primitives import Float, Primitives, Tensor
from symgrad.numeric.kernel import Kernel

Exponents: TypeAlias = NDArray[np.int64]
Tail: TypeAlias = int | Literal["zero", "unknown"]

EDGE: dict[np.dtype[Any], int] = {np.dtype(np.float64): 160, np.dtype(np.float32): 40}
"""log2 of the end of the ordinary range."""
HOLD: dict[np.dtype[Any], int] = {np.dtype(np.float64): 240, np.dtype(np.float32): 60}
"""log2 of the largest values that are held; products of four such are float64 numbers, of two float32
ones."""
_INWARD = 8
"""Powers of two that a held row may drift back from the edge before it is moved."""
_BELOW = 1 - 2.0**-20
"""Times the upper end of a range: a square that is the end itself counts as one power more (`_sizes`)."""
_STEEPEST = 4
"""The largest power p of φ ~ |x|^p that is followed: at 2^240 x⁴ is still a float64 number."""
_DEAD = -(2**40)


@dataclass(frozen=True)
class Rows:
    """values · 2**exponent: values (…, B, N), exponent (…, B, 1) on the host, None when every exponent is 0,
    and Σ values² of each row, (…, B)."""

    values: Tensor
    exponent: Exponents | None
    squares: Tensor

    def copy(self, primitives: Primitives) -> Rows:
        """The same rows in memory of their own."""
        return Rows(primitives.scale(self.values, 1.0), self.exponent, self.squares)

    def plain(self, primitives: Primitives) -> NDArray[Any]:
        """The numbers themselves, a copy on the host; ±inf or 0 where they leave the dtype's range."""
        values = primitives.numpy(self.values)
        if self.exponent is None:
            return values.copy()
        plain: NDArray[Any] = np.ldexp(values, self.exponent)
        return plain


def split(scale: float, dtype: np.dtype[Any]) -> tuple[float, int]:
    """scale = factor · 2**exponent, with exponent 0 when the scale is ordinary (or 0)."""
    power = int(np.frexp(scale)[1]) if scale else 0
    exponent = 0 if abs(power) <= EDGE[dtype] // 2 else power
    return float(np.ldexp(scale, -exponent)), exponent


def peaks(primitives: Primitives, values: Tensor) -> NDArray[Any]:
    """max |entry| of each row, on the host: (…, B, N) → (…, B, 1); NaN where the row holds one."""
    low, high = primitives.extremes(values)
    peak: NDArray[Any] = np.maximum(high, -low)
    return peak


def settle(
    primitives: Primitives,
    values: Tensor,
    exponent: Exponents | None,
    what: str,
    out: Tensor | None = None,
    free: bool = False,
) -> Rows:
    """values · 2**exponent with every row where it may be held, see above; ``out`` may be values.

    A row that may not stay where it is moves with the other rows of its net that have left the ordinary
    range; where all rows may stay their squares say so at once.

    ``free`` rows, to which no φ will be applied, may lie anywhere in [2^−hold, 2^hold] and are moved to about
    1. An all-zero row has exponent 0. Raises ValueError, naming ``what``, when an entry is infinite or NaN.
    """
    dtype = primitives.dtype(values)
    edge, hold = EDGE[dtype], HOLD[dtype]
    squares = primitives.squares(values)
    where = _legal(exponent, dtype, free)
    if where is not None and primitives.within(squares, *where):
        return Rows(values, exponent, squares)
    power, dead = _sizes(primitives, values, squares, what)
    old = np.zeros(power.shape, np.int64) if exponent is None else exponent
    if free:
        # a denormal row comes up by as much as a factor of its dtype can lift it
        reach = np.finfo(dtype).maxexp - 8
        far = (np.abs(power) > hold).any(axis=-2, keepdims=True)
        new = np.where(far, old + np.clip(power, -reach, reach), old)
    else:
        sign = np.sign(old)
        outward = np.where(sign == 0, np.abs(power), power * sign)
        inward = np.where(sign == 0, 0, edge - _INWARD)
        moved = (outward < inward) | (outward > np.where(sign == 0, edge, hold))
        moved |= moved.any(axis=-2, keepdims=True) & (sign != 0)
        new = np.where(moved, power + old - np.clip(power + old, -edge, edge), old)
    new = np.where(dead, 0, new)
    if (shift := np.where(dead, 0, old - new)).any():
        values = primitives.scale(values, np.ldexp(1.0, shift), out=out)
        squares = primitives.squares(values)
    return Rows(values, new if new.any() else None, squares)


def _sizes(
    primitives: Primitives, values: Tensor, squares: Tensor, what: str
) -> tuple[Exponents, NDArray[np.bool_]]:
    """log2 of each row's norm, rounded up, and which rows are all 0, both (…, B, 1).

    The norm comes from the squares, which are measured anyway; where one leaves the range of its dtype, the
    largest entry stands for it.
    """
    dtype = primitives.dtype(values)
    known = primitives.numpy(squares)[..., None]
    low = float(np.finfo(dtype).tiny)
    if primitives.within(squares, low, float(np.finfo(dtype).max)):
        return (np.frexp(known)[1].astype(np.int64) + 1) // 2, np.zeros(known.shape, bool)
    peak = peaks(primitives, values)
    if not np.isfinite(peak).all():
        raise ValueError(f"{what} leaves the range of {dtype}: take fewer layers or smaller scales")
    power = (np.frexp(known)[1].astype(np.int64) + 1) // 2
    usable = (known >= low) & np.isfinite(known)
    return np.where(usable, power, np.frexp(peak)[1]), peak == 0


def _legal(exponent: Exponents | None, dtype: np.dtype[Any], free: bool) -> tuple[float, float] | None:
    """Between which squares every row may stay where it is, see `settle`; None where some rows have left the
    ordinary range and others have not, or on the other side. A norm in [2^(p−1), 2^p) has the power p."""
    edge, hold = EDGE[dtype], HOLD[dtype]
    if exponent is None or free:
        reach = hold if free else edge
        return 4.0 ** -(reach + 1), _BELOW * 4.0**reach
    if exponent.item(exponent.argmax()) < 0:
        return 4.0 ** -(hold + 1), _BELOW * 4.0 ** (_INWARD - edge)
    if exponent.item(exponent.argmin()) > 0:
        return 4.0 ** (edge - _INWARD - 1), _BELOW * 4.0**hold
    return None


def staying(
    primitives: Primitives,
    values: Tensor,
    squares: Tensor,
    exponent: Exponents | None,
    dtype: np.dtype[Any],
    free: bool = False,
) -> NDArray[np.bool_]:
    """Of a block of layers whose rows have one exponent a sample: in which of them `settle` would surely
    leave every row as it is. values (…, n, B, N), squares (…, n, B), exponent (…, B, 1) → (n,)."""
    where, count = _legal(exponent, dtype, free), squares.shape[-2]
    if where is None or not count:
        return np.zeros(count, bool)
    if primitives.within(squares, *where):
        return np.ones(count, bool)
    known = primitives.numpy(squares)
    stay = (known >= where[0]) & (known <= where[1])
    if (known == 0).any():  # a row that is all 0 stays, but one whose squares have underflowed may not
        dead = (known == 0) & (peaks(primitives, values)[..., 0] == 0)
        stay |= dead if exponent is None else dead & (exponent[..., None, :, 0] == 0)
    return np.asarray(np.moveaxis(stay, -2, 0).reshape(count, -1).all(axis=1))


def on_lines(kernel: Kernel, exponent: Exponents, dtype: np.dtype[Any]) -> bool:
    """Whether φ is a line on both sides wherever these rows are past the edge, so that it hands exponents
    on."""
    sides = tails(kernel, dtype)
    return all(sides[end] == (1, 1) for end in (1, -1) if (exponent * end > 0).any())


def add_bias(
    primitives: Primitives,
    values: Tensor,
    exponent: Exponents,
    bias: Tensor,
    bias_exponent: int | Exponents,
) -> tuple[Tensor, Exponents]:
    """values·2**exponent + bias·2**bias_exponent as values and exponent; values may be written over.

    values (…, B, N), exponent (…, B, 1), bias (…, 1 or B, N). What underflows is below rounding of the
    larger term; a row that is all 0 has no size that the other could be small against.
    """
    bias_exponent = np.where(peaks(primitives, bias) == 0, _DEAD, bias_exponent)
    exponent = np.where(peaks(primitives, values) == 0, bias_exponent, exponent)
    common = np.maximum(exponent, bias_exponent)
    values = primitives.scale(values, np.ldexp(1.0, exponent - common), out=values)
    rows = primitives.array(np.ldexp(1.0, bias_exponent - common).astype(primitives.dtype(values)))
    return primitives.add(values, primitives.multiply(bias, rows), out=values), common


@lru_cache(maxsize=64)
def tails(kernel: Kernel, dtype: np.dtype[Any]) -> dict[int, tuple[Tail, Tail]]:
    """How φ continues past the edge: {+1: (left, right) at infinity, −1: (left, right) at 0}.

    A whole number p says φ(2^k t) = 2^(pk) φ(t) to 8 rounding errors from the innermost t that is held: 1
    where the kernel's slope there is not 0 and φ(t) is that line, 0 where φ is level (a limit at infinity,
    φ(0) ≠ 0), others as found from φ itself (x² near 0 and far out, x·erf x near 0, 1/(1 + x²) far out);
    "zero" is a side that is exactly 0, "unknown" none of these (exp on the right, sin at infinity, exp(x) − 1
    that cancels next to 0).
    """
    rounding = 8 * float(np.finfo(dtype).eps)
    edge = EDGE[dtype] - _INWARD

    def tail(end: int, sign: int, slope: float) -> Tail:
        outward = np.array([0, _INWARD, HOLD[dtype] - edge, edge])
        points = sign * np.ldexp(1.0, end * (edge + outward))
        at, near, far, beyond = kernel.value(points.astype(dtype)).astype(np.float64)

        def close(found: float, expected: float) -> bool:
            return bool(abs(found - expected) <= rounding * abs(expected))

        if slope:
            return 1 if close(at, slope * points[0]) else "unknown"
        if at == beyond == 0:
            return "zero"
        if close(beyond, at):
            return 0
        power = np.rint(end * np.log2(near / at) / _INWARD)
        if power not in range(2, _STEEPEST + 1):
            return "unknown"  # a line whose slope nobody has declared is one too
        ways = zip((near, far), outward[1:3], strict=True)
        fits = all(close(value, np.ldexp(at, int(end * power * way))) for value, way in ways)
        return int(power) if fits and np.isfinite([at, near, far]).all() else "unknown"

    with np.errstate(all="ignore"):
        pairs = {1: kernel.at_infinity or (0.0, 0.0), -1: kernel.at_zero or (0.0, 0.0)}
        return {end: (tail(end, -1, left), tail(end, 1, right)) for end, (left, right) in pairs.items()}


def carry(primitives: Primitives, kernel: Kernel, rows: Rows, what: str) -> Exponents | None:
    """The first of `carried`, for a pass that has no place for the second; ValueError where that is not 0."""
    exponent, steep = carried(primitives, kernel, rows, what)
    if steep is not None:
        raise ValueError(f"{what} passes the edge where φ′ is a power: take fewer layers or other scales")
    return exponent


def carried(
    primitives: Primitives, kernel: Kernel, rows: Rows, what: str
) -> tuple[Exponents | None, Exponents | None]:
    """The exponents of φ(rows) and of φ′(rows), given that both are evaluated at rows.values.

    Where φ ~ |x|^p on the sides of a row's entries, its exponent becomes p times as large, that of φ′ p − 1
    times, and 0 for p = 0. Of two powers the one that counts decides: the other's entries are below rounding,
    and stay so. Raises ValueError, naming ``what``, when a row is past the edge on a side where φ has no
    power, or its exponent leaves 2^±31 (squared again and again it doubles with every layer).
    """
    if rows.exponent is None:
        return None, None
    exponent, dtype = rows.exponent, primitives.dtype(rows.values)
    if on_lines(kernel, exponent, dtype):
        return exponent, None
    ends = {end: past for end in (1, -1) if (past := exponent * end > 0).any()}
    sides = tails(kernel, dtype)
    low, high = primitives.extremes(rows.values)
    order = np.zeros(exponent.shape, np.int64)
    for end, past in ends.items():
        leading = np.full(exponent.shape, -_STEEPEST - 1)
        for entries, tail in zip((low < 0, high > 0), sides[end], strict=True):
            here = past & entries
            if tail == "unknown" and here.any():
                passed = f"{what} passes 2^{EDGE[dtype] * end}"
                remedy = "take fewer layers or other scales"
                raise ValueError(f"{passed}, where φ continues neither level nor as a power: {remedy}")
            if isinstance(tail, int):
                leading = np.where(here, np.maximum(leading, end * tail), leading)
        order = np.where(past & (leading >= -_STEEPEST), end * leading, order)
    if (np.abs(order * exponent) > 2**31).any():
        raise ValueError(f"{what} passes 2^±(2^31) and is raised again: take fewer layers or other scales")
    steep = np.where((order == 0) | (order == 1), 0, (order - 1) * exponent)
    exponent = order * exponent
    return exponent if exponent.any() else None, steep if steep.any() else None


def align(primitives: Primitives, delta: Rows, inputs: Rows) -> tuple[Float | None, Exponents | int]:
    """Factors (…, B, 1) of the rows of delta with which the products delta_bᵀ inputs_b can be added up, and
    top (…, 1, 1): the sum is to be multiplied by 2**top. (None, 0) when every exponent is 0.

    The factor is 2**(t − top), t the sum of both exponents of a row, top its maximum over the rows where
    neither is 0 (a dead sample must not set the scale); what underflows is below rounding of the sum.
    """
    powers = [rows.exponent for rows in (delta, inputs) if rows.exponent is not None]
    if not powers:
        return None, 0
    total = sum(powers[1:], powers[0])
    for rows in (delta, inputs):
        total = _without_dead(primitives, total, rows.squares[..., None])
    top = total.max(axis=-2, keepdims=True)
    return np.ldexp(1.0, total - top), top


def summed(results: Float, squares: Float, exponent: Exponents, order: int) -> tuple[Float, Exponents]:
    """Σ over the last axis of results · 2**(order·exponent), as (sum, power): sum · 2**power.

    All on the host, (…, B). Rows whose squares are 0 do not set the scale.
    """
    if not exponent.any():
        return results.sum(axis=-1), np.zeros(results.shape[:-1], np.int64)
    alive = np.where(squares > 0, exponent, _DEAD)
    top = alive.max(axis=-1, keepdims=True)
    power = order * np.where(top > _DEAD, top, 0)[..., 0]
    return (np.ldexp(1.0, order * (alive - top)) * results).sum(axis=-1), power


def _without_dead(primitives: Primitives, exponent: Exponents, squares: Tensor) -> Exponents:
    """The exponents with those of rows whose squares are 0 out of the way."""
    if primitives.within(squares, 5e-324, np.inf):
        return exponent
    return np.where(primitives.numpy(squares) > 0, exponent, _DEAD)
