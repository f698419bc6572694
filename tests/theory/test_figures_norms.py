"""The figures of recurrent nets' norms and spectral radii, each by a way of its own: mpmath, NumPy."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.symbolic.letters import n as steps_letter
from symgrad.theory.through_time import companion, linear, scaling, spectral_radius, transient
from symgrad.theory.through_time.departure import PRESETS, log10_norms, setting
from symgrad.theory.through_time.norms import time_norm_bound
from symgrad.theory.through_time.orthogonal import GROWING, orthogonal_recurrence, resting, steepest
from symgrad.verbs.spectral_radius import spectral_radius as verb

HALF, THREE_QUARTERS = Fraction(1, 2), Fraction(3, 4)
WEIGHTS = ((8, 8), (-8, -8))
FORMS = {
    "h = tanh(W h + b)": ((1, 0), (0, THREE_QUARTERS), ((8, 8), (-6, -6))),
    "x = W tanh(x) + b": ((1, 0), (0, THREE_QUARTERS), ((8, 6), (-8, -6))),
}


def product(left, right):
    columns = list(zip(*right, strict=True))
    return tuple(tuple(sum(a * b for a, b in zip(r, c, strict=True)) for c in columns) for r in left)


@pytest.mark.parametrize("form", FORMS)
def test_the_counterexample_in_both_conventions(form: str) -> None:
    """W² = 0; J = D W (or W D) as published, J² = 2J, ‖J‖₂ = 10√2, ‖J²⁰‖₂ = 2¹⁹·10√2 = 7.41455·10⁶."""
    *slopes, published = FORMS[form]
    assert product(WEIGHTS, WEIGHTS) == ((0, 0), (0, 0))
    factor = product(slopes, WEIGHTS) if form.startswith("h") else product(WEIGHTS, slopes)
    assert factor == published
    assert product(factor, factor) == tuple(tuple(2 * entry for entry in row) for row in factor)
    power = factor
    for _ in range(19):
        power = product(power, factor)
    with mp.workdps(40):
        for matrix, norm in ((factor, 10 * mpmath.sqrt(2)), (power, 2**19 * 10 * mpmath.sqrt(2))):
            largest = mpmath.svd_r(mpmath.matrix([[mpf(int(e)) for e in row] for row in matrix]))[1][0]
            assert abs(largest / norm - 1) < mpf(10) ** -35
        assert mpmath.nstr(largest, 6) == "7.41455e+6"
    named = {"h": spectral_radius.JACOBIAN, "x": spectral_radius.PASCANU}[form[0]]
    assert tuple(map(tuple, named.tolist())) == published
    assert sp.N(spectral_radius.power_norm(sp.Integer(20)), 30) == sp.N(2**19 * 10 * sp.sqrt(2), 30)


def test_the_fixed_points() -> None:
    """h = (0, 1/2) and x = (0, artanh 1/2) with b = (−4, 4 + artanh 1/2), to 50 digits."""
    with mp.workdps(60):
        b = (mpf(-4), 4 + mpmath.atanh(mpf(1) / 2))
        states = {"h": (mpf(0), mpf(1) / 2), "x": (mpf(0), mpmath.atanh(mpf(1) / 2))}

        def affine(v: tuple[mpf, mpf]) -> tuple[mpf, ...]:
            return tuple(
                sum(w * e for w, e in zip(r, v, strict=True)) + c for r, c in zip(WEIGHTS, b, strict=True)
            )

        once = tuple(map(mpmath.tanh, affine(states["h"])))
        assert max(abs(a - e) for a, e in zip(once, states["h"], strict=True)) < mpf(10) ** -50
        x = states["x"]
        after = affine((mpmath.tanh(x[0]), mpmath.tanh(x[1])))
        assert max(abs(a - e) for a, e in zip(after, x, strict=True)) < mpf(10) ** -50
        given = spectral_radius.bias(spectral_radius.WEIGHTS)
        assert all(abs(mpf(str(sp.N(e, 55))) - c) < mpf(10) ** -50 for e, c in zip(given, b, strict=True))


def test_the_fixed_point_repels_in_float64() -> None:
    """The orbit is there to 1e-8 at step 20 and has left it soon after step 40."""
    states, logs = setting("fixed point", None, None).orbit(60)
    away = np.linalg.norm(states - states[0], axis=1)
    assert away[20] < 1e-8
    assert 1e-4 < away[40] < 1e-2
    assert away[50] > 1e-2
    assert logs[20] == pytest.approx(math.log10(7.41455e6), abs=1e-6)


def test_the_companion_explodes_on_typical_orbits() -> None:
    """Lyapunov exponent +0.481: by the two-dimensional map with normalised products, not the reduced one."""
    rng = np.random.default_rng(7)
    W, b = np.array([[4.0, 4], [-4, -4]]), np.array([1.0, -6])
    assert not (W @ W).any()
    orbits, steps = 1000, 2000
    h, v = rng.uniform(-1, 1, (orbits, 2)), rng.standard_normal((orbits, 2))
    total = np.zeros(orbits)
    for step in range(200 + steps):
        h = np.tanh(h @ W.T + b)
        v = (v @ W.T) * (1 - h**2)
        size = np.linalg.norm(v, axis=1)
        v /= size[:, None]
        if step >= 200:
            total += np.log(size)
    mean, error = total.mean() / steps, total.std() / steps / orbits**0.5
    assert error < 5e-4
    assert abs(mean - 0.481) < 4 * error + 5e-4
    found = companion.exponent()
    assert abs(found.value - mean) < 2 * found.half_width + 4 * error
    assert float(companion.EXPONENT) == 0.481


def test_thresholds_of_the_norm() -> None:
    """1/γ: tanh 1, sigmoid 4."""
    claim = time_norm_bound().claims[0]
    gamma = claim.expects["gamma"]
    assert (1 / gamma["tanh"].number, 1 / gamma["sigmoid"].number) == (1, 4)


@pytest.mark.parametrize(
    "radius", [Fraction(0), Fraction(1, 10), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)]
)
def test_no_spectral_radius_is_small_enough(radius: Fraction) -> None:
    """At the threshold the largest eigenvalue of J passes 1; W has the eigenvalue ρ twice on both sides."""
    at = float(scaling.threshold(sp.Rational(radius.numerator, radius.denominator)))
    for departure, explodes in ((at - 1e-6, False), (at + 1e-6, True)):
        W = float(radius) * np.eye(2) + departure / 2 * np.array([[1, 1], [-1, -1]])
        J = np.diag([1, 0.75]) @ W
        assert np.allclose(np.abs(np.linalg.eigvals(W)), float(radius), atol=1e-6)
        assert (np.abs(np.linalg.eigvals(J)).max() > 1) == explodes


@pytest.mark.parametrize("radius", ["1/2", "4/5", "9/10", "99/100"])
@pytest.mark.parametrize("departure", ["1/100", "1/2", "4", "31"])
def test_the_hump(radius: str, departure: str) -> None:
    """‖Wⁿ‖₂ by singular values in 40 digits: the closed form, and the n of the largest."""
    rho, delta = sp.Rational(radius), sp.Rational(departure)
    with mp.workdps(40):
        W = mpmath.matrix([[mpf(e.p) / e.q for e in row] for row in transient.family(rho, delta).tolist()])
        power, norms = mpmath.eye(2), []
        last = transient.peak(rho, delta) + 8
        for _ in range(last + 1):
            norms.append(mpmath.svd_r(power, compute_uv=False)[0])
            power = power * W
        for n in (1, last // 2 + 1, last):
            closed = mpf(str(sp.N(transient.power_norm(rho, delta, sp.Integer(n)), 38)))
            assert abs(norms[n] / closed - 1) < mpf(10) ** -30
        assert norms.index(max(norms)) == transient.peak(rho, delta)
    assert (norms[1] > 1) == (delta > 1 - rho**2)


def test_gelfand_and_the_order_of_growth() -> None:
    """‖Wⁿ‖^(1/n) → ρ, and ‖Jⁿ‖/(n^(m−1)ρⁿ) → 1/((m−1)! ρ^(m−1)) for a block of size m, at n = 2000."""
    n, rho = 2000, 0.9
    for m in (1, 2, 3, 4):
        ratio = [
            [math.comb(n, j - i) * rho ** (i - j) if j >= i else 0.0 for j in range(m)] for i in range(m)
        ]
        norm = np.linalg.norm(np.array(ratio, float), 2)  # of Jⁿ/ρⁿ
        limit = n ** (m - 1) / (math.factorial(m - 1) * rho ** (m - 1))
        assert norm / limit == pytest.approx(1, abs=0.01)
        assert (norm ** (1 / n)) * rho == pytest.approx(rho, rel=0.02)
        exact = float(linear.row_sum(m, sp.Rational(9, 10)).subs(steps_letter, n) / sp.Rational(9, 10) ** n)
        corner = float(
            linear.corner(sp.Integer(m), sp.Rational(9, 10)).subs(steps_letter, n) / sp.Rational(9, 10) ** n
        )
        assert corner * (1 - 1e-12) <= norm <= float(exact) * (1 + 1e-12)


def test_diagonalisable_weights_stay_under_the_condition_number() -> None:
    """‖Wⁿ‖₂ ≤ κ(V)ρⁿ on random matrices, and with equality for orthogonal V."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        W = rng.standard_normal((4, 4))
        values, vectors = np.linalg.eig(W)
        W, rho = W / np.abs(values).max(), 1.0
        for n in (1, 3, 10, 40):
            assert np.linalg.norm(np.linalg.matrix_power(W, n), 2) <= np.linalg.cond(vectors) * rho**n * (
                1 + 1e-9
            )
    Q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    symmetric = Q @ np.diag([0.9, -0.5, 0.3, 0.2, 0.1]) @ Q.T
    assert np.linalg.norm(np.linalg.matrix_power(symmetric, 30), 2) == pytest.approx(0.9**30, rel=1e-10)


