"""A limit on processor time for a computation that cannot be told to stop: SymPy's."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["cpu_limit"]


class _SpentError(BaseException):
    """Not an `Exception`, so that no `except Exception` on the way swallows it."""


_AGAIN = 1.0
"""Seconds after which a limit that was not heard is said once more: Python drops what is raised in a
destructor or in a callback of its garbage collector."""


def _stop(number: int, frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_VIRTUAL, _AGAIN)
    raise _SpentError


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raises `TimeoutError` once the block has used that much processor time of this process.

    Signals reach the main thread alone: elsewhere, or where a limit is already running, the block runs on
    without one of its own.
    """
    usable = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    if not usable or signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0:
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except _SpentError:
        raise TimeoutError(f"more than {seconds:g} s of computing") from None
    finally:
        signal.signal(signal.SIGVTALRM, before)
