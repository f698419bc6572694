"""Where lengths settle: a fixed point of the length map, when there is one, and why it attracts."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import Mean, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.erf_critical_line import DENSITY, LENGTH, RISE
from symgrad.theory.propagation.erf_critical_line import Q as LETTER
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W, Z

__all__ = ["CHI_Q", "RELU", "ROOM", "length_map_fixed_point"]

SETTLED = sp.Symbol("q^*", positive=True)
CHI_Q = sp.Symbol("chi_q", real=True)
"""The slope of the length map at q*."""
BOUND = sp.Symbol("M", positive=True)
"""Of |φ|."""
MAP = sp.Function("V", real=True)
ROOM = 1 - MAP(0) / SETTLED
"""The most that the slope of a concave map can be at its fixed point."""
RELU = SIGMA_B**2 / (1 - SIGMA_W**2 / 2)
"""q* of ReLU nets with σ_w² < 2."""

NETS = tuple(
    {"activation": "relu", "depth": 12, "width": 256, "sigma_w": sigma_w, "sigma_b": sigma_b}
    for sigma_w, sigma_b in ((0.7, 0.5), (0.9, 1.0))
)


@derivation("length-map-fixed-point", "Lengths settle where the length map meets the diagonal", "propagation")
def length_map_fixed_point() -> Body:
    """Bounded φ: a fixed point exists. A concave map has one at most, of slope ≤ 1 − V(0)/q*. erf, ReLU."""
    square = Mean(phi(sp.sqrt(LETTER) * Z) ** 2)
    a, b = sp.symbols("a b", positive=True)
    steps = (
        prove(
            sp.Implies(
                sp.Le(sp.Abs(phi(x)), BOUND, evaluate=False),
                sp.And(
                    sp.Ge(MAP(LETTER), SIGMA_B**2, evaluate=False),
                    sp.Le(MAP(LETTER), SIGMA_W**2 * BOUND**2 + SIGMA_B**2, evaluate=False),
                ),
                evaluate=False,
            ),
            (
                "the length map is ",
                sp.Eq(MAP(LETTER), SIGMA_W**2 * square + SIGMA_B**2, evaluate=False),
                (
                    "; with a bounded activation it takes an interval into itself, and being continuous it "
                    "meets the diagonal there: lengths can settle"
                ),
            ),
            _bounded,
            rule="intermediate value",
        ),
        prove(
            sp.Implies(
                sp.And(
                    sp.Eq(MAP(a), a, evaluate=False),
                    sp.Eq(MAP(b), b, evaluate=False),
                    sp.Lt(a, b, evaluate=False),
                ),
                sp.Le(MAP(0), 0, evaluate=False),
                evaluate=False,
            ),
            (
                "a concave map lies above its chord from 0 to ",
                b,
                ", and so at ",
                a,
                ": with biases, where ",
                MAP(0) > 0,
                ", two fixed points cannot be",
            ),
            _unique,
            rule="concavity, the chord",
        ),
        prove(
            sp.Implies(
                sp.Eq(MAP(SETTLED), SETTLED, evaluate=False),
                sp.Le(CHI_Q, ROOM, evaluate=False),
                evaluate=False,
            ),
            (
                CHI_Q,
                (
                    " is the map's slope at the fixed point: a concave map lies below its tangent there, and "
                    "so at 0"
                ),
            ),
            _tangent,
            rule="concavity, the tangent",
        ),
        prove(
            sp.Lt(sp.Derivative(LENGTH, (LETTER, 2)), 0, evaluate=False),
            ("for erf, whose mean square this is, the map is concave",),
            _erf,
            rule="differentiation",
        ),
        prove(
            sp.Implies(
                sp.Lt(SIGMA_W**2, 2, evaluate=False), sp.Eq(SETTLED, RELU, evaluate=False), evaluate=False
            ),
            (
                "for ReLU half the variance comes through, so that the map is a line of slope ",
                SIGMA_W**2 / 2,
                "; from ",
                sp.Eq(SIGMA_W**2, 2, evaluate=False),
                " on biases let lengths grow for ever",
            ),
            _relu,
            rule="solved",
        ),
    )
    conclusion = prove(
        sp.Implies(sp.Gt(MAP(0), 0, evaluate=False), sp.Lt(CHI_Q, 1, evaluate=False), evaluate=False),
        (
            "a concave length map that rises and starts above 0 has at most one fixed point, and ",
            "lengths come to it from both sides, in the end by the factor ",
            CHI_Q,
            " a layer",
        ),
        _attracts,
        rule="both together",
    )
    return Body(
        summary=(
            "Lengths settle where the length map meets the diagonal, and its slope there says how fast.",
        ),
        assumptions=(
            ("the width goes to infinity, so that pre-activations are Gaussian",),
            ("where it is said, the length map rises and is concave, as for erf and ReLU",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("poole2016"),),
        picture={"verb": "simulate", "activation": "relu", "sigma_w": 0.9, "sigma_b": 1.0, "width": 128},
        claims=(
            Claim(
                "length-map-fixed-point/settled",
                ("from inputs a hundred times shorter or longer the mean square comes to ", RELU, ", to 5 %"),
                "settling",
                expects={"length": RELU},
                nets=NETS,
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _bounded() -> str:
    """E φ² is between 0 and M²: M² less something that is not below 0."""
    below, above = sp.symbols("s t", nonnegative=True)
    low = SIGMA_W**2 * above + SIGMA_B**2 - SIGMA_B**2
    high = SIGMA_W**2 * (BOUND**2 - below) + SIGMA_B**2 - (SIGMA_W**2 * BOUND**2 + SIGMA_B**2)
    if not (low.is_nonnegative and sp.expand(high).is_nonpositive):
        raise RefutedError("the map leaves the interval")
    return "signs of both differences; a mean of squares lies between 0 and the bound's square"


def _unique() -> str:
    """a = V(a) ≥ (1 − a/b) V(0) + (a/b) b, so that (1 − a/b) V(0) ≤ 0 with 1 − a/b > 0."""
    start, a, room = sp.symbols("V_0 a r", positive=True)
    b = a + room
    left = sp.simplify(a - ((1 - a / b) * start + a / b * b))
    share = sp.simplify(1 - a / b)
    prove_equal(left, -share * start)
    if not share.is_positive:
        raise RefutedError("the share of the chord is not positive")
    return "the chord's equation"


def _tangent() -> str:
    """V(0) ≤ V(q*) − q* χ, solved for χ."""
    start = sp.Symbol("V_0", real=True)
    (most,) = sp.solve(sp.Eq(start, SETTLED - SETTLED * CHI_Q), CHI_Q)
    return prove_equal(most, ROOM.subs(MAP(0), start))


def _erf() -> str:
    """V′ is positive, and its logarithmic derivative is a sum of negative terms."""
    prove_equal(sp.diff(LENGTH, LETTER), RISE)
    slope = sp.diff(sp.expand_log(sp.log(RISE), force=True), LETTER)
    if not (RISE.is_positive and sp.expand(slope).is_negative):
        raise RefutedError("the slope of erf's mean square does not fall")
    return "the first derivative is positive and its logarithm falls"


def _relu() -> str:
    half = sp.integrate(x**2 * DENSITY, (x, 0, sp.oo))
    prove_equal(half, LETTER / 2)
    (found,) = sp.solve(sp.Eq(SETTLED, SIGMA_W**2 * SETTLED / 2 + SIGMA_B**2), SETTLED)
    return prove_equal(found, RELU)


def _attracts() -> str:
    start = sp.Symbol("V_0", positive=True)
    if not (1 - ROOM.subs(MAP(0), start)).is_positive:
        raise RefutedError("the most that the slope can be is not below 1")
    return "the bound of the tangent is below 1"
