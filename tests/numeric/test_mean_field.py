"""Fixed points, critical lines and phases of wide nets, against multi-precision and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from symgrad.numeric import expectation
from symgrad.numeric.mean_field.correlation import CorrelationMap, pair_expectation
from symgrad.numeric.mean_field.critical import critical, critical_line
from symgrad.numeric.mean_field.fixed_points import fixed_points
from symgrad.numeric.mean_field.mean_field import mean_field
from symgrad.numeric.mean_field.moments import moments
from symgrad.numeric.mean_field.phase_grid import REASONS, phase_grid
from symgrad.theory.activations import ACTIVATIONS, kernel

Function = Callable[[Any], Any]
PHI: dict[str, tuple[Function, Function]] = {
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "erf": (mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-(x**2))),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), lambda x: 1 / (2 + mp.exp(-x) + mp.exp(x))),
    "gelu": (lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x)),
    "relu": (lambda x: max(x, mp.mpf(0)), lambda x: mp.mpf(x > 0)),
    "elu": (lambda x: x if x > 0 else mp.expm1(x), lambda x: mp.mpf(1) if x > 0 else mp.exp(x)),
}
"""φ and φ′ again, for the oracle: nothing of the kernels."""
ENDS = (-14, -8, -4, -2, -1, 0, 1, 2, 4, 8, 14)


def mean(f: Function, q: float) -> Any:
    """E f(√q z), 25 digits."""
    root = mp.sqrt(mp.mpf(q))
    return mp.quad(lambda z: f(root * z) * mp.npdf(z), [mp.mpf(end) for end in ENDS])


@pytest.fixture(autouse=True)
def _digits() -> Any:
    with mp.workdps(25):
        yield


@pytest.mark.parametrize("name", PHI)
def test_moments_and_fixed_points_against_multiple_precision(name: str) -> None:
    """Withheld points: q* solves its equation and χ₁, χ_∥ are what they are, to 1e-11."""
    phi, dphi = PHI[name]
    functions = kernel(ACTIVATIONS[name])
    table = moments(functions)
    for q in (0.037, 2.9):
        u = np.array([math.log(q)])
        assert math.exp(table.second(u)[0][0]) == pytest.approx(
            float(mean(lambda x: phi(x) ** 2, q)), rel=1e-12
        )
        assert math.exp(table.slope(u)[0][0]) == pytest.approx(
            float(mean(lambda x: dphi(x) ** 2, q)), rel=1e-12
        )
    found = mean_field(functions, 1.37, 0.083)
    assert found.q is not None and found.chi1 is not None and found.chi_parallel is not None
    second = mean(lambda x: phi(x) ** 2, found.q)
    assert found.q == pytest.approx(float(mp.mpf(1.37) * second + mp.mpf(0.083)), rel=1e-12)
    assert found.chi1 == pytest.approx(float(mp.mpf(1.37) * mean(lambda x: dphi(x) ** 2, found.q)), rel=1e-11)
    step = mp.mpf("1e-6")
    slope = (mean(lambda x: phi(x) ** 2, found.q + step) - mean(lambda x: phi(x) ** 2, found.q - step)) / (
        2 * step
    )
    assert found.chi_parallel == pytest.approx(1.37 * float(slope), rel=1e-9)


def test_published_figures() -> None:
    tanh, gelu = kernel(ACTIVATIONS["tanh"]), kernel(ACTIVATIONS["gelu"])
    assert critical(tanh, 0.05).solutions[0].sigma_w2 == pytest.approx(1.76095464, abs=5e-9)
    assert mean_field(tanh, 1.5, 0.05).xi_c == pytest.approx(15.791, abs=5e-4)
    assert mean_field(tanh, 25 / 9, 0.0).chi1 == pytest.approx(1.20983, abs=5e-6)
    (point,) = critical(gelu, 0.17292239).solutions
    assert point.sigma_w2 == pytest.approx(1.98305826, abs=5e-8)
    assert point.chi_parallel == pytest.approx(1.0, abs=1e-7)
    assert point.q == pytest.approx((3 + math.sqrt(17)) / 2, abs=1e-6)


@pytest.mark.parametrize("q", [0.01, 0.7, 12.0])
def test_the_critical_line_of_erf_is_the_closed_form(q: float) -> None:
    """σ_w² = (π/4)√(1 + 4q), σ_b² = q − σ_w² (2/π) asin(2q/(1 + 2q)) (Williams 1997)."""
    sigma_w2 = math.pi / 4 * math.sqrt(1 + 4 * q)
    sigma_b2 = q - sigma_w2 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q))
    (point,) = critical(kernel(ACTIVATIONS["erf"]), sigma_b2).solutions
    assert point.sigma_w2 == pytest.approx(sigma_w2, rel=1e-9)
    assert point.q == pytest.approx(q, rel=1e-8)


@pytest.mark.parametrize("c", [-0.999999, -0.4, 0.0, 0.3, 0.97, 0.9999999])
@pytest.mark.parametrize("q", [0.02, 1.0, 40.0])
def test_pairs_of_relu_are_the_arc_cosine_kernels(q: float, c: float) -> None:
    """Cho & Saul 2009."""
    relu = kernel(ACTIVATIONS["relu"])
    angle = math.acos(c)
    first = q / (2 * math.pi) * (math.sqrt((1 - c) * (1 + c)) + (math.pi - angle) * c)
    zeroth = (math.pi - angle) / (2 * math.pi)
    found = pair_expectation(relu.value, relu.value, q, c, relu.kinks)
    # towards c = −1 the two terms cancel
    assert found == pytest.approx(first, rel=1e-11, abs=1e-12 * q)
    assert pair_expectation(relu.slope, relu.slope, q, c, relu.kinks) == pytest.approx(zeroth, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tanh", "elu"])
def test_pairs_against_multiple_precision(name: str) -> None:
    phi, functions, q, c = PHI[name][0], kernel(ACTIVATIONS[name]), 1.7, 0.6
    root, s = mp.sqrt(mp.mpf(q)), mp.sqrt(1 - mp.mpf(c) ** 2)
    with mp.workdps(15):
        ends = [mp.mpf(end) for end in (-9, -2, 0, 2, 9)]

        def inner(u: Any) -> Any:
            # φ has its kink where c u + s v = 0
            at = sorted({*ends, -c * u / s})
            return (
                phi(root * u) * mp.npdf(u) * mp.quad(lambda v: phi(root * (c * u + s * v)) * mp.npdf(v), at)
            )

        expected = float(mp.quad(inner, ends, maxdegree=5))
    assert pair_expectation(functions.value, functions.value, q, c, functions.kinks) == pytest.approx(
        expected, rel=1e-9
    )


def test_a_chaotic_net_decorrelates_to_the_fixed_point_of_its_map() -> None:
    tanh = kernel(ACTIVATIONS["tanh"])
    found = mean_field(tanh, 4.0, 0.05)
    assert found.phase == "chaotic" and found.q is not None and found.correlation is not None
    on = CorrelationMap(tanh, 4.0, 0.05, found.q)
    assert on.orbit(0.9, 120)[-1] == pytest.approx(found.correlation, abs=1e-6)
    step = 1e-5
    around = (on(found.correlation + step) - on(found.correlation - step)) / (2 * step)
    assert found.slope == pytest.approx(around, rel=1e-7)
    assert found.xi_grad is not None and found.xi_grad < 0


def test_what_does_not_exist_is_said() -> None:
    def said(name: str, sigma_w2: float, sigma_b2: float) -> tuple[str, str]:
        found = mean_field(kernel(ACTIVATIONS[name]), sigma_w2, sigma_b2)
        return found.phase, found.why

    assert said("relu", 2.5, 0.0) == ("no fixed point", "lengths grow without bound from layer to layer")
    assert said("relu", 2.0, 0.1)[0] == "no fixed point"
    assert said("relu", 2.0, 0.0) == ("critical", "every length is a fixed point")
    assert said("tanh", 0.8, 0.0)[0] == "ordered"
    assert "negative at every q" in critical(kernel(ACTIVATIONS["softplus"]), 0.1).why
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"^sigma_w2 = "):
            mean_field(kernel(ACTIVATIONS["tanh"]), bad, 0.1)


def test_several_fixed_points_are_all_found() -> None:
    """Beside its half-stable point GELU has one below it that attracts and one above that does not."""
    found = fixed_points(kernel(ACTIVATIONS["gelu"]), 2.0, 0.1)
    assert [point.attracts for point in found.points] == ["both", "none"]
    for point in found.points:
        second = float(expectation(lambda x: kernel(ACTIVATIONS["gelu"]).value(x) ** 2, point.q))
        assert 2.0 * second + 0.1 == pytest.approx(point.q, rel=1e-11)


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "selu", "sin", "sigmoid"])
def test_the_grid_is_the_single_nets(name: str) -> None:
    functions = kernel(ACTIVATIONS[name])
    rng = np.random.default_rng(7)
    sigma_w2, sigma_b2 = np.linspace(0.2, 4.0, 20), np.linspace(0.0, 0.6, 20)
    grid = phase_grid(functions, sigma_w2, sigma_b2)
    for one in (grid.q, grid.chi1, grid.chi_parallel, grid.correlation, grid.slope):
        assert np.isfinite(one).all() and not one[grid.reason != 0].any()
    for row, column in rng.integers(20, size=(8, 2)):
        alone = mean_field(functions, float(sigma_w2[column]), float(sigma_b2[row]))
        if alone.q is None:
            assert REASONS[grid.reason[row, column]] == alone.why
            continue
        assert grid.reason[row, column] == 0
        assert grid.q[row, column] == pytest.approx(alone.q, rel=1e-11, abs=1e-14)
        assert grid.chi1[row, column] == pytest.approx(alone.chi1, rel=1e-11)
        assert alone.correlation is not None
        assert (
            abs(grid.correlation[row, column] - alone.correlation) <= 0.05 * (1 - alone.correlation) + 1e-12
        )


@pytest.mark.parametrize("name", ["tanh", "sin", "soft_root_sign", "gelu", "silu", "hard_swish", "squish"])
def test_the_grid_settles_where_single_nets_do(name: str) -> None:
    """Activations with one fixed point, several and half-stable ones; critical scales without biases too."""
    functions = kernel(ACTIVATIONS[name])
    rng = np.random.default_rng(11)
    sigma_w2 = np.append(np.sort(rng.uniform(0.1, 6, 5)), 2.0)
    sigma_b2 = np.append(0.0, np.sort(rng.uniform(0, 1, 4)))
    grid = phase_grid(functions, sigma_w2, sigma_b2, correlations=False)
    for (row, column), reason in np.ndenumerate(grid.reason):
        alone = fixed_points(functions, float(sigma_w2[column]), float(sigma_b2[row])).settles
        assert (alone is None) == (reason != 0)
        if alone is not None:
            assert grid.q[row, column] == pytest.approx(alone.q, rel=1e-9, abs=1e-12)


def test_an_orbit_that_creeps_towards_zero_settles_there() -> None:
    """sin with σ_w² = 1: q ↦ q − q² + …, so that after l layers q is still 1/l."""
    found = fixed_points(kernel(ACTIVATIONS["sin"]), 1.0, 0.0)
    assert found.settles is not None
    assert found.settles.q == 0


def test_the_line_drawn_is_critical() -> None:
    tanh = kernel(ACTIVATIONS["tanh"])
    q, sigma_w2, sigma_b2 = critical_line(tanh, 0.5)
    for at in range(0, len(q), 40):
        found = mean_field(tanh, float(sigma_w2[at]), float(sigma_b2[at]))
        if sigma_b2[at] > 1e-6:  # next to 0 the fixed point is lost in rounding
            assert found.chi1 == pytest.approx(1.0, abs=1e-9)
            assert found.q == pytest.approx(q[at], rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_answers(name: str) -> None:
    """A number or words."""
    functions = kernel(ACTIVATIONS[name])
    try:
        found = mean_field(functions, 1.3, 0.1)
    except ValueError as error:
        said = str(error)
        pytest.skip(said) if said and "\n" not in said else pytest.fail(repr(said))
    assert (found.q is None) == (found.phase == "no fixed point") and (found.q is not None or found.why)
