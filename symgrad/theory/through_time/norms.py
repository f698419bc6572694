"""Pascanu's conditions, corrected: through time the norm of the recurrent weights is what counts."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.letters import T, U_shared, W, W_shared, b_shared, gamma, h, l, n, omega, t, x, x_in
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial, dphi, phi
from symgrad.theory.conditions import exploding_condition, vanishing_condition
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import Options
from symgrad.theory.norm_bound import NORM_BOUND, suprema, used

NORM = Norm(W_shared)
BOUND = (gamma * NORM) ** (T - t)
"""What bounds ‖∂h_T/∂h_t‖₂."""

NETS: tuple[Options, ...] = (
    {"activation": "tanh", "depth": 12, "width": 3, "sigma_w": 1.2, "sigma_b": 0.2},
    {"activation": "sigmoid", "depth": 8, "width": 4, "sigma_w": 4.0, "sigma_b": 0.5},
    {"activation": "relu", "depth": 8, "width": 4, "sigma_w": 1.5, "sigma_b": 0.3},
    {"activation": "gelu", "depth": 8, "width": 3, "sigma_w": 1.5, "sigma_b": 0.2},
    {"activation": "identity", "depth": 10, "width": 4, "sigma_w": 1.1, "weights": "orthogonal"},
    {"activation": "tanh", "depth": 60, "width": 64, "batch": 4, "seeds": 4, "sigma_w": 1.0},
    {"activation": "silu", "depth": 60, "width": 64, "batch": 4, "seeds": 4, "sigma_w": 1.5, "sigma_b": 0.3},
    {"activation": "identity", "depth": 60, "width": 32, "batch": 2, "seeds": 2, "weights": "orthogonal"},
)
"""Recurrent nets, the two linear ones with orthogonal weights at equality."""


def recurrence() -> Prose:
    """The net that these pages speak of."""
    inside = Juxtaposed(W_shared, h[t - 1]) + Juxtaposed(U_shared, x_in[t]) + b_shared
    return (
        sp.Eq(h[t], phi(inside), evaluate=False),
        " entry by entry: the same weights at every step, any inputs",
    )


@derivation("time-norm-bound", "Through time the gradient is at most a power of γ times the norm", "time")
def time_norm_bound() -> Body:
    """‖∂h_T/∂h_t‖₂ ≤ (γ‖W‖₂)^{T−t}; ‖W‖₂ < 1/γ suffices to vanish, ‖W‖₂ > 1/γ is necessary to explode."""
    jacobian = Partial(h[T], h[t])
    vanishes = sp.Eq(sp.Limit(Norm(jacobian), T, sp.oo), 0, evaluate=False)
    explodes = sp.Eq(sp.Limit(Norm(jacobian), T, sp.oo), sp.oo, evaluate=False)
    steps = (
        prove(
            sp.Eq(sp.Product(gamma * NORM, (l, 1, n)), (gamma * NORM) ** n, evaluate=False),
            (
                "the net unfolded in time has one layer a step, all with the weights ",
                W_shared,
                ": the norm bound of depth is a power",
            ),
            _shared,
            rule="shared weights",
        ),
        prove(
            sp.Le(Norm(jacobian), BOUND, evaluate=False),
            ("the norm bound of depth with ", sp.Eq(n, T - t, evaluate=False), " layers"),
            lambda: prove_equal(((gamma * NORM) ** n).subs(n, T - t), BOUND) + ", with T and t as symbols",
            rule="norm bound",
        ),
        prove(
            sp.Implies(sp.Lt(NORM, 1 / gamma), vanishes, evaluate=False),
            ("the bound is then a geometric sequence with a ratio below 1: the condition of depth",),
            lambda: _at_one_norm(vanishing_condition().conclusion.statement, sp.Lt),
            rule="sufficient to vanish",
        ),
        prove(
            sp.Implies(explodes, sp.Gt(NORM, 1 / gamma), evaluate=False),
            ("otherwise the bound is at most 1 at every step: the condition of depth",),
            lambda: _at_one_norm(exploding_condition().conclusion.statement, sp.Gt),
            rule="necessary to explode",
        ),
    )
    conclusion = prove(
        sp.And(
            sp.Implies(sp.Lt(NORM, 1 / gamma), vanishes, evaluate=False),
            sp.Implies(explodes, sp.Gt(NORM, 1 / gamma), evaluate=False),
            evaluate=False,
        ),
        (
            (
                "the threshold 1/γ is 1 for tanh and 4 for the sigmoid. It is the largest singular value of "
                "the weights that counts; with the spectral radius in its place the first half is false"
            ),
        ),
        _thresholds,
    )
    return Body(
        summary=(
            (
                "If the largest singular value of the recurrent weights is below 1/γ, the gradient vanishes "
                "exponentially through time; if the gradient explodes, it is above."
            ),
        ),
        assumptions=(
            recurrence(),
            (sp.Le(sp.Abs(dphi(x)), gamma), " for every real ", x),
            (sp.Lt(t, T), ": the gradient is followed from step ", T, " back to step ", t),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("pascanu2013", "section 2.1"),),
        picture={"verb": "simulate", "architecture": "rnn", "activation": "sigmoid", "sigma_w": 2.0},
        claims=(
            Claim(
                "time-norm-bound/every-step",
                ("the gradient at every step of every net stays under the bound of that net's weights",),
                "time-bound",
                expects={"gamma": suprema(*used(NETS))},
                nets=NETS,
            ),
            Claim(
                "time-norm-bound/random-nets",
                ("no random net, and no net that climbs towards the bound, is beyond it",),
                "recurrent-bound",
                expects={"bound": "norms"},
            ),
        ),
    )


def _shared() -> str:
    """∏_{l=1}^n γ‖W_l‖ with W_l = W for every l is (γ‖W‖)ⁿ, n a symbol."""
    tied = NORM_BOUND.replace(lambda part: part == W[l], lambda part: W_shared).doit()
    return prove_equal(sp.powsimp(tied, force=True), (gamma * NORM) ** n) + " for a symbol n"


def _at_one_norm(theorem: sp.Basic, relation: type[sp.Rel]) -> str:
    """The theorem of depth speaks of γω against 1, ω the largest norm of the layers: here ω = ‖W‖₂."""
    condition = next(part for part in theorem.args if isinstance(part, relation))
    if condition != relation(gamma * omega, 1, evaluate=False):
        raise RefutedError(f"the theorem of depth is about {condition}")
    how = prove_equal((condition.lhs - condition.rhs).subs(omega, NORM) / gamma, NORM - 1 / gamma)
    return f"{how}: the theorem of depth, proved on its page, with one norm for all layers"


def _thresholds() -> str:
    for name, threshold in {"tanh": 1, "sigmoid": 4}.items():
        prove_equal(1 / suprema(name)[name].number, sp.Integer(threshold))
    return "both halves stand above; 1/γ from the proved ranges: tanh 1, sigmoid 4"
