"""The linear recurrent net, where the spectral radius does decide: in the end, and after a transient."""

import sympy as sp

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import prove_equal
from symgrad.symbolic.derivation import Claim, Source, prove
from symgrad.symbolic.letters import W_shared, h, n, t, x
from symgrad.symbolic.notation import Juxtaposed, Norm, Partial, phi
from symgrad.theory.chain import DEPTHS, instantiated
from symgrad.theory.entry import Body, derivation
from symgrad.theory.through_time.transient import RADIUS

CONDITION = sp.Symbol("kappa", positive=True)
"""‖V‖₂‖V⁻¹‖₂ of a matrix V of eigenvectors."""
VECTORS = sp.MatrixSymbol("V", 2, 2)
"""A matrix of eigenvectors as columns, of any size."""
BLOCK = sp.Symbol("m", integer=True, positive=True)
"""The size of the largest Jordan block of an eigenvalue of size ρ."""
BLOCKS = range(1, 7)
"""The sizes at which the growth of a block's norm is instantiated."""


def corner(size: sp.Expr, radius: sp.Expr = RADIUS) -> sp.Expr:
    """The upper right entry of the n-th power of a Jordan block, C(n, m − 1) λ^(n − m + 1)."""
    return sp.binomial(n, size - 1) * radius ** (n - size + 1)


def row_sum(size: int, radius: sp.Expr = RADIUS) -> sp.Expr:
    """Σ_{j<m} C(n, j) ρ^(n − j): the norms of the m parts of the n-th power of a Jordan block, added up."""
    return sp.Add(*(corner(sp.Integer(j + 1), radius) for j in range(size)))


@derivation("linear-recurrence", "In a linear net the spectral radius decides, after a transient", "time")
def linear_recurrence() -> Body:
    """‖Wⁿ‖₂^{1/n} → ρ; ≤ κ(V)ρⁿ if W = VΛV⁻¹, of order n^{m−1}ρⁿ with a Jordan block of size m."""
    power = Norm(W_shared**n)
    letter = sp.Symbol("lambda", positive=True)
    jordan = sp.Matrix([[letter, 1, 0], [0, letter, 1], [0, 0, letter]])
    entries = [letter**n, n * letter ** (n - 1), n * (n - 1) * letter ** (n - 2) / 2]
    steps = (
        prove(
            sp.Eq(Partial(h[t], h[t - n]), W_shared**n, evaluate=False),
            ("every factor of the product is ", W_shared, " itself, as every slope is 1"),
            _powers,
            rule="chain rule",
        ),
        prove(
            sp.Le(RADIUS**n, power, evaluate=False),
            ("an eigenvector is multiplied by its eigenvalue n times, and one eigenvalue has size ", RADIUS),
            _eigenvalues_of_powers,
            rule="eigenvalues",
        ),
        prove(
            sp.Le(power, CONDITION * RADIUS**n, evaluate=False),
            (
                "when ",
                sp.Eq(W_shared, Juxtaposed(VECTORS, sp.Symbol("Lambda"), VECTORS.I), evaluate=False),
                " with a diagonal middle: the inner factors cancel, and the condition number ",
                sp.Eq(CONDITION, Norm(VECTORS) * Norm(VECTORS.I), evaluate=False),
                " is 1 for a normal ",
                W_shared,
            ),
            _diagonalisable,
            rule="diagonalisation",
        ),
        prove(
            sp.Eq(
                sp.MatPow(jordan, n),
                sp.Matrix(3, 3, lambda i, j: entries[j - i] if j >= i else 0),
                evaluate=False,
            ),
            (
                (
                    "a Jordan block, here of size 3; in one of size m the entry j places right of the "
                    "diagonal is "
                ),
                sp.binomial(n, sp.Symbol("j")) * letter ** (n - sp.Symbol("j")),
            ),
            lambda: _jordan_powers(jordan, entries),
            rule="Jordan block",
        ),
        prove(
            sp.Eq(
                sp.Limit(power / (n ** (BLOCK - 1) * RADIUS**n), n, sp.oo),
                1 / (RADIUS ** (BLOCK - 1) * sp.factorial(BLOCK - 1)),
                evaluate=False,
            ),
            (
                "when ",
                W_shared,
                " is a Jordan block of size ",
                BLOCK,
                (
                    ": the norm of a power is at least its corner entry and at most the sum of its "
                    "diagonals, and both have this limit. Any other matrix has its largest block in a basis "
                    "V: of the same order, up to the constant κ(V)"
                ),
            ),
            _order_of_growth,
            rule="Jordan block",
        ),
        prove(
            sp.Eq(sp.Limit(power ** (1 / n), n, sp.oo), RADIUS, evaluate=False),
            (
                "Gelfand's formula: between ",
                RADIUS**n,
                " and a constant times ",
                n ** (BLOCK - 1) * RADIUS**n,
                ", where the constant and the power of n have the n-th root 1 in the limit",
            ),
            _gelfand,
            rule="limit",
        ),
    )
    conclusion = prove(
        sp.And(
            sp.Implies(sp.Lt(RADIUS, 1), sp.Eq(sp.Limit(power, n, sp.oo), 0, evaluate=False), evaluate=False),
            sp.Implies(
                sp.Gt(RADIUS, 1), sp.Eq(sp.Limit(power, n, sp.oo), sp.oo, evaluate=False), evaluate=False
            ),
            evaluate=False,
        ),
        (
            "the power of ",
            RADIUS,
            (
                " outruns every power of n; a transient may come first. This is a statement about powers of "
                "one matrix: with slopes between the factors it is false"
            ),
        ),
        _decides,
    )
    return Body(
        summary=(
            (
                "In a linear recurrent net the gradient vanishes exactly when every eigenvalue of the "
                "recurrent weights is below 1 in size, after it may have grown for many steps."
            ),
        ),
        assumptions=(
            (sp.Eq(phi(x), x, evaluate=False), ": a linear net"),
            (RADIUS, " is the spectral radius of ", W_shared, ": the largest size of an eigenvalue"),
        ),
        steps=steps,
        conclusion=conclusion,
        sources=(
            Source("gelfand1941"),
            Source("trefethen2005", "section 16"),
            Source("pascanu2013", "section 2.1"),
        ),
        picture={"verb": "spectral-radius", "radius": "9/10", "departure": "4"},
        claims=_claims(),
    )


