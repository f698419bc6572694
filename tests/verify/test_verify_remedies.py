"""The measures of remedies pass the truth and reject planted errors."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.symbolic.letters import n
from symgrad.theory.remedies import residual_paths as paths
from symgrad.verify import judge
from tests.verify.claims import claim

SMALL: dict[str, Any] = {"activation": "tanh", "depth": 4, "width": 2}
PATHS: dict[str, Any] = {"count": paths.COUNT, "chance": (54, 19, 35, paths.CHANCE)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": sp.binomial(n, paths.LENGTH + 1)},
        {"count": paths.COUNT + 1},
        {"chance": (54, 18, 35, paths.CHANCE)},
        {"chance": (54, 19, 35, sp.Rational(98017, 100000))},
    ],
    ids=str,
)
def test_wrong_counts_of_paths_fail(wrong: dict[str, Any]) -> None:
    assert judge(claim("path-sum", SMALL, **{**PATHS, **wrong})).verdict == "FAIL"


def test_too_many_paths_are_refused() -> None:
    with pytest.raises(InputError, match="at most 10 blocks"):
        judge(claim("path-sum", {**SMALL, "depth": 11}, **PATHS))
