"""Gains: published figures, laws that every activation obeys, the audit of the common table, planted
errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.errors import InputError, RefutedError
from symgrad.numeric import expectation
from symgrad.symbolic.gaussian.terms import closed_mean
from symgrad.symbolic.letters import x
from symgrad.symbolic.number import Number, combined
from symgrad.theory.activations import CORE, Activation, activation, kernel
from symgrad.theory.initialization import audit, gain_derivation, gain_table
from symgrad.theory.initialization.audit import GAIN_TABLE, audited, curves
from symgrad.theory.initialization.gains import Gains, gain_sentence, gains
from symgrad.theory.propagation.enclosed import enclosed


def digits(number: Number) -> str:
    return number.enclosure().decimal


FIGURES = {  # the notes of the project: forward, backward at q = 1
    "tanh": ("1.592537", "1.467414"),
    "gelu": ("1.533530", "1.481114"),
    "relu": ("1.414214", "1.414214"),
    "identity": ("1.000000", "1.000000"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_published_figures(name: str) -> None:
    found = gains(CORE[name])
    assert tuple(f"{float(digits(n)):.6f}" for n in (found.forward, found.backward)) == FIGURES[name]


def test_tanh_needs_biases_to_stay() -> None:
    bias = gains(CORE["tanh"]).bias_variance
    assert bias is not None
    assert f"{float(digits(bias)):.6f}" == "0.150965"


@pytest.mark.parametrize("q", [sp.Rational(1, 100), sp.Rational(3, 7), sp.S.One, sp.Integer(50)], ids=str)
def test_williams(q: sp.Rational) -> None:
    """E erf(√q z)² = (2/π) asin(2q/(1+2q)), E erf′(√q z)² = (4/π)/√(1+4q)."""
    found = gains(CORE["erf"], q)
    with mp.workdps(40):
        variance = mpf(q.p) / q.q
        wanted = (
            2 / mp.pi * mpmath.asin(2 * variance / (1 + 2 * variance)),
            4 / mp.pi / mp.sqrt(1 + 4 * variance),
        )
        for number, value in zip((found.second_moment, found.derivative_second_moment), wanted, strict=True):
            assert number.proof == "exact"
            assert abs(mpf(digits(number)) - value) < mpf(10) ** -29 * max(1, value)


@pytest.mark.parametrize("q", [sp.Rational(1, 10**6), sp.Rational(1, 3), sp.Integer(10**6)], ids=str)
@pytest.mark.parametrize("name", ["identity", "relu", "leaky_relu"])
def test_what_scales_with_its_input_has_gains_that_do(name: str, q: sp.Rational) -> None:
    one, other = gains(CORE[name]), gains(CORE[name], q)
    assert sp.simplify(other.second_moment.exact - q * one.second_moment.exact) == 0
    assert other.derivative_second_moment.exact == one.derivative_second_moment.exact
    assert other.bias_variance is not None
    assert other.bias_variance.exact == 0


def test_selu_is_made_to_keep_one() -> None:
    found = gains(CORE["selu"])
    assert found.second_moment.exact == 1
    assert found.forward.exact == 1


@pytest.mark.parametrize("q", [sp.Rational(1, 10**6), sp.Integer(10**6)], ids=str)
@pytest.mark.parametrize("name", CORE)
def test_every_q_is_closed_or_certified(name: str, q: sp.Rational) -> None:
    found = gains(CORE[name], q)
    for number in (found.second_moment, found.derivative_second_moment, found.forward, found.backward):
        assert number.proof in ("exact", "certified")
        enclosure = number.enclosure()
        with mp.workdps(60):
            lower, value, upper = (
                mpf(text) for text in (enclosure.lower, enclosure.decimal, enclosure.upper)
            )
            assert upper - lower <= mpf(10) ** -30 * max(1, abs(value))
            assert lower - mpf(10) ** -29 * value <= value <= upper + mpf(10) ** -29 * value


@pytest.mark.parametrize("name", CORE)
def test_gains_undo_moments(name: str) -> None:
    """g²·moment = 1, and Poincaré: the variance of φ is at most q E φ′²."""
    found = gains(CORE[name], sp.Rational(3, 2))
    for gain, moment in (
        (found.forward, found.second_moment),
        (found.backward, found.derivative_second_moment),
    ):
        assert abs(float(digits(gain)) ** 2 * float(digits(moment)) - 1) < 1e-14
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    mean = float(weights @ kernel(CORE[name]).value(np.sqrt(1.5) * nodes)) / np.sqrt(2 * np.pi)
    spread = float(digits(found.second_moment)) - mean**2
    assert spread <= 1.5 * float(digits(found.derivative_second_moment)) + 1e-3


def test_monte_carlo() -> None:
    """Many draws, φ′ from φ by differences: what the letters mean."""
    z = np.random.default_rng(0).standard_normal(400_000) * np.sqrt(0.5)
    for name in ("tanh", "gelu", "hard_swish", "selu"):
        found, f = gains(CORE[name], sp.Rational(1, 2)), kernel(CORE[name]).value
        slope = (f(z + 1e-6) - f(z - 1e-6)) / 2e-6
        for sample, number in ((f(z), found.second_moment), (slope, found.derivative_second_moment)):
            half = 5 * np.std(sample**2) / len(z) ** 0.5
            assert abs(np.mean(sample**2) - float(digits(number))) < half


def test_typed_and_difficult_ones() -> None:
    assert gains(activation("sqrt(|x|)")).derivative_second_moment.infinite
    assert gains(activation("sqrt(|x|)")).backward.exact == 0
    assert gains(activation("exp(x^2)")).second_moment.infinite
    step = gains(activation("step(x)"))
    assert step.backward.infinite
    assert step.jumps
    assert step.bias_variance is None
    assert "φ jumps" in gain_sentence(activation("step(x)"), step)
    for text in ("sqrt(x)", "log(x)", "asinh(1/x)*sqrt(1-x)"):
        with pytest.raises(InputError, match="not real on the whole line"):
            gains(activation(text))


def test_what_is_not_proved_is_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*args: object) -> Number:
        raise NotImplementedError("a reason")

    monkeypatch.setattr("symgrad.theory.initialization.gains.second_moment", unable)
    found = gains(CORE["tanh"])
    assert found.second_moment.proof == found.forward.proof == "estimated"
    assert "a reason" in found.second_moment.why
    assert abs(float(found.forward.value.mid()) - 1.592537419722831) < 1e-9


def test_numbers_are_combined_with_the_weakest_grade() -> None:
    p, q = sp.symbols("p q")
    exact, certified = gains(CORE["relu"]).second_moment, gains(CORE["tanh"]).second_moment
    both = combined(p * q, {p: exact, q: certified}, "a product")
    assert both.proof == "certified"
    assert both.exact is None
    assert abs(float(both.value.mid()) - 0.394294490397841 / 2) < 1e-14
    assert combined(1 / sp.sqrt(p), {p: Number.of(sp.S.Zero, "")}, "").infinite


def test_sentences() -> None:
    assert "1.178 a layer" in gain_sentence(CORE["tanh"], gains(CORE["tanh"]))
    assert "One gain keeps both" in gain_sentence(CORE["relu"], gains(CORE["relu"]))


# --- the common table -----------------------------------------------------------------------------------


def test_the_table_is_the_frameworks() -> None:
    init = pytest.importorskip("torch.nn.init")
    names = {"identity": ["linear", "conv1d", "conv2d", "conv3d"]}
    for row in GAIN_TABLE:
        for name in names.get(row.activation, [row.activation]):
            assert init.calculate_gain(name) == pytest.approx(float(row.gain), rel=1e-15)


def test_the_table_is_whole() -> None:
    """Every name that the framework answers to is a row: it refuses all other activations."""
    init = pytest.importorskip("torch.nn.init")
    for name in CORE:
        listed = name in {row.activation for row in GAIN_TABLE} - {"identity"}
        if listed:
            init.calculate_gain(name)
        else:
            with pytest.raises(ValueError, match="Unsupported"):
                init.calculate_gain(name)


def test_what_the_entries_preserve() -> None:
    by_name = {found.row.activation: found for found in audited()}
    kept = {name for name, found in by_name.items() if found.forward.exact == found.backward.exact == 1}
    assert kept == {"identity", "relu", "leaky_relu"}
    tanh = by_name["tanh"]  # by mpmath: 25/9 E tanh², 25/9 E tanh′²
    with mp.workdps(30):
        for number, f in ((tanh.forward, mpmath.tanh), (tanh.backward, lambda t: mpmath.sech(t) ** 2)):
            wanted = mpmath.quad(lambda t, f=f: f(t) ** 2 * mpmath.npdf(t), [-13, -3, 0, 3, 13]) * 25 / 9
            assert abs(mpf(digits(number)) - wanted) < 1e-25
    assert by_name["selu"].forward.exact == sp.Rational(9, 16)
    assert by_name["sigmoid"].verdict == "shrinks both"


SETTLED = {
    "tanh": ("1.178480", "1.20983"),
    "selu": ("0.02303", "1.00367"),
    "sigmoid": ("0.264687", "0.05572"),
}
"""q* and χ₁ there; tanh's is a figure of the notes of the project."""


