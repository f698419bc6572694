"""Symbolic work in processes of its own, spoken to in JSON lines.

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
from collections.abc import Callable, Mapping
from typing import IO, Any

from symgrad.errors import InputError, TimeLimitError

__all__ = ["Pool", "Worker", "limit_memory", "serve"]

Document = dict[str, Any]


def serve(call: Callable[[str, Mapping[str, Any]], Document], requests: IO[str], answers: IO[str]) -> None:
    """Answers requests {"verb", "arguments"} line by line with {"document"}, {"input_error"} or {"error"}
    until the input ends.
    """
    for line in requests:
        request = json.loads(line)
        try:
            answer: Document = {"document": call(request["verb"], request["arguments"])}
        except InputError as error:
            answer = {"input_error": str(error)}
        except Exception as error:  # the process must live on, and the caller must learn why
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def limit_memory(gib: float) -> None:
    """This process may not take more than so much address space; systems without such a limit go on without
    one.
    """
    try:
        import resource
    except ImportError:
        return
    size = int(gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


class Worker:
    """One process; started at the first call and again after it was ended."""

    def __init__(self, memory_gib: float = 4.0, use_cache: bool = True) -> None:
        self._memory = memory_gib
        self._use_cache = use_cache
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def call(self, verb: str, arguments: Mapping[str, Any], timeout: float) -> Document:
        """The verb's document. Raises `InputError`, `TimeLimitError` after `timeout` seconds, `RuntimeError`
        on a fault.
        """
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"verb": verb, "arguments": dict(arguments)}) + "\n")
            process.stdin.flush()
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            self.close()
            raise TimeLimitError(f"{verb}: no answer within {timeout:g} s") from None
        except OSError as error:
            self.close()
            raise RuntimeError(f"{verb}: the worker process ended ({error})") from None
        if not line:
            self.close()
            raise RuntimeError(f"{verb}: the worker process ended (out of memory, or killed)")
        answer = json.loads(line)
        if "input_error" in answer:
            raise InputError(answer["input_error"])
        if "error" in answer:
            raise RuntimeError(f"{verb}: {answer['error']}")
        return answer["document"]

    def close(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):  # a request that never left
                process.stdin.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            command = [sys.executable, "-m", "symgrad", "worker", str(self._memory)]
            environment = {
                **os.environ,
                "PYTHONIOENCODING": "utf-8",
                "SYMGRAD_NO_CACHE": str(int(not self._use_cache)),
            }
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env=environment,
            )
            self._answers = queue.Queue()
            reader = threading.Thread(
                target=_forward, args=(self._process.stdout, self._answers), daemon=True
            )
            reader.start()
        return self._process


def _forward(lines: IO[str], into: queue.Queue[str]) -> None:
    """Every line of the process, then an empty one when it ends."""
    with lines:
        for line in lines:
            into.put(line)
    into.put("")


class Pool:
    """A few workers shared by all threads; a call waits for a free one."""

    def __init__(self, size: int = 2) -> None:
        self._workers = [Worker() for _ in range(size)]
        self._free: queue.Queue[Worker] = queue.LifoQueue()  # the warm one first
        for worker in self._workers:
            self._free.put(worker)

    def close(self) -> None:
        """Ends every process."""
        for worker in self._workers:
            worker.close()

    def call(self, verb: str, arguments: Mapping[str, Any], timeout: float = 60.0) -> Document:
        """As `Worker.call`, on the first worker that is free."""
        worker = self._free.get()
        try:
            return worker.call(verb, arguments, timeout)
        finally:
            self._free.put(worker)
