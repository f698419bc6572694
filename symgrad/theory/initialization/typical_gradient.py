"""Sussillo and Abbott: the typical gradient shrinks where its mean square stays, and a gain against that."""

from functools import cache
from itertools import product

import sympy as sp
from flint import arb

from symgrad.errors import RefutedError
from symgrad.symbolic.balls import ball, precision
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import delta
from symgrad.symbolic.notation import Juxtaposed, Mean, Norm, Transposed
from symgrad.symbolic.number import BITS
from symgrad.theory.entry import Body, derivation
from symgrad.theory.propagation.length_map import gaussian_mean

__all__ = ["DRIFT", "FIT", "RELU_DRIFT", "linear_gain", "relu_drift", "typical_gradient_gain"]

N, ACTIVE = sp.symbols("N K", integer=True, positive=True)
SQUARES, GAIN = sp.Symbol("X", positive=True), sp.Symbol("g", positive=True)
"""A sum of squares of independent standard Gaussians; the gain, σ_w."""
POWER = sp.Symbol("s", positive=True)
AT = sp.Symbol("x", positive=True)
PLAIN = sp.Symbol("W")
DRIFT = (sp.digamma(N / 2) + sp.log(2 / N)) / 2
"""Mean change of ln ‖gradient‖ in a linear layer of gain 1."""
STEP = 1 / AT - sp.log(1 + 2 / AT) / 2
"""How the drift changes from width x to x + 2."""
RELU_DRIFT = sp.Sum(sp.binomial(N, ACTIVE) * (sp.digamma(ACTIVE / 2) + sp.log(2 / N)), (ACTIVE, 1, N)) / (
    2 * (2**N - 1)
)
"""The same of a ReLU layer with gain 1, among layers that are not dead."""
FIT = sp.sqrt(2) * sp.exp(sp.Rational(6, 5) / (sp.Max(N, 6) - sp.Rational(12, 5)))
"""The paper's gain for ReLU, fitted to simulations: no theorem."""
WIDTH = 100
NETS = (("identity", 5), ("identity", 10), ("relu", 8), ("relu", 10))
DEPTH = 20


def linear_gain(width: int) -> sp.Expr:
    """The gain at which ln ‖gradient‖ of a linear net of that width has no drift."""
    return sp.exp(-DRIFT.subs(N, width))


@cache
def relu_drift(width: int) -> arb:
    """`RELU_DRIFT` at that width: the sum over K, term by term in balls."""
    with precision(BITS):
        total = arb(0)
        for k in range(1, width + 1):
            total += ball(sp.binomial(width, k)) * ball(sp.digamma(sp.Rational(k, 2)))
        return (total / ball(sp.Integer(2) ** width - 1) + ball(sp.log(sp.Rational(2, width)))) / 2


