"""The standard initialisations as a table: the scales σ_w, σ_b and the law of the weights that each gives to
layers of equal width, for any activation.

W_l has entries of variance σ_w²/N (or is σ_w times a random orthogonal matrix), b_l entries of variance σ_b².
Only these variances matter in wide layers, so a uniform law stands for the Gaussian one of its variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from symgrad.errors import InputError
from symgrad.numeric import Kernel, ln_moments
from symgrad.theory.activations import CORE, Activation, kernel
from symgrad.theory.initialization.audit import GAIN_TABLE
from symgrad.theory.initialization.edge import doubly_critical, edge_of_chaos

__all__ = ["SCHEMES", "Layers", "Scheme", "Scales", "schemes"]


@dataclass(frozen=True)
class Scales:
    """σ_w² and σ_b²: what a scheme comes to for one activation and width."""

    sigma_w2: float
    sigma_b2: float = 0.0


@dataclass(frozen=True)
class Layers:
    """What a scheme may look at: φ, the width N of all layers, and the σ_b² that is wanted at criticality."""

    entry: Activation
    width: int
    sigma_b2: float = 0.0

    @cached_property
    def kernel(self) -> Kernel:
        """φ and φ′ on arrays. Raises `InputError` for a function that has none."""
        try:
            return kernel(self.entry)
        except NotImplementedError as reason:
            raise InputError(f"{self.entry.name}: cannot be run, {reason}") from None

    @cached_property
    def moments(self) -> tuple[float, float]:
        """E φ(z)² and E φ′(z)². Raises ValueError where one of them is no positive number."""
        found = ln_moments(self.kernel, 0.0)
        if not all(map(math.isfinite, found)):
            raise ValueError("a mean square at q = 1 is 0 or infinite, so no gain keeps it")
        second, slope = map(math.exp, found)
        return second, slope

    @cached_property
    def edge(self) -> Scales:
        """σ_w² with χ₁ = 1 at a fixed point beside this σ_b². Raises ValueError where there is none."""
        return Scales(edge_of_chaos(self.kernel, self.sigma_b2)[0], self.sigma_b2)


@dataclass(frozen=True)
class Scheme:
    """A row: `key` for scripts, `name` for people, what it says of a weight, and the scales it comes to.

    `scales` raises ValueError, in words, where the scheme does not exist for the activation.
    """

    key: str
    name: str
    rule: str
    scales: Callable[[Layers], Scales]
    weights: str = "gaussian"


def _fixed(sigma_w2: float) -> Callable[[Layers], Scales]:
    return lambda layers: Scales(sigma_w2)


def _uniform(layers: Layers) -> Scales:
    """U(±1/√n) has the variance 1/(3n), of weights and of biases."""
    return Scales(1 / 3, 1 / (3 * layers.width))


def _table(layers: Layers) -> Scales:
    for row in GAIN_TABLE:
        if CORE[row.activation].phi == layers.entry.phi:
            return Scales(float(row.gain**2))
    raise ValueError("the table of the frameworks has no entry for this activation")


def _forward(layers: Layers) -> Scales:
    return Scales(1 / layers.moments[0])


def _backward(layers: Layers) -> Scales:
    second, slope = layers.moments
    biases = 1 - second / slope
    if biases < -1e-12:
        raise ValueError(
            f"the gain 1/√E φ′(z)² makes q grow past 1, and biases of variance {biases:.4g} do not exist"
        )
    return Scales(1 / slope, max(biases, 0.0))


def _doubly(layers: Layers) -> Scales:
    sigma_w2, sigma_b2, _ = doubly_critical(layers.kernel)
    return Scales(sigma_w2, sigma_b2)


SCHEMES: tuple[Scheme, ...] = (
    Scheme("lecun", "LeCun normal", "variance 1/fan-in", _fixed(1.0)),
    Scheme("glorot", "Glorot normal or uniform", "variance 2/(fan-in + fan-out)", _fixed(1.0)),
    Scheme("he", "He normal or uniform", "variance 2/fan-in", _fixed(2.0)),
    Scheme("uniform", "U(±1/√n), PyTorch's default", "weights and biases of variance 1/(3 fan-in)", _uniform),
    Scheme("table", "gain table of the frameworks", "variance gain²/fan-in", _table),
    Scheme("forward", "forward gain at q = 1", "variance 1/(fan-in · E φ(z)²): keeps the signal", _forward),
    Scheme(
        "backward",
        "backward gain at q = 1",
        "variance 1/(fan-in · E φ′(z)²), with the biases that hold q = 1: keeps the gradient",
        _backward,
    ),
    Scheme("critical", "edge of chaos", "χ₁ = 1 at the fixed point of q", lambda layers: layers.edge),
    Scheme(
        "double",
        "doubly critical",
        "χ₁ = χ_∥ = 1 at a fixed point of q: gradient and signal are held, with biases of its own",
        _doubly,
    ),
    Scheme(
        "orthogonal",
        "orthogonal at the edge of chaos",
        "random rotations times the scale with χ₁ = 1",
        lambda layers: layers.edge,
        "orthogonal",
    ),
    Scheme(
        "orthogonal-double",
        "orthogonal, doubly critical",
        "random rotations times the scale with χ₁ = χ_∥ = 1, with its biases",
        _doubly,
        "orthogonal",
    ),
)
"""In the order of their history."""


def schemes(layers: Layers) -> list[tuple[Scheme, Scales | None, str]]:
    """Every scheme with its scales, or None and why it does not exist for this activation."""
    found: list[tuple[Scheme, Scales | None, str]] = []
    for scheme in SCHEMES:
        try:
            found.append((scheme, scheme.scales(layers), ""))
        except ValueError as why:
            found.append((scheme, None, str(why)))
    return found
