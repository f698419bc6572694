"""A latched bit under inputs: how large they may be, and the gradient that vanishes while they are not."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.limits import limit
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import T, a, drive, h, mu, rate, t, w_scalar, x, y
from symgrad.symbolic.notation import Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.induction import by_induction
from symgrad.theory.through_time.latching import latched, powers_vanish, rises, shrinking_power
from symgrad.theory.through_time.rests import critical_input, repelling, turning_point

__all__ = ["CRITICAL", "latch_gradient"]

CRITICAL = sp.Symbol("mu_c", positive=True)
"""The critical input."""
HELD = x - w_scalar * sp.tanh(x)
"""The constant drive under which the unit rests at the pre-activation x."""
NOISE = {
    weight: tuple(sp.Rational(part, 4) for part in parts)
    for weight, parts in (
        (sp.Rational(3, 2), (0, "1/2")),
        (sp.Integer(2), (0, 1, 2)),
        (sp.Integer(5), (0, 8)),
    )
}
"""Weights, and bounds on the drive below their critical input, at which the page is measured."""
_excess = sp.Symbol("e", positive=True)
_over_1 = 1 + _excess
"""A weight above 1."""


@derivation("latch-gradient", "A bit that is latched against inputs has a vanishing gradient", "time")
def latch_gradient() -> Body:
    """y_t = tanh(w y_{t−1} + d_t), |d_t| ≤ μ: latched exactly for μ < μ_c = √(w(w−1)) − artanh √(1−1/w), and
    then |∂y_T/∂y_0| ≤ λ^T, λ = w(1 − y²) < 1 at the rest under the drive −μ.
    """
    slope = 1 - w_scalar / sp.cosh(x) ** 2
    jacobian = Partial(h[T], h[0])
    steps = (
        prove(
            sp.Eq(drive, HELD, evaluate=False),
            (
                "the unit rests at ",
                sp.Eq(y, sp.tanh(x), evaluate=False),
                " under a constant drive exactly when its pre-activation ",
                w_scalar * y + drive,
                " is ",
                x,
                " again. In the form ",
                sp.Eq(a[t], w_scalar * sp.tanh(a[t - 1]) + drive, evaluate=False),
                " the state is this ",
                x,
                " itself: the same rests, with the same multipliers",
            ),
            _rest,
            rule="rest",
        ),
        prove(
            sp.Eq(sp.Derivative(HELD, x), slope, evaluate=False),
            (
                "1 less the multiplier ",
                w_scalar * (1 - y**2),
                ". The second derivative, ",
                2 * w_scalar * sp.tanh(x) / sp.cosh(x) ** 2,
                ", is positive for ",
                sp.Gt(x, 0),
                ": this drive first falls from 0, then rises without bound",
            ),
            _convex,
            rule="convexity",
        ),
        prove(
            sp.Eq(CRITICAL, critical_input(w_scalar), evaluate=False),
            (
                "its lowest value is ",
                -CRITICAL,
                ", at ",
                sp.Eq(sp.tanh(x), turning_point(w_scalar), evaluate=False),
                ", where the multiplier is 1. So a drive ",
                -mu,
                " with ",
                sp.Lt(mu, CRITICAL),
                (
                    " has two rests above 0, one on each side of that point: the upper attracts, the lower "
                    "repels. At "
                ),
                sp.Eq(mu, CRITICAL, evaluate=False),
                " they meet, and beyond there is none: the bit is lost",
            ),
            _lowest,
            rule="saddle-node",
        ),
        prove(
            sp.Eq(sp.Derivative(critical_input(w_scalar), w_scalar), turning_point(w_scalar), evaluate=False),
            ("positive for ", sp.Gt(w_scalar, 1), ": a stronger weight holds the bit against larger inputs"),
            lambda: prove_equal(sp.diff(critical_input(_over_1), _excess), turning_point(_over_1)),
            rule="derivative",
        ),
        prove(
            sp.Implies(
                sp.And(sp.Gt(w_scalar, 1), sp.Ge(h[t - 1], y), sp.Ge(drive, -mu), evaluate=False),
                sp.Ge(sp.tanh(w_scalar * h[t - 1] + drive), sp.tanh(w_scalar * y - mu), evaluate=False),
                evaluate=False,
            ),
            (
                "the right side is ",
                y,
                " again when that is the upper rest under the drive ",
                -mu,
                ". The step rises with the state and with the drive, so the constant ",
                -mu,
                " is the worst input, and no state above the rest ever falls below it",
            ),
            _never_below,
            rule="monotone steps",
        ),
        prove(
            sp.Le(Partial(h[t], h[t - 1]), w_scalar * (1 - y**2), evaluate=False),
            (
                "the factor of a step is ",
                w_scalar * (1 - h[t] ** 2),
                ", positive, and largest at the smallest state: ",
                sp.Eq(rate, w_scalar * (1 - y**2), evaluate=False),
                ", below 1 by the third step",
            ),
            _largest_factor,
            rule="bound",
        ),
        prove(
            sp.Eq(sp.Product(rate, (t, 1, T)), rate**T, evaluate=False),
            (
                "for every number of steps ",
                T,
                "; attained by the orbit that begins at the rest and has the worst input at every step",
            ),
            lambda: by_induction(rate**T, T, sp.S.Zero, sp.S.One, lambda before: rate * before),
            rule="product over time",
        ),
        prove(
            sp.Eq(sp.Limit(shrinking_power(), T, sp.oo), 0, evaluate=False),
            (
                "a rate below 1, written with ",
                sp.Gt(_excess, 0, evaluate=False),
                ": the gradient vanishes exponentially in the time over which the bit is kept",
            ),
            powers_vanish,
            rule="limit",
        ),
        prove(
            sp.Eq(jacobian, w_scalar**T, evaluate=False),
            (
                "without input at ",
                sp.Eq(h[0], 0, evaluate=False),
                (
                    ", the border between the two bits: there alone it explodes for ever. Beside the border "
                    "it grows until the state has left 0, then it vanishes: the error has a cliff there"
                ),
            ),
            _border,
            rule="border",
        ),
    )
    held = sp.And(sp.Gt(w_scalar, 1), sp.Lt(mu, CRITICAL), evaluate=False)
    conclusion = prove(
        sp.Implies(held, sp.Le(sp.Abs(jacobian), rate**T, evaluate=False), evaluate=False),
        (
            "for every start from the upper rest on and every sequence of inputs of size at most ",
            mu,
            ", with ",
            sp.Lt(rate, 1),
            (
                ". Latching robustly and keeping the gradient exclude each other: that a disturbance dies "
                "out is that the gradient does"
            ),
        ),
        _examples,
    )
    return Body(
        summary=(
            (
                "A unit that keeps its bit against every input up to a bound has, over the time it keeps it, "
                "an exponentially vanishing gradient; the largest such bound is known exactly."
            ),
        ),
        assumptions=(
            (
                "one unit, ",
                sp.Eq(h[t], sp.tanh(w_scalar * h[t - 1] + drive), evaluate=False),
                ", where ",
                drive,
                " is all that it is given at a step beside its own state",
            ),
            (sp.Le(sp.Abs(drive), mu, evaluate=False), " at every step, otherwise free"),
            ("the bit is the sign of the state; here the positive one, the other is its mirror image",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("bengio1994", "sections III and IV"), Source("pascanu2013", "sections 2.2 and 2.3")),
        picture={"verb": "latching", "w": "2", "noise": "1/4"},
        claims=(
            Claim(
                "latch-gradient/margin",
                (
                    (
                        "just below the critical input the bit is kept against it for ever, just above it "
                        "is lost; below it, against any sequence of inputs"
                    ),
                ),
                "latch-margin",
                expects={"critical": {weight: critical_input(weight) for weight in NOISE}},
            ),
            Claim(
                "latch-gradient/bound",
                (
                    (
                        "the gradient of every latched orbit stays under the power of the rate, and the "
                        "worst input attains it"
                    ),
                ),
                "latch-bound",
                expects={
                    "cases": tuple(
                        (weight, noise, latched(weight, noise).state, latched(weight, noise).multiplier)
                        for weight, noises in NOISE.items()
                        for noise in noises
                    )
                },
            ),
            Claim(
                "latch-gradient/random-nets",
                ("no unit drawn at random, and none that climbs towards the bound, is beyond it",),
                "recurrent-bound",
                expects={"bound": "latch"},
            ),
        ),
    )


def _rest() -> str:
    """In both forms, for the state y = tanh x and for the state x."""
    prove_equal(sp.diff(w_scalar * sp.tanh(x), x), w_scalar * (1 - sp.tanh(x) ** 2))
    return prove_equal(w_scalar * sp.tanh(x) + HELD, x) + "; the multiplier of x is w(1 − tanh² x) too"


def _convex() -> str:
    slope = 1 - w_scalar / sp.cosh(x) ** 2
    how = prove_equal(sp.diff(HELD, x), slope)
    second = 2 * _over_1 * sp.tanh(x) / sp.cosh(x) ** 2
    rises(slope.subs(w_scalar, _over_1), second)
    ends = HELD.subs(x, 0), limit(HELD.subs(w_scalar, _over_1), x, sp.oo, -1)
    if ends != (0, sp.oo):
        raise RefutedError(f"the drive goes from {ends[0]} to {ends[1]}")
    return f"{how}; the second derivative has positive factors; it begins at 0 and tends to ∞"


def _lowest() -> str:
    """At tanh x = √(1 − 1/w): the slope is 0 and the drive is −μ_c; with w = 1 + e, e > 0."""
    at = sp.atanh(turning_point(_over_1))
    multiplier = _over_1 * (1 - turning_point(_over_1) ** 2)
    prove_equal(multiplier, sp.S.One)
    drive_there = at - _over_1 * turning_point(_over_1)
    return prove_equal(drive_there, -critical_input(_over_1)) + " with w = 1 + e; the slope there is 0"


def _never_below() -> str:
    """tanh rises, and the rest solves y = tanh(wy − μ)."""
    step = sp.tanh(w_scalar * y + drive)
    slopes = sp.diff(step, y), sp.diff(step, drive)
    prove_equal(slopes[0], w_scalar * slopes[1])
    how = rises(sp.tanh(x), 1 / sp.cosh(x) ** 2)
    prove_equal(slopes[1], 1 / sp.cosh(w_scalar * y + drive) ** 2)
    return f"both slopes are positive: tanh′ = 1/cosh², {how}"


def _largest_factor() -> str:
    """w(1 − y²) − w(1 − (y + e)²) = we(2y + e) ≥ 0 for y ≥ 0."""
    state = sp.Symbol("y", nonnegative=True)
    room = _over_1 * ((1 - state**2) - (1 - (state + _excess) ** 2))
    if not sp.expand(room).is_nonnegative:
        raise RefutedError("a larger state has a larger factor")
    step = sp.tanh(w_scalar * y + drive)
    return prove_equal(sp.diff(step, y), w_scalar * (1 - step**2)) + "; it falls as the state grows"


def _border() -> str:
    """0 stays 0, and the factor there is w."""
    step = sp.tanh(w_scalar * y)
    prove_equal(step.subs(y, 0), sp.S.Zero)
    prove_equal(sp.diff(step, y).subs(y, 0), w_scalar)
    return by_induction(w_scalar**T, T, sp.S.Zero, sp.S.One, lambda before: w_scalar * before)


def _examples() -> str:
    """In balls, at the weights and bounds measured: the rate is below 1, and the other rest repels."""
    for weight, noises in NOISE.items():
        for noise in noises:
            upper, lower = latched(weight, noise).multiplier.ball(128), repelling(weight, noise)
            if not (0 < upper < 1 and lower is not None and lower.multiplier.ball(128) > 1):
                raise RefutedError(f"w = {weight}, noise {noise}: the rests are not what they should be")
    return "the steps together; multipliers on both sides of 1 in balls at the weights that are measured"
