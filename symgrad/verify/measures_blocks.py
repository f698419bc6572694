"""Measurements of blocks with skips, norms and gates, by the forward pass alone: how directions grow through
a stack of them, and how far the first step of training moves it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.symbolic.derivation import Claim
from symgrad.symbolic.letters import n
from symgrad.theory.propagation.length_map import SIGMA_W
from symgrad.theory.remedies.batch_norm_growth import MEAN, SLOPES, SQUARES
from symgrad.theory.remedies.residual_scaling import ALPHA, INNER
from symgrad.verify.nets import Float, phi_kernel, resolve
from symgrad.verify.verdict import Evidence, combine, within

__all__ = ["BLOCKS", "block_growth", "first_step"]

SIGMAS = 4.0
"""Standard errors of a confidence interval."""
ALLOWED = 0.02
"""Relative error of a factor a block."""
SHIFT = 1e-9
"""Of central differences in units of the input: it may grow a thousandfold and stay small."""
MOST = 192
"""Nets drawn at most while the answer is undecided; four times as many when thorough."""
RATE = 1e-3
"""Learning rate of a first step."""
NODES = 200
"""Of Gauss–Hermite quadrature."""
SUMMED = 8192
"""Branches over whose first steps is averaged at each depth."""
MOVED = 0.1
"""Relative error of the share that a first step moves, over both depths."""

Phi = Callable[[Any], Any]
Step = Callable[[Float, Phi, "Stack", Generator], Float]
"""(states (2, B, N), φ, options, generator) → states a block later; the weights are drawn on the way."""


@dataclass(frozen=True)
class Stack:
    """Blocks of one kind: ``before`` of them are passed before growth is counted, over ``depth`` more. Each
    has Gaussian weights of variance σ_w²/N; ``scale`` is that of a branch, ``batch`` the inputs, each with a
    direction of its own (batch norm sees them all), ``nets`` how many
    are drawn at first. Raises InputError on an unknown option or kind."""

    activation: str
    block: str
    depth: int = 10
    width: int = 128
    batch: int = 1
    scale: float = 1.0
    sigma_w: float = 1.0
    before: int = 0
    nets: int = 12

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> Stack:
        """The options of a claim."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(options) - set(known))
        if unknown or options.get("block") not in BLOCKS:
            raise InputError(
                f"options {dict(options)} (legal: {', '.join(known)}; block one of {', '.join(BLOCKS)})"
            )
        return cls(**options)

    def __str__(self) -> str:
        rows = f", batch {self.batch}" if self.batch > 1 else ""
        return f"{self.activation}, {self.depth} blocks {self.block}, width {self.width}{rows}"


def _matrix(width: int, variance: float, rng: Generator) -> Float:
    return rng.standard_normal((width, width)) * math.sqrt(variance / width)


def _branch(h: Float, phi: Phi, stack: Stack, rng: Generator) -> Float:
    """W_2 φ(W_1 h), with variances 2/N and 1/N."""
    inner = phi(h @ _matrix(stack.width, 2 * stack.sigma_w**2, rng).T)
    return inner @ _matrix(stack.width, 1.0, rng).T


def _residual(h: Float, phi: Phi, stack: Stack, rng: Generator) -> Float:
    return h + stack.scale * _branch(h, phi, stack, rng)


def _batch_norm(h: Float, phi: Phi, stack: Stack, rng: Generator) -> Float:
    y = h @ _matrix(stack.width, stack.sigma_w**2, rng).T
    return np.asarray(phi((y - y.mean(axis=-2, keepdims=True)) / y.std(axis=-2, keepdims=True)))


BLOCKS: dict[str, Step] = {"residual": _residual, "batch-norm": _batch_norm}
"""Kind of block → its step."""


