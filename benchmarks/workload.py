"""What a workload is: cases, contenders and limits, all of them entries of a table.

A contender is named by the function that prepares it, ``module:function``, so that a child process can
import it and a peer that is not installed is never imported."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Results = Mapping[str, NDArray[Any]]

OURS = "symgrad"

MEASURES: dict[str, Callable[[Any], float | None]] = {
    "time": lambda standing: standing.seconds,
    "memory": lambda standing: standing.memory,
}
"""What a limit can be set to, from a `contest.Standing`; None where it was not measured."""


@dataclass(frozen=True)
class Case:
    """One size of a workload: depth L (or the number of time steps), width N, batch B, seeds S, sigma_w,
    activation, dtype, for training the number of steps, and of a recurrent net the cell. ``faint``: gradients
    so small (or large) that a peer may return 0 or inf; what it lost is counted, only the rest compared."""

    name: str
    depth: int
    width: int
    batch: int
    seeds: int = 1
    sigma_w: float = 1.0
    activation: str = "tanh"
    dtype: str = "float64"
    steps: int = 0
    faint: bool = False
    cell: str = "rnn"

    @property
    def real(self) -> np.dtype[Any]:
        """The dtype as NumPy's."""
        return np.dtype(self.dtype)


@dataclass(frozen=True)
class Prepared:
    """A contender with its data in place. ``run()`` does the work once and is what is timed; ``read`` turns
    what it returned into arrays, logarithms mostly, that can be compared (none for a floor)."""

    run: Callable[[], Any]
    read: Callable[[Any], Results] = lambda _: {}
    compile_seconds: float = 0.0


@dataclass(frozen=True)
class Contender:
    """``prepare`` is ``module:function`` from a `Case` and ``options`` to `Prepared`; ``needs`` the packages
    that must be installed; ``able`` says of a case why the contender does not run it, or ""."""

    name: str
    prepare: str
    needs: tuple[str, ...] = ()
    threads: tuple[int, ...] = (1, 2)
    able: Callable[[Case], str] = lambda _: ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def absent(self, case: Case) -> str:
        """Why it does not run the case: a package that is not installed, or what ``able`` says; or ""."""
        missing = [name for name in self.needs if importlib.util.find_spec(name) is None]
        return f"{missing[0]} is not installed" if missing else self.able(case)

    def prepared(self, case: Case) -> Prepared:
        """Its data put in place."""
        module, function = self.prepare.split(":")
        found: Prepared = getattr(importlib.import_module(module), function)(case, **self.options)
        return found


@dataclass(frozen=True)
class Limit:
    """``measure`` (one of MEASURES) of contender ``ours`` on ``case`` is at most ``at_most`` times that of
    the best of ``against``; or, with ``expected``, at most ``at_most`` times a number computed from the case.
    A ``stretch`` is shown and does not fail."""

    case: str
    at_most: float
    against: tuple[str, ...] = ()
    ours: str = OURS
    measure: str = "time"
    expected: Callable[[Case], float] | None = None
    stretch: bool = False


FAINT = 36.0
"""ln of the largest norm, and −ln of the smallest, whose entries' squares float32 holds with room."""


def log_difference(ours: Results, theirs: Results, faint: bool) -> float:
    """The largest |difference| of the logarithms that both give: a relative error. An entry that one has as
    0 or inf and the other not is an infinite difference, unless the case is faint: then what is beyond
    e^±FAINT is left out. Raises ValueError where nothing can be compared."""
    shared = [name for name in ours if name in theirs]
    if not shared:
        raise ValueError(f"nothing to compare: {sorted(ours)} and {sorted(theirs)}")
    largest = 0.0
    for name in shared:
        left, right = np.asarray(ours[name], float), np.asarray(theirs[name], float)
        if left.shape != right.shape:
            raise ValueError(f"{name} has shapes {left.shape} and {right.shape}")
        if faint:  # squares of a peer's entries must not have left its range
            compared = np.isfinite(left) & (np.abs(right) < FAINT)
        else:
            compared = ~((left == right) & np.isinf(left))
        gap = np.abs(left[compared] - right[compared])
        if gap.size:
            worst = float(gap.max())
            largest = max(largest, np.inf if np.isnan(worst) else worst)
    return largest


def lost(results: Results) -> int:
    """How many of the logarithms are −inf, inf or NaN."""
    return sum(int(np.count_nonzero(~np.isfinite(found))) for found in results.values())


@dataclass(frozen=True)
class Workload:
    """Cases, contenders and limits. The first contender is ours, and what the others are compared with.

    ``quick`` are the cases of the test; ``tolerance`` is what ``difference`` may be, by dtype."""

    title: str
    cases: tuple[Case, ...]
    quick: tuple[Case, ...]
    contenders: tuple[Contender, ...]
    limits: tuple[Limit, ...] = ()
    tolerance: Mapping[str, float] = field(default_factory=lambda: {"float64": 1e-10, "float32": 1e-3})
    difference: Callable[[Results, Results, bool], float] = log_difference
    named: bool = False
