"""What a typed activation may be made of: the nodes allowed, and limits that keep every later step finite.

`admit` reads an expression node by node. The parser calls it for every node it makes, and SymPy expressions
from Python code pass the same gate, so that both say the same things.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp
from flint import arb

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.letters import PARAMETERS, x

__all__ = [
    "OPERATIONS",
    "InadmissibleError",
    "Known",
    "admit",
    "admit_exponent",
    "admit_root",
    "bases",
    "is_constant",
    "number_of",
]

EXPONENT = 32
"""The largest exponent in size, where it is a number."""
ROOT = 64
"""The largest denominator of an exponent."""
COMPUTED_DIGITS = 100
"""Digits of a number that arises by computing, and of the size of a constant."""
CONSTANT_DEPTH = 8
"""Functions and powers inside each other in a number: SymPy's work on them doubles with each."""
ROOTS = 3
"""Roots and logarithms inside each other that are real on a part of the line only: SymPy takes the real parts
of all between them apart, which doubles with each.
"""
OPERATIONS = 1000
"""Operations of an expression with every function written out."""

NODES: frozenset[type] = frozenset(
    {sp.Add, sp.Mul, sp.Pow, sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh}
    | {sp.asinh, sp.atan, sp.erf, sp.erfc, sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min, sp.Piecewise}
    | {sp.StrictLessThan, sp.LessThan, sp.StrictGreaterThan, sp.GreaterThan, sp.Equality, sp.Unequality}
    | {sp.And, sp.Or, sp.Not, sp.functions.elementary.piecewise.ExprCondPair}
)
"""The classes of nodes; atoms are the letters, rational numbers, pi, e and truth values."""


@dataclass(frozen=True)
class Known:
    """What has been admitted, with the number of its operations, and the `bases` of what was asked for."""

    sizes: dict[sp.Basic, int] = field(default_factory=dict)
    bases: dict[sp.Basic, frozenset[sp.Expr]] = field(default_factory=dict)


class InadmissibleError(ValueError):
    """An expression is outside the language or a limit; the message says what and the legal range."""


def admit(expr: sp.Basic, known: Known) -> int:
    """The number of operations of `expr`; raises `InadmissibleError`. `known` is read and added to."""
    size = known.sizes.get(expr)
    if size is None:
        size = known.sizes[expr] = _atom(expr) if not expr.args else _node(expr, known)
    return size


def _atom(expr: sp.Basic) -> int:
    if isinstance(expr, sp.Rational):
        if max(abs(expr.p), expr.q) >= 10**COMPUTED_DIGITS:
            raise InadmissibleError(
                f"a number of more than {COMPUTED_DIGITS} digits arises (legal: up to that)"
            )
    elif expr is sp.I:
        raise InadmissibleError("the value is complex (legal: what is real for some real x)")
    elif expr in (sp.zoo, sp.nan, sp.oo, -sp.oo):
        raise InadmissibleError("the value is not a finite number: a division by 0 or a logarithm of 0")
    elif isinstance(expr, sp.Symbol):
        if expr != x and expr not in PARAMETERS.values():
            raise InadmissibleError(f"the symbol {expr.name[:40]!r} is neither x nor a parameter")
    elif expr not in (sp.pi, sp.E, sp.true, sp.false):
        raise InadmissibleError(f"{type(expr).__name__} is not in the language")
    return 0


def _node(expr: sp.Basic, known: Known) -> int:
    if expr.func not in NODES:
        raise InadmissibleError(f"{expr.func.__name__} is not in the language, or a complex value arises")
    size = sum(admit(arg, known) for arg in expr.args)
    size += max(1, len(expr.args) - 1)
    if size > OPERATIONS:
        raise InadmissibleError(
            f"more than {OPERATIONS} operations, functions written out (legal: up to that)"
        )
    if isinstance(expr, sp.Pow):
        _power(expr.base, expr.exp)
    if isinstance(expr, sp.Pow | sp.exp):
        _exponent_of_cases(expr)
    if _is_root(expr):
        admit_root(expr.args[0], known)
    if isinstance(expr, sp.Pow | sp.log) and expr.is_extended_real is False:
        raise InadmissibleError("the value is real for no x (legal: what is real for some x)")
    if is_constant(expr):
        if _depth(expr) > CONSTANT_DEPTH:
            raise InadmissibleError(f"a number of more than {CONSTANT_DEPTH} functions inside each other")
        number_of(expr)
    return size


def _depth(expr: sp.Basic) -> int:
    below = max((_depth(arg) for arg in expr.args), default=0)
    return below + (bool(expr.args) and not isinstance(expr, sp.Add | sp.Mul))


