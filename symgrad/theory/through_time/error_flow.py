"""Hochreiter's analysis of error flow: going back q steps the error takes every path through the units."""

import itertools
from collections.abc import Sequence

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.letters import a, l, n, q, t, w_scalar, x
from symgrad.symbolic.notation import ManySums, Partial, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.induction import by_induction, split_last
from symgrad.theory.through_time.nets import UNFOLDED
from symgrad.theory.weight_gradient import DELTA

FROM, TO, M = sp.symbols("u v m", integer=True, positive=True)
"""The unit whose error is followed, the unit where it arrives, and the number of a step back."""
PATH = sp.IndexedBase("p", integer=True)
"""p_m, the unit that a path visits m steps back; p_0 = u and p_q = v."""
WEIGHT = sp.IndexedBase("W", real=True)
FACTOR = dphi(x) * w_scalar
"""What one step of a path contributes: a slope times a weight."""
ON_PATH = FACTOR.subs(w_scalar, WEIGHT[PATH[M - 1], PATH[M]]).subs(x, a[t - M, PATH[M]])
COUNT = n ** (q - 1)
"""The number of paths over q steps."""
FLOW_OVER_Q = Partial(DELTA[t - q, TO], DELTA[t, FROM])
SOURCES = (
    Source("hochreiter1991", "section 4"),
    Source("hochreiter1997", "section 3.1"),
    Source("hochreiter2001", "section 2"),
)
UNITS: Prose = (
    n,
    " units, every one connected to every one by weights that do not change in time; ",
    WEIGHT[FROM, TO],
    " leads from unit ",
    TO,
    " to unit ",
    FROM,
)
SIZES = (*itertools.product((1, 2), range(1, 6)), *itertools.product((3,), range(1, 4)))


@derivation("error-flow-paths", "The error over q steps flows along as many paths as there are", "time")
def error_flow_paths() -> Body:
    """∂δ_v(t−q)/∂δ_u(t) = Σ ∏_{m=1}^q φ′(a_{t−m, p_m}) W_{p_{m−1} p_m}, over n^{q−1} paths from u to v."""
    one_step = dphi(a[t - 1, TO]) * WEIGHT[FROM, TO]
    steps = (
        prove(
            sp.Eq(Partial(DELTA[t - 1, TO], DELTA[t, FROM]), one_step, evaluate=False),
            (
                "one step back: backpropagation sends the error of unit ",
                FROM,
                " over the weight by which ",
                FROM,
                " hears ",
                TO,
                ", times the slope of ",
                TO,
            ),
            _one_step,
            rule="chain rule",
        ),
        prove(
            sp.Eq(
                FLOW_OVER_Q,
                sp.Sum(
                    dphi(a[t - q, TO]) * WEIGHT[l, TO] * Partial(DELTA[t - q + 1, l], DELTA[t, FROM]),
                    (l, 1, n),
                ),
                evaluate=False,
            ),
            ("one more step back: the error arrives from every unit ", l, " of the step after"),
            _recursion,
            rule="recursion",
        ),
        prove(
            sp.Eq(
                FLOW_OVER_Q,
                ManySums(sp.Product(ON_PATH, (M, 1, q)), PATH[1], PATH[q - 1], n),
                evaluate=False,
            ),
            (
                "the recursion unrolled, with ",
                sp.Eq(PATH[0], FROM, evaluate=False),
                " and ",
                sp.Eq(PATH[q], TO, evaluate=False),
                ": every path from ",
                FROM,
                " back to ",
                TO,
                " adds a product of ",
                q,
                " factors",
            ),
            _paths,
            rule="sum over paths",
        ),
        prove(
            sp.Eq(sp.Product(n, (M, 1, q - 1)), COUNT, evaluate=False),
            ("so many paths: each of the ", q - 1, " steps between has ", n, " units to choose from"),
            lambda: by_induction(COUNT, q, sp.S.One, sp.S.One, lambda before: n * before),
            rule="counting",
        ),
    )
    conclusion = prove(
        sp.Eq(
            FLOW_OVER_Q.subs({TO: 1, FROM: 1}),
            w_scalar**q * sp.Product(dphi(a[t - M]), (M, 1, q)),
            evaluate=False,
        ),
        (
            "one unit has one path. With sigmoid units every factor is below 1 ",
            "whenever the weight is below 4 in size (the page on Hochreiter's condition); with ",
            n,
            " units the number of paths counts against that",
        ),
        _one_unit,
    )
    return Body(
        summary=("Going back q steps the error takes every path through the units, one factor a step.",),
        assumptions=(
            UNITS,
            (DELTA[t, FROM], " is the gradient with respect to the pre-activation ", a[t, FROM]),
            ("no error is injected between, so that what arrives comes from unit ", FROM, " of step ", t),
        ),
        steps=steps,
        conclusion=conclusion,
        picture={"verb": "simulate", "architecture": "rnn", "activation": "sigmoid", "sigma_w": 2.0},
        sources=SOURCES,
        claims=(
            Claim(
                "error-flow-paths/sum",
                ("the sum over all paths equals differences of the forward pass",),
                "error-flow",
                expects={"factor": FACTOR},
                nets=tuple(net for net in UNFOLDED if net["depth"] > 1),
            ),
        ),
    )