ALPHA, SCALE = (mpf(digits(Number.of(c, ""))) for c in CORE["selu"].parameters.values())
SELU = (
    lambda t: SCALE * (t if t > 0 else ALPHA * mpmath.expm1(t)),
    lambda t: SCALE * (1 if t > 0 else ALPHA * mpmath.exp(t)),
)


@pytest.mark.parametrize("name", SETTLED)
def test_where_the_entries_settle(name: str) -> None:
    """Against mpmath: its root of g² E φ² − q, and g² E φ′² at it."""
    (found,) = (found for found in audited() if found.row.activation == name)
    values, slopes = {
        "tanh": (mpmath.tanh, lambda t: mpmath.sech(t) ** 2),
        "sigmoid": (mpmath.sigmoid, lambda t: mpmath.sigmoid(t) * mpmath.sigmoid(-t)),
        "selu": SELU,
    }[name]
    with mp.workdps(20):
        gain = mpf(found.row.gain.p) / found.row.gain.q

        def mean(f: Callable[[mpf], mpf], q: mpf) -> mpf:
            at = [-10, -3, 0, 3, 10]
            return gain**2 * mpmath.quad(lambda z: f(mp.sqrt(q) * z) ** 2 * mpmath.npdf(z), at)

        q = mpmath.findroot(lambda q: mean(values, q) - q, mpf(SETTLED[name][0]))
        assert found.settled.q is not None
        for number, wanted, figure in zip(
            (found.settled.q, found.settled.chi1), (q, mean(slopes, q)), SETTLED[name], strict=True
        ):
            assert number.proof == "certified"
            assert abs(mpf(digits(number)) - wanted) < 1e-14 * wanted
            assert mpmath.nstr(wanted, len(figure.replace(".", "").lstrip("0"))) == figure.rstrip("0")


