"""Which weights may be judged by their spectral radius, and by how much the others may not."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import D, T, W_shared, gamma, h, t, x
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial, Transposed, dphi
from symgrad.theory.conditions import vanishing_condition
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import Options
from symgrad.theory.norm_bound import suprema, used
from symgrad.theory.through_time.norms import recurrence
from symgrad.theory.through_time.spectral_radius import RHO, STATE, STEPS, bias, rests, slopes
from symgrad.theory.through_time.transient import DEPARTURE, RADIUS, family

SCALE = sp.MatrixSymbol("P", 2, 2)
"""A diagonal matrix of positive numbers, of any size."""
RESCALED = Juxtaposed(SCALE, W_shared, SCALE.I)
HALVES = sp.Rational(1, 2)
"""The ratio of neighbouring units' scales in the measured nets."""
NETS: tuple[Options, ...] = (
    {"activation": "tanh", "depth": 12, "width": 3, "sigma_w": 1.2, "sigma_b": 0.2},
    {"activation": "sigmoid", "depth": 8, "width": 4, "sigma_w": 4.0},
    {"activation": "relu", "depth": 80, "width": 4, "batch": 2, "seeds": 4, "sigma_w": 1.0, "sigma_b": 0.2},
)


def threshold(radius: sp.Expr = RADIUS) -> sp.Expr:
    """The departure δ at which an eigenvalue of D W(δ) reaches 1, for a spectral radius below 1."""
    return 8 * (1 - radius) * (1 - sp.Rational(3, 4) * radius)


@derivation("diagonal-scaling", "Which weights may be judged by their spectral radius", "time")
def diagonal_scaling() -> Body:
    """‖∂h_T/∂h_t‖₂ ≤ κ(P)(γ‖PWP⁻¹‖₂)^{T−t} for every diagonal P; no spectral radius is enough."""
    jacobian, scaled = Partial(h[T], h[t]), Norm(RESCALED)
    first, second, corner = sp.symbols("p1 p2 epsilon", positive=True)
    lower, upper, beside = sp.symbols("lambda1 lambda2 w", real=True)
    slope = sp.symbols("d1 d2", real=True)
    constant = Norm(SCALE) * Norm(SCALE.I)
    vanishes = sp.Eq(sp.Limit(Norm(jacobian), T, sp.oo), 0, evaluate=False)
    steps = (
        prove(
            sp.Implies(
                sp.Gt(DEPARTURE, threshold()),
                sp.Gt(RHO(Juxtaposed(D[t], W_shared)), 1, evaluate=False),
                evaluate=False,
            ),
            (
                "no spectral radius is small enough: the tanh net with ",
                sp.Eq(W_shared, family(), evaluate=False),
                " and the bias with which it rests at ",
                STATE,
                " has a gradient that explodes there when the departure is beyond this threshold",
            ),
            _every_radius,
            rule="counterexample",
        ),
        prove(
            sp.Eq(
                sp.MatMul(sp.diag(first, second), sp.diag(*slope), sp.diag(1 / first, 1 / second)),
                sp.diag(*slope),
                evaluate=False,
            ),
            (
                "a diagonal change of scale ",
                SCALE,
                " commutes with the slopes of a step",
            ),
            _commutes,
            rule="change of scale",
        ),
        prove(
            sp.Le(Norm(jacobian), constant * (gamma * scaled) ** (T - t), evaluate=False),
            (
                (
                    "so every factor may be rescaled: the inner scales cancel, and the outer two leave the "
                    "constant κ(P)"
                ),
            ),
            _telescopes,
            rule="norm bound",
        ),
        prove(
            sp.Eq(
                sp.MatMul(
                    sp.diag(1, corner), sp.Matrix([[lower, 0], [beside, upper]]), sp.diag(1, 1 / corner)
                ),
                sp.Matrix([[lower, 0], [corner * beside, upper]]),
                evaluate=False,
            ),
            (
                (
                    "for triangular weights the rescaled norm comes as near to the spectral radius, the "
                    "largest size on the diagonal, as one likes"
                ),
            ),
            _triangular,
            rule="triangular",
        ),
        prove(
            sp.Implies(
                sp.Eq(Juxtaposed(Transposed(W_shared), W_shared), Juxtaposed(W_shared, Transposed(W_shared))),
                sp.Eq(Norm(W_shared), RHO(W_shared), evaluate=False),
                evaluate=False,
            ),
            ("normal weights, symmetric and orthogonal ones among them, need no change of scale",),
            _normal,
            rule="normal",
        ),
    )
    conclusion = prove(
        sp.Implies(sp.Lt(scaled, 1 / gamma), vanishes, evaluate=False),
        (
            (
                "one change of scale for which this holds is enough, whatever the inputs. So for triangular "
                "and for normal weights the claim about the spectral radius is true"
            ),
        ),
        _vanishes,
    )
    return Body(
        summary=(
            (
                "For triangular and normal recurrent weights a spectral radius below 1/γ does make the "
                "gradient vanish; in general no spectral radius, however small, is enough."
            ),
        ),
        assumptions=(
            recurrence(),
            (sp.Le(sp.Abs(dphi(x)), gamma), " for every real ", x),
            (SCALE, " is a diagonal matrix of positive numbers"),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("pascanu2013", "section 2.1"), Source("trefethen2005", "section 16")),
        picture={"verb": "spectral-radius", "radius": "1/2", "departure": "5"},
        claims=(
            Claim(
                "diagonal-scaling/bound",
                (
                    (
                        "the gradient stays under the rescaled bound, here with scales that halve from unit "
                        "to unit"
                    ),
                ),
                "time-bound",
                expects={"gamma": suprema(*used(NETS)), "ratio": HALVES},
                nets=NETS,
            ),
            Claim(
                "diagonal-scaling/threshold",
                ("spectral radius 1/2, and beyond the threshold the gradient grows by this factor a step",),
                "explodes",
                expects=_above_threshold(),
                nets=({"activation": "tanh", "depth": STEPS},),
            ),
        ),
    )


