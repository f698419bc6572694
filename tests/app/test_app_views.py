"""Every view of the table, without a browser: it shows what the verbs say; its address holds its controls."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from typing import Any

import pytest

import dev
from symgrad import verbs
from symgrad.app import argument, atlas, audit, downloads, grid, presets, unfolded, views
from symgrad.app.parts import SENTENCES
from symgrad.app.time import PARTS
from symgrad.app.words import escaped, powers, scales
from symgrad.present.columns import columns_csv
from symgrad.theory.activations import CORE
from symgrad.theory.registry import DERIVATIONS
from tests.app.pages import OpenView, said, sound

KEYS = [view.key for view in views.VIEWS]
SETTINGS = ("slider", "number_input", "selectbox", "text_input", "toggle", "button_group")
FOLLOWS = {"depth_slider", "activation_list"}  # show another control's value


def finding(**options: Any) -> str:
    return powers(verbs.simulate(**{**presets.DEPTH_DEFAULTS, **options})["finding"])


def unfolded_finding() -> str:
    return powers(verbs.simulate(**unfolded.TIME_DEFAULTS)["finding"])


def first_sentence(text: str) -> str:
    return powers(f"{SENTENCES.split(text, maxsplit=1)[0]}.")


def first_sweep() -> str:
    """The finding of the grid that the Sweep view opens with."""
    chosen = grid.GRID_DEFAULTS
    low, high = chosen["sigma_range"]
    axes = {
        "activation": chosen["phis"],
        "sigma_w": grid.spaced(low, high, chosen["sigma_count"]),
    }
    text = grid.toml({key: chosen[key] for key in ("batch", "seeds", "weights", "seed")}, axes)
    return powers(verbs.sweep_preview(text)["finding"]).replace(r"σ\_w", r"$\sigma_w$")


def the_sentence_each_view_opens_with() -> dict[str, str]:
    return {
        "start": finding(),
        "activation": verbs.bound("sigmoid")["sentence"],
        "atlas": atlas.sentence(verbs.atlas()["rows"]),
        "depth": finding(),
        "finite-width": first_sentence(verbs.finite_width()["finding"]),
        "spectrum": first_sentence(verbs.spectrum(q=0.02, weights="orthogonal")["finding"]),
        "phase": scales(verbs.phase()["finding"]),
        "time": unfolded_finding(),
        "gates": first_sentence(verbs.gates()["finding"]),
        "training": powers(verbs.compare()["finding"]),
        "sweep": first_sweep(),
        "audit": audit.SUMMARY,
        "advise": first_sentence(verbs.advise()["finding"]),
        "library": f"{len(DERIVATIONS)} derivations: each step checked by the machine, each conclusion "
        "measured on concrete nets.",
    }


@pytest.mark.parametrize("key", KEYS)
def test_a_view_opens_with_its_finding(open_view: OpenView, key: str) -> None:
    app = open_view(key)
    sound(app)
    assert the_sentence_each_view_opens_with()[key] in said(app)


@pytest.mark.parametrize(
    "key",
    [
        "start",
        "activation",
        "depth",
        "phase",
        "finite-width",
        "spectrum",
        "time",
        "gates",
        "training",
        "sweep",
    ],
)
def test_charts_say_what_they_show(open_view: OpenView, key: str) -> None:
    charts = [chart.proto for chart in open_view(key).get("vega_lite_chart")]
    assert charts
    for chart in charts:
        assert len(json.loads(chart.spec)["description"].split()) > 3


@pytest.mark.parametrize("key", KEYS)
def test_the_address_holds_every_control(open_view: OpenView, key: str) -> None:
    app = open_view(key)
    for kind in SETTINGS:
        for control in app.get(kind):
            assert control.key
            if control.key not in FOLLOWS:
                assert control.proto.query_param_key == control.key
                assert control.proto.help


def test_an_address_sets_the_depth_view(open_view: OpenView) -> None:
    options = {
        "activation": "tanh",
        "depth": 7,
        "width": 9,
        "batch": 3,
        "seeds": 5,
        "sigma_w": 1.35,
        "sigma_b": 0.15,
        "weights": "orthogonal",
        "seed": 11,
    }
    assert set(options) == set(presets.DEPTH_DEFAULTS)
    app = open_view("depth", **options)
    sound(app)
    assert finding(**options) in said(app)
    assert app.slider(key="depth_slider").value == 7


def test_a_parameter_of_an_activation_is_part_of_the_address(open_view: OpenView) -> None:
    app = open_view("activation", activation="leaky_relu", leaky_relu_a="1/5")
    sound(app)
    assert verbs.bound("leaky_relu", {"a": "1/5"})["sentence"] in said(app)


@pytest.mark.parametrize("preset", presets.DEPTH_PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_depth_view(open_view: OpenView, preset: presets.Preset) -> None:
    app = open_view("depth", width=5, depth=3, activation="softsign")
    app.button(key=f"depth-preset-{preset.name}").click().run()
    sound(app)
    assert finding(**preset.options) in said(app)
    assert escaped(preset.why) in [escaped(caption.value) for caption in app.caption]


@pytest.mark.parametrize("preset", presets.ACTIVATION_PRESETS, ids=lambda preset: preset.name)
def test_a_preset_sets_the_activation_view(open_view: OpenView, preset: presets.Preset) -> None:
    app = open_view("activation", activation="softsign")
    app.button(key=f"activation-preset-{preset.name}").click().run()
    sound(app)
    assert verbs.bound(preset.options["activation"])["sentence"] in said(app)


def test_the_slider_moves_the_depth_and_follows_it(open_view: OpenView) -> None:
    app = open_view("depth", width=4, seeds=2, batch=2)
    app.slider(key="depth_slider").set_value(12).run()
    assert app.number_input(key="depth").value == 12
    app.number_input(key="depth").set_value(600).run()
    assert app.slider(key="depth_slider").value == 500
    sound(app)
    assert finding(width=4, seeds=2, batch=2, depth=600) in said(app)


@pytest.mark.parametrize("name", CORE)
def test_every_activation_has_its_page(open_view: OpenView, name: str) -> None:
    app = open_view("activation", activation=name)
    sound(app)
    bound = verbs.bound(name)
    assert bound["sentence"] in said(app)
    table = next(text for text in said(app) if "| 30 digits |" in text)
    for key in ("inf", "sup", "lipschitz"):
        assert escaped(bound[key]["decimal"]) in table
    shown = {element.value for element in app.latex}
    for step in [*verbs.derive(name)["steps"], *bound["steps"]]:
        assert step["latex"] in {formula.strip("$\n ") for formula in shown}


FIRST_OF_SUBJECT = {DERIVATIONS[key].subject: key for key in reversed(DERIVATIONS)}.values()
"""Pages that the fast set opens; what stands on every page is compared in tests/present."""


@pytest.mark.parametrize(
    "key",
    [pytest.param(key, marks=() if key in FIRST_OF_SUBJECT else pytest.mark.slow) for key in DERIVATIONS],
)
def test_every_derivation_is_a_page_of_the_library(open_view: OpenView, key: str) -> None:
    app = open_view("library", derivation=key)
    sound(app)
    page = verbs.show(key)
    assert page["summary"] in said(app)
    shown = {element.value.strip("$\n ") for element in app.latex}
    assert {step["latex"] for step in page["steps"]} | {page["conclusion"]["latex"]} <= shown


def test_a_derivation_is_opened_from_the_list_and_left_again(open_view: OpenView) -> None:
    app = open_view("library")
    app.button(key="open-norm-bound").click().run()
    sound(app)
    assert verbs.show("norm-bound")["summary"] in said(app)
    app.button(key="back").click().run()
    assert the_sentence_each_view_opens_with()["library"] in said(app)


def test_measure_now_gives_the_verdicts(open_view: OpenView) -> None:
    app = open_view("library", derivation="update-rule")
    app.button(key="measure-update-rule").click().run()
    sound(app)
    (claim,) = verbs.verify(["update-rule"])["claims"]
    (shown,) = [text for text in said(app) if claim["verdict"] in text]
    assert escaped(claim["evidence"]) in shown


def test_too_much_memory_is_said_on_one_line_and_nothing_is_lost(open_view: OpenView) -> None:
    app = open_view("depth", activation="tanh", depth=40, width=1_000_000)
    assert [element.value for element in [*app.exception, *app.error]] == []
    (line,) = [code.value for code in app.code]
    assert "\n" not in line
    assert "width 1000000" in line
    assert "4 GiB" in line
    assert app.text_input(key="activation").value == "tanh"
    app.number_input(key="width").set_value(8).run()
    sound(app)
    assert finding(activation="tanh", depth=40, width=8) in said(app)


@pytest.mark.parametrize("typed", ["none", "1e9", "[a](https://x.example)", "0/0", "-1"])
def test_a_parameter_that_is_no_number_is_shown_as_typed(open_view: OpenView, typed: str) -> None:
    app = open_view("activation", activation="leaky_relu", leaky_relu_a=typed)
    assert [element.value for element in [*app.exception, *app.error]] == []
    (line,) = [code.value for code in app.code]
    assert typed in line
    assert not any(typed in text for text in said(app))


def test_an_unknown_derivation_in_the_address_is_the_list(open_view: OpenView) -> None:
    app = open_view("library", derivation="no-such-key")
    sound(app)
    assert the_sentence_each_view_opens_with()["library"] in said(app)


def test_in_projector_mode_the_controls_are_folded_and_still_work(open_view: OpenView) -> None:
    app = open_view("depth", projector="true", depth=9)
    sound(app)
    assert [expander.label for expander in app.expander] == ["Controls"]
    assert finding(depth=9) in said(app)


def test_the_argument_names_derivations_and_views_that_exist() -> None:
    assert len(argument.ARGUMENT) == 7
    links = [link for point in argument.ARGUMENT for link in point.links]
    links += [link for remedy in argument.REMEDIES for link in remedy.links]
    for link in links:
        assert link.view in KEYS
        allowed = {
            "depth": set(presets.DEPTH_DEFAULTS),
            "activation": {"activation"},
            "library": {"derivation"},
            "time": {"part"},
            "gates": set(),
        }[link.view]
        assert set(link.options) == allowed or (link.view == "time" and not link.options)
        assert link.options.get("part", next(iter(PARTS))) in PARTS
        assert link.options.get("derivation", "update-rule") in DERIVATIONS
        assert link.options.get("activation", "tanh") in CORE


def test_the_table_of_a_net_holds_its_document() -> None:
    document = verbs.simulate("relu", depth=5, width=3, seeds=4, sigma_w=1.4)
    rows = list(csv.DictReader(io.StringIO(columns_csv(downloads.layer_columns(document)).decode())))
    assert [int(row["layer"]) for row in rows] == document["depth"]
    for name in ("median", "q05", "q95"):
        cells = [row[f"log10_gradient_{name}"] for row in rows]
        assert [float(cell) if cell else None for cell in cells] == document["log10_gradient"][name]
    assert [float(row["log10_bound"]) for row in rows] == document["log10_bound"]


def test_the_app_itself_loads_no_sympy() -> None:
    program = "import sys, symgrad.app; sys.exit('sympy' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=dev.ROOT, timeout=60, check=False).returncode == 0
    )
