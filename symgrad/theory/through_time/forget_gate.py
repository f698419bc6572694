"""The half-life of a memory as a function of the forget bias, and the bias for a wanted half-life."""

from __future__ import annotations

import sympy as sp

from symgrad.errors import InputError, RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.calculus.limits import limit
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import b_forget, c, f_gate, k, n, s, t
from symgrad.symbolic.notation import Partial
from symgrad.symbolic.number import Number
from symgrad.theory.entry import Body, derivation

__all__ = ["HALF_LIFE", "TIME", "bias_for", "characteristic_time", "forget_gate", "half_life", "legal_bias"]

GATE = 1 / (1 + sp.exp(-b_forget))
"""σ(b_f): the gate when its inputs say nothing."""
HALF_LIFE = sp.log(2) / sp.log(1 + sp.exp(-b_forget))
"""Steps in which a memory halves, ln ½ / ln σ(b_f)."""
TIME = 1 / (1 - GATE)
"""The characteristic time Σ fⁿ = 1/(1 − f): the length of the past that a leaky mean weighs."""
GATE_LETTER = sp.Symbol("f", positive=True)
WANTED = sp.Symbol("H", positive=True)
BIAS = -sp.log(2 ** (1 / WANTED) - 1)
"""The bias whose half-life is H steps."""
LARGEST_BIAS = 50
"""Beyond, 1 − σ(b_f) is below the rounding of float64, and so is σ(−b_f) beside 1."""


def half_life(bias: sp.Rational) -> Number:
    """ln ½ / ln σ(b) in steps, exact. Raises `InputError` for a bias outside of −50 … 50."""
    return _number(HALF_LIFE, bias, "the n at which σ(b)ⁿ = 1/2")


def characteristic_time(bias: sp.Rational) -> Number:
    """1/(1 − σ(b)) = 1 + e^b in steps, exact. Raises `InputError` for a bias outside of −50 … 50."""
    return _number(1 + sp.exp(b_forget), bias, "1/(1 − f) with f = σ(b)")


def bias_for(steps: sp.Rational) -> Number:
    """The forget bias with a half-life of `steps`, −ln(2^{1/H} − 1), exact.

    Raises `InputError` where that bias would lie outside of −50 … 50.
    """
    low, high = (half_life(sp.Integer(bias)).enclosure().decimal for bias in (-LARGEST_BIAS, LARGEST_BIAS))
    if not steps > 0 or abs(value := sp.N(BIAS.subs(WANTED, steps), 30)) > LARGEST_BIAS or not value.is_real:
        raise InputError(
            f"half-life {steps}: legal are numbers of steps from {float(low):.4g} to {float(high):.4g}"
        )
    return Number.of(BIAS.subs(WANTED, steps), "the b at which σ(b)^H = 1/2")


def legal_bias(given: str) -> str:
    """The refusal of anything else."""
    legal = f"legal are numbers from -{LARGEST_BIAS} to {LARGEST_BIAS}, such as 1, 0.5 or 1/3"
    return f"forget bias {given[:40]}: {legal}"


def _number(form: sp.Expr, bias: sp.Rational, why: str) -> Number:
    if not abs(bias) <= LARGEST_BIAS:
        raise InputError(legal_bias(str(bias)))
    return Number.of(form.subs(b_forget, bias), why)


def _halves() -> str:
    return prove_equal(HALF_LIFE * sp.log(GATE), sp.log(sp.Rational(1, 2)))


def _sandwich() -> str:
    """2y/(2 + y) < ln(1 + y) < y for y = e^{−b} > 0: both differences are 0 at 0 and grow."""
    y = sp.Symbol("y", positive=True)
    above, below = y - sp.log(1 + y), sp.log(1 + y) - 2 * y / (2 + y)
    for difference, slope in ((above, y / (1 + y)), (below, y**2 / ((1 + y) * (2 + y) ** 2))):
        prove_equal(sp.diff(difference, y), slope)
        if difference.subs(y, 0) != 0 or not slope.is_positive:
            raise RefutedError(f"{difference} is not positive for every y > 0")
    tiny = sp.exp(-b_forget)
    prove_equal(1 / tiny, LOWER / sp.log(2))
    prove_equal((2 + tiny) / (2 * tiny), UPPER / sp.log(2))
    return (
        "2y/(2 + y) < ln(1 + y) < y with y = exp(−b_f): the differences are 0 at y = 0, their slopes positive"
    )


