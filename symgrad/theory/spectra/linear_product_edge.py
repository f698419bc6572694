"""The largest squared singular value of a product of wide Gaussian matrices: where its moments lead."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import PARAMETERS, W, k, l, n
from symgrad.symbolic.notation import Chain, Mean
from symgrad.theory.entry import Body, derivation
from symgrad.theory.spectra.fuss_catalan import TERMS, ZETA, fuss_catalan, solves
from symgrad.theory.spectra.pairings import N, trace_moment

__all__ = ["EDGE", "MOMENT", "SCALE", "linear_product_edge"]

SQUARE = sp.Symbol("X", positive=True)
"""One of the squared singular values, drawn with equal chances."""
PSI = sp.Symbol("psi", positive=True)
"""The value of the moment series ψ(ζ) = Σ E Xᵏ ζᵏ."""
ALPHA = PARAMETERS["alpha"]
TRANSFORM = sp.Function("S")
"""Voiculescu's S-transform, ζ(ψ)(1 + ψ)/ψ: that of a product is the product of those of its factors."""
MOMENT = sp.binomial((n + 1) * k, k) / (n * k + 1)
"""E Xᵏ for n matrices: a Fuss–Catalan number."""
INVERSE = PSI / (1 + PSI) ** (n + 1)
"""ζ as a function of ψ."""
EDGE = (n + 1) ** (n + 1) / n**n
"""The largest squared singular value."""
CURVATURE = n * (n / (n + 1)) ** (n + 2)
"""−d²ζ/dψ² at the edge."""
SCALE = (EDGE**4 * CURVATURE / (2 * N**2)) ** sp.Rational(1, 3)
"""Unit in which the largest of N scatters below the edge: with a = √(2/CURVATURE)/EDGE² the density ends as
a √(EDGE − X)/π, and N a (EDGE − X)^(3/2) is of the size of 1."""
CATALAN = 6
"""Powers of one matrix up to which the recursion is followed; pairings are all enumerated for those below."""
ORDERS, DEPTHS = range(1, 5), range(1, 5)
"""Powers and numbers of matrices whose pairings are all enumerated."""

NETS, SMALL = (
    tuple({"activation": "identity", "depth": depth, "width": width} for depth, width in sizes)
    for sizes in (((1, 300), (2, 300), (3, 300), (10, 400)), ((1, 4), (2, 50), (3, 50)))
)
"""Nets whose largest singular value is measured, and nets whose traces are."""


