"""A few warm workers shared by all threads, so that a hard request never holds up the easy ones."""

from __future__ import annotations

import atexit
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any

from symgrad.errors import FaultError, MemoryLimitError, TimeLimitError
from symgrad.runs.worker import MEMORY_GIB, Worker, WorkerDiedError

__all__ = ["Pool"]

Document = dict[str, Any]

SLOW = 2.0
"""Seconds after which a request counts as hard: it goes on at low priority, and a fresh worker takes its
place. Hard requests beyond the pool's `hard` keep their places until they are done."""
TOGETHER = 0.2
"""Seconds before a request is put again: what ended its worker may be ending the others too, and one that is
about to end must not be asked."""
PATIENCE = 60.0
"""Seconds that a request waits for a free worker."""


class Pool:
    """`size` workers for requests that end soon, started at once, and at most `hard` more for those that do
    not; `niceness` as in `Worker`.
    """

    def __init__(self, size: int = 2, hard: int = 2, use_cache: bool = True, niceness: int = 0) -> None:
        self._use_cache = use_cache
        self._niceness = niceness
        self._hard = threading.BoundedSemaphore(hard)
        self._free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._workers: set[Worker] = set()
        self._lock = threading.Lock()
        self._closed = False
        for _ in range(size):
            self._free.put(self._started())
        atexit.register(self.close)

    def call(
        self,
        verb: str,
        arguments: Mapping[str, Any],
        timeout: float = 60.0,
        memory_gib: float = MEMORY_GIB,
    ) -> Document:
        """As `Worker.call`, on the first worker that is free. One that dies without having said why is
        replaced and asked again, once, within the time that is left; if that one dies as well it counts as
        the memory limit, for the system ends a process when memory is short.
        """
        begun = time.monotonic()
        try:
            return self._once(verb, arguments, timeout, memory_gib)
        except WorkerDiedError:
            time.sleep(TOGETHER)
            left = max(1.0, begun + timeout - time.monotonic())
        try:
            return self._once(verb, arguments, left, memory_gib)
        except WorkerDiedError as error:
            raise MemoryLimitError(f"{error} twice, probably short of memory") from None

    def close(self) -> None:
        """Ends every process."""
        with self._lock:
            self._closed = True
            workers, self._workers = self._workers, set()
        for worker in workers:
            worker.close()
        atexit.unregister(self.close)

    def _once(self, verb: str, arguments: Mapping[str, Any], timeout: float, memory_gib: float) -> Document:
        if self._closed:
            raise FaultError("the pool is closed")
        try:
            worker = self._free.get(timeout=PATIENCE)
        except queue.Empty:
            raise TimeLimitError(f"{verb}: no worker was free within {PATIENCE:g} s") from None
        replaced = False

        def give_way() -> None:
            nonlocal replaced
            if self._hard.acquire(blocking=False):
                replaced = True
                worker.step_back()
                self._free.put(self._started())

        try:
            return worker.call(verb, arguments, timeout, memory_gib, (SLOW, give_way))
        finally:
            if replaced:  # a lowered priority cannot be raised again
                self._ended(worker)
                self._hard.release()
            else:
                self._again(worker)

    def _started(self) -> Worker:
        worker = Worker(self._use_cache, self._niceness)
        with self._lock:
            self._workers.add(worker)
        self._again(worker, put=False)
        return worker

    def _again(self, worker: Worker, put: bool = True) -> None:
        """The worker, warm for the next request: one that was ended starts anew at once."""
        with self._lock:
            if self._closed:
                worker.close()
            else:
                worker.start()
        if put:
            self._free.put(worker)

    def _ended(self, worker: Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.close()
