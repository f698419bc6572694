"""Whether a statement holds at random points, to 50 digits. Each notebook carries a copy of this text."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

DIGITS = 50
TOLERANCE = sp.Float(10) ** -DIGITS
NEAR = sp.Rational(1, 10 ** (DIGITS + 20))

Values = Mapping[sp.Basic, sp.Basic]


def agrees(statement: sp.Basic, known: Values, trials: int = 4, seed: int = 0) -> bool:
    """Whether the statement holds at each of a few random points; `known` letters keep their value."""
    rng = random.Random(seed)  # noqa: S311
    for _ in range(trials):
        values = dict(known)
        for counts_only in (True, False):  # first n in a product of n factors, then the factors
            open_letters = [s for s in letters(statement, values) if s not in values]
            values |= {s: random_value(s, rng) for s in open_letters if is_count(s) or not counts_only}
        if not holds(statement, values):
            return False
    return True


def is_count(symbol: Any) -> bool:
    return bool(symbol.is_integer) and not isinstance(symbol, sp.Indexed)


def settled(side: sp.Basic, values: Values) -> sp.Basic:
    """The counts put in, then derivatives, sums and products carried out."""
    return side.subs({s: v for s, v in values.items() if is_count(s)}).doit()


def letters(statement: sp.Basic, values: Values) -> list[sp.Basic]:
    """What is still to be chosen, an indexed letter such as w[2] as a whole."""
    found = set()
    for side in sides_of(statement):
        done = settled(side, values)
        found |= done.free_symbols - {indexed.base.label for indexed in done.atoms(sp.Indexed)}
    return sorted(found, key=sp.default_sort_key)


def sides_of(statement: sp.Basic) -> list[Any]:
    """The sides of every relation in a statement."""
    if isinstance(statement, sp.Rel):
        return list(statement.args)
    if isinstance(statement, sp.Implies | sp.And):
        return [side for arg in statement.args for side in sides_of(arg)]
    return []


def random_value(symbol: Any, rng: random.Random) -> sp.Basic:
    """A rational number within the assumptions of the letter."""
    if symbol.is_integer:
        return sp.Integer(rng.randint(1, 4))
    lowest = 1 if symbol.is_positive else -3 * 10**9
    return sp.Rational(rng.randint(lowest, 3 * 10**9), 10**9)


def number(side: sp.Basic, values: Values) -> Any:
    """One side at the point."""
    return sp.N(settled(side, values).subs(values), DIGITS + 15)


def holds(statement: Any, values: Values) -> bool:
    """Whether an equation, an inequality or an implication is true at the point."""
    if isinstance(statement, sp.Implies):
        premise, conclusion = statement.args
        return not holds(premise, values) or holds(conclusion, values)
    if isinstance(statement, sp.And):
        return all(holds(arg, values) for arg in statement.args)
    left, right = number(statement.lhs, values), number(statement.rhs, values)
    if isinstance(statement, sp.Eq | sp.Ne):
        return same(left, right) == isinstance(statement, sp.Eq)
    return bool(statement.func(left, right))


def beside(place: Any, side: int) -> Any:
    """So close to the place, on one side of it, that no digit which is compared can tell."""
    return place + side * NEAR


def same(left: Any, right: Any) -> bool:
    """Equal to 50 digits, matrices entry by entry."""
    difference = left - right
    entries: Iterable[Any] = difference if getattr(difference, "is_Matrix", False) else [difference]
    scale = 1 if getattr(left, "is_Matrix", False) else 1 + abs(left)
    return all(bool(abs(entry) <= TOLERANCE * scale) for entry in entries)


def inside(value: Any, values: Any) -> bool:
    """Whether a number lies in an interval or is one of finitely many."""
    if isinstance(values, sp.FiniteSet):
        return any(same(value, sp.N(entry, DIGITS + 15)) for entry in values)
    low, high = sp.N(values.start, DIGITS + 15), sp.N(values.end, DIGITS + 15)
    above = value > low if values.left_open else value >= low
    below = value < high if values.right_open else value <= high
    return bool(above) and bool(below)
