"""Hochreiter's condition for the sigmoid: below |w| = 4 every factor is below 1; for a fixed input even large
weights do not help.
"""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import u, w_scalar, x, y
from symgrad.symbolic.notation import dphi
from symgrad.symbolic.ranges.extrema import function_range
from symgrad.symbolic.ranges.extremum import Extremum, Value
from symgrad.theory.activations import ACTIVATIONS
from symgrad.theory.activations import gamma as gamma_of
from symgrad.theory.entry import Body, derivation

NET = sp.Symbol("net", real=True)


@derivation("hochreiter-condition", "Sigmoid units: the factor is below 1 whenever |w| < 4", "conditions")
def hochreiter_condition() -> Body:
    """|w σ′(net)| < 1 for |w| < 4; for fixed y ≠ 0, |w σ′(wy)| = |net σ′(net)|/|y| is largest where
    net·tanh(net/2) = 1.
    """
    entry = ACTIVATIONS["sigmoid"]
    gamma = gamma_of(entry).number
    slope = sp.diff(entry.phi, x)
    scaled = function_range((x * slope).subs(x, NET), NET, -sp.oo, sp.oo, lambda point: point * dphi(point))
    top = scaled.sup
    (place,) = top.at
    named = place.named
    if named is None:
        raise RefutedError("the worst net input has no named root")
    worst = place.point

    def strict() -> str:
        excess = sp.Symbol("s", positive=True)
        return prove_equal(gamma * (4 - excess) - 1, -excess / 4) + ", negative for every s > 0"

    def stationary() -> str:
        return prove_equal(sp.diff(x * slope, x), slope * (1 - x * sp.tanh(x / 2)))

    steps = (
        prove(
            sp.Eq(sp.Function("sup")(dphi(x)), gamma, evaluate=False),
            ("the range of the sigmoid's derivative, proved on its own page",),
            lambda: f"the proved range; taken at 0: {prove_equal(slope.subs(x, 0), gamma)}",
            rule="range of the derivative",
        ),
        prove(
            sp.Implies(sp.Lt(sp.Abs(w_scalar), 4), sp.Lt(sp.Abs(w_scalar) * dphi(NET), 1), evaluate=False),
            ("the factor of one step is at most ", sp.Abs(w_scalar) / 4),
            strict,
            rule="bound",
        ),
        prove(
            sp.Eq(w_scalar * dphi(w_scalar * y), NET * dphi(NET) / y, evaluate=False),
            (
                "for a fixed input ",
                y,
                " the factor depends on the weight through ",
                sp.Eq(NET, w_scalar * y, evaluate=False),
            ),
            lambda: prove_equal(
                w_scalar * slope.subs(x, w_scalar * y), (x * slope / y).subs(x, w_scalar * y)
            ),
            rule="substitution",
        ),
        prove(
            sp.Eq(
                sp.Derivative(NET * dphi(NET), NET), dphi(NET) * (1 - NET * sp.tanh(NET / 2)), evaluate=False
            ),
            (
                "so it is stationary exactly where ",
                sp.Eq(NET * sp.tanh(NET / 2), 1, evaluate=False),
                ", as ",
                dphi(NET),
                " is never zero",
            ),
            stationary,
            rule="product rule",
        ),
        *scaled.steps,
    )
    at = Value(worst, (), (named,))
    constant, net = (sp.Float(value.enclosure().decimal[:9], 8) for value in (top.value, at))
    conclusion = prove(
        sp.Le(
            sp.Abs(w_scalar * dphi(w_scalar * y)),
            top.value.expr / sp.Abs(y),
            evaluate=False,
        ),
        (
            "where ",
            named.equation,
            " with ",
            u,
            " in ",
            named.bracket,
            ", so the constant is ",
            constant,
            "; attained at ",
            sp.Eq(NET, worst, evaluate=False),
            ", that is ",
            net,
            ". Larger weights do not help: the unit saturates and the factor dies out",
        ),
        lambda: _attained(top),
    )
    return Body(
        summary=("With sigmoid units and weights below 4 in size every factor of the product is below 1.",),
        assumptions=(
            (sp.Eq(dphi(x), slope, evaluate=False), ", the sigmoid"),
            (sp.Ne(y, 0), " is the fixed output of the unit before"),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("hochreiter1991", "section 4"),
            Source("hochreiter1997", "section 3.1"),
            Source("hochreiter2001", "section 2"),
        ),
        picture={"verb": "curve", "activation": "sigmoid"},
        claims=(
            Claim(
                "hochreiter-condition/worst-net",
                ("the largest factor, and the net input where it is taken",),
                "extreme-value",
                expects={
                    "activation": "sigmoid",
                    "form": u * dphi(u),
                    "variable": u,
                    "max": top.value,
                    "at": place,
                },
            ),
        ),
    )


def _attained(top: Extremum) -> str:
    if not top.attained:
        raise RefutedError("the largest factor is not attained")
    return f"{top.why}; |f| is even"
