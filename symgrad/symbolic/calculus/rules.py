r"""The rules of differentiation as data, and the tree of rules that differentiates an expression.

A `Node` says which rule applies to an expression, which parts of it are differentiated in turn, and how their
derivatives combine. Source of the idea: a derivation is a tree of small rules, as in SymPy's
`manualintegrate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef

from symgrad.symbolic.calculus.pieces import pieces

__all__ = ["RULES", "TABLE", "Node", "slope_of", "tree"]

_x = sp.Symbol("x", real=True)
_c, _r = sp.symbols("c r", real=True)
_u, _v, _f = (sp.Function(name, real=True) for name in "uvf")


def _rules() -> dict[str, sp.Eq]:
    u, v = _u(_x), _v(_x)
    du, dv = u.diff(_x), v.diff(_x)
    forms = {
        "constant": (_c, sp.S.Zero),
        "identity": (_x, sp.S.One),
        "linear": (_c * _x + _r, _c),
        "polynomial": (_c * _x**_r, _c * _r * _x ** (_r - 1)),
        "constant factor": (_c * u, _c * du),
        "sum": (u + v, du + dv),
        "product": (u * v, du * v + u * dv),
        "quotient": (u / v, (du * v - u * dv) / v**2),
        "power": (u**_r, _r * u ** (_r - 1) * du),
        "exponential": (_r**u, sp.log(_r) * _r**u * du),
        "general power": (u**v, u**v * (dv * sp.log(u) + v * du / u)),
        "chain": (_f(u), sp.Subs(_f(_c).diff(_c), _c, u) * du),
    }
    return {name: sp.Eq(sp.Derivative(lhs, _x), rhs, evaluate=False) for name, (lhs, rhs) in forms.items()}


RULES = _rules()
"""The statement of each rule, with u, v functions of x and c, r numbers."""

_t = sp.Dummy("t", real=True)
TABLE: dict[type, sp.Expr] = {
    sp.exp: sp.exp(_t),
    sp.log: 1 / _t,
    sp.sin: sp.cos(_t),
    sp.cos: -sp.sin(_t),
    sp.tan: 1 + sp.tan(_t) ** 2,
    sp.sinh: sp.cosh(_t),
    sp.cosh: sp.sinh(_t),
    sp.tanh: 1 - sp.tanh(_t) ** 2,
    sp.asin: 1 / sp.sqrt(1 - _t**2),
    sp.acos: -1 / sp.sqrt(1 - _t**2),
    sp.atan: 1 / (1 + _t**2),
    sp.asinh: 1 / sp.sqrt(1 + _t**2),
    sp.acosh: 1 / sp.sqrt(_t**2 - 1),
    sp.atanh: 1 / (1 - _t**2),
    sp.erf: 2 / sp.sqrt(sp.pi) * sp.exp(-(_t**2)),
    sp.erfc: -2 / sp.sqrt(sp.pi) * sp.exp(-(_t**2)),
    sp.Abs: sp.sign(_t),
    sp.sign: sp.S.Zero,
    sp.Heaviside: sp.S.Zero,
}
"""f ↦ f′ in the dummy variable t; those of |·|, sign and the step hold for t ≠ 0."""
BRANCHES = (sp.Piecewise, sp.Max, sp.Min)


@dataclass(frozen=True)
class Node:
    """`rule` applied to `expr`: the derivative is `combine` of the derivatives of the parts `children`."""

    rule: str
    expr: sp.Expr
    children: tuple[Node, ...]
    combine: Callable[..., sp.Expr]
    instance: tuple[tuple[str, sp.Expr], ...] = ()
    """The letters of the rule and what they are here."""

    @property
    def statement(self) -> sp.Eq | None:
        """The rule as a formula; None for a branch of a piecewise function."""
        return RULES.get(self.rule)

    @property
    def derivative(self) -> sp.Expr:
        return self.combine(*(child.derivative for child in self.children))

    @property
    def trivial(self) -> bool:
        """Whether a reader needs no line for it: x, a table entry at x, a polynomial, or a linear combination
        of these."""
        return all(child.trivial for child in self.children) if self.linear else not self.children

    @property
    def linear(self) -> bool:
        return self.rule in ("sum", "constant factor")

    def settles(self) -> Iterator[Node]:
        """The nodes that one line settles: itself, and through sums and constant factors the one part that is
        not trivial."""
        yield self
        open_parts = [child for child in self.children if not child.trivial]
        if self.linear and len(open_parts) == 1:
            yield from open_parts[0].settles()


def tree(expr: sp.Expr, x: sp.Symbol) -> Node:
    """The tree of rules that differentiates `expr` by x. Raises `NotImplementedError` naming a function
    without a rule."""
    if not expr.has(x):
        return Node("constant", expr, (), lambda: sp.S.Zero)
    if expr.is_polynomial(x) and (polynomial := sp.Poly(expr, x)).degree() <= 3:
        name = "identity" if expr == x else "linear" if polynomial.degree() == 1 else "polynomial"
        slope = sum((c * k * x ** (k - 1) for (k,), c in polynomial.terms() if k), sp.S.Zero)
        return Node(name, expr, (), lambda: slope)
    if expr.is_Add:
        parts = [term for term in expr.args if term.has(x)]
        return Node("sum", expr, _trees(parts, x), sp.Add)
    if expr.is_Mul:
        return _product(expr, x)
    if isinstance(expr, BRANCHES):
        return _branches(expr, x)
    if expr.is_Pow:
        return _power(expr, x)
    return _applied(expr, x)


def _trees(parts: Iterable[sp.Expr], x: sp.Symbol) -> tuple[Node, ...]:
    return tuple(tree(part, x) for part in parts)


def _product(expr: sp.Mul, x: sp.Symbol) -> Node:
    constant, rest = expr.as_independent(x, as_Add=False)
    if constant != 1:
        return Node("constant factor", expr, _trees([rest], x), lambda d: constant * d, (("c", constant),))
    below = [f for f in expr.args if f.is_Pow and f.exp.is_number and f.exp.is_negative]
    if below:
        u, v = sp.Mul(*(f for f in expr.args if f not in below)), sp.Mul(*(1 / f for f in below))
        if u != 1:
            return Node(
                "quotient",
                expr,
                _trees([u, v], x),
                lambda du, dv: (du * v - u * dv) / v**2,
                (("u", u), ("v", v)),
            )
    factors = expr.args

    def combine(*slopes: sp.Expr) -> sp.Expr:
        return sp.Add(*(sp.Mul(d, *factors[:i], *factors[i + 1 :]) for i, d in enumerate(slopes)))

    return Node("product", expr, _trees(factors, x), combine, tuple(zip("uvwpqr", factors, strict=False)))


def _power(expr: sp.Pow, x: sp.Symbol) -> Node:
    u, v = expr.args
    if not v.has(x):
        if u == x:
            return Node("power", expr, (), lambda: v * x ** (v - 1), (("r", v),))
        return Node("power", expr, _trees([u], x), lambda du: v * u ** (v - 1) * du, (("u", u), ("r", v)))
    if not u.has(x):
        return Node(
            "exponential", expr, _trees([v], x), lambda dv: sp.log(u) * expr * dv, (("r", u), ("u", v))
        )
    return Node(
        "general power",
        expr,
        _trees([u, v], x),
        lambda du, dv: expr * (dv * sp.log(u) + v * du / u),
        (("u", u), ("v", v)),
    )


def _applied(expr: sp.Expr, x: sp.Symbol) -> Node:
    """f(x) is a table entry, f(u) the chain rule with one."""
    outer = slope_of(expr)
    u = expr.args[0]
    if u == x:
        return Node("table entry", expr, (), lambda: outer)
    return Node("chain", expr, _trees([u], x), lambda du: outer * du, (("u", u),))


def slope_of(expr: sp.Expr) -> sp.Expr:
    """f′(u) for expr = f(u), from the table or from the definition of a named function."""
    if expr.func in TABLE and not any(part.free_symbols for part in expr.args[1:]):
        return TABLE[expr.func].xreplace({_t: expr.args[0]})
    own = isinstance(expr, sp.Function) and not isinstance(expr, AppliedUndef)
    if own and len(expr.args) == 1 and not type(expr).__module__.startswith("sympy."):
        return expr.fdiff()
    raise NotImplementedError(f"no rule for the derivative of {expr.func.__name__}")


def _by_order(expr: sp.Expr, x: sp.Symbol) -> Node:
    """The larger or smaller of two functions that meet where no exact number says it: branch by branch as one
    is above or below the other.
    """
    if not isinstance(expr, sp.Max | sp.Min):
        raise NotImplementedError(f"no exact joints of {expr}")
    first, *others = expr.args
    rest = expr.func(*others)
    order = (first > rest, first < rest) if isinstance(expr, sp.Max) else (first < rest, first > rest)

    def combine(*slopes: sp.Expr) -> sp.Expr:
        return sp.Piecewise(*zip(slopes, order, strict=True))

    return Node("piecewise branch", expr, _trees((first, rest), x), combine)


def _branches(expr: sp.Expr, x: sp.Symbol) -> Node:
    """Branch by branch on the open intervals between the joints; the joints themselves are looked at
    apart."""
    try:
        parts = pieces(expr, x)
    except NotImplementedError:
        return _by_order(expr, x)
    conditions = [sp.And(x > piece.lo, x < piece.hi) for piece in parts]

    def combine(*slopes: sp.Expr) -> sp.Expr:
        if len(slopes) == 1:
            return slopes[0]
        return sp.Piecewise(*zip(slopes, conditions, strict=True))

    return Node("piecewise branch", expr, _trees((piece.expr for piece in parts), x), combine)
