"""What is trained: data, net, remedies, optimiser, seed; validated, and as JSON values."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

from symgrad.errors import InputError
from symgrad.numeric.training import (
    CLIPS,
    DATASETS,
    OPTIMISERS,
    Chain,
    Clip,
    DataSet,
    Optimiser,
    Plan,
    Pretraining,
)
from symgrad.theory.remedies.remedies import Choice, chosen

__all__ = ["RATES", "Config"]

RATES = {"sgd": 0.1, "momentum": 0.01, "adam": 0.001, "rprop": 0.01}
"""Optimiser → its learning rate where none is given."""
MOST = {"depth": 1000, "width": 4096, "batch": 100_000, "epochs": 100_000}
"""The largest legal value of each."""
MEMORY = 4 * 2**30
HELD = 8
"""Numbers that a pass keeps of each unit and sample, roughly; and vectors as long as the parameters."""


@dataclass(frozen=True)
class Config:
    """One training of a classifier: ``depth`` hidden layers of ``width`` units, softmax and cross-entropy.

    data           a name of `DATASETS`
    activation     a name or an expression, of hidden units
    sigma_w        hidden weights have variance sigma_w²/fan_in, unless a remedy sets it
    remedies       names of `theory.remedies.remedies.REMEDIES`
    optimizer      a name of `OPTIMISERS`; ``learning_rate`` None: that of `RATES`
    batch, epochs  samples a step, passes over the training set
    seed           of the split, the initial weights and the order of the samples

    Raises `InputError`, one line, naming the option, the offender and what is legal.
    """

    data: str = "digits"
    depth: int = 10
    width: int = 64
    activation: str = "sigmoid"
    sigma_w: float = 1.0
    remedies: tuple[str, ...] = ()
    optimizer: str = "sgd"
    learning_rate: float | None = None
    batch: int = 32
    epochs: int = 30
    seed: int = 0

    def __post_init__(self) -> None:
        for name, table in (("data", DATASETS), ("optimizer", OPTIMISERS)):
            if getattr(self, name) not in table:
                raise InputError(f"{name} = {str(getattr(self, name))[:40]!r}: legal are {', '.join(table)}")
        for name, most in MOST.items():
            _whole(name, getattr(self, name), 1, most)
        _whole("seed", self.seed, 0, 2**63 - 1)
        if not (isinstance(self.sigma_w, int | float) and math.isfinite(self.sigma_w) and self.sigma_w >= 0):
            raise InputError(f"sigma_w = {self.sigma_w!r}: legal are finite numbers from 0 on")
        object.__setattr__(self, "sigma_w", float(self.sigma_w))
        object.__setattr__(self, "remedies", tuple(self.remedies))
        rate = RATES[self.optimizer] if self.learning_rate is None else self.learning_rate
        if isinstance(rate, bool) or not (isinstance(rate, int | float) and 0 < rate < math.inf):
            raise InputError(f"learning_rate = {rate!r}: legal are finite numbers above 0")
        object.__setattr__(self, "learning_rate", float(rate))
        if "sigma_w" in self.choice.plan and self.sigma_w != 1:
            raise InputError(f"sigma_w = {self.sigma_w:g}: a remedy sets it; legal is one of the two")
        if self.memory >= MEMORY:
            size = f"depth {self.depth} × width {self.width} × batch {self.batch}"
            raise InputError(
                f"{size} needs {self.memory / 2**30:.3g} GiB of memory: legal is less than 4 GiB"
            )

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Config:
        """From JSON values. Raises `InputError` for what is no configuration."""
        names = {field.name for field in fields(cls)}
        if set(document) != names or not isinstance(document["remedies"], list):
            raise InputError(f"no configuration of a training: its names are {', '.join(sorted(names))}")
        try:
            return cls(**{**document, "remedies": tuple(document["remedies"])})
        except TypeError as error:
            raise InputError(f"no configuration of a training: {error}") from None

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "remedies": list(self.remedies)}

    def plain(self) -> Config:
        """The same training without remedies."""
        return replace(self, remedies=())

    @cached_property
    def choice(self) -> Choice:
        """What the remedies come to."""
        return chosen(self.remedies, self.activation)

    @property
    def source(self) -> DataSet:
        """The data set."""
        return DATASETS[self.data]

    @property
    def memory(self) -> int:
        """Estimated bytes."""
        weights = self.width * (self.source.inputs + self.depth * self.width)
        return 8 * HELD * (self.depth * self.width * (self.batch + 2000) + weights)

    @property
    def seconds(self) -> float:
        """A rough estimate of how long it takes: what the time left is worked out with."""
        return 4.5e-10 * self.epochs * 1500 * self.depth * self.width * (self.width + 200)

    @cached_property
    def plan(self) -> Plan:
        """The net. Raises `InputError` where the activation has no arrays, or the plan refuses the choice."""
        from symgrad.theory.activations import kernel
        from symgrad.theory.activations.setting import entry_of

        entry = entry_of(self.choice.activation, None)
        given = {"depth": self.depth, "width": self.width, "sigma_w": self.sigma_w, **self.choice.plan}
        try:
            return Plan(kernel(entry), **given)
        except NotImplementedError as reason:
            raise InputError(f"{entry.name}: cannot be run, {reason}") from None
        except ValueError as error:
            raise InputError(f"remedies {', '.join(self.remedies)} do not go together: {error}") from None

    def chain(self) -> Chain:
        """The net over this data set's inputs and classes."""
        return self.plan.chain(self.source.inputs, self.source.classes)

    def optimiser(self) -> Optimiser:
        """With its learning rate. Raises `InputError` for a rate that it cannot have."""
        try:
            return OPTIMISERS[self.optimizer](self.learning_rate)
        except ValueError as error:
            raise InputError(str(error)) from None

    def clip(self) -> Clip | None:
        """That of the remedies, if one of them clips."""
        limit = self.choice.training.get("clip")
        return None if limit is None else CLIPS["norm"](limit)

    def pretraining(self) -> Pretraining | None:
        """That of the remedies, if one of them trains layer by layer first."""
        kind = self.choice.training.get("pretraining")
        return None if kind is None else Pretraining(kind)


def _whole(name: str, value: Any, least: int, most: int) -> None:
    try:
        right = not isinstance(value, bool) and least <= operator.index(value) <= most
    except TypeError:
        right = False
    if not right:
        raise InputError(f"{name} = {value!r}: legal are whole numbers from {least} to {most}")