def test_what_keeps_every_variance() -> None:
    kept = {found.row.activation: found.settled for found in audited() if found.settled.q is None}
    assert set(kept) == {"identity", "relu", "leaky_relu"}
    assert all(settled.chi1.exact == 1 for settled in kept.values())
    assert "grows" in audit.settled(GAIN_TABLE[2]).verdict


@pytest.mark.parametrize(
    ("name", "b2"), [("tanh", "1/20"), ("erf", "1/100"), ("gelu", "1/10"), ("sin", "1/5")]
)
def test_fixed_points_with_biases_are_enclosed(name: str, b2: str) -> None:
    """Both numbers against quadrature in floats at the middle of the enclosure."""
    sigma_w2, sigma_b2 = sp.Rational(3, 2), sp.Rational(b2)
    floats = kernel(CORE[name])
    q = 1.0
    for _ in range(300):
        q = 1.5 * float(expectation(lambda t: floats.value(t) ** 2, q, floats.kinks)) + float(sigma_b2)
    found = enclosed(CORE[name], sigma_w2, sigma_b2, q)
    assert found.attracts
    assert float(found.q.value.mid()) == pytest.approx(q, rel=1e-11)
    chi1 = 1.5 * float(expectation(lambda t: floats.slope(t) ** 2, q, floats.kinks))
    assert float(found.chi1.value.mid()) == pytest.approx(chi1, rel=1e-11)


