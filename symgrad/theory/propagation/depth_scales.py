"""Depth scales: over how many layers lengths, correlations and gradients forget where they started."""

from __future__ import annotations

import math

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import l, x
from symgrad.symbolic.notation import Mean, dphi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.edge_of_chaos import CHI, FACTOR, edge_of_chaos
from symgrad.theory.propagation.erf_critical_line import DENSITY
from symgrad.theory.propagation.erf_critical_line import Q as LETTER
from symgrad.theory.propagation.hermite import C, Z
from symgrad.theory.propagation.length_map import SIGMA_W
from symgrad.theory.propagation.length_map_fixed_point import CHI_Q, MAP, SETTLED

__all__ = ["CURVED", "DEPTHS", "SCALE", "depth_scales"]

SLOPE = sp.Symbol("chi", positive=True)
"""Of any of the maps at its fixed point."""
XI = sp.Symbol("xi", positive=True)
SCALE = -1 / sp.log(SLOPE)
"""ξ."""
CURVED = sp.Symbol("B", real=True)
"""E φφ″ at q*."""
DEPTHS = 6
"""Scales to which nets were found to train."""
STAR = sp.Symbol("c^*", real=True)
DEGREE = 4

NETS = tuple(
    {
        "activation": "tanh",
        "depth": 6,
        "width": 256,
        "sigma_w": math.sqrt(sigma_w2),
        "sigma_b": math.sqrt(0.05),
    }
    for sigma_w2 in (1.2, 1.5, 2.5)
)


