"""Statements about a net left general as NumPy code about the net of `net_instance`: the same letters,
concrete.
"""

from __future__ import annotations

from typing import Any, NoReturn

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.precedence import PRECEDENCE, precedence

from symgrad.present.conventions import Conventions
from symgrad.present.names import UnprintableError
from symgrad.symbolic import letters, notation

__all__ = ["NumpyPrinter", "net_check"]

FAMILIES = {"W": "net.W[{0}]", "w": "net.W[{0}]", "D": "net.D({0})", "a": "net.a({0})", "h": "net.h({0})"}
FAMILIES |= {"delta": "net.delta({0})", "q": "net.q({0})"}
"""What an indexed letter is called on the net."""
SCALARS = {letters.gamma: "net.gamma", letters.omega: "net.omega", letters.eta: "net.eta", letters.n: "net.n"}
SCALARS |= {letters.w_scalar: "net.omega"}  # weights of one size: the largest
SCALARS |= {sp.Symbol(name, positive=True): f"net.{name}" for name in ("sigma_w", "sigma_b")}
DERIVATIVES = {("h", "h"): "net.jacobian({0}, {1})", ("E", "h"): "net.gradient({1})"}
DERIVATIVES |= {("E", "W"): "net.weight_gradient({1})"}
FUNCTIONS = {
    notation.Norm: "norm({0})",
    notation.NormF: "norm_f({0})",
    sp.Abs: "abs({0})",
    sp.log: "math.log({0})",
}
FUNCTIONS |= {notation.phi: "net.phi({0})", notation.dphi: "net.dphi({0})", notation.Transposed: "({0}).T"}
RELATIONS = {"==": "equal({0}, {1}, {2})", "<=": "at_most({0}, {1}, {2})", "<": "at_most({0}, {1}, {2})"}
RELATIONS |= {">=": "at_most({1}, {0}, {2})", ">": "at_most({1}, {0}, {2})"}
Z = sp.Symbol("z", real=True)
EXACT, TYPICAL = "1e-9", "0.15"
"""Tolerances: rounding, and what a width of 500 leaves of a limit of infinite width."""


def net_check(statement: sp.Basic) -> str:
    """Lines that assert the statement on a net. Raises `UnprintableError` when it speaks of anything else."""
    printer = NumpyPrinter()
    tested = printer.doprint(statement)
    bases = {str(indexed.base.label) for indexed in statement.atoms(sp.Indexed)}
    if not bases:
        raise UnprintableError("the statement speaks of no layer")
    wide = statement.has(notation.Mean)
    net = "wide_net()" if wide else f"small_net(width={1 if 'w' in bases else 3})"
    lines = [f"net = {net}"]
    if letters.l in statement.free_symbols:
        tested = f"all({tested} for l in range(2, net.n + 1))"
    return "\n".join([*lines, f"assert {tested}"])


class NumpyPrinter(Conventions):
    """SymPy objects about the layers of a net to NumPy code; every construct has a rule or is an error."""

    _default_settings = {"order": None}

    def emptyPrinter(self, expr: Any) -> NoReturn:
        raise UnprintableError(f"no rule to write {type(expr).__name__} as code about a net")

    def doprint(self, expr: sp.Basic) -> str:
        self.tolerance = TYPICAL if expr.has(notation.Mean) else EXACT
        return str(super().doprint(expr))

    def _bracketed(self, expr: sp.Basic, level: int) -> str:
        text = str(self._print(expr))
        return f"({text})" if precedence(expr) < level or text.startswith("-") else text

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        if expr in SCALARS:
            return SCALARS[expr]
        return expr.name if expr in {letters.l, letters.k, Z} else self.emptyPrinter(expr)

    def _print_Number(self, expr: sp.Number) -> str:
        return str(expr) if expr.is_Integer else f"({expr})"

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        place, *more = expr.indices
        name = expr.base.label.name
        if more:  # a unit beside the layer: the net's quantities are whole layers
            return self.emptyPrinter(expr)
        return FAMILIES[name].format(self._print(place)) if name in FAMILIES else self.emptyPrinter(expr)

    def _print_Add(self, expr: sp.Add) -> str:
        first, *others = (str(self._print(term)) for term in self._as_ordered_terms(expr))
        return first + "".join(f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in others)

    def _print_Mul(self, expr: sp.Mul) -> str:
        return " * ".join(self._bracketed(factor, PRECEDENCE["Mul"]) for factor in expr.as_ordered_factors())

    def _print_Pow(self, expr: sp.Pow) -> str:
        if expr.exp == sp.Rational(1, 2):
            return f"math.sqrt({self._print(expr.base)})"
        base, exp = expr.args
        return f"{self._bracketed(base, PRECEDENCE['Pow'] + 1)}**{self._bracketed(exp, PRECEDENCE['Pow'])}"

    def _print_Product(self, expr: sp.Product) -> str:
        ((index, low, high),) = expr.limits
        return (
            f"product(lambda {index}: {self._print(expr.function)}, {self._print(low)}, {self._print(high)})"
        )

    def _print_Function(self, expr: sp.Function) -> str:
        if isinstance(expr, AppliedUndef) and expr.func.__name__ == "max":
            return f"np.max({self._print(expr.args[0])})"
        if type(expr) in FUNCTIONS:
            return FUNCTIONS[type(expr)].format(*map(self._print, expr.args))
        return self.emptyPrinter(expr)

    def _print_Partial(self, expr: sp.Expr) -> str:
        above, below = expr.args
        kinds = tuple(
            str(part.base.label) if isinstance(part, sp.Indexed) else str(part) for part in expr.args
        )
        if kinds not in DERIVATIVES:
            self.emptyPrinter(expr)
        places = (
            self._print(part.indices[0]) if isinstance(part, sp.Indexed) else "" for part in (above, below)
        )
        return DERIVATIVES[kinds].format(*places)

    def _print_Increment(self, expr: sp.Expr) -> str:
        gradient = self._print(notation.Partial(letters.E, expr.args[0]))
        return f"(-net.eta * {gradient})"

    def _print_Juxtaposed(self, expr: sp.Expr) -> str:
        return " @ ".join(self._bracketed(factor, PRECEDENCE["Mul"]) for factor in expr.args)

    def _print_Chain(self, expr: sp.Expr) -> str:
        factor, index, low, high = expr.args
        return f"chain(lambda {index}: {self._print(factor)}, {self._print(low)}, {self._print(high)})"

    def _print_Mean(self, expr: sp.Expr) -> str:
        (inner,) = expr.args
        body = self._print(inner)
        if Z not in inner.free_symbols:
            return str(body)
        return f"gaussian_mean(lambda z: {body})"

    def _print_Relational(self, expr: Any) -> str:
        if expr.rel_op not in RELATIONS:
            self.emptyPrinter(expr)
        return RELATIONS[expr.rel_op].format(self._print(expr.lhs), self._print(expr.rhs), self.tolerance)

    def _print_Implies(self, expr: sp.Implies) -> str:
        premise, conclusion = expr.args
        return f"not {self._print(premise)} or {self._print(conclusion)}"
