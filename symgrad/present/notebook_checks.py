"""How a statement is tested in a notebook: as lines of code that assert it, or None when it can only be
shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from symgrad.present.given import Given
from symgrad.present.names import UnprintableError
from symgrad.present.numpy_code import net_check
from symgrad.present.python_code import RELATIONS, Names, PythonPrinter
from symgrad.present.recheck import DIGITS, agrees, sides_of
from symgrad.symbolic.letters import x, y
from symgrad.symbolic.notation import Notation, SlopeImage, ZeroSet, dphi, phi

__all__ = ["Tester"]


@dataclass
class Tester:
    """Turns statements into code. Afterwards `names` and `printer` know what that code refers to."""

    given: Given
    names: Names = field(default_factory=Names)
    definitions: dict[sp.Basic, sp.Basic] = field(default_factory=dict)
    uses_net: bool = False

    def __post_init__(self) -> None:
        self.printer = PythonPrinter(self.names)
        self.known: dict[sp.Basic, sp.Basic] = dict(self.given.values)
        self.known |= {symbol: root.value(symbol, DIGITS + 20) for symbol, root in self.given.roots.items()}

    def code(self, expr: sp.Basic) -> str:
        """The expression as SymPy code. Raises `UnprintableError` where φ is left general."""
        if (expr.has(phi) and self.given.activation is None) or (expr.has(dphi) and self.given.slope is None):
            raise UnprintableError("the activation is left general")
        return str(self.printer.doprint(expr))

    def test(self, statement: sp.Basic) -> str | None:
        """The assert about the statement."""
        ways: tuple[Callable[[sp.Basic], str | None], ...] = (
            self._range,
            self._zeros,
            self._identity,
            self._net,
            self._named,
        )
        for way in ways:
            names = dict(self.names.names)
            try:
                if lines := way(statement):
                    return lines
            except UnprintableError:
                pass
            self.names.names = names  # what was not tested needs no symbols
        return None

    def _range(self, statement: sp.Basic) -> str | None:
        """φ′(ℝ) = S: values of φ′ at many points lie in S."""
        whole_line = isinstance(statement, sp.Eq) and statement.lhs == SlopeImage(sp.S.Reals)
        if not whole_line or self.given.slope is None:
            return None
        return (
            f"values = {self.code(statement.rhs)}.subs(known)\n"
            f"for place in (sp.Rational(2*k + 1, 14) for k in range(-80, 80)):\n"
            f"    assert inside(number(dphi(place), known), values), place"
        )

    def _zeros(self, statement: sp.Basic) -> str | None:
        """{x : f(x) = 0} = {p, …}: f is 0 at each p."""
        zero_set, points = statement.args if isinstance(statement, sp.Eq) else (None, None)
        if not (isinstance(zero_set, ZeroSet) and isinstance(points, sp.FiniteSet)):
            return None
        function, variable = zero_set.args
        listed = ", ".join(map(self.code, sorted(points.args, key=sp.default_sort_key)))
        return (
            f"function = {self.code(function)}.doit()\nfor zero in [{listed}]:\n"
            f"    left = function.subs({self.code(variable)}, zero)\n"
            f"    assert agrees(sp.Eq(left, 0, evaluate=False), known), zero"
        )

    def _identity(self, statement: sp.Basic) -> str | None:
        """Both sides at random points. A statement in x alone must hold; one that relates letters may be a
        definition,
        or be meant for y = φ(x).
        """
        if not _numeric(statement):
            return None
        if statement.free_symbols <= {x, *self.known}:
            return self._asserted(statement)
        for candidate in (statement, _with(statement, {y: phi(x)})):
            lines = self._asserted(candidate)
            if self._agrees(self.given.concrete(candidate)):
                return lines
        return None

    def _asserted(self, statement: sp.Basic) -> str:
        """Both sides built, then compared."""
        if not isinstance(statement, sp.Rel):
            return f"assert agrees({self.code(statement)}, known)"
        left, right = map(self.code, statement.args)
        compared = f"{RELATIONS[statement.rel_op]}(left, right, evaluate=False)"
        return f"left = {left}\nright = {right}\nassert agrees({compared}, known)"

    def _agrees(self, statement: sp.Basic) -> bool:
        try:
            return agrees(statement, self.known)
        except (TypeError, ValueError):  # a point outside of the domain
            return False

    def _net(self, statement: sp.Basic) -> str | None:
        """A statement about a net left general, on a concrete one."""
        if self.given.slope is not None or not isinstance(statement, sp.Rel | sp.Implies):
            return None
        lines = net_check(statement)
        self.uses_net = True
        return lines

    def _named(self, statement: sp.Basic) -> str | None:
        """Quantities of a net as letters of their own, after the definitions that went before."""
        if not (isinstance(statement, sp.Eq) and _numeric(statement)):
            return None
        atoms = [*_outermost(statement), *(a for d in self.definitions.values() for a in _outermost(d))]
        letters = {atom: sp.Symbol(_plain(atom), real=True) for atom in atoms}
        named, defined = (
            _with(statement, letters),
            {
                letters[atom]: body.xreplace(letters)
                for atom, body in self.definitions.items()
                if atom in letters
            },
        )
        left, right = map(self.code, named.args)
        if self._agrees(_with(named, defined)):
            listed = ", ".join(f"{self.code(letter)}: {self.code(body)}" for letter, body in defined.items())
            return (
                f"defined = {{{listed}}}\nleft = ({left}).subs(defined)\nright = ({right}).subs(defined)\n"
                "assert agrees(sp.Eq(left, right, evaluate=False), known)"
            )
        if isinstance(statement.lhs, Notation):
            self.definitions[statement.lhs] = statement.rhs
        return None


def _numeric(statement: sp.Basic) -> bool:
    """Whether all sides are numbers or matrices."""
    sides = sides_of(statement)
    return bool(sides) and all(isinstance(side, sp.Expr | sp.MatrixBase) for side in sides)


def _with(statement: sp.Basic, replaced: Mapping[sp.Basic, sp.Basic]) -> sp.Basic:
    """The statement with parts replaced and not evaluated: it does not turn into `True`."""
    if not isinstance(statement, sp.Rel | sp.Implies | sp.And):
        return statement.xreplace(dict(replaced))
    return statement.func(*(_with(arg, replaced) for arg in statement.args), evaluate=False)


def _outermost(expr: sp.Basic) -> list[sp.Basic]:
    if isinstance(expr, Notation):
        return [expr]
    return [atom for arg in expr.args for atom in _outermost(arg)]


def _plain(atom: sp.Basic) -> str:
    return re.sub(r"\W+", "_", str(atom)).strip("_")
