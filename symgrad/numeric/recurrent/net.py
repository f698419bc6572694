"""Stacks of drawn recurrent nets, and what their gradients do through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symgrad.numeric.arrays.primitives import NUMPY, Float
from symgrad.numeric.arrays.scaled import split
from symgrad.numeric.drawn import Drawn
from symgrad.numeric.draws import weights as draw
from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.recurrent.gradients import TimeGradients, run
from symgrad.numeric.recurrent.unfolded import Shared
from symgrad.numeric.threads import cores, thread_map

_STACK = 2**12
"""Entries of one state of all nets in a stack: below, a step costs more in calls than in arithmetic."""
_AT_ONCE = 2**30
"""Bytes that the stacks side by side may take together before there are fewer of them."""


@dataclass(frozen=True)
class RecurrentNet(Drawn):
    """``seeds`` independent plain recurrent nets of one kind; validated on construction.

    depth T, the number of time steps, width N (of the inputs too), batch B; recurrent weights W entries
    N(0, sigma_w²/N) or sigma_w × Haar, input weights U entries N(0, 1/N), b entries N(0, sigma_b²), inputs
    x_t and output co-vector N(0, 1), h_0 = 0; ``seed`` keys all draws.
    Raises ValueError, one line with the offender and the legal range.
    """

    @property
    def _seed_bytes(self) -> int:
        """Of one net: inputs, states and slopes, the inputs of one sample while they are drawn, the squares
        and powers of every row, and the blocks at work."""
        size, row, n = self.real.itemsize, self.batch * self.width, self.width
        steps = self.depth * (3 * size * row + 8 * n + 40 * self.batch)
        return steps + 6 * size * max(row, min(2**17, self.depth * row)) + 12 * size * n * n + 24 * n * n

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
        return self.stack * self.at_once * self._seed_bytes + 32 * self.seeds * self.depth


@dataclass(frozen=True)
class RecurrentDraw:
    """The tensors of a stack of recurrent nets at σ_w = σ_b = 1: W and U (S, N, N), b (S, N) or None when
    sigma_b = 0, inputs (S, T, B, N), covector (S, B, N), and ln ‖W‖₂ (S,) or None where nobody asks."""

    recurrent: Array
    input: Array
    bias: Array | None
    inputs: Array
    covector: Array
    ln_spectral_norm: Float | None


def sample_recurrent(net: RecurrentNet, replicas: range, norms: bool = True) -> RecurrentDraw:
    """Draw the given replicas; W and b are left unscaled.

    U has the key of a weight of layer 0 and W that of layer 1, so that W and g are those of a `Net` with this
    seed. The inputs of a sample are one stream: a shorter sequence is the beginning of a longer one, a
    smaller batch that of a larger one.
    """
    real, n, where = net.real, net.width, (net.seed, replicas)
    recurrent = draw.layer_draw(net.weights, *where, 1, n, real, False, norms)
    given = draw.layer_draw("gaussian", *where, 0, n, real, False, False)
    inputs = np.empty((len(replicas), net.depth, net.batch, n), real)
    for sample in range(net.batch):
        inputs[:, :, sample] = draw.normals(net.seed, draw.INPUTS, replicas, sample, (net.depth, n))
    bias = draw.normals(net.seed, draw.BIASES, replicas, 1, (n,)).astype(real) if net.sigma_b else None
    covector = draw.normals(net.seed, draw.COVECTOR, replicas, 0, (net.batch, n)).astype(real)
    return RecurrentDraw(recurrent.weight, given.weight, bias, inputs, covector, recurrent.ln_norm)


@dataclass(frozen=True)
class RecurrentMeasurement:
    """Logarithms for each seed, natural, −inf for an exact 0.

    ln_gradient            ln ‖∂E/∂h_t‖_F over units and batch, (S, T), column t − 1 for step t
    ln_recurrent_gradient  ln ‖∂E/∂W‖_F, (S,), W as it stands in the net, sigma_w included
    ln_input_gradient      ln ‖∂E/∂U‖_F, (S,)
    ln_bias_gradient       ln ‖∂E/∂b‖, (S,), of the bias as it stands in the net; also where there is none
    ln_spectral_norm       ln ‖W‖₂ of the float64 draw, (S,); None where it was not asked for
    """

    net: RecurrentNet
    ln_gradient: Float
    ln_recurrent_gradient: Float
    ln_input_gradient: Float
    ln_bias_gradient: Float
    ln_spectral_norm: Float | None


def measure_recurrent(net: RecurrentNet, kernel: Kernel, norms: bool = True) -> RecurrentMeasurement:
    """Run every seed of the net forward and back through time once.

    Seeds run side by side with BLAS at one thread, a single seed too: the last bits of a product of odd sizes
    depend on the threads that BLAS has. Raises ValueError, naming the step, where φ or φ′ leaves its range
    for good.
    """
    parts = thread_map(lambda replicas: _stack(net, kernel, replicas, norms), net.stacks, net.at_once)
    states, recurrent, given, bias, spectral = (np.concatenate(column) for column in zip(*parts, strict=True))
    with np.errstate(divide="ignore"):
        ln_norm = np.log(net.sigma_w) + spectral if norms else None
    return RecurrentMeasurement(net, states, recurrent, given, bias, ln_norm)


def _stack(net: RecurrentNet, kernel: Kernel, replicas: range, norms: bool) -> tuple[Float, ...]:
    drawn = sample_recurrent(net, replicas, norms)
    found = gradients_of(net, kernel, drawn)
    logs = (found.ln_state, found.recurrent.ln_norm, found.input.ln_norm, found.bias.ln_norm)
    return (*logs, np.empty(0) if drawn.ln_spectral_norm is None else drawn.ln_spectral_norm)


def gradients_of(net: RecurrentNet, kernel: Kernel, drawn: RecurrentDraw) -> TimeGradients:
    """Every gradient of a drawn stack, however large or small sigma_w and sigma_b."""
    factor, power = split(net.sigma_w, net.real)
    bias_factor, bias_power = split(net.sigma_b, net.real)
    bias = None if drawn.bias is None else drawn.bias[:, None, :] * net.real.type(bias_factor)
    recurrent = drawn.recurrent * net.real.type(factor)
    shared = Shared.of(NUMPY, recurrent, drawn.input, bias, power, bias_power)
    return run(kernel, shared, drawn.inputs, drawn.covector)
