"""Stacks of drawn recurrent nets, and what their gradients do through time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from symgrad.numeric.arrays.primitives import NUMPY, Float
from symgrad.numeric.arrays.scaled import split
from symgrad.numeric.drawn import Drawn
from symgrad.numeric.draws import weights as draw
from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.recurrent.cells import GRU, LSTM, RNN, Cell
from symgrad.numeric.recurrent.gradients import Recurrence, TimeGradients
from symgrad.numeric.recurrent.shared import Shared, Weights
from symgrad.numeric.threads import cores, thread_map

CELLS: dict[str, Callable[[Kernel, bool], Cell]] = {
    "rnn": lambda kernel, forget_gate: RNN(kernel),
    "lstm": lambda kernel, forget_gate: LSTM(forget_gate),
    "gru": lambda kernel, forget_gate: GRU(),
}
"""Name → the cell with this activation (used by the plain one alone), with or without forget gate."""
FORGET_BIAS = 50.0
"""The largest |forget_bias|: σ(50) is 1 to all digits of a float64, and a half-life of 10^21 steps."""
_STACK = 2**12
"""Entries of one state of all nets in a stack: below, a step costs more in calls than in arithmetic."""
_AT_ONCE = 2**30
"""Bytes that the stacks side by side may take together before there are fewer of them."""


@dataclass(frozen=True)
class RecurrentNet(Drawn):
    """``seeds`` independent recurrent nets of one kind; validated on construction.

    depth T, the number of time steps, width N (of the inputs too), batch B; inputs x_t and output co-vector
    N(0, 1), s_0 = 0; ``seed`` keys all draws. ``cell``: rnn, lstm (with or without ``forget_gate``) or gru.
    Of each gate, drawn apart: recurrent weights W entries N(0, sigma_w²/N), or sigma_w × Haar, or sigma_w ×
    identity; input weights U entries N(0, 1/N); b entries N(0, sigma_b²), ``forget_bias`` added to that of a
    forget gate. Raises ValueError, one line with the offender and the legal range. Source of W = identity:
    Le, Jaitly & Hinton 2015 (arXiv:1504.00941).
    """

    cell: str = "rnn"
    forget_gate: bool = True
    forget_bias: float = 0.0

    laws: ClassVar[tuple[str, ...]] = ("gaussian", "orthogonal", "identity")

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise ValueError(f"cell = {self.cell!r}: legal are {', '.join(CELLS)}")
        if not isinstance(self.forget_gate, bool):
            raise ValueError(f"forget_gate = {self.forget_gate!r}: legal are True and False")
        try:
            bias = float(self.forget_bias)
        except (TypeError, ValueError):
            bias = math.nan
        if not abs(bias) <= FORGET_BIAS:
            legal = f"legal are numbers from {-FORGET_BIAS:g} to {FORGET_BIAS:g}"
            raise ValueError(f"forget_bias = {self.forget_bias!r}: {legal}")
        object.__setattr__(self, "forget_bias", bias)
        if bias and not (self.cell == "lstm" and self.forget_gate):
            raise ValueError(f"forget_bias = {bias:g}: legal is 0 for a cell without forget gate")
        super().__post_init__()

    def cell_of(self, kernel: Kernel | None) -> Cell:
        """The cell; ``kernel`` is the activation of a plain one, which alone asks for it."""
        return CELLS[self.cell](kernel, self.forget_gate)  # type: ignore[arg-type]

    @property
    def _counts(self) -> Cell:
        """The cell, of which only the numbers of columns are asked."""
        return self.cell_of(None)

    @property
    def _seed_bytes(self) -> int:
        """Of one net: inputs, states and what steps leave, the inputs of one sample while they are drawn, the
        squares and powers of every row, and the blocks at work."""
        cell, size, row, n = self._counts, self.real.itemsize, self.batch * self.width, self.width
        columns, rows = 1 + cell.parts + cell.made, 8 * n + 40 * cell.parts * self.batch
        block = 2 + cell.parts + cell.coefficients + 2 * cell.deltas
        weights = 12 * cell.gates * size * n * n + 24 * n * n
        steps = self.depth * (columns * size * row + rows)
        return steps + block * size * max(row, min(2**17, self.depth * row)) + weights

    @property
    def stack(self) -> int:
        """Seeds whose steps are taken together."""
        return max(1, min(_STACK // (self.batch * self.width), -(-self.seeds // cores())))

    @property
    def stacks(self) -> list[range]:
        """The replicas, stack by stack."""
        return [range(s, min(s + self.stack, self.seeds)) for s in range(0, self.seeds, self.stack)]

    @property
    def at_once(self) -> int:
        """Stacks measured side by side."""
        fitting = max(1, _AT_ONCE // (self.stack * self._seed_bytes))
        return min(cores(), -(-self.seeds // self.stack), fitting)

    @property
    def memory(self) -> int:
        """Estimated bytes at the peak of a measurement."""
        return (
            self.stack * self.at_once * self._seed_bytes + 32 * self._counts.parts * self.seeds * self.depth
        )

    def weights_of(self, drawn: RecurrentDraw) -> Weights:
        """The weights as they stand in the net: sigma_w, sigma_b and forget_bias taken in."""
        real = self.real.type
        return Weights(drawn.recurrent * real(self.sigma_w), drawn.input, self._bias(drawn, self.sigma_b))

    def _bias(self, drawn: RecurrentDraw, scale: float) -> Array | None:
        """b = scale times the draw, plus forget_bias; None where it is 0."""
        if drawn.bias is None and not self.forget_bias:
            return None
        gates, n = self._counts.gates, self.width
        zero = np.zeros((len(drawn.recurrent), gates * n), self.real)
        bias = zero if drawn.bias is None else drawn.bias * self.real.type(scale)
        if self.forget_bias:
            bias[:, n : 2 * n] += self.real.type(self.forget_bias)
        return bias


@dataclass(frozen=True)
class RecurrentDraw:
    """The tensors of a stack of recurrent nets at σ_w = σ_b = 1: W and U (S, gates·N, N), b (S, gates·N) or
    None when sigma_b = 0, inputs (S, T, B, N), covector (S, B, parts·N), 0 for c, and ln ‖W‖₂ of each gate,
    (S, gates), or None where nobody asks."""

    recurrent: Array
    input: Array
    bias: Array | None
    inputs: Array
    covector: Array
    ln_spectral_norm: Float | None


def sample_recurrent(net: RecurrentNet, replicas: range, norms: bool = True) -> RecurrentDraw:
    """Draw the given replicas; W and b are left unscaled.

    U and W of gate k = 0, 1, … have the keys of weights of layers 2k and 2k + 1, so that W of the first gate
    and g are those of a `Net` with this seed. The inputs of a sample are one stream: a shorter sequence is
    the beginning of a longer one, a smaller batch that of a larger one.
    """
    real, n, where, cell = net.real, net.width, (net.seed, replicas), net._counts
    gates = range(cell.gates)
    recurrent = [draw.layer_draw(net.weights, *where, 2 * k + 1, n, real, False, norms) for k in gates]
    given = [draw.layer_draw("gaussian", *where, 2 * k, n, real, False, False) for k in gates]
    inputs = np.empty((len(replicas), net.depth, net.batch, n), real)
    for sample in range(net.batch):
        inputs[:, :, sample] = draw.normals(net.seed, draw.INPUTS, replicas, sample, (net.depth, n))
    biases = (
        [draw.normals(net.seed, draw.BIASES, replicas, 2 * k + 1, (n,)) for k in gates] if net.sigma_b else []
    )
    covector = np.zeros((len(replicas), net.batch, cell.parts * n), real)
    covector[..., :n] = draw.normals(net.seed, draw.COVECTOR, replicas, 0, (net.batch, n))
    return RecurrentDraw(
        np.concatenate([one.weight for one in recurrent], axis=1),
        np.concatenate([one.weight for one in given], axis=1),
        np.concatenate(biases, axis=1).astype(real) if biases else None,
        inputs,
        covector,
        np.stack([one.ln_norm for one in recurrent if one.ln_norm is not None], axis=1) if norms else None,
    )


@dataclass(frozen=True)
class RecurrentMeasurement:
    """Logarithms for each seed, natural, −inf for an exact 0.

    ln_gradient            ln ‖∂E/∂h_t‖_F over units and batch, of an LSTM ln ‖∂E/∂c_t‖_F, (S, T), column t −
                           1 for t
    ln_state               ln ‖∂E/∂h_t‖_F, (S, T), whatever the cell
    ln_recurrent_gradient  ln ‖∂E/∂W‖_F, (S,), W as it stands in the net, sigma_w included
    ln_input_gradient      ln ‖∂E/∂U‖_F, (S,)
    ln_bias_gradient       ln ‖∂E/∂b‖, (S,), of the bias as it stands in the net; also where there is none
    ln_spectral_norm       ln ‖W‖₂ of each gate's float64 draw, (S, gates); None where it was not asked for
    """

    net: RecurrentNet
    ln_gradient: Float
    ln_state: Float
    ln_recurrent_gradient: Float
    ln_input_gradient: Float
    ln_bias_gradient: Float
    ln_spectral_norm: Float | None


def measure_recurrent(
    net: RecurrentNet, kernel: Kernel | None = None, norms: bool = True
) -> RecurrentMeasurement:
    """Run every seed of the net forward and back through time once; ``kernel`` is the activation of a plain
    net.

    Seeds run side by side with BLAS at one thread, a single seed too: the last bits of a product of odd sizes
    depend on the threads that BLAS has. Raises ValueError, naming the step, where φ or φ′ leaves its range
    for good, and for a plain net without activation.
    """
    if kernel is None and net.cell == "rnn":
        raise ValueError("kernel = None: a plain recurrent net needs an activation")
    parts = thread_map(lambda replicas: _stack(net, kernel, replicas, norms), net.stacks, net.at_once)
    gradient, states, recurrent, given, bias, spectral = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    with np.errstate(divide="ignore"):
        ln_norm = np.log(net.sigma_w) + spectral if norms else None
    return RecurrentMeasurement(net, gradient, states, recurrent, given, bias, ln_norm)


def _stack(net: RecurrentNet, kernel: Kernel | None, replicas: range, norms: bool) -> tuple[Float, ...]:
    drawn = sample_recurrent(net, replicas, norms)
    found = gradients_of(net, kernel, drawn)
    states = found.ln_state if found.ln_cell is None else found.ln_cell
    logs = (states, found.ln_state, found.recurrent.ln_norm, found.input.ln_norm, found.bias.ln_norm)
    return (*logs, np.empty(0) if drawn.ln_spectral_norm is None else drawn.ln_spectral_norm)


def gradients_of(net: RecurrentNet, kernel: Kernel | None, drawn: RecurrentDraw) -> TimeGradients:
    """Every gradient of a drawn stack, however large or small sigma_w; sigma_b too for a plain net."""
    cell = net.cell_of(kernel)
    factor, power = split(net.sigma_w, net.real)
    bias_factor, bias_power = split(net.sigma_b, net.real) if cell.unbounded else (net.sigma_b, 0)
    weights = Weights(drawn.recurrent * net.real.type(factor), drawn.input, net._bias(drawn, bias_factor))
    passes = Recurrence(cell)
    passes.run(Shared.of(NUMPY, cell, weights, power, bias_power), drawn.inputs)
    return passes.backward(drawn.covector)
