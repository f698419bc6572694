"""The concrete recurrent nets that a claim names: options, and the tensors drawn for them.

The draws are the judge's own (SFC64, one stream a claim and net), not those of the engine it judges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.random import Generator

from symgrad.errors import InputError
from symgrad.numeric.recurrent.cells import GRU, LSTM, RNN, Cell
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.pieces import breakpoints
from symgrad.symbolic.letters import x
from symgrad.theory.activations import Activation, kernel
from symgrad.verify.exact_cells import ExactCell, gru_cell, lstm_cell, rnn_cell
from symgrad.verify.exact_net import ball_norm
from symgrad.verify.exact_recurrent import ExactRecurrent
from symgrad.verify.nets import DRAWS, LIVING, NOTHING, WEIGHTS, Float, resolve
from symgrad.verify.oracles import spectral_norm

__all__ = ["CELLS", "LAWS", "RecurrentOptions", "RecurrentTensors", "draw_recurrent", "small_recurrent"]

LAWS: dict[str, Callable[[Generator, int, int], Float]] = {
    **WEIGHTS,
    "identity": lambda rng, seeds, width: np.broadcast_to(np.eye(width), (seeds, width, width)),
}
"""Law of a gate's recurrent weights → matrices at σ_w = 1, (seeds, width, width)."""

CELLS = ("rnn", "lstm", "gru")


@dataclass(frozen=True)
class RecurrentOptions:
    """A recurrent net by the options of `simulate` and some of the judge's own.

    activation: of the plain net; depth: T; sigma_w, sigma_b, weights: of every gate's W and b; bias: added to
    every bias; norm or radius: every gate's W rescaled to that ‖W‖₂ or spectral radius; input_scale: inputs
    are N(0, input_scale²); forget_bias: added to the forget gate's bias; forget_gate: False for f = 1.
    Raises `InputError` on an unknown option, cell or law, and on options that the cell does not have.
    """

    cell: str = "rnn"
    activation: str | Activation = "tanh"
    depth: int = 6
    width: int = 4
    batch: int = 1
    seeds: int = 1
    sigma_w: float = 1.0
    sigma_b: float = 0.0
    bias: float = 0.0
    weights: str = "gaussian"
    norm: float | None = None
    radius: float | None = None
    input_scale: float = 1.0
    forget_bias: float = 0.0
    forget_gate: bool = True

    def __post_init__(self) -> None:
        for name, legal in (("cell", CELLS), ("weights", tuple(LAWS))):
            if getattr(self, name) not in legal:
                raise InputError(f"{name} {getattr(self, name)!r} is not known (legal: {', '.join(legal)})")
        if self.cell != "lstm" and not (self.forget_gate and self.forget_bias == 0):
            raise InputError(f"cell {self.cell!r} has no forget gate")
        if not self.forget_gate and self.forget_bias:
            raise InputError(f"forget_bias {self.forget_bias:g}: there is no forget gate")
        if self.cell != "rnn" and resolve(self.activation).name != "tanh":
            raise InputError(f"cell {self.cell!r} takes no activation: its own are σ and tanh")
        if self.norm is not None and self.radius is not None:
            raise InputError("give norm or radius, not both")

    @classmethod
    def read(cls, options: Mapping[str, Any], **default: Any) -> RecurrentOptions:
        """The options of a claim; numbers may be SymPy's."""
        known = {f.name: f.type for f in fields(cls)}
        merged: dict[str, Any] = {**default, **options}
        for name in merged:
            if name not in known:
                legal = ", ".join(sorted(known))
                raise InputError(f"option {name!r} of a recurrent net is not known (legal: {legal})")
        real = [name for name in merged if "float" in known[name] and merged[name] is not None]
        return cls(**merged | {name: float(merged[name]) for name in real})

    @property
    def exact_cell(self) -> ExactCell:
        """The cell in balls."""
        if self.cell == "rnn":
            return rnn_cell(resolve(self.activation).phi, x)
        return gru_cell() if self.cell == "gru" else lstm_cell(self.forget_gate)

    @property
    def engine_cell(self) -> Cell:
        """The cell of the engine, φ′ compiled."""
        if self.cell == "rnn":
            return RNN(kernel(resolve(self.activation)))
        return GRU() if self.cell == "gru" else LSTM(self.forget_gate)

    def __str__(self) -> str:
        name = resolve(self.activation).name if self.cell == "rnn" else self.cell
        scale = f"σ_w {self.sigma_w:.4g}"
        if self.norm is not None:
            scale = f"‖W‖ {self.norm:.4g}"
        if self.radius is not None:
            scale = f"ρ(W) {self.radius:.4g}"
        return f"recurrent {name}, T {self.depth}, width {self.width}, {scale}, σ_b {self.sigma_b:.4g}"


