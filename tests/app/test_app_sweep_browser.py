"""A sweep in a real browser: its progress comes by itself, and another session finds it."""

from __future__ import annotations

from urllib.parse import quote

from tests.browser import OpenPage

TEXT = "[fixed]\ndepth = 4\nwidth = 5\nseeds = 2\n[grid]\nsigma_w = [0.5, 1.0, 2.0]\n"


def test_a_sweep_is_followed_to_its_end_without_a_click(open_page: OpenPage) -> None:
    page = open_page(f"/sweep?as_text=true&name=followed&spec={quote(TEXT)}")
    page.get_by_role("button", name="Start the sweep").click()
    page.get_by_text("3 of 3 points").first.wait_for()
    page.get_by_text("finished").first.wait_for()
    page.get_by_role("button", name="Data Parquet").wait_for()
    assert "folder=followed" in page.url
    finding = page.locator(".st-key-finding").inner_text()
    other = open_page("/sweep?folder=followed", scheme="dark")
    assert other.locator(".st-key-finding").inner_text() == finding
    with other.expect_download() as download:
        other.get_by_role("button", name="Data CSV").click()
    assert download.value.suggested_filename == "followed.csv"
    assert download.value.path().read_bytes().startswith(b"point,architecture,activation,")
