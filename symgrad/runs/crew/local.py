"""Workers on this machine: processes of their own, spoken to in JSON lines, each at one thread.

The system's word that a worker has died comes with the request that it was at, so no other point is blamed.
`concurrent.futures.ProcessPoolExecutor` breaks as a whole when one process dies, and runs the caller's main
module again in each; `runs.pool` ends what takes long, by design. What serves is the same (`runs.serving`):
answers on a descriptor of their own, and the end of the client is the end of its workers.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from symgrad.errors import FaultError
from symgrad.runs.worker import WorkerDiedError

__all__ = ["Local", "machine_cores", "machine_memory"]

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
MEMORY_GIB = 5.0
"""A worker that needs more than this for one request is told that there is none: no net may need 4."""
STARTS = 3
"""Times a worker may end before it has been ready once."""


class Local:
    """So many worker processes; each starts when it is first needed, and again when it has died.

    `work` is the module whose functions they call (see `serve`).
    """

    lost: tuple[type[Exception], ...] = (WorkerDiedError,)

    def __init__(self, workers: int, work: str) -> None:
        self.slots = workers
        self.memory: int | None = machine_memory()
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._processes = [_Process(work) for _ in range(workers)]
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, function: Callable[..., dict[str, Any]], **arguments: Any) -> Future[dict[str, Any]]:
        """Calls a function of the module in a worker. The future raises `WorkerDiedError` where that died."""
        return self._threads.submit(self._ask, function.__name__, arguments)

    def close(self) -> None:
        """Ends every process, at once."""
        for process in self._processes:
            process.close()
        self._threads.shutdown(cancel_futures=True)

    def _ask(self, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        process = self._idle.get()
        try:
            return process.ask(function, arguments)
        finally:
            self._idle.put(process)


class _Process:
    """One worker process, started when it is asked."""

    def __init__(self, work: str) -> None:
        self._work = work
        self._popen: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def ask(self, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The function's answer. Raises `WorkerDiedError`, or `FaultError` where no process starts or what it
        says is no answer.
        """
        popen = self._started()
        request = {"verb": function, "arguments": arguments, "memory_gib": MEMORY_GIB}
        answer = _exchange(popen, json.dumps(request))
        if answer is None:
            self._end()
            raise WorkerDiedError("a worker process ended")
        if "document" not in answer:
            raise FaultError(f"a worker process failed: {answer.get('error', answer)}")
        found: dict[str, Any] = answer["document"]
        return found

    def close(self) -> None:
        """Ends the process for good."""
        self._closed = True
        self._end()

    def _started(self) -> subprocess.Popen[str]:
        for _ in range(STARTS):
            with self._lock:
                if self._closed:
                    raise WorkerDiedError("the workers were ended")
                if self._popen is not None:
                    return self._popen
                self._popen = popen = _start(self._work)
            answer = _exchange(popen)
            if answer is not None and answer.get("ready"):
                return popen
            self._end()
            if answer is not None:
                raise FaultError(f"a worker process did not start: {answer.get('error')}")
        raise FaultError(f"a worker process did not start: it ended {STARTS} times while it was loading")

    def _end(self) -> None:
        with self._lock:
            popen, self._popen = self._popen, None
        if popen is not None:
            assert popen.stdin is not None and popen.stdout is not None
            popen.kill()
            popen.wait()
            for pipe in (popen.stdin, popen.stdout):
                with contextlib.suppress(OSError):  # a request that never left
                    pipe.close()


def _start(work: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "symgrad.runs.crew.serve", work],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what there is to say is said in the answers
        text=True,
        encoding="utf-8",
        env={**os.environ, **ONE_THREAD, "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,  # Ctrl-C is the client's: a worker that it ended would seem to have died
    )


def _exchange(popen: subprocess.Popen[str], request: str | None = None) -> dict[str, Any] | None:
    """The process's next answer, to the request if there is one; None where it has ended."""
    assert popen.stdin is not None and popen.stdout is not None
    try:
        if request is not None:
            popen.stdin.write(request + "\n")
            popen.stdin.flush()
        line = popen.stdout.readline()
        if line:
            answer = json.loads(line)
            return answer if isinstance(answer, dict) else {"error": line[:40]}
    except (OSError, ValueError):  # the pipe is broken or closed, or a line was cut off
        pass
    return None


def machine_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_memory() -> int | None:
    """Bytes that are there for use, under a container's limit if there is one; None where nobody says."""
    found = []
    with contextlib.suppress(OSError, ValueError, KeyError):
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        found.append(1024 * int(lines["MemAvailable"].split()[0]))
    with contextlib.suppress(OSError, ValueError):  # "max" is no number
        limit, used = (
            int(Path("/sys/fs/cgroup", name).read_text("ascii")) for name in ("memory.max", "memory.current")
        )
        found.append(limit - used)
    if not found:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)
