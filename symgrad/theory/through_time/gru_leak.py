"""The GRU's leak: what the update gate carries on unchanged, and what comes to it."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import (
    h,
    k,
    l,
    n_gate,
    r_gate,
    recalled,
    s,
    t,
    through_output,
    w_n,
    w_r,
    w_z,
    z_gate,
)
from symgrad.symbolic.notation import Norm, Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import Options
from symgrad.theory.norm_bound import suprema
from symgrad.theory.through_time.gated_bounds import gru_gradient, gru_step
from symgrad.theory.through_time.gated_steps import Step, gru, of_units
from symgrad.theory.through_time.induction import by_induction

__all__ = ["GRU_NETS", "REST", "gru_leak"]

REST = (
    (h[t - 1] - n_gate[t]) * z_gate[t] * (1 - z_gate[t]) * w_z
    + (1 - z_gate[t]) * (1 - n_gate[t] ** 2) * r_gate[t] * w_n
    + (1 - z_gate[t]) * (1 - n_gate[t] ** 2) * recalled[t] * r_gate[t] * (1 - r_gate[t]) * w_r
)
"""A_t: by the update gate, the candidate, and the reset gate."""
KEPT = sp.Product(z_gate[s], (s, k + 1, t))
ALONG = Partial(h[t], h[k])
LEFT_OUT = sp.Sum(
    sp.Product(z_gate[l], (l, s + 1, t)) * through_output[s] * ALONG.subs(t, s - 1), (s, k + 1, t)
)
STEP = sp.Eq(h[t], (1 - z_gate[t]) * n_gate[t] + z_gate[t] * h[t - 1], evaluate=False)
W_Z, W_R, W_N = (Norm(sp.Symbol(f"W_{gate}")) for gate in "zrn")
MOST = sp.Symbol("M", positive=True)
INNER = sp.Symbol("K", positive=True)
BOUND = sp.sqrt(1 + W_Z**2 / 2 + INNER**2)
INNER_IS = W_N + MOST * W_R / 4

GRU_NETS: tuple[Options, ...] = tuple(
    {"activation": "tanh", "cell": "gru", "depth": depth, "width": width, "sigma_w": sigma_w, "sigma_b": 0.3}
    for depth, width, sigma_w in ((6, 3, 1.5), (10, 2, 0.8), (8, 1, 4.0))
)
"""GRU nets small enough for differences of the forward pass in fifty digits."""


def _one_step() -> str:
    for count in (1, 2):
        step = gru(count)

        def entry(j: int, p: int, step: Step = step) -> sp.Expr:
            own = step.of(of_units(z_gate[t]), j + 1) if j == p else sp.S.Zero
            return own + step.of(of_units(REST), j + 1, p + 1)

        how = prove_equal(step.new.jacobian(step.old), sp.Matrix(count, count, entry))
    return f"one and two units, every entry differentiated outright: {how.removeprefix('entry by entry: ')}"


def _closed() -> str:
    return by_induction(
        KEPT + LEFT_OUT,
        t,
        k,
        sp.S.One,
        lambda before: z_gate[t] * before + through_output[t] * ALONG.subs(t, t - 1),
    )


def _within() -> str:
    """1 − ((1 − z)|n| + z|h|) = (1 − z)(1 − |n|) + z(1 − |h|) ≥ 0."""
    z, new, old = sp.symbols("z n h", nonnegative=True)
    how = prove_equal(1 - ((1 - z) * new + z * old), (1 - z) * (1 - new) + z * (1 - old))
    return (
        f"{how}: 1 − |h_t| is at least a sum of terms that are not negative, as |n_t| < 1 and |h_{{t−1}}| ≤ 1"
    )


def _rows() -> str:
    """1 − (z² + 2(2z(1 − z))² + (1 − z)²) = 2z(1 − z)(1 − 2z)² ≥ 0."""
    z = sp.Symbol("z", real=True)
    return (
        prove_equal(
            1 - (z**2 + 2 * (2 * z * (1 - z)) ** 2 + (1 - z) ** 2), 2 * z * (1 - z) * (1 - 2 * z) ** 2
        )
        + ": not negative for z in [0, 1]"
    )


def _inner() -> str:
    slope = {name: value.number for name, value in suprema("sigmoid", "tanh").items()}
    prove_equal(slope["tanh"] * (W_N + MOST * slope["sigmoid"] * W_R), INNER_IS)
    return "the proved ranges of tanh′ and σ′, r < 1, and the triangle inequality"


def _bound() -> str:
    """‖(Z, √2 D, I − Z)‖ ≤ 1 by its rows, times ‖(I; W_z/√2; K)‖ ≤ √(1 + ½‖W_z‖² + K²); B against numbers."""
    values = {W_Z: sp.Integer(2), W_N: sp.Rational(3, 2), W_R: sp.Rational(1, 3), MOST: sp.Integer(5)}
    form = BOUND.subs(INNER, INNER_IS).subs(values)
    with precision(100):
        exact = float(ball(sp.log(form)).mid())
    if abs(gru_step([1 / 3, 2.0, 1.5], 5.0) - exact) > 1e-12:
        raise RefutedError("the numeric bound is not the closed form")
    return (
        "‖(Z, √2D, I − Z)‖ ≤ 1 by the step before, times the column (I; W_z/√2; K); agrees with the numbers"
    )


@derivation("gru-leak", "The GRU carries its state past a gate, and its gradient too", "gates")
def gru_leak() -> Body:
    """∂h_t/∂h_k = ∏ z_s + Σ_s (∏_{l>s} z_l) A_s ∂h_{s−1}/∂h_k; one step stretches by √(1 + ½‖W_z‖² + K²)."""
    z = sp.Symbol("z", positive=True)
    weighed = z**2 + 2 * (2 * z * (1 - z)) ** 2 + (1 - z) ** 2
    steps = (
        prove(
            sp.Eq(through_output[t], REST, evaluate=False),
            (
                "with ",
                sp.Eq(Partial(h[t], h[t - 1]), z_gate[t] + through_output[t], evaluate=False),
                ": the gate itself carries the gradient, the rest goes through weights. For several units ",
                "each weight is a matrix with its factors on a diagonal to its left, and later steps stand ",
                "on the left",
            ),
            _one_step,
            rule="chain rule",
        ),
        prove(
            sp.Le(sp.Function("max")(sp.Abs(h[t])), 1, evaluate=False),
            ("over the units, from ", sp.Le(sp.Abs(h[0]), 1), " on: no state leaves the range of tanh"),
            _within,
            rule="induction over time",
        ),
        prove(
            sp.Eq(1 - weighed, 2 * z * (1 - z) * (1 - 2 * z) ** 2, evaluate=False),
            (
                "of one unit with update gate ",
                z,
                ": what the gate, its slope (as ",
                sp.Lt(sp.Abs(h[t - 1] - n_gate[t]), 2),
                ") and the candidate weigh together is at most 1",
            ),
            _rows,
            rule="rows",
        ),
        prove(
            sp.Le(
                Norm(Partial(n_gate[t], h[t - 1])),
                INNER_IS,
                evaluate=False,
            ),
            ("where ", sp.Le(sp.Abs(recalled[t]), MOST, evaluate=False), "; ", INNER, " from here on"),
            _inner,
            rule="bound",
        ),
        prove(
            sp.Le(Norm(Partial(h[t], h[t - 1])), BOUND, evaluate=False),
            ("the three parts of a step as a row of blocks times a column of them",),
            _bound,
            rule="block matrix",
        ),
    )
    conclusion = prove(
        sp.Eq(ALONG, KEPT + LEFT_OUT, evaluate=False),
        (
            "the product is the leak, at most 1 and, where the update gates stand near 1, near 1 for long: ",
            "with ",
            sp.Eq(z_gate[s], 1 / (1 + sp.exp(-sp.Symbol("b", real=True))), evaluate=False),
            " its half-life is that of an LSTM's forget gate at the same bias. The sum goes through weights",
        ),
        _closed,
    )
    return Body(
        summary=(
            "A GRU mixes its old state with a candidate: the share it keeps carries the gradient, at every ",
            "step, past all weights.",
        ),
        assumptions=(
            (STEP, ", unit by unit"),
            (
                sp.Eq(n_gate[t], sp.tanh(sp.Symbol("u_n") + r_gate[t] * recalled[t]), evaluate=False),
                " with ",
                sp.Eq(recalled[t], sp.Symbol("w_n") * h[t - 1] + sp.Symbol("b_n"), evaluate=False),
                ", the form of PyTorch; the gates are sigmoids of their own ",
                sp.Symbol("w") * h[t - 1],
                " plus what the inputs give",
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("cho2014", "section 2.3"),),
        picture={"verb": "gates", "forget_bias": "1"},
        claims=(
            Claim(
                "gru-leak/decomposition",
                ("leak plus the rest equals differences of the forward pass and the engine's gradient",),
                "truncation",
                expects={"along": KEPT, "entry": REST},
                nets=GRU_NETS,
            ),
            Claim(
                "gru-leak/step",
                ("no step of a random or adversarial GRU passes its bound",),
                "gate-bound",
                expects={"cell": "gru", "step": gru_step},
            ),
            Claim(
                "gru-leak/gradient",
                ("the gradient at every state stays under the bound of that net's own weights",),
                "gated-gradient",
                expects={"gradient": gru_gradient},
                nets=(*GRU_NETS, {**GRU_NETS[0], "depth": 100, "width": 32}),
            ),
            Claim(
                "gru-leak/random-steps",
                ("no random GRU, and none that climbs towards the bound, has a step beyond it",),
                "recurrent-bound",
                expects={"bound": "gru-step"},
            ),
            Claim(
                "gru-leak/random-nets",
                ("nor has one a gradient beyond the bound over all its steps",),
                "recurrent-bound",
                expects={"bound": "gru-gradient"},
            ),
        ),
    )
