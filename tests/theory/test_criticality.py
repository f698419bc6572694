"""Criticality: short lengths, points where both factors are 1, and each activation's class, against
calculations by hand and mpmath."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.letters import x
from symgrad.symbolic.zeros.cuts import cuts
from symgrad.theory.activations import ACTIVATIONS
from symgrad.theory.activations.setting import entry_of
from symgrad.theory.propagation import criticality_classes as classes
from symgrad.theory.propagation.criticality import criticality
from symgrad.theory.propagation.drift import drift
from symgrad.theory.propagation.enclosed import enclosed_doubly_critical
from symgrad.theory.propagation.folded import folded

SQUARE, THREE_HALVES = Fraction(2), Fraction(3, 2)


def _drift(name: str) -> Any:
    phi = ACTIVATIONS[name].phi
    return drift(phi, cuts(phi, x))


@pytest.mark.parametrize(
    ("name", "scale", "coefficient", "power", "side"),
    [
        # x − x³/3: E φ² = K − 2K² + …; x − x³/6: K − K²
        ("tanh", 1, -2, SQUARE, -1),
        ("sin", 1, -1, SQUARE, -1),
        # x/2 + x²/√(2π) + …: 4 (K/4 + 3K²/2π)
        ("gelu", 4, 6 / sp.pi, SQUARE, 1),
        ("silu", 4, sp.Rational(3, 4), SQUARE, 1),
        # x + x²/2 where x < 0: E |z|³ over half the line, √(2/π), times −1
        ("elu", 1, -sp.sqrt(2 / sp.pi), THREE_HALVES, -1),
        ("softsign", 1, -4 * sp.sqrt(2 / sp.pi), THREE_HALVES, -1),
        # lines: nothing changes, or only what is cut off
        ("relu", 2, None, None, 0),
        ("leaky_relu", sp.Rational(20000, 10001), None, None, 0),
        ("modulus", 1, None, None, 0),
        ("hard_tanh", 1, None, None, -1),
        ("relu6", 2, None, None, -1),
    ],
)
def test_short_lengths_by_hand(name: str, scale: Any, coefficient: Any, power: Any, side: int) -> None:
    found = _drift(name)
    assert found.scale == scale
    assert (found.power, found.side) == (power, side)
    assert found.coefficient == coefficient or sp.simplify(found.coefficient - coefficient) == 0


def test_no_short_lengths() -> None:
    """φ(0) ≠ 0; φ′(0) = 0; φ′ without bound at 0; constant about 0."""
    for name in (
        "sigmoid",
        "softplus",
        "square",
        "relu_squared",
        "signed_sqrt",
        "soft_shrink",
        "binary_step",
    ):
        assert _drift(name) is None, name


@pytest.mark.parametrize("name", ["mish", "xielu", "vlu", "selu"])
def test_short_lengths_by_quadrature(name: str) -> None:
    """(σ_w² E φ² − K)/K^p at small K comes to the coefficient, by mpmath with φ of SymPy in 30 digits."""
    found, phi = _drift(name), sp.lambdify(x, ACTIVATIONS[name].phi, "mpmath")
    with mp.workdps(30):
        scale, expected = (mp.mpf(str(sp.N(part, 30))) for part in (found.scale, found.coefficient))
        power = mp.mpf(found.power.numerator) / found.power.denominator
        rates = []
        for small in (mp.mpf("1e-6"), mp.mpf("1e-8")):
            ends = [-20, -5, 0, 5, 20]
            square = mp.quad(lambda z, s=small: phi(mp.sqrt(s) * z) ** 2 * mp.npdf(z), ends)
            rates.append(abs((scale * square - small) / small**power / expected - 1))
        assert rates[0] < 1e-2 and rates[1] < rates[0] / 5


def test_gelu_has_both_factors_one_where_published() -> None:
    """K* = (3 + √17)/2, C_W = 1.98305826, C_b = 0.17292239."""
    found = enclosed_doubly_critical(ACTIVATIONS["gelu"], 3.5)
    q, sigma_w2, sigma_b2 = (number.enclosure() for number in (found.q, found.sigma_w2, found.sigma_b2))
    exact = sp.N((3 + sp.sqrt(17)) / 2, 40)
    assert sp.Rational(q.lower) < exact < sp.Rational(q.upper)
    assert (round(float(sigma_w2.decimal), 8), round(float(sigma_b2.decimal), 8)) == (1.98305826, 0.17292239)
    assert found.bends == -1  # lengths above q return to it, those below leave
    assert sp.Rational(q.upper) - sp.Rational(q.lower) < sp.Rational(1, 10**22)


def test_silu_by_multi_precision() -> None:
    found = enclosed_doubly_critical(ACTIVATIONS["silu"], 14.3)

    def mean(f: Any, q: Any) -> Any:
        return mp.quad(lambda z: f(mp.sqrt(q) * z) * mp.npdf(z), [-14, -6, -2, 0, 2, 6, 14])

    def silu(t: Any) -> Any:
        return t / (1 + mp.exp(-t))

    def slope(t: Any) -> Any:
        return (1 + mp.exp(-t) + t * mp.exp(-t)) / (1 + mp.exp(-t)) ** 2

    with mp.workdps(25):
        q = mp.mpf(found.q.enclosure().decimal)
        steepness = mean(lambda t: slope(t) ** 2, q)
        along = mean(lambda t: t * silu(t) * slope(t), q) / q
        assert abs(along / steepness - 1) < 1e-18
        for number, expected in (
            (found.sigma_w2, 1 / steepness),
            (found.sigma_b2, q - mean(lambda t: silu(t) ** 2, q) / steepness),
        ):
            assert abs(mp.mpf(number.enclosure().decimal) - expected) < 1e-18
        bend = (mean(lambda t: t**4 * silu(t) ** 2, q) - 6 * q * mean(lambda t: t**2 * silu(t) ** 2, q)) + (
            3 * q**2 * mean(lambda t: silu(t) ** 2, q)
        )
        assert found.bends == mp.sign(bend)


def test_nowhere_is_said() -> None:
    for name, near in (("tanh", 1.0), ("softplus", 2.0)):
        with pytest.raises(NotImplementedError, match=r"found about q"):
            enclosed_doubly_critical(ACTIVATIONS[name], near)
    with pytest.raises(NotImplementedError, match="positive number"):
        enclosed_doubly_critical(ACTIVATIONS["gelu"], 0.0)


# --- signs of φφ″, and how often dE φ²/dq − E φ′² can be 0


def _folded(text: str) -> Any:
    phi = entry_of(text, None).phi
    return folded(phi, cuts(phi, x))


@pytest.mark.parametrize(
    ("text", "signs", "total"),
    [
        ("tanh", (-1,), -1),
        ("softplus", (1,), 1),
        ("relu", (), 0),
        ("hard_tanh", (-1,), -1),  # φ(1) (φ′(1+) − φ′(1−)) = −1 alone
        ("x - x**3", (-1, 1), 1),  # −6x² + 6x⁴, whose integral has no end
        ("x*exp(x)*Heaviside(-x) + x*Heaviside(x)", (-1, 1), -1),  # −∫ (1 + x)² e^(2x) = −1/4
        ("gelu", (1, -1), -1),
        ("trec", (1,), 1),  # jumps from 0 to 1 at 1
    ],
)
def test_signs_by_hand(text: str, signs: tuple[int, ...], total: int) -> None:
    found = _folded(text)
    assert (found.signs, found.total) == (signs, total)


def test_signs_that_are_not_found_are_refused() -> None:
    for text, why in (
        ("sin", "without end"),
        ("threshold", "jumps"),
        ("signed_sqrt", "cusp"),
        ("log(x)", "line"),
    ):
        with pytest.raises(NotImplementedError, match=why):
            _folded(text)


@pytest.mark.parametrize("name", ["swat", "reu"])
def test_no_more_zeros_than_sign_changes(name: str) -> None:
    """E φφ″ by mpmath's quadrature, as E xφφ′/q − E φ′², has the sign of the first at small q and of the
    integral at large ones, and changes it no oftener than φφ″ does."""
    entry = ACTIVATIONS[name]
    found, phi = folded(entry.phi, cuts(entry.phi, x)), sp.lambdify(x, entry.phi, "mpmath")
    slope = sp.lambdify(x, sp.diff(entry.phi, x), "mpmath")

    def excess(q: Any) -> Any:
        def f(z: Any) -> Any:
            t = mp.sqrt(q) * z
            return (t * phi(t) * slope(t) / q - slope(t) ** 2) * mp.npdf(z)

        return mp.quad(f, [-9, -3, -1, -0.1, -1e-9, 1e-9, 0.1, 1, 3, 9])

    values = [mp.sign(excess(mp.mpf(10) ** k)) for k in (-3, -2, -1, 0, 1, 2, 3, 4)]
    assert (values[0], values[-1]) == (found.signs[0], found.total)
    assert sum(a != b for a, b in pairwise(values)) <= found.most


# --- the classes


@pytest.mark.parametrize(
    ("name", "kind", "proof"),
    [
        ("relu", "scale-invariant", "exact"),
        ("identity", "scale-invariant", "exact"),
        ("tanh", "K* = 0", "exact"),
        ("sin", "K* = 0", "exact"),
        ("bent_identity", "K* = 0", "certified"),  # lengths grow from there, and no q > 0
        ("gelu", "half-stable", "certified"),
        ("silu", "half-stable", "certified"),
        ("sigmoid", "none", "certified"),
        ("softplus", "none", "certified"),
        ("binary_step", "none", "exact"),
        ("signed_sqrt", "none", "certified"),
        ("maxsig", "none", "estimated"),
    ],
)
def test_classes(name: str, kind: str, proof: str) -> None:
    found = criticality(ACTIVATIONS[name])
    assert (found.kind, found.proof) == (kind, proof)
    assert found.complete == (proof != "estimated")
    assert (found.sigma_w2 is None) == (kind == "none")
    assert found.why.endswith((".", "…"))


def test_a_cubic_by_hand() -> None:
    """x − x³: E φφ″ = −6q + 18q² is 0 at q = 1/3 alone, where E φ′² = 1 − 6q + 27q² = 2 and E φ² = 2/9; 90 q
    − 12 > 0 says that lengths below it return."""
    found = criticality(entry_of("x - x**3", None))
    (point,) = found.points
    assert (found.kind, found.drift.coefficient) == ("K* = 0", -6)  # type: ignore[union-attr]
    assert [n.exact for n in (point.q, point.sigma_w2, point.sigma_b2)] == [
        sp.Rational(1, 3),
        sp.Rational(1, 2),
        sp.Rational(2, 9),
    ]
    assert point.bends == 1


def test_what_has_no_class_is_said() -> None:
    found = criticality(entry_of("log(x)", None))
    assert found.kind == "undecided" and "Not decided" in found.why


# --- the derivation


def test_published_gelu_from_the_derivation() -> None:
    """σ_w² and σ_b² in closed form, against mpmath's quadrature of GELU at K* = (3 + √17)/2."""
    with mp.workdps(25):
        q = (3 + mp.sqrt(17)) / 2

        def mean(f: Any) -> Any:
            return mp.quad(lambda z: f(mp.sqrt(q) * z) * mp.npdf(z), [-14, -6, -2, 0, 2, 6, 14])

        slopes = mean(lambda t: (mp.ncdf(t) + t * mp.npdf(t)) ** 2)
        assert abs(mp.mpf(str(sp.N(classes.GELU_WEIGHTS, 25))) - 1 / slopes) < 1e-18
        biases = q - mean(lambda t: (t * mp.ncdf(t)) ** 2) / slopes
        assert abs(mp.mpf(str(sp.N(classes.GELU_BIASES, 25))) - biases) < 1e-18
        bent = mean(lambda t: t * mp.ncdf(t) * mp.npdf(t) * (2 - t * t))
        assert abs(bent) < 1e-18


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("GELU_LENGTH", (3 + sp.sqrt(13)) / 2),
        ("GELU_CURVED", classes.GELU_CURVED * 2),
        ("SHORT", classes.SHORT + 1),
        ("GELU_BIASES", sp.Rational(1, 5)),
        ("SIGMOID", sp.tanh(x)),
    ],
)
def test_a_planted_error_is_refused(name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, name, wrong)
    with pytest.raises(RefutedError):
        classes.criticality_classes.body()
