"""Ranges over the line: closed forms known in advance, sampled values inside, planted errors refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import precision
from symgrad.symbolic.calculus.limits import limit
from symgrad.symbolic.letters import u, x
from symgrad.symbolic.ranges import extrema
from symgrad.symbolic.ranges.derivative_range import derivative_range
from symgrad.symbolic.ranges.extrema import exact_range, function_range
from symgrad.symbolic.ranges.extremum import Place, Value, compare
from symgrad.symbolic.ranges.image import Span, union
from symgrad.symbolic.ranges.range import Range
from symgrad.symbolic.zeros.roots import zeros
from tests.theory.reference import evaluate, number

e = sp.exp
oo = sp.oo

# φ: inf φ′, sup φ′, attained (inf, sup), places of inf, places of sup
KNOWN: dict[str, tuple[sp.Expr, tuple[str, str], tuple[bool, bool], list[str], list[str]]] = {
    "line": (3 * x + 1, ("3", "3"), (True, True), ["-oo < x < oo"], ["-oo < x < oo"]),
    "parabola": (x**2, ("-oo", "oo"), (False, False), ["x -> -oo"], ["x -> oo"]),
    "cubic": (x**3 - x, ("-1", "oo"), (True, False), ["0"], ["x -> -oo", "x -> oo"]),
    "exponential": (e(x), ("0", "oo"), (False, False), ["x -> -oo"], ["x -> oo"]),
    "rational": (x / (1 + x**2), ("-1/8", "1"), (True, True), ["-sqrt(3)", "sqrt(3)"], ["0"]),
    "modulus": (sp.Abs(x), ("-1", "1"), (True, True), ["x < 0"], ["x > 0"]),
    "valley": (sp.Abs(x - 1) + sp.Abs(x + 1), ("-2", "2"), (True, True), ["x < -1"], ["x > 1"]),
    "hard tanh": (sp.Max(-1, sp.Min(1, x)), ("0", "1"), (True, True), ["x < -1", "x > 1"], ["-1 < x < 1"]),
    "Huber": (
        sp.Piecewise((x**2 / 2, sp.Abs(x) <= 1), (sp.Abs(x) - sp.Rational(1, 2), True)),
        ("-1", "1"), (True, True), ["x <= -1"], ["x >= 1"],
    ),
    "squared ReLU": (sp.Max(0, x) ** 2, ("0", "oo"), (True, False), ["x <= 0"], ["x -> oo"]),
    "Gaussian": (e(-(x**2) / 2), ("-exp(-1/2)", "exp(-1/2)"), (True, True), ["1"], ["-1"]),
    "cosine": (sp.cos(2 * x), ("-2", "2"), (True, True), ["pi*k + pi/4"], ["pi*k + 3*pi/4"]),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _digits():
    with mp.workdps(60):
        yield


def known(name: str) -> Range:
    return derivative_range(KNOWN[name][0], x)


@pytest.mark.parametrize("name", KNOWN)
def test_known_ranges(name: str) -> None:
    _, values, attained, lowest, highest = KNOWN[name]
    found = known(name)
    assert (found.inf.value.text(), found.sup.value.text()) == values
    assert (found.inf.attained, found.sup.attained) == attained
    assert [str(place) for place in found.inf.at] == lowest
    assert [str(place) for place in found.sup.at] == highest
    assert found.inf.proof == found.sup.proof == "exact"
    assert all(step.check for step in found.steps)


@pytest.mark.parametrize("name", KNOWN)
def test_sampled_slopes_are_inside(name: str) -> None:
    found = known(name)
    low, high = (mpf(e.value.enclosure().decimal.replace("oo", "inf")) for e in (found.inf, found.sup))
    slope = {part: sp.diff(part.expr, x) for part in found.pieces}
    for part in found.pieces:
        for k in range(-200, 201):
            at = sp.Rational(k, 19)
            if part.lo < at < part.hi:
                value = evaluate(part.expr, {x: number(at)})
                assert low - mpf("1e-25") <= value <= high + mpf("1e-25")
    assert slope


def test_equal_sizes_give_every_place() -> None:
    """sup|φ′| of the sine is taken where φ′ = 1 and where φ′ = −1."""
    both = derivative_range(sp.sin(x), x).lipschitz
    assert both is not None
    assert [str(place) for place in both.at] == ["2*pi*k", "2*pi*k + pi"]


def test_a_tie_between_attained_and_approached() -> None:
    """φ′ = −1 on x < 0 and φ′ → 1 from below: sup|φ′| = 1 is attained, on the left."""
    phi = sp.Piecewise((-x, x < 0), (sp.log(1 + e(x)) - sp.log(2), True))
    found = derivative_range(phi, x)
    assert (found.sup.value.number, found.sup.attained) == (1, False)
    assert found.lipschitz is not None
    assert (found.lipschitz.value.number, found.lipschitz.attained) == (1, True)
    assert [str(place) for place in found.lipschitz.at] == ["x < 0"]


@pytest.mark.parametrize(
    "phi", [sp.sign(x), sp.Piecewise((x, x > 1), (0, True)), sp.floor(x) + sp.Heaviside(x)], ids=str
)
def test_a_jump_is_refused(phi: sp.Expr) -> None:
    with pytest.raises(NotImplementedError):
        exact_range(phi, x)


def test_a_gaussian_mixture_is_not_called_proved() -> None:
    """φ″ = 1 − 2e^{−x²} has zeros that no method here finds: saying "no critical point" would be false."""
    phi = x**2 / 2 - x * sp.sqrt(sp.pi) * sp.erf(x) - e(-(x**2))
    slope = sp.diff(phi, x)
    assert sp.simplify(sp.diff(slope, x) - (1 - 2 * e(-(x**2)))) == 0
    interval = function_range(slope, x, sp.Integer(-2), sp.Integer(2))
    top = max(evaluate(slope, {x: mpf(k) / 500}) for k in range(-1000, 1001))
    assert interval.sup.proof == "estimated"
    assert abs(float(interval.sup.value.number) - float(top)) < 1e-4


POLYNOMIALS = st.lists(st.integers(-9, 9), min_size=2, max_size=6).filter(lambda c: any(c[:-1]))


@settings(max_examples=30)
@given(coefficients=POLYNOMIALS, lo=st.integers(-4, 3), width=st.integers(1, 5))
def test_polynomials_on_an_interval(coefficients: list[int], lo: int, width: int) -> None:
    """Against every point of a fine grid, and tight: some grid point is within the slope's reach."""
    poly = sp.Poly(coefficients, x)
    assume(poly.degree() >= 1)
    found = function_range(poly.as_expr(), x, sp.Integer(lo), sp.Integer(lo + width))
    grid = [poly.eval(sp.Rational(k, 60)) for k in range(60 * lo, 60 * (lo + width) + 1)]
    low, high = (mpf(end.value.enclosure().decimal) for end in (found.inf, found.sup))
    assert low - mpf("1e-25") <= min(map(number, grid))
    assert high + mpf("1e-25") >= max(map(number, grid))
    steep = sum(
        abs(c) * k * max(abs(lo), abs(lo + width)) ** max(k - 1, 0)
        for k, c in enumerate(reversed(coefficients))
    )
    assert high - max(map(number, grid)) <= mpf(steep) / 60 + mpf("1e-25")
    assert min(map(number, grid)) - low <= mpf(steep) / 60 + mpf("1e-25")