def block_growth(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The mean square of a direction grows through a stack of blocks as an expression says, in the mean.

    expects: growth, in n (the blocks counted), α (the scale), σ_w and the Gaussian moments of φ at variance q
    (1, or an expression in σ_w), by quadrature. nets: `Stack`. A direction of independent
    Gaussians, the same for the gradient in the mean (both are ‖J‖²_F over the width), carried by central
    differences of the forward pass. The mean ratio of squared lengths over nets, ± 4 standard errors, must be
    within 2 % a block, as a whole interval. Margin: share left.
    """
    stack = Stack.read(net or {})
    phi = phi_kernel(resolve(stack.activation)).value
    q = float(claim.expects.get("q", sp.S.One).subs(SIGMA_W, stack.sigma_w))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    kernel, weights = phi_kernel(resolve(stack.activation)), weights / weights.sum()
    values, slopes = (np.asarray(f(math.sqrt(q) * nodes)) for f in (kernel.value, kernel.slope))
    numbers = {
        n: stack.depth,
        ALPHA: stack.scale,
        SIGMA_W: stack.sigma_w,
        SLOPES: weights @ slopes**2,
        SQUARES: weights @ values**2,
        MEAN: weights @ values,
    }
    expected = float(claim.expects["growth"].subs(numbers)) ** (1 / stack.depth)
    seen: list[float] = []
    goal, most = (count * (4 if thorough else 1) for count in (stack.nets, MOST))
    while True:
        seen += [_grown(stack, phi, rng) for _ in range(goal - len(seen))]
        half = SIGMAS * float(np.std(seen, ddof=1)) / math.sqrt(len(seen))
        factor = arb(float(np.mean(seen)), half) ** (arb(1) / stack.depth)
        text = (
            f"{stack}: {float(factor.mid()):.4f} ± {float(factor.rad()):.4f} a block, expected {expected:.4f}"
        )
        evidence = within(abs(factor / expected - 1), ALLOWED, text)
        if evidence.outcome != "UNDECIDED" or len(seen) >= most:
            return evidence
        goal *= 2


def _grown(stack: Stack, phi: Phi, rng: Generator) -> float:
    """One net: the squared length of a direction after its blocks, over the one before."""
    step = BLOCKS[stack.block]
    h = rng.standard_normal((1, stack.batch, stack.width))
    for _ in range(stack.before):
        h = step(h, phi, stack, rng)
    direction = rng.standard_normal(h.shape)
    pair = np.concatenate([h + SHIFT * direction, h - SHIFT * direction])
    for _ in range(stack.depth):
        pair = step(pair, phi, stack, rng)
    return float(np.sum((pair[0] - pair[1]) ** 2) / (2 * SHIFT) ** 2 / np.sum(direction**2))


def first_step(claim: Claim, net: Mapping[str, Any] | None, rng: Generator, thorough: bool) -> Evidence:
    """The first step of gradient descent moves the output of a residual net alike at two depths.

    expects: scale, of the inner weights of a branch, in n (blocks) and m (its layers, ``inner``). nets:
    activation, depths (two), width, inner. Branches are m layers, the last one 0 and the others He's times
    the scale; E = ⟨g, h_n⟩; the last layers take one step of their gradients g yᵀ, which are compared with a
    difference of E. The mean fall of E over nets at one depth over that at the other, ± 4 standard errors,
    must be within 10 % of 1. Margin: share left.
    """
    options = dict(net or {})
    phi = phi_kernel(resolve(options["activation"])).value
    falls: list[arb] = []
    for depth in options["depths"]:
        scale = float(claim.expects["scale"].subs({n: depth, INNER: options["inner"]}))
        draws = SUMMED // depth * (4 if thorough else 1)
        seen = [_fall(depth, options["width"], options["inner"], scale, phi, rng) for _ in range(draws)]
        falls.append(arb(float(np.mean(seen)), SIGMAS * float(np.std(seen, ddof=1)) / math.sqrt(draws)))
    ratio = falls[1] / falls[0]
    text = (
        f"branches of {options['inner']} layers: E falls {float(ratio.mid()):.4f} ± {float(ratio.rad()):.4f} "
        f"times as much at {options['depths'][1]} blocks as at {options['depths'][0]}"
    )
    return combine([within(abs(ratio - 1), MOVED, text)])


def _fall(depth: int, width: int, inner: int, scale: float, phi: Phi, rng: Generator) -> float:
    """How far E falls in one step, over the learning rate and ‖g‖²‖h_0‖²."""
    h, g = rng.standard_normal((2, width))
    branches = [[scale * _matrix(width, 2.0, rng) for _ in range(inner - 1)] for _ in range(depth)]

    def reached(branch: list[Float], h: Float) -> Float:
        for matrix in branch:
            h = phi(matrix @ h)
        return h

    # before the step every last layer is 0, so that each branch sees h and each gradient is g yᵀ
    last = [-RATE / (g @ g) / (h @ h) * np.outer(g, reached(branch, h)) for branch in branches]
    after = h
    for branch, matrix in zip(branches, last, strict=True):
        after = after + matrix @ reached(branch, after)
    return float(g @ (h - after)) / RATE
