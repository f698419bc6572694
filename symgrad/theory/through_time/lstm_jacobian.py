"""How much one step of an LSTM can stretch, from the norms of its weights."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.letters import (
    c,
    cand,
    f_gate,
    h,
    i_gate,
    k,
    mu,
    opened,
    s,
    t,
    through_output,
    turned,
)
from symgrad.symbolic.notation import Chain, Juxtaposed, Norm, Partial
from symgrad.symbolic.ranges.extrema import function_range
from symgrad.symbolic.ranges.extremum import Extremum
from symgrad.theory.entry import Body, derivation
from symgrad.theory.norm_bound import suprema
from symgrad.theory.through_time.carousel import CELL, GATED, WIDE_GATED
from symgrad.theory.through_time.gated_bounds import lstm_gradient, lstm_step
from symgrad.theory.through_time.gated_steps import Step, lstm, of_units
from symgrad.theory.through_time.truncation import ENTRY, GATES, OUTPUT, PAST_OUTPUT

__all__ = ["lstm_jacobian"]

NORMS = W_I, W_F, W_G, W_O = tuple(Norm(sp.Symbol(f"W_{gate}")) for gate in "ifgo")
JACOBIAN, BOUND = sp.IndexedBase("J"), sp.IndexedBase("B")
FORGET = sp.IndexedBase("F")
START = sp.Function("max")(sp.Abs(c[0]))
MOST = t - 1 + START
"""What no |c_{t−1}| exceeds."""
ALPHA, BETA, KAPPA = (sp.Symbol(name, nonnegative=True) for name in ("alpha", "beta", "kappa"))
QUARTER = sp.Rational(1, 4)
BOTH = QUARTER * W_I + W_G
ALPHA_IS, BETA_IS = MOST / 4 * W_F + BOTH, sp.Min(MOST / 4, mu) * W_F + BOTH
NORM_MATRIX = sp.Matrix([[1, ALPHA], [1, BETA + KAPPA]])
SUM = 2 + ALPHA**2 + (BETA + KAPPA) ** 2
SQUARE = (SUM + sp.sqrt(SUM**2 - 4 * (BETA + KAPPA - ALPHA) ** 2)) / 2
"""‖((1, α), (1, β + κ))‖₂², the largest eigenvalue of NᵀN."""
RANDOM_NETS: dict[str, Prose] = {
    "lstm-step": ("no random net, and none that climbs towards the bound, has a step beyond it",),
    "lstm-step-1997": ("nor has one without forget gate",),
    "lstm-gradient": ("no random or climbing net has a gradient beyond the bound over all its steps",),
    "lstm-gradient-1997": ("nor has one without forget gate a gradient beyond its bound",),
    "lstm-cell": ("no cell of a random or climbing net is larger than its start and the steps since",),
}
"""What is tried on ever new nets, by the name of the bound."""
EXCESS = sp.Symbol("d", real=True)
RETURNED = (1 + EXCESS) * (1 - sp.tanh(EXCESS) ** 2)
"""|f c| sech²(|f c| − 1) at |f c| = 1 + d."""
NAME = sp.Function("f")


def _blocks() -> str:
    """Two units with symbols for all weights and drives: every entry differentiated outright."""
    for forget_gate in (True, False):
        step = lstm(2, forget_gate)

        def block(formula: sp.Expr, diagonal: bool, step: Step = step) -> sp.Matrix:
            entry = of_units(formula)
            return sp.Matrix(
                2, 2, lambda j, p: step.of(entry, j + 1, p + 1) if j == p or not diagonal else sp.S.Zero
            )

        forget, open_ = block(f_gate[t], True), block(OUTPUT, True)
        aside, turn = block(ENTRY, False), block(PAST_OUTPUT, False)
        formed = sp.Matrix([[open_ * aside + turn, open_ * forget], [aside, forget]])  # h above c
        how = prove_equal(step.new.jacobian(step.old), formed)
    return "two units, with forget gate and without, every entry: " + how.removeprefix("entry by entry: ")


def _cell() -> str:
    """|c| + 1 − (f|c| + i|g|) = (1 − f)|c| + (1 − i) + i(1 − |g|), a sum of terms ≥ 0."""
    f, i, g, size = sp.symbols("f i g C", nonnegative=True)
    how = prove_equal(size + 1 - (f * size + i * g), (1 - f) * size + (1 - i) + i * (1 - g))
    return f"{how}: |c| + 1 − |f c + i g| is at least a sum of terms that are not negative; induction over t"


def _slopes() -> dict[str, sp.Expr]:
    return {name: value.number for name, value in suprema("sigmoid", "tanh").items()}


def _entry() -> str:
    """Coefficients of ‖W_f‖, ‖W_i‖, ‖W_g‖: |c| sup σ′, sup|g| sup σ′, sup i sup tanh′."""
    slope = _slopes()
    terms = (MOST * slope["sigmoid"], 1 * slope["sigmoid"], 1 * slope["tanh"])
    how = prove_equal(sum(p * q for p, q in zip(terms, (W_F, W_I, W_G), strict=True)), ALPHA_IS)
    return f"{how}: the proved ranges of σ′ and tanh′, |g| < 1, i < 1, and the triangle inequality"


def _returned(top: Extremum) -> str:
    """u(1 − f) sech²(u − 1) ≤ μ for u = f|c| ≥ 1, and u(1 − f) ≤ 1 ≤ μ below; |f c + i g| ≥ u − 1."""
    if top.proof != "exact" or not sp.Le(sp.Integer(1), _mu(top)):
        raise RefutedError("μ is not the proved maximum")
    prove_equal(
        RETURNED.subs(EXCESS, sp.Symbol("u") - 1), sp.Symbol("u") * (1 - sp.tanh(sp.Symbol("u") - 1) ** 2)
    )
    return (
        "with u = f|c| ≥ 1: P|c|f(1 − f) ≤ u sech²(u − 1) ≤ μ, as |f c + i g| ≥ u − 1 and sech² falls; "
        "for u < 1 it is below 1"
    )


def _mu(top: Extremum) -> sp.Float:
    return sp.Float(top.value.enclosure().decimal, 25)


def _output() -> str:
    return prove_equal(_slopes()["sigmoid"] * W_O, QUARTER * W_O) + ": |tanh| < 1 and the proved range of σ′"


def _norms() -> str:
    """(p + αq)² + (p + (β + κ)q)² = ‖N(p, q)‖²; the rows of J(x, y) are at most those of N(‖x‖, ‖y‖)."""
    p, q = sp.symbols("p q", nonnegative=True)
    image = NORM_MATRIX * sp.Matrix([p, q])
    how = prove_equal(image.dot(image), (p + ALPHA * q) ** 2 + (p + (BETA + KAPPA) * q) ** 2)
    return f"{how}: ‖F x + A y‖ ≤ p + αq and ‖PF x + (PA + Q) y‖ ≤ p + (β + κ)q for ‖x‖ = p, ‖y‖ = q"


def _square() -> str:
    gram = NORM_MATRIX.T * NORM_MATRIX
    prove_equal((gram - SQUARE * sp.eye(2)).det(), sp.S.Zero)
    prove_equal(gram.trace(), SUM)
    prove_equal(gram.det(), (BETA + KAPPA - ALPHA) ** 2)
    return "it solves the characteristic equation of NᵀN with the positive root, the larger of the two"


def _numeric(top: Extremum) -> str:
    """What the numeric function gives, against the closed form in balls."""
    values = (sp.Rational(3, 2), sp.Integer(2), sp.Rational(1, 3), sp.Rational(7, 5))
    for size in (sp.Integer(0), sp.Integer(3), sp.Integer(40)):
        i, f, g, o = values
        alpha, limited = size / 4 * f + i / 4 + g, sp.Min(size / 4, _mu(top)) * f + i / 4 + g
        form = SQUARE.subs({ALPHA: alpha, BETA: limited, KAPPA: o / 4})
        with precision(100):
            exact = float((ball(form).log() / 2).mid())
        if abs(lstm_step([float(v) for v in values], float(size)) - exact) > 1e-12:
            raise RefutedError("the numeric bound is not the closed form")
    return "norms multiply over steps; the numeric function agrees with the closed form in balls to 12 digits"


@derivation("lstm-jacobian", "How much one step of an LSTM can stretch a gradient", "gates")
def lstm_jacobian() -> Body:
    """‖∂(c_t, h_t)/∂(c_{t−1}, h_{t−1})‖₂ ≤ B_t = ‖((1, α_t), (1, β_t + κ))‖₂, |c_{t−1}| ≤ t − 1 + |c_0|."""
    rising = function_range(RETURNED, EXCESS, sp.S.Zero, sp.oo, NAME)
    top = rising.sup
    blocks = sp.Matrix(
        [
            [FORGET[t], through_output[t]],
            [
                Juxtaposed(opened[t], FORGET[t]),
                Juxtaposed(opened[t], through_output[t]) + turned[t],
            ],
        ]
    )
    steps = (
        prove(
            sp.Eq(JACOBIAN[t], blocks, evaluate=False),
            (
                "the Jacobian of a step with the state ",
                sp.Tuple(c[t], h[t]),
                "; ",
                FORGET[t],
                " is the diagonal matrix of the forget gates, ",
                sp.Eq(through_output[t], Partial(c[t], h[t - 1]), evaluate=False),
                ", ",
                opened[t],
                " is diagonal and ",
                turned[t],
                " goes through the output gate, as on the page of the truncated gradient",
            ),
            _blocks,
            rule="chain rule",
        ),
        prove(
            sp.Le(sp.Function("max")(sp.Abs(c[t])), t + START, evaluate=False),
            (
                "over the units: a step adds ",
                i_gate[t] * cand[t],
                " of size below 1 to a cell that it does not enlarge",
            ),
            _cell,
            rule="induction over time",
        ),
        prove(
            sp.Le(Norm(through_output[t]), ALPHA_IS, evaluate=False),
            (
                "three diagonal matrices times weights: ",
                ALPHA,
                " from here on. Without a forget gate the first term is absent, and nothing grows with ",
                t,
            ),
            _entry,
            rule="bound",
        ),
        *rising.steps,
        prove(
            sp.Le(Norm(Juxtaposed(opened[t], through_output[t])), BETA_IS, evaluate=False),
            (
                "a large cell shuts its own way out, as tanh is flat there. With ",
                sp.Eq(mu, sp.Function("max")(NAME(EXCESS)), evaluate=False),
                " = ",
                sp.Float(top.value.enclosure().decimal, 7),
                " the term of the forget gate stops growing; ",
                BETA,
                " from here on",
            ),
            lambda: _returned(top),
            rule="saturation",
        ),
        prove(
            sp.Le(Norm(turned[t]), QUARTER * W_O, evaluate=False),
            ("the output gate; ", KAPPA, " from here on"),
            _output,
            rule="bound",
        ),
        prove(
            sp.Le(Norm(JACOBIAN[t]), Norm(NORM_MATRIX), evaluate=False),
            ("the norm of a block matrix is at most the norm of the matrix of its blocks' norms",),
            _norms,
            rule="block matrix",
        ),
        prove(
            sp.Eq(BOUND[t] ** 2, SQUARE, evaluate=False),
            ("that norm, ", BOUND[t], ", in closed form"),
            _square,
            rule="eigenvalue",
        ),
    )
    conclusion = prove(
        sp.Le(
            Norm(Chain(JACOBIAN[s], s, k + 1, t)),
            sp.Product(BOUND[s], (s, k + 1, t)),
            evaluate=False,
        ),
        (
            "for every width, input and bias. ",
            BOUND[s],
            " grows with ",
            s,
            " through the forget gate, so this worst case forbids neither exploding nor vanishing: only the ",
            "path along the cell is safe",
        ),
        lambda: _numeric(top),
    )
    return Body(
        summary=(
            "The cell alone cannot explode, but the whole state of an LSTM can: a bound on one step from ",
            "the norms of the weights.",
        ),
        assumptions=(
            (CELL, ", unit by unit, any width"),
            GATES,
            (
                sp.Eq(NAME(EXCESS), RETURNED, evaluate=False),
                ", for ",
                sp.Ge(EXCESS, 0),
                ": what the forget gate can pass on when ",
                sp.Eq(sp.Abs(f_gate[t] * c[t - 1]), 1 + EXCESS, evaluate=False),
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("hochreiter1997", "section 4"), Source("gers2000", "section 3")),
        picture={"verb": "gates", "forget_bias": "1"},
        claims=(
            Claim(
                "lstm-jacobian/step",
                ("no step of a random or adversarial LSTM, with forget gate or without, passes its bound",),
                "gate-bound",
                expects={"cell": "lstm", "step": lstm_step},
            ),
            Claim(
                "lstm-jacobian/gradient",
                ("the gradient at every cell and every output stays under the bound of that net's weights",),
                "gated-gradient",
                expects={"gradient": lstm_gradient},
                nets=GATED + WIDE_GATED,
            ),
            *(
                Claim(f"lstm-jacobian/{bound}-nets", words, "recurrent-bound", expects={"bound": bound})
                for bound, words in RANDOM_NETS.items()
            ),
        ),
    )