def test_no_fixed_point_is_enclosed_where_there_is_none() -> None:
    for near in (0.0, -1.0, float("inf")):
        with pytest.raises(NotImplementedError, match="positive number"):
            enclosed(CORE["tanh"], sp.S.One, sp.S.Zero, near)
    for name, sigma_b2 in (("relu", sp.S.One), ("identity", sp.S.Zero), ("tanh", sp.S.Zero)):
        with pytest.raises(NotImplementedError):
            enclosed(CORE[name], sp.S.One if name != "relu" else sp.Integer(2), sigma_b2, 1.0)


def test_curves_of_the_audit() -> None:
    table, variance, gradient = curves("tanh", depth=20, width=128, seeds=12, batch=2)
    assert table.sigma_w == pytest.approx(5 / 3)
    assert table.log10_gradient[-1] == 0
    assert table.log10_gradient[0] > variance.log10_gradient[0] > 0.5  # 19 layers: 19·log10 1.178 = 1.35
    assert abs(gradient.log10_gradient[0]) < 0.4
    assert abs(gradient.log10_variance[10:].mean()) < 0.15
    with pytest.raises(InputError, match="not in the gain table"):
        curves("gelu")


# --- planted errors ---------------------------------------------------------------------------------------


def test_a_wrong_moment_breaks_the_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    right = gain_derivation.at_one

    def swapped(name: str) -> Gains:
        found = right(name)
        return replace(
            found, second_moment=found.derivative_second_moment, derivative_second_moment=found.second_moment
        )

    gain_derivation.gain_page.body()
    monkeypatch.setattr(gain_derivation, "at_one", swapped)
    with pytest.raises(RefutedError):
        gain_derivation.gain_page.body()


def test_a_wrong_mean_breaks_the_hermite_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    right = closed_mean
    monkeypatch.setattr(gain_derivation, "closed_mean", lambda *args: right(*args) * sp.Rational(1001, 1000))
    with pytest.raises(RefutedError):
        gain_derivation.gain_page.body()


@pytest.mark.parametrize(("name", "gain"), [("relu", sp.Rational(7, 5)), ("identity", sp.Integer(2))])
def test_a_wrong_gain_breaks_the_audit(monkeypatch: pytest.MonkeyPatch, name: str, gain: sp.Expr) -> None:
    table = tuple(replace(row, gain=gain) if row.activation == name else row for row in GAIN_TABLE)
    monkeypatch.setattr(audit, "GAIN_TABLE", table)
    audited.cache_clear()
    with pytest.raises(RefutedError):
        gain_table.gain_table.body()
    audited.cache_clear()


def test_another_activation_has_other_gains() -> None:
    """No result is kept under a name: the expression decides."""
    changed = Activation("tanh", r"\tanh", sp.tanh(2 * x), CORE["tanh"].source)
    assert digits(gains(changed).second_moment) != digits(gains(CORE["tanh"]).second_moment)
    assert digits(gains(changed).second_moment) == digits(gains(CORE["tanh"], 4).second_moment)
