"""One step of a recurrent net in ball arithmetic, with σ, tanh and φ alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp
from flint import arb

from symgrad.verify.oracles import BallFunction

__all__ = ["ExactCell", "Rows", "blocks", "each", "gru_cell", "lstm_cell", "output", "rnn_cell"]

Rows: TypeAlias = list[list[arb]]
"""A matrix whose columns are copies of a state, or of what is added up for the gates."""


@dataclass(frozen=True)
class ExactCell:
    """One step of a recurrent net: step(U x_t + b, W h_{t−1} + b′, s_{t−1}) → (gates, s_t), column by column.

    `gates` counts the blocks of N rows in W, `parts` those in a state: h, or h above c.
    """

    gates: int
    parts: int
    step: Callable[[Rows, Rows, Rows], tuple[Rows, Rows]]


def rnn_cell(phi: sp.Expr, x: sp.Symbol) -> ExactCell:
    """h_t = φ(a_t), a_t = W h_{t−1} + U x_t + b; its one gate is a_t itself."""
    function = BallFunction(phi, x)

    def step(drive: Rows, recur: Rows, state: Rows) -> tuple[Rows, Rows]:
        pre = each(lambda d, r: d + r, drive, recur)
        return pre, each(function, pre)

    return ExactCell(1, 1, step)


def lstm_cell(forget_gate: bool = True) -> ExactCell:
    """c_t = f∘c_{t−1} + i∘g, h_t = o∘tanh c_t; i, f, o = σ(·), g = tanh(·). Blocks i, f, g, o; without the
    forget gate f = 1 (1997), blocks i, g, o."""

    def step(drive: Rows, recur: Rows, state: Rows) -> tuple[Rows, Rows]:
        i, *forget, g, o = blocks(each(lambda d, r: d + r, drive, recur), 4 if forget_gate else 3)
        i, o, g = each(_sigmoid, i), each(_sigmoid, o), each(arb.tanh, g)
        forget = [each(_sigmoid, f) for f in forget]
        _, carried = blocks(state, 2)
        for f in forget:
            carried = each(lambda f, c: f * c, f, carried)
        cell = each(lambda c, i, g: c + i * g, carried, i, g)
        return [*i, *itertools.chain(*forget), *g, *o], [*output(o, cell), *cell]

    return ExactCell(4 if forget_gate else 3, 2, step)


def gru_cell() -> ExactCell:
    """h_t = (1 − z)∘n + z∘h_{t−1}, n = tanh(U_n x + b_n + r∘(W_n h_{t−1} + b′_n)), r, z = σ(·): PyTorch's
    form. Blocks r, z, n."""

    def step(drive: Rows, recur: Rows, state: Rows) -> tuple[Rows, Rows]:
        added = each(lambda d, r: d + r, drive, recur)
        r, z = (each(_sigmoid, block) for block in blocks(added, 3)[:2])
        given, back = blocks(drive, 3)[2], blocks(recur, 3)[2]
        n = each(lambda d, r, b: (d + r * b).tanh(), given, r, back)
        return [*r, *z, *n], each(lambda z, n, h: n + z * (h - n), z, n, state)

    return ExactCell(3, 1, step)


def _sigmoid(a: arb) -> arb:
    return 1 / (1 + (-a).exp())


def output(o: Rows, cell: Rows) -> Rows:
    """h = o∘tanh(c)."""
    return each(lambda o, c: o * c.tanh(), o, cell)


def each(function: Callable[..., arb], *matrices: Rows) -> Rows:
    """The function entry by entry."""
    return [
        [function(*entries) for entries in zip(*rows, strict=True)] for rows in zip(*matrices, strict=True)
    ]


def blocks(rows: Rows, count: int) -> list[Rows]:
    """The rows cut into `count` equal blocks."""
    size = len(rows) // count
    return [rows[k * size : (k + 1) * size] for k in range(count)]
