"""`prove_equal` proves what is true, refutes what is false, and says so when it does neither."""

import itertools
import time

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.errors import RefutedError
from symgrad.symbolic.calculus.equality import UndecidedError, prove_equal
from symgrad.symbolic.calculus.textbook import Sigma, Softplus
from symgrad.symbolic.letters import a, eta, gamma, k, l, n, w, x, y
from symgrad.symbolic.notation import dphi, phi
from symgrad.theory.activations import CORE

alpha = sp.Symbol("alpha", positive=True)
exp, log, tanh, sqrt, R = sp.exp, sp.log, sp.tanh, sp.sqrt, sp.Rational
P = sp.Piecewise

TRUE = [
    (tanh(x), 1 - 2 / (exp(2 * x) + 1)),
    (exp(-x) / (1 + exp(-x)) ** 2, Sigma(x) * (1 - Sigma(x))),
    (Softplus(x), x + log(1 + exp(-x))),
    (log(sp.cosh(x)), x + log(1 + exp(-2 * x)) - log(2)),
    (tanh(x / 2), (exp(x) - 1) / (exp(x) + 1)),
    (sp.sin(3 * x), 3 * sp.sin(x) - 4 * sp.sin(x) ** 3),
    (sp.cos(x / 2) ** 2, (1 + sp.cos(x)) / 2),
    (sp.tan(x) ** 2 + 1, 1 / sp.cos(x) ** 2),
    (sp.asinh(x), log(x + sqrt(1 + x**2))),
    (sp.atanh(y), log((1 + y) / (1 - y)) / 2),
    (sp.erf((x**2 - 1) / (x + 1)), 1 - sp.erfc(x - 1)),
    (sp.erf(sqrt(x**4 + 2 * x**2 + 1)), sp.erf(x**2 + 1)),
    (1 / (1 + sqrt(2)), sqrt(2) - 1),
    (sqrt(2) + sqrt(3), sqrt(5 + 2 * sqrt(6))),
    (log(12), 2 * log(2) + log(3)),
    (exp(1 / (x + 1)), sp.E * exp(-x / (x + 1))),
    (sqrt(alpha**2 * x**2 + alpha**2), alpha * sqrt(1 + x**2)),
    (sqrt(1 - y) * sqrt(1 + y), sqrt(1 - y**2)),
    (R(1, 4) ** n, 2 ** (-2 * n)),
    ((1 - gamma**2) * gamma**n, gamma**n - gamma ** (n + 2)),
    (sp.Abs(x) ** 3, P((x**3, x > 0), (-(x**3), True))),
    (sp.Max(x, 0), (x + sp.Abs(x)) / 2),
    (sp.Abs(x * y), sp.Abs(x) * sp.Abs(y)),
    (sp.Abs(x - y), sp.Max(x, y) - sp.Min(x, y)),
    (sp.Abs(x**2 - 2), P((x**2 - 2, (x > sqrt(2)) | (x < -sqrt(2))), (2 - x**2, True))),
    (P((0, x <= -3), (x, x >= 3), (x * (x + 3) / 6, True)), x * sp.Min(sp.Max(x + 3, 0), 6) / 6),
    (sp.Derivative(P((x, x > 0), (alpha * (exp(x) - 1), True)), x), P((1, x > 0), (alpha * exp(x), x < 0))),
    (phi(x).diff(x) * 2, dphi(x) + sp.Derivative(phi(x), x)),
    (phi(w[1] * (x + y)), phi(w[1] * x + y * w[1])),
    (
        sp.Product(w[l] * dphi(a[l]), (l, 1, n)),
        sp.Product(w[k], (k, 1, n)) * sp.Product(dphi(a[k]), (k, 1, n)),
    ),
    (sp.Product(eta * w[l], (l, 1, n)), eta**n * sp.Product(w[k], (k, 1, n - 1)) * w[n]),
    (sp.Product(w[l], (l, 2, n + 1)) * w[1], sp.Product(w[k], (k, 1, n)) * w[n + 1]),
    (sp.Product(w[l], (l, 1, 3)), w[1] * w[2] * w[3]),
    (sp.Sum(2 * k, (k, 1, n)) + 2 * n + 2, 2 * sp.Sum(k, (k, 1, n + 1))),
    (
        sp.ImmutableMatrix([[tanh(x), 1], [0, exp(x) ** 2]]),
        sp.ImmutableMatrix([[sp.sinh(x) / sp.cosh(x), 1], [0, exp(x - 1) * exp(x + 1)]]),
    ),
]


@pytest.mark.parametrize(("lhs", "rhs"), TRUE, ids=lambda side: str(side)[:40])
def test_what_is_true_is_proved_both_ways(lhs: sp.Expr, rhs: sp.Expr) -> None:
    assert prove_equal(lhs, rhs)
    assert prove_equal(rhs, lhs)


def _scalars() -> list[tuple[sp.Expr, sp.Expr]]:
    return [pair for pair in TRUE if not isinstance(pair[0], sp.MatrixBase)]


