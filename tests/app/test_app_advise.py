"""The Advise view: it shows the document of the verb, its address holds its controls, its code can be had."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from symgrad import verbs
from symgrad.app import advise
from symgrad.app.words import escaped
from symgrad.present.advice_chart import ratio_by_scheme
from tests.app.pages import OpenView, said, sound
from tests.browser import OpenPage, settled

SMALL: dict[str, Any] = {"depth": 6, "width": 16, "batch": 2, "seeds": 3}


def test_the_table_holds_the_document(open_view: OpenView) -> None:
    app = open_view("advise", activation="gelu", **SMALL)
    sound(app)
    document = verbs.advise("gelu", **SMALL)
    (table,) = (text for text in said(app) if text.startswith("| initialisation"))
    lines = table.splitlines()[2:]
    assert len(lines) == len(document["schemes"])
    for line, row in zip(lines, document["schemes"], strict=True):
        assert escaped(row["name"]) in line
        assert ("★" in line) == (row["name"] == document["recommended"])
        for key in ("predicted_log10_ratio", "measured_log10_ratio", "log10_signal"):
            assert advise.figures(row[key]) in line
    told = [caption.value for caption in app.caption]
    for row in document["schemes"]:
        assert row["why"] is None or any(escaped(row["why"]) in text for text in told)
    assert [block.value.strip() for block in app.code][:3] == [
        text.strip() for text in document["code"].values()
    ]


def test_the_code_of_another_scheme(open_view: OpenView) -> None:
    app = open_view("advise", scheme="He normal or uniform", **SMALL)
    sound(app)
    codes = verbs.advise("tanh", **SMALL)["codes"]["he"]
    assert [block.value.strip() for block in app.code][:3] == [text.strip() for text in codes.values()]


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ({"activation": "log(x)"}, "defined on"),
        ({"width": 1_000_000}, "GiB"),
        ({"activation": "nope"}, "nope"),
    ],
)
def test_what_cannot_be_advised_is_said(open_view: OpenView, address: dict[str, Any], word: str) -> None:
    app = open_view("advise", **{**SMALL, **address})
    assert [element.value for element in [*app.exception, *app.error]] == []
    assert any(word in block.value for block in app.code)


@pytest.mark.slow
def test_every_preset_is_answered() -> None:
    for preset in advise.ADVICE_PRESETS:
        assert set(preset.options) == set(advise.ADVICE_DEFAULTS)
        assert verbs.advise(**{**preset.options, **SMALL})["recommended"]


@pytest.mark.parametrize("name", ["tanh", "gelu", "exp(x^2)"])
def test_the_chart_draws_what_is_known(name: str) -> None:
    document = verbs.advise(name, **SMALL)
    specification = ratio_by_scheme(document).to_dict()
    assert specification["description"] == document["finding"]
    drawn = json.dumps(specification, allow_nan=False)
    for row in document["schemes"]:
        shown = json.dumps(row["name"])[1:-1]
        assert (shown in drawn) == (row["predicted_log10_ratio"] is not None or shown in document["finding"])


def test_a_preset_and_another_scheme_stand_in_the_address(open_page: OpenPage) -> None:
    page = open_page("/advise?depth=6&width=16&seeds=3")
    before = page.locator(".st-key-finding").inner_text()
    with settled(page):
        page.get_by_role("button", name="SELU, narrow").click()
    assert page.locator(".st-key-finding").inner_text() != before
    assert parse_qs(urlsplit(page.url).query) == {"activation": ["selu"], "width": ["32"]}
    with page.expect_download() as download:
        page.get_by_role("button", name="Data CSV", exact=True).click()
    text = download.value.path().read_text("utf-8")
    assert text.startswith("name,weights,sigma_w2,sigma_b2,predicted_log10_ratio,band_low,band_high,")
    assert len(text.splitlines()) == 1 + len(verbs.advise("selu", **SMALL)["schemes"])