@settings(max_examples=40)
@given(weights=st.lists(st.integers(-5, 5).filter(bool), min_size=1, max_size=4))
def test_sums_of_hinges(weights: list[int]) -> None:
    """Σ w_k max(0, x − k): the slopes are the partial sums of w."""
    phi = sp.Add(*(w * sp.Max(0, x - k) for k, w in enumerate(weights)))
    partial = [sum(weights[:k]) for k in range(len(weights) + 1)]
    found = derivative_range(phi, x)
    assert (found.inf.value.number, found.sup.value.number) == (min(partial), max(partial))
    assert found.lipschitz is not None
    assert found.lipschitz.value.number == max(map(abs, partial))
    assert found.image == sp.FiniteSet(*partial)
    assert [(kink.left, kink.right) for kink in found.kinks] == [
        (p, q) for p, q in pairwise(partial) if p != q
    ]


def test_parameters_stay_letters() -> None:
    a = sp.Symbol("a", positive=True)
    phi = sp.Piecewise((x, x > 0), (a * x, True))
    for value, expected in ((sp.Rational(1, 3), (a, 1)), (sp.Integer(2), (1, a)), (sp.Integer(1), (1, 1))):
        found = derivative_range(phi, x, {a: value})
        numbers = [sp.sympify(expr).subs(a, value) for expr in expected]
        assert [found.inf.value.number, found.sup.value.number] == numbers
        assert bool(found.kinks) == (value != 1)


# --- planted errors --------------------------------------------------------------------------------------


