"""Backpropagation through time: the gradient of weights that all time steps share is a sum over the steps."""

import sympy as sp
from sympy.logic.inference import satisfiable

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import D, E, T, U_shared, W, W_shared, a, b_shared, h, k, s, t, w_scalar, x_in
from symgrad.symbolic.notation import Chain, Juxtaposed, Partial, Transposed, dphi, phi
from symgrad.theory.chain import diagonal
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.induction import by_induction
from symgrad.theory.through_time.nets import UNFOLDED
from symgrad.theory.through_time.unfolding import (
    FACTOR,
    SETTING,
    UNITS,
    I,
    M,
    Unfolded,
    Z,
    equal_copies,
    gradient,
    over_time,
    own_copies,
    step_entry,
    unfolded,
)
from symgrad.theory.weight_gradient import DELTA

FEW = range(1, 5)
"""Numbers of steps at which what the conclusion sums up is differentiated part by part."""
ERROR = sp.IndexedBase("E", real=True)
"""E_t, the error that step t makes."""
PATH = sp.Product(w_scalar * dphi(a[s]), (s, k + 1, t)) * dphi(a[k]) * h[k - 1]
"""∂h_t/∂w of one unit, as far as it comes from the use of w at step k."""


@derivation("backpropagation-through-time", "Shared weights: the gradient is a sum over the steps", "time")
def backpropagation_through_time() -> Body:
    """∂E/∂W = Σ_t Σ_{k≤t} D_k (∂E_t/∂h_k)ᵀ h_{k−1}ᵀ = Σ_t δ_t h_{t−1}ᵀ with E = Σ_t E_t, T a symbol."""
    total = Partial(E, W_shared)
    rank_one = Juxtaposed(DELTA[t], Transposed(h[t - 1]))
    pairs = Juxtaposed(D[k], Transposed(Partial(ERROR[t], h[k])), Transposed(h[k - 1]))
    steps = (
        prove(
            sp.Eq(total, sp.Sum(Partial(E, W[t]), (t, 1, T)), evaluate=False),
            (
                "give every step a copy ",
                W[t],
                " of the weights and differentiate where all copies are equal: ",
                "sharing adds up the gradients that the layers of the unfolded net have",
            ),
            lambda: f"{_total()}; {over_time(_copies)}",
            rule="shared weights",
        ),
        prove(
            sp.Eq(Partial(E, W[t]), rank_one, evaluate=False),
            (
                "with ",
                sp.Eq(DELTA[t], Juxtaposed(D[t], Transposed(Partial(E, h[t]))), evaluate=False),
                ", as in any feedforward net: the copy of step ",
                t,
                " acts on ",
                h[t - 1],
                " alone",
            ),
            lambda: over_time(_outer, FEW),
            rule="gradient of a layer",
        ),
        prove(
            sp.Eq(
                Partial(E, h[t]),
                Partial(ERROR[t], h[t]) + Juxtaposed(Transposed(DELTA[t + 1]), W_shared),
                evaluate=False,
            ),
            (
                "backwards in time: the error of this step, and what the next step sends back; ",
                sp.Eq(DELTA[T + 1], 0, evaluate=False),
            ),
            lambda: over_time(_backwards, FEW),
            rule="recursion",
        ),
        prove(
            sp.Eq(
                Partial(E, w_scalar),
                sp.Sum(Partial(ERROR[t], h[t]) * PATH, (k, 1, t), (t, 1, T)),
                evaluate=False,
            ),
            (
                "one unit: the error of step ",
                t,
                " reaches the use of the weight at step ",
                k,
                " through a product that carries the same weight ",
                t - k,
                " times. The terms with ",
                k,
                " far before ",
                t,
                " are the ones that vanish or explode",
            ),
            lambda: f"{_one_unit_induction()}; {over_time(_one_unit)}",
            rule="one unit, written out",
        ),
        prove(
            sp.Eq(total, sp.Sum(pairs, (k, 1, t), (t, 1, T)), evaluate=False),
            (
                "every pair of a step that makes an error and a step that used the weights, with ",
                sp.Eq(
                    Partial(ERROR[t], h[k]),
                    Juxtaposed(Partial(ERROR[t], h[t]), Chain(FACTOR, s, k + 1, t)),
                    evaluate=False,
                ),
            ),
            lambda: over_time(_pairs, FEW),
            rule="double sum",
        ),
        prove(
            sp.Eq(
                sp.Sum(pairs, (k, 1, t), (t, 1, T)),
                sp.Sum(pairs, (t, k, T), (k, 1, T)),
                evaluate=False,
            ),
            ("the same pairs, those of one ", k, " together; the inner sum is ", rank_one.subs(t, k)),
            _exchanged,
            rule="order of summation",
        ),
        prove(
            sp.And(
                sp.Eq(
                    Partial(E, U_shared),
                    sp.Sum(Juxtaposed(DELTA[t], Transposed(x_in[t])), (t, 1, T)),
                    evaluate=False,
                ),
                sp.Eq(Partial(E, b_shared), sp.Sum(Transposed(DELTA[t]), (t, 1, T)), evaluate=False),
                evaluate=False,
            ),
            ("the input weights act on ", x_in[t], " and the bias on a constant 1, at every step"),
            lambda: over_time(_inputs_and_bias, FEW),
            rule="input weights and bias",
        ),
    )
    conclusion = prove(
        sp.Eq(total, sp.Sum(rank_one, (t, 1, T)), evaluate=False),
        (
            "one pass forward keeps the states, one pass back makes every ",
            DELTA[t],
            ": the cost grows as ",
            T,
            ", not as the number of pairs",
        ),
        lambda: over_time(_shared),
    )
    return Body(
        summary=(
            (
                "Weights that all steps share get the sum of the gradients that each step would give them; "
                "a step long before the error contributes through a long product."
            ),
        ),
        assumptions=(
            *SETTING,
            (
                sp.Eq(E, sp.Sum(ERROR[t], (t, 1, T)), evaluate=False),
                ", where ",
                ERROR[t],
                " depends on ",
                h[t],
                " alone (errors at some steps only are 0 at the others)",
            ),
            (DELTA[t], " is the gradient with respect to the pre-activation ", a[t], ", a column"),
        ),
        steps=steps,
        conclusion=conclusion,
        picture={"verb": "simulate", "architecture": "rnn", "activation": "tanh", "sigma_w": 2.0},
        sources=(
            Source("werbos1990"),
            Source("rumelhart1986pdp", "chapter 8, recurrent nets"),
            Source("pascanu2013", "eq 3-5"),
        ),
        claims=(
            Claim(
                "backpropagation-through-time/shared",
                (
                    (
                        "moving the shared weights at all steps at once changes the error as the sum of the "
                        "gradients of the unfolded net's layers says, and as the engine says"
                    ),
                ),
                "shared-weights",
                nets=UNFOLDED,
            ),
        ),
    )