@pytest.mark.parametrize("name", GROWING)
def test_activations_that_explode_with_orthogonal_weights(name: str) -> None:
    """γ > 1, or a slope above 1: the nets of the page rest where they say, by mpmath's derivative of φ."""
    claims = {claim.key: claim for claim in orthogonal_recurrence().claims}
    growth = float(claims[f"orthogonal-recurrence/{name}"].expects["growth"].enclosure().decimal)
    published = {"gelu": 1.1289041452, "silu": 1.0998393201, "selu": 1.05070098736}
    assert growth == pytest.approx(published[name], abs=1e-9)
    assert growth == pytest.approx(float(steepest(name)[1].enclosure().decimal), abs=1e-15)


def test_a_rotation_with_tanh_vanishes() -> None:
    """9/25 a step, whatever orthogonal matrix: the state of `resting` is a fixed point."""
    Q = sp.Matrix([[3, -4], [4, 3]]) / 5
    state, bias = resting(sp.tanh(sp.Symbol("x", real=True)), sp.atanh(sp.Rational(4, 5)), Q)
    h, b = (np.array(m, float)[:, 0] for m in (state, bias))
    W = np.array(Q, float)
    assert np.allclose(np.tanh(W @ h + b), h, atol=1e-15)
    J = np.diag(1 - h**2) @ W
    assert np.linalg.svd(J)[1] == pytest.approx([9 / 25, 9 / 25])


