"""How each library does the work of a workload: one file a library, one function a form of the work.

A function takes a `Case`, puts the data in the library's own arrays and returns `Prepared`. Written as a
practitioner who cares for speed would: nothing in a run that could be done before it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import Results


def threads() -> int:
    """The thread setting that this process was started with; all cores where there is none."""
    return int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count() or 1


def logs(norms: Any) -> NDArray[Any]:
    """ln of norms, −inf for 0."""
    with np.errstate(divide="ignore"):
        found: NDArray[Any] = np.log(np.asarray(norms, dtype=np.float64))
    return found


def gradient_logs(returned: Any) -> Results:
    """Per seed (norms of ∂E/∂h_l, norms of ∂E/∂W_l), l = 1…L → the logarithms, each (S, L)."""
    return {
        "ln_gradient": np.stack([logs(seed[0]) for seed in returned]),
        "ln_weight_gradient": np.stack([logs(seed[1]) for seed in returned]),
    }


def recurrent_logs(by_state: Any, by_weight: Any, by_input_weight: Any) -> Results:
    """Norms of ∂E/∂h_t, t = 1…T, and the matrices ∂E/∂W and ∂E/∂U → logarithms of all norms."""
    weights = [np.linalg.norm(np.asarray(found)) for found in (by_weight, by_input_weight)]
    return {"ln_state": logs(by_state), "ln_weights": logs(weights)}


def in_threads(work: Callable[[int], Any], items: int) -> Callable[[], list[Any]]:
    """[work(i) for i in range(items)], an item a thread at a time, as many threads as the setting says."""
    workers = min(threads(), items)
    if workers == 1:
        return lambda: [work(item) for item in range(items)]
    pool = ThreadPoolExecutor(workers)
    numbers: Sequence[int] = range(items)
    return lambda: list(pool.map(work, numbers))
