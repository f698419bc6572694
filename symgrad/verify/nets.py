"""The concrete nets that a claim names: options, and the tensors drawn for them.

The draws are the judge's own (SFC64, one stream a claim and net), not those of the engine it judges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
import sympy as sp
from numpy.random import Generator
from numpy.typing import NDArray

from symgrad.errors import InputError
from symgrad.numeric import Kernel
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.pieces import breakpoints
from symgrad.symbolic.letters import x
from symgrad.symbolic.zeros.cuts import cuts
from symgrad.symbolic.zeros.isolation import ball_of
from symgrad.theory.activations import Activation, activation, kernel
from symgrad.verify.exact_net import ExactNet, ball_norm
from symgrad.verify.oracles import difference_kernel

__all__ = [
    "NOTHING",
    "NetOptions",
    "Tensors",
    "draw",
    "joints",
    "lives",
    "phi_kernel",
    "resolve",
    "small_net",
]

Float: TypeAlias = NDArray[np.float64]


def _gaussian(rng: Generator, seeds: int, width: int) -> Float:
    return rng.standard_normal((seeds, width, width)) / math.sqrt(width)


def _orthogonal(rng: Generator, seeds: int, width: int) -> Float:
    q, r = np.linalg.qr(rng.standard_normal((seeds, width, width)))
    return np.asarray(q * np.copysign(1.0, np.diagonal(r, axis1=1, axis2=2))[:, None, :])


def _permutation(rng: Generator, seeds: int, width: int) -> Float:
    return np.stack([np.eye(width)[rng.permutation(width)] for _ in range(seeds)])


NOTHING = 1e-250
"""A norm enclosed below this is taken as zero: float64 ends near 1e-308."""
DRAWS, LIVING = 50, 10
"""Nets drawn at most for a differentiable one, and differentiable ones looked at for one that is not dead."""

WEIGHTS: dict[str, Callable[[Generator, int, int], Float]] = {
    "gaussian": _gaussian,
    "orthogonal": _orthogonal,
    "permutation": _permutation,
}
"""Law of the weights → matrices at σ_w = 1, (seeds, width, width)."""


@dataclass(frozen=True)
class NetOptions:
    """A net by the options of `simulate`; `bias` is added to every bias. Raises `InputError` on an unknown
    option or law."""

    activation: str | Activation
    depth: int = 6
    width: int = 4
    batch: int = 1
    seeds: int = 1
    sigma_w: float = 1.0
    sigma_b: float = 0.0
    bias: float = 0.0
    weights: str = "gaussian"

    @classmethod
    def read(cls, options: Mapping[str, Any], **default: Any) -> NetOptions:
        """The options of a claim; numbers may be SymPy's."""
        known = {f.name for f in fields(cls)}
        for name in options:
            if name not in known:
                raise InputError(f"net option {name!r} is not known (legal: {', '.join(sorted(known))})")
        merged: dict[str, Any] = {**default, **options}
        if "activation" not in merged:
            raise InputError("a net needs the option 'activation'")
        if merged.get("weights", "gaussian") not in WEIGHTS:
            raise InputError(f"weights {merged['weights']!r} are not known (legal: {', '.join(WEIGHTS)})")
        merged |= {name: float(merged[name]) for name in ("sigma_w", "sigma_b", "bias") if name in merged}
        return cls(**merged)

    def __str__(self) -> str:
        name = resolve(self.activation).name
        return (
            f"{name}, depth {self.depth}, width {self.width}, σ_w {self.sigma_w:.4g}, σ_b {self.sigma_b:.4g}"
        )


@dataclass(frozen=True)
class Tensors:
    """L weights (S, N, N), L biases (S, N) or None, inputs and co-vectors (S, B, N), all float64."""

    weights: list[Float]
    biases: list[Float] | None
    inputs: Float
    covector: Float

    def scaled(self, factors: list[Float]) -> Tensors:
        """W_l of each seed multiplied by its factor, L × (S,)."""
        pairs = zip(self.weights, factors, strict=True)
        return replace(self, weights=[weight * factor[:, None, None] for weight, factor in pairs])

    def exact(self, phi: sp.Expr, seed: int, row: int) -> ExactNet:
        """One seed and one sample as a net in balls."""
        biases = None if self.biases is None else [b[seed].tolist() for b in self.biases]
        weights = [weight[seed].tolist() for weight in self.weights]
        return ExactNet(
            phi, x, weights, biases, self.inputs[seed, row].tolist(), self.covector[seed, row].tolist()
        )


def draw(options: NetOptions, rng: Generator, seeds: int) -> Tensors:
    """Inputs and co-vectors N(0, 1) an entry, weights by their law times σ_w, biases N(bias, σ_b²)."""
    shape = (seeds, options.batch, options.width)
    law = WEIGHTS[options.weights]
    weights = [options.sigma_w * law(rng, seeds, options.width) for _ in range(options.depth)]
    biases = None
    if options.sigma_b or options.bias:
        biases = [
            options.bias + options.sigma_b * rng.standard_normal((seeds, options.width))
            for _ in range(options.depth)
        ]
    return Tensors(weights, biases, rng.standard_normal(shape), rng.standard_normal(shape))


def small_net(options: NetOptions, rng: Generator) -> Tensors | None:
    """One net, differentiable where it is drawn, and with a gradient that is not zero if one of ten has.

    A pre-activation at a kink of φ (a dead ReLU layer without biases gives exact zeros) has no gradient to
    speak of, and a dead net tells nothing: others are drawn. None when none in fifty draws is differentiable.
    """
    phi = resolve(options.activation).phi
    cuts = breakpoints(phi, x)
    drawn = (draw(options, rng, 1) for _ in range(DRAWS))
    found = None
    for found in itertools.islice((tensors for tensors in drawn if _clear(tensors, phi, cuts)), LIVING):
        if lives(options, found):
            break
    return found


def lives(options: NetOptions, tensors: Tensors) -> bool:
    """Whether the last layer's weights have a gradient, for some sample."""
    phi = resolve(options.activation).phi
    for row in range(options.batch):
        net = tensors.exact(phi, 0, row)
        with precision(net.bits):
            if ball_norm([entry for line in net.weight_gradient(net.depth) for entry in line]) > NOTHING:
                return True
    return False


def _clear(tensors: Tensors, phi: sp.Expr, cuts: tuple[sp.Expr, ...]) -> bool:
    """Whether no pre-activation of the first seed lies at a cut."""
    nets = [tensors.exact(phi, 0, row) for row in range(tensors.inputs.shape[1])] if cuts else []
    for net in nets:
        with precision(net.bits):
            at = [ball(cut) for cut in cuts]
        if any(a.overlaps(cut) for layer in net.layers()[0] for a in layer for cut in at):
            return False
    return True


def resolve(name: str | Activation) -> Activation:
    """The activation, given by name or as itself."""
    return name if isinstance(name, Activation) else activation(name)


def joints(entry: Activation) -> tuple[float, ...]:
    """Where two pieces of φ meet, smoothly or not; of a family that repeats, those of one period."""
    try:
        return tuple(float(point) for point in breakpoints(entry.phi, x))
    except NotImplementedError:  # switches whose zeros have no closed form
        return tuple(float(ball_of(cut.point, 64).mid()) for cut in cuts(entry.phi, x).points)


def phi_kernel(entry: Activation) -> Kernel:
    """The engine's kernel with φ′ by differences of φ."""
    return difference_kernel(kernel(entry), joints(entry))
