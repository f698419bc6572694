"""The constant error carousel: along the cell the gradient is multiplied by the forget gates alone."""

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.letters import a, c, cand, f_gate, i_gate, k, l, q, s, t
from symgrad.symbolic.notation import Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import Options
from symgrad.theory.through_time.induction import by_induction

__all__ = ["CELL", "GATED", "KEPT", "WIDE_GATED", "constant_error_carousel"]

ADDED = i_gate[t] * cand[t]
CELL = sp.Eq(c[t], f_gate[t] * c[t - 1] + ADDED, evaluate=False)
"""One step of the cell."""
KEPT = sp.Product(f_gate[s], (s, k + 1, t))
"""What is left at step t of what the cell held at step k."""
STORED = sp.Sum(sp.Product(f_gate[l], (l, s + 1, t)) * ADDED.subs(t, s), (s, k + 1, t))
HELD: Prose = ("the gates and the candidate of the steps are held, as the truncation of 1997 does",)

GATED: tuple[Options, ...] = tuple(
    {
        "activation": "tanh",
        "cell": "lstm",
        "forget_gate": forget_gate,
        "depth": depth,
        "width": width,
        "forget_bias": forget_bias,
        "sigma_w": sigma_w,
        "sigma_b": 0.2,
    }
    for forget_gate, depth, width, forget_bias, sigma_w in (
        (True, 6, 3, 1.0, 1.5),
        (True, 10, 2, 5.0, 1.0),
        (True, 8, 1, -1.0, 4.0),
        (False, 6, 2, 0.0, 1.2),
    )
)
"""LSTM nets small enough for differences of the forward pass in fifty digits."""
WIDE_GATED: tuple[Options, ...] = tuple(
    {**net, "depth": 100, "width": 32, "sigma_w": sigma_w}
    for net, sigma_w in ((GATED[0], 1.0), (GATED[1], 3.0), (GATED[3], 2.0))
)
"""LSTM nets for the engine."""


def _closed() -> str:
    return by_induction(
        KEPT * c[k] + STORED, t, k, c[k], lambda before: f_gate[t] * before + i_gate[t] * cand[t]
    )


def _one_step() -> str:
    before = sp.Symbol("c", real=True)
    return prove_equal(sp.diff(CELL.rhs.subs(c[t - 1], before), before), f_gate[t])


def _derivative() -> str:
    """The derivative of the closed form with respect to c_k; k < s ≤ t in everything else."""
    start = sp.Symbol("c_k", real=True)
    return prove_equal(sp.diff((KEPT * c[k] + STORED).subs(c[k], start), start), KEPT)


def _below_one() -> str:
    """1 − σ(a)p = (u + v + uv)/((1 + u)(1 + v)) with u = e^{−a} > 0 and p = 1/(1 + v), v ≥ 0."""
    gate = sp.exp(-sp.Symbol("a", real=True))
    rest = sp.Symbol("v", nonnegative=True)
    slack = (gate + rest + gate * rest) / ((1 + gate) * (1 + rest))
    how = prove_equal(1 - 1 / ((1 + gate) * (1 + rest)), slack)
    return f"{how}: σ(a) times a product of at most 1 is below 1, and the empty product is 1"


def _constant() -> str:
    gate = sp.Symbol("f", positive=True)
    return by_induction(gate ** (t - k), t, k, sp.S.One, lambda before: gate * before)


@derivation(
    "constant-error-carousel", "Along the cell the gradient is the product of the forget gates", "gates"
)
def constant_error_carousel() -> Body:
    """c_t = f_t c_{t−1} + i_t g_t: with the gates held ∂c_t/∂c_k = ∏_{s=k+1}^t f_s; 1 exactly where f = 1."""
    gate = sp.Symbol("f", positive=True)
    along = Partial(c[t], c[k])
    steps = (
        prove(
            sp.Eq(Partial(c[t], c[t - 1]), f_gate[t], evaluate=False),
            ("one step: no weight and no derivative of a squashing function stands between the two cells",),
            _one_step,
            rule="derivative",
        ),
        prove(
            sp.Eq(c[t], KEPT * c[k] + STORED, evaluate=False),
            (
                "the cell's recurrence solved: what it held at step ",
                k,
                " has passed every forget gate since, what was added at step ",
                s,
                " those after ",
                s,
            ),
            _closed,
            rule="induction over time",
        ),
        prove(
            sp.Lt(sp.Product(1 / (1 + sp.exp(-a[s])), (s, k + 1, k + q)), 1, evaluate=False),
            (
                "over ",
                q,
                " steps, with sigmoid gates of any pre-activations ",
                a[s],
                ": along the cell a gradient never explodes",
            ),
            _below_one,
            rule="bound",
        ),
        prove(
            sp.Eq(sp.Product(gate, (s, k + 1, t)), gate ** (t - k), evaluate=False),
            (
                "one gate ",
                gate,
                " at every step: the decay is exponential, at a rate that the net can choose",
            ),
            _constant,
            rule="constant gate",
        ),
        prove(
            sp.Eq(sp.Product(1, (s, k + 1, t)), 1, evaluate=False),
            (
                "the cell of 1997 has no forget gate, ",
                sp.Eq(f_gate[s], 1),
                ": the error is carried unchanged",
            ),
            lambda: by_induction(sp.S.One, t, k, sp.S.One, lambda before: 1 * before),
            rule="constant error",
        ),
    )
    conclusion = prove(
        sp.Eq(along, KEPT, evaluate=False),
        (
            "the second step differentiated, every other quantity in it held. Each unit has its product: ",
            "as a matrix it is diagonal",
        ),
        _derivative,
    )
    return Body(
        summary=(
            "An LSTM's cell multiplies a gradient by its forget gates and by nothing else: by 1 where there ",
            "are none.",
        ),
        assumptions=(
            (CELL, ", unit by unit"),
            HELD,
            ("without a forget gate ", sp.Eq(f_gate[s], 1)),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("hochreiter1997", "section 3.2 and section 4"),
            Source("gers2000", "section 3"),
        ),
        picture={"verb": "gates", "forget_bias": "1"},
        claims=(
            Claim(
                "constant-error-carousel/gates-held",
                (
                    "with the gates of a drawn net held, differences of the cell equal the product of its ",
                    "forget gates at every distance, and 1 without them",
                ),
                "carousel",
                expects={"along": KEPT},
                nets=GATED,
            ),
        ),
    )
