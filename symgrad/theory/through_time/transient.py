"""How a gradient can grow for many steps although the spectral radius is below 1: a family in closed form."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import W_shared, n, x
from symgrad.symbolic.notation import Norm, NormF, phi
from symgrad.theory.entry import Body, derivation

RADIUS = sp.Symbol("rho", positive=True)
"""The spectral radius of W, the largest size of an eigenvalue."""
DEPARTURE = sp.Symbol("delta", positive=True)
"""Henrici's departure from normality, √(‖W‖_F² − Σ|λ|²): 0 exactly for a normal matrix."""
SKEW = sp.Matrix([[1, 1], [-1, -1]]) / 2
"""A nilpotent matrix of norm 1: (1, −1)ᵀ(1, 1)/2."""


def family(radius: sp.Expr = RADIUS, departure: sp.Expr = DEPARTURE) -> sp.Matrix:
    """W = ρI + (δ/2)[[1, 1], [−1, −1]]: the eigenvalue ρ twice, the departure δ from normality."""
    return radius * sp.eye(2) + departure * SKEW


def power(steps: sp.Expr = n) -> sp.Matrix:
    """Wⁿ of the family: ρⁿ⁻¹(ρI + (nδ/2)[[1, 1], [−1, −1]])."""
    return RADIUS ** (steps - 1) * (RADIUS * sp.eye(2) + steps * DEPARTURE * SKEW)


def power_norm(radius: sp.Expr = RADIUS, departure: sp.Expr = DEPARTURE, steps: sp.Expr = n) -> sp.Expr:
    """‖Wⁿ‖₂ of the family, ρ > 0: ρⁿ exp(asinh(nδ/2ρ))."""
    return radius**steps * sp.exp(sp.asinh(steps * departure / (2 * radius)))


def hump(radius: sp.Expr = RADIUS, departure: sp.Expr = DEPARTURE) -> sp.Expr:
    """The real n* at which ‖Wⁿ‖₂ of the family is largest, 0 < ρ < 1; not real where it only falls."""
    return sp.sqrt(1 / sp.log(radius) ** 2 - 4 * radius**2 / departure**2)


def peak(radius: sp.Rational, departure: sp.Rational) -> int:
    """The whole n ≥ 0 at which ‖Wⁿ‖₂ of the family is largest, 0 < ρ < 1, δ > 0: beside n* or 0."""
    at = hump(radius, departure)
    if not at.is_real:
        return 0
    below = int(sp.floor(at))
    logs = [sp.log(power_norm(radius, departure, sp.Integer(n))).evalf(40) for n in (below, below + 1)]
    return below if logs[0] >= logs[1] else below + 1


@derivation(
    "transient-growth", "Spectral radius below 1, and the gradient grows for many steps first", "time"
)
def transient_growth() -> Body:
    """W = ρI + (δ/2)[[1, 1], [−1, −1]]: ‖Wⁿ‖₂ = ρⁿ exp(asinh(nδ/2ρ)), largest at n* = √(1/ln²ρ − 4ρ²/δ²)."""
    steps = (
        prove(
            sp.Eq(DEPARTURE**2, NormF(family()) ** 2 - 2 * RADIUS**2, evaluate=False),
            (
                "the departure from normality is what the squared eigenvalues leave of the squared entries; ",
                "both eigenvalues are ",
                RADIUS,
            ),
            _departure,
            rule="definition",
        ),
        prove(
            sp.Eq(sp.MatPow(family(), n), power(), evaluate=False),
            ("as the second part of the matrix has the square 0",),
            _powers,
            rule="induction",
        ),
        prove(
            sp.Eq(Norm(sp.MatPow(family(), n)), power_norm(), evaluate=False),
            (
                "two units with the eigenvalue ",
                RADIUS,
                " twice: however large the departure ",
                DEPARTURE,
                " from normality is, the spectral radius stays",
            ),
            _norm_of_family,
            rule="transient",
        ),
        prove(
            sp.Eq(sp.Symbol("n_max"), hump(), evaluate=False),
            (
                "for ",
                sp.Lt(RADIUS, 1),
                " the norm of that family rises up to here and falls from then on, when the root is real: ",
                "when ",
                sp.Gt(DEPARTURE, -2 * RADIUS * sp.log(RADIUS)),
                ". Otherwise it falls from the start",
            ),
            _hump,
            rule="maximum",
        ),
    )
    conclusion = prove(
        sp.Implies(sp.Gt(DEPARTURE, 1 - RADIUS**2), sp.Gt(Norm(family()), 1, evaluate=False), evaluate=False),
        (
            (
                "beyond this departure the very first step can make the gradient longer, although it "
                "vanishes in the end for "
            ),
            sp.Lt(RADIUS, 1),
        ),
        _first_step,
    )
    tenths, four = sp.Rational(9, 10), sp.Integer(4)
    norm = power_norm(tenths, four)
    return Body(
        summary=(
            (
                "Two linear units with both eigenvalues below 1 whose gradient grows before it vanishes: the "
                "norm of every power in closed form, and the step at which it is largest."
            ),
        ),
        assumptions=(
            (
                sp.Eq(phi(x), x, evaluate=False),
                ": a linear net with ",
                sp.Eq(W_shared, family(), evaluate=False),
            ),
            (RADIUS, " is the spectral radius, both eigenvalues"),
            (DEPARTURE, " is the departure from normality (Henrici), 0 for a normal matrix alone"),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("trefethen2005", "section 16"),),
        picture={"verb": "spectral-radius", "radius": "9/10", "departure": "4"},
        claims=(
            Claim(
                "transient-growth/norm",
                ("the norm of every power is the closed form, and it is largest where the derivation says",),
                "matrix-powers",
                expects={
                    "weights": family(tenths, four).tolist(),
                    "power": n,
                    "lower": norm,
                    "upper": norm,
                    "peak": sp.Integer(peak(tenths, four)),
                },
                nets=({"activation": "identity", "depth": 200},),
            ),
        ),
    )


