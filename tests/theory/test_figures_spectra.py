"""Published figures of spectra, and withheld points, against mpmath; planted errors in the derivations."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.errors import InputError, RefutedError
from symgrad.symbolic.letters import k, n
from symgrad.theory.activations import CORE, kernel
from symgrad.theory.entry import Entry
from symgrad.theory.spectra import dynamical_isometry as isometry
from symgrad.theory.spectra import jacobian_spectrum_moments as moments_page
from symgrad.theory.spectra import linear_product_edge
from symgrad.theory.spectra.linear_product_edge import EDGE, MOMENT, SCALE
from symgrad.theory.spectra.measured import fuss_catalan_quantiles
from symgrad.theory.spectra.moments import (
    critical_scales,
    gaussian_layer,
    orthogonal_layer,
    relative_variance,
    squared_spectrum,
)
from symgrad.theory.spectra.pairings import N, trace_moment


def test_published_edge() -> None:
    """Ten layers: 28.5312."""
    assert f"{float(EDGE.subs(n, 10)):.4f}" == "28.5312"


@pytest.mark.parametrize("layers", [1, 2, 4, 7, 25, 100])
def test_edge_from_moments(layers: int) -> None:
    """Ratios of Fuss–Catalan numbers by gamma functions, extrapolated in the inverse order: the ratio is
    edge·(1 − 3/(2k) + …), as the density ends as a square root."""
    with mp.workdps(60):

        def ratio(order: int) -> mpf:
            def moment(j: int) -> mpf:
                return mpmath.binomial((layers + 1) * j, j) / (layers * j + 1)

            return moment(order + 1) / moment(order)

        orders = [10**5 * 2**i for i in range(8)]
        table = [ratio(order) for order in orders]
        for step in range(1, len(table)):
            table = [(2**step * b - a) / (2**step - 1) for a, b in pairwise(table)]
        wanted = mpf(int(EDGE.subs(n, layers).p)) / int(EDGE.subs(n, layers).q)
        assert abs(table[0] / wanted - 1) < mpf(10) ** -30


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_moments_from_densities(layers: int) -> None:
    """E Xᵏ over the density of n matrices, x = sin((n+1)t)^(n+1)/(sin t sin(nt)ⁿ), 0 < t < π/(n+1)."""
    with mp.workdps(20):
        top = mpmath.pi / (layers + 1)

        def place(t: mpf) -> mpf:
            return mp.sin((layers + 1) * t) ** (layers + 1) / (mp.sin(t) * mp.sin(layers * t) ** layers)

        def density(t: mpf) -> mpf:
            rest = mp.sin(layers * t) ** (layers - 1) / mp.sin((layers + 1) * t) ** layers
            return mp.sin(t) ** 2 * rest / mpmath.pi

        for order in (1, 2, 3):
            found = mpmath.quad(
                lambda t, order=order: -(place(t) ** order) * density(t) * mpmath.diff(place, t),
                [top / 10**6, top / 8, top / 2, 7 * top / 8, top * (1 - mpf(10) ** -6)],
            )
            assert abs(found - int(MOMENT.subs({n: layers, k: order}))) < 2e-5
        assert abs(place(top / 10**6) - float(EDGE.subs(n, layers))) < 1e-8


@pytest.mark.parametrize("layers", [1, 2, 5, 12])
def test_quantiles_have_the_moments(layers: int) -> None:
    """Means over the quantiles of the law are Fuss–Catalan numbers, and the first one is below the edge."""
    squares = np.exp(fuss_catalan_quantiles(layers, (np.arange(50_000) + 0.5) / 50_000))
    for order in (1, 2, 3):
        wanted = float(MOMENT.subs({n: layers, k: order}))
        assert (squares**order).mean() == pytest.approx(wanted, rel=1e-4)
    edge = float(EDGE.subs(n, layers))
    assert 0.99 * edge < squares[0] < edge


def test_scale_of_one_matrix() -> None:
    """Johnstone's: (√N + √N)(1/√N + 1/√N)^(1/3)/N."""
    for width in (10, 333):
        root = width**0.5
        assert float(SCALE.subs({n: 1, N: width})) == pytest.approx(2 * root * (2 / root) ** (1 / 3) / width)


def _moment(phi_prime: Any, q: mpf, power: int) -> mpf:
    return mpmath.quad(lambda z: phi_prime(mp.sqrt(q) * z) ** power * mpmath.npdf(z), [-12, -4, 0, 4, 12])


@pytest.mark.parametrize("q", ["0.05", "0.7", "3"])
@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
def test_variance_at_other_lengths(q: str, weights: str) -> None:
    """L(μ₂/μ₁² − 1 − s₁) of critical tanh nets against mpmath, to 1e-8, and its limit of large widths."""
    functions = kernel(CORE["tanh"])
    sigma_w, sigma_b = critical_scales(functions, float(q))
    start = math.sqrt((float(q) - sigma_b**2) / sigma_w**2)
    found = squared_spectrum(functions, sigma_w, sigma_b, 7, 10**9, weights, start)
    mu1, mu2 = (_moment(lambda t: mp.sech(t) ** 2, mpf(q), power) for power in (2, 4))
    wanted = 7 * (mu2 / mu1**2 - 1 + (weights == "gaussian"))
    assert abs(found.relative / wanted - 1) < 1e-8
    assert abs(found.at_width / wanted - 1) < 1e-6
    assert abs(found.ln_mean) < 1e-10


