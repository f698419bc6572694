"""From the gradient at a layer's output to the gradient, and the update, of that layer's weights."""

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import D, E, W, a, eta, gamma, h, k, l, n, x
from symgrad.symbolic.notation import Increment, Juxtaposed, Norm, NormF, Partial, Transposed, dphi, phi
from symgrad.theory.chain import DEPTHS as DEPTHS_OF_BOUND
from symgrad.theory.chain import diagonal, layers
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import SMALL
from symgrad.theory.norm_bound import NORM_BOUND, suprema

DELTA = sp.IndexedBase("delta")
DEPTHS = (1, 2, 3)


@derivation("weight-gradient", "The update of a layer shrinks with the gradient behind it", "depth")
def weight_gradient() -> Body:
    """∂E/∂W_l = δ_l h_{l−1}ᵀ, δ_l = D_l (∂E/∂h_l)ᵀ; ‖ΔW_l‖_F ≤ ηγ‖h_{l−1}‖ ‖∂E/∂h_n‖ ∏_{k>l} γ‖W_k‖."""

    def entries() -> str:
        for depth in DEPTHS:
            _, outputs, matrices, inputs = layers(depth)
            g = sp.Matrix(sp.symbols("g1:3", real=True))
            error = (g.T * outputs[-1])[0]
            start = sp.Matrix(sp.symbols("x1:3", real=True))
            below = [start, *outputs]
            back = g.T
            for level in reversed(range(depth)):
                delta = diagonal(inputs[level]) * back.T
                direct = sp.Matrix(2, 2, lambda i, j, m=matrices[level], e=error: sp.diff(e, m[i, j]))
                prove_equal(direct, delta * below[level].T)
                back = delta.T * matrices[level]
        return f"every entry differentiated outright for n = {DEPTHS[0]} … {DEPTHS[-1]}"

    def rank_one() -> str:
        p, q = (sp.Matrix(sp.symbols(f"{letter}1:4", real=True)) for letter in "pq")
        outer = p * q.T
        return prove_equal(sum(entry**2 for entry in outer), p.dot(p) * q.dot(q))

    def factor() -> str:
        """γ² Σ g_i² − Σ φ′(a_i)² g_i² = Σ (γ² − φ′²) g_i²: a sum of products that are not negative."""
        g = sp.symbols("g1:4", real=True)
        d = sp.symbols("d1:4", real=True)
        left = sum((gamma**2 - di**2) * gi**2 for gi, di in zip(g, d, strict=True))
        right = gamma**2 * sum(gi**2 for gi in g) - sum((di * gi) ** 2 for gi, di in zip(g, d, strict=True))
        return prove_equal(left, right) + "; the left side is a sum of terms that are not negative"

    gradient = Partial(E, W[l])
    behind = sp.Product(gamma * Norm(W[k]), (k, l + 1, n))
    steps = (
        prove(
            sp.Eq(gradient, Juxtaposed(DELTA[l], Transposed(h[l - 1])), evaluate=False),
            (
                "with ",
                sp.Eq(DELTA[l], Juxtaposed(D[l], Transposed(Partial(E, h[l]))), evaluate=False),
                ": entry (i, j) of the weights meets unit i of the layer and unit j of the layer before",
            ),
            entries,
            rule="chain rule",
        ),
        prove(
            sp.Eq(NormF(gradient), Norm(DELTA[l]) * Norm(h[l - 1]), evaluate=False),
            ("a matrix of rank one: its norm is the product of the two vectors' norms",),
            rank_one,
            rule="rank one",
        ),
        prove(
            sp.Le(Norm(DELTA[l]), gamma * Norm(Partial(E, h[l])), evaluate=False),
            ("each entry is multiplied by a derivative that ", gamma, " bounds"),
            factor,
            rule="bound",
        ),
        prove(
            sp.Le(Norm(Partial(E, h[l])), Norm(Partial(E, h[n])) * behind, evaluate=False),
            ("the norm bound for the layers behind layer ", l),
            _layers_behind,
            rule="norm bound",
        ),
    )
    conclusion = prove(
        sp.Le(
            NormF(Increment(W[l])),
            eta * gamma * Norm(h[l - 1]) * Norm(Partial(E, h[n])) * behind,
            evaluate=False,
        ),
        (
            "the update ",
            sp.Eq(Increment(W[l]), -eta * gradient, evaluate=False),
            " of a front layer carries one factor for every layer behind it",
        ),
        _multiplied,
    )
    return Body(
        summary=(
            (
                "The front layers learn slowest: their update contains the product over all the layers "
                "behind them."
            ),
        ),
        assumptions=(
            (
                sp.Eq(h[l], phi(Juxtaposed(W[l], h[l - 1])), evaluate=False),
                ", with any biases; one input (for a batch the gradients add up)",
            ),
            (sp.Le(sp.Abs(dphi(x)), gamma), " for every real ", x),
            (DELTA[l], " is the gradient with respect to the pre-activation ", a[l]),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("rumelhart1986", "eq 6"), Source("hochreiter1991", "section 4")),
        picture={"verb": "simulate", "activation": "sigmoid", "depth": 20},
        claims=(
            Claim(
                "weight-gradient/rank-one",
                ("the weights' gradient by differences is that product, and stays under its bound",),
                "weight-gradient",
                expects={"gamma": suprema(*dict.fromkeys(net["activation"] for net in SMALL))},
                nets=SMALL,
            ),
        ),
    )


def _layers_behind() -> str:
    """∏_{k=l+1}^n γ‖W_k‖ is the norm bound of a net of n − l layers whose weights are W_{l+1} … W_n."""
    deepest = DEPTHS_OF_BOUND[-1]
    for level in range(deepest):
        here = sp.Product(gamma * Norm(W[k]), (k, level + 1, deepest)).doit()
        bound = NORM_BOUND.subs(n, deepest - level).doit()
        shifted = bound.subs({W[i]: W[i + level] for i in range(1, deepest - level + 1)}, simultaneous=True)
        prove_equal(here, shifted)
    return f"the norm bound for the layers behind, written out for n = {deepest} and every l"


def _multiplied() -> str:
    """ηγpGP − ηdp = ηp[(γg − d) + γ(GP − g)], where d ≤ γg and g ≤ GP: the slack is a sum of products ≥ 0.

    d = ‖δ_l‖, p = ‖h_{l−1}‖, g = ‖∂E/∂h_l‖, G = ‖∂E/∂h_n‖, P the product of the layers behind.
    """
    d, p, g, last, product = sp.symbols("d p g G P", nonnegative=True)
    slack = eta * p * ((gamma * g - d) + gamma * (last * product - g))
    how = prove_equal(eta * gamma * p * last * product - eta * d * p, slack)
    return f"{how}: the bound minus the update is a sum of terms that the steps above show not negative"