def _above_threshold() -> dict[str, object]:
    """A net of spectral radius 1/2 with a departure twice the threshold, and the co-vector that an eigenvalue
    of its Jacobian multiplies.
    """
    half = sp.Rational(1, 2)
    weights = family(half, 2 * threshold(half))
    factor = slopes() * weights
    growth = max(factor.eigenvals(), key=float)
    (covector,) = (factor.T - growth * sp.eye(2)).nullspace()
    return {
        "growth": growth,
        "weights": weights.tolist(),
        "bias": list(bias(weights)),
        "input": list(STATE),
        "covector": list(covector),
    }


def _every_radius() -> str:
    """det(I − J) = (1 − ρ)(1 − 3ρ/4) − δ/8 is negative beyond: the characteristic polynomial, positive far
    out, has a real zero above 1.
    """
    rests(family())
    factor = slopes() * family()
    at_one = (sp.eye(2) - factor).det()
    excess = sp.Symbol("s", positive=True)
    how = prove_equal(sp.expand(at_one.subs(DEPARTURE, threshold() + excess)), -excess / 8)
    return f"{how}: det(I − J) = −s/8 at a distance s beyond, so a real eigenvalue lies above 1"


def _triangular() -> str:
    """(PWP⁻¹)_{ij} = ε^{i−j} w_ij below the diagonal, which tends to 0."""
    corner = sp.Symbol("epsilon", positive=True)
    matrix = sp.Matrix(3, 3, lambda i, j: sp.Symbol(f"w{i}{j}", real=True) if j <= i else 0)
    scale = sp.diag(*(corner**i for i in range(3)))
    rescaled = (scale * matrix * scale.inv()).applyfunc(sp.simplify)
    if rescaled.applyfunc(lambda entry: sp.limit(entry, corner, 0)) != sp.diag(*matrix.diagonal()):
        raise RefutedError("the rescaled triangular matrix does not tend to its diagonal")
    return "entry (i, j) turns into ε^(i−j) times itself (3 × 3, symbols); the limit is the diagonal"


def _commutes() -> str:
    scale, slope = (sp.diag(*sp.symbols(f"{letter}1:4", positive=True)) for letter in "pd")
    return prove_equal(scale * slope * scale.inv(), slope) + " (3 × 3, symbols)"


def _telescopes() -> str:
    """D W = P⁻¹(D P W P⁻¹)P for each factor, so a product of them has one P⁻¹ and one P left."""
    scale = sp.diag(*sp.symbols("p1:3", positive=True))
    matrix = sp.Matrix(2, 2, sp.symbols("w1:5", real=True))
    product, rescaled = sp.eye(2), sp.eye(2)
    for step in range(1, 4):
        slope = sp.diag(*sp.symbols(f"d{step}_1:3", real=True))
        product = slope * matrix * product
        rescaled = slope * (scale * matrix * scale.inv()) * rescaled
        prove_equal(product, scale.inv() * rescaled * scale)
    return "products of 1 … 3 factors of symbols; a further factor multiplies both sides alike"


def _normal() -> str:
    """W = QΛQᵀ: WᵀW = QΛ²Qᵀ, whose largest eigenvalue is ρ²; a rotation by an angle a as Q."""
    angle = sp.Symbol("a", real=True)
    turn = sp.Matrix([[sp.cos(angle), -sp.sin(angle)], [sp.sin(angle), sp.cos(angle)]])
    values = sp.diag(*sp.symbols("lambda1 lambda2", real=True))
    matrix = turn * values * turn.T
    how = prove_equal(
        (matrix.T * matrix).applyfunc(sp.trigsimp), (turn * values**2 * turn.T).applyfunc(sp.trigsimp)
    )
    return (
        f"{how}: squared singular values are squared eigenvalues, here real; unitary alike (spectral theorem)"
    )


def _vanishes() -> str:
    """A constant times a geometric sequence with a ratio below 1: the limit of the norm bound."""
    limit = vanishing_condition().steps[1].statement
    if limit.rhs != 0:
        raise RefutedError(f"the theorem of depth says {limit}")
    return "a constant times the geometric sequence of page vanishing-condition, which tends to 0"
