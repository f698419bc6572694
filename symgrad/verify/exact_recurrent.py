"""A concrete recurrent net in ball arithmetic: its forward pass, and gradients as differences of that pass.

Nothing here differentiates: every gradient is (E(z + t) − E(z − t))/2t with E the forward pass through all
steps, in balls of 150 digits and more. A change of a weight is made at every step at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import flint
from flint import arb, arb_mat

from symgrad.symbolic.balls import precision
from symgrad.verify.exact_cells import ExactCell, Rows, blocks, each, output
from symgrad.verify.exact_net import Entries, central, difference_step, resolved
from symgrad.verify.oracles import number_ball

__all__ = ["ExactRecurrent"]


@dataclass(frozen=True)
class ExactRecurrent:
    """s_t = cell(s_{t−1}, x_t), t = 1…T, the same weights at every step, E = ⟨g, s_T⟩; one sample, all
    numbers exact.

    recurrent: W, gates·N rows of N; input: U, gates·N rows of M; bias b and recurrent_bias b′: gates·N or
    None; inputs: T vectors x_t of M; covector g and initial s_0 (None for 0): parts·N. Meant for widths up to
    about 8 and T up to about 60. Gradients are right to `digits` digits of their norm, as those of
    `ExactNet`.
    """

    cell: ExactCell
    recurrent: Sequence[Entries]
    input: Sequence[Entries]
    bias: Entries | None
    recurrent_bias: Entries | None
    inputs: Sequence[Entries]
    covector: Entries
    initial: Entries | None = None
    digits: int = 50
    _at: dict[int, _Tensors] = field(default_factory=dict, repr=False, compare=False)

    @property
    def steps(self) -> int:
        """T."""
        return len(self.inputs)

    @property
    def width(self) -> int:
        """N."""
        return len(self.recurrent[0])

    @property
    def bits(self) -> int:
        """The precision that is tried first."""
        return 3 * math.ceil(self.digits * math.log2(10))

    def states(self) -> list[list[arb]]:
        """s_0 … s_T, parts·N balls each."""
        with precision(self.bits):
            return [_first(state) for state in self._tensors().states]

    def gates(self) -> list[list[arb]]:
        """What the gates hold at steps 1 … T, gates·N balls each; of the plain net a_t."""
        with precision(self.bits):
            return [_first(gates) for gates in self._tensors().gates]

    def error(self) -> arb:
        """E."""
        with precision(self.bits):
            return self._energies(self._tensors().states[-1])[0]

    def state_gradient(self, t: int) -> list[arb]:
        """∂E/∂s_t, t = 0…T, parts·N balls: h_t and c_t are moved each by itself."""

        def differences() -> list[arb]:
            tensors, step = self._tensors(), difference_step()
            moved = _moved(tensors.states[t], step)
            return central(self._energies(tensors.run(moved, t, self.steps)), step)

        return resolved(differences, self.bits, self.digits)

    def cell_gradient(self, t: int, truncated: bool = False) -> list[arb]:
        """The whole ∂E/∂c_t of the LSTM, t = 1…T, N balls: h_t = o_t∘tanh(c_t) moves with c_t.

        `truncated`: what h carries back into the gates is left out, as in Hochreiter and Schmidhuber 1997:
        every W h_{s−1}, s > t, stays what it is.
        """

        def differences() -> list[arb]:
            tensors, step = self._tensors(), difference_step()
            _, cell = blocks(tensors.states[t], 2)
            moved = _moved(cell, step)
            o = _repeated(blocks(tensors.gates[t - 1], self.cell.gates)[-1], len(moved[0]))
            last = tensors.run([*output(o, moved), *moved], t, self.steps, held=truncated)
            return central(self._energies(last), step)

        return resolved(differences, self.bits, self.digits)

    def jacobian(self, t: int, k: int) -> Rows:
        """∂s_t/∂s_k, k ≤ t, parts·N rows of parts·N."""

        def differences() -> list[arb]:
            tensors, step = self._tensors(), difference_step()
            rows = tensors.run(_moved(tensors.states[k], step), k, t)
            return [entry for row in rows for entry in central(row, step)]

        return _rows(resolved(differences, self.bits, self.digits), self.cell.parts * self.width)

    def recurrent_gradient(self) -> Rows:
        """∂E/∂W, rows as W's: an entry is moved at all steps."""
        return self._shared(lambda tensors, t, state: state[: self.width])

    def input_gradient(self) -> Rows:
        """∂E/∂U, rows as U's."""
        return self._shared(lambda tensors, t, state: _repeated(tensors.inputs[t - 1], len(state[0])), False)

    def bias_gradient(self) -> list[arb]:
        """∂E/∂b, gates·N balls; also where there is none."""
        return [row[0] for row in self._shared(_ones, False)]

    def recurrent_bias_gradient(self) -> list[arb]:
        """∂E/∂b′, gates·N balls; also where there is none."""
        return [row[0] for row in self._shared(_ones)]

    def _shared(self, factors: Callable[[_Tensors, int, Rows], Rows], recurrent: bool = True) -> Rows:
        """Differences in the entries of a matrix that the rows `factors(tensors, t, state)` are multiplied
        with at every step t, on the side of W h_{t−1} or of U x_t."""
        columns = 0

        def differences() -> list[arb]:
            nonlocal columns
            tensors, step = self._tensors(), difference_step()
            columns = len(factors(tensors, 1, tensors.states[0]))
            moves = [
                (i, j, sign * step)
                for i in range(self.cell.gates * self.width)
                for j in range(columns)
                for sign in (1, -1)
            ]

            def change(t: int, drive: Rows, recur: Rows, state: Rows) -> None:
                given, into = factors(tensors, t, state), recur if recurrent else drive
                for column, (i, j, move) in enumerate(moves):
                    into[i][column] += move * given[j][column]

            last = tensors.run(_repeated(tensors.states[0], len(moves)), 0, self.steps, change)
            return central(self._energies(last), step)

        return _rows(resolved(differences, self.bits, self.digits), columns)

    def _energies(self, state: Rows) -> list[arb]:
        energies: list[arb] = (self._tensors().covector * arb_mat(state)).entries()
        return energies

    def _tensors(self) -> _Tensors:
        bits = flint.ctx.prec
        if bits not in self._at:
            self._at[bits] = _Tensors(self, bits)
        return self._at[bits]


