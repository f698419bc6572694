"""LSTM unfolded in time: the Jacobian of one step, block by block and entry by entry."""

from collections.abc import Mapping
from functools import partial

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.derivation import Step as Line
from symgrad.symbolic.letters import (
    T,
    c,
    cand,
    f_gate,
    h,
    i_gate,
    k,
    o_gate,
    opened,
    s,
    t,
    through_output,
    turned,
)
from symgrad.symbolic.notation import Chain, Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.gated_steps import J, M, lstm, of_units, weights
from symgrad.theory.through_time.nets import GATED, Options
from symgrad.theory.through_time.truncation import ENTRY, OUTPUT, PAST_OUTPUT

JACOBIAN = sp.IndexedBase("J", real=True)
"""J_t, the Jacobian of step t."""
BOTH = sp.IndexedBase("y", real=True)
"""y_t, both states of an LSTM: h_t above c_t."""
ANY_NUMBER = (
    "differentiated for one unit and for every entry of two, each unit with a free drive: "
    "what further units send adds to the drive, so that this is every number of units"
)
NOTE_1997: Prose = (
    (
        "the paper of 1997 squashes to other ranges; σ and tanh are used here as they are today, which "
        "changes the slopes, not the blocks"
    ),
)
LSTM_ROWS = {
    ("c", "c"): (
        ("the cell is carried on by ", f_gate[t, J], " alone; another unit's cell does not enter"),
        "cell to cell",
    ),
    ("c", "h"): (
        ("through the forget gate, the input gate and the candidate, each with its own weights",),
        "output to cell",
    ),
    ("h", "c"): (
        ("the cell moves the output of the same step, the output gate held; 0 for another unit's cell",),
        "cell to output",
    ),
    ("h", "h"): (
        ("through the output gate, and through the cell of the same step",),
        "output to output",
    ),
}

PICTURED: tuple[dict[str, object], ...] = ({"forget_gate": False}, {"forget_bias": 2.0})
"""The net beside the page, without a forget gate and with one."""


def lstm_entries(forget_gate: bool = True) -> dict[tuple[str, str], sp.Expr]:
    """∂(h or c)_{t,j}/∂(h or c)_{t−1,p}, by the two letters; with respect to c_{t−1} those for p = j, since
    for p ≠ j they are 0. Without forget gate f = 1."""
    entry, output, past = map(of_units, (ENTRY, OUTPUT, PAST_OUTPUT))
    kept = f_gate[t, J]
    found = {
        ("c", "c"): kept,
        ("c", "h"): entry,
        ("h", "c"): output * kept,
        ("h", "h"): past + output * entry,
    }
    return (
        found
        if forget_gate
        else {place: formula.xreplace({kept: sp.S.One}) for place, formula in found.items()}
    )


def _blocks(forget_gate: bool) -> tuple[Line, ...]:
    """The four blocks of an LSTM's step, one statement each."""
    entries = lstm_entries(forget_gate)
    found = []
    for (new, old), (because, rule) in LSTM_ROWS.items():
        letters = {"h": h, "c": c}
        other = M if old == "h" else J
        above, below = letters[new][t, J], letters[old][t - 1, other]
        if not forget_gate and (new, old) == ("c", "c"):
            because = ("without a forget gate the cell is carried on unchanged: the constant error carousel",)
        found.append(
            prove(
                sp.Eq(Partial(above, below), entries[new, old], evaluate=False),
                because,
                partial(_lstm_block, new, old, forget_gate),
                rule=rule,
            )
        )
    return tuple(found)


def _lstm_block(new: str, old: str, forget_gate: bool) -> str:
    formula = lstm_entries(forget_gate)[new, old]
    for units in (1, 2):
        step = lstm(units, forget_gate)
        jacobian = step.new.jacobian(step.old)
        row, column = ({"h": 0, "c": units}[letter] for letter in (new, old))
        claimed = sp.Matrix(
            units,
            units,
            lambda i, j, step=step: step.of(formula, i + 1, j + 1) if old == "h" or i == j else sp.S.Zero,
        )
        prove_equal(jacobian[row : row + units, column : column + units], claimed)
    return ANY_NUMBER


def _lstm_matrix(units: int, forget_gate: bool) -> sp.Matrix:
    """J_t with A, P, Q for what the steps above have named, rows and columns h then c; step t left out where
    there are several units."""

    def place(base: sp.IndexedBase, *at: int) -> sp.Expr:
        return base[t] if units == 1 else base[at]

    def entry(row: int, column: int) -> sp.Expr:
        i, j = row % units + 1, column % units + 1
        inner = place(through_output, i, j)
        if column >= units:
            inner = (place(f_gate, i) if forget_gate else sp.S.One) if i == j else sp.S.Zero
        if row >= units:
            return inner
        past = place(turned, i, j) if column < units else sp.S.Zero
        return past + place(opened, i) * inner

    return sp.Matrix(2 * units, 2 * units, entry)


def _lstm_checked(units: int, forget_gate: bool) -> str:
    """The letters of the matrix replaced by what they stand for, against the Jacobian outright."""
    step = lstm(units, forget_gate)
    known: dict[sp.Basic, sp.Expr] = {}
    for i in range(1, units + 1):
        known[opened[t] if units == 1 else opened[i]] = step.of(of_units(OUTPUT), i)
        known[f_gate[t] if units == 1 else f_gate[i]] = step.of(f_gate[t, J], i)
        for j in range(1, units + 1):
            known[through_output[t] if units == 1 else through_output[i, j]] = step.of(
                lstm_entries(forget_gate)["c", "h"], i, j
            )
            known[turned[t] if units == 1 else turned[i, j]] = step.of(of_units(PAST_OUTPUT), i, j)
    return prove_equal(step.new.jacobian(step.old), _lstm_matrix(units, forget_gate).xreplace(known))


