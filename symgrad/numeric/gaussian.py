"""Gaussian expectations of an activation by quadrature, and the length map of an infinitely wide net.

E f(√q z) for z ~ N(0, 1) is integrated by composite Gauss–Legendre on |z| ≤ 38, where the weight is still a
float64. The panels end at 0 and at the kinks of f, at x = ±2^k (an activation lives at scale 1 in x = √q z,
however large q is), and at every second unit of z (the weight lives at scale 1 in z). All panels are halved
until nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symgrad.numeric.arrays.scaled import EDGE, tails
from symgrad.numeric.kernel import Kernel

Float: TypeAlias = NDArray[np.float64]

_REACH = 38.0
_NODES = 16
_SMALLEST = -6
_HALVINGS = 7
_AGREEMENT = 2e-13
_CHUNK = 256


@lru_cache(maxsize=1)
def _legendre() -> tuple[Float, Float]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _panels(q: Float, kinks: tuple[float, ...]) -> Float:
    """Ends of the panels in z, ascending: (Q,) → (Q, P). Ends out of reach fall on ±38: panels of width 0."""
    root = np.sqrt(q)[:, None]
    largest = max(_SMALLEST, math.ceil(math.log2(_REACH * max(float(root.max()), 1e-300))))
    scales = np.exp2(np.arange(_SMALLEST, largest + 1, dtype=float))
    ends = np.concatenate([-scales, scales, np.array([kink for kink in kinks if kink], float)])
    in_z = np.divide(ends, root, out=np.full((len(q), len(ends)), _REACH), where=root > 0)
    units = np.broadcast_to(np.arange(-_REACH, _REACH + 1, 2.0), (len(q), int(_REACH) + 1))
    middle = np.zeros((len(q), 1))
    return np.sort(np.concatenate([np.clip(in_z, -_REACH, _REACH), units, middle], axis=1), axis=1)


def _integrate(f: Callable[[Any], Any], q: Float, ends: Float, pieces: int) -> tuple[Float, Float]:
    """E f and E |f| with every panel cut into ``pieces``, each (Q,)."""
    nodes, weights = _legendre()
    half = np.diff(ends)[..., None, None] / (2 * pieces)
    centre = ends[:, :-1, None, None] + half * (2 * np.arange(pieces)[:, None] + 1)
    z = (centre + half * nodes).reshape(len(q), -1)
    length = np.broadcast_to(half * weights, (*centre.shape[:3], _NODES)).reshape(z.shape)
    density = length * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    values = f(np.sqrt(q)[:, None] * z)
    return np.vecdot(density, values), np.vecdot(density, np.abs(values))


@np.errstate(over="ignore", invalid="ignore")
def expectation(f: Callable[[Any], Any], q: ArrayLike, kinks: tuple[float, ...] = ()) -> Float:
    """E f(√q z), z ~ N(0, 1), in the shape of q.

    f maps float64 arrays elementwise; ``kinks`` are the points where f or its derivative jumps. Stops when
    halving all panels changes nothing beyond 2·10⁻¹³ E|f|; the value returned is the finer one, so its error
    is far less for an f that is smooth between its kinks. Raises ValueError when q is negative or not finite,
    when f is not finite within 38 standard deviations, or when 7 halvings do not settle it (an undeclared
    kink, a fast oscillation).
    """
    variances = np.asarray(q, np.float64)
    if not (np.isfinite(variances).all() and (variances >= 0).all()):
        raise ValueError(f"q = {q!r}: legal are finite variances from 0 on")
    flat = variances.ravel()
    result, previous = np.empty(flat.shape), np.full(flat.shape, np.nan)
    if not flat.size:
        return result.reshape(variances.shape)
    waiting = np.argsort(flat)  # neighbours in size have about as many panels
    for halving in range(_HALVINGS + 1):
        unsettled = []
        for part in np.array_split(waiting, 1 + waiting.size * 2**halving // _CHUNK):
            result[part], size = _integrate(f, flat[part], _panels(flat[part], kinks), 2**halving)
            if not np.isfinite(result[part]).all():
                raise ValueError(f"f(√q z) is not finite for |z| ≤ 38 at q = {flat[part].max():.6g}")
            unsettled.append(part[~(np.abs(result[part] - previous[part]) <= _AGREEMENT * size)])
        previous[:] = result
        waiting = np.concatenate(unsettled)
        if not waiting.size:
            return result.reshape(variances.shape)
    raise ValueError(f"E f(√q z) does not settle at q = {flat[waiting[0]]:.6g}: is a kink of f undeclared?")


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
