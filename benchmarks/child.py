"""python -m benchmarks.child WORKLOAD CONTENDER CASE: one contender in a process of its own.

It prepares its data once and then obeys lines, answering each with a line of JSON:

    run N        {"seconds": mean of N runs in a row, "idle": processor seconds used since the last answer}
    memory       {"bytes": peak above the prepared state in one more run, or null}
    result FILE  writes what the last run returned as .npz

CASE is the name of a case, or its JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workload import Case, Prepared
from benchmarks.workloads import WORKLOADS

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _resident(field: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024


def extra_memory(run: Callable[[], Any]) -> int | None:
    """Peak resident bytes in run() above those before it (Linux; None elsewhere).

    What the allocator holds from earlier runs is given back to the system first, or memory that a run needs
    anew would not be seen; then the kernel's high-water mark is reset."""
    if not os.access(_CLEAR, os.W_OK):
        return None
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim is None:
        return None
    trim(0)
    _CLEAR.write_text("5")
    before = _resident("VmRSS")
    kept = run()
    peak = _resident("VmHWM")
    del kept
    return max(peak - before, 0)


def serve(prepared: Prepared, answer: Callable[[dict[str, Any]], None]) -> None:
    """Obeys the lines of standard input until it ends."""
    returned: Any = None
    processor = time.process_time()
    for line in sys.stdin:
        word, _, argument = line.strip().partition(" ")
        idle = time.process_time() - processor
        if word == "run":
            times = int(argument)
            # While it waited, others have filled the caches, and the system may have taken its pages.
            prepared.run()
            start = time.perf_counter()
            for _ in range(times):
                returned = None
                returned = prepared.run()
            answer({"seconds": (time.perf_counter() - start) / times, "idle": idle})
        elif word == "memory":
            returned = None
            answer({"bytes": extra_memory(prepared.run)})
        elif word == "result":
            with Path(argument).open("wb") as file:
                found: dict[str, Any] = {
                    name: np.asarray(one) for name, one in prepared.read(returned).items()
                }
                np.savez(file, **found)
            answer({})
        else:
            raise ValueError(f"{line!r} is no command")
        processor = time.process_time()


def main(workload: str, contender: str, case: str) -> None:
    """Prepares, says so, serves. Whatever a library prints goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(words: dict[str, Any]) -> None:
        channel.write(json.dumps(words) + "\n")
        channel.flush()

    entry = next(one for one in WORKLOADS[workload].contenders if one.name == contender)
    prepared = entry.prepared(Case(**json.loads(case)))
    answer({"compile": prepared.compile_seconds})
    serve(prepared, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
