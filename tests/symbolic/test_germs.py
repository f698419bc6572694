"""Behaviour towards the ends, against limits written by hand, SymPy's Gruntz, and 60-digit samples."""

from __future__ import annotations

import random

import pytest
import sympy as sp
from flint import arb, fmpq
from mpmath import mp, mpc, mpf

from symgrad.symbolic.balls import precision
from symgrad.symbolic.germs.algebra import DomainError
from symgrad.symbolic.germs.behaviour import Approach, Behaviour, End, behaviour
from symgrad.symbolic.germs.constants import ONE, constant
from symgrad.symbolic.germs.monomials import LOG, UNIT, X, exponential, growth, power, product, sup, value
from symgrad.symbolic.letters import x
from tests.theory.reference import evaluate, number

oo, third = sp.oo, sp.Rational(1, 3)
right, left = End(oo), End(-oo)
above, below = End(sp.Integer(0), 1), End(sp.Integer(0), -1)
sigmoid, softplus = 1 / (1 + sp.exp(-x)), sp.log(1 + sp.exp(x))

LIMITS: list[tuple[sp.Expr, End, sp.Expr | None, sp.Expr | None, int | None]] = [
    # φ, end, lim φ, lim φ′, sign of φ′ − lim φ′
    (x, right, oo, 1, 0),
    (sigmoid, right, 1, 0, 1),
    (sigmoid, left, 0, 0, 1),
    (sp.tanh(x), left, -1, 0, 1),
    (sp.atan(x), right, sp.pi / 2, 0, 1),
    (sp.erf(x), left, -1, 0, 1),
    (sp.erfc(x), left, 2, 0, -1),
    (softplus, right, oo, 1, -1),
    (softplus, left, 0, 0, 1),
    (x * sigmoid, right, oo, 1, 1),
    (x * sigmoid, left, 0, 0, -1),
    (x * sp.tanh(softplus), right, oo, 1, 1),
    (x * sp.tanh(softplus), left, 0, 0, -1),
    (x * (1 + sp.erf(x / sp.sqrt(2))) / 2, right, oo, 1, 1),
    (x * (1 + sp.erf(x / sp.sqrt(2))) / 2, left, 0, 0, -1),
    (x * sp.tanh(sp.exp(x)), left, 0, 0, -1),
    (x / (1 + sp.Abs(x)), left, -1, 0, 1),
    (x / sp.sqrt(1 + x**2), right, 1, 0, 1),
    (sp.sqrt(1 + x**2) - x, right, 0, 0, -1),
    (sp.sqrt(1 + x**2) - x, left, oo, -2, 1),
    (sp.log(1 + x**2), left, oo, 0, -1),
    (sp.asinh(x), right, oo, 0, 1),
    (sp.exp(-(x**2)), right, 0, 0, -1),
    (x * sp.exp(-(x**2)), left, 0, 0, -1),
    (sp.exp(-sp.exp(-x)), right, 1, 0, 1),
    (sp.exp(-sp.exp(-x)), left, 0, 0, 1),
    (1 / (1 + sp.exp(sp.exp(x))), right, 0, 0, -1),
    (sp.tanh(sp.sinh(x)), right, 1, 0, 1),
    (sp.exp(sp.exp(x)), right, oo, oo, 1),
    (sp.cosh(x), left, oo, -oo, -1),
    (sp.Max(sp.tanh(x), x / 2), right, oo, sp.Rational(1, 2), 0),
    (sp.Max(sp.tanh(x), x / 2), left, -1, 0, 1),
    (sp.Min(x, 3), right, 3, 0, 0),
    (sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)), left, -1, 0, 1),
    (sp.sign(x) * sp.log(1 + sp.Abs(x)), left, -oo, 0, 1),
    (x**2 / (1 + x**2), left, 1, 0, -1),
    (x * sp.sin(1 / x), right, 1, 0, 1),
    (sp.sin(x), right, None, None, None),
    (sp.sin(x) / x, right, 0, 0, None),
    (x + sp.sin(x), left, -oo, None, None),
    (sp.sin(x) * sp.exp(-x), right, 0, 0, None),
    (sp.exp(-x) * sp.Abs(sp.sin(x)), right, 0, 0, None),
    (sp.log(sp.log(1 + x**2)), right, oo, 0, 1),
    (x ** (1 / x), right, 1, 0, -1),
    ((1 + 1 / x) ** x, right, sp.E, 0, 1),
    (x * sp.log(1 + 1 / x), right, 1, 0, 1),
    (sp.tanh(x) / x, above, 1, 0, -1),
    (sp.tanh(x) / x, below, 1, 0, 1),
    (sp.sin(x) / x, above, 1, 0, -1),
    ((sp.exp(x) - 1) / x, below, 1, sp.Rational(1, 2), -1),
    (x / sp.log(1 + x), above, 1, sp.Rational(1, 2), -1),
    ((1 - sp.cos(x)) / x**2, above, sp.Rational(1, 2), 0, -1),
    ((x - sp.sin(x)) / x**3, below, sp.Rational(1, 6), 0, 1),
    (sp.sqrt(sp.Abs(x)), above, 0, oo, 1),
    (sp.sqrt(sp.Abs(x)), below, 0, -oo, -1),
    (sp.Abs(x) ** third, below, 0, -oo, -1),
    (x * sp.log(sp.Abs(x)), above, 0, -oo, -1),
    (x**x, above, 1, -oo, -1),
    (x**2 * sp.log(x), above, 0, 0, -1),
    (1 / x, below, -oo, -oo, -1),
    (sp.log(x), above, -oo, oo, 1),
    (sp.exp(1 / x), below, 0, 0, -1),
    (sp.exp(-1 / x**2), above, 0, 0, 1),
    (sp.atan(1 / x), below, -sp.pi / 2, -1, 1),
    (sp.Abs(x), below, 0, -1, 0),
    (x * sp.Abs(x), below, 0, 0, 1),
    (sp.sin(1 / x), above, None, None, None),
    (x**2 * sp.sin(1 / x), above, 0, None, None),
    (sp.tan(x), End(sp.pi / 2, -1), oo, oo, 1),
    ((sp.exp(x) - sp.E) / (x - 1), End(sp.Integer(1), 1), sp.E, sp.E / 2, 1),
    (sp.sqrt(sp.Abs(sp.exp(x) - 2)), End(sp.log(2), 1), 0, oo, 1),
    (sp.asin(x), End(sp.Integer(1), -1), sp.pi / 2, oo, 1),
    (sp.atanh(x), End(sp.Integer(-1), 1), -oo, oo, 1),
    (sp.acosh(x), End(sp.Integer(1), 1), 0, oo, 1),
]


