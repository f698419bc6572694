"""The long short-term memory cell, with and without forget gate."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.numeric.arrays.primitives import Primitives, Tensor
from symgrad.numeric.arrays.scaled import Rows
from symgrad.numeric.recurrent.cells.activations import SIGMOID, TANH
from symgrad.numeric.recurrent.cells.cell import Parts, beside, columns, joined
from symgrad.numeric.recurrent.shared import Shared


@dataclass(frozen=True)
class LSTM:
    """i, f, o = σ(·), g = tanh(·) of W h_{t−1} + U x_t + b;  c_t = f∘c_{t−1} + i∘g,  h_t = o∘tanh(c_t).

    Rows of W, U and b: i, f, g, o, as in PyTorch; without forget gate i, g, o, and f = 1. With ∂E/∂c_t total,

        ∂E/∂c_t = (∂E/∂c_t with h_t held) + ∂E/∂h_t ∘ o(1 − tanh² c_t),
        δ_i = ∂E/∂c_t ∘ g i(1 − i),  δ_f = ∂E/∂c_t ∘ c_{t−1} f(1 − f),  δ_g = ∂E/∂c_t ∘ i(1 − g²),
        δ_o = ∂E/∂h_t ∘ tanh(c_t) o(1 − o),  ∂E/∂h_{t−1} = δ W,  ∂E/∂c_{t−1} with h_{t−1} held = ∂E/∂c_t ∘ f.

    What is kept of a step are its gates. |h_t| ≤ 1 and |c_t| ≤ t + |c_0|: forward, nothing leaves the range.
    Sources: Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000.
    """

    forget_gate: bool = True

    parts = 2
    inner = False
    unbounded = False

    @property
    def gates(self) -> int:
        """4, or 3."""
        return 3 + self.forget_gate

    made = deltas = gates

    @property
    def order(self) -> tuple[int, ...]:
        """As given."""
        return tuple(range(self.gates))

    @property
    def coefficients(self) -> int:
        """One a gate, that of h_t in c_t, and f."""
        return self.gates + 1 + self.forget_gate

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
        """The gates, and (h_t, c_t)."""
        (h, c), width, gates = state, net.width, self.gates
        into_h, into_c = out
        pre = ops.product(h, net.transposed, out=columns(spare, 0, gates, width))
        pre = ops.add(pre, drive, out=pre)
        cuts = ((SIGMOID, 0, gates - 2), (TANH, gates - 2, gates - 1), (SIGMOID, gates - 1, gates))
        found = [
            ops.phi(kernel, columns(pre, first, last, width), out=columns(made, first, last, width))
            for kernel, first, last in cuts
        ]
        i, g, o = columns(found[0], 0, 1, width), found[1], found[2]
        scratch = columns(spare, gates, gates + 1, width)
        kept = ops.multiply(columns(found[0], 1, 2, width), c, out=into_c) if self.forget_gate else c
        c = ops.add(kept, ops.multiply(i, g, out=scratch), out=into_c)
        h = ops.multiply(ops.phi(TANH, c, out=scratch), o, out=into_h)
        return joined(ops, [beside(one, width) for one in found], made), (h, c)

    def scaled(
        self, ops: Primitives, net: Shared, state: Rows, drive: Tensor, what: str
    ) -> tuple[Tensor, Rows]:
        """There is none."""
        raise NotImplementedError

    def factors(self, ops: Primitives, made: Tensor, before: Parts, after: Parts, out: Tensor) -> Tensor:
        """[the coefficients of δ_i, δ_f, δ_g, then δ_o, o(1 − tanh² c_t), f], see above."""
        (_, previous), (_, c), width, gates = before, after, before[0].shape[-1], self.gates
        i, g, o = (columns(made, k, k + 1, width) for k in (0, gates - 2, gates - 1))
        into = [columns(out, k, k + 1, width) for k in range(self.coefficients)]
        # where a later one is written, an earlier one is worked out first
        level = ops.phi(TANH, c, out=into[gates])
        by_o = ops.dphi(SIGMOID, o, o, out=into[gates - 1])
        by_o = ops.multiply(by_o, level, out=into[gates - 1])
        through = ops.multiply(ops.dphi(TANH, level, level, out=into[0]), o, out=into[gates])
        by_i = ops.multiply(ops.dphi(SIGMOID, i, i, out=into[0]), g, out=into[0])
        by_g = ops.multiply(ops.dphi(TANH, g, g, out=into[gates - 2]), i, out=into[gates - 2])
        if not self.forget_gate:
            found = [by_i, by_g, by_o, through]
        else:
            f = columns(made, 1, 2, width)
            by_f = ops.multiply(ops.dphi(SIGMOID, f, f, out=into[1]), previous, out=into[1])
            found = [by_i, by_f, by_g, by_o, through, ops.scale(f, 1.0, out=into[-1])]
        return joined(ops, [beside(one, width) for one in found], out)

    def back(
        self, ops: Primitives, gradient: Parts, factors: Tensor, delta: Tensor, below: Parts
    ) -> tuple[Parts, Tensor, Parts]:
        """δ; and ∂E/∂c_{t−1} with h_{t−1} held."""
        (by_h, by_c), width, gates = gradient, gradient[0].shape[-1], self.gates
        _, into = below
        through = columns(factors, gates, gates + 1, width)
        by_c = ops.add(by_c, ops.multiply(by_h, through, out=into), out=by_c)
        written = columns(factors, 0, gates - 1, width)
        first = ops.multiply(
            beside(written, width),
            beside(by_c, width),
            out=beside(columns(delta, 0, gates - 1, width), width),
        )
        last = ops.multiply(
            by_h, columns(factors, gates - 1, gates, width), out=columns(delta, gates - 1, gates, width)
        )
        made = joined(ops, [first, beside(last, width)], delta)
        if self.forget_gate:
            carried = ops.multiply(by_c, columns(factors, gates + 1, gates + 2, width), out=into)
        else:
            carried = ops.scale(by_c, 1.0, out=into)
        return (by_h, by_c), made, (None, carried)