def test_variance_off_criticality() -> None:
    """The mean is the product of σ_w² E φ′², by the closed forms of erf."""
    functions = kernel(CORE["erf"])
    found = squared_spectrum(functions, 1.3, 0.4, 40, 100, "gaussian")
    q = mpf(1.3) ** 2 + mpf(0.4) ** 2
    for _ in range(39):
        q = mpf(1.3) ** 2 * 2 / mpmath.pi * mpmath.asin(2 * q / (1 + 2 * q)) + mpf(0.4) ** 2
    assert abs(math.exp(found.ln_q[-1]) - q) < 1e-10
    last = found.ln_mean - squared_spectrum(functions, 1.3, 0.4, 39, 100).ln_mean
    wanted = mpmath.log(mpf(1.3) ** 2 * 4 / mpmath.pi / mp.sqrt(1 + 4 * q))
    assert last == pytest.approx(float(wanted), abs=1e-10)


@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
def test_layers_at_width_two(weights: str) -> None:
    """Linear units against all pairings; orthogonal ones change nothing."""
    ones = np.ones(3)
    found = relative_variance(ones, ones, 2, weights)[1]
    if weights == "orthogonal":
        assert found == pytest.approx(0, abs=1e-12)
    else:
        square, second = 1.0, 1.0
        for _ in range(3):
            square, second = gaussian_layer(square, second, 1, 1, 2)
        assert second == pytest.approx(float(trace_moment(2, 3).subs(N, 2)))
        assert found == pytest.approx(second / square - 1)


def test_isometry_of_small_lengths() -> None:
    """(μ₂/μ₁² − 1)/q² → 8 and σ_b²/q³ → 4/3 for tanh, by quadrature at small q, extrapolated."""
    with mp.workdps(40):

        def quotients(q: mpf) -> tuple[mpf, mpf]:
            mu1, mu2 = (_moment(lambda t: mp.sech(t) ** 2, q, power) for power in (2, 4))
            variance = q - _moment(mp.tanh, q, 2) / mu1
            return (mu2 / mu1**2 - 1) / q**2, variance / q**3

        near, far = quotients(mpf("1e-4")), quotients(mpf("2e-4"))
        found = [2 * a - b for a, b in zip(near, far, strict=True)]
    assert abs(found[0] - int(isometry.SHARP)) < 5e-5
    assert abs(found[1] - mpf(4) / 3) < 1e-5


@pytest.mark.parametrize("q", [0.01, 0.1, 0.3, 0.49])
def test_the_bound_on_the_spread_of_slopes_holds(q: float) -> None:
    mu1, mu2 = (_moment(lambda t: mp.sech(t) ** 2, mpf(q), power) for power in (2, 4))
    assert mu2 / mu1**2 - 1 < float(isometry.BOUND.subs(isometry.LENGTH, q))


def test_nets_without_a_spectrum_are_refused() -> None:
    functions = kernel(CORE["tanh"])
    for wrong in ({"sigma_w": 0.0}, {"weights": "uniform"}, {"width": 1}):
        given: dict[str, Any] = {"sigma_w": 1.0, "sigma_b": 0.0, "depth": 2, "width": 8, **wrong}
        with pytest.raises(ValueError, match=r"sigma_w|weights|width"):
            squared_spectrum(functions, **given)
    with pytest.raises(InputError, match="sigma_b²"):
        critical_scales(kernel(CORE["softplus"]), 0.01)


@pytest.mark.parametrize(
    ("module", "name", "wrong", "entry"),
    [
        (linear_product_edge, "EDGE", EDGE * 2, linear_product_edge.linear_product_edge),
        (linear_product_edge, "EDGE", (n + 1) ** n / n**n, linear_product_edge.linear_product_edge),
        (linear_product_edge, "MOMENT", MOMENT * (n + 1) / 2, linear_product_edge.linear_product_edge),
        (linear_product_edge, "SCALE", SCALE * 2, linear_product_edge.linear_product_edge),
        (isometry, "SHARP", sp.Integer(4), isometry.dynamical_isometry),
        (isometry, "STEEPNESS", sp.Rational(2, 3), isometry.dynamical_isometry),
        (isometry, "BOUND", 1 / (1 - isometry.LENGTH) ** 2 - 1, isometry.dynamical_isometry),
        (moments_page, "ADDED", moments_page.ADDED + 1, moments_page.jacobian_spectrum_moments),
        (moments_page, "EXPANDED", 2 * moments_page.EXPANDED, moments_page.jacobian_spectrum_moments),
        (moments_page, "gaussian_layer", orthogonal_layer, moments_page.jacobian_spectrum_moments),
        (moments_page, "orthogonal_layer", gaussian_layer, moments_page.jacobian_spectrum_moments),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_wrong_formula_breaks_the_derivation(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: object, entry: Entry
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(RefutedError):
        entry.body()
