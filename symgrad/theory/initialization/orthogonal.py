"""Orthogonal weights in layered nets: what they keep in a linear net, and what φ leaves of it."""

from functools import cache

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import D, W, a, delta, h, l, n
from symgrad.symbolic.notation import Chain, Juxtaposed, Mean, Norm, Transposed, dphi
from symgrad.theory.activations import CORE
from symgrad.theory.entry import Body, derivation
from symgrad.theory.initialization.gains import gains
from symgrad.theory.propagation.length_map import SIGMA_W, gaussian_mean

__all__ = ["MOMENT", "orthogonal_initialization"]

N = sp.Symbol("N", integer=True, positive=True)
ORDER = sp.Symbol("k", integer=True, positive=True)
UNIT, Z = sp.Symbol("u", real=True), sp.Symbol("z", real=True)
"""A coordinate of a direction that is uniform on the sphere; a standard Gaussian."""
PLAIN = sp.Symbol("W")
MOMENT = N**ORDER * sp.gamma(ORDER + sp.S.Half) * sp.gamma(N / 2) / (sp.sqrt(sp.pi) * sp.gamma(ORDER + N / 2))
"""E (√N u)^2k: u² is Beta(½, (N − 1)/2)."""
ORDERS = range(1, 6)
SIZE = 3
"""Largest layer that is written out with letters."""
DEPTH, WIDTH = 4, 128
SIGMA = sp.Rational(3, 2)