@pytest.mark.parametrize("error", [R(1, 10**3), R(1, 10**12)])
@pytest.mark.parametrize(("lhs", "rhs"), _scalars(), ids=lambda side: str(side)[:40])
def test_a_small_error_is_refuted_with_a_witness(lhs: sp.Expr, rhs: sp.Expr, error: sp.Rational) -> None:
    with pytest.raises(RefutedError, match="they differ by") as caught:
        prove_equal(lhs, rhs * (1 + error) + error)
    assert not isinstance(caught.value, UndecidedError)


FALSE = [
    (P((1, x > 0), (0, True)), P((1, x >= 0), (0, True)), "x = 0"),
    (P((x, x < 100), (100 + R(1, 10**9), True)), sp.Min(x, 100), "differ"),
    (sp.Product(w[l] * dphi(a[l]), (l, 1, n)), sp.Product(w[l], (l, 1, n)), "differ"),
    (phi(x), dphi(x), "differ"),
    (phi(x + y), phi(x) + phi(y), "differ"),
    (w[1] * x, w[2] * x, "differ"),
    (sqrt(x**2), x, "differ"),
    (sp.Max(x, 0), x, "differ"),
    (x / 10, 0.1 * x, "differ"),
]


@pytest.mark.parametrize(("lhs", "rhs", "words"), FALSE, ids=lambda side: str(side)[:40])
def test_what_is_false_is_refuted(lhs: sp.Expr, rhs: sp.Expr, words: str) -> None:
    with pytest.raises(RefutedError, match=words) as caught:
        prove_equal(lhs, rhs)
    assert not isinstance(caught.value, UndecidedError)


UNKNOWN = [
    (sp.atan(sp.sinh(x)), 2 * sp.atan(tanh(x / 2))),
    (exp(sp.Float(2) * log(1 + exp(x))), (1 + exp(x)) ** 2),
    (log(x) + log(-x), log(-(x**2))),
    (sp.Symbol("A", commutative=False) * x, x * sp.Symbol("B", commutative=False)),
]


@pytest.mark.parametrize(("lhs", "rhs"), UNKNOWN, ids=lambda side: str(side)[:40])
def test_what_is_not_covered_is_called_undecided_never_proved(lhs: sp.Expr, rhs: sp.Expr) -> None:
    with pytest.raises(UndecidedError, match="not decided"):
        prove_equal(lhs, rhs)


def test_matrices_of_another_shape_are_refuted() -> None:
    with pytest.raises(RefutedError, match="shape"):
        prove_equal(sp.eye(2), sp.eye(3))


def test_noncommuting_factors_keep_their_order() -> None:
    p, q = sp.symbols("p q", commutative=False)
    assert prove_equal((p + q) ** 2, p**2 + p * q + q * p + q**2)
    with pytest.raises(UndecidedError):
        prove_equal(p * q, q * p)


def test_different_activations_are_told_apart() -> None:
    entries = [entry.phi for entry in CORE.values()]
    for one, other in itertools.combinations(entries, 2):
        with pytest.raises(RefutedError, match="differ by"):
            prove_equal(one, other)


ATOMS = st.sampled_from([x, y, sp.Integer(1), sp.Integer(-2), R(3, 5), alpha, sqrt(2)])


def _grow(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    unary = st.sampled_from([exp, tanh, sp.sin, sp.cos, sp.erf, sp.atan, Sigma, Softplus, sp.Abs])
    return st.one_of(
        st.builds(lambda p, q: p + q, inner, inner),
        st.builds(lambda p, q: p * q, inner, inner),
        st.builds(lambda p: 1 / (1 + p**2), inner),
        st.builds(lambda f, p: f(p), unary, inner),
    )


EXPRESSIONS = st.recursive(ATOMS, _grow, max_leaves=5)


@settings(max_examples=40, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS)
def test_ring_identities_hold_for_random_expressions(p: sp.Expr, q: sp.Expr) -> None:
    assert prove_equal((p + q) ** 2 - (p - q) ** 2, 4 * p * q)
    assert prove_equal((p + 1) / (1 + q**2) - p / (1 + q**2), 1 / (1 + q**2))


@settings(max_examples=40, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS)
def test_no_random_pair_is_proved_that_differs_numerically(p: sp.Expr, q: sp.Expr) -> None:
    point = {x: R(7, 11), y: R(-5, 13), alpha: R(9, 8)}
    differs = abs((p - q).doit().subs(point).evalf(40)) > sp.Float("1e-30")
    try:
        prove_equal(p, q)
    except RefutedError:
        return
    assert not differs


def test_a_whole_proof_takes_milliseconds() -> None:
    slope = sp.diff(CORE["mish"].phi, x)
    start = time.perf_counter()
    prove_equal(slope, tanh(Softplus(x)) + x * Sigma(x) * (1 - tanh(Softplus(x)) ** 2))
    assert time.perf_counter() - start < 1
