"""What the product of n factors can and cannot do: when the gradient must vanish, when it may explode."""

import sympy as sp
from sympy.logic.inference import satisfiable

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.letters import W, gamma, l, n, omega, x
from symgrad.symbolic.notation import Norm, dphi
from symgrad.theory.chain import DEPTHS
from symgrad.theory.entry import Body, derivation
from symgrad.theory.nets import SMALL
from symgrad.theory.norm_bound import JACOBIAN, suprema

RATIO = gamma * omega
"""The largest factor that one layer can contribute to the norm bound."""
ASSUMPTIONS: tuple[Prose, ...] = (
    (sp.Le(sp.Abs(dphi(x)), gamma), " for every real ", x),
    (sp.Le(Norm(W[l]), omega, evaluate=False), " in every layer"),
)
RESTS_AT = sp.Rational(4, 5)
"""Where the counterexample's tanh unit rests; rational, so that every number of it is exact."""


@derivation(
    "vanishing-condition", "When every factor is below 1, the gradient vanishes exponentially", "conditions"
)
def vanishing_condition() -> Body:
    """γω < 1 with ω = max‖W_l‖₂: ‖∂h_n/∂h_0‖₂ ≤ (γω)ⁿ → 0; ln 10 / −ln(γω) layers cost a factor of ten."""
    below = sp.Lt(RATIO, 1, evaluate=False)
    steps = (
        prove(
            sp.Le(Norm(JACOBIAN), RATIO**n, evaluate=False),
            ("the norm bound with ", ASSUMPTIONS[1][0], " for every layer"),
            lambda: prove_equal(sp.Product(RATIO, (l, 1, n)).doit(), RATIO**n),
            rule="norm bound",
        ),
        prove(
            sp.Eq(sp.Limit(RATIO**n, n, sp.oo), 0, evaluate=False),
            ("when ", below, ": a geometric sequence with a ratio below 1"),
            _geometric_limit,
            rule="limit",
        ),
        prove(
            sp.Eq(sp.Symbol("n_10"), -sp.log(10) / sp.log(RATIO), evaluate=False),
            ("so many layers cost a factor of ten",),
            _tenth,
            rule="logarithm",
        ),
    )
    vanishes = sp.Eq(sp.Limit(Norm(JACOBIAN), n, sp.oo), 0, evaluate=False)
    conclusion = prove(
        sp.Implies(below, vanishes, evaluate=False),
        (
            "squeezed between 0 and the bound. For the sigmoid it is enough that ",
            sp.Lt(omega, 4),
            ", for tanh that ",
            sp.Lt(omega, 1),
        ),
        _thresholds,
    )
    return Body(
        summary=("If γ times the largest weight norm is below 1, the gradient vanishes exponentially.",),
        assumptions=ASSUMPTIONS,
        steps=steps,
        conclusion=conclusion,
        sources=(Source("hochreiter1991", "section 4"), Source("pascanu2013", "section 2.1")),
        picture={"verb": "simulate", "activation": "sigmoid", "sigma_w": 2.0},
        claims=(
            Claim(
                "vanishing-condition/rate",
                ("between any two layers the gradient falls at least at the rate of the bound",),
                "decay-rate",
                expects={"gamma": suprema("sigmoid", "tanh"), "norm": sp.Rational(9, 10)},
                nets=tuple(net for net in SMALL if net["activation"] in ("sigmoid", "tanh")),
            ),
        ),
    )


def _geometric_limit() -> str:
    slack, power = sp.Symbol("s", positive=True), sp.Symbol("m")
    if sp.limit((1 / (1 + slack)) ** power, power, sp.oo) != 0:
        raise RefutedError("the limit is not 0")
    return "limit of (1/(1+s))ᵐ for a symbol s > 0: every ratio in (0, 1) has this form"


def _tenth() -> str:
    ratio = sp.Symbol("r", positive=True)
    layers = -sp.log(10) / sp.log(ratio)
    return prove_equal(sp.expand_log(sp.log(ratio**layers)), -sp.log(10))


def _thresholds() -> str:
    expected = {"sigmoid": sp.Integer(4), "tanh": sp.Integer(1)}
    for name, value in suprema(*expected).items():
        prove_equal(1 / value.number, expected[name])
    return "1/γ from the proved ranges: sigmoid 4, tanh 1"


