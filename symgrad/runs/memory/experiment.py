"""What is trained: tasks × lengths × architectures × seeds, numbered, as `memory.toml` keeps it.

[experiment]                 the trainings
[made_with]                  versions when the folder was begun; bits may differ under others
"""

from __future__ import annotations

import json
import math
import operator
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from typing import Any

import numpy as np

from symgrad.errors import InputError
from symgrad.numeric.drawn import DTYPES
from symgrad.numeric.training import TASKS
from symgrad.runs.crew.program import versions
from symgrad.runs.memory.architectures import ARCHITECTURES

__all__ = ["PRESETS", "Experiment"]

MOST = {"steps": 10_000, "seeds": 100, "updates": 1_000_000, "width": 4096, "batch": 10_000}
"""The largest legal value of each."""
LEAST_STEPS = 3
"""So that the chrono initialisation is there for every architecture."""
POINTS = 10_000
MEMORY = 4 * 2**30
HELD = 12
"""Numbers that a pass keeps of each unit, sequence and step, roughly, gates included."""


@dataclass(frozen=True)
class Experiment:
    """Trainings on each task, length T, architecture and seed; validated on construction.

    ``rates``: learning rates that are all tried; none: each architecture has its own. Raises `InputError`,
    one line, naming the option, the offender and what is legal.
    """

    tasks: tuple[str, ...] = ("adding",)
    steps: tuple[int, ...] = (10, 50)
    architectures: tuple[str, ...] = tuple(ARCHITECTURES)
    seeds: int = 3
    updates: int = 3000
    width: int = 64
    batch: int = 50
    rates: tuple[float, ...] = ()
    dtype: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, legal in (("tasks", tuple(TASKS)), ("architectures", tuple(ARCHITECTURES))):
            chosen = _list(name, getattr(self, name))
            for one in chosen:
                if one not in legal:
                    raise InputError(f"{name} = {_shown(one)}: legal are {', '.join(legal)}")
            object.__setattr__(self, name, chosen)
        for steps in _list("steps", self.steps):
            _whole("steps", steps, LEAST_STEPS)
        object.__setattr__(self, "steps", tuple(self.steps))
        for name in ("seeds", "updates", "width", "batch"):
            _whole(name, getattr(self, name), 1)
        _whole("seed", self.seed, 0)
        for rate in self.rates:
            if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < math.inf:
                raise InputError(f"rates = {_shown(rate)}: legal are finite numbers above 0")
        object.__setattr__(self, "rates", tuple(float(rate) for rate in self.rates))
        if self.dtype not in DTYPES:
            raise InputError(f"dtype = {_shown(self.dtype)}: legal are {', '.join(DTYPES)}")
        if self.points > POINTS:
            raise InputError(f"{self.points} trainings: legal are up to {POINTS}")
        if self.memory >= MEMORY:
            size = f"steps {max(self.steps)} × width {self.width} × batch {self.batch}"
            raise InputError(
                f"{size} needs {self.memory / 2**30:.3g} GiB of memory: legal is less than 4 GiB"
            )

    @property
    def memory(self) -> int:
        """Estimated bytes of the largest training."""
        kept = HELD * max(self.steps) * self.batch * self.width
        return np.dtype(self.dtype).itemsize * (kept + 40 * self.width**2)

    @property
    def _axes(self) -> list[tuple[Any, ...]]:
        rates: tuple[float | None, ...] = self.rates or (None,)
        return list(product(self.tasks, self.steps, self.architectures, rates, range(self.seeds)))

    @property
    def points(self) -> int:
        """The number of trainings."""
        axes = (self.tasks, self.steps, self.architectures, self.rates or (None,))
        return math.prod(map(len, axes)) * self.seeds

    def point(self, number: int) -> dict[str, Any]:
        """One training, as JSON values."""
        task, steps, architecture, rate, seed = self._axes[number]
        return {
            "number": number,
            "task": task,
            "steps": steps,
            "architecture": architecture,
            "seed": self.seed + seed,
            "learning_rate": ARCHITECTURES[architecture].learning_rate if rate is None else rate,
            **{name: getattr(self, name) for name in ("updates", "width", "batch", "dtype")},
        }

    def seconds(self, number: int) -> float:
        """What the training takes on one core if it is not solved before, roughly."""
        point = self.point(number)
        size = self.batch * self.width / 3200 * max(1.0, self.width / 64)
        return self.updates * (2e-4 + point["steps"] * ARCHITECTURES[point["architecture"]].cost * size)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Experiment:
        """The experiment of a document. Raises `InputError`."""
        known = {field.name for field in fields(cls)}
        for name in document:
            if name not in known:
                raise InputError(f"{_shown(name)} is not known (legal: {', '.join(known)})")
        lists: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in document.items()}
        return cls(**lists)

    def text(self) -> str:
        """`memory.toml`."""
        lines = ["[experiment]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in self.document().items()]
        lines += ["", "[made_with]", *(f"{key} = {json.dumps(value)}" for key, value in versions().items())]
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> tuple[Experiment, dict[str, str]]:
        """Experiment and versions of a `memory.toml`. Raises `InputError`."""
        try:
            tables = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"no TOML: {' '.join(str(error).split())[:200]}") from None
        if not isinstance(tables.get("experiment"), dict):
            raise InputError("there is no table [experiment]")
        made = tables.get("made_with")
        held = {str(k): str(v) for k, v in made.items()} if isinstance(made, dict) else {}
        return cls.of(tables["experiment"]), held


def _list(name: str, given: Sequence[Any]) -> tuple[Any, ...]:
    if not isinstance(given, (tuple, list)) or not given or len(set(given)) != len(given):
        raise InputError(f"{name} = {_shown(given)}: legal is a list of one or more, none twice")
    return tuple(given)


def _whole(name: str, value: Any, low: int) -> None:
    try:
        legal = not isinstance(value, bool) and low <= operator.index(value) <= MOST.get(name, 2**63 - 1)
    except TypeError:
        legal = False
    if not legal:
        span = f"{low} to {MOST[name]}" if name in MOST else f"{low} on"
        raise InputError(f"{name} = {_shown(value)}: legal are whole numbers from {span}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


PRESETS: dict[str, Experiment] = {
    "short": Experiment(),
    "long": Experiment(tasks=tuple(TASKS), steps=(10, 50, 200)),
}
"""Name → experiment. "short" takes minutes; "long" is the one whose results lie in `data/memory.json`."""
