"""Zeros with a proof that they are all: against a scan for sign changes; and forms that must be refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import mpmath
import pytest
import sympy as sp
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from symgrad.symbolic.balls import precision
from symgrad.symbolic.letters import x
from symgrad.symbolic.zeros.exponential_polynomial import ExponentialPolynomial, IsolatedZero
from symgrad.symbolic.zeros.roots import Root, UnprovedError, Zeros, zeros
from tests.theory.reference import evaluate, number

e = sp.exp
GRID = [mpf(k) / 64 + mpf(1) / 10007 for k in range(-64 * 45, 64 * 45)]


@pytest.fixture(autouse=True)
def _digits():
    with mp.workdps(60):
        yield


def abscissa(root: Root) -> mpf:
    """A zero in 50 digits: exact ones by mpmath, named ones by solving their equation in its bracket."""
    if root.named is None:
        digits = {r: sp.N(r, 60) for r in root.point.atoms(sp.CRootOf)}
        return evaluate(root.point, {r: mpf(str(value)) for r, value in digits.items()})
    named = root.named

    def equation(at: mpf) -> mpf:
        return evaluate(named.equation.lhs - named.equation.rhs, {named.symbol: at})

    lo, hi = number(named.lo), number(named.hi)
    assert 0 < named.hi - named.lo <= sp.Rational(1, 100), "a bracket a reader can use"
    assert equation(lo) * equation(hi) < 0, f"{named} has a solution there"
    changes = [equation(p) * equation(q) < 0 for p, q in pairwise(mpmath.linspace(lo, hi, 40))]
    assert sum(changes) == 1, f"{named} has only one solution there"
    solution = mpmath.findroot(equation, (lo, hi), solver="anderson", tol=mpf(10) ** -100, maxsteps=200)
    assert lo < solution < hi
    with precision(200):
        assert abs(mpf(named.ball(200).mid().str(55, radius=False)) - solution) < mpf(10) ** -45
    assert not named.symbol.is_positive or solution > 0, "the letter's assumptions hold"
    return evaluate(root.point, {named.symbol: solution})


def agree_with_a_scan(found: Zeros, f: Callable[[mpf], mpf], grid: list[mpf]) -> None:
    """Each zero reported is one; each cell of the grid holds as many, modulo 2, as its sign change says."""
    places = [abscissa(root) for root in found.roots]
    assert places == sorted(places)
    for place in places:
        h = mpf(10) ** -25
        assert f(place - h) * f(place + h) < 0, f"no sign change at {mp.nstr(place, 12)}"
    signs = [mpmath.sign(f(at)) for at in grid]
    for (left, right), (before, after) in zip(pairwise(grid), pairwise(signs), strict=True):
        inside = [place for place in places if left < place < right]
        assert (len(inside) % 2 == 1) == (before != after), f"zeros in ({left}, {right})"


CASES: dict[str, tuple[sp.Expr, int]] = {
    "no zero": (1 + e(x), 0),
    "exponential": (e(x) - 3, 1),
    "two exponentials": (e(2 * x) - 5 * e(x) + 6, 2),
    "cubic in e^x/2": (e(3 * x / 2) - 2 * e(x / 2) + sp.Rational(1, 2), 2),
    "polynomial": (x**5 - 3 * x + 1, 3),
    "polynomial times Gaussian": (x * (x**2 - 2) * e(-(x**2)), 3),
    "irrational quadratic": (sp.sqrt(2) * x**2 - 3 * x + sp.sqrt(2), 2),
    "negative root": (e(x) + x, 1),
    "two signs": (x**2 + x * e(2 * x) - 3, 2),
    "SiLU": (sp.diff(x / (1 + e(-x)), x, 2), 2),
    "Hochreiter": (sp.diff(x * e(-x) / (1 + e(-x)) ** 2, x), 2),
    "Mish": (sp.diff(x * sp.tanh(sp.log(1 + e(x))), x, 2), 2),
    "tanh times x": (sp.diff(x * sp.tanh(x), x, 2), 2),
    "far apart": (e(x) - 1000000 * x, 2),
    "near to each other": (e(x) - x - sp.Rational(10**9 + 1, 10**9), 2),
    "neither degree 1": (x * (e(2 * x) + 1) - (x**2 + 2) * e(x), 1),
    "hyperbolic": (sp.cosh(x) ** -2 - sp.Rational(1, 2), 2),
    "repeated factor": ((e(x) - 2) ** 3 * (x - 5), 2),
}


@pytest.mark.parametrize("case", CASES)
def test_all_zeros(case: str) -> None:
    f, count = CASES[case]
    found = zeros(f, x, -sp.oo, sp.oo)
    assert len(found.roots) == count
    assert found.why
    assert found.period is None
    grid = [at for at in GRID if abs(at) < 20]
    agree_with_a_scan(found, lambda at: evaluate(f, {x: at}), grid)


@pytest.mark.parametrize("case", CASES)
def test_only_those_inside(case: str) -> None:
    """On an open interval: those of the line that lie inside."""
    f, _ = CASES[case]
    everywhere = zeros(f, x, -sp.oo, sp.oo).roots
    for lo, hi in ((-sp.oo, sp.Rational(1, 7)), (sp.Rational(1, 7), sp.oo), (sp.Integer(-2), sp.Integer(2))):
        inside = zeros(f, x, lo, hi).roots
        limits = [mpf("-inf") if lo.is_infinite else number(lo), mpf("inf") if hi.is_infinite else number(hi)]
        assert inside == tuple(root for root in everywhere if limits[0] < abscissa(root) < limits[1])


def test_an_end_is_not_inside() -> None:
    assert zeros(x * (x - 1), x, sp.Integer(0), sp.oo).roots == (Root(sp.Integer(1)),)
    assert zeros(e(x) - 2, x, sp.log(2), sp.oo).roots == ()


@pytest.mark.parametrize(
    "f",
    [
        1 - 2 * e(-(x**2)),  # a Gaussian that is not a mere factor has zeros of its own
        x - e(-(x**2)),
        (x - 1) * (1 - 2 * e(-(x**2))),
        e(-(x**2)) - e(-x),
        (e(x) - 1) / x,  # a zero of the numerator that is none of the function
        e(x) - 1 - x,  # not simple
        e(x) - 3 * x**2,  # three zeros without a closed form, two letters
        x**4 - 5 * x**2 * e(x) + 3 * x + e(2 * x) + 1,
        (e(x) + x) * (e(x) - 3 * x**2),
        e(sp.sqrt(2) * x) - 2,
        sp.erf(x),
        sp.log(1 + x**2),
        sp.sin(x) + x,
        sp.sqrt(2) * x**3 - x + 1,
        sp.Integer(0) * x,
        x - x,
    ],
    ids=str,
)
def test_what_is_not_proved_is_refused(f: sp.Expr) -> None:
    """`UnprovedError`, which leads to an estimate, and neither a wrong list nor another error."""
    with pytest.raises(UnprovedError):
        zeros(sp.sympify(f), x, -sp.oo, sp.oo)


def test_parameters() -> None:
    a = sp.Symbol("a", positive=True)
    (root,) = zeros(a * e(x) - 2, x, -sp.oo, sp.oo, {a: sp.Integer(3)}).roots
    assert sp.simplify(root.point - sp.log(2 / a)) == 0
    assert zeros(e(x) - a + 1, x, -sp.oo, sp.oo, {a: sp.Rational(1, 3)}).roots == ()
    assert zeros(x**2 + a * x + 1, x, -sp.oo, sp.oo, {a: sp.Rational(1, 5)}).roots == ()
    assert len(zeros(x**2 + a * x + 1, x, -sp.oo, sp.oo, {a: sp.Integer(3)}).roots) == 2
    with pytest.raises(UnprovedError, match="zero everywhere"):
        zeros((a - 1) * x, x, -sp.oo, sp.oo, {a: sp.Integer(1)})


@pytest.mark.parametrize(
    ("f", "points"),
    [
        (sp.cos(x), ["pi/2", "3*pi/2"]),
        (sp.sin(x) * sp.cos(x), ["0", "pi/2"]),
        (2 * sp.sin(3 * x) - 1, ["pi/18", "5*pi/18"]),
        (sp.sin(x) + sp.sin(2 * x), ["0", "2*pi/3", "pi", "4*pi/3"]),
    ],
    ids=str,
)
def test_one_period(f: sp.Expr, points: list[str]) -> None:
    found = zeros(f, x, -sp.oo, sp.oo)
    assert found.period is not None
    period = number(found.period)
    for at in (mpf("0.3"), mpf("-2.7"), mpf("11.1")):
        assert abs(evaluate(f, {x: at}) - evaluate(f, {x: at + period})) < mpf(10) ** -50
    places = [number(root.point) for root in found.roots]
    assert all(abs(evaluate(f, {x: place})) < mpf(10) ** -50 for place in places)
    assert [str(root.point) for root in found.roots] == points
    grid = mpmath.linspace(-mpf(1) / 997, period - mpf(1) / 997, 3000)
    changes = sum(evaluate(f, {x: p}) * evaluate(f, {x: q}) < 0 for p, q in pairwise(grid))
    assert changes == len(points)


COEFFICIENT = st.fractions(-30, 30, max_denominator=9).filter(bool)
TERMS = st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), COEFFICIENT, min_size=2, max_size=5)
RATES = st.sampled_from([sp.Integer(1), sp.Rational(1, 2), sp.Rational(3, 2), sp.Integer(-1)])


def isolated(poly: ExponentialPolynomial) -> tuple[IsolatedZero, ...]:
    """Its zeros; an example in which they are not proved simple is passed over."""
    try:
        return poly.isolate()
    except NotImplementedError:
        reject()


def of_terms(terms) -> dict[tuple[int, int], sp.Rational]:
    return {key: sp.Rational(r.numerator, r.denominator) for key, r in terms.items()}


@settings(max_examples=60)
@given(terms=TERMS, c=RATES)
def test_random_exponential_polynomials(terms, c: sp.Rational) -> None:
    """Σ r_ij xⁱ e^{jcx}: isolated zeros against a scan of the whole stretch that the tail bound leaves."""
    poly = ExponentialPolynomial(of_terms(terms), c)
    found = isolated(poly)

    def f(at: mpf) -> mpf:
        rate = number(c)
        return mpmath.fsum(number(r) * at**i * mpmath.exp(j * rate * at) for (i, j), r in poly.terms.items())

    places = []
    for zero in found:
        with precision(200):
            narrow = zero.ball(200)
            assert narrow.rel_accuracy_bits() > 150
            places.append(mpf(narrow.mid().str(50, radius=False)))
        assert number(zero.lo) < places[-1] < number(zero.hi)
        step = mpf(10) ** -30 * max(1, abs(places[-1]))
        assert f(places[-1] - step) * f(places[-1] + step) < 0
    left, right = -number(poly.reflected().tail()), number(poly.tail())
    cells = mpmath.linspace(left, right, 400) + [mpf(k) / 16 for k in range(-64, 65)]
    cells = sorted({min(max(at + mpf(1) / 100003, left), right) for at in cells})
    signs = [mpmath.sign(f(at)) for at in cells]
    for (p, q), (before, after) in zip(pairwise(cells), pairwise(signs), strict=True):
        assert (sum(p < place < q for place in places) % 2 == 1) == (before != after)
    for far in (right, 2 * right, 50 * right):
        assert mpmath.sign(f(far)) == signs[-1], "the tail has no zero"
        assert mpmath.sign(f(far * left / right)) == signs[0]


@settings(max_examples=40)
@given(terms=TERMS, c=RATES)
def test_derivative_and_reflection(terms, c: sp.Rational) -> None:
    poly = ExponentialPolynomial(of_terms(terms), c)
    expr = sum(r * x**i * e(j * c * x) for (i, j), r in poly.terms.items())
    slope = sum(r * x**i * e(j * c * x) for (i, j), r in poly.derivative().terms.items())
    mirrored = poly.reflected()
    reflection = sum(r * x**i * e(j * mirrored.c * x) for (i, j), r in mirrored.terms.items())
    assert sp.expand(sp.diff(expr, x) - slope) == 0
    assert sp.expand(expr.subs(x, -x) - reflection) == 0


@settings(max_examples=40)
@given(terms=TERMS, c=RATES, which=st.integers(0, 4))
def test_an_altered_coefficient_moves_every_zero(terms, c: sp.Rational, which: int) -> None:
    """The answer hangs on every term: one part in a thousand more of one, and no zero stays where it was."""
    original = of_terms(terms)
    key = sorted(original)[which % len(original)]
    altered = {**original, key: original[key] * sp.Rational(1001, 1000)}
    before, after = (isolated(ExponentialPolynomial(t, c)) for t in (original, altered))
    if len(before) == len(after):
        for p, q in zip(before, after, strict=True):
            assume(abs(p.lo) <= 16)  # farther out a decayed term moves it by less than these bits tell
            assert not p.ball(400).overlaps(q.ball(400))


def test_nearly_double_zeros_are_separated_or_refused() -> None:
    """eˣ = r x has two zeros for r > e and none for r < e; too near to e it is undecided, never wrong."""
    for digits in range(4, 40, 5):
        for side, count in ((1, 2), (-1, 0)):
            r = sp.Rational(round(sp.E.evalf(60) * 10**50) + side * 10 ** (50 - digits), 10**50)
            poly = ExponentialPolynomial({(0, 1): sp.Integer(1), (1, 0): -r}, sp.Integer(1))
            if digits < 14:
                assert len(poly.isolate()) == count
            else:
                with pytest.raises(NotImplementedError, match=r"not proved simple|too near"):
                    poly.isolate()


def test_wild_coefficients_end() -> None:
    """A tail that begins at 2²⁸ is not searched for ever."""
    poly = ExponentialPolynomial(
        of_terms({(3, 8): sp.Rational(68691, 8047054), (0, 6): sp.Integer(-1), (2, 8): sp.Integer(-1315105)}),
        sp.Rational(5, 3),
    )
    with pytest.raises(NotImplementedError, match="intervals"):
        poly.isolate()


def test_the_value_at_a_named_root_has_no_exponential() -> None:
    f = sp.diff(x / (1 + e(-x)), x)
    for root in zeros(sp.diff(f, x), x, -sp.oo, sp.oo).roots:
        value = root.evaluate(f, x)
        assert not value.has(sp.exp, sp.tanh)
        solution = abscissa(root)
        assert root.named is not None
        direct = evaluate(f, {x: solution})
        symbol = root.named.symbol
        (inverse,) = sp.solve(root.point - sp.Symbol("X", real=True), symbol)
        at = evaluate(inverse, {sp.Symbol("X", real=True): solution})
        assert abs(evaluate(value, {symbol: at}) - direct) < mpf(10) ** -40
