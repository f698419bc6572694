"""The view of singular values: presets, both charts, what its sentences say, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from symgrad import verbs
from symgrad.app import spectra as view
from symgrad.app.presets import Preset
from symgrad.app.words import powers
from symgrad.present import charts
from symgrad.present import spectrum_chart as chart
from tests.app.pages import OpenView, said, sound

SMALL: dict[str, Any] = {"depth": 4, "width": 24, "seeds": 4}


@pytest.fixture(scope="module")
def together() -> dict[str, Any]:
    """Linear and ReLU nets side by side, as the view has them."""
    nets = [
        verbs.spectrum(activation, weights=law, **SMALL)
        for activation in ("identity", "relu")
        for law in ("orthogonal", "gaussian")
    ]
    return {"nets": nets, "finding": nets[0]["finding"]}


def test_four_nets_stand_side_by_side(open_view: OpenView) -> None:
    app = open_view("spectrum", activation="silu", q=20.0, **SMALL)
    sound(app)
    shown = " ".join(element.value for element in app.caption)
    for name in ("silu, orthogonal", "silu, Gaussian", "relu, orthogonal", "relu, Gaussian"):
        assert name in shown


def test_relu_stands_beside_tanh(open_view: OpenView) -> None:
    app = open_view("spectrum", activation="relu", **SMALL)
    sound(app)
    assert "tanh, orthogonal" in " ".join(element.value for element in app.caption)


def test_a_length_without_a_critical_net_is_refused(open_view: OpenView) -> None:
    app = open_view("spectrum", activation="softplus", q=0.5, **SMALL)
    assert not app.exception
    assert any("no critical net" in element.value and "q = 0.5" in element.value for element in app.code)


@pytest.mark.slow
@pytest.mark.parametrize("preset", view.PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_view(open_view: OpenView, preset: Preset) -> None:
    app = open_view("spectrum")
    app.button(key=f"spectrum-preset-{preset.name}").click().run()
    sound(app)
    document = verbs.spectrum(weights="orthogonal", **preset.options)
    assert powers(document["finding"]).split(". ")[0] in " ".join(said(app))
    assert preset.why in said(app) or preset.why in [element.value for element in app.caption]


@pytest.mark.parametrize("dark", [False, True])
def test_charts_hold_measured_and_predicted(together: dict[str, Any], dark: bool) -> None:
    text = str(chart.sorted_values(together, dark).to_dict())
    names = ("linear, orthogonal", "linear, Gaussian: predicted", "relu, Gaussian", "edge, infinite width")
    assert all(name in text for name in names)
    assert together["finding"] in text
    spread = chart.spread(together, dark).to_dict()
    assert all(kind in str(spread) for kind in chart.KINDS)
    assert "all singular values are equal" in spread["description"]


def test_one_spectrum_is_a_picture_too(together: dict[str, Any]) -> None:
    single = {"verb": "spectrum", **together["nets"][3]}
    assert charts.save(charts.picture(single), "svg").startswith(b"<svg")


def test_exact_zeros_leave_no_point(together: dict[str, Any]) -> None:
    relu = together["nets"][2]
    zeros = [value for row in relu["log10_values"] for value in row].count(None)
    assert zeros == round(relu["zero_share"] * 4 * 24) > 0
    assert relu["log10_sorted"]["median"][-1] is None


def test_nothing_passes_is_said() -> None:
    document = verbs.spectrum("tanh", sigma_w=0.0, **SMALL)
    assert "Nothing passes" in document["finding"]
    assert "nothing passes" in chart.spread(document).to_dict()["description"]
    chart.sorted_values(document).to_dict()
