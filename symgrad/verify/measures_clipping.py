"""Measurements of clipped gradients: one net at two weight scales, told something at its first step alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.kernel import Array
from symgrad.numeric.training.clip import CLIPS
from symgrad.numeric.training.parameters import norm
from symgrad.symbolic.balls import precision
from symgrad.symbolic.derivation import Claim
from symgrad.theory.through_time.told_once import ToldOnce
from symgrad.verify.nets import phi_kernel, resolve
from symgrad.verify.oracles import number_ball
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["clip_norm", "clip_value"]

ROUNDING = 1e-12
"""Largest relative error of a clipped gradient, Frobenius norm."""
APART = 10.0
"""A net explodes when its last gradient is so many times longer than the threshold, and vanishes when it is
so many times shorter than its first."""
TURNED = 1e-3
"""A gradient counts as turned when the cosine is so much below 1."""
LENGTHS = 6


def clip_norm(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The engine's clip by norm on the gradient of one net at several lengths T.

    At every length the clipped gradient is g·min(1, limit/‖g‖), taken in balls, to 1e-12, and g itself, bit
    for bit, where ‖g‖ ≤ limit. A net that explodes passes the limit tenfold at its last length; one that
    does not is there ten times shorter than at its first, and untouched. expects: limit. nets: activation,
    depth (the last T), width, sigma_w, seed, explodes. Margin: share of the tolerance left.
    """
    limit, parts, sizes = claim.expects["limit"], [], []
    for steps, gradient in _gradients(claim, net, thorough):
        size = norm(gradient)
        clipped = gradient.copy()
        CLIPS["norm"](float(limit))(clipped, size)
        text = f"T = {steps}, length {size:.4g}"
        if size <= limit:
            parts.append(_same(clipped, gradient, text))
        with precision(128):
            entries = [arb(float(entry)) for entry in gradient]
            factor = number_ball(limit, 128) / _length(entries)
            wanted = [entry * factor.min(arb(1)) for entry in entries]
            error = _length([arb(float(c)) - w for c, w in zip(clipped, wanted, strict=True)])
            parts.append(within(error / _length(wanted), ROUNDING, f"{text}: clipped by norm"))
        sizes.append(size)
    return combine([*parts, _grows(net or {}, sizes, float(limit))])


def clip_value(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The engine's clip by value on the same gradients, and on an example whose cosine is exact.

    Every entry is max(−limit, min(limit, entry)), compared as floats; ‖c‖ ≤ limit·√n and cos(c, g) ≥ 1/√n in
    balls. A net that explodes is turned at its last length, one that does not is untouched there. expects:
    limit; example (gradient, threshold, clipped, cosine). nets: as for `clip_norm`. Margin: share of the
    tolerance left.
    """
    limit, parts, sizes = claim.expects["limit"], [_example(claim)], []
    cosine, same = arb(1), True
    for steps, gradient in _gradients(claim, net, thorough):
        clipped = gradient.copy()
        CLIPS["value"](float(limit))(clipped, norm(gradient))
        text = f"T = {steps}"
        wanted = [sorted((-float(limit), float(entry), float(limit)))[1] for entry in gradient]
        parts.append(_same(clipped, np.array(wanted), f"{text}: clipped by value"))
        same = bool((clipped == gradient).all())
        with precision(128):
            before, after = ([arb(float(entry)) for entry in vector] for vector in (gradient, clipped))
            count, cut = arb(len(before)), _length(after)
            room = cut / (number_ball(limit, 128) * count.sqrt())
            parts.append(within((room - 1).max(arb(0)), ROUNDING, f"{text}: length at most limit·√n"))
            cosine = sum((p * q for p, q in zip(before, after, strict=True)), arb(0)) / (
                cut * _length(before)
            )
            lack = (1 / (cosine * count.sqrt()) - 1).max(arb(0))
            parts.append(within(lack, ROUNDING, f"{text}: cosine {float(cosine.mid()):.4f} at least 1/√n"))
        sizes.append(norm(gradient))
    explodes = bool((net or {}).get("explodes"))
    text = f"last cosine {float(cosine.mid()):.4f}, " + ("turned" if explodes else "not turned")
    parts.append(within(arb(TURNED) / (1 - cosine) if explodes else arb(0 if same else 2), 1.0, text))
    return combine([*parts, _grows(net or {}, sizes, 0.0)])


def _gradients(claim: Claim, net: Mapping[str, Any] | None, thorough: bool) -> Iterator[tuple[int, Array]]:
    options = dict(net or {})
    missing = {"activation", "depth", "width", "sigma_w", "seed", "explodes"} - set(options)
    if missing:
        raise InputError(f"claim {claim.key}: its nets need {', '.join(sorted(missing))}")
    kernel = phi_kernel(resolve(options["activation"]))
    lengths = sorted({int(t) for t in np.linspace(1, options["depth"], 4 * LENGTHS if thorough else LENGTHS)})
    told = ToldOnce(options["width"], options["sigma_w"], options["seed"])
    yield from zip(lengths, told.gradients(kernel, lengths), strict=True)


def _grows(net: Mapping[str, Any], sizes: list[float], limit: float) -> Evidence:
    """Whether the net does what it is there for: explode beyond the limit, or vanish."""
    first, last = sizes[0], sizes[-1]
    if net["explodes"]:
        reached = max(first, limit)
        return within(APART * reached / last, 1.0, f"the gradient explodes from {first:.3g} to {last:.3g}")
    kept = within(APART * last / first, 1.0, f"the gradient vanishes from {first:.3g} to {last:.3g}")
    return combine([kept, within(last / limit, 1.0, "below the limit")]) if limit else kept


def _same(found: Array, wanted: Array, text: str) -> Evidence:
    """Equal, entry by entry."""
    off = int((found != wanted).sum())
    return within(2.0 * off, 1.0, f"{text}: {off} of {found.size} entries differ")


def _example(claim: Claim) -> Evidence:
    gradient, threshold, clipped, cosine = claim.expects["example"]
    found = np.array([float(entry) for entry in gradient])
    before = found.copy()
    CLIPS["value"](float(threshold))(found, norm(found))
    same = _same(found, np.array([float(entry) for entry in clipped]), "the example")
    with precision(128):
        left, right = ([arb(float(entry)) for entry in vector] for vector in (before, found))
        product = sum((p * q for p, q in zip(left, right, strict=True)), arb(0))
        error = abs(product / (_length(left) * _length(right)) - number_ball(cosine, 128))
    return combine([same, within(error, ROUNDING, f"the example: cosine {float(product.mid()):.6g}")])


def _length(entries: list[arb]) -> arb:
    return sum((entry * entry for entry in entries), arb(0)).sqrt()
