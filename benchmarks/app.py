"""What a visitor waits for in a real browser: the first formula, a slider to its redrawn chart."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.timing import Row, interleaved

APP = Path(__file__).resolve().parent.parent / "app.py"
SIMULATION = "/depth?depth=50&width=64&seeds=16"
CHART = '[data-testid="stVegaLiteChart"]'
LAST_CHANGE = """chart => {
    window.changed = 0;
    const seen = () => { window.changed = performance.now(); };
    new MutationObserver(seen).observe(chart, {subtree: true, childList: true, attributes: true});
    addEventListener("keydown", () => { window.pressed = performance.now(); }, {capture: true});
}"""


def rows(rounds: int) -> list[Row]:
    """Seconds from starting the server to the first formula, and from a key to the redrawn chart."""
    from playwright.sync_api import sync_playwright

    from tests.browser import launch, settled, watched_page
    from tests.server import serve

    with sync_playwright() as playwright:
        browser = launch(playwright)

        def first_formula() -> float:
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                with serve(APP, Path(folder)) as server:
                    page = browser.new_page()
                    page.goto(server.url)
                    page.locator(".katex").first.wait_for()
                    taken = time.perf_counter() - start
                    page.close()
                return taken

        first = interleaved({"formula": first_formula}, min(rounds, 3))["formula"]
        with (
            tempfile.TemporaryDirectory() as folder,
            serve(APP, Path(folder)) as server,
            watched_page(browser, server) as open_page,
        ):
            page = open_page(SIMULATION)
            slider = page.get_by_role("slider").first
            page.locator(CHART).first.evaluate(LAST_CHANGE)

            def redraw() -> float:
                with settled(page):
                    slider.press("ArrowRight")
                return float(page.evaluate("(window.changed - window.pressed) / 1000"))

            redraw()
            slide = interleaved({"slider": redraw}, rounds)["slider"]
        browser.close()
    return [
        Row("cold start to the first formula", first, 4.0, None, ""),
        Row("slider to its redrawn chart", slide, 0.5, None, ""),
    ]
