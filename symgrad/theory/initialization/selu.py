"""SELU: its two constants from the demand that mean 0 and variance 1 stay, and why that point attracts."""

import sympy as sp
from flint import arb

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import ball, enclose, precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.pieces import Piece, pieces
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.gaussian.quadrature import Integrand, square_mean
from symgrad.symbolic.gaussian.terms import closed_mean
from symgrad.symbolic.letters import x
from symgrad.symbolic.notation import Mean, Norm, dphi, phi
from symgrad.symbolic.number import BITS
from symgrad.symbolic.zeros.cuts import cuts
from symgrad.theory.activations import CORE
from symgrad.theory.entry import Body, derivation

__all__ = ["MEAN", "NU", "SECOND", "jacobian", "self_normalizing"]

ENTRY = CORE["selu"]
ALPHA, SCALE = ENTRY.parameters
NU = sp.Symbol("nu", positive=True)
"""The variance of a layer's units, and with normalised weights of the next pre-activations."""
VALUES = {**ENTRY.parameters, NU: sp.S.One}
Z = sp.Symbol("z", real=True)
PIECES = pieces(ENTRY.expression, x, ENTRY.parameters)
MEAN = closed_mean(PIECES, x, NU, VALUES)
"""E φ(√ν z), with α and λ as letters."""
SECOND = closed_mean([Piece(part.lo, part.hi, part.expr**2) for part in PIECES], x, NU, VALUES)
"""E φ(√ν z)²."""
DECIMALS = {ALPHA: "1.67326324235", SCALE: "1.05070098736"}
"""As published, rounded to eleven decimals."""
BARE = sp.expand(SECOND.subs(NU, 1) / SCALE**2)
ON_MEAN, ON_VARIANCE = sp.symbols("J_12 J_22", real=True)
"""Entries of the Jacobian; those of its first column are 0."""
WIDTH, DEEP = 128, 5


def jacobian() -> sp.Matrix:
    """∂(mean, variance)/∂(mean, variance) of one layer at mean 0 and variance 1, α and λ as letters.

    Rows of weights have sum 0, so the mean that enters does not matter: the first column is 0. The variance
    E φ² − (E φ)² has the derivative of E φ² there, since E φ is 0.
    """
    variance = SECOND - MEAN**2
    return sp.Matrix([[0, sp.diff(MEAN, NU)], [0, sp.diff(variance, NU)]]).subs(NU, 1)


