"""The length map of an infinitely wide net: the variance of a pre-activation layer after layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgrad.numeric.arrays.scaled import EDGE, tails
from symgrad.numeric.kernel import Kernel
from symgrad.numeric.mean_field.quadrature import expectation

Float: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class LengthMap:
    """For l = 1…L, each (L,): ln q_l, q_l the variance of a pre-activation, and ln χ_l,
    χ_l = σ_w² E φ′(√q_l z)² the factor of the mean squared gradient through layer l."""

    ln_q: Float
    ln_factor: Float

    @property
    def predicted_slope(self) -> float:
        """½ mean_l ln χ_l: the change of ln ‖∂E/∂h_l‖ per layer towards the input, infinite width."""
        return 0.5 * float(self.ln_factor.mean())


def length_map(
    kernel: Kernel, sigma_w: float, sigma_b: float, depth: int, drive: float | None = None
) -> LengthMap:
    """q_1 = σ_w² + σ_b² (inputs have mean square 1), q_{l+1} = σ_w² E φ(√q_l z)² + σ_b², l up to depth.

    With ``drive``, the variance of U x_t that a recurrent net is given at every step t and starts from:
    q_1 = drive + σ_b², q_{t+1} = σ_w² E φ(√q_t z)² + drive + σ_b².

    Relative error of each expectation about 1e-12; logs throughout, −inf for an exact 0. Raises
    ValueError where `expectation` does, or where q passes the ordinary range on a side where φ is
    neither linear nor level. Source: Poole et al. 2016 (arXiv:1606.05340); Schoenholz et al. 2017
    (arXiv:1611.01232); that the weights of a recurrent net are shared does not change it, Chen, Pennington
    & Schoenholz 2018 (arXiv:1806.05394).
    """
    if depth < 1 or not all(math.isfinite(s) and s >= 0 for s in (sigma_w, sigma_b, drive or 0.0)):
        scales = f"depth = {depth}, sigma_w = {sigma_w}, sigma_b = {sigma_b}, drive = {drive}"
        raise ValueError(f"{scales}: legal are depths from 1 on and finite scales from 0 on")
    ln_q, ln_factor = np.empty(depth), np.empty(depth)
    with np.errstate(all="ignore"):
        ln_w, ln_b = 2 * np.log(np.array([sigma_w, sigma_b]))
        ln_b = np.logaddexp(ln_b, np.log(drive or 0.0))
        here = float(np.logaddexp(ln_w, ln_b) if drive is None else ln_b)
        for l in range(depth):
            ln_q[l] = here
            second, slope = ln_moments(kernel, here)
            ln_factor[l] = ln_w + slope
            here = float(np.logaddexp(ln_w + second, ln_b))
    return LengthMap(ln_q, ln_factor)


# A map that has converged, or has left the ordinary range, asks for the same q again.
@lru_cache(maxsize=4096)
def _ln_moments(kernel: Kernel, q: float) -> tuple[float, float]:
    second = expectation(lambda x: kernel.value(x) ** 2, q, kernel.kinks)
    slope = expectation(lambda x: kernel.slope(x) ** 2, q, kernel.kinks)
    return float(np.log(second)), float(np.log(slope))


def ln_moments(kernel: Kernel, ln_q: float) -> tuple[float, float]:
    """(ln E φ(√q z)², ln E φ′(√q z)²) for any ln q, −inf included.

    Past the edge of the ordinary range the moments are those at the edge, continued: E φ² ∝ q^p and
    E φ′² ∝ q^(p−1) where φ is a power p ≥ 1 on a side; where φ is level on both, E φ² stays and, at infinity,
    E φ′² ∝ q^(−1/2), since ∫φ′² dx is finite there. Raises ValueError as `length_map` does.
    """
    with np.errstate(all="ignore"):
        edge = 2 * EDGE[np.dtype(np.float64)] * math.log(2.0)
        held = min(max(ln_q, -edge), edge)
        second, slope = _ln_moments(kernel, math.exp(held))
        if held == ln_q:
            return second, slope
        sides = tails(kernel, np.dtype(np.float64))[1 if ln_q > 0 else -1]
        powers = [side for side in sides if isinstance(side, int)]
        leading = max(powers, default=0) if ln_q > 0 else min(powers, default=0)
        if "unknown" in sides or leading < 0:
            raise ValueError(
                f"ln q = {ln_q:.6g}, where φ continues neither level nor as a power: take other scales"
            )
        if leading > 0:
            steeper = (leading - 1) * (ln_q - held) if leading > 1 else 0.0
            return second + leading * (ln_q - held), slope + steeper
        return second, slope - 0.5 * (ln_q - held) if ln_q > 0 else slope
