"""The measure of close inputs and gradients passes the truth and rejects planted errors."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.theory.propagation.arc_cosine_kernel import MAP
from symgrad.theory.propagation.edge_of_chaos import FACTOR, SLOPES
from symgrad.theory.propagation.hermite import C
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W
from symgrad.theory.propagation.length_map_fixed_point import RELU
from symgrad.verify import judge
from tests.verify.claims import claim

NET: dict[str, Any] = {"activation": "tanh", "depth": 5, "width": 192, "sigma_w": 1.6, "sigma_b": 0.3}


@pytest.mark.parametrize(
    "wrong",
    [SIGMA_W * SLOPES, SIGMA_W**2 * SLOPES**2, sp.Rational(11, 10) * FACTOR, FACTOR / sp.Rational(11, 10)],
    ids=str,
)
def test_a_wrong_factor_fails(wrong: sp.Expr) -> None:
    assert judge(claim("separation", NET, factor=wrong)).verdict == "FAIL"


def test_narrow_nets_and_lengths_that_do_not_settle_are_refused() -> None:
    for net in ({**NET, "width": 16}, {**NET, "activation": "relu", "sigma_w": 1.42}):
        with pytest.raises(InputError, match="claim test/"):
            judge(claim("separation", net, factor=FACTOR))


@pytest.mark.parametrize("wrong", [C, MAP**2, (C + 1) / 2, MAP - sp.Rational(1, 10)], ids=str)
def test_a_wrong_map_of_correlations_fails(wrong: sp.Expr) -> None:
    net = {"activation": "relu", "depth": 3, "width": 256, "sigma_w": 2**0.5}
    assert judge(claim("correlation", net, map=wrong)).verdict == "FAIL"


def test_correlations_are_followed_without_biases() -> None:
    with pytest.raises(InputError, match="without biases"):
        judge(claim("correlation", NET, map=MAP))


@pytest.mark.parametrize(
    "wrong", [SIGMA_B**2, SIGMA_B**2 / (1 - SIGMA_W**2), sp.Rational(11, 10) * RELU], ids=str
)
def test_a_wrong_length_fails(wrong: sp.Expr) -> None:
    net = {"activation": "relu", "depth": 12, "width": 160, "sigma_w": 0.9, "sigma_b": 0.7}
    assert judge(claim("settling", net, length=wrong)).verdict == "FAIL"
