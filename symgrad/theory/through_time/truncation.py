"""What the truncation leaves out: the error that leaves a cell by its output and comes back by the gates."""

from collections.abc import Callable

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.letters import (
    c,
    cand,
    f_gate,
    h,
    i_gate,
    k,
    l,
    o_gate,
    opened,
    s,
    t,
    through_output,
    turned,
    w_f,
    w_g,
    w_i,
    w_o,
)
from symgrad.symbolic.notation import Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.carousel import CELL, GATED, KEPT
from symgrad.theory.through_time.gated_steps import lstm, of_units
from symgrad.theory.through_time.induction import by_induction

__all__ = ["ENTRY", "LEFT_OUT", "OUTPUT", "PAST_OUTPUT", "truncated_gradient"]

ENTRY = (
    c[t - 1] * f_gate[t] * (1 - f_gate[t]) * w_f
    + cand[t] * i_gate[t] * (1 - i_gate[t]) * w_i
    + i_gate[t] * (1 - cand[t] ** 2) * w_g
)
"""A_t = ∂c_t/∂h_{t−1}: by the forget gate, the input gate and the candidate."""
OUTPUT = o_gate[t] * (1 - sp.tanh(c[t]) ** 2)
"""P_t: from the cell to the output of the same step, the gate held."""
PAST_OUTPUT = sp.tanh(c[t]) * o_gate[t] * (1 - o_gate[t]) * w_o
"""Q_t: from the output before to the output, by the output gate."""
ALONG, ASIDE = Partial(c[t], c[k]), Partial(h[t], c[k])
LEFT_OUT = sp.Sum(
    sp.Product(f_gate[l], (l, s + 1, t)) * through_output[s] * ASIDE.subs(t, s - 1), (s, k + 1, t)
)
"""What reaches c_t from c_k by at least one output."""
GATES: Prose = (
    sp.Eq(h[t], o_gate[t] * sp.tanh(c[t]), evaluate=False),
    "; the gates are sigmoids and ",
    cand[t],
    " is tanh, each of its own ",
    sp.Symbol("w") * h[t - 1],
    " plus what the inputs give",
)


def _unit(output: sp.Expr, cell: sp.Expr) -> tuple[sp.Expr, sp.Expr, Callable[[sp.Expr], sp.Expr]]:
    """h_t and c_t of one unit that stood at h_{t−1} = output and c_{t−1} = cell, and the formulas there."""
    step = lstm(1, state=sp.Matrix([output, cell]))
    return step.new[0], step.new[1], lambda formula: step.of(of_units(formula), 1)


def _entry() -> str:
    output, cell = sp.symbols("h c", real=True)
    new, held, at = _unit(output, cell)
    prove_equal(sp.diff(new, output), at(OUTPUT * ENTRY + PAST_OUTPUT))
    prove_equal(sp.diff(new, cell), at(OUTPUT * f_gate[t]))
    return prove_equal(sp.diff(held, output), at(ENTRY))


def _one_step() -> str:
    """h_{t−1} = o tanh(c_{t−1}) moves with c_{t−1}; the gate o_{t−1} looks further back and does not."""
    cell, gate = sp.Symbol("c", real=True), sp.Symbol("o", positive=True)
    _, held, at = _unit(gate * sp.tanh(cell), cell)
    back = gate * (1 - sp.tanh(cell) ** 2)
    prove_equal(OUTPUT.subs({o_gate[t]: gate, c[t]: cell}), back)
    return prove_equal(sp.diff(held, cell), at(f_gate[t]) + at(ENTRY) * back)


def _pair() -> str:
    """Both states before as any functions of c_k: the chain rule, differentiated outright."""
    start = sp.Symbol("x", real=True)
    output, cell = (sp.Function(name, real=True)(start) for name in ("h", "c"))
    new, held, at = _unit(output, cell)
    along, aside = cell.diff(start), output.diff(start)
    onward = at(f_gate[t]) * along + at(ENTRY) * aside
    prove_equal(sp.diff(new, start), at(OUTPUT) * onward + at(PAST_OUTPUT) * aside)
    return prove_equal(sp.diff(held, start), onward)


def _closed() -> str:
    return by_induction(
        KEPT + LEFT_OUT,
        t,
        k,
        sp.S.One,
        lambda before: f_gate[t] * before + through_output[t] * ASIDE.subs(t, t - 1),
    )


