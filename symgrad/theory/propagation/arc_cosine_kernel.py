"""Two inputs through ReLU layers: the arc-cosine kernel, and how slowly they become one."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import l
from symgrad.symbolic.notation import Mean, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.hermite import C, Z
from symgrad.theory.propagation.length_map import SIGMA_B, SIGMA_W

__all__ = ["FIRST", "KAPPA", "MAP", "RATE", "ZEROTH", "arc_cosine_kernel"]

Q = sp.Symbol("q", positive=True)
"""The variance of both pre-activations."""
THETA = sp.Symbol("theta", positive=True)
"""The angle arccos c between two Gaussians of correlation c, seen as projections of a plane one."""
T = sp.Symbol("t", real=True)
"""The direction of that plane Gaussian."""
ANGLE = sp.acos(C)
FIRST = Q / (2 * sp.pi) * (sp.sqrt(1 - C**2) + (sp.pi - ANGLE) * C)
"""E φφ."""
ZEROTH = (sp.pi - ANGLE) / (2 * sp.pi)
"""E φ′φ′."""
MAP = (sp.sqrt(1 - C**2) + (sp.pi - ANGLE) * C) / sp.pi
"""The correlation a layer later, with He's weights."""
KAPPA = 2 * sp.sqrt(2) / (3 * sp.pi)
RATE = sp.Rational(9, 2) * sp.pi**2
"""l² times what is missing to 1 after l layers."""
GAP = sp.Symbol("epsilon", positive=True)
"""1 − c."""
LEFT = sp.IndexedBase("epsilon", positive=True)
"""1 − c, layer by layer."""

NETS = tuple(
    {"activation": "relu", "depth": depth, "width": 256, "sigma_w": 2**0.5, "sigma_b": 0.0}
    for depth in (3, 6)
)


