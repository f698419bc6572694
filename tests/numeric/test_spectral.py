"""Spectral norms against singular value decompositions, and what happens where the iteration is not sure."""

from __future__ import annotations

import numpy as np
import pytest

from symgrad.numeric.draws import spectral
from symgrad.numeric.draws.spectral import SMALL, spectral_norms

EPS = 2.0**-52


def largest(w: np.ndarray) -> np.ndarray:
    return np.linalg.svd(w, compute_uv=False)[:, 0]


@pytest.mark.parametrize(
    "shape", [(9, 1, 1), (9, 20, 7), (5, 112, 112), (12, 128, 128), (4, 256, 256), (3, 130, 300)]
)
def test_random_matrices(shape: tuple[int, int, int]) -> None:
    w = np.random.default_rng(shape[1]).standard_normal(shape) / shape[2] ** 0.5
    np.testing.assert_allclose(spectral_norms(w), largest(w), rtol=2 * EPS * min(shape[1:]) ** 0.5 + 4 * EPS)


def test_never_from_below_by_more_than_rounding() -> None:
    """Many draws: the one with the smallest gap decides."""
    w = np.random.default_rng(1).standard_normal((40, SMALL, SMALL)) / SMALL**0.5
    singular = np.linalg.svd(w, compute_uv=False)
    assert (singular[:, 1] / singular[:, 0]).max() > 0.993  # there are hard ones
    assert np.abs(spectral_norms(w) / singular[:, 0] - 1).max() < 16 * EPS


def test_what_one_gets_does_not_depend_on_the_others() -> None:
    w = np.random.default_rng(2).standard_normal((6, 120, 120))
    together = spectral_norms(w)
    assert np.array_equal(together, np.concatenate([spectral_norms(part[None]) for part in w]))
    np.testing.assert_allclose(spectral_norms(2.0**-300 * w), 2.0**-300 * together, rtol=8 * EPS)


def test_the_exact_method_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the test is never passed, or the space is exhausted at once, LAPACK answers."""
    rng = np.random.default_rng(3)
    q = np.linalg.qr(rng.standard_normal((2, 128, 128)))[0]
    found = spectral_norms(np.concatenate([q, np.zeros((1, 128, 128))]))
    np.testing.assert_allclose(found, [1, 1, 0], atol=1e-14)
    close = (q * np.r_[1 + 1e-9, 1, np.linspace(0.9, 0.1, 126)]) @ q.swapaxes(1, 2)
    np.testing.assert_allclose(spectral_norms(close), 1 + 1e-9, rtol=0, atol=1e-14)
    w = rng.standard_normal((2, 128, 128))
    expected = spectral_norms(w)
    monkeypatch.setattr(spectral, "RESIDUAL", 0.0)
    np.testing.assert_allclose(spectral_norms(w), expected, rtol=1e-14)
