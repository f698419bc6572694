"""The measures of spectra pass the truth and reject planted errors: traces, the largest singular value."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.symbolic.letters import n
from symgrad.theory.spectra.linear_product_edge import EDGE, MOMENT, SCALE
from symgrad.theory.spectra.moments import relative_variance
from symgrad.theory.spectra.pairings import N, trace_moment
from symgrad.verify import judge, measures_spectra
from tests.verify.claims import KEPT, claim

LINEAR: dict[str, Any] = {"activation": "identity", "depth": 2, "width": 5}
WIDE: dict[str, Any] = {"activation": "identity", "depth": 3, "width": 200}


def test_traces_pass_and_those_of_infinite_width_or_more_layers_fail() -> None:
    assert judge(claim("trace-moments", LINEAR, moment=trace_moment)).passed

    def infinite(order: int, depth: int) -> sp.Expr:
        return sp.limit(trace_moment(order, depth), N, sp.oo)

    for wrong in (infinite, lambda order, depth: trace_moment(order, depth + 1)):
        assert judge(claim("trace-moments", LINEAR, moment=wrong)).verdict == "FAIL"


@pytest.mark.parametrize("factor", [sp.Rational(9, 10), sp.Rational(11, 10)], ids=str)
def test_an_edge_passes_and_one_moved_by_a_tenth_fails(
    monkeypatch: pytest.MonkeyPatch, factor: sp.Expr
) -> None:
    monkeypatch.setattr(measures_spectra, "DRAWN", 5_000_000)
    assert judge(claim("jacobian-edge", WIDE, edge=EDGE, scale=SCALE)).passed
    assert judge(claim("jacobian-edge", WIDE, edge=factor * EDGE, scale=SCALE)).verdict == "FAIL"


@pytest.mark.parametrize(
    ("measure", "net"),
    [
        ("jacobian-edge", {**WIDE, "weights": "orthogonal"}),
        ("jacobian-edge", {**WIDE, "activation": "relu"}),
        ("trace-moments", {**LINEAR, "sigma_w": 2.0}),
    ],
)
def test_nets_without_a_law_are_refused(measure: str, net: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="claim test/"):
        judge(claim(measure, net, edge=EDGE, scale=SCALE, moment=trace_moment))


def test_a_narrow_net_tells_nothing() -> None:
    assert judge(claim("jacobian-edge", {**WIDE, "width": 4}, edge=EDGE, scale=SCALE)).verdict == "UNDECIDED"


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_pairings_against_one_dimension_and_fuss_catalan(depth: int) -> None:
    """N = 1: powers of Gaussian numbers, ((2k − 1)!!)ⁿ; infinite width: the Fuss–Catalan numbers."""
    from symgrad.symbolic.letters import k

    for order in (1, 2, 3, 4):
        moment = trace_moment(order, depth)
        assert moment.subs(N, 1) == sp.factorial2(2 * order - 1) ** depth
        assert sp.limit(moment, N, sp.oo) == MOMENT.subs({k: order, n: depth})


@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
def test_a_variance_passes_and_one_without_its_weights_fails(weights: str) -> None:
    net = {**KEPT, "depth": 3, "width": 96, "weights": weights}
    assert judge(claim("jacobian-spectrum", net, q={"relu": 1}, relative=relative_variance)).passed
    other = {"gaussian": "orthogonal", "orthogonal": "gaussian"}[weights]

    def swapped(mu1: Any, mu2: Any, width: int, _: str) -> tuple[float, float]:
        return relative_variance(mu1, mu2, width, other)

    def scaled(mu1: Any, mu2: Any, width: int, law: str) -> tuple[float, float]:
        return relative_variance(mu1, 1.25 * mu2, width, law)

    for wrong in (swapped, scaled):
        assert judge(claim("jacobian-spectrum", net, q={"relu": 1}, relative=wrong)).verdict == "FAIL"


def test_narrow_nets_are_refused() -> None:
    with pytest.raises(InputError, match="claim test/"):
        judge(claim("jacobian-spectrum", {**KEPT, "width": 16}, q={"relu": 1}, relative=relative_variance))
