"""Answers for many sessions: each question is put to the workers once and its answer remembered."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from symgrad.runs.pool import Pool
from symgrad.verbs.limited import limited

__all__ = ["Answers"]

Document = dict[str, Any]


class Answers:
    """The latest `most` answers; sessions that put the same question at once wait for the same answer.

    An answer from here or from the disk needs no worker, so nothing that the workers do can hold it up.
    """

    def __init__(self, pool: Pool, most: int = 500) -> None:
        self._pool = pool
        self._most = most
        self._kept: OrderedDict[str, Future[Document]] = OrderedDict()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(64, thread_name_prefix="symgrad-answers")

    def ask(self, verb: str, arguments: Mapping[str, Any], timeout: float | None = None) -> Future[Document]:
        """The answer to come, or there already; see `verbs.limited` for what it may be or raise."""
        key = json.dumps([verb, arguments, timeout], sort_keys=True)
        with self._lock:
            found = self._kept.get(key)
            if found is None or (found.done() and found.exception() is not None):
                found = self._threads.submit(limited, lambda: self._pool, verb, arguments, timeout)
                self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found

    def close(self) -> None:
        """Ends the workers."""
        self._pool.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