@derivation(
    "arc-cosine-kernel", "ReLU layers with He's weights make any two inputs one, but slowly", "propagation"
)
def arc_cosine_kernel() -> Body:
    """E φφ = q/2π (√(1 − c²) + (π − arccos c) c); with σ_w² = 2, σ_b = 0 the gap 1 − c falls as 9π²/2l²."""
    first, second = (sp.sqrt(Q) * z for z in Z)
    inside = (T, THETA - sp.pi / 2, sp.pi / 2)
    steps = (
        prove(
            sp.Eq(
                Mean(phi(first) * phi(second)),
                Q / sp.pi * sp.Integral(sp.cos(T) * sp.cos(T - THETA), inside),
                evaluate=False,
            ),
            (
                "the two Gaussians are projections of a plane one of length r in a direction ",
                T,
                " on lines that meet at ",
                sp.Eq(THETA, ANGLE, evaluate=False),
                "; both are positive on this arc, and the mean of r² is 2",
            ),
            _projections,
            rule="polar coordinates",
        ),
        prove(
            sp.Eq(Mean(phi(first) * phi(second)), FIRST, evaluate=False),
            ("the integral, with the cosine put in again",),
            _first,
            rule="integration",
        ),
        prove(
            sp.Eq(Mean(dphi(first) * dphi(second)), ZEROTH, evaluate=False),
            ("the share of the arc in the whole circle",),
            _zeroth,
            rule="angle over 2π",
        ),
        prove(
            sp.Eq(sp.Derivative(FIRST, C), Q * ZEROTH, evaluate=False),
            ("both kernels keep to Price's theorem",),
            lambda: prove_equal(sp.diff(FIRST, C), Q * ZEROTH),
            rule="differentiation",
        ),
        prove(
            sp.Implies(
                sp.And(sp.Eq(SIGMA_W**2, 2, evaluate=False), sp.Eq(SIGMA_B, 0, evaluate=False)),
                sp.Eq(sp.Function("F")(C), MAP, evaluate=False),
            ),
            ("these weights keep every ", Q, ", and it cancels in the correlation a layer later",),
            _map,
            rule="substitution",
        ),
        prove(
            sp.Eq(sp.Limit((MAP - C).subs(C, 1 - GAP) / GAP ** sp.Rational(3, 2), GAP, 0, dir="+"), KAPPA,
                  evaluate=False),
            ("close inputs: the slope of the map at 1 is 1, and what is left is of order 3/2",),
            _step,
            rule="expansion",
        ),
        prove(
            sp.Eq(
                sp.Limit(1 / sp.sqrt((1 - MAP).subs(C, 1 - GAP)) - 1 / sp.sqrt(GAP), GAP, 0, dir="+"),
                KAPPA / 2,
                evaluate=False,
            ),
            ("so the inverse root of the gap grows by a fixed amount a layer",),
            _inverse_root,
            rule="expansion",
        ),
    )  # fmt: skip
    conclusion = prove(
        sp.Eq(sp.Limit(l**2 * LEFT[l], l, sp.oo), RATE, evaluate=False),
        (
            LEFT[l],
            (
                " is what is missing to 1 after so many layers. It falls to 0, since the map lies above the "
                "diagonal, and increments with a limit have that limit in the mean: "
            ),
            "with depth any two inputs become one, by a power law, not exponentially",
        ),
        _rate,
        rule="Cesàro means",
    )
    return Body(
        summary=(
            "With He's weights two inputs of a deep ReLU net become one: what is missing to 1 falls as ",
            RATE / l**2,
            ".",
        ),
        assumptions=(
            ("the activation is ReLU, both inputs have pre-activations of variance ", Q),
            ("weights are independent Gaussians, and the width goes to infinity",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("cho2009"),),
        picture={"verb": "simulate", "activation": "relu", "sigma_w": 2**0.5, "sigma_b": 0.0, "width": 128},
        claims=(
            Claim(
                "arc-cosine-kernel/correlation",
                ("the mean correlation of two inputs layer by layer is that of the map, to 0.03",),
                "correlation",
                expects={"map": MAP},
                nets=NETS,
                scope="mean",
                regime="infinite width",
            ),
        ),
    )


def _projections() -> str:
    """Two lines at an angle θ: E (r cos t)(r cos(t − θ)) is cos θ, as two correlated Gaussians have it."""
    r = sp.Symbol("r", positive=True)
    square = sp.integrate(r**2 * r * sp.exp(-(r**2) / 2), (r, 0, sp.oo))
    prove_equal(square, sp.Integer(2))
    whole = sp.integrate(sp.expand_trig(sp.cos(T) * sp.cos(T - THETA)), (T, 0, 2 * sp.pi)) / (2 * sp.pi)
    prove_equal(square * whole, sp.cos(THETA))
    return "mean of r² by integration; the projections have variance 1 and covariance cos θ"


def _arc() -> sp.Expr:
    found = sp.integrate(sp.expand_trig(sp.cos(T) * sp.cos(T - THETA)), (T, THETA - sp.pi / 2, sp.pi / 2))
    return sp.simplify(found)


def _first() -> str:
    prove_equal(sp.expand_trig(_arc()), sp.expand_trig((sp.sin(THETA) + (sp.pi - THETA) * sp.cos(THETA)) / 2))
    inside = Q / sp.pi * (sp.sin(ANGLE) + (sp.pi - ANGLE) * sp.cos(ANGLE)) / 2
    return prove_equal(inside, FIRST)


def _zeroth() -> str:
    arc = sp.pi / 2 - (THETA - sp.pi / 2)
    return prove_equal((arc / (2 * sp.pi)).subs(THETA, ANGLE), ZEROTH)


def _map() -> str:
    prove_equal(2 * FIRST.subs(C, 1), Q)
    return prove_equal(2 * FIRST / Q, MAP)


def _step() -> str:
    room = (MAP - C).subs(C, 1 - GAP)
    prove_equal(sp.limit(room / GAP ** sp.Rational(3, 2), GAP, 0, "+"), KAPPA)
    return "limit of the closed form"


def _inverse_root() -> str:
    """1/√(ε − κ ε^{3/2}) − 1/√ε → κ/2; the remainder is of order ε², by the second limit."""
    kappa, root = sp.symbols("kappa r", positive=True)
    prove_equal(sp.limit(1 / sp.sqrt(root**2 - kappa * root**3) - 1 / root, root, 0, "+"), kappa / 2)
    rest = (MAP - C).subs(C, 1 - root**2) - KAPPA * root**3
    if not sp.limit(rest / root**4, root, 0, "+").is_finite:
        raise RefutedError("the remainder is not of order ε²")
    return "limit in the root of the gap, with a remainder of order ε²"


def _rate() -> str:
    """c_l rises, since F(c) − c is 0 at 1 and falls: its derivative is −arccos(c)/π < 0."""
    prove_equal(sp.diff(MAP - C, C), -ANGLE / sp.pi)
    prove_equal((MAP - C).subs(C, 1), sp.S.Zero)
    return prove_equal((KAPPA / 2) ** -2, RATE)
