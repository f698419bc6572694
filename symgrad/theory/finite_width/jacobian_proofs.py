"""What the law of ‖Ju‖² rests on: signs, sums of squares, binomial moments; whole small nets enumerated."""

import itertools

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.letters import widths
from symgrad.theory.propagation.length_map import gaussian_mean

__all__ = [
    "ACTIVE", "DEGREES", "FACTOR", "SQUARES", "TURN", "N", "binomial", "central", "chi_squared", "fan_in",
    "fourth", "independent", "linear", "logarithm", "low_order", "moment", "rows", "signs", "small_nets",
    "variance_of_logarithm",
]  # fmt: skip

N = sp.Symbol("N", integer=True, positive=True)
"""The width of a layer."""
ACTIVE = sp.Symbol("K", integer=True, nonnegative=True)
"""The number of its active units."""
DEGREES = sp.Symbol("k", positive=True)
"""Degrees of freedom of a sum of squares."""
SQUARES, FACTOR = sp.symbols("X F", positive=True)
"""A sum of K squares of independent N(0, 1), and the factor (2/N) X of a layer."""
TURN = sp.Symbol("t", positive=True)
_p = sp.Symbol("p", positive=True)
_j = sp.Symbol("j", integer=True, nonnegative=True)
SMALL = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 1), (1, 3), (1, 1, 1))
"""Widths N_1, N_2, … of nets whose fourth moment is worked out whole, from one input."""


def signs() -> str:
    """Over the signs of the rows the active units are all subsets, once each, and the squares stay."""
    for width in (1, 2, 3):
        marks = sp.symbols(f"t1:{width + 1}", positive=True)
        states, sizes = (sp.symbols(f"{letter}1:{width + 1}", positive=True) for letter in "as")
        total = sp.S.Zero
        for turned in itertools.product((1, -1), repeat=width):
            for sign, state, size in zip(turned, states, sizes, strict=True):
                prove_equal((sign * size) ** 2, size**2)
                if (sign * state).is_positive is not (sign > 0):
                    raise RefutedError("turning a row does not turn its pre-activation")
            total += sp.Mul(*(mark if sign > 0 else 1 for mark, sign in zip(marks, turned, strict=True)))
        prove_equal(total / 2**width, sp.Mul(*((1 + mark) / 2 for mark in marks)))
        prove_equal((total / 2**width).subs(dict.fromkeys(marks, TURN)), ((1 + TURN) / 2) ** width)
    return (
        "all signs of the rows, widths 1, 2, 3 with a mark for each unit; rows are independent at any width"
    )


def rows() -> str:
    """E (w·v)² = s‖v‖² and E (w·v)⁴ = 3s²‖v‖⁴ for a row of variance s: Gaussian, whatever v."""
    scale = sp.Symbol("s", positive=True)
    for width in (1, 2, 3):
        row, vector = (sp.symbols(f"{letter}1:{width + 1}", real=True) for letter in "wv")
        size = sum(entry**2 for entry in vector)
        dot = sum(w * e for w, e in zip(row, vector, strict=True))
        variances = dict.fromkeys(row, scale)
        prove_equal(gaussian_mean(dot**2, variances), scale * size)
        prove_equal(gaussian_mean(dot**4, variances), sp.expand(3 * scale**2 * size**2))
    return "a sum of independent Gaussians is one: its second and fourth moment, 1, 2, 3 inputs"


def chi_moment(power: sp.Expr | int) -> sp.Expr:
    """E Xᵖ of k squares, 2ᵖ Γ(k/2 + p)/Γ(k/2)."""
    return 2**power * sp.gamma(DEGREES / 2 + power) / sp.gamma(DEGREES / 2)


def chi_squared() -> str:
    """E X = k and E X² = k(k + 2)."""
    for power, expected in ((1, DEGREES), (2, DEGREES * (DEGREES + 2))):
        prove_equal(sp.expand(sp.gammasimp(chi_moment(power))), sp.expand(expected))
    return "moments of χ² by the gamma function, every number of squares"


def falling(power: int) -> sp.Expr:
    """E K(K − 1)…(K − p + 1), the p-th derivative of ((1 + t)/2)ᴺ at t = 1."""
    return sp.expand(sp.simplify(sp.diff(((1 + TURN) / 2) ** N, TURN, power).subs(TURN, 1)))


def active_mean(polynomial: sp.Expr) -> sp.Expr:
    """The mean of a polynomial in K."""
    found, rest = sp.S.Zero, sp.Poly(polynomial, ACTIVE)
    while not rest.is_zero:
        degree = rest.degree()
        lead = sp.Poly(sp.prod([ACTIVE - j for j in range(degree)]), ACTIVE)
        coefficient = rest.LC()
        found += coefficient * falling(degree)
        rest -= lead * coefficient
    return sp.factor(sp.expand(found))


def moment(power: int) -> sp.Expr:
    """E Fᵖ, F = (2/N) X, in N: E (2/N)ᵖ K(K + 2)…(K + 2p − 2)."""
    rising = sp.prod([ACTIVE + 2 * j for j in range(power)])
    return sp.factor(active_mean(sp.expand(rising)) * (2 / N) ** power)


