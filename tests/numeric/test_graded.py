"""Singular values of long products against ball arithmetic: right wherever the estimate says so."""

from __future__ import annotations

from itertools import pairwise

import mpmath
import numpy as np
import pytest

from symgrad.numeric.jacobian.graded import SingularValues, singular_values
from symgrad.numeric.jacobian.graded_values import graded_svd
from symgrad.numeric.threads import one_blas_thread
from tests.numeric.exact_products import KINDS, exact_ln_values, exact_product, factors_of

CLOSE = 1e-8
CHEAP = [(8, 500, False), (13, 60, False), (24, 30, False), (8, 60, True)]
SHORT = {"slopes of 1e-200": 6, "nearly singular": 40}
"""Kinds whose values spread so far that a long product takes the oracle too long."""


def compare(factors: list[np.ndarray], found: SingularValues) -> np.ndarray:
    """The true errors of the values that are not exact zeros, after the promise was checked: the estimate is
    at least the error wherever it claims anything (below 0.1), and zeros are zeros."""
    alive = len(found.ln_values) - found.zeros
    span = found.ln_values[0] - found.ln_values[alive - 1]
    truth = exact_ln_values(factors, min(span, 3e4) + 40)
    wrong = np.abs(found.ln_values[:alive] - truth[:alive])
    estimate = found.error[:alive]
    claimed = estimate < 0.1
    assert (wrong[claimed] <= estimate[claimed]).all(), (wrong[claimed] / estimate[claimed]).max()
    assert (wrong[estimate <= CLOSE] <= CLOSE).all()
    assert (truth[alive:] < truth[alive - 1] - 30).all()
    return wrong


@pytest.mark.parametrize(("width", "depth", "equal"), CHEAP)
@pytest.mark.parametrize("kind", KINDS)
def test_no_value_is_further_off_than_its_estimate(kind: str, width: int, depth: int, equal: bool) -> None:
    factors = factors_of(kind, width, min(depth, SHORT.get(kind, depth)), equal)
    compare(factors, singular_values(factors))


def test_pivoting_that_cannot_see_the_small_columns_is_not_taken() -> None:
    """D spans more than 2^1000, and a step has an entry above `PIVOT`."""
    factors = factors_of("saturated tanh", 11, 141, equal=True, seed=462)
    found = singular_values(factors)
    compare(factors, found)
    assert (found.error <= CLOSE).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "width", "depth"),
    [
        ("gaussian", 24, 500),
        ("gaussian", 64, 500),
        ("gaussian", 64, 100),
        ("orthogonal", 128, 100),
        ("gaussian", 128, 50),
        ("saturated tanh", 64, 50),
        ("ReLU", 256, 10),
        ("gaussian", 256, 10),
        ("saturated tanh", 24, 500),
    ],
)
def test_wide_and_long(kind: str, width: int, depth: int) -> None:
    factors = factors_of(kind, width, depth, equal=False)
    compare(factors, singular_values(factors))


@pytest.mark.slow
def test_a_thousand_random_products() -> None:
    rng = np.random.default_rng(5)
    for seed in range(1000):
        kind = str(rng.choice(list(KINDS)))
        depth = int(rng.integers(1, 13 if kind in SHORT else 80))
        factors = factors_of(kind, int(rng.integers(1, 14)), depth, bool(rng.integers(2)), seed)
        found = singular_values(factors)
        if found.zeros < len(found.ln_values):
            compare(factors, found)


def test_most_values_are_vouched_for() -> None:
    """An estimate of ∞ would pass every other test."""
    found = singular_values(factors_of("gaussian", 24, 100, equal=False))
    assert np.mean(found.error <= CLOSE) > 0.8
    assert found.ln_values[0] - found.ln_values[-1] > 100


def long_product(width: int, depth: int) -> SingularValues:
    """Of Gaussian factors, after two checks that need no oracle: J and Jᵀ have the same singular values,
    though their roundings have nothing in common, and ∏ s = ∏ |det F_l|."""
    factors = factors_of("gaussian", width, depth, equal=False)
    with one_blas_thread():
        found = singular_values(factors)
        other = singular_values([factor.T for factor in reversed(factors)])
    apart = np.abs(found.ln_values - other.ln_values)
    assert (apart <= found.error + other.error).all()
    determinants = sum(np.linalg.slogdet(factor)[1] for factor in factors)
    assert abs(found.ln_values.sum() - determinants) <= np.minimum(found.error.sum(), width * CLOSE)
    return found


def test_depth_costs_no_trust() -> None:
    """Without T made orthonormal now and then, and with the sizes of all steps added, the median is 10⁻¹⁰."""
    found = long_product(64, 500)
    assert np.mean(found.error <= CLOSE) > 0.9
    assert np.median(found.error) < 3e-11


@pytest.mark.slow
def test_five_hundred_wide_layers() -> None:
    assert np.mean(long_product(256, 500).error <= CLOSE) > 0.95


def test_equal_layers_are_not_taken_for_scattered() -> None:
    layer = factors_of("gaussian", 8, 1, equal=False)[0]
    equal = singular_values([layer] * 60)
    for same in (-layer, 2 * layer):
        assert np.median(singular_values([layer, same] * 30).error / equal.error) > 0.9


