"""Local polynomials, proved in balls, for the places where no formula keeps its digits.

On a cell [l, h] with centre c and half width r, f(a) = Σ_j f_j (a − c)^j + R, |R| ≤ r^n sup |f_n| over the
cell (Lagrange). Evaluated by Horner's rule in double precision, a − c being exact or rounded once, the
error is at most ε Σ_j (j + 1)|f_j| r^j + |R|. A cell is used when that is proved to be at most
6 ε inf (|f| + |a f′|) over it; otherwise it is halved. Around 0 the leading power of a is taken out first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from symgrad.symbolic.balls import precision
from symgrad.symbolic.kernels.series import Expansion, UndecidedError

__all__ = ["TINY", "Cell", "Table", "cells", "origin", "filled", "runs", "table", "zeros"]

TINY = 1e-300
"""φ′ below this is flushed to 0."""
EPS = float(np.finfo(np.float64).eps)
SHARE = 6.0
"""What a cell's polynomial may use of the 8 ε(1 + κ)."""
TERMS = 22
ATTEMPTS = 2000
"""Cells that are tried for one function; what is left then keeps its formula."""
BITS = (320, 1400)
"""Precision of the coefficients; the second where as much cancels as doubles can hold: e⁻⁶⁹⁰ beside 1."""
_BLOCK = 4096


@dataclass(frozen=True)
class Cell:
    """f(a) = a^power Σ_j coefficients[j] (a − centre)^j on [low, high]."""

    low: float
    high: float
    centre: float
    coefficients: tuple[float, ...]
    power: int = 0


