"""The app in a real browser: what a test of a view is written with.

The fixtures (tests/conftest.py) give a test

    page        a page of the running app, light, 1280 × 900, settled
    open_page   open_page("/depth?activation=tanh", scheme="dark", width=390, height=844), another such page
    app_server  the running app itself: `.url`

and every page is held to the same promises, each time it settles and at the end of the test: no request
to another host, no error on the page, no formula that KaTeX refuses, no exception shown by Streamlit, no
traceback in the server's log. A test that asks for one of them is marked `browser`, and skipped without one.

    def test_depth_follows_its_slider(open_page: OpenPage) -> None:
        page = open_page("/depth")
        with settled(page):  # until the run that this starts is over and drawn
            page.get_by_role("slider", name="Depth").press("ArrowRight")
        screenshot(page, "depth-light")

Screenshots go to the folder $SYMGRAD_SCREENSHOTS, or to `symgrad-screenshots` among the system's temporary
files. `python -m tests.browser [PROGRAM]` says whether a browser opens a page here. Playwright is imported
only when it is used.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import dev
from tests.server import AppServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright, WebSocket

__all__ = ["OpenPage", "launch", "screenshot", "settled", "watched_page"]

TIME_LIMIT = 60.0
"""Seconds for a page to settle, on a small and busy machine."""

QUIET = 100
"""Milliseconds, counted in the page, without a change to the document: then all that was sent is drawn."""

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # seen, and stopped too
)

# Drawn: Streamlit says so, nothing waits for a newer version of itself, and nothing changes any more.
DRAWN = """([quiet, limit]) => new Promise(resolve => {
    const begun = performance.now();
    let changed = begun;
    const observer = new MutationObserver(() => { changed = performance.now() });
    observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    const look = () => {
        const now = performance.now();
        const drawn = document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
            && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
            && now - changed >= quiet;
        if (!drawn && now - begun < limit) return requestAnimationFrame(look);
        observer.disconnect();
        resolve(Boolean(drawn));
    };
    look();
})"""

UNSOUND = {
    "a formula that KaTeX refuses": '.katex-error, .katex-mathml [mathcolor="#cc0000"]',
    "an exception": "[data-testid=stException]",
}


# A formula's text is its LaTeX.
TEXTS = """elements => elements.map(
    element => (element.closest('.katex')?.querySelector('annotation') ?? element).textContent)"""


class OpenPage(Protocol):
    """The fixture `open_page`."""

    def __call__(
        self, address: str = "/", *, scheme: str = "light", width: int = 1280, height: int = 900
    ) -> Page: ...


def launch(playwright: Playwright, program: str | None = None) -> Browser:
    """A headless browser: this program, else $SYMGRAD_BROWSER or the system's, else Playwright's own.

    Raises playwright.sync_api.Error if it does not start.
    """
    if program is None:
        program = next(iter(dev.system_browsers()), "")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return playwright.chromium.launch(
        executable_path=program or None, args=[*FLAGS, *(["--no-sandbox"] if root else [])]
    )


@dataclass
class Watch:
    """What has gone over a page's wire, and what went wrong on it."""

    server: AppServer
    asked: int = 0  # runs of the script asked for by the page
    waiting: bool = False  # asked for and not begun
    running: bool = False
    troubles: list[str] = field(default_factory=list)

    def requested(self, url: str) -> None:
        parts = urlsplit(url)
        own = parts.netloc == urlsplit(self.server.url).netloc
        if not own and parts.scheme not in ("data", "blob", "about"):
            self.troubles.append(f"a request to another host: {url}")

    def connected(self, socket: WebSocket) -> None:
        self.requested(socket.url)
        self.waiting = self.running = False
        socket.on("framesent", self.sent)
        socket.on("framereceived", self.received)

    def sent(self, frame: bytes | str) -> None:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        if isinstance(frame, bytes) and BackMsg.FromString(frame).WhichOneof("type") == "rerun_script":
            self.asked, self.waiting = self.asked + 1, True

    def received(self, frame: bytes | str) -> None:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        if not isinstance(frame, bytes):
            return
        message = ForwardMsg.FromString(frame)
        match message.WhichOneof("type"):
            case "new_session":
                self.waiting, self.running = False, True
            case "script_finished":
                self.running = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def check(self, page: Page) -> None:
        """Raises AssertionError naming everything wrong with the page so far."""
        for what, selector in UNSOUND.items():
            self.troubles += [f"{what}: {text}" for text in page.locator(selector).evaluate_all(TEXTS)]
        troubles, self.troubles = self.troubles, []
        if troubles:
            raise AssertionError("\n".join([f"on {page.url}:", *troubles, self.server.traceback()]))


