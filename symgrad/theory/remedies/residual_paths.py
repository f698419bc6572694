"""A stack of residual blocks is a sum over paths: each block is taken or passed by."""

from __future__ import annotations

import itertools

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import h, l, n
from symgrad.symbolic.notation import Chain, Mean, Norm, Partial, Probability, Variance
from symgrad.theory.entry import Body, derivation

__all__ = ["BLOCK", "BLOCKS", "CHANCE", "COUNT", "LENGTH", "LONGEST", "SHORTEST", "residual_paths"]

IDENTITY = sp.Symbol("I")
JACOBIAN = sp.IndexedBase("J")
"""∂f_l/∂h_{l−1} of the branch f_l."""
BLOCK = IDENTITY + JACOBIAN[l]
PARTS = sp.IndexedBase("S")
"""S_k, the sum of the products of k of the J_l, in their order, over all choices of k blocks."""
LENGTH = sp.Symbol("k", integer=True, nonnegative=True)
"""How many branches a path goes through."""
COUNT = sp.binomial(n, LENGTH)
"""The number of paths of that length."""
TYPICAL = sp.Symbol("K", integer=True, nonnegative=True)
"""The length of a path drawn with equal chances for all."""
MARK = sp.Symbol("t", positive=True)
BOUND = sp.Symbol("omega", positive=True)
"""A bound on every ‖J_l‖₂."""
BLOCKS, SHORTEST, LONGEST = 54, 19, 35
"""The stack, and the lengths, of the figure that is often quoted."""
CHANCE = sp.Rational(sum(sp.binomial(BLOCKS, k) for k in range(SHORTEST, LONGEST + 1)), 2**BLOCKS)
DEPTHS = range(1, 6)

NETS = tuple(
    {"activation": name, "depth": depth, "width": width, "sigma_w": sigma_w}
    for name, depth, width, sigma_w in (("tanh", 6, 3, 1.2), ("silu", 4, 4, 1.5), ("sigmoid", 8, 2, 1.0))
)


