"""The browser fixtures keep their promises: a sound page passes, and each planted fault is reported."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tests.browser
from tests.browser import screenshot, settled, watched_page
from tests.server import AppServer, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCRIPT = r"""
    import sys
    import pandas as pd
    import streamlit as st

    fault = st.query_params.get("fault")
    if fault == "another host":
        st.image("https://elsewhere.example/picture.png")
    elif fault == "formula":
        st.latex(r"\nosuchcommand{x}")
    elif fault == "exception":
        raise ValueError("planted")
    elif fault == "log":
        print("Traceback (most recent call last):", file=sys.stderr)
    elif fault == "page error":
        fails = "<script>setTimeout(() => { throw new Error('planted') })</script>"
        st.html(fails, unsafe_allow_javascript=True)

    n = st.slider("n", 0, 100, 0, key="n")
    st.latex(rf"2^{{{n}}}")
    st.write(f"n is {n}")
    st.line_chart(pd.DataFrame({"y": range(n)}), height=1200)

    @st.fragment
    def part():
        m = st.slider("m", 0, 100, 0, key="m")
        st.write(f"m is {m}")

    part()
    st.write("the end")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    folder = tmp_path_factory.mktemp("fixtures")
    script = folder / "script.py"
    script.write_text(textwrap.dedent(SCRIPT), "utf-8")
    with serve(script, folder) as server:
        yield server


def test_settled_sees_every_run(browser: Browser, server: AppServer) -> None:
    with watched_page(browser, server) as open_page:
        page = open_page()
        for letter in ("n", "m"):  # a run of the script, a run of a fragment
            slider = page.get_by_role("slider").nth("nm".index(letter))
            for value in range(1, 6):
                with settled(page):
                    slider.press("ArrowRight")
                assert page.get_by_text(f"{letter} is {value}", exact=True).count() == 1


def test_settled_says_when_nothing_ran(
    browser: Browser, server: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched_page(browser, server) as open_page:
        page = open_page()
        monkeypatch.setattr(tests.browser, "TIME_LIMIT", 0.3)
        with pytest.raises(AssertionError, match="was not asked to run"), settled(page):
            page.mouse.move(5, 5)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("another host", r"a request to another host: https://elsewhere\.example/picture\.png"),
        ("formula", r"a formula that KaTeX refuses: .*nosuchcommand"),
        ("exception", r"an exception: [^$]*ValueError"),
        ("page error", r"an error on the page: .*planted"),
        ("log", r"the server's log has a traceback"),
    ],
)
def test_a_fault_is_reported(browser: Browser, server: AppServer, fault: str, message: str) -> None:
    # Some are seen when the page settles, others at the end.
    with pytest.raises(AssertionError, match=message), watched_page(browser, server) as open_page:
        open_page(f"/?fault={fault}")


def test_a_page_is_shown_whole_in_its_colours(
    browser: Browser, server: AppServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    monkeypatch.setenv("SYMGRAD_SCREENSHOTS", str(tmp_path))
    with watched_page(browser, server) as open_page:
        for scheme, dark in (("light", False), ("dark", True)):
            page = open_page(scheme=scheme, width=390, height=844)
            with Image.open(screenshot(page, f"page-{scheme}")) as picture:
                assert picture.width == 390
                assert picture.height > 1200
                assert (sum(picture.convert("RGB").getpixel((2, 2))) < 3 * 128) is dark  # type: ignore[arg-type]
            assert page.viewport_size == {"width": 390, "height": 844}


def test_a_server_that_ends_is_reported_with_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="did not come up"),
        serve(tmp_path / "no-such-script.py", tmp_path),
    ):
        pass
