"""How far long work is, on standard error, and signals as a plain question: shall it stop?"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from symgrad.runs.crew.status import Status

__all__ = ["ProgressLine", "duration", "said", "stopped_by_signals"]

LINE_EVERY = 10.0
"""Seconds between two lines where they cannot be written over each other."""


def duration(seconds: float) -> str:
    """A time as people say it: "8 s", "3 min 20 s", "2 h 5 min", "3 days 4 h"."""
    whole = max(0, round(seconds))
    days, hours, minutes, rest = whole // 86_400, whole // 3_600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{days} day{'s' * (days > 1)} {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def said(status: Status) -> str:
    """How far it is, what failed, and the time that is left."""
    text = f"{status.done + status.failed:,} of {status.points:,} points"
    if status.failed:
        text += f", {status.failed:,} failed"
    if status.seconds_left is not None and status.state == "running":
        text += f", about {duration(status.seconds_left)} left"
    return text


class ProgressLine:
    """The latest status: on a terminal one line written over, elsewhere a line now and then."""

    def __init__(self, to: TextIO) -> None:
        self._to = to
        self._over = to.isatty()
        self._width = 0
        self._last = time.monotonic()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            self._to.write("\r" + " " * self._width + "\r")
            self._to.flush()

    def show(self, status: Status) -> None:
        """Writes it, where it is time to."""
        text = said(status)
        if self._over:
            self._to.write("\r" + text.ljust(self._width))
            self._width = len(text)
        elif time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            self._to.write(f"symgrad: {text}\n")
        self._to.flush()


@contextmanager
def stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """Within the block Ctrl-C and a request to end are an answer to the question that is given, once: the
    next one ends the process as it would without the block.
    """
    stopped = threading.Event()
    before: dict[int, Any] = {}

    def restore() -> None:
        while before:
            signal.signal(*before.popitem())

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()
        restore()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, stop)
    try:
        yield stopped.is_set
    finally:
        restore()