def _induction() -> str:
    """s_t = F_t(s_{t−1}) with s_{t−1} any differentiable function of s_k: the Jacobians multiply."""
    z = sp.Symbol("z", real=True)
    for size in (1, 2, 4):
        state = [sp.Function(f"s{number}", real=True)(z) for number in range(size)]
        onward = sp.Function("F", real=True)(*state)
        passed = sum((sp.Derivative(onward, one) * one.diff(z) for one in state), sp.S.Zero)
        prove_equal(sp.diff(onward, z), passed)
    return "the induction step for any differentiable step, t a symbol: states of 1, 2 and 4 numbers"


def _lstm(forget_gate: bool) -> Body:
    held = f_gate[t] * c[t - 1] if forget_gate else c[t - 1]
    kept = f_gate[t] if forget_gate else sp.S.One
    gates: Prose = (i_gate[t], ", ", *((f_gate[t], ", ") if forget_gate else ()), o_gate[t])
    steps = (
        *_blocks(forget_gate),
        prove(
            sp.Eq(JACOBIAN[t], _lstm_matrix(1, forget_gate), evaluate=False),
            (
                "one unit, rows and columns ",
                h,
                " then ",
                c,
                ": ",
                sp.Eq(through_output[t], Partial(c[t], h[t - 1]), evaluate=False),
                ", ",
                sp.Eq(opened[t], OUTPUT, evaluate=False),
                " and ",
                sp.Eq(turned[t], PAST_OUTPUT, evaluate=False),
            ),
            lambda: _lstm_checked(1, forget_gate),
            rule="one unit",
        ),
        prove(
            sp.Eq(JACOBIAN[t], _lstm_matrix(2, forget_gate), evaluate=False),
            ("two units, the same letters with the numbers of the units in place of the step",),
            lambda: _lstm_checked(2, forget_gate),
            rule="two units",
        ),
        prove(
            sp.Eq(
                (through_output[t] * opened[t] + turned[t]) * kept - opened[t] * kept * through_output[t],
                kept * turned[t],
                evaluate=False,
            ),
            (
                "the determinant of one unit's step: only the output gate's own weight, in ",
                turned[t],
                ", keeps the errors of the two states apart",
            ),
            lambda: prove_equal(_lstm_matrix(1, forget_gate).det(), kept * turned[t]),
            rule="determinant",
        ),
    )
    return Body(
        summary=(
            "Unfolded, an LSTM has two states a step, and its gradient is a product of block matrices; ",
            "from cell to cell stands the forget gate alone."
            if forget_gate
            else "from cell to cell stands a plain 1.",
        ),
        assumptions=(
            (
                sp.Eq(c[t], held + i_gate[t] * cand[t], evaluate=False),
                " and ",
                sp.Eq(h[t], o_gate[t] * sp.tanh(c[t]), evaluate=False),
                ", unit by unit",
            ),
            (
                *gates,
                " are sigmoids and ",
                cand[t],
                " is tanh of pre-activations of their own, each ",
                weights("f" if forget_gate else "i"),
                " ",
                h[t - 1],
                " plus what the inputs and the bias give, with the weights of its gate",
            ),
            ("the first index of a letter is the step, the second the unit, ", J, " or ", M),
            *(() if forget_gate else (NOTE_1997,)),
        ),
        steps=steps,
        conclusion=unfolded_product((h, c)),
        picture={"verb": "simulate", "architecture": "lstm", **PICTURED[forget_gate]},
        sources=(Source("hochreiter1997", "section 4"), Source("gers2000", "section 3"))[: 1 + forget_gate],
        claims=(
            step_claim(
                f"lstm-step{'' if forget_gate else '-1997'}/jacobian",
                {f"{new}{old}": formula for (new, old), formula in lstm_entries(forget_gate).items()},
                tuple({**net, "forget_gate": forget_gate} for net in GATED if net["cell"] == "lstm"),
            ),
        ),
    )


def unfolded_product(states: tuple[sp.IndexedBase, ...]) -> Line:
    """The conclusion: ∂state_T/∂state_k is the product of the J_s."""

    def at(step: sp.Expr) -> sp.Expr:
        return BOTH[step] if len(states) > 1 else states[0][step]

    return prove(
        sp.Eq(Partial(at(T), at(k)), Chain(JACOBIAN[s], s, k + 1, T), evaluate=False),
        (
            *((BOTH[t], " is ", h[t], " above ", c[t], ": ") if len(states) > 1 else ()),
            "unfolded over ",
            T,
            " steps: one factor a step, as in a plain net",
        ),
        _induction,
    )


def step_claim(key: str, entries: Mapping[str, sp.Expr], nets: tuple[Options, ...]) -> Claim:
    """The claim on `nets`. `entries`: the letters of the new and the old state → the formula for units j and
    p; "own" is added where j = m."""
    return Claim(
        key,
        (
            "every entry of every step's Jacobian, their product and the gradient of the engine equal ",
            "differences of the forward pass",
        ),
        "gated-step",
        expects={"entries": dict(entries)},
        nets=nets,
    )


@derivation("lstm-step", "LSTM unfolded: the Jacobian of one step, entry by entry", "gates")
def lstm_step() -> Body:
    """∂(h, c)_t/∂(h, c)_{t−1} in four blocks, and their product over time."""
    return _lstm(True)


@derivation("lstm-step-1997", "LSTM of 1997 unfolded: without a forget gate", "gates")
def lstm_step_1997() -> Body:
    """The same with f = 1."""
    return _lstm(False)
