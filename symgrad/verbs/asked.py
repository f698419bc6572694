"""What is asked about: an activation out of text and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symgrad.theory.activations import Activation

__all__ = ["Document", "Settings", "entry_of", "fraction"]

Document = dict[str, Any]
Settings = Mapping[str, str]


def entry_of(given: object, settings: Settings | None) -> Activation:
    """As `theory.activations.setting.entry_of`, which is loaded (and SymPy with it) when first asked."""
    from symgrad.theory.activations import setting

    return setting.entry_of(given, settings)


def fraction(option: str, text: str) -> tuple[int, int]:
    """As `theory.activations.setting.fraction`, loaded when first asked."""
    from symgrad.theory.activations import setting

    return setting.fraction(option, text)
