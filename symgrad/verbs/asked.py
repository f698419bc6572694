"""What is asked about: an activation out of text and settings, and its canonical form for the cache."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError

if TYPE_CHECKING:
    from symgrad.theory.activations import Activation

__all__ = ["Document", "Settings", "canonical", "entry_of"]

Document = dict[str, Any]
Settings = Mapping[str, str]


def entry_of(name: str, settings: Settings | None) -> Activation:
    """The activation of that name with its parameters set; values are decimal or fraction texts."""
    from sympy import Rational

    from symgrad.theory.activations import activation

    entry = activation(name)
    if not settings:
        return entry
    values = {}
    for parameter, text in settings.items():
        values[parameter] = Rational(*_fraction(f"--set {parameter}", text))
    return entry.with_parameters(values)


def canonical(arguments: Mapping[str, Any]) -> Document:
    """The arguments with an activation replaced by its expression and parameter values, so that equal
    questions share an answer.
    """
    plain = {name: value for name, value in arguments.items() if value is not None}
    if "activation" in plain:
        from sympy import srepr

        entry = entry_of(plain["activation"], plain.pop("settings", None))
        parameters = {symbol.name: srepr(value) for symbol, value in entry.parameters.items()}
        plain["activation"] = [entry.name, srepr(entry.expression), parameters]
    return plain


def _fraction(option: str, text: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d{1,20}(\.\d{1,20})?|\d{1,20}/0*[1-9]\d{0,19}", text, re.ASCII):
        raise InputError(
            f"{option}={text[:40]}: not a number (legal: a decimal such as 0.2 or a fraction such as 1/5)"
        )
    value = Fraction(text)
    return value.numerator, value.denominator