@derivation(
    "residual-paths", "A residual net is a sum over paths, and one of them has no factor at all", "remedies"
)
def residual_paths() -> Body:
    """∏(I + J_l) = Σ over the 2ⁿ choices of blocks; a choice has Binomial(n, ½) factors."""
    share = COUNT * BOUND**LENGTH / (1 + BOUND) ** n
    steps = (
        prove(
            sp.Eq(Partial(h[l], h[l - 1]), BLOCK, evaluate=False),
            (
                "a block adds its branch to its input: the derivative of the sum is that of the input, ",
                IDENTITY,
                ", and that of the branch, ",
                JACOBIAN[l],
            ),
            _block,
            rule="sum rule",
        ),
        prove(
            sp.Eq(
                Chain(Partial(h[l], h[l - 1]), l, 1, n), sp.Sum(PARTS[LENGTH], (LENGTH, 0, n)), evaluate=False
            ),
            (
                (
                    "multiplied out, with the order kept: from each bracket one of its two terms is taken, "
                    "which is a way through the net past some branches and through the others. "
                ),
                PARTS[LENGTH],
                " is the sum of the products of ",
                LENGTH,
                " Jacobians, over all ways of choosing them",
            ),
            _multiplied_out,
            rule="distributive law",
        ),
        prove(
            sp.Eq(
                COUNT,
                sp.binomial(n - 1, LENGTH) + sp.binomial(n - 1, LENGTH - 1),
                evaluate=False,
            ),
            ("paths of that length: those past the last block, and those through it",),
            _pascal,
            rule="Pascal's rule",
        ),
        prove(
            sp.Eq(sp.Sum(COUNT * MARK**LENGTH, (LENGTH, 0, n)), (1 + MARK) ** n, evaluate=False),
            (
                "a mark ",
                MARK,
                " for each branch on the way; with ",
                sp.Eq(MARK, 1, evaluate=False),
                " there are ",
                2**n,
                " paths",
            ),
            _generating,
            rule="binomial theorem",
        ),
        prove(
            sp.And(
                sp.Eq(Mean(TYPICAL), n / 2, evaluate=False),
                sp.Eq(Variance(TYPICAL), n / 4, evaluate=False),
                evaluate=False,
            ),
            (
                "all paths alike: the length is a number of heads in ",
                n,
                " tosses of a coin, and most paths are about half as long as the net is deep",
            ),
            _moments,
            rule="derivatives at t = 1",
        ),
        prove(
            sp.Implies(
                sp.Eq(n, BLOCKS, evaluate=False),
                sp.Eq(
                    Probability(TYPICAL, LONGEST) - Probability(TYPICAL, SHORTEST - 1),
                    CHANCE,
                    evaluate=False,
                ),
            ),
            ("about 0.98017 of the paths of 54 blocks have between 19 and 35 branches",),
            _quoted,
            rule="exact count",
        ),
        prove(
            sp.Implies(
                sp.Le(Norm(JACOBIAN[l]), BOUND, evaluate=False),
                sp.Le(Norm(PARTS[LENGTH]), COUNT * BOUND**LENGTH, evaluate=False),
            ),
            (
                "each product is bounded as in a plain net. As a share of ",
                (1 + BOUND) ** n,
                ", the bound on the whole, this is ",
                share,
                ": with small Jacobians short paths carry the gradient, about ",
                n * BOUND / (1 + BOUND),
                " branches long",
            ),
            _bounded,
            rule="norm of a product and of a sum",
        ),
    )
    conclusion = prove(
        sp.Implies(
            sp.And(sp.Le(Norm(JACOBIAN[l]), BOUND, evaluate=False), sp.Lt(BOUND, 1, evaluate=False)),
            sp.Ge(Norm(Partial(h[n], h[0])), (1 - BOUND) ** n, evaluate=False),
        ),
        (
            (
                "the path past all branches has no factor, so that the sum does not fall with a product of "
                "small factors; against the other paths it can lose at most this much. Exploding is not "
                "excluded: the sum may reach "
            ),
            (1 + BOUND) ** n,
        ),
        _kept,
        rule="triangle inequality",
    )
    return Body(
        summary=(
            "The gradient of a residual net is a sum over ",
            2**n,
            " paths, half as long as the net is deep in the mean, and one of them is the identity.",
        ),
        assumptions=(
            (
                sp.Eq(h[l], h[l - 1] + sp.Function("f_l")(h[l - 1]), evaluate=False),
                " for every block, and the branches are differentiable",
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("he2016", "section 3"), Source("veit2016", "section 3.1 and 4.2")),
        picture={"verb": "simulate", "activation": "sigmoid", "depth": BLOCKS},
        claims=(
            Claim(
                "residual-paths/sum",
                (
                    (
                        "the Jacobian of a residual net is the sum over all its paths, and so many paths "
                        "have each length"
                    ),
                ),
                "path-sum",
                expects={"count": COUNT, "chance": (BLOCKS, SHORTEST, LONGEST, CHANCE)},
                nets=NETS,
            ),
        ),
    )


def _block() -> str:
    """A branch with two inputs, left general."""
    entries = sp.Matrix(sp.symbols("h1:3", real=True))
    branch = sp.Matrix([sp.Function(f"f{i}")(*entries) for i in (1, 2)])
    return prove_equal((entries + branch).jacobian(entries), sp.eye(2) + branch.jacobian(entries))


def _multiplied_out() -> str:
    """Σ over subsets of {1 … n}, the later block to the left, against the product itself."""
    for depth in DEPTHS:
        factors = sp.symbols(f"J1:{depth + 1}", commutative=False)
        product, total = sp.S.One, sp.S.Zero
        for factor in factors:
            product = BLOCK.subs({JACOBIAN[l]: factor, IDENTITY: sp.S.One}) * product
        for size in range(depth + 1):
            for chosen in itertools.combinations(factors, size):
                total += sp.Mul(*reversed(chosen))
        prove_equal(sp.expand(product), sp.expand(total))
    return (
        f"matrices that do not commute, {DEPTHS[0]} … {DEPTHS[-1]} blocks; a further block doubles the "
        "paths: past it and through it"
    )


def _pascal() -> str:
    below = sp.binomial(n - 1, LENGTH) + sp.binomial(n - 1, LENGTH - 1)
    if sp.gammasimp((below / COUNT).rewrite(sp.gamma)) != 1:
        raise RefutedError("the paths past the last block and through it are not all")
    prove_equal(COUNT.subs(LENGTH, 0), sp.S.One)
    prove_equal(COUNT.subs({n: 1, LENGTH: 1}), sp.S.One)
    return "gamma functions, both letters general; one path has length 0, and one block gives one of length 1"


def _generating() -> str:
    """(1 + t)(1 + t)ⁿ⁻¹ has the coefficients of Pascal's rule, so induction does the rest."""
    for depth in (1, 2, 5, 9):
        total = sum(COUNT.subs({n: depth, LENGTH: size}) * MARK**size for size in range(depth + 1))
        prove_equal(sp.expand(total), sp.expand((1 + MARK) ** depth))
    return "multiplied out for 1, 2, 5 and 9 blocks; from block to block by Pascal's rule"


def _moments() -> str:
    weight = ((1 + MARK) / 2) ** n
    mean = sp.diff(weight, MARK).subs(MARK, 1)
    falling = sp.diff(weight, MARK, 2).subs(MARK, 1)
    prove_equal(sp.simplify(mean), n / 2)
    prove_equal(sp.expand(sp.simplify(falling + mean - mean**2)), n / 4)
    return "first and second derivative of ((1 + t)/2)ⁿ at t = 1, n a letter"


def _quoted() -> str:
    """By another way: the paths are counted block by block, and complements are taken by symmetry."""
    counts = [1]
    for _ in range(BLOCKS):
        counts = [past + through for past, through in zip([*counts, 0], [0, *counts], strict=True)]
    outside = 2 * sum(counts[:SHORTEST])  # lengths k and n − k are alike, and 19 + 35 = 54
    if 1 - sp.Rational(outside, 2**BLOCKS) != CHANCE or abs(CHANCE - sp.Rational("0.98017")) > 5e-6:
        raise RefutedError("the paths of 54 blocks are not spread so")
    return "integers, counted block by block; what is left by symmetry about 27"


def _bounded() -> str:
    total = sp.Sum(COUNT * BOUND**LENGTH, (LENGTH, 0, n))
    for depth in (1, 3, 7):
        prove_equal(total.subs(n, depth).doit(), sp.expand((1 + BOUND) ** depth))
    chance = BOUND / (1 + BOUND)
    share = chance**LENGTH * (1 - chance) ** (n - LENGTH)
    if sp.simplify(sp.powsimp(sp.expand_power_base(share / (BOUND**LENGTH / (1 + BOUND) ** n)))) != 1:
        raise RefutedError("the shares are not those of a biased coin")
    return "shares of a coin that falls to one side with chance ω/(1 + ω), whose mean length is nω/(1 + ω)"


def _kept() -> str:
    """‖(I + J)u‖ ≥ ‖u‖ − ‖Ju‖ ≥ (1 − ω)‖u‖ for each block; attained by J = −ωI."""
    length, shortened, room = sp.symbols("u j r", positive=True)
    # ‖Ju‖ = ω‖u‖ − r for some r ≥ 0, so what is left is (1 − ω)‖u‖ + r
    shortened = BOUND * length - room
    prove_equal(sp.expand(length - shortened), sp.expand((1 - BOUND) * length + room))
    prove_equal(BLOCK.subs({IDENTITY: 1, JACOBIAN[l]: -BOUND}), 1 - BOUND)
    return "‖u‖ − ‖Ju‖ ≥ (1 − ω)‖u‖ block by block; J = −ωI attains it in every block"