@derivation(
    "orthogonal-initialization",
    "Orthogonal weights lose nothing in a linear net; with φ they have the mean of Gaussian ones",
    "initialization",
)
def orthogonal_initialization() -> Body:
    """WᵀW = I: singular values 1 at every depth; ‖Wᵀδ‖² = ‖δ‖² without the spread 2/N of Gaussian weights."""
    chain = sp.Symbol("C")
    back = Juxtaposed(Transposed(PLAIN), delta)
    steps = (
        prove(
            sp.Eq(Juxtaposed(Transposed(chain), chain), sp.Identity(N), evaluate=False),
            (
                "a product ",
                sp.Eq(chain, Chain(W[l], l, 1, n), evaluate=False),
                " of orthogonal matrices is orthogonal, for every ",
                n,
            ),
            _product,
            rule="orthogonal",
        ),
        prove(
            sp.Eq(Norm(Juxtaposed(chain, h[0])), Norm(h[0]), evaluate=False),
            ("so a linear net of gain 1 keeps every length: its singular values are all 1, at every depth",),
            _length,
            rule="singular values",
        ),
        prove(
            sp.Eq(Mean(Norm(back) ** 2), Norm(delta) ** 2, evaluate=False),
            ("Gaussian weights of variance ", 1 / N, " do so on average only"),
            lambda: _averaged(0),
            rule="Gaussian weights",
        ),
        prove(
            sp.Eq(
                Mean(Norm(back) ** 4) - Mean(Norm(back) ** 2) ** 2, 2 * Norm(delta) ** 4 / N, evaluate=False
            ),
            ("their squared length is spread by this much in every layer; for orthogonal weights it is 0",),
            lambda: _averaged(1),
            rule="Gaussian weights",
        ),
        prove(
            sp.Eq(Mean((sp.sqrt(N) * UNIT) ** (2 * ORDER)), MOMENT, evaluate=False),
            (
                "with φ between: a pre-activation is a coordinate ",
                UNIT,
                " of a random direction times a length; its even moments",
            ),
            _coordinate,
            rule="random direction",
        ),
        prove(
            sp.Eq(MOMENT.subs(ORDER, 2), 3 * N / (N + 2), evaluate=False),
            ("the fourth falls short of a Gaussian's 3 by ", 6 / (N + 2)),
            lambda: prove_equal(sp.gammasimp(MOMENT.subs(ORDER, 2)), 3 * N / (N + 2)),
            rule="fourth moment",
        ),
        prove(
            sp.Eq(sp.Limit(MOMENT, N, sp.oo), Mean(Z ** (2 * ORDER)), evaluate=False),
            ("in wide layers they become those of a Gaussian, so the length map is the same",),
            _becomes_gaussian,
            rule="infinite width",
        ),
    )
    conclusion = prove(
        sp.Eq(
            Mean(Norm(SIGMA_W * Juxtaposed(Transposed(PLAIN), D[l], delta)) ** 2) / Norm(delta) ** 2,
            SIGMA_W**2 * Mean(dphi(a[l]) ** 2),
            evaluate=False,
        ),
        (
            (
                "one layer's factor of the mean squared gradient, for orthogonal as for Gaussian weights: in "
                "a linear net 1, in a nonlinear one what the slopes leave; the spread is gone"
            ),
        ),
        _factor,
    )
    return Body(
        summary=(
            (
                "With orthogonal weights a linear net keeps every gradient at any depth exactly; in a "
                "nonlinear net they have the same mean-field factor as Gaussian weights, with less spread."
            ),
        ),
        assumptions=(
            (
                "every ",
                W[l],
                " is square and orthogonal, in the linear statements with gain 1; there are no biases",
            ),
            (
                "with φ the matrices are uniform over all orthogonal ones, the width is infinite, and ",
                delta,
                " is independent of the slopes",
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("saxe2014", "section 3"), Source("schoenholz2017", "section 4")),
        claims=_claims(),
        picture={
            "verb": "simulate",
            "activation": "tanh",
            "weights": "orthogonal",
            "sigma_w": 1.0,
            "width": 128,
        },
    )


def _claims() -> tuple[Claim, ...]:
    found = gains(CORE["tanh"]).factors(SIGMA**2)
    nets = tuple(
        {"activation": "tanh", "depth": 2, "width": WIDTH, "sigma_w": SIGMA, "weights": weights}
        for weights in ("orthogonal", "gaussian")
    )
    return (
        Claim(
            "orthogonal-initialization/isometry",
            ("every singular value of a linear orthogonal net is 1 at depths up to 100, to rounding",),
            "isometry",
            expects={"value": sp.S.One},
            nets=tuple(
                {
                    "activation": "identity",
                    "depth": depth,
                    "width": width,
                    "weights": "orthogonal",
                    "seeds": 2,
                }
                for depth, width in ((1, 5), (20, 64), (100, 32))
            ),
        ),
        Claim(
            "orthogonal-initialization/factor",
            ("a wide tanh layer has the same two factors with orthogonal and with Gaussian weights, to 4 %",),
            "layer-moments",
            expects={
                "q": sp.S.One,
                "forward": {"tanh": found[0].value},
                "backward": {"tanh": found[1].value},
            },
            nets=nets,
            scope="mean",
            regime="infinite width",
        ),
    )


def _reduced(product: sp.MatrixExpr, orthogonal: sp.MatrixSymbol) -> sp.MatrixExpr:
    """The product with the transpose of the matrix beside the matrix left out."""
    return sp.refine(product, sp.Q.orthogonal(orthogonal)).doit()


def _product() -> str:
    """(W_n C)ᵀ (W_n C) = Cᵀ (W_nᵀ W_n) C = Cᵀ C = I, with C the product of the n − 1 matrices before."""
    before, last = (sp.MatrixSymbol(letter, N, N) for letter in "CW")
    onward = _reduced((last * before).T * (last * before), last)
    if onward != before.T * before or _reduced(onward, before) != sp.Identity(N):
        raise RefutedError("a product of two orthogonal matrices is not orthogonal")
    return "matrices of any size: the transpose reverses a product; induction over the layers"


def _length() -> str:
    """(C h)ᵀ (C h) = hᵀ (Cᵀ C) h = hᵀ h."""
    chain, vector = sp.MatrixSymbol("C", N, N), sp.MatrixSymbol("h", N, 1)
    if _reduced((chain * vector).T * (chain * vector), chain) != vector.T * vector:
        raise RefutedError("an orthogonal matrix does not keep a length")
    return "matrices of any size: a squared length is the product of a vector with itself"


@cache
def _gaussian() -> tuple[sp.Expr, sp.Expr]:
    """E‖Wᵀδ‖² and the variance of ‖Wᵀδ‖², less what they are said to be, summed over the sizes."""
    rest = [sp.S.Zero, sp.S.Zero]
    for size in range(1, SIZE + 1):
        matrix = sp.Matrix(size, size, lambda i, j: sp.Symbol(f"w{i}{j}", real=True))
        vector = sp.Matrix(sp.symbols(f"d1:{size + 1}", real=True))
        square = sum(entry**2 for entry in matrix.T * vector)
        variances = dict.fromkeys(matrix, sp.Rational(1, size))
        mean, fourth = gaussian_mean(square, variances), gaussian_mean(square**2, variances)
        length = vector.dot(vector)
        rest[0] += sp.expand(mean - length) ** 2
        rest[1] += sp.expand(fourth - mean**2 - 2 * length**2 / size) ** 2
    return rest[0], rest[1]


def _averaged(which: int) -> str:
    prove_equal(_gaussian()[which], sp.S.Zero)
    return f"Gaussian moments of matrices of letters, sizes 1 … {SIZE}"


def _coordinate() -> str:
    """E g^2k = E ‖g‖^2k E u^2k for a Gaussian g = ‖g‖ u, whose length and direction are independent."""
    for order in ORDERS:
        length = sp.Mul(*(N + 2 * i for i in range(order)))
        prove_equal(sp.gammasimp(MOMENT.subs(ORDER, order)), N**order * sp.factorial2(2 * order - 1) / length)
    return f"from the moments of a Gaussian and of its length, every N, powers 2 … {2 * ORDERS[-1]}"


def _becomes_gaussian() -> str:
    for order in ORDERS:
        prove_equal(sp.limit(sp.gammasimp(MOMENT.subs(ORDER, order)), N, sp.oo), sp.factorial2(2 * order - 1))
    return (
        f"limits of rational functions of N, powers 2 … {2 * ORDERS[-1]}; a Gaussian is told by its moments"
    )


def _factor() -> str:
    """‖Wᵀ D δ‖² = ‖D δ‖² for every size; its mean with E D² = E φ′² I, entry by entry."""
    matrix, slopes, vector = (sp.MatrixSymbol(letter, N, N) for letter in "WDV")
    carried = matrix.T * slopes * vector
    if _reduced(carried.T * carried, matrix) != vector.T * slopes.T * slopes * vector:
        raise RefutedError("an orthogonal matrix changes the length of D δ")
    mean, entries = sp.Symbol("m", positive=True), sp.symbols("d1:4", real=True)
    prove_equal(sum(mean * entry**2 for entry in entries), mean * sum(entry**2 for entry in entries))
    return "the length is kept exactly for matrices of any size; the slopes are met on average"
