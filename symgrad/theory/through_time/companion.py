"""A second net of spectral radius 0, whose gradient explodes on typical orbits, not at one state alone."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import T, W_shared, b_shared, h, t, x
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial, phi
from symgrad.theory.chain import DEPTHS, instantiated
from symgrad.theory.entry import Body, derivation
from symgrad.theory.norm_bound import suprema
from symgrad.theory.through_time.transient import family

WEIGHTS = family(sp.S.Zero, sp.Integer(8))
"""[[4, 4], [−4, −4]]: W² = 0."""
BIAS = sp.Matrix([1, -6])
ONES = sp.Matrix([[1, 1]])
SUM, FACTOR = sp.IndexedBase("r", real=True), sp.IndexedBase("m", real=True)
"""The sum r_t of the two units at a step, and by how much it multiplies a change of the sum before."""
EXPONENT, TOLERANCE = sp.Rational(481, 1000), sp.Rational(1, 200)
"""The Lyapunov exponent to three digits, and how far off a measurement of a few seconds may find it."""
CERTAIN = 2.576
"""Standard deviations of a normal distribution on either side that hold 99 % of it."""


def step(total: sp.Expr) -> sp.Expr:
    """r_t as a function of r_{t−1}."""
    upper, lower = WEIGHTS[0, 0] * total + BIAS[0], WEIGHTS[1, 0] * total + BIAS[1]
    return sp.tanh(upper) + sp.tanh(lower)


def slope(total: sp.Expr) -> sp.Expr:
    """The derivative of that function."""
    first, second = (WEIGHTS[i, 0] * total + BIAS[i] for i in range(2))
    return WEIGHTS[0, 0] * (sp.tanh(second) ** 2 - sp.tanh(first) ** 2)


@dataclass(frozen=True)
class Exponent:
    """The mean over orbits of (1/n) ln ‖(1, 1) ∂h_n/∂h_0‖, and half of its 99 % interval; an estimate."""

    value: float
    half_width: float
    orbits: int
    steps: int


@cache
def exponent(orbits: int = 256, steps: int = 2000, settle: int = 500) -> Exponent:
    """The mean of ln|m_t| in float64 from starts drawn in (−1, 1)²; `settle` steps go first."""
    total = np.random.default_rng(0).uniform(-1, 1, (orbits, 2)).sum(axis=1)
    logs = np.zeros(orbits)
    gain, below = float(WEIGHTS[0, 0]), tuple(float(entry) for entry in BIAS)
    for now in range(settle + steps):
        upper, lower = np.tanh(gain * total + below[0]), np.tanh(-gain * total + below[1])
        if now >= settle:
            logs += np.log(np.abs(gain * (lower**2 - upper**2)))
        total = upper + lower
    means = logs / steps
    return Exponent(float(means.mean()), CERTAIN * float(means.std(ddof=1)) / orbits**0.5, orbits, steps)


@derivation("chaotic-companion", "Spectral radius 0, and the gradient explodes on typical orbits", "time")
def chaotic_companion() -> Body:
    """W = [[4, 4], [−4, −4]], b = (1, −6): (1, 1)∂h_T/∂h_0 = ∏ m_t·(1, 1), an exponent of about 0.481."""
    first, second = sp.symbols("d1 d2", real=True)
    followed = Juxtaposed(ONES, Partial(h[T], h[0]))
    steps = (
        prove(
            sp.Eq(sp.MatPow(WEIGHTS, 2), sp.zeros(2, 2), evaluate=False),
            ("the spectral radius is 0, as in the exact counterexample",),
            lambda: prove_equal(WEIGHTS**2, sp.zeros(2, 2)),
            rule="spectral radius",
        ),
        prove(
            sp.Eq(
                sp.MatMul(ONES, sp.diag(first, second), WEIGHTS, evaluate=False),
                4 * (first - second) * ONES,
                evaluate=False,
            ),
            ("whatever the slopes are, the row (1, 1) is multiplied by a number",),
            lambda: prove_equal(ONES * sp.diag(first, second) * WEIGHTS, 4 * (first - second) * ONES),
            rule="eigenvector",
        ),
        prove(
            sp.Eq(SUM[t], step(SUM[t - 1]), evaluate=False),
            ("the sum of the two units follows a map of one dimension",),
            _one_dimension,
            rule="reduction",
        ),
        prove(
            sp.Eq(FACTOR[t], slope(SUM[t - 1]), evaluate=False),
            ("the derivative of that map, as tanh has the slope 1 − tanh²",),
            _slope,
            rule="derivative",
        ),
        prove(
            sp.Eq(followed, Juxtaposed(sp.Product(FACTOR[t], (t, 1, T)), ONES), evaluate=False),
            ("that number is the derivative of the map, at every step",),
            _product,
            rule="product over time",
        ),
        prove(
            sp.Ge(Norm(Partial(h[T], h[0])), sp.Product(sp.Abs(FACTOR[t]), (t, 1, T)), evaluate=False),
            ("the norm of a matrix is at least what it does to one row, and the length of (1, 1) cancels",),
            _at_least,
            rule="lower bound",
        ),
    )
    found = exponent()
    conclusion = prove(
        sp.Gt(sp.Limit(sp.log(Norm(Partial(h[T], h[0]))) / T, T, sp.oo), 0, evaluate=False),
        (
            (
                "on typical orbits: the mean of the logarithm of the derivative along them, the Lyapunov "
                "exponent of the map, is about "
            ),
            sp.Float(round(found.value, 3), 3),
            ". This one number is measured, not proved",
        ),
        lambda: _positive(found),
    )
    return Body(
        summary=(
            (
                "A tanh net whose recurrent weights have spectral radius 0 and whose gradient grows "
                "exponentially on typical orbits: the counterexample does not hang on one unstable state."
            ),
        ),
        assumptions=(
            (
                sp.Eq(h[t], phi(Juxtaposed(W_shared, h[t - 1]) + b_shared), evaluate=False),
                " entry by entry, with ",
                sp.Eq(phi(x), sp.tanh(x), evaluate=False),
            ),
            (sp.Eq(W_shared, WEIGHTS, evaluate=False), " and ", sp.Eq(b_shared, BIAS, evaluate=False)),
            ("typical: from almost every start, as orbits from random starts show it",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("pascanu2013", "section 2.1"), Source("eckmann1985")),
        proof="estimated",
        picture={"verb": "spectral-radius", "preset": "chaotic"},
        claims=(
            Claim(
                "chaotic-companion/exponent",
                ("the gradient grows at this rate on typical orbits, although the spectral radius is 0",),
                "lyapunov",
                expects={
                    "gamma": suprema("tanh"),
                    "weights": WEIGHTS.tolist(),
                    "bias": list(BIAS),
                    "exponent": EXPONENT,
                    "tolerance": TOLERANCE,
                },
                nets=({"activation": "tanh", "depth": 4000},),
                scope="typical",
            ),
        ),
    )


def _one_dimension() -> str:
    state = sp.Matrix(sp.symbols("h1 h2", real=True))
    after = (WEIGHTS * state + BIAS).applyfunc(sp.tanh)
    total = sp.Symbol("r", real=True)
    how = prove_equal(sum(after), step(total).subs(total, sum(state)))
    return f"{how}: W h depends on h through the sum of its units alone"


def _slope() -> str:
    total = sp.Symbol("r", real=True)
    return prove_equal(sp.diff(step(total), total), slope(total))


def _product() -> str:
    """The rows of the composed net, differentiated outright, against the product of m along the sums."""

    def composed(depth: int) -> None:
        state = sp.Matrix(sp.symbols("h1 h2", real=True))
        value, product = state, sp.S.One
        for _ in range(depth):
            product *= slope(sum(value))
            value = (WEIGHTS * value + BIAS).applyfunc(sp.tanh)
        prove_equal(ONES * value.jacobian(state), product * ONES)

    first, second = sp.symbols("d1 d2", real=True)
    product = sp.Symbol("p", real=True)
    prove_equal(product * ONES * sp.diag(first, second) * WEIGHTS, product * 4 * (first - second) * ONES)
    return instantiated(composed, DEPTHS[:3]) + "; the induction step with slopes that are symbols"


def _at_least() -> str:
    """‖g A‖ ≤ ‖g‖‖A‖ with g A = p g leaves |p| ≤ ‖A‖."""
    scale = sp.Symbol("p", real=True)
    how = prove_equal(sp.sqrt(sum((scale * entry) ** 2 for entry in ONES)), sp.Abs(scale) * sp.sqrt(2))
    return f"{how}: ‖p·(1, 1)‖ = |p|‖(1, 1)‖, and ‖g A‖ ≤ ‖g‖‖A‖ (page norm-bound)"


def _positive(found: Exponent) -> str:
    if not found.value - 2 * found.half_width > 0:
        raise RefutedError(f"the exponent {found.value} ± {found.half_width} is not above 0")
    if not abs(found.value - float(EXPONENT)) < float(TOLERANCE):
        raise RefutedError(f"the exponent is {found.value}")
    return (
        f"estimated on {found.orbits} orbits of {found.steps} steps in float64: {found.value:.3f}, the 99 % "
        "interval of its mean far above 0"
    )
