"""Activations that are not registered: typed, or made in Python with SymPy."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from symgrad.errors import ExpressionError, InputError
from symgrad.symbolic.language.adopt import adopt
from symgrad.symbolic.language.parse import called, parse
from symgrad.symbolic.language.tokens import shown
from symgrad.symbolic.language.write import write
from symgrad.symbolic.letters import x
from symgrad.theory.activations.activation import Activation

__all__ = ["asked", "typed"]

DEFAULT = sp.Integer(1)
"""What a letter in a typed expression stands for unless it is set."""


def asked(given: object, registered: Mapping[str, Activation]) -> Activation:
    """The activation meant by a name, a call such as `leaky_relu(x, 1/5)`, a text in x, a SymPy expression in
    one variable, or a function that makes such an expression of a symbol.

    Raises `InputError`; about a text it is an `ExpressionError`, which names the column.
    """
    if isinstance(given, Activation):
        return given
    if isinstance(given, str):
        return _written(given, registered)
    if callable(given) and not isinstance(given, sp.Basic):
        given = _result(given)
    if not isinstance(given, sp.Basic):
        raise InputError(f"a {type(given).__name__} is not an activation (legal: a name, an expression in x)")
    return typed(adopt(given))


def typed(expression: sp.Expr, text: str = "") -> Activation:
    """An expression in x and the letters of parameters as an activation, every parameter 1.

    Its name is a text that reads as this expression: as symgrad writes it, or `text` where that is too long.
    """
    parameters = sorted(expression.free_symbols - {x}, key=str)
    name = write(expression)
    if text and not _reads_as(name, expression):
        name = " ".join(text.split())
    return Activation(name, r"\varphi", expression, None, dict.fromkeys(parameters, DEFAULT))


def _reads_as(text: str, expression: sp.Expr) -> bool:
    try:
        return bool(parse(text) == expression)
    except ExpressionError:
        return False


def _written(text: str, registered: Mapping[str, Activation]) -> Activation:
    name = text.strip()
    if name in registered:
        return registered[name]
    try:
        call = called(text, registered)
        if call is not None:
            return _with_arguments(registered[call[0]], call[1])
        return typed(parse(text, registered), text)
    except ExpressionError as error:
        what = "neither the name of an activation nor an expression in x: " if name.isidentifier() else ""
        raise ExpressionError(error.column, error.problem, about=f"{shown(text)}: {what}") from None


def _with_arguments(entry: Activation, values: tuple[sp.Expr, ...]) -> Activation:
    """A registered activation with its first parameters at other values; letters in these stay parameters."""
    if any(value.free_symbols for value in values):
        at = dict(zip(entry.parameters, values, strict=False))
        return typed(entry.expression.xreplace({**entry.parameters, **at}))
    given = {symbol.name: value for symbol, value in zip(entry.parameters, values, strict=False)}
    return entry.with_parameters(given)


def _result(function: object) -> object:
    """What a Python function makes of a symbol; it is called once."""
    try:
        return function(x)  # type: ignore[operator]
    except Exception as error:
        raise InputError(
            f"the function does not take a SymPy symbol: {type(error).__name__} (legal: written in SymPy)"
        ) from None
