"""A deep classifier from a few choices: what a hidden layer is, how it begins, how layers are joined."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from symgrad.numeric.kernel import Kernel
from symgrad.numeric.training.blocks import Highway, Residual, Stack
from symgrad.numeric.training.chain import Chain
from symgrad.numeric.training.dense import LAWS, LINEAR, Activation, Dense
from symgrad.numeric.training.layer import Layer
from symgrad.numeric.training.normalization import NORMS, Normalization


@dataclass(frozen=True)
class Plan:
    """``depth`` hidden layers of ``width`` units of φ = ``kernel``, and a linear read-out.

    sigma_w, sigma_b  entries of hidden W have mean square sigma_w²/fan_in, of b variance sigma_b²
    weights           law of the hidden W: "gaussian" or "orthogonal"
    norm              n: "batch", "layer", "rms" (`Normalization`), or None
    place             of n in "plain" and "residual": "before" φ, f = φ(n(a)), or "after" it, f = n(φ(a)),
                      with a = W h + b; without n, f = φ(a)
    block             what a hidden layer from the second on does with h: "plain" f; "residual" h + scale·f;
                      "pre-norm" h + scale·φ(W n(h) + b), and the read-out sees n(h); "post-norm"
                      n(h + scale·φ(a)); "highway" t∘φ(a) + (1 − t)∘h
    scale             of the branch, in the three residual blocks
    gate_bias         where b_t of a highway layer's gate begins

    Hidden layer 1 is f in every block, since the inputs have a width of their own. The read-out has entries
    N(0, 1/fan_in) and bias 0. Where a batch norm follows W at once there is no b: its mean would take it off.

    Raises ValueError, one line, where a field is out of range or changes nothing in its block.
    """

    kernel: Kernel
    depth: int = 10
    width: int = 64
    sigma_w: float = 1.0
    sigma_b: float = 0.0
    weights: str = "gaussian"
    norm: str | None = None
    place: str = "before"
    block: str = "plain"
    scale: float = 1.0
    gate_bias: float = -2.0

    def __post_init__(self) -> None:
        for name in ("depth", "width"):
            value = getattr(self, name)
            if isinstance(value, bool) or operator.index(value) < 1:
                raise ValueError(f"{name} = {value!r}: legal are whole numbers from 1 on")
        for name in ("sigma_w", "sigma_b"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} = {getattr(self, name)!r}: legal are finite numbers from 0 on")
        choices: dict[str, Iterable[str | None]] = {
            "weights": LAWS,
            "norm": (None, *NORMS),
            "place": PLACES,
            "block": BLOCKS,
        }
        for name, legal in choices.items():
            if getattr(self, name) not in legal:
                raise ValueError(f"{name} = {getattr(self, name)!r}: legal are {', '.join(map(str, legal))}")
        if self.block in NORMED and self.norm is None:
            raise ValueError(f"norm = None: legal for block = {self.block} are {', '.join(NORMS)}")
        if self.block == "highway" and self.norm is not None:
            raise ValueError(f"norm = {self.norm!r}: legal is None for block = highway")
        if self.place != "before" and (self.norm is None or self.block in NORMED):
            raise ValueError(f"place = {self.place!r}: legal is before but for a norm in plain or residual")
        if self.scale != 1 and self.block not in SCALED:
            raise ValueError(f"scale = {self.scale!r}: legal is 1 unless block is {', '.join(SCALED)}")
        if not math.isfinite(self.scale):
            raise ValueError(f"scale = {self.scale!r}: legal are finite numbers")
        if self.gate_bias != -2 and self.block != "highway":
            raise ValueError(f"gate_bias = {self.gate_bias!r}: legal is -2 unless block is highway")
        if not math.isfinite(self.gate_bias):
            raise ValueError(f"gate_bias = {self.gate_bias!r}: legal are finite numbers")
        if self.sigma_b and self.norm == "batch":
            raise ValueError(
                f"sigma_b = {self.sigma_b!r}: legal is 0 with batch norm, which takes biases off"
            )

    def chain(self, inputs: int, classes: int) -> Chain:
        """The net with cross-entropy: layers[l − 1] is hidden layer l, layers[depth] the read-out.

        Raises ValueError unless inputs and classes are whole numbers from 1 on.
        """
        first, block = _one(self._normed()), BLOCKS[self.block](self)
        return Chain(inputs, (first, *(block,) * (self.depth - 1), self._readout(classes)), "cross-entropy")

    def _dense(self, kernel: Kernel, bias: bool = True) -> Dense:
        return Dense(self.width, kernel, self.sigma_w, self.sigma_b, self.weights, bias)

    def _normed(self) -> tuple[Layer, ...]:
        """f, layer by layer."""
        if self.norm is None:
            return (self._dense(self.kernel),)
        if self.place == "after":
            return self._dense(self.kernel), Normalization(self.norm)
        linear = self._dense(LINEAR, bias=self.norm != "batch")
        return linear, Normalization(self.norm), Activation(self.kernel)

    def _readout(self, classes: int) -> Layer:
        linear = Dense(classes, LINEAR)
        return Stack((self._norm, linear)) if self.block == "pre-norm" else linear

    @property
    def _norm(self) -> Normalization:
        assert self.norm is not None  # checked: the block asks for one
        return Normalization(self.norm)


def _one(layers: tuple[Layer, ...]) -> Layer:
    return layers[0] if len(layers) == 1 else Stack(layers)


BLOCKS: dict[str, Callable[[Plan], Layer]] = {
    "plain": lambda plan: _one(plan._normed()),
    "residual": lambda plan: Residual(plan._normed(), plan.scale),
    "pre-norm": lambda plan: Residual((plan._norm, plan._dense(plan.kernel)), plan.scale),
    "post-norm": lambda plan: Stack((Residual((plan._dense(plan.kernel),), plan.scale), plan._norm)),
    "highway": lambda plan: Highway(
        plan.width, plan.kernel, plan.sigma_w, plan.sigma_b, plan.weights, plan.gate_bias
    ),
}
"""Name → a hidden layer from the second on."""
PLACES = ("before", "after")
"""Where a norm stands beside φ."""
NORMED, SCALED = ("pre-norm", "post-norm"), ("residual", "pre-norm", "post-norm")
"""Blocks that need a norm, and those whose branch has a scale."""
