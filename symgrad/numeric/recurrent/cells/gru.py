"""The gated recurrent unit in PyTorch's form."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.numeric.arrays.primitives import Primitives, Tensor
from symgrad.numeric.arrays.scaled import Rows
from symgrad.numeric.recurrent.cells.activations import SIGMOID, TANH
from symgrad.numeric.recurrent.cells.cell import Parts, beside, columns, joined
from symgrad.numeric.recurrent.shared import Shared


@dataclass(frozen=True)
class GRU:
    """r, z = σ(W h_{t−1} + b_h + U x_t + b), n = tanh(U x_t + b + r∘m), m = W h_{t−1} + b_h (the rows of n);

        h_t = (1 − z)∘n + z∘h_{t−1} = n + z∘(h_{t−1} − n).

    Rows of W, U, b and b_h: r, z, n. The reset gate stands behind the product with W, as in PyTorch and
    cuDNN, so that δ of the rows of n is one thing for U and another for W:

        δ_n = ∂E/∂h_t ∘ (1 − z)(1 − n²),  δ_m = δ_n∘r,  δ_r = δ_n ∘ m r(1 − r),
        δ_z = ∂E/∂h_t ∘ (h_{t−1} − n) z(1 − z),  ∂E/∂h_{t−1} = [δ_r, δ_z, δ_m] W + ∂E/∂h_t ∘ z.

    What is kept of a step are n, r, z and m, and δ = [δ_n, δ_r, δ_z, δ_m]: the first three belong to U, the
    last three to W. |h_t| ≤ max(1, |h_0|): forward, nothing leaves the range. Sources: Cho et al. 2014
    (arXiv:1406.1078); PyTorch's torch.nn.GRU for the place of r.
    """

    gates = 3
    parts = 1
    order = (2, 0, 1)
    inner = True
    unbounded = False
    made = 4
    coefficients = 5
    deltas = 4

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
        """n, r, z and m, and h_t."""
        (before,), (into,), width = state, out, net.width
        product = ops.product(before, net.transposed, out=columns(spare, 0, 3, width))
        pair, m = columns(product, 0, 2, width), columns(product, 2, 3, width)
        into_m = columns(made, 3, 4, width)
        m = ops.scale(m, 1.0, out=into_m) if net.inner is None else ops.add(m, net.inner, out=into_m)
        pair = ops.add(pair, columns(drive, 1, 3, width), out=pair)
        pair = ops.phi(SIGMOID, pair, out=columns(made, 1, 3, width))
        r, z = columns(pair, 0, 1, width), columns(pair, 1, 2, width)
        scratch = columns(spare, 0, 1, width)
        pre = ops.add(ops.multiply(r, m, out=scratch), columns(drive, 0, 1, width), out=scratch)
        n = ops.phi(TANH, pre, out=columns(made, 0, 1, width))
        h = ops.add(before, ops.scale(n, -1.0, out=into), out=into)
        h = ops.add(ops.multiply(h, z, out=into), n, out=into)
        return joined(ops, [beside(one, width) for one in (n, pair, m)], made), (h,)

    def scaled(
        self, ops: Primitives, net: Shared, state: Rows, drive: Tensor, what: str
    ) -> tuple[Tensor, Rows]:
        """There is none."""
        raise NotImplementedError

    def factors(self, ops: Primitives, made: Tensor, before: Parts, after: Parts, out: Tensor) -> Tensor:
        """[the coefficients of δ_n, δ_r, δ_z, δ_m, then z], see above."""
        (previous,), width = before, before[0].shape[-1]
        n, r, z, m = (columns(made, k, k + 1, width) for k in range(4))
        into = [columns(out, k, k + 1, width) for k in range(5)]
        by_n = ops.dphi(TANH, n, n, out=into[0])
        kept = ops.add(ops.scale(z, -1.0, out=into[1]), 1.0, out=into[1])
        by_n = ops.multiply(by_n, kept, out=into[0])
        by_r = ops.multiply(ops.dphi(SIGMOID, r, r, out=into[1]), m, out=into[1])
        by_r = ops.multiply(by_r, by_n, out=into[1])
        by_z = ops.dphi(SIGMOID, z, z, out=into[2])
        gap = ops.add(previous, ops.scale(n, -1.0, out=into[3]), out=into[3])
        by_z = ops.multiply(by_z, gap, out=into[2])
        by_m = ops.multiply(by_n, r, out=into[3])
        found = [by_n, by_r, by_z, by_m, ops.scale(z, 1.0, out=into[4])]
        return joined(ops, [beside(one, width) for one in found], out)

    def back(
        self, ops: Primitives, gradient: Parts, factors: Tensor, delta: Tensor, below: Parts
    ) -> tuple[Parts, Tensor, Parts]:
        """δ, and what the update gate lets by."""
        (by_h,) = gradient
        width = by_h.shape[-1]
        made = ops.multiply(
            beside(columns(factors, 0, 4, width), width), beside(by_h, width), out=beside(delta, width)
        )
        passed = ops.multiply(by_h, columns(factors, 4, 5, width))
        return gradient, joined(ops, [made], delta), (passed,)
