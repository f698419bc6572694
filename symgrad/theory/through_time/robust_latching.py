"""n units: what holds a state against small disturbances makes the gradient through it vanish."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import T, delta, h, k, n, radius, rate, t
from symgrad.symbolic.notation import Chain, Juxtaposed, NormAny, Partial, Transposed
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.induction import by_induction
from symgrad.theory.through_time.latching import powers_vanish

__all__ = ["FIRST", "SECOND", "robust_latching"]

FIRST, SECOND = sp.ImmutableMatrix([[0, 2], [0, 0]]), sp.ImmutableMatrix([[0, 0], [2, 0]])
"""Two Jacobians, each of spectral radius 0, whose products grow."""
HYPERBOLIC = sp.Matrix([[sp.Rational(1, 2), 8], [0, sp.Rational(1, 2)]]), sp.Rational(3, 4)
"""A Jacobian of spectral radius 1/2 and norm above 8, and a rate above the one."""
POWERS = range(1, 7)
J = sp.IndexedBase("J")
"""The Jacobians of the steps."""
_share = sp.Symbol("p", positive=True)


@derivation("robust-latching", "n units: robust latching and a lasting gradient exclude each other", "time")
def robust_latching() -> Body:
    """‖J_t‖ ≤ λ < 1 in one norm on the ball: ‖∂h_T/∂h_0‖ ≤ λᵀ; disturbances up to δ = (1 − λ)r a step are
    forgiven, so the price of forgiving them is (1 − δ/r)ᵀ ≤ e^{−Tδ/r}.
    """
    jacobian, still = Partial(h[T], h[0]), sp.Symbol("J", commutative=False)
    norm = sp.Symbol("P", commutative=False)
    below = sp.Lt(rate, 1)
    steps = (
        prove(
            sp.Eq(jacobian, Chain(J[t], t, 1, T), evaluate=False),
            ("the chain rule through ", T, " steps, ", J[t], " the Jacobian of step ", t),
            _chain,
            rule="chain rule",
        ),
        prove(
            sp.Le(NormAny(jacobian), rate**T, evaluate=False),
            (
                "a norm of a product is at most the product of the norms, here all in one norm; for every ",
                T,
            ),
            lambda: by_induction(rate**T, T, sp.S.Zero, sp.S.One, lambda before: rate * before),
            rule="submultiplicativity",
        ),
        prove(
            sp.Eq(
                sp.MatPow(FIRST * SECOND, n),
                4**n * sp.Matrix([[1, 0], [0, 0]]),
                evaluate=False,
            ),
            (
                "why it must be one norm: ",
                FIRST,
                " and ",
                SECOND,
                (
                    " have the spectral radius 0, so each contracts in some norm of its own, and their "
                    "product grows fourfold with every pair"
                ),
            ),
            _apart,
            rule="counterexample",
        ),
        prove(
            sp.Eq(
                Juxtaposed(Transposed(still), norm, still),
                rate**2 * (norm - sp.Symbol("I", commutative=False)),
                evaluate=False,
            ),
            (
                "an attractor whose Jacobian ",
                still,
                " has all eigenvalues below ",
                rate,
                " in size has such a norm: the root of ",
                Juxtaposed(Transposed(sp.Symbol("v")), norm, sp.Symbol("v")),
                " with ",
                norm,
                " the sum of ",
                rate ** (-2 * k) * Juxtaposed(Transposed(still) ** k, still**k),
                " over ",
                sp.Ge(k, 0, evaluate=False),
                ", in which ",
                sp.Le(NormAny(still), rate, evaluate=False),
                ". Near the attractor, by continuity, any larger rate below 1 holds for every step",
            ),
            _adapted,
            rule="adapted norm",
        ),
        prove(
            sp.Eq(rate * radius + (1 - rate) * radius, radius, evaluate=False),
            (
                "two states at most ",
                radius,
                " apart are at most ",
                rate * radius,
                " apart after a step; a disturbance up to ",
                sp.Eq(delta, (1 - rate) * radius, evaluate=False),
                " at every step keeps the state within ",
                radius,
                " of the undisturbed one for ever",
            ),
            _kept,
            rule="robustness",
        ),
        prove(
            sp.Le((1 - delta / radius) ** T, sp.exp(-T * delta / radius), evaluate=False),
            (
                "the rate written with what it forgives, ",
                sp.Eq(rate, 1 - delta / radius, evaluate=False),
                ": the more is forgiven, the faster the gradient vanishes",
            ),
            _price,
            rule="trade-off",
        ),
    )
    conclusion = prove(
        sp.Implies(below, sp.Eq(sp.Limit(NormAny(jacobian), T, sp.oo), 0, evaluate=False), evaluate=False),
        (
            "squeezed between 0 and the bound; in any other norm too, since norms on ",
            n,
            " units differ by a constant factor, which does not depend on ",
            T,
        ),
        powers_vanish,
    )
    return Body(
        summary=(
            (
                "Whatever the number of units: a net that holds its state near an attractor against "
                "disturbances, contracting in one norm, has an exponentially vanishing gradient there."
            ),
        ),
        assumptions=(
            (
                "on a ball of radius ",
                radius,
                " around the undisturbed states, in one norm, ",
                sp.Le(NormAny(J[t]), rate, evaluate=False),
                " for every step ",
                t,
                ", with one rate ",
                below,
            ),
            ("the states stay in that ball",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("bengio1994", "section IV"),),
        picture={"verb": "latching", "w": "3/2", "noise": "1/10"},
        claims=(
            Claim(
                "robust-latching/contraction",
                (
                    (
                        "nets of units that latch: disturbances of the allowed size never leave the ball, "
                        "and the gradient stays under the power of the rate"
                    ),
                ),
                "contraction",
                nets=tuple(
                    {"activation": "tanh", "width": width, "weight": weight, "coupling": coupling}
                    for width, weight, coupling in (
                        (1, 2.0, 0.0),
                        (2, 2.0, 0.2),
                        (4, 1.8, 0.1),
                        (8, 2.5, 0.05),
                    )
                ),
            ),
            Claim(
                "robust-latching/random-nets",
                ("no net drawn at random, and none that climbs towards the bound, is beyond it",),
                "recurrent-bound",
                expects={"bound": "contraction"},
            ),
        ),
    )


def _chain() -> str:
    """Two units, one smooth map a step with free entries: the Jacobian of the composed map."""
    start = sp.Matrix(sp.symbols("h1:3", real=True))
    steps = [sp.Matrix(2, 2, sp.symbols(f"a{step}_1:5", real=True)) for step in range(1, 4)]
    value, product = start, sp.eye(2)
    for matrix in steps:
        pre = matrix * value
        value = pre.applyfunc(sp.tanh)
        product = sp.diag(*(1 - entry**2 for entry in value)) * matrix * product
    return prove_equal(value.jacobian(start), product) + "; three steps of two units, weights letters"


def _apart() -> str:
    for matrix in (FIRST, SECOND):
        if set(matrix.eigenvals()) != {sp.S.Zero}:
            raise RefutedError("a factor has another eigenvalue than 0")
    product = FIRST * SECOND
    prove_equal(product, 4 * sp.diag(1, 0))
    how = prove_equal((product**n).applyfunc(sp.simplify), 4**n * sp.diag(1, 0))
    return f"every n: {how}; both factors have the eigenvalue 0 alone"


def _adapted() -> str:
    """The sum up to K leaves a remainder λ^{−2K}(Jᵀ)ᴷJᴷ, which tends to 0; on an example the whole sum."""
    left, right = sp.symbols("A B", commutative=False)
    for terms in POWERS:
        total = sum((rate ** (-2 * m) * left**m * right**m for m in range(terms)), sp.S.Zero)
        remainder = rate ** (2 - 2 * terms) * left**terms * right**terms
        prove_equal(sp.expand(left * total * right), sp.expand(rate**2 * (total - 1) + remainder))
    matrix, bound = HYPERBOLIC
    entries = sp.symbols("p1:4", real=True)
    form = sp.Matrix([[entries[0], entries[1]], [entries[1], entries[2]]])
    stein = matrix.T * form * matrix - bound**2 * (form - sp.eye(2))
    solved = form.subs(sp.solve(list(stein), entries, dict=True)[0])
    room = bound**2 * solved - matrix.T * solved * matrix
    for symmetric in (solved, room):
        if not (symmetric[0, 0] > 0 and symmetric.det() > 0):
            raise RefutedError("the form is not positive definite, or the matrix does not contract in it")
    return (
        f"with the order of the factors kept, sums of {POWERS[0]} … {POWERS[-1]} terms with their remainder; "
        "an example of norm above 8 and spectral radius 1/2 contracts by 3/4 in its own norm"
    )


def _kept() -> str:
    """The distance after t steps solves d_t = λ d_{t−1} + δ at worst: it stays at r when it begins there."""
    allowed = (1 - rate) * radius
    distance = allowed * (1 - rate**T) / (1 - rate)
    how = by_induction(distance, T, sp.S.Zero, sp.S.Zero, lambda before: rate * before + allowed)
    prove_equal(distance, radius * (1 - rate**T))
    return f"the distance is at most r(1 − λᵀ) < r; {how}"


def _price() -> str:
    """g = e^{−p} − (1 − p): g(0) = g′(0) = 0 and g″ = e^{−p} > 0."""
    gap = sp.exp(-_share) - (1 - _share)
    begins = gap.subs(_share, 0), sp.diff(gap, _share).subs(_share, 0)
    how = prove_equal(sp.diff(gap, _share, 2), sp.exp(-_share))
    if begins != (0, 0) or not sp.exp(-_share).is_positive:
        raise RefutedError("e^(−p) is not above 1 − p")
    return f"e^(−p) − (1 − p) begins at 0 with the slope 0 and is convex ({how}); both sides to the power T"
