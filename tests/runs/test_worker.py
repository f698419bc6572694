"""The worker process: answers, refusals, time limits and crashes all come back as such."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from symgrad import verbs
from symgrad.errors import InputError, TimeLimitError
from symgrad.runs.worker import Pool, Worker, serve


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    started = Worker()
    yield started
    started.close()


def test_answers_as_the_verb_does(worker: Worker) -> None:
    assert worker.call("bound", {"activation": "tanh"}, 60) == json.loads(json.dumps(verbs.bound("tanh")))


def test_a_refusal_travels(worker: Worker) -> None:
    with pytest.raises(InputError, match="'nope' is not known"):
        worker.call("bound", {"activation": "nope"}, 60)
    assert worker.call("list", {}, 60)["activations"]


def test_the_time_limit_ends_it_and_the_next_call_works(worker: Worker) -> None:
    worker.call("list", {}, 60)
    with pytest.raises(TimeLimitError):
        worker.call("verify", {"thorough": True}, 0.05)
    assert worker.call("list", {}, 60)["activations"]


def test_a_process_that_dies_is_said_and_replaced(worker: Worker) -> None:
    worker.call("list", {}, 60)
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    assert worker.call("list", {}, 60)["activations"]


def test_a_fault_is_said(worker: Worker) -> None:
    with pytest.raises(RuntimeError, match="bound: TypeError"):
        worker.call("bound", {"no_such_argument": 1}, 60)


def test_threads_share_a_pool() -> None:
    pool = Pool(size=2)
    names = ["tanh", "sigmoid", "relu", "elu"]
    with ThreadPoolExecutor(4) as threads:
        documents = list(threads.map(lambda name: pool.call("bound", {"activation": name}), names))
    assert [document["activation"] for document in documents] == names
    pool.close()


def test_serving_goes_on_after_a_fault() -> None:
    def call(verb: str, arguments: object) -> dict[str, object]:
        if verb == "bad":
            raise ZeroDivisionError("planted")
        return {"verb": verb}

    asked = "".join(json.dumps({"verb": verb, "arguments": {}}) + "\n" for verb in ("a", "bad", "b"))
    answers = io.StringIO()
    serve(call, io.StringIO(asked), answers)
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [
        {"document": {"verb": "a"}},
        {"error": "ZeroDivisionError: planted"},
        {"document": {"verb": "b"}},
    ]
