"""The measurement on compiled kernels: φ and φ′ in floating point against φ alone, in balls."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import flint
import numpy as np
from flint import arb
from numpy.random import Generator
from numpy.typing import NDArray

from symgrad.numeric import Kernel
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import x
from symgrad.theory.activations import Activation, kernel
from symgrad.verify.nets import resolve
from symgrad.verify.oracles import BallFunction
from symgrad.verify.points import line
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["kernel_accuracy", "true_values"]

REACH = 1e4
ULPS = 8
"""Largest error of a compiled φ or φ′, in ε(1 + κ) of its dtype."""
FLUSHED = {np.dtype(np.float64): 1e-300, np.dtype(np.float32): 1e-30}
"""Below this a result may be any number below it."""
AWKWARD = (
    1e-300,
    1e-200,
    1e-100,
    1e-30,
    1e-16,
    1e-8,
    0.1,
    1,
    2,
    5,
    10,
    17,
    30,
    40,
    100,
    350,
    710,
    745,
    1e3,
    REACH,
)
_STEP = 160
"""Differences are taken at a distance of |a|·2⁻¹⁶⁰."""
_BITS = (900, 1900, 4000, 30000)
_FAR = 10**60

True_ = tuple[float, float, float]


def kernel_accuracy(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The compiled φ and φ′ against φ in balls, in float64 and float32, and the kernel's promises about its
    slopes.

    expects: activation (name or Activation). |fl φ − φ| ≤ 8 ε (|φ| + |a φ′|) and |fl φ′ − φ′| ≤ 8 ε (|φ′| +
    |a φ″|), which is 8 ε (1 + κ) relative with κ the condition number; what is below 1e-300, or in float32
    below 1e-30, is any number below it. φ′ and φ″ are differences of φ. Points: |a| ≤
    10⁴, around 0 and every kink, and the neighbours in floating point of every kink. No warning is let out.
    `at_zero` is the one-sided slopes at 0 to 1e-12, `at_infinity` the limits of φ(x)/x to 1e-6 at |x| = 10⁶⁰.
    Margin: share of the tolerance left.
    """
    entry = resolve(claim.expects["activation"])
    compiled = kernel(entry)
    cuts = compiled.kinks
    parts = [_slopes(entry, compiled)]
    for dtype, count in ((np.float64, 3000 if thorough else 600), (np.float32, 3000 if thorough else 300)):
        sizes = [size for size in AWKWARD if size > float(np.finfo(dtype).tiny)]
        raw = np.array([*line(rng, count, cuts[:20], cuts), *sizes, *(-size for size in sizes)]).astype(dtype)
        sides = [np.nextafter(dtype(cut), dtype(end)) for cut in cuts if cut for end in (-np.inf, np.inf)]
        points: NDArray[Any] = np.unique(np.concatenate([raw, np.array(sides, dtype)]))
        points = points[~np.isin(points, np.array(cuts, dtype)) & (np.abs(points) <= REACH)]
        parts += _compiled(entry, compiled, points)
    evidence = combine(parts)
    return Evidence(evidence.outcome, evidence.margin, f"{entry.name}: {evidence.text}")


def _compiled(entry: Activation, compiled: Kernel, points: NDArray[Any]) -> Iterable[Evidence]:
    kind = np.finfo(points.dtype)
    floor = FLUSHED[points.dtype]
    with np.errstate(all="raise", under="ignore"):
        values, slopes = compiled.value(points), compiled.slope(points)
    f = BallFunction(entry.phi, x)
    true = [true_values(f, float(point)) for point in points]
    for word, got, order in (("φ", values, 0), ("φ′", slopes, 1)):
        errors = [
            _error(float(number), one[order], one[order + 1] * float(point), kind, floor) if one else 0.0
            for number, one, point in zip(got, true, points, strict=True)
        ]
        worst = int(np.argmax(errors))
        text = f"{points.dtype} {word}({float(points[worst])!r}) = {float(got[worst])!r}"
        known = true[worst]
        if known:
            text += f", true {known[order]!r}"
        yield within(errors[worst], ULPS, text)


def _error(got: float, true: float, change: float, kind: np.finfo[Any], floor: float) -> float:
    """|got − true| in ε(|true| + |a f′|)."""
    if abs(true) <= floor and abs(got) <= floor:
        return 0.0
    if not math.isfinite(true) or abs(true) > float(kind.max):
        return 0.0 if not math.isnan(got) else math.inf
    size = (abs(true) + abs(change)) * float(kind.eps)
    difference = abs(got - true)
    return difference / size if size and not math.isnan(difference) else math.inf if difference else 0.0


def true_values(f: BallFunction, point: float) -> True_ | None:
    """(φ, φ′, φ″) at a point by central differences of φ in balls, each to a double or below 1e-310; None
    where φ is not defined next to the point.
    """
    for bits in _BITS:
        with precision(bits):
            a = arb(point)
            t = abs(a) * arb(2) ** -_STEP if point else arb(2) ** (-4 * _STEP)
            low, middle, high = f(a - t), f(a), f(a + t)
            found = (middle, (high - low) / (2 * t), (high - 2 * middle + low) / (t * t))
            size = abs(found[1]) + abs(found[2] * a)
            if not size.is_finite():
                if bits == _BITS[-1]:
                    return None
                continue
            close = [abs(v) < 1e-310 or v.rel_accuracy_bits() > 60 or v == 0 for v in found[:2]]
            if all(close) and (found[2] * a).rad() <= 2.0**-20 * size.lower() + 1e-310:
                return float(found[0].mid()), float(found[1].mid()), float(found[2].mid())
    return None


def _slopes(entry: Activation, compiled: Kernel) -> Evidence:
    """The kernel's promises at 0 and at infinity, measured on φ."""
    f, far, parts = BallFunction(entry.phi, x), arb(_FAR), []
    with precision(max(flint.ctx.prec, 700)):
        if compiled.at_zero is not None:
            for side, claimed in zip((-1, 1), compiled.at_zero, strict=True):
                near = side * arb(2) ** -_STEP
                error = abs((f(2 * near) - f(near)) / near - arb(claimed)) + abs(f(near))
                parts.append(within(error, 1e-12, f"slope {claimed!r} at 0 from side {side:+d}"))
        if compiled.at_infinity is not None:
            for end, claimed in zip((-far, far), compiled.at_infinity, strict=True):
                error = abs(f(end) / end - arb(claimed))
                parts.append(within(error, 1e-6, f"slope {claimed!r} at x = {float(end):+.0e}"))
    return combine(parts) if parts else Evidence("PASS", 1.0, "no slopes promised")