def _powers() -> str:
    prove_equal(power(sp.S.One), family())
    how = prove_equal((family() * power()).applyfunc(sp.expand), power(n + 1).applyfunc(sp.expand))
    return f"{how}: the induction step for a symbol n"


def _norm_of_family() -> str:
    """With y = nδ/2ρ, the Gram matrix of Wⁿ has determinant ρ⁴ⁿ, trace ρ²ⁿ(2 + 4y²) = 2ρ²ⁿcosh(2 asinh y)."""
    gram, square = (power().T * power()).applyfunc(sp.expand), power_norm() ** 2
    determinant = RADIUS ** (4 * n)
    prove_equal(sp.powsimp(sp.expand(gram.det())), determinant)
    total = (square + determinant / square).rewrite(sp.log)
    prove_equal(
        sp.expand(sp.simplify(total / RADIUS ** (2 * n))), sp.expand(gram.trace() / RADIUS ** (2 * n))
    )
    return "the two singular values from the trace and the determinant of (Wⁿ)ᵀWⁿ, n a symbol"


def _hump() -> str:
    """f(n) = ln ‖Wⁿ‖ = −nr + asinh(nδ/2ρ), r = −ln ρ > 0: f′(n*) = 0 and f″ < 0."""
    count, rate = sp.symbols("n r", positive=True)
    norm = -count * rate + sp.asinh(count * DEPARTURE / (2 * RADIUS))
    slope = 1 / sp.sqrt(count**2 + 4 * RADIUS**2 / DEPARTURE**2) - rate
    prove_equal(sp.diff(norm, count), slope)
    square = (hump() ** 2).subs(sp.log(RADIUS), -rate)
    prove_equal(square + 4 * RADIUS**2 / DEPARTURE**2, 1 / rate**2)
    bend = sp.diff(slope, count)
    if not sp.simplify(bend).is_negative:
        raise RefutedError("the logarithm of the norm is not concave")
    return "the derivative of ln‖Wⁿ‖ is 1/√(n² + 4ρ²/δ²) + ln ρ, which falls in n and is 0 there alone"


def _departure() -> str:
    if set(family().eigenvals()) != {RADIUS}:
        raise RefutedError("both eigenvalues are not ρ")
    square = sum(entry**2 for entry in family())
    return prove_equal(sp.expand(square - 2 * RADIUS**2), DEPARTURE**2) + "; both eigenvalues are ρ"


def _first_step() -> str:
    """‖W‖₂ = (δ + √(δ² + 4ρ²))/2, which is 1 at δ = 1 − ρ² for ρ ≤ 1 and grows with δ."""
    plain = (DEPARTURE + sp.sqrt(DEPARTURE**2 + 4 * RADIUS**2)) / 2
    prove_equal(power_norm(steps=sp.S.One).rewrite(sp.log), plain)
    slack = sp.Symbol("s", positive=True)
    at = sp.factor((DEPARTURE**2 + 4 * RADIUS**2).subs(DEPARTURE, 1 - RADIUS**2))
    prove_equal(at, (1 + RADIUS**2) ** 2)
    how = prove_equal((1 - RADIUS**2 + 1 + RADIUS**2) / 2, sp.S.One)
    if not sp.diff(plain, DEPARTURE).subs(RADIUS, slack).is_positive:
        raise RefutedError("the norm does not grow with the departure")
    return f"{how} at the threshold, where the root is 1 + ρ²; the norm grows with δ"
