"""Numbers and places as a certificate writes them: exact texts, decimals, named roots, sides, families."""

from __future__ import annotations

import re
from dataclasses import dataclass

import sympy as sp
from flint import arb

from symgrad.errors import InputError
from symgrad.symbolic.balls import ball
from symgrad.symbolic.language.parse import parse
from symgrad.symbolic.letters import x
from symgrad.verify.certificates.jets import UndecidedError, jet
from symgrad.verify.certificates.reading import MalformedError, number

__all__ = ["Family", "Value", "expression", "family", "value"]

STEPS = 60
_ROOT = re.compile(
    r"(?P<body>.+), where (?P<left>.+) = (?P<right>.+) and (?P<lo>\S+) < (?P<letter>[uv]) < (?P<hi>\S+)"
)
_DECIMAL = re.compile(r"-?\d+(?:\.(\d+))?(?:e([+-]?\d+))?")
_LONG = re.compile(r"(^|[-+] ?)(\d+\.\d{20,})(?= |$)")
_ROUNDED = 28
"""Significant digits from which on a decimal is taken for a rounded number."""


@dataclass(frozen=True)
class Value:
    """A number as text: a ball that contains it, the exact expression where it is one, and how far a
    rounded decimal may be off.
    """

    ball: arb
    exact: sp.Expr | None
    rounding: arb


@dataclass(frozen=True)
class Family:
    """start + k·step for every integer k."""

    start: Value
    step: arb


def expression(text: str) -> sp.Expr:
    """A function of x; raises `MalformedError` where the text is none or has letters without values."""
    try:
        found = parse(text)
    except InputError as error:
        raise MalformedError(f"{text[:60]!r}: {error}") from None
    if found.free_symbols != {x}:
        raise MalformedError(f"{text[:60]!r}: only x may be free")
    return found


def value(text: str) -> Value:
    """The number that a text says, at the current precision."""
    decimal = _DECIMAL.fullmatch(text)
    if decimal or re.fullmatch(r"-?\d+/\d+", text):
        exact = number(text)
        digits = text.partition("e")[0].replace("-", "").replace(".", "").lstrip("0")
        if decimal and len(digits) >= _ROUNDED:
            last = int(decimal[2] or 0) - len(decimal[1] or "")
            return Value(arb(exact), None, arb(10) ** last / 2)
        return Value(arb(exact), sp.Rational(int(exact.p), int(exact.q)), arb(0))
    named = _ROOT.fullmatch(text)
    if named is None:
        constant = _constant(text)
        return Value(ball(constant), constant, arb(0))
    body, left, right = (_in_x(named[part], named["letter"]) for part in ("body", "left", "right"))
    root = _only_zero(expression(f"({left}) - ({right})"), arb(number(named["lo"])), arb(number(named["hi"])))
    return Value(jet(expression(body), x, root, 0)[0], None, arb(0))


def family(text: str) -> Family | None:
    """start + step·k where the text has the letter k, else None; a long decimal may stand in it once."""
    if not re.search(r"\bk\b", text):
        return None
    long = _LONG.search(text)
    short = text if long is None else text[: long.start(2)] + "0" + text[long.end(2) :]
    terms = sp.Poly(expression(_in_x(short, "k")), x)
    if terms.degree() != 1:
        raise MalformedError(f"{text[:60]!r}: is not a family")
    step, start = terms.all_coeffs()
    if long is None:
        return Family(Value(ball(start), start, arb(0)), ball(step))
    decimal = value(long[2])
    sign = -1 if long[1].strip() == "-" else 1
    return Family(Value(ball(start) + sign * decimal.ball, None, decimal.rounding), ball(step))


def _in_x(text: str, letter: str) -> str:
    if re.search(r"\bx\b", text):
        raise MalformedError(f"{text[:60]!r}: x does not belong there")
    return re.sub(rf"\b{letter}\b", "x", text)


def _constant(text: str) -> sp.Expr:
    """The parser takes functions of x alone: the number is read as its sum with x."""
    if re.search(r"\bx\b", text):
        raise MalformedError(f"{text[:60]!r}: is not a number")
    found = expression(f"x + ({text})") - x
    if not found.is_number:
        raise MalformedError(f"{text[:60]!r}: is not a number")
    return found


def _only_zero(equation: sp.Expr, lo: arb, hi: arb) -> arb:
    """The only zero in (lo, hi), by the interval Newton operator, which proves that it is one and alone."""
    over, proved = lo.union(hi), False
    for _ in range(STEPS):
        middle = over.mid()
        step = jet(equation, x, over, 1)[1]
        if step.contains(arb(0)):
            raise UndecidedError(f"the zero of {equation} is not isolated")
        new = middle - jet(equation, x, middle, 0)[0] / step
        proved = proved or over.contains_interior(new)
        if not new.overlaps(over):
            break
        smaller = new.intersection(over)
        if not smaller.rad() < over.rad() * arb(0.9):
            over = smaller
            break
        over = smaller
    if not proved:
        raise UndecidedError(f"{equation} has no proved zero in the bracket")
    return over