def test_a_wrong_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off by a hundredth to either side, at an infinite end and at a finite one."""
    for phi in (sp.tanh(x), sp.log(1 + e(x)), sp.Piecewise((x, x > 0), (e(x) - 1, True)) * 2):
        exact_range(phi, x)
        for off in (sp.Rational(1, 100), -sp.Rational(1, 100)):
            with monkeypatch.context() as patch:
                patch.setattr(extrema, "limit", lambda *args, off=off: limit(*args) + off)
                with pytest.raises(RefutedError, match="does not approach"):
                    function_range(sp.diff(phi.rewrite(sp.Piecewise), x).subs(sp.Heaviside(0), 1), x, -oo, oo)


def test_a_wrong_critical_point_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    def moved(*args):
        found = zeros(*args)
        return replace(
            found, roots=tuple(replace(r, point=r.point + sp.Rational(1, 1000)) for r in found.roots)
        )

    for phi in (sp.tanh(x), x / (1 + e(-x)), x / (1 + x**2)):
        with monkeypatch.context() as patch:
            patch.setattr(extrema, "zeros", moved)
            with pytest.raises(RefutedError):
                exact_range(phi, x)


def test_a_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from symgrad.symbolic.zeros.roots import Root

    evaluated = Root.evaluate
    monkeypatch.setattr(
        Root, "evaluate", lambda self, f, at: evaluated(self, f, at) * sp.Rational(1001, 1000)
    )
    for phi in (sp.tanh(x), x / (1 + e(-x))):
        with pytest.raises(RefutedError):
            exact_range(phi, x)


# --- the parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "end", "side", "expected"),
    [
        (sp.tanh(x), oo, 1, 1),
        (sp.tanh(x), -oo, 1, -1),
        (x * e(x), -oo, 1, 0),
        (sp.sin(x) / x, sp.Integer(0), 1, 1),
        (sp.Abs(x) / x, sp.Integer(0), 1, 1),
        (sp.Abs(x) / x, sp.Integer(0), -1, -1),
        (1 / x, sp.Integer(0), 1, oo),
        (1 / x, sp.Integer(0), -1, -oo),
        (x**2, oo, 1, oo),
    ],
    ids=str,
)
def test_limits(f: sp.Expr, end: sp.Expr, side: int, expected) -> None:
    assert limit(f, x, end, side) == expected


@pytest.mark.parametrize("f", [sp.sin(x), sp.cos(x) * x], ids=str)
def test_no_limit_is_said(f: sp.Expr) -> None:
    with pytest.raises(NotImplementedError):
        limit(f, x, oo)


def test_compare() -> None:
    assert compare(Value(sp.sqrt(2)), Value(sp.Rational(7, 5))) == 1
    assert compare(Value(oo), Value(sp.Integer(10) ** 50)) == 1
    assert compare(Value(-oo), Value(oo)) == -1
    assert compare(Value(oo), Value(oo)) == 0
    assert compare(Value(sp.sqrt(8)), Value(2 * sp.sqrt(2))) == 0


def test_two_roots_that_share_a_letter_are_two_numbers() -> None:
    """Each piece names its own roots, so the same expression in u may stand for different numbers."""
    silu, other = (
        next(root for root in zeros(f, x, -oo, oo).roots if root.named and root.named.symbol == u)
        for f in (sp.diff(x / (1 + e(-x)), x, 2), e(x) - 5 * x)
    )
    assert silu.named is not None
    assert other.named is not None
    assert silu.named.symbol == other.named.symbol == u
    one, two = (Value(u + 1, (), (named,)) for named in (silu.named, other.named))
    with precision(128):
        assert one.ball(128) < two.ball(128)
    assert compare(one, two) == -1
    assert compare(two, one) == 1
    assert compare(one, Value(1 + u, (), (silu.named,))) == 0


def span(lo: int, hi: int, left: bool, right: bool) -> Span:
    return Span(Value(sp.Integer(lo)), Value(sp.Integer(hi)), left, right)


SPANS = st.builds(
    lambda lo, width, left, right: span(lo, lo + width, left or not width, right or not width),
    st.integers(-5, 5), st.integers(0, 4), st.booleans(), st.booleans(),
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(SPANS, min_size=1, max_size=5))
def test_union_of_spans(spans: list[Span]) -> None:
    """The same points as the spans one by one, at every integer and between."""
    joined = union(spans)
    for twice in range(-12, 22):
        point = sp.Rational(twice, 2)
        assert bool(joined.contains(point)) == any(bool(s.as_set().contains(point)) for s in spans)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(sp.sqrt(2)), "sqrt(2)"),
        (Place(oo), "x -> oo"),
        (Place(-oo), "x -> -oo"),
        (Place(sp.Integer(3), side=-1), "x -> 3-"),
        (Place(sp.Integer(-3), side=1), "x -> -3+"),
        (Place(sp.pi / 6, period=2 * sp.pi / 3), "2*pi*k/3 + pi/6"),
        (Place(sp.Integer(0), until=oo), "x > 0"),
        (Place(sp.Integer(0), until=oo, closed=(True, False)), "x >= 0"),
        (Place(-oo, until=sp.Integer(2), closed=(False, True)), "x <= 2"),
        (Place(sp.Integer(-1), until=sp.Integer(1), closed=(True, False)), "-1 <= x < 1"),
        (Place(-oo, until=oo), "-oo < x < oo"),
    ],
    ids=str,
)
def test_places_as_text(place: Place, text: str) -> None:
    assert str(place) == text
