"""Threads over stacks of seeds, with BLAS held at one thread: the two kinds of parallelism multiply badly."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

CORES = min(os.cpu_count() or 1, 4)
"""Stacks measured side by side at most."""

_lock = threading.Lock()
_held: list[Any] = []  # the limit, once for every caller that is inside


@lru_cache(maxsize=1)
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """NumPy's BLAS at one thread.

    The limit belongs to the process: the first to enter sets it and the last to leave restores it, so that
    overlapping callers (the app's sessions are threads) end where they began.
    """
    with _lock:
        _held.append(_held[0] if _held else _controller().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limit = _held.pop()
            if not _held:
                limit.restore_original_limits()


def thread_map(f: Callable[[T], R], items: Sequence[T], threads: int) -> list[R]:
    """[f(item) for item in items] on that many threads at most, BLAS at one thread in each."""
    with one_blas_thread():
        if min(len(items), threads) <= 1:
            return [f(item) for item in items]
        with ThreadPoolExecutor(min(len(items), threads)) as pool:
            return list(pool.map(f, items))
