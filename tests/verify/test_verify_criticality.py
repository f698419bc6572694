"""The measure of both factors passes the truth and rejects planted errors, in each of what it looks at."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.theory.propagation.criticality_classes import FACTORS, NETS
from symgrad.verify import judge
from tests.verify.claims import claim

ELEVEN = sp.Rational(11, 10)


@pytest.mark.parametrize(
    ("net", "wrong"),
    [
        (NETS[1], {"along": ELEVEN}),
        (NETS[1], {"along": 1 / ELEVEN}),
        (NETS[1], {"across": ELEVEN}),
        (NETS[1], {"across": 1 / ELEVEN}),
        ({**NETS[1], "sigma_w": 1.5}, {}),
        # lengths far above GELU's do not stay with its biases
        (NETS[0], {"lengths": {"gelu": sp.Rational(1, 5)}}),
        # tanh at χ₁ = 1 and q = 1: lengths settle faster than inputs merge
        ({**NETS[1], "activation": "tanh"}, {"lengths": {"tanh": 1}}),
    ],
    ids=str,
)
def test_a_wrong_factor_fails(net: dict[str, Any], wrong: dict[str, Any]) -> None:
    assert judge(claim("both-factors", net, **{**FACTORS, **wrong})).verdict == "FAIL"


def test_narrow_nets_are_refused() -> None:
    with pytest.raises(InputError, match="wide nets"):
        judge(claim("both-factors", {**NETS[1], "width": 16}, **FACTORS))
