"""Gaussian expectations by quadrature.

E f(√q z) for z ~ N(0, 1) is integrated by composite Gauss–Legendre on |z| ≤ 38, where the weight is still a
float64. The panels end at 0 and at the kinks of f, at x = ±2^k (an activation lives at scale 1 in x = √q z,
however large q is), and at every second unit of z (the weight lives at scale 1 in z). All panels are halved
until nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    return np.sort(np.concatenate([np.clip(in_z, -_REACH, _REACH), units], axis=1), axis=1)


def _integrate(f: Callable[[Any], Any], q: Float, ends: Float, pieces: int) -> tuple[Float, Float]:
    """E f and E |f| with every panel cut into ``pieces``, each (Q,)."""
    nodes, weights = _legendre()
    half = np.diff(ends)[..., None, None] / (2 * pieces)
    centre = ends[:, :-1, None, None] + half * (2 * np.arange(pieces)[:, None] + 1)
    z = (centre + half * nodes).reshape(len(q), -1)
    length = np.broadcast_to(half * weights, (*centre.shape[:3], _NODES)).reshape(z.shape)
    density = length * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    values = f(np.sqrt(q)[:, None] * z)
    values[density == 0] = 0  # a panel of width 0 may lie where f has no value
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
