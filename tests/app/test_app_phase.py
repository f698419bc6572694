"""The phase diagram: its document, its chart, two inputs through concrete nets, the view."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from symgrad import verbs
from symgrad.app import phase as view
from symgrad.app.presets import Preset
from symgrad.errors import InputError
from symgrad.numeric import Net, expectation, sample
from symgrad.numeric.feedforward.correlation import correlations
from symgrad.present import phase_chart
from symgrad.theory.activations import ACTIVATIONS, kernel
from tests.app.pages import OpenView, said, sound


@pytest.mark.parametrize("name", ["tanh", "gelu", "relu"])
def test_the_plane_holds_numbers_or_a_reason(name: str) -> None:
    document = verbs.phase(name)
    json.dumps(document, allow_nan=False)
    for row, reasons in zip(document["ln_chi1"], document["reason"], strict=True):
        assert all((value is None) == (reason != 0) for value, reason in zip(row, reasons, strict=True))
    functions = kernel(ACTIVATIONS[name])
    line = document["line"]
    for at in range(0, len(line["q"]), 50):
        slope = float(expectation(lambda x: functions.slope(x) ** 2, line["q"][at], functions.kinks))
        second = float(expectation(lambda x: functions.value(x) ** 2, line["q"][at], functions.kinks))
        assert line["sigma_w2"][at] * slope == pytest.approx(1, rel=1e-9)
        length = line["sigma_w2"][at] * second + line["sigma_b2"][at]
        assert length == pytest.approx(line["q"][at], rel=1e-9)
    assert (name == "relu") == (not line["q"])
    for dark in (False, True):
        drawn = phase_chart.plane(document, dark).to_dict()
        text = json.dumps(phase_chart.with_point(drawn, dark), allow_nan=False)
        assert "NaN" not in text and document["finding"] in drawn["description"]


def test_lines_of_equal_reach_lie_where_six_scales_make_the_depth() -> None:
    document = verbs.phase("tanh")
    for reach in document["reach"]:
        for sigma_w2, sigma_b2 in reach["ordered"][::15]:
            found = verbs.mean_field("tanh", None, f"{sigma_w2:.9f}", f"{sigma_b2:.9f}")
            assert 6 * float(found["xi_c"]["decimal"]) == pytest.approx(reach["depth"], rel=0.1)


def test_two_inputs_through_a_net_against_a_plain_loop() -> None:
    net = Net(depth=6, width=20, batch=3, seeds=2, sigma_w=1.4, sigma_b=0.3)
    found = correlations(net, kernel(ACTIVATIONS["tanh"]), 0.25)
    draw = sample(Net(depth=6, width=20, batch=6, seeds=2, sigma_w=1.4, sigma_b=0.3), range(2), norms=False)
    assert draw.biases is not None
    for seed in range(2):
        x, y = draw.inputs[seed][:3], draw.inputs[seed][3:]
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        y = y - np.sum(x * y, axis=1, keepdims=True) * x
        y = 0.25 * x + math.sqrt(1 - 0.25**2) * y / np.linalg.norm(y, axis=1, keepdims=True)
        h = [math.sqrt(20) * part for part in (x, y)]
        for layer in range(6):
            a = [1.4 * part @ draw.weights[layer][seed].T + 0.3 * draw.biases[layer][seed] for part in h]
            cosines = (
                np.sum(a[0] * a[1], axis=1) / np.linalg.norm(a[0], axis=1) / np.linalg.norm(a[1], axis=1)
            )
            assert found[seed, layer] == pytest.approx(cosines.mean(), rel=1e-12)
            h = [np.tanh(part) for part in a]


def test_the_map_predicts_wide_nets() -> None:
    document = verbs.pair("tanh", None, 1.3, 0.2, depth=8, width=512, seeds=8)
    median, predicted = document["correlation"]["median"], document["predicted"]
    assert np.abs(np.array(median) - predicted).max() < 0.05
    assert f"{predicted[-1]:.3f}" in document["text"]
    band = document["band"]
    assert all(a <= b <= c for a, b, c in zip(band["low"], band["middle"], band["high"], strict=True))
    assert (f"{band['low'][-1]:.3f}" in document["text"]) and ("is inside" in document["text"])


def test_where_fluctuations_are_not_small_no_band_is_drawn_and_the_reason_is_said() -> None:
    document = verbs.pair("gelu", None, 1.45, 0.28, depth=27, width=32, seeds=2)
    assert document["band"] is None and "not small" in document["why_no_band"]
    assert "not known here" in document["text"]
    text = json.dumps(phase_chart.correlation_by_layer(document).to_dict(), allow_nan=False)
    assert "99 % band" not in text


def test_two_inputs_that_are_one_stay_one() -> None:
    band = verbs.pair("relu", None, 1.4, 0.1, depth=5, width=16, seeds=3, start=1.0)["band"]
    assert all(value == 1 for part in band.values() for value in part)


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        (verbs.phase, {"activation": "log(x)"}),
        (verbs.phase, {"most_sigma_w2": -1.0}),
        (verbs.pair, {"depth": 0}),
        (verbs.pair, {"start": 2.0}),
        (verbs.pair, {"sigma_w": math.nan}),
    ],
)
def test_refusals_are_one_line(verb: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        verb(**options)
    assert "\n" not in str(refused.value)


def test_the_view_shows_the_net_at_the_point(open_view: OpenView) -> None:
    app = open_view("phase", sigma_w2=3.0, depth=5, width=16, seeds=2)
    sound(app)
    assert any("chaotic" in text for text in said(app))
    assert len(app.get("vega_lite_chart")) == 3


@pytest.mark.slow
@pytest.mark.parametrize("preset", view.PHASE_PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_view(open_view: OpenView, preset: Preset) -> None:
    app = open_view("phase")
    app.button(key=f"phase-preset-{preset.name}").click().run()
    sound(app)
    assert preset.why in [caption.value for caption in app.caption]