def _is_root(expr: sp.Basic) -> bool:
    return isinstance(expr, sp.log) or (isinstance(expr, sp.Pow) and not expr.exp.is_Integer)


def admit_root(radicand: sp.Expr, known: Known) -> None:
    """Raises `InadmissibleError` where too many roots or logarithms stand inside this one."""
    if _roots(radicand, known) >= ROOTS:
        raise InadmissibleError(
            f"more than {ROOTS} roots or logarithms inside each other (legal: up to that)"
        )


def _roots(expr: sp.Expr, known: Known) -> int:
    return max((1 + _roots(base, known) for base in bases(expr, known)), default=0)


def admit_exponent(exponent: sp.Expr) -> None:
    """Raises `InadmissibleError` on an exponent that is a number beyond the limits."""
    if exponent.is_Rational:
        if abs(exponent) > EXPONENT:
            raise InadmissibleError(f"the exponent is too large (legal: up to {EXPONENT} in size)")
        if exponent.q > ROOT:
            raise InadmissibleError(f"the root {_short(exponent)} (legal: denominators up to {ROOT})")
    elif is_constant(exponent) and not abs(number_of(exponent)) < EXPONENT:
        raise InadmissibleError(f"the exponent is too large (legal: up to {EXPONENT} in size)")


def _exponent_of_cases(power: sp.Expr) -> None:
    """The limits for the numbers that a power's exponent is in some cases: it becomes one of them where the
    cases are drawn outside, and SymPy then computes 3 ** e ** 10 ** 19 in order to compare it.
    """
    exponent = power.exp
    numbers: dict[sp.Basic, list[sp.Expr]] = {}
    for cases in exponent.atoms(sp.Piecewise):
        if found := [value for value, _ in cases.args if is_constant(value)]:
            numbers[cases] = sorted(found, key=lambda value: abs(number_of(value)).mid())
    chosen = [{cases: value} for cases, values in numbers.items() for value in values]
    for values in (*chosen, {cases: values[-1] for cases, values in numbers.items()}):
        number = exponent.xreplace(values)
        if values and is_constant(number):
            if isinstance(power, sp.exp):
                number_of(sp.exp(number))
            else:
                admit_exponent(number)


def _power(base: sp.Expr, exponent: sp.Expr) -> None:
    """The limits of an exponent, and a base that is negative or 0 under one that is not a whole number."""
    admit_exponent(exponent)
    if is_constant(base) and not exponent.is_Integer and not number_of(base) > 0:
        raise InadmissibleError(
            "a power of a number that is not positive is not real (legal: a positive base)"
        )


def _short(expr: sp.Expr) -> str:
    text = str(expr)
    return text if len(text) <= 20 else text[:20] + "…"


def bases(expr: sp.Basic, known: Known) -> frozenset[sp.Expr]:
    """What has to stay positive, or at least not negative, for `expr` to be real: the arguments of logarithms
    and the bases of powers that are not whole, as far as x occurs in them.
    """
    found = known.bases.get(expr)
    if found is None:
        found = frozenset().union(*(bases(arg, known) for arg in expr.args))
        if _is_root(expr) and x in expr.args[0].free_symbols and not expr.args[0].is_nonnegative:
            found |= {expr.args[0]}
        known.bases[expr] = found
    return found


def is_constant(expr: sp.Basic) -> bool:
    """Whether no letter occurs."""
    return isinstance(expr, sp.Expr) and not expr.free_symbols


def number_of(expr: sp.Expr) -> arb:
    """A ball that contains a constant; raises `InadmissibleError` unless it is real, finite and of a usable
    size.
    """
    for bits in (64, 256, 1024):
        with precision(bits):
            try:
                value = ball(expr)
            except NotImplementedError:
                break
            if value.is_finite():
                if not abs(value) < arb(10) ** COMPUTED_DIGITS:
                    break
                if 0 not in value and abs(value) < arb(10) ** -COMPUTED_DIGITS:
                    break
                if isinstance(expr, sp.tanh | sp.erf) and bits < 1024:
                    continue
                if isinstance(expr, sp.tanh | sp.erf) and 1 - abs(value) < arb(10) ** -COMPUTED_DIGITS:
                    break  # SymPy would compute thousands of digits to tell it from 1
                return value
    raise InadmissibleError(
        f"the number {_short(expr)} is not real, or of no usable size (legal: 1e-{COMPUTED_DIGITS} to "
        f"1e{COMPUTED_DIGITS}; tanh and erf that far from 1)"
    )