def _total() -> str:
    """dh_t/dz where W(z) and h_{t−1}(z) both depend on z, entry i, N a symbol: the use of W at this step, and
    what the earlier uses (the other copies, all of them inside h_{t−1}) have added up to.
    """
    weight, state = sp.Function("W", real=True), sp.Function("h", real=True)
    entry = step_entry(weight(I, M, Z), state(M, Z))
    here, before = (
        sp.Sum(term, (M, 1, UNITS))
        for term in (
            sp.diff(weight(I, M, Z), Z) * state(M, Z),
            weight(I, M, Z) * sp.diff(state(M, Z), Z),
        )
    )
    prove_equal(sp.expand(sp.diff(entry, Z)), sp.expand(dphi(entry.args[0]) * (here + before)))
    return "the induction step for N units and every t, N and t symbols"


def _one_unit_induction() -> str:
    """S_t = Σ_{k≤t} PATH obeys S_t = φ′(a_t)(h_{t−1} + w S_{t−1}), S_0 = 0, as dh_t/dw does."""
    state, drive = sp.Function("h", real=True)(w_scalar), sp.Symbol("v", real=True)
    pre = w_scalar * state + drive
    prove_equal(sp.diff(phi(pre), w_scalar), dphi(pre) * (state + w_scalar * sp.diff(state, w_scalar)))
    return by_induction(
        sp.Sum(PATH, (k, 1, t)),
        t,
        sp.S.Zero,
        sp.S.Zero,
        lambda before: dphi(a[t]) * (h[t - 1] + w_scalar * before),
    )


def _error(net: Unfolded) -> sp.Expr:
    """Σ_t ⟨e_t, h_t⟩, whose gradient with respect to h_t alone is any row e_t."""
    return sum((_row(step).dot(state) for step, state in enumerate(net.states, 1)), sp.S.Zero)


def _row(step: int) -> sp.Matrix:
    """∂E_t/∂h_t of two units as symbols."""
    return sp.Matrix([sp.symbols(f"e{step}_1:3", real=True)])


def _deltas(net: Unfolded) -> list[sp.Matrix]:
    """δ_1 … δ_T by the recursion."""
    found: list[sp.Matrix] = []
    back = sp.zeros(1, 2)
    for step in range(len(net.states), 0, -1):
        delta = diagonal(net.inputs[step - 1]) * (_row(step) + back).T
        found.insert(0, delta)
        back = delta.T * net.recurrent
    return found


