"""Questions about mean squares: the gains of an activation, and what the common gain table preserves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of, fraction

if TYPE_CHECKING:
    from symgrad.symbolic.number import Number
    from symgrad.theory.activations import Activation
    from symgrad.theory.initialization.gains import Gains

__all__ = ["GAIN_NUMBERS", "audit", "gain", "initialization", "number_document"]

LARGEST = 10**6
GAIN_NUMBERS = (
    "forward",
    "backward",
    "second_moment",
    "derivative_second_moment",
    "keeping",
    "bias_variance",
)


def gain(activation: str, settings: Settings | None = None, q: str = "1") -> Document:
    """Forward and backward gain at the variance q, and the second moments that they come from."""
    from symgrad.present.plain import written
    from symgrad.theory.initialization.gains import gain_sentence

    entry, found = _gains(activation, settings, q)
    return {
        "activation": entry.name,
        "expression": written(entry.phi),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "q": str(found.q),
        **{name: number_document(getattr(found, name)) for name in GAIN_NUMBERS},
        "text": gain_sentence(entry, found),
    }


def audit(activation: str = "tanh", depth: int = 30, width: int = 128, seeds: int = 8) -> Document:
    """The common gain table with what each entry preserves at q = 1, and nets of one of its activations
    measured layer by layer.
    """
    from symgrad.present.latex import latex
    from symgrad.present.plain import written
    from symgrad.theory.initialization.audit import audited, curves

    rows = [
        {
            "label": found.row.label,
            "activation": found.row.activation,
            "gain": written(found.row.gain),
            "gain_latex": latex(found.row.gain),
            "forward": number_document(found.forward),
            "backward": number_document(found.backward),
            "says": found.verdict,
            "q": number_document(found.settled.q),
            "chi1": number_document(found.settled.chi1),
            "settles": found.settled.verdict,
        }
        for found in audited()
    ]
    series = [
        {
            "name": curve.name,
            "sigma_w": curve.sigma_w,
            "sigma_b": curve.sigma_b,
            "depth": list(range(1, depth + 1)),
            "log10_variance": _finite(curve.log10_variance),
            "log10_gradient": _finite(curve.log10_gradient),
        }
        for curve in curves(activation, depth=depth, width=width, seeds=seeds, batch=4)
    ]
    return {"rows": rows, "activation": activation, "series": series, "finding": _finding(activation, series)}


def _finite(logs: Iterable[Any]) -> list[float | None]:
    """Null stands for the logarithm of an exact 0."""
    return [float(value) if math.isfinite(value) else None for value in logs]


def _finding(activation: str, series: list[Document]) -> str:
    """One sentence made from the numbers."""
    ends = []
    for one in series:
        front = one["log10_gradient"][0]
        ends.append(f"{'0' if front is None else f'10^{front:.2f}'} ({one['name']})")
    opening = f"{activation}, {len(series[0]['depth'])} layers: from the last layer to the first"
    return f"{opening} the mean squared gradient changes by a factor {', '.join(ends)}."


def initialization(
    activation: str, settings: Settings | None = None, q: str = "1", mode: str = "forward"
) -> Document:
    """Ready-to-paste code that initialises layers of the activation, for each framework."""
    from symgrad.present.initialization import FRAMEWORKS, code, recipe

    entry, found = _gains(activation, settings, q)
    chosen = recipe(entry.name, found, mode)
    return {
        "activation": entry.name,
        "q": str(found.q),
        "mode": mode,
        "gain": chosen.gain,
        "bias_std": chosen.bias_std,
        "keeps": chosen.keeps,
        "code": {framework: code(chosen, framework) for framework in FRAMEWORKS},
    }


def _gains(activation: str, settings: Settings | None, q: str) -> tuple[Activation, Gains]:
    from sympy import Rational

    from symgrad.theory.initialization.gains import gains

    variance = Rational(*fraction("--q", q))
    if not Rational(1, LARGEST) <= variance <= LARGEST:
        raise InputError(f"--q {q}: legal are numbers from 1/{LARGEST} to {LARGEST}")
    entry = entry_of(activation, settings)
    try:
        return entry, gains(entry, variance)
    except NotImplementedError as reason:
        raise InputError(f"{entry.name}: no gain, {reason}") from None


def number_document(number: Number | None) -> Document | None:
    """N of the command line: exact text, 30 digits, an enclosure, the proof grade and why."""
    if number is None:
        return None
    from symgrad.present.latex import latex
    from symgrad.present.plain import written

    enclosure = number.enclosure()
    estimated = number.proof == "estimated"
    return {
        "exact": None if number.exact is None else written(number.exact),
        "latex": None if number.exact is None else latex(number.exact),
        "decimal": enclosure.decimal,
        "lower": None if estimated else enclosure.lower,
        "upper": None if estimated else enclosure.upper,
        "proof": number.proof,
        "why": number.why,
    }