@pytest.mark.parametrize("case", LIMITS, ids=lambda case: f"{case[0]}, {case[1]}")
def test_limits_written_by_hand(case) -> None:
    phi, end, value_limit, slope_limit, side = case
    found = behaviour(phi, x, end)
    assert found.phi_limit == (value_limit if value_limit is None else sp.sympify(value_limit))
    assert found.limit == (slope_limit if slope_limit is None else sp.sympify(slope_limit))
    assert found.side == side
    for wanted, approach in ((value_limit, found.phi), (slope_limit, found.slope)):
        if wanted not in (None, oo, -oo):
            assert approach.ball is not None
            with mp.workdps(40):
                assert abs(number(sp.sympify(wanted)) - middle(approach.ball)) < mpf(10) ** -30


GRUNTZ = [
    sp.exp(-x) * (x**3 + sp.log(1 + x)),
    sp.log(1 + sp.exp(x)) / x,
    (x + 1) ** 2 / (x - 1) - x,
    sp.exp(x) * (sp.sqrt(1 + sp.exp(-x)) - 1),
    x * (sp.pi / 2 - sp.atan(x)),
    x**2 * (sp.cosh(1 / x) - 1),
    sp.log(x + sp.exp(-x)) - sp.log(x),
    x ** sp.Rational(3, 2) * (sp.sqrt(x + 1) + sp.sqrt(x - 1) - 2 * sp.sqrt(x)),
    (sp.exp(x * sp.exp(-x) / (sp.exp(-x) + sp.exp(-2 * x**2 / (x + 1)))) - sp.exp(x)) / x,
]
"""Limits at ∞ in the manner of D. Gruntz, On computing limits in a symbolic manipulation system (1996)."""


