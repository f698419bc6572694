"""Formulas as SymPy code that a person would write: `sp.exp(-x)/(1 + y**2)`. Names come from a table, never
from a text.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import sympy as sp
from sympy.printing.precedence import PRECEDENCE, precedence

from symgrad.present.conventions import Conventions
from symgrad.present.names import UnprintableError
from symgrad.symbolic.calculus.textbook import Named
from symgrad.symbolic.notation import dphi, phi

__all__ = ["RELATIONS", "Names", "PythonPrinter"]

OWN = {phi: "phi", dphi: "dphi"}
"""Functions that the notebook defines itself."""
RELATIONS = {"==": "sp.Eq", "!=": "sp.Ne", "<": "sp.Lt", "<=": "sp.Le", ">": "sp.Gt", ">=": "sp.Ge"}
OWN_NAMES = (
    "sp np math random phi dphi slope activation known tested left right function zero values place defined "
    "agrees number inside beside holds letters same settled Values DIGITS TOLERANCE NEAR"
)
RESERVED = {*OWN_NAMES.split(), *keyword.kwlist}
"""Names that a symbol cannot have: the notebook's own."""


class Names:
    """One Python name for each symbol, and the lines that make the symbols."""

    def __init__(self, symbols: Iterable[sp.Symbol] = ()) -> None:
        self.names: dict[sp.Symbol | sp.IndexedBase, str] = {}
        for symbol in symbols:
            self(symbol)

    def __call__(self, symbol: sp.Symbol | sp.IndexedBase) -> str:
        """The name of a symbol, or of a base: N and the N of N[l] are two."""
        if symbol not in self.names:
            plain = re.sub(r"\W", "_", str(symbol), flags=re.ASCII) or "s"
            name = plain if plain[0].isalpha() else f"s{plain}"
            while name in RESERVED or name in self.names.values():
                name += "_"
            self.names[symbol] = name
        return self.names[symbol]

    def declarations(self) -> str:
        """`x = sp.Symbol('x', real=True)`, one line a symbol; the name stands there as a literal."""
        lines = []
        for symbol, name in self.names.items():
            kind, label = "Symbol", symbol
            if isinstance(symbol, sp.IndexedBase):
                kind, label = "IndexedBase", symbol.label
            told = {fact: value for fact, value in label._assumptions_orig.items() if value is not None}
            facts = "".join(
                f", {fact}={value}" for fact, value in sorted(told.items()) if fact != "commutative"
            )
            lines.append(f"{name} = sp.{kind}({label.name!r}{facts})")
        return "\n".join(lines)