def _first(rows: Rows) -> list[arb]:
    return [row[0] for row in rows]


def _repeated(rows: Rows, count: int) -> Rows:
    """The first column, `count` times."""
    return [row[:1] * count for row in rows]


def _ones(tensors: _Tensors, t: int, state: Rows) -> Rows:
    return [[arb(1)] * len(state[0])]


def _moved(state: Rows, step: arb) -> Rows:
    """Copies of a state, the entries moved up and down one after the other."""
    return [
        [row[0] + sign * step if i == j else row[0] for j in range(len(state)) for sign in (1, -1)]
        for i, row in enumerate(state)
    ]


def _rows(entries: list[arb], columns: int) -> Rows:
    return [entries[i : i + columns] for i in range(0, len(entries), columns)]


class _Tensors:
    """The tensors of a net as balls of one precision, its states and its gates at the inputs given."""

    def __init__(self, net: ExactRecurrent, bits: int) -> None:
        def column(entries: Entries | None, size: int) -> Rows:
            return [[number_ball(e, bits)] for e in ((0,) * size if entries is None else entries)]

        rows, parts = net.cell.gates * net.width, net.cell.parts * net.width
        self.cell, self.width = net.cell, net.width
        self.recurrent = arb_mat([[number_ball(w, bits) for w in row] for row in net.recurrent])
        self.back = column(net.recurrent_bias, rows)
        self.covector = arb_mat([[number_ball(g, bits) for g in net.covector]])
        self.inputs = [column(x, 0) for x in net.inputs]
        weights = arb_mat([[number_ball(u, bits) for u in row] for row in net.input])
        bias = column(net.bias, rows)
        self.drives = [each(lambda a, b: a + b, (weights * arb_mat(x)).tolist(), bias) for x in self.inputs]
        self.states, self.gates, self.recurs = [column(net.initial, parts)], [], []
        for drive in self.drives:
            recur = self._recur(self.states[-1])
            gates, state = self.cell.step(drive, recur, self.states[-1])
            self.recurs.append(recur)
            self.gates.append(gates)
            self.states.append(state)

    def _recur(self, state: Rows) -> Rows:
        """W h + b′ for every column of a state."""
        product: Rows = (self.recurrent * arb_mat(state[: self.width])).tolist()
        return [[a + bias for a in row] for row, (bias,) in zip(product, self.back, strict=True)]

    def run(
        self,
        state: Rows,
        first: int,
        last: int,
        change: Callable[[int, Rows, Rows, Rows], None] | None = None,
        held: bool = False,
    ) -> Rows:
        """s_last for each column of `state`, taken as s_first. `change` may add to U x + b and W h + b′ of a
        step; `held`: W h + b′ is that of the net as it stands, whatever the column."""
        count = len(state[0])
        for t in range(first + 1, last + 1):
            drive = _repeated(self.drives[t - 1], count)
            recur = _repeated(self.recurs[t - 1], count) if held else self._recur(state)
            if change is not None:
                change(t, drive, recur, state)
            _, state = self.cell.step(drive, recur, state)
        return state
