"""Batches handed to workers, and their rows as they come; nothing of it depends on where the workers are."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from typing import Any, Protocol

from symgrad.errors import FaultError, InputError

__all__ = ["Answer", "Batch", "Workers", "answers", "reason"]

TICK = 0.1
"""Seconds after which there is an answer, even if it is none."""
DIED = "its worker process died, and died again when it was given this point alone"


class Workers(Protocol):
    """What runs functions of a module: how many at once, under how many bytes of memory (None: that is not
    this process's business), and the errors that mean that a worker died.
    """

    lost: tuple[type[Exception], ...]
    memory: int | None

    @property
    def slots(self) -> int:
        """How many calls run at once."""

    def submit(self, function: Callable[..., dict[str, Any]], **arguments: Any) -> Future[dict[str, Any]]:
        """Calls a function of the work in a worker."""

    def close(self) -> None:
        """Ends what is at work, at once."""


@dataclass(frozen=True)
class Batch:
    """Numbers of points, those that share draws beside each other; estimates of the seconds that they take on
    one core, and of the bytes of memory.
    """

    points: tuple[int, ...]
    seconds: float
    memory: int

    def halves(self) -> tuple[Batch, Batch]:
        """The same points as two batches."""
        cut = len(self.points) // 2
        parts = self.points[:cut], self.points[cut:]
        first, second = (
            Batch(part, self.seconds * len(part) / len(self.points), self.memory) for part in parts
        )
        return first, second


@dataclass(frozen=True)
class Answer:
    """The rows of a batch, and the seconds that they took its worker."""

    batch: Batch
    rows: Sequence[Mapping[str, Any]]
    seconds: float


def answers(
    workers: Workers,
    batches: Sequence[Batch],
    points: Callable[[Batch], list[dict[str, Any]]],
    measured: Callable[..., dict[str, Any]],
    failed: Callable[[int, str], dict[str, Any]],
) -> Generator[Answer | None]:
    """The answer to each batch, as it comes, and None at least every tick; `points` makes what workers get,
    `measured` is the function of theirs that answers {"rows", "seconds"}, `failed` the row of a point that
    has no results, and why.

    A batch whose worker died is given again, in two halves. A single point whose worker died is given again
    alone, once all else is done: then no other point can have been the cause, nor have taken the memory. If
    that worker dies too, the point has failed. So one bad point of n costs 2 + log2(n) workers.
    """
    waiting, suspected = deque(batches), deque[Batch]()
    at_work: dict[Future[dict[str, Any]], Batch] = {}
    trial: Batch | None = None

    def hand_out() -> None:
        while waiting and len(at_work) < workers.slots:
            batch = _fitting(waiting, at_work.values(), workers.memory)
            if batch is None:
                return
            at_work[workers.submit(measured, points=points(batch))] = batch

    while waiting or at_work or suspected:
        if not (waiting or at_work):
            trial = suspected.popleft()
            waiting.append(trial)
        hand_out()
        if not at_work:  # a cluster that has no workers now
            time.sleep(TICK)
        found = []
        for future in wait(at_work, timeout=TICK, return_when=FIRST_COMPLETED).done:
            batch = at_work.pop(future)
            try:
                answer = future.result()
                found.append(Answer(batch, answer["rows"], answer["seconds"]))
            except CancelledError:
                raise FaultError("the connection to the workers is lost") from None
            except workers.lost:
                if len(batch.points) > 1:
                    waiting.extendleft(batch.halves())
                elif batch is trial:
                    found.append(Answer(batch, [failed(batch.points[0], DIED)], 0.0))
                else:
                    suspected.append(batch)
        hand_out()  # before the rows are written: no worker waits for a disk
        yield from found
        if not found:
            yield None


def reason(error: Exception) -> str:
    """What is said of a failure, on one line."""
    text = " ".join(str(error).split())[:1000]
    return text if isinstance(error, InputError) else f"{type(error).__name__}: {text}"


def _fitting(waiting: deque[Batch], at_work: Collection[Batch], memory: int | None) -> Batch | None:
    """Takes the first batch that finds memory beside those at work; any does where there are none."""
    free = math.inf if memory is None or not at_work else memory - sum(batch.memory for batch in at_work)
    for place, batch in enumerate(waiting):
        if batch.memory <= free:
            del waiting[place]
            return batch
    return None
