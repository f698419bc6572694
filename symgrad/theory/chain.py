"""Backpropagation as a product: one factor φ′(a_l) w_l a layer, for single units and for layers of them."""

import itertools
from collections.abc import Callable, Sequence

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import D, E, W, a, gamma, h, l, n, w, w_scalar
from symgrad.symbolic.notation import Chain, Juxtaposed, Partial, dphi, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import SMALL

DEPTHS = range(1, 7)
"""The depths at which a statement for every n is instantiated and differentiated outright."""

FACTOR = w[l] * dphi(a[l])


def single_units(depth: int) -> tuple[sp.Symbol, sp.Expr, list[sp.Expr], list[sp.Expr]]:
    """h_0, the composed h_n, its weights and its pre-activations, for a chain of `depth` single units."""
    start = sp.Symbol("h_0", real=True)
    weights = sp.symbols(f"w1:{depth + 1}", real=True)
    biases = sp.symbols(f"b1:{depth + 1}", real=True)
    value, inputs = start, []
    for weight, bias in zip(weights, biases, strict=True):
        inputs.append(weight * value + bias)
        value = phi(inputs[-1])
    return start, value, list(weights), inputs


def layers(depth: int, width: int = 2) -> tuple[sp.Matrix, list[sp.Matrix], list[sp.Matrix], list[sp.Matrix]]:
    """h_0, the list h_1 … h_n, the weight matrices and the pre-activations of a net, all entries symbols."""
    start = sp.Matrix(sp.symbols(f"x1:{width + 1}", real=True))
    value, outputs, matrices, inputs = start, [], [], []
    for level in range(1, depth + 1):
        matrix = sp.Matrix(
            width, width, lambda i, j, level=level: sp.Symbol(f"w{level}_{i + 1}{j + 1}", real=True)
        )
        inputs.append(matrix * value)
        value = inputs[-1].applyfunc(phi)
        matrices.append(matrix)
        outputs.append(value)
    return start, outputs, matrices, inputs


def diagonal(vector: sp.Matrix) -> sp.Matrix:
    """D = diag φ′(a)."""
    return sp.diag(*(dphi(entry) for entry in vector))


def instantiated(check_one: Callable[[int], None], depths: Sequence[int]) -> str:
    """Runs `check_one(n)` for each depth."""
    for depth in depths:
        check_one(depth)
    return f"instantiated for n = {depths[0]} … {depths[-1]} and differentiated outright"


@derivation("scalar-chain", "The gradient of a chain of units is a product of n factors", "depth")
def scalar_chain() -> Body:
    """∂h_n/∂h_0 = ∏ w_l φ′(a_l), n a symbol; |∂h_n/∂h_0| ≤ γⁿ ∏|w_l|."""
    jacobian = Partial(h[n], h[0])

    def one_layer() -> str:
        start, value, weights, inputs = single_units(1)
        return prove_equal(sp.diff(value, start), weights[0] * dphi(inputs[0]))

    def product(depth: int) -> None:
        start, value, weights, inputs = single_units(depth)
        claimed = sp.Product(FACTOR, (l, 1, n)).subs(n, depth).doit()
        for level in range(1, depth + 1):
            claimed = claimed.subs({w[level]: weights[level - 1], a[level]: inputs[level - 1]})
        prove_equal(sp.diff(value, start), claimed)

    def bound(depth: int) -> None:
        """∏ t_l with t_l = |φ′(a_l)|/γ ∈ [0, 1] is affine in each t_l, so its maximum is at a corner of the
        cube, where it is 0 or 1.
        """
        parts = sp.symbols(f"t1:{depth + 1}")
        ratio = sp.Mul(*parts)
        if any(sp.degree(ratio, part) != 1 for part in parts):
            raise RefutedError("the product is not affine in each factor")
        corners = [
            ratio.subs(dict(zip(parts, corner, strict=True)))
            for corner in itertools.product((0, 1), repeat=depth)
        ]
        if max(corners) != 1:
            raise RefutedError("a corner exceeds 1")

    def equal_weights() -> str:
        value = sp.Symbol("w", positive=True)
        return prove_equal(sp.Product(gamma * value, (l, 1, n)).doit(), (gamma * value) ** n)

    size = sp.Abs(w_scalar)
    steps = (
        prove(
            sp.Eq(Partial(h[l], h[l - 1]), FACTOR, evaluate=False),
            (
                "one layer, ",
                sp.Eq(h[l], phi(a[l]), evaluate=False),
                " with ",
                sp.Eq(a[l], w[l] * h[l - 1] + sp.IndexedBase("b")[l], evaluate=False),
                ": the chain rule",
            ),
            one_layer,
            rule="chain rule",
        ),
        prove(
            sp.Eq(jacobian, sp.Product(FACTOR, (l, 1, n)), evaluate=False),
            ("n layers: the chain rule applied n times multiplies n such factors",),
            lambda: instantiated(product, DEPTHS),
            rule="product over layers",
        ),
        prove(
            sp.Le(sp.Abs(jacobian), gamma**n * sp.Product(sp.Abs(w[l]), (l, 1, n)), evaluate=False),
            (
                "each ",
                sp.Abs(dphi(a[l])),
                " is at most ",
                gamma,
                ", so the product is at most the product of the bounds",
            ),
            lambda: instantiated(bound, DEPTHS).replace(
                "differentiated outright", "maximised over the corners of the cube"
            ),
            rule="bound",
        ),
    )
    conclusion = prove(
        sp.Le(sp.Abs(jacobian), (gamma * size) ** n, evaluate=False),
        (
            "with weights of one size the bound is a power of n: below 1 it shrinks exponentially, e.g. as ",
            sp.Rational(1, 4) ** n,
            " for the sigmoid (",
            sp.Eq(gamma, sp.Rational(1, 4), evaluate=False),
            ") with ",
            sp.Eq(size, 1, evaluate=False),
        ),
        equal_weights,
    )
    return Body(
        summary=(
            (
                "Through n layers the derivative is a product of n factors: a power law in the exponent "
                "of depth."
            ),
        ),
        assumptions=(
            (
                "one unit a layer: ",
                sp.Eq(h[l], phi(w[l] * h[l - 1] + sp.IndexedBase("b")[l]), evaluate=False),
            ),
            (
                phi(sp.Symbol("x")),
                " is differentiable where it is evaluated, with ",
                sp.Le(sp.Abs(dphi(sp.Symbol("x"))), gamma),
            ),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("hochreiter1991", "section 4"), Source("hochreiter2001", "section 2")),
        picture={"verb": "decay", "names": ["sigmoid", "tanh", "hard_swish"]},
        claims=(
            Claim(
                "scalar-chain/product",
                ("the product of the factors equals the difference quotient of the composed chain",),
                "scalar-chain",
                nets=tuple(
                    {"activation": name, "depth": depth}
                    for name in ("sigmoid", "tanh", "silu")
                    for depth in (*DEPTHS, 30)
                ),
            ),
        ),
    )


