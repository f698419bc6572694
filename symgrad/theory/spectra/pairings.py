"""Means of traces of a product of Gaussian matrices at every width, by all pairings of their entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

import sympy as sp

__all__ = ["N", "trace_moment"]

N = sp.Symbol("N", integer=True, positive=True)
"""The width of every layer."""

Pairing = tuple[int, ...]
"""The partner of each of 2k places."""


def trace_moment(order: int, depth: int) -> sp.Expr:
    """E tr(J Jᵀ)ᵏ/N of J = W_n ⋯ W_1, entries N(0, 1/N), k = ``order``, n = ``depth``: a polynomial in 1/N.

    Entries of one matrix are paired off (Isserlis 1918): two paired ones share both indices. J and Jᵀ stand
    k times each, so every layer has 2k places for an entry; the indices between two layers are as free as the
    pairings of both leave loops, and so they are at either end, where indices are joined by the product and
    by the trace. A pair is worth 1/N, a loop N, and k(n + 1) loops are the most.
    """
    start = tuple(place ^ 1 for place in range(2 * order))
    end = tuple((place + (1 if place % 2 else -1)) % (2 * order) for place in range(2 * order))
    ways: dict[Pairing, Counter[int]] = {start: Counter({1 - order: 1})}
    for _ in range(depth):
        onward: dict[Pairing, Counter[int]] = {}
        for pairing in _pairings(order):
            onward[pairing] = _joined(ways, pairing, order)
        ways = onward
    return sp.Add(*(count * N**-lost for lost, count in _joined(ways, end, order).items()))


def _joined(ways: dict[Pairing, Counter[int]], onto: Pairing, order: int) -> Counter[int]:
    """How many ways there are to lose so many loops in all, if ``onto`` comes next."""
    found: Counter[int] = Counter()
    for pairing, losses in ways.items():
        more = order - _loops(pairing, onto)
        for lost, count in losses.items():
            found[lost + more] += count
    return found


@cache
def _pairings(order: int) -> tuple[Pairing, ...]:
    """All (2k − 1)!! of them."""

    def of(places: tuple[int, ...]) -> Iterator[dict[int, int]]:
        if not places:
            yield {}
        for which in range(1, len(places)):
            rest = places[1:which] + places[which + 1 :]
            for pairing in of(rest):
                yield {places[0]: places[which], places[which]: places[0], **pairing}

    return tuple(tuple(p for _, p in sorted(found.items())) for found in of(tuple(range(2 * order))))


@cache
def _loops(first: Pairing, second: Pairing) -> int:
    """Loops that two pairings of the same places make together."""
    seen, loops = set[int](), 0
    for place in range(len(first)):
        if place not in seen:
            loops += 1
            while place not in seen:
                seen |= {place, first[place]}
                place = second[first[place]]
    return loops
