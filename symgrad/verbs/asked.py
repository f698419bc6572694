"""What is asked about: an activation out of text and settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError

if TYPE_CHECKING:
    from symgrad.theory.activations import Activation

__all__ = ["Document", "Settings", "entry_of", "fraction"]

Document = dict[str, Any]
Settings = Mapping[str, str]


def entry_of(given: object, settings: Settings | None) -> Activation:
    """The activation meant by a name, a text, or (in Python) SymPy, with its parameters set.

    The values are decimal or fraction texts. Raises `InputError`.
    """
    from sympy import Rational

    from symgrad.theory.activations import activation

    entry = activation(given)
    values = {name: Rational(*fraction(f"--set {name}", text)) for name, text in (settings or {}).items()}
    return entry.with_parameters(values).checked()


def fraction(option: str, text: str) -> tuple[int, int]:
    """Numerator and denominator of a decimal or fraction text; raises `InputError`."""
    if not re.fullmatch(r"\d{1,20}(\.\d{1,20})?|\d{1,20}/0*[1-9]\d{0,19}", text, re.ASCII):
        raise InputError(
            f"{option}={text[:40]}: not a number (legal: a decimal such as 0.2 or a fraction such as 1/5)"
        )
    value = Fraction(text)
    return value.numerator, value.denominator
