"""The document of `gates`: its numbers fit together, extreme biases included, and bad input gets one line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.verbs import call

SMALL: dict[str, Any] = {"steps": 12, "width": 4, "batch": 2, "seeds": 2}


def asked(**arguments: Any) -> dict[str, Any]:
    return call("gates", {**SMALL, **arguments})


@pytest.mark.parametrize("bias", ["1", "5", "-2.5", "1/3", "50", "-50"])
def test_numbers_fit_together(bias: str) -> None:
    found = asked(forget_bias=bias)
    number = found["config"]["forget_bias"]
    left = np.arange(11, -1, -1)
    constant = np.array(found["log10_product_of_f"]["constant"])
    np.testing.assert_allclose(constant, -left * np.logaddexp(0, -number) / math.log(10), rtol=1e-12)
    life, time = (float(found[key]["decimal"]) for key in ("half_life", "characteristic_time"))
    assert life == pytest.approx(math.log(2) / math.log1p(math.exp(-number)), rel=1e-12)
    assert time == pytest.approx(1 + math.exp(number), rel=1e-12)
    assert float(found["bias_for_steps"]["decimal"]) == pytest.approx(-math.log(2 ** (1 / 12) - 1))
    assert (found["violations"], found["verdict"]) == (0, "PASS")
    series = {one["name"]: one for one in found["series"]}
    assert found["full"] == series["LSTM"]["log10_gradient"]
    assert {one["of"] for one in series.values()} == {"c_t", "h_t"}
    for logs in (found["full"], found["truncated"], *(one["log10_gradient"] for one in series.values())):
        assert len(logs["median"]) == 12
        assert all(low <= high for low, high in zip(logs["q05"], logs["q95"], strict=True))
    # at the last step there is no path but the cell's own
    assert found["full"]["median"][-1] == pytest.approx(found["truncated"]["median"][-1], abs=1e-9)
    assert all(full <= bound for full, bound in zip(found["full"]["q95"], found["log10_bound"], strict=True))
    assert "\n" not in found["finding"]
    assert f"forget bias of {bias} " in found["finding"]


def test_wide_open_gates_leave_the_truncated_gradient_alone() -> None:
    """With σ_w = 0 there are no weights to go through: truncated and whole gradient are one."""
    found = asked(sigma_w=0.0)
    assert found["truncation"]["relative_difference"] == pytest.approx(0, abs=1e-7)
    assert found["truncation"]["cosine"] == pytest.approx(1)
    np.testing.assert_allclose(found["full"]["median"], found["truncated"]["median"], atol=1e-9)


def test_it_is_the_same_again_and_another_seed_is_not() -> None:
    assert asked() == asked()
    assert asked()["full"] != asked(seed=1)["full"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"forget_bias": "1e9"}, "forget bias 1e9: legal are numbers from -50 to 50"),
        ({"forget_bias": "1000000000"}, "forget bias 1000000000: legal are numbers from -50 to 50"),
        ({"forget_bias": "-50.5"}, "forget bias -101/2: legal are numbers from -50 to 50"),
        ({"forget_bias": "nan"}, "forget bias nan: legal"),
        ({"forget_bias": "--1"}, "forget bias --1: legal"),
        ({"steps": 0}, "steps 0: legal are whole numbers from 3 to 2000"),
        ({"steps": 10.5}, "steps 10.5: legal are whole numbers"),
        ({"width": 257}, "width 257: legal are whole numbers from 1 to 256"),
        ({"seed": -1}, "seed -1: legal are whole numbers from 0"),
        ({"sigma_w": math.nan}, "sigma_w = nan: legal are finite numbers"),
        ({"steps": 2000, "width": 256, "batch": 16, "seeds": 16}, "legal are at most"),
    ],
)
def test_bad_input_gets_one_line(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as refusal:
        asked(**arguments)
    assert str(refusal.value).startswith(words) or words in str(refusal.value)
    assert "\n" not in str(refusal.value)
