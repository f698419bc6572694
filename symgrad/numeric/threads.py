"""Threads over stacks of seeds, and how many BLAS takes: the two kinds of parallelism multiply badly."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_MOST = 4
"""Threads side by side at most, unless `limit_threads` says otherwise: beyond, memory bandwidth decides."""

Start: TypeAlias = Callable[..., Callable[[], Any]]
"""start(f, *args) begins f(*args) and returns a function that waits for what it returns, see
`second_thread`."""

_lock = threading.Lock()
_crowd = threading.local()  # .several: this thread is one of several of `thread_map`
_limit: list[int] = []  # at most one
_held: list[tuple[object, int]] = []  # what each caller that is inside asked for
_original: list[tuple[Any, Any]] = []  # libraries, and their limits before the first of them came


def limit_threads(count: int | None) -> None:
    """At most ``count`` threads in all for the engine in this process; None: as many as there are cores, to
    4.

    A worker among others calls it with 1. Raises ValueError unless count is a whole number from 1 on.
    """
    if count is not None and not (isinstance(count, int) and count >= 1):
        raise ValueError(f"threads = {count!r}: legal are whole numbers from 1 on")
    _limit[:] = [] if count is None else [count]


def cores() -> int:
    """Threads that the engine may use: the cores that this process may run on, or fewer, see
    `limit_threads`."""
    return _limit[0] if _limit else min(_machine(), _MOST)


def _machine() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=2)
def _libraries(scipy: bool) -> Any:
    """The BLAS libraries that are loaded; SciPy's comes with the first of its modules that needs one."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def _controller() -> Any:
    return _libraries(any(name in sys.modules for name in ("scipy.linalg", "scipy.special")))


@contextmanager
def blas_threads(count: int | None = None) -> Iterator[None]:
    """Every BLAS that is loaded (NumPy and SciPy bring one each) at ``count`` threads, at most `cores()`.

    The limit belongs to the process: the first to enter sets it and the last to leave restores what was
    before. While several are inside (the app's sessions are threads) the smallest count of them holds for
    all.
    """
    mine = (object(), min(count or cores(), cores()))
    with _lock:
        controller = _controller()
        if all(controller is not known for known, _ in _original):
            _original.append((controller, controller.limit(limits=mine[1])))
        _held.append(mine)
        _set()
    try:
        yield
    finally:
        with _lock:
            _held.remove(mine)
            if _held:
                _set()
            while _original and not _held:
                _original.pop()[1].restore_original_limits()


def _set() -> None:
    count = min(count for _, count in _held)
    for library in _controller().lib_controllers:
        if library.num_threads != count:
            library.set_num_threads(count)


def one_blas_thread() -> Any:
    """`blas_threads(1)`: a context manager."""
    return blas_threads(1)


def thread_map(f: Callable[[T], R], items: Sequence[T], threads: int, blas: int = 1) -> list[R]:
    """[f(item) for item in items] on that many threads at most, BLAS at ``blas`` threads in each."""
    with blas_threads(blas):
        if min(len(items), threads) <= 1:
            return [f(item) for item in items]
        with ThreadPoolExecutor(min(len(items), threads), initializer=_join_crowd) as pool:
            return list(pool.map(f, items))


def _join_crowd() -> None:
    _crowd.several = True


def at_once(f: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    """A `Start` that has no thread: f(*args) is done when it returns."""
    found = f(*args)
    return lambda: found


@contextmanager
def second_thread(worth: bool) -> Iterator[Start]:
    """``start`` for the work of a pass that its steps do not wait for: a second thread does it, in the order
    of starting, while this one goes from step to step.

    What each piece works out does not depend on when that is, so threads change no bit. BLAS has one thread
    meanwhile. A pass that is not ``worth`` a thread, or has no core for one (the engine may use one only, or
    runs several passes side by side), does each piece `at_once`. Where a piece raises, so does waiting for
    it, and leaving the context at the latest.
    """
    if not worth:
        yield at_once
        return
    with blas_threads(1):
        if cores() == 1 or getattr(_crowd, "several", False):
            yield at_once
            return
        started: list[Future[Any]] = []

        def start(f: Callable[..., Any], *args: Any) -> Callable[[], Any]:
            # NumPy's error state belongs to the context
            started.append(pool.submit(copy_context().run, f, *args))
            return started[-1].result

        with ThreadPoolExecutor(1) as pool:
            yield start
            for piece in started:
                piece.result()