# --- the verb


def test_the_slider_is_the_closed_form() -> None:
    document = verb(radius="9/10", departure="4", steps=30)
    for k, log10 in enumerate(document["log10_power"]):
        closed = k * math.log10(0.9) + math.asinh(k * 4 / 1.8) / math.log(10)
        assert log10 == pytest.approx(closed, abs=1e-12)
    hump = document["hump"]
    assert hump["step"] == int(np.argmax(document["log10_power"])) == 9
    assert hump["log10"] == pytest.approx(max(document["log10_power"]), abs=1e-12)
    assert float(hump["at"]["decimal"]) == pytest.approx(9.4805, abs=1e-4)
    assert document["norm"]["decimal"].startswith("4.19")


@pytest.mark.parametrize("preset", PRESETS)
def test_orbits_stay_under_the_bound_and_normal_weights_at_it(preset: str) -> None:
    document = verb(preset, steps=300)
    assert document["verdict"] == "PASS"
    pairs = zip(document["log10_orbit"], document["log10_bound"], strict=True)
    assert all(one is None or one <= most + 1e-9 for one, most in pairs)
    orthogonal = verb(radius="1", departure="0", steps=50)
    assert orthogonal["log10_power"] == orthogonal["log10_bound"] == [0.0] * 51


def test_powers_beyond_floating_point_keep_their_logarithm() -> None:
    """J²ᵏ of the counterexample at k = 1000: 2⁹⁹⁹·10√2 in logarithms; a nilpotent matrix is exactly 0."""
    logs = log10_norms(spectral_radius.JACOBIAN, 1000)
    assert logs[1000] == pytest.approx(999 * math.log10(2) + math.log10(200) / 2, rel=1e-14)
    assert log10_norms(spectral_radius.WEIGHTS, 3) == [0.0, pytest.approx(math.log10(16)), None, None]
    tiny = log10_norms(sp.eye(2) / 1000, 1000)
    assert tiny[1000] == pytest.approx(-3000, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "explodes"),
        ({"departure": "0"}, "vanishes"),
        ({"departure": "5/2"}, "keeps its size"),
        ({"preset": "fixed point"}, "exactly 0 from the second step on"),
        ({"preset": "chaotic"}, "estimated, exponent 0.481"),
        ({"radius": "2"}, "grows without bound"),
    ],
    ids=str,
)
def test_findings(arguments: dict[str, Any], words: str) -> None:
    assert words in verb(**arguments)["finding"]
