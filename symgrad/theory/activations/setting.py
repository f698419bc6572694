"""An activation with its parameters at given values: what `--set` and a sweep's `set` say, read from text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from symgrad.errors import InputError
from symgrad.theory.activations import Activation, activation

__all__ = ["entry_of", "fraction"]


def entry_of(given: object, settings: Mapping[str, str] | None) -> Activation:
    """The activation meant by a name, a text, or (in Python) SymPy, with its parameters set.

    The values are decimal or fraction texts. Raises `InputError`.
    """
    entry = activation(given)
    values = {name: sp.Rational(*fraction(f"--set {name}", text)) for name, text in (settings or {}).items()}
    return entry.with_parameters(values).checked()


def fraction(option: str, text: str) -> tuple[int, int]:
    """Numerator and denominator of a decimal or fraction text; raises `InputError`."""
    if not re.fullmatch(r"\d{1,20}(\.\d{1,20})?|\d{1,20}/0*[1-9]\d{0,19}", text, re.ASCII):
        raise InputError(
            f"{option}={text[:40]}: not a number (legal: a decimal such as 0.2 or a fraction such as 1/5)"
        )
    value = Fraction(text)
    return value.numerator, value.denominator
