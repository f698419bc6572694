"""The plain recurrent cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symgrad.numeric.arrays.primitives import Primitives, Tensor
from symgrad.numeric.arrays.scaled import Rows, add_bias, carry, settle
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.recurrent.cells.cell import Parts
from symgrad.numeric.recurrent.shared import Shared


@dataclass(frozen=True)
class RNN:
    """h_t = φ(a_t), a_t = W h_{t−1} + U x_t + b;  δ_t = ∂E/∂h_t ∘ φ′(a_t), ∂E/∂h_{t−1} = δ_t W.

    What is kept of a step is a_t. φ may be unbounded: states carry exponents where they leave the ordinary
    range. Source: Elman 1990; Rumelhart, Hinton & Williams 1986.
    """

    kernel: Kernel

    gates = 1
    parts = 1
    order = (0,)
    inner = False
    unbounded = True
    made = 1
    coefficients = 1
    deltas = 1

    def step(
        self,
        ops: Primitives,
        net: Shared,
        state: Parts,
        drive: Tensor,
        made: Tensor,
        out: Parts,
        spare: Tensor,
    ) -> tuple[Tensor, Parts]:
        """a_t and h_t; the product lies where h_t will."""
        (into,) = out
        pre = ops.add(drive, ops.product(state[0], net.transposed, out=into), out=made)
        return pre, (ops.phi(self.kernel, pre, out=into),)

    def scaled(
        self, ops: Primitives, net: Shared, state: Rows, drive: Tensor, what: str
    ) -> tuple[Tensor, Rows]:
        """The step with a power of two beside each row (see `scaled`); φ′ belongs to a as held."""
        values = ops.product(state.values, net.transposed)
        exponent = np.zeros((*values.shape[:-1], 1), np.int64) if state.exponent is None else state.exponent
        values, exponent = add_bias(ops, values, exponent + net.recurrent_power, drive, 0)
        if net.bias is not None and net.bias_power:
            values, exponent = add_bias(ops, values, exponent, net.bias, net.bias_power)
        pre = settle(ops, values, exponent, f"{what}: the pre-activation", out=values)
        h = ops.phi(self.kernel, pre.values)
        exponent_above = carry(ops, self.kernel, pre, f"{what}: the pre-activation")
        return pre.values, settle(ops, h, exponent_above, f"{what}: the state", out=h)

    def factors(self, ops: Primitives, made: Tensor, before: Parts, after: Parts, out: Tensor) -> Tensor:
        """φ′(a)."""
        return ops.dphi(self.kernel, made, after[0], out=out)

    def back(
        self, ops: Primitives, gradient: Parts, factors: Tensor, delta: Tensor, below: Parts
    ) -> tuple[Parts, Tensor, Parts]:
        """δ_t; nothing reaches h_{t−1} beside δ W."""
        return gradient, ops.multiply(gradient[0], factors, out=delta), (None,)
