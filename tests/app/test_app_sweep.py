"""The Sweep view: what is composed is what is measured; a sweep started from it lives on its own."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from symgrad import verbs
from symgrad.app import grid, sweep
from symgrad.app.running import progress_of
from symgrad.app.words import powers
from symgrad.errors import InputError
from symgrad.runs import sweeps
from tests import long_sweep
from tests.app.pages import OpenView, said, sound

SMALL = {
    "phis": "tanh",
    "sigma_range": [0.5, 2.0],
    "sigma_count": 3,
    "depths": "4",
    "widths": "5",
    "seeds": 2,
}
TEXT = """
[fixed]
depth = 3
width = 4
seeds = 2
[grid]
activation = ["tanh", "log(x)"]
sigma_w = [1.0, 2.0]
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results root of this test."""
    monkeypatch.setenv("SYMGRAD_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def shown(finding: str) -> str:
    return powers(finding).replace(r"σ\_w", r"$\sigma_w$")


def until(app: AppTest, folder: Path, state: str) -> None:
    """Looks at the page until the sweep of the folder is in that state."""
    deadline = time.monotonic() + 60
    while progress_of(sweep.WORK, folder)["state"] != state and time.monotonic() < deadline:
        time.sleep(0.1)
    app.run()
    assert progress_of(sweep.WORK, folder)["state"] == state


def test_the_widgets_say_what_they_stand_for() -> None:
    fixed = {"weights": "gaussian"}
    axes: dict[str, list[Any]] = {"sigma_w": [0.5, 1.0], "depth": [3], "activation": ['a"b\\c', "x"]}
    assert tomllib.loads(grid.toml(fixed, axes)) == {
        "fixed": {"depth": 3, "weights": "gaussian"},
        "grid": {"sigma_w": [0.5, 1.0], "activation": ['a"b\\c', "x"]},
    }
    assert grid.spaced(0.5, 2.0, 4) == [0.5, 1.0, 1.5, 2.0]
    assert grid.spaced(0.5, 2.0, 1) == grid.spaced(0.5, 0.5, 9) == [0.5]
    assert grid.listed("Layers", " 10, 30;100 ", int) == [10, 30, 100]
    with pytest.raises(InputError, match=r"Layers: 'ten' .*whole numbers"):
        grid.listed("Layers", "ten", int)


@pytest.mark.parametrize("preset", grid.GRID_PRESETS, ids=lambda preset: preset.name)
def test_every_example_is_a_grid_that_can_be_run(preset: Any) -> None:
    options = preset.options
    low, high = options["sigma_range"]
    axes = {
        "activation": options["phis"],
        "sigma_w": grid.spaced(low, high, options["sigma_count"]),
        **{option: grid.listed(key, options[key], kind) for key, option, _, kind, _ in grid.LISTS},
    }
    plan = verbs.sweep_plan(
        grid.toml({key: options[key] for key in ("batch", "seeds", "weights", "seed")}, axes)
    )
    assert 2 <= plan["points"] < 1000
    assert plan["seconds"] < 60


def test_a_small_grid_is_drawn_at_once(open_view: OpenView, root: Path) -> None:
    app = open_view("sweep", **{key: value for key, value in SMALL.items() if key != "sigma_range"})
    sound(app)
    text = grid.toml(
        {"batch": 16, "seeds": 2, "weights": "gaussian", "seed": 0},
        {
            "activation": ["tanh"],
            "sigma_w": grid.spaced(0.5, 3.0, 3),
            "depth": [4],
            "width": [5],
            "sigma_b": [0.0],
        },
    )
    assert shown(verbs.sweep_preview(text)["finding"]) in said(app)
    assert any("3 points, about" in caption.value for caption in app.caption)
    assert not root.exists()


@pytest.mark.parametrize(
    ("key", "typed", "offender"),
    [("depths", "ten", "'ten'"), ("widths", "0", "width"), ("biases", "nan", "sigma_b")],
)
def test_a_field_that_cannot_be_read_is_said(
    open_view: OpenView, key: str, typed: str, offender: str
) -> None:
    app = open_view("sweep", **{**SMALL, key: typed, "sigma_range": 1.0})
    assert not app.exception
    assert any(offender in code.value for code in app.code)


def test_a_grid_that_takes_long_is_not_drawn_but_said(open_view: OpenView) -> None:
    app = open_view("sweep", as_text="true", spec="[grid]\nwidth = [512, 600]\nsigma_w = [1.0, 2.0]")
    sound(app)
    assert any("too long to show at once" in text for text in said(app))
    assert not app.get("vega_lite_chart")


def test_a_sweep_is_started_kept_and_drawn(open_view: OpenView, root: Path) -> None:
    app = open_view("sweep", as_text="true", spec=TEXT, name="../My first")
    app.button(key="start").click().run()
    folder = root / "my-first"
    until(app, folder, "finished")
    sound(app)
    document = verbs.swept(folder)
    assert (document["done"], document["failed"]) == (2, 2)
    assert shown(document["finding"]) in said(app)
    assert any("finished" in text and "4 of 4 points, 2 failed" in text for text in said(app))
    (failed,) = [expander for expander in app.expander if "failed" in expander.label]
    assert "2 points failed" in failed.label
    assert "(0, oo)" in str(failed.dataframe[0].value)
    other = open_view("sweep", folder="my-first")
    sound(other)
    assert shown(document["finding"]) in said(other)
    app.button(key="back").click().run()
    assert app.button(key="open-my-first")


def test_a_sweep_is_cancelled_found_again_and_goes_on(open_view: OpenView, root: Path) -> None:
    app = open_view("sweep", as_text="true", spec=long_sweep.TEXT, name="long")
    app.button(key="start").click().run()
    folder = root / "long"
    deadline = time.monotonic() + 60
    while not progress_of(sweep.WORK, folder)["done"] and time.monotonic() < deadline:
        time.sleep(0.1)
    other = open_view("sweep", folder="long")
    sound(other)
    other.button(key="cancel").click().run()
    until(app, folder, "cancelled")
    sound(app)
    before = sweeps.status(folder).done
    assert 0 < before < long_sweep.POINTS
    app.button(key="go-on").click().run()
    deadline = time.monotonic() + 60
    while sweeps.status(folder).done <= before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sweeps.status(folder).done > before
    app.run()
    app.button(key="cancel").click().run()
    until(app, folder, "cancelled")


def test_a_folder_outside_is_not_opened(open_view: OpenView, root: Path) -> None:
    outside = root.parent / "outside"
    verbs.sweep(
        {"fixed": {"depth": 2, "width": 2, "seeds": 1}, "grid": {"sigma_w": [1.0]}}, outside, workers=1
    )
    for name in ("../outside", str(outside)):
        app = open_view("sweep", folder=name, **{key: SMALL[key] for key in ("depths", "widths", "seeds")})
        sound(app)
        assert app.button(key="start")


def test_a_damaged_folder_says_so_and_hides_no_other(open_view: OpenView, root: Path) -> None:
    for name, text in (("damaged", "[grid"), ("whole", TEXT)):
        (root / name).mkdir(parents=True)
        (root / name / "sweep.toml").write_text(text)
    app = open_view("sweep", **{key: SMALL[key] for key in ("depths", "widths", "seeds")})
    sound(app)
    assert app.button(key="open-whole")
    assert any("cannot be read" in text for text in said(app))
    app.button(key="open-damaged").click().run()
    assert not app.exception
    assert app.code
    assert app.button(key="back")


def test_a_process_that_ended_at_once_has_its_last_words_shown(open_view: OpenView, root: Path) -> None:
    folder = root / "broken"
    folder.mkdir(parents=True)
    (folder / "sweep.toml").write_text(TEXT)
    app = open_view("sweep", folder="broken")
    sound(app)
    assert "Nothing measured yet." in said(app)
    assert app.button(key="go-on")
    (folder / "log.txt").write_text("symgrad: no room [left](https://x.example)\n")
    (reasons,) = app.run().code
    assert reasons.value.splitlines()[-1] == "symgrad: no room [left](https://x.example)"
