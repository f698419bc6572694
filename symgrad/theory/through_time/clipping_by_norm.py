"""Clipping a gradient by its norm: what it keeps, what it bounds, and what it cannot bring back."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import T, tau
from symgrad.symbolic.notation import Norm
from symgrad.theory.entry import Body, derivation

__all__ = ["CLIPPED", "G", "LIMIT", "TOLD", "by_norm", "clipping_by_norm", "cosine"]

LIMIT = sp.Integer(5)
"""The threshold at which the page is measured."""
TOLD = tuple(
    {"activation": "tanh", "depth": 60, "width": 32, "sigma_w": sigma_w, "explodes": explodes, "seed": seed}
    for seed in (1, 2)
    for sigma_w, explodes in ((0.8, False), (3.0, True))
)
"""Nets told something once (`told_once`), in pairs that differ in the weight scale alone."""
G, CLIPPED = sp.Symbol("g"), sp.Symbol("c")
"""A gradient, and the same after the clip."""
_size, _share, _excess = sp.symbols("s p e", positive=True)
"""‖g‖ of a gradient that is not 0, and two positive numbers."""
CASES = ((_size, _size * (1 + _share)), (_size, _size), (tau * (1 + _share), tau))
"""Norm and threshold: below it, at it, above it; every pair of positive numbers is one of these."""


def by_norm(size: sp.Expr, threshold: sp.Expr) -> sp.Expr:
    """min(1, τ/‖g‖), the factor of clipping by norm, for ‖g‖ > 0; a gradient 0 stays 0."""
    return sp.Min(1, threshold / size)


def cosine(left: sp.Matrix, right: sp.Matrix) -> sp.Expr:
    """⟨a, b⟩/(‖a‖‖b‖)."""
    return left.dot(right) / sp.sqrt(left.dot(left) * right.dot(right))


@derivation(
    "clipping-by-norm", "Clipping by norm keeps the direction and cures exploding, not vanishing", "time"
)
def clipping_by_norm() -> Body:
    """c = g·min(1, τ/‖g‖): ‖c‖ = min(‖g‖, τ), the same direction; the identity where ‖g‖ ≤ τ."""
    factor = by_norm(Norm(G), tau)
    growing, shrinking = (1 + _excess) ** T, (1 + _excess) ** -T
    early, late = sp.symbols("g_1 g_T")
    steps = (
        prove(
            sp.Eq(Norm(CLIPPED), sp.Min(Norm(G), tau), evaluate=False),
            ("the length of ", G, " times that factor; a gradient 0 stays 0"),
            _length,
            rule="length",
        ),
        prove(
            sp.Gt(factor, 0),
            ("one positive factor for all entries: the angle between the two gradients is 0",),
            _direction,
            rule="direction",
        ),
        prove(
            sp.Implies(
                sp.Le(Norm(G), tau, evaluate=False), sp.Eq(CLIPPED, G, evaluate=False), evaluate=False
            ),
            ("the factor is 1: what is short already is left as it is",),
            _identity,
            rule="identity",
        ),
        prove(
            sp.Eq(sp.Min(_share * Norm(G), _share * tau), _share * sp.Min(Norm(G), tau), evaluate=False),
            (
                "gradient and threshold times the same ",
                sp.Gt(_share, 0, evaluate=False),
                ": the threshold has the unit of the gradient, and means nothing by itself",
            ),
            _scaled,
            rule="scaling",
        ),
        prove(
            sp.Eq(sp.Limit(sp.Min(growing, tau), T, sp.oo), tau, evaluate=False),
            (
                "a gradient that explodes with the number of steps ",
                T,
                ", by a factor ",
                1 + _excess,
                " each, has the length ",
                tau,
                " from some number on",
            ),
            _cured,
            rule="exploding",
        ),
        prove(
            sp.Eq(sp.Limit(sp.Min(shrinking, tau), T, sp.oo), 0, evaluate=False),
            ("a gradient that vanishes so is the same with the clip and without it, from some number on",),
            _not_cured,
            rule="vanishing",
        ),
        prove(
            sp.Eq(sp.Symbol("c_1") / sp.Symbol("c_T"), early / late, evaluate=False),
            (
                (
                    "what the first and the last step contribute to an entry of a gradient that is a sum "
                    "over time keeps its ratio: early steps that did not count do not count after the clip"
                ),
            ),
            _shares,
            rule="shares",
        ),
    )
    conclusion = prove(
        sp.Le(Norm(CLIPPED), tau, evaluate=False),
        (
            (
                "in the direction of the gradient itself: a cure of exploding gradients, and no change at "
                "all where they vanish"
            ),
        ),
        _at_most,
    )
    return Body(
        summary=("A gradient longer than a threshold is shortened to it; a shorter one is left as it is.",),
        assumptions=(
            (CLIPPED, " is ", G, " times ", factor, ", and 0 when ", G, " is 0"),
            (tau, " > 0 is the threshold"),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("pascanu2013", "section 3.2, algorithm 1"),),
        picture={"verb": "clipping"},
        claims=(
            Claim(
                "clipping-by-norm/same-net",
                (
                    (
                        "one net at two weight scales: the exploding gradient comes out with the length of "
                        "the threshold and its own direction, the vanishing one bit for bit as it was"
                    ),
                ),
                "clip-norm",
                expects={"limit": LIMIT},
                nets=TOLD,
            ),
        ),
    )


def _length() -> str:
    for size, threshold in CASES:
        prove_equal(size * by_norm(size, threshold), sp.Min(size, threshold))
    return "in each of the three cases: norm below the threshold, at it, above it"


def _direction() -> str:
    """The cosine between g and m g is 1 for m > 0, three entries as letters."""
    gradient, factor = sp.Matrix(sp.symbols("g1:4", real=True)), sp.Symbol("m", positive=True)
    squared = (gradient.dot(factor * gradient)) ** 2
    prove_equal(squared, gradient.dot(gradient) * (factor * gradient).dot(factor * gradient))
    if not by_norm(_size, tau).is_positive:
        raise RefutedError("the factor is not positive")
    return "min of two positive numbers; ⟨g, mg⟩ = ‖g‖‖mg‖ for m > 0, three entries as letters"


def _scaled() -> str:
    by = sp.Symbol("m", positive=True)
    for size, threshold in CASES:
        prove_equal(sp.Min(by * size, by * threshold), by * sp.Min(size, threshold))
    return "in each of the three cases"


def _identity() -> str:
    for size, threshold in CASES[:2]:
        prove_equal(by_norm(size, threshold), sp.S.One)
    return "in both cases: norm below the threshold, at it"


def _cured() -> str:
    """p steps after T = ln τ/ln(1 + e) the logarithm of the norm is p ln(1 + e) > 0 above ln τ."""
    first, growth = sp.log(tau) / sp.log(1 + _excess), sp.log(1 + _excess)
    how = prove_equal((first + _share) * growth - sp.log(tau), _share * growth)
    if not (_share * growth).is_positive:
        raise RefutedError("the logarithm does not pass that of the threshold")
    prove_equal(sp.Min(tau * (1 + _share), tau), tau)
    return f"p steps after ln τ/ln(1 + e) ln of the norm is p ln(1 + e) > 0 above ln τ ({how}): min is τ"


def _not_cured() -> str:
    """Shrinking by 1 + e a step the norm is below τ from some number on; there min is the norm itself."""
    if sp.limit((1 + _excess) ** -T, T, sp.oo) != 0:
        raise RefutedError("the gradient does not vanish")
    prove_equal(sp.Min(_size, _size * (1 + _share)), _size)
    return "limit for a letter e > 0; below τ min is the norm itself"


def _shares() -> str:
    early, late, factor = sp.symbols("g_1 g_T m", positive=True)
    return prove_equal(factor * early / (factor * late), early / late)


def _at_most() -> str:
    for size, threshold in CASES:
        if not sp.expand(threshold - sp.Min(size, threshold)).is_nonnegative:
            raise RefutedError("the clipped norm is above the threshold")
    return "the first step, in each of its three cases"