@derivation("matrix-chain", "The gradient of a net is a product of n matrices", "depth")
def matrix_chain() -> Body:
    """∂h_n/∂h_0 = D_n W_n ⋯ D_1 W_1 and ∂E/∂h_0 = ∂E/∂h_n · D_n W_n ⋯ D_1 W_1 (row vectors)."""
    factor = Juxtaposed(D[l], W[l])

    def one_layer() -> str:
        start, outputs, matrices, inputs = layers(1, width=3)
        return prove_equal(outputs[0].jacobian(start), diagonal(inputs[0]) * matrices[0])

    def product(depth: int) -> None:
        start, outputs, matrices, inputs = layers(depth)
        chain = sp.eye(2)
        for matrix, vector in zip(matrices, inputs, strict=True):
            chain = diagonal(vector) * matrix * chain
        prove_equal(outputs[-1].jacobian(start), chain)

    def row(depth: int) -> None:
        start, outputs, matrices, inputs = layers(depth)
        g = sp.Matrix(sp.symbols("g1:3", real=True))
        back = g.T
        for matrix, vector in zip(reversed(matrices), reversed(inputs), strict=True):
            back = back * diagonal(vector) * matrix
        error = (g.T * outputs[-1])[0]
        prove_equal(sp.Matrix([error]).jacobian(start), back)

    steps = (
        prove(
            sp.Eq(Partial(h[l], h[l - 1]), factor, evaluate=False),
            (
                "one layer: entry (i, j) is ",
                dphi(sp.Symbol("a_i")) * sp.Symbol("W_ij"),
                ", so the Jacobian is the diagonal matrix ",
                D[l],
                " of the derivatives times the weights",
            ),
            one_layer,
            rule="chain rule",
        ),
        prove(
            sp.Eq(Partial(h[n], h[0]), Chain(factor, l, 1, n), evaluate=False),
            ("n layers: Jacobians multiply, the last layer on the left",),
            lambda: instantiated(product, DEPTHS),
            rule="product over layers",
        ),
    )
    conclusion = prove(
        sp.Eq(Partial(E, h[0]), Juxtaposed(Partial(E, h[n]), Chain(factor, l, 1, n)), evaluate=False),
        (
            "backpropagation multiplies the row vector ",
            Partial(E, h[n]),
            " by these factors from the left to the right",
        ),
        lambda: instantiated(row, DEPTHS),
    )
    return Body(
        summary=(
            (
                "For layers of units the factor of a layer is a matrix: the derivatives on a diagonal, "
                "times the weights."
            ),
        ),
        assumptions=(
            (
                sp.Eq(h[l], phi(Juxtaposed(W[l], h[l - 1])), evaluate=False),
                " entry by entry (a bias changes where the derivative is taken, not the formula)",
            ),
            (D[l], " is the diagonal matrix of ", dphi(a[l])),
            ("gradients are row vectors",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("hochreiter1991", "section 4"), Source("rumelhart1986", "eq 4-7")),
        picture={"verb": "simulate", "activation": "sigmoid"},
        claims=(
            Claim(
                "matrix-chain/backward",
                ("the gradient of the engine equals differences of the forward pass at every layer",),
                "chain-product",
                nets=SMALL,
            ),
        ),
    )
