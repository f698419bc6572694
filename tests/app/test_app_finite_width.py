"""The view of finite width: presets, both charts, what its sentences say, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from symgrad import verbs
from symgrad.app import finite_width as view
from symgrad.app.measured import width_sentence
from symgrad.app.presets import Preset
from symgrad.app.words import powers
from symgrad.errors import InputError
from symgrad.present import finite_width_chart as chart
from tests.app.pages import OpenView, said, sound

SMALL: dict[str, Any] = {"depth": 5, "width": 8, "seeds": 12}


@pytest.mark.slow
@pytest.mark.parametrize("preset", view.PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_view(open_view: OpenView, preset: Preset) -> None:
    app = open_view("finite-width")
    app.button(key=f"finite-width-preset-{preset.name}").click().run()
    sound(app)
    options = {"activation" if key == "units" else key: value for key, value in preset.options.items()}
    assert powers(verbs.finite_width(**options)["finding"]).split(". ")[0] in said(app)
    assert preset.why in said(app)


def test_sentences_are_made_of_the_numbers() -> None:
    document = verbs.finite_width(**SMALL)
    assert "Through 5 ReLU layers of width 8" in document["finding"]
    assert f"{document['log10_measured']['median'][-1]:.2f}" in document["finding"]
    assert f"Only {round(100 * document['above']['measured'])} %" in document["finding"]
    assert "linear layers" in verbs.finite_width("identity", **SMALL)["finding"]
    assert sum(document["histogram"]["law"]) == pytest.approx(1, abs=0.02)
    assert (
        len(document["log10_worst"]) == 5 and document["log10_worst"][-1] > document["log10_law"]["q95"][-1]
    )


@pytest.mark.parametrize("dark", [False, True])
def test_charts_hold_mean_median_and_worst_case(dark: bool) -> None:
    document = verbs.finite_width(**SMALL)
    text = str(chart.mean_and_typical(document, dark).to_dict())
    assert all(name in text for name in ("worst case", "mean, 1", "mean of those drawn", "median by the law"))
    assert "symlog" in text and document["finding"] in text
    assert "exact law" in str(chart.scatter(document, dark).to_dict())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "tanh"}, "'tanh'"),
        ({"depth": 0}, "--depth 0"),
        ({"width": 501}, "--width 501"),
        ({"seeds": 1}, "--seeds 1"),
        ({"seed": -1}, "--seed -1"),
        ({"depth": 200, "width": 500, "seeds": 2000}, "take fewer"),
    ],
)
def test_refusals_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        verbs.finite_width(**options)
    assert "\n" not in str(caught.value)


def test_the_depth_view_says_inside_outside_or_why_not() -> None:
    document = {
        "slope_band": [-0.1, 0.1],
        "slope_measured": 0.0,
        "config": {"width": 9, "seeds": 4},
        "why_no_band": None,
    }
    assert width_sentence(document).endswith("this one is inside.")
    assert "outside" in width_sentence({**document, "slope_measured": 0.2})
    without = {**document, "slope_band": None}
    assert width_sentence(without) == "" and "because" in width_sentence(
        {**without, "why_no_band": "because"}
    )