@dataclass(frozen=True, eq=False)
class Table:
    """Cells side by side, from left to right without a gap, ready to be evaluated."""

    edges: NDArray[np.float64]
    centres: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    power: int

    @property
    def low(self) -> float:
        return float(self.edges[0])

    @property
    def high(self) -> float:
        return float(self.edges[-1])

    def patch(self, a: NDArray[np.floating], out: NDArray[np.floating]) -> None:
        """Overwrites `out` where `a` lies in [low, high]; both one-dimensional."""
        for start in range(0, a.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            at = np.flatnonzero((a[part] >= self.low) & (a[part] <= self.high))
            if at.size:
                with np.errstate(all="ignore"):
                    out[part][at] = self(a[part][at].astype(np.float64))

    def on(self, xp: Any, a: Any, value: Any) -> Any:
        """`value` with the polynomials where `a` lies in [low, high]; arrays of the namespace `xp`, as
        `patch`. Every point is computed, so that no device has to say how many lie inside."""
        edges, centres, coefficients = _moved(self, xp, a.device)
        flat = xp.reshape(xp.astype(a, xp.float64), (-1,))
        inside = xp.logical_and(flat >= self.low, flat <= self.high)
        points = xp.where(inside, flat, centres[0])
        cell = xp.searchsorted(edges[1:-1], points)
        t = points - xp.take(centres, cell, axis=0)
        found = xp.take(coefficients[-1, :], cell, axis=0)
        for row in range(len(self.coefficients) - 2, -1, -1):
            found = found * t + xp.take(coefficients[row, :], cell, axis=0)
        found = found * points**self.power if self.power else found
        patched = xp.where(inside, xp.astype(found, a.dtype), xp.reshape(value, (-1,)))
        return xp.reshape(patched, tuple(a.shape))

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The polynomials at points inside."""
        cell = np.searchsorted(self.edges[1:-1], points)
        t = points - self.centres[cell]
        value = self.coefficients[-1][cell]
        for row in self.coefficients[-2::-1]:
            value = value * t + row[cell]
        return value * points**self.power if self.power else value


@lru_cache(maxsize=64)
def _moved(held: Table, xp: Any, device: Any) -> tuple[Any, ...]:
    """Edges, centres and coefficients as float64 arrays of a namespace, on a device."""
    return tuple(xp.asarray(part, device=device) for part in (held.edges, held.centres, held.coefficients))


def table(run: Sequence[Cell]) -> Table:
    """One table of cells that abut and share a power."""
    degree = max(len(cell.coefficients) for cell in run)
    rows = np.zeros((degree, len(run)))
    for column, cell in enumerate(run):
        rows[: len(cell.coefficients), column] = cell.coefficients
    edges = np.array([cell.low for cell in run] + [run[-1].high])
    return Table(edges, np.array([cell.centre for cell in run]), rows, run[0].power)


def cells(f: Expansion, order: int, spans: Iterable[tuple[float, float]]) -> list[Cell]:
    """Proved cells for the derivative f^(order) that cover the spans, but for what cannot be proved (next to
    a kink) or takes more than `ATTEMPTS`."""
    found: list[Cell] = []
    waiting = deque(spans)
    for _ in range(ATTEMPTS):
        if not waiting:
            break
        low, high = waiting.popleft()
        middle = 0.5 * (low + high)
        cell = _cell(f, order, low, high, middle)
        if cell is not None:
            found.append(cell)
        elif low < middle < high:
            waiting += [(low, middle), (middle, high)]
    return found


def zeros(f: Expansion, order: int, spans: Iterable[tuple[float, float]]) -> list[Cell]:
    """Cells of the constant 0 on which |f^(order)| < 1e-300 is proved, up to its ends there."""
    found: list[Cell] = []
    waiting = deque(spans)
    for _ in range(ATTEMPTS):
        if not waiting:
            break
        low, high = waiting.popleft()
        middle = 0.5 * (low + high)
        if _small(f, order, _ball(low, high)):
            found.append(Cell(low, high, middle, (0.0,)))
        elif low < middle < high and any(_small(f, order, arb(end)) for end in (low, high)):
            waiting += [(low, middle), (middle, high)]
    return found


def origin(f: Expansion, order: int, side: int) -> Cell | None:
    """The widest cell from 0 to one side, f as it continues to that side.

    Proved, but for a removable point at 0, where balls hold nothing: there R is judged by the last terms.
    """
    for removable in (False, True):
        for k in range(10):
            reach = 2.0**-k
            ends = (0.0, reach) if side > 0 else (-reach, 0.0)
            cell = _cell(f, order, *ends, 0.0, removable)
            if cell is not None:
                return cell
    return None


def filled(f: Expansion, order: int, point: float) -> Cell | None:
    """The widest cell around a removable point other than 0, f given from there; R is judged by the last
    terms."""
    for k in range(10):
        reach = 2.0**-k
        cell = (
            _cell(f, order, -reach, reach, 0.0, removable=True, shift=point)
            if reach < abs(point) / 2
            else None
        )
        if cell is not None:
            return Cell(point - reach, point + reach, point, cell.coefficients)
    return None


def _small(f: Expansion, order: int, where: arb) -> bool:
    with precision(BITS[-1]):
        try:
            return bool(abs(derivative(f, where, order, 1)[0]) < TINY)
        except UndecidedError:
            return False


def _ball(low: float, high: float) -> arb:
    return arb((arb(high) + arb(low)) / 2, (arb(high) - arb(low)) / 2)


def derivative(f: Expansion, where: arb, order: int, terms: int) -> list[arb]:
    """Coefficients of f^(order)."""
    found = f(where, terms + order)
    if not found[-1].is_finite() and not where.is_exact():
        found = f.wide(where, terms + order)
    for _ in range(order):
        found = [k * found[k] for k in range(1, len(found))]
    return found


def _cell(
    f: Expansion,
    order: int,
    low: float,
    high: float,
    centre: float,
    removable: bool = False,
    shift: float = 0,
) -> Cell | None:
    bits = next((b for b in BITS if _resolved(f, order, centre, b)), BITS[-1])
    with precision(bits):
        radius = abs(arb(high) - centre).max(abs(arb(low) - centre))
        try:
            here = derivative(f, arb(centre), order, TERMS)
            last = here[-1] if removable else derivative(f, _ball(low, high), order, TERMS + 1)[-1]
        except UndecidedError:
            return None
        power = 0 if centre or shift else _leading(here)
        if power is None or not all(c.is_finite() for c in (*here, last)):
            return None
        here = here[power:]
        terms = [abs(c) * radius**j for j, c in enumerate(here)]
        rest = abs(last) * radius ** len(here)
        if removable:
            rest = 8 * sum(terms[-3:], arb(0))
        if abs(here[0]) + sum(terms[1:], rest) < TINY and not power:
            return Cell(low, high, centre, (0.0,))
        allowed = SHARE * EPS * _size(terms, rest, power, radius, centre or shift)
        rest += sum((c.rad() * radius**j for j, c in enumerate(here)), arb(0))
        degree = len(here)
        while degree > 1 and rest + terms[degree - 1] < allowed / 8:
            degree -= 1
            rest += terms[degree]
        rounding = EPS * sum(((j + 1 + power) * terms[j] for j in range(degree)), arb(0))
        if not rounding + rest < allowed:
            return None
        return Cell(low, high, centre, tuple(float(c.mid()) for c in here[:degree]), power)


def _resolved(f: Expansion, order: int, centre: float, bits: int) -> bool:
    """Whether the value at the centre has digits to spare at this precision."""
    with precision(bits):
        try:
            value = derivative(f, arb(centre), order, 1)[0]
        except UndecidedError:
            return True
        return bool(value == 0) or value.rel_accuracy_bits() > 160 or not value.is_finite()


def _size(terms: Sequence[arb], rest: arb, power: int, radius: arb, centre: float) -> arb:
    """A lower bound of |f| + |a f′| over the cell, divided by |a|^power where that is taken out."""
    value = terms[0] - sum(terms[1:], rest)
    if centre:
        step = (abs(arb(centre)) - radius) / radius
        slope = step * (terms[1] - sum((j * term for j, term in enumerate(terms[2:], 2)), TERMS * rest))
    else:
        slope = power * terms[0] - sum(((power + j) * t for j, t in enumerate(terms[1:], 1)), TERMS * rest)
    return arb(value.lower()).nonnegative_part() + arb(slope.lower()).nonnegative_part()


def _leading(coefficients: Sequence[arb]) -> int | None:
    """How many coefficients vanish: each is 0, or so in 90 digits."""
    for k, c in enumerate(coefficients[: TERMS // 2]):
        if not abs(c) < 1e-90:
            return k
    return None


def runs(found: Iterable[Cell]) -> list[list[Cell]]:
    """The cells in runs that one table can hold."""
    grouped: list[list[Cell]] = []
    for cell in sorted(found, key=lambda cell: cell.low):
        last = grouped[-1][-1] if grouped else None
        if last is not None and last.high == cell.low and last.power == cell.power:
            if len(last.coefficients) == 1 and last.coefficients == cell.coefficients:
                cell = replace(last, high=cell.high)
                grouped[-1].pop()
            grouped[-1].append(cell)
        else:
            grouped.append([cell])
    return grouped
