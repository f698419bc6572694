"""The measures of finite width pass the truth and reject planted errors: moments, logarithms, slopes."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.symbolic.letters import l, n, widths
from symgrad.theory.finite_width.jacobian_law import log_moments
from symgrad.theory.finite_width.jacobian_moments import FOURTH, LINEAR_FOURTH
from symgrad.verify import judge, measures_finite_width
from tests.verify.claims import claim

RELU: dict[str, Any] = {"activation": "relu", "depth": 4, "width": 12, "sigma_w": sp.sqrt(2)}
LINEAR: dict[str, Any] = {"activation": "identity", "depth": 4, "width": 12}
BOTH = {"relu": FOURTH, "identity": LINEAR_FOURTH}
DEEP: dict[str, Any] = {"activation": "relu", "depth": 30, "width": 30, "sigma_w": sp.sqrt(2)}
SLOPES: tuple[dict[str, Any], ...] = (
    {"activation": "tanh", "depth": 12, "width": 48, "sigma_w": 1.5, "sigma_b": 0.2},
    {"activation": "relu", "depth": 12, "width": 48, "sigma_w": 2**0.5, "batch": 4},
    {"activation": "erf", "depth": 12, "width": 48, "sigma_w": 1.3, "weights": "orthogonal"},
)


@pytest.mark.parametrize("net", [RELU, LINEAR], ids=["relu", "linear"])
def test_moments_pass_and_other_constants_fail(net: dict[str, Any]) -> None:
    assert judge(claim("jacobian-moments", net, fourth=BOTH)).passed
    for constant in (1, 3, 8):
        other = sp.Product(1 + constant / widths[l], (l, 1, n))
        wrong = judge(claim("jacobian-moments", net, fourth={"relu": other, "identity": other}))
        assert wrong.verdict == "FAIL"


def test_a_mean_that_is_not_kept_fails() -> None:
    """Weights a twentieth too large: the mean of ‖Ju‖² is 1.05⁸ and not 1."""
    larger = {**RELU, "sigma_w": sp.sqrt(2) * sp.Rational(21, 20)}
    assert judge(claim("jacobian-moments", larger, fourth=BOTH)).verdict == "FAIL"


def test_logarithms_pass_and_moved_ones_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures_finite_width, "DRAWN", 8_000_000)
    assert judge(claim("jacobian-logarithm", DEEP, moments=log_moments)).passed
    for mean, variance in ((0.0, 1.0), (2.0, 1.0), (1.0, 2.0)):
        moved = judge(claim("jacobian-logarithm", DEEP, moments=_changed(mean, variance)))
        assert moved.verdict == "FAIL"


def _changed(mean: float, variance: float) -> Any:
    def moments(activation: str, width: int) -> tuple[float, float]:
        found = log_moments(activation, width)
        return mean * found[0], variance * found[1]

    return moments


@pytest.mark.parametrize("net", SLOPES, ids=str)
def test_a_slope_passes_and_one_moved_by_three_half_widths_fails(net: dict[str, Any]) -> None:
    assert judge(claim("layered-slope", net)).passed
    for shift in (3, -3):
        assert judge(claim("layered-slope", net, shift=shift)).verdict == "FAIL"


@pytest.mark.parametrize(
    ("measure", "net", "expects"),
    [
        ("layered-slope", {"activation": "tanh", "depth": 2}, {}),
        ("layered-slope", {"activation": "tanh", "depth": 5, "bias": 1.0}, {}),
        ("jacobian-moments", {**RELU, "weights": "orthogonal"}, {"fourth": BOTH}),
        ("jacobian-moments", RELU, {"fourth": {"relu": sp.Integer(2)}}),
        ("jacobian-logarithm", {**DEEP, "sigma_b": 0.1}, {"moments": log_moments}),
    ],
)
def test_nets_without_a_prediction_are_refused(measure: str, net: dict[str, Any], expects: Any) -> None:
    with pytest.raises(InputError, match="claim test/"):
        judge(claim(measure, net, **expects))