@dataclass(frozen=True)
class RecurrentTensors:
    """W (S, gates·N, N), U (S, gates·N, N), b (S, gates·N) or None, inputs (S, T, B, N), co-vectors (S, B,
    parts·N), 0 over c as drawn, initial states (S, B, parts·N), None for 0; all float64."""

    recurrent: Float
    input: Float
    bias: Float | None
    inputs: Float
    covector: Float
    initial: Float | None = None

    def norms(self) -> tuple[Float, Float]:
        """lower ≤ ‖W‖₂ ≤ upper of every gate, (S, gates) both."""
        return spectral_norm(_by_gate(self.recurrent))

    def exact(self, options: RecurrentOptions, seed: int, row: int) -> ExactRecurrent:
        """One seed and one sample as a net in balls."""
        return ExactRecurrent(
            options.exact_cell,
            self.recurrent[seed].tolist(),
            self.input[seed].tolist(),
            None if self.bias is None else self.bias[seed].tolist(),
            None,
            self.inputs[seed, :, row].tolist(),
            self.covector[seed, row].tolist(),
            None if self.initial is None else self.initial[seed, row].tolist(),
        )


def _by_gate(matrix: Float) -> Float:
    """(S, gates·N, N) → (S, gates, N, N)."""
    seeds, rows, width = matrix.shape
    return matrix.reshape(seeds, rows // width, width, width)


def draw_recurrent(options: RecurrentOptions, rng: Generator, seeds: int) -> RecurrentTensors:
    """Co-vectors N(0, 1) an entry over h, inputs N(0, input_scale²), U N(0, 1/N), W by its law times σ_w, b
    N(bias, σ_b²); each gate's W drawn by itself."""
    cell, width, law = options.exact_cell, options.width, LAWS[options.weights]
    blocks = np.stack([options.sigma_w * law(rng, seeds, width) for _ in range(cell.gates)], axis=1)
    if options.norm is not None:
        blocks = blocks * (options.norm / np.mean(spectral_norm(blocks), axis=0))[..., None, None]
    if options.radius is not None:
        radius = np.abs(np.linalg.eigvals(blocks)).max(axis=-1)
        blocks = blocks * (options.radius / radius)[..., None, None]
    rows, shape = cell.gates * width, (seeds, options.batch, width)
    given = rng.standard_normal((seeds, rows, width)) / math.sqrt(width)
    bias = None
    if options.sigma_b or options.bias or options.forget_bias:
        bias = options.bias + options.sigma_b * rng.standard_normal((seeds, rows))
        if options.forget_bias:
            bias[:, width : 2 * width] += options.forget_bias
    inputs = options.input_scale * rng.standard_normal((seeds, options.depth, options.batch, width))
    covector = np.zeros((seeds, options.batch, cell.parts * width))
    covector[..., :width] = rng.standard_normal(shape)
    return RecurrentTensors(blocks.reshape(seeds, rows, width), given, bias, inputs, covector)


def small_recurrent(options: RecurrentOptions, rng: Generator) -> RecurrentTensors | None:
    """One net, differentiable where it is drawn, whose h_0 has a gradient that is not zero if one of ten has.

    As `nets.small_net`: a pre-activation at a kink of φ has no gradient to speak of. None when none in fifty
    draws is differentiable. Raises `InputError` beyond width 8 or depth 64.
    """
    if options.width > 8 or options.depth > 64:
        size = f"width {options.width}, depth {options.depth}"
        raise InputError(f"{size}: exact differences take width ≤ 8 and depth ≤ 64")
    drawn = (draw_recurrent(options, rng, 1) for _ in range(DRAWS))
    found = None
    for found in itertools.islice((tensors for tensors in drawn if _clear(options, tensors)), LIVING):
        if _lives(options, found):
            break
    return found


def _lives(options: RecurrentOptions, tensors: RecurrentTensors) -> bool:
    for row in range(options.batch):
        net = tensors.exact(options, 0, row)
        gradient = net.state_gradient(0)
        with precision(net.bits):
            if ball_norm(gradient) > NOTHING:
                return True
    return False


def _clear(options: RecurrentOptions, tensors: RecurrentTensors) -> bool:
    """Whether no pre-activation of the first seed lies at a cut; σ and tanh have none."""
    cuts = breakpoints(resolve(options.activation).phi, x) if options.cell == "rnn" else ()
    nets = [tensors.exact(options, 0, row) for row in range(options.batch)] if cuts else []
    for net in nets:
        with precision(net.bits):
            at = [ball(cut) for cut in cuts]
        if any(a.overlaps(cut) for pre in net.gates() for a in pre for cut in at):
            return False
    return True
