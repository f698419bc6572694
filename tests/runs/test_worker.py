"""The worker process: answers, refusals, limits, deaths and garbage all come back as such."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from symgrad import verbs
from symgrad.errors import FaultError, InputError, MemoryLimitError, TimeLimitError
from symgrad.runs.serving import resident_bytes, serve
from symgrad.runs.worker import Worker, WorkerDiedError


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    started = Worker()
    yield started
    started.close()


def number(worker: Worker) -> int:
    assert worker._process is not None
    return worker._process.pid


def test_answers_as_the_verb_does(worker: Worker) -> None:
    assert worker.call("bound", {"activation": "tanh"}, 60) == json.loads(json.dumps(verbs.bound("tanh")))


def test_a_refusal_travels(worker: Worker) -> None:
    with pytest.raises(InputError, match="nope"):
        worker.call("bound", {"activation": "nope"}, 60)
    assert worker.call("list", {}, 60)["activations"]


def test_the_time_limit_ends_it_and_the_next_call_works(worker: Worker) -> None:
    worker.call("list", {}, 60)
    begun = time.monotonic()
    with pytest.raises(TimeLimitError):
        worker.call("verify", {"thorough": True}, 0.05)
    assert time.monotonic() - begun < 5
    assert worker.call("list", {}, 60)["activations"]


def test_the_memory_limit_is_said_and_the_next_call_works(worker: Worker) -> None:
    worker.call("list", {}, 60)
    worker._answers.put('{"memory": 0.5, "retire": true}\n')
    with pytest.raises(MemoryLimitError, match="GiB"):
        worker.call("list", {}, 60)
    assert worker.call("list", {}, 60)["activations"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system keeps no such limit")
def test_memory_is_limited_by_the_system() -> None:
    """400 MiB within half a GiB are given, 800 MiB are not, and the limit is lifted with the request."""
    program = (
        "from symgrad.runs.serving import serve_parent\n"
        "serve_parent(lambda verb, arguments: {'size': len(bytearray(arguments['mib'] << 20))}, lambda: None)"
    )
    process = started(program)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    for mib, gib in ((400, 0.5), (800, 0.5), (800, 1.0)):
        asked = {"verb": "x", "arguments": {"mib": mib}, "seconds": 30, "memory_gib": gib}
        process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.stdin.close()
    process.stdout.close()
    process.wait(10)
    assert [answer.get("document", {}).get("size") for answer in answers] == [400 << 20, None, 800 << 20]
    assert answers[1] == {"memory": 0.5, "retire": True}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processor time is read from /proc")
def test_a_limit_is_one_of_work_and_ends_all_the_same(worker: Worker) -> None:
    """A process that is not let work gets more time by the clock, but not for ever."""
    worker.call("list", {}, 60)
    os.kill(number(worker), signal.SIGSTOP)
    begun = time.monotonic()
    with pytest.raises(TimeLimitError):
        worker.call("list", {}, 0.3)
    assert 0.6 < time.monotonic() - begun < 5
    worker.call("list", {}, 60)
    stopped = number(worker)
    os.kill(stopped, signal.SIGSTOP)
    threading.Timer(0.7, os.kill, (stopped, signal.SIGCONT)).start()
    assert worker.call("list", {}, 0.5)["activations"]
    assert number(worker) == stopped


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs POSIX signals")
def test_one_killed_in_the_midst_of_work_is_said(worker: Worker) -> None:
    worker.call("list", {}, 60)
    killed = number(worker)
    slow = (0.2, lambda: os.kill(killed, signal.SIGKILL))
    with pytest.raises(WorkerDiedError):
        worker.call("verify", {"thorough": True}, 60, slow=slow)
    assert worker.call("list", {}, 60)["activations"]
    assert number(worker) != killed


def test_one_that_died_between_calls_is_replaced(worker: Worker) -> None:
    worker.call("list", {}, 60)
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    assert worker.call("list", {}, 60)["activations"]


def test_a_fault_is_said(worker: Worker) -> None:
    with pytest.raises(FaultError, match="bound: TypeError"):
        worker.call("bound", {"no_such_argument": 1}, 60)


@pytest.mark.parametrize("garbage", ["no JSON", "[1]", "null", "3"])
def test_garbage_in_place_of_an_answer_is_a_fault(worker: Worker, garbage: str) -> None:
    worker.call("list", {}, 60)
    worker._answers.put(garbage + "\n")
    with pytest.raises(FaultError, match="answered with"):
        worker.call("list", {}, 60)
    assert worker.call("list", {}, 60)["activations"]


def test_what_is_printed_does_not_reach_the_answers() -> None:
    """A library's print, by Python or by C, is not taken for an answer; standard input is the asker's."""
    program = (
        "import os\nfrom symgrad.runs.serving import serve_parent\n"
        "def call(verb, arguments):\n    print('from Python', flush=True)\n    os.write(1, b'from C')\n"
        "    return {'verb': verb}\n"
        "serve_parent(call, lambda: print('while loading', flush=True))"
    )
    process = started(program)
    assert process.stdin is not None
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == {"ready": True}
    process.stdin.write('{"verb": "x", "arguments": {}}\n')
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"document": {"verb": "x"}}
    process.stdin.close()
    assert process.stdout.read() == ""
    process.stdout.close()
    process.wait(10)


def test_it_ends_with_the_process_that_asks_even_in_the_midst_of_work() -> None:
    program = (
        "import time\nfrom symgrad.runs.serving import serve_parent\n"
        "serve_parent(lambda verb, arguments: time.sleep(600), lambda: None)"
    )
    process = started(program)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    process.stdin.write('{"verb": "x", "arguments": {}}\n')
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


def test_one_that_cannot_load_says_why() -> None:
    program = (
        "from symgrad.runs.serving import serve_parent\n"
        "serve_parent(lambda verb, arguments: {}, lambda: __import__('no_such_module'))"
    )
    process = started(program)
    assert "no_such_module" in process.communicate(timeout=30)[0]


def started(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip


def served(call: Callable[..., dict[str, object]], *words: str) -> list[dict[str, object]]:
    asked = "".join(json.dumps({"verb": verb, "arguments": {}}) + "\n" for verb in words)
    answers = io.StringIO()
    serve(call, io.StringIO(asked), answers)
    return [
        {key: value for key, value in json.loads(line).items() if key != "retire"}
        for line in answers.getvalue().splitlines()
    ]


def test_serving_goes_on_after_a_fault_and_after_the_memory_limit() -> None:
    def call(verb: str, arguments: object) -> dict[str, object]:
        if verb == "bad":
            raise ZeroDivisionError("planted")
        if verb == "large":
            raise MemoryError
        if verb == "open":
            raise NotImplementedError("no method")
        return {"verb": verb}

    assert served(call, "a", "bad", "open", "large", "b") == [
        {"document": {"verb": "a"}},
        {"error": "ZeroDivisionError: planted"},
        {"unsolved": "no method"},
        {"memory": None},
        {"document": {"verb": "b"}},
    ]


def test_the_column_of_an_error_travels() -> None:
    def call(verb: str, arguments: object) -> dict[str, object]:
        error = InputError("not here")
        error.column = 7
        raise error

    assert served(call, "a") == [{"input_error": "not here", "column": 7}]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_a_warm_worker_is_small(worker: Worker) -> None:
    worker.call("bound", {"activation": "silu"}, 60)
    assert 30 * 2**20 < resident_bytes(str(number(worker))) < 300 * 2**20
