"""The atlas: what is derived of every registered activation, one row each. Nothing in it is typed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import sympy as sp

from symgrad.symbolic.calculus.shape import Direction, Parity, direction, parity, smoothness
from symgrad.symbolic.derivation import Prose, Source
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges.extremum import Extremum
from symgrad.symbolic.ranges.range import Range
from symgrad.symbolic.zeros.cuts import cuts
from symgrad.theory.activation_derivative import as_written, differentiation, own_slope
from symgrad.theory.activations import ACTIVATIONS, FAMILIES, Activation, slope_range
from symgrad.theory.activations.frameworks import framework_names
from symgrad.theory.initialization.gains import Gains, gains
from symgrad.theory.propagation.criticality import Criticality, criticality

__all__ = ["Row", "atlas", "row"]


@dataclass(frozen=True)
class Row:
    """One activation: φ and φ′ with the letters of its parameters and their values; at these values the range
    of φ′, the shape of φ, g with φ′ = g(φ) (None with the reason in `own_says`), the gains at q = 1 and where
    lengths and gradients can both be kept.
    """

    name: str
    family: str
    phi: sp.Expr
    parameters: Mapping[sp.Symbol, sp.Expr]
    derivative: sp.Expr
    slopes: Range
    smoothness: str
    parity: Parity
    direction: Direction
    own: sp.Expr | None
    own_says: Prose
    gains: Gains
    criticality: Criticality
    source: Source | None
    frameworks: dict[str, str]


def row(entry: Activation) -> Row:
    """The row of one activation. Raises `NotImplementedError` where a part of it is beyond the methods."""
    found, cut, own = slope_range(entry), cuts(entry.phi, x), own_slope(entry)
    if own.g is None and entry.parameters:  # numbers decide what letters leave open
        own = own_slope(Activation(entry.name, entry.latex, entry.phi, entry.source))
    return Row(
        name=entry.name,
        family=_families().get(entry.name, ""),
        phi=as_written(entry),
        parameters=entry.parameters,
        derivative=differentiation(entry).derivative,
        slopes=found,
        smoothness=smoothness(cut, x),
        parity=parity(entry.phi, x),
        direction=direction(_sign(found.inf), _sign(found.sup), cut),
        own=own.g,
        own_says=own.sentence,
        gains=gains(entry),
        criticality=criticality(entry),
        source=entry.source,
        frameworks=framework_names(entry.name),
    )


def atlas() -> Iterator[Row]:
    """The rows of all registered activations, family by family."""
    return map(row, ACTIVATIONS.values())


@cache
def _families() -> dict[str, str]:
    """Name of an activation → its family."""
    return {entry.name: family for family, entries in FAMILIES.items() for entry in entries}


def _sign(extremum: Extremum) -> int:
    """The proved sign of inf φ′ or sup φ′."""
    number = extremum.value.number
    if number.is_infinite or number.is_zero:
        return int(sp.sign(number))
    value = extremum.value.ball(256)
    if value.contains(0):
        raise NotImplementedError(f"the sign of {number} is not decided")
    return 1 if value > 0 else -1