def test_a_range_far_beyond_floating_point() -> None:
    scales = [2.0 ** (-k * np.arange(6.0)) for k in (30, 40)]
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))[0]
    # (Q D)^m would not be diagonal; D^m is, and rotations at both ends keep its values
    factors = [rotation, *(np.diag(scales[l % 2]) for l in range(200)), rotation.T]
    found = singular_values(factors)
    expected = -200 * 35 * np.log(2) * np.arange(6.0)
    assert found.ln_values[-1] < -24_000
    np.testing.assert_allclose(found.ln_values, expected, atol=CLOSE, rtol=1e-15)
    assert (found.error < 1e-5).all()
    assert (found.error[:5] < CLOSE).all()


def test_the_oracle_against_mpmath() -> None:
    factors = factors_of("gaussian", 6, 20, equal=False)
    with mpmath.workdps(60):
        product = exact_product(factors, 300)
        exact = np.array([mpmath.mpf(x.str(70, radius=False)) for x in product.entries()], dtype=object)
        rows = exact.reshape(6, 6).tolist()
        values = mpmath.svd_r(mpmath.matrix(rows), compute_uv=False)
        expected = [float(mpmath.log(value)) for value in values]
    np.testing.assert_allclose(exact_ln_values(factors, 60), expected, rtol=1e-14)


def test_the_plain_product_and_lyapunov_qr_are_wrong() -> None:
    """What the module is for. The product's SVD loses what is 10⁻¹⁶ of the largest value; the sum of
    ln |r_ii| over a chain of QR is right for each layer in the limit of depth, and not for a product."""
    factors = factors_of("gaussian", 24, 100, equal=False)
    found = singular_values(factors)
    truth = exact_ln_values(factors, 400)
    product, frame, sums = np.eye(24), np.eye(24), np.zeros(24)
    for factor in factors:
        product = factor @ product
        frame, r = np.linalg.qr(factor @ frame)
        sums += np.log(np.abs(r.diagonal()))
    plain = np.abs(np.log(np.linalg.svd(product, compute_uv=False)) - truth)
    lyapunov = np.abs(np.sort(sums)[::-1] - truth)
    assert plain.max() > 12
    assert 0.5 < np.median(lyapunov) < 5
    assert np.abs(found.ln_values - truth).max() < 1e-7
    # where it is reliable, the product agrees
    large = truth > truth[0] - np.log(1e3)
    assert plain[large].max() < 1e-10


def test_zeros_are_counted_by_live_paths() -> None:
    rng = np.random.default_rng(2)
    narrow = rng.standard_normal((5, 5))
    narrow[[1, 3]] = 0
    wide = rng.standard_normal((5, 5))
    found = singular_values([wide, narrow, wide])
    assert found.zeros == 2
    assert np.isneginf(found.ln_values[3:]).all()
    assert (found.error[3:] == 0).all()
    # a unit that is alive in its layer but leads nowhere counts too: of 0, 2, 4 only 4 is heard
    deaf = wide.copy()
    deaf[:, [0, 2]] = 0
    assert singular_values([narrow, deaf]).zeros == 4
    nilpotent = np.triu(wide, 1)
    assert [singular_values([nilpotent] * m).zeros for m in (1, 2, 3, 4, 5)] == [1, 2, 3, 4, 5]
    assert singular_values([np.zeros((3, 4))]).zeros == 3


def test_a_rank_lost_by_cancellation_is_not_claimed() -> None:
    rng = np.random.default_rng(4)
    twice = rng.standard_normal((6, 6))
    twice[3] = twice[1]
    found = singular_values([rng.standard_normal((6, 6)), twice, rng.standard_normal((6, 6))])
    assert found.zeros == 0
    assert found.error[-1] > 0.1
    assert (found.error[:-1] < CLOSE).all()


@pytest.mark.parametrize(
    "widths", [(5, 3, 7), (4, 9, 4, 6), (5, 5, 2, 5), (6, 5, 4, 3, 4, 5, 6), (3, 8, 8, 2)]
)
def test_rectangular_factors(widths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    factors = [rng.standard_normal((height, width)) for width, height in pairwise(widths)]
    plain = factors[0]
    for factor in factors[1:]:
        plain = factor @ plain
    found = singular_values(factors)
    expected = np.linalg.svd(plain, compute_uv=False)
    rank = min(widths)
    assert found.zeros == len(expected) - rank
    np.testing.assert_allclose(np.exp(found.ln_values[:rank]), expected[:rank], rtol=1e-11)
    compare(factors, found)


def test_powers_of_two_beside_the_factors() -> None:
    factors = factors_of("gaussian", 5, 3, equal=False)
    found = singular_values(factors, [5000, -2, 7])
    np.testing.assert_allclose(
        found.ln_values, singular_values(factors).ln_values + 5005 * np.log(2), rtol=1e-14
    )


def test_one_block_or_many() -> None:
    """The same D T, once within LAPACK's range, once with a gap that forces the split."""
    rng = np.random.default_rng(3)
    upper = np.linalg.qr(rng.standard_normal((12, 12)))[1]
    near = -np.arange(12) * 20
    far = near - 5000 * (np.arange(12) >= 6)
    with one_blas_thread():
        one, _ = graded_svd(near, upper)
        many, _ = graded_svd(far, upper)
    np.testing.assert_allclose(many[6:] + 5000, one[6:], atol=1e-9)
    np.testing.assert_allclose(many[:6], one[:6], atol=1e-9)


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        ([], "at least one factor"),
        ([np.ones((2, 3)), np.ones((2, 4))], r"factor 2 is \(2, 4\): expected a matrix with 2 columns"),
        ([np.ones(3)], "factor 1"),
        ([np.array([[1.0, np.nan]])], "infinite entry or NaN"),
    ],
)
def test_bad_factors(factors: list[np.ndarray], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        singular_values(factors)