def _claims() -> tuple[Claim, ...]:
    tenths, vectors = sp.Rational(9, 10), sp.Matrix([[1, 1], [0, sp.Rational(1, 10)]])
    values = sp.diag(tenths, -sp.Rational(4, 5))
    skewed = vectors * values * vectors.inv()
    squares = (vectors.T * vectors).eigenvals()
    condition = sp.sqrt(sp.Max(*squares) / sp.Min(*squares))
    symmetric = sp.Matrix([[1, 8], [8, 1]]) / 10
    block = tenths * sp.eye(3) + sp.Matrix(3, 3, lambda i, j: int(j == i + 1))
    rows: tuple[tuple[str, str, sp.Matrix, sp.Expr, sp.Expr], ...] = (
        (
            "normal",
            "the powers of a symmetric matrix have exactly the powers of the spectral radius as norms",
            symmetric,
            tenths**n,
            tenths**n,
        ),
        (
            "diagonalisable",
            (
                "the norms of the powers lie between those of the spectral radius and a condition number "
                "times them"
            ),
            skewed,
            tenths**n,
            condition * tenths**n,
        ),
        (
            "jordan",
            "the norms of the powers of a Jordan block of size 3 lie between its corner and its diagonals",
            block,
            corner(sp.Integer(3), tenths),
            row_sum(3, tenths),
        ),
    )
    random = Claim(
        "linear-recurrence/random-nets",
        ("no power of random weights exceeds the condition number times the power of the radius",),
        "recurrent-bound",
        expects={"bound": "powers"},
    )
    return random, *(
        Claim(
            f"linear-recurrence/{name}",
            (statement,),
            "matrix-powers",
            expects={"weights": matrix.tolist(), "power": n, "lower": lower, "upper": upper},
            nets=({"activation": "identity", "depth": 200},),
        )
        for name, statement, matrix, lower, upper in rows
    )


def _powers() -> str:
    def product(depth: int) -> None:
        matrix = sp.Matrix(2, 2, sp.symbols("w1:5", real=True))
        start = sp.Matrix(sp.symbols("x1:3", real=True))
        value = start
        for step in range(depth):
            value = matrix * value + sp.Matrix(sp.symbols(f"u{step}_1:3", real=True))
        prove_equal(value.jacobian(start), matrix**depth)

    return instantiated(product, DEPTHS)


