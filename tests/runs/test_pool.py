"""The pool: shared by threads, warm, never held up by a hard request, nothing lost with a worker."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from symgrad.errors import FaultError, MemoryLimitError, TimeLimitError
from symgrad.runs import pool as module
from symgrad.runs.pool import Pool

HARD = ("verify", {"thorough": True})


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    opened = Pool(size=2, use_cache=False)
    yield opened
    opened.close()


def running(pool: Pool) -> list[int]:
    processes = [worker._process for worker in list(pool._workers)]
    return [process.pid for process in processes if process is not None and process.poll() is None]


def settled(pool: Pool, size: int) -> None:
    deadline = time.monotonic() + 20
    while len(running(pool)) != size and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(running(pool)) == size


def test_workers_are_started_before_the_first_request(pool: Pool) -> None:
    assert len(running(pool)) == 2


def test_threads_share_it(pool: Pool) -> None:
    names = ["tanh", "sigmoid", "relu", "elu"]
    with ThreadPoolExecutor(4) as threads:
        documents = list(threads.map(lambda name: pool.call("bound", {"activation": name}), names))
    assert [document["activation"] for document in documents] == names


def test_hard_requests_do_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many hard ones as there are workers, and easy ones are still answered while those run on."""
    monkeypatch.setattr(module, "SLOW", 0.2)
    with ThreadPoolExecutor(2) as threads:
        with Pooled(2, 2) as opened:
            hard = [threads.submit(opened.call, *HARD, timeout=60.0) for _ in range(2)]
            for _ in range(3):
                assert opened.call("list", {})["activations"]
            assert not any(one.done() for one in hard)
            assert len(running(opened)) == 4
        for one in hard:
            with pytest.raises(FaultError):
                one.result()


def test_hard_requests_beyond_the_spare_workers_keep_to_the_pool(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLOW", 0.1)
    with ThreadPoolExecutor(6) as threads:
        hard = [threads.submit(pool.call, *HARD, timeout=1.0) for _ in range(6)]
        most = 0
        while not all(one.done() for one in hard):
            most = max(most, len(running(pool)))
            time.sleep(0.05)
    assert most <= 4
    assert all(isinstance(one.exception(), TimeLimitError) for one in hard)
    assert pool.call("list", {})["activations"]
    settled(pool, 2)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_kill_loses_nothing(pool: Pool) -> None:
    """Whoever is killed while it works: the request is answered by the next."""
    numbers = running(pool)
    # all at one moment: one after the other they could meet the request twice

    def kill_all() -> None:
        for number in numbers:
            os.kill(number, signal.SIGKILL)

    threading.Timer(0.1, kill_all).start()
    assert pool.call("show", {"key": "activation-mish"})["key"] == "activation-mish"
    assert pool.call("list", {})["activations"]
    settled(pool, 2)


def test_one_that_dies_again_and_again_is_said(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOW", 0.1)
    over = threading.Event()

    def kill_all() -> None:
        while not over.wait(0.05):
            for number in running(pool):
                os.kill(number, signal.SIGKILL)

    killer = threading.Thread(target=kill_all)
    killer.start()
    with pytest.raises(MemoryLimitError, match="ended twice"):
        pool.call("show", {"key": "activation-mish"})
    over.set()
    killer.join()
    assert pool.call("list", {})["activations"]


def test_when_none_is_free_in_time_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with Pooled(1, 0) as small, ThreadPoolExecutor(1) as threads:
        hard = threads.submit(small.call, *HARD, timeout=1.0)
        time.sleep(0.2)
        with pytest.raises(TimeLimitError, match="no worker was free"):
            small.call("list", {})
        assert isinstance(hard.exception(), TimeLimitError)


def test_closing_ends_every_process() -> None:
    with Pooled(2, 1) as opened:
        numbers = running(opened)
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


class Pooled:
    def __init__(self, size: int, hard: int) -> None:
        self.pool = Pool(size, hard, use_cache=False)

    def __enter__(self) -> Pool:
        return self.pool

    def __exit__(self, *_: object) -> None:
        self.pool.close()
