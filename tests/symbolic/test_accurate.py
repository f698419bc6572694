"""φ and φ′ in floating point against φ alone in mpmath; both backward kernels; local polynomials; domains."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from flint import arb
from mpmath import mp, mpf

from symgrad.errors import InputError
from symgrad.symbolic.kernels import table
from symgrad.symbolic.kernels.accurate import accurate
from symgrad.symbolic.kernels.from_output import Slope
from symgrad.symbolic.kernels.series import Expansion
from symgrad.symbolic.letters import x
from symgrad.theory.activations import CORE, activation, gamma, kernel
from symgrad.theory.simulation import simulate
from tests.theory.reference import evaluate

EPS = 2.0**-52


def run(program, points, dtype=np.float64) -> np.ndarray:
    a = np.array(points, dtype)
    out = np.full_like(a, np.nan)
    program(a, out)
    return out


def sizes(f: sp.Expr, at: float, order: int) -> tuple[mpf, mpf]:
    """f^(order) and |f^(order)| + |a f^(order + 1)| by differences of f: with h = 10⁻¹²⁰ in 900 digits."""
    with mp.workdps(900):
        a, h = mpf(at), mpf(10) ** -120

        def value(k: int) -> mpf:
            return evaluate(f, {x: a + k * h})

        derivatives = (
            value(0),
            (value(1) - value(-1)) / (2 * h),
            (value(1) - 2 * value(0) + value(-1)) / h**2,
        )
        return derivatives[order], abs(derivatives[order]) + abs(a * derivatives[order + 1])


CANCELLING = (
    x - sp.tanh(x),
    sp.tanh(x) / x,
    (x + sp.sqrt(x**2 + 4)) / 2,
    x * (2 - sp.erfc(x)) / 2,
    sp.log(1 + sp.exp(x)) - sp.log(2),
    1 / (1 + sp.exp(-x)) - 1 / (1 + sp.exp(1 - x)),
    x * (1 - sp.exp(-sp.exp(x))),
    x + sp.sin(2 * x) / 2,
    sp.Max(sp.tanh(x), x / 2),
    sp.log(sp.cosh(x)),
)
PLACES = (1e-12, 1e-5, 0.01, 0.3, 0.7853981, 1.1, 2.4, 5.5, 8.3, 19.0, 33.0, 150.0, 600.0)


@pytest.mark.parametrize("f", CANCELLING, ids=str)
@pytest.mark.parametrize("order", [0, 1])
def test_what_cancels_keeps_its_digits(f: sp.Expr, order: int) -> None:
    points = [*PLACES, *(-p for p in PLACES)]
    for at, got in zip(points, run(accurate(f, x, order), points), strict=True):
        true, size = sizes(f, at, order)
        assert abs(mpf(float(got)) - true) <= 8 * EPS * size + mpf(table.TINY), at


def test_tails_are_flushed() -> None:
    """φ′ below 1e-300 is 0, not a subnormal number; above it keeps its digits."""
    slope = accurate(sp.tanh(x), x, 1)
    assert (run(slope, [-350.0, 346.9, 360.0, 710.0, 1e4]) == 0).all()
    assert (run(slope, [-345.0, 345.9]) > 1e-300).all()


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "elu"])
def test_from_the_output(name: str) -> None:
    """g(h) has absolute error ≤ 4 ε sup|φ′| everywhere, relative error ≤ 8 ε(1 + κ) where it is used: by the
    units that are not saturated, few or many of the others beside them."""
    functions = kernel(CORE[name])
    slope = functions.dphi
    assert isinstance(slope, Slope)
    g = slope.from_output
    assert g is not None
    points = np.sort(np.random.default_rng(2).normal(size=60) * 4)
    outputs = functions.value(points)
    got = run(g.program, outputs)
    top = float(gamma(CORE[name]).enclosure().decimal)
    used = np.array([g.holds(h[None]) for h in outputs])
    assert used.any()
    assert not used.all()
    for at, one, good in zip(points, got, used, strict=True):
        true, size = sizes(CORE[name].phi, float(at), 1)
        assert abs(mpf(float(one)) - true) <= 4 * EPS * top
        assert not good or abs(mpf(float(one)) - true) <= 8 * EPS * size
    layer = points[used]
    np.testing.assert_array_equal(functions.slope(layer), got[used])
    exact = run(slope.from_input, points)
    for few in (0, 3, used.size):
        some = np.concatenate([points[used], points[~used][:few]])
        expected = np.concatenate([got[used], exact[~used][:few]])
        np.testing.assert_array_equal(functions.slope(some), expected)


def test_the_threshold_follows_the_condition_of_g() -> None:
    """Where 1 − h² is used its own condition 2h²/(1 − h²) is within the bound's 8(1 + κ)."""
    slope = kernel(CORE["tanh"]).dphi
    assert isinstance(slope, Slope)
    g = slope.from_output
    assert g is not None
    assert 0.9 < g.high < 0.995
    assert g.low == -g.high


def test_proved_polynomials() -> None:
    """A cell's polynomial keeps its bound against mpmath; a cell across a kink, or too wide, is not made."""
    f = sp.exp(x) * sp.sin(x)
    (cell,) = table.cells(Expansion(f, x), 1, [(2.5, 2.75)])
    polynomials = table.table([cell])
    for at in np.linspace(2.5, 2.75, 23):
        true, size = sizes(f, float(at), 1)
        assert abs(mpf(float(polynomials(np.array([at]))[0])) - true) <= 8 * EPS * size
    assert len(table.cells(Expansion(f, x), 1, [(2.5, 40.0)])) > 4
    found = table.cells(Expansion(sp.Abs(x - 2) * sp.exp(x), x), 1, [(1.9, 2.1)])
    assert all(not (one.low < 2 < one.high) for one in found)


def test_a_series_knows_where_it_ends() -> None:
    series = Expansion(sp.Abs(x) / (1 + sp.exp(x)), x)
    with pytest.raises(ArithmeticError):
        series(arb(0, 1), 3)
    assert [c.is_finite() for c in Expansion(1 / x, x)(arb(0), 3)] == [False] * 3
    assert abs(Expansion(sp.sin(x) / x, x)(arb(0), 3)[2] + arb(1) / 6) < 1e-10


@pytest.mark.parametrize(
    ("text", "where"), [("sqrt(x)", "(0, oo)"), ("log(x)", "(0, oo)"), ("1/x", "(-oo, 0)")]
)
def test_a_net_needs_the_whole_line(text: str, where: str) -> None:
    with pytest.raises(InputError, match="defined on") as refused:
        simulate(activation(text), {"depth": 2, "width": 2})
    assert where in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["sign(x)", "where(x > 1, x, 0)", "tanh(x)/x"])
def test_jumps_and_removable_points_are_simulated(text: str) -> None:
    found = simulate(activation(text), {"depth": 3, "width": 4, "seeds": 2})
    assert not np.isnan(found.log10_gradient).any()
