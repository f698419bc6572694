"""SymPy expressions made elsewhere, brought into the language: its letters, its nodes, its limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import sympy as sp

from symgrad.errors import InputError
from symgrad.symbolic.language.allowed import InadmissibleError, Known, admit
from symgrad.symbolic.language.vocabulary import compose
from symgrad.symbolic.letters import PARAMETERS, x

__all__ = ["adopt"]

_BY_OTHERS: Mapping[type, Callable[..., sp.Expr]] = {
    sp.sec: lambda u: 1 / sp.cos(u),
    sp.csc: lambda u: 1 / sp.sin(u),
    sp.cot: lambda u: sp.cos(u) / sp.sin(u),
    sp.sech: lambda u: 1 / sp.cosh(u),
    sp.csch: lambda u: 1 / sp.sinh(u),
    sp.coth: lambda u: sp.cosh(u) / sp.sinh(u),
    sp.Heaviside: lambda u, _: sp.Heaviside(u),
}
"""Functions that the language writes by others; the value of a step at its jump is 1/2."""


def adopt(expr: sp.Expr) -> sp.Expr:
    """`expr` in `letters.x` and the letters of `letters.PARAMETERS`.

    The variable is the symbol x, or the only free symbol; other symbols are parameters by their names. Floats
    are read as the decimals they print as. Raises `InputError` on anything outside the language.
    """
    if not isinstance(expr, sp.Expr):
        raise InputError(f"a SymPy {type(expr).__name__} is not an activation (legal: an expression in x)")
    values: dict[sp.Basic, sp.Expr] = dict(_letters(expr))
    try:
        values |= {number: _decimal(number) for number in expr.atoms(sp.Float)}
        if any(branches.args[-1][1] != sp.true for branches in expr.atoms(sp.Piecewise)):
            raise InadmissibleError("a Piecewise without a case for the rest (legal: True in the last pair)")
        found = compose(expr, values, _BY_OTHERS)
        admit(found, Known())
    except InadmissibleError as reason:
        raise InputError(f"the SymPy expression is not in the language: {reason}") from None
    except (TypeError, ValueError):  # SymPy's: it compares only what may be real
        raise InputError("the SymPy expression compares values that are not real") from None
    if x not in found.free_symbols:
        raise InputError("the SymPy expression does not depend on its variable (legal: an expression in x)")
    return found


def _letters(expr: sp.Expr) -> Mapping[sp.Symbol, sp.Symbol]:
    """What each free symbol becomes."""
    free = sorted(expr.free_symbols, key=str)
    variables = [symbol for symbol in free if symbol.name == x.name] if len(free) > 1 else free
    if len(variables) != 1:
        raise InputError(f"the SymPy expression has no variable x (its symbols: {_names(free) or 'none'})")
    others = [symbol for symbol in free if symbol not in variables]
    strangers = [symbol for symbol in others if symbol.name not in PARAMETERS]
    if strangers or len({symbol.name for symbol in others}) < len(others):
        legal = ", ".join(PARAMETERS)
        raise InputError(
            f"the SymPy expression has the symbols {_names(others)} (legal: x and {legal}, once)"
        )
    return {variables[0]: x, **{symbol: PARAMETERS[symbol.name] for symbol in others}}


def _names(symbols: list[sp.Symbol]) -> str:
    return ", ".join(ascii(symbol.name[:40]) for symbol in symbols)


def _decimal(number: sp.Float) -> sp.Rational:
    if not sp.Float("1e-100") < abs(number) < sp.Float("1e100"):
        raise InadmissibleError("a decimal number that is not between 1e-100 and 1e100 in size")
    exact = Fraction(str(number) if number._prec > 53 else repr(float(number)))
    return sp.Rational(exact.numerator, exact.denominator)
