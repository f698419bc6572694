"""Many sessions at once: no error, cached pages stay quick, one hard expression freezes nobody."""

from __future__ import annotations

import asyncio
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from symgrad.app.answers import Answers
from symgrad.errors import FaultError, LimitError
from symgrad.runs.pool import Pool
from tests.app.sessions import Session, opened
from tests.server import AppServer

SESSIONS = 20
CACHED = ("sigmoid", "tanh", "relu", "x/(1+x^2)")
HARD = "sin(x)*exp(-x^2)*atan(x^3)*erf(x)*tanh(x^2+1)/(1+sqrt(1+x^4))+log(1+exp(sin(3*x)))*x/(3+cos(x))"
"""Takes longer than the time limit to prove."""


def test_questions_of_many_threads_are_put_once_and_a_hard_one_holds_nobody_up() -> None:
    answers = Answers(Pool(2, use_cache=False))
    try:
        kept = [answers.ask("parse", {"activation": name}).result() for name in CACHED]
        hard = [answers.ask("verify", {"thorough": True, "seed": seed}) for seed in range(2)]

        def session(number: int) -> list[float]:
            waited = []
            for turn in range(25):
                begun = time.monotonic()
                index = (number + turn) % len(CACHED)
                assert answers.ask("parse", {"activation": CACHED[index]}).result() == kept[index]
                waited.append(time.monotonic() - begun)
            return waited

        with ThreadPoolExecutor(SESSIONS) as threads:
            waited = [one for many in threads.map(session, range(SESSIONS)) for one in many]
        assert statistics.quantiles(waited, n=20)[-1] < 1
        assert answers.ask("parse", {"activation": "x*sin(x)"}).result()["expression"]
        assert not any(one.done() for one in hard)
    finally:
        answers.close()
    assert all(isinstance(one.exception(), FaultError | LimitError) for one in hard)


def test_the_same_question_at_once_is_one_question() -> None:
    asked: list[str] = []

    class Counted:
        def call(self, verb: str, arguments: Any, timeout: float, memory_gib: float) -> dict[str, Any]:
            asked.append(verb)
            time.sleep(0.2)
            return {"verb": verb}

        def close(self) -> None:
            pass

    answers = Answers(Counted(), most=2)  # type: ignore[arg-type]
    futures = [answers.ask("parse", {"activation": "x"}) for _ in range(30)]
    assert {future.result()["verb"] for future in futures} == {"parse"}
    assert asked == ["parse"]
    for name in ("a", "b", "c"):
        answers.ask("parse", {"activation": name}).result()
    answers.ask("parse", {"activation": "x"}).result()
    assert len(asked) == 5
    answers.close()


def test_an_answer_that_failed_is_asked_for_again() -> None:
    class Failing:
        def __init__(self) -> None:
            self.left = 1

        def call(self, verb: str, arguments: Any, timeout: float, memory_gib: float) -> dict[str, Any]:
            if self.left:
                self.left -= 1
                raise FaultError("planted")
            return {"verb": verb}

        def close(self) -> None:
            pass

    answers = Answers(Failing())  # type: ignore[arg-type]
    assert isinstance(answers.ask("parse", {"activation": "x"}).exception(), FaultError)
    assert answers.ask("parse", {"activation": "x"}).result() == {"verb": "parse"}
    answers.close()


@pytest.mark.slow
def test_twenty_sessions_on_the_running_app(app_server: AppServer) -> None:
    """Each types one known activation after the other, as fast as pages come; one types a hard expression.
    Prints the times.
    """
    cached, hard, findings = asyncio.run(crowd(app_server.url))
    quantiles = statistics.quantiles(cached, n=20)
    print(
        f"{len(cached)} cached interactions of {SESSIONS} sessions at once: median {quantiles[9]:.2f} s, "
        f"95 % {quantiles[-1]:.2f} s, worst {max(cached):.2f} s; the hard one took {hard:.1f} s"
    )
    assert quantiles[-1] < 1
    assert findings
    app_server.check()


async def crowd(url: str) -> tuple[list[float], float, set[str]]:
    first = await opened(url)
    for name in CACHED:
        await first.type(name)
    sessions = [first, *(await asyncio.gather(*(opened(url) for _ in range(SESSIONS))))]
    alone = asyncio.create_task(sessions[-1].type(HARD))
    await asyncio.sleep(0.3)
    times = await asyncio.gather(*(visit(session, turn) for turn, session in enumerate(sessions[:-1])))
    hard = await alone
    assert not [text for session in sessions for text in session.exceptions]
    for session in sessions:
        await session.socket.close()
    return [one for many in times for one in many], hard, {session.finding for session in sessions}


async def visit(session: Session, first: int) -> list[float]:
    """Ten interactions with a second of looking between them."""
    waited = []
    for turn in range(10):
        await asyncio.sleep((first % 7) / 7 if turn == 0 else 1.0)
        waited.append(await session.type(CACHED[(first + turn) % len(CACHED)]))
    return waited
