"""How large a branch may be: a stack of residual blocks doubles the mean square a block, or keeps it."""

from __future__ import annotations

import itertools

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import h, k, l, n
from symgrad.symbolic.notation import Juxtaposed, Mean, Norm, Partial
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.length_map import gaussian_mean

__all__ = ["ALPHA", "FIXUP", "GROWTH", "INNER", "SCALES", "residual_scaling"]

ALPHA = sp.Symbol("alpha", nonnegative=True)
"""The factor of every branch."""
FACTOR = 1 + ALPHA**2
"""Of mean squares, a block."""
GROWTH = FACTOR**n
BRANCH = sp.Symbol("f")
DIRECTION = sp.Symbol("u")
INNER = sp.Symbol("m", integer=True, positive=True)
"""How many weight layers a branch has; above 1."""
FIXUP = n ** (-1 / (2 * INNER - 2))
"""The factor of the weights of a branch, all but the last layer's, which are 0."""
SCALE = sp.Symbol("s", positive=True)
"""That factor, before it is known."""
RATE, SLOPE, PASSED = sp.symbols("eta g p", positive=True)
"""Of one path through a branch: learning rate, ∂E/∂h, and what the inner layers make of the input at s = 1.
"""
SCALES = {"1": sp.S.One, "1/sqrt(n)": 1 / sp.sqrt(n), "0": sp.S.Zero}
"""Scales of branches that are used: the plain residual block, a fixed damping, SkipInit."""
DEEP = 50
WIDTHS = (1, 2)

NETS = tuple(
    {"activation": "relu", "block": "residual", "depth": depth, "width": 128, "batch": 16, "scale": scale}
    for depth, scale in ((6, 1.0), (12, 1.0), (12, 12**-0.5), (40, 40**-0.5), (20, 0.3))
)
STEPPED = tuple({"activation": "relu", "depths": (8, 128), "width": 32, "inner": inner} for inner in (2, 3))