@derivation(
    "linear-product-edge",
    "The largest singular value of a linear Gaussian net grows as the square root of depth",
    "spectra",
)
def linear_product_edge() -> Body:
    """s²_max = (n + 1)^(n + 1)/nⁿ for n square Gaussian matrices of σ_w = 1 and infinite width."""
    product = Chain(W[l], l, 1, n)
    index = sp.Symbol("j", integer=True, nonnegative=True)
    moment = sp.IndexedBase("C", positive=True)
    following = MOMENT.subs(k, k + 1)
    steps = (
        prove(
            sp.Eq(
                moment[k], sp.Sum(moment[index] * moment[k - 1 - index], (index, 0, k - 1)), evaluate=False
            ),
            (
                "one matrix with entries of variance ",
                1 / N,
                ": ",
                sp.Eq(moment[k], Mean(SQUARE**k), evaluate=False),
                (
                    ". Its first entry is paired with another one, at infinite width without crossings, so "
                    "the trace falls into two; both are moments again"
                ),
            ),
            _catalan,
            rule="Gaussian pairings",
        ),
        prove(
            sp.Implies(
                sp.Eq(ZETA, PSI / (1 + PSI) ** 2, evaluate=False),
                sp.Eq(PSI, ZETA * (1 + PSI) ** 2, evaluate=False),
            ),
            (
                "the same for the whole series ",
                sp.Eq(PSI, sp.Sum(Mean(SQUARE**k) * ZETA**k, (k, 1, sp.oo)), evaluate=False),
                ", solved for its argument",
            ),
            _series,
            rule="generating function",
        ),
        prove(
            sp.Implies(
                sp.Eq(ZETA, PSI / (1 + PSI) ** 2, evaluate=False),
                sp.Eq(ZETA * (1 + PSI) / PSI, 1 / (1 + PSI), evaluate=False),
            ),
            (
                "Voiculescu's transform of one matrix, ",
                sp.Eq(TRANSFORM(PSI), ZETA * (1 + PSI) / PSI, evaluate=False),
            ),
            lambda: prove_equal(PSI / (1 + PSI) ** 2 * (1 + PSI) / PSI, 1 / (1 + PSI)),
            rule="S-transform",
        ),
        prove(
            sp.Eq(sp.Product(1 / (1 + PSI), (l, 1, n)), INVERSE * (1 + PSI) / PSI, evaluate=False),
            (
                (
                    "wide independent Gaussian matrices are free of each other, so the transform of the "
                    "product is the product of the transforms; the argument of the series that has it is "
                ),
                sp.Eq(ZETA, INVERSE, evaluate=False),
            ),
            _multiplied,
            rule="freeness",
        ),
        prove(
            sp.Eq(sp.binomial((n + 1) * k, k - 1) / k, MOMENT, evaluate=False),
            (
                "Lagrange's inversion: ",
                Mean(SQUARE**k),
                " is the coefficient of ",
                PSI ** (k - 1),
                " in ",
                (1 + PSI) ** ((n + 1) * k) / k,
                ": the Fuss–Catalan numbers",
            ),
            _lagrange,
            rule="Lagrange inversion",
        ),
        prove(
            sp.Eq(sp.Limit(following / MOMENT, k, sp.oo), EDGE, evaluate=False),
            (
                (
                    "high moments see the largest value alone: by Cauchy's and Schwarz's inequality the "
                    "ratio of neighbours grows, and its limit is the end of the support"
                ),
            ),
            _ratio,
            rule="ratio of moments",
        ),
        prove(
            sp.Implies(
                sp.Eq(PSI, 1 / n, evaluate=False),
                sp.Eq(INVERSE, 1 / EDGE, evaluate=False),
            ),
            (
                "the same once more: the series converges up to where ",
                ZETA,
                " stops growing with ",
                PSI,
                ", the only place where its derivative is 0",
            ),
            _turning,
            rule="square-root singularity",
        ),
        prove(
            sp.Implies(
                sp.Eq(PSI, 1 / n, evaluate=False),
                sp.Eq(-sp.Derivative(INVERSE, (PSI, 2)), CURVATURE, evaluate=False),
            ),
            (
                (
                    "there the series bends with this curvature, and the density of squared singular values "
                    "ends as a square root; so the largest one of matrices of width "
                ),
                N,
                " lies a few times ",
                SCALE,
                " below the edge",
            ),
            _curvature,
            rule="square-root singularity",
        ),
        prove(
            sp.Eq(sp.Limit(EDGE / n, n, sp.oo), sp.E, evaluate=False),
            (
                "while the mean ",
                sp.Eq(Mean(SQUARE), 1, evaluate=False),
                " stays, the edge grows in proportion to the depth",
            ),
            _growth,
            rule="limit",
        ),
    )
    conclusion = prove(
        sp.Eq(sp.Function("sup")(SQUARE), EDGE, evaluate=False),
        (
            "the largest squared singular value of ",
            product,
            " at infinite width: 4 for one matrix, ",
            EDGE.subs(n, 2),
            " for two, and for ten layers 28.5312",
        ),
        _figures,
    )
    return Body(
        summary=(
            (
                "Ten wide linear layers that keep the mean square of every gradient multiply some direction "
                "by more than five: the spectrum spreads with depth, and its upper edge is known exactly."
            ),
        ),
        assumptions=(
            ("every ", W[l], " is square with independent Gaussian entries of variance ", 1 / N),
            (
                "units are linear; the width goes to infinity at a fixed number of layers ",
                n,
                ", and traces of powers then have no spread",
            ),
            (
                (
                    "that such matrices are asymptotically free, so that S-transforms multiply, is "
                    "Voiculescu's theorem; the moments that follow from it are held here against all "
                    "pairings up to the fourth power and four layers"
                ),
            ),
            (
                (
                    "that no single value leaves the support, and by what law the largest one scatters "
                    "below the edge, is proved by Johnstone for one matrix and measured here for more"
                ),
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("voiculescu1987"),
            Source("penson2011"),
            Source("johnstone2001", "theorem 1.1"),
            Source("pennington2017"),
        ),
        picture={"verb": "spectrum", "activation": "identity", "depth": 10, "width": 128},
        claims=(
            Claim(
                "linear-product-edge/edge",
                (
                    (
                        "the largest squared singular value of concrete products of 1, 2, 3 and 10 Gaussian "
                        "matrices of width 300 and 400, averaged over nets, lies below the edge by what the "
                        "Tracy–Widom law takes off at that width"
                    ),
                ),
                "jacobian-edge",
                {"edge": EDGE, "scale": SCALE},
                NETS,
                scope="mean",
                regime="infinite width",
            ),
            Claim(
                "linear-product-edge/moments",
                (
                    (
                        "the mean traces of the first three powers are those of all pairings, exact at "
                        "widths 4 and 50"
                    ),
                ),
                "trace-moments",
                {"moment": trace_moment},
                SMALL,
                scope="mean",
            ),
        ),
    )


def _catalan() -> str:
    """At infinite width E Xᵏ of one matrix is the sum over where the first entry's partner stands."""
    found = [sp.S.One]
    for order in range(1, CATALAN + 1):
        exact = trace_moment(order, 1) if order < CATALAN else None
        found.append(sp.Add(*(found[j] * found[order - 1 - j] for j in range(order))))
        if exact is not None:
            prove_equal(sp.limit(exact, N, sp.oo), found[-1])
    return f"all pairings of up to {2 * CATALAN - 2} entries, the limit of polynomials in 1/N"


def _series() -> str:
    """The series with Catalan coefficients solves ψ = ζ(1 + ψ)², and the relation inverts as stated."""
    prove_equal(PSI / (1 + PSI) ** 2 * (1 + PSI) ** 2, PSI)
    solves(sp.S.One)
    return "both sides multiplied out; the convolution as a product of series, term by term"


def _multiplied() -> str:
    """What multiplicativity says of the moments, against all pairings of products of matrices."""
    for order in ORDERS:
        for depth in DEPTHS:
            exact = sp.limit(trace_moment(order, depth), N, sp.oo)
            prove_equal(exact, MOMENT.subs({k: order, n: depth}))
    how = prove_equal(sp.powsimp(INVERSE * (1 + PSI) / PSI * (1 + PSI) ** n), sp.S.One)
    return (
        f"{how}; the moments that follow are those of all pairings, up to power {ORDERS[-1]} and "
        f"{DEPTHS[-1]} matrices"
    )


def _lagrange() -> str:
    """C(a, k − 1)/k = C(a, k)/(a − k + 1), a = (n + 1) k; the series of these numbers solves the equation."""
    prove_equal(sp.gammasimp(sp.binomial(ALPHA, k - 1) / k / (sp.binomial(ALPHA, k) / (ALPHA - k + 1))), 1)
    prove_equal((n + 1) * k - k + 1, n * k + 1)
    for order in range(1, TERMS + 1):
        for depth in (1, 2, 5, 10):
            prove_equal(fuss_catalan(order, sp.Integer(depth)), MOMENT.subs({k: order, n: depth}))
    solves(n)
    return (
        "the identity of binomials for every n and k; the series put into its equation, the first "
        f"{TERMS} terms for every n"
    )


def _ratio() -> str:
    """The ratio is a product of n + 1 factors over one of n and k + 1; each over k has a limit."""
    index = sp.Symbol("i", positive=True)
    for depth in (1, 2, 3, 10):
        factors = sp.Mul(*(((depth + 1) * k + i) for i in range(1, depth + 2)))
        below = (k + 1) * sp.Mul(*(depth * k + 1 + i for i in range(1, depth + 1)))
        ratio = sp.gammasimp(MOMENT.subs(n, depth).subs(k, k + 1) / MOMENT.subs(n, depth))
        prove_equal(ratio, factors / below)
        prove_equal(sp.limit(factors / below, k, sp.oo), EDGE.subs(n, depth))
    above = sp.limit(((n + 1) * k + index) / k, k, sp.oo)
    under = sp.limit((n * k + 1 + index) / k, k, sp.oo)
    prove_equal(above ** (n + 1) / (sp.limit((k + 1) / k, k, sp.oo) * under**n), EDGE)
    return "each of its 2n + 2 factors over k, any n; as a rational function of k for 1, 2, 3, 10 matrices"


def _turning() -> str:
    slope = sp.diff(INVERSE, PSI)
    prove_equal(slope, (1 - n * PSI) / (1 + PSI) ** (n + 2))
    return prove_equal(sp.powsimp(INVERSE.subs(PSI, 1 / n) * EDGE, force=True), sp.S.One)


def _curvature() -> str:
    how = prove_equal(sp.diff(INVERSE, PSI, 2).subs(PSI, 1 / n), -CURVATURE)
    prove_equal(SCALE.subs(n, 1) ** 3, sp.Integer(16) / N**2)
    return f"{how}; for one matrix the scale is that of Johnstone, 2^(4/3) N^(−2/3)"


def _growth() -> str:
    """EDGE/n = (1 + 1/n)^(n+1), whose logarithm (n + 1) ln(1 + 1/n) tends to 1."""
    whole = sp.Symbol("n", positive=True)
    prove_equal(sp.simplify(sp.log(EDGE.subs(n, whole) / whole) - (whole + 1) * sp.log(1 + 1 / whole)), 0)
    if sp.limit((whole + 1) * sp.log(1 + 1 / whole), whole, sp.oo) != 1:
        raise RefutedError("the edge over the depth does not tend to e")
    return "the logarithm (n + 1) ln(1 + 1/n) tends to 1"


def _figures() -> str:
    how = prove_equal(EDGE.subs(n, 1), sp.Integer(4))
    if f"{float(EDGE.subs(n, 10)):.4f}" != "28.5312":
        raise RefutedError("the edge at ten layers is not the published figure")
    return f"{how}; two proofs, from the moments and from the series, give one number"
