"""Isolated zeros, against polynomials of known roots, signs counted on a grid, and exact solutions."""

from __future__ import annotations

import random
from itertools import count, pairwise

import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.germs.behaviour import End
from symgrad.symbolic.letters import x
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.zeros.isolation import Point, ball_of, isolate, rational_beside
from tests.theory.reference import evaluate

oo = sp.oo
LINE = End(-oo), End(oo)
POSITIVE = End(sp.Integer(0), 1), End(oo)


def zeros(g: sp.Expr, lo: End = LINE[0], hi: End = LINE[1]) -> tuple[Point, ...]:
    return isolate(g, x, lo, hi, (sp.Symbol(f"r{k}", real=True) for k in count()))


EXACT: list[tuple[sp.Expr, tuple[End, End], list[sp.Expr]]] = [
    (sp.exp(x) - 2, LINE, [sp.log(2)]),
    (x**2 * (sp.exp(x) - 2), LINE, [sp.Integer(0), sp.log(2)]),
    (sp.exp(x) - 1 - x, LINE, [sp.Integer(0)]),
    (sp.sin(x) - x, LINE, [sp.Integer(0)]),
    (x - sp.tanh(x), LINE, [sp.Integer(0)]),
    (1 - sp.cos(x - 1), (End(sp.Integer(0), 1), End(sp.Integer(3), -1)), [sp.Integer(1)]),
    (sp.log((x - 2) ** 4 + 1), LINE, [sp.Integer(2)]),
    (sp.exp(2 * x) - 3 * sp.exp(x) + 2, LINE, [sp.Integer(0), sp.log(2)]),
    (sp.exp(-(x**2)) - sp.Rational(1, 2), LINE, [-sp.sqrt(sp.log(2)), sp.sqrt(sp.log(2))]),
    (sp.log(1 + x**2) - 1, LINE, [-sp.sqrt(sp.E - 1), sp.sqrt(sp.E - 1)]),
    (sp.tanh(x) - sp.Rational(1, 2), LINE, [sp.log(3) / 2]),
    (sp.atan(x) - 1, LINE, [sp.tan(1)]),
    (sp.sin(x), (End(sp.Integer(-1), 1), End(sp.Integer(7), -1)), [sp.Integer(0), sp.pi, 2 * sp.pi]),
    (
        sp.cos(x - sp.Rational(1, 3)),
        (POSITIVE[0], End(sp.Integer(3), -1)),
        [sp.pi / 2 + sp.Rational(1, 3)],
    ),
    (sp.log(x), POSITIVE, [sp.Integer(1)]),
    (x * sp.exp(-x) - sp.exp(-1), LINE, [sp.Integer(1)]),
    (x**3 - 2, LINE, [sp.cbrt(2)]),
    (x**2 - sp.sqrt(2), LINE, [-sp.root(2, 4), sp.root(2, 4)]),
    (sp.sqrt(x) - x, POSITIVE, [sp.Integer(1)]),
    (sp.exp(x) + 1, LINE, []),
    (sp.exp(-(x**2)) * sp.cosh(x), LINE, []),
    (1 / x, POSITIVE, []),
]


@pytest.mark.parametrize("case", EXACT, ids=lambda case: str(case[0]))
def test_zeros_with_an_exact_form(case) -> None:
    g, (lo, hi), wanted = case
    found = zeros(g, lo, hi)
    assert len(found) == len(wanted)
    for point, exact in zip(found, wanted, strict=True):
        assert not isinstance(point, NamedRoot)
        assert sp.simplify(point - exact) == 0


NAMED = [
    sp.tanh(x) - x / 2,
    sp.cos(x) - x,
    sp.erf(x) - x / 3,
    sp.exp(x) - x - 2,
    x * sp.exp(x) - 1,
    x**5 - x - 1 + sp.exp(-(x**2)),
    sp.exp(x) + x**2 * sp.exp(-x) - x**3,
    2**x - x**2,
    sp.cos(x) + x**2 / 100,
    sp.atan(x) * x - sp.log(2 + x),
    sp.erfc(x) - x,
    sp.sin(5 * x) * sp.exp(-(x**2)) - sp.Rational(1, 7),
]


