"""The values of a parse: refused before they are computed where they would be too large, admitted after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import sympy as sp

from symgrad.errors import ExpressionError
from symgrad.symbolic.language.allowed import (
    COMPUTED_DIGITS,
    OPERATIONS,
    InadmissibleError,
    Known,
    admit,
    admit_exponent,
    admit_root,
    bases,
)
from symgrad.symbolic.language.tokens import Token
from symgrad.symbolic.language.vocabulary import Function, compose
from symgrad.symbolic.language.write import write
from symgrad.symbolic.letters import x

__all__ = ["Definition", "applied", "defined", "inverse", "made", "power"]

TOWER = 4
"""Powers of numbers on top of each other: SymPy's work on them doubles with each."""


class Definition(Protocol):
    """A function added to the language: φ in x, and its parameters in order with their defaults."""

    @property
    def expression(self) -> sp.Expr:
        """φ in `letters.x`."""

    @property
    def parameters(self) -> Mapping[sp.Symbol, sp.Expr]:
        """The defaults of its parameters, in the order they are given in."""


def made(token: Token, known: Known, build: Callable[..., Any], *args: object) -> Any:
    """What `build` makes of the arguments, admitted; a refusal names the column of `token`.

    SymPy writes x for sqrt(x)**2: it forgets where an expression is real. That is refused too.
    """
    try:
        found = build(*args)
        admit(found, known)
        before = frozenset().union(*(bases(arg, known) for arg in args if isinstance(arg, sp.Expr)))
        for lost in before - bases(found, known):
            raise InadmissibleError(
                f"{write(lost)} must not be negative, but cancels out (legal: leave it out)"
            )
    except InadmissibleError as reason:
        raise ExpressionError(token.column, str(reason)) from None
    except (TypeError, ValueError):  # SymPy's: it compares only what may be real
        raise ExpressionError(token.column, "values that are not real are compared") from None
    except (MemoryError, OverflowError):  # mpmath's, at once: e^(e^(10^19)) has no floating point form
        raise ExpressionError(token.column, "a number is too large to compute") from None
    return found


def power(token: Token, known: Known, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """base to the exponent: SymPy computes a power of numbers at once, however large."""
    try:
        admit_exponent(exponent)
        if not exponent.is_Integer:
            admit_root(base, known)
    except InadmissibleError as reason:
        raise ExpressionError(token.column, str(reason)) from None
    if base.is_Rational and exponent.is_Rational:
        digits = len(str(max(abs(base.p), base.q))) - 1
        if digits * abs(exponent) > COMPUTED_DIGITS:
            raise ExpressionError(
                token.column, f"the power has more than {COMPUTED_DIGITS} digits (legal: up to that)"
            )
    if not base.free_symbols and _tower(exponent) >= TOWER:
        raise ExpressionError(
            token.column, f"a tower of more than {TOWER} powers of numbers (legal: up to that)"
        )
    if base.is_zero and not exponent.is_positive:
        raise ExpressionError(token.column, "0 to a power that is not positive has no value")
    return made(token, known, sp.Pow, base, exponent)


def _tower(exponent: sp.Expr) -> int:
    return max((1 + _tower(p.exp) for p in exponent.atoms(sp.Pow) if not p.base.free_symbols), default=0)


def inverse(token: Token, known: Known, below: sp.Expr) -> sp.Expr:
    """1/below."""
    if below.is_zero:
        raise ExpressionError(token.column, "division by 0")
    return made(token, known, lambda u: 1 / u, below)


def applied(token: Token, known: Known, function: Function, given: Sequence[sp.Expr]) -> sp.Expr:
    """An elementary function of its arguments."""
    least, most = function.least, function.most
    if len(given) < least or (most is not None and len(given) > most):
        legal = str(least) if most == least else f"{least} or more"
        raise ExpressionError(token.column, f"{token.text} of {len(given)} arguments (legal: {legal})")
    if function.is_root:
        try:
            admit_root(given[0], known)
        except InadmissibleError as reason:
            raise ExpressionError(token.column, str(reason)) from None
    return made(token, known, function.build, *given)


def defined(token: Token, known: Known, definition: Definition, given: Sequence[sp.Expr]) -> sp.Expr:
    """A function of the table at its first argument, with its parameters as given, else at their defaults."""
    argument, *chosen = given
    if len(chosen) > len(definition.parameters):
        legal = ", ".join(("x", *(symbol.name for symbol in definition.parameters)))
        raise ExpressionError(
            token.column, f"{token.text} of {len(given)} arguments (legal: {token.text}({legal}))"
        )
    values: dict[sp.Basic, sp.Expr] = {**definition.parameters, x: argument}
    for symbol, value in zip(definition.parameters, chosen, strict=False):
        if x in value.free_symbols or not value.is_positive:
            raise ExpressionError(
                token.column, f"{symbol.name} of {token.text} is not a positive number (legal: as in 1/5)"
            )
        values[symbol] = value
    body = definition.expression
    places = sum(node == x for node in sp.preorder_traversal(body))
    if places * admit(argument, known) > OPERATIONS:
        raise ExpressionError(
            token.column, f"more than {OPERATIONS} operations, functions written out (legal: up to that)"
        )
    return made(token, known, lambda: compose(body, values))
