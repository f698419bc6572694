"""Random expressions of the language, as text: weighted, seeded, one to four operations deep."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

__all__ = ["sentence", "sentences"]

T = TypeVar("T")
DEPTHS = ((1, 3), (2, 5), (3, 4), (4, 2))
"""Operations deep, and how often."""

FUNCTIONS: tuple[tuple[str, int], ...] = (
    ("tanh({})", 6),
    ("sigmoid({})", 6),
    ("exp(-({})^2)", 4),
    ("exp(-|{}|)", 3),
    ("exp({})", 2),
    ("erf({})", 4),
    ("erfc({})", 1),
    ("atan({})", 4),
    ("asinh({})", 3),
    ("sin({})", 4),
    ("cos({})", 3),
    ("tan({})", 1),
    ("softplus({})", 4),
    ("log1p(exp({}))", 1),
    ("log(1+|{}|)", 2),
    ("log({})", 1),
    ("expm1({})", 1),
    ("sqrt(1+({})^2)", 4),
    ("sqrt({})", 1),
    ("cbrt({})", 1),
    ("|{}|", 3),
    ("abs({})", 1),
    ("relu({})", 4),
    ("gelu({})", 2),
    ("silu({})", 3),
    ("sign({})", 1),
    ("step({})", 1),
    ("sinh({})", 1),
    ("cosh({})", 1),
    ("1/(1+({})^2)", 3),
    ("1/(1+|{}|)", 2),
    ("1/({})", 1),
    ("({})^2", 3),
    ("({})^3", 2),
    ("-({})", 1),
    ("({})/2", 1),
    ("{n}*({})", 3),
    ("({}) + {n}", 2),
    ("min(1, max(-1, {}))", 2),
    ("max(0, {})", 2),
)
PAIRS: tuple[tuple[str, int], ...] = (
    ("({}) + ({})", 6),
    ("({}) - ({})", 3),
    ("({})*({})", 7),
    ("({})/({})", 2),
    ("({})/(1+({})^2)", 2),
    ("max({}, {})", 3),
    ("min({}, {})", 2),
    ("where(x > {n}, {}, {})", 2),
    ("where(x < 0, {}, {})", 1),
    ("Piecewise(({}, x <= -{n}), ({}, x > {n}), (x, True))", 1),
)
LEAVES: tuple[tuple[str, int], ...] = (("x", 10), ("{n}*x", 3), ("x + {n}", 1), ("x - {n}", 1), ("x/2", 1))
NUMBERS = ("1/2", "2", "3", "1/3", "0.1", "1.702", "0.044715", "1.5", "pi", "0.7", "sqrt(2)", "2.5", "1/10")


def sentence(random: Random) -> str:
    """One expression; what it means may be refused (constant, real nowhere)."""
    return _expression(random, _chosen(random, DEPTHS))


def sentences(seed: int, count: int) -> list[str]:
    """The first `count` of a seed, each drawn from a generator of its own."""
    return [sentence(Random(f"{seed} {index}")) for index in range(count)]


def _expression(random: Random, depth: int) -> str:
    if depth == 0:
        return _filled(random, _chosen(random, LEAVES))
    if random.random() < 0.6:
        return _filled(random, _chosen(random, FUNCTIONS), _expression(random, depth - 1))
    parts = [_expression(random, depth - 1), _expression(random, random.randrange(depth))]
    random.shuffle(parts)
    return _filled(random, _chosen(random, PAIRS), *parts)


def _filled(random: Random, pattern: str, *parts: str) -> str:
    return pattern.format(*parts, n=random.choice(NUMBERS))


def _chosen(random: Random, weighted: Sequence[tuple[T, int]]) -> T:
    values, weights = zip(*weighted, strict=True)
    return random.choices(values, weights)[0]
