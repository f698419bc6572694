"""A Streamlit server of the test run: on a free port of this machine, its log watched for tracebacks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dev

__all__ = ["AppServer", "serve"]

HEALTHY_WITHIN = 60.0
"""Seconds, on a small and busy machine."""


@dataclass
class AppServer:
    """A Streamlit server of this test run: where it listens, and the log it writes."""

    url: str
    log: Path
    read: int = 0

    def traceback(self) -> str:
        """What the log has got since the last call, if there is a traceback in it; else empty."""
        text = self.log.read_text("utf-8", errors="replace")
        new, self.read = text[self.read :], len(text)
        return new if "Traceback (most recent call last)" in new else ""

    def check(self) -> None:
        """Raises AssertionError if the log has got a traceback since it was last looked at."""
        if new := self.traceback():
            raise AssertionError(f"the server's log has a traceback:\n{new}")


@contextmanager
def serve(script: Path, folder: Path) -> Iterator[AppServer]:
    """The Streamlit script, healthy, on a free port of 127.0.0.1; its cache and log lie in the folder.

    Raises RuntimeError with the log if it ends or is not healthy in time, AssertionError at the end if it
    logged a traceback. The server's whole process group ends with it.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "server.address": "127.0.0.1",
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += [f"--{name}={value}" for name, value in options.items()]
    server = AppServer(f"http://127.0.0.1:{port}", folder / "server.log")
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=dev.ROOT,
            env={**os.environ, "SYMGRAD_CACHE": str(folder / "cache"), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_healthy(server, process)
        yield server
        server.check()
    finally:
        end(process)


def wait_healthy(server: AppServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(server.url + "/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(
        f"the app's server did not come up:\n{server.log.read_text('utf-8', errors='replace')}"
    )


def end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError):  # all of the group have ended
            os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
