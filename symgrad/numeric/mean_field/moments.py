"""E φ(√q z)² and E φ′(√q z)² of one activation for any number of variances q: tabulated once in ln q.

Both are smooth functions of ln q, kinks or not, since a Gaussian averages over them. On panels of ln q their
logarithms are interpolated at Chebyshev points, where a smooth φ is integrated by the trapezoidal rule (of
spectral accuracy for a Gaussian weight) and any other by `quadrature.expectation`. A panel is made when it is
first asked for, and compared with one more integral between its points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.kernel import Array, Kernel
from symgrad.numeric.mean_field.quadrature import expectation

Float: TypeAlias = NDArray[np.float64]

REACH = (-34.0, 24.0)
"""ln q that a table may be asked for."""
_PANEL, _POINTS = 0.5, 14
"""Length of a panel in ln q, Chebyshev points on it."""
_AGREEMENT = 3e-13
"""Relative error of a moment between the points beyond which a table is refused."""
_STEP, _EDGE = 0.125, 38.0
"""Of the trapezoidal rule in z, whose value at twice the step is compared."""
_CLOSE = 1e-14
_SMALLEST = 1e-290
"""Moments below are taken as this: their logarithm stays finite."""


class Moments:
    """ln E φ(√q z)², ln E φ′(√q z)² and their slopes in ln q, z ~ N(0, 1), for arrays of ln q within `REACH`.

    Relative error 10⁻¹² where φ is finite for |z| ≤ 38. Raises ValueError outside `REACH` and where
    `expectation` does, or where a moment is no smooth function of ln q to that accuracy.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        count = round((REACH[1] - REACH[0]) / _PANEL)
        self._made = np.zeros(count, bool)
        # coefficients of powers of t in [−1, 1], for each panel those of ln M and of ln S
        self._powers = np.zeros((2, _POINTS, count))

    def second(self, ln_q: Float) -> tuple[Float, Float]:
        """ln E φ², d ln E φ²/d ln q."""
        return self._at(0, ln_q)

    def slope(self, ln_q: Float) -> tuple[Float, Float]:
        """ln E φ′², d ln E φ′²/d ln q."""
        return self._at(1, ln_q)

    def _at(self, which: int, ln_q: Float) -> tuple[Float, Float]:
        panels, t = self._places(ln_q)
        powers = self._powers[which][:, panels]
        value, steep = powers[-1].copy(), np.zeros_like(t)
        for row in powers[-2::-1]:
            steep *= t
            steep += value
            value *= t
            value += row
        return value, steep * (2 / _PANEL)

    def _places(self, ln_q: Float) -> tuple[NDArray[np.intp], Float]:
        """The panel of each, made where it was not, and the place in it from −1 to 1."""
        if ln_q.size and not (REACH[0] <= ln_q.min() and ln_q.max() <= REACH[1]):
            raise ValueError(
                f"ln q = {ln_q.min():.4g} … {ln_q.max():.4g}: tabled from {REACH[0]} to {REACH[1]}"
            )
        where = (ln_q - REACH[0]) / _PANEL
        panels = np.minimum(where.astype(np.intp), len(self._made) - 1)
        missing = np.flatnonzero(~self._made & (np.bincount(panels.ravel(), minlength=len(self._made)) > 0))
        if missing.size:
            self._make(missing)
        return panels, 2 * (where - panels) - 1

    def _make(self, panels: NDArray[np.intp]) -> None:
        t, to_powers = _chebyshev()
        points = np.append(t, 0.3)  # the last only for comparison
        q = np.exp(REACH[0] + _PANEL * (panels[:, None] + (points + 1) / 2))
        for which, f in enumerate((self.kernel.value, self.kernel.slope)):
            ln = np.log(np.maximum(_mean_square(f, q.ravel(), self.kernel.kinks), _SMALLEST)).reshape(q.shape)
            powers = (
                to_powers @ (ln[:, :-1] - ln[:, :1]).T
            )  # without the constant, or powers magnify its rounding
            powers[0] += ln[:, 0]
            between = np.polynomial.polynomial.polyval(points[-1], powers)
            if not (np.abs(between - ln[:, -1]) <= _AGREEMENT * (1 + np.abs(ln[:, -1]))).all():
                worst = panels[np.argmax(np.abs(between - ln[:, -1]))] * _PANEL + REACH[0]
                raise ValueError(f"E φ² and E φ′² are not smooth to 12 digits near q = {math.exp(worst):.3g}")
            self._powers[which][:, panels] = powers
        self._made[panels] = True


@lru_cache(maxsize=64)
def moments(kernel: Kernel) -> Moments:
    """The table of a kernel, kept from one call to the next."""
    return Moments(kernel)


@lru_cache(maxsize=1)
def _chebyshev() -> tuple[Float, Float]:
    """Chebyshev points of [−1, 1], and the matrix from values there to coefficients of powers."""
    t = np.polynomial.chebyshev.chebpts1(_POINTS)
    fitted = np.linalg.inv(np.polynomial.chebyshev.chebvander(t, _POINTS - 1))
    to_powers = np.zeros((_POINTS, _POINTS))
    for n in range(_POINTS):
        powers = np.polynomial.chebyshev.cheb2poly(np.eye(_POINTS)[n])
        to_powers[: len(powers), n] = powers
    return t, to_powers @ fitted


@np.errstate(all="ignore")
def _mean_square(f: Callable[[Array], Array], q: Float, kinks: tuple[float, ...]) -> Float:
    """E f(√q z)²."""
    if kinks:
        return expectation(lambda x: f(x) ** 2, q, kinks)
    z = np.arange(-_EDGE, _EDGE + _STEP / 2, _STEP)
    density = _STEP * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    found = np.empty_like(q)
    for part in np.array_split(np.arange(q.size), 1 + q.size // 256):
        squares = f(np.sqrt(q[part])[:, None] * z) ** 2
        fine, coarse = squares @ density, squares[:, ::2] @ (2 * density[::2])
        found[part] = np.where(np.abs(fine - coarse) <= _CLOSE * fine, fine, np.nan)
    left = ~np.isfinite(found)
    found[left] = expectation(lambda x: f(x) ** 2, q[left], kinks)
    return found
