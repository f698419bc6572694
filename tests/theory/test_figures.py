"""Published figures: ranges of φ′ for every activation, and those of the depth derivations, to all digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.symbolic.balls import precision
from symgrad.symbolic.letters import w_scalar, y
from symgrad.symbolic.ranges.extremum import Place
from symgrad.theory import registry
from symgrad.theory.activations import CORE, slope_range
from symgrad.theory.activations.exponential_linear import selu_constants
from symgrad.theory.floating_point import FORMATS, Format
from tests.theory.reference import number

# activation: sup, inf (each text or digits), sup attained, inf attained, where the sup is taken
CLOSED = {
    "tanh": ("1", "0", True, False, ["0"]),
    "sigmoid": ("1/4", "0", True, False, ["0"]),
    "erf": ("2/sqrt(pi)", "0", True, False, ["0"]),
    "arctan": ("1", "0", True, False, ["0"]),
    "softsign": ("1", "0", True, False, ["0"]),
    "sin": ("1", "-1", True, True, ["2*pi*k"]),
    "softplus": ("1", "0", False, False, ["x -> oo"]),
    "relu": ("1", "0", True, True, ["x > 0"]),
    "elu": ("1", "0", True, False, ["x >= 0"]),
    "hard_swish": ("3/2", "-1/2", False, False, ["x -> 3-"]),
    "identity": ("1", "1", True, True, ["-oo < x < oo"]),
    "leaky_relu": ("1", "1/100", True, True, ["x > 0"]),
}
DECIMAL = {
    "selu": ("1.7580993408", "0", "x -> 0-"),
    "gelu": ("1.1289041452", None, "sqrt(2)"),
    "silu": ("1.0998393201", None, "2*u"),
    "mish": ("1.0884981613", "-0.1125261", None),
}


def agrees(decimal: str, digits: str) -> bool:
    """Whether a published figure is the decimal rounded to the digits that the figure has."""
    places = len(digits.partition(".")[2])
    with mp.workdps(60):
        return abs(mpf(decimal) - mpf(digits)) <= mpf(10) ** -places / 2


def abscissa(place: Place) -> str:
    """A named place in 28 digits."""
    assert place.named is not None
    with precision(128):
        root = sp.Float(place.named.ball(128).mid().str(32, radius=False), 32)
    return str(sp.N(place.point.subs(place.named.symbol, root), 28))


def test_every_activation_of_the_table_is_here() -> None:
    assert set(CLOSED) | set(DECIMAL) == set(CORE)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name: str) -> None:
    sup, inf, sup_attained, inf_attained, at = CLOSED[name]
    found = slope_range(CORE[name])
    assert (found.sup.value.text(), found.inf.value.text()) == (sup, inf)
    assert (found.sup.attained, found.inf.attained) == (sup_attained, inf_attained)
    assert [str(place) for place in found.sup.at] == at
    assert found.sup.proof == found.inf.proof == "exact"


@pytest.mark.parametrize("name", DECIMAL)
def test_decimals(name: str) -> None:
    sup, inf, at = DECIMAL[name]
    found = slope_range(CORE[name])
    assert agrees(found.sup.value.enclosure().decimal, sup)
    assert inf is None or agrees(found.inf.value.enclosure().decimal, inf)
    (place,) = found.sup.at
    assert at is None or str(place).startswith(at)


def test_gelu_closed_form() -> None:
    found = slope_range(CORE["gelu"])
    expected = (1 + sp.erf(1)) / 2 + sp.exp(-1) / sp.sqrt(sp.pi)
    assert sp.expand(found.sup.value.expr - expected) == 0
    assert sp.expand(found.inf.value.expr - (1 - expected)) == 0
    assert [str(p) for p in (*found.sup.at, *found.inf.at)] == ["sqrt(2)", "-sqrt(2)"]


def test_silu_named_root() -> None:
    """sup = (u + 1)/2 and inf = (1 − u)/2 with u·tanh u = 1, u > 0, at ±2u."""
    found = slope_range(CORE["silu"])
    (root,) = found.sup.value.named
    u = root.symbol
    assert sp.simplify(root.equation.lhs - root.equation.rhs - (u * sp.tanh(u) - 1)) == 0
    assert root.lo > 0
    assert sp.expand(found.sup.value.expr - (u + 1) / 2) == 0
    assert sp.expand(found.inf.value.expr - (1 - u) / 2) == 0
    assert [place.point for place in (*found.sup.at, *found.inf.at)] == [2 * u, -2 * u]


@pytest.mark.parametrize(("end", "where"), [("sup", "1.4905712"), ("inf", "-2.2563764")])
def test_mish_places(end: str, where: str) -> None:
    (place,) = getattr(slope_range(CORE["mish"]), end).at
    assert agrees(abscissa(place), where)


def test_selu_constants_are_the_fixed_point() -> None:
    """E φ(z) = 0 and E φ(z)² = 1 for z ~ N(0, 1), by quadrature of φ; 1.67326324235 and 1.05070098736."""
    with mp.workdps(40):
        alpha, scale = (number(constant) for constant in selu_constants())
        assert agrees(mp.nstr(alpha, 30), "1.67326324235")
        assert agrees(mp.nstr(scale, 30), "1.05070098736")

        def density(z: mpf) -> mpf:
            return mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mp.pi)

        def phi(z: mpf) -> mpf:
            return scale * (z if z > 0 else alpha * mpmath.expm1(z))

        panels = [-mpf(20), -6, -2, 0, 2, 6, mpf(20)]
        assert abs(mpmath.quad(lambda z: phi(z) * density(z), panels)) < mpf(10) ** -25
        assert abs(mpmath.quad(lambda z: phi(z) ** 2 * density(z), panels) - 1) < mpf(10) ** -25


def test_selu_supremum_is_lambda_alpha() -> None:
    alpha, scale = selu_constants()
    assert slope_range(CORE["selu"]).sup.value.number == alpha * scale


def test_hochreiter() -> None:
    """net* · tanh(net*/2) = 1: 1.5434046, and the largest factor 0.2238716/|y|."""
    derivation = registry.entry("hochreiter-condition")()
    (claim,) = derivation.claims
    assert agrees(claim.expects["max"].enclosure().decimal, "0.2238716")
    net = abscissa(claim.expects["at"])
    assert agrees(net, "1.5434046")
    with mp.workdps(30):
        assert (
            abs(mpf(net) - mpmath.findroot(lambda t: t * mpmath.tanh(t / 2) - 1, mpf("1.5"))) < mpf(10) ** -24
        )
    assert derivation.conclusion.statement.has(sp.Abs(y))
    assert derivation.conclusion.statement.has(w_scalar)


@pytest.mark.parametrize(("name", "last", "zero"), [("float32", 63, 75), ("float16", 7, 13)])
def test_float_floor(name: str, last: int, zero: int) -> None:
    (form,) = (f for f in FORMATS if f.name == name)
    quarter = sp.Rational(1, 4)
    assert (form.last_normal(quarter), form.first_zero(quarter)) == (last, zero)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("factor", [(1, 4), (1, 2), (1, 3), (9, 10)], ids=str)
def test_float_floor_against_numpy(form: Format, factor: tuple[int, int]) -> None:
    """The exact fraction factorᴸ rounded to the format: the last normal number, the first that is 0."""
    kind, ratio = np.dtype(form.name).type, Fraction(*factor)
    last, zero = (of(sp.Rational(*factor)) for of in (form.last_normal, form.first_zero))
    with np.errstate(under="ignore"):
        assert ratio**last >= Fraction(float(np.finfo(kind).smallest_normal)) > ratio ** (last + 1)
        assert kind(float(ratio ** (zero - 1))) > 0
        assert kind(float(ratio**zero)) == 0
