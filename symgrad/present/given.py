"""What a derivation fixes in its prose: the activation, the values of parameters, the roots that letters
stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sympy as sp

from symgrad.present.recheck import beside
from symgrad.symbolic.derivation import Derivation, Prose
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import Notation, OneSided, dphi, phi

__all__ = ["Given", "Root", "given"]


@dataclass(frozen=True)
class Root:
    """The solution of an equation between two numbers."""

    equation: sp.Equality
    low: sp.Expr
    high: sp.Expr

    def value(self, symbol: sp.Symbol, digits: int) -> sp.Expr:
        """The root, by bracketing."""
        return sp.nsolve(
            self.equation.lhs - self.equation.rhs,
            symbol,
            (self.low, self.high),
            solver="anderson",
            verify=False,
            prec=digits,
        )


@dataclass(frozen=True)
class Given:
    """φ and φ′ in x where they are concrete; letters with a value; letters that are roots."""

    activation: sp.Expr | None = None
    slope: sp.Expr | None = None
    values: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    roots: Mapping[sp.Symbol, Root] = field(default_factory=dict)

    def concrete(self, statement: sp.Basic) -> sp.Basic:
        """φ and φ′ replaced by what they are here; a relation is not evaluated and stays one."""
        if isinstance(statement, sp.Rel | sp.Implies | sp.And):
            return statement.func(*map(self.concrete, statement.args), evaluate=False)
        statement = statement.replace(OneSided, beside)
        for name, body in ((phi, self.activation), (dphi, self.slope)):
            if body is not None:
                statement = statement.replace(name, lambda at, body=body: body.subs(x, at))
        return statement


def given(derivation: Derivation) -> Given:
    """Read off the parts of the prose: `φ(x) = …`, `a` stands for its value `1/100`, `equation` with `u` in
    `(lo, hi)`.
    """
    activation = slope = None
    for part in _parts(derivation.assumptions):
        if isinstance(part, sp.Equality) and not part.rhs.has(Notation):
            if part.lhs == phi(x):
                activation, slope = part.rhs, sp.diff(part.rhs, x)
            elif part.lhs == dphi(x):
                slope = part.rhs
    values = {
        prose[0]: prose[2]
        for prose in derivation.assumptions
        if len(prose) == 3
        and "value" in str(prose[1])
        and isinstance(prose[0], sp.Symbol)
        and isinstance(prose[2], sp.Expr)
        and prose[2].is_number
    }
    roots = {}
    steps = (*derivation.steps, derivation.conclusion)
    for prose in (derivation.summary, *(step.because for step in steps)):
        for equation, _, symbol, _, interval in zip(*(prose[start:] for start in range(5)), strict=False):
            if (
                isinstance(equation, sp.Equality)
                and isinstance(symbol, sp.Symbol)
                and isinstance(interval, sp.Interval)
            ):
                roots[symbol] = Root(equation, interval.start, interval.end)
    return Given(activation, slope, values, roots)


def _parts(proses: tuple[Prose, ...]) -> Iterator[str | sp.Basic]:
    for prose in proses:
        yield from prose
