"""Taylor coefficients in balls against SymPy's derivatives; wide and far balls contain and stay finite."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.letters import x
from symgrad.symbolic.ranges.jets import jet

e = sp.exp
FUNCTIONS = (
    x**5 - 3 * x**-3 + sp.pi,
    (2 + x**2) ** sp.Rational(-1, 3) + sp.sqrt(1 + x**2),
    x**x + 2**x,
    e(-e(-x)),
    sp.log(1 + x**2) * sp.sin(x) + sp.cos(3 * x),
    sp.tan(x / 9),
    sp.cosh(x) / sp.sinh(x + 9),
    sp.tanh(x) + sp.erf(x) * sp.erfc(x / 2),
    sp.atan(x) * sp.asinh(x),
    sp.asin(x / 9) + sp.acos(x / 7),
    sp.acosh(x + 3) + sp.atanh(x / 9),
    x * sp.tanh(sp.log(1 + e(x))),
    sp.log((1 + 3 * e(2 * x)) ** 2 / (2 + e(x - 5))),
    x / (5 + 2 * e(-x)) ** 3,
)
ORDER = 5


def derivatives(f: sp.Expr, point: sp.Rational) -> list[arb]:
    """f^(k)/k! at the point, from SymPy's own derivatives."""
    return [ball(sp.diff(f, x, k).subs(x, point) / sp.factorial(k)) for k in range(ORDER + 1)]


@pytest.mark.parametrize("f", FUNCTIONS, ids=str)
@pytest.mark.parametrize("point", [sp.Rational(13, 10), sp.Rational(1, 7)])
def test_at_a_point(f: sp.Expr, point: sp.Rational) -> None:
    with precision(220):
        for found, known in zip(
            jet(f, x).coefficients(ball(point), ORDER), derivatives(f, point), strict=True
        ):
            assert found.overlaps(known)
            assert found.rad() < arb("1e-45") * (1 + abs(known)).upper()


@pytest.mark.parametrize("f", FUNCTIONS, ids=str)
@settings(max_examples=25)
@given(
    centre=st.fractions(min_value=1, max_value=3, max_denominator=50),
    width=st.sampled_from(("1e-20", "0.01", "0.3", "0.9")),
    share=st.fractions(min_value=-1, max_value=1, max_denominator=20),
)
def test_a_wide_ball_contains_every_derivative(f: sp.Expr, centre, width: str, share) -> None:
    middle, radius = sp.Rational(centre.numerator, centre.denominator), sp.Rational(width)
    inside = middle + radius * sp.Rational(share.numerator, share.denominator)
    with precision(200):
        wide = jet(f, x).coefficients(ball(middle) + arb(0, 1) * ball(radius), 2)
        exact = jet(f, x).coefficients(ball(inside), 2)
        assert all(
            not w.is_finite() or w.contains(p) or w.overlaps(p) for w, p in zip(wide, exact, strict=True)
        )
        assert not any(w < p or w > p for w, p in zip(wide, exact, strict=True))


BOUNDED = (
    (sp.tanh(x), 1.0),
    (sp.atan(x), 1.6),
    (sp.erf(x), 1.2),
    (1 / (1 + e(-x)), 1.0),
    (sp.asinh(x), 16.0),
)
COMPOSED = [(sp.log(1 + e(x)), 2e6), (sp.sqrt(1 + x**2), 2e6), (1 / (1 + x**2), 1.0), (e(-(x**2)), 1.0)]


@pytest.mark.parametrize(("f", "bound"), [*BOUNDED, *COMPOSED], ids=str)
def test_far_and_very_wide_balls_stay_finite(f: sp.Expr, bound: float) -> None:
    """All of −10⁶ … 10⁶ at once, and far out: the value keeps its scale, and elementary slopes theirs."""
    for where in (arb(0, 1_000_000), arb(1_000_000, 100), arb(-1_000_000, 100), arb(3, 2)):
        with precision(96):
            found = jet(f, x).coefficients(where, 2)
            assert all(term.is_finite() for term in found)
            assert found[0].abs_upper() < 1.2 * bound
            assert (f, bound) in COMPOSED or found[1].abs_upper() < 1.3


def test_a_saturated_slope_keeps_its_digits() -> None:
    """tanh′(50) = sech²(50) ≈ 1.5e-43 to all digits, where 1 − tanh² would have none."""
    with precision(100):
        slope = jet(sp.tanh(x), x).coefficients(arb(50), 1)[1]
        assert slope > 0
        assert slope.rel_accuracy_bits() > 80


def test_where_a_function_is_not_smooth_nothing_is_claimed() -> None:
    with precision(96):
        for f in (sp.log(x), sp.sqrt(x), 1 / x, x ** sp.Rational(1, 3)):
            assert not jet(f, x).coefficients(arb(0, 1), 1)[1].is_finite()
    for f in (sp.Abs(x), sp.Max(x, 0), sp.Function("f")(x)):
        with pytest.raises(NotImplementedError):
            jet(f, x)
