"""The Atlas view: the stored rows, narrowed by family and words; a row opens the Activation view."""

from __future__ import annotations

import csv
import io
import math
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from symgrad import verbs
from symgrad.app import atlas
from tests.browser import OpenPage, settled

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROWS = verbs.call("atlas", {})["rows"]


def test_the_finding_counts_the_rows() -> None:
    magnifying = [row["name"] for row in ROWS if atlas.largest(row) > 1]
    endless = [row["name"] for row in ROWS if row["lipschitz"]["decimal"] == "oo"]
    said = atlas.sentence(ROWS)
    assert {"gelu", "silu", "mish", "hard_swish", "selu"} <= set(magnifying)
    assert {"relu", "tanh", "sigmoid"}.isdisjoint(magnifying)
    assert {"square", "exponential"} <= set(endless)
    assert said.startswith(f"**{len(magnifying)}** of {len(ROWS)} activations")
    assert f"**{len(endless)}** of them" in said


def test_every_cell_is_of_its_row() -> None:
    for row in ROWS:
        shown = atlas.cells(row)
        assert shown["activation"] == row["name"]
        assert shown["sup φ′"] == float(row["sup"]["decimal"].replace("oo", "inf"))
        steepest = math.inf if "jump" in row["smoothness"] else max(-shown["inf φ′"], shown["sup φ′"])
        assert shown["sup |φ′|"] == pytest.approx(steepest, rel=1e-9)


def test_words_are_looked_for_everywhere() -> None:
    def found(words: str) -> set[str]:
        return {row["name"] for row in ROWS if all(w in atlas.text_of(row) for w in words.lower().split())}

    assert "hard_swish" in found("torch.nn Hardswish")
    assert found("gompertz") == {"golu"}
    assert "tanh" not in found("analytic even")
    assert found("no such words") == set()


def test_a_file_holds_the_rows_chosen() -> None:
    chosen = [row for row in ROWS if row["family"] == "bump"]
    table = list(csv.DictReader(io.StringIO(atlas.content("csv", chosen).decode())))
    assert [line["name"] for line in table] == [row["name"] for row in chosen]


def test_the_rows_are_read_at_once() -> None:
    """Nothing is worked out, so the view does not wait for a worker."""
    atlas.stored_rows.clear()
    begun = time.process_time()
    shown = [atlas.cells(row) for row in atlas.stored_rows()]
    assert len(shown) == len(ROWS)
    assert time.process_time() - begun < 0.5


def test_a_family_and_words_narrow_the_table(open_page: OpenPage) -> None:
    page = open_page("/atlas?family=bump")
    size = sum(row["family"] == "bump" for row in ROWS)
    assert f"{size} of {len(ROWS)} activations" in page.inner_text("body")
    with settled(page):
        page.get_by_role("textbox", name="Search").fill("wavelet")
        page.get_by_role("textbox", name="Search").press("Enter")
    assert parse_qs(urlsplit(page.url).query) == {"family": ["bump"], "words": ["wavelet"]}
    assert f"3 of {len(ROWS)} activations" in page.inner_text("body")


def test_a_criticality_class_narrows_the_table(open_page: OpenPage) -> None:
    page = open_page("/atlas?criticality=half-stable")
    size = sum(row["criticality"]["kind"] == "half-stable" for row in ROWS)
    assert 0 < size < len(ROWS)
    assert f"{size} of {len(ROWS)} activations" in page.inner_text("body")


def test_each_class_has_its_figures() -> None:
    gelu, relu, softplus = (
        next(atlas.cells(row) for row in ROWS if row["name"] == name) for name in ("gelu", "relu", "softplus")
    )
    assert gelu["criticality"] == "half-stable"
    assert gelu["critical q"] == pytest.approx((3 + math.sqrt(17)) / 2, rel=1e-12)
    assert (round(gelu["critical σ_w²"], 8), round(gelu["critical σ_b²"], 8)) == (1.98305826, 0.17292239)
    assert (relu["criticality"], relu["critical q"], relu["critical σ_w²"]) == ("scale-invariant", None, 2.0)
    assert (softplus["criticality"], softplus["critical σ_w²"]) == ("none", None)


def test_a_row_opens_its_activation(open_page: OpenPage) -> None:
    page = open_page("/atlas?words=gompertz")
    with settled(page):
        _tick_first_row(page)
    address = urlsplit(page.url)
    assert address.path == "/activation"
    assert parse_qs(address.query)["activation"] == ["golu"]
    with settled(page):
        page.get_by_role("link", name="Atlas").click()
    assert urlsplit(page.url).path == "/atlas", "coming back, the table is shown again"


def _tick_first_row(page: Page) -> None:
    """The box before the first row: the table is a canvas, so it is met by its place."""
    table = page.get_by_test_id("stDataFrame")
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 18, box["y"] + 52)
