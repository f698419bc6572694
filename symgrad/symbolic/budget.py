"""A limit on processor time for a computation that cannot be told to stop: SymPy's."""

from __future__ import annotations

import gc
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["cpu_limit"]


class _SpentError(BaseException):
    """Not an `Exception`, so that no `except Exception` on the way swallows it."""


_AGAIN = 0.01
"""Seconds after which a limit is said once more where it could not be heard."""


def _unheard(frame: FrameType | None) -> bool:
    """Whether Python would drop what is raised here, with a message on standard error: it does in a callback
    of the garbage collector, in a destructor and in a callback of a weak reference.
    """
    callbacks = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None:
        code = frame.f_code
        if code in callbacks or code.co_name == "__del__" or code.co_filename == weakref.__file__:
            return True
        frame = frame.f_back
    return False


def _stop(number: int, frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_VIRTUAL, _AGAIN)
    if not _unheard(frame):
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
