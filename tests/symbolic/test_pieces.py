"""The smooth pieces of a function with switches, against the function itself at sampled points."""

from __future__ import annotations

from itertools import pairwise

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from symgrad.symbolic.calculus.pieces import Piece, breakpoints, pieces
from symgrad.symbolic.letters import x
from symgrad.theory.activations import CORE
from tests.theory.reference import evaluate, number

a = sp.Symbol("a", positive=True)
SWITCHES = (sp.Piecewise, sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside)
CASES: dict[str, tuple[sp.Expr, dict[sp.Symbol, sp.Expr], int]] = {
    "smooth": (sp.exp(x), {}, 1),
    "modulus": (x / (1 + sp.Abs(x)), {}, 2),
    "nested modulus": (sp.Abs(sp.Abs(x) - 1), {}, 4),
    "even power": (sp.Abs(x**2 - 2), {}, 3),
    "cubic": (sp.Abs(x**3 - x - 1), {}, 2),
    "never switches": (sp.Abs(x**2 + 1), {}, 1),
    "max of three": (sp.Max(x, 1 - x, 3), {}, 3),
    "hard swish by min and max": (x * sp.Min(1, sp.Max(0, (x + 3) / 6)), {}, 3),
    "sign": (sp.sign(x) * sp.log(1 + sp.Abs(x)), {}, 2),
    "window": (sp.Piecewise((x, sp.And(x > -1, x <= 2)), (0, True)), {}, 3),
    "outside": (sp.Piecewise((x, sp.Or(x < -1, x > 2)), (0, True)), {}, 3),
    "not": (sp.Piecewise((1, sp.Not(x > 0)), (x, True)), {}, 2),
    "rational switch": (sp.Piecewise((1, 1 / (x - 2) > 3), (x, True)), {}, 3),
    "exponential switch": (sp.Abs(sp.exp(x) - 2), {}, 2),
    "nested exponential switch": (sp.Abs(sp.exp(sp.Abs(x)) - 2), {}, 4),
    "logarithmic switch": (sp.Max(1, sp.log(1 + x**2)), {}, 3),
    "letter": (sp.Piecewise((x, x > a), (0, True)), {a: sp.Rational(7, 3)}, 2),
    "letter inside": (sp.Abs(a * x - 1), {a: sp.Integer(5)}, 2),
    **{f"activation {e.name}": (e.expression, dict(e.parameters), 0) for e in CORE.values()},
}
each = pytest.mark.parametrize("case", CASES)


def parts_of(case: str) -> tuple[tuple[Piece, ...], sp.Expr, dict[sp.Symbol, sp.Expr]]:
    expr, values, _ = CASES[case]
    return pieces(expr, x, values), expr, values


@each
def test_they_cover_the_line(case: str) -> None:
    parts, _, values = parts_of(case)
    assert parts[0].lo is -sp.oo
    assert parts[-1].hi is sp.oo
    for left, right in pairwise(parts):
        assert left.hi == right.lo
        assert left.expr != right.expr, "neighbours with one expression are one piece"
    assert not CASES[case][2] or len(parts) == CASES[case][2]
    for part in parts:
        assert not part.expr.has(*SWITCHES)
        lo, hi = part.lo.xreplace(values), part.hi.xreplace(values)
        if not part.lo.free_symbols | part.hi.free_symbols:
            assert lo < part.inside() < hi
            assert part.inside().is_Rational


@each
def test_each_is_the_function_there(case: str) -> None:
    parts, expr, values = parts_of(case)
    with mp.workdps(40):
        numbers = {symbol: number(value) for symbol, value in values.items()}
        for k in range(-60, 61):
            at = number(sp.Rational(k, 7) + sp.Rational(1, 1009))
            (here,) = (p for p in parts if edge(p.lo, numbers) < at < edge(p.hi, numbers))
            here_value, value = (evaluate(e, {**numbers, x: at}) for e in (here.expr, expr))
            assert abs(here_value - value) < 1e-30 * (1 + abs(value))


def edge(point: sp.Expr, numbers) -> float:
    if point.is_infinite:
        return float(point)
    if point.has(sp.CRootOf):
        return point.evalf(40)
    return evaluate(point, numbers)


@given(st.lists(st.fractions(-9, 9, max_denominator=6), min_size=1, max_size=5, unique=True))
def test_breakpoints_of_a_sum_of_moduli(zeros) -> None:
    """Σ|x − c|: exactly the points c, in order, and the slope rises by 2 at each."""
    points = [sp.Rational(c.numerator, c.denominator) for c in zeros]
    expr = sp.Add(*(sp.Abs(x - c) for c in points))
    assert breakpoints(expr, x) == tuple(sorted(points))
    slopes = [sp.diff(part.expr, x) for part in pieces(expr, x)]
    assert slopes == list(range(-len(points), len(points) + 1, 2))


@pytest.mark.parametrize(
    "expr", [sp.Abs(sp.sin(x)), sp.Max(x / 2, sp.tanh(x)), sp.Max(x, sp.cos(x))], ids=str
)
def test_switches_without_exact_zeros_are_refused(expr: sp.Expr) -> None:
    with pytest.raises(NotImplementedError, match="switch"):
        pieces(expr, x)


@given(lo=st.fractions(-50, 50), gap=st.fractions(min_value=0, max_value=3).filter(lambda g: g > 1e-15))
def test_a_rational_point_inside(lo, gap) -> None:
    left = sp.Rational(lo.numerator, lo.denominator)
    right = left + sp.Rational(gap.numerator, gap.denominator)
    point = Piece(left, right, x).inside()
    assert left < point < right