@derivation(
    "selu-constants", "SELU's constants solve two equations, and their fixed point attracts", "initialization"
)
def self_normalizing() -> Body:
    """E φ = 0 and E φ² = 1 at variance 1 give α and λ; the Jacobian there has norm 0.7877 < 1."""
    at = sp.sqrt(NU) * Z
    alpha = ENTRY.parameters[ALPHA]
    matrix = jacobian()
    chi1 = _slope_square()
    steps = (
        prove(
            sp.Eq(Mean(phi(at)), MEAN, evaluate=False),
            ("the mean of a unit whose pre-activation has mean 0 and variance ", NU),
            lambda: _against_arb(MEAN),
            rule="Gaussian integral",
        ),
        prove(
            sp.Eq(Mean(phi(at) ** 2), SECOND, evaluate=False),
            ("its second moment: the squares of both exponentials are completed",),
            lambda: _against_arb(SECOND),
            rule="Gaussian integral",
        ),
        prove(
            sp.Equivalent(
                sp.Eq(Mean(phi(Z)), 0, evaluate=False), sp.Eq(ALPHA, sp.simplify(alpha), evaluate=False)
            ),
            ("mean 0 at variance 1: an equation linear in ", ALPHA, f", solved by {DECIMALS[ALPHA]}"),
            _alpha,
            rule="mean 0",
        ),
        prove(
            sp.Eq(MEAN.subs(NU, 1).subs(ALPHA, sp.simplify(alpha)), 0, evaluate=False),
            ("put back into the equation, whatever ", SCALE),
            lambda: prove_equal(MEAN.subs(NU, 1).subs(ALPHA, alpha), sp.S.Zero),
            rule="mean 0",
        ),
        prove(
            sp.Equivalent(
                sp.Eq(Mean(phi(Z) ** 2), 1, evaluate=False), sp.Eq(SCALE, 1 / sp.sqrt(BARE), evaluate=False)
            ),
            (
                "variance 1: an equation in the square of ",
                SCALE,
                f", whose positive root is {DECIMALS[SCALE]} with that ",
                ALPHA,
            ),
            _scale,
            rule="variance 1",
        ),
        prove(
            sp.Eq(ON_MEAN, matrix[0, 1], evaluate=False),
            (
                "how the mean answers to the variance at ",
                sp.Eq(NU, 1),
                f": the derivative is {_decimals(matrix[0, 1])}",
            ),
            lambda: _quotient(matrix[0, 1], MEAN),
            rule="Jacobian",
        ),
        prove(
            sp.Eq(ON_VARIANCE, sp.diff(SECOND, NU).subs(NU, 1), evaluate=False),
            (f"how the variance answers to itself: {_decimals(matrix[1, 1])}; the mean has no part",),
            lambda: _quotient(matrix[1, 1], SECOND - MEAN**2),
            rule="Jacobian",
        ),
        prove(
            sp.Gt(Mean(dphi(Z) ** 2), 1, evaluate=False),
            (f"what keeps the signal makes the squared gradient grow by {_decimals(chi1)} a layer",),
            lambda: _above_one(chi1),
            rule="gradient",
        ),
    )
    conclusion = prove(
        sp.Lt(Norm(sp.Matrix([[0, ON_MEAN], [0, ON_VARIANCE]])), 1, evaluate=False),
        (f"the norm of the Jacobian is {_decimals(_norm())}: near the point a layer brings both closer",),
        _contracts,
    )
    return Body(
        summary=(
            (
                "Demand that mean 0 and variance 1 pass through a layer, and both constants of SELU follow; "
                "the point attracts signals, while the squared gradient grows by seven per cent a layer."
            ),
        ),
        assumptions=(
            (
                "φ is SELU: ",
                SCALE * x,
                " for positive ",
                x,
                ", ",
                SCALE * ALPHA * (sp.exp(x) - 1),
                " for negative",
            ),
            ("the weights of a unit have sum 0 and sum of squares 1, as the paper has them; no biases",),
            ("the width is infinite, so that pre-activations are Gaussian; ", Z, " is a standard one"),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("klambauer2017", "eq 2, 14 and section A"),),
        claims=(
            Claim(
                "selu-constants/map",
                ("normalised layers move mean and variance as the map does, to 0.05 at width 128",),
                "normalized-rows",
                expects={
                    "letter": NU,
                    "mean": MEAN.xreplace(dict(ENTRY.parameters)),
                    "second": SECOND.xreplace(dict(ENTRY.parameters)),
                },
                nets=tuple(
                    {"activation": "selu", "depth": depth, "width": WIDTH, "mean": mean, "variance": variance}
                    for depth, mean, variance in ((1, 0.5, 2.0), (3, -0.4, 0.3), (DEEP, 0.3, 2.5))
                ),
                scope="mean",
                regime="infinite width",
            ),
            Claim(
                "selu-constants/gradient",
                ("a layer keeps the variance 1 and multiplies the squared gradient by the factor found",),
                "layer-moments",
                expects={"q": sp.S.One, "forward": {"selu": sp.S.One}, "backward": {"selu": chi1}},
                nets=({"activation": "selu", "depth": 4, "width": WIDTH, "sigma_w": 1.0},),
                scope="mean",
                regime="infinite width",
            ),
        ),
        proof="certified",
        picture={"verb": "simulate", "activation": "selu", "sigma_w": 1.0, "width": 128, "batch": 4},
    )


