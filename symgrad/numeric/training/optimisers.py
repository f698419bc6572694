"""Optimisers: how a gradient changes the parameters. An entry is its state vectors and an update in place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from symgrad.numeric.kernel import Array


class Optimiser(Protocol):
    """What the loop asks of an optimiser; the numbers it is set by are fields of a frozen dataclass."""

    def start(self, parameters: Array) -> dict[str, Array]:
        """The state before the first step, vectors like the parameters by name; {} where it keeps nothing."""

    def update(self, parameters: Array, gradient: Array, state: dict[str, Array], step: int) -> None:
        """Changes parameters and state in place; step counts from 1. The gradient may be used as scratch."""


def _check(name: str, value: float, legal: bool, span: str) -> None:
    if not (math.isfinite(value) and legal):
        raise ValueError(f"{name} = {value!r}: legal are finite numbers {span}")


@dataclass(frozen=True)
class SGD:
    """θ ← θ − η g. Raises ValueError unless the learning rate η is finite and > 0."""

    learning_rate: float

    def __post_init__(self) -> None:
        _check("learning_rate", self.learning_rate, self.learning_rate > 0, "above 0")

    def start(self, parameters: Array) -> dict[str, Array]:
        """Nothing is kept."""
        return {}

    def update(self, parameters: Array, gradient: Array, state: dict[str, Array], step: int) -> None:
        """One step down the gradient."""
        gradient *= self.learning_rate
        np.subtract(parameters, gradient, out=parameters)


@dataclass(frozen=True)
class Momentum:
    """v ← μ v + g, θ ← θ − η v, from v = 0. Raises ValueError unless η > 0 is finite and 0 ≤ μ < 1.

    Source: Polyak, USSR Comput. Math. Math. Phys. 4 (1964) 1–17, the heavy ball, with v in units of g as in
    PyTorch's `SGD(momentum=μ)`.
    """

    learning_rate: float
    momentum: float = 0.9

    def __post_init__(self) -> None:
        _check("learning_rate", self.learning_rate, self.learning_rate > 0, "above 0")
        _check("momentum", self.momentum, 0 <= self.momentum < 1, "from 0 to below 1")

    def start(self, parameters: Array) -> dict[str, Array]:
        """The velocity v, 0."""
        return {"velocity": np.zeros_like(parameters)}

    def update(self, parameters: Array, gradient: Array, state: dict[str, Array], step: int) -> None:
        """One step along the velocity."""
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        np.multiply(velocity, self.learning_rate, out=gradient)
        np.subtract(parameters, gradient, out=parameters)


@dataclass(frozen=True)
class Adam:
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η (m/(1 − β₁^k)) / (√(v/(1 − β₂^k)) + ε).

    From m = v = 0 at step k = 1. Raises ValueError unless η and ε are finite and > 0 and 0 ≤ β < 1.

    Source: Kingma & Ba 2015 (arXiv:1412.6980), algorithm 1; as PyTorch's `Adam`.
    """

    learning_rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("learning_rate", "epsilon"):
            _check(name, getattr(self, name), getattr(self, name) > 0, "above 0")
        for name in ("beta1", "beta2"):
            _check(name, getattr(self, name), 0 <= getattr(self, name) < 1, "from 0 to below 1")

    def start(self, parameters: Array) -> dict[str, Array]:
        """m and v, 0."""
        return {"mean": np.zeros_like(parameters), "square": np.zeros_like(parameters)}

    def update(self, parameters: Array, gradient: Array, state: dict[str, Array], step: int) -> None:
        """One step along the mean gradient, each entry measured by its own root mean square."""
        mean, square = state["mean"], state["square"]
        mean *= self.beta1
        mean += (1 - self.beta1) * gradient
        square *= self.beta2
        np.multiply(gradient, gradient, out=gradient)
        gradient *= 1 - self.beta2
        square += gradient
        np.sqrt(square, out=gradient)
        gradient /= math.sqrt(1 - self.beta2**step)
        gradient += self.epsilon
        np.divide(mean, gradient, out=gradient)
        gradient *= self.learning_rate / (1 - self.beta1**step)
        np.subtract(parameters, gradient, out=parameters)


@dataclass(frozen=True)
class Rprop:
    """θ ← θ − sign(g) Δ, each entry with a step Δ of its own, in which only signs of g enter.

    Δ begins at the learning rate and is multiplied by ``up`` where g has the sign of the step before, by
    ``down`` where it has the other, and held within [smallest, largest]. After a change of sign the entry
    stays where it is for one step, and its sign counts as 0 in the next. So steps are the same when g is
    multiplied by any positive number, as long as no entry of it becomes 0. The signs of mini-batches are
    noise: meant for the whole training set as one batch.

    Raises ValueError unless all are finite, 0 < smallest ≤ learning_rate ≤ largest and 0 < down < 1 < up.

    Source: Riedmiller & Braun 1993, IEEE ICNN, 586–591, with up 1.2 and down 0.5 as there, in the form that
    Igel & Hüsken 2003 (Neurocomputing 50, 105–123) call iRprop−, which does not take back the step before a
    change of sign; as PyTorch's `Rprop`.
    """

    learning_rate: float
    up: float = 1.2
    down: float = 0.5
    smallest: float = 1e-6
    largest: float = 50.0

    def __post_init__(self) -> None:
        _check("smallest", self.smallest, self.smallest > 0, "above 0")
        _check("largest", self.largest, self.largest >= self.smallest, f"from smallest = {self.smallest} on")
        span = f"from smallest = {self.smallest} to largest = {self.largest}"
        _check("learning_rate", self.learning_rate, self.smallest <= self.learning_rate <= self.largest, span)
        _check("up", self.up, self.up > 1, "above 1")
        _check("down", self.down, 0 < self.down < 1, "between 0 and 1")

    def start(self, parameters: Array) -> dict[str, Array]:
        """Every Δ at the learning rate, the sign before 0."""
        return {"size": np.full_like(parameters, self.learning_rate), "sign": np.zeros_like(parameters)}

    def update(self, parameters: Array, gradient: Array, state: dict[str, Array], step: int) -> None:
        """One step against the signs."""
        size, before = state["size"], state["sign"]
        np.sign(gradient, out=gradient)
        before *= gradient
        size *= np.where(before > 0, self.up, np.where(before < 0, self.down, 1))
        np.clip(size, self.smallest, self.largest, out=size)
        gradient[before < 0] = 0
        np.copyto(before, gradient)
        gradient *= size
        np.subtract(parameters, gradient, out=parameters)


OPTIMISERS: dict[str, Callable[..., Optimiser]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "adam": Adam,
    "rprop": Rprop,
}
"""Name → entry, made with a learning rate and whatever else it has."""