@pytest.mark.parametrize("f", GRUNTZ, ids=str)
def test_the_limits_that_gruntz_finds(f: sp.Expr) -> None:
    assert behaviour(f, x, right).phi_limit == sp.limit(f, x, oo)


def middle(ball: arb) -> mpf:
    """The midpoint of a ball in full."""
    mantissa, exponent = ball.mid().man_exp()
    return mpf(int(mantissa)) * mpf(2) ** int(exponent)


def is_inside(v: mpf, ball: arb, noise: mpf) -> bool:
    if not ball.is_finite():
        return True
    return middle(ball.lower()) - noise <= v <= middle(ball.upper()) + noise


def place(end: End, far: mpf) -> mpf:
    if end.infinite:
        return far if end.point is oo else -far
    return number(end.point) + end.side / far


def check_against_samples(phi: sp.Expr, found: Behaviour, draw: random.Random, samples: int = 5) -> int:
    """φ and its difference quotient inside the enclosures and on the claimed side; how many could be seen."""
    seen = 0
    with mp.workdps(120):
        for _ in range(samples):
            far = int(found.R) * (1 + mpf(draw.random()) * draw.choice([0, 0.01, 1, 10, 100]))
            step = mpf(10) ** -28 / (1 if found.end.infinite else far**2)
            at = place(found.end, far)
            try:
                values = [evaluate(phi, {x: at + k * step}) for k in (-2, -1, 0, 1, 2)]
            except (OverflowError, ZeroDivisionError):
                continue
            if any(isinstance(v, mpc) or not mp.isfinite(v) for v in values):
                continue
            slope, coarse = (values[3] - values[1]) / (2 * step), (values[4] - values[0]) / (4 * step)
            if abs(slope - coarse) > mpf(10) ** -12 * abs(slope) + mpf(10) ** -60:
                continue  # the difference quotient has no digits here
            seen += 1
            assert_agrees(values[2], found.phi, mpf(10) ** -60)
            assert_agrees(
                slope, found.slope, abs(slope - coarse) + mpf(10) ** -30 * abs(slope) + mpf(10) ** -60
            )
    return seen


def assert_agrees(v: mpf, approach: Approach, noise: mpf) -> None:
    assert is_inside(v, approach.range, noise), (v, approach)
    if approach.side is None:
        return
    difference = v if approach.limit in (oo, -oo) else v - number(approach.limit)
    if abs(difference) > noise:
        assert mp.sign(difference) == approach.side, (v, approach)


@pytest.mark.parametrize("case", LIMITS, ids=lambda case: f"{case[0]}, {case[1]}")
def test_samples_stay_inside(case) -> None:
    phi, end, *_ = case
    check_against_samples(phi, behaviour(phi, x, end), random.Random(0), samples=8)


UNARY = [
    sp.tanh, sp.exp, sp.atan, sp.erf, sp.erfc, sp.sin, sp.cos, sp.asinh, sp.sinh, sp.cosh, sp.Abs, sp.sign,
    lambda u: sp.log(1 + sp.exp(u)), lambda u: 1 / (1 + sp.exp(-u)), lambda u: sp.log(1 + u**2),
    lambda u: sp.sqrt(1 + u**2), lambda u: u**2, lambda u: sp.Max(u, 0), lambda u: u / (1 + sp.Abs(u)),
    lambda u: sp.exp(-(u**2)), lambda u: sp.log(sp.Abs(u)), lambda u: sp.Abs(u) ** third,
]  # fmt: skip
BINARY = [
    lambda p, q: p + q,
    lambda p, q: p - q,
    lambda p, q: p * q,
    lambda p, q: p / q,
    sp.Max,
    sp.Min,
]
ENDS = [right, left, above, below, End(sp.Rational(1, 2), 1), End(sp.log(2), -1), End(sp.Integer(-1), 1)]


def composition(draw: random.Random, depth: int) -> sp.Expr:
    if depth == 0:
        return draw.choice(
            [x, x, x * sp.Rational(draw.randint(1, 5), draw.randint(1, 5)), x + draw.randint(-2, 2)]
        )
    if draw.random() < 0.55:
        return draw.choice(UNARY)(composition(draw, depth - 1))
    return draw.choice(BINARY)(composition(draw, depth - 1), composition(draw, draw.randint(0, depth - 1)))


