"""One tanh unit with a weight on itself: when it latches a bit, and how fast it then forgets by gradient."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.limits import limit
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import T, h, t, w_scalar, x, y
from symgrad.symbolic.named_root import NamedRoot
from symgrad.symbolic.notation import ZeroSet
from symgrad.symbolic.ranges.extremum import Value
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.rests import Rest, attracting

__all__ = [
    "EXAMPLE",
    "MULTIPLIER",
    "WEIGHT",
    "latched",
    "latching",
    "powers_vanish",
    "rests",
    "rises",
    "shrinking_power",
]

WEIGHT = x / sp.tanh(x)
"""w as a function of the pre-activation x at which a unit of that weight rests."""
MULTIPLIER = 2 * x / sp.sinh(2 * x)
"""The multiplier of that rest."""
EXAMPLE = sp.Integer(2)
"""The weight of the example."""
WEIGHTS = tuple(map(sp.Rational, ("1/2", "1", "11/10", "3/2", "2", "5")))
"""The weights at which the page is measured."""
_p, _slack = sp.symbols("p e", positive=True)


def latched(weight: sp.Rational, noise: sp.Rational = sp.S.Zero) -> Rest:
    """The attracting rest above 0. Raises `RefutedError` where there is none."""
    rest = attracting(weight, noise)
    if rest is None:
        raise RefutedError(f"a unit of weight {weight} does not latch against inputs up to {noise}")
    return rest


def rises(f: sp.Expr, slope: sp.Expr) -> str:
    """f′ = slope, which is positive at every x > 0 by the signs of its factors. Raises `RefutedError`."""
    how = prove_equal(sp.diff(f, x), slope)
    if not slope.subs(x, _p).is_positive:
        raise RefutedError(f"{slope} is not seen to be positive")
    return f"{how}; positive factors for x > 0"


def shrinking_power() -> sp.Expr:
    """(1 + e)^−T with a letter e > 0: every number in (0, 1) to the power T is one."""
    return (1 + _slack) ** -T


def powers_vanish() -> str:
    """Its limit is 0. Raises `RefutedError` otherwise."""
    if sp.limit(shrinking_power(), T, sp.oo) != 0:
        raise RefutedError("the limit is not 0")
    return "limit of (1 + e)⁻ᵀ for a letter e > 0: every rate in (0, 1) to the power T has this form"


@derivation("latching", "One unit latches a bit exactly when the weight on itself is above 1", "time")
def latching() -> Body:
    """y_t = tanh(w y_{t−1}): w ≤ 1 leaves the rest 0 alone, w > 1 adds ±y*, which attract with the
    multiplier w(1 − y*²) = 2x/sinh 2x < 1, x = w y*.
    """
    rest = latched(EXAMPLE)
    (root,) = rest.pre.named
    secant, bracket = sp.tanh(x) / x, sp.sinh(2 * x) - 2 * x
    decimals = [sp.Float(value.enclosure().decimal[:8], 6) for value in (rest.state, rest.multiplier)]
    steps = (
        prove(
            sp.Eq(sp.Derivative(bracket, x), 4 * sp.sinh(x) ** 2, evaluate=False),
            ("positive for ", sp.Gt(x, 0), ", where therefore ", sp.Gt(sp.sinh(2 * x), 2 * x)),
            lambda: f"{rises(bracket, 4 * sp.sinh(x) ** 2)}; it begins at 0",
            rule="derivative",
        ),
        prove(
            sp.Eq(sp.Derivative(secant, x), -bracket / (2 * x**2 * sp.cosh(x) ** 2), evaluate=False),
            (
                "negative for ",
                sp.Gt(x, 0),
                " by the step before: the secant of the concave ",
                sp.tanh(x),
                " from 0 falls strictly",
            ),
            rule="quotient rule",
        ),
        prove(
            sp.And(
                sp.Eq(sp.Limit(secant, x, 0), 1, evaluate=False),
                sp.Eq(sp.Limit(secant, x, sp.oo), 0, evaluate=False),
                evaluate=False,
            ),
            (
                "so that ",
                sp.Eq(secant, 1 / w_scalar, evaluate=False),
                " has exactly one solution ",
                sp.Gt(x, 0),
                " when ",
                sp.Gt(w_scalar, 1),
                ", and none when ",
                sp.Le(w_scalar, 1),
                ". These are the pre-activations of the rests ",
                sp.Eq(y, sp.tanh(w_scalar * y), evaluate=False),
                " above 0; below 0 stand their mirror images, as tanh is odd",
            ),
            _ends,
            rule="limits",
        ),
        prove(
            sp.Eq(WEIGHT * (1 - sp.tanh(x) ** 2), MULTIPLIER, evaluate=False),
            (
                "the multiplier ",
                w_scalar * (1 - y**2),
                " of the rest ",
                sp.Eq(y, sp.tanh(x), evaluate=False),
                " of the unit with ",
                sp.Eq(w_scalar, WEIGHT, evaluate=False),
                ": below 1 by the first step, so ±y attract; at the rest 0 it is ",
                w_scalar,
                ", which repels when it is above 1",
            ),
            lambda: f"{prove_equal(WEIGHT * (1 - sp.tanh(x) ** 2), MULTIPLIER)}; {_at_zero()}",
            rule="multiplier",
        ),
        prove(
            sp.Implies(
                sp.And(
                    sp.Gt(y, 0),
                    sp.Lt(secant.subs(x, w_scalar * y), 1 / w_scalar, evaluate=False),
                    evaluate=False,
                ),
                sp.Lt(sp.tanh(w_scalar * y), y, evaluate=False),
                evaluate=False,
            ),
            (
                (
                    "above the rest every step falls, and in the same way below it every step rises; no "
                    "step passes the rest, as tanh rises. A bounded monotone sequence converges, to a rest: "
                    "every "
                ),
                sp.Gt(h[0], 0),
                " ends at the one above 0, every ",
                sp.Lt(h[0], 0),
                " at its mirror image, and only 0 stays at 0",
            ),
            _basin,
            rule="basin",
        ),
        prove(
            sp.Eq(sp.Derivative(WEIGHT, x), bracket / (2 * sp.sinh(x) ** 2), evaluate=False),
            ("positive: the weight and the pre-activation at the rest grow together",),
            rule="quotient rule",
        ),
        prove(
            sp.Eq(
                sp.Derivative(1 / MULTIPLIER, x),
                (2 * x * sp.cosh(2 * x) - sp.sinh(2 * x)) / (2 * x**2),
                evaluate=False,
            ),
            (
                "positive, since the numerator is 0 at 0 and has the slope ",
                4 * x * sp.sinh(2 * x),
                ": the stronger the latch, the smaller its multiplier",
            ),
            _multiplier_falls,
            rule="trade-off",
        ),
        prove(
            sp.Eq(
                ZeroSet(EXAMPLE * sp.tanh(x) - x, x),
                sp.FiniteSet(-rest.pre.expr, 0, rest.pre.expr),
                evaluate=False,
            ),
            (
                "an example, ",
                sp.Eq(w_scalar, EXAMPLE, evaluate=False),
                ", where ",
                root.equation,
                " with ",
                root.symbol,
                " in ",
                root.bracket,
                ": the unit rests at ",
                decimals[0],
                ", and the multiplier there is ",
                decimals[1],
            ),
            lambda: _named(root),
            rule="named root",
        ),
    )
    conclusion = prove(
        sp.Implies(
            sp.Gt(w_scalar, 1),
            sp.And(sp.Lt(0, MULTIPLIER), sp.Lt(MULTIPLIER, 1), evaluate=False),
            evaluate=False,
        ),
        (
            "at the two rests, for the one ",
            sp.Gt(x, 0),
            " with ",
            sp.Eq(WEIGHT, w_scalar, evaluate=False),
            ". Only a weight above 1 latches, and then the gradient through ",
            t,
            " steps at rest is that power of a number below 1",
        ),
        lambda: rises(bracket, 4 * sp.sinh(x) ** 2) + ", so 0 < 2x < sinh 2x",
    )
    return Body(
        summary=(
            (
                "A unit keeps a bit without input exactly when its weight on itself is above 1; at the "
                "state where it keeps it, the gradient shrinks by a factor below 1 a step."
            ),
        ),
        assumptions=(
            (
                "one unit without input: ",
                sp.Eq(h[t], sp.tanh(w_scalar * h[t - 1]), evaluate=False),
                " with ",
                sp.Gt(w_scalar, 0),
            ),
            (
                y,
                " is a state at which it rests, and ",
                sp.Eq(x, w_scalar * y, evaluate=False),
                " the pre-activation there",
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("bengio1994", "sections III and IV"),),
        picture={"verb": "latching", "w": "2"},
        claims=(
            Claim(
                "latching/rests",
                ("each unit rests where the page says and nowhere else, with these multipliers",),
                "latch",
                expects={"rests": {weight: rests(weight) for weight in WEIGHTS}},
            ),
        ),
    )


def rests(weight: sp.Rational) -> tuple[tuple[Value, Value], ...]:
    """State and multiplier of every rest without input, ascending."""
    zero = (Value(sp.S.Zero), Value(weight))
    if weight <= 1:
        return (zero,)
    rest = latched(weight)
    return ((rest.state.negated(), rest.multiplier), zero, (rest.state, rest.multiplier))


def _ends() -> str:
    secant = sp.tanh(x) / x
    found = limit(secant, x, sp.S.Zero, 1), limit(secant, x, sp.oo, -1)
    if found != (1, 0):
        raise RefutedError(f"the secant goes from {found[0]} to {found[1]}")
    return "both limits; a strictly falling continuous function takes each value between them exactly once"


def _at_zero() -> str:
    return "at 0: " + prove_equal(sp.diff(sp.tanh(w_scalar * y), y).subs(y, 0), w_scalar)


def _basin() -> str:
    """tanh(wy) < y is the premise times wy > 0."""
    premise = 1 / w_scalar - sp.tanh(w_scalar * y) / (w_scalar * y)
    how = prove_equal(premise * w_scalar * y, y - sp.tanh(w_scalar * y))
    return f"the premise times w y > 0: {how}; tanh rises: {rises(sp.tanh(x), 1 / sp.cosh(x) ** 2)}"


def _multiplier_falls() -> str:
    numerator = 2 * x * sp.cosh(2 * x) - sp.sinh(2 * x)
    how = prove_equal(sp.diff(1 / MULTIPLIER, x), numerator / (2 * x**2))
    if numerator.subs(x, 0) != 0:
        raise RefutedError("the numerator does not begin at 0")
    return f"{how}; the numerator begins at 0: {rises(numerator, 4 * x * sp.sinh(2 * x))}"


def _named(root: NamedRoot) -> str:
    excess = root.equation.lhs - root.equation.rhs
    low, high = (excess.subs(root.symbol, end) for end in (root.lo, root.hi))
    if not (sign_of(low) > 0 > sign_of(high) and root.lo > 0):
        raise RefutedError(f"no root of {root.equation} in {root.bracket}")
    return "opposite signs at the ends of the bracket, in balls; no other above 0 by the third step"