@derivation(
    "typical-gradient-gain",
    "A gain a little larger keeps the typical gradient, not the mean one",
    "initialization",
)
def typical_gradient_gain() -> Body:
    """ln g = −½ (ψ(N/2) + ln(2/N)) keeps the mean of ln ‖gradient‖ in a linear net of width N."""
    back = Norm(Juxtaposed(Transposed(PLAIN), delta)) / Norm(delta)
    density = AT ** (N / 2 - 1) * sp.exp(-AT / 2) / (2 ** (N / 2) * sp.gamma(N / 2))
    gain = linear_gain(WIDTH)
    steps = (
        prove(
            sp.Eq(Mean(SQUARES**POWER), 2**POWER * sp.gamma(N / 2 + POWER) / sp.gamma(N / 2), evaluate=False),
            (
                "the Mellin transform of ",
                SQUARES,
                ", a sum of ",
                N,
                " squares of independent standard Gaussians",
            ),
            lambda: _mellin(density),
            rule="gamma function",
        ),
        prove(
            sp.Eq(Mean(sp.log(SQUARES)), sp.digamma(N / 2) + sp.log(2), evaluate=False),
            ("its derivative at ", sp.Eq(POWER, 0), " is the mean logarithm, with ψ the digamma function"),
            _logarithm,
            rule="derivative of a power",
        ),
        prove(
            sp.Eq(Mean(sp.log(back)), DRIFT, evaluate=False),
            (
                "one linear layer back: given ",
                delta,
                " the entries are independent Gaussians, so the ratio is the root of ",
                SQUARES / N,
                ", with the same law in every layer",
            ),
            _one_layer,
            rule="Gaussian weights",
        ),
        prove(
            sp.Eq(DRIFT.subs(N, N + 2) - DRIFT, STEP.subs(AT, N), evaluate=False),
            ("two units more change the drift by this much, since the digamma function gains ", 2 / N),
            _two_more,
            rule="recurrence",
        ),
        prove(
            sp.Eq(sp.Limit(N * DRIFT, N, sp.oo), -sp.Rational(1, 2), evaluate=False),
            ("for large widths the drift is minus one over ", 2 * N, ": the paper's own formula"),
            _first_order,
            rule="Stolz–Cesàro theorem",
        ),
        prove(
            sp.Eq(
                Mean(sp.log(back)),
                RELU_DRIFT,
                evaluate=False,
            ),
            (
                "with ReLU only ",
                ACTIVE,
                (
                    " of the units hand anything back, each with probability one half whatever the squares "
                    "of its weights; layers without any are left out"
                ),
            ),
            _relu,
            rule="binomial law",
        ),
        prove(
            sp.Eq((Mean(SQUARES**2) - Mean(SQUARES) ** 2) / Mean(SQUARES) ** 2, 5 / N, evaluate=False),
            (
                "the relative variance of such a sum of ",
                ACTIVE,
                (
                    " squares: a quarter of it is to first order the log of the gain over √2: 1.25 over "
                    "the width. The paper's fit has 1.2 there"
                ),
            ),
            _relu_spread,
            rule="first order",
        ),
    )
    conclusion = prove(
        sp.Equivalent(
            sp.Eq(sp.log(GAIN) + DRIFT, 0, evaluate=False), sp.Eq(GAIN, sp.exp(-DRIFT), evaluate=False)
        ),
        (
            (
                "the gain that keeps the typical gradient of a linear net, exact at every width and depth: "
                f"{_decimals(gain)} at width {WIDTH}. For ReLU it is √2 times {_relu_gain(WIDTH):.6f}; the "
                f"paper's fit is √2 times {float(FIT.subs(N, WIDTH)) / 2**0.5:.6f}"
            ),
        ),
        _solved,
    )
    return Body(
        summary=(
            (
                "A gain that keeps the mean square of the gradient lets its typical size shrink by one "
                "over twice the width a layer; the digamma function says what gain keeps it."
            ),
        ),
        assumptions=(
            (
                "weights are independent Gaussians of variance ",
                GAIN**2 / N,
                ", layers have ",
                N,
                " units, no biases",
            ),
            ("units are linear, or ReLU where it is said; the gradient at the output is Gaussian",),
            ("the typical size is that of the mean logarithm over nets",),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(Source("sussillo2014", "section 2, and eq 8 and 9 for the fit"), Source("hanin2018")),
        claims=_claims(),
        picture={"verb": "simulate", "activation": "identity", "sigma_w": 1.0, "width": 32, "depth": 100},
    )


def _claims() -> tuple[Claim, ...]:
    """The drift with the gain that keeps the mean square, and with the one that keeps the typical size."""
    drift: dict[str, dict[int, object]] = {"identity": {}, "relu": {}}
    kept, nets, held = sp.sqrt(2), [], []
    for name, width in NETS:
        linear = name == "identity"
        drift[name][width] = DRIFT.subs(N, width) if linear else relu_drift(width) + ball(sp.log(2)) / 2
        net = {"activation": name, "depth": DEPTH, "width": width}
        nets.append({**net, "sigma_w": sp.S.One if linear else kept})
        held.append({**net, "sigma_w": float(linear_gain(width)) if linear else _relu_gain(width) * 2**0.5})
    none = {name: dict.fromkeys(found, sp.S.Zero) for name, found in drift.items()}
    rows = (
        (
            "drift",
            "where the mean square stays, the typical gradient drifts by the amount found",
            drift,
            nets,
        ),
        ("kept", "with the gains found the typical gradient has no drift", none, held),
    )
    return tuple(
        Claim(
            f"typical-gradient-gain/{name}",
            (f"{says}, to 0.06 over the width",),
            "typical-drift",
            expects={"drift": expected},
            nets=tuple(listed),
            scope="typical",
        )
        for name, says, expected, listed in rows
    )


def _relu_gain(width: int) -> float:
    """The gain over √2 at which ln ‖gradient‖ of a ReLU net of that width has no drift."""
    with precision(BITS):
        return float((-relu_drift(width)).exp() / arb(2).sqrt())


def _decimals(number: sp.Expr) -> str:
    with precision(BITS):
        return f"{float(ball(number)):.6f}"


def _mellin(density: sp.Expr) -> str:
    found = sp.integrate(AT**POWER * density, (AT, 0, sp.oo))
    prove_equal(sp.gammasimp(found / (2**POWER * sp.gamma(N / 2 + POWER) / sp.gamma(N / 2))), sp.S.One)
    return "the integral of a power against the density of χ², every N and every power"


def _logarithm() -> str:
    moment = 2**POWER * sp.gamma(N / 2 + POWER) / sp.gamma(N / 2)
    return prove_equal(sp.diff(moment, POWER).subs(POWER, 0), sp.digamma(N / 2) + sp.log(2))


def _one_layer() -> str:
    """E (Wᵀδ)_i (Wᵀδ)_j = ‖δ‖²/N for i = j, else 0: uncorrelated Gaussians are independent."""
    for size in (1, 2, 3):
        matrix = sp.Matrix(size, size, lambda i, j: sp.Symbol(f"w{i}{j}", real=True))
        vector = sp.Matrix(sp.symbols(f"d1:{size + 1}", real=True))
        entries = matrix.T * vector
        for i, j in product(range(size), repeat=2):
            found = gaussian_mean(entries[i] * entries[j], dict.fromkeys(matrix, sp.Rational(1, size)))
            prove_equal(found, vector.dot(vector) / size if i == j else sp.S.Zero)
    prove_equal((sp.digamma(N / 2) + sp.log(2) - sp.log(N)) / 2, sp.expand_log(DRIFT))
    return "covariances of the entries, sizes 1 … 3; half the mean logarithm of X/N"


def _two_more() -> str:
    """Half of ψ(x + 1) − ψ(x) = 1/x at x = N/2, and of the logarithm of the ratio (2/(N + 2))/(2/N)."""
    prove_equal((sp.expand_func(sp.digamma(AT / 2 + 1)) - sp.digamma(AT / 2)) / 2, 1 / AT)
    how = prove_equal((2 / (AT + 2)) / (2 / AT), 1 / (1 + 2 / AT))
    prove_equal(STEP, 1 / AT - sp.log(1 + 2 / AT) / 2)
    return f"ψ(x + 1) = ψ(x) + 1/x, and the ratio under the logarithm: {how}"


def _first_order() -> str:
    """f(N) = DRIFT falls to 0, and its steps of 2 are −½ those of 1/N in the limit; so is f itself."""
    if sp.limit(STEP / (1 / (AT + 2) - 1 / AT), AT, sp.oo) != -sp.Rational(1, 2):
        raise RefutedError("the steps of the drift are not half those of 1/N")
    with precision(BITS):
        for width in (10, 1000, 10**5):
            half = arb(width) / 2
            if not abs(half * (half.digamma() - half.log()) + arb("0.5")) < arb(1) / (5 * width):
                raise RefutedError(f"N times the drift is not near −½ at N = {width}")
    return "the ratio of both steps as a limit; balls at widths 10, 1000, 100000"


def _relu() -> str:
    """Rows are drawn with either sign: over all signs K units of N are on in C(N, K) of 2^N ways."""
    for size in (1, 2, 3, 4):
        signs = [sum(pattern) for pattern in product((0, 1), repeat=size)]
        for k in range(size + 1):
            prove_equal(sp.Integer(signs.count(k)), sp.binomial(size, k))
    prove_equal(sp.summation(sp.binomial(N, ACTIVE), (ACTIVE, 0, N)) - 1, 2**N - 1)
    inside = (sp.digamma(ACTIVE / 2) + sp.log(2) - sp.log(N)) / 2
    prove_equal(2 * inside, sp.expand_log(RELU_DRIFT.atoms(sp.Sum).pop().function / sp.binomial(N, ACTIVE)))
    return "the signs of the rows, enumerated for up to four units; living layers have probability 1 − 2^(−N)"


def _relu_spread() -> str:
    """E X = E K = N/2 and E X² = E K (K + 2), with K binomial: from the derivatives of (1 + t)^N at 1."""
    t = sp.Symbol("t", positive=True)
    law = (1 + t) ** N / 2**N
    first = sp.diff(law, t).subs(t, 1)
    second = sp.diff(law, t, 2).subs(t, 1) + first
    prove_equal(sp.simplify(first), N / 2)
    return prove_equal(sp.simplify((second + 2 * first - first**2) / first**2), 5 / N)


def _solved() -> str:
    found = sp.solve(sp.Eq(sp.log(GAIN) + DRIFT, 0), GAIN)
    how = prove_equal(sp.expand_log(sp.log(found[0])), sp.expand_log(-DRIFT))
    if len(found) != 1 or _decimals(linear_gain(WIDTH)) != "1.005029":
        raise RefutedError("the gain is not the one root, or not the published figure")
    return f"the one root: {how}"