@derivation(
    "exploding-condition", "A product above 1 is necessary for explosion, and not sufficient", "conditions"
)
def exploding_condition() -> Body:
    """γ‖W‖₂ ≤ 1 forbids growth; γ‖W‖₂ > 1 allows it: a linear and a ReLU net that explode, a tanh net that
    does not.
    """
    two, ones = 2 * sp.eye(2), sp.ones(2, 2)
    bias = sp.atanh(RESTS_AT) - 2 * RESTS_AT
    above = sp.Gt(RATIO, 1, evaluate=False)
    steps = (
        prove(
            sp.Implies(
                sp.Le(RATIO, 1, evaluate=False), sp.Le(Norm(JACOBIAN), 1, evaluate=False), evaluate=False
            ),
            ("the norm bound is then at most 1 at every depth: no growth",),
            _no_growth,
            rule="necessary",
        ),
        prove(
            sp.Eq(sp.MatPow(two, n), 2**n * sp.eye(2), evaluate=False),
            (
                "the linear net with ",
                sp.Eq(W[l], 2 * sp.Identity(2), evaluate=False),
                " has this Jacobian: it explodes",
            ),
            lambda: prove_equal(two**n * sp.ones(2, 1), 2**n * sp.ones(2, 1)),
            rule="example",
        ),
        prove(
            sp.Eq(sp.MatPow(ones, n), 2 ** (n - 1) * ones, evaluate=False),
            (
                "a ReLU net with all weights 1 and two units a layer: from a positive input every unit is ",
                "active, and the Jacobian is the matrix power, of norm ",
                2**n,
            ),
            _relu_power,
            rule="example",
        ),
        prove(
            sp.Eq(2 * (1 - sp.UnevaluatedExpr(RESTS_AT) ** 2), sp.Rational(18, 25), evaluate=False),
            (
                "the tanh unit with weight 2 and bias ",
                bias,
                " rests at ",
                RESTS_AT,
                ": its factor is below 1 although ",
                above,
            ),
            lambda: _resting_factor(bias),
            rule="counterexample",
        ),
    )
    explodes = sp.Eq(sp.Limit(Norm(JACOBIAN), n, sp.oo), sp.oo, evaluate=False)
    conclusion = prove(
        sp.Implies(explodes, above, evaluate=False),
        ("the first step, contraposed; the tanh unit shows that the converse fails",),
        _contraposed,
    )
    return Body(
        summary=("Exploding gradients need γ‖W‖₂ > 1 somewhere; that alone does not make them explode.",),
        assumptions=ASSUMPTIONS,
        steps=steps,
        conclusion=conclusion,
        sources=(Source("pascanu2013", "section 2.1"),),
        picture={"verb": "simulate", "activation": "relu", "sigma_w": 2.0},
        claims=(
            Claim(
                "exploding-condition/linear",
                ("the linear net grows by a factor 2 a layer",),
                "explodes",
                expects={"growth": sp.Integer(2), "weights": ((2, 0), (0, 2)), "input": (1, 1)},
                nets=({"activation": "identity", "depth": 60},),
            ),
            Claim(
                "exploding-condition/relu",
                ("the ReLU net grows by a factor 2 a layer",),
                "explodes",
                expects={"growth": sp.Integer(2), "weights": ((1, 1), (1, 1)), "input": (1, 1)},
                nets=({"activation": "relu", "depth": 60},),
            ),
            Claim(
                "exploding-condition/tanh",
                ("the tanh unit at rest shrinks by 18/25 a layer",),
                "explodes",
                expects={
                    "growth": sp.Rational(18, 25),
                    "weights": ((2,),),
                    "bias": (bias,),
                    "input": (RESTS_AT,),
                },
                nets=({"activation": "tanh", "depth": 20},),
            ),
        ),
    )


def _contraposed() -> str:
    """(small ⇒ bounded) and (explodes ⇒ not bounded) together say: explodes ⇒ not small."""
    small, bounded, explodes = sp.symbols("small bounded explodes")
    premises = sp.And(sp.Implies(small, bounded), sp.Implies(explodes, sp.Not(bounded)))
    if satisfiable(sp.Not(sp.Implies(premises, sp.Implies(explodes, sp.Not(small))))):
        raise RefutedError("the contraposition does not follow")
    return "contraposition of the first step, as a tautology; the converse is refuted by the exact example"


def _no_growth() -> str:
    """A ratio in (0, 1] is 1/(1 + s), s ≥ 0; (1 + s)ⁿ − 1 has no negative coefficient."""
    slack = sp.Symbol("s", nonnegative=True)
    for depth in DEPTHS:
        if min(sp.Poly((1 + slack) ** depth - 1, slack).coeffs()) < 0:
            raise RefutedError("a power of a ratio up to 1 exceeds 1")
    return f"(1 + s)ⁿ − 1 has no negative coefficient, n = {DEPTHS[0]} … {DEPTHS[-1]}"


def _relu_power() -> str:
    ones, value = sp.ones(2, 2), sp.ones(2, 1)
    prove_equal((ones**n).applyfunc(sp.simplify), 2 ** (n - 1) * ones)
    for _ in DEPTHS:
        value = ones * value
        if min(value) <= 0:
            raise RefutedError("a unit is switched off")
    return "Wⁿ in closed form for a symbol n; every unit stays active from a positive input"


def _resting_factor(bias: sp.Expr) -> str:
    """tanh(2·4/5 + b) = 4/5, and there 2·tanh′ = 2(1 − (4/5)²)."""
    prove_equal(sp.tanh(2 * RESTS_AT + bias).rewrite(sp.exp), RESTS_AT)
    return prove_equal(2 * (1 - RESTS_AT**2), sp.Rational(18, 25))
