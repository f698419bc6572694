"""What work says of itself: counts, time so far, time left."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from symgrad.runs.crew.answers import Answer, Batch
from symgrad.runs.crew.status import Status, spent

__all__ = ["Progress"]

EVERY = 1.0
"""Seconds between two words at most."""


class Progress:
    """Counts answers; what it says goes into `progress.json` and to whoever listens.

    The time left is the estimate of what is not answered yet, times what the answers of this run took over
    their own estimates.
    """

    def __init__(
        self,
        folder: Path,
        points: int,
        done: int,
        failed: int,
        listener: Callable[[Status], object] | None,
    ) -> None:
        self._folder, self._points, self._done, self._failed = folder, points, done, failed
        self._listener = listener
        self._begun = self._answered = time.monotonic()
        self._before = spent(folder)
        self._left = self._estimated = self._took = 0.0
        self._said = 0.0

    def expect(self, batches: Sequence[Batch]) -> None:
        """These are to be answered."""
        self._left = sum(batch.seconds for batch in batches)

    def count(self, answer: Answer) -> None:
        """One answer more, whose rows are written."""
        failed = sum(row["error"] is not None for row in answer.rows)
        self._failed += failed
        self._done += len(answer.rows) - failed
        self._answered = time.monotonic()
        self._left -= answer.batch.seconds
        self._estimated += answer.batch.seconds
        self._took += answer.seconds

    def told(self, work: Callable[[], bool]) -> Status:
        """Works, and says how it ended, whatever it was; `work` answers whether it came to the end."""
        try:
            whole = work()
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            why = None if stopped else " ".join(str(error).split()) or type(error).__name__
            with contextlib.suppress(OSError):
                self.say("cancelled" if stopped else "failed", why=why)
            raise
        return self.say("finished" if whole else "cancelled")

    def tick(self, workers: int, why: str | None = None) -> None:
        """Says how it stands, if it is time to."""
        if time.monotonic() - self._said >= EVERY:
            self.say("running", workers, why)

    def say(self, state: str, workers: int = 0, why: str | None = None) -> Status:
        """Says how it stands, `workers` being at work; returns what was said. Raises OSError."""
        self._said = time.monotonic()
        seconds_left = None
        if state == "running" and workers and self._left > 0:
            pace = self._took / self._estimated if self._took else 1.0
            seconds_left = max(0.0, self._left * pace / workers - (self._said - self._answered))
        now = Status(
            points=self._points,
            done=self._done,
            failed=self._failed,
            seconds=round(self._before + self._said - self._begun, 3),
            seconds_left=None if seconds_left is None else round(seconds_left, 1),
            state=state,
            pid=os.getpid(),
            why=why,
            folder=str(self._folder),
        )
        now.write()
        if self._listener is not None:
            self._listener(now)
        return now