@derivation("depth-scales", "How many layers a signal and a gradient reach", "propagation")
def depth_scales() -> Body:
    """ξ = −1/ln χ with χ the slope of the length map, of the correlation map at c*, or χ₁."""
    root = sp.sqrt(SETTLED)
    steps = (
        prove(
            sp.Implies(
                sp.Eq(MAP(SETTLED), SETTLED, evaluate=False),
                sp.Eq(
                    sp.Limit((MAP(LETTER) - SETTLED) / (LETTER - SETTLED), LETTER, SETTLED, dir="+-"),
                    CHI_Q,
                    evaluate=False,
                ),
                evaluate=False,
            ),
            ("close to the fixed point a layer multiplies what is missing by the map's slope there",),
            _slope,
            rule="derivative",
        ),
        prove(
            sp.Eq(CHI_Q, CHI + SIGMA_W**2 * CURVED, evaluate=False),
            (
                "for lengths this slope is that of the gradient and ",
                CURVED,
                (
                    ", the mean of the activation times its second derivative: the density spreads as heat "
                    "does, and two derivatives go over to the square by parts"
                ),
            ),
            _lengths,
            rule="integration by parts",
        ),
        prove(
            sp.Implies(
                sp.Eq(C, STAR, evaluate=False),
                sp.Eq(
                    sp.Derivative(sp.Function("F", real=True)(C), C),
                    SIGMA_W**2 * Mean(dphi(root * Z[0]) * dphi(root * Z[1])),
                    evaluate=False,
                ),
                evaluate=False,
            ),
            (
                "for correlations it is the mean of both slopes, where two inputs come to the correlation ",
                STAR,
                "; with ",
                sp.Eq(STAR, 1, evaluate=False),
                " that is ",
                CHI,
                ", so that then correlations and gradients share one scale",
            ),
            _correlations,
            rule="Price's theorem",
        ),
        prove(
            sp.Implies(
                sp.Eq(XI, SCALE, evaluate=False),
                sp.Eq(SLOPE**l, sp.exp(-l / XI), evaluate=False),
                evaluate=False,
            ),
            ("so many layers multiply it by that power of any slope ", SLOPE, " between 0 and 1"),
            _power,
            rule="logarithm",
        ),
        prove(
            sp.Eq(sp.Limit(SCALE, SLOPE, 1, dir="-"), sp.oo, evaluate=False),
            ("at slope 1, the edge of chaos, there is no such scale: what is missing falls by a power law",),
            _edge,
            rule="limit",
        ),
    )
    conclusion = prove(
        sp.Implies(
            sp.Eq(l, DEPTHS * XI, evaluate=False),
            sp.Eq(sp.exp(-l / XI), sp.exp(-DEPTHS), evaluate=False),
            evaluate=False,
        ),
        (
            (
                "after six scales a quarter of a percent is left of a difference between inputs: that nets "
                "train to about that depth was found in experiments, it is not proved"
            ),
        ),
        _six,
        rule="substitution",
    )
    return Body(
        summary=(
            "What layers forget they forget over a depth scale, ",
            sp.Eq(XI, SCALE, evaluate=False),
            ", with the slope of the map that is followed.",
        ),
        assumptions=(
            ("the width goes to infinity, so that pre-activations are Gaussian",),
            ("the length map has settled at ", SETTLED),
            ("slopes are between 0 and 1; for gradients also above 1, where the scale is that of growth",),
            ("the activation has a second derivative; a kink counts as a jump of the first",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("schoenholz2017"), Source("poole2016")),
        picture={"verb": "simulate", "activation": "tanh", "sigma_w": 1.225, "sigma_b": 0.2236, "width": 128},
        claims=(
            Claim(
                "depth-scales/factor",
                (
                    (
                        "distances of close inputs and gradients change by the exponential of minus one over "
                        "the scale a layer, to 3 % of their squares"
                    ),
                ),
                "separation",
                expects={"factor": sp.exp(-1 / SCALE.subs(SLOPE, FACTOR))},
                nets=NETS,
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _slope() -> str:
    letters = sp.symbols("v1:4", real=True)
    near = SETTLED + sum(letter * (LETTER - SETTLED) ** k for k, letter in enumerate(letters, 1))
    return prove_equal(sp.limit((near - SETTLED) / (LETTER - SETTLED), LETTER, SETTLED), letters[0])


def _lengths() -> str:
    """For polynomials with letters, all means by integration; the density's equation for all others."""
    prove_equal(sp.diff(DENSITY, LETTER), sp.diff(DENSITY, x, 2) / 2)
    letters = sp.symbols(f"p0:{DEGREE}", real=True)
    value = sum(letter * x**k for k, letter in enumerate(letters))
    prove_equal(sp.diff(value**2, x, 2) / 2, sp.diff(value, x) ** 2 + value * sp.diff(value, x, 2))
    inside = sp.diff(value, x) ** 2 + value * sp.diff(value, x, 2)
    return prove_equal(sp.diff(_mean(value**2), LETTER), _mean(inside))


def _mean(expr: sp.Expr) -> sp.Expr:
    """Of a polynomial of x ~ N(0, q), by the moments 1, q, 3q², …."""
    return sp.Add(
        *(
            coefficient * sp.factorial2(power - 1) * LETTER ** (power // 2)
            for (power,), coefficient in sp.Poly(sp.expand(expr), x).terms()
            if power % 2 == 0
        )
    )


def _correlations() -> str:
    """Of the edge of chaos: the derivative of the values' mean by c is q* times the mean of both slopes."""
    values = sp.Symbol("M", positive=True)
    price = next(step for step in edge_of_chaos().steps if step.rule == "Price's theorem")
    factor = price.statement.rhs.coeff(next(iter(price.statement.rhs.atoms(Mean))))
    prove_equal(sp.diff((SIGMA_W**2 * values * C) / SETTLED, C) / values * factor, SIGMA_W**2)
    return f"the edge of chaos's derivation: {price.check}"


def _power() -> str:
    return prove_equal(sp.exp(-l / SCALE), SLOPE**l)


def _edge() -> str:
    if sp.limit(SCALE, SLOPE, 1, "-") != sp.oo:
        raise RefutedError("the scale does not go to infinity")
    return "limit of the logarithm"


def _six() -> str:
    return prove_equal(sp.exp(-(DEPTHS * XI) / XI), sp.exp(-DEPTHS))
