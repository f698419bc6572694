"""One step of an LSTM or a GRU with symbols for all weights, and formulas of one unit put to several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from symgrad.symbolic.letters import (
    c,
    cand,
    f_gate,
    h,
    i_gate,
    n_gate,
    o_gate,
    r_gate,
    recalled,
    t,
    w_f,
    w_g,
    w_i,
    w_n,
    w_o,
    w_r,
    w_z,
    z_gate,
)

__all__ = ["J", "M", "Step", "gru", "lstm", "of_units", "weights"]

J, M = sp.symbols("j p", integer=True, positive=True)
"""A unit whose new state is differentiated, and one with respect to whose old state."""
ALONE = {"i": w_i, "f": w_f, "g": w_g, "o": w_o, "r": w_r, "z": w_z, "n": w_n}
"""The weight of each gate where there is one unit."""
NOW = (f_gate, i_gate, cand, o_gate, c, z_gate, r_gate, n_gate, recalled)
"""What has a letter at step t for every unit; h and c have one at step t − 1 too."""


def weights(gate: str) -> sp.IndexedBase:
    """The recurrent weights of a gate, W_gate[j, p]."""
    return sp.IndexedBase(f"W_{gate}", real=True)


def of_units(formula: sp.Expr) -> sp.Expr:
    """A formula of one unit for unit j of many, with respect to unit p."""
    known = {base[t]: base[t, J] for base in NOW}
    known |= {base[t - 1]: base[t - 1, J] for base in (h, c)}
    known |= {weight: weights(gate)[J, M] for gate, weight in ALONE.items()}
    return formula.xreplace(known)


@dataclass(frozen=True)
class Step:
    """One step of a gated net written out: the numbers of the old state, those of the new one in the same
    order, the value of every letter of a formula (t, j), and the weights W_gate[j, p]."""

    old: sp.Matrix
    new: sp.Matrix
    known: Mapping[sp.Basic, sp.Expr]

    def of(self, formula: sp.Expr, unit: int, other: int = 1) -> sp.Expr:
        """A formula for units j and p with the values of this step, σ written as 1/(1 + e^{−a})."""
        return formula.subs({J: unit, M: other}).xreplace(dict(self.known))


def _sigma(pre: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-pre))


def _linear(gate: str, state: sp.Matrix, drive: str) -> sp.Matrix:
    """W_gate h_{t−1} + what input and bias give, one free number a unit."""
    units = len(state)
    given = sp.Matrix(sp.symbols(f"{drive}_{gate}1:{units + 1}", real=True))
    return sp.Matrix(units, units, lambda j, p: weights(gate)[j + 1, p + 1]) * state + given


def _letters(base: sp.IndexedBase, values: sp.Matrix, step: sp.Expr = t) -> dict[sp.Basic, sp.Expr]:
    return {base[step, unit]: value for unit, value in enumerate(values, 1)}


def lstm(units: int, forget_gate: bool = True, state: sp.Matrix | None = None, drive: str = "u") -> Step:
    """One step from `state`, h above c (default: letters)."""
    if state is None:
        state = sp.Matrix(
            [*sp.symbols(f"h1:{units + 1}", real=True), *sp.symbols(f"c1:{units + 1}", real=True)]
        )
    before, cell = state[:units, 0], state[units:, 0]
    i, f, o = (_linear(gate, before, drive).applyfunc(_sigma) for gate in "ifo")
    g = _linear("g", before, drive).applyfunc(sp.tanh)
    if not forget_gate:
        f = sp.ones(units, 1)
    held = f.multiply_elementwise(cell) + i.multiply_elementwise(g)
    known = {**_letters(i_gate, i), **_letters(f_gate, f), **_letters(o_gate, o), **_letters(cand, g)}
    known |= {**_letters(c, held), **_letters(c, cell, t - 1)}
    return Step(state, sp.Matrix([*o.multiply_elementwise(held.applyfunc(sp.tanh)), *held]), known)


def gru(units: int, state: sp.Matrix | None = None, drive: str = "u") -> Step:
    """One step from `state`, in PyTorch's form: the reset gate multiplies W_n h_{t−1} + b′_n."""
    if state is None:
        state = sp.Matrix(sp.symbols(f"h1:{units + 1}", real=True))
    r, z = (_linear(gate, state, drive).applyfunc(_sigma) for gate in "rz")
    back = _linear("n", state, drive)
    given = sp.Matrix(sp.symbols(f"{drive}_x1:{units + 1}", real=True))
    n = (given + r.multiply_elementwise(back)).applyfunc(sp.tanh)
    new = n + z.multiply_elementwise(state - n)
    known = {
        **_letters(r_gate, r),
        **_letters(z_gate, z),
        **_letters(n_gate, n),
        **_letters(recalled, back),
    }
    return Step(state, new, known | _letters(h, state, t - 1))
