"""A typed activation in the app: understood, drawn, proved; errors beside the field; limits said in place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from symgrad import verbs
from symgrad.app import ask, presets
from symgrad.app.answers import Answers
from symgrad.app.extrema import decimal, exact, where
from symgrad.app.words import escaped
from symgrad.errors import TimeLimitError
from symgrad.verbs.sketch import SKETCHES, sketch
from tests.app.pages import OpenView, said, sound

FAST = ("x/(1+x^2)", "x+sin(x)^2", "log(x)", "where(x < 0, x, x + 1)")


@pytest.mark.parametrize("text", FAST)
def test_a_typed_activation_is_shown_as_the_verbs_say(open_view: OpenView, text: str) -> None:
    app = open_view("activation", activation=text)
    sound(app)
    bound = verbs.bound(text)
    assert bound["sentence"] in said(app)
    table = next(words for words in said(app) if "| 30 digits |" in words)
    for end in ("inf", "sup"):
        if "oo" in bound[end]["decimal"]:
            assert r"\infty" in table
        else:
            assert escaped(bound[end]["decimal"]) in table
    understood = verbs.parse(text)["expression_latex"]
    assert any(understood in formula.value for formula in app.latex)
    assert app.selectbox(key="activation_list").value is None
    for chart in app.get("vega_lite_chart"):
        json.loads(chart.proto.spec, parse_constant=pytest.fail)


@pytest.mark.parametrize("view", ["activation", "depth"])
@pytest.mark.parametrize(
    ("text", "column"),
    [("x*foo(x)+1", 3), ("tanh(x", 5), ("x +* 3", 4), ("[a](https://x.example)", 1), ("__import__('os')", 1)],
)
def test_an_error_points_at_its_column_beside_the_field(
    open_view: OpenView, view: str, text: str, column: int
) -> None:
    app = open_view(view, activation=text)
    sound(app)
    (code,) = [block.value for block in app.code]
    line, caret, reason = code.split("\n")
    assert line == text.strip()
    assert caret == " " * (column - 1) + "^"
    assert reason.startswith(f"column {column}: ")
    assert not any(text in words for words in said(app))
    app.text_input(key="activation").set_value("tanh").run()
    sound(app)
    assert not [block for block in app.code if block.language != "latex" and "^" in block.value]


def test_the_list_sets_the_field_and_follows_it(open_view: OpenView) -> None:
    app = open_view("activation")
    names = app.selectbox(key="activation_list").options
    listing = verbs.listing()
    assert len(names) == len(listing["activations"])
    assert [name.split()[0] for name in names[: len(listing["core"])]] == listing["core"]
    app.selectbox(key="activation_list").set_value("tanh").run()
    sound(app)
    assert app.text_input(key="activation").value == "tanh"
    assert verbs.bound("tanh")["sentence"] in said(app)
    app.text_input(key="activation").set_value("x/(1+x^2)").run()
    assert app.selectbox(key="activation_list").value is None


def test_an_emptied_field_is_the_default(open_view: OpenView) -> None:
    app = open_view("activation", activation="tanh")
    app.text_input(key="activation").set_value("  ").run()
    sound(app)
    assert verbs.bound("sigmoid")["sentence"] in said(app)


def test_parameters_of_a_typed_activation_are_fields_and_in_the_address(open_view: OpenView) -> None:
    text = "1/(1+exp(-a*x))"
    app = open_view("activation", activation=text, typed_a="4")
    sound(app)
    assert app.text_input(key="typed_a").value == "4"
    assert verbs.bound(text, {"a": "4"})["sentence"] in said(app)


def test_a_typed_activation_is_simulated(open_view: OpenView) -> None:
    app = open_view("depth", activation="x/(1+x^2)", depth=4, width=5, seeds=2)
    sound(app)
    document = verbs.simulate("x/(1+x^2)", depth=4, width=5, seeds=2, batch=16)
    assert any(str(document["violations"]) in words and "PASS" in words for words in said(app))


def test_an_activation_with_a_smaller_domain_is_refused_on_one_line(open_view: OpenView) -> None:
    app = open_view("depth", activation="log(x)", depth=3, width=4)
    assert [element.value for element in [*app.exception, *app.error]] == []
    (line,) = [block.value for block in app.code]
    assert "(0, oo)" in line
    assert "\n" not in line


@pytest.mark.parametrize("preset", presets.TYPED_PRESETS, ids=lambda preset: preset.name)
def test_every_example_is_understood_and_says_why(preset: presets.Preset) -> None:
    understood = verbs.parse(preset.options["activation"])
    assert understood["slug"].startswith("typed-")
    assert preset.why.endswith(".")


class Slow:
    """A pool whose workers never answer in time, but for what is known at once."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    def call(self, verb: str, arguments: dict[str, Any], timeout: float, memory_gib: float) -> dict[str, Any]:
        self.asked.append((verb, timeout))
        if verb in SKETCHES and not (verb == "curve" and not arguments.get("ranged", True)):
            raise TimeLimitError(f"{verb}: no answer within {timeout:g} s")
        return json.loads(json.dumps(verbs.VERBS[verb].run(**arguments)))

    def close(self) -> None:
        pass


