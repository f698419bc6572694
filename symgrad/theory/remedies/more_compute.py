"""More compute: how many layers a faster machine buys where the steps needed grow exponentially in depth."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import sign_of
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import E, eta, n, w
from symgrad.symbolic.notation import Partial
from symgrad.theory.entry import Body, derivation

__all__ = ["BOUGHT", "RATIO", "SPEEDUP", "STEPS", "more_compute"]

RATIO = sp.Symbol("rho", positive=True)
"""What a layer leaves of the gradient, below 1."""
SPEEDUP = sp.Symbol("k", positive=True)
"""How many times as much is computed."""
MORE = sp.Symbol("m", positive=True)
"""Layers more."""
START = sp.Symbol("S_0", positive=True)
"""Steps that a net without hidden factors needs."""
STEPS = START * RATIO**-n
BOUGHT = sp.log(SPEEDUP) / sp.log(1 / RATIO)
SIGMOID = sp.Rational(1, 4)
MILLION = 10**6
FIGURE = sp.Rational("9.9658")
NEEDED = sp.Function("S")
"""Steps needed with n factors."""
REACHED = sp.Symbol("r", positive=True)
"""How far the front weight is to move, or the output."""
OUTPUT = sp.Symbol("y", real=True)
DEEPER = sp.Symbol("n_k", positive=True)
"""Layers that k times the compute trains where a step costs in proportion to the layers."""


@derivation(
    "more-compute",
    "A million times the compute buys ten more sigmoid layers: what faster machines do against vanishing",
    "remedies",
)
def more_compute() -> Body:
    """S(n) = S_0 ρ^{−n} steps: k times the compute buys ln k/ln(1/ρ) layers, half where progress is g²."""
    gradient = RATIO ** (n - 1)
    steps = (
        prove(
            sp.Eq(sp.Abs(Partial(E, w[1])), gradient, evaluate=False),
            (
                "a chain of n factors, the front weight the only one that learns: with ",
                sp.Eq(E, -OUTPUT, evaluate=False),
                " and ",
                sp.Eq(OUTPUT, w[1] * gradient, evaluate=False),
                " the gradient is the product of the factors behind it, at every step the same",
            ),
            _front,
            rule="chain rule",
        ),
        prove(
            sp.Eq(NEEDED(n + 1), NEEDED(n) / RATIO, evaluate=False),
            (
                sp.Eq(NEEDED(n), REACHED / (eta * gradient), evaluate=False),
                " steps move the front weight by ",
                REACHED,
                ", up to rounding to a whole number: each layer more multiplies them by ",
                1 / RATIO,
            ),
            lambda: prove_equal(
                REACHED / (eta * gradient.subs(n, n + 1)), REACHED / (eta * gradient) / RATIO
            ),
            rule="division",
        ),
        prove(
            sp.Eq(SPEEDUP * STEPS, START * RATIO ** (-(n + BOUGHT)), evaluate=False),
            ("k times the compute is k times the steps, which is what so many layers more need",),
            lambda: _bought(SPEEDUP * STEPS, START * RATIO ** (-(n + BOUGHT))),
            rule="logarithm",
        ),
        prove(
            sp.Eq(
                SPEEDUP * START * RATIO ** (-2 * n),
                START * RATIO ** (-2 * (n + BOUGHT / 2)),
                evaluate=False,
            ),
            (
                "where the output is to move by a given amount, a step moves it by ",
                eta * gradient**2,
                ": progress goes as the gradient squared, and half as many layers are bought",
            ),
            lambda: _bought(SPEEDUP * START * RATIO ** (-2 * n), START * RATIO ** (-2 * (n + BOUGHT / 2))),
            rule="logarithm",
        ),
        prove(
            sp.Eq(
                DEEPER,
                sp.LambertW(SPEEDUP * n * RATIO**-n * sp.log(1 / RATIO)) / sp.log(1 / RATIO),
                evaluate=False,
            ),
            (
                "where a step costs in proportion to the layers, ",
                sp.Eq(DEEPER * RATIO**-DEEPER, SPEEDUP * n * RATIO**-n, evaluate=False),
                " has this solution, with fewer layers bought: ",
                sp.Eq(DEEPER - n, (sp.log(SPEEDUP) - sp.log(DEEPER / n)) / sp.log(1 / RATIO), evaluate=False),
            ),
            _dearer,
            rule="Lambert's W",
        ),
    )
    conclusion = prove(
        sp.Implies(
            sp.And(
                sp.Eq(RATIO, SIGMOID, evaluate=False),
                sp.Eq(SPEEDUP, MILLION, evaluate=False),
                evaluate=False,
            ),
            sp.Eq(BOUGHT, sp.log(MILLION) / sp.log(4), evaluate=False),
            evaluate=False,
        ),
        (
            (
                "9.97 layers: with sigmoids at their steepest and weights of size 1 a million times the "
                "compute trains ten layers more, and 4.98 where progress goes as the gradient squared. "
                "Faster machines put vanishing off; with factors near 1 the same compute buys any depth"
            ),
        ),
        _figure,
        rule="substitution",
    )
    return Body(
        summary=(
            "If a layer leaves ",
            RATIO,
            " of the gradient, k times the compute buys ",
            BOUGHT,
            " layers more.",
        ),
        assumptions=(
            (
                "each layer multiplies the gradient by the same ",
                sp.And(RATIO > 0, RATIO < 1),
                " while it learns",
            ),
            (
                "steps are as long as the gradient times ",
                eta,
                (
                    ", the same at every depth, and what is to be reached is the same at every depth: an "
                    "assumption about training, and no law of it"
                ),
            ),
            ("a step costs the same at every depth, unless it is said",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("hochreiter1991"), Source("ciresan2010"), Source("corless1996", "section 1")),
        picture={"verb": "decay", "names": ["sigmoid", "tanh"], "depth": 20},
        claims=(
            Claim(
                "more-compute/steps",
                (
                    "gradient descent on a chain whose front weight learns needs ",
                    RATIO**-n,
                    " times as many steps to move that weight, and ",
                    RATIO ** (-2 * n),
                    " times as many to move the output, as with no factor behind it; counted step by step",
                ),
                "steps-needed",
                expects={"factor": SIGMOID, "weight": RATIO**-n, "output": RATIO ** (-2 * n)},
            ),
        ),
    )


def _front() -> str:
    """dE/dw_1 of E = −w_1 ρ^{n−1}, for n = 1 … 6 as a product."""
    front = sp.Symbol("w_1", real=True)
    for count in range(1, 7):
        signal = front
        for _ in range(count - 1):
            signal = RATIO * signal
        slope = sp.diff(-signal, front)
        prove_equal(-slope, (RATIO ** (n - 1)).subs(n, count))
        if slope.has(front):
            raise RefutedError("the gradient changes while the front weight learns")
    return "the chain multiplied out for n = 1 … 6; the slope does not hold w₁"


def _bought(more: sp.Expr, deeper: sp.Expr) -> str:
    """Both sides have the same logarithm; the right one grows in the layers bought, so no other will do."""
    logarithms = [sp.expand(sp.expand_log(sp.log(side), force=True)) for side in (more, deeper)]
    known = {sp.log(1 / RATIO): -sp.log(RATIO)}
    prove_equal(sp.expand(logarithms[0].subs(known)), sp.expand(logarithms[1].subs(known)))
    if (-sp.log(RATIO)).subs(RATIO, SIGMOID) <= 0:
        raise RefutedError("the steps needed do not grow with depth")
    return "logarithms of both sides; the right one grows in the layers bought, so no other will do"


def _dearer() -> str:
    """x ρ^{−x} with x = W(c λ)/λ, λ = ln 1/ρ, is c, from W(z) e^{W(z)} = z; and by numbers."""
    rate, amount = sp.symbols("lambda_ c_", positive=True)
    lambert = sp.Symbol("W_", positive=True)
    found = (lambert / rate) * sp.exp(lambert)
    prove_equal(found.subs(sp.exp(lambert), amount * rate / lambert), amount)
    layers = sp.N(sp.LambertW(MILLION * 10 * 4**10 * sp.log(4)) / sp.log(4), 40)
    if abs(layers * 4**layers / (MILLION * 10 * sp.Integer(4) ** 10) - 1) > sp.Rational(1, 10**30):
        raise RefutedError("the solution does not solve the equation")
    gained = (sp.log(MILLION) - sp.log(layers / 10)) / sp.log(4)
    if abs(layers - 10 - gained) > sp.Rational(1, 10**30) or not layers - 10 < sp.log(MILLION) / sp.log(4):
        raise RefutedError("the layers bought are other than said")
    return f"W(z) e^W(z) = z put in; from ten layers at 1/4, a million buys {sp.N(layers - 10, 4)} more"


def _figure() -> str:
    value = BOUGHT.subs({RATIO: SIGMOID, SPEEDUP: MILLION})
    prove_equal(value, sp.log(MILLION) / sp.log(4))
    for sign in (1, -1):
        if sign_of(sign * (value - FIGURE) + sp.Rational(1, 10**4)) != 1:
            raise RefutedError("it is not 9.9658")
    return "ln 10⁶/ln 4 = 9.9658, enclosed in balls; half of it is 4.983"
