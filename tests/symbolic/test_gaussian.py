"""Gaussian moments against mpmath's own quadrature, known integrals, and planted errors."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy as sp
from flint import acb, arb
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import precision
from symgrad.symbolic.calculus.pieces import Piece
from symgrad.symbolic.complex_balls import analytic
from symgrad.symbolic.gaussian import moments as gaussian
from symgrad.symbolic.gaussian.moments import VARIANCE, closed_second_moment, second_moment
from symgrad.symbolic.gaussian.terms import closed_mean
from symgrad.symbolic.letters import x
from symgrad.symbolic.number import Number
from symgrad.symbolic.zeros.cuts import cuts
from symgrad.theory.activations import ACTIVATIONS, CORE
from tests.theory.reference import evaluate, phi

HALF, THIRD = sp.Rational(1, 2), sp.Rational(1, 3)
LINE = (-sp.oo, sp.oo)
RIGHT = (sp.S.Zero, sp.oo)
a, b = sp.symbols("a b", positive=True)


def moment(expr: sp.Expr, order: int = 0, q: sp.Expr = sp.S.One) -> Number:
    return second_moment(expr, order, x, sp.Rational(q), {}, cuts(expr, x))


def integral(f: Any, q: Any, breaks: Sequence[Any] = (), digits: int = 25) -> mpf:
    """E f(x) for x ~ N(0, q) by tanh–sinh quadrature between the breaks."""
    with mp.workdps(digits + 5):
        root = mp.sqrt(q)
        scales = [mpf(k) for k in (-13, -7, -3, -1, 0, 1, 3, 7, 13)]
        inside = [mpf(at) / root for at in breaks if abs(mpf(at)) < 13 * root]
        return mpmath.quad(lambda z: f(root * z) * mpmath.npdf(z), sorted({*scales, *inside}))


def contains(number: Number, value: mpf, digits: int) -> bool:
    enclosure = number.enclosure()
    with mp.workdps(50):
        slack = mpf(10) ** -digits * max(1, abs(value))
        return bool(mpf(enclosure.lower) - slack <= value <= mpf(enclosure.upper) + slack)


def width(number: Number) -> Fraction:
    enclosure = number.enclosure()
    lower, upper = Fraction(enclosure.lower), Fraction(enclosure.upper)
    assert lower <= upper
    return (upper - lower) / max(Fraction(1), abs(lower))


def check_against_mpmath(name: str, q: sp.Rational, digits: int) -> None:
    """Both moments; φ′ by central differences of φ, so that no symbolic derivative is trusted."""
    entry = ACTIVATIONS[name]
    function, found = phi(entry), cuts(entry.phi, x)
    breaks = [mpf(str(cut.ball(120).mid().str(30, radius=False))) for cut in found.points]
    wanted = integral(lambda t: function(t) ** 2, mpf(q.p) / q.q, breaks, digits)
    second = second_moment(entry.expression, 0, x, q, entry.parameters, found)
    assert contains(second, wanted, digits - 3), (name, wanted, second)
    slope = second_moment(entry.expression, 1, x, q, entry.parameters, found)
    assert max(width(second), width(slope) if not slope.infinite else 0) <= Fraction(1, 10**30)
    if slope.infinite or any(cut.joins not in ("smooth", "kink") for cut in found.points):
        return

    def squared_slope(t: mpf) -> mpf:
        with mp.workdps(60):
            h = mpf(10) ** -20
            return ((function(t + h) - function(t - h)) / (2 * h)) ** 2

    assert contains(slope, integral(squared_slope, mpf(q.p) / q.q, breaks, 13), 11), name


@pytest.mark.parametrize("name", CORE)
def test_moments_are_mpmaths(name: str) -> None:
    check_against_mpmath(name, sp.S.One, 18)


@pytest.mark.slow
@pytest.mark.parametrize("q", [sp.Rational(1, 10), sp.S.One, sp.Integer(10)], ids=str)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_all_moments_are_mpmaths(name: str, q: sp.Rational) -> None:
    if name == "symexp" and q > 1:
        pytest.skip("e^(4√(10) z) needs more than mpmath's 13 standard deviations")
    check_against_mpmath(name, q, 18)


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_registered_activation_is_closed_or_certified(name: str) -> None:
    entry = ACTIVATIONS[name]
    found = cuts(entry.phi, x)
    for order in (0, 1):
        number = second_moment(entry.expression, order, x, sp.S.One, entry.parameters, found)
        assert number.proof in ("exact", "certified")
        assert number.infinite or width(number) <= Fraction(1, 10**30)


CLOSED = {  # f, interval, E f over it for x ~ N(0, q): textbook integrals
    "even moment": (x**6, LINE, 15 * VARIANCE**3),
    "odd moment": (x**5, LINE, sp.S.Zero),
    "half moment": (x**3, RIGHT, 2 * VARIANCE ** sp.Rational(3, 2) / sp.sqrt(2 * sp.pi)),
    "moment generating function": (sp.exp(a * x), LINE, sp.exp(a**2 * VARIANCE / 2)),
    "half of it": (
        sp.exp(-a * x),
        RIGHT,
        sp.exp(a**2 * VARIANCE / 2) * sp.erfc(a * sp.sqrt(VARIANCE / 2)) / 2,
    ),
    "characteristic function": (sp.cos(a * x), LINE, sp.exp(-(a**2) * VARIANCE / 2)),
    "x times a wave": (x * sp.sin(a * x), LINE, a * VARIANCE * sp.exp(-(a**2) * VARIANCE / 2)),
    "bump": (sp.exp(-(a**2) * x**2 / 2), LINE, 1 / sp.sqrt(1 + a**2 * VARIANCE)),
    "Stein": (x * sp.erf(a * x), LINE, 2 * a * VARIANCE / sp.sqrt(sp.pi * (1 + 2 * a**2 * VARIANCE))),
    "shifted erf": (sp.erf(a * x + b), LINE, sp.erf(b / sp.sqrt(1 + 2 * a**2 * VARIANCE))),
    "Williams": (
        sp.erf(x) ** 2,
        LINE,
        2 / sp.pi * sp.asin(2 * VARIANCE / (1 + 2 * VARIANCE)),
    ),
    "erf on a half-line": (sp.erf(a * x), RIGHT, sp.atan(a * sp.sqrt(2 * VARIANCE)) / sp.pi),
    "power": (
        x**HALF,
        RIGHT,
        (2 * VARIANCE) ** sp.Rational(1, 4) * sp.gamma(sp.Rational(3, 4)) / (2 * sp.sqrt(sp.pi)),
    ),
    "Cauchy": (
        1 / (x**2 + a**2),
        LINE,
        sp.sqrt(sp.pi / (2 * VARIANCE))
        / a
        * sp.exp(a**2 / (2 * VARIANCE))
        * sp.erfc(a / sp.sqrt(2 * VARIANCE)),
    ),
    "rational": (
        (x**2 + x) / (x**2 + a**2),
        RIGHT,
        None,  # neither even nor over the line
    ),
    "hyperbolic": (sp.sinh(a * x) ** 2, LINE, (sp.exp(2 * a**2 * VARIANCE) - 1) / 2),
    "truncated": (
        x**2,
        (-a, a),
        VARIANCE * sp.erf(a / sp.sqrt(2 * VARIANCE))
        - 2 * a * sp.sqrt(VARIANCE / (2 * sp.pi)) * sp.exp(-(a**2) / (2 * VARIANCE)),
    ),
}


@pytest.mark.parametrize("case", CLOSED)
def test_textbook_integrals(case: str) -> None:
    f, (lo, hi), wanted = CLOSED[case]
    values = {a: sp.Rational(3, 4), b: sp.Rational(1, 5), VARIANCE: sp.Rational(5, 3)}
    if wanted is None:
        with pytest.raises(NotImplementedError):
            closed_mean((Piece(lo, hi, f),), x, VARIANCE, values)
        return
    found = closed_mean((Piece(lo, hi, f),), x, VARIANCE, values)
    assert abs(sp.N((found - wanted).subs(values), 40)) < 1e-30
    other = {a: sp.Rational(2, 9), b: sp.Rational(7, 5), VARIANCE: sp.Rational(1, 7)}  # the letters are free
    assert abs(sp.N((found - wanted).subs(other), 40)) < 1e-30


@st.composite
def terms(draw: st.DrawFn) -> sp.Expr:
    """Polynomial × exponential × error function, of the kind that the rules close on a half-line."""
    degree, rate = draw(st.integers(0, 4)), sp.Rational(draw(st.integers(-6, 6)), 4)
    bump = sp.Rational(draw(st.integers(0, 8)), 4)
    if draw(st.booleans()):
        return x**degree * sp.exp(rate * x - bump * x**2)
    slope = sp.Rational(draw(st.integers(1, 8)), 4)
    return x**degree * sp.exp(-bump * x**2) * sp.erf(slope * x) ** draw(st.integers(1, 2))


@settings(max_examples=12)
@given(st.lists(terms(), min_size=1, max_size=2), st.sampled_from([LINE, RIGHT]), st.integers(1, 6))
def test_sums_of_terms_are_their_integrals(parts: list[sp.Expr], span: Any, quarters: int) -> None:
    f, q = sp.Add(*parts), sp.Rational(quarters, 4)
    try:
        found = closed_mean((Piece(span[0], span[1], f),), x, VARIANCE, {VARIANCE: q})
    except NotImplementedError:
        return  # two error functions with an odd power on a half-line and the like: quadrature's business
    step = (
        (lambda t: evaluate(f, {x: t}))
        if span == LINE
        else (lambda t: evaluate(f, {x: t}) if t > 0 else mpf(0))
    )
    wanted = integral(step, mpf(q.p) / q.q, (), 15)
    with mp.workdps(30):
        value = evaluate(sp.sympify(found.subs(VARIANCE, q), strict=True), {})
        assert abs(value - wanted) < mpf(10) ** -11 * max(1, abs(wanted))


@pytest.mark.parametrize(
    ("expr", "order"),
    [
        (sp.exp(x**2 / 4), 0),
        (sp.exp(x**2), 1),
        (sp.exp(sp.exp(x)), 0),
        (sp.sqrt(sp.Abs(x)), 1),
        (sp.sign(x) * sp.Abs(x) ** THIRD, 1),
        (1 / x, 0),
        (sp.tan(x), 0),
        (x / (1 - x**2), 0),
        (sp.log(sp.Abs(x)), 1),
    ],
    ids=str,
)
def test_infinite_moments_are_proved(expr: sp.Expr, order: int) -> None:
    found = moment(expr, order)
    assert found.infinite
    assert found.proof == "exact"
    assert found.enclosure().decimal == "oo"


@pytest.mark.parametrize(
    ("expr", "order", "value"),
    [
        (sp.exp(x**2 / 5), 0, "2.236067977499789696409173668731"),  # √5
        (sp.sqrt(sp.Abs(x)), 0, "0.797884560802865355879892119869"),  # √(2/π)
        (sp.Abs(x) ** sp.Rational(3, 4), 1, None),
        (sp.log(sp.Abs(x)), 0, None),
        (sp.sin(x) / x, 0, None),
        (x * sp.log(sp.Abs(x)), 1, None),
    ],
    ids=str,
)
def test_finite_moments_beside_infinite_ones(expr: sp.Expr, order: int, value: str | None) -> None:
    found = moment(expr, order)
    assert not found.infinite
    assert width(found) <= Fraction(1, 10**30)
    if value is not None:
        assert found.enclosure().decimal.startswith(value[:25])
        return
    f = sp.diff(expr.subs(sp.Abs(x), a).subs(x, a), a) if order else expr.subs(sp.Abs(x), a).subs(x, a)
    with mp.workdps(25):  # all are even squared: twice the half-line
        half = mpmath.quad(
            lambda t: evaluate(f, {a: t}) ** 2 * mpmath.npdf(t), [0, mpf(10) ** -6, mpf(10) ** -2, 1, 4, 13]
        )
    assert contains(found, 2 * half, 5 if order and expr.has(sp.Rational(3, 4)) else 9)


def test_the_second_moment_of_logarithm_is_known() -> None:
    """E log²|z| = π²/8 + (γ + ln 2)²/4."""
    with mp.workdps(40):
        wanted = mp.pi**2 / 8 + (mp.euler + mp.log(2)) ** 2 / 4
    assert contains(moment(sp.log(sp.Abs(x))), wanted, 33)


def test_the_slope_of_arctan_has_half_a_mean_square() -> None:
    """E 1/(1 + z²)² = 1/2, by parts: an equality that no decimal shows."""
    assert moment(sp.atan(x), 1).exact == sp.Rational(1, 2)


def test_a_jump_adds_nothing_to_the_slope() -> None:
    assert moment(sp.sign(x), 1).exact == 0
    assert moment(x + sp.sign(x), 1).exact == 1


def test_cuts_without_closed_form_and_periods() -> None:
    both = moment(sp.Max(sp.tanh(x), x / 2), 1)
    wanted = integral(
        lambda t: (1 - mpmath.tanh(t) ** 2 if (mpmath.tanh(t) > t / 2) else mpf(1) / 2) ** 2,
        mpf(1),
        [mpf("-1.91500804978166"), mpf("1.91500804978166")],
        13,
    )
    assert contains(both, wanted, 9)
    assert contains(moment(sp.Abs(sp.sin(x))), (1 - mpmath.exp(-2)) / 2, 14)


def test_a_wrong_rule_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = closed_mean
    for wrong in (
        lambda *args: right(*args) + sp.Rational(1, 10**30),
        lambda *args: right(*args) * (1 + sp.Rational(1, 10**29)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(gaussian, "closed_mean", wrong)
            with pytest.raises(RefutedError):
                moment(sp.Max(0, x))
            with pytest.raises(RefutedError):
                moment(sp.erf(x), 1)


def test_closed_forms_keep_their_letters() -> None:
    entry = CORE["leaky_relu"]
    (slope,) = entry.parameters
    found = closed_second_moment(entry.expression, 0, x, sp.S.One, entry.parameters)
    assert sp.simplify(found - VARIANCE * (1 + slope**2) / 2) == 0
    assert closed_second_moment(sp.tanh(x), 0, x, sp.S.One, {}) is None


ENTIRE = (sp.sin(x) * sp.exp(x), sp.erf(x) ** 2, x**3 - x)
CUT = {  # a function and a point that its analytic continuation may not pass
    sp.log(x): acb(-1),
    sp.sqrt(x): acb(-1),
    x**THIRD: acb(-2),
    sp.atan(x): acb(0, 2),
    sp.asinh(x): acb(0, -2),
    sp.atanh(x): acb(3),
    sp.asin(x): acb(-2),
    sp.acosh(x): acb(0),
    1 / x: acb(0),
    sp.tanh(x): acb(0, arb.pi() / 2),
    sp.log(1 + sp.exp(x)): acb(0, arb.pi()),
}


@pytest.mark.parametrize("f", ENTIRE, ids=str)
def test_entire_functions_are_analytic_everywhere(f: sp.Expr) -> None:
    with precision(80):
        for centre in (acb(0), acb(1, 1), acb(-2, 3)):
            assert analytic(f, x)(centre + acb(arb(0, 0.1), arb(0, 0.1)), True).is_finite()


@pytest.mark.parametrize("f", CUT, ids=str)
def test_a_ball_on_a_cut_is_not_finite(f: sp.Expr) -> None:
    with precision(80):
        near = CUT[f] + acb(arb(0, 0.1), arb(0, 0.1))
        assert not analytic(f, x)(near, True).is_finite()
        away = acb(0.5, 0.25) + (1 if f.has(sp.acosh) else 0)
        value = analytic(f, x)(away, True)
        assert value.is_finite()
        assert (
            abs(
                complex(value)
                - complex(sp.N(f.subs(x, sp.Rational(1, 2) + sp.I / 4 + (1 if f.has(sp.acosh) else 0)), 20))
            )
            < 1e-14
        )