def _outputs() -> str:
    return by_induction(
        BY_OUTPUTS,
        t,
        k,
        opened[k] * ALONG.subs(t, k),  # ∂c_k/∂c_k is 1
        lambda before: opened[t] * ALONG + turned[t] * before,
    )


CELL_ALONE = sp.Symbol("c_1", real=True)
ALONE = 1 / (1 + sp.exp(-w_f * sp.tanh(CELL_ALONE)))
LOOP = CELL_ALONE * ALONE * (1 - ALONE) * w_f * (1 - sp.tanh(CELL_ALONE) ** 2)
"""What one step adds by the forget gate of a unit whose output is tanh of its cell."""
BY_OUTPUTS = sp.Sum(sp.Product(turned[l], (l, s + 1, t)) * opened[s] * ALONG.subs(t, s), (s, k, t))
"""∂h_t/∂c_k: every step s at which the error may pass from the cell to the outputs."""


@derivation("truncated-gradient", "What the truncated gradient of an LSTM leaves out", "gates")
def truncated_gradient() -> Body:
    """∂c_t/∂c_k = ∏ f_s + Σ_s (∏_{l>s} f_l) A_s ∂h_{s−1}/∂c_k, exactly."""
    steps = (
        prove(
            sp.Eq(through_output[t], ENTRY, evaluate=False),
            (
                "with ",
                sp.Eq(through_output[t], Partial(c[t], h[t - 1]), evaluate=False),
                ", the cell before held: an output comes back by the forget gate, the input gate and the ",
                "candidate",
            ),
            _entry,
            rule="chain rule",
        ),
        prove(
            sp.Eq(
                Partial(c[t], c[t - 1]),
                f_gate[t] + through_output[t] * OUTPUT.subs(t, t - 1),
                evaluate=False,
            ),
            ("over one step: the cell before also moves the output before, ", h[t - 1]),
            _one_step,
            rule="one step",
        ),
        prove(
            sp.Eq(
                ALONG,
                f_gate[t] * ALONG.subs(t, t - 1) + through_output[t] * ASIDE.subs(t, t - 1),
                evaluate=False,
            ),
            (
                "over many steps two derivatives are carried, that of the cell and ",
                sp.Eq(ASIDE, opened[t] * ALONG + turned[t] * ASIDE.subs(t, t - 1), evaluate=False),
                " with ",
                sp.Eq(opened[t], OUTPUT, evaluate=False),
                " and ",
                sp.Eq(turned[t], PAST_OUTPUT, evaluate=False),
            ),
            _pair,
            rule="chain rule",
        ),
        prove(
            sp.Eq(sp.Derivative(CELL_ALONE * ALONE, CELL_ALONE), ALONE + LOOP, evaluate=False),
            (
                "an example, the forget gate alone with the output gate open and no drive: to the gate ",
                sp.Eq(sp.Symbol("f"), ALONE, evaluate=False),
                " comes a term that has the weight in it and grows with the cell",
            ),
            rule="example",
        ),
        prove(
            sp.Eq(ASIDE, BY_OUTPUTS, evaluate=False),
            (
                "the second recurrence solved: the error leaves the cell at some step ",
                s,
                " and stays outside",
            ),
            _outputs,
            rule="induction over time",
        ),
    )
    conclusion = prove(
        sp.Eq(ALONG, KEPT + LEFT_OUT, evaluate=False),
        (
            "the first recurrence solved. The product is what the truncation of 1997 keeps; the sum is what ",
            "it leaves out, the paths that leave the cell by an output and enter again at step ",
            s,
            ". It carries weights, so it can vanish or explode where the product does neither",
        ),
        _closed,
    )
    return Body(
        summary=(
            "The error that stays in the cell is only a part of an LSTM's gradient: the rest goes through ",
            "its outputs and weights, as in any recurrent net.",
        ),
        assumptions=(
            (
                CELL,
                ", one unit; for several the letters are matrices, later steps of a product on the left",
            ),
            GATES,
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("hochreiter1997", "appendix A.1"),
            Source("gers2000", "section 3"),
        ),
        picture={"verb": "gates", "forget_bias": "1"},
        claims=(
            Claim(
                "truncated-gradient/decomposition",
                (
                    "truncated gradient plus what is left out equals differences of the forward pass and ",
                    "the engine's gradient, for several units as matrices",
                ),
                "truncation",
                expects={"along": KEPT, "entry": ENTRY, "output": OUTPUT},
                nets=GATED,
            ),
        ),
    )
