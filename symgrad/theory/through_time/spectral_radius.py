"""Claim, proof and counterexample: a small spectral radius is said to make the gradient vanish."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, Step, prove
from symgrad.symbolic.letters import D, T, W_shared, b_shared, gamma, h, n, t, x, x_in
from symgrad.symbolic.notation import Chain, Juxtaposed, Norm, Partial, phi
from symgrad.theory.entry import Body, derivation
from symgrad.theory.norm_bound import suprema
from symgrad.theory.through_time.norms import BOUND
from symgrad.theory.through_time.transient import family

WEIGHTS = family(sp.S.Zero, sp.Integer(16))
"""[[8, 8], [−8, −8]]: W² = 0."""
STATE = sp.ImmutableMatrix([0, sp.Rational(1, 2)])
"""The fixed point of every net on this page."""
JACOBIAN = sp.ImmutableMatrix([[8, 8], [-6, -6]])
PASCANU = sp.ImmutableMatrix([[8, 6], [-8, -6]])
"""The Jacobian where the states are the pre-activations, x_t = W tanh(x_{t−1}) + b."""
STEPS = 20
"""So many steps the float64 engine stays at the fixed point, which repels."""
RHO = sp.Function("rho")


def bias(weights: sp.Matrix) -> sp.Matrix:
    """b with tanh(W h + b) = h at the state h = (0, 1/2)."""
    return STATE.applyfunc(sp.atanh) - weights * STATE


def slopes() -> sp.Matrix:
    """D = diag tanh′ there: 1 − h² in each unit."""
    return sp.diag(*(1 - value**2 for value in STATE))


def power_norm(steps: sp.Expr = n) -> sp.Expr:
    """‖Jⁿ‖₂ = 2ⁿ⁻¹·10√2."""
    return 2 ** (steps - 1) * 10 * sp.sqrt(2)


@derivation(
    "spectral-radius",
    "Claim, proof, counterexample: a small spectral radius makes the gradient vanish",
    "time",
)
def spectral_radius() -> Body:
    """Refuted: W = [[8, 8], [−8, −8]] has spectral radius 0; ‖∂h_n/∂h_0‖₂ = 2ⁿ⁻¹·10√2 at a fixed point."""
    vanishes = sp.Eq(sp.Limit(Norm(Partial(h[T], h[t])), T, sp.oo), 0, evaluate=False)
    small = sp.Lt(RHO(W_shared), 1 / gamma)
    conclusion = prove(
        sp.And(
            sp.Lt(RHO(WEIGHTS), 1 / gamma, evaluate=False),
            sp.Eq(sp.Limit(Norm(sp.MatPow(JACOBIAN, n)), n, sp.oo), sp.oo, evaluate=False),
            evaluate=False,
        ),
        (
            (
                "the claim is refuted. What suffices is a norm below 1/γ (page time-norm-bound). A spectral "
                "radius below 1/γ suffices for normal weights, whose norm it is, and for triangular ones "
                "(page diagonal-scaling)"
            ),
        ),
        _refutes,
    )
    return Body(
        summary=(
            (
                "It is often said that a spectral radius below 1/γ makes the gradient of a recurrent net "
                "vanish. A tanh net with spectral radius 0 whose gradient doubles at every step refutes it."
            ),
        ),
        assumptions=(
            (
                sp.Eq(h[t], phi(Juxtaposed(W_shared, h[t - 1]) + b_shared), evaluate=False),
                " entry by entry, with ",
                sp.Eq(phi(x), sp.tanh(x), evaluate=False),
                ", so that ",
                sp.Eq(gamma, 1, evaluate=False),
            ),
            (RHO(W_shared), " is the spectral radius, the largest size of an eigenvalue"),
            ("the claim that is examined, not assumed: ", sp.Implies(small, vanishes, evaluate=False)),
        ),
        steps=(*_argument(), *_counterexample()),
        conclusion=conclusion,
        sources=(Source("pascanu2013", "section 2.1"), Source("trefethen2005", "section 16")),
        picture={"verb": "spectral-radius", "preset": "fixed point"},
        claims=_claims(),
    )


def _argument() -> tuple[Step, ...]:
    """The proof that is given, and the place where it breaks."""
    first, second = sp.symbols("d1 d2", real=True)
    return (
        prove(
            sp.Le(Norm(Chain(Juxtaposed(D[t], W_shared), t, 1, T)), BOUND.subs(t, 0), evaluate=False),
            (
                "the proof as given: every factor has at most the norm ",
                gamma * Norm(W_shared),
                ". So far it is right",
            ),
            lambda: prove_equal(BOUND.subs(t, 0), (gamma * Norm(W_shared)) ** T) + ", page time-norm-bound",
            rule="proof",
        ),
        prove(
            sp.Eq(Norm(WEIGHTS), 16, evaluate=False),
            (
                "where it breaks: it then puts the largest eigenvalue in the place of the norm. But only ",
                sp.Le(RHO(W_shared), Norm(W_shared), evaluate=False),
                " holds; here the norm is 16 and both eigenvalues are 0",
            ),
            _norm_is_not_radius,
            rule="gap",
        ),
        prove(
            sp.Eq(
                RHO(sp.MatMul(sp.diag(first, second), WEIGHTS, evaluate=False)),
                8 * sp.Abs(first - second),
                evaluate=False,
            ),
            (
                "powers of ",
                W_shared,
                (
                    " do not help either: the product is not one of them, and two different slopes give the "
                    "factor an eigenvalue that "
                ),
                W_shared,
                " has not",
            ),
            lambda: _factor(first, second),
            rule="gap",
        ),
    )


def _counterexample() -> tuple[Step, ...]:
    given = bias(WEIGHTS)
    return (
        prove(
            sp.Eq(sp.MatPow(WEIGHTS, 2), sp.zeros(2, 2), evaluate=False),
            (
                (
                    "the counterexample: spectral radius 0, below every threshold. In the linear net the "
                    "gradient is exactly 0 after two steps"
                ),
            ),
            lambda: prove_equal(WEIGHTS**2, sp.zeros(2, 2)),
            rule="counterexample",
        ),
        prove(
            sp.Eq(
                sp.MatAdd(sp.MatMul(WEIGHTS, STATE, evaluate=False), given, evaluate=False),
                STATE.applyfunc(sp.atanh),
                evaluate=False,
            ),
            (
                "with this bias the state ",
                STATE,
                " is a fixed point: tanh of the right side is the state again",
            ),
            lambda: rests(WEIGHTS),
            rule="fixed point",
        ),
        prove(
            sp.Eq(sp.MatMul(slopes(), WEIGHTS, evaluate=False), JACOBIAN, evaluate=False),
            ("the slopes there are 1 and 3/4: two different ones",),
            lambda: prove_equal(slopes() * WEIGHTS, JACOBIAN),
            rule="Jacobian",
        ),
        prove(
            sp.Eq(sp.MatPow(JACOBIAN, n), 2 ** (n - 1) * JACOBIAN, evaluate=False),
            ("as ", sp.Eq(sp.MatPow(JACOBIAN, 2), 2 * JACOBIAN, evaluate=False), ", by induction"),
            lambda: _doubles(JACOBIAN),
            rule="induction",
        ),
        prove(
            sp.Eq(Norm(sp.MatPow(JACOBIAN, n)), power_norm(), evaluate=False),
            ("the Jacobian has rank one, so its norm is the root of the sum of its squared entries",),
            lambda: _rank_one_norm(JACOBIAN),
            rule="norm",
        ),
        prove(
            sp.Eq(
                Norm(sp.MatPow(sp.MatMul(WEIGHTS, slopes(), evaluate=False), n)), power_norm(), evaluate=False
            ),
            (
                "the same in Pascanu's form, where the states are the pre-activations, ",
                sp.Eq(x_in[t], W_shared * sp.tanh(x_in[t - 1]) + b_shared),
                ": the fixed point is ",
                STATE.applyfunc(sp.atanh),
                " and the factor ",
                PASCANU,
            ),
            _other_convention,
            rule="convention",
        ),
    )


def _claims() -> tuple[Claim, ...]:
    return (
        Claim(
            "spectral-radius/suffices",
            (
                "a spectral radius below 1/γ suffices for the gradient to vanish: refuted by the net with ",
                sp.Eq(W_shared, WEIGHTS, evaluate=False),
            ),
            "counterexample",
            expects={
                "gamma": suprema("tanh"),
                "weights": WEIGHTS.tolist(),
                "bias": list(bias(WEIGHTS)),
                "input": list(STATE),
                "power": n,
                "norm": power_norm(),
            },
            nets=({"activation": "tanh", "depth": STEPS},),
            status="refuted",
        ),
    )


def _norm_is_not_radius() -> str:
    if set((WEIGHTS.T * WEIGHTS).eigenvals()) != {sp.S.Zero, sp.Integer(256)}:
        raise RefutedError("the largest singular value is not 16")
    if set(WEIGHTS.eigenvals()) != {sp.S.Zero}:
        raise RefutedError("the spectral radius is not 0")
    return "the eigenvalues of WᵀW are 256 and 0, those of W both 0"


def _factor(first: sp.Symbol, second: sp.Symbol) -> str:
    found = set((sp.diag(first, second) * WEIGHTS).eigenvals())
    if {sp.expand(value) for value in found} != {sp.S.Zero, sp.expand(8 * (first - second))}:
        raise RefutedError(f"the eigenvalues of a factor are {found}")
    return "the eigenvalues for slopes that are symbols: 0 and 8(d₁ − d₂)"


def rests(weights: sp.Matrix) -> str:
    """The check that the state is a fixed point of the net with these weights; raises `RefutedError`."""
    inner = (weights * STATE + bias(weights)).applyfunc(sp.expand)
    prove_equal(inner, STATE.applyfunc(sp.atanh))
    for value, state in zip(inner, STATE, strict=True):
        prove_equal(sp.tanh(value).rewrite(sp.exp), state)
    return "W h + b is (0, artanh ½), whose tanh is the state exactly"


def _doubles(factor: sp.Matrix) -> str:
    """J¹ = 2⁰J, and J·2ⁿ⁻¹J = 2ⁿJ."""
    prove_equal((2 ** (n - 1)).subs(n, 1) * factor, factor)
    return prove_equal(factor * 2 ** (n - 1) * factor, 2**n * factor) + ": the induction step, n a symbol"


def _rank_one_norm(factor: sp.Matrix) -> str:
    if set((factor.T * factor).eigenvals()) != {sp.S.Zero, sp.Integer(200)}:
        raise RefutedError("the squared singular values are not 200 and 0")
    how = prove_equal(2 ** (n - 1) * sp.sqrt(200), power_norm())
    return f"{how}; the eigenvalues of JᵀJ are 200 and 0"


def _other_convention() -> str:
    state = STATE.applyfunc(sp.atanh)
    prove_equal(WEIGHTS * state.applyfunc(sp.tanh) + bias(WEIGHTS), state)
    prove_equal(WEIGHTS * slopes(), PASCANU)
    _doubles(PASCANU)
    return _rank_one_norm(PASCANU) + ": fixed point, factor and powers as before"


def _refutes() -> str:
    """The premise holds, 0 < 1/γ = 1, and the norm of the product grows without bound."""
    radius = max(abs(value) for value in WEIGHTS.eigenvals())
    if not radius < 1 / suprema("tanh")["tanh"].number:
        raise RefutedError("the premise of the claim does not hold")
    if sp.limit(power_norm(sp.Symbol("n", positive=True)), sp.Symbol("n", positive=True), sp.oo) != sp.oo:
        raise RefutedError("the product does not grow")
    return "one net with ρ(W) = 0 < 1/γ = 1 and ‖∂h_n/∂h_0‖₂ = 2ⁿ⁻¹·10√2 → ∞"
