"""Strings that try a parser: noise, soups of its own tokens, and valid expressions damaged or grafted."""

from __future__ import annotations

import random
from collections.abc import Iterator

from symgrad.symbolic.language.tokens import LENGTH
from symgrad.symbolic.language.vocabulary import CONSTANTS, ELEMENTARY
from symgrad.symbolic.letters import PARAMETERS
from symgrad.theory.activations import ACTIVATIONS

NAMES = (*ELEMENTARY, *CONSTANTS, *PARAMETERS, *ACTIVATIONS, "where", "Piecewise", "Eq", "Ne", "True", "not")
SIGNS = "+ - * / ^ ** ( ) , | < <= > >= == != & − · ≤ ≥ ² ⁻¹ ³".split()
FOREIGN = "__import__ eval exec lambda self \\ \" ' [ ] { } . : ; # @ ! = % ~ $ ? `".split()
FOREIGN += ["\x00", "\n", "\t", *"éхｘ𝑥😀∞√σ"]
COMPARISONS = ("<", ">", "<=", ">=", "==", "!=")
NUMBERS = ("0", "1", "2", "3", ".5", "1e-3", "32", "33", "64", "65", "1e19", "99999999999999999999", "1e400")
SEEDS = (
    "x*tanh(log(1+exp(x)))", "0.5*x*(1+erf(x/sqrt(2)))", "where(x>0, x, exp(x)-1)", "|x|/(1+|x|)", "-x^2",
    "Piecewise((0, x<=-3), (x, x>=3), (x*(x+3)/6, True))", "min(1,max(0,(x+3)/6))*x", "cbrt(x)+x^(1/3)",
    "where(-1<x<1 and not x==0, sin(x)/x, sign(x))", "elu(x, 2)+leaky_relu(x-a, 1/5)", "e^-x² + 3x(x+1)",
    "σ(x)·x − atan(1/x)", "(1+x)**32*(1-x)**32", "x**x**x", "hard_swish(selu(gelu(x)))", "2^-x + log1p(x^2)",
)  # fmt: skip


def strings(seed: int) -> Iterator[str]:
    """An endless supply, the same for the same seed."""
    source = random.Random(seed)
    while True:
        yield source.choice((_noise, _unicode, _soup, _grown, _mutated, _mutated))(source)[: LENGTH + 20]


def _noise(source: random.Random) -> str:
    return "".join(chr(source.randrange(32, 127)) for _ in range(source.randrange(60)))


def _unicode(source: random.Random) -> str:
    return "".join(chr(source.randrange(0x20000)) for _ in range(source.randrange(30))).replace("\ud800", "")


def _word(source: random.Random) -> str:
    kind = source.choice((("x",), NAMES, SIGNS, SIGNS, NUMBERS, FOREIGN))
    return source.choice(kind)


def _soup(source: random.Random) -> str:
    return source.choice(("", " ")).join(_word(source) for _ in range(source.randrange(1, 40)))


def _grown(source: random.Random, depth: int = 0) -> str:
    """Mostly an expression of the language, with deep nesting now and then."""
    if depth > source.randrange(1, 9):
        return source.choice(
            ("x", "x", "x", source.choice(NUMBERS), source.choice(tuple(PARAMETERS)), "pi", "e")
        )

    def part() -> str:
        return _grown(source, depth + 1)

    return source.choice(
        (
            lambda: f"{part()} {source.choice('+-*/^')} {part()}",
            lambda: f"({part()})",
            lambda: f"|{part()}|",
            lambda: f"-{part()}",
            lambda: f"({part()})^{source.choice(NUMBERS)}",
            lambda: f"{source.choice(NAMES)}({part()})",
            lambda: f"{source.choice(('max', 'min', *ACTIVATIONS))}({part()}, {part()})",
            lambda: f"where({part()} {source.choice(COMPARISONS)} {part()}, {part()}, {part()})",
        )
    )()


def _mutated(source: random.Random) -> str:
    text = list(source.choice(SEEDS))
    for _ in range(source.randrange(1, 6)):
        at = source.randrange(len(text) + 1)
        action = source.randrange(4)
        if action == 0:
            text.insert(at, _word(source))
        elif action == 1:
            del text[at : at + source.randrange(1, 4)]
        elif action == 2:
            text[at:at] = source.choice(SEEDS)
        else:
            text[at:at] = text[at : at + 10] * source.randrange(1, 30)
    return "".join(text)
