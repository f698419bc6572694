"""SymPy expressions of one variable on balls of complex numbers, as Arb's rigorous integration asks for
them.

Where the integrator asks whether the function is analytic on a ball, a ball that meets a branch cut or a
pole gives a result that is not finite, and the integrator divides the path there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp
from flint import acb, arb

from symgrad.symbolic.balls import ball

__all__ = ["Analytic", "analytic"]

Analytic = Callable[[acb, bool], acb]
"""(ball, must it be analytic there) -> ball of the values, not finite where it is not analytic."""

NOWHERE = acb(float("nan"), float("nan"))


def _add(args: list[acb], _: bool) -> acb:
    return sum(args[1:], args[0])


def _mul(args: list[acb], _: bool) -> acb:
    product = args[0]
    for arg in args[1:]:
        product = product * arg
    return product


def _meromorphic(function: Callable[[acb], acb]) -> Callable[[list[acb], bool], acb]:
    return lambda args, _: function(args[0])


def _cut(function: Callable[[acb], acb], along: Callable[[acb], acb]) -> Callable[[list[acb], bool], acb]:
    """A function that is analytic exactly where the numbers `along(z)` keep off the half-line (−∞, 0]."""

    def apply(args: list[acb], is_analytic: bool) -> acb:
        if is_analytic and not _off_cut(along(args[0])):
            return NOWHERE
        return function(args[0])

    return apply


def _off_cut(z: acb) -> bool:
    return bool(z.real > 0) or bool(z.imag > 0) or bool(z.imag < 0)


class _Logistic(sp.Function):
    """e^g/(c + e^g) as a function of g and c > 0."""

    nargs = 2


def _logistic(args: list[acb], _: bool) -> acb:
    """For Re g > 0 as 1/(1 + c e^(−g)): the same function, of balls that do not grow with g."""
    g, c = args
    return 1 / (1 + c * (-g).exp()) if g.real > 0 else g.exp() / (c + g.exp())


_RULES: dict[type, Callable[[list[acb], bool], acb]] = {
    sp.Add: _add,
    sp.Mul: _mul,
    sp.exp: _meromorphic(acb.exp),
    sp.sin: _meromorphic(acb.sin),
    sp.cos: _meromorphic(acb.cos),
    sp.tan: _meromorphic(acb.tan),
    sp.cot: _meromorphic(acb.cot),
    sp.sinh: _meromorphic(acb.sinh),
    sp.cosh: _meromorphic(acb.cosh),
    sp.tanh: _meromorphic(acb.tanh),
    sp.coth: _meromorphic(acb.coth),
    sp.sech: _meromorphic(acb.sech),
    sp.csch: _meromorphic(acb.csch),
    sp.erf: _meromorphic(acb.erf),
    sp.erfc: _meromorphic(acb.erfc),
    sp.gamma: _meromorphic(acb.gamma),
    sp.digamma: _meromorphic(acb.digamma),
    _Logistic: _logistic,
    sp.log: lambda args, is_analytic: args[0].log(analytic=is_analytic),
    sp.atan: _cut(acb.atan, lambda z: 1 + z * z),
    sp.asinh: _cut(acb.asinh, lambda z: 1 + z * z),
    sp.asin: _cut(acb.asin, lambda z: 1 - z * z),
    sp.acos: _cut(acb.acos, lambda z: 1 - z * z),
    sp.atanh: _cut(acb.atanh, lambda z: 1 - z * z),
    sp.acosh: _cut(acb.acosh, lambda z: z - 1),
}
"""The branch points of each cut lie where the number given vanishes: 1 + z² ≤ 0 on ±i[1, ∞)."""


def analytic(expr: sp.Expr, x: sp.Symbol, named: Mapping[sp.Basic, arb] | None = None) -> Analytic:
    """The function x ↦ `expr` on complex balls, at the precision of the moment; `named` are balls of its
    other symbols.

    Raises `NotImplementedError` for a construct without a rule.
    """
    expr = _tamed(sp.expand_log(expr))  # log(u/v) is analytic on a wider strip as log u − log v
    order: list[sp.Expr] = []
    _collect(expr, x, order, set())
    slots = {node: i for i, node in enumerate(order)}
    lines = [_line(node, x, slots, named or {}) for node in order]

    def run(z: acb, is_analytic: bool) -> acb:
        values: list[acb] = []
        for line in lines:
            values.append(line(z, values, is_analytic))
        return values[-1]

    return run


def _tamed(expr: sp.Expr) -> sp.Expr:
    """e^g/(c + e^g) as one function wherever it stands in a product."""
    if not expr.args:
        return expr
    node = expr.func(*(_tamed(arg) for arg in expr.args))
    if not isinstance(node, sp.Mul):
        return node
    powers = node.as_powers_dict()
    for base, power in list(powers.items()):
        inside = _constant_and_growth(base) if power.is_Integer and power < 0 else None
        if inside is None:
            continue
        c, g = inside
        numerator = next((f for f in node.args if isinstance(f, sp.exp) and (f.args[0] / g).is_Integer), None)
        if numerator is not None and numerator.args[0] / g >= -power:
            rest = node / numerator * base**-power * sp.exp(numerator.args[0] + power * g)
            return _tamed(rest) * _Logistic(g, c) ** -power
    return node


def _constant_and_growth(base: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(c, g) of c + exp(g) with c > 0."""
    if not (isinstance(base, sp.Add) and len(base.args) == 2):
        return None
    c, growth = base.as_independent(sp.exp, as_Add=True)
    return (c, growth.args[0]) if isinstance(growth, sp.exp) and c.is_positive else None


