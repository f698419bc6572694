"""Published figures of initialisation, and withheld widths and slopes, against mpmath."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import pytest
import sympy as sp
from flint import arb
from mpmath import mp, mpf

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import enclose
from symgrad.symbolic.letters import n_in, n_out
from symgrad.theory.activations import ACTIVATIONS
from symgrad.theory.entry import Entry
from symgrad.theory.initialization import (
    glorot,
    he,
    layer_variances,
    lecun,
    orthogonal,
    selu,
    typical_gradient,
)
from symgrad.theory.initialization.layer_variances import V
from symgrad.verify import judge
from symgrad.verify.measures import MEASURES

ENTRIES = (
    lecun.lecun_initialization,
    glorot.glorot_initialization,
    he.he_initialization,
    orthogonal.orthogonal_initialization,
    selu.self_normalizing,
    typical_gradient.typical_gradient_gain,
)


def digits(number: sp.Expr) -> mpf:
    return mpf(enclose(number).decimal)


def middle(value: arb) -> mpf:
    return mpf(value.mid().str(30, radius=False))


# --- published figures ------------------------------------------------------------------------------------


def test_selu_constants_and_jacobian() -> None:
    alpha, scale = (digits(selu.ENTRY.parameters[letter]) for letter in (selu.ALPHA, selu.SCALE))
    assert mpmath.nstr(alpha, 12) == "1.67326324235"
    assert mpmath.nstr(scale, 12) == "1.05070098736"
    with mp.workdps(25):
        phi = lambda t: scale * (t if t > 0 else alpha * mpmath.expm1(t))  # noqa: E731

        def mean(power: int, variance: mpf) -> mpf:
            ends = [-12, -4, 0, 4, 12]
            return mpmath.quad(lambda z: phi(mp.sqrt(variance) * z) ** power * mpmath.npdf(z), ends)

        step = mpf("1e-5")
        rows = [(mean(p, 1 + step) - mean(p, 1 - step)) / (2 * step) for p in (1, 2)]
        found = [digits(entry.xreplace(dict(selu.ENTRY.parameters))) for entry in selu.jacobian()[:, 1]]
        assert max(abs(a - b) for a, b in zip(rows, found, strict=True)) < 1e-9
        assert mpmath.nstr(found[0], 5) == "0.088835"  # the paper prints 0.088834, cut off
        assert mpmath.nstr(found[1], 6) == "0.782648"
        assert mpmath.nstr(mp.sqrt(found[0] ** 2 + found[1] ** 2), 4) == "0.7877"


def test_lecun() -> None:
    assert mpmath.nstr(digits(lecun.EXACT), 5) == "1.7159"
    settled = lecun.rest()
    with mp.workdps(20):
        height = mpf("1.7159")

        def mean(f: object, q: mpf) -> mpf:
            return mpmath.quad(lambda z: f(mp.sqrt(q) * z) ** 2 * mpmath.npdf(z), [-10, -3, 0, 3, 10])  # type: ignore[operator]

        q = mpmath.findroot(lambda q: mean(lambda t: height * mpmath.tanh(2 * t / 3), q) - q, mpf("0.38"))
        slope = mean(lambda t: height * 2 / 3 * mpmath.sech(2 * t / 3) ** 2, q)
        assert abs(middle(settled.q.value) - q) < 1e-14
        assert abs(middle(settled.chi1.value) - slope) < 1e-14


def test_he_example() -> None:
    """1.7·10⁴, from √(2/(9 d)) over 0.01 for the nine layers conv2 … conv10 of 64 to 512 filters."""
    with mp.workdps(30):
        wanted = mpmath.fprod(100 * mp.sqrt(mpf(2) / (9 * d)) for d in (64, 128, 128, 256, 256, *(512,) * 4))
        assert abs(digits(he.VGG) - wanted) < 1e-15 * wanted
        assert mpmath.nstr(wanted, 2) == "1.7e+4"


def test_glorot_uniform() -> None:
    """Equation 15: a third; equation 16: √6/√(n_in + n_out)."""
    assert sp.simplify(glorot.ON.subs(V, 1 / (3 * n_in))) == sp.Rational(1, 3)
    assert sp.simplify((6 / (n_in + n_out)) / 3 - layer_variances.COMPROMISE) == 0


def test_linear_gain() -> None:
    assert mpmath.nstr(digits(typical_gradient.linear_gain(100)), 7) == "1.005029"


# --- withheld points --------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 2, 7, 33, 250, 999])
def test_linear_gain_at_other_widths(width: int) -> None:
    """E ln χ² from the integral over its density."""
    with mp.workdps(25):
        half = mpf(width) / 2
        wanted = mpmath.exp(-(mpmath.digamma(half) - mpmath.log(half)) / 2)
        assert abs(digits(typical_gradient.linear_gain(width)) - wanted) < 1e-20 * wanted
        if width in (2, 7, 33):
            density = lambda y: mpmath.exp(half * y - mpmath.exp(y) / 2) / (2**half * mpmath.gamma(half))  # noqa: E731
            drift = mpmath.quad(lambda y: (y - mpmath.log(width)) / 2 * density(y), [-40, -5, 0, 2, 4, 6, 8])
            assert abs(drift + mpmath.log(wanted)) < 1e-8


@pytest.mark.parametrize("width", [1, 2, 5, 24, 100])
def test_relu_drift(width: int) -> None:
    with mp.workdps(30):
        total = mpmath.fsum(
            mpmath.binomial(width, k) * (mpmath.digamma(mpf(k) / 2) + mpmath.log(mpf(2) / width))
            for k in range(1, width + 1)
        )
        wanted = total / (2 * (mpf(2) ** width - 1))
        assert abs(middle(typical_gradient.relu_drift(width)) - wanted) < 1e-20


def test_the_fit_of_the_paper_is_a_fit() -> None:
    """√2 e^(1.2/(N − 2.4)): off by 4·10⁻⁴ at N = 100, where the exact gain over √2 is 1.012792."""
    exact = typical_gradient._relu_gain(100)
    fit = float(typical_gradient.FIT.subs(typical_gradient.N, 100)) / 2**0.5
    assert f"{exact:.6f} {fit:.6f}" == "1.012792 1.012371"


@pytest.mark.parametrize("slope", ["0", "1/100", "1/4", "1", "2"])
def test_other_slopes(slope: str) -> None:
    """½ (1 + a²) is E φ(z)² and E φ′(z)², by integrals."""
    a = mpf(sp.Rational(slope).p) / sp.Rational(slope).q
    value = mpmath.quad(lambda z: (z if z > 0 else a * z) ** 2 * mpmath.npdf(z), [-12, 0, 12])
    found = digits(sp.sympify(he.KEPT.subs(he.SLOPE, sp.Rational(slope))))
    assert abs(found - value) < 1e-10
    variance = he.HE.subs({he.SLOPE: sp.Rational(slope), n_in: 37})
    assert abs(digits(37 * variance) * value - 1) < 1e-10


# --- planted errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_a_claim_with_a_wrong_number_fails(entry: Entry) -> None:
    """Each measure of this file, told 20 % (or 0.15) more than is true, does not pass."""
    for claim in {claim.measure: claim for claim in entry().claims}.values():
        assert set(MEASURES[claim.measure].expects) <= set(claim.expects)
        spoilt = {
            "uneven-layers": lambda e: {**e, "forward": e["forward"] * sp.Rational(6, 5)},
            "layer-moments": lambda e: {**e, "forward": {k: 1.2 * v for k, v in e["forward"].items()}},
            "normalized-rows": lambda e: {**e, "second": e["second"] + sp.Rational(3, 20)},
            "isometry": lambda e: {**e, "value": 1 + sp.Rational(1, 10**9)},
            "typical-drift": lambda e: {
                "drift": {
                    k: {w: d + sp.Rational(1, 5) / w for w, d in rows.items()}
                    for k, rows in e["drift"].items()
                }
            },
        }[claim.measure](dict(claim.expects))
        assert judge(replace(claim, expects=spoilt, nets=claim.nets[:1])).verdict == "FAIL"


@pytest.mark.parametrize(
    ("module", "name", "wrong", "entry"),
    [
        (he, "KEPT", (1 + he.SLOPE) / 2, he.he_initialization),
        (he, "HE", 1 / n_in, he.he_initialization),
        (he, "VGG", he.VGG * 2, he.he_initialization),
        (glorot, "COMPROMISE", 1 / (n_in + n_out), glorot.glorot_initialization),
        (glorot, "OLD", 2 / sp.sqrt(n_in), glorot.glorot_initialization),
        (lecun, "EXACT", 1 / sp.tanh(sp.Rational(3, 4)), lecun.lecun_initialization),
        (lecun, "BEND", sp.S.One, lecun.lecun_initialization),
        (selu, "MEAN", selu.MEAN + selu.NU / 100, selu.self_normalizing),
        (selu, "SECOND", selu.SECOND * sp.Rational(101, 100), selu.self_normalizing),
        (orthogonal, "MOMENT", orthogonal.MOMENT * 2, orthogonal.orthogonal_initialization),
        (typical_gradient, "DRIFT", typical_gradient.DRIFT * 2, typical_gradient.typical_gradient_gain),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_wrong_formula_breaks_the_derivation(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: sp.Expr, entry: Entry
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(RefutedError):
        entry.body()


@pytest.mark.parametrize("letter", [selu.ALPHA, selu.SCALE], ids=str)
def test_wrong_constants_break_selu(monkeypatch: pytest.MonkeyPatch, letter: sp.Symbol) -> None:
    entry = ACTIVATIONS["selu"]
    values = {**entry.parameters, letter: entry.parameters[letter] * sp.Rational(1001, 1000)}
    monkeypatch.setattr(selu, "ENTRY", replace(entry, parameters=values))
    with pytest.raises(RefutedError):
        selu.self_normalizing.body()