def _sent_back(arrived: Sequence[sp.Expr], width: int = 3) -> list[tuple[sp.Expr, sp.Expr]]:
    """For every unit v what arrives there from one error e when `arrived` = ∂δ_l/∂e, l = 1 … width, one step
    later, differentiated outright; and the recursion's Σ_l φ′(a_v) W_lv arrived_l.

    δ_v = ∂E/∂a_v, where E moves with a_v through a_t = W φ(a_{t−1}) + …, and ∂E/∂a_{t,l} = arrived_l e.
    """
    error = sp.Symbol("e", real=True)
    before = sp.symbols(f"a1:{width + 1}", real=True)
    matrix = sp.Matrix(width, width, lambda i, j: WEIGHT[i + 1, j + 1])
    after = matrix * sp.Matrix([phi(value) for value in before])
    whole = sum((part * error * value for part, value in zip(arrived, after, strict=True)), sp.S.Zero)
    return [
        (
            sp.diff(whole, value, error),
            sum((dphi(value) * matrix[row, unit] * arrived[row] for row in range(width)), sp.S.Zero),
        )
        for unit, value in enumerate(before)
    ]


def _one_step() -> str:
    for start in range(3):
        only = [sp.Integer(row == start) for row in range(3)]
        for outright, claimed in _sent_back(only):
            prove_equal(outright, claimed)
    return "three units differentiated outright, from every unit to every unit"


def _recursion() -> str:
    for outright, claimed in _sent_back(sp.symbols("r1:4", real=True)):
        prove_equal(outright, claimed)
    return "three units differentiated outright, whatever has arrived one step later"


def _paths() -> str:
    """The product over a path loses its last factor as the recursion says; and all paths outright."""
    here = {PATH[q]: TO, PATH[q - 1]: l}
    whole = sp.Product(ON_PATH, (M, 1, q))
    shorter = sp.Product(ON_PATH, (M, 1, q - 1))
    how = prove_equal(
        split_last(whole, q).subs(here), dphi(a[t - q, TO]) * WEIGHT[l, TO] * shorter.subs(here)
    )
    for width, count in SIZES:
        matrix = sp.Matrix(width, width, lambda i, j: WEIGHT[i + 1, j + 1])
        flow = sp.eye(width)
        for back in range(1, count + 1):
            slopes = sp.diag(*(dphi(a[t - back, unit]) for unit in range(1, width + 1)))
            flow = slopes * matrix.T * flow
        for end, start in itertools.product(range(1, width + 1), repeat=2):
            prove_equal(flow[end - 1, start - 1], path_sum(width, count, start, end))
    return f"induction over q ({how}); all paths of up to 2 units over 5 steps and of 3 over 3 written out"


def path_sum(width: int, count: int, start: int, end: int) -> sp.Expr:
    """The sum over all paths of `count` steps between two units, written out."""
    term = sp.Product(ON_PATH, (M, 1, q)).subs(q, count).doit()
    return sum(
        (
            term.subs({PATH[m]: unit for m, unit in enumerate((start, *between, end))})
            for between in itertools.product(range(1, width + 1), repeat=count - 1)
        ),
        sp.S.Zero,
    )


def _one_unit() -> str:
    factor = ON_PATH.subs({PATH[M - 1]: 1, PATH[M]: 1}).subs(WEIGHT[1, 1], w_scalar)
    only = sp.Product(factor.subs(a[t - M, 1], a[t - M]), (M, 1, q))
    how = prove_equal(only.doit(), w_scalar**q * sp.Product(dphi(a[t - M]), (M, 1, q)))
    return f"{how}; the number of paths for n = 1: {prove_equal(COUNT.subs(n, 1), sp.S.One)}"
