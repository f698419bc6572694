"""The gradient is at most the product of the norms, whatever the input."""

import sympy as sp
from flint import arb, arb_mat, fmpq, fmpq_mat

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import D, W, a, gamma, h, l, n, x
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial, dphi, phi
from symgrad.symbolic.ranges.extremum import Value
from symgrad.theory.activations import ACTIVATIONS
from symgrad.theory.activations import gamma as gamma_of
from symgrad.theory.chain import DEPTHS
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import SMALL, WIDE, Options

JACOBIAN = Partial(h[n], h[0])
NORM_BOUND = gamma**n * sp.Product(Norm(W[l]), (l, 1, n))


def suprema(*names: str) -> dict[str, Value]:
    """γ = sup|φ′| of each activation named, as proved by its own derivation."""
    return {name: gamma_of(ACTIVATIONS[name]) for name in names}


def used(nets: tuple[Options, ...]) -> tuple[str, ...]:
    """The activations of these nets, each once."""
    return tuple(dict.fromkeys(net["activation"] for net in nets))


@derivation("norm-bound", "The gradient is at most the product of the norms", "depth")
def norm_bound() -> Body:
    """‖∂h_n/∂h_0‖₂ ≤ γⁿ ∏‖W_l‖₂."""
    supremum = sp.Function("sup")(sp.Abs(dphi(x)))
    steps = (
        prove(
            sp.Le(Norm(Juxtaposed(D[l], W[l])), Norm(D[l]) * Norm(W[l]), evaluate=False),
            ("the norm of a product is at most the product of the norms",),
            _submultiplicative,
            rule="submultiplicativity",
        ),
        prove(
            sp.Eq(Norm(D[l]), sp.Function("max")(sp.Abs(dphi(a[l]))), evaluate=False),
            ("the norm of a diagonal matrix is its largest entry in size, over the units of the layer",),
            _diagonal_norm,
            rule="diagonal matrix",
        ),
        prove(
            sp.Le(Norm(D[l]), gamma, evaluate=False),
            ("no entry exceeds ", sp.Eq(gamma, supremum, evaluate=False), ", whatever the pre-activation"),
            lambda: "the definition of γ; its value is proved for each activation on that activation's page",
            rule="bound",
        ),
    )
    conclusion = prove(
        sp.Le(Norm(JACOBIAN), NORM_BOUND, evaluate=False),
        ("applied to the n factors ", Juxtaposed(D[l], W[l]), " in turn"),
        _bound_multiplies,
    )
    return Body(
        summary=(
            "Whatever the input, the gradient through n layers is at most γⁿ times the weights' norms.",
        ),
        assumptions=(
            (sp.Eq(h[l], phi(Juxtaposed(W[l], h[l - 1])), evaluate=False), ", with any biases"),
            (sp.Le(sp.Abs(dphi(x)), gamma), " for every real ", x),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("hochreiter1991", "section 4"), Source("pascanu2013", "section 2.1")),
        picture={"verb": "simulate", "activation": "tanh"},
        claims=(
            Claim(
                "norm-bound/every-layer",
                ("the gradient at every layer of every net stays under the bound of that net's own weights",),
                "gradient-bound",
                expects={"gamma": suprema(*used(SMALL + WIDE))},
                nets=SMALL + WIDE,
            ),
        ),
    )


def _diagonal_norm() -> str:
    entries = sp.symbols("d1:4", real=True)
    gram = sp.diag(*entries).T * sp.diag(*entries)
    if set(gram.eigenvals()) != {entry**2 for entry in entries}:
        raise RefutedError("the singular values of a diagonal matrix are not its entries' sizes")
    return "the eigenvalues of DᵀD are the squared entries (3 × 3, symbols)"


def _bound_multiplies() -> str:
    """The bound is 1 for no layer, and each layer multiplies it by γ‖W‖: the induction, written out."""
    prove_equal(NORM_BOUND.subs(n, 0).doit(), sp.S.One)
    for depth in DEPTHS:
        here, before = (NORM_BOUND.subs(n, count).doit() for count in (depth, depth - 1))
        prove_equal(here, before * gamma * Norm(W[depth]))
    return f"each layer multiplies the bound by γ‖W‖, instantiated for n = {DEPTHS[0]} … {DEPTHS[-1]}"


def _submultiplicative() -> str:
    """‖AB‖₂ ≤ ‖A‖₂‖B‖₂ on rational matrices, the squared norms as largest eigenvalues in balls."""
    for seed in range(40):
        p, q = (_rational_matrix(2 * seed + part) for part in (0, 1))
        with precision(128):
            product, left, right = (_squared_norm(matrix) for matrix in (p * q, p, q))
            if product > left * right:
                raise RefutedError("‖AB‖ > ‖A‖‖B‖")
    return "‖ABx‖ ≤ ‖A‖‖Bx‖ ≤ ‖A‖‖B‖‖x‖ for every x; confirmed in balls on 40 pairs of rational matrices"


def _rational_matrix(seed: int) -> fmpq_mat:
    """Entries spread by a multiplicative congruence: distinct for each seed, reproducible."""
    return fmpq_mat(3, 3, [fmpq(((seed * 9 + i + 1) * 7919) % 199 - 99, 10) for i in range(9)])


def _squared_norm(matrix: fmpq_mat) -> arb:
    gram = arb_mat(matrix.transpose() * matrix)
    return max((e.real for e in gram.eig()), key=lambda ball: float(ball.mid()))