def function(draw: random.Random) -> sp.Expr:
    """A composition that is a function of x, not one that SymPy finds to be undefined or complex."""
    while True:
        try:
            phi = composition(draw, draw.randint(1, 3))
        except (ValueError, TypeError):  # a maximum of what is not real
            continue
        if phi.has(x) and not phi.has(sp.I, sp.zoo, sp.nan, oo):
            return phi


def search(seed: int, count: int) -> tuple[int, int, int]:
    """`count` random compositions at random ends: how many there were, were settled, and samples seen."""
    draw = random.Random(seed)
    tried = settled = seen = 0
    while tried < count:
        phi, end = function(draw), draw.choice(ENDS)
        try:
            found = behaviour(phi, x, end)
        except DomainError:
            continue
        except NotImplementedError:
            tried += 1
            continue
        tried, settled = tried + 1, settled + 1
        seen += check_against_samples(phi, found, draw, samples=3)
    return tried, settled, seen


def test_random_compositions() -> None:
    tried, settled, seen = search(seed=20261123, count=120)
    assert settled >= 0.97 * tried
    assert seen >= 1.5 * tried


@pytest.mark.slow
def test_many_random_compositions() -> None:
    seed = random.SystemRandom().randrange(10**9)
    print("seed", seed)
    tried, settled, seen = search(seed, count=2_000)
    assert settled >= 0.97 * tried
    assert seen >= 1.5 * tried


MONOMIALS = [
    power(X, fmpq(-1)),
    product(power(X, fmpq(40)), exponential([(X, -ONE)])),
    product(power(LOG, fmpq(7)), power(X, fmpq(-1, 2))),
    exponential([(exponential([(X, ONE)]), -ONE), (power(X, fmpq(3)), ONE)]),
    power(LOG, fmpq(-3)),
    exponential([(product(X, LOG), -ONE), (X, ONE)]),
]


@pytest.mark.parametrize("m", MONOMIALS, ids=str)
def test_the_supremum_of_a_falling_monomial(m) -> None:
    """An upper bound at 4000 points, and one that is taken: not infinite, and no more than the boxes cost."""
    assert growth(m) == -1
    with precision(128):
        for radius in (4, 16):
            bound = sup(m, fmpq(radius))
            largest = max((value(m, fmpq(4 * radius + k, 4)) for k in range(1000)), key=float)
            assert largest <= bound * (1 + arb("1e-20"))
            assert bound.is_finite()
    assert growth(product(m, power(m, fmpq(-1)))) == 0
    assert product(m, power(m, fmpq(-1))) is UNIT


@pytest.mark.parametrize(
    ("phi", "end"),
    [(sp.sqrt(x), left), (sp.log(x), below), (1 / sp.Max(0, x), left), (x ** sp.Rational(1, 3), left)],
    ids=str,
)
def test_where_it_is_not_real(phi: sp.Expr, end: End) -> None:
    with pytest.raises(DomainError):
        behaviour(phi, x, end)


@pytest.mark.parametrize("phi", [1 / sp.cos(x), sp.gamma(x), sp.tan(x) * x], ids=str)
def test_what_is_not_settled_is_said(phi: sp.Expr) -> None:
    with pytest.raises(NotImplementedError):
        behaviour(phi, x, right)


def test_a_neighbourhood_can_be_asked_for() -> None:
    """From a larger R the enclosure is narrower, and inside the first."""
    near, far = (behaviour(sp.tanh(x), x, right, radius) for radius in (4, 20))
    assert far.R >= 20
    assert near.range.contains(far.range)
    assert far.range.rad() < near.range.rad() / 1000


def test_a_coefficient_met_at_few_bits_is_no_coarser_afterwards() -> None:
    """What a process did before decides nothing about how sharp a proof is."""
    number = sp.pi / 7 + sp.sqrt(3)
    with precision(20):
        coarse = constant(number).ball.rad()
    with precision(300):
        assert constant(number).ball.rad() < 1e-80 < coarse
