"""What is called a bound, as data: its two sides, random nets that it is tried on, nets that attain it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from numpy.random import Generator

from symgrad.verify.bounds.stacks import Stack
from symgrad.verify.nets import Float

__all__ = ["Draw", "RecurrentBound", "Sides"]

Sides: TypeAlias = tuple[Float, Float]
"""(ln measured, ln bound), (S, …) both; an infinite bound where the derivation says nothing."""
Draw: TypeAlias = Callable[[Generator, int, bool], Stack]
"""(random generator, S, whether nets of at most three units and steps) → S nets of one random kind."""


@dataclass(frozen=True)
class RecurrentBound:
    """An inequality, worst case: the measure that its claims name, itself in words, how nets for it are
    drawn, its two sides, and nets whose every value attains it, to 1e-9 of the logarithm."""

    measure: str
    statement: str
    draw: Draw
    sides: Callable[[Stack], Sides]
    attained: tuple[Callable[[Generator], Stack], ...]
