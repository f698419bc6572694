"""Workers of a Dask cluster, reached by the address of its scheduler. `distributed` is loaded only here."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from symgrad import __version__
from symgrad.errors import FaultError, InputError
from symgrad.runs.crew.answers import reason
from symgrad.runs.sweeps import work

__all__ = ["Cluster"]

CONNECTS_WITHIN = 10.0
"""Seconds for a scheduler to answer, and for a first worker to be there."""
LOOKS_EVERY = 2.0
"""Seconds between two questions how many threads the workers have: they come and go."""


class Cluster:
    """The workers of a scheduler. It starts a task again whose worker died, three times if it was not told
    otherwise; then the future raises one of `lost`. Each worker's own limit of memory holds.

    Raises `InputError` where `distributed` is not installed, no scheduler answers, or a worker has no symgrad
    or another version.
    """

    memory: int | None = None

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise InputError(
                "--scheduler needs the package distributed: pip install 'symgrad[cluster]'"
            ) from None
        self._address = address
        self.lost: tuple[type[Exception], ...] = (distributed.scheduler.KilledWorker,)
        logging.getLogger("distributed").setLevel(logging.ERROR)
        self._client = self._connected(distributed)
        try:
            self._check()
        except BaseException:
            self.close()
            raise
        self._executor = self._client.get_executor(pure=False)
        self._looked, self._slots = 0.0, 1

    def _connected(self, distributed: Any) -> Any:
        """A client; asked for twice, since on a busy machine one may fail an assertion of its own."""
        for _ in range(2):
            try:
                return distributed.Client(self._address, timeout=CONNECTS_WITHIN, set_as_default=False)
            except Exception as error:  # an address that is none raises what it likes
                why, again = reason(error)[:200], isinstance(error, AssertionError)
            # A client that found nobody closes its event loop when it is collected. That takes a lock which
            # the next client holds while it starts, and collected just then both would wait for ever: so
            # it goes now, and the error below, raised outside the clause, does not keep it.
            gc.collect()
            if not again:
                break
        raise InputError(
            f"--scheduler {self._address}: no Dask scheduler answers there ({why}); legal is an "
            "address such as tcp://127.0.0.1:8786"
        )

    def _check(self) -> None:
        """That there are workers, and that they run the same symgrad."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECTS_WITHIN)
        except TimeoutError:
            raise InputError(f"--scheduler {self._address}: it has no workers") from None
        for worker, found in self._client.run(work.version, on_error="return").items():
            if isinstance(found, OSError):  # it ended just now; the scheduler will know
                continue
            if isinstance(found, Exception):
                why = reason(found)[:200]
                raise InputError(f"--scheduler {self._address}: worker {worker} cannot load symgrad ({why})")
            if found != __version__:
                raise InputError(
                    f"--scheduler {self._address}: worker {worker} has symgrad {found}, not {__version__}"
                )

    @property
    def slots(self) -> int:
        """Threads of all workers there are now."""
        if time.monotonic() - self._looked > LOOKS_EVERY:
            self._looked = time.monotonic()
            workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
            self._slots = sum(worker["nthreads"] for worker in workers)
        return self._slots

    def submit(self, function: Callable[..., dict[str, Any]], **arguments: Any) -> Future[dict[str, Any]]:
        """Calls a function of `work` on a worker, which imports it by name."""
        if self._client.status != "running":
            raise FaultError(f"the scheduler at {self._address} is gone")
        future: Future[dict[str, Any]] = self._executor.submit(function, **arguments)
        return future

    def close(self) -> None:
        """Takes back what is not finished and leaves the cluster as it was found."""
        if hasattr(self, "_executor"):
            self._executor.shutdown(wait=False)
        self._client.close(timeout=CONNECTS_WITHIN)
