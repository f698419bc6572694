"""One recurrent net at two weight scales: its gradient clipped by norm, by value, and not at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of
from symgrad.verbs.gains import number_document

if TYPE_CHECKING:
    from symgrad.numeric.kernel import Array, Kernel

__all__ = ["clipping"]

LARGEST_SCALE = 10.0
MOST_STEPS, MOST_WIDTH = 200, 128
KINDS = ("norm", "value")


def clipping(
    activation: str = "tanh",
    settings: Settings | None = None,
    vanishing: float = 0.8,
    exploding: float = 3.0,
    width: int = 32,
    steps: int = 60,
    limit: float = 5.0,
    value: float = 0.1,
    seed: int = 1,
) -> Document:
    """A net told something at its first step and asked at step T, for T = 1 … steps and two weight scales of
    one draw: log10 ‖∂E/∂U‖, U the input weights, without a clip, clipped by norm at `limit` and by value at
    `value`, and the cosine of the clipped gradient with the unclipped one.
    """
    from symgrad.theory.activations import kernel

    for option, given in (("--vanishing", vanishing), ("--exploding", exploding)):
        _check(option, given, 0 <= given <= LARGEST_SCALE, f"numbers from 0 to {LARGEST_SCALE:g}")
    for option, given in (("--limit", limit), ("--value", value)):
        _check(option, given, math.isfinite(given) and given > 0, "finite numbers above 0")
    _check("--width", width, 1 <= width <= MOST_WIDTH, f"1 to {MOST_WIDTH}")
    _check("--steps", steps, 2 <= steps <= MOST_STEPS, f"2 to {MOST_STEPS}")
    _check("--seed", seed, seed >= 0, "0 and above")
    entry = entry_of(activation, settings)
    limits, compiled = {"norm": limit, "value": value}, kernel(entry)
    nets = [
        _net(name, compiled, scale, width, steps, limits, seed)
        for name, scale in (("vanishing", vanishing), ("exploding", exploding))
    ]
    found: Document = {
        "config": {
            "activation": entry.name,
            "vanishing": vanishing,
            "exploding": exploding,
            "width": width,
            "steps": steps,
            "limit": limit,
            "value": value,
            "seed": seed,
        },
        "entries": width**2,
        "limit": limit,
        "value": value,
        "value_norm_limit": value * width,
        "nets": nets,
        "example": _example(),
    }
    found["finding"] = _headline(nets, steps) + " ".join(_finding(net, steps) for net in nets)
    return found


def _check(option: str, given: float, legal: bool, span: str) -> None:
    if not legal:
        raise InputError(f"{option} {given}: legal are {span}")


def _net(
    name: str, kernel: Kernel, scale: float, width: int, steps: int, limits: dict[str, float], seed: int
) -> Document:
    """One weight scale: every length T = 1 … steps."""
    from symgrad.numeric.training.clip import CLIPS
    from symgrad.numeric.training.parameters import norm
    from symgrad.theory.through_time.told_once import ToldOnce

    lengths = range(1, steps + 1)
    logs: dict[str, list[float | None]] = {kind: [] for kind in ("none", *KINDS)}
    cosines: dict[str, list[float | None]] = {kind: [] for kind in KINDS}
    clipped = dict.fromkeys(KINDS, 0)
    try:
        for gradient in ToldOnce(width, scale, seed).gradients(kernel, lengths):
            size = norm(gradient)
            if not math.isfinite(size):
                raise ValueError("the gradient leaves the range of float64; take fewer steps")
            logs["none"].append(_log(size))
            for kind in KINDS:
                changed = gradient.copy()
                CLIPS[kind](limits[kind])(changed, size)
                logs[kind].append(_log(norm(changed)))
                cosines[kind].append(_cosine(gradient, changed))
                clipped[kind] += bool((changed != gradient).any())
    except ValueError as reason:
        raise InputError(f"{name} net, sigma_w {scale:g}: {reason}") from None
    ends = logs["none"][0], logs["none"][-1]
    slope = None if ends[0] is None or ends[1] is None else (ends[1] - ends[0]) / (steps - 1)
    return {
        "name": name,
        "sigma_w": scale,
        "step": list(lengths),
        "log10_norm": logs,
        "cosine": cosines,
        "clipped": clipped,
        "slope": slope,
    }


def _log(size: float) -> float | None:
    """Null stands for the logarithm of an exact 0."""
    return math.log10(size) if size else None


def _cosine(gradient: Array, changed: Array) -> float | None:
    """Both scaled to a largest entry 1 first; null where one is 0."""
    import numpy as np

    tops = [float(np.max(np.abs(vector))) for vector in (gradient, changed)]
    if 0.0 in tops:
        return None
    left, right = (vector / top for vector, top in zip((gradient, changed), tops, strict=True))
    cosine = float(np.dot(left, right) / math.sqrt(float(np.dot(left, left) * np.dot(right, right))))
    return min(cosine, 1.0)


def _example() -> dict[str, Any]:
    """The gradient whose angle after clipping by value is exact."""
    from sympy import Rational, acos, pi, sqrt

    from symgrad.symbolic.number import Number
    from symgrad.theory.through_time.clipping_by_norm import by_norm, cosine
    from symgrad.theory.through_time.clipping_by_value import example

    gradient, threshold, cut = example()
    length = sqrt(gradient.dot(gradient))
    degrees = acos(cosine(gradient, cut)) * Rational(180) / pi
    return {
        "gradient": [str(entry) for entry in gradient],
        "limit": str(threshold),
        "by_norm": [str(entry * by_norm(length, threshold)) for entry in gradient],
        "by_value": [str(entry) for entry in cut],
        "degrees": number_document(Number.of(degrees, "arc cosine of ⟨c, g⟩/(‖c‖‖g‖)")),
    }


def _headline(nets: list[Document], steps: int) -> str:
    """What the page is about, where these two nets show it."""
    vanishing, exploding = (net["log10_norm"] for net in nets)
    left_alone = vanishing["none"][-1] == vanishing["norm"][-1] == vanishing["value"][-1]
    if not left_alone or exploding["none"][-1] in (exploding["norm"][-1], exploding["value"][-1]):
        return ""
    return (
        f"At T = {steps} clipping bounds the gradient that explodes and leaves the vanishing one as it is. "
    )


def _finding(net: Document, steps: int) -> str:
    """One sentence made from the numbers of one net."""
    logs, clipped = net["log10_norm"], net["clipped"]
    ends = [_power(logs["none"][place]) for place in (0, -1)]
    opening = f"At weight scale {net['sigma_w']:g} the gradient of the input weights goes from {ends[0]} "
    opening += f"at T = 1 to {ends[1]} at T = {steps}"
    turned = net["cosine"]["value"][-1]
    if logs["none"][-1] == logs["norm"][-1] == logs["value"][-1]:
        return (
            f"{opening}, too short there to be clipped; of the {steps} lengths {clipped['norm']} are "
            f"clipped by norm and {clipped['value']} by value."
        )
    return (
        f"{opening}, clipped by norm to {_power(logs['norm'][-1])} in its own direction, by value to "
        f"{_power(logs['value'][-1])} with the cosine {turned:.2f}."
    )


def _power(log: float | None) -> str:
    return "0" if log is None else f"10^{log:.2f}"