watches: WeakKeyDictionary[Page, Watch] = WeakKeyDictionary()


@contextmanager
def watched_page(browser: Browser, server: AppServer) -> Iterator[OpenPage]:
    """Opens pages of the app, and holds each to the promises of this module when the block ends."""
    with ExitStack() as contexts:

        def open_page(
            address: str = "/", *, scheme: str = "light", width: int = 1280, height: int = 900
        ) -> Page:
            if scheme not in ("light", "dark"):
                raise ValueError(f"the scheme is light or dark, not {scheme!r}")
            context = contexts.enter_context(
                browser.new_context(
                    base_url=server.url,
                    color_scheme="dark" if scheme == "dark" else "light",
                    viewport={"width": width, "height": height},
                    reduced_motion="reduce",
                )
            )
            page = context.new_page()
            page.set_default_timeout(TIME_LIMIT * 1000)
            watch = watches[page] = Watch(server)
            opened.append(page)
            context.on("request", lambda request: watch.requested(request.url))
            page.on("websocket", watch.connected)
            page.on("pageerror", lambda error: watch.troubles.append(f"an error on the page: {error}"))
            with settled(page):
                page.goto(address)
            return page

        opened: list[Page] = []
        yield open_page
        for page in opened:
            watches[page].check(page)
        server.check()


@contextmanager
def settled(page: Page) -> Iterator[None]:
    """Waits, after the block, until the script's run that it started is over and drawn; checks the page.

    It is armed before the block: runs are told by what passes between page and server, so that none is too
    short to be seen. Raises AssertionError if the block starts no run, or if the page does not settle or is
    not sound. For what starts no run (a tab, an expander), use the locator's own waiting instead.
    """
    watch = watches[page]
    before = watch.asked
    yield
    deadline = time.monotonic() + TIME_LIMIT
    while True:
        while watch.asked == before or watch.waiting or watch.running:
            if time.monotonic() > deadline:
                state = "still runs the script" if watch.asked > before else "was not asked to run the script"
                raise AssertionError(f"{page.url} {state} after {TIME_LIMIT:.0f} s")
            page.wait_for_timeout(10)  # lets Playwright hand over what came meanwhile
        if not drawn(page):
            raise AssertionError(f"{page.url} does not come to rest within {TIME_LIMIT:.0f} s")
        if not (watch.waiting or watch.running):
            break
    watch.check(page)


def drawn(page: Page) -> bool:
    return bool(page.evaluate(DRAWN, [QUIET, TIME_LIMIT * 1000]))


def screenshot(page: Page, name: str) -> Path:
    """The whole page, however long, as NAME.png; returns where it lies."""
    if not re.fullmatch(r"[\w.-]+", name):
        raise ValueError(f"a screenshot's name is letters, digits, dots and hyphens, not {name!r}")
    folder = Path(
        os.environ.get("SYMGRAD_SCREENSHOTS") or Path(tempfile.gettempdir()) / "symgrad-screenshots"
    )
    folder.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    if before is None:
        raise ValueError("the page has no viewport of its own")
    # Streamlit scrolls inside the page, so only a viewport as tall as its content shows all of it.
    bottom = page.evaluate(
        """document.fonts.ready.then(() => {
            const main = document.querySelector('[data-testid=stMain]');
            return Math.ceil(main.getBoundingClientRect().top + main.scrollHeight);
        })"""
    )
    page.set_viewport_size({"width": before["width"], "height": max(before["height"], bottom)})
    drawn(page)
    path = folder / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    page.set_viewport_size(before)
    return path


def main(arguments: list[str]) -> int:
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright, launch(playwright, *arguments) as browser:
            browser.new_page().goto("about:blank")
            print(f"{browser.browser_type.name} {browser.version}")
    except Error as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
