"""What every test runs under, and the fixtures for the browser (tests/browser.py) and TeX.

With CI=true a skipped test is a failed one: what a test needs is required there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

import dev
from tests.browser import OpenPage, launch, watched_page
from tests.server import AppServer, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CI = os.environ.get("CI") == "true"

# Time limits on single examples only measure how busy the machine is. CI draws the same examples every time.
settings.register_profile("symgrad", deadline=None, derandomize=CI, print_blob=True)
settings.load_profile("symgrad")

MARKED_BY_FIXTURE = {"app_server": "browser", "browser": "browser", "pdflatex": "tex"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in {MARKED_BY_FIXTURE.get(fixture) for fixture in getattr(item, "fixturenames", ())} - {
            None
        }:
            item.add_marker(str(name))


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def not_skipped(report: Report) -> Report:
    """In CI the report of a skip becomes one of a failure, with the reason; xfail stays what it is."""
    if CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = (
            "failed",
            f"{report.nodeid}: CI=true allows no skip: {reason}",
        )
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return not_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return not_skipped((yield))


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Documents and results of earlier runs are not seen by tests, nor theirs by the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMGRAD_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("SYMGRAD_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield


@pytest.fixture(scope="session")
def pdflatex() -> str:
    """The program, for a test that compiles TeX."""
    program = shutil.which("pdflatex")
    return program or pytest.skip("there is no pdflatex")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser; of one module only, since Playwright keeps an event loop running beside it."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        try:
            opened = launch(playwright)
        except sync_api.Error as error:
            pytest.skip(f"no browser opens here: {error.message.splitlines()[0]}")
        with opened:
            yield opened


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app, served for the whole test run."""
    with serve(dev.ROOT / "app.py", tmp_path_factory.mktemp("app")) as server:
        yield server


@pytest.fixture
def open_page(browser: Browser, app_server: AppServer) -> Iterator[OpenPage]:
    """Opens pages of the app; see tests/browser.py."""
    with watched_page(browser, app_server) as opener:
        yield opener


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The app's first page, settled."""
    return open_page()