def _copies(steps: int) -> None:
    """∂E/∂W of the recurrent net is the sum of the ∂E/∂W_l of the feedforward one, taken at W_l = W."""
    net, (apart, matrices) = unfolded(steps), own_copies(steps)
    equal, error = equal_copies(apart, matrices), _error(apart)
    total = sp.zeros(2, 2)
    for matrix in matrices:
        total += gradient(error, matrix).xreplace(apart.names).xreplace(equal)
    net.prove(gradient(_error(net), net.recurrent), total)


def _outer(steps: int) -> None:
    """Each copy's own gradient is δ_t h_{t−1}ᵀ."""
    net, (apart, matrices) = unfolded(steps), own_copies(steps)
    equal, error = equal_copies(apart, matrices), _error(apart)
    for matrix, delta, below in zip(matrices, _deltas(net), net.before, strict=True):
        found = gradient(error, matrix).xreplace(apart.names).xreplace(equal)
        net.prove(found, delta * below.T)


def _backwards(steps: int) -> None:
    """∂E/∂h_t, the states after t differentiated outright, is the row that the recursion makes."""
    net = unfolded(steps)
    later = [*(delta.T * net.recurrent for delta in _deltas(net)[1:]), sp.zeros(1, 2)]
    for step, back in enumerate(later, 1):
        onward = unfolded(steps - step)
        fed = dict(zip(onward.fed, net.fed[step:], strict=True))
        renamed = {p: q for at in range(1, len(onward.states) + 1) for p, q in _shifted(at, step)}
        state = dict(zip(onward.start, net.states[step - 1], strict=True))
        error = _row(step).dot(onward.start) + _error(onward).xreplace({**fed, **renamed})
        found = sp.Matrix([error]).jacobian(onward.start).xreplace(state)
        net.prove(found, _row(step) + back)


def _shifted(at: int, by: int) -> list[tuple[sp.Basic, sp.Basic]]:
    return list(zip(_row(at), _row(at + by), strict=True))


def _one_unit(steps: int) -> None:
    """The double sum for one unit, written out, against the derivative of Σ e_t h_t."""
    net = unfolded(steps, width=1)
    rows = sp.symbols(f"e1:{steps + 1}", real=True)
    error = sum((row * state[0] for row, state in zip(rows, net.states, strict=True)), sp.S.Zero)
    weight = net.recurrent[0]
    known = {a[step]: pre[0] for step, pre in enumerate(net.inputs, 1)}
    known |= {h[step]: below[0] for step, below in enumerate(net.before)}
    terms = [
        rows[later - 1] * PATH.subs({t: later, k: use}).doit().subs(w_scalar, weight).xreplace(known)
        for later in range(1, steps + 1)
        for use in range(1, later + 1)
    ]
    prove_equal(sp.diff(error, weight), sum(terms, sp.S.Zero))


def _pairs(steps: int) -> None:
    """The double sum with two units: Σ_t Σ_{k≤t} D_k (e_t ∏_{s=k+1}^t D_s W)ᵀ h_{k−1}ᵀ."""
    net = unfolded(steps)
    total = sp.zeros(2, 2)
    for later in range(1, steps + 1):
        row = _row(later)
        for use in range(later, 0, -1):
            delta = diagonal(net.inputs[use - 1]) * row.T
            total += delta * net.before[use - 1].T
            row = delta.T * net.recurrent
    net.prove(gradient(_error(net), net.recurrent), total)


def _exchanged() -> str:
    """1 ≤ k ≤ t ≤ T in both orders: each description of the pairs implies the other, for every real T."""
    error, use, last = sp.symbols("t k T", real=True)
    by_error = sp.And(error >= 1, error <= last, use >= 1, use <= error)
    by_use = sp.And(use >= 1, use <= last, error >= use, error <= last)
    for one, other in ((by_error, by_use), (by_use, by_error)):
        if satisfiable(sp.And(one, sp.Not(other)), use_lra_theory=True):
            raise RefutedError("the two orders do not run over the same pairs")
    return "both orders run over the same pairs, decided by linear arithmetic for every T"


def _inputs_and_bias(steps: int) -> None:
    net, error = unfolded(steps), _error(unfolded(steps))
    deltas = _deltas(net)
    fed = sum((delta * x for delta, x in zip(deltas, net.fed, strict=True)), sp.zeros(2, 1))
    net.prove(gradient(error, net.given), fed)
    net.prove(gradient(error, net.bias), sum(deltas, sp.zeros(2, 1)))


def _shared(steps: int) -> None:
    """Σ_t δ_t h_{t−1}ᵀ against the derivative with respect to the shared W outright."""
    net = unfolded(steps)
    pairs = zip(_deltas(net), net.before, strict=True)
    net.prove(
        gradient(_error(net), net.recurrent),
        sum((delta * below.T for delta, below in pairs), sp.zeros(2, 2)),
    )