def binomial() -> str:
    """E K = N/2 and E K² = N(N + 1)/4."""
    prove_equal(active_mean(ACTIVE), N / 2)
    prove_equal(active_mean(ACTIVE**2), N * (N + 1) / 4)
    for width in (1, 2, 5):
        direct = (
            sum(sp.binomial(width, j) * sp.Integer(j) ** 2 for j in range(width + 1)) / sp.Integer(2) ** width
        )
        prove_equal(active_mean(ACTIVE**2).subs(N, width), direct)
    return "derivatives of ((1 + t)/2)ᴺ at 1, N a symbol; summed out at widths 1, 2, 5"


def fourth() -> str:
    """E F = 1 and E F² = 1 + 5/N."""
    prove_equal(moment(1), sp.S.One)
    prove_equal(moment(2), 1 + 5 / N)
    return "the moments above put together, N a symbol"


def linear() -> str:
    """E (X/N)² = 1 + 2/N where all N units are active."""
    prove_equal(sp.gammasimp(chi_moment(2)).subs(DEGREES, N) / N**2, 1 + 2 / N)
    return "k = N squares"


def fan_in() -> str:
    """Π_{l≤n} N_l/N_{l−1} = N_n/N_0: from n to n + 1, and at n = 1."""
    step = sp.Symbol("n", integer=True, positive=True)
    prove_equal(widths[step] / widths[0] * widths[step + 1] / widths[step], widths[step + 1] / widths[0])
    return "induction over the layers: at 1 both sides are the same, and a layer's factor cancels"


def small_nets() -> str:
    """E ‖Ju‖⁴ of whole nets by patterns of active units and Gaussian moments, against Π (1 + 5/N_l)."""
    for sizes in SMALL:
        total: sp.Expr = sp.S.Zero
        variances: dict[sp.Symbol, sp.Expr] = {}
        matrices = []
        for layer, (before, after) in enumerate(itertools.pairwise((1, *sizes))):
            matrix = sp.Matrix(
                after, before, lambda i, j, layer=layer: sp.Symbol(f"w{layer}{i}{j}", real=True)
            )
            variances |= dict.fromkeys(matrix, sp.Rational(2, after))
            matrices.append(matrix)
        for pattern in itertools.product((0, 1), repeat=sum(sizes)):
            vector, left = sp.Matrix([1]), list(pattern)
            for matrix in matrices:
                active = [left.pop(0) for _ in range(matrix.rows)]
                vector = sp.diag(*active) * matrix * vector
            total += gaussian_mean(sum(entry**2 for entry in vector) ** 2, variances)
        expected = sp.prod([1 + sp.Rational(5, size) for size in sizes])
        prove_equal(total / 2 ** sum(sizes), expected)
    listed = ", ".join("–".join(map(str, sizes)) for sizes in SMALL)
    return f"independent layers multiply; whole nets of widths {listed} by all patterns and Gaussian moments"


def independent() -> str:
    """E[F₁F₂] = E F₁ E F₂ for a law of F₂ that does not know F₁ (two-point laws with symbolic values)."""
    first, second = sp.symbols("f1:3", positive=True), sp.symbols("g1:3", positive=True)
    joint = sum(f * g for f, g in itertools.product(first, second)) / 4
    prove_equal(joint, sum(first) / 2 * sum(second) / 2)
    return "the mean of a product of independent factors, layer by layer"


def logarithm() -> str:
    """E ln X = ψ(k/2) + ln 2: the derivative of ln E Xᵖ at p = 0."""
    cumulant = sp.log(chi_moment(_p))
    prove_equal(sp.diff(cumulant, _p).subs(_p, 0), sp.polygamma(0, DEGREES / 2) + sp.log(2))
    return "the first derivative of ln E Xᵖ at p = 0"


def variance_of_logarithm() -> str:
    """Var ln X = ψ′(k/2) = Σ 1/(k/2 + j)²: the second derivative."""
    found = sp.simplify(sp.diff(sp.log(chi_moment(_p)), _p, 2).subs(_p, 0))
    prove_equal(found, sp.polygamma(1, DEGREES / 2))
    for squares, value in ((1, sp.pi**2 / 2), (2, sp.pi**2 / 6)):
        prove_equal(found.subs(DEGREES, squares), value)
        prove_equal(sp.Sum(1 / (sp.Rational(squares, 2) + _j) ** 2, (_j, 0, sp.oo)).doit(), value)
    after = sp.expand_func(found.subs(DEGREES, DEGREES + 2))
    prove_equal(found - after, 4 / DEGREES**2)
    return "the second derivative of ln E Xᵖ at p = 0; both are π²/2, π²/6 at k = 1, 2 and step alike"


def central(power: int) -> sp.Expr:
    """E (F − 1)ᵖ, in N."""
    terms = [
        sp.binomial(power, j) * (-1) ** (power - j) * (moment(j) if j else sp.S.One) for j in range(power + 1)
    ]
    return sp.factor(sp.expand(sum(terms)))


def low_order() -> str:
    """N E(F − 1)² = 5; N E(F − 1)³ and N E(F − 1)⁴ vanish with 1/N."""
    prove_equal(N * central(2), sp.Integer(5))
    for power in (3, 4):
        if sp.limit(N * central(power), N, sp.oo) != 0:
            raise RefutedError("a higher moment of the factor is of first order in 1/N")
    return "the second central moment, N a symbol; the third and fourth are of order 1/N² by their limits"
