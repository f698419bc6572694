"""Clipping a gradient entry by entry: its length is bounded, and it turns."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import n, tau, x
from symgrad.symbolic.notation import Norm
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.clipping_by_norm import CLIPPED, TOLD, G, cosine

__all__ = ["EXAMPLE", "LIMIT", "by_value", "clipping_by_value", "example"]

LIMIT = sp.Rational(1, 10)
"""The threshold at which the page is measured."""
EXAMPLE = sp.ImmutableMatrix([24, 7]), sp.Integer(7)
"""A gradient and a threshold whose angle is exact."""
ANGLE = sp.pi / 4 - sp.atan(sp.Rational(7, 24))
_share = sp.Symbol("p", positive=True)
CASES = (0, *(sign * tau * part for sign in (1, -1) for part in (1 + _share, sp.S.One, 1 / (1 + _share))))
"""Every real entry beside the threshold τ: 0, and of both signs beyond it, at it, within it."""
ENTRY, CUT = sp.symbols("g_i c_i", real=True)
COSINE = sp.Function("cos")(sp.Symbol("theta"))


def by_value(entry: sp.Expr, threshold: sp.Expr) -> sp.Expr:
    """max(−τ, min(τ, g_i))."""
    return sp.Max(-threshold, sp.Min(threshold, entry))


def example() -> tuple[sp.ImmutableMatrix, sp.Integer, sp.ImmutableMatrix]:
    """The gradient of the example, the threshold, and what the clip makes of it."""
    gradient, threshold = EXAMPLE
    return gradient, threshold, gradient.applyfunc(lambda entry: by_value(entry, threshold))


@derivation("clipping-by-value", "Clipping by value bounds the gradient and turns it", "time")
def clipping_by_value() -> Body:
    """c_i = max(−τ, min(τ, g_i)): ‖c‖ ≤ τ√n, turned by at most arccos(1/√n), and no smaller bound holds."""
    gradient, threshold, clipped = example()
    steps = (
        prove(
            sp.Eq(CUT, by_value(ENTRY, tau), evaluate=False),
            (
                "each entry by itself: of size ",
                sp.Min(sp.Abs(ENTRY), tau),
                ", with its sign. A gradient whose entries are all at most ",
                tau,
                " in size is left as it is",
            ),
            _entry,
            rule="definition",
        ),
        prove(
            sp.Le(Norm(CLIPPED), tau * sp.sqrt(n), evaluate=False),
            (n, " entries of size at most ", tau, "; attained when all are cut"),
            lambda: prove_equal(sp.sqrt(sp.Sum(tau**2, (sp.Symbol("i"), 1, n)).doit()), tau * sp.sqrt(n)),
            rule="length",
        ),
        prove(
            sp.Eq(sp.acos(sp.Rational(31, 50) * sp.sqrt(2)), ANGLE, evaluate=False),
            (
                "the direction is not kept: with ",
                sp.Eq(tau, threshold, evaluate=False),
                " the gradient ",
                gradient.T,
                " becomes ",
                clipped.T,
                ", turned by this angle, about 28.7 degrees",
            ),
            _turned,
            rule="example",
        ),
        prove(
            sp.Ge(COSINE, 1 / sp.sqrt(n), evaluate=False),
            (
                "of the angle ",
                sp.Symbol("theta"),
                " between ",
                G,
                " and ",
                CLIPPED,
                ": it is never a right one, so that a small enough step still goes downhill",
            ),
            _acute,
            rule="bound",
        ),
        prove(
            sp.Eq(
                sp.Limit((x + n - 1) / (sp.sqrt(n) * sp.sqrt(x**2 + n - 1)), x, sp.oo),
                1 / sp.sqrt(n),
                evaluate=False,
            ),
            (
                "the cosine for one entry ",
                x * tau,
                " and ",
                n - 1,
                " entries ",
                tau,
                ", all cut to ",
                tau,
                ": the bound is approached when one entry explodes and the others do not",
            ),
            _approached,
            rule="limit",
        ),
    )
    conclusion = prove(
        sp.And(
            sp.Le(Norm(CLIPPED), tau * sp.sqrt(n), evaluate=False),
            sp.Ge(COSINE, 1 / sp.sqrt(n), evaluate=False),
            evaluate=False,
        ),
        (
            (
                "a cure of exploding gradients too, at the price of another direction; it cannot lengthen "
                "an entry, so it does nothing for vanishing ones"
            ),
        ),
        _never_longer,
    )
    return Body(
        summary=("Every entry of a gradient is cut to a threshold: it stays bounded, and it turns.",),
        assumptions=(
            (G, " is a gradient with ", n, " entries, not all 0, and ", CLIPPED, " the same after the clip"),
            (tau, " > 0 is the threshold"),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("mikolov2012", "section 3.2.2"), Source("pascanu2013", "section 3.2")),
        picture={"verb": "clipping"},
        claims=(
            Claim(
                "clipping-by-value/same-net",
                (
                    (
                        "one net at two weight scales: the exploding gradient is bounded and turned, by no "
                        "more than the bound; the vanishing one comes out bit for bit as it was"
                    ),
                ),
                "clip-value",
                expects={
                    "limit": LIMIT,
                    "example": (tuple(gradient), threshold, tuple(clipped), cosine(gradient, clipped)),
                },
                nets=TOLD,
            ),
        ),
    )


def _entry() -> str:
    for entry in CASES:
        prove_equal(sp.Abs(by_value(entry, tau)), sp.Min(sp.Abs(entry), tau))
        prove_equal(by_value(-entry, tau), -by_value(entry, tau))
    return "its size is min(|g_i|, τ), and it is odd, in each of seven cases: 0, beyond ±τ, at it, within"


def _turned() -> str:
    gradient, _, clipped = example()
    prove_equal(clipped, sp.Matrix([7, 7]))
    prove_equal(cosine(gradient, clipped), sp.Rational(31, 50) * sp.sqrt(2))
    if not (ANGLE > 0 and sp.pi > ANGLE):
        raise RefutedError("the angle is not the arc cosine")
    how = prove_equal(sp.expand_trig(sp.cos(ANGLE, evaluate=False)), sp.Rational(31, 50) * sp.sqrt(2))
    return f"the cosine of both sides, which lie in (0, π): {how}"


def _acute() -> str:
    """n⟨c, g⟩² ≥ ‖c‖²‖g‖². Of the entries k ≥ 1 are cut, their sizes add up to a ≥ kτ, the squares of the
    others to b ≤ (n − k)τ²: ⟨c, g⟩ = τa + b, ‖c‖² = kτ² + b and ‖g‖² ≤ a² + b.

    With a = kτ + p, k = 1 + j, nτ² = kτ² + b + q (p, j, b, q ≥ 0) no coefficient is negative.
    """
    p, j, b, q = sp.symbols("p j b q", nonnegative=True)
    cut = 1 + j
    total, entries = cut * tau + p, cut + (b + q) / tau**2
    room = entries * (tau * total + b) ** 2 - (cut * tau**2 + b) * (total**2 + b)
    polynomial = sp.Poly(sp.expand(room * tau**2), p, j, b, q, tau)
    if min(polynomial.coeffs()) < 0:
        raise RefutedError("n⟨c, g⟩² may be below ‖c‖²‖g‖²")
    return "n⟨c, g⟩² − ‖c‖²‖g‖² is at least a polynomial without negative coefficients; uncut the cosine is 1"


def _approached() -> str:
    for entries in range(2, 6):
        spread = sp.Matrix([x * tau, *([tau] * (entries - 1))]), sp.Matrix([tau] * entries)
        ratio = (x + entries - 1) / (sp.sqrt(entries) * sp.sqrt(x**2 + entries - 1))
        prove_equal(cosine(*spread), ratio)
    part = sp.Symbol("n", positive=True)
    found = sp.limit((1 + (part - 1) / x) / (sp.sqrt(part) * sp.sqrt(1 + (part - 1) / x**2)), x, sp.oo)
    return "the cosine for n = 2 … 5 entries; its limit for every n: " + prove_equal(found, 1 / sp.sqrt(part))


def _never_longer() -> str:
    for entry in CASES:
        prove_equal(sp.Abs(entry) - sp.Abs(by_value(entry, tau)), sp.Max(sp.Abs(entry) - tau, 0))
    return "the steps above; |g_i| − |c_i| = max(|g_i| − τ, 0) in each of the seven cases"
