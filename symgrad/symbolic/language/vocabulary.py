"""The elementary functions of the language by name, and functions put together without SymPy's pitfalls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import sympy as sp

from symgrad.symbolic.language.allowed import InadmissibleError, Known, bases

__all__ = ["CONSTANTS", "ELEMENTARY", "Function", "cases", "compose"]

CASES = 128
"""Branches that may arise when cases stand inside conditions."""

TERMS = 10
"""Terms of one max or min: SymPy compares them in pairs."""

CONSTANTS: Mapping[str, sp.Expr] = {"pi": sp.pi, "e": sp.E, "E": sp.E}
THIRD = sp.Rational(1, 3)


@dataclass(frozen=True)
class Function:
    """How a function is built from its arguments, and how many it takes (`most` None: any number).

    `is_root`: a root or a logarithm, real on a part of the line only.
    """

    build: Callable[..., sp.Expr]
    least: int = 1
    most: int | None = 1
    is_root: bool = False


def cases(pairs: Sequence[tuple[sp.Expr, sp.Basic]]) -> sp.Expr:
    """Piecewise((expression, condition), …) with no cases inside a condition: they are drawn outside.

    A condition on y = Piecewise((p, c), (q, True)) becomes the condition on p where c holds and that on q
    elsewhere (left to itself, SymPy expands the condition, exponentially). Raises `InadmissibleError` above
    128 branches.
    """
    inside = set().union(*(condition.atoms(sp.Piecewise) for _, condition in pairs))
    if not inside:
        return sp.Piecewise(*pairs)
    if prod(len(inner.args) for inner in inside) > CASES:
        raise InadmissibleError(
            f"conditions on cases on cases give more than {CASES} branches (legal: up to that)"
        )
    inner = min(inside, key=sp.default_sort_key)
    return sp.Piecewise(
        *(
            (cases([(e.xreplace({inner: value}), c.xreplace({inner: value})) for e, c in pairs]), holds)
            for value, holds in inner.args
        )
    )


def _absolute(u: sp.Expr) -> sp.Expr:
    if bases(u, Known()):
        # where u may leave the real line SymPy's |u| brings arguments of complex numbers; here u is real
        return _largest(sp.Max)(u, -u)
    found = sp.Abs(u)
    twice = {outer: outer.args[0] for outer in found.atoms(sp.Abs) if isinstance(outer.args[0], sp.Abs)}
    return found.xreplace(twice)


def _sign(u: sp.Expr) -> sp.Expr:
    if bases(u, Known()):
        return cases([(sp.Integer(-1), u < 0), (sp.Integer(1), u > 0), (sp.S.Zero, sp.true)])
    return sp.sign(u)


def _largest(of: type[sp.Max] | type[sp.Min]) -> Callable[..., sp.Expr]:
    def build(*terms: sp.Expr) -> sp.Expr:
        if sum(len(of.make_args(term)) for term in terms) > TERMS:
            raise InadmissibleError(f"more than {TERMS} terms in one max or min (legal: up to that)")
        return of(*terms)

    return build


def _cbrt(u: sp.Expr) -> sp.Expr:
    return _sign(u) * _absolute(u) ** THIRD


ELEMENTARY: Mapping[str, Function] = {
    "exp": Function(sp.exp),
    "log": Function(sp.log, is_root=True),
    "log1p": Function(lambda u: sp.log(1 + u), is_root=True),
    "expm1": Function(lambda u: sp.exp(u) - 1),
    "sqrt": Function(sp.sqrt, is_root=True),
    "cbrt": Function(_cbrt),
    "abs": Function(_absolute),
    "Abs": Function(_absolute),
    "sign": Function(_sign),
    "step": Function(sp.Heaviside),
    "Heaviside": Function(sp.Heaviside),
    "sin": Function(sp.sin),
    "cos": Function(sp.cos),
    "tan": Function(sp.tan),
    "sinh": Function(sp.sinh),
    "cosh": Function(sp.cosh),
    "tanh": Function(sp.tanh),
    "asinh": Function(sp.asinh),
    "atan": Function(sp.atan),
    "erf": Function(sp.erf),
    "erfc": Function(sp.erfc),
    "min": Function(_largest(sp.Min), 2, None),
    "Min": Function(_largest(sp.Min), 2, None),
    "max": Function(_largest(sp.Max), 2, None),
    "Max": Function(_largest(sp.Max), 2, None),
}
"""cbrt is the real cube root on the whole line (u**(1/3) is the principal power, u >= 0); step(0) = 1/2."""

_REBUILD: Mapping[type, Callable[..., sp.Basic]] = {sp.Abs: _absolute, sp.sign: _sign}


def compose(
    expr: sp.Basic,
    values: Mapping[sp.Basic, sp.Expr],
    by_others: Mapping[type, Callable[..., sp.Expr]] | None = None,
) -> sp.Basic:
    """`expr` with expressions put for its letters; cases inside conditions are drawn outside, and functions
    of the table `by_others` are built by it.
    """
    rebuild = {**_REBUILD, **(by_others or {})}

    def of(node: sp.Basic) -> sp.Basic:
        if node in values:
            return values[node]
        if not node.args:
            return node
        if isinstance(node, sp.Piecewise):
            return cases([(of(e), of(c)) for e, c in node.args])
        return rebuild.get(node.func, node.func)(*map(of, node.args))

    return of(expr)
