"""A recurrent net unfolded in time: as deep as the sequence is long, every layer with the same weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Prose, Source, prove
from symgrad.symbolic.letters import (
    D,
    E,
    T,
    U_shared,
    W,
    W_shared,
    a,
    b_shared,
    h,
    k,
    l,
    n,
    s,
    t,
    w_scalar,
    x_in,
)
from symgrad.symbolic.notation import Chain, Juxtaposed, Partial, dphi, phi
from symgrad.theory.chain import DEPTHS, diagonal, instantiated
from symgrad.theory.chain import layers as feedforward
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.nets import UNFOLDED

FACTOR = Juxtaposed(D[s], W_shared)
"""What one step puts into the product over time."""
DRIVE = Juxtaposed(U_shared, x_in[t]) + b_shared
RECURRENCE = sp.Eq(h[t], phi(Juxtaposed(W_shared, h[t - 1]) + DRIVE), evaluate=False)
SETTING: tuple[Prose, ...] = (
    (
        RECURRENCE,
        " entry by entry, with the same ",
        W_shared,
        ", ",
        U_shared,
        " and ",
        b_shared,
        " at every step ",
        t,
        " from 1 to ",
        T,
    ),
    (D[t], " is the diagonal matrix of ", dphi(a[t]), ", the slopes at the pre-activations of step ", t),
    ("gradients are row vectors",),
)

UNITS = sp.Symbol("N", integer=True, positive=True)
I, J, M = sp.symbols("i j m", integer=True, positive=True)
Z = sp.Symbol("z", real=True)


@dataclass(frozen=True)
class Unfolded:
    """h_0, the list h_1 … h_T and the pre-activations of a recurrent net, with its W, U, b: all entries are
    symbols, the activation is left general."""

    start: sp.Matrix
    states: list[sp.Matrix]
    inputs: list[sp.Matrix]
    recurrent: sp.Matrix
    given: sp.Matrix
    bias: sp.Matrix
    fed: list[sp.Symbol]

    @property
    def before(self) -> list[sp.Matrix]:
        """h_0 … h_{T−1}."""
        return [self.start, *self.states[:-1]]

    @cached_property
    def names(self) -> dict[sp.Basic, sp.Symbol]:
        """A letter for every state and every slope. Two expressions that are equal with the letters in their
        place are equal, and what is nested T deep becomes a polynomial."""
        found = {}
        for step, (pre, state) in enumerate(zip(self.inputs, self.states, strict=True), 1):
            for unit, (value, output) in enumerate(zip(pre, state, strict=True), 1):
                found[output] = sp.Symbol(f"h{step}_{unit}", real=True)
                found[dphi(value)] = sp.Symbol(f"d{step}_{unit}", real=True)
        return found

    def prove(self, lhs: sp.Matrix, rhs: sp.Matrix) -> str:
        """lhs = rhs, both about this net. Raises `RefutedError`."""
        return prove_equal(lhs.xreplace(self.names), rhs.xreplace(self.names))


def unfolded(steps: int, width: int = 2, matrices: list[sp.Matrix] | None = None) -> Unfolded:
    """A recurrent net of `width` units over `steps` steps with one input a step; `matrices` puts a W of its
    own into each step."""
    shared = sp.Matrix(width, width, lambda i, j: sp.Symbol(f"w_{i + 1}{j + 1}", real=True))
    start, given, bias = (
        sp.Matrix(sp.symbols(f"{letter}1:{width + 1}", real=True)) for letter in ("z", "u", "b")
    )
    fed = list(sp.symbols(f"x1:{steps + 1}", real=True))
    value, states, inputs = start, [], []
    for step, x in enumerate(fed):
        inputs.append((matrices[step] if matrices else shared) * value + given * x + bias)
        value = inputs[-1].applyfunc(phi)
        states.append(value)
    return Unfolded(start, states, inputs, shared, given, bias, fed)


def own_copies(steps: int) -> tuple[Unfolded, list[sp.Matrix]]:
    """The unfolded net with a matrix of its own in every step."""
    matrices = [
        sp.Matrix(2, 2, lambda i, j, step=step: sp.Symbol(f"w{step}_{i + 1}{j + 1}", real=True))
        for step in range(1, steps + 1)
    ]
    return unfolded(steps, matrices=matrices), matrices


def equal_copies(net: Unfolded, matrices: list[sp.Matrix]) -> dict[sp.Basic, sp.Basic]:
    """Every copy replaced by the shared W."""
    return {p: q for matrix in matrices for p, q in zip(matrix, net.recurrent, strict=True)}


def gradient(error: sp.Expr, matrix: sp.Matrix) -> sp.Matrix:
    """∂E/∂(matrix), entry by entry."""
    return matrix.applyfunc(lambda entry: sp.diff(error, entry))


@derivation("unfolded-net", "A recurrent net is a net as deep as the sequence is long", "time")
def unfolded_net() -> Body:
    """∂h_t/∂h_k = ∏_{s=k+1}^t D_s W, T a symbol, and ∂E/∂h_k = ∂E/∂h_T ∏_{s=k+1}^T D_s W."""
    steps = (
        prove(
            sp.And(
                sp.Eq(W[l], W_shared, evaluate=False),
                sp.Eq(sp.IndexedBase("b")[l], DRIVE.subs(t, l), evaluate=False),
                evaluate=False,
            ),
            (
                "layer ",
                l,
                " of the feedforward net with these weights and biases is time step ",
                l,
                ": the same function of the same state, so that both nets compute the same",
            ),
            lambda: over_time(_same_function).replace("differentiated outright", "compared entry by entry"),
            rule="unfolding",
        ),
        prove(
            sp.Eq(Partial(h[t], h[t - 1]), FACTOR.subs(s, t), evaluate=False),
            ("one step: the input and the bias move the place where the slope is taken, nothing else",),
            _one_step,
            rule="chain rule",
        ),
        prove(
            sp.Eq(Partial(h[t], h[k]), Chain(FACTOR, s, k + 1, t), evaluate=False),
            (
                "by induction over the steps: one more step puts one more factor on the left. ",
                "All factors have the same weights; they differ in the slopes alone",
            ),
            _product,
            rule="product over time",
        ),
        prove(
            sp.Eq(
                sp.Product(w_scalar * dphi(a[s]), (s, k + 1, t)),
                w_scalar ** (t - k) * sp.Product(dphi(a[s]), (s, k + 1, t)),
                evaluate=False,
            ),
            (
                "for one unit the shared weight is a true power, where a feedforward net has the product ",
                sp.Product(sp.IndexedBase("w", real=True)[l], (l, 1, n)),
                " of weights that may differ",
            ),
            _power,
            rule="one unit",
        ),
    )
    conclusion = prove(
        sp.Eq(Partial(E, h[k]), Juxtaposed(Partial(E, h[T]), Chain(FACTOR, s, k + 1, T)), evaluate=False),
        (
            "an error that is measured at the last step comes back to step ",
            k,
            " through ",
            T - k,
            " factors: what is proved of ",
            n,
            " layers holds of ",
            T - k,
            " steps",
        ),
        lambda: f"{_induction()}; {over_time(_row)}",
    )
    return Body(
        summary=(
            (
                "Unfolded in time, a recurrent net is a feedforward net with one layer a time step and the "
                "same weights in every layer, so its gradient is a product of as many factors as there are "
                "steps."
            ),
        ),
        assumptions=(*SETTING, ("the error ", E, " depends on the last state ", h[T], " alone")),
        steps=steps,
        conclusion=conclusion,
        picture={"verb": "simulate", "architecture": "rnn", "activation": "tanh", "sigma_w": 1.2},
        sources=(
            Source("rumelhart1986pdp", "chapter 8, recurrent nets"),
            Source("werbos1990"),
            Source("hochreiter1991", "section 4"),
        ),
        claims=(
            Claim(
                "unfolded-net/states",
                ("the product over time and the engine equal differences of the forward pass at every step",),
                "time-product",
                nets=UNFOLDED,
            ),
        ),
    )


def _same_function(steps: int) -> None:
    """The feedforward net whose layers carry W and U x_l + b computes h_1 … h_T."""
    net = unfolded(steps)
    start, outputs, matrices, inputs = feedforward(steps)
    value = net.start
    for level in range(steps):
        layer = inputs[level].xreplace(
            {
                **dict(zip(matrices[level], net.recurrent, strict=True)),
                **dict(zip(outputs[level - 1] if level else start, value, strict=True)),
            }
        )
        value = (layer + net.given * net.fed[level] + net.bias).applyfunc(phi)
        net.prove(value, net.states[level])


def over_time(check_one: Callable[[int], None], steps: Sequence[int] | None = None) -> str:
    """Runs `check_one(T)` for each number of steps, T = 1 … 6 unless told."""
    return instantiated(check_one, steps or DEPTHS).replace("n =", "T =")


def step_entry(weights: sp.Expr, state: sp.Expr) -> sp.Expr:
    """Unit i of one step with N units, N a symbol: φ(Σ_m W_im h_m + drive_i)."""
    drive = sp.IndexedBase("v", real=True)
    return phi(sp.Sum(weights * state, (M, 1, UNITS)) + drive[I])


def _one_step() -> str:
    """∂h_i/∂h_j of one step: for N units, N a symbol, and the whole matrix of three units."""
    net = unfolded(1, width=3)
    how = prove_equal(net.states[0].jacobian(net.start), diagonal(net.inputs[0]) * net.recurrent)
    weight, state = sp.IndexedBase("W", real=True), sp.IndexedBase("h", real=True)
    entry = step_entry(weight[I, M], state[M])
    found = sp.diff(entry, state[J]).doit()
    (pieces,) = found.atoms(sp.Piecewise)
    inside = pieces.args[0].expr  # where 1 ≤ j ≤ N; outside there is no such unit
    prove_equal(found.xreplace({pieces: inside}), dphi(entry.args[0]) * weight[I, J])
    return f"{how}; entry (i, j) for N units, N a symbol, and the whole matrix of three units"


def _induction() -> str:
    """With h_t(z) any differentiable functions: ∂h_{t+1}/∂z = D_{t+1} W ∂h_t/∂z, entry i, N a symbol."""
    weight, state = sp.IndexedBase("W", real=True), sp.Function("h", real=True)
    entry = step_entry(weight[I, M], state(M, Z))
    slope = dphi(entry.args[0])
    passed = slope * sp.Sum(weight[I, M] * sp.Derivative(state(M, Z), Z), (M, 1, UNITS))
    prove_equal(sp.diff(entry, Z), passed)
    return "the induction step for N units and every t, N and t symbols"


def _product() -> str:
    def outright(steps: int) -> None:
        net = unfolded(steps)
        chain = sp.eye(2)
        for vector in net.inputs:
            chain = diagonal(vector) * net.recurrent * chain
        net.prove(net.states[-1].jacobian(net.start), chain)

    return f"{_induction()}; {over_time(outright)}"


def _power() -> str:
    """The product split, its recursion from t to t + 1, and single units differentiated outright."""
    product = sp.Product(w_scalar * dphi(a[s]), (s, k + 1, t))
    power = w_scalar ** (t - k) * sp.Product(dphi(a[s]), (s, k + 1, t))
    how = prove_equal(product.doit(), power)
    prove_equal(sp.powsimp(power.subs(t, k).doit()), sp.S.One)

    def outright(steps: int) -> None:
        net = unfolded(steps, width=1)
        claimed = power.subs({k: 1, t: steps + 1}).doit().subs(w_scalar, net.recurrent[0])
        claimed = claimed.subs({a[step]: net.inputs[step - 2][0] for step in range(2, steps + 2)})
        prove_equal(sp.diff(net.states[-1][0], net.start[0]), claimed)

    return f"the product carried out, t and k symbols ({how}); {over_time(outright)}"


def _row(steps: int) -> None:
    net = unfolded(steps)
    g = sp.Matrix(sp.symbols("g1:3", real=True))
    back = g.T
    for vector in reversed(net.inputs):
        back = back * diagonal(vector) * net.recurrent
    net.prove(sp.Matrix([(g.T * net.states[-1])[0]]).jacobian(net.start), back)
