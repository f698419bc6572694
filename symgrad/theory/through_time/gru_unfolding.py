"""GRU unfolded in time: the Jacobian of one step, entry by entry."""

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Source, prove
from symgrad.symbolic.letters import h, n_gate, r_gate, recalled, t, through_output, w_n, w_r, z_gate
from symgrad.symbolic.notation import Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.gated_steps import J, M, gru, of_units, weights
from symgrad.theory.through_time.gated_unfolding import ANY_NUMBER, JACOBIAN, step_claim, unfolded_product
from symgrad.theory.through_time.gru_leak import REST
from symgrad.theory.through_time.nets import GATED

GRU_ENTRY = of_units(REST)
"""∂h_{t,j}/∂h_{t−1,p} for p ≠ j; for p = j the update gate z_{t,j} is added."""
GRU_NEW = of_units((1 - n_gate[t] ** 2) * (r_gate[t] * w_n + recalled[t] * r_gate[t] * (1 - r_gate[t]) * w_r))
"""∂n_{t,j}/∂h_{t−1,p}."""


def _gru_checked(units: int) -> str:
    step = gru(units)

    def entry(i: int, j: int) -> sp.Expr:
        own = step.of(z_gate[t, J], i + 1) if i == j else sp.S.Zero
        return step.of(GRU_ENTRY, i + 1, j + 1) + own

    return prove_equal(step.new.jacobian(step.old), sp.Matrix(units, units, entry))


def _gru_gates() -> str:
    """∂z, ∂r and ∂v of unit j with respect to h_p, and ∂n through r and v."""
    step = gru(2)
    update, reset = z_gate[t, J], r_gate[t, J]
    slopes = {
        update: update * (1 - update) * weights("z")[J, M],
        reset: reset * (1 - reset) * weights("r")[J, M],
        recalled[t, J]: weights("n")[J, M],
        n_gate[t, J]: GRU_NEW,
    }
    for unit in (1, 2):
        for other in (1, 2):
            for letter, slope in slopes.items():
                outright = sp.diff(step.of(letter, unit), step.old[other - 1])
                prove_equal(outright, step.of(slope, unit, other))
    return ANY_NUMBER


@derivation("gru-step", "GRU unfolded: the Jacobian of one step, entry by entry", "gates")
def gru_step() -> Body:
    """∂h_{t,j}/∂h_{t−1,p} in PyTorch's form of the GRU, and the product over time."""
    change = Partial(h[t, J], h[t - 1, M])
    new = Partial(n_gate[t, J], h[t - 1, M])
    update = z_gate[t, J]
    through = (h[t - 1, J] - n_gate[t, J]) * update * (1 - update) * weights("z")[J, M]
    steps = (
        prove(
            sp.Eq(
                (1 - z_gate[t]) * n_gate[t] + z_gate[t] * h[t - 1],
                n_gate[t] + z_gate[t] * (h[t - 1] - n_gate[t]),
                evaluate=False,
            ),
            ("the new state is the candidate, drawn towards the old state by the update gate",),
            rule="algebra",
        ),
        prove(
            sp.Eq(new, GRU_NEW, evaluate=False),
            (
                "the candidate: by the recalled ",
                recalled[t],
                ", and by the reset gate that multiplies it",
            ),
            _gru_gates,
            rule="candidate",
        ),
        prove(
            sp.Eq(change, through + (1 - update) * new, evaluate=False),
            ("for another unit, ", sp.Ne(M, J), ": by the update gate and by the candidate"),
            lambda: (prove_equal(through + (1 - update) * GRU_NEW, GRU_ENTRY), _gru_checked(2))[1],
            rule="another unit",
        ),
        prove(
            sp.Eq(
                Partial(h[t, J], h[t - 1, J]),
                update + (through + (1 - update) * new).subs(M, J),
                evaluate=False,
            ),
            (
                "for the unit itself the update gate is added: what is kept is multiplied by ",
                update,
                " alone",
            ),
            lambda: _gru_checked(2),
            rule="the same unit",
        ),
        prove(
            sp.Eq(
                Partial(h[t], h[t - 1]),
                z_gate[t] + REST,
                evaluate=False,
            ),
            ("one unit, written out: with ", sp.Eq(update, 1, evaluate=False), " it is 1"),
            _one_gru,
            rule="one unit",
        ),
        prove(
            sp.Eq(JACOBIAN[t], sp.Matrix(2, 2, _gru_place), evaluate=False),
            (
                "two units, with ",
                sp.Eq(through_output[1, 2], Partial(h[t, 1], h[t - 1, 2]), evaluate=False),
                " and so on for the entry of another unit's formula",
            ),
            lambda: _gru_checked(2),
            rule="two units",
        ),
    )
    return Body(
        summary=(
            (
                "Unfolded, a GRU has one state a step; the update gate carries it on as the forget gate "
                "carries an LSTM's cell, and every other way passes a weight."
            ),
        ),
        assumptions=(
            (
                sp.Eq(h[t], (1 - z_gate[t]) * n_gate[t] + z_gate[t] * h[t - 1], evaluate=False),
                ", unit by unit",
            ),
            (
                z_gate[t],
                " and ",
                r_gate[t],
                " are sigmoids of ",
                weights("z"),
                " ",
                h[t - 1],
                " and ",
                weights("r"),
                " ",
                h[t - 1],
                " plus what the inputs and the biases give",
            ),
            (
                n_gate[t],
                " is tanh of what the input gives plus ",
                r_gate[t] * recalled[t],
                ", where ",
                recalled[t],
                " is ",
                weights("n"),
                " ",
                h[t - 1],
                " plus a bias: the form that PyTorch computes; in that of 2014 the reset gate multiplies ",
                h[t - 1],
                " before the weights do",
            ),
        ),
        steps=steps,
        conclusion=unfolded_product((h,)),
        picture={"verb": "simulate", "architecture": "gru"},
        sources=(Source("cho2014", "eq 5-8"), Source("paszke2019", "torch.nn.GRU")),
        claims=(
            step_claim(
                "gru-step/jacobian",
                {"hh": GRU_ENTRY, "own": z_gate[t, J]},
                tuple(net for net in GATED if net["cell"] == "gru"),
            ),
        ),
    )


def _gru_place(i: int, j: int) -> sp.Expr:
    entry = through_output[i + 1, j + 1]
    return z_gate[i + 1] + entry if i == j else entry


def _one_gru() -> str:
    open_gate = prove_equal((z_gate[t] + REST).subs(z_gate[t], 1), sp.S.One)
    return f"{_gru_checked(1)}; with z = 1: {open_gate}"
