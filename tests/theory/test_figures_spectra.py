"""Published figures of spectra, and withheld points, against mpmath; planted errors in the derivations."""

from __future__ import annotations

from itertools import pairwise

import mpmath
import pytest
import sympy as sp
from mpmath import mp, mpf

from symgrad.errors import RefutedError
from symgrad.symbolic.letters import k, n
from symgrad.theory.entry import Entry
from symgrad.theory.spectra import linear_product_edge
from symgrad.theory.spectra.linear_product_edge import EDGE, MOMENT, SCALE
from symgrad.theory.spectra.pairings import N


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


def test_scale_of_one_matrix() -> None:
    """Johnstone's: (√N + √N)(1/√N + 1/√N)^(1/3)/N."""
    for width in (10, 333):
        root = width**0.5
        assert float(SCALE.subs({n: 1, N: width})) == pytest.approx(2 * root * (2 / root) ** (1 / 3) / width)


@pytest.mark.parametrize(
    ("module", "name", "wrong", "entry"),
    [
        (linear_product_edge, "EDGE", EDGE * 2, linear_product_edge.linear_product_edge),
        (linear_product_edge, "EDGE", (n + 1) ** n / n**n, linear_product_edge.linear_product_edge),
        (linear_product_edge, "MOMENT", MOMENT * (n + 1) / 2, linear_product_edge.linear_product_edge),
        (linear_product_edge, "SCALE", SCALE * 2, linear_product_edge.linear_product_edge),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_wrong_formula_breaks_the_derivation(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: sp.Expr, entry: Entry
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(RefutedError):
        entry.body()
