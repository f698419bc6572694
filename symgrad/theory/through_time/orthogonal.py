"""Orthogonal and identity weights: what they exclude, and what they do not."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import D, T, W_shared, gamma, h, n, omega, t, x
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial, Transposed, dphi, phi
from symgrad.symbolic.ranges.extremum import Value
from symgrad.theory.activations import ACTIVATIONS, slope_range
from symgrad.theory.conditions import exploding_condition
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import Options
from symgrad.theory.norm_bound import suprema, used
from symgrad.theory.through_time.norms import BOUND, recurrence

ROTATION = sp.Matrix([[3, -4], [4, 3]]) / 5
RESTS_AT = sp.Rational(4, 5)
"""Where both tanh units of the vanishing example rest."""
GROWING = ("gelu", "silu", "selu")
"""Activations with γ > 1."""
NETS: tuple[Options, ...] = tuple(
    {"depth": 40, "width": width, "batch": 2, "seeds": 2, "weights": weights, **rest}
    for width, weights, rest in (
        (32, "orthogonal", {"activation": "tanh"}),
        (32, "orthogonal", {"activation": "relu", "sigma_b": 0.3}),
        (32, "identity", {"activation": "relu"}),
        (32, "identity", {"activation": "identity"}),
        (3, "orthogonal", {"activation": "sin", "depth": 8, "batch": 1}),
    )
)
"""Nets with ‖W‖₂ = 1 and γ ≤ 1, the linear one at equality."""


def resting(phi_of: sp.Expr, point: sp.Expr, weights: sp.Matrix) -> tuple[sp.Matrix, sp.Matrix]:
    """(h, b) with h = φ(W h + b) and every pre-activation at the point: h = φ(p)·1, b = p·1 − W h."""
    ones = sp.ones(weights.rows, 1)
    state = phi_of.subs(x, point) * ones
    return state, point * ones - weights * state


def steepest(name: str) -> tuple[sp.Expr, Value]:
    """A point and the slope there, above 1: where γ is attained; for SELU, whose γ is not, 1."""
    entry, top = ACTIVATIONS[name], slope_range(ACTIVATIONS[name]).sup
    if top.attained:
        (place,) = top.at[:1]
        return place.point, top.value
    return sp.S.One, Value(sp.simplify(sp.diff(entry.phi.subs(entry.parameters), x).subs(x, 1)))


@derivation(
    "orthogonal-recurrence",
    "Orthogonal weights forbid explosion for γ ≤ 1 and do not forbid vanishing",
    "time",
)
def orthogonal_recurrence() -> Body:
    """WᵀW = I: ‖∂h_T/∂h_t‖₂ ≤ γ^{T−t}, ≤ 1 for γ ≤ 1; (9/25)ⁿ on a tanh net; γⁿ is reached for γ > 1."""
    jacobian = Partial(h[T], h[t])
    point = sp.Symbol("p", real=True)
    saturated = 1 - RESTS_AT**2
    steps = (
        prove(
            sp.Eq(Norm(W_shared), 1, evaluate=False),
            ("an orthogonal matrix keeps the length of every vector",),
            _keeps_length,
            rule="orthogonal",
        ),
        prove(
            sp.Le(Norm(jacobian), gamma ** (T - t), evaluate=False),
            ("the bound of the norms with ", sp.Eq(Norm(W_shared), 1, evaluate=False)),
            lambda: prove_equal(BOUND.subs(Norm(W_shared), 1), gamma ** (T - t)),
            rule="norm bound",
        ),
        prove(
            sp.Eq(sp.MatPow(sp.eye(2), n), sp.eye(2), evaluate=False),
            (
                (
                    "identity weights and ReLU, from a positive state without inputs: no unit ever switches "
                    "off, and the Jacobian of any number of steps is the identity. The bound is reached"
                ),
            ),
            _identity_relu,
            rule="example",
        ),
        prove(
            sp.Eq(
                Norm(sp.MatPow(saturated * ROTATION, n)),
                sp.UnevaluatedExpr(saturated) ** n,
                evaluate=False,
            ),
            (
                "a rotation and tanh, with the bias at which both units rest at ",
                RESTS_AT,
                ": every slope is ",
                saturated,
                ", and the gradient vanishes although ",
                sp.Eq(Norm(W_shared), 1, evaluate=False),
            ),
            _vanishes,
            rule="counterexample",
        ),
        prove(
            sp.Eq(Norm(Juxtaposed(D[t], W_shared)), sp.Abs(dphi(point)), evaluate=False),
            (
                "for every orthogonal ",
                W_shared,
                " and every point ",
                point,
                (
                    " the bias p − W h with the state h = φ(p) in every unit is a net that rests there: all "
                    "its pre-activations are "
                ),
                point,
            ),
            _rests_anywhere,
            rule="fixed point",
        ),
        prove(
            sp.Gt(steepest("gelu")[1].number, 1, evaluate=False),
            (
                "the largest slope of GELU, taken at ",
                steepest("gelu")[0],
                (
                    "; SiLU and SELU have slopes above 1 too. A net that rests at such a point multiplies "
                    "its gradient by that slope at every step, whatever the orthogonal matrix"
                ),
            ),
            _above_one,
            rule="range of the derivative",
        ),
    )
    conclusion = prove(
        sp.Implies(sp.Le(gamma, 1), sp.Le(Norm(jacobian), 1, evaluate=False), evaluate=False),
        (
            "no explosion for tanh, sigmoid, ReLU and every other activation with ",
            sp.Le(gamma, 1),
            (
                ": a worst case over all inputs. Nothing is said about the other side: the same weights can "
                "let the gradient vanish. For GELU, SiLU and SELU not even explosion is excluded"
            ),
        ),
        _at_most_one,
    )
    return Body(
        summary=(
            (
                "Recurrent weights that keep lengths keep the gradient from exploding as long as no slope "
                "exceeds 1; that it vanishes they do not exclude."
            ),
        ),
        assumptions=(
            recurrence(),
            (
                sp.Eq(Juxtaposed(Transposed(W_shared), W_shared), sp.Identity(2), evaluate=False),
                ", of any size: orthogonal weights, the identity among them (a unitary matrix behaves alike)",
            ),
            (sp.Le(sp.Abs(dphi(x)), gamma), " for every real ", x),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("arjovsky2016", "section 2"),
            Source("le2015"),
            Source("saxe2014"),
        ),
        picture={"verb": "simulate", "architecture": "rnn", "weights": "orthogonal", "sigma_w": 1.0},
        claims=_claims(),
    )


def _claims() -> tuple[Claim, ...]:
    found = [
        Claim(
            "orthogonal-recurrence/no-explosion",
            ("with orthogonal or identity weights no gradient exceeds the one at the last step",),
            "time-bound",
            expects={"gamma": suprema(*used(NETS)), "norm": sp.S.One},
            nets=NETS,
        )
    ]
    rows = {
        "tanh": (sp.atanh(RESTS_AT), Value(1 - RESTS_AT**2)),
        **{name: steepest(name) for name in GROWING},
    }
    for name, (point, growth) in rows.items():
        entry = ACTIVATIONS[name]
        state, bias = resting(entry.phi.subs(entry.parameters), point, ROTATION)
        found.append(
            Claim(
                f"orthogonal-recurrence/{name}",
                (f"the {name} net with a rotation as weights multiplies its gradient by that slope a step",),
                "explodes",
                expects={
                    "growth": growth,
                    "weights": ROTATION.tolist(),
                    "bias": [Value(entry, (), growth.named) for entry in bias],
                    "input": [Value(entry, (), growth.named) for entry in state],
                },
                nets=({"activation": name, "depth": 30},),
            )
        )
    return tuple(found)


def _keeps_length() -> str:
    """‖Wv‖² − ‖v‖² = vᵀ(WᵀW − I)v, which is 0."""
    matrix = sp.Matrix(3, 3, sp.symbols("w1:10", real=True))
    vector = sp.Matrix(sp.symbols("v1:4", real=True))
    image = matrix * vector
    rest = (vector.T * (matrix.T * matrix - sp.eye(3)) * vector)[0]
    return prove_equal(image.dot(image) - vector.dot(vector), rest) + ": ‖Wv‖² − ‖v‖² = vᵀ(WᵀW − I)v"


def _identity_relu() -> str:
    state = sp.Symbol("h", positive=True)
    value = ACTIVATIONS["relu"].phi.subs(x, state)
    prove_equal(value, state)
    return prove_equal(sp.diff(value, state), sp.S.One) + ": a positive unit stays what it is, with slope 1"


def _vanishes() -> str:
    state, bias = resting(sp.tanh(x), sp.atanh(RESTS_AT), ROTATION)
    prove_equal((ROTATION * state + bias).applyfunc(sp.tanh), RESTS_AT * sp.ones(2, 1))
    prove_equal(sp.diff(sp.tanh(x), x).subs(x, sp.atanh(RESTS_AT)), 1 - RESTS_AT**2)
    how = prove_equal(ROTATION.T * ROTATION, sp.eye(2))
    return f"{how}: a power of a rotation is a rotation, of norm 1; the state is a fixed point"


def _rests_anywhere() -> str:
    """W h + b = p·1 for a matrix of symbols, and D = φ′(p) I commutes with everything."""
    point, matrix = sp.Symbol("p", real=True), sp.Matrix(2, 2, sp.symbols("w1:5", real=True))
    state, bias = resting(phi(x), point, matrix)
    how = prove_equal(matrix * state + bias, point * sp.ones(2, 1))
    prove_equal(sp.diag(dphi(point), dphi(point)) * matrix, dphi(point) * matrix)
    return f"{how}: every pre-activation is p, and the factor of a step is φ′(p) W"


def _above_one() -> str:
    with precision(128):
        for name in GROWING:
            if not steepest(name)[1].ball(128) > 1:
                raise RefutedError(f"the slope of {name} is not above 1")
    return f"in balls, from the proved ranges, for {', '.join(GROWING)}"


def _at_most_one() -> str:
    """The theorem of depth: γω ≤ 1 with ω = ‖W‖₂ = 1 leaves ‖∂h_n/∂h_0‖₂ ≤ 1."""
    premise, bounded = exploding_condition().steps[0].statement.args
    prove_equal(premise.lhs.subs(omega, 1), gamma)
    return f"{prove_equal(bounded.rhs, premise.rhs)}: the first step of exploding-condition with norm 1"