LOWER = sp.exp(b_forget) * sp.log(2)
UPPER = (sp.exp(b_forget) + sp.Rational(1, 2)) * sp.log(2)


def _asymptote() -> str:
    if limit(sp.expand(UPPER / LOWER), b_forget, sp.oo) != 1:
        raise RefutedError("the two bounds do not meet")
    return "squeezed: the ratio of the two bounds has the limit 1"


def _inverse() -> str:
    return prove_equal(HALF_LIFE.subs(b_forget, BIAS), WANTED)


@derivation("forget-gate", "The half-life of a memory is set by the forget bias", "gates")
def forget_gate() -> Body:
    """σ(b)ⁿ = ½ at n = ln ½ / ln σ(b), between e^b ln 2 and (e^b + ½) ln 2."""
    named = sp.Symbol("n_half")
    along = sp.Eq(Partial(c[t], c[k]), GATE ** (t - k), evaluate=False)
    steps = (
        prove(
            sp.Eq(HALF_LIFE * sp.log(GATE), sp.log(sp.Rational(1, 2)), evaluate=False),
            (
                "along the cell ",
                along,
                " is one half after ",
                sp.Eq(named, HALF_LIFE, evaluate=False),
                " steps",
            ),
            _halves,
            rule="logarithm",
        ),
        prove(
            sp.And(sp.Lt(LOWER, HALF_LIFE), sp.Lt(HALF_LIFE, UPPER), evaluate=False),
            ("for every ", b_forget, ": one more in the bias is nearly a factor e in the half-life"),
            _sandwich,
            rule="bounds",
        ),
        prove(
            sp.Eq(sp.Limit(HALF_LIFE / LOWER, b_forget, sp.oo), 1, evaluate=False),
            ("the bounds stay half of ", sp.log(2), " apart while both grow"),
            _asymptote,
            rule="limit",
        ),
        prove(
            sp.Eq(TIME, 1 + sp.exp(b_forget), evaluate=False),
            (
                "the characteristic time, ",
                sp.Eq(sp.Sum(GATE_LETTER**n, (n, 0, sp.oo)), 1 / (1 - GATE_LETTER), evaluate=False),
                " at ",
                sp.Eq(GATE_LETTER, GATE, evaluate=False),
                ": by the bound above it is longer than the half-life",
            ),
            rule="characteristic time",
        ),
        prove(
            sp.Eq(HALF_LIFE.subs(b_forget, BIAS), WANTED, evaluate=False),
            ("so the bias for a half-life of ", WANTED, " steps is ", sp.Eq(b_forget, BIAS, evaluate=False)),
            _inverse,
            rule="inverse",
        ),
    )
    figures = [(bias, sp.Float(half_life(sp.Integer(bias)).enclosure().decimal, 6)) for bias in (0, 1, 5)]
    conclusion = prove(
        sp.Eq(named, HALF_LIFE, evaluate=False),
        (
            "the half-life in steps: ",
            *(
                part
                for bias, value in figures
                for part in (value, f" for a bias of {bias}{'' if bias == 5 else ', '}")
            ),
            ". Biases from 1 on are what is recommended, so that memories outlast the first updates",
        ),
        lambda: prove_equal(sp.log(sp.Rational(1, 2)) / sp.log(GATE), HALF_LIFE),
    )
    return Body(
        summary=("How long an LSTM's cell remembers is decided by one number a unit, the forget bias.",),
        assumptions=(
            (
                sp.Eq(f_gate[s], GATE, evaluate=False),
                " at every step: the gate stands where its bias puts it, as it nearly does before training",
            ),
            (along, ", the constant error carousel"),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("gers2000", "section 3"),
            Source("jozefowicz2015", "section 2.2"),
        ),
        picture={"verb": "gates", "forget_bias": "5"},
        claims=(
            Claim(
                "forget-gate/half-life",
                (
                    "a cell whose forget gate stands at its bias halves in this number of steps, and the ",
                    "gradient of an LSTM with weights of 0 by the engine falls at this rate",
                ),
                "forgetting",
                expects={"half_life": HALF_LIFE, "biases": tuple(map(sp.Integer, (-2, 0, 1, 2, 5)))},
            ),
        ),
    )
