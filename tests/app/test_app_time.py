"""The views Time and Gates: each part shows what its verb says, its address holds its controls, and a
training that is started from it lives on its own.
"""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from symgrad import verbs
from symgrad.app import counterexample, downloads, gates, latched, memory, unfolded
from symgrad.app.parts import SENTENCES
from symgrad.app.presets import Preset
from symgrad.app.running import progress_of
from symgrad.app.time import PARTS
from symgrad.app.words import powers
from symgrad.present.columns import columns_csv
from tests.app.pages import OpenView, said, sound

SETTINGS = ("slider", "number_input", "selectbox", "text_input", "toggle", "button_group")
FOLLOWS = {"depth_slider", "activation_list"}
SMALL = {"width": 5, "batch": 2, "seeds": 2, "depth": 6}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results root of this test."""
    monkeypatch.setenv("SYMGRAD_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def opens_with(app: AppTest, finding: str) -> None:
    """The page is sound and says the finding, in one piece or as its first sentence and the others."""
    sound(app)
    first, *others = SENTENCES.split(finding, maxsplit=1)
    assert powers(finding) in said(app) or {powers(f"{first}."), *map(powers, others)} <= set(said(app))


@pytest.mark.parametrize("part", list(PARTS)[1:])
def test_every_part_has_charts_that_say_what_they_show_and_controls_in_the_address(
    open_view: OpenView, part: str
) -> None:
    app = open_view("time", part=part)
    sound(app)
    charts = [chart.proto.spec for chart in app.get("vega_lite_chart")]
    assert charts
    assert all('"description"' in chart for chart in charts)
    for kind in SETTINGS:
        for control in app.get(kind):
            if control.key not in FOLLOWS:
                assert control.proto.query_param_key == control.key
                assert control.proto.help


@pytest.mark.parametrize(
    "options",
    [
        {"architecture": "rnn", "activation": "x/(1+x^2)", "weights": "identity", "sigma_w": 0.9},
        {"architecture": "lstm", "sigma_w": 1.5, "sigma_b": 0.5},
        {"architecture": "gru", "weights": "orthogonal"},
    ],
)
def test_an_address_unfolds_its_net(open_view: OpenView, options: dict[str, Any]) -> None:
    app = open_view("time", **SMALL, **options)
    asked = {key: value for key, value in unfolded.TIME_DEFAULTS.items() if key != "activation"}
    if options["architecture"] == "rnn":
        asked["activation"] = options["activation"]
    opens_with(app, verbs.simulate(**{**asked, **SMALL, **options})["finding"])


@pytest.mark.slow
@pytest.mark.parametrize("preset", unfolded.TIME_PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_unfolded_net(open_view: OpenView, preset: Preset) -> None:
    app = open_view("time", depth=9, width=4)
    app.button(key=f"time-preset-{preset.name}").click().run()
    options = dict(preset.options)
    if options["architecture"] != "rnn":
        del options["activation"]
    opens_with(app, verbs.simulate(**options)["finding"])
    assert preset.why in [caption.value for caption in app.caption]


@pytest.mark.slow
@pytest.mark.parametrize("preset", counterexample.PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_slider_of_the_false_theorem(open_view: OpenView, preset: Preset) -> None:
    app = open_view("time", part="A false theorem", departure=7)
    app.button(key=f"radius-preset-{preset.name}").click().run()
    options = preset.options
    free = {key: f"{options[key]:g}" for key in ("radius", "departure")} if options["net"] == "slider" else {}
    opens_with(app, verbs.call("spectral-radius", {"preset": options["net"], **free})["finding"])
    assert any("refuted" in text for text in said(app))


@pytest.mark.slow
@pytest.mark.parametrize("preset", latched.PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_latch(open_view: OpenView, preset: Preset) -> None:
    app = open_view("time", part="A latched bit", w=3)
    app.button(key=f"latch-preset-{preset.name}").click().run()
    asked = {key: f"{preset.options[key]:g}" for key in ("w", "noise")}
    document = verbs.call("latching", asked)
    opens_with(app, document["finding"])
    table = next(text for text in said(app) if "fixed point |" in text)
    assert table.count("\n") == 1 + len(document["fixed_points"])


def test_clipping_is_shown_on_the_nets_that_the_address_names(open_view: OpenView) -> None:
    options = {"vanishing": 0.5, "exploding": 6.0, "limit": 2.0, "value": 0.2, "steps": 12, "seed": 3}
    app = open_view("time", part="Clipping", **options)
    opens_with(app, verbs.call("clipping", options)["finding"])


@pytest.mark.slow
@pytest.mark.parametrize("preset", gates.GATES_PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_gates(open_view: OpenView, preset: Preset) -> None:
    app = open_view("gates", steps=20, width=4)
    app.button(key=f"gates-preset-{preset.name}").click().run()
    options = {**preset.options, "forget_bias": f"{preset.options['forget_bias']:g}"}
    opens_with(app, verbs.call("gates", options)["finding"])


@pytest.mark.parametrize(
    ("part", "address", "offender"),
    [
        ("Unfolded", {"depth": 10_000, "width": 100_000}, "GiB"),
        ("Unfolded", {"activation": "log(x)"}, "log(x)"),
    ],
)
def test_what_cannot_be_computed_is_one_line(
    open_view: OpenView, part: str, address: dict[str, Any], offender: str
) -> None:
    app = open_view("time", part=part, **address)
    assert not app.exception
    (line,) = [code.value for code in app.code]
    assert offender in line
    assert "\n" not in line


def test_the_stored_run_is_shown_at_once(open_view: OpenView, root: Path) -> None:
    app = open_view("time", part="A task that needs memory")
    sound(app)
    document = verbs.memory()
    assert powers(document["finding"]) in said(app)
    table = next(text for text in said(app) if "| solved |" in text)
    assert table.count("\n") == 1 + len(document["cells"])
    assert app.button(key="start")
    assert not root.exists()


def test_a_training_is_started_cancelled_and_found_again(
    open_view: OpenView, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from symgrad.runs.memory import PRESETS, Experiment

    monkeypatch.setitem(PRESETS, "short", Experiment(steps=(200,), updates=100_000, width=8, batch=4))
    app = open_view("time", part="A task that needs memory", name="My bits")
    app.button(key="start").click().run()
    folder = root / "my-bits"
    reached(folder, lambda state: bool(state["pid"]) and any((folder / "trainings").glob("*.json")))
    other = open_view("time", part="A task that needs memory", folder="my-bits")
    sound(other)
    other.button(key="cancel").click().run()
    reached(folder, lambda state: state["state"] == "cancelled")
    app.run()
    sound(app)
    assert app.button(key="go-on")
    app.button(key="back").click().run()
    assert app.button(key="open-my-bits")


def reached(folder: Path, there: Any) -> None:
    """Waits until the work in the folder is in such a state."""
    deadline = time.monotonic() + 60
    while not there(progress_of(memory.WORK, folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert there(progress_of(memory.WORK, folder))


def test_the_command_line_of_a_folder_is_that_of_its_own_experiment(tmp_path: Path) -> None:
    from symgrad.options import parser
    from symgrad.runs.memory import CONFIG, Experiment
    from symgrad.verbs.memory import experiment_of

    asked = Experiment(tasks=("recall",), steps=(7,), seeds=2, updates=9, width=3, rates=(0.1, 0.2), seed=4)
    (tmp_path / CONFIG).write_text(asked.text())
    given = vars(parser().parse_args(memory.command(tmp_path)))
    options = {
        key: value for key, value in given.items() if value is not None and key not in ("command", "out")
    }
    assert experiment_of(**options) == asked


def test_the_table_of_a_recurrent_net_counts_steps() -> None:
    document = verbs.simulate("tanh", architecture="rnn", depth=4, width=3, seeds=2)
    rows = csv.DictReader(io.StringIO(columns_csv(downloads.layer_columns(document)).decode()))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
