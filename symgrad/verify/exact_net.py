"""A concrete net in ball arithmetic: its forward pass, and gradients as differences of that pass.

Nothing here differentiates: every gradient is (E(z + t) − E(z − t))/2t with E the forward pass in balls of
150 digits and more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import flint
import sympy as sp
from flint import arb, arb_mat

from symgrad.symbolic.balls import precision
from symgrad.verify.oracles import BallFunction, number_ball

__all__ = ["ExactNet", "ball_norm", "central", "difference_step", "resolved"]

Entries: TypeAlias = Sequence[Any]
"""Numbers as `oracles.Number`: float64 entries are taken as the rationals that they are."""

_DOUBLINGS = 2


def ball_norm(entries: Sequence[arb]) -> arb:
    """The Euclidean norm of a list of balls (Frobenius, for a matrix given entry by entry)."""
    total = arb(0)
    for entry in entries:
        total += entry * entry
    return total.sqrt() if total > 0 else arb(0).union(total.upper().sqrt())


@dataclass(frozen=True)
class ExactNet:
    """h_l = φ(W_l h_{l−1} + b_l), E = ⟨g, h_L⟩ for one input h_0 and one co-vector g, all numbers exact.

    weights: L matrices (N_l, N_{l−1}) as sequences of rows; biases: L vectors, or None. Meant for widths up
    to about 8 and depths up to about 60: every gradient costs two forward passes an entry. Gradients are
    right to `digits` digits of their norm (rounding, by the balls; the truncation error t²E‴/6 with t =
    10^−digits lies below it), at up to four times the precision where E cancels.
    """

    phi: sp.Expr
    x: sp.Symbol
    weights: Sequence[Sequence[Entries]]
    biases: Sequence[Entries] | None
    inputs: Entries
    covector: Entries
    digits: int = 50
    _at: dict[int, _Tensors] = field(default_factory=dict, repr=False, compare=False)

    @property
    def depth(self) -> int:
        """L."""
        return len(self.weights)

    @property
    def bits(self) -> int:
        """The precision that is tried first."""
        return 3 * math.ceil(self.digits * math.log2(10))

    def layers(self) -> tuple[list[list[arb]], list[list[arb]]]:
        """(a_1 … a_L), (h_0 … h_L)."""
        with precision(self.bits):
            tensors = self._tensors()
            return tensors.pre, [column.entries() for column in tensors.out]

    def error(self) -> arb:
        """E."""
        with precision(self.bits):
            tensors = self._tensors()
            return tensors.energies(tensors.out[0], 0)[0]

    def hidden_gradient(self, layer: int) -> list[arb]:
        """∂E/∂h_l, entry by entry, l = 0…L."""

        def differences() -> list[arb]:
            tensors, t = self._tensors(), difference_step()
            centre = tensors.out[layer].entries()
            width = len(centre)
            columns = [
                [h + sign * t if i == j else h for j in range(width) for sign in (1, -1)]
                for i, h in enumerate(centre)
            ]
            return central(tensors.energies(arb_mat(columns), layer), t)

        return resolved(differences, self.bits, self.digits)

    def weight_gradient(self, layer: int) -> list[list[arb]]:
        """∂E/∂W_l, (N_l, N_{l−1}), l = 1…L: a change of W_l[i, j] moves pre-activation i by its product
        with h_{l−1}[j]."""
        rows, cols = len(self.weights[layer - 1]), len(self.weights[layer - 1][0])

        def differences() -> list[arb]:
            tensors, t = self._tensors(), difference_step()
            pre, below = tensors.pre[layer - 1], tensors.out[layer - 1].entries()
            moves = [(i, sign * t * h) for i in range(rows) for h in below for sign in (1, -1)]
            columns = [[a + move if row == i else a for i, move in moves] for row, a in enumerate(pre)]
            return central(tensors.energies(tensors.activate(columns), layer), t)

        flat = resolved(differences, self.bits, self.digits)
        return [flat[i * cols : (i + 1) * cols] for i in range(rows)]

    def _tensors(self) -> _Tensors:
        bits = flint.ctx.prec
        if bits not in self._at:
            self._at[bits] = _Tensors(self, bits)
        return self._at[bits]


def resolved(differences: Callable[[], list[arb]], bits: int, digits: int) -> list[arb]:
    """The differences at the first of `bits`, 2·bits, 4·bits of precision that gives their norm to `digits`
    digits, or the last."""
    entries: list[arb] = []
    for doubling in range(_DOUBLINGS + 1):
        with precision(bits << doubling):
            entries = differences()
            if ball_norm(entries).rel_accuracy_bits() >= digits * math.log2(10):
                break
    return entries


def difference_step() -> arb:
    """t = 2^−bits/3: rounding 2^−bits/t and truncation t² are then alike."""
    return arb(2) ** -(flint.ctx.prec // 3)


def central(energies: list[arb], t: arb) -> list[arb]:
    """(E₊ − E₋)/2t of each pair in E₊, E₋, E₊, E₋, …"""
    return [(up - down) / (2 * t) for up, down in zip(energies[::2], energies[1::2], strict=True)]


class _Tensors:
    """The tensors of a net as balls of one precision, and its layers at the input given."""

    def __init__(self, net: ExactNet, bits: int) -> None:
        self.phi = BallFunction(net.phi, net.x)
        self.weights = [
            arb_mat([[number_ball(w, bits) for w in row] for row in matrix]) for matrix in net.weights
        ]
        self.biases = None
        if net.biases is not None:
            self.biases = [[number_ball(b, bits) for b in bias] for bias in net.biases]
        self.covector = arb_mat([[number_ball(g, bits) for g in net.covector]])
        self.out = [arb_mat([[number_ball(value, bits)] for value in net.inputs])]
        self.pre: list[list[arb]] = []
        for layer in range(1, net.depth + 1):
            columns = self.affine(self.out[-1], layer)
            self.pre.append([row[0] for row in columns])
            self.out.append(self.activate(columns))

    def affine(self, below: arb_mat, layer: int) -> list[list[arb]]:
        """Rows of W_l H + b_l for a matrix H whose columns are states of layer l − 1."""
        rows: list[list[arb]] = (self.weights[layer - 1] * below).tolist()
        if self.biases is None:
            return rows
        return [[a + bias for a in row] for row, bias in zip(rows, self.biases[layer - 1], strict=True)]

    def activate(self, rows: list[list[arb]]) -> arb_mat:
        """φ entry by entry."""
        return arb_mat([[self.phi(a) for a in row] for row in rows])

    def energies(self, state: arb_mat, layer: int) -> list[arb]:
        """E for each column of `state`, taken as h_l."""
        for above in range(layer + 1, len(self.weights) + 1):
            state = self.activate(self.affine(state, above))
        energies: list[arb] = (self.covector * state).entries()
        return energies