def _against_arb(form: sp.Expr) -> str:
    """The form at three variances against Arb's quadrature: E φ = ½ (E (φ + 1)² − E φ² − 1)."""
    functions = [(f, cuts(f, x)) for f in (ENTRY.phi, ENTRY.phi + 1)]
    for variance in (sp.Rational(1, 3), sp.S.One, sp.Integer(4)):
        square, moved = (square_mean(Integrand(f, x, 0, variance, found)) for f, found in functions)
        with precision(BITS):
            enclosed = square if form is SECOND else (moved - square - 1) / 2
            if not ball(form.subs(NU, variance).xreplace(dict(ENTRY.parameters))).overlaps(enclosed):
                raise RefutedError(f"{form} is not the integral at variance {variance}")
    return "integrated by rules for every variance; inside Arb's enclosures at 1/3, 1 and 4"


def _alpha() -> str:
    (found,) = sp.solve(sp.Eq(MEAN.subs(NU, 1), 0), ALPHA)
    how = prove_equal(found, ENTRY.parameters[ALPHA])
    return f"the one solution: {how}; {_published(ALPHA)}"


def _scale() -> str:
    square = sp.Symbol("s")
    (found,) = sp.solve(sp.Eq(square * BARE, 1), square)
    how = prove_equal(found.subs(ALPHA, ENTRY.parameters[ALPHA]), ENTRY.parameters[SCALE] ** 2)
    return f"linear in the square, which has one positive root: {how}; {_published(SCALE)}"


def _published(letter: sp.Symbol) -> str:
    decimal = enclose(ENTRY.parameters[letter]).decimal
    if abs(sp.Rational(decimal) - sp.Rational(DECIMALS[letter])) > sp.Rational(1, 2 * 10**11):
        raise RefutedError(f"{decimal} is not the published {DECIMALS[letter]}")
    return f"to thirty digits {decimal}"


def _quotient(entry: sp.Expr, form: sp.Expr) -> str:
    """The entry against a central difference of the form it is the derivative of."""
    step = sp.Rational(1, 10**9)
    with precision(BITS):
        ends = [ball(form.subs(NU, 1 + sign * step).xreplace(dict(ENTRY.parameters))) for sign in (1, -1)]
        quotient, value = (ends[0] - ends[1]) / ball(2 * step), _number(entry)
        if not abs(quotient - value) < 1e-15:
            raise RefutedError(f"the derivative {value} is not the quotient {quotient}")
    return "differentiated by rules; the difference quotient at 10⁻⁹ agrees to fifteen digits"


def _number(form: sp.Expr) -> arb:
    with precision(BITS):
        return ball(form.xreplace(dict(ENTRY.parameters)))


def _decimals(form: sp.Expr) -> str:
    """Six digits."""
    return f"{float(_number(form)):.6g}"


def _norm() -> sp.Expr:
    """√(J_12² + J_22²): the largest singular value of a matrix with one column."""
    matrix = jacobian()
    return sp.sqrt(matrix[0, 1] ** 2 + matrix[1, 1] ** 2)


def _slope_square() -> sp.Expr:
    """E φ′(z)², the square of the slope of each side against half a Gaussian."""
    squares = [Piece(part.lo, part.hi, sp.diff(part.expr, x) ** 2) for part in PIECES]
    return closed_mean(squares, x, NU, VALUES).subs(NU, 1).xreplace(dict(ENTRY.parameters))


def _above_one(chi1: sp.Expr) -> str:
    enclosed = square_mean(Integrand(ENTRY.phi, x, 1, sp.S.One, cuts(ENTRY.phi, x)))
    if not (_number(chi1) > 1 and _number(chi1).overlaps(enclosed)):
        raise RefutedError("the mean squared slope is not above 1, or not Arb's")
    return "closed form, inside Arb's enclosure"


def _contracts() -> str:
    norm, inner = _number(_norm()), _number(jacobian()[1, 1])
    if not (norm < 1 and inner > 0 and abs(norm - arb("0.7877")) < 5e-5):
        raise RefutedError(f"the norm of the Jacobian is {norm}, not 0.7877")
    return "in balls: the norm is the published 0.7877, the eigenvalues are 0 and J_22"