def _eigenvalues_of_powers() -> str:
    """det(λI − W) divides det(λⁿI − Wⁿ): λⁿ is an eigenvalue of Wⁿ; and ‖Wⁿv‖ = |λ|ⁿ‖v‖."""
    letter, matrix = sp.Symbol("lambda"), sp.Matrix(2, 2, sp.symbols("w1:5"))
    whole = (letter * sp.eye(2) - matrix).det()
    for depth in range(1, 5):
        divided = (letter**depth * sp.eye(2) - matrix**depth).det()
        if sp.rem(sp.expand(divided), sp.expand(whole), letter) != 0:
            raise RefutedError(f"the {depth}-th power of an eigenvalue is none of the power's")
    return (
        "det(λI − W) divides det(λⁿI − Wⁿ) for a 2 × 2 matrix of symbols, n = 1 … 4; Wⁿ⁺¹v = λⁿWv for all n"
    )


def _diagonalisable() -> str:
    """(VΛV⁻¹)(VΛⁿV⁻¹) = VΛⁿ⁺¹V⁻¹ with n a symbol, and n = 0 gives I."""
    vectors = sp.Matrix(2, 2, sp.symbols("v1:5"))
    first, second = sp.symbols("lambda1 lambda2", positive=True)

    def power(exponent: sp.Expr) -> sp.Matrix:
        return vectors * sp.diag(first**exponent, second**exponent) * vectors.inv()

    prove_equal(power(sp.S.Zero), sp.eye(2))
    how = prove_equal((power(sp.S.One) * power(n)).applyfunc(sp.powsimp), power(n + 1))
    return f"{how}: the induction step for a symbol n; norms multiply at most (page norm-bound)"


def _jordan_powers(block: sp.Matrix, entries: list[sp.Expr]) -> str:
    """Pascal's rule is the induction step for a block of every size; the block shown is checked entry by
    entry.
    """
    place = sp.Symbol("j", integer=True, positive=True)
    pascal = sp.binomial(n, place) + sp.binomial(n, place - 1) - sp.binomial(n + 1, place)
    if sp.combsimp(sp.expand_func(pascal)) != 0:
        raise RefutedError("Pascal's rule fails")
    shown = sp.Matrix(3, 3, lambda i, j: entries[j - i] if j >= i else 0)
    prove_equal(shown.subs(n, 1), block)
    how = prove_equal((block * shown).applyfunc(sp.expand), shown.subs(n, n + 1).applyfunc(sp.expand))
    return f"{how}: the induction step; for every size it is Pascal's rule, with n and j as symbols"


def _order_of_growth() -> str:
    """C(n, j)/nʲ = (1/j!)∏_{i<j}(1 − i/n) → 1/j!, so both ends of the sandwich have the same limit."""
    count, place = sp.Symbol("n", positive=True), sp.Symbol("i", integer=True, nonnegative=True)
    if sp.limit(1 - place / count, count, sp.oo) != 1:
        raise RefutedError("a factor of C(n, j)/nʲ does not tend to 1")
    for size in BLOCKS:
        limit = 1 / (RADIUS ** (size - 1) * sp.factorial(size - 1))
        for end in (corner(sp.Integer(size)), row_sum(size)):
            ratio = sp.expand(sp.expand_func(end / RADIUS**n)).subs(n, count) / count ** (size - 1)
            prove_equal(sp.limit(sp.expand(sp.powsimp(ratio)), count, sp.oo), limit)
    return f"both ends of the sandwich for m = {BLOCKS[0]} … {BLOCKS[-1]}; every factor 1 − i/n tends to 1"


def _gelfand() -> str:
    count, constant = sp.Symbol("n", positive=True), sp.Symbol("C", positive=True)
    for base in (constant, count):
        if sp.limit(base ** (1 / count), count, sp.oo) != 1:
            raise RefutedError(f"the n-th root of {base} does not tend to 1")
    return "the n-th roots of a symbol C > 0 and of n tend to 1; so do those of a power of n"


def _decides() -> str:
    count, slack = sp.Symbol("n", positive=True), sp.Symbol("s", positive=True)
    for size in BLOCKS:
        if sp.limit(count ** (size - 1) * (1 + slack) ** -count, count, sp.oo) != 0:
            raise RefutedError("a power of n outruns a geometric sequence")
    if sp.limit((1 + slack) ** count, count, sp.oo) != sp.oo:
        raise RefutedError("a ratio above 1 does not explode")
    return f"limits with a symbol s > 0, ρ = 1/(1 + s) and 1 + s; blocks of size {BLOCKS[0]} … {BLOCKS[-1]}"
