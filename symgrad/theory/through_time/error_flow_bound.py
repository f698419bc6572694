"""How far n units can carry the error: τ^q/n, attained, and n² below the bound that was published."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, prove
from symgrad.symbolic.letters import a, gamma, n, q, t, tau, x
from symgrad.symbolic.notation import Norm, Partial, dphi
from symgrad.theory.activations import ACTIVATIONS
from symgrad.theory.entry import Body, derivation
from symgrad.theory.norm_bound import suprema, used
from symgrad.theory.through_time.error_flow import COUNT, FLOW_OVER_Q, FROM, SOURCES, TO, UNITS, WEIGHT, M
from symgrad.theory.through_time.induction import by_induction
from symgrad.theory.through_time.nets import ATTAINED, UNFOLDED
from symgrad.theory.weight_gradient import DELTA

W_MAX = sp.Symbol("w_max", positive=True)
"""The largest weight in size."""
RATIO = n * gamma * W_MAX
BOUND = RATIO**q / n
"""No entry of the error flow over q steps exceeds it: τ^q/n with τ = n γ w_max."""
PUBLISHED = n * tau**q
SIGMOID = sp.Rational(1, 4)
ATTAINING_BIAS = -n * W_MAX / 2
"""With all weights w_max and every state at ½ it makes every pre-activation 0."""
ATTAINED_ENTRY = BOUND.subs(gamma, SIGMOID)


@derivation("error-flow-bound", "n units: weights below 4/n make the error vanish", "time")
def error_flow_bound() -> Body:
    """|∂δ_v(t−q)/∂δ_u(t)| ≤ τ^q/n, τ = n γ w_max, attained; the published n τ^q is n² larger."""
    size = sp.Abs(FLOW_OVER_Q)
    factor = sp.Abs(dphi(a[t, TO]) * WEIGHT[FROM, TO])
    below = sp.Lt(W_MAX, 4 / n, evaluate=False)
    steps = (
        prove(
            sp.Le(factor, tau / n, evaluate=False),
            ("one factor of a path, with ", sp.Eq(tau, RATIO, evaluate=False)),
            _factor,
            rule="bound",
        ),
        prove(
            sp.Le(size, COUNT * (gamma * W_MAX) ** q, evaluate=False),
            (
                "a sum of ",
                COUNT,
                " products of ",
                q,
                " such factors (the page on the paths of the error)",
            ),
            _summed,
            rule="triangle inequality",
        ),
        prove(
            sp.Implies(below, sp.Eq(sp.Limit(tau**q / n, q, sp.oo), 0, evaluate=False), evaluate=False),
            ("sigmoid units have ", sp.Eq(gamma, SIGMOID, evaluate=False), ", so that ", tau, " is below 1"),
            _vanishes,
            rule="limit",
        ),
        prove(
            sp.Eq(PUBLISHED, sp.Mul(n**2, sp.UnevaluatedExpr(tau**q / n), evaluate=False), evaluate=False),
            ("the bound published is ", PUBLISHED, ": it holds, and is that much too large at every ", q),
            lambda: prove_equal(PUBLISHED / (tau**q / n), n**2),
            rule="comparison",
        ),
        prove(
            sp.Eq(sp.Sum(W_MAX / 2, (M, 1, n)) + ATTAINING_BIAS, 0, evaluate=False),
            (
                "a net that attains it: sigmoid units, all weights ",
                W_MAX,
                ", all biases ",
                ATTAINING_BIAS,
                ", no input, every unit at ",
                sp.Rational(1, 2),
                ". Every pre-activation is 0, and every unit stays at ",
                sp.Rational(1, 2),
                " with slope ",
                SIGMOID,
            ),
            _rests,
            rule="a net",
        ),
        prove(
            sp.Eq(FLOW_OVER_Q, ATTAINED_ENTRY, evaluate=False),
            ("every entry of that net, by induction over ", q, ": each step adds up ", n, " equal terms"),
            _attained,
            rule="induction",
        ),
        prove(
            sp.Eq(Norm(Partial(DELTA[t - q], DELTA[t])), tau**q, evaluate=False),
            (
                "all ",
                n**2,
                " entries of that net together: the norm of its Jacobian over ",
                q,
                " steps is ",
                n,
                " times an entry, so that no bound on the norm lies below ",
                tau**q,
            ),
            _norm,
            rule="norm",
        ),
    )
    conclusion = prove(
        sp.Le(size, tau**q / n, evaluate=False),
        (
            "with equality in the net above: weights below ",
            4 / n,
            " make the error of sigmoid units vanish as ",
            tau**q,
            ", and the condition on the largest weight has to shrink as ",
            1 / n,
        ),
        lambda: prove_equal(COUNT * (gamma * W_MAX) ** q, BOUND),
    )
    return Body(
        summary=(
            "With n units the error over q steps is at most τ^q/n, and one net has exactly that; ",
            "the bound of 1991 and 1997, n τ^q, is valid and too large by n².",
        ),
        assumptions=(
            UNITS,
            (sp.Le(sp.Abs(dphi(x)), gamma), " for every real ", x, "; for the sigmoid ", SIGMOID),
            (sp.Le(sp.Abs(WEIGHT[FROM, TO]), W_MAX, evaluate=False), " for all pairs of units"),
            (tau, " is ", RATIO),
        ),
        steps=steps,
        conclusion=conclusion,
        picture={"verb": "simulate", "architecture": "rnn", "activation": "sigmoid"},
        sources=SOURCES,
        claims=(
            Claim(
                "error-flow-bound/entries",
                ("no entry of a Jacobian over q steps exceeds the bound, for any of the nets",),
                "error-flow-bound",
                expects={"gamma": suprema(*used(UNFOLDED)), "bound": BOUND},
                nets=UNFOLDED,
            ),
            Claim(
                "error-flow-bound/random-nets",
                ("no random net, and no net that climbs towards the bound, is beyond it",),
                "recurrent-bound",
                expects={"bound": "entries"},
            ),
            Claim(
                "error-flow-bound/attained",
                (
                    "the net of equal weights attains the bound in every entry, in balls and in the engine; ",
                    PUBLISHED,
                    " is larger by ",
                    n**2,
                ),
                "error-flow-attained",
                expects={
                    "entry": ATTAINED_ENTRY,
                    "bias": ATTAINING_BIAS,
                    "published": PUBLISHED.subs(tau, RATIO.subs(gamma, SIGMOID)),
                    "looseness": n**2,
                },
                nets=ATTAINED,
            ),
        ),
    )


def _factor() -> str:
    """γ w_max − |φ′||W| = (γ − d) w_max + d (w_max − w) with d ≤ γ and w ≤ w_max: a sum of products ≥ 0."""
    d, w = sp.symbols("d w", nonnegative=True)
    how = prove_equal(gamma * W_MAX - d * w, (gamma - d) * W_MAX + d * (W_MAX - w))
    prove_equal(RATIO / n, gamma * W_MAX)
    return f"{how}: the slack is a sum of products that are not negative"


def _summed() -> str:
    """Σ over the paths of a bound that no path depends on: n^{q−1} times it, by induction over q."""
    term = gamma * W_MAX
    return by_induction(
        COUNT * term**q,
        q,
        sp.S.One,
        term,
        lambda before: sp.Sum(term * before, (M, 1, n)).doit(),
    )


def _vanishes() -> str:
    """w_max = 4/(n (1 + s)), s > 0, gives τ = 1/(1 + s)."""
    slack = sp.Symbol("s", positive=True)
    power = sp.Symbol("m")
    sigmoid = suprema("sigmoid")["sigmoid"].number
    ratio = RATIO.subs(gamma, sigmoid).subs(W_MAX, 4 / (n * (1 + slack)))
    how = prove_equal(ratio, 1 / (1 + slack))
    if sp.limit((1 / (1 + slack)) ** power / n, power, sp.oo) != 0:
        raise RefutedError("the limit is not 0")
    return f"τ = 1/(1 + s) for a symbol s > 0 ({how}); the limit of its powers is 0"


def _rests() -> str:
    """The pre-activation, the state that follows from it, and the slope there."""
    phi = ACTIVATIONS["sigmoid"].phi
    half = phi.subs(x, 0)
    pre = sp.Sum(W_MAX * half, (M, 1, n)).doit() + ATTAINING_BIAS
    prove_equal(half, sp.Rational(1, 2))
    prove_equal(sp.diff(phi, x).subs(x, 0), SIGMOID)
    return f"{prove_equal(pre, sp.S.Zero)}, n a symbol; σ(0) = 1/2 and σ′(0) = 1/4"


def _attained() -> str:
    step = SIGMOID * W_MAX
    return by_induction(
        ATTAINED_ENTRY, q, sp.S.One, step, lambda before: sp.Sum(step * before, (M, 1, n)).doit()
    )


def _norm() -> str:
    """c 11ᵀ has rank one: its norm is c times that of 11ᵀ, whose only singular value that is not 0 is n."""
    entry, units = sp.Symbol("c", positive=True), sp.Symbol("n", integer=True, positive=True)
    for width in range(1, 6):
        ones = sp.ones(width, width)
        prove_equal(ones * ones, width * ones)
        if sp.Matrix(ones).rank() != 1:
            raise RefutedError("the matrix of ones has not rank one")
    how = prove_equal((entry * units).subs(entry, ATTAINED_ENTRY), RATIO.subs(gamma, SIGMOID) ** q)
    return f"n times an entry ({how}); (11ᵀ)² = n 11ᵀ and rank one, for n = 1 … 5"