@derivation(
    "residual-scaling",
    "Residual blocks double the mean square each, unless their branches are scaled down",
    "remedies",
)
def residual_scaling() -> Body:
    """E‖h_n‖² = (1 + α²)ⁿ‖h_0‖², and so for ‖Ju‖²: 2ⁿ at α = 1, below e at α = 1/√n, 1 at α = 0."""
    square, before = Mean(Norm(h[l]) ** 2), Norm(h[l - 1]) ** 2
    whole = Mean(Norm(Juxtaposed(Partial(h[n], h[0]), DIRECTION)) ** 2) / Norm(DIRECTION) ** 2
    steps = (
        prove(
            sp.And(
                sp.Eq(Mean(Norm(BRANCH) ** 2), before, evaluate=False),
                sp.Eq(Mean(Juxtaposed(h[l - 1], BRANCH)), 0, evaluate=False),
                evaluate=False,
            ),
            (
                (
                    "the branch keeps mean squares, since half of the ReLU units are active and their "
                    "weights have twice the variance; its last weights have the mean 0, whatever meets "
                    "them, so that it is uncorrelated with the skip"
                ),
            ),
            _branch,
            rule="variance of a sum",
        ),
        prove(
            sp.Eq(square, FACTOR * before, evaluate=False),
            ("the mean square of the sum: the mixed term has the mean 0",),
            _sum,
            rule="variance of a sum",
        ),
        prove(
            sp.Eq(
                Mean(Norm(Juxtaposed(Partial(h[l], h[l - 1]), DIRECTION)) ** 2),
                FACTOR * Norm(DIRECTION) ** 2,
                evaluate=False,
            ),
            (
                (
                    "the same for the Jacobian of the block and any direction: a row of weights and its "
                    "negative are equally likely, and exactly one of them is active"
                ),
            ),
            _jacobian,
            rule="symmetry",
        ),
        prove(
            sp.Eq(whole, GROWTH, evaluate=False),
            (
                "the weights of a block are independent of all before it: means multiply. With ",
                sp.Eq(ALPHA, 1, evaluate=False),
                " this is ",
                2**n,
                ", and for ",
                sp.Eq(n, DEEP, evaluate=False),
                " about 1.1·10¹⁵",
            ),
            _product,
            rule="tower of means",
        ),
        prove(
            sp.Implies(
                sp.Eq(ALPHA, SCALES["1/sqrt(n)"], evaluate=False),
                sp.Lt(GROWTH.subs(ALPHA, SCALES["1/sqrt(n)"]), sp.E, evaluate=False),
            ),
            (
                (
                    "at every depth; it grows to that limit. For 50 blocks it is 2.69: neither end of the "
                    "net is far from the other"
                ),
            ),
            _euler,
            rule="ln(1 + x) < x",
        ),
        prove(
            sp.Implies(sp.Eq(ALPHA, SCALES["0"], evaluate=False), sp.Eq(whole, 1, evaluate=False)),
            (
                "SkipInit: a factor ",
                ALPHA,
                (
                    " that is learned and begins at 0. The net begins as the identity, and the slope of the "
                    "error in the factor is the gradient times the branch, which is not 0"
                ),
            ),
            _skip,
            rule="substitution",
        ),
        prove(
            sp.Implies(
                sp.Eq(SCALE, FIXUP, evaluate=False),
                sp.Eq(n * RATE * (SLOPE * SCALE ** (INNER - 1) * PASSED) ** 2, RATE * (SLOPE * PASSED) ** 2,
                      evaluate=False),
            ),
            (
                "Fixup: the last of ",
                INNER,
                (
                    " layers of a branch begins at 0 and the others are scaled down. One step of gradient "
                    "descent moves the last layer by the gradient times what reaches it, and the output of "
                    "the branch by the square of that. All branches together are to move the net as "
                    "much as one does at full scale, at any depth"
                ),
            ),
            _fixup,
            rule="first step",
        ),
    )  # fmt: skip
    conclusion = prove(
        sp.Implies(
            sp.Le(ALPHA, SCALES["1/sqrt(n)"], evaluate=False),
            sp.And(sp.Ge(whole, 1, evaluate=False), sp.Lt(whole, sp.E, evaluate=False), evaluate=False),
        ),
        (
            (
                "branches of that size or smaller neither shrink the mean squared gradient nor let it "
                "grow beyond this factor, at any depth"
            ),
        ),
        _between,
        rule="monotone in α",
    )
    return Body(
        summary=(
            "Mean squares grow by ",
            FACTOR,
            " a residual block: ",
            2**n,
            " in all without a scale, below ",
            sp.E,
            " with ",
            SCALES["1/sqrt(n)"],
            ".",
        ),
        assumptions=(
            (
                sp.Eq(h[l], h[l - 1] + ALPHA * BRANCH, evaluate=False),
                (
                    ": the branch is a ReLU layer with independent Gaussian weights of variance 2/fan-in, "
                    "and then a linear one of variance 1/fan-in; no biases. The result is exact at every "
                    "width"
                ),
            ),
            ("for Fixup: the first step only, and every branch sees the same input",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("zhang2019", "section 2 and 3"), Source("de2020", "section 2 and 3")),
        picture={"verb": "simulate", "activation": "relu", "sigma_w": 2**0.5, "depth": DEEP, "width": 128},
        claims=(
            Claim(
                "residual-scaling/growth",
                (
                    "the mean square of a direction grows through the blocks by ",
                    GROWTH,
                    ", to 2 % a block",
                ),
                "block-growth",
                expects={"growth": GROWTH},
                nets=NETS,
                scope="mean",
            ),
            Claim(
                "residual-scaling/first-step",
                ("with Fixup's scale the first step moves the output alike at 8 and at 128 blocks",),
                "first-step",
                expects={"scale": FIXUP},
                nets=STEPPED,
                scope="mean",
            ),
        ),
    )


def _signs(value: sp.Expr) -> sp.Expr:
    """The mean of a function's branches over a row and its negative: ReLU keeps one of the two."""
    return (sp.Max(value, 0) ** 2 + sp.Max(-value, 0) ** 2) / 2


def _branch() -> str:
    one = sp.Symbol("a", real=True)
    prove_equal(_signs(one), one**2 / 2)
    for width in WIDTHS:
        inputs = sp.symbols(f"h1:{width + 1}", real=True)
        row = sp.symbols(f"w1:{width + 1}", real=True)
        dot = sum(w * x for w, x in zip(row, inputs, strict=True))
        size = sum(x**2 for x in inputs)
        halved = gaussian_mean(dot**2 / 2, dict.fromkeys(row, sp.Rational(2, width)))
        prove_equal(width * halved, size)
        last = sp.Matrix(width, width, lambda i, j: sp.Symbol(f"v{i}{j}", real=True))
        values = sp.Matrix(sp.symbols(f"y1:{width + 1}", real=True))
        out, law = last * values, dict.fromkeys(last, sp.Rational(1, width))
        prove_equal(gaussian_mean(out.dot(out), law), values.dot(values))
        prove_equal(gaussian_mean(sp.Matrix(inputs).dot(out), law), sp.S.Zero)
    return f"ReLU over both signs of a row; Gaussian moments, widths {WIDTHS}"


def _sum() -> str:
    """Over the last weights, for what meets them of the length of the input."""
    for width in WIDTHS:
        last = sp.Matrix(width, width, lambda i, j: sp.Symbol(f"v{i}{j}", real=True))
        inputs, values = (sp.Matrix(sp.symbols(f"{letter}1:{width + 1}", real=True)) for letter in "hy")
        out = inputs + ALPHA * last * values
        mean = gaussian_mean(out.dot(out), dict.fromkeys(last, sp.Rational(1, width)))
        longest = sp.sqrt(inputs.dot(inputs) - sum(y**2 for y in values[1:]))
        prove_equal(sp.expand(mean.subs(values[0], longest)), sp.expand(FACTOR * inputs.dot(inputs)))
    return f"Gaussian moments, widths {WIDTHS}, for a branch as long as its input"


def _jacobian() -> str:
    """Σ_i over both signs of row i of [w·h > 0] (w·u)² is (w·u)²; a sign pattern for each unit."""
    for width in WIDTHS:
        turned = sp.symbols(f"p1:{width + 1}", real=True)
        total = sp.S.Zero
        for signs in itertools.product((1, -1), repeat=width):
            total += sum(p**2 for sign, p in zip(signs, turned, strict=True) if sign > 0)
        prove_equal(total / 2**width, sum(p**2 for p in turned) / 2)
    return f"all signs of the rows, widths {WIDTHS}; variances add as in the branch itself"


def _product() -> str:
    """(1 + α²)^{k+1} is (1 + α²) times the one before; 2⁵⁰ by doubling."""
    prove_equal(sp.powsimp(GROWTH.subs(n, k + 1)), sp.powsimp(FACTOR * GROWTH.subs(n, k)))
    prove_equal(GROWTH.subs(n, 1), FACTOR)
    doubled = 1
    for _ in range(DEEP):
        doubled += doubled
    prove_equal(GROWTH.subs({ALPHA: SCALES["1"], n: DEEP}), sp.Integer(doubled))
    return "induction over the blocks, (1 + α²)(1 + α²)ᵏ; 2⁵⁰ by doubling"


def _euler() -> str:
    """x − ln(1 + x) is 0 at 0 and rises: its derivative is x/(1 + x)."""
    at = sp.Symbol("x", positive=True)
    prove_equal(sp.together(sp.diff(at - sp.log(1 + at), at)), at / (1 + at))
    growth = GROWTH.subs(ALPHA, SCALES["1/sqrt(n)"])
    prove_equal(growth, (1 + 1 / n) ** n)
    if sp.limit((1 + 1 / at) ** at, at, sp.oo) != sp.E:
        raise RefutedError("the limit is not e")
    if abs(growth.subs(n, DEEP) - sp.Rational("2.69")) > sp.Rational(1, 200):
        raise RefutedError("50 blocks do not grow by 2.69")
    return "x − ln(1 + x) has the derivative x/(1 + x) > 0 and is 0 at 0; the limit; 50 blocks in rationals"


def _skip() -> str:
    path = sp.Symbol("g", real=True) * ALPHA * sp.Symbol("f", real=True)
    prove_equal(sp.diff(path, ALPHA), path / ALPHA)
    return prove_equal(GROWTH.subs(ALPHA, SCALES["0"]), sp.S.One)


def _fixup() -> str:
    """One path: E = g w s^{m−1} p; its last weight w takes a step of −η ∂E/∂w from 0."""
    last = sp.Symbol("w", real=True)
    error = SLOPE * last * SCALE ** (INNER - 1) * PASSED
    step = -RATE * sp.diff(error, last)
    prove_equal(-error.subs(last, step), RATE * (SLOPE * SCALE ** (INNER - 1) * PASSED) ** 2)
    share = sp.powsimp(sp.powdenest(FIXUP ** (2 * INNER - 2), force=True))
    prove_equal(sp.simplify(n * share), sp.S.One)
    return "the derivative of one path, all exponents letters; n s^(2m−2) = 1"


def _between() -> str:
    room = sp.diff(sp.log(FACTOR), ALPHA)
    if not room.is_nonnegative:
        raise RefutedError("the factor does not grow with the scale")
    prove_equal(GROWTH.subs(ALPHA, 0), sp.S.One)
    return "ln(1 + α²) does not fall as α grows; at 0 it is 0, and the last step but two has the upper end"
