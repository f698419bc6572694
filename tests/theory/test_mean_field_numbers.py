"""`mean-field` and `critical`: certified numbers against multi-precision, exact limits, words where there is
nothing."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.theory.activations import ACTIVATIONS
from symgrad.theory.activations.setting import entry_of
from symgrad.theory.propagation.enclosed import enclosed
from symgrad.theory.propagation.mean_field import critical, mean_field
from symgrad.verbs.mean_field import critical as critical_verb
from symgrad.verbs.mean_field import mean_field as verb

QUARTER = sp.Rational(1, 4)


def _mean(f: Any, q: Any) -> Any:
    return mp.quad(lambda z: f(mp.sqrt(q) * z) * mp.npdf(z), [-15, -8, -4, -2, 0, 2, 4, 8, 15])


def test_certified_numbers_hold_the_multi_precision_ones() -> None:
    found = mean_field(ACTIVATIONS["tanh"], sp.Rational(13, 10), QUARTER)
    with mp.workdps(35):
        q = mp.findroot(
            lambda q: mp.mpf(13) / 10 * _mean(lambda x: mp.tanh(x) ** 2, q) + mp.mpf(1) / 4 - q, mp.mpf("0.7")
        )
        chi1 = mp.mpf(13) / 10 * _mean(lambda x: mp.sech(x) ** 4, q)
        for number, expected in ((found.q, q), (found.chi1, chi1), (found.xi_grad, -1 / mp.log(chi1))):
            assert number is not None and number.proof == "certified"
            enclosure = number.enclosure()
            assert (
                mp.mpf(enclosure.lower) - mp.mpf("1e-28")
                <= expected
                <= mp.mpf(enclosure.upper) + mp.mpf("1e-28")
            )


def test_exact_where_phi_is_its_slopes() -> None:
    leaky = mean_field(entry_of("leaky_relu(x, 1/5)", None), sp.Rational(25, 13), sp.S.Zero)
    assert leaky.chi1 is not None and leaky.q is not None
    assert (leaky.chi1.exact, leaky.q.exact, leaky.phase) == (1, sp.Rational(25, 13), "critical")
    ((scale, at, settle),) = critical(ACTIVATIONS["leaky_relu"], sp.S.Zero).solutions
    assert settle is None and scale.exact == 2 / (1 + sp.Rational(1, 10000)) and at.exact == 1
    ((scale, at, settle),) = critical(ACTIVATIONS["erf"], sp.S.Zero).solutions
    assert sp.simplify(scale.exact - sp.pi / 4) == 0 and at.exact == 0
    chaotic = mean_field(ACTIVATIONS["sin"], sp.Integer(2), sp.S.Zero)
    assert chaotic.correlation is not None and chaotic.correlation.exact == 0


def test_the_critical_scale_is_critical() -> None:
    ((scale, at, settle),) = critical(ACTIVATIONS["silu"], sp.Rational(1, 20)).solutions
    assert scale.proof == at.proof == "certified"
    assert settle is False  # lengths beside it leave it
    decimal = sp.Rational(scale.enclosure().decimal)
    found = enclosed(ACTIVATIONS["silu"], decimal, sp.Rational(1, 20), float(at.value.mid()))
    assert abs(float(found.chi1.value.mid()) - 1) < 1e-20 and not found.attracts


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("relu", ("3", "0"), "no fixed point, since lengths grow without bound"),
        ("tanh", ("4", "0.05"), "chaotic"),
        ("x*tanh(log(1+exp(x)))", ("1.2", "0.1"), "ordered"),
    ],
)
def test_documents(name: str, given: tuple[str, str], says: str) -> None:
    document = verb(name, None, *given)
    assert says in document["text"]
    for key in ("q", "chi1", "correlation", "xi_c", "xi_grad"):
        assert (document[key] is None) == (document["phase"] == "no fixed point")


def test_refusals() -> None:
    for name, w, b in (("tanh", "-1", "0"), ("tanh", "1", "nan"), ("log(x)", "1", "0"), ("tanh", "1e9", "0")):
        with pytest.raises(InputError) as refused:
            verb(name, None, w, b)
        assert "\n" not in str(refused.value)
    nothing = critical_verb("softplus", None, "0.1")
    assert (
        nothing["sigma_w2"] is None and nothing["solutions"] == [] and "negative at every q" in nothing["why"]
    )
