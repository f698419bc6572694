"""Questions about mean squares: the gains of an activation, and what the common gain table preserves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.verbs.asked import Document, Settings, entry_of, fraction

if TYPE_CHECKING:
    from symgrad.symbolic.number import Number

__all__ = ["gain", "number_document"]

LARGEST = 10**6


def gain(activation: str, settings: Settings | None = None, q: str = "1") -> Document:
    """Forward and backward gain at the variance q, and the second moments that they come from."""
    from sympy import Rational

    from symgrad.present.plain import written
    from symgrad.theory.gains import gain_sentence, gains

    variance = Rational(*fraction("--q", q))
    if not Rational(1, LARGEST) <= variance <= LARGEST:
        raise InputError(f"--q {q}: legal are numbers from 1/{LARGEST} to {LARGEST}")
    entry = entry_of(activation, settings)
    try:
        found = gains(entry, variance)
    except NotImplementedError as reason:
        raise InputError(f"{entry.name}: no gain, {reason}") from None
    numbers = ("forward", "backward", "second_moment", "derivative_second_moment", "keeping", "bias_variance")
    return {
        "activation": entry.name,
        "expression": written(entry.phi),
        "parameters": {symbol.name: str(value) for symbol, value in entry.parameters.items()},
        "q": str(variance),
        **{name: number_document(getattr(found, name)) for name in numbers},
        "text": gain_sentence(entry, found),
    }


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
