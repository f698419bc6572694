"""The measures of remedies pass the truth and reject planted errors."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.symbolic.letters import n
from symgrad.theory.remedies import batch_norm_growth as batch
from symgrad.theory.remedies import residual_paths as paths
from symgrad.theory.remedies import residual_scaling as scaling
from symgrad.theory.remedies.more_compute import more_compute
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


@pytest.mark.parametrize(
    "wrong", [(1 + scaling.ALPHA) ** n, scaling.GROWTH ** sp.Rational(11, 10), sp.S.One], ids=str
)
def test_a_wrong_growth_of_blocks_fails(wrong: sp.Expr) -> None:
    net = {"activation": "relu", "block": "residual", "depth": 12, "width": 128, "batch": 16, "scale": 0.8}
    assert judge(claim("block-growth", net, growth=wrong)).verdict == "FAIL"


@pytest.mark.parametrize("wrong", [sp.S.One, 1 / n, scaling.FIXUP ** sp.Rational(11, 10)], ids=str)
def test_a_wrong_scale_moves_deep_nets_otherwise(wrong: sp.Expr) -> None:
    assert judge(claim("first-step", scaling.STEPPED[0], scale=wrong)).verdict == "FAIL"


def test_blocks_that_are_not_known_are_refused() -> None:
    with pytest.raises(InputError, match="legal: activation"):
        judge(claim("block-growth", {"activation": "relu", "block": "dense"}, growth=scaling.GROWTH))


@pytest.mark.parametrize(
    "wrong", [sp.S.One, (sp.pi / 2) ** n, batch.RELU ** (n - 4), (batch.SLOPES / batch.SQUARES) ** n], ids=str
)
def test_a_wrong_growth_under_batch_norm_fails(wrong: sp.Expr) -> None:
    assert judge(claim("block-growth", batch.NETS[0], growth=wrong)).verdict == "FAIL"


STEPS = dict(more_compute().claims[0].expects)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": STEPS["output"]},
        {"output": STEPS["weight"]},
        {"weight": STEPS["weight"] + n},
        {"factor": sp.Rational(1, 2), "weight": sp.S(4) ** n},
    ],
    ids=str,
)
def test_steps_that_are_not_needed_are_refused(wrong: dict[str, Any]) -> None:
    assert judge(claim("steps-needed", **STEPS)).passed
    assert judge(claim("steps-needed", **{**STEPS, "factor": sp.Rational(1, 8)})).passed
    assert judge(claim("steps-needed", **{**STEPS, **wrong})).verdict == "FAIL"


def test_steps_are_counted_for_powers_of_one_half() -> None:
    with pytest.raises(InputError, match="none of 1/2"):
        judge(claim("steps-needed", **{**STEPS, "factor": sp.Rational(1, 3)}))
