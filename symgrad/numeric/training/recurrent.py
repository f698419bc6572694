"""A recurrent layer: a cell unfolded over the steps of a sequence; of its states the last is passed on."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from symgrad.numeric.draws.weights import BIASES, INPUTS, SAMPLERS, WEIGHTS
from symgrad.numeric.kernel import Array
from symgrad.numeric.recurrent import Recurrence, TimeGradients, Weights
from symgrad.numeric.recurrent.cells import LSTM, Cell
from symgrad.numeric.recurrent.net import FORGET_BIAS
from symgrad.numeric.training.layer import Draw, Pass, Scratch
from symgrad.numeric.training.parameters import Shape, Views


@dataclass(frozen=True)
class Recurrent:
    """x_1…x_T ↦ h_T: rows of T·M numbers, one step behind the other, to the last state (B, units).

    cell         RNN, LSTM or GRU (`recurrent.cells`); every gate's W and U are drawn apart
    steps        T; the row is cut into so many pieces of M numbers
    weights      law of each gate's W at scale sigma_w: "gaussian" or "orthogonal" (`draws.weights`)
    forget_bias  b of an LSTM's forget gate; "chrono": b_f = ln u, b_i = −b_f with u ~ U[1, T − 1] for each
                 unit apart, so that half-lives spread over the sequence. All other biases begin at 0.

    U entries N(0, 1/M), h_0 = 0 (and c_0 = 0). It is the first of its chain: ∂E/∂x is not taken. Raises
    ValueError, one line, where a field or the number of inputs is out of range, and in its passes where a
    state leaves its range for good. Sources: Werbos 1990; chrono: Tallec & Ollivier 2018, section 3.
    """

    units: int
    cell: Cell
    steps: int
    weights: str = "gaussian"
    sigma_w: float = 1.0
    forget_bias: float | str = 0.0

    def __post_init__(self) -> None:
        for name in ("units", "steps"):
            if isinstance(getattr(self, name), bool) or operator.index(getattr(self, name)) < 1:
                raise ValueError(f"{name} = {getattr(self, name)!r}: legal are whole numbers from 1 on")
        if self.weights not in SAMPLERS:
            raise ValueError(f"weights = {self.weights!r}: legal are {', '.join(SAMPLERS)}")
        if not (math.isfinite(self.sigma_w) and self.sigma_w >= 0):
            raise ValueError(f"sigma_w = {self.sigma_w!r}: legal are finite numbers from 0 on")
        bias = self.forget_bias
        legal = bias == "chrono" if isinstance(bias, str) else abs(bias) <= FORGET_BIAS
        if not legal:
            raise ValueError(f"forget_bias = {bias!r}: legal are chrono and numbers up to {FORGET_BIAS:g}")
        if bias != 0 and not self._gated:
            raise ValueError(f"forget_bias = {bias!r}: legal is 0 for a cell without a forget gate")
        if bias == "chrono" and self.steps < 3:
            raise ValueError(f"steps = {self.steps}: legal are 3 or more for forget_bias = chrono")

    @property
    def _gated(self) -> bool:
        return isinstance(self.cell, LSTM) and self.cell.forget_gate

    def outputs(self, inputs: int) -> int:
        """N."""
        if inputs % self.steps:
            raise ValueError(f"{inputs} inputs are no {self.steps} steps of one length: legal are multiples")
        return self.units

    def shapes(self, inputs: int) -> dict[str, Shape]:
        """W (gates·N, N), U (gates·N, M), b (gates·N,), gates in the order of the cell."""
        rows = self.cell.gates * self.units
        return {"weight": (rows, self.units), "input": (rows, inputs // self.steps), "bias": (rows,)}

    def initialise(self, parameters: Views, draw: Draw) -> None:
        """W of each gate by its law, U = G/√M, b by the forget bias."""
        weight, given, bias = parameters["weight"], parameters["input"], parameters["bias"]
        blocks = draw(WEIGHTS, weight.shape).reshape(self.cell.gates, self.units, self.units)
        weight[...] = (self.sigma_w * SAMPLERS[self.weights].matrices(blocks)).reshape(weight.shape)
        given[...] = draw(INPUTS, given.shape) / math.sqrt(given.shape[1])
        bias[...] = 0
        if self._gated:
            forget = self._forget_bias(draw)
            bias[self.units : 2 * self.units] = forget
            if self.forget_bias == "chrono":
                bias[: self.units] = -forget

    def _forget_bias(self, draw: Draw) -> NDArray[np.float64] | float:
        if isinstance(self.forget_bias, str):
            return np.log(1 + (self.steps - 2) * ndtr(draw(BIASES, (self.units,))))
        return self.forget_bias

    def bind(self, parameters: Views, gradient: Views, batch: int, scratch: Scratch, first: bool) -> Pass:
        """Backpropagation through time (`recurrent`), the covector ∂E/∂h_T."""
        if not first:
            raise ValueError("a recurrent layer is at place 2 or later: legal is the first of its chain")
        weights, run = weights_of(parameters), Recurrence(self.cell)
        covector = np.zeros((batch, self.cell.parts * self.units), scratch.dtype)
        out = np.empty((batch, self.units), scratch.dtype)

        def forward(rows: Array) -> Array:
            states = run.forward(weights, self.sequence(rows))
            out[...] = states[-1, :, : self.units]
            return out

        def vjp(g: Array) -> Array:
            covector[:, : self.units] = g
            found = run.backward(covector)
            gradient["weight"][...] = found.recurrent.plain()
            gradient["input"][...] = found.input.plain()
            gradient["bias"][...] = found.bias.plain()[0]
            return g

        return Pass(forward, vjp)

    def sequence(self, rows: Array) -> Array:
        """Rows (B, T·M) as steps (T, B, M)."""
        return np.ascontiguousarray(rows.reshape(len(rows), self.steps, -1).swapaxes(0, 1))

    def gradients(self, parameters: Views, rows: Array, g: Array) -> TimeGradients:
        """All that backpropagation through time finds for g = ∂E/∂h_T (B, N), as `bind` uses it."""
        run = Recurrence(self.cell)
        run.forward(weights_of(parameters), self.sequence(rows))
        covector = np.zeros((len(rows), self.cell.parts * self.units), rows.dtype)
        covector[:, : self.units] = g
        return run.backward(covector)


def weights_of(parameters: Views) -> Weights:
    """The layer's tensors as `recurrent` takes them."""
    return Weights(parameters["weight"], parameters["input"], parameters["bias"], None)
