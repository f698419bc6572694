"""Gaussian expectations against closed forms and multiple precision; the length map against both."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from symgrad.numeric import Kernel, expectation, length_map, ln_moments
from tests.numeric.kernels import EXACT, KERNELS

RANGE = np.geomspace(1e-6, 1e6, 49)

CLOSED: dict[str, tuple[Callable[[Any], Any], tuple[float, ...], Callable[[Any], Any]]] = {
    "1": (np.ones_like, (), np.ones_like),
    "x²": (np.square, (), lambda q: q),
    "x⁸": (lambda x: x**8, (), lambda q: 105 * q**4),
    "relu": (lambda x: np.maximum(x, 0), (0.0,), lambda q: np.sqrt(q / (2 * np.pi))),
    "relu²": (lambda x: np.maximum(x, 0) ** 2, (0.0,), lambda q: q / 2),
    "step": (lambda x: np.where(x > 0, 1.0, 0.0), (0.0,), lambda q: 0.5 + 0 * q),
    "step at 1": (
        lambda x: np.where(x > 1, 1.0, 0.0),
        (1.0,),
        lambda q: np.vectorize(math.erfc)(1 / np.sqrt(2 * q)) / 2,
    ),
    "|x|": (np.abs, (0.0,), lambda q: np.sqrt(2 * q / np.pi)),
    "erf²": (lambda x: erf(x) ** 2, (), lambda q: 2 / np.pi * np.arcsin(2 * q / (1 + 2 * q))),
    "erf′²": (lambda x: 4 / np.pi * np.exp(-2 * x * x), (), lambda q: 4 / np.pi / np.sqrt(1 + 4 * q)),
    "exp −x²": (lambda x: np.exp(-x * x), (), lambda q: 1 / np.sqrt(1 + 2 * q)),
    "exp −x²/10⁶": (lambda x: np.exp(-x * x / 1e6), (), lambda q: 1 / np.sqrt(1 + 2e-6 * q)),
}
"""f, its kinks, E f(√q z)."""


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name: str) -> None:
    f, kinks, expected = CLOSED[name]
    # at q = 10⁻⁶ a step at x = 1 lies 1,000 standard deviations away: 0 either way
    np.testing.assert_allclose(expectation(f, RANGE, kinks), expected(RANGE), rtol=1e-12, atol=1e-300)


def test_exponentials_and_oscillations() -> None:
    q = np.geomspace(1e-6, 100, 20)
    np.testing.assert_allclose(expectation(np.exp, q), np.exp(q / 2), rtol=1e-12)
    q = np.geomspace(1e-6, 1e4, 20)
    np.testing.assert_allclose(expectation(lambda x: np.sin(x) ** 2, q), -np.expm1(-2 * q) / 2, rtol=1e-12)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "gelu", "softplus"])
@pytest.mark.parametrize("q", [1e-6, 1e-2, 1.0, 37.0, 1e4, 1e6])
def test_second_moments_against_multiple_precision(name: str, q: float) -> None:
    phi, kernel = EXACT[name], KERNELS[name]
    with mpmath.workdps(20):
        root = mpmath.sqrt(mpmath.mpf(q))
        ends = sorted(
            {s * e for e in (0, 1, 4, 16, 60) for s in (-1, 1)}
            | {s * k * root for k in (1, 4, 12) for s in (-1, 1)}
        )
        ends = [e for e in ends if abs(e) <= 12 * root]

        def moment(f: Callable[[Any], Any]) -> float:
            squared = mpmath.quad(lambda x: f(x) ** 2 * mpmath.exp(-x * x / (2 * root * root)), ends)
            return float(squared / (root * mpmath.sqrt(2 * mpmath.pi)))

        second, slope = ln_moments(kernel, math.log(q))
        assert math.exp(second) == pytest.approx(moment(phi), rel=2e-12)
        assert math.exp(slope) == pytest.approx(moment(lambda x: mpmath.diff(phi, x)), rel=2e-12)


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(0.01, 100), st.floats(-3, 3))
def test_scaling_and_kinks(q: float, scale: float, kink: float) -> None:
    """E f(c √q z) = E f at c²q, and E max(√q z − k, 0) in closed form."""
    one = expectation(lambda x: np.tanh(scale * x) ** 2, q)
    other = expectation(lambda x: np.tanh(x) ** 2, scale**2 * q)
    assert float(one) == pytest.approx(float(other), rel=1e-12)
    found = float(expectation(lambda x: np.maximum(x - kink, 0), q, (kink,)))
    root, t = math.sqrt(q), kink / math.sqrt(q)
    exact = root * math.exp(-t * t / 2) / math.sqrt(2 * math.pi) - kink * math.erfc(t / math.sqrt(2)) / 2
    assert found == pytest.approx(exact, rel=1e-11, abs=1e-13 * max(root, abs(kink)))


def test_what_cannot_be_integrated_is_refused() -> None:
    assert float(expectation(np.cos, 0.0)) == 1.0
    assert expectation(np.cos, []).shape == (0,)
    for q in (-1.0, float("nan"), float("inf"), [1.0, -1.0]):
        with pytest.raises(ValueError, match=r"^q = .*legal"):
            expectation(np.cos, q)
    with pytest.raises(ValueError, match="not finite"), np.errstate(over="ignore"):
        expectation(lambda x: np.exp(x * x), 100.0)
    with pytest.raises(ValueError, match="kink"):
        expectation(lambda x: np.where(x > 0.3, 1.0, 0.0), 1.0)


@pytest.mark.parametrize("sigma_b", [0.0, 0.7])
@pytest.mark.parametrize("sigma_w", [1e-3, 0.5, 1.0, 3.0, 1e80])
def test_length_map_of_linear_and_relu_nets(sigma_w: float, sigma_b: float) -> None:
    """q_{l+1} = c σ_w² q_l + σ_b² with c = 1 and ½, and χ = c σ_w², at any depth."""
    for name, c in (("identity", 1.0), ("relu", 0.5)):
        found = length_map(KERNELS[name], sigma_w, sigma_b, 5000)
        np.testing.assert_allclose(found.ln_factor, math.log(c) + 2 * math.log(sigma_w), atol=1e-12)
        with mpmath.workdps(30):
            q, logs = mpmath.mpf(sigma_w) ** 2 + mpmath.mpf(sigma_b) ** 2, []
            for _ in range(5000):
                logs.append(float(mpmath.log(q)))
                q = c * mpmath.mpf(sigma_w) ** 2 * q + mpmath.mpf(sigma_b) ** 2
        np.testing.assert_allclose(found.ln_q, logs, rtol=1e-11, atol=1e-9)
        assert found.predicted_slope == pytest.approx(0.5 * math.log(c) + math.log(sigma_w), abs=1e-12)


def _erf_slope(a: Any, h: Any, out: Any) -> None:
    np.exp(-a * a, out=out)
    out *= 2 / math.sqrt(math.pi)


def test_length_map_of_erf() -> None:
    two = 2 / math.sqrt(math.pi)
    kernel = Kernel(lambda a, out: erf(a, out=out), _erf_slope, (two, two), (0, 0))
    for sigma_w, sigma_b in ((0.4, 0.0), (1.0, 0.3), (4.0, 0.1)):
        found = length_map(kernel, sigma_w, sigma_b, 300)
        q = sigma_w**2 + sigma_b**2
        for l in range(300):
            assert found.ln_q[l] == pytest.approx(math.log(q), abs=1e-10)
            chi = sigma_w**2 * 4 / math.pi / math.sqrt(1 + 4 * q)
            assert found.ln_factor[l] == pytest.approx(math.log(chi), abs=1e-11)
            q = sigma_w**2 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + sigma_b**2


def test_published_edge_of_chaos() -> None:
    """tanh, σ_b² = 0.05: χ₁ = 1 at σ_w² = 1.76095464 (Schoenholz et al. 2017; 8 decimals)."""
    for sigma_w2, sign in ((1.76095464 - 1e-6, -1), (1.76095464 + 1e-6, 1)):
        last = length_map(KERNELS["tanh"], math.sqrt(sigma_w2), math.sqrt(0.05), 400).ln_factor[-1]
        assert sign * last > 0 and abs(last) < 1e-5


def test_length_map_beyond_the_edge() -> None:
    vanishing = length_map(KERNELS["tanh"], 0.3, 0.0, 5000)
    assert np.isfinite(vanishing.ln_q).all() and vanishing.ln_q[-1] < -10_000
    assert vanishing.ln_factor[-1] == pytest.approx(2 * math.log(0.3), abs=1e-12)
    exploding = length_map(KERNELS["gelu"], 3.0, 0.0, 5000)
    assert exploding.ln_factor[-1] == pytest.approx(math.log(9 / 2), abs=1e-12)
    # a step of height 2 in the limit: E tanh′(√q z)² → ∫ tanh′² dx / √(2πq) = (4/3)/√(2πq)
    step = length_map(KERNELS["tanh"], 1e90, 0.0, 3)
    expected = math.log(4 / 3) - 0.5 * math.log(2 * math.pi) + 90 * math.log(10)
    np.testing.assert_allclose(step.ln_factor, expected, atol=1e-10)
    still = length_map(KERNELS["tanh"], 0.0, 0.0, 3)
    assert np.isneginf(still.ln_q).all() and np.isneginf(still.ln_factor).all()
    assert np.isneginf(length_map(KERNELS["sigmoid"], 0.0, 1.0, 3).ln_factor).all()


def _square(a: Any, out: Any) -> None:
    np.multiply(a, a, out=out)


def _square_slope(a: Any, h: Any, out: Any) -> None:
    np.multiply(2, a, out=out)


def test_length_map_of_a_square() -> None:
    """E z⁴ = 3: ln q_{l+1} = ln 3σ_w² + 2 ln q_l and χ = 4 σ_w² q_l, at 2^±160 and beyond."""
    for sigma in (0.1, 3.0):
        found = length_map(Kernel(_square, _square_slope, (0, 0), None), sigma, 0.0, 14)
        ln_q = 2 * math.log(sigma)
        for l in range(14):
            assert found.ln_q[l] == pytest.approx(ln_q, rel=1e-12)
            assert found.ln_factor[l] == pytest.approx(math.log(4 * sigma**2) + ln_q, rel=1e-12)
            ln_q = math.log(3 * sigma**2) + 2 * ln_q


def _square_and_root(a: Any, out: Any) -> None:
    _square(a, out)
    out += np.abs(a) ** 2.5


def test_length_map_refuses() -> None:
    with pytest.raises(ValueError, match=r"neither level nor as a power|not finite"):
        length_map(Kernel(_square_and_root, _square_slope, (0, 0), None), 3.0, 0.0, 50)
    for bad in ((-1.0, 0.0, 3), (1.0, float("nan"), 3), (1.0, 0.0, 0)):
        with pytest.raises(ValueError, match="legal"):
            length_map(KERNELS["tanh"], *bad)