@pytest.mark.parametrize("g", NAMED, ids=str)
def test_each_zero_is_where_the_sign_changes(g: sp.Expr) -> None:
    """All of these are simple: as many as sign changes on a fine grid, one in each bracket, refined to 60
    digits.
    """
    lo = End(sp.Integer(-2), 1) if g.has(sp.log) else LINE[0]
    found = zeros(g, lo)
    grid = [k / mpf(50) + mpf(1) / 997 for k in range(-99 if g.has(sp.log) else -2000, 2000)]
    with mp.workdps(30):
        signs = [mp.sign(evaluate(g, {x: at})) for at in grid]
        changes = [grid[k] for k in range(len(grid) - 1) if signs[k] != signs[k + 1]]
    assert len(found) == len(changes)
    for point, change in zip(found, changes, strict=True):
        near = ball_of(point, 200)
        assert arb(float(change)) - arb("0.001") < near < arb(float(change)) + arb("0.021")
        assert near.rad() < arb(2) ** -190
        with precision(260):
            assert ball(g, {x: near}).contains(0)
            assert not ball(g, {x: near + arb("1e-30")}).contains(0)
            assert not ball(g, {x: near - arb("1e-30")}).contains(0)
        if isinstance(point, NamedRoot):
            assert point.equation.lhs == g.subs(x, point.symbol)
            assert point.bracket.contains(sp.Float(near.str(30, radius=False), 30))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.fractions(-20, 20, max_denominator=12), min_size=1, max_size=5, unique=True),
    st.integers(1, 3),
)
def test_a_disguised_polynomial(points, power: int) -> None:
    """e^{−x} ∏ (tanh(x − r))^k and ∏ (e^x − e^r) vanish at the points r alone."""
    exact = sorted(sp.Rational(r.numerator, r.denominator) for r in points)
    disguised = sp.exp(-x) * sp.Mul(*(sp.tanh(x - r) ** power for r in exact))
    assert list(zeros(disguised)) == exact
    grown = sp.expand(sp.Mul(*(sp.exp(x) - sp.exp(r) for r in exact[:2])))
    assert list(zeros(grown)) == exact[:2]


def test_random_sums_of_exponentials() -> None:
    """As many zeros as changes of sign: F = Σ a_k e^{kx/2} + b x, simple zeros only."""
    draw = random.Random(5)
    for _ in range(12):
        terms = [draw.randint(-9, 9) * sp.exp(sp.Rational(k, 2) * x) for k in (-2, -1, 1, 2)]
        g = sp.Add(*terms, draw.choice([-3, -1, 2, 5]) * x, sp.Rational(1, 3))
        found = zeros(g)
        with mp.workdps(25):
            signs = [mp.sign(evaluate(g, {x: mpf(k) / 20 + mpf(1) / 991})) for k in range(-300, 300)]
        assert len(found) == sum(p != q for p, q in pairwise(signs))


def test_ends_are_outside() -> None:
    one, two = sp.Integer(1), sp.Integer(2)
    assert zeros((x - 1) * (x - 2) * sp.exp(x), End(one, 1), End(two, -1)) == ()
    assert zeros(sp.sinh(x - 1) * (x - sp.Rational(3, 2)), End(one, 1), End(two, -1)) == (sp.Rational(3, 2),)
    (root,) = zeros(sp.cos(x) - x)
    assert zeros(sp.cos(x) - x, End(root, 1)) == ()
    assert zeros((sp.cos(x) - x) * (x - 1), End(root, 1)) == (one,)


def test_a_function_that_is_zero_has_no_isolated_zeros() -> None:
    assert zeros(sp.Integer(0) * x) == ()


@pytest.mark.parametrize(
    "g",
    [sp.sin(x), x * sp.sin(x) - 1, (sp.cos(x) - x) ** 2 * sp.exp(x) + sp.exp(-50) * 0 + (sp.cos(x) - x) ** 2],
    ids=str,
)
def test_what_is_not_proved_is_refused(g: sp.Expr) -> None:
    """Infinitely many zeros, or a double one without an exact form."""
    with pytest.raises(NotImplementedError):
        zeros(g)


@pytest.mark.parametrize("radius", [4, 64, 4096])
@pytest.mark.parametrize(
    "point", [sp.Integer(0), sp.pi, sp.Rational(-7, 3), sp.log(2), 10**6 + sp.sqrt(2)], ids=str
)
@pytest.mark.parametrize("side", [-1, 1])
def test_a_rational_point_beside_an_end(point: sp.Expr, side: int, radius: int) -> None:
    beside = rational_beside(End(point, side), fmpq(radius))
    distance = side * (sp.Rational(int(beside.p), int(beside.q)) - point)
    assert 0 < distance < sp.Rational(1, radius)
