"""Every view in a real browser: light, dark, on a phone; its address, its presets, its slider.

The fixtures fail a test on a request to another host, an error on the page, a formula that KaTeX refuses, an
exception, or a traceback in the server's log.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest

from symgrad.app import presets, views
from symgrad.app.time import PARTS
from tests.browser import OpenPage, screenshot, settled

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SCREENS = {"light": ("light", 1280, 900), "dark": ("dark", 1280, 900), "phone": ("light", 390, 844)}
PAGES = [
    *(
        (f"/{view.key}".replace("/start", "/"), screen)
        for view in views.VIEWS
        for screen in ("light", "phone")
    ),
    *(
        pytest.param(f"/{view.key}", "dark", marks=pytest.mark.slow)
        for view in views.VIEWS
        if view.key not in ("start", "depth")
    ),
    ("/", "dark"),
    ("/depth", "dark"),
    ("/library?derivation=norm-bound", "phone"),
    ("/activation?activation=selu", "dark"),
    ("/activation?activation=sqrt(|x|)", "phone"),
    ("/activation?activation=x%2Bsin(x)^2", "dark"),
    ("/depth?projector=true", "light"),
    *(
        pytest.param(f"/time?part={quote_plus(part)}", screen, marks=pytest.mark.slow)
        for part in list(PARTS)[1:]
        for screen in ("dark", "phone")
    ),
]
CUT_OFF = """() => {
    const main = document.querySelector('[data-testid=stMain]');
    const boxed = ['auto', 'scroll', 'hidden'];
    const scrolls = element => element && element !== main
        && (boxed.includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const wide = [...main.querySelectorAll('p, h1, h2, h3, button, table, canvas, svg, img')].filter(
        element => element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element.parentElement));
    return [main.scrollWidth > main.clientWidth, wide.map(element => element.outerHTML.slice(0, 120))];
}"""


def finding(page: Page) -> str:
    return page.locator(".st-key-finding").inner_text()


def number(page: Page, name: str) -> Locator:
    return page.get_by_role("spinbutton", name=name)


def enter(page: Page, name: str, value: object) -> None:
    with settled(page):
        number(page, name).fill(str(value))
        number(page, name).press("Enter")


@pytest.mark.parametrize(("address", "screen"), PAGES)
def test_a_view_is_drawn_whole(open_page: OpenPage, address: str, screen: str) -> None:
    scheme, width, height = SCREENS[screen]
    page = open_page(address, scheme=scheme, width=width, height=height)
    assert len(finding(page)) > 20
    if address != "/library":
        assert page.locator(".katex").count() > 0
    if not address.startswith("/library"):
        assert page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg.marks)").count() > 0
    assert page.evaluate(CUT_OFF) == [False, []]
    name = re.sub(r"[^\w.-]+", "-", address.strip("/")) or views.VIEWS[0].key
    screenshot(page, f"{name}-{screen}")


def test_the_address_reproduces_the_view(open_page: OpenPage) -> None:
    page = open_page("/depth")
    enter(page, "Layers L", 12)
    enter(page, "Units a layer", 8)
    with settled(page):
        page.get_by_role("slider", name="Weight scale").press("ArrowRight")
    with settled(page):
        page.get_by_role("radio", name="orthogonal").click()
    address = urlsplit(page.url)
    assert parse_qs(address.query) == {
        "depth": ["12"],
        "width": ["8"],
        "sigma_w": ["1.05"],
        "weights": ["orthogonal"],
    }
    page.get_by_role("button", name="Share").click()
    shared = urlsplit(page.get_by_test_id("stCode").filter(has_text="depth=12").inner_text().strip())
    assert parse_qs(shared.query) == parse_qs(address.query)
    again = open_page(f"{shared.path}?{shared.query}")
    assert finding(again) == finding(page)
    assert number(again, "Layers L").input_value() == "12"


def test_a_preset_changes_the_finding_and_the_address(open_page: OpenPage) -> None:
    page = open_page("/depth")
    seen = {finding(page)}
    for preset in presets.DEPTH_PRESETS[1:]:
        with settled(page):
            page.get_by_role("button", name=preset.name).click()
        seen.add(finding(page))
        changed = {
            name: [str(value)]
            for name, value in preset.options.items()
            if value != presets.DEPTH_DEFAULTS[name]
        }
        shown = parse_qs(urlsplit(page.url).query)
        assert shown.keys() == changed.keys()
        assert all(
            float(a[0]) == float(b[0])
            for a, b in zip(shown.values(), map(changed.get, shown), strict=True)
            if b and b[0][0].isdigit()
        )
    assert len(seen) == len(presets.DEPTH_PRESETS)
    with settled(page):
        page.get_by_role("button", name="Reset").click()
    assert urlsplit(page.url).query == ""


def test_a_link_opens_another_view_as_it_says(open_page: OpenPage) -> None:
    page = open_page("/")
    with settled(page):
        page.get_by_role("link", name="A hundred layers").click()
    assert "In this 100-layer tanh net" in finding(page)
    with settled(page):
        page.get_by_role("link", name="The norm bound, in full").click()
    assert parse_qs(urlsplit(page.url).query) == {"derivation": ["norm-bound"]}
    with settled(page):
        page.get_by_role("button", name="Measure now").click()
    assert page.get_by_text("PASS").count() == 1


def test_input_that_cannot_be_used_is_said_and_nothing_is_lost(open_page: OpenPage) -> None:
    page = open_page("/depth?depth=17")
    before = finding(page)
    enter(page, "Units a layer", 1_000_000)
    assert page.get_by_test_id("stCode").filter(has_text="4 GiB").count() == 1
    assert number(page, "Layers L").input_value() == "17"
    enter(page, "Units a layer", 64)
    assert finding(page) == before


def test_an_activation_is_typed_and_an_error_stands_beside_the_field(open_page: OpenPage) -> None:
    page = open_page("/activation")
    field = page.get_by_role("textbox", name="type your own")
    for text in ("x/(1+x^2)", "x*foo(x)"):
        with settled(page):
            field.fill(text)
            field.press("Enter")
        assert parse_qs(urlsplit(page.url).query)["activation"] == [text]
    assert page.get_by_test_id("stCode").filter(has_text="column 3").count() == 1
    with settled(page):
        page.get_by_role("button", name="tanh: at most 1").click()
    assert "tanh" in finding(page)
    assert field.input_value() == "tanh"


NET = "/depth?depth=5&width=4&seeds=2"
DOWNLOADS = [
    (NET, "Chart PNG", "gradient-sigmoid-5-layers-seed-0.png", b"\x89PNG"),
    (NET, "Chart SVG", "gradient-sigmoid-5-layers-seed-0.svg", b"<svg"),
    (NET, "Data CSV", "gradient-sigmoid-5-layers-seed-0.csv", b"layer,"),
    (NET, "Document JSON", "gradient-sigmoid-5-layers-seed-0.json", b"{"),
    ("/library?derivation=update-rule", "PDF", "update-rule.pdf", b"%PDF"),
    ("/library?derivation=update-rule", "Notebook", "update-rule.ipynb", b"{"),
]


@pytest.mark.parametrize(("address", "label", "name", "start"), DOWNLOADS)
def test_a_download_is_made_when_it_is_clicked(
    open_page: OpenPage, address: str, label: str, name: str, start: bytes
) -> None:
    page = open_page(address)
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click()
    assert download.value.suggested_filename == name
    assert download.value.path().read_bytes().startswith(start)


def test_a_slider_redraws_its_chart(open_page: OpenPage) -> None:
    """Prints how long it takes at depth 50, width 64, 16 seeds; the benchmark, not a test, sets a limit."""
    page = open_page("/depth?depth=50")
    slider = page.get_by_role("slider", name="Depth")
    taken = []
    for depth in range(51, 57):
        before = page.evaluate(DRAWING)
        begun = time.perf_counter()
        slider.press("ArrowRight")
        page.wait_for_function(f"before => ({DRAWING} ?? before) !== before", arg=before)
        taken.append(time.perf_counter() - begun)
        page.get_by_text(f"In this {depth}-layer sigmoid net").first.wait_for()
    print("slider to redrawn chart, ms:", [round(1000 * seconds) for seconds in taken])


DRAWING = "document.querySelector('[data-testid=stVegaLiteChart] svg.marks')?.outerHTML"
