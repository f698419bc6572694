"""One process for symbolic work, spoken to in JSON lines.

SymPy is not to be shared between threads, and a computation in a thread cannot be stopped. A worker process
answers one request at a time; at the time limit it is ended and a fresh one started. Only text and numbers
pass between the processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO, Any

from symgrad.errors import FaultError, InputError, MemoryLimitError, TimeLimitError, UnsolvedError
from symgrad.runs.serving import processor_seconds

__all__ = ["Worker", "WorkerDiedError"]

Document = dict[str, Any]
MEMORY_GIB = 1.0
STARTS_WITHIN = 60.0
"""Seconds for a process to load SymPy, on a small and busy machine."""


BUSY = 3.0
"""A time limit is one of work: by the clock it may last so many times as long on a busy machine."""


class WorkerDiedError(FaultError):
    """The process ended in the midst of a request."""


class Worker:
    """A process that is started before it is needed, and again whenever it has ended. `niceness` is how far
    its priority stands below the caller's, where the system knows priorities.
    """

    def __init__(self, use_cache: bool = True, niceness: int = 0) -> None:
        self._use_cache = use_cache
        self._niceness = niceness
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._ready = False

    def start(self) -> None:
        """Starts the process unless it runs; returns at once, while it still loads."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "symgrad", "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what there is to say is said in the answers
            text=True,
            encoding="utf-8",
            env={
                **os.environ,
                "PYTHONIOENCODING": "utf-8",
                "SYMGRAD_NO_CACHE": str(int(not self._use_cache)),
            },
        )
        self._answers, self._ready = queue.Queue(), False
        reader = threading.Thread(target=_forward, args=(self._process.stdout, self._answers), daemon=True)
        reader.start()
        self._lower(self._niceness)

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):  # a request that never left
                process.stdin.close()

    def step_back(self) -> None:
        """Leaves the processor to the other workers from now on."""
        self._lower(self._niceness + 5)

    def _lower(self, niceness: int) -> None:
        if self._process is not None and niceness and hasattr(os, "setpriority"):
            with contextlib.suppress(OSError):  # it has just ended
                os.setpriority(os.PRIO_PROCESS, self._process.pid, os.nice(0) + niceness)

    def call(
        self,
        verb: str,
        arguments: Mapping[str, Any],
        timeout: float,
        memory_gib: float = MEMORY_GIB,
        slow: tuple[float, Callable[[], None]] | None = None,
    ) -> Document:
        """The verb's document; `slow` is a time in seconds and what to do when it takes longer than that.

        Raises `InputError`, `TimeLimitError` after `timeout` seconds, `MemoryLimitError` beyond
        `memory_gib` of memory in use, `WorkerDiedError` when the process was ended by something else,
        `UnsolvedError` where no method answers,
        `FaultError` when symgrad itself failed.
        """
        request = {"verb": verb, "arguments": dict(arguments), "seconds": timeout, "memory_gib": memory_gib}
        try:
            self.start()
            self._wait_ready()
            assert self._process is not None
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._answer(timeout, slow)
        except queue.Empty:
            self.close()
            raise TimeLimitError(f"{verb}: no answer within {timeout:g} s") from None
        except (OSError, EOFError):
            self.close()
            raise WorkerDiedError(f"{verb}: the worker process ended") from None
        if answer.get("retire"):
            self.close()
        if "memory" in answer:
            raise MemoryLimitError(f"{verb}: more than {memory_gib:g} GiB of memory would be needed")
        if "input_error" in answer:
            error = InputError(answer["input_error"])
            error.column = answer.get("column")
            raise error
        if "unsolved" in answer:
            raise UnsolvedError(f"{verb}: not solved ({answer['unsolved']})")
        if "document" not in answer:
            raise FaultError(f"{verb}: {answer.get('error')}")
        return answer["document"]

    def _wait_ready(self) -> None:
        if not self._ready:
            answer = self._line(STARTS_WITHIN)
            if not answer.get("ready"):
                self.close()
                raise FaultError(f"the worker process did not start: {answer.get('error')}")
            self._ready = True

    def _answer(self, timeout: float, slow: tuple[float, Callable[[], None]] | None) -> Document:
        """The next answer; raises `queue.Empty` after the time, `EOFError` when the process has ended.

        On a busy machine, where the process was not let work for most of the time, it gets more of it.
        """
        begun, worked = time.monotonic(), self._worked()
        if slow is not None and slow[0] < timeout:
            with contextlib.suppress(queue.Empty):
                return self._line(slow[0])
            slow[1]()
        while True:
            with contextlib.suppress(queue.Empty):
                return self._line(max(0.0, begun + timeout - time.monotonic()))
            missed = timeout - (self._worked() - worked)
            if missed < 0.2 * timeout or time.monotonic() - begun > BUSY * timeout:
                raise queue.Empty
            with contextlib.suppress(queue.Empty):
                return self._line(missed)

    def _worked(self) -> float:
        """Seconds of processor time that the process has had."""
        assert self._process is not None
        return processor_seconds(self._process.pid)

    def _line(self, timeout: float) -> Document:
        line = self._answers.get(timeout=timeout)
        if not line:
            raise EOFError
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self.close()
            raise FaultError(f"the worker process answered with {line[:40]!r}")
        return answer


def _forward(lines: IO[str], into: queue.Queue[str]) -> None:
    """Every line of the process, then an empty one when it ends."""
    with lines, contextlib.suppress(ValueError):  # bytes that are no text end the conversation as well
        for line in lines:
            into.put(line)
    into.put("")