class PythonPrinter(Conventions):
    """SymPy objects to code; every construct has a rule or is an error."""

    _default_settings = {"order": None}

    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names
        self.named: dict[str, type[Named]] = {}

    def emptyPrinter(self, expr: Any) -> NoReturn:
        raise UnprintableError(f"no rule to write {type(expr).__name__} as code")

    def _bracketed(self, expr: sp.Basic, level: int) -> str:
        text = str(self._print(expr))
        quotient = expr.is_Pow and expr.exp.is_Rational and expr.exp.is_negative  # written as 1/…
        binds = PRECEDENCE["Mul"] if quotient else precedence(expr)
        return f"({text})" if binds < level or text.startswith("-") else text

    def _args(self, args: Iterable[Any]) -> str:
        return ", ".join(str(self._print(arg)) for arg in args)

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return self.names(expr)

    _print_Dummy = _print_Symbol

    def _print_Integer(self, expr: sp.Integer) -> str:
        return str(expr.p)

    def _print_int(self, expr: int) -> str:
        return str(expr)

    def _print_Rational(self, expr: sp.Rational) -> str:
        return f"{'-' if expr.p < 0 else ''}sp.Rational({abs(expr.p)}, {expr.q})"

    def _print_Float(self, expr: sp.Float) -> str:
        return f"sp.Float({str(expr)!r})"

    def _print_NumberSymbol(self, expr: sp.NumberSymbol) -> str:
        return {sp.pi: "sp.pi", sp.E: "sp.E"}.get(expr) or self.emptyPrinter(expr)

    def _print_Infinity(self, expr: sp.Expr) -> str:
        return "sp.oo"

    def _print_NegativeInfinity(self, expr: sp.Expr) -> str:
        return "-sp.oo"

    def _print_BooleanTrue(self, expr: sp.Basic) -> str:
        return "True"

    def _print_Add(self, expr: sp.Add) -> str:
        text = ""
        for number, term in enumerate(self._as_ordered_terms(expr)):
            shown = str(self._print(term))
            sign = (" - " if shown.startswith("-") else " + ") if number else ""
            text += sign + (shown[1:] if number and shown.startswith("-") else shown)
        return text

    def _print_Mul(self, expr: sp.Mul) -> str:
        if expr.could_extract_minus_sign() and not (-expr).is_Add:
            return "-" + self._bracketed(-expr, PRECEDENCE["Mul"])
        above, below = sp.fraction(expr, exact=True)
        if below == 1:
            factors = [expr] if not expr.is_Mul else expr.as_ordered_factors()
            return "*".join(self._bracketed(factor, PRECEDENCE["Mul"]) for factor in factors)
        if above.is_Integer and below.is_Integer:  # two plain numbers would make a float
            return f"sp.Rational({above}, {below})"
        return self._quotient(above, below)

    def _quotient(self, above: sp.Expr, below: sp.Expr) -> str:
        """Division; of plain numbers, which would make a float, as one of SymPy's."""
        plain = all(atom.is_Integer for atom in above.atoms() | below.atoms())
        lead = "sp.Integer(1)*" if plain and above != 1 else ""
        top = "sp.Integer(1)" if plain and above == 1 else self._bracketed(above, PRECEDENCE["Mul"])
        return f"{lead}{top}/{self._bracketed(below, PRECEDENCE['Pow'])}"

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exp = expr.args
        if exp == sp.Rational(1, 2):
            return f"sp.sqrt({self._print(base)})"
        if base.is_Integer:
            return f"sp.Integer({base})**{self._bracketed(exp, PRECEDENCE['Pow'])}"
        if exp.is_Rational and exp.is_negative:
            below = base if exp == -1 else sp.Pow(base, -exp, evaluate=False)
            return self._quotient(sp.S.One, below)
        return f"{self._bracketed(base, PRECEDENCE['Pow'] + 1)}**{self._bracketed(exp, PRECEDENCE['Pow'])}"

    def _print_Function(self, expr: sp.Function) -> str:
        kind = type(expr)
        if isinstance(expr, Named):
            self.named[kind.word] = kind
            return f"{kind.word}({self._args(expr.args)})"
        if kind in OWN:
            return f"{OWN[kind]}({self._args(expr.args)})"
        if getattr(sp, kind.__name__, None) is not kind:
            self.emptyPrinter(expr)
        return f"sp.{kind.__name__}({self._args(expr.args)})"

    _print_MinMaxBase = _print_Function

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        return f"sp.Piecewise({self._args(expr.args)})"

    def _print_ExprCondPair(self, expr: Any) -> str:
        return f"({self._print(expr.expr)}, {self._condition(expr.cond)})"

    def _condition(self, condition: sp.Basic) -> str:
        if isinstance(condition, sp.And | sp.Or):
            parts = map(self._condition, sorted(condition.args, key=sp.default_sort_key))
            return f"sp.{type(condition).__name__}({', '.join(parts)})"
        if isinstance(condition, sp.Rel) and condition.free_symbols:
            return f"{self._print(condition.lhs)} {condition.rel_op} {self._print(condition.rhs)}"
        return str(self._print(condition))

    def _print_And(self, expr: sp.And) -> str:
        return f"sp.And({self._args(sorted(expr.args, key=sp.default_sort_key))}, evaluate=False)"

    def _print_OneSided(self, expr: sp.Expr) -> str:
        return f"beside({self._args(expr.args)})"

    def _print_UnevaluatedExpr(self, expr: sp.Expr) -> str:
        return str(self._print(expr.args[0]))

    def _print_Implies(self, expr: sp.Implies) -> str:
        return f"sp.Implies({self._args(expr.args)}, evaluate=False)"

    def _print_Relational(self, expr: Any) -> str:
        return f"{RELATIONS[expr.rel_op]}({self._args(expr.args)}, evaluate=False)"

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        counts = (
            str(self._print(variable)) if count == 1 else f"({self._args((variable, count))})"
            for variable, count in expr.variable_count
        )
        return f"sp.Derivative({self._print(expr.expr)}, {', '.join(counts)})"

    def _print_Sum(self, expr: sp.Sum | sp.Product) -> str:
        limits = ", ".join(f"({self._args(limit)})" for limit in expr.limits)
        return f"sp.{type(expr).__name__}({self._print(expr.function)}, {limits})"

    _print_Product = _print_Sum

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        return f"{self.names(expr.base)}[{self._args(expr.indices)}]"

    def _print_MatrixBase(self, expr: sp.MatrixBase) -> str:
        return f"sp.Matrix([{', '.join(f'[{self._args(expr.row(i))}]' for i in range(expr.rows))}])"

    def _print_MatPow(self, expr: sp.MatPow) -> str:
        return f"({self._print(expr.base)})**{self._bracketed(expr.exp, PRECEDENCE['Pow'])}"

    def _print_Interval(self, expr: sp.Interval) -> str:
        return f"sp.Interval({self._args(expr.args[:2])}, {bool(expr.left_open)}, {bool(expr.right_open)})"

    def _print_FiniteSet(self, expr: sp.FiniteSet) -> str:
        return f"sp.FiniteSet({self._args(sorted(expr.args, key=sp.default_sort_key))})"
