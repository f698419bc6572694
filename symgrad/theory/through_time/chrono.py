"""Chrono initialisation: forget biases log U[1, T − 1] give characteristic times uniform on [2, T]."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.limits import limit
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import T, b_forget, c, cand, t
from symgrad.symbolic.notation import Mean, Probability
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.forget_gate import GATE, HALF_LIFE, TIME

__all__ = ["CHANCE", "HALF_LIFE_CHANCE", "MEAN_TIME", "chrono_initialization"]

DRAWN = sp.Symbol("U", positive=True)
"""Uniform on [1, T − 1]."""
TAU = sp.Symbol("tau", positive=True)
PLACE = sp.Symbol("theta", positive=True)
"""A number of steps that the time is compared with."""
CHANCE = (PLACE - 2) / (T - 2)
"""The chance that the characteristic time is at most θ, 2 ≤ θ ≤ T."""
MEAN_TIME = 1 + T / 2
HALF_LIFE_CHANCE = (1 / (2 ** (1 / PLACE) - 1) - 1) / (T - 2)
"""The chance that the half-life is at most θ, for θ from 1 to ln 2 / ln(1 + 1/(T − 1))."""
LEFT = (1 - 1 / TAU) ** TAU
"""What a cell of characteristic time τ keeps over τ steps, f^τ."""


def _time() -> str:
    return prove_equal(TIME.subs(b_forget, sp.log(DRAWN)), 1 + DRAWN)


def _chance() -> str:
    """P(1 + U ≤ θ) = P(U ≤ θ − 1), the integral of the density 1/(T − 2) from 1 on."""
    length = sp.Symbol("T", positive=True)
    uniform = sp.integrate(1 / (length - 2), (DRAWN, 1, PLACE - 1))
    how = prove_equal(uniform, CHANCE.subs(T, length))
    prove_equal(CHANCE.subs(PLACE, 2), sp.S.Zero)
    prove_equal(CHANCE.subs(PLACE, T), sp.S.One)
    return f"the uniform density integrated from 1 to θ − 1, {how}; 0 at θ = 2 and 1 at θ = T"


def _mean() -> str:
    length = sp.Symbol("T", positive=True)
    mean = sp.integrate((1 + DRAWN) / (length - 2), (DRAWN, 1, length - 1))
    return prove_equal(sp.factor(mean), MEAN_TIME.subs(T, length)) + ", the density integrated"


def _half_lives() -> str:
    """The half-life ln 2 / ln(1 + 1/U) is at most θ exactly when U ≤ 1/(2^{1/θ} − 1): it grows with U."""
    of_drawn = HALF_LIFE.subs(b_forget, sp.log(DRAWN))
    edge = 1 / (2 ** (1 / PLACE) - 1)
    prove_equal(sp.log(2) / sp.log(1 + 1 / edge), PLACE)
    prove_equal(of_drawn, sp.log(2) / sp.log(1 + 1 / DRAWN))
    slope = sp.diff(sp.log(1 + 1 / DRAWN), DRAWN)
    prove_equal(slope, -1 / (DRAWN * (DRAWN + 1)))
    prove_equal(CHANCE.subs(PLACE, 1 + edge), HALF_LIFE_CHANCE)
    return (
        "the half-life grows with U (the slope of ln(1 + 1/U) is negative), and is θ at U = 1/(2^(1/θ) − 1)"
    )


def _left() -> str:
    """ln f^τ = τ ln(1 − 1/τ) has the slope ln(1 − 1/τ) + 1/(τ − 1) = y − ln(1 + y) > 0 at y = 1/(τ − 1)."""
    y = sp.Symbol("y", positive=True)
    slope = sp.diff(TAU * sp.log(1 - 1 / TAU), TAU)
    prove_equal(slope.subs(TAU, 1 + 1 / y), y - sp.log(1 + y))
    difference = y - sp.log(1 + y)
    if difference.subs(y, 0) != 0 or not sp.factor(sp.diff(difference, y)).is_positive:
        raise RefutedError("f^τ does not grow with τ")
    if LEFT.subs(TAU, 2) != sp.Rational(1, 4) or limit(LEFT, TAU, sp.oo) != sp.exp(-1):
        raise RefutedError("f^τ does not run from 1/4 to 1/e")
    return "1/4 at τ = 2, 1/e in the limit, and between them it grows: its logarithm has a positive slope"


def _convex() -> str:
    """m − (f p + (1 − f) q) = f(m − p) + (1 − f)(m − q) ≥ 0 for p = |c|, q = |g| and m the larger of them."""
    gate, most, cell, new = sp.symbols("f m p q", nonnegative=True)
    how = prove_equal(
        most - (gate * cell + (1 - gate) * new), gate * (most - cell) + (1 - gate) * (most - new)
    )
    return f"{how}: the larger of |c|, |g| minus their mean is a sum of terms that are not negative"


def _other_gate() -> str:
    return prove_equal(GATE.subs(b_forget, -b_forget), 1 - GATE)


@derivation(
    "chrono-initialization", "Chrono initialisation spreads the memories evenly over the task", "gates"
)
def chrono_initialization() -> Body:
    """b_f = log U[1, T − 1]: the characteristic time 1/(1 − f) = 1 + U is uniform on [2, T]."""
    f = sp.Symbol("f", positive=True)
    leaky = sp.Eq(c[t], f * c[t - 1] + (1 - f) * cand[t], evaluate=False)
    time = sp.Symbol("tau", positive=True)
    steps = (
        prove(
            sp.Eq(TIME.subs(b_forget, sp.log(DRAWN)), 1 + DRAWN, evaluate=False),
            (
                "the characteristic time ",
                sp.Eq(time, 1 / (1 - f), evaluate=False),
                " of a gate at the bias ",
                sp.log(DRAWN),
                ": for ",
                sp.Eq(DRAWN, T - 1, evaluate=False),
                " it is ",
                T,
            ),
            _time,
            rule="substitution",
        ),
        prove(
            sp.And(sp.Le(sp.Rational(1, 4), LEFT), sp.Lt(LEFT, sp.exp(-1)), evaluate=False),
            (
                "for ",
                sp.Ge(TAU, 2),
                ": over its own characteristic time a cell keeps between a quarter and 1/e of what it held, ",
                "and so of the gradient",
            ),
            _left,
            rule="monotone",
        ),
        prove(
            sp.Eq(GATE.subs(b_forget, -b_forget), 1 - GATE, evaluate=False),
            (
                "with ",
                sp.Eq(sp.Symbol("b_i"), -b_forget, evaluate=False),
                " the input gate is ",
                1 - f,
                ": the cell is the leaky mean ",
                leaky,
            ),
            _other_gate,
            rule="input bias",
        ),
        prove(
            sp.Le(sp.Abs(c[t]), sp.Max(sp.Abs(c[t - 1]), sp.Abs(cand[t])), evaluate=False),
            ("so a long memory does not fill up: as ", sp.Lt(sp.Abs(cand[t]), 1), " the cell stays within 1"),
            _convex,
            rule="leaky mean",
        ),
        prove(
            sp.Eq(Mean(time), MEAN_TIME, evaluate=False),
            ("the mean characteristic time is half of the task's length, and one",),
            _mean,
            rule="mean",
        ),
        prove(
            sp.Eq(
                Probability(HALF_LIFE.subs(b_forget, sp.log(DRAWN)), PLACE),
                HALF_LIFE_CHANCE,
                evaluate=False,
            ),
            (
                "for ",
                PLACE,
                " from 1 to ",
                HALF_LIFE.subs(b_forget, sp.log(T - 1)),
                ": the law of the half-life",
            ),
            _half_lives,
            rule="distribution",
        ),
    )
    conclusion = prove(
        sp.Eq(Probability(time, PLACE), CHANCE, evaluate=False),
        (
            "for ",
            PLACE,
            " from 2 to ",
            T,
            ": the uniform law. Every length of memory up to the task's is held by the same share of units, ",
            "where equal biases give all units one length",
        ),
        _chance,
    )
    return Body(
        summary=(
            "Forget biases drawn as the logarithm of a uniform number give an LSTM memories of every length ",
            "up to that of the task.",
        ),
        assumptions=(
            (
                sp.Eq(b_forget, sp.log(DRAWN), evaluate=False),
                " with ",
                DRAWN,
                " uniform on ",
                sp.Interval(1, T - 1),
                " and ",
                sp.Gt(T, 2),
                ", one draw a unit",
            ),
            ("every gate stands where its bias puts it, as it nearly does before training",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("tallec2018", "section 2"),),
        picture={"verb": "gates", "forget_bias": "1"},
        claims=(
            Claim(
                "chrono-initialization/times",
                (
                    "the characteristic times of drawn biases follow the uniform law, and each cell keeps ",
                    "between 1/4 and 1/e of its gradient over its own time",
                ),
                "chrono",
                expects={"steps": (10, 100, 1000), "mean": MEAN_TIME, "chance": CHANCE},
                scope="typical",
            ),
        ),
    )