def test_what_hits_the_limit_says_so_in_place_and_the_rest_is_shown(
    open_view: OpenView, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Slow()
    slow = Answers(pool)  # type: ignore[arg-type]
    monkeypatch.setattr(ask, "answers", lambda: slow)
    monkeypatch.setenv("SYMGRAD_CACHE", "/nonexistent/none")
    app = open_view("activation", activation="x*tanh(x)")
    sound(app)
    texts = said(app)
    assert sum("Not finished" in words for words in texts) == 2
    assert any("no answer within 10 s" in block.value for block in app.code)
    table = next(words for words in texts if "| 30 digits |" in words)
    assert table.count("estimated") == 3
    known = sketch("bound", {"activation": "x*tanh(x)"}, "why")
    assert escaped(known["sup"]["decimal"]) in table
    assert len(app.get("vega_lite_chart")) == 2
    again = [button for button in app.button if button.label == "Try again for a minute"]
    again[0].click().run()
    sound(app)
    assert ("bound", 60.0) in pool.asked
    assert not [button for button in app.button if button.label == "Try again for a minute"]


@pytest.mark.parametrize("verb", list(SKETCHES))
@pytest.mark.parametrize("stage", ["samples", "derivative", "expression"])
def test_a_sketch_has_the_keys_of_the_whole_answer(verb: str, stage: str) -> None:
    whole = verbs.VERBS[verb].run(activation="silu")
    known = sketch(verb, {"activation": "silu"}, "the limit", stage)
    assert set(whole) <= set(known)
    assert known["complete"] is False
    assert known["why"] == "the limit"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("tanh(x)", 0, 1), ("x/(1+x^2)", -0.125, 1), ("max(tanh(x), x/2)", 0, 1), ("log(x)", 0, None)],
)
def test_a_sketch_finds_the_range_by_samples(text: str, low: float, high: float | None) -> None:
    known = sketch("bound", {"activation": text}, "the limit")
    assert float(known["inf"]["decimal"]) == pytest.approx(low, abs=1e-6)
    if high is not None:
        assert float(known["sup"]["decimal"]) == pytest.approx(high, abs=1e-6)
    for end in ("inf", "sup", "lipschitz"):
        assert known[end]["proof"] == "estimated"
        assert known[end]["exact"] is known[end]["lower"] is known[end]["upper"] is None
        assert "the limit" in known[end]["why"]


def test_every_kind_of_extremum_has_its_cells() -> None:
    number = {"exact": "1/4", "latex": r"\frac{1}{4}", "decimal": "0.25", "attained": True, "at": ["0"]}
    endless = {"exact": "-oo", "latex": "-oo", "decimal": "-oo", "attained": False, "at": ["x -> 0+"]}
    nothing: dict[str, Any] = {"exact": None, "latex": None, "decimal": None, "attained": None, "at": []}
    cells = [
        [f({**kind, "proof": proof}) for f in (exact, decimal, where)]
        for kind, proof in ((number, "exact"), (endless, "certified"), (nothing, "estimated"))
    ]
    assert cells[0] == [r"$\frac{1}{4}$", r"0\.25", "attained at 0"]
    assert cells[1] == [r"$-\infty$", "", "approached as x → 0⁺"]
    assert cells[2] == ["not known", "", ""]
