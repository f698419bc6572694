"""The worker's side: requests in, answers out, one JSON line each, within the limits of time and memory.

What the mathematics or a library prints cannot mix with the answers: they have a descriptor of their own.
When the asking process is gone, so is this one.
"""

from __future__ import annotations

import errno
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any

from symgrad.errors import InputError

__all__ = ["processor_seconds", "resident_bytes", "serve", "serve_parent"]

Document = dict[str, Any]
Call = Callable[[str, Mapping[str, Any]], Document]

GRACE = 4.0
"""After so many times its limit the system ends a worker that nobody ended."""
RETIRE_AT = 400 * 2**20
"""Resident bytes from which a worker asks to be replaced: what it remembers is not to cost the next one."""


def serve_parent(call: Call, ready: Callable[[], None]) -> None:
    """Serves the process at the other end of standard input and output until that closes; `ready` loads what
    `call` needs beforehand.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        ready()
    except Exception as error:  # the asking process must learn why there will be no answer
        _say(answers, {"error": f"{type(error).__name__}: {error}"})
        return
    _say(answers, {"ready": True})
    serve(call, _while_connected(sys.stdin), answers)


def serve(call: Call, requests: Iterable[str], answers: IO[str]) -> None:
    """Answers requests {"verb", "arguments", "seconds", "memory_gib"} with {"document"}, {"input_error",
    "column"}, {"unsolved"}, {"memory"} or {"error"}; "retire" asks for a fresh process.
    """
    for line in requests:
        request = json.loads(line)
        with_limits = _limits(request.get("seconds"), request.get("memory_gib"))
        answer: Document
        try:
            answer = {"document": call(request["verb"], request["arguments"])}
        except InputError as error:
            answer = {"input_error": str(error), "column": getattr(error, "column", None)}
        except NotImplementedError as error:
            answer = {"unsolved": str(error)}
        except Exception as error:  # the process must live on, and the caller must learn why
            if _short_of_memory(error):
                answer = {"memory": request.get("memory_gib"), "retire": True}
            else:
                answer = {"error": f"{type(error).__name__}: {error}"}
        with_limits()
        if resident_bytes() > RETIRE_AT:
            answer["retire"] = True
        _say(answers, answer)


def _short_of_memory(error: Exception) -> bool:
    """Every way in which Python says so; a thread that cannot start lacks the memory for its stack."""
    no_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or no_memory or "can't start new thread" in str(error)


def _say(answers: IO[str], answer: Document) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _while_connected(lines: IO[str]) -> Iterator[str]:
    """The lines, read in a thread of its own: when they end the process does, even in the midst of work."""
    arrived: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in lines:
            arrived.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield arrived.get()


def _limits(seconds: float | None, memory_gib: float | None) -> Callable[[], None]:
    """Sets both limits; the function returned lifts them. Systems without them go on without."""
    try:
        import resource
    except ImportError:
        return lambda: None
    before = resource.getrlimit(resource.RLIMIT_AS)
    if memory_gib is not None:
        size = _address_space() - resident_bytes() + int(memory_gib * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (size, before[1]))
    if seconds is not None:
        signal.setitimer(signal.ITIMER_REAL, GRACE * seconds + 1)  # its signal ends the process

    def lift() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)

    return lift


def resident_bytes(process: str = "self") -> int:
    """Memory in use by this process (or that of a number); 0 where the system does not say."""
    return _pages(1, process)


def processor_seconds(process: int) -> float:
    """Processor time that a process has had; where the system does not say, as if it had had all of it."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return time.monotonic()


def _address_space() -> int:
    return _pages(0, "self")


def _pages(column: int, process: str) -> int:
    try:
        with open(f"/proc/{process}/statm", encoding="ascii") as file:
            return int(file.read().split()[column]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
