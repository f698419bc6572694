"""Ball arithmetic against mpmath in twice the digits; enclosures hold, and signs are never guessed."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from symgrad.symbolic.balls import ball, enclose, precision, sign_of
from symgrad.symbolic.letters import x
from tests.theory.reference import evaluate, number

EXPRESSIONS = (
    sp.exp(x) + sp.log(2 + sp.cos(x)),
    sp.sin(x) * sp.tan(x / 7) - sp.atan(x),
    sp.tanh(x) + sp.sinh(x / 3) / sp.cosh(x),
    sp.erf(x) + sp.erfc(x / 2) * x,
    sp.asin(x / 100) + sp.acos(x / 100),
    sp.asinh(x) + sp.acosh(sp.cosh(x) + 1) + sp.atanh(x / 100),
    sp.Abs(x) + sp.Max(x, 1, -x) - sp.Min(x, 2),
    sp.sqrt(1 + x**2) + (2 + sp.Abs(x)) ** sp.Rational(-3, 2) + (3 + x**2) ** sp.Rational(1, 3),
    x**5 - 3 * x**-2 + sp.pi * x + sp.E,
    sp.Piecewise((x**2, x < -1), (sp.exp(x), sp.And(x >= -1, x <= 1)), (sp.sin(x), True)),
    sp.Piecewise((x, sp.Or(x < -2, x > 2)), (-x, sp.Not(x > 0)), (7, True)),
    sp.Piecewise((5, sp.Eq(x, 3)), (x, sp.Ne(x, 2)), (0, True)),
)
RATIONALS = st.fractions(min_value=-60, max_value=60, max_denominator=1000).filter(lambda q: q != 0)


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
@given(at=RATIONALS)
def test_contains_the_value(expr: sp.Expr, at) -> None:
    point = sp.Rational(at.numerator, at.denominator)
    with mp.workdps(120):
        exact = evaluate(expr, {x: number(point)})
        with precision(200):
            found = ball(expr, {x: ball(point)})
            middle, radius = (mpf(part.str(80, radius=False)) for part in (found.mid(), found.rad()))
        assert abs(middle - exact) <= radius + mpf(10) ** -70 * (1 + abs(exact))
        assert radius <= mpf(10) ** -40 * (1 + abs(exact)), "and is narrow"


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
@given(
    at=RATIONALS,
    width=st.sampled_from(["1e-9", "0.01", "0.7", "5"]),
    inside=st.fractions(-1, 1, max_denominator=50),
)
def test_a_wide_ball_contains_every_value(expr: sp.Expr, at, width: str, inside) -> None:
    """Above all across branches, where the union of what may hold is asked for."""
    centre, radius = sp.Rational(at.numerator, at.denominator), sp.Rational(width)
    point = centre + radius * sp.Rational(inside.numerator, inside.denominator)
    with mp.workdps(60):
        try:
            exact = evaluate(expr, {x: number(point)})
        except ZeroDivisionError:
            return
        with precision(160):
            wide = ball(centre) + arb(0, 1) * ball(radius)
            found = ball(expr, {x: wide})
            if not found.is_finite():
                return
            low, high = (mpf(end.mid().str(45, radius=False)) for end in (found.lower(), found.upper()))
        slack = mpf(10) ** -40 * (1 + abs(exact))
        assert low - slack <= exact <= high + slack


@pytest.mark.parametrize("power", range(1, 6))
def test_powers_of_a_ball_around_zero(power: int) -> None:
    """Finite, and all of the powers inside; (0 ± r)ⁿ is what a saturated tanh meets."""
    for text in ("2", "1e-30", "1e-77"):
        with precision(256):
            found = ball(x**power, {x: arb(0, 1) * arb(text)})
            assert found.is_finite()
            for inside in (arb(text), -arb(text), arb(0), arb(text) / 3):
                assert found.overlaps(inside**power)


def test_no_guess() -> None:
    with pytest.raises(NotImplementedError):
        ball(sp.Function("f")(x), {x: arb(1)})
    with pytest.raises(NotImplementedError):
        ball(sp.Symbol("unset"))
    with precision(64):
        assert not ball(1 / x, {x: arb(0, 1)}).is_finite()
        assert not ball(sp.log(x), {x: arb(0, 1)}).is_finite()
        assert not ball(sp.sqrt(x), {x: arb(-1)}).is_finite()


NUMBERS = (
    sp.Integer(0),
    sp.Rational(1, 4),
    sp.Rational(-1, 3),
    sp.Rational(1, 100),
    sp.Rational(10**19),
    sp.Rational(10**40 - 1, 10**40),
    sp.Rational(7, 10**33),
    sp.pi,
    -sp.pi * 10**25,
    sp.exp(-200),
    sp.exp(-2000),
    -sp.exp(100),
    sp.sqrt(2) - sp.Rational(14142135623730950488, 10**19),
    sp.sqrt(10**60 + 1) - 10**30,
    1 - sp.tanh(40),
    sp.erfc(10),
    sp.CRootOf(x**5 - 3 * x + 1, 1),
)


@pytest.mark.parametrize("value", NUMBERS, ids=str)
def test_enclosures(value: sp.Expr) -> None:
    """lower ≤ v ≤ upper, at most 1e-30·max(1, |v|) apart; the decimal is v to 30 significant digits."""
    found = enclose(value)
    with mp.workdps(2000):
        exact = mpf(str(value.evalf(90))) if value.has(sp.CRootOf) else number(value)
        lower, upper, decimal = (mpf(text) for text in (found.lower, found.upper, found.decimal))
        assert lower <= exact <= upper
        assert upper - lower <= mpf(10) ** -30 * max(1, abs(exact))
        assert abs(decimal - exact) <= mpf("0.5001e-29") * abs(exact)
    if value.is_Rational and set(sp.factorint(value.q)) <= {2, 5} and value.q <= 10**30:
        assert found.lower == found.upper, "a short decimal fraction is given exactly"
    if value != 0:
        mantissa = found.decimal.partition("e")[0]
        digits = mantissa.replace(".", "").lstrip("-0")
        assert len(digits if "." in mantissa else digits[:30]) == 30


@given(q=st.fractions(max_denominator=10**12))
def test_enclosures_of_rationals(q) -> None:
    found = enclose(sp.Rational(q.numerator, q.denominator))
    lower, upper = (sp.Rational(text) for text in (found.lower, found.upper))
    value = sp.Rational(q.numerator, q.denominator)
    assert lower <= value <= upper
    assert upper - lower <= sp.Rational(1, 10**30) * max(1, abs(value))


def test_infinite_enclosures() -> None:
    assert enclose(sp.oo).decimal == enclose(sp.oo).lower == enclose(sp.oo).upper == "oo"
    assert enclose(-sp.oo).decimal == "-oo"


def test_an_enclosure_through_a_named_root_is_as_narrow() -> None:
    def root(bits: int) -> arb:
        with precision(bits + 10):
            return arb(2).sqrt()

    found = enclose(x**2 + 1, {x: root})
    assert mpf(found.lower) <= 3 <= mpf(found.upper)
    with mp.workdps(60):
        assert mpf(found.upper) - mpf(found.lower) <= mpf(10) ** -30 * 3


@pytest.mark.parametrize(
    ("value", "sign"),
    [
        (sp.Integer(0), 0),
        (sp.oo, 1),
        (-sp.oo, -1),
        (sp.sqrt(2) * sp.sqrt(3) - sp.sqrt(6), 0),
        (sp.sqrt(5 + 2 * sp.sqrt(6)) - sp.sqrt(2) - sp.sqrt(3), 0),
        (sp.sin(1) ** 2 + sp.cos(1) ** 2 - 1, 0),
        (sp.exp(-500), 1),
        (sp.exp(sp.pi * sp.sqrt(163)) - 640320**3 - 744, -1),
        (sp.pi - sp.Rational(314159265358979323846264338327950288, 10**35), 1),
        (sp.Rational(1, 10**60) - sp.Rational(1, 10**61), 1),
    ],
    ids=str,
)
def test_signs(value: sp.Expr, sign: int) -> None:
    assert sign_of(value) == sign
    assert sign_of(-value) == -sign


@given(p=RATIONALS, q=RATIONALS)
def test_signs_with_values(p, q) -> None:
    letter = sp.Symbol("a", positive=True)
    left, right = (sp.Rational(r.numerator, r.denominator) for r in (p, q))
    expected = int(mpmath.sign(mpf(p.numerator) * q.denominator - mpf(q.numerator) * p.denominator))
    assert sign_of(letter - right, {letter: left}) == expected


def test_an_undecided_sign_is_said() -> None:
    with pytest.raises(NotImplementedError):
        sign_of(sp.Symbol("unset", real=True))


def test_precision_is_restored() -> None:
    import flint

    before = flint.ctx.prec
    with pytest.raises(RuntimeError), precision(999):
        raise RuntimeError
    assert flint.ctx.prec == before