def _collect(node: sp.Expr, x: sp.Symbol, order: list[sp.Expr], seen: set[sp.Expr]) -> None:
    """The nodes of the expression, each once, after those it is made of."""
    if node in seen:
        return
    seen.add(node)
    if node.has(x):
        for arg in node.args:
            _collect(arg, x, order, seen)
    order.append(node)


Line = Callable[[acb, list[acb], bool], acb]


def _line(node: sp.Expr, x: sp.Symbol, slots: Mapping[sp.Expr, int], named: Mapping[sp.Basic, arb]) -> Line:
    if node == x:
        return lambda z, values, is_analytic: z
    if not node.has(x):
        constant = acb(ball(node, named))
        return lambda z, values, is_analytic: constant
    where = [slots[arg] for arg in node.args]
    if isinstance(node, sp.Pow):
        return _power(node, where)
    grown = _log_of_growth(node)
    if grown is not None and grown[1] in slots:
        return _softplus(acb(ball(grown[0], named)), slots[grown[1]])
    if node.func not in _RULES:
        raise NotImplementedError(f"no complex ball arithmetic for {node.func.__name__}")
    rule = _RULES[node.func]
    return lambda z, values, is_analytic: rule([values[i] for i in where], is_analytic)


def _power(node: sp.Pow, where: list[int]) -> Line:
    base, exponent = where
    if isinstance(node.exp, sp.Integer):
        n = int(node.exp)
        return lambda z, values, is_analytic: values[base] ** n
    if isinstance(node.exp, sp.Rational) and node.exp.q == 2:
        n = int(node.exp.p)
        return lambda z, values, is_analytic: values[base].sqrt(analytic=is_analytic) ** n
    return lambda z, values, is_analytic: values[base].pow(values[exponent], analytic=is_analytic)


def _log_of_growth(node: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(c, g) where the node is log(c + exp(g)) with c > 0."""
    return _constant_and_growth(node.args[0]) if isinstance(node, sp.log) else None


def _softplus(c: acb, where: int) -> Line:
    """log(c + e^g), for Re g > 0 as g + log(1 + c e^(−g)): the same on the real line, and analytic far off
    it, where the other form winds round the cut of the logarithm once for every 2πi."""

    def line(z: acb, values: list[acb], is_analytic: bool) -> acb:
        g = values[where]
        if g.real > 0:
            return g + (1 + c * (-g).exp()).log(analytic=is_analytic)
        return (c + g.exp()).log(analytic=is_analytic)

    return line
